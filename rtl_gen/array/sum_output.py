"""Where a group's sums go: over the trunk, through the thresholds, into the banks."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.adder_tree import count
from rtl_gen.array import settings
from rtl_gen.array.banks import write_layout
from rtl_gen.delay import delay
from rtl_gen.line import level
from rtl_gen.streams import signature

__all__ = ["SumOutput"]


class SumOutput(wiring.Component):
    """Takes the sums of a group column by column, ``pe`` channels at once.

    Members     setting: In(record of rtl_gen.array.settings); start: In(1)
                full: In(1), head: In(pe x acc_bits), take: Out(1): see Dots
                gives: In(1), sums that are to leave will be complete
                header: In(1), word: In(pe x simd bits): parameters that are a header's
                r_addr, write_trunk, w_addr, w_data: Out, r_data: In: of the Trunk
                write: Out(write_layout)
                o: Out(stream of pe sums), of a pass that gives them; clear: Out(1), none of a group
                before waits for its turn; empty: Out(1), nor to be taken
                read_last, wrote_last: Out(1), the last word of a group is read, is written; where
                the trunk is outside
                moved: Out(1), levels, sums: Out: a column passes, for a simulation
    Order       trunk values lie in the order fold, row, group, column; a group's sums come with
                its last pixel first where the pass has it so
    Latency     a cycle from taking a column to its sums for the trunk, unit.level_cycles more to
                its levels for the banks
    Throughput  a column per cycle, or per two cycles where the trunk is read: one reads the next
                column's word, the other writes the one before
    Path        an addition; or a comparison and a count, or what a Line has
    Errors      none at run time
    Source      thresholds instead of norm and activation: Umuroglu et al. 2017
    """

    def __init__(self, unit: ArrayUnit):
        self.unit = unit
        array, trunk = unit.array, unit.array.pe * unit.value_bits
        address = (max(unit.trunk_depth, 2) - 1).bit_length()
        super().__init__(
            {
                "setting": In(settings.layout([settings.values(step) for step in unit.passes])),
                "start": In(1),
                "full": In(1),
                "head": In(data.ArrayLayout(unit.acc_bits, array.pe)),
                "take": Out(1),
                "header": In(1),
                "word": In(array.word_bits),
                "r_addr": Out(address),
                "r_data": In(trunk),
                "write_trunk": Out(1),
                "w_addr": Out(address),
                "w_data": Out(trunk),
                "write": Out(write_layout(unit)),
                "o": Out(signature(unit.o)),
                "clear": Out(1),
                "empty": Out(1),
                "moved": Out(1),
                "levels": Out(unit.array.pe * unit.act_bits),
                "sums": Out(trunk),
                "gives": In(1),
                **({} if unit.outside is None else {"read_last": Out(1), "wrote_last": Out(1)}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        unit, now, pe = self.unit, self.setting, self.unit.array.pe
        columns, bits = unit.array.columns, unit.value_bits

        running, second, kept, valid = Signal(), Signal(), Signal(), Signal()
        on, last = Signal(), Signal()  # what is offered does not wait
        column, at = Signal(range(columns)), Signal.like(self.r_addr)
        place = Signal(range(columns))  # of the sums in their group
        m.d.comb += [
            on.eq(~self.o.valid | self.o.ready),
            self.take.eq(running & (second | ~now.add) & on),
            kept.eq(~(now.thin & (column[0] ^ now.dense))),
            self.write_trunk.eq(valid & now.keep),
            last.eq(column == columns - 1),
            place.eq(at - now.turned),
            self.r_addr.eq(Cat(place, at[len(place) :])),
        ]
        with m.If(on):
            m.d.sync += valid.eq(self.take & kept)
        with m.If(running):
            m.d.sync += second.eq(now.add & ~second)
            with m.If(~second):
                m.d.sync += [at.eq(at + kept), self.w_addr.eq(self.r_addr)]
        with m.If(self.take):
            m.d.sync += column.eq(column + 1)
            with m.If(last):
                m.d.sync += running.eq(0)
        with m.If(self.full):
            m.d.sync += running.eq(1)
        with m.If(self.start):
            m.d.sync += at.eq(0)

        values = [Signal(bits, name=f"value_{n}") for n in range(pe)]
        with m.If(on):
            for n, value in enumerate(values):
                m.d.sync += value.eq(self.head[n] + self.r_data[n * bits :][:bits])
        m.d.comb += self.w_data.eq(Cat(values))

        if unit.outside is not None:
            written = (self.w_addr + now.turned)[: len(place)]
            whole = at[: len(place)].all() & kept
            m.d.comb += [
                self.read_last.eq(running & ~second & now.add & whole),
                self.wrote_last.eq(self.write_trunk & written.all()),
            ]

        goes, beyond = self.place(m, valid & on)
        late = self.unit.level_cycles
        goes = delay(m, goes, late, "goes")
        moved, outside = delay(m, Cat(valid & on, beyond), late, "moved")
        levels = self.requantize(m, values, self.fields(m))
        m.d.comb += [
            self.moved.eq(moved),
            self.sums.eq(delay(m, self.w_data, late, "sums", reset_less=True)),
            self.levels.eq(Cat(Mux(outside, 0, level) for level in levels)),
            Cat(self.write.banks, self.write.addr, self.write.lanes).eq(goes),
            self.write.word.eq(self.levels.replicate(unit.array.lane_groups)),
        ]
        if unit.passes[-1].give:
            busy = Signal()
            m.d.comb += [
                self.o.valid.eq(valid & now.give & ~beyond),
                self.o.payload.eq(self.w_data),
                self.clear.eq(~busy),
                self.empty.eq(~busy & ~valid),
            ]
            with m.If(self.take & last):
                m.d.sync += busy.eq(0)
            with m.If(self.gives):
                m.d.sync += busy.eq(1)
        return m

    def fields(self, m: Module) -> list[Signal]:
        """The fold's header, a field per channel: its words come in at the top."""
        unit = self.unit
        header = Signal(unit.array.pe * unit.field_bits)
        with m.If(self.header):
            m.d.sync += header.eq(Cat(header, self.word)[unit.array.word_bits :])
        return [header[n * unit.field_bits :][: unit.field_bits] for n in range(unit.array.pe)]

    def place(self, m: Module, valid: Value) -> tuple[Value, Signal]:
        """Where the column in ``values`` goes: banks, address, lanes; whether it lies outside."""
        now, array = self.setting, self.unit.array
        count, column = Signal(range(array.columns)), Signal(range(array.columns))
        group, row = Signal.like(now.groups), Signal.like(now.rows)
        lane = Signal(array.lane_groups, init=1)  # one of them is 1
        at, line, word = (Signal.like(self.write.addr, name=n) for n in ("at", "line", "word"))
        last_column, last_group, last_row = Signal(), Signal(), Signal()
        beyond = Signal()
        m.d.comb += [
            column.eq(count - now.turned),
            last_column.eq(count == array.columns - 1),
            last_row.eq(row == now.rows),
        ]
        # Whether the next column lies outside is known before: what is offered depends on it.
        next_count, next_column = Signal.like(count), Signal.like(count)
        m.d.comb += [next_count.eq(count + 1), next_column.eq(next_count - now.turned)]
        follows = Mux(last_group, now.groups == 0, group + 1 == now.groups)
        in_last = Mux(last_column, follows, last_group)
        next_line, next_word = Signal.like(line), Signal.like(word)
        m.d.comb += [
            next_line.eq(line + now.line_step),
            next_word.eq(Mux(lane[-1], word + now.word_step, word)),
        ]
        with m.If(valid):
            m.d.sync += [
                count.eq(next_count),
                last_group.eq(in_last),
                beyond.eq(in_last & (next_column > now.last_column)),
            ]
            with m.If(last_column):
                m.d.sync += group.eq(group + 1)
                with m.If(~now.halve | group[0]):
                    m.d.sync += at.eq(at + 1)
                with m.If(last_group):
                    m.d.sync += [group.eq(0), row.eq(row + 1), at.eq(next_line)]
                    m.d.sync += line.eq(next_line)
                    with m.If(last_row):
                        m.d.sync += [row.eq(0), lane.eq(lane.rotate_left(1))]
                        m.d.sync += [at.eq(next_word), line.eq(next_word), word.eq(next_word)]
        with m.If(self.start):
            m.d.sync += [
                last_group.eq(now.groups == 0),
                beyond.eq((now.groups == 0) & now.turned & (now.last_column < array.columns - 1)),
            ]
            m.d.sync += [at.eq(now.base), line.eq(now.base), word.eq(now.base), lane.eq(1)]

        top = len(column) - 1
        halved = Cat(column[1:], group[0])
        bank = Mux(now.halve, halved, column)
        banks, addr = Signal.like(self.write.banks), Signal.like(self.write.addr)
        m.d.comb += [
            banks.eq(Mux(valid & now.write, 1 << bank[: top + 1], 0)),
            addr.eq(at + Mux(now.halve & column[0], now.parity_step, 0)),
        ]
        return Cat(banks, addr, lane), beyond

    def requantize(self, m: Module, values: list, fields: list) -> list[Value]:
        """The level of each value: those are counted that it reaches, or it lies on a line."""
        unit, levels, now = self.unit, [], self.setting
        if unit.line is not None:
            return [
                level(m, unit.line, value, field, str(n), (now.low, now.high))
                for n, (value, field) in enumerate(zip(values, fields, strict=True))
            ]
        for n, (value, field) in enumerate(zip(values, fields, strict=True)):
            size = unit.level_bits
            reached = [value >= field[j * size :][:size] for j in range(unit.steps)]
            made = Signal(unit.act_bits, name=f"count_{n}")
            # steps is all ones: steps - count inverts every bit
            m.d.comb += made.eq(count(reached) ^ field[unit.steps * size].replicate(unit.act_bits))
            levels.append(made)
        return levels
