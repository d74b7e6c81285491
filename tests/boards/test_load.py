"""Weights over the link into a memory outside the chip, and what a board says without them."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped
from cores import SumCore, answer, sum_info
from sdram_bench import contents, words_unit
from serial_line import CLOCK_HZ, SimulatedPort

from boards.link import Link, LinkError
from boards.protocol import Info, Memory, Request, Status
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw.errors import ParameterError
from rtl_gen.sdram_words import SdramWords
from sim.sdram import SdramModel
from sim.sdram_board import WithSdram

DIVISOR = 4
IDLE_S = 12 * 10 * DIVISOR / CLOCK_HZ
UNIT = words_unit(20, 25)
WORDS = SdramWords.filling(UNIT, contents(UNIT))


class Loaded(wiring.Component):
    """A SumCore beside words from an SDRAM, of which ``kept`` are kept; nobody reads them."""

    def __init__(self, kept: int):
        self.kept = kept
        faces = SumCore(6, 1).signature.members
        more = {"i_fill": In(stream.Signature(16)), "ready": Out(1), "bad": Out(1)}
        super().__init__({"i": faces["i"], "o": faces["o"], **more})

    def elaborate(self, platform):
        m = Module()
        part, chip = SdramWords(UNIT, contents(UNIT)), UNIT.slots.chip
        m.submodules.core = core = SumCore(6, 1)
        m.submodules.words = words = WithSdram(part, SdramModel(chip, 25, self.kept))
        connect(m, flipped(self.i), core.i)
        connect(m, core.o, flipped(self.o))
        connect(m, flipped(self.i_fill), words.i_fill)
        m.d.comb += [self.ready.eq(words.ready), self.bad.eq(words.bad)]
        return m


def info(words: int = len(WORDS)) -> Info:
    return Info(**{**vars(sum_info(6, 1)), "load_words": words})


def start(kept: int = UNIT.slots.chip.words) -> tuple[SimulatedPort, Link]:
    shell = Shell(
        Loaded(kept),
        info=info(),
        link=SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR, idle_s=IDLE_S),
    )
    port = SimulatedPort(shell, DIVISOR, timeout_s=3 * IDLE_S)
    return port, Link(port, idle_s=IDLE_S, sleep=port.sleep)


def refusal(link: Link) -> Status | None:
    with pytest.raises(LinkError) as found:
        link.classify(bytes(6))
    return found.value.status


def test_frames_are_answered_when_the_weights_are_there():
    _, link = start()
    assert link.query() == info() and link.memory() == (Memory.WANTED, 0)
    assert refusal(link) is Status.UNLOADED
    with pytest.raises(ParameterError, match=r"^weights: must have 22 words \(got 21\)$"):
        link.load(WORDS[1:])
    with pytest.raises(LinkError, match="^board: finds other words in the memory outside its chip"):
        link.load([WORDS[0] ^ 1, *WORDS[1:]], tries=1)
    assert link.memory() == (Memory.BAD, 0)
    assert refusal(link) is Status.SPOILT
    link.load(WORDS)
    assert link.memory() == (Memory.READY, len(WORDS))
    frame = bytes(range(6))
    assert link.classify(frame) == answer(frame, 1)
    link.load(WORDS)  # they are there


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"\x00", b"\xff\xfe\xfd"])
def test_what_is_damaged_on_the_way_is_sent_again(damage):
    port, link = start()
    send, sent = port.write, []

    def write(data: bytes) -> None:
        if data[3] == Request.WORDS:
            sent.append(len(data))
            if len(sent) == 1:  # some bytes in the middle are lost, or others
                data = data[:20] + (damage if len(damage) > 1 else b"") + data[23:]
        send(data)

    port.write = write
    link.load(WORDS)
    assert len(sent) > 1 and link.memory()[0] is Memory.READY


@pytest.mark.slow
def test_a_broken_memory_is_said():
    _, link = start(kept=2)
    with pytest.raises(LinkError, match="the memory is broken or missing"):
        link.load(WORDS, tries=1)


def test_a_core_without_a_memory_loads_nothing():
    said = "^core SumCore: must have i_fill, ready and bad, for there are words to load"
    with pytest.raises(ParameterError, match=said):
        Shell(
            SumCore(6, 1), info=info(), link=SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR)
        )
