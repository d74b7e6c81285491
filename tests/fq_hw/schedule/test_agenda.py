"""The order in which an SDRAM moves parameters and a trunk: all of it, and nothing too late."""

import random

import pytest

from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.sdram import Burst, PassBursts, agenda_of

BURST = 8


def some(dice: random.Random) -> tuple[PassBursts, ...]:
    """Passes of a frame: every second convolution meets the trunk, as residual blocks have it."""
    found = []
    for number in range(dice.randrange(1, 7)):
        folds, sums = dice.choice([(1, 8), (2, 4), (4, 2), (3, 16), (2, 24), (8, 5)])
        found.append(
            PassBursts(
                folds=folds,
                words=dice.randrange(1, 40),
                sums=sums,
                reads=number > 0 and dice.random() < 0.5,
                writes=dice.random() < 0.5,
            )
        )
    return tuple(found)


@pytest.mark.parametrize("seed", range(40))
def test_each_burst_comes_once_and_in_an_order_that_can_be_followed(seed):
    passes = some(random.Random(seed))
    agenda = agenda_of(passes, BURST)
    todo = iter(map(Burst, agenda.bursts))
    need, words, largest = 0, 0, 0  # bursts of parameters that were needed, and have come
    for number, step in enumerate(passes):
        count = step.folds * step.sums // BURST if step.reads or step.writes else 0
        largest = max(largest, count)
        read = written = 0
        first = sum(one.folds * one.words for one in passes[:number])
        begun = not count
        while read < count * step.reads or written < count * step.writes or not begun:
            kind = next(todo)
            if kind is Burst.AGAIN:
                begun = True
            words += kind is Burst.WORDS
            if kind is Burst.READ:
                assert begun
                read += 1
            if kind is Burst.WRITE:
                # What it was made of has come: its part of the trunk, the parameters of its fold.
                written += 1
                fold = (written * BURST - 1) // step.sums
                need = ceil_div(first + (fold + 1) * step.words, BURST)
                assert words >= need and (read >= written or not step.reads) and begun
            if kind is Burst.READ and step.writes:
                assert written <= read <= written + 4  # as many as there is room for
    words += sum(kind is Burst.WORDS for kind in todo)  # nothing but these is left
    total = ceil_div(sum(one.folds * one.words for one in passes), BURST)
    assert words == total == agenda.count(Burst.WORDS)
    assert agenda.blocks == largest
    moved = sum(one.folds * one.sums // BURST * (one.reads + one.writes) for one in passes)
    assert agenda.slots == total + moved


def test_parameters_come_a_fold_ahead_spread_over_the_sums():
    step = PassBursts(folds=3, words=32, sums=16, reads=True, writes=True)
    letters = {Burst.WORDS: "w", Burst.READ: "r", Burst.WRITE: "W", Burst.AGAIN: "."}
    said = "".join(letters[Burst(code)] for code in agenda_of((step,), BURST).bursts)
    assert said == ".wwwwrrwwrwwrWwwrWwwrWWWW"
