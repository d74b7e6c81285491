"""The zoo's units in groups, each a program: all parts of one are computed in every cycle."""

from __future__ import annotations

from sim.zoo import ZOO

__all__ = ["BROKEN", "GROUPS", "ONE_OF_EACH"]

MOST = 32  # parts of a program
BROKEN = ("fifo_3", "fork_2", "add_even")  # whose vectors are wrong on purpose in a test
ONE_OF_EACH = tuple({type(ZOO[name]): name for name in (*ZOO, *BROKEN)}.values())
OTHERS = tuple(name for name in ZOO if name not in ONE_OF_EACH)
GROUPS = [
    names[n : n + MOST] for names in (ONE_OF_EACH, OTHERS) for n in range(0, len(names), MOST)
]
