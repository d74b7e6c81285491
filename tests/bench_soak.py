"""`make soak`: 100,000 frames through the shipped network, 10,000 through bad links, an hour.

The network in Verilator meets pauses at both ends and a reset in the middle of a frame; links meet
bad lines and networks. Beside them golden, the cycle model and the driver run in one process for an
hour, whose memory must not grow. Prints tables and writes build/bench/soak.json.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fq_hw import flow, golden
from fq_hw.report import bench
from fq_hw.report.table import table

FILE, PROGRAMS = Path("build/bench/soak.json"), Path("build/bench/soak")
COMMAND = "python tests/bench_soak.py"  # make soak
FRAMES, RUN = 100_000, 500  # in all, and between two starts of the simulator
LINK_FRAMES, ETHERNET_RUN = 10_000, 250
MINUTES = 60.0
MOST_PAUSED = 225  # of 256 cycles
EDGES = 16  # frames of a run that are all of one value, or of two
GOLDEN_IMAGES = 25  # at a time
REST_S = 1.0  # between two turns, once the links are done
GROWTH = 0.01  # of the memory after a sixth of the time: noise of allocators
Row = tuple[str, object, str, str]


def frames_of(count: int, images: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Pictures of the data set, of noise, and of extremes."""
    shape = (count, *images.shape[1:])
    found = images[dice.integers(0, len(images), count)]
    noise = dice.random(count) < 0.5
    found[noise] = dice.integers(0, 256, shape, np.uint8)[noise]
    some = dice.choice(count, min(EDGES, count), replace=False)
    found[some] = dice.choice(np.array([0, 1, 127, 128, 255], np.uint8), (len(some), *shape[1:]))
    found[some[::2]] = found[some[::2], :1, :1]
    return found


def numbered(frames: int, run: int = RUN) -> list[tuple[int, int]]:
    """Number and frames of each start of the simulator."""
    return [(n, min(run, frames - start)) for n, start in enumerate(range(0, frames, run))]


def core(model, images: np.ndarray, number: int, count: int, **hardware) -> dict:
    """The network in Verilator, ``count`` frames with pauses and a reset by the dice ``number``.

    What was compared, and what differed.
    """
    from sim import network

    design = model.design(**hardware)
    plan, interval = design.plan, design.interval
    program = network.build(plan, PROGRAMS / "programs")
    scores, label = (op.name for op in model.graph.ops[-2:])
    dice = np.random.default_rng(number)
    sent = frames_of(count, images, dice)
    pauses = {
        name: int(p) for name, p in zip(("pause_in", "pause_out"),
                                        dice.integers(0, MOST_PAUSED, 2), strict=True)
    }  # fmt: skip
    reset_at = int(dice.integers(1, 20 * interval))
    with TemporaryDirectory() as folder:
        ran = network.simulate(
            program, plan, sent, Path(folder), cycles_per_frame=interval, seed=number + 1,
            reset_at=reset_at, **pauses,
        )  # fmt: skip
    found = [(t[scores], t[label].reshape(-1)) for t in golden.batches(model.graph, sent)]
    truth, labels = (np.concatenate(part) for part in zip(*found, strict=True))
    wrong = ran.scores != truth.reshape(count, -1)
    wrong_labels = ran.labels != labels
    return {
        "frames": count, "cycles": ran.cycles, "scores": wrong.size, "wrong": int(wrong.sum()),
        "wrong labels": int(wrong_labels.sum()), "resets": 1,
    }  # fmt: skip


@functools.cache
def shipped() -> tuple:
    """The shipped network, and its test images."""
    model = flow.load(flow.SHIPPED)
    return model, flow.load_images(model).test().images[:]


def shipped_core(number: int, count: int) -> dict:
    """``core`` of the shipped network."""
    return core(*shipped(), number, count)


def all_cores(pool: ProcessPoolExecutor, frames: int) -> Counter:
    """Its sums over all runs, as many at a time as the pool has processes."""
    from tqdm import tqdm

    from sim import network

    network.build(shipped()[0].design().plan, PROGRAMS / "programs")  # once, before all need it
    total: Counter = Counter()
    runs = [pool.submit(shipped_core, *one) for one in numbered(frames)]
    with tqdm(total=frames, desc="frames in Verilator", unit="frame", disable=None) as bar:
        for done in as_completed(runs):
            total.update(done.result())
            bar.update(done.result()["frames"])
            if total["frames"] % (10 * RUN) == 0:
                print(f"{total['frames']:,} frames, {total['wrong']} scores differ", flush=True)
    return total


def uart(count: int) -> Iterator[tuple[str, ...]]:
    """What became of each of ``count`` frames with a fault, and of the next one without."""
    from bench_links import on_bad_line

    for one in on_bad_line(count, 11):
        yield (*one.became, "next right" if one.after == "right" else "wrong")


