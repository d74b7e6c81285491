"""The controller of an SDRAM: start, refresh, and time slots that its clients get in turn."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.sdram import Slots
from rtl_gen.counters import counter
from rtl_gen.delay import delay
from rtl_gen.sdram.pins import ALL_BANKS, Command, pins

__all__ = ["SlotController"]


class SlotController(wiring.Component):
    """Starts the chip, refreshes it, and moves a burst in each slot that its client wants.

    Members     sdram_*: the pins, see ``pins``
                ask, write: In(a bit for each of ``clients``), block: In(number of a burst in the
                chip, for each), looked at in the cycle in which a slot begins
                begun: Out(a bit each): its slot begins, and it is wanted
                issue: Out(a bit each): a word of it is read, or ``word`` is written now
                column: Out(number of that word in its burst); word: In(a word each)
                arrived: Out(a bit each), read: Out(word), ``slots.reply`` cycles after its issue,
                where ``drop``, In(a bit each), was not 1 then
                group: Out(1), in the last cycle before each refresh but the first; the next slot
                is the first of ``turns`` where ``restart``, In(1), is 1 then
                turn: In(a bit each), whose slot begins, where the slots are ``told``
    Order       block n is at row, bank, column = n * burst, the column lowest; in gear 2 a word is
                at two columns, its lower half first
    Latency     slots.first from the slot's begin to its first word, slots.reply more if read
    Throughput  slots.share of all cycles
    Resources   about 125 LUT4 and 115 flip-flops for one client of 16 bits
    Errors      none at run time; Slots refuses what would break a rule of the chip
    """

    def __init__(self, slots: Slots, clients: tuple[str, ...], told: bool = False):
        self.slots, self.clients, self.told = slots, clients, told
        count, width = len(clients), slots.width
        blocks = slots.words // slots.burst
        super().__init__(
            {
                **pins(slots),
                "ask": In(count),
                "write": In(count),
                "block": In(data.ArrayLayout((blocks - 1).bit_length(), count)),
                "begun": Out(count),
                "issue": Out(count),
                "column": Out((slots.burst - 1).bit_length()),
                "drop": In(count),
                "word": In(data.ArrayLayout(width, count)),
                "arrived": Out(count),
                "read": Out(width),
                "group": Out(1),
                "restart": In(1),
                **({"turn": In(count)} if told else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        slots = self.slots
        tick = counter(max(slots.length, slots.rest), "tick")
        # Registers that say where ``tick`` is: the last cycle, the first, the second.
        end, first, second = Signal(), Signal(init=1), Signal()
        resting, up = Signal(init=1), Signal()
        m.d.sync += [
            tick.eq(Mux(end, 0, tick + 1)),
            end.eq(tick == Mux(resting, slots.rest - 2, slots.length - 2)),
            first.eq(end),
            second.eq(first),
        ]
        step = self.start(m, end & ~up, up)
        self.divide(m, end & up, resting)
        mine = self.choose(m, first & ~resting & up, end & ~resting)
        self.command(m, tick, second, resting, up, step, mine)
        return m

    def start(self, m: Module, end: Value, up: Signal) -> Signal:
        """Steps to go, each as long as a refresh: until it wakes, PRECHARGE, REFRESH, LOAD MODE."""
        slots = self.slots
        asleep = ceil_div(slots.whole(slots.cycles.power_up), slots.rest)
        steps = asleep + slots.chip.power_up_refreshes + 2
        step = counter(steps, "step", init=steps - 1)
        with m.If(end):
            m.d.sync += [step.eq(step - 1), up.eq(step == 0)]
        return step

    def divide(self, m: Module, end: Value, resting: Signal) -> None:
        """Time into groups: a refresh, then slots."""
        slot = counter(self.slots.group, "slot")
        last = slot == self.slots.group - 1
        m.d.comb += self.group.eq(end & ~resting & last)
        with m.If(end):
            m.d.sync += resting.eq(~resting & last)
            with m.If(~resting):
                m.d.sync += slot.eq(Mux(last, 0, slot + 1))

    def choose(self, m: Module, begin: Value, end: Value) -> Signal:
        """Whose slot it is: one bit of the clients, none where it is not wanted."""
        chosen = Signal(len(self.clients))
        if self.told:
            m.d.comb += chosen.eq(self.turn)
        else:
            self.take_turns(m, end, chosen)
        mine = Signal(len(self.clients))
        m.d.comb += self.begun.eq(Mux(begin, chosen & self.ask, 0))
        with m.If(begin):
            m.d.sync += mine.eq(self.begun)
        return mine

    def take_turns(self, m: Module, end: Value, chosen: Signal) -> None:
        """Choose as ``slots.turns`` says."""
        bits = {name: 1 << number for number, name in enumerate(self.clients)}
        turns = [bits.get(name, 0) for name in self.slots.turns]  # 0: of nobody here
        turn = counter(len(turns), "turn")
        m.d.comb += chosen.eq(Array(Const(bit, len(chosen)) for bit in turns)[turn])
        if len(turns) > 1:
            with m.If(end):
                m.d.sync += turn.eq(Mux(turn == len(turns) - 1, 0, turn + 1))
            with m.If(self.group & self.restart):
                m.d.sync += turn.eq(0)

    def command(
        self, m: Module, tick: Signal, second: Signal, resting: Signal, up: Signal, step: Signal,
        mine: Signal,
    ) -> None:  # fmt: skip
        """What goes to the pins, by way of a register, and what comes back."""
        slots, chip = self.slots, self.slots.chip
        place, issuing, writing = Signal(self.block.shape().elem_shape), Signal(), Signal()
        busy = mine.any() & ~resting
        with m.If(self.begun.any()):
            m.d.sync += [
                place.eq(self.of(self.begun, self.block)),
                writing.eq((self.begun & self.write).any()),
            ]
        with m.If(busy & (tick == slots.first - 1)):
            m.d.sync += issuing.eq(1)
        with m.If(issuing):
            m.d.sync += self.column.eq(self.column + 1)
            m.d.sync += issuing.eq(self.column != slots.burst - 1)
        halves = Const(0, slots.gear - 1)  # of a word: one access moves both
        inside = chip.column_bits - len(halves) - len(self.column)
        bank, row = place[inside:][: chip.bank_bits], place[inside + chip.bank_bits :]

        asleep = chip.power_up_refreshes + 1  # steps from there on, and there PRECHARGE
        load = resting & second & ~up & (step == 0)
        close = Signal()
        m.d.comb += close.eq(
            Mux(resting, second & ~up & (step == asleep), busy & (tick == slots.close))
        )
        commands = {
            Command.ACTIVATE: busy & second,
            Command.READ: issuing & ~writing,
            Command.WRITE: issuing & writing,
            Command.PRECHARGE: close,
            Command.REFRESH: resting & second & (up | (step < asleep)),
            Command.LOAD_MODE: load,  # has REFRESH's bits, and takes its last place
        }
        command = either(Mux(here, kind, 0) for kind, here in commands.items())
        # Until the first slot row and bank are 0.
        address = Mux(issuing, Cat(halves, self.column, place[:inside]), row)
        address = address | Mux(load, chip.mode(slots.gear), 0) | Mux(close, ALL_BANKS, 0)
        m.d.comb += self.issue.eq(Mux(issuing, mine, 0))
        m.d.sync += [
            self.sdram_command.eq(command),
            self.sdram_address.eq(address),
            self.sdram_bank.eq(bank),
            self.sdram_dqm.eq(~up),
            self.sdram_dq_o.eq(self.of(mine, self.word)),
            self.sdram_dq_oe.eq(issuing & writing),
            self.read.eq(self.sdram_dq_i),
        ]
        reading = Mux(issuing & ~writing, mine & ~self.drop, 0)
        m.d.comb += self.arrived.eq(delay(m, reading, slots.reply, "reading"))

    def of(self, client: Signal, rows: data.View) -> Value:
        """The row of the ``client`` whose bit is 1."""
        if len(self.clients) == 1:
            return rows[0]
        return either(Mux(client[number], rows[number], 0) for number in range(len(client)))


def either(values: Iterable[Value]) -> Value:
    """Whichever of ``values`` is not 0."""
    return functools.reduce(operator.or_, values)
