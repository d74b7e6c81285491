"""A board on USB: the driver through its pins, and what a bad wire does."""

from __future__ import annotations

import struct

import pytest
from usb_cases import (
    CLOCK_HZ,
    IDLE_S,
    INFO,
    KINDS,
    NETWORK,
    build,
    faulty_run,
    interrupted_run,
    link_over,
    pictures,
    plugged,
    right,
)

import boards
from boards.accelerator import Accelerator
from boards.links import Usb
from boards.protocol import (
    REPLY_SYNC,
    REQUEST_SYNC,
    Request,
    Status,
    frame_request,
    pack,
    reply_bytes,
    request_bytes,
)
from boards.usb import descriptors
from boards.usb.link import SLOTS, UsbLink
from boards.usb.packets import PACKET
from fq_hw.errors import ParameterError, SimulationError
from sim.usb_host import IN
from sim.usb_packets import (
    BIT_PS,
    J,
    K,
    Pid,
    crc5,
    crc16,
    data_packet,
    packet_in,
    states_of,
    token,
)

verilated = pytest.mark.verilator


@pytest.fixture(scope="module")
def program(programs):
    return build(programs)


# Published: USB-IF's "CRC in USB", 2000, and RevEng's catalogue of CRCs.
@pytest.mark.parametrize(
    ("address", "endpoint", "check"),
    [(0x15, 0xE, 0b11101), (0x3A, 0xA, 0b00111), (0x70, 0x4, 0b01110)],
)
def test_crc5_of_tokens_as_published(address, endpoint, check):
    assert crc5(address | endpoint << 7) == check
    assert token(Pid.SETUP, 0).hex() == "2d0010" and token(Pid.SOF, 1).hex() == "a501e8"


def test_crc16_as_published():
    assert crc16(b"123456789") == 0xB4C8
    assert f"{crc16(bytes([0, 1, 2, 3])):016b}"[::-1] == f"{0xF75E:016b}"
    assert f"{crc16(bytes([0x23, 0x45, 0x67, 0x89])):016b}"[::-1] == f"{0x7038:016b}"
    assert data_packet(Pid.DATA1, b"") == b"\x4b\0\0"


def test_a_packet_is_what_its_wire_says():
    """Six ones are followed by a zero, at a packet's end, too; SYNC's one counts."""
    for raw in (token(Pid.IN, 0x7FF), data_packet(Pid.DATA0, b"\xff" * 9), b"\xff\xfc"):
        runs = [(state, count * round(BIT_PS)) for state, count in states_of(raw)]
        assert packet_in(runs) == raw
        assert max(count for state, count in states_of(raw)[:-2]) <= 7
    good = [(state, count * round(BIT_PS)) for state, count in states_of(b"\x12\x34")]
    for bad in (
        good[:-2] + good[-1:],  # no end
        [(K, 9 * good[0][1]), *good[1:]],
        [(state, ps * 1.3) for state, ps in good],
        [(J, good[0][1]), *good],
    ):
        with pytest.raises(SimulationError, match="^rtl-sim through the USB pins: "):
            packet_in(bad)


def test_the_descriptors_say_a_serial_port():
    """Field by field, as CDC 1.2 and PSTN 1.2 have them."""
    device = struct.unpack("<BBHBBBBHHHBBBB", descriptors.device())
    assert device == (18, 1, 0x200, 2, 0, 0, 64, 0x1209, 1, 0x100, 1, 2, 0, 1)
    whole = descriptors.configuration()
    assert int.from_bytes(whole[2:4], "little") == len(whole)
    parts, left = [], whole
    while left:
        parts.append(left[: left[0]])
        left = left[left[0] :]
    kinds = [(part[1], part[2]) for part in parts]
    assert kinds[1:] == [(4, 0), (0x24, 0), (0x24, 1), (0x24, 2), (0x24, 6), (5, 0x82), (4, 1),
                         (5, 1), (5, 0x81)]  # fmt: skip


def test_somebody_elses_parser_reads_the_descriptors():
    """usb-protocol's, of the authors of LUNA."""
    from usb_protocol.types import descriptors as known

    device = known.DeviceDescriptor.parse(descriptors.device())
    assert (device.idVendor, device.bDeviceClass, device.bMaxPacketSize0) == (0x1209, 2, 64)
    left, ends = descriptors.configuration(), []
    assert known.ConfigurationDescriptor.parse(left).bNumInterfaces == 2
    while left:
        if left[1] == 5:
            ends.append(known.EndpointDescriptor.parse(left[: left[0]]))
        left = left[left[0] :]
    assert [(e.bEndpointAddress, e.bmAttributes, e.wMaxPacketSize) for e in ends] == [
        (0x82, 3, 8), (1, 2, 64), (0x81, 2, 64)
    ]  # fmt: skip


@verilated
@pytest.mark.parametrize("off", [0, 0.0024, -0.0024])
def test_every_frame_has_its_own_answer(off, program):
    """With the host's clock as far away as may be; each answer within 6.5 bits, or it raises."""
    frames = pictures(6)
    with plugged(program, bit_ps=BIT_PS * (1 + off)) as port:
        board = Accelerator(port, NETWORK, idle_s=0.0001, tries=1)
        found = list(board.run(iter(frames)))
        assert all(right(f, one.scores) for f, one in zip(frames, found, strict=True))
    assert board.tally.errors == {}


