"""An accelerator with the ports of a Wishbone slave."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Const, Module, Signal, Value, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out, connect

from bus.frames import FrameInput
from bus.geometry import WISHBONE_BITS, Geometry
from bus.registers import ID, REGISTERS, VERSION, Register, address_bits
from fq_hw.errors import require
from fq_hw.schedule.units import ResultKind
from rtl_gen.streams import memory_style
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
    Resources   a result in RAM
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

        m.submodules.result = result = self.result_memory()
        store, load = result.write_port(), result.read_port()
        label, there, irq_enable = Signal(core.plan.result.label_bits), Signal(), Signal()
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
        m.d.comb += [store.en.eq(core.o.valid & core.o.ready), store.data.eq(core.o.p.data)]
        with m.If(store.en):
            m.d.sync += [there.eq(core.o.p.last), store.addr.eq(store.addr + 1)]
            with m.If(core.o.p.last):
                m.d.sync += store.addr.eq(0)
            with m.If(core.o.p.kind == ResultKind.LABEL):
                m.d.sync += label.eq(core.o.p.data)
        with m.If(write & at["CONTROL"]):
            m.d.sync += irq_enable.eq(self.wb_dat_i[place("CONTROL", "IRQ_ENABLE")])

        height, width, colours = core.plan.image
        geometry = self.geometry
        shown = {
            "ID": word("ID", ID),
            "VERSION": word("VERSION", VERSION),
            "IMAGE": word("IMAGE", WIDTH=width, HEIGHT=height),
            "RESULT": word(
                "RESULT", COLOURS=colours, CLASSES=geometry.classes, BEST=geometry.best,
                SCORE_BYTES=geometry.field_bits // 8,
            ),
            "CONTROL": word("CONTROL", IRQ_ENABLE=irq_enable),
            "STATUS": word("STATUS", RESULT=there, READY=frames.i.ready, INSIDE=frames.inside),
            "LABEL": label,
            "PIXELS": Const(0),
        }  # fmt: skip
        each = (geometry.field_bits // WISHBONE_BITS).bit_length() - 1
        register, piece, is_register = Signal(32), Signal(max(each, 1)), Signal()
        word_of_result = self.wb_adr_i - AT["SCORES"].offset // 4
        m.d.comb += [
            load.addr.eq(word_of_result >> each),
            self.wb_dat_o.eq(load.data.word_select(piece if each else 0, WISHBONE_BITS)),
        ]
        m.d.sync += [piece.eq(word_of_result), is_register.eq(0)]
        for name, value in shown.items():
            with m.If(at[name]):
                m.d.sync += [register.eq(value), is_register.eq(1)]
        with m.If(is_register):
            m.d.comb += self.wb_dat_o.eq(register)
        return m

    def result_memory(self) -> memory.Memory:
        """The numbers of a result, in order."""
        depth, width = self.geometry.classes + self.geometry.best, self.geometry.field_bits
        style = memory_style(depth, width)
        return memory.Memory(shape=signed(width), depth=depth, init=[], attrs=style)


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
