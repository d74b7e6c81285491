"""A sequential plan as hardware."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from fq_hw.schedule.sequential.plan import SequentialPlan
from fq_hw.schedule.units import ceil_div
from rtl_gen.scores import Scores, result_layout
from rtl_gen.sequential.array import STEP, ConvArray
from rtl_gen.sequential.banks import Banks, write_layout
from rtl_gen.sequential.image_loader import ImageLoader
from rtl_gen.sequential.sequencer import Sequencer
from rtl_gen.sequential.single_port import LANE, SinglePort
from rtl_gen.sequential.sum_output import SumOutput

__all__ = ["SequentialAccelerator", "parameter_beats"]


def parameter_beats(plan: SequentialPlan) -> list[int]:
    """What ``i_parameter`` wants: every word of parameters in pieces of 16 bits, lowest first."""
    lanes = ceil_div(plan.array.word_bits, LANE)
    return [word >> n * LANE & 2**LANE - 1 for word in parameter_words(plan) for n in range(lanes)]


def parameter_words(plan: SequentialPlan) -> list[int]:
    """The contents of the parameter memory."""
    return [sum(int(bit) << n for n, bit in enumerate(row)) for row in plan.parameters]


class SequentialAccelerator(wiring.Component):
    """The whole network, one layer after the other on one array: pixels in, results out.

    Members     i: In(stream of colours x u8), raster order; o: Out(stream of {label, scores})
                i_parameter: In(stream of 16 bits), only if not ``preloaded``: parameter_beats,
                once after reset; no pixel is taken before the last of them
    Order       one result per H*W pixels
    Latency     plan.latency, from the first pixel to the result
    Throughput  one frame per plan.interval cycles
    Family      ``family`` is the form of the dot products, None for a plain one in one piece.
                ``spram``: parameters and trunk lie in the SPRAM of an iCE40 UltraPlus, which
                cannot be preloaded
    Errors      none at run time; the schedule refuses networks that the array cannot run
    """

    def __init__(
        self,
        plan: SequentialPlan,
        family: str | None = None,
        *,
        spram: bool = False,
        preloaded: bool | None = None,
    ):
        self.plan, self.family, self.spram = plan, family, spram
        self.preloaded = not spram if preloaded is None else preloaded
        members = {
            "i": In(stream.Signature(data.ArrayLayout(unsigned(8), plan.image[2]))),
            "o": Out(stream.Signature(result_layout(plan.result))),
        }
        if not self.preloaded:
            members["i_parameter"] = In(stream.Signature(LANE))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        m.submodules.sequencer = sequencer = Sequencer(plan, preloaded=self.preloaded)
        m.submodules.loader = loader = ImageLoader(plan)
        m.submodules.banks = banks = Banks(plan)
        m.submodules.array = array = ConvArray(plan, self.family)
        m.submodules.output = output = SumOutput(plan)
        constants = np.stack([plan.multiplier, np.zeros_like(plan.multiplier)])
        m.submodules.scores = scores = Scores(plan.result, constants)
        m.submodules.parameters = parameters = SinglePort(
            len(plan.parameters),
            plan.array.word_bits,
            spram=self.spram,
            init=parameter_words(plan) if self.preloaded else (),
        )
        m.submodules.trunk = trunk = SinglePort(
            plan.trunk_depth, plan.array.pe * LANE, spram=self.spram
        )

        connect(m, flipped(self.i), loader.i)
        connect(m, scores.o, flipped(self.o))
        if not self.preloaded:
            connect(m, flipped(self.i_parameter), sequencer.i_parameter)
            pieces = self.i_parameter.payload.replicate(parameters.lanes)
            m.d.comb += [
                parameters.write.eq(sequencer.parameter_write),
                parameters.w_data.eq(pieces),
            ]

        step, header = Signal(STEP), Signal()
        m.d.sync += [step.eq(sequencer.step), header.eq(sequencer.header)]
        write = Signal(write_layout(plan))
        m.d.comb += write.eq(Mux(sequencer.load, loader.write, output.write))
        m.d.comb += [
            loader.enable.eq(sequencer.load),
            sequencer.loaded.eq(loader.done),
            banks.addr.eq(sequencer.read),
            banks.write.eq(write),
            parameters.addr.eq(sequencer.parameter),
            array.step.eq(step),
            array.banks.eq(banks.o),
            array.weights.eq(parameters.r_data),
            array.take.eq(output.take),
            output.setting.eq(sequencer.setting),
            output.start.eq(sequencer.start),
            output.full.eq(array.full),
            output.head.eq(array.head),
            output.header.eq(header),
            output.word.eq(parameters.r_data),
            trunk.addr.eq(output.trunk_addr),
            trunk.write.eq(output.trunk_write.replicate(trunk.lanes)),
            trunk.w_data.eq(output.trunk_w_data),
            output.trunk_r_data.eq(trunk.r_data),
            scores.i.valid.eq(sequencer.emit),
            scores.i.payload[0].eq(output.totals[sequencer.lane]),
            sequencer.emitted.eq(scores.i.valid & scores.i.ready),
        ]
        return m
