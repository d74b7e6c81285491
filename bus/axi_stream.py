"""An accelerator with AXI4-Stream ports."""

from __future__ import annotations

from amaranth.hdl import ClockDomain, Module
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out, connect

from bus.frames import FrameInput
from bus.geometry import Geometry
from bus.results import ResultOutput
from fq_hw.schedule.timing import Schedule
from rtl_gen.top import Accelerator

__all__ = ["AxiStream"]


class AxiStream(wiring.Component):
    """An accelerator between two AXI4-Stream interfaces.

    Members     aclk, aresetn: In(1); reset is synchronous and low
                s_axis_tdata, _tvalid, _tready, _tlast: frames, as FrameInput takes them
                m_axis_tdata, _tvalid, _tready, _tlast, _tuser: results, as ResultOutput gives
                them; tlast with a result's last beat, tuser where its frame's packet was too short
    Latency     that of the accelerator, and 1 cycle; one more for each further beat of a pixel, and
                where a beat holds several numbers of a result
    Throughput  the accelerator's, or that of the beats of a frame or result, where they take longer
    Errors      none at run time
    Source      ARM IHI 0051A, AMBA 4 AXI4-Stream: whole bytes, tvalid low in reset
    """

    def __init__(self, core: Accelerator, geometry: Geometry, schedule: Schedule):
        self.core, self.geometry = core, geometry
        self.frames_inside = schedule.latency // schedule.interval + 2
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "s_axis_tdata": In(geometry.in_bits),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(geometry.out_bits),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "m_axis_tuser": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = sync = ClockDomain()
        m.d.comb += [sync.clk.eq(self.aclk), sync.rst.eq(~self.aresetn)]
        m.submodules.core = core = self.core
        m.submodules.frames = frames = FrameInput(self.geometry)
        result = core.signature.members["o"].signature.members["payload"].shape
        m.submodules.results = results = ResultOutput(self.geometry, result)
        m.submodules.shorts = shorts = fifo.SyncFIFOBuffered(width=1, depth=self.frames_inside)
        connect(m, frames.o, core.i)
        connect(m, core.o, results.i)
        m.d.comb += [
            frames.i.p.data.eq(self.s_axis_tdata),
            frames.i.p.last.eq(self.s_axis_tlast),
            frames.i.valid.eq(self.s_axis_tvalid),
            self.s_axis_tready.eq(frames.i.ready & self.aresetn),
            shorts.w_data.eq(frames.o_short.payload),
            shorts.w_en.eq(frames.o_short.valid),
            frames.o_short.ready.eq(shorts.w_rdy),
            # A frame's mark came with its last word, long before its result; it goes with that.
            shorts.r_en.eq(results.o.valid & results.o.ready & results.o.p.last),
            self.m_axis_tdata.eq(results.o.p.data),
            self.m_axis_tlast.eq(results.o.p.last),
            self.m_axis_tuser.eq(shorts.r_data),
            self.m_axis_tvalid.eq(results.o.valid & shorts.r_rdy & self.aresetn),
            results.o.ready.eq(self.m_axis_tready & shorts.r_rdy),
        ]
        return m
