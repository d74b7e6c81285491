"""One choice for every layer, least LUT first: an integer programme, solved to a proven optimum.

Costs add up, but for the skip FIFOs, whose depths depend on several layers at once: the columns
of some set the least depth, pixels under way in others are added to it. The model knows nothing of
folds; ``choices`` makes its tables and ``fold_search`` asks the questions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fq_hw.schedule.skip import slack_pixels

__all__ = ["Choice", "Costs", "Problem", "SkipCost", "hopeless", "solve"]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """LUT4 and block RAMs; of a device, what may be used."""

    lut: int
    ebr: int

    def __add__(self, other: Costs) -> Costs:
        return Costs(lut=self.lut + other.lut, ebr=self.ebr + other.ebr)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way to build a layer: its costs and what skip FIFOs must know of it.

    dots            dot products side by side, the fewer the better where costs are equal
    columns         pixels computed at once
    held, delay     pixels under way in it, cycles through its registers
    """

    costs: Costs
    dots: int = 1
    columns: int = 1
    held: int = 1
    delay: int = 0


@dataclass(frozen=True, kw_only=True)
class SkipCost:
    """A skip FIFO: its depth by the choices of some layers, its costs by depth.

    shaping, least   layers, and the least depth for every tuple of their columns
    branch           layers that have pixels under way; the branch's other registers take ``delay``
    pixels, cycles   of an image, and of a frame; ``pixel_beats`` beats a pixel
    costs            by depth
    """

    shaping: tuple[int, ...]
    least: Mapping[tuple[int, ...], int]
    branch: tuple[int, ...]
    delay: int
    pixels: int
    cycles: int
    pixel_beats: int
    costs: Callable[[int], Costs]

    def depth(self, layers: Sequence[Choice]) -> int:
        """Beats, one choice a layer made."""
        held = sum(layers[index].held for index in self.branch)
        delay = self.delay + sum(layers[index].delay for index in self.branch)
        slack = slack_pixels(held, delay, self.pixels, self.cycles)
        columns = tuple(layers[index].columns for index in self.shaping)
        return self.least[columns] + slack * self.pixel_beats

    def steps(self, low: int, high: int) -> Iterable[tuple[int, int, Costs]]:
        """Runs of depths in ``low``..``high`` that cost the same: first, last, costs."""
        for costs, run in itertools.groupby(range(low, high + 1), key=self.costs):
            depths = list(run)
            yield depths[0], depths[-1], costs


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Layers with their choices, skip FIFOs between them, and the rest's costs, which are fixed."""

    layers: tuple[tuple[Choice, ...], ...]
    skips: tuple[SkipCost, ...] = ()
    fixed: Costs = Costs(lut=0, ebr=0)

    def costs(self, picked: Sequence[int]) -> Costs:
        """What a choice for every layer costs altogether."""
        made = [choices[index] for choices, index in zip(self.layers, picked, strict=True)]
        skips = [skip.costs(skip.depth(made)) for skip in self.skips]
        return sum([*(choice.costs for choice in made), *skips], self.fixed)


def hopeless(problem: Problem, limits: Costs) -> bool:
    """Whether a bound shows in no time that nothing keeps ``limits``; False proves nothing.

    For any price of a block RAM in LUTs, the sum of the layers' cheapest choices is a bound.
    """
    for price in (0, 3, 10, 30, 100, 300, 1_000, 10_000, 1_000_000):
        spent = problem.fixed.lut + price * problem.fixed.ebr
        for choices in problem.layers:
            spent += min(c.costs.lut + price * c.costs.ebr for c in choices)
        if spent > limits.lut + price * limits.ebr:
            return True
    return False


def solve(
    problem: Problem, limits: Costs | None = None, *, ebr_first: bool = False
) -> tuple[int, ...] | None:
    """The index of a choice for every layer: least LUT, then block RAMs, then dot products.

    With ``ebr_first`` block RAMs come before LUT. None when nothing keeps ``limits``. Always
    proven; the same problem gives the same choice.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    takes = [[model.new_bool_var("") for _ in choices] for choices in problem.layers]
    for booleans in takes:
        model.add_exactly_one(booleans)

    def picked(layer: int, values: Iterable[int]) -> cp_model.LinearExpr:
        return cp_model.LinearExpr.weighted_sum(takes[layer], list(values))

    lut, ebr, dots = [problem.fixed.lut], [problem.fixed.ebr], []
    for layer, choices in enumerate(problem.layers):
        lut.append(picked(layer, (c.costs.lut for c in choices)))
        ebr.append(picked(layer, (c.costs.ebr for c in choices)))
        dots.append(picked(layer, (c.dots for c in choices)))
    for skip in problem.skips:
        columns = []
        for layer in skip.shaping:
            could = sorted({c.columns for c in problem.layers[layer]})
            column = model.new_int_var_from_domain(cp_model.Domain.from_values(could), "")
            model.add(column == picked(layer, (c.columns for c in problem.layers[layer])))
            columns.append(column)
        known = [(*key, depth) for key, depth in skip.least.items()]
        deep = model.new_int_var(min(skip.least.values()), max(skip.least.values()), "")
        model.add_allowed_assignments([*columns, deep], known)
        held = sum(picked(n, (c.held for c in problem.layers[n])) for n in skip.branch)
        delay = skip.delay + sum(
            picked(n, (c.delay for c in problem.layers[n])) for n in skip.branch
        )
        ends = [
            [end(f(c) for c in problem.layers[n]) for n in skip.branch]
            for f in (lambda c: c.held, lambda c: c.delay)
            for end in (min, max)
        ]
        few, many = (
            slack_pixels(sum(ends[n]), skip.delay + sum(ends[2 + n]), skip.pixels, skip.cycles)
            for n in (0, 1)
        )
        waiting = model.new_int_var(0, many, "")  # pixels in the registers, rounded up
        over = skip.cycles * waiting - skip.pixels * delay
        model.add_linear_constraint(over, 0, skip.cycles - 1)
        depth = deep + skip.pixel_beats * (2 + held + waiting)
        low = min(skip.least.values()) + skip.pixel_beats * few
        high = max(skip.least.values()) + skip.pixel_beats * many
        inside = []
        for first, last, costs in skip.steps(low, high):
            step = model.new_bool_var("")
            model.add_linear_constraint(depth, first, last).only_enforce_if(step)
            inside.append((step, costs))
        model.add_exactly_one(step for step, _ in inside)
        lut.append(sum(step * costs.lut for step, costs in inside))
        ebr.append(sum(step * costs.ebr for step, costs in inside))
    if limits is not None:
        model.add(sum(lut) <= limits.lut)
        model.add(sum(ebr) <= limits.ebr)

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    costs = [sum(ebr), sum(lut)] if ebr_first else [sum(lut), sum(ebr)]
    for aim in (*costs, sum(dots)):
        model.minimize(aim)
        status = solver.solve(model)
        if status == cp_model.INFEASIBLE:
            return None
        assert status == cp_model.OPTIMAL, solver.status_name(status)
        model.add(aim == round(solver.objective_value))
        model.clear_hints()
        for booleans in takes:
            for boolean in booleans:
                model.add_hint(boolean, solver.boolean_value(boolean))
    return tuple(
        next(n for n, boolean in enumerate(booleans) if solver.boolean_value(boolean))
        for booleans in takes
    )
