"""The sequencer: passes, folds, rows, groups of pixels and steps, one after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.sequential.plan import SequentialPlan
from fq_hw.schedule.units import ceil_div
from rtl_gen.counters import counter
from rtl_gen.sequential import settings
from rtl_gen.sequential.array import STEP
from rtl_gen.sequential.single_port import LANE

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Steps the array through all passes of a frame, then asks for the next one.

    Members     load: Out(1), the image may enter; loaded: In(1), it is in after this cycle
                setting: Out(record of rtl_gen.sequential.settings)
                start: Out(1), a pass, or a fold of classes, begins
                read: Out(address of the banks), parameter: Out(address of the parameters)
                step: Out(STEP), header: Out(1): what the words read now are for
                emit: Out(1), lane: Out: the sums of the fold are ready, of this PE next;
                emitted: In(1): it has been taken
                i_parameter: In(stream of 16 bits), parameter_write: Out(1 per 16 bits of a word),
                where the parameters must come in first
    Order       as SequentialPlan.frame_cycles counts
    Latency     SequentialPlan.frame_cycles
    Path        an addition of an address
    Errors      none at run time
    """

    def __init__(self, plan: SequentialPlan, *, preloaded: bool):
        self.plan, self.preloaded = plan, preloaded
        self.lanes = ceil_div(plan.array.word_bits, LANE)
        members = {
            "load": Out(1),
            "loaded": In(1),
            "setting": Out(settings.layout(plan)),
            "start": Out(1),
            "read": Out((plan.array.depth - 1).bit_length()),
            "parameter": Out((len(plan.parameters) - 1).bit_length()),
            "step": Out(STEP),
            "header": Out(1),
            "emit": Out(1),
            "lane": Out(range(max(plan.array.pe, 2))),
            "emitted": In(1),
        }
        if not preloaded:
            members["i_parameter"] = In(stream.Signature(LANE))
            members["parameter_write"] = Out(self.lanes)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        plan, now = self.plan, self.setting
        number = counter(len(plan.passes), "number")
        chosen = Signal.like(now)
        settings.select(m, plan, number, chosen)
        m.d.sync += now.eq(chosen)  # much logic behind it: a pass begins a cycle later

        fold, row = Signal.like(now.folds), Signal.like(now.rows)
        group, block = Signal.like(now.groups), Signal.like(now.blocks)
        kernel_row, pos = Signal(2), Signal(2)
        left = Signal(range(max(plan.drain, plan.settle, plan.header_words, 2 ** len(now.wait))))
        group_at, row_at = Signal.like(self.read), Signal.like(self.read)
        fold_at = Signal.like(self.parameter)

        last_group, last_row, last_fold = Signal(), Signal(), Signal()
        first, last = Signal(), Signal()
        m.d.comb += [
            last_group.eq(group == now.groups),
            last_row.eq(row == now.rows),
            last_fold.eq(fold == now.folds),
            first.eq((group == 0) & (row == 0)),
            last.eq(last_group & last_row),
        ]
        block_end, row_end, group_end = Signal(), Signal(), Signal()
        m.d.comb += [
            block_end.eq(pos == Mux(now.triple, 2, 1)),
            row_end.eq(block_end & (block == now.blocks)),
            group_end.eq(row_end & (kernel_row == Mux(now.square, 2, 0))),
            self.step.shift.eq(pos != 0),
            self.step.right.eq(pos == 2),
            self.step.blank.eq(
                now.square
                & (((kernel_row == 0) & (row == 0)) | ((kernel_row == 2) & last_row & now.bottom))
            ),
            self.step.blank_left.eq(group == 0),
            self.step.blank_right.eq(last_group),
        ]
        following = Signal.like(self.read)  # where the next group begins
        m.d.comb += following.eq(
            Mux(last, now.origin,
                Mux(last_group, row_at, group_at) + Mux(last_group, now.row_step, 1))
        )  # fmt: skip

        def begin() -> None:
            with m.If(now.convolve):
                m.next = "STEP"
            with m.Else():
                m.next = "WAIT"
            m.d.sync += left.eq(now.wait)

        def next_group() -> None:
            """The group's sums are complete: fire, and go on with the next group."""
            m.d.comb += self.step.fire.eq(1)
            m.d.sync += [
                self.read.eq(following),
                group_at.eq(following),
                group.eq(Mux(last_group, 0, group + 1)),
            ]
            with m.If(last_group):
                m.d.sync += [row_at.eq(following), row.eq(Mux(last_row, 0, row + 1))]
            with m.If(~last):
                m.d.sync += self.parameter.eq(fold_at)
                begin()
            with m.Else():
                m.d.sync += fold_at.eq(self.parameter + 1)  # behind the header's last word
                with m.If(last_fold | now.total):
                    m.d.sync += left.eq(plan.drain - 1)
                    m.next = "DRAIN"
                with m.Else():
                    m.d.sync += fold.eq(fold + 1)
                    begin()

        def end_group() -> None:
            with m.If(first):
                m.d.sync += left.eq(plan.settle - 1)
                m.next = "SETTLE"
            with m.Elif(last):
                m.d.sync += left.eq(plan.header_words - 1)
                m.next = "HEADER"
            with m.Else():
                next_group()

        def next_pass() -> None:
            m.d.sync += fold.eq(0)
            with m.If(number == len(plan.passes) - 1):
                m.d.sync += [number.eq(0), self.parameter.eq(0), fold_at.eq(0)]
                m.next = "INPUT"
            with m.Else():
                m.d.sync += number.eq(number + 1)
                m.next = "SELECT"

        with m.FSM(init="INPUT" if self.preloaded else "PARAMETERS"):
            if not self.preloaded:
                with m.State("PARAMETERS"):
                    self.take_parameters(m)
            with m.State("INPUT"):
                m.d.comb += self.load.eq(1)
                with m.If(self.loaded):
                    m.next = "START"
            with m.State("SELECT"):
                m.next = "START"
            with m.State("START"):
                m.d.comb += self.start.eq(1)
                m.d.sync += [
                    self.read.eq(now.origin),
                    group_at.eq(now.origin),
                    row_at.eq(now.origin),
                ]
                begin()
            with m.State("STEP"):
                m.d.comb += self.step.use.eq((pos != 0) | now.triple | (now.double & block[0]))
                m.d.sync += pos.eq(Mux(block_end, 0, pos + 1))
                with m.If(self.step.use):
                    m.d.sync += self.parameter.eq(self.parameter + 1)
                with m.If(block_end):
                    m.d.sync += [
                        self.read.eq(self.read + now.block_step),
                        block.eq(Mux(row_end, 0, block + 1)),
                    ]
                with m.Elif(pos == 0):
                    m.d.sync += self.read.eq(self.read + 1)
                with m.If(row_end):
                    m.d.sync += kernel_row.eq(Mux(group_end, 0, kernel_row + 1))
                with m.If(group_end):
                    with m.If(now.waits):
                        m.next = "WAIT"
                    with m.Else():
                        end_group()
            with m.State("WAIT"):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    end_group()
            with m.State("SETTLE"):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.d.sync += left.eq(plan.header_words - 1)
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += self.header.eq(first)
                m.d.sync += [left.eq(left - 1), self.parameter.eq(self.parameter + 1)]
                with m.If(left == 0):
                    next_group()
            with m.State("DRAIN"):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.d.sync += self.lane.eq(0)
                    with m.If(now.total):
                        m.next = "EMIT"
                    with m.Else():
                        next_pass()
            with m.State("EMIT"):
                m.d.comb += self.emit.eq(1)
                with m.If(self.emitted):
                    m.next = "EMITTED"
            with m.State("EMITTED"):
                rest = (plan.result.classes - 1) % plan.array.pe
                m.d.sync += self.lane.eq(self.lane + 1)
                with m.If(self.lane != Mux(last_fold, rest, plan.array.pe - 1)):
                    m.next = "EMIT"
                with m.Elif(last_fold):
                    next_pass()
                with m.Else():
                    m.d.sync += fold.eq(fold + 1)
                    m.next = "START"
        return m

    def take_parameters(self, m: Module) -> None:
        """Lane by lane into the memory, until it is full."""
        lane = Signal(self.lanes, init=1)  # one of them is 1
        m.d.comb += [
            self.i_parameter.ready.eq(1),
            self.parameter_write.eq(lane & self.i_parameter.valid.replicate(self.lanes)),
        ]
        with m.If(self.i_parameter.valid):
            m.d.sync += lane.eq(lane.rotate_left(1))
            with m.If(lane[-1]):
                m.d.sync += self.parameter.eq(self.parameter + 1)
                with m.If(self.parameter == len(self.plan.parameters) - 1):
                    m.d.sync += self.parameter.eq(0)
                    m.next = "INPUT"
