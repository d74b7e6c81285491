"""Float, golden model and Verilog side by side on test images."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import golden
from fq_hw.data import Data, Split
from fq_hw.errors import SimulationError, require
from fq_hw.files import scratch_folder
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.model import Model
from fq_hw.flow.records import save_sim
from fq_hw.report.classes import class_rows
from fq_hw.schedule import timing
from fq_hw.schedule.plan import Plan

if TYPE_CHECKING:
    from fq_hw.flow.design import Design
    from sim.network import Run  # what it imports comes with the extra hw

__all__ = ["TIMED", "Comparison", "check_cycles", "check_sizes", "compare", "program_of",
           "simulated"]  # fmt: skip

FOLDER = Path("build/sim")
FRAMES = 6  # so many results must come in exactly the predicted cycles
TIMED = 3  # images at least that tell the cycles of a frame
LEVEL_IMAGES = 3  # of which every tensor is compared
AT_ONCE = 8  # images whose tensors are in memory and in a file at a time


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One network, three times: what the float model scored, the golden model, the Verilog."""

    model: Model
    split: Split
    rtl_images: int
    golden_right: int
    golden_right_there: int
    rtl_right: int
    scores_compared: int
    scores_wrong: int
    levels_compared: int
    levels_wrong: int
    predicted: timing.Schedule
    ran: Run
    images_per_second: float
    cycles_per_second: float
    images_of: str
    classes: list[dict]

    @property
    def timed(self) -> bool:
        """Whether there were frames enough to time one: the first come closer to each other."""
        return self.rtl_images >= TIMED

    @property
    def interval(self) -> int | None:
        """Cycles per frame in the simulation, if it was timed."""
        return self.ran.interval if self.timed else None

    def rows(self) -> list[tuple[str, object, object, object]]:
        """The table: figure, float, golden, rtl-sim."""
        data = self.data()
        right, images = data["accuracy %"], data["images"]
        there = 100 * self.golden_right_there / self.rtl_images
        return [
            ("accuracy, %: test split", right["float"], right["golden"], None),
            ("images: test split", images["float"], images["golden"], None),
            ("accuracy, %: simulated", None, there, right["rtl-sim"]),
            ("images: simulated", None, self.rtl_images, self.rtl_images),
            ("mismatching levels", None, None, self.levels_wrong),
            ("  levels compared", None, None, self.levels_compared),
            ("mismatching scores", None, None, self.scores_wrong),
            ("  scores compared", None, None, self.scores_compared),
            ("cycles per frame", None, self.predicted.interval, self.interval),
            ("latency, cycles", None, self.predicted.latency, self.ran.latency),
            ("speed: images/s", None, round(self.images_per_second), None),
            ("speed: cycles/s", None, None, round(self.cycles_per_second)),
        ]

    def data(self) -> dict:
        """The same for machines."""
        recorded = self.model.accuracy
        return {
            "data": self.images_of,
            "classes": self.classes,
            "accuracy %": {
                "float": recorded.percent if recorded else None,
                "golden": 100 * self.golden_right / len(self.split),
                "rtl-sim": 100 * self.rtl_right / self.rtl_images,
            },
            "images": {
                "float": recorded.images if recorded else None,
                "golden": len(self.split),
                "rtl-sim": self.rtl_images,
            },
            "levels": {"compared": self.levels_compared, "mismatching": self.levels_wrong},
            "scores": {"compared": self.scores_compared, "mismatching": self.scores_wrong},
            "cycles per frame": {
                "predicted": self.predicted.interval,
                "rtl-sim": self.interval,
            },
            "latency cycles": {"predicted": self.predicted.latency, "rtl-sim": self.ran.latency},
            "golden images per second": self.images_per_second,
            "simulated cycles per second": self.cycles_per_second,
        }

    def check(self) -> None:
        """Raise SimulationError unless Verilog, golden model and cycle model agree."""
        where = f"rtl-sim {self.model.graph.name!r}"
        values = self.levels_wrong + self.scores_wrong
        contract = f"the Verilog differs from the golden model in {values:,} of its values"
        require(values == 0, where, contract, kind=SimulationError)
        check_cycles(where, self.predicted, self.ran)


def check_cycles(where: str, predicted: timing.Schedule, ran: Run) -> None:
    """Raise SimulationError unless the first results came in the cycles that were predicted."""
    count = min(len(predicted.results), len(ran.results))
    model = (predicted.first_pixel, *predicted.results[:count])
    cycles = (ran.first_pixel, *ran.results[:count])
    require(cycles == model, where, f"must give its results in cycles {model}", cycles,
            kind=SimulationError)  # fmt: skip


