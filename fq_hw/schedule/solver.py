"""One choice for every layer, least LUT first: an integer programme, solved to a proven optimum.

Costs add up, but for the skip FIFOs, whose depths depend on several layers at once: the groups
of some set the least depth, pixels under way in others are added to it. The model knows nothing of
folds; ``choices`` makes its tables and ``fold_search`` asks the questions.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from fq_hw.errors import ToolError
from fq_hw.schedule.resources import Resources
from fq_hw.schedule.skip import slack_pixels

__all__ = ["KINDS", "Bound", "Choice", "Problem", "SkipCost", "hopeless", "solve"]

KINDS = ("lut", "ff", "ebr", "multipliers")
STOP_S = 0.02  # between two calls to stop
PRICES = (0, *(round(1.3**n) for n in range(1, 36)), 10**6)  # of a block RAM in LUTs, to try


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way to build a layer: its costs and what skip FIFOs must know of it.

    wires           what bits on their way to the dot products cost in wires, in LUT4
    group           pixels that share a weight word
    held, delay     pixels under way in it, cycles through its registers
    """

    costs: Resources
    wires: int = 0
    group: int = 1
    held: int = 1
    delay: int = 0


@dataclass(frozen=True, kw_only=True)
class SkipCost:
    """A skip FIFO: its depth by the choices of some layers, its costs by depth.

    shaping, least   layers, and the least depth for every tuple of their groups; None needs none
    branch           layers that have pixels under way; the branch's other registers take ``delay``
    pixels, cycles   of an image, and of a frame; ``pixel_beats`` beats a pixel
    costs            by depth; ``alike`` is the deepest that costs as much as a depth
    """

    shaping: tuple[int, ...]
    least: Mapping[tuple[int, ...], int | None]
    branch: tuple[int, ...]
    delay: int
    pixels: int
    cycles: int
    pixel_beats: int
    costs: Callable[[int], Resources]
    alike: Callable[[int], int] = int

    def depth(self, layers: Sequence[Choice]) -> int | None:
        """Beats, one choice a layer made; None where there is no FIFO."""
        held = sum(layers[index].held for index in self.branch)
        delay = self.delay + sum(layers[index].delay for index in self.branch)
        slack = slack_pixels(held, delay, self.pixels, self.cycles)
        least = self.least[tuple(layers[index].group for index in self.shaping)]
        return None if least is None else least + slack * self.pixel_beats

    def depths(self, layers: Sequence[Sequence[Choice]]) -> tuple[int, int]:
        """Bounds on the depth, whatever is chosen, where there is a FIFO."""
        ends, known = [], [depth for depth in self.least.values() if depth is not None]
        for end in (min, max):
            held = sum(end(c.held for c in layers[n]) for n in self.branch)
            delay = self.delay + sum(end(c.delay for c in layers[n]) for n in self.branch)
            slack = slack_pixels(held, delay, self.pixels, self.cycles)
            ends.append(end(known) + slack * self.pixel_beats)
        return ends[0], ends[1]

    def steps(self, low: int, high: int) -> Iterable[tuple[int, int, Resources]]:
        """Runs of depths in ``low``..``high`` that cost the same: first, last, costs."""
        first, depth = low, min(self.alike(low), high)
        while depth < high:
            last, depth = depth, min(self.alike(depth + 1), high)
            if self.costs(last) != self.costs(depth):
                yield first, last, self.costs(last)
                first = last + 1
        yield first, high, self.costs(high)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Layers with their choices, skip FIFOs between them, and the rest's costs, which are fixed."""

    layers: tuple[tuple[Choice, ...], ...]
    skips: tuple[SkipCost, ...] = ()
    fixed: Resources = Resources()

    def costs(self, picked: Sequence[int]) -> Resources:
        """What a choice for every layer costs altogether."""
        made = [choices[index] for choices, index in zip(self.layers, picked, strict=True)]
        depths = [(skip, skip.depth(made)) for skip in self.skips]
        fifos = [skip.costs(depth) for skip, depth in depths if depth is not None]
        return sum([*(choice.costs for choice in made), *fifos], self.fixed)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What choices cost at least, found in no time.

    ff      flip-flops
    prices  LUTs, with a block RAM worth so many of them as PRICES has
    """

    ff: int
    prices: tuple[int, ...]

    @classmethod
    def of(cls, problem: Problem) -> Bound:
        """That of layers and FIFOs, whatever is chosen; what is fixed comes beside it."""
        tables = [{choice.costs for choice in row} for row in problem.layers]
        for skip in problem.skips:
            absent = {Resources()} if None in skip.least.values() else set()
            steps = skip.steps(*skip.depths(problem.layers))
            tables.append(absent | {costs for *_, costs in steps})
        ff, worth = 0, np.zeros(len(PRICES), np.int64)
        for table in tables:
            costs = np.array([(c.ff, c.lut, c.ebr) for c in table], np.int64)
            ff += int(costs[:, 0].min())
            worth += (costs[:, 1, None] + costs[:, 2, None] * np.array(PRICES)).min(axis=0)
        return cls(ff=ff, prices=tuple(worth.tolist()))

    def beside(self, costs: Resources) -> Bound:
        """The same with ``costs`` more."""
        spent = (
            worth + costs.lut + price * costs.ebr
            for worth, price in zip(self.prices, PRICES, strict=True)
        )
        return Bound(ff=self.ff + costs.ff, prices=tuple(spent))

    def share(self, limits: Resources) -> float:
        """Of some limit at least so much is needed; above 1 nothing keeps them."""
        have = [limits.ff, *(limits.lut + price * limits.ebr for price in PRICES)]
        pairs = zip((self.ff, *self.prices), have, strict=True)
        return max(need / most if most else math.inf if need else 0.0 for need, most in pairs)


def hopeless(problem: Problem, limits: Resources) -> bool:
    """Whether a bound shows that nothing keeps ``limits``; False proves nothing."""
    return Bound.of(problem).beside(problem.fixed).share(limits) > 1


def cp_sat() -> ModuleType:
    """OR-tools' solver, loaded when first needed: it takes longer than most solutions."""
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        message = f"ortools: not found ({error}); install it with `pip install 'fq-hw[hw]'`"
        raise ToolError(message) from error
    return cp_model


