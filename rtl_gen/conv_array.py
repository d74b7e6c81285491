"""An array as hardware: what it computes with, its memories, and who steps them."""

from __future__ import annotations

from amaranth.hdl import EnableInserter, Module, Mux, Signal
from amaranth.lib.wiring import connect, flipped

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.array.banks import Banks, write_layout
from rtl_gen.array.dots import Dots
from rtl_gen.array.loader import BankLoader, TrunkPort
from rtl_gen.array.sequencer import Sequencer
from rtl_gen.array.single_port import SinglePort
from rtl_gen.array.sum_output import SumOutput
from rtl_gen.component import UnitComponent

__all__ = ["ConvArray"]


class ConvArray(UnitComponent, unit=ArrayUnit):
    """Several layers, one after the other on one array: a tensor in, sums out.

    Members     i: In(stream of levels or sums), i_parameter: In(stream of words)
                o: Out(stream of sums)
    Order       as ArrayUnit says; parameters as ParameterUnit gives them
    Latency     unit.latency(), unstalled
    Throughput  one frame per unit.beats cycles
    Family      ``target.family`` is the form of the dot products, None for a plain one in one
                piece; with ``target.spram`` the trunk lies in the SPRAM of an iCE40 UltraPlus
    Errors      none at run time; the lowering refuses networks that the array cannot run
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit
        sequencer, go = Sequencer(unit), Signal()
        m.submodules.sequencer = EnableInserter(go)(sequencer)
        m.submodules.banks = banks = Banks(unit)
        m.submodules.dots = dots = Dots(unit, self.target.family)
        m.submodules.output = output = SumOutput(unit)
        m.submodules.trunk = trunk = SinglePort(
            unit.trunk_depth, unit.array.pe * unit.value_bits, spram=self.target.spram
        )
        m.submodules.unloader = unloader = TrunkPort(unit, out=True)
        connect(m, unloader.o, flipped(self.o))

        value, wrote = Signal.like(trunk.r_data), Signal()
        wanted, word = sequencer.step.use | sequencer.header, self.i_parameter.payload.as_value()
        m.d.comb += [
            self.i_parameter.ready.eq(wanted),
            go.eq(~wanted | self.i_parameter.valid),
            banks.addr.eq(sequencer.read),
            banks.go.eq(go),
            dots.step.eq(sequencer.step),
            dots.go.eq(go),
            dots.banks.eq(banks.o),
            dots.weights.eq(word),
            dots.take.eq(output.take),
            output.setting.eq(sequencer.setting),
            output.start.eq(sequencer.start),
            output.full.eq(dots.full),
            output.head.eq(dots.head),
            output.header.eq(sequencer.header & go),
            output.word.eq(word),
            output.trunk_r_data.eq(value),
            unloader.data.eq(value),
            unloader.enable.eq(sequencer.unload),
            sequencer.unloaded.eq(unloader.done),
        ]
        # A block RAM is slow: its word waits a cycle here. After a write it gives nothing.
        m.d.sync += wrote.eq(trunk.write.any())
        with m.If(Mux(sequencer.unload, unloader.next, ~wrote)):
            wants = sequencer.unload | sequencer.setting.add
            m.d.sync += value.eq(Mux(wants, trunk.r_data, 0))
        # Nothing comes in before the first parameter is there, nor before it is known to be.
        enter = sequencer.load & self.i_parameter.valid
        addr, write, w_data = output.trunk_addr, output.trunk_write, output.trunk_w_data
        written = Signal(write_layout(unit))
        if unit.entry is not None:
            m.submodules.loader = loader = BankLoader(unit)
            m.d.comb += written.eq(Mux(sequencer.load, loader.write, output.write))
        else:
            m.submodules.loader = loader = TrunkPort(unit, out=False)
            m.d.comb += written.eq(output.write)
            addr = Mux(sequencer.load, loader.addr, addr)
            write = Mux(sequencer.load, loader.write, write)
            w_data = Mux(sequencer.load, loader.data, w_data)
        connect(m, flipped(self.i), loader.i)
        m.d.comb += [
            loader.enable.eq(enter),
            sequencer.loaded.eq(loader.done),
            banks.write.eq(written),
            trunk.addr.eq(Mux(sequencer.unload, unloader.addr, addr)),
            trunk.write.eq(write.replicate(trunk.lanes)),
            trunk.w_data.eq(w_data),
        ]
        return m
