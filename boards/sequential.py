"""A sequential accelerator on a board; in SPRAM it gets its parameters from the SPI flash."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import connect, flipped

from boards.board import Board
from boards.flash_loader import FlashLoader, flash_image
from fq_hw.errors import CapacityError, require
from fq_hw.schedule.sequential import SequentialPlan
from rtl_gen.dot_product import FAMILIES
from rtl_gen.sequential.single_port import SPRAM_DEPTH
from rtl_gen.sequential.top import SequentialAccelerator, parameter_beats

__all__ = ["FlashCore", "check_memories", "sequential_core", "with_parameters"]


class FlashCore(wiring.Component):
    """A sequential accelerator that loads itself from the platform's ``spi_flash_1x``.

    Members     i, o: as those of SequentialAccelerator, for ``boards.shell.Shell``
    Latency     no pixel is taken before the parameters are in: 17 ms at 40 MHz for 40 kB
    Errors      none: without parameters in the flash the results are wrong
    """

    def __init__(self, core: SequentialAccelerator):
        self.core = core
        super().__init__({name: core.signature.members[name] for name in ("i", "o")})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.loader = loader = FlashLoader(len(parameter_beats(core.plan)))
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        connect(m, loader.o, core.i_parameter)
        pins = platform.request("spi_flash_1x", 0, dir="-")
        for name, port, value in (
            ("cs", pins.cs, loader.cs),
            ("clk", pins.clk, loader.sck),
            ("copi", pins.copi, loader.mosi),
        ):
            m.submodules[name] = pin = io.Buffer("o", port)
            m.d.comb += pin.o.eq(value)
        m.submodules.cipo = cipo = io.Buffer("i", pins.cipo)
        m.d.comb += loader.miso.eq(cipo.i)
        return m


def check_memories(plan: SequentialPlan, board: Board) -> None:
    """Raise CapacityError where the memories of ``plan`` exceed those of a board with SPRAM."""
    have = board.capacity
    if not have.spram:
        return
    for what, need, most in (
        ("words of SPRAM for parameters", len(plan.parameters), SPRAM_DEPTH),
        ("words of SPRAM for the trunk", plan.trunk_depth, SPRAM_DEPTH),
        ("SPRAM", plan.spram, have.spram),
        ("EBR", plan.ebr, have.ebr),
    ):
        contract = f"{plan.name} needs {need:,} {what}, and the board has {most:,}"
        hint = "take a smaller network or a larger board"
        require(need <= most, board.name, contract, hint=hint, kind=CapacityError)


def sequential_core(plan: SequentialPlan, board: Board) -> wiring.Component:
    """The accelerator of ``plan`` for ``board``, with its parameters inside or in the flash."""
    family = board.family if board.family in FAMILIES else "plain"
    spram = board.capacity.spram > 0
    core = SequentialAccelerator(plan, family, spram=spram)
    return FlashCore(core) if spram else core


def with_parameters(bitstream: bytes, plan: SequentialPlan, board: Board) -> bytes:
    """An image of the board's flash, where that holds the parameters too; else the bitstream."""
    return flash_image(bitstream, parameter_beats(plan)) if board.capacity.spram else bitstream
