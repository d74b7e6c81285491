"""Every state that a small circuit can be in, one by one.

They are the strongest inductive invariant there is: what holds in each of them holds for ever.
Payloads, and whatever else no rule of a stream may depend on, stay unknown, so that a state stands
for all their values; where one would decide something that is looked at, that is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from prove.aiger import Graph

__all__ = ["NotSmallError", "Space", "explore", "whole"]

MOST_INPUTS, MOST_STATES = 10, 300_000


class NotSmallError(Exception):
    """Not to be walked through: too many states or inputs, or data decide."""


@dataclass(frozen=True)
class Space:
    """The states of a circuit; number 0 is the first.

    inputs   those that are tried both ways, in the order of bits in the number of a way
    after    states,ways: the state after each
    seen     of each output: states,ways, bool
    latches  in the cone of the outputs
    cycles   None: these are all states; else all of the first so many cycles, and there are more,
             to which some of ``after`` lead
    """

    inputs: tuple[str, ...]
    after: np.ndarray
    seen: Mapping[str, np.ndarray]
    latches: int
    cycles: int | None

    @property
    def states(self) -> int:
        return len(self.after)

    def __str__(self) -> str:
        return f"{self.latches} bits, {self.states:,} states"

    @property
    def method(self) -> str:
        """As a table tells it."""
        return "all states" if self.cycles is None else f"bounded, {self.cycles} cycles"


def pack(bits: np.ndarray) -> list[int]:
    """Bits cases,N as N integers, a case in each bit."""
    rows = np.packbits(bits.T, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


def unpack(numbers: Sequence[int], cases: int) -> np.ndarray:
    """Integers as bits N,cases."""
    size = -(-cases // 8)
    raw = b"".join(number.to_bytes(size, "little") for number in numbers)
    rows = np.frombuffer(raw, np.uint8).reshape(len(numbers), size)
    return np.unpackbits(rows, axis=1, bitorder="little")[:, :cases]


def explore(graph: Graph, free: str, most: int = MOST_STATES) -> Space:
    """All states of ``graph`` from the first on, whatever the inputs whose names begin ``free``.

    All other inputs, and registers without an initial value, are unknown. Beyond ``most`` states it
    ends, with all those of the first cycles. Raises NotSmallError where something unknown reaches
    an output.
    """
    graph = graph.cone()
    inputs = tuple(name for name in graph.inputs if name.startswith(free))
    if len(inputs) > MOST_INPUTS:
        raise NotSmallError(f"{len(inputs)} inputs")
    sides = [lit for latch in graph.latches for lit in (latch, latch ^ 1)]
    nexts = [lit for after in graph.latches.values() for lit in (after, after ^ 1)]
    begins = [graph.begins[latch] for latch in graph.latches]
    frontier = np.array([[bit for value in begins for bit in (value != 0, value != 1)]], np.uint8)
    frontier = frontier.reshape(1, 2 * len(graph.latches))
    known = {np.packbits(frontier, axis=1).tobytes(): 0}
    afters: list[np.ndarray] = []
    seen: dict[str, list[np.ndarray]] = {name: [] for name in graph.outputs}
    ways = np.array(list(product((0, 1), repeat=len(inputs))), np.uint8)
    outs = list(graph.outputs.values())
    step = graph.compiled([*outs, *(lit ^ 1 for lit in outs), *nexts])
    cycles = 0
    while (count := len(frontier)) and len(known) <= most:
        cycles += 1
        cases = count * len(ways)
        ones = (1 << cases) - 1
        held = dict(zip(sides, pack(np.tile(frontier, (len(ways), 1))), strict=True))
        held |= {lit ^ side: ones for lit in graph.inputs.values() for side in (0, 1)}
        for name, bits in zip(inputs, pack(np.repeat(ways, count, axis=0)), strict=True):
            lit = graph.inputs[name]
            held |= {lit: bits, lit ^ 1: ones ^ bits}
        found = unpack(step(held, ones), cases).reshape(-1, len(ways), count)
        values, inverses, rest = np.split(found, (len(outs), 2 * len(outs)))
        unknown = (values & inverses).any(axis=(1, 2))
        if unknown.any():
            raise NotSmallError(f"data decide {list(graph.outputs)[int(unknown.argmax())]}")
        keys = np.packbits(rest.transpose(2, 1, 0), axis=2)
        fresh: list[bytes] = []
        width, text = keys.shape[2], keys.tobytes()
        numbers = []
        for case in range(cases):
            key = text[case * width : (case + 1) * width]
            number = known.get(key)
            if number is None:
                number = known[key] = len(known)
                fresh.append(key)
            numbers.append(number)
        after = np.array(numbers, np.int64).reshape(count, len(ways))
        afters.append(after)
        for name, value in zip(graph.outputs, values, strict=True):
            seen[name].append(value.T.astype(bool))
        raw = np.frombuffer(b"".join(fresh), np.uint8).reshape(len(fresh), keys.shape[2])
        frontier = np.unpackbits(raw, axis=1)[:, : 2 * len(graph.latches)]
    return Space(
        inputs,
        np.concatenate(afters),
        {name: np.concatenate(values) for name, values in seen.items()},
        len(graph.latches),
        cycles if len(frontier) else None,
    )


def whole(graph: Graph, free: str) -> Space:
    """The same, all of it. Raises NotSmallError where that is too much."""
    space = explore(graph, free)
    if space.cycles is not None:
        raise NotSmallError(f"more than {MOST_STATES:,} states")
    return space
