"""Frames in chunks: played while they come, given up in the middle, and never mixed."""

import random
import zlib
from dataclasses import replace

import pytest
from amaranth.sim import Simulator
from cores import SumCore, answer, sum_info
from serial_line import CLOCK_HZ, SimulatedPort

from boards.chunk_buffer import ChunkBuffer
from boards.link import Link, LinkError, read_reply
from boards.protocol import Status, frame_request, payload_bytes
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw.errors import ParameterError

DIVISOR = 4
BYTE = 10 * DIVISOR  # cycles
IDLE_S = 12 * BYTE / CLOCK_HZ
PIXELS, COLOURS, CHUNK = 22, 3, 8  # chunks of 8, 8 and 6 pixels
NUMBER = 77
INFO = replace(sum_info(PIXELS, COLOURS), chunk_pixels=CHUNK)
HEAD = 8  # bytes before the pixels


def connect(**core) -> tuple[SimulatedPort, Link]:
    shell = Shell(
        SumCore(PIXELS, COLOURS, **core),
        info=INFO,
        link=SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR, idle_s=IDLE_S),
    )
    port = SimulatedPort(shell, DIVISOR, timeout_s=4 * IDLE_S)
    return port, Link(port, idle_s=IDLE_S, sleep=port.sleep)


def frames(count: int) -> list[bytes]:
    dice = random.Random(3)
    return [dice.randbytes(INFO.frame_bytes) for _ in range(count)]


def test_a_crc_stands_behind_each_chunk():
    frame = frames(1)[0]
    sent = frame_request(NUMBER, frame, INFO)
    assert len(sent) == HEAD + payload_bytes(66, 24) + 4 == HEAD + 66 + 3 * 4
    at = 2
    for first, last in ((0, 24), (24, 48), (48, 66)):
        end = (HEAD if at == 2 else at) + last - first
        check = zlib.crc32(sent[at:end]).to_bytes(4, "little")
        assert sent[end : end + 4] == check and sent[end - last + first : end] == frame[first:last]
        at = end + 4
    assert at == len(sent) and sent[4:7] == (1 + 66 + 8).to_bytes(3, "little")


def test_frames_of_several_chunks_one_after_the_other():
    _, link = connect(pause=7)
    assert link.query() == INFO
    for frame in frames(3):
        assert link.classify(frame) == answer(frame, COLOURS)


def refusal(port: SimulatedPort, sent: bytes) -> Status:
    """What the board says of raw bytes; the line is idle again then."""
    port.write(sent)
    found = read_reply(port.read)
    port.flush()
    port.sleep(1.5 * IDLE_S)
    return found.status


@pytest.mark.parametrize("at", [HEAD + 3, HEAD + 25, HEAD + 30, HEAD + 54, HEAD + 70, -1])
def test_a_frame_damaged_in_any_chunk_leaves_nothing_behind(at):
    port, link = connect()
    good, other = frames(2)
    sent = bytearray(frame_request(NUMBER, good, INFO))
    sent[at] ^= 0x04
    for _ in range(2):
        assert refusal(port, sent) is Status.BAD_CHECK
        assert link.classify(other) == answer(other, COLOURS)


@pytest.mark.parametrize("sent", [HEAD, HEAD + 10, HEAD + 28, HEAD + 40, HEAD + 60, HEAD + 77])
def test_a_frame_that_breaks_off_leaves_nothing_behind(sent):
    port, link = connect()
    good, other = frames(2)
    for _ in range(2):
        assert refusal(port, frame_request(NUMBER, good, INFO)[:sent]) is Status.TIMEOUT
        assert link.classify(other) == answer(other, COLOURS)


def test_while_the_rest_of_a_broken_frame_is_made_up_others_are_refused():
    port, link = connect(pause=400)
    good, other = frames(2)
    with pytest.raises(LinkError, match="is busy with a frame that broke off") as error:
        assert refusal(port, frame_request(NUMBER, good, INFO)[: HEAD + 40]) is Status.TIMEOUT
        link.classify(other)
    assert error.value.status is Status.BUSY
    port.sleep(PIXELS * 400 / CLOCK_HZ)
    with pytest.raises(LinkError, match="takes pixels more slowly than they come"):
        link.classify(other)


def test_a_core_that_is_too_slow_for_the_line_is_named():
    _, link = connect(pause=6 * BYTE)
    with pytest.raises(LinkError, match="takes pixels more slowly than they come; send it again"):
        link.classify(frames(1)[0])


def played(pixels: int, chunk: int, beats: list[bytes], gaps: random.Random) -> list[bytes]:
    """What the buffer gives of whole frames, to a reader that stalls."""
    buffer, found = ChunkBuffer(pixels, 1, chunk), []

    async def write(ctx):
        for frame in beats:
            for at in range(0, pixels, chunk):
                while ctx.get(buffer.full):
                    await ctx.tick()
                ctx.set(buffer.start, 1)
                await ctx.tick()
                ctx.set(buffer.start, 0)
                for byte in frame[at : at + chunk]:
                    ctx.set(buffer.i.payload, byte)
                    ctx.set(buffer.i.valid, 1)
                    await ctx.tick()
                ctx.set(buffer.i.valid, 0)
                await ctx.tick()
                ctx.set(buffer.play, 1)
                await ctx.tick()
                ctx.set(buffer.play, 0)

    async def read(ctx):
        while len(found) < pixels * len(beats):
            ctx.set(buffer.o.ready, gaps.random() < 0.5)
            _, _, valid, ready, pixel = await ctx.tick().sample(
                buffer.o.valid, buffer.o.ready, buffer.o.payload[0]
            )
            if valid and ready:
                found.append(pixel)
        assert not ctx.get(buffer.busy)

    simulator = Simulator(buffer)
    simulator.add_clock(1e-6)
    simulator.add_testbench(write)
    simulator.add_testbench(read)
    simulator.run()
    return [bytes(found[at : at + pixels]) for at in range(0, len(found), pixels)]


@pytest.mark.parametrize("pixels, chunk", [(1, 1), (3, 1), (4, 4), (5, 4), (8, 4), (9, 2), (3, 16)])
def test_the_buffer_keeps_every_pixel(pixels, chunk):
    dice = random.Random(pixels)
    sent = [dice.randbytes(pixels) for _ in range(4)]
    assert played(pixels, chunk, sent, dice) == sent


def test_chunks_are_powers_of_two():
    with pytest.raises(ParameterError, match="^ChunkBuffer: chunk must be a power of two .got 6"):
        ChunkBuffer(9, 1, 6)
