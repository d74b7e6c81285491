"""An array as hardware: what it computes with, its memories, and who steps them."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib.wiring import connect, flipped

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.array.banks import ADDRESSES, Banks
from rtl_gen.array.dots import Dots
from rtl_gen.array.loader import BankLoader, BankUnloader, TrunkPort
from rtl_gen.array.sequencer import Sequencer
from rtl_gen.array.sum_output import SumOutput
from rtl_gen.array.trunk import Trunk
from rtl_gen.array.trunk_buffer import TrunkBuffer
from rtl_gen.component import UnitComponent
from rtl_gen.delay import delay

__all__ = ["ConvArray"]


class ConvArray(UnitComponent, unit=ArrayUnit):
    """Several layers, one after the other on one array: a tensor in, sums out.

    Members     i: In(stream of levels or sums), i_parameter: In(stream of words)
                o: Out(stream of sums)
                i_trunk: In(stream of words of sums), o_trunk: Out, where its trunk is outside
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
        sequencer, go, clear = Sequencer(unit), Signal(), Signal()
        m.submodules.sequencer = EnableInserter(go)(sequencer)
        m.submodules.banks = banks = Banks(unit)
        m.submodules.dots = dots = Dots(unit, self.target.family)
        m.submodules.output = output = SumOutput(unit)
        outside = unit.outside is not None
        trunk = TrunkBuffer(unit) if outside else Trunk(unit, spram=self.target.spram)
        m.submodules.trunk = trunk

        word, header = self.i_parameter.payload.as_value(), sequencer.header & go
        free = output.clear | ~sequencer.gives
        if outside:
            free &= (trunk.there | ~sequencer.adds) & (trunk.room | ~sequencer.keeps)
            m.d.comb += [
                trunk.adds.eq(sequencer.adds & go),
                trunk.keeps.eq(sequencer.keeps & go),
                trunk.read_last.eq(output.read_last),
                trunk.wrote_last.eq(output.wrote_last),
            ]
            connect(m, flipped(self.i_trunk), trunk.i_trunk)
            connect(m, trunk.o_trunk, flipped(self.o_trunk))
        m.d.comb += [
            clear.eq(free),
            self.i_parameter.ready.eq(sequencer.wanted & clear),
            go.eq((~sequencer.wanted | self.i_parameter.valid) & clear),
            dots.step.eq(Mux(go, sequencer.step.as_value(), 0)),
            dots.banks.eq(banks.o),
            dots.weights.eq(word),
            dots.take.eq(output.take),
            output.setting.eq(sequencer.setting),
            output.start.eq(sequencer.start),
            output.gives.eq(sequencer.gives & go),
            output.full.eq(dots.full),
            output.head.eq(dots.head),
            output.header.eq(delay(m, header, unit.reads, "header")),
            output.word.eq(word),
            output.r_data.eq(trunk.r_data),
        ]
        reads, trunk_on, wants = output.r_addr, Const(1), sequencer.setting.add
        addresses = {name: getattr(sequencer, name) for name in ADDRESSES}
        if unit.leaves is not None:
            m.submodules.unloader = unloader = BankUnloader(unit)
            connect(m, unloader.o, flipped(self.o))
            leaving = sequencer.unload
            addresses = {n: Mux(leaving, unloader.addr, addr) for n, addr in addresses.items()}
            m.d.comb += [
                banks.on.eq(~leaving | unloader.next),
                unloader.banks.eq(banks.o),
                unloader.enable.eq(leaving),
                sequencer.unloaded.eq(unloader.done),
            ]
        elif unit.passes[-1].give:
            connect(m, output.o, flipped(self.o))
            m.d.comb += sequencer.unloaded.eq(output.empty)
        else:
            m.submodules.unloader = unloader = TrunkPort(unit, out=True)
            connect(m, unloader.o, flipped(self.o))
            reads = Mux(sequencer.unload, unloader.addr, reads)
            trunk_on, wants = unloader.next, sequencer.unload | wants
            m.d.comb += [
                unloader.data.eq(trunk.r_data),
                unloader.enable.eq(sequencer.unload),
                sequencer.unloaded.eq(unloader.done),
            ]
        m.d.comb += [getattr(banks, name).eq(addr) for name, addr in addresses.items()]
        m.d.comb += [trunk.r_addr.eq(reads), trunk.want.eq(wants)]
        if not outside:
            m.d.comb += trunk.r_en.eq(trunk_on)
        # Nothing comes in before the first parameter is there, nor before it is known to be.
        enter = sequencer.load & self.i_parameter.valid
        into = [output.w_addr, output.write_trunk, output.w_data]
        if unit.entry is not None:
            m.submodules.loader = loader = BankLoader(unit)
            if unit.apart:
                m.d.comb += [banks.enter.eq(loader.write), banks.write.eq(output.write)]
            else:
                m.d.comb += banks.write.eq(Mux(sequencer.load, loader.write, output.write))
        else:
            m.submodules.loader = loader = TrunkPort(unit, out=False)
            m.d.comb += banks.write.eq(output.write)
            loaded = loader.addr, loader.write, loader.data
            into = [Mux(sequencer.load, *ways) for ways in zip(loaded, into, strict=True)]
        connect(m, flipped(self.i), loader.i)
        loaded = loader.done
        if unit.apart:
            enter, loaded = self.ahead(m, sequencer, loader.done, sequencer.over & go)
            m.d.comb += banks.alone.eq(sequencer.setting.alone & ~sequencer.unload)
        m.d.comb += [
            loader.enable.eq(enter),
            sequencer.loaded.eq(loaded),
            Cat(trunk.w_addr, trunk.write, trunk.w_data).eq(Cat(into)),
        ]
        return m

    def ahead(
        self, m: Module, sequencer: Sequencer, done: Value, over: Value
    ) -> tuple[Value, Value]:
        """Let frames in while passes work; returns when one may enter, and when its passes begin.

        A frame enters when no pass reads the one before any more; the passes begin when it is in
        and its first parameter is there. From a parameter's arrival to the first step, and from
        the last pixel to the first pass, a register stands between two counters' ends.
        """
        begun, free, full = Signal(), Signal(init=1), Signal()
        loaded = Signal()
        m.d.comb += loaded.eq(full & self.i_parameter.valid)
        with m.If(self.i_parameter.valid):
            m.d.sync += begun.eq(1)
        with m.If(done):
            m.d.sync += [free.eq(0), full.eq(1)]
        with m.If(sequencer.load & loaded):
            m.d.sync += full.eq(0)
        with m.If(over):
            m.d.sync += free.eq(1)
        return free & begun, loaded
