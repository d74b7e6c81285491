"""``fq-hw sim``: float, golden model and Verilog side by side on real images."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import golden
from fq_hw.cli.hardware import (
    add_fold_arguments,
    add_sequential_argument,
    cycle_model,
    make_plan,
    tell_if_slower,
)
from fq_hw.cli.images import add_data_arguments, golden_labels, load_images
from fq_hw.cli.model import (
    Model,
    add_model_argument,
    load_model,
)
from fq_hw.cli.output import Output, say
from fq_hw.data import Split
from fq_hw.errors import SimulationError, require
from fq_hw.files import scratch_folder
from fq_hw.report.classes import class_rows, class_table
from fq_hw.report.table import table
from fq_hw.schedule import timing
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.sequential import SequentialPlan

if TYPE_CHECKING:
    from sim.network import Run  # what it imports comes with the extra hw

__all__ = ["Comparison", "add_parser", "add_sim_arguments", "check_sim", "compare"]

FOLDER = Path("build/sim")
FRAMES = 6  # so many results must come in exactly the predicted cycles
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
    levels_compared: int | None  # None where no tensor could be watched
    levels_wrong: int | None
    predicted: timing.Schedule
    ran: Run
    images_per_second: float
    cycles_per_second: float
    images_of: str
    classes: list[dict]

    def rows(self) -> list[tuple[str, object, object, object]]:
        """The table: figure, float, golden, rtl-sim."""
        recorded = self.model.accuracy
        return [
            (
                "accuracy, %: test split",
                recorded.percent if recorded else None,
                100 * self.golden_right / len(self.split),
                None,
            ),
            (
                "images: test split",
                recorded.images if recorded else None,
                len(self.split),
                None,
            ),
            (
                "accuracy, %: simulated",
                None,
                100 * self.golden_right_there / self.rtl_images,
                100 * self.rtl_right / self.rtl_images,
            ),
            ("images: simulated", None, self.rtl_images, self.rtl_images),
            ("mismatching levels", None, None, self.levels_wrong),
            ("  levels compared", None, None, self.levels_compared),
            ("mismatching scores", None, None, self.scores_wrong),
            ("  scores compared", None, None, self.scores_compared),
            ("cycles per frame", None, self.predicted.interval, self.ran.interval),
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
                "rtl-sim": self.ran.interval,
            },
            "latency cycles": {"predicted": self.predicted.latency, "rtl-sim": self.ran.latency},
            "golden images per second": self.images_per_second,
            "simulated cycles per second": self.cycles_per_second,
        }

    def check(self) -> None:
        """Raise SimulationError unless Verilog, golden model and cycle model agree."""
        where = f"rtl-sim {self.model.graph.name!r}"
        values = (self.levels_wrong or 0) + self.scores_wrong
        contract = f"the Verilog differs from the golden model in {values:,} of its values"
        require(values == 0, where, contract, kind=SimulationError)
        model = (self.predicted.first_pixel, *self.predicted.results)
        cycles = (self.ran.first_pixel, *self.ran.results[: len(model) - 1])
        require(cycles == model, where, f"must give its results in cycles {model}", cycles,
                kind=SimulationError)  # fmt: skip


def add_sim_arguments(parser: argparse.ArgumentParser) -> None:
    """How much to simulate."""
    add_data_arguments(parser, 50)
    parser.add_argument(
        "--level-images", type=int, help=f"compare every tensor of so many (default {LEVEL_IMAGES})"
    )


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "sim",
        help="simulate the Verilog on test images and compare",
        description="Build the emitted Verilog with Verilator, run test images through it, and "
        "compare scores, every tensor of the first images, and cycles. The golden accuracy is over "
        "the whole test split.",
    )
    add_model_argument(parser)
    add_fold_arguments(parser)
    add_sequential_argument(parser)
    add_sim_arguments(parser)
    parser.set_defaults(run=run)


def check_sim(args: argparse.Namespace) -> None:
    """Everything that can be refused before any work."""
    require(args.images >= 3, "--images", "must be at least 3 to time frames", args.images)
    levels = args.level_images
    require(levels is None or levels >= 1, "--level-images", "must be at least 1", levels)
    contract = "--sequential has one array, whose tensors nobody can watch; scores are compared"
    watched = levels is None or not getattr(args, "sequential", False)
    require(watched, "--level-images", contract, levels)


def compare(args: argparse.Namespace, model: Model, plan: Plan | SequentialPlan) -> Comparison:
    """Run golden model, cycle model and Verilator."""
    from tqdm import tqdm

    from sim import network, taps, verilator

    verilator.environment()  # a missing tool is said at once
    most = LEVEL_IMAGES if args.level_images is None else args.level_images
    graph = model.graph
    test = load_images(args, model)
    whole = test.test()
    images = whole.images[: args.images]  # the classes take turns
    enough = len(images) >= 3
    require(enough, f"data {test.name}", "needs at least 3 test images", len(images))
    wanted = whole.labels[: len(images)]
    levels = images[:most]
    say(f"golden model on {len(whole)} images")
    began = time.perf_counter()
    labels = golden_labels(graph, whole.images)
    images_per_second = len(whole) / (time.perf_counter() - began)
    tensors = [t[graph.ops[-2].name] for t in golden.batches(graph, images)]
    scores = np.concatenate(tensors).reshape(len(images), -1)
    say("cycle model")
    predicted = cycle_model(plan, min(len(images), FRAMES))
    tell_if_slower(args, plan, predicted.interval)
    say("building the simulator (Verilog, Verilator, C++; kept for the next time)")
    brief = network.is_brief((len(images) + len(levels)) * predicted.interval)
    program = network.build(plan, FOLDER / "programs", brief=brief)
    say(f"simulating {len(images)} images, about {len(images) * predicted.interval:,} cycles")
    with scratch_folder(FOLDER) as place:
        ran = network.simulate(program, plan, images, place, cycles_per_frame=predicted.interval)
    say(f"{ran.cycles / ran.seconds:,.0f} cycles/s")
    compared, wrong = Counter(), Counter()
    if isinstance(plan, Plan):
        say(f"comparing every tensor of {len(levels)} images")
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
            say(f"{name}: {count} of {compared[name]} values differ from the golden model")
    return Comparison(
        model=model,
        split=whole,
        rtl_images=len(images),
        golden_right=int((labels == whole.labels).sum()),
        golden_right_there=int((labels[: len(images)] == wanted).sum()),
        rtl_right=int((ran.labels == wanted).sum()),
        scores_compared=scores.size,
        scores_wrong=int((ran.scores != scores).sum()),
        levels_compared=compared.total() if compared else None,
        levels_wrong=wrong.total() if compared else None,
        predicted=predicted,
        ran=ran,
        images_per_second=images_per_second,
        cycles_per_second=ran.cycles / ran.seconds,
        images_of=test.name,
        classes=class_rows(
            test.classes, wanted, {"golden": labels[: len(images)], "rtl-sim": ran.labels}
        ),
    )


def run(args: argparse.Namespace) -> Output:
    """Compare and refuse to call a difference a result."""
    check_sim(args)
    model = load_model(args.model)
    found = compare(args, model, make_plan(args, model.graph))
    text = table(("", "float", "golden, model", "rtl-sim"), found.rows())
    found.check()
    text += f"\n\nsimulated images of {found.images_of}\n\n{class_table(found.classes)}"
    return Output(found.data(), text)
