"""The registers of the Wishbone form: one table, from which comments, C and hardware are made."""

from __future__ import annotations

from dataclasses import dataclass

from bus.geometry import Geometry

__all__ = [
    "ID",
    "REGISTERS",
    "VERSION",
    "Field",
    "Register",
    "address_bits",
    "best_offset",
    "lines",
    "markdown",
]

ID = int.from_bytes(b"fqhw", "little")
VERSION = 2


@dataclass(frozen=True)
class Field:
    """Some bits of a register."""

    name: str
    low: int
    bits: int
    about: str

    @property
    def place(self) -> str:
        """Its bits, as in ``[15:0]``."""
        return f"[{self.low + self.bits - 1}:{self.low}]" if self.bits > 1 else f"[{self.low}]"


@dataclass(frozen=True)
class Register:
    """A register: ``offset`` in bytes, ``access`` as r, w or rw."""

    name: str
    offset: int
    access: str
    about: str
    fields: tuple[Field, ...] = ()


REGISTERS = (
    Register("ID", 0x00, "r", f'0x{ID:08x}, which is "fqhw", lowest byte first'),
    Register("VERSION", 0x04, "r", f"of these registers: {VERSION}"),
    Register(
        "IMAGE", 0x08, "r", "the size of an image",
        (Field("WIDTH", 0, 16, "pixels of a row"), Field("HEIGHT", 16, 16, "rows")),
    ),
    Register(
        "RESULT", 0x0C, "r", "the rest of what a program must know",
        (
            Field("COLOURS", 0, 8, "bytes of a pixel"),
            Field("SCORE_BYTES", 8, 4, "of each of SCORES: 4 or 8"),
            Field("BEST", 12, 4, "number of the best classes behind SCORES"),
            Field("CLASSES", 16, 16, "number of SCORES"),
        ),
    ),
    Register(
        "CONTROL", 0x10, "rw", "",
        (
            Field("RESET", 0, 1, "write 1: all begins anew, as after wb_rst_i; reads 0"),
            Field("IRQ_ENABLE", 1, 1, "irq_o is high while STATUS.RESULT is 1"),
        ),
    ),
    Register(
        "STATUS", 0x14, "rw", "",
        (
            Field("RESULT", 0, 1, "LABEL and SCORES hold a result; write 1 to make room for the "
                  "next, which waits"),
            Field("READY", 1, 1, "PIXELS would be taken at once"),
            Field("INSIDE", 2, 1, "a frame has begun, and words of it are missing"),
        ),
    ),
    Register(
        "PIXELS", 0x18, "w", "the frame's next 4 bytes: rows from the top, pixels from the left, "
        "colour by colour, the first lowest; a frame begins with a new word. The bus waits while "
        "the accelerator computes, and err_o ends the access, with nothing taken, where two "
        "results wait and there is no room",
    ),
    Register("LABEL", 0x1C, "r", "the class with the highest score"),
    Register(
        "SCORES", 0x20, "r", "of each class, signed; those of 8 bytes lower word first; behind "
        "them, as wide, the RESULT.BEST classes with the highest scores, best first",
    ),
)  # fmt: skip


def address_bits(geometry: Geometry) -> int:
    """Width of wb_adr_i, which counts words."""
    words = (REGISTERS[-1].offset + geometry.result_bytes) // 4
    return (words - 1).bit_length()


def best_offset(geometry: Geometry) -> int:
    """Where the best classes are, in bytes."""
    return REGISTERS[-1].offset + geometry.field_bits // 8 * geometry.classes


def size(geometry: Geometry) -> int:
    """Bytes that the registers take on the bus, a power of two."""
    return 4 << address_bits(geometry)


def lines() -> list[str]:
    """The registers as lines of a comment."""
    found = [
        "offset  access  register: all are whole words of 32 bits; a write of less ends with err_o"
    ]
    for one in REGISTERS:
        found += wrapped(
            f"0x{one.offset:02x}    {one.access:6}  ", f"{one.name} {one.about}".strip()
        )
        for field in one.fields:
            found += wrapped(" " * 18, f"{field.place} {field.name}: {field.about}")
    return found


def wrapped(head: str, text: str, width: int = 96) -> list[str]:
    """``text`` in lines, the first behind ``head``."""
    found, line = [], head
    for word in text.split():
        if len(line) + len(word) >= width:
            found.append(line)
            line = " " * (len(head) + 2)
        line += word if line.endswith(" ") else f" {word}"
    return [*found, line]


def markdown() -> str:
    """The registers as a table of a document."""
    rows = ["| offset | access | register | |", "| --- | --- | --- | --- |"]
    for one in REGISTERS:
        rows.append(f"| 0x{one.offset:02x} | {one.access} | `{one.name}` | {one.about} |")
        rows += [f"| | | `{f.name}` {f.place} | {f.about} |" for f in one.fields]
    return "".join(f"{row}\n" for row in rows)
