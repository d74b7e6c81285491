"""The array: its arithmetic, its memories, and the sequencer that steps them."""
