"""The rules of streams, of every component that has any: units in corner cases, and all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from amaranth.hdl import unsigned

from prove.aiger import parse
from prove.circuit import CHOICE, CONTROL, DATA, Bench, graphs
from prove.handshake import around, conserved, held, moving, rates
from prove.induct import UndecidedError, bounded, induction
from prove.reach import explore
from prove.table import Proof
from rtl_gen.skid_buffer import SkidBuffer
from sim.zoo import ZOO, random_vectors

__all__ = ["of_skid_buffer", "of_unit", "prove"]

HELD = "valid holds until taken"
KEPT = "no beat is lost or made"
MOVES = "nothing stands still, valid waits for no ready"
STABLE = "payload holds until taken"
CYCLES = 30  # after the first state, that are looked at where no invariant is found


def of_unit(name: str, folder: Path) -> Iterator[Proof]:
    """Everything of the unit ``name`` of the zoo. Raises BrokenError."""
    unit = ZOO[name]
    vectors = random_vectors(unit)
    bench = around(unit, vectors)
    named = f"{type(unit).__name__} {name}"
    yield from prove(name, named, bench, tuple(unit.ins), tuple(unit.outs), rates(vectors), folder)


def of_skid_buffer(folder: Path) -> Iterator[Proof]:
    """The same of a skid buffer, which is no unit. Raises BrokenError."""
    bench, part = Bench(), SkidBuffer(unsigned(3))
    bench.m.submodules.part = part
    bench.feed("i", part.i)
    bench.take("o", part.o)
    yield from prove("skid", "SkidBuffer", bench, ("i",), ("o",), {"i": 1, "o": 1}, folder)


def prove(
    name: str, named: str, bench: Bench, ins: tuple[str, ...], outs: tuple[str, ...],
    beats: Mapping[str, int], folder: Path,
) -> Iterator[Proof]:  # fmt: skip
    """What holds for a component with streams ``ins`` and ``outs``; ``beats`` are those of each.

    ``named`` is how the table calls it.
    """
    stable = any(port.startswith("bad_") for port in bench.ports)
    graphs({name: bench}, folder, [CONTROL, DATA] if stable else [CONTROL])
    space = explore(parse((folder / f"{name}.{CONTROL}").read_text()), CHOICE)
    held(space, outs)
    yield Proof(HELD, named, space.method, str(space))
    if ins and outs:
        inside = {(flow.least, flow.most) for flow in conserved(space, beats, ins, outs)}
        most = max(high for _, high in inside)
        yield Proof(f"{KEPT} (inside at most {most:g})", named, space.method, str(space))
    if space.cycles is None:  # elsewhere a wait may end behind what was seen
        longest = moving(space, ins, outs)
        yield Proof(f"{MOVES} (at most {longest} cycles)", named, space.method, str(space))
    if stable:
        try:
            yield Proof(STABLE, named, "induction", str(induction(name, folder)))
        except UndecidedError:
            bits = bounded(name, folder, CYCLES)
            yield Proof(STABLE, named, f"bounded, {CYCLES} cycles", f"{bits:,} bits")
