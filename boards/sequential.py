"""A sequential accelerator on a board: its parameters come from the board's SPI flash."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import connect, flipped

from boards.flash_loader import FlashLoader
from rtl_gen.sequential.top import SequentialAccelerator, parameter_beats

__all__ = ["FlashCore"]


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
