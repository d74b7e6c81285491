"""Amaranth's RTLIL, with what memories hold written a word at a time.

Amaranth makes an object of every bit, which takes most of the time where there are millions of
them. The text is the same, to the byte.
"""

from __future__ import annotations

from unittest import mock

from amaranth.back import rtlil

__all__ = ["convert"]


class Emitter(rtlil.ModuleEmitter):
    """Writes a module."""

    def emit_memory(self, cell_idx, cell):
        """Its contents, the first word lowest."""
        mask = (1 << cell.width) - 1
        words = "".join(f"{word & mask:0{cell.width}b}" for word in reversed(cell.init))
        self.builder.cell(
            "$meminit_v2",
            ports={
                "ADDR": self.sigspec(),
                "DATA": f"{len(words)}'{words}",
                "EN": f"{cell.width}'{mask:b}",
            },
            parameters={
                "MEMID": self.memories[cell_idx].memid,
                "ABITS": 0,
                "WIDTH": cell.width,
                "WORDS": cell.depth,
                "PRIORITY": 0,
            },
            src_loc=cell.src_loc,
        )


def convert(design, **options) -> str:
    """As ``amaranth.back.rtlil.convert``, which has no other way to be told."""
    with mock.patch.object(rtlil, "ModuleEmitter", Emitter):
        return rtlil.convert(design, emit_src=False, **options)
