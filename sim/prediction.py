"""When the beats of a lone unit move, by the cycle model, under the same stalls as the hardware."""

from __future__ import annotations

from collections.abc import Iterable

from fq_hw.schedule import units
from fq_hw.schedule.events import Channel, Process, join, settle
from sim.stalls import pattern
from sim.vectors import Vectors

__all__ = ["predict"]


def after(pauses: tuple[int, ...], cycle: int) -> int:
    """First cycle from ``cycle`` on without a pause."""
    while pauses[cycle % len(pauses)]:
        cycle += 1
    return cycle


def source(channel: Channel, beats: int, pauses: tuple[int, ...], cycles: list[int]) -> Process:
    """Offer ``beats`` beats, each in the first cycle without a pause."""
    free = 0
    for _ in range(beats):
        cycles.append((yield from channel.give(after(pauses, free))))
        free = cycles[-1] + 1


def sink(channel: Channel, beats: int, pauses: tuple[int, ...], cycles: list[int]) -> Process:
    """Take ``beats`` beats; ready in every cycle without a pause."""
    free = 0
    for index in range(beats):
        offer = yield channel.offers, index
        cycles.append((yield from channel.take(after(pauses, max(free, offer)))))
        free = cycles[-1] + 1


def predict(
    unit: units.Unit, vectors: Vectors, pauses: tuple[str, str] = ("never", "never")
) -> dict[str, list[int]]:
    """The cycles that ``pysim.replay`` must return, computed without the hardware."""
    runnable: list[tuple[Process, int | None]] = []
    names = [*vectors.i, *vectors.o]
    channels = {name: Channel(runnable) for name in names}
    cycles: dict[str, list[int]] = {name: [] for name in names}

    def start(parts: Iterable[Process]) -> None:
        runnable.extend((process, None) for process in parts)

    i = [channels[name] for name in vectors.i if name not in unit.PARAMETERS]
    if not unit.PACED:
        i = [channels[name] for name in vectors.i]
    elif len(i) < len(vectors.i):
        together = Channel(runnable)
        start([join([channels[name] for name in vectors.i], together)])
        i = [together]
    o = [channels[name] for name in vectors.o]
    start(unit.processes(i, o))
    for port, (name, beats) in enumerate({**vectors.i, **vectors.o}.items()):
        end, side = (sink, pauses[1]) if name in vectors.o else (source, pauses[0])
        start([end(channels[name], len(beats), pattern(side, port), cycles[name])])
    settle(runnable)
    return cycles
