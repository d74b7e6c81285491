"""The sequencer: passes, folds, rows, groups of pixels and steps, one after the other."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.array import settings
from rtl_gen.array.banks import ADDRESSES
from rtl_gen.array.dots import STEP
from rtl_gen.counters import counter

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """Steps the array through all passes of a frame, which comes in before and leaves after them.

    Members     load: Out(1), the frame may enter; loaded: In(1), it is in after this cycle
                over: Out(1), after this cycle no pass reads what came in
                unload: Out(1), its result may leave; unloaded: In(1), it is out after this cycle
                setting: Out(record of rtl_gen.array.settings); start: Out(1), a pass begins
                addr_first, addr, addr_last: Out(addresses of the banks)
                step: Out(STEP), header: Out(1): what the words that are read now are for
                wanted: Out(1), a parameter is among them; gives: Out(1), the sums that they
                complete are to leave
                adds, keeps: Out(1), those of a group of pixels are to meet a trunk outside, to stay
                there, where there is one
    Order       as ArrayUnit.pass_cycles counts
    Latency     ArrayUnit.pass_cycles
    Path        an addition of an address
    Errors      none at run time

    Whoever has no parameter for a step that wants one holds all of this, by EnableInserter.
    """

    def __init__(self, unit: ArrayUnit):
        self.unit = unit
        self.rows = [settings.values(step) for step in unit.passes]
        super().__init__(
            {
                "load": Out(1),
                "loaded": In(1),
                "over": Out(1),
                "unload": Out(1),
                "unloaded": In(1),
                "setting": Out(settings.layout(self.rows)),
                "start": Out(1),
                **{name: Out((unit.array.depth - 1).bit_length()) for name in ADDRESSES},
                "step": Out(STEP),
                "header": Out(1),
                "wanted": Out(1),
                "gives": Out(1),
                **({} if unit.outside is None else {"adds": Out(1), "keeps": Out(1)}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit, now = self.unit, self.setting
        number = counter(len(unit.passes), "number")
        chosen, step, header = Signal.like(now), Signal(STEP), Signal()
        settings.select(m, self.rows, number, chosen)
        m.d.sync += now.eq(chosen)  # much logic behind it: a pass begins a cycle later
        read, before, behind = Signal.like(self.addr), Signal(), Signal()
        m.d.sync += [
            self.addr_first.eq(read + behind),
            self.addr.eq(read),
            self.addr_last.eq(read - before),
            self.step.eq(step),
            self.header.eq(header),
            self.wanted.eq(step.use | header),
            self.gives.eq(step.fire & now.give),
        ]

        fold, row = Signal.like(now.folds), Signal.like(now.rows)
        group, word = Signal.like(now.reads), Signal.like(now.words)
        kernel_row, kernel_column = Signal(2), Signal(2)
        plane, plane_end = Signal.like(now.planes), Signal()
        if unit.outside is not None:
            whole = step.fire & ~(now.thin & group[0])  # the first of what becomes one group
            m.d.sync += [self.adds.eq(whole & now.add), self.keeps.eq(whole & now.keep)]
        left = Signal(range(max(unit.drain, unit.settle, unit.header_words, 2 ** len(now.wait))))
        group_at, row_at = Signal.like(read), Signal.like(read)

        last_group, last_row, last_fold = Signal(), Signal(), Signal()
        first, last = Signal(), Signal()
        m.d.comb += [
            last_group.eq(group == now.reads),
            last_row.eq(row == now.rows),
            last_fold.eq(fold == now.folds),
            first.eq((group == 0) & (row == 0)),
            last.eq(last_group & last_row),
        ]
        row_end, column_end, group_end = Signal(), Signal(), Signal()
        last_kernel = Mux(now.square, 2, 0)  # row, and column
        m.d.comb += [
            plane_end.eq(plane == now.planes),
            row_end.eq(plane_end & (word == now.words)),
            column_end.eq(row_end & (kernel_row == last_kernel)),
            group_end.eq(column_end & (kernel_column == last_kernel)),
            # The outer kernel columns want a pixel beside the group: it is in an end's bank.
            before.eq(now.square & (kernel_column == 0)),
            behind.eq(now.dense & (kernel_column == 2)),
            step.blank.eq(
                now.square
                & (((kernel_row == 0) & (row == 0)) | ((kernel_row == 2) & last_row & now.bottom))
            ),
            step.blank_left.eq(before & (group == 0)),
            step.blank_right.eq(behind & last_group),
            step.first.eq(plane == 0),
            step.last.eq(plane_end),
            step.inverted.eq(now.inverted & step.first),
        ]
        following = Signal.like(read)  # where the next group begins
        origin = self.origin(m, step.fire & last)
        m.d.comb += following.eq(
            Mux(last, origin,
                Mux(last_group, row_at, group_at) + Mux(last_group, now.row_step, 1))
        )  # fmt: skip

        def counted():
            """Count down; the block that follows is for the last cycle."""
            m.d.sync += left.eq(left - 1)
            return m.If(left == 0)

        def begin() -> None:
            with m.If(now.convolve):
                m.next = "STEP"
            with m.Else():
                m.next = "WAIT"
            m.d.sync += left.eq(now.wait)

        def next_group() -> None:
            """The group's sums are complete: fire, and go on with the next group."""
            m.d.comb += step.fire.eq(1)
            m.d.sync += [
                read.eq(following),
                group_at.eq(following),
                group.eq(Mux(last_group, 0, group + 1)),
            ]
            with m.If(last_group):
                m.d.sync += [row_at.eq(following), row.eq(Mux(last_row, 0, row + 1))]
            with m.If(~last):
                begin()
            with m.Elif(last_fold):
                m.d.sync += left.eq(unit.drain - 1)
                m.next = "DRAIN"
            with m.Else():
                m.d.sync += fold.eq(fold + 1)
                begin()

        def end_group() -> None:
            with m.If(first):
                m.d.sync += left.eq(unit.settle - 1)
                m.next = "SETTLE"
            with m.Else():
                next_group()

        def next_pass() -> None:
            m.d.sync += fold.eq(0)
            if unit.apart:
                m.d.comb += self.over.eq(number == unit.readers - 1)
            with m.If(number == len(unit.passes) - 1):
                m.next = "OUTPUT"
            with m.Else():
                m.d.sync += number.eq(number + 1)
                m.next = "SELECT"

        with m.FSM():
            with m.State("INPUT"):
                m.d.comb += self.load.eq(1)
                with m.If(self.loaded):
                    m.next = "START"
            with m.State("SELECT"):
                m.next = "START"
            with m.State("START"):
                m.d.comb += self.start.eq(1)
                m.d.sync += [
                    read.eq(now.origin),
                    group_at.eq(now.origin),
                    row_at.eq(now.origin),
                ]
                begin()
            with m.State("STEP"):
                m.d.comb += [
                    step.use.eq(1),
                    step.rotate.eq(column_end & (now.dense | before) & ~group_end),
                ]
                m.d.sync += plane.eq(Mux(plane_end, 0, plane + 1))
                with m.If(plane_end):
                    m.d.sync += [read.eq(read + now.read_step), word.eq(Mux(row_end, 0, word + 1))]
                with m.If(row_end):
                    m.d.sync += kernel_row.eq(Mux(column_end, 0, kernel_row + 1))
                with m.If(column_end):
                    m.d.sync += [
                        kernel_column.eq(Mux(group_end, 0, kernel_column + 1)),
                        read.eq(group_at + Mux(kernel_column == 0, now.even, 0)),
                    ]
                with m.If(group_end):
                    with m.If(now.waits):
                        m.next = "WAIT"
                    with m.Else():
                        end_group()
            with m.State("WAIT"), counted():
                end_group()
            with m.State("SETTLE"), counted():
                m.d.sync += left.eq(unit.header_words - 1)
                m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += header.eq(1)
                with counted():
                    next_group()
            with m.State("DRAIN"), counted():
                next_pass()
            with m.State("OUTPUT"):
                m.d.comb += self.unload.eq(1)
                with m.If(self.unloaded):
                    m.d.sync += number.eq(0)
                    m.next = "INPUT"
        return m

    def origin(self, m: Module, end: Value) -> Value:
        """Where the next fold begins to read, at the ``end`` of one.

        A depthwise pass goes on with the next word when all its channels have been.
        """
        now = self.setting
        if not any(step.depthwise for step in self.unit.passes):
            return now.origin
        lane = counter(self.unit.array.lane_groups, "lane")
        lane_end = lane == self.unit.array.lane_groups - 1
        here, following = Signal.like(now.origin), Signal.like(now.origin)
        m.d.comb += following.eq(here + Mux(now.depthwise & lane_end, now.fold_step, 0))
        with m.If(self.start):
            m.d.sync += [here.eq(now.origin), lane.eq(0)]
        with m.Elif(end):
            m.d.sync += [here.eq(following), lane.eq(Mux(lane_end, 0, lane + 1))]
        return following
