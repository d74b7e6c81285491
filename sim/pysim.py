"""A lone component in Amaranth's simulator: vectors in and out under stall patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from fq_hw.errors import SimulationError, require
from sim.stalls import pattern
from sim.vectors import Vectors

__all__ = ["Elaborated", "block", "replay"]

QUIET = 16  # cycles after the last expected beat in which no other may come
STILL = 256  # cycles without a transfer after which a blocked component takes no more


@dataclass(kw_only=True)
class Port:
    """A stream under test: its beats, its pauses, and the cycles in which beats moved.

    A payload is there ``late`` cycles after its transfer; ``due`` has those to come, by cycle.
    """

    name: str
    face: wiring.PureInterface
    beats: tuple[int, ...]
    pauses: tuple[int, ...]
    late: int = 0
    cycles: list[int] = field(default_factory=list)
    due: dict[int, int] = field(default_factory=dict)
    waiting: int | None = None  # the beat that is offered and not yet taken
    driven: dict[str, int] = field(default_factory=dict)  # what the bench's signals were set to

    def __post_init__(self) -> None:
        payload = Value.cast(self.face.payload)
        self.signals = {"valid": self.face.valid, "ready": self.face.ready, "payload": payload}

    def put(self, ctx, name: str, value: int) -> None:
        """Set a signal where that changes it: with each set the whole design settles."""
        if self.driven.get(name) != value:
            self.driven[name] = value
            ctx.set(self.signals[name], value)

    def done(self) -> bool:
        return len(self.cycles) == len(self.beats)

    def settled(self) -> bool:
        return self.done() and not self.due

    def paused(self, cycle: int) -> bool:
        return bool(self.pauses[cycle % len(self.pauses)])

    def where(self, index: int) -> str:
        return f"{self.name} beat {index}"


class Source(Port):
    """Offers the beats in order; between them the payload is noise."""

    watched = ("ready",)

    def drive(self, ctx, cycle: int) -> None:
        if self.waiting is None and not self.done() and not self.paused(cycle):
            self.waiting = self.beats[len(self.cycles)]
        self.put(ctx, "valid", self.waiting is not None)
        beat = self.due.pop(cycle, None) if self.late else self.waiting
        noise = ~self.beats[len(self.cycles) - 1]
        self.put(ctx, "payload", noise if beat is None else beat)

    def see(self, cycle: int, ready: int) -> None:
        if self.waiting is not None and ready:
            self.cycles.append(cycle)
            if self.late:
                self.due[cycle + self.late] = self.waiting
            self.waiting = None


@dataclass(kw_only=True)
class Sink(Port):
    """Takes beats, compares them but for ``ignore``, holds the producer to the stream rules.

    ``ignore`` has a mask per beat, or is empty; an ``endless`` producer may go on afterwards.
    """

    watched = ("valid", "payload")

    ignore: tuple[int, ...] = ()
    endless: bool = False

    def drive(self, ctx, cycle: int) -> None:
        self.put(ctx, "ready", not self.paused(cycle))

    def see(self, cycle: int, valid: int, payload: int) -> None:
        index, ready = len(self.cycles), self.driven["ready"]
        where = self.where(index)
        if self.waiting is not None:
            require(valid, where, "valid must hold until taken", valid, kind=SimulationError)
            same = self.late or payload == self.waiting
            require(same, where, "payload must hold until taken", payload, kind=SimulationError)
        self.waiting = payload if valid and not ready else None
        if cycle in self.due:
            self.compare(self.due.pop(cycle), payload)
        if not valid or (self.endless and self.done()):
            return
        require(not self.done(), where, "must be no beat", payload, kind=SimulationError)
        if not self.late:
            self.compare(index, payload)
        elif ready:
            self.due[cycle + self.late] = index
        if ready:
            self.cycles.append(cycle)

    def compare(self, index: int, payload: int) -> None:
        want = self.beats[index]
        same = not (payload ^ want) & ~(self.ignore[index] if self.ignore else 0)
        require(same, self.where(index), f"must be {want}", payload, kind=SimulationError)


class Elaborated:
    """A component that is elaborated once, for many runs; each begins with a reset."""

    def __init__(self, part: wiring.Component):
        self.part = part
        self.ports: list[Port] = []
        self.limit = self.quiet = 0
        self.ended: Callable[[], bool] = bool
        self.fresh = True
        self.simulator = Simulator(part)
        self.simulator.add_clock(1e-6)
        self.simulator.add_testbench(self.bench)

    def run(self, ports: list[Port], limit: int, quiet: int, ended: Callable[[], bool]) -> None:
        """Run until all has ``ended`` for ``quiet`` cycles more, ``limit`` cycles at most."""
        self.ports, self.limit, self.quiet, self.ended = ports, limit, quiet, ended
        if not self.fresh:
            self.simulator.reset()
        self.fresh = False
        self.simulator.run()

    async def bench(self, ctx) -> None:
        watched = [port.signals[name] for port in self.ports for name in port.watched]
        ticks = aiter(ctx.tick().sample(*watched))  # one trigger for all cycles
        left = self.quiet
        for cycle in range(self.limit):
            for port in self.ports:
                port.drive(ctx, cycle)
            _, _, *seen = await anext(ticks)
            for port in self.ports:
                port.see(cycle, *seen[: len(port.watched)])
                del seen[: len(port.watched)]
            if not self.ended():
                left = self.quiet
            elif not left:
                break
            else:
                left -= 1
        await ticks.aclose()


def elaborated(part: wiring.Component | Elaborated) -> Elaborated:
    return part if isinstance(part, Elaborated) else Elaborated(part)


def make_ports(
    part: wiring.Component, vectors: Vectors, pauses_in: list[tuple], pauses_out: list[tuple]
) -> list[Port]:
    """Sources, then sinks, in the order of the vectors."""

    def port(kind: type[Port], name: str, beats: tuple[int, ...], pauses: tuple, **more) -> Port:
        face, late = getattr(part, name), vectors.late.get(name, 0)
        return kind(name=name, face=face, beats=beats, pauses=pauses, late=late, **more)

    sources = [
        port(Source, name, beats, pauses)
        for (name, beats), pauses in zip(vectors.i.items(), pauses_in, strict=True)
    ]
    sinks = [
        port(
            Sink,
            name,
            beats,
            pauses,
            ignore=vectors.ignore.get(name, ()),
            endless=vectors.endless,
        )
        for (name, beats), pauses in zip(vectors.o.items(), pauses_out, strict=True)
    ]
    return [*sources, *sinks]


def replay(
    part: wiring.Component | Elaborated,
    vectors: Vectors,
    pauses: tuple[str, str] = ("never", "never"),
) -> dict[str, list[int]]:
    """Send ``vectors`` through ``part``; the cycles, from 0 after reset, of each port's transfers.

    part     elaborated anew, or once for many calls
    pauses   names of the input and output stall patterns
    Errors   SimulationError when a beat differs, is missing, or is one too many; when an output's
             valid or payload does not hold until taken; when an input beat is never taken
    """
    bench = elaborated(part)
    names = [*vectors.i, *vectors.o]
    patterns = [pattern(pauses[name in vectors.o], port) for port, name in enumerate(names)]
    ports = make_ports(bench.part, vectors, patterns[: len(vectors.i)], patterns[len(vectors.i) :])
    quiet = 0 if vectors.endless else QUIET
    bench.run(ports, vectors.limit, quiet, lambda: all(port.settled() for port in ports))
    for port in ports:
        moved, total = len(port.cycles), len(port.beats)
        contract = f"all {total} beats must move in {vectors.limit} cycles"
        require(moved == total, port.name, contract, moved, kind=SimulationError)
    return {port.name: port.cycles for port in ports}


def block(
    part: wiring.Component | Elaborated, vectors: Vectors, held: Iterable[str] | None = None
) -> dict[str, int]:
    """What a port does while no output is ever ready, or none of those ``held``.

    Per input the beats it took, per output 1 when it offers a beat and holds it.
    """
    bench, never, always = elaborated(part), (0,), (1,)
    held = {*(vectors.o if held is None else held)}
    ways = [always if name in held else never for name in vectors.o]
    ports = make_ports(bench.part, vectors, [never] * len(vectors.i), ways)
    moved = [0]

    def ended() -> bool:
        """Every output that is held offers a beat, and none has moved in this cycle."""
        moved.append(sum(len(port.cycles) for port in ports))
        offered = all(port.waiting is not None for port in ports if port.name in held)
        return offered and moved[-2] == moved[-1]

    bench.run(ports, vectors.limit // 4, STILL, ended)
    return {
        port.name: len(port.cycles) if isinstance(port, Source) else int(port.waiting is not None)
        for port in ports
    }
