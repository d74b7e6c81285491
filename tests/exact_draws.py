"""Networks drawn by chance that hardware must compute exactly, and what was among them."""

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from simcases import FRAMES, assert_exact

from fq_hw.ir import Conv, Graph
from fq_hw.schedule import timing
from fq_hw.schedule.choices import folds_of
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.plan import Plan

MOST_CYCLES = 2_500  # of a plan's three frames, for the sake of time
TRIES = 10  # draws for each network that is small enough

Draw = Callable[[np.random.Generator], tuple[Graph, Plan] | None]


def exact_draws(
    examples: int, draw: Draw, see: Callable[[Graph, Plan], Iterable], most: int = MOST_CYCLES
) -> Counter:
    """Count what ``see`` finds in ``examples`` draws, each exact in every score and every pixel's
    and result's cycle, then stalled. What ``draw`` gives up, and what is slower, is drawn again.
    """
    seen, kept = Counter(), 0
    for seed in range(TRIES * examples):
        dice = np.random.default_rng(seed)
        drawn = draw(dice)
        if drawn is None:
            continue
        graph, plan = drawn
        schedule = timing.simulate(plan, FRAMES)
        if schedule.results[-1] >= most:
            continue
        assert_exact(graph, plan, schedule, seed, dice)
        seen.update(see(graph, plan))
        kept += 1
        if kept == examples:
            return seen
    raise AssertionError(f"{kept} of {examples} networks are small enough; {dict(seen)}")


def drawn_folds(
    graph: Graph,
    dice: np.random.Generator,
    wanted: Callable[[Fold], object] = lambda fold: True,
) -> dict[str, Fold]:
    """A fold by chance for each convolution, one that is ``wanted`` where there is one."""
    folds = {}
    for op in graph.ops:
        if isinstance(op, Conv):
            ways = folds_of(graph, op)
            space = [fold for fold in ways if wanted(fold)] or ways
            folds[op.name] = space[dice.integers(len(space))]
    return folds
