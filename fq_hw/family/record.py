"""The record of a family of FPGAs: whatever differs from family to family, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fq_hw.errors import require

__all__ = ["NAME", "Block", "Carry", "Family", "Pll", "Tools", "Vendor"]

NAME = "top"  # of a design, and of every file that the tools make from it


@dataclass(frozen=True)
class Block:
    """A shape that a memory block can take: ``rows`` words of ``lanes`` bits.

    byte  bits that a write enable of its own covers
    """

    rows: int
    lanes: int
    byte: int


@dataclass(frozen=True, kw_only=True)
class Carry:
    """The carry chains on which dot products lie.

    cell      of the chain
    inverted  whether all wires of a tree of such cells are
    twins     file of ``sim/primitives`` with the cells' behaviour
    """

    cell: str
    inverted: bool = False
    twins: str


@dataclass(frozen=True, kw_only=True)
class Pll:
    """What a family's PLL can do; pairs are least and most, in MHz.

    cell      of the PLL
    pad_cell  of one whose source is a pad beside it, where ``pads`` has the device, its package and
              the clock's pin
    gate      cell that stops the clock until the PLL is locked; None where a reset waits for that
    warm_up_us  how long the reset is held afterwards
    filters   frequencies of the detector at which the setting of the loop filter changes
    detector  source / reference, where the phases are compared
    vco       detector * feedback, the oscillator
    output    vco / divider, the clock
    outside   whether the clock itself is fed back: ``feedbacks`` count that, not the oscillator
    """

    cell: str
    pad_cell: str = ""
    pads: frozenset[tuple[str, str, str]] = frozenset()
    gate: str | None = None
    warm_up_us: int = 0
    filters: tuple[int, ...] = ()
    source: tuple[float, float]
    detector: tuple[float, float]
    vco: tuple[float, float]
    output: tuple[float, float]
    outside: bool = False
    references: Sequence[int]
    feedbacks: Sequence[int]
    dividers: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Tools:
    """From a netlist to a bitstream.

    router, packer  tools that ``fq_hw.toolbox`` finds
    wheel           Python package that brings both
    packer_wheel    package of a packer that is a program in Python
    pins            the file with the places of the pins and the clock's frequency
    config          what the router writes and the packer reads
    bitstream       suffix of the bitstream
    pack            the packer's arguments; those of the board's platform where there are none
    clock           finds the constraint of the board's clock; group 1 stays. Without one the router
                    is told the clock, and all there are shall have it
    clock_unit      the constraint's unit in Hz
    cells           what a build counts, and nextpnr's name of such a cell
    lut4            other cells that take LUT4 each, and how many
    flip_flops      finds numbers of flip-flops in nextpnr's log, where no cell stands for one
    place           options of the router's placer where it goes for the clock
    """

    router: str
    packer: str
    wheel: str
    pins: str
    config: str
    bitstream: str
    pack: tuple[str, ...] = ()
    clock: str | None = None
    clock_unit: int = 1
    cells: Mapping[str, str]
    packer_wheel: str = ""
    lut4: Mapping[str, int] = field(default_factory=dict)
    flip_flops: str | None = None
    place: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """What a design needs that goes on with the tools of the devices' vendor.

    tool   its name in texts
    cells  what a device has, and how much of it Yosys's cells take, by patterns of their names
    files  templates of constraints: ``title`` of the design, ``name`` of its top, ``period_ns``
    """

    tool: str
    cells: Mapping[str, Mapping[str, float]]
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of devices; what is None or empty it has not, or nobody has written it yet.

    title      its name in texts
    synthesis  Yosys's command
    carry      chains for dot products, which are plain adder trees without
    blocks     shapes of its block RAM: one write and one read port, with initial contents
    spram      shape of its RAM with a single port and no initial contents, if it has such
    multiplier  bits of a signed factor of its multipliers; 0 where synthesis makes none
    pll, tools
    vendor     where there are no open tools to route it
    largest    the device on which units are measured for their prices
    models     files of sim/primitives that say how the cells of a netlist behave
    read_back  how its bitstream is read back: as "logic", or as "tables" of LUTs and block RAMs
    pulled_up  attributes of a pin that is 1 where nothing drives it
    """

    name: str
    title: str
    synthesis: str = ""
    carry: Carry | None = None
    blocks: tuple[Block, ...] = ()
    spram: Block | None = None
    multiplier: int = 0
    pll: Pll | None = None
    tools: Tools | None = None
    vendor: Vendor | None = None
    largest: str | None = None
    models: tuple[str, ...] = ()
    read_back: str = ""
    pulled_up: Mapping[str, str] = field(default_factory=dict)

    def needs_blocks(self) -> tuple[Block, ...]:
        """The shapes of its block RAM; ParameterError where the family is no device's."""
        contract = f"family {self.name!r} stands for any device and has no block RAM to count"
        require(bool(self.blocks), "memories", contract)
        return self.blocks