def ethernet(count: int) -> Iterator[Counter]:
    """What became of ``count`` frames on a bad network, some at a time."""
    import ethernet_cases

    program = ethernet_cases.build(PROGRAMS / "programs", brief=False)
    for number, start in enumerate(range(0, count, ETHERNET_RUN)):
        became, _ = ethernet_cases.faulty_run(
            program, min(ETHERNET_RUN, count - start), 100 + number, 12
        )
        yield became


def memory_kb() -> int:
    """What this process has in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


class Curve:
    """Memory over time, a sample a second at most."""

    def __init__(self) -> None:
        self.began, self.samples = time.monotonic(), [(0.0, memory_kb())]

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self.began) / 60

    def note(self) -> None:
        if self.minutes - self.samples[-1][0] >= 1 / 60:
            self.samples.append((self.minutes, memory_kb()))

    def sixth(self, number: int) -> float:
        """The median of a sixth of the time, in MB."""
        whole = self.samples[-1][0]
        there = [kb for at, kb in self.samples if number <= 6 * at / whole < number + 1]
        return float(np.median(there or [self.samples[-1][1]])) / 1000


def beside(minutes: float, link_frames: int, report: Callable[[str], None]) -> tuple:
    """Golden, cycle model and the driver on bad links, turn by turn; counts, and the memory."""
    from fq_hw.schedule import timing

    model = flow.load(flow.SHIPPED)
    plan = model.design().plan
    images = flow.load_images(model).test().images[:GOLDEN_IMAGES]
    first = model.labels(images)
    half = link_frames // 2
    lines, networks = uart(half), ethernet(link_frames - half)
    did: Counter = Counter()
    line, network = Counter(), Counter()
    curve, told = Curve(), 0.0
    schedule = timing.simulate(plan)
    while True:
        ended = 0
        for _ in range(20):
            words = next(lines, None)
            if words is None:
                ended += 1
                break
            line.update(words)
        if (came := next(networks, None)) is None:
            ended += 1
        network.update(came or {})
        assert np.array_equal(model.labels(images), first)
        assert timing.simulate(plan).interval == schedule.interval
        did.update(golden=GOLDEN_IMAGES, cycle=1)
        curve.note()
        if ended == 2:
            time.sleep(REST_S)  # an hour is for what grows with time, too; others want the cores
        if curve.minutes - told >= 1:
            told = curve.minutes
            now = curve.samples[-1][1] / 1000
            ways = f"UART {line.total():,}, Ethernet {network.total():,} frames"
            report(f"{told:.0f} min: {now:.1f} MB; {ways}, golden {did['golden']:,}")
        if ended == 2 and curve.minutes >= minutes:
            return did, line, network, curve.sixth(1), curve.sixth(5), curve.minutes


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    """Run it, tell; 1 where anything was wrong or grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--link-frames", type=int, default=LINK_FRAMES)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    args = parser.parse_args()
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    jobs, spawn = os.cpu_count() or 1, get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as alone, ProcessPoolExecutor(jobs, spawn) as pool:
        rest = alone.submit(beside, args.minutes, args.link_frames, say)
        total = all_cores(pool, args.frames)
        did, line, network, early, late, minutes = rest.result()
    rows: list[Row] = [
        ("network: frames", total["frames"], "frames", "rtl-sim"),
        ("network: resets in the middle of a frame", total["resets"], "resets", "rtl-sim"),
        ("network: cycles", total["cycles"], "cycles", "rtl-sim"),
        ("network: scores compared with golden", total["scores"], "scores", "rtl-sim"),
        ("network: scores wrong", total["wrong"], "scores", "rtl-sim"),
        ("network: labels wrong", total["wrong labels"], "labels", "rtl-sim"),
        *((f"UART, bad line: frames {word}", line[word], "frames", "rtl-sim")
          for word in ("right", "refused", "interrupted", "next right", "wrong")),
        *((f"Ethernet, bad network: frames {word}", network[word], "frames", "rtl-sim")
          for word in ("right", "lost", "wrong")),
        ("beside: time", round(minutes, 1), "min", "golden"),
        ("beside: golden", did["golden"], "frames", "golden"),
        ("beside: cycle model", did["cycle"], "runs", "model"),
        ("beside: memory after a sixth of the time", round(early, 1), "MB", "golden"),
        ("beside: memory in the last sixth", round(late, 1), "MB", "golden"),
    ]  # fmt: skip
    FILE.unlink(missing_ok=True)
    bench.update_rows(FILE, [(*row, COMMAND) for row in rows])
    print(table(("soak", "value", "", "how"), rows))
    wrong = total["wrong"] + total["wrong labels"] + line["wrong"] + network["wrong"]
    grown = late > early * (1 + GROWTH)
    if grown:
        print(f"memory grew from {early:.1f} to {late:.1f} MB", file=sys.stderr)
    return 1 if wrong or grown else 0


if __name__ == "__main__":
    sys.exit(main())
