"""A search of fixed-point formats, and what it found."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from fq_hw import checkpoint
from fq_hw.checkpoint import Accuracy, Checkpoint
from fq_hw.data import Split
from fq_hw.fixed import saved
from fq_hw.fixed.equalize import equalize
from fq_hw.fixed.merge_norms import Merged, merge_norms
from fq_hw.fixed.network import FixedNetwork, Role, Tensor
from fq_hw.fixed.saved import Saved
from fq_hw.fixed.savings import cost, savings
from fq_hw.fixed.search import Judge, Variant, search, start, starting_formats
from fq_hw.float_network import nodes
from fq_hw.flow.calibration import hardest_first
from fq_hw.flow.images import data_of
from fq_hw.flow.paths import output_path
from fq_hw.flow.search_goal import SearchGoal
from fq_hw.flow.search_log import SearchLog, open_log
from fq_hw.flow.search_steps import decide, look_again
from fq_hw.flow.train import torch_with

__all__ = ["Searched", "search_here"]

RANGE_IMAGES = 250  # by which activations get their starting range, as published
AT_ONCE = 2_000  # test images in memory
MOMENT_IMAGES = 500  # that tell what the layers read
Weights = Mapping[str, Merged]  # by layer


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The fixed-point network, as written to ``path``.

    held_loss  relative, on the images that the search judged by
    log        what was decided; None where nothing was searched
    """

    result: Saved
    path: Path
    held_loss: float
    log: SearchLog | None

    @property
    def layers(self) -> list[dict]:
        """A row a layer: bits and binary places of its tensors."""
        formats, rows = self.result.fixed.formats, []
        for node in nodes(self.result.fixed.network):
            forms = {role: formats.get(Tensor(node.name, role)) for role in Role}
            if any(forms.values()):
                plain = {p.value: f and [f.bits, f.fraction] for p, f in forms.items()}
                rows.append({"layer": node.name} | plain)
        return rows

    def figures(self) -> dict:
        """Accuracies, mean bits, savings."""
        found, formats = self.result, self.result.fixed.formats
        saving = savings(found.fixed.network, formats)
        plain, own = (cost(found.fixed.network, f).memory / 8 / 1024 for f in (None, formats))
        bits = {role: [f.bits for t, f in formats.items() if t.role is role] for role in Role}
        data = {
            "fixed-point network": str(self.path),
            "accuracy %, float": found.float_accuracy.percent,
            "accuracy %, fixed point": found.accuracy.percent,
            "relative loss %, test split": 100
            * (1 - found.accuracy.right / found.float_accuracy.right),
            "relative loss %, calibration images": 100 * self.held_loss,
            **{f"mean bits, {role.value}": float(np.mean(bits[role])) for role in Role},
            "memory KiB, 8 bit": plain,
            "memory KiB": own,
            "saved of 8 bit %, memory": saving.memory,
            "saved of 8 bit %, products by output width": saving.products_by_output,
            "saved of 8 bit %, products by input width": saving.products_by_input,
        }
        if self.log is not None:
            data["evaluations"] = sum(d.tried for d in self.log.decided.values())
            data["seconds"] = round(self.log.seconds, 1)
        return data


def search_here(goal: SearchGoal, report: Callable[[str], None] = lambda line: None) -> Searched:
    """Search, measure on the test split, write; the log is this process's until the end.

    Raises ParameterError and ArtifactError before any work, by the name of what is wrong.
    """
    torch_with(goal.threads, "fq-hw search")
    config = goal.config()
    trained = checkpoint.read(goal.model)
    network, merged = trained.network, merge_norms(trained)  # refuses what is no float network
    if goal.equalize:
        trained = equalize(trained)
        merged = merge_norms(trained)
    name, source = network.name, trained.source
    images = data_of(name, network.image, network.classes, source, goal.kind, goal.path)
    test, held = images.test(), goal.held(trained, images)
    path = output_path(goal.out, f"search/{name}.{goal.variant.value}.safetensors")
    origin = goal.origin(images, held)
    file, logged = path.with_name(path.name + ".jsonl"), config.variant is not Variant.UNIFORM
    with open_log(file, origin, goal.resume, network) if logged else nullcontext() as log:
        report(f"float network on {len(held):,} calibration images")
        if goal.compensate:
            merged = with_moments(merged, trained, held)
        fixed, loss = found(goal, trained, merged, held, log)
        report(f"float and fixed-point network on {len(test):,} test images")
        exact, real = right_of(trained, merged, fixed, test)
        accuracy = partial(Accuracy, data=images.name, images=len(test))
        history = {**origin, "second look": goal.second_look}
        result = Saved(
            fixed=fixed,
            accuracy=accuracy(right=exact),
            float_accuracy=accuracy(right=real),
            source=source,
            provenance={k: json.dumps(v, sort_keys=True) for k, v in history.items()},
        )
        saved.write(path, result)
    return Searched(result=result, path=path, held_loss=loss, log=log)


def with_moments(merged: Weights, trained: Checkpoint, held: Split) -> Weights:
    """Layers that know what their weights multiply."""
    from fq_hw.nn.fixed_point import input_moments

    inputs = input_moments(trained.network, trained.arrays, held.images[:MOMENT_IMAGES])
    return {name: dataclasses.replace(one, inputs=inputs[name]) for name, one in merged.items()}


def found(
    goal: SearchGoal, trained: Checkpoint, merged: Weights, held: Split, log: SearchLog | None
) -> tuple[FixedNetwork, float]:
    """The network of the formats that are found, and its relative loss on the images ``held``."""
    from fq_hw.nn.fixed_point import Simulation
    from fq_hw.nn.float_net import observe

    config, network = goal.config(), trained.network
    seen = observe(network, trained.arrays, held.images)
    largest = observe(network, trained.arrays, held.images[:RANGE_IMAGES]).largest
    wrong = seen.logits.argmax(1) != held.labels
    order = hardest_first(seen.logits)
    judged = order[: math.ceil(goal.share * len(held))]
    judge = Judge(right=int((~wrong).sum()), wrong=int(wrong[judged].sum()))
    simulation = Simulation(network, merged, held, judged)

    def make(bits: int) -> dict:
        return starting_formats(network, merged, largest, config, bits)

    formats = dict(start(config, judge, simulation, make, next(nodes(network)).name))
    if log is not None:
        steps = search(network, formats, simulation, judge, config, log.decided)
        formats = decide(network, steps, log, judge)
        if goal.second_look is not None:
            formats = look_again(network, formats, goal.second_look, simulation, judge, config)
    whole = Simulation(network, merged, held, order).errors(formats)
    return simulation.fixed(formats), (whole - int(wrong.sum())) / judge.right


def right_of(
    trained: Checkpoint, merged: Weights, fixed: FixedNetwork, test: Split
) -> tuple[int, int]:
    """How many test images the fixed-point network ranks right, and the float network."""
    from fq_hw.nn.fixed_point import Simulation
    from fq_hw.nn.float_net import observe

    network, wrong = trained.network, 0
    logits = observe(network, trained.arrays, test.images).logits
    for begin in range(0, len(test), AT_ONCE):
        part = test.take(slice(begin, begin + AT_ONCE))
        simulation = Simulation(network, merged, part, np.arange(len(part)))
        wrong += simulation.errors(fixed.formats)
    return len(test) - wrong, int((logits.argmax(1) == test.labels).sum())
