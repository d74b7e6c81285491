"""Networks that leave pixels and channels out, repeat, pad, move them: exact in every cycle."""

import numpy as np
import pytest
from exact_draws import drawn_folds, exact_draws

from fq_hw import golden, ir
from fq_hw.ir import Places
from fq_hw.passes import lower_graph
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import PadUnit, PickUnit, SelectUnit, SpreadUnit, WindowUnit

MOST_VALUES = 300  # of a tensor, for the same


class Drawn:
    """Ops of a network that is being drawn, each behind the last unless it says otherwise."""

    def __init__(self, dice: np.random.Generator):
        self.dice, self.bits = dice, int(dice.integers(1, 4))
        height, width = (int(n) for n in dice.integers(2, 7, 2))
        table = dice.integers(0, 2**self.bits, (1, 256, int(dice.choice([2, 4, 6]))))
        self.ops: list[ir.Op] = [
            ir.Input(name="x", shape=(height, width, 1)),
            ir.Embed(name="levels", inputs=("x",), table=table, out_bits=self.bits),
        ]

    @property
    def last(self) -> str:
        return self.ops[-1].name

    def types(self) -> dict[str, ir.TensorType]:
        found: dict[str, ir.TensorType] = {}
        for op in self.ops:
            found[op.name] = ir.infer(op, *(found[name] for name in op.inputs))
        return found

    def shape(self, name: str | None = None) -> tuple[int, int, int]:
        return self.types()[name or self.last].shape

    def add(self, kind: type[ir.Op], *inputs: str, **fields: object) -> str:
        name = f"{kind.__name__.lower()}{len(self.ops)}"
        self.ops.append(kind(name=name, inputs=inputs or (self.last,), **fields))
        return name

    def conv(self, source: str | None = None, cout: int | None = None, kernel: int = 1) -> str:
        source = source or self.last
        cout = cout or int(self.dice.choice([1, 2, 4]))
        weight = self.dice.choice([-1, 1], (cout, kernel, kernel, self.shape(source)[2]))
        self.add(ir.Conv, source, weight=weight, stride=1, padding=kernel // 2, scale=None)
        rows = np.sort(self.dice.integers(-6, 7, (cout, 2**self.bits - 1)), axis=1)
        return self.add(ir.Threshold, levels=rows, sign=self.dice.choice([-1, 1], cout),
                        out_bits=self.bits)  # fmt: skip

    def some(self, size: int) -> dict[str, int]:
        """Which places of a side are taken."""
        start, step = int(self.dice.integers(0, size)), int(self.dice.integers(1, 3))
        count = int(self.dice.integers(1, -(-(size - start) // step) + 1))
        return {"start": start, "step": step, "count": count}

    def grid(self, kind: str) -> str:
        sides = []
        for size in self.shape()[:2]:
            found = self.some(size) if kind in ("pick", "all") else {"count": size}
            if kind in ("repeat", "all"):
                found["times"] = int(self.dice.integers(1, 4))
            if kind in ("pad", "all"):
                found["before"], found["after"] = (int(n) for n in self.dice.integers(0, 3, 2))
            sides.append(Places(**found).indices)
        level = int(self.dice.integers(0, 2**self.bits))
        return self.add(ir.Grid, rows=sides[0], columns=sides[1], level=level)

    def select(self) -> str:
        channels = self.shape()[2]
        kind = self.dice.choice(["shuffle", "run", "any", "constant"])
        if kind == "shuffle":
            order = self.dice.permutation(channels)
        elif kind == "run":
            found = {**self.some(channels), "step": 1}
            order = Places(**found).indices
        else:
            least = -1 if kind == "constant" else 0
            order = self.dice.integers(least, channels, int(self.dice.integers(1, 7)))
        return self.add(ir.Select, order=order, level=int(self.dice.integers(0, 2**self.bits)))

    def blocks(self, kind: type[ir.Op]) -> str | None:
        height, width, channels = self.shape()
        if kind is ir.SpaceToDepth:
            fits = [n for n in (2, 3, 1) if height % n == 0], [n for n in (2, 1) if width % n == 0]
        else:
            fits = [2, 1], [n for n in (2, 3, 1) if channels % (2 * n) == 0] or [1]
        block = tuple(int(self.dice.choice(some)) for some in fits)
        if kind is ir.DepthToSpace and channels % np.prod(block):
            return None
        return self.add(kind, block=block)

    def wired(self) -> None:
        kind = self.dice.choice(["pick", "repeat", "pad", "all", "select", "deep", "space"])
        if kind == "select":
            self.select()
        elif kind == "deep":
            self.blocks(ir.SpaceToDepth)
        elif kind == "space":
            self.blocks(ir.DepthToSpace)
        else:
            self.grid(kind)

    def joined(self) -> None:
        """Two ways from here, one of them through fewer pixels or half of the channels."""
        source, (height, width, channels) = self.last, self.shape()
        kind = self.dice.choice(["up", "split", "shift", "deep"])
        if kind == "up" and height % 2 == width % 2 == 0:
            self.add(ir.MaxPool, source, kernel=(2, 2))
            self.conv(kernel=int(self.dice.choice([1, 3])))
            rows, columns = (Places(count=n // 2, times=2).indices for n in (height, width))
            self.add(ir.Grid, rows=rows, columns=columns)
            self.add(ir.Concat, *self.dice.permutation([source, self.last]).tolist())
        elif kind == "deep" and height % 2 == width % 2 == 0:
            self.add(ir.SpaceToDepth, source, block=(2, 2))
            self.conv(cout=4, kernel=int(self.dice.choice([1, 3])))
            self.add(ir.DepthToSpace, block=(2, 2))
            self.add(ir.Concat, *self.dice.permutation([source, self.last]).tolist())
        elif kind == "split" and channels % 2 == 0:
            halves = np.arange(channels).reshape(2, -1)
            first = self.add(ir.Select, source, order=halves[0])
            self.add(ir.Select, source, order=halves[1])
            second = self.conv(kernel=int(self.dice.choice([1, 3])))
            self.add(ir.Concat, first, second)
            self.add(ir.Select, order=self.dice.permutation(self.shape()[2]))
        elif height > 1:  # the image beside itself, moved by a pixel
            rows = np.array([-1, *range(height - 1)])
            first = self.add(ir.Grid, source, rows=rows, columns=np.arange(width))
            second = self.conv(source, kernel=int(self.dice.choice([1, 3])))
            self.add(ir.Concat, *self.dice.permutation([first, second]).tolist())


def network(dice: np.random.Generator) -> ir.Graph | None:
    """Layers of random kinds; None where one is too large."""
    drawn = Drawn(dice)
    for _ in range(int(dice.integers(1, 4))):
        if dice.random() < 0.4:
            drawn.joined()
        else:
            drawn.wired()
        if dice.random() < 0.5:
            drawn.conv(kernel=int(dice.choice([1, 3])))
    if max(np.prod(kind.shape) for kind in drawn.types().values()) > MOST_VALUES:
        return None
    weight = dice.choice([-1, 1], (3, 1, 1, drawn.shape()[2]))
    drawn.add(ir.Conv, weight=weight, stride=1, padding=0, scale=None)
    drawn.add(ir.PixelSum)
    drawn.ops += [
        ir.ClassScale(name="scores", inputs=(drawn.last,), multiplier=np.array([3, 2, 5])),
        ir.ArgMax(name="label", inputs=("scores",)),
    ]
    return lower_graph(ir.Graph("drawn", tuple(drawn.ops)))


def drawn(dice):
    graph = network(dice)
    if graph is None:
        return None
    slack = 0 if dice.random() < 0.5 else None  # the least that does not deadlock
    return graph, lower(graph, drawn_folds(graph, dice), skip_slack=slack)


def seen(graph, plan):
    for node in plan.nodes:
        match node.unit:
            case PickUnit() as unit:
                yield "pixels picked" if unit.beats_kept is None else "channels picked"
            case PadUnit() | SelectUnit():
                yield type(node.unit).__name__
            case SpreadUnit() as unit:
                yield "deep" if unit.deep else "repeated"
            case WindowUnit():
                yield from ["blocks"] * (not node.name.endswith(".window"))
    yield from ["joined"] * any(isinstance(op, ir.Join) for op in graph.ops)


@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_equals_simulation(examples):
    found = exact_draws(examples, drawn, seen)
    kinds = ("channels picked", "pixels picked", "PadUnit", "SelectUnit", "deep", "repeated",
             "blocks", "joined")  # fmt: skip
    assert all(found[kind] for kind in kinds), found


def test_golden_is_numpy():
    dice = np.random.default_rng(0)
    x = dice.integers(0, 200, (2, 4, 6, 12)).astype(np.uint8)
    fields = {"rows": np.array([-1, 1, 1, 3, 3]), "columns": np.array([2, 3, 4, -1]), "level": 7}
    found = golden.ops.evaluate(ir.Grid(name="grid", **fields), x)
    want = np.pad(x[:, 1::2].repeat(2, axis=1)[:, :, 2:5], ((0, 0), (1, 0), (0, 1), (0, 0)),
                  constant_values=7)  # fmt: skip
    np.testing.assert_array_equal(found, want)
    found = golden.ops.evaluate(ir.Select(name="some", order=np.array([3, -1, 3]), level=9), x)
    np.testing.assert_array_equal(found[..., ::2], x[..., [3, 3]])
    assert (found[..., 1] == 9).all()
    deep = golden.ops.evaluate(ir.SpaceToDepth(name="deep", block=(2, 3)), x)
    np.testing.assert_array_equal(deep[:, 1, 1, 12 * 4 : 12 * 5], x[:, 3, 4])
    back = golden.ops.evaluate(ir.DepthToSpace(name="back", block=(2, 3)), deep)
    np.testing.assert_array_equal(back, x)