class Model:
    """The integer programme: a Boolean for every choice, sums of costs."""

    def __init__(self, problem: Problem):
        self.kit, self.problem = cp_sat(), problem
        self.cp = self.kit.CpModel()
        self.takes = [[self.cp.new_bool_var("") for _ in row] for row in problem.layers]
        for booleans in self.takes:
            self.cp.add_exactly_one(booleans)
        layers = range(len(problem.layers))
        costs = [self.skip_costs(skip) for skip in problem.skips]
        self.need = {}
        for kind in KINDS:
            worth = operator.attrgetter(f"costs.{kind}")
            made = sum(self.of(n, worth) for n in layers) + sum(skip[kind] for skip in costs)
            self.need[kind] = getattr(problem.fixed, kind) + made
        self.wires = sum(self.of(n, lambda c: c.wires) for n in layers)

    def of(self, layer: int, what: Callable[[Choice], int]):
        """``what`` of the layer's choice, as an expression."""
        pairs = zip(self.takes[layer], self.problem.layers[layer], strict=True)
        return sum(boolean * what(choice) for boolean, choice in pairs)

    def group_of(self, layer: int):
        """The group of the layer's choice, as a variable."""
        group = self.cp.new_int_var(1, max(c.group for c in self.problem.layers[layer]), "")
        self.cp.add(group == self.of(layer, lambda c: c.group))
        return group

    def skip_costs(self, skip: SkipCost):
        """What a FIFO costs: an expression for every kind."""
        cp, (low, high) = self.cp, skip.depths(self.problem.layers)
        depths = [depth for depth in skip.least.values() if depth is not None]
        least = cp.new_int_var(min(depths), max(depths), "")
        chosen = [*map(self.group_of, skip.shaping), least]
        known = [
            (*key, min(depths) if depth is None else depth, depth is None)
            for key, depth in skip.least.items()
        ]
        absent = []  # whether there is no FIFO, where that depends
        if len(depths) < len(skip.least):
            absent = [cp.new_bool_var("")]
        chosen += absent
        cp.add_allowed_assignments(chosen, [row[: len(chosen)] for row in known])
        held = sum(self.of(n, lambda c: c.held) for n in skip.branch)
        delay = skip.delay + sum(self.of(n, lambda c: c.delay) for n in skip.branch)
        waiting = cp.new_int_var(0, high, "")  # pixels that come in meanwhile, rounded up
        cp.add_linear_constraint(skip.cycles * waiting - skip.pixels * delay, 0, skip.cycles - 1)
        slack = slack_pixels(held, 0, skip.pixels, skip.cycles) + waiting
        depth = least + skip.pixel_beats * slack
        steps = []
        for first, last, costs in skip.steps(low, high):
            inside = cp.new_bool_var("")
            cp.add_linear_constraint(depth, first, last).only_enforce_if(inside)
            steps.append((inside, costs))
        cp.add_exactly_one([inside for inside, _ in steps] + absent)
        return {kind: sum(inside * getattr(c, kind) for inside, c in steps) for kind in KINDS}

    def minimize(self, aims: Sequence) -> tuple[int, ...] | None:
        """The choices of the least first aim, among those of the least second, and so on."""
        solver = self.kit.CpSolver()
        solver.parameters.num_workers = 1  # several would make the answer depend on their race
        solver.parameters.random_seed = 1
        solver.parameters.linearization_level = 2  # bounds of a hundred layers: seconds, not hours
        found = None
        for aim in aims:
            self.cp.minimize(aim)
            status = stoppable(solver, self.cp)
            if status == self.kit.INFEASIBLE:
                return None
            assert status == self.kit.OPTIMAL, solver.status_name(status)
            found = tuple([solver.boolean_value(b) for b in row].index(True) for row in self.takes)
            self.cp.add(aim == round(solver.objective_value))
            self.cp.clear_hints()
            for row, index in zip(self.takes, found, strict=True):
                for n, boolean in enumerate(row):
                    self.cp.add_hint(boolean, n == index)
        return found


