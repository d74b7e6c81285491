"""Netlists of single bits, read from Yosys, whose cells are those that a family's chains lie on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fq_hw import toolbox
from fq_hw.errors import require
from fq_hw.files import write_text

__all__ = ["CELLS", "Netlist", "UnknownError", "parse", "read"]

SCRIPT = """read_rtlil dot.il
proc
opt_clean
simplemap
opt_clean
write_json dot.json
"""
Bit = int | str  # a net by number, or "0", "1", "x"


class UnknownError(LookupError):
    """A net that hangs on something that was not given."""


@dataclass(frozen=True)
class Netlist:
    """drivers: net to the output that drives it; names: wire to nets; registers: q to d."""

    drivers: Mapping[int, tuple[str, dict, str]]
    names: Mapping[str, list[Bit]]
    registers: Mapping[int, Bit]
    cells: int

    def value(self, bit: Bit, known: dict[int, int], ones: int) -> int:
        """Of a net, a case in each bit of an integer, from the nets that are ``known``.

        Looks at no more than it must: past a joint no carry matters, and what does is not known.
        Raises UnknownError where something else matters.
        """
        if isinstance(bit, str):
            if bit == "x":
                raise UnknownError("an open input")
            return ones * int(bit)
        if bit not in known:
            if bit not in self.drivers:
                raise UnknownError(f"net {bit}")
            kind, cell, port = self.drivers[bit]
            nets = cell["connections"]

            def pin(name: str) -> int:
                return self.value(*nets.get(name, ["x"]), known, ones)

            known[bit] = CELLS[kind](port, pin, cell["parameters"], ones)
        return known[bit]

    def inverse_of(self, bit: int) -> Bit:
        """The net whose inverse ``bit`` is."""
        kind, cell, _ = self.drivers[bit]
        require(kind == "$_NOT_", "netlist", "must be an inverter", kind)
        return cell["connections"]["A"][0]


def gate(function: Callable[..., int]) -> Callable:
    """A simple gate with inputs A and B."""
    return lambda port, pin, parameters, ones: function(pin("A"), pin("B"))


def passed(pass_: int, carry: Callable[[], int], other: Callable[[], int], ones: int) -> int:
    """``carry`` where ``pass_`` is 1, else ``other``; one that plays no part is not looked at."""
    found = 0
    if pass_:
        found |= pass_ & carry()
    if pass_ != ones:
        found |= (ones ^ pass_) & other()
    return found


def lut(init: int, pins: Iterable[Callable[[], int]], ones: int) -> int:
    """A table by its inputs, the lowest first; one that makes no difference may be open."""
    rows = [ones * (init >> n & 1) for n in range(16)]
    for pin in pins:
        low, high = rows[::2], rows[1::2]
        if low == high:
            rows = low
            continue
        level = pin()
        rows = [(a & ~level | b & level) & ones for a, b in zip(low, high, strict=True)]
    (found,) = rows
    return found


def ccu2c(port: str, pin: Callable[[str], int], parameters: Mapping[str, str], ones: int) -> int:
    """Two positions: S is the table's value and the carry, COUT one of carry and generate."""

    def half(n: int, all_pins: bool) -> int:
        init = int(parameters[f"INIT{n}"], 2)
        if not all_pins:  # generate: the table where C and D are 0
            init = sum((init >> row & 1) * 0x1111 << row for row in range(4))
        return lut(init, [lambda name=name: pin(f"{name}{n}") for name in "ABCD"], ones)

    def between() -> int:
        return passed(half(0, True), lambda: pin("CIN"), lambda: half(0, False), ones)

    if port == "S0":
        return half(0, True) ^ pin("CIN")
    if port == "S1":
        return half(1, True) ^ between()
    return passed(half(1, True), between, lambda: half(1, False), ones)


def alu(port: str, pin: Callable[[str], int], parameters: Mapping[str, str], ones: int) -> int:
    """ALU in mode 2: I0, the carry, and I1, inverted where I3 is 0."""
    assert int(parameters["ALU_MODE"], 2) == 2
    own, other = pin("I0"), pin("I1") ^ pin("I3") ^ ones
    if port == "SUM":
        return own ^ other ^ pin("CIN")
    return passed(own ^ other, lambda: pin("CIN"), lambda: own, ones)


def sb_carry(port: str, pin: Callable[[str], int], parameters: Mapping, ones: int) -> int:
    """Two of three."""
    own, other = pin("I0"), pin("I1")
    return passed(own ^ other, lambda: pin("CI"), lambda: own, ones)


def sb_lut4(port: str, pin: Callable[[str], int], parameters: Mapping[str, str], ones: int) -> int:
    ins = [lambda n=n: pin(f"I{n}") for n in range(4)]
    return lut(int(parameters["LUT_INIT"], 2), ins, ones)


CELLS: Mapping[str, Callable] = {
    "$_AND_": gate(int.__and__), "$_OR_": gate(int.__or__), "$_XOR_": gate(int.__xor__),
    "$_XNOR_": lambda port, pin, parameters, ones: pin("A") ^ pin("B") ^ ones,
    "$_NOT_": lambda port, pin, parameters, ones: pin("A") ^ ones,
    "CCU2C": ccu2c, "ALU": alu, "SB_CARRY": sb_carry, "SB_LUT4": sb_lut4,
}  # fmt: skip
OUTPUTS = {"Y", "S0", "S1", "COUT", "SUM", "CO", "O"}


def read(rtlil: str, folder: Path) -> Netlist:
    """The module ``top`` of ``rtlil``."""
    write_text(folder / "dot.il", rtlil)
    write_text(folder / "dot.ys", SCRIPT)
    toolbox.run(toolbox.find("yosys"), ["-q", "dot.ys"], cwd=folder, log=folder / "yosys.log")
    return parse((folder / "dot.json").read_text())


def parse(text: str) -> Netlist:
    """The module ``top`` of what Yosys's write_json wrote."""
    module = json.loads(text)["modules"]["top"]
    drivers: dict[int, tuple[str, dict, str]] = {}
    registers: dict[int, Bit] = {}
    for cell in module["cells"].values():
        nets = cell["connections"]
        if cell["type"] == "$_DFF_P_":
            registers[nets["Q"][0]] = nets["D"][0]
            continue
        for port in OUTPUTS & set(nets):
            drivers[nets[port][0]] = (cell["type"], cell, port)
    names = {name: found["bits"] for name, found in module["netnames"].items()}
    return Netlist(drivers, names, registers, len(module["cells"]))
