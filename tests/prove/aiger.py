"""And-inverter graphs in ASCII AIGER, for many cases at once, unknown values among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["Graph", "parse"]


@dataclass(frozen=True)
class Graph:
    """Literals are twice a node's number, plus 1 where inverted; node 0 is constant 0.

    inputs, outputs  name to literal
    latches          literal to that of its next value
    begins           literal of a latch to 0, 1, or None where it may begin with either
    names            literal of a latch to its name
    ands             (literal, its two inputs), in an order in which they can be computed
    """

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    latches: Mapping[int, int]
    begins: Mapping[int, int | None]
    names: Mapping[int, str]
    ands: tuple[tuple[int, int, int], ...]

    def cone(self) -> Graph:
        """What the outputs depend on, through latches too."""
        gates = {out: (a, b) for out, a, b in self.ands}
        seen, todo = set(), [lit & ~1 for lit in self.outputs.values()]
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            before = gates.get(node, (self.latches[node],) if node in self.latches else ())
            todo += [lit & ~1 for lit in before]
        return Graph(
            {name: lit for name, lit in self.inputs.items() if lit in seen},
            self.outputs,
            {lit: after for lit, after in self.latches.items() if lit in seen},
            self.begins,
            self.names,
            tuple(gate for gate in self.ands if gate[0] in seen),
        )

    def forgotten(self, begins: str, kept: str) -> Graph:
        """Registers whose names begin so may hold anything at first, but for one that is kept."""
        free = {lit for lit, name in self.names.items()
                if name.startswith(begins) and not name.startswith(kept)}  # fmt: skip
        return replace(self, begins={**self.begins, **dict.fromkeys(free)})

    def compiled(
        self, wanted: Sequence[int]
    ) -> Callable[[Mapping[int, int], int], tuple[int, ...]]:
        """A function that says of the literals ``wanted`` whether each may be 1.

        It takes that of the literals of inputs and latches, both ways, as integers, a case in each
        bit, and the integer in which all those bits are 1. Where a literal and its inverse may both
        be 1 its value is unknown.
        """
        lines = ["def step(known, ones):", " v0, v1 = 0, ones"]
        for lit in (*self.inputs.values(), *self.latches):
            lines.append(f" v{lit}, v{lit ^ 1} = known[{lit}], known[{lit ^ 1}]")
        for out, a, b in self.ands:
            lines += [f" v{out} = v{a} & v{b}", f" v{out ^ 1} = v{a ^ 1} | v{b ^ 1}"]
        lines.append(f" return ({''.join(f'v{lit}, ' for lit in wanted)})")
        space: dict[str, Any] = {}
        exec("\n".join(lines), space)
        return space["step"]


def begins(latch: int, value: int = 0) -> int | None:
    """What a latch begins with, as AIGER says it: itself where that is unknown."""
    return None if value == latch else value


def parse(text: str) -> Graph:
    """A graph from ASCII AIGER with symbols."""
    lines = text.splitlines()
    _, _, inputs, latches, outputs, ands = lines[0].split()
    at = 1
    parts = []
    for count in map(int, (inputs, latches, outputs, ands)):
        parts.append([tuple(map(int, line.split())) for line in lines[at : at + count]])
        at += count
    names = {(kind, int(n)): name for kind, n, name in
             re.findall(r"(?m)^([iol])(\d+) (.+)$", "\n".join(lines[at:]))}  # fmt: skip
    return Graph(
        {names.get(("i", n), f"undefined_{n}"): lit for n, (lit,) in enumerate(parts[0])},
        {names[("o", n)]: lit for n, (lit,) in enumerate(parts[2]) if ("o", n) in names},
        {lit: after for lit, after, *_ in parts[1]},
        {lit: begins(lit, *rest) for lit, _, *rest in parts[1]},
        {lit: names.get(("l", n), "") for n, (lit, *_) in enumerate(parts[1])},
        tuple(sorted(parts[3])),
    )