@verilated
def test_enumeration_and_requests(program):
    with plugged(program) as port:
        host = port.host
        found = host.enumerate()
        assert (found.device, found.configuration) == (
            descriptors.device(), descriptors.configuration()
        )  # fmt: skip
        assert found.strings == {1: "fq-hw", 2: "fq-hw accelerator"}
        assert host.ask(IN, 8, 0, 0, 1) == b"\1"
        assert host.ask(IN, 0, 0, 0, 2) == host.ask(IN | 2, 0, 0, 0x81, 2) == b"\0\0"
        assert host.ask(0xA1, 0x21, 0, 0, 7) == descriptors.LINE_CODING
        assert host.ask(IN, 6, 0x0200, 0, 64) == descriptors.configuration()[:64]
        for refused in ((IN, 6, 0x0600, 0, 10), (0, 3, 1), (0x40, 1), (0x21, 0x23), (0, 9, 2)):
            assert host.control(*refused) is None, refused
        assert host.take(2) == (Pid.NAK, b"")  # no notices, ever
        assert host.take(3) == (None, b"")  # nobody
        host.ask(0, 9, 0)
        assert host.ask(IN, 8, 0, 0, 1) == b"\0"
        assert host.take(1) == (None, b"")
        host.ask(0, 9, 1)
        host.address = 9
        assert host.give(Pid.SETUP, 0, Pid.DATA0, bytes(8)) is None  # somebody else


@verilated
def test_a_halt_that_is_cleared_begins_with_data0(program):
    with plugged(program) as port:
        link_over(port).query()
        for way, number in ((Pid.OUT, port.out), (Pid.IN, port.into)):
            port.host.ask(2, 1, 0, number | (IN if way == Pid.IN else 0))
            port.host.toggles[way, number] = 0
        assert link_over(port).query() == INFO


@verilated
def test_a_reply_of_whole_packets_ends_with_an_empty_one(program):
    """A host that asks for more than there is must not wait."""
    assert reply_bytes(INFO) == PACKET
    with plugged(program) as port:
        link = link_over(port)
        link.query()
        link.send(pictures(1)[0])
        packets = [port.host.get(port.into) for _ in range(80)]
    assert [len(one) for one in packets if one is not None] == [PACKET, 0]


@verilated
def test_opening_the_port_begins_a_request(program):
    """At once, with no time for the idle rule, and behind all that came before."""
    frame, query = pictures(1)[0], pack(REQUEST_SYNC, Request.QUERY, 9)
    with plugged(program) as port:
        port.read(1)
        port.write(frame_request(8, frame.tobytes(), INFO)[:100])
        port.close()
        port.open()
        port.write(query)
        said = port.read(999)
    first = pack(REPLY_SYNC, Status.TIMEOUT, 8)
    assert said.startswith(first) and said[len(first) + 3] == Status.INFO
    assert said[len(first) + 7] == 9


@verilated
def test_what_there_is_no_room_for_waits_on_the_host(program):
    """Nobody reads replies: the board takes so many requests and no more, and loses none."""
    frame = pictures(1)[0]
    with plugged(program) as port:
        link = link_over(port)
        link.query()
        taken = 0
        raw = frame_request(7, frame.tobytes(), INFO)
        while port.host.put(port.out, (raw * 99)[64 * taken : 64 * taken + 64]):
            taken += 1
            assert taken < 200, "it must say NAK one day"
        assert taken >= SLOTS
        whole = 64 * taken // len(raw)
        said = port.read(whole * reply_bytes(INFO))
        assert said == said[: reply_bytes(INFO)] * whole


@verilated
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_wire_loses_nothing(program, kind):
    """The host sends again what was not answered, as USB has it."""
    found, did = faulty_run(program, 8, 3, 6, (kind,))
    assert found == {"right": 8, "clean right": 3} and did[kind] >= 3, (found, did)


@verilated
def test_a_host_that_goes_away_anywhere_loses_its_frame_alone(program):
    found = interrupted_run(program, 8, 5)
    assert found["then right"] == 8, found


@verilated
@pytest.mark.slow
def test_a_thousand_frames(program):
    found, did = faulty_run(program, 1000, 5, 12)
    assert not found["wrong"] and did.total() > 300 and found["right"] >= 990, (found, did)
    found = interrupted_run(program, 100, 6)
    assert found["then right"] == 100, found


def test_boards_without_pins_are_refused():
    with pytest.raises(ParameterError, match="^--link usb: colorlight-i5 has no pins for USB that"):
        Usb().check(boards.find("colorlight-i5"), 25e6)


@pytest.mark.parametrize("board", [b for b in boards.BOARDS if b.usb], ids=lambda b: b.name)
def test_its_clock_is_48_mhz(board):
    """Within 0.25 %: ULX3S's PLL makes 48.08 of 25."""
    setting = Usb().setting(board)
    assert abs(float(setting.mhz if setting else board.clock_mhz) / 48 - 1) < 0.0025


def test_the_figure_of_a_board_counts_every_packet():
    sent, come = request_bytes(INFO), reply_bytes(INFO)
    assert (sent, come) == (170, 64)
    # Two full packets and the rest; the reply, and the empty packet; of 1,500 bytes a millisecond.
    rate = 1 / (1e-3 * (2 / 19 + (42 + 13) / 1500 + 1 / 19 + 13 / 1500))
    assert Usb().frames_per_second(INFO, 100e6) == pytest.approx(rate)
    assert str(Usb()) == "USB, 12 Mbit/s"


def test_an_idle_time_of_no_cycle_is_refused():
    with pytest.raises(ParameterError, match="^UsbLink: idle_s must be longer than a cycle"):
        UsbLink(clock_hz=CLOCK_HZ, idle_s=IDLE_S / 1e9)