def program_of(plan: Plan, cycles: int, report: Callable[[str], None]) -> Path:
    """The simulator of ``plan`` for a run of about so many cycles, built or found again."""
    from sim import network

    report("building the simulator (Verilog, Verilator, C++; kept for the next time)")
    return network.build(plan, FOLDER / "programs", brief=network.is_brief(cycles))


def simulated(
    plan: Plan,
    images: np.ndarray,
    interval: int,
    report: Callable[[str], None],
    program: Path | None = None,
) -> Run:
    """What the Verilog gives for uint8 images N,H,W,C; ``interval`` is cycles per frame.

    ``program``, of ``program_of``, saves finding it again, for which the Verilog is written anew.
    Raises ToolError where Verilator is missing.
    """
    from sim import network, verilator

    verilator.environment()
    if program is None or not program.exists():
        program = program_of(plan, len(images) * interval, report)
    report(f"simulating {len(images)} images, about {len(images) * interval:,} cycles")
    with scratch_folder(FOLDER) as place:
        return network.simulate(program, plan, images, place, cycles_per_frame=interval)


def check_sizes(images: int, level_images: int | None) -> None:
    """Everything that can be refused before any work."""
    require(images >= 1, "--images", "must be at least 1", images)
    enough = level_images is None or level_images >= 1
    require(enough, "--level-images", "must be at least 1", level_images)


def compare(
    design: Design,
    test: Callable[[], Data],
    count: int = 50,
    level_images: int | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """Run golden model, cycle model and Verilator on the test images of what ``test`` loads.

    ``count`` of them are simulated, of ``level_images`` (default 3) every tensor is compared; the
    golden model takes all. Of three or more a record for reports goes below build/sim; fewer do not
    tell the cycles of a frame. Raises ToolError where Verilator is missing; ``Comparison.check``
    tells whether all agree.
    """
    from tqdm import tqdm

    from sim import network, taps, verilator

    verilator.environment()  # a missing tool is said at once
    most = LEVEL_IMAGES if level_images is None else level_images
    model, plan = design.model, design.plan
    graph, named = model.graph, test()
    whole = named.test()
    images = whole.images[:count]  # the classes take turns
    require(len(images), f"data {named.name}", "needs test images")
    wanted = whole.labels[: len(images)]
    levels = images[:most]
    report(f"golden model on {len(whole)} images")
    began = time.perf_counter()
    labels = golden_labels(graph, whole.images)
    images_per_second = len(whole) / (time.perf_counter() - began)
    tensors = [t[graph.ops[-2].name] for t in golden.batches(graph, images)]
    scores = np.concatenate(tensors).reshape(len(images), -1)
    report("cycle model")
    predicted = timing.simulate(plan, min(max(len(images), TIMED), FRAMES))
    slower = design.hardware.slower(plan, predicted.interval)
    if slower:
        report(slower)
    program = program_of(plan, (len(images) + len(levels)) * predicted.interval, report)
    report(f"simulating {len(images)} images, about {len(images) * predicted.interval:,} cycles")
    with scratch_folder(FOLDER) as place:
        ran = network.simulate(program, plan, images, place, cycles_per_frame=predicted.interval)
    report(f"{ran.cycles / ran.seconds:,.0f} cycles/s")
    compared, wrong = Counter(), Counter()
    report(f"comparing every tensor of {len(levels)} images")
    starts = range(0, len(levels), AT_ONCE)
    for start in tqdm(starts, desc="tensors", unit=f"{AT_ONCE} images", disable=None):
        few = levels[start : start + AT_ONCE]
        truth = golden.run(graph, few)
        with scratch_folder(FOLDER) as place:
            path = place / "taps.txt"
            network.simulate(program, plan, few, place,
                             cycles_per_frame=predicted.interval, taps_file=path)  # fmt: skip
            found = taps.mismatches(path, plan, truth)
        wrong.update(found)
        compared.update({name: truth[name].size for name in found})
    for name, count in wrong.items():
        if count:
            report(f"{name}: {count} of {compared[name]} values differ from the golden model")
    comparison = Comparison(
        model=model,
        split=whole,
        rtl_images=len(images),
        golden_right=int((labels == whole.labels).sum()),
        golden_right_there=int((labels[: len(images)] == wanted).sum()),
        rtl_right=int((ran.labels == wanted).sum()),
        scores_compared=scores.size,
        scores_wrong=int((ran.scores != scores).sum()),
        levels_compared=compared.total(),
        levels_wrong=wrong.total(),
        predicted=predicted,
        ran=ran,
        images_per_second=images_per_second,
        cycles_per_second=ran.cycles / ran.seconds,
        images_of=named.name,
        classes=class_rows(
            named.classes, wanted, {"golden": labels[: len(images)], "rtl-sim": ran.labels}
        ),
    )
    if comparison.timed:
        save_sim(design, comparison, labels)
    return comparison
