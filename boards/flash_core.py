"""The accelerator on a board; where its parameters lie in SPRAM they come from the SPI flash.

Where that is asked for, all else that training changes comes from there too, so that other weights
need no other bitstream.
"""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from boards.board import Board
from boards.flash_loader import FlashLoader, flash_image
from boards.flash_record import with_record
from boards.loaded import replaceable
from boards.sdram_core import SdramCore, check_sdram
from fq_hw.errors import CapacityError, require
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import plan_blocks
from fq_hw.schedule.units import ParameterUnit
from rtl_gen.array.single_port import SPRAM_DEPTH
from rtl_gen.dot_product import FAMILIES
from rtl_gen.top import Accelerator, fill_order

__all__ = [
    "FlashCore",
    "SpiCore",
    "check_memories",
    "core_of",
    "flash_beats",
    "with_loaded",
    "with_parameters",
]


class SpiCore(wiring.Component):
    """An accelerator that loads its parameters from a flash memory.

    Members     i, o: as those of Accelerator; cs, sck, mosi, miso: as those of FlashLoader
    Latency     no result before the parameters are in: 17 ms at 40 MHz for 40 kB
    Errors      none: without parameters in the flash the results are wrong
    """

    def __init__(self, core: Accelerator):
        self.core = core
        pins = {"cs": Out(1), "sck": Out(1), "mosi": Out(1), "miso": In(1)}
        super().__init__({name: core.signature.members[name] for name in ("i", "o")} | pins)

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.loader = loader = FlashLoader(len(flash_beats(core.plan)))
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        connect(m, loader.o, core.i_fill)
        m.d.comb += [
            self.cs.eq(loader.cs),
            self.sck.eq(loader.sck),
            self.mosi.eq(loader.mosi),
            loader.miso.eq(self.miso),
        ]
        return m


class FlashCore(wiring.Component):
    """A SpiCore on the platform's ``spi_flash_1x``.

    Members     i, o: as those of Accelerator, for ``boards.shell.Shell``
    """

    def __init__(self, core: Accelerator):
        self.core = core
        super().__init__({name: core.signature.members[name] for name in ("i", "o")})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = SpiCore(self.core)
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        pins = platform.request("spi_flash_1x", 0, dir="-")
        for name, port, value in (
            ("cs", pins.cs, core.cs),
            ("clk", pins.clk, core.sck),
            ("copi", pins.copi, core.mosi),
        ):
            m.submodules[name] = pin = io.Buffer("o", port)
            m.d.comb += pin.o.eq(value)
        m.submodules.cipo = cipo = io.Buffer("i", pins.cipo)
        m.d.comb += core.miso.eq(cipo.i)
        return m


def flash_beats(plan: Plan) -> list[int]:
    """What the flash gives after a reset: nothing where no array has parameters."""
    return [beat for beats in fill_order(plan.nodes).values() for beat in beats]


def in_spram(plan: Plan, board: Board) -> bool:
    """Whether parameters of ``plan`` lie where ``board`` cannot preload them."""
    some = any(isinstance(node.unit, ParameterUnit) for node in plan.nodes)
    return board.capacity.spram > 0 and some


def with_loaded(plan: Plan, board: Board) -> Plan:
    """``plan`` for ``board`` with nothing trained in it. Raises ParameterError elsewhere."""
    contract = f"{board.name} loads nothing of this design from a flash"
    hint = "leave it out, or build an array for a board with SPRAM (icebreaker, --sequential)"
    require(in_spram(plan, board), "--replaceable", contract, hint=hint)
    return replaceable(plan)


def check_memories(plan: Plan, board: Board) -> None:
    """Raise CapacityError where ``board`` has not the memories that ``plan`` wants.

    An SDRAM anywhere; all others where there is SPRAM.
    """
    check_sdram(plan, board)
    have = board.capacity
    if not have.spram:
        return
    need = plan_blocks(plan, board.family)
    single = [
        (node.name, memory.depth)
        for node in plan.nodes
        for memory in node.unit.parts().memories
        if memory.single_port
    ]
    rows = [(f"words of SPRAM for {name}", depth, SPRAM_DEPTH) for name, depth in single]
    rows += [("SPRAM", need.spram, have.spram), ("EBR", need.ebr, have.ebr)]
    for what, least, most in rows:
        contract = f"{plan.name} needs {least:,} {what}, and the board has {most:,}"
        hint = "take a smaller network or a larger board"
        require(least <= most, board.name, contract, hint=hint, kind=CapacityError)


def core_of(plan: Plan, board: Board) -> wiring.Component:
    """The accelerator of ``plan`` for ``board``: parameters inside, in flash, or in an SDRAM."""
    family = board.family if board.family in FAMILIES else "plain"
    spram = in_spram(plan, board)
    core = Accelerator(plan, family, spram=spram)
    unit = plan.sdram
    if unit:
        return SdramCore(core, unit)
    return FlashCore(core) if spram else core


def with_parameters(bitstream: bytes, plan: Plan, board: Board, record: bytes = b"") -> bytes:
    """An image of the board's flash, where that holds the parameters too; else the bitstream.

    ``record``, where there is one, stands behind the parameters, for ``boards.flash_record``.
    """
    if not in_spram(plan, board):
        return bitstream
    image = flash_image(bitstream, flash_beats(plan))
    return with_record(image, record) if record else image
