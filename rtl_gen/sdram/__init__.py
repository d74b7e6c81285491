"""Pieces of an SDRAM's controller: its pins, its time slots, the check of what it holds."""
