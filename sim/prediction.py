"""When the beats of a lone unit move, by the cycle model, under the same stalls as the hardware."""

from __future__ import annotations

from fq_hw.schedule import units
from fq_hw.schedule.events import join
from fq_hw.schedule.steps import Align, Channel, Give, Process, Repeat, Step, Steps, Take, Wait
from fq_hw.schedule.timing import run_of
from sim.stalls import pattern
from sim.vectors import Vectors

__all__ = ["predict"]


def source(channel: Channel, pauses: tuple[int, ...]) -> tuple[Step, ...]:
    """Offer a beat in the first cycle without a pause."""
    return Align(pauses), Give(channel)


def sink(channel: Channel, pauses: tuple[int, ...]) -> tuple[Step, ...]:
    """Take a beat in the first cycle without a pause."""
    return Wait(channel.offers), Align(pauses), Take(channel)


def predict(
    unit: units.Unit, vectors: Vectors, pauses: tuple[str, str] = ("never", "never")
) -> dict[str, list[int]]:
    """The cycles that ``pysim.replay`` must return, computed without the hardware."""
    channels = {name: Channel() for name in [*vectors.i, *vectors.o]}
    processes: list[Process] = []
    i = [channels[name] for name in vectors.i if name not in unit.PARAMETERS]
    if not unit.PACED:
        i = [channels[name] for name in vectors.i]
    elif len(i) < len(vectors.i):
        together = Channel()
        parts, seldom = [], []
        for name in vectors.i:
            (seldom if name in unit.PARAMETERS else parts).append(channels[name])
        processes.append(join(parts, together, seldom, unit.every))
        i = [together]
    processes += unit.processes(i, [channels[name] for name in vectors.o])
    for port, (name, beats) in enumerate({**vectors.i, **vectors.o}.items()):
        end, side = (sink, pauses[1]) if name in vectors.o else (source, pauses[0])
        steps = end(channels[name], pattern(side, port))
        processes.append(Steps(first=[Repeat(len(beats), steps)]))
    most = max(len(beats) for beats in [*vectors.i.values(), *vectors.o.values()])
    run = run_of(processes, dict.fromkeys(channels.values(), 1), most)
    run.settle()
    return {name: run.moves(channel) for name, channel in channels.items()}
