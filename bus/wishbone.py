"""An accelerator with the ports of a Wishbone slave."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockDomain, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from bus.frames import FrameInput
from bus.geometry import Geometry
from bus.registers import ID, REGISTERS, VERSION, Register, address_bits
from bus.results import fields
from fq_hw.errors import require
from rtl_gen.top import Accelerator

__all__ = ["Wishbone"]

AT = {register.name: register for register in REGISTERS}


class Wishbone(wiring.Component):
    """An accelerator as a Wishbone B4 slave: classic cycles, 32 bits, with an interrupt.

    Members     wb_clk_i, wb_rst_i: In(1); reset is synchronous and high
                wb_cyc_i, wb_stb_i, wb_we_i: In(1); wb_dat_i: In(32); wb_dat_o: Out(32)
                wb_adr_i: In, counts words: bits 2 and up of a byte's address
                wb_sel_i: In(4), all ones in a write; a read gives a whole word whatever it is
                wb_ack_o, wb_err_o, irq_o: Out(1)
    Registers   bus.registers
    Latency     2 cycles an access; more for PIXELS while the accelerator takes none
    Throughput  a word per 2 cycles
    Errors      err_o where PIXELS could never be taken, as two results wait, and where a write is
                of less than a word; nothing is taken
    Source      OpenCores, Wishbone B4, chapter 3: classic single cycles
    """

    def __init__(self, core: Accelerator, geometry: Geometry):
        self.core, self.geometry = core, geometry
        height, width, colours = core.plan.image
        most = max(height, width, 256 * colours, geometry.classes)
        contract = "counts rows, pixels of a row and classes up to 65,535, and colours up to 255"
        got = (height, width, colours, geometry.classes)
        require(most < 1 << 16, "--bus wishbone", contract, got)
        super().__init__(
            {
                "wb_clk_i": In(1),
                "wb_rst_i": In(1),
                "wb_cyc_i": In(1),
                "wb_stb_i": In(1),
                "wb_we_i": In(1),
                "wb_adr_i": In(address_bits(geometry)),
                "wb_sel_i": In(4),
                "wb_dat_i": In(32),
                "wb_dat_o": Out(32),
                "wb_ack_o": Out(1),
                "wb_err_o": Out(1),
                "irq_o": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains += [sync := ClockDomain("sync"), hard := ClockDomain("bus")]
        reset = Signal()  # asked for by a program; its own write is answered all the same
        m.d.comb += [
            sync.clk.eq(self.wb_clk_i),
            sync.rst.eq(self.wb_rst_i | reset),
            hard.clk.eq(self.wb_clk_i),
            hard.rst.eq(self.wb_rst_i),
        ]
        m.submodules.core = core = self.core
        m.submodules.frames = frames = FrameInput(self.geometry)
        connect(m, frames.o, core.i)
        m.d.comb += frames.o_short.ready.eq(1)

        result = Signal.like(core.o.payload)
        there, irq_enable = Signal(), Signal()
        acked, failed, access = Signal(), Signal(), Signal()
        write, narrow = Signal(), Signal()
        at = {
            name: self.wb_adr_i == register.offset // 4
            for name, register in AT.items()
            if name != "SCORES"
        }
        pixels, stuck = Signal(), Signal()
        m.d.comb += [
            # An answer is registered; it goes out while the master still asks.
            access.eq(self.wb_cyc_i & self.wb_stb_i & ~acked & ~failed),
            write.eq(access & self.wb_we_i & self.wb_sel_i.all()),
            narrow.eq(access & self.wb_we_i & ~self.wb_sel_i.all()),
            self.wb_ack_o.eq(acked & self.wb_cyc_i & self.wb_stb_i),
            self.wb_err_o.eq(failed & self.wb_cyc_i & self.wb_stb_i),
            self.irq_o.eq(there & irq_enable),
            pixels.eq(write & at["PIXELS"]),
            stuck.eq(there & core.o.valid),
            frames.i.valid.eq(pixels),
            frames.i.p.data.eq(self.wb_dat_i),
            core.o.ready.eq(~there),
        ]
        asked = self.wb_dat_i[place("CONTROL", "RESET")]
        m.d.bus += reset.eq(write & at["CONTROL"] & asked)
        m.d.sync += [
            acked.eq(access & ~narrow & (~pixels | frames.i.ready)),
            failed.eq(narrow | (pixels & ~frames.i.ready & stuck)),
        ]
        with m.If(write & at["STATUS"] & self.wb_dat_i[place("STATUS", "RESULT")]):
            m.d.sync += there.eq(0)
        with m.If(core.o.valid & core.o.ready):
            m.d.sync += [there.eq(1), result.eq(core.o.payload)]
        with m.If(write & at["CONTROL"]):
            m.d.sync += irq_enable.eq(self.wb_dat_i[place("CONTROL", "IRQ_ENABLE")])

        height, width, colours = core.plan.image
        label, *scores = fields(self.geometry, result)
        shown = {
            "ID": word("ID", ID),
            "VERSION": word("VERSION", VERSION),
            "IMAGE": word("IMAGE", WIDTH=width, HEIGHT=height),
            "RESULT": word(
                "RESULT", COLOURS=colours, CLASSES=len(scores),
                SCORE_BYTES=self.geometry.field_bits // 8,
            ),
            "CONTROL": word("CONTROL", IRQ_ENABLE=irq_enable),
            "STATUS": word("STATUS", RESULT=there, READY=frames.i.ready, INSIDE=frames.inside),
            "LABEL": label[:32],
        }  # fmt: skip
        numbers = Signal(self.geometry.field_bits * len(scores))
        m.d.comb += numbers.eq(Cat(scores))
        offset = Signal(len(self.wb_adr_i))
        m.d.comb += offset.eq(self.wb_adr_i - AT["SCORES"].offset // 4)
        m.d.sync += self.wb_dat_o.eq(numbers.word_select(offset, 32))
        for name, value in shown.items():
            with m.If(at[name]):
                m.d.sync += self.wb_dat_o.eq(value)
        with m.If(at["PIXELS"]):
            m.d.sync += self.wb_dat_o.eq(0)
        return m


def place(register: str, field: str) -> int:
    """The lowest bit of a field."""
    return next(one.low for one in AT[register].fields if one.name == field)


def word(name: str, whole: int | None = None, **values: Value | int) -> Value:
    """What a register shows: a constant, or its fields, those without a value 0."""
    register: Register = AT[name]
    if whole is not None:
        return Const(whole, 32)
    assert set(values) <= {field.name for field in register.fields}
    bits = Const(0, 32)
    for field in register.fields:
        value = values.get(field.name, 0)
        bits = bits | (Value.cast(value) << field.low)
    return bits
