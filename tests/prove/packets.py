"""Requests on a board's link: the check is CRC-32, and no line can leave the parser stuck."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amaranth.hdl import Array, Const, Fragment, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC

from boards.packet import RequestReceiver
from boards.protocol import REQUEST_SYNC, Info, Request, Status, frame_request, pack
from prove.aiger import parse
from prove.circuit import CHOICE, CONTROL, DATA, Bench, graphs
from prove.induct import induction
from prove.reach import whole
from prove.table import BrokenError, Proof

__all__ = ["CRC", "PARSERS", "check_of", "prove_crc", "prove_parser"]

SILENCE = 8  # cycles without a byte after which the parser must be ready for a request
STALL = 8  # cycles that a byte may wait, where verdicts are taken and there is room
REPLY = 4  # cycles from a request's last byte in which its verdict comes
NUMBER = 7
FRAME, CHUNK = 3, 2  # bytes
POLYNOMIAL, ONES = 0xEDB88320, 2**32 - 1
RESIDUE = 0xDEBB20E3  # what is left of every message with its check behind it
CRC = "crc"
PARSERS = {f"parser{'_patient' * patient}{'_loads' * loads}": (patient, loads)
           for patient in (False, True) for loads in (False, True)}  # fmt: skip


def divided(m: Module, rest: Value, byte: Value) -> Value:
    """The rest of the division by the polynomial after eight bits more, the lowest first."""
    for n in range(8):
        odd, after = Signal(name=f"odd_{n}"), Signal(32, name=f"rest_{n}")
        m.d.comb += [odd.eq(rest[0] ^ byte[n]), after.eq(rest[1:] ^ Mux(odd, POLYNOMIAL, 0))]
        rest = after
    return rest


def check_of(processor: wiring.Component | None = None) -> Bench:
    """The serial CRC beside the division bit by bit, for any bytes, starts and pauses.

    And that four bytes of the check behind any message lead to the value that is looked for.
    """
    bench = Bench()
    m, rest = bench.m, Signal(32, init=ONES)
    m.submodules.crc = crc = processor or CRC32_ISO_HDLC().create()
    start, valid, byte = bench.free("start"), bench.free("valid"), bench.free("byte", 8)
    m.d.comb += [crc.start.eq(start), crc.valid.eq(valid), crc.data.eq(byte)]
    before = Signal(32)
    m.d.comb += before.eq(Mux(start, ONES, rest))
    m.d.sync += rest.eq(Mux(valid, divided(m, before, byte), before))
    bench.bad("crc", crc.crc != ~rest)
    bench.bad("match", crc.match_detected != (rest == RESIDUE))
    some = bench.free("some", 32)
    left: Value = some
    for n in range(4):
        left = divided(m, left, ~some[8 * n : 8 * n + 8])
    bench.bad("residue", left != RESIDUE)
    return bench


def request(kind: Request) -> bytes:
    """A request as the host sends it."""
    if kind is Request.QUERY:
        return pack(REQUEST_SYNC, Request.QUERY, NUMBER)
    info = Info(pixels=FRAME, colours=1, classes=2, best=1, label_bytes=1, score_bytes=1,
                chunk_pixels=CHUNK)  # fmt: skip
    return frame_request(NUMBER, bytes(range(FRAME)), info)


Parser = tuple[Fragment, RequestReceiver]


def parser(patient: bool, loads: bool, make: type[RequestReceiver]) -> Parser:
    """The parser, elaborated; ``make`` may be one that is broken."""
    part = make(FRAME, CHUNK, patient=patient, loads=loads)
    return Fragment.get(part, None), part


def state_of(fragment: Fragment) -> Signal:
    """Its state machine's register: in state 0 it hunts for a request, in 1 it has the first byte.

    From 1 another first byte leads to 1 again, so nothing need lead back to 0.
    """
    names = {signal.name: signal for statements in fragment.statements.values()
             for statement in statements for signal in statement._lhs_signals()}  # fmt: skip
    return names["fsm_state"]


def returning(patient: bool, loads: bool, make: type[RequestReceiver] = RequestReceiver) -> Bench:
    """Anything on the line for any time: no byte waits for long, and silence leads back to 0 or 1.

    Where verdicts are taken and there is room.
    """
    bench = Bench()
    m, (fragment, part) = bench.m, parser(patient, loads, make)
    m.submodules.part = fragment
    bench.feed("i", part.i)
    for name in ("fresh", "broken", "busy", "full", "room", "unready", "bad"):
        m.d.comb += getattr(part, name).eq(bench.free(name))
    m.d.comb += part.o.ready.eq(bench.free("ready"))
    willing = part.room & part.o.ready
    quiet = part.fresh & ~part.broken & ~part.i.valid
    for name, limit, here, wrong in (
        ("silent", SILENCE, willing & quiet, state_of(fragment) > 1),
        ("stalled", STALL, willing & part.i.valid & ~part.i.ready, 1),
    ):
        count = Signal(range(limit + 1), name=name)
        m.d.sync += count.eq(Mux(here, Mux(count == limit, limit, count + 1), 0))
        bench.bad(name, (count == limit) & wrong)
    return bench


def answering(
    patient: bool,
    loads: bool,
    text: bytes,
    wanted: Status,
    make: type[RequestReceiver] = RequestReceiver,
) -> Bench:
    """``text``, to a parser that hunts for it: every other register may hold anything."""
    bench = Bench()
    m, (fragment, part) = bench.m, parser(patient, loads, make)
    m.submodules.part = fragment
    at, after = Signal(range(len(text) + 1)), Signal(range(REPLY + 1))
    sent, answered = at == len(text), Signal()
    m.d.comb += [
        part.i.valid.eq(bench.choice("valid") & ~sent),
        part.i.payload.eq(Array(Const(byte, 8) for byte in (*text, 0))[at]),
        part.fresh.eq((at == 0) & bench.choice("fresh")),
        part.room.eq(1),
        part.o.ready.eq(bench.choice("ready")),
    ]
    with m.If(part.i.valid & part.i.ready):
        m.d.sync += at.eq(at + 1)
    right = (part.o.payload.status == wanted) & (part.o.payload.number == NUMBER)
    with m.If(part.o.valid):
        m.d.sync += answered.eq(1)
    with m.If(sent & (after != REPLY)):
        m.d.sync += after.eq(after + 1)
    bench.sees("silent", (after == REPLY) & ~answered)
    bench.sees("wrong", part.o.valid & ~(right & sent))
    bench.sees("answered", answered)
    return bench


def prove_parser(
    name: str,
    patient: bool,
    loads: bool,
    folder: Path,
    make: type[RequestReceiver] = RequestReceiver,
) -> Iterator[Proof]:
    """From whatever state back to the first, and from there to an answer. Raises BrokenError."""
    of = f"RequestReceiver, patient={patient}, loads={loads}"
    graphs({name: returning(patient, loads, make)}, folder, [DATA])
    what = f"parser: after {SILENCE} silent cycles it hunts again; no byte waits {STALL} cycles"
    yield Proof(what, of, "induction", str(induction(name, folder)))
    for kind, wanted in ((Request.QUERY, Status.INFO), (Request.FRAME, Status.RESULT)):
        for before in (b"", REQUEST_SYNC[:1]):  # in state 0, and so in 1
            bench = f"{name}_{kind.name.lower()}_{len(before)}"
            text = before + request(kind)
            graphs({bench: answering(patient, loads, text, wanted, make)}, folder, [CONTROL])
            graph = parse((folder / f"{bench}.{CONTROL}").read_text())
            space = whole(graph.forgotten("part.", "part.fsm_state"), CHOICE)
            for output in ("silent", "wrong"):
                if space.seen[f"sees_{output}"].any():
                    raise BrokenError(f"{of}: a {kind.name} gets no answer, or not the right one")
            if not space.seen["sees_answered"].any():
                raise BrokenError(f"{of}: no {kind.name} is answered")
            what = f"parser: while it hunts a right {kind.name} is answered"
            what += ", behind half a sync" * len(before)
            yield Proof(what, of, "all states", str(space))


def prove_crc(folder: Path) -> Iterator[Proof]:
    """The check. Raises BrokenError."""
    graphs({CRC: check_of()}, folder, [DATA])
    what = "the serial CRC is the division by its polynomial, and what it ends with"
    yield Proof(what, "CRC-32 of packets", "induction", str(induction(CRC, folder)))
