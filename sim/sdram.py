"""An SDRAM chip, which watches every rule, in cycles of its own clock.

What it samples are its pins at a cycle's end. It is written once, in Amaranth: Amaranth's simulator
runs it, and Verilator what is emitted of it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from amaranth.hdl import Array, Cat, ClockSignal, Instance, Module, Mux, Signal, Value
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import Out

from fq_hw.schedule.sdram import SdramChip
from rtl_gen.sdram.pins import ALL_BANKS, Command, chip_pins

__all__ = ["Rule", "SdramModel"]


class Rule(enum.IntEnum):
    """What a controller can do wrong; the first that was broken is kept."""

    NONE = 0
    POWER_UP = 1  # a command before the chip is awake
    START = 2  # ACTIVATE before enough REFRESH and the right LOAD MODE
    RCD = 3
    RP = 4
    RAS = 5
    RC = 6
    RRD = 7
    RFC = 8
    WR = 9
    MRD = 10
    CLOSED = 11  # READ or WRITE in a bank without an open row
    OPEN = 12  # ACTIVATE in a bank with one; REFRESH or LOAD MODE while there is one
    LATE = 13  # refreshed too seldom
    CONTENTION = 14  # both sides drive the data pins, or one follows the other too closely
    UNDRIVEN = 15  # nobody drives the data pins in a WRITE
    MASKED = 16  # dqm hides what is read
    COMMAND = 17  # one that the model has not: STOP
    ADDRESS = 18  # beyond the words that the model keeps
    CUT = 19  # READ, WRITE or PRECHARGE before the last word of an access


class SdramModel(wiring.Component):
    """The chip: what it answers, and which rule of its data sheet was broken first.

    Members     sdram_*: as the chip's pins see them: ``chip_pins``, the other way round
                rule: Out(Rule), of the first rule that was broken
    Words       depth of them, at row, bank, column, the column lowest, all kept over a reset;
                ``words`` are there from the start
    Clock       ``gear`` times ``clock_mhz``; an access moves ``gear`` words, one a cycle
    Latency     cas cycles from READ to its first word
    Errors      never stops: watch ``rule``
    verilog     whether the words lie in a module, ``sdram_board.STORE``, that Verilator is given
    """

    def __init__(
        self,
        chip: SdramChip,
        clock_mhz: float,
        depth: int,
        words: Iterable[int] = (),
        *,
        gear: int = 1,
        verilog: bool = False,
    ):
        self.chip, self.cycles, self.depth = chip, chip.cycles(clock_mhz, gear), depth
        self.words, self.gear, self.verilog = list(words), gear, verilog
        faces = {name: member.flip() for name, member in chip_pins(chip).items()}
        super().__init__({**faces, "rule": Out(Rule)})

    def elaborate(self, platform):
        m = Module()
        chip, command, bank = self.chip, self.sdram_command, self.sdram_bank
        is_ = {kind: Signal(name=f"is_{kind.name.lower()}") for kind in Command}
        for kind, here in is_.items():
            m.d.comb += here.eq(command == kind)
        every = self.sdram_address & ALL_BANKS != 0
        access = is_[Command.READ] | is_[Command.WRITE]
        banks = 1 << chip.bank_bits
        opened = Signal(banks)
        row = Array(Signal(chip.row_bits, name=f"row_{n}") for n in range(banks))
        hit = [Signal(name=f"hit_{n}") for n in range(banks)]
        for n, here in enumerate(hit):
            shut = is_[Command.PRECHARGE] & every
            m.d.comb += here.eq((bank == n) | shut)
        with m.If(is_[Command.ACTIVATE]):
            m.d.sync += row[bank].eq(self.sdram_address)
        shuts = is_[Command.PRECHARGE] | (access & every)  # by itself, behind an access
        for n in range(banks):
            with m.If(hit[n] & is_[Command.ACTIVATE]):
                m.d.sync += opened[n].eq(1)
            with m.Elif(hit[n] & shuts):
                m.d.sync += opened[n].eq(0)
        broken = {rule: Signal(name=f"broken_{rule.name.lower()}") for rule in Rule}
        self.wait(m, is_, hit, opened, every, broken)
        self.live(m, is_, broken)
        m.d.comb += [
            broken[Rule.CLOSED].eq(access & ~opened.bit_select(bank, 1)),
            broken[Rule.OPEN].eq(
                (is_[Command.ACTIVATE] & opened.bit_select(bank, 1))
                | ((is_[Command.REFRESH] | is_[Command.LOAD_MODE]) & opened.any())
            ),
            broken[Rule.COMMAND].eq(is_[Command.STOP]),
        ]
        column = self.sdram_address[: chip.column_bits]
        self.move(m, is_, Cat(column, bank, row[bank]), broken)
        with m.If(self.rule == Rule.NONE):
            for rule, here in reversed(broken.items()):
                with m.If(here):
                    m.d.sync += self.rule.eq(rule)
        return m

    def wait(
        self, m: Module, is_: Mapping[Command, Signal], hit: list[Signal], opened: Signal,
        every: Value, broken: Mapping[Rule, Signal],
    ) -> None:  # fmt: skip
        """Times between commands: each counts down what is left of it."""
        c, behind = self.cycles, self.gear - 1  # words of an access behind the first
        any_ = ~is_[Command.NOTHING]
        access = is_[Command.READ] | is_[Command.WRITE]

        def left(name: str, cycles: int, begins: Value) -> Signal:
            count = Signal(range(cycles + 1), name=f"left_{name}")
            with m.If(begins):
                m.d.sync += count.eq(cycles - 1)
            with m.Elif(count != 0):
                m.d.sync += count.eq(count - 1)
            return count

        refreshed = left("rfc", c.rfc, is_[Command.REFRESH])
        loaded = left("mrd", c.mrd, is_[Command.LOAD_MODE])
        another = left("rrd", c.rrd, is_[Command.ACTIVATE])
        wrong: dict[Rule, list[Value]] = {rule: [] for rule in Rule}
        wrong[Rule.RFC] = [any_ & (refreshed != 0)]
        wrong[Rule.MRD] = [any_ & (loaded != 0)]
        wrong[Rule.RRD] = [is_[Command.ACTIVATE] & (another != 0)]
        idle = is_[Command.REFRESH] | is_[Command.LOAD_MODE]
        for n, here in enumerate(hit):
            activate = here & is_[Command.ACTIVATE]
            rcd = left(f"rcd_{n}", c.rcd, activate)
            ras = left(f"ras_{n}", c.ras, activate)
            rc = left(f"rc_{n}", c.rc, activate)
            wr = left(f"wr_{n}", c.wr + behind, here & is_[Command.WRITE])
            rp = Signal(range(c.ras + c.wr + behind + c.rp + 1), name=f"left_rp_{n}")
            shut = here & is_[Command.PRECHARGE] & (opened[n] | (rp == 0))
            with m.If(rp != 0):
                m.d.sync += rp.eq(rp - 1)
            with m.If(shut):
                m.d.sync += rp.eq(c.rp - 1)
            with m.If(here & access & every):  # it closes itself as early as it may
                least = Mux(is_[Command.WRITE], c.wr, 1) + behind
                m.d.sync += rp.eq(Mux(ras > least, ras, least) + c.rp - 1)
            wrong[Rule.RCD].append(here & access & (rcd != 0))
            wrong[Rule.RAS].append(shut & opened[n] & (ras != 0))
            wrong[Rule.WR].append(shut & (wr != 0) & opened[n])
            wrong[Rule.RC].append((activate | idle) & (rc != 0))
            wrong[Rule.RP].append((activate | idle) & (rp != 0))
        for rule, found in wrong.items():
            if found:
                m.d.comb += broken[rule].eq(Cat(found).any())

    def live(self, m: Module, is_: Mapping[Command, Signal], broken: Mapping[Rule, Signal]) -> None:
        """The start, and refreshes: a debt grows every cycle, and each pays for one interval."""
        chip, c = self.chip, self.cycles
        asleep = Signal(range(c.power_up + 1), init=c.power_up)
        refreshes = Signal(range(chip.power_up_refreshes + 1))
        mode, up = Signal.like(self.sdram_address, init=~0), Signal()
        debt = Signal(range(2 * c.refresh + 2))
        ready = (refreshes == chip.power_up_refreshes) & (mode == chip.mode(self.gear))
        with m.If(asleep != 0):
            m.d.sync += asleep.eq(asleep - 1)
        with m.If(is_[Command.REFRESH] & (refreshes != chip.power_up_refreshes)):
            m.d.sync += refreshes.eq(refreshes + 1)
        with m.If(is_[Command.LOAD_MODE]):
            m.d.sync += mode.eq(self.sdram_address)
        with m.If(ready):
            m.d.sync += up.eq(1)
        paid = Mux(debt > c.refresh, debt - c.refresh, 0)
        with m.If(up):
            m.d.sync += debt.eq(Mux(is_[Command.REFRESH], paid, debt) + 1)
        m.d.comb += [
            broken[Rule.POWER_UP].eq(~is_[Command.NOTHING] & (asleep != 0)),
            broken[Rule.START].eq(is_[Command.ACTIVATE] & ~ready),
            broken[Rule.LATE].eq(debt > 2 * c.refresh),
        ]

    def move(
        self, m: Module, is_: Mapping[Command, Signal], address: Value,
        broken: Mapping[Rule, Signal],
    ) -> None:  # fmt: skip
        """Words in and out."""
        width, c = self.chip.width, self.cycles
        where, word = Signal(32), Signal(width)
        write = Signal(width // 8)
        access = is_[Command.READ] | is_[Command.WRITE]
        reading, writing, going = is_[Command.READ], is_[Command.WRITE], Signal()
        m.d.comb += where.eq(address)
        if self.gear > 1:  # the other word of a pair follows
            again, writes = Signal.like(where), Signal()
            m.d.sync += [going.eq(access), writes.eq(writing), again.eq(address ^ 1)]
            reading, writing = reading | (going & ~writes), writing | (going & writes)
            with m.If(going):
                m.d.comb += where.eq(again)
        m.d.comb += write.eq((writing & ~self.sdram_dqm).replicate(width // 8))
        self.keep(m, where, write, word)
        line = [(reading, word)]
        for n in range(c.cas):
            there, late = Signal(name=f"there_{n}"), Signal(width, name=f"word_{n}")
            m.d.sync += [there.eq(line[-1][0]), late.eq(line[-1][1])]
            line.append((there, late))
        there, late = line[-1]
        driven = [there]
        for n in range(c.turn - 1):
            before = Signal(name=f"driven_{n}")
            m.d.sync += before.eq(driven[-1])
            driven.append(before)
        masked = [self.sdram_dqm]
        for n in range(2):
            before = Signal(name=f"masked_{n}")
            m.d.sync += before.eq(masked[-1])
            masked.append(before)
        m.d.comb += [
            # What nobody drives is neither 0 nor what was there.
            self.sdram_dq_i.eq(Mux(there & ~masked[-1], late, ~late)),
            broken[Rule.CONTENTION].eq(self.sdram_dq_oe & Cat(driven).any()),
            broken[Rule.UNDRIVEN].eq(writing & ~self.sdram_dq_oe),
            broken[Rule.MASKED].eq(there & masked[-1]),
            broken[Rule.ADDRESS].eq((reading | writing) & (where >= self.depth)),
            broken[Rule.CUT].eq(going & (access | is_[Command.PRECHARGE])),
        ]

    def keep(self, m: Module, address: Signal, write: Signal, word: Signal) -> None:
        """``word`` is what lies at ``address``; the bytes that are written."""
        if self.verilog:
            m.submodules.kept = Instance(
                "sdram_store", p_WIDTH=self.chip.width, p_DEPTH=self.depth,
                i_clk=ClockSignal(), i_address=address,
                i_write=write, i_w_data=self.sdram_dq_o, o_r_data=word,
            )  # fmt: skip
            return
        ram = memory.Memory(shape=self.chip.width, depth=self.depth, init=self.words)
        m.submodules.kept = ram
        read, port = ram.read_port(domain="comb"), ram.write_port(granularity=8)
        m.d.comb += [
            read.addr.eq(address), word.eq(read.data),
            port.addr.eq(address), port.data.eq(self.sdram_dq_o), port.en.eq(write),
        ]  # fmt: skip