def stoppable(solver, model) -> int:
    """Solve in a thread: C++ comes back at its end alone, and only we can hear an interrupt."""
    solver.parameters.catch_sigint_signal = False  # or nobody gets it, then and afterwards
    with ThreadPoolExecutor(1) as pool:
        status = pool.submit(solver.solve, model)
        try:
            return status.result()
        except BaseException:
            while not status.done():  # again and again: it may not have begun yet
                solver.stop_search()
                wait([status], STOP_S)
            raise


def solve(
    problem: Problem, limits: Resources | None = None, *, first: str | None = None
) -> tuple[int, ...] | None:
    """The index of a choice for every layer: least LUT, then block RAMs, wires, flip-flops.

    Within ``limits`` of a device, whose wires are scarce too, least LUT and wires come first. The
    kind ``first`` of :data:`KINDS` comes before these. None when nothing keeps ``limits``.
    Always proven; the same problem gives the same choice.
    """
    if not problem.layers:
        return () if limits is None or problem.costs(()).within(limits) else None
    model = Model(problem)
    if limits is not None:
        for kind, need in model.need.items():
            model.cp.add(need <= getattr(limits, kind))
    area = model.need["lut"] + (0 if limits is None else model.wires)
    aims = [] if first is None else [model.need[first]]
    return model.minimize((*aims, area, model.need["ebr"], model.wires, model.need["ff"]))
