"""Taps on every tensor inside the accelerator, to compare level by level with the golden model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fq_hw.errors import SimulationError, require
from fq_hw.schedule.plan import Node, Plan
from fq_hw.schedule.units import Beat, ResultUnit, ScoreUnit, WindowUnit, ceil_div
from rtl_gen.top import identifiers
from sim import array_taps, window_taps

__all__ = ["NONE", "mismatches", "module"]

NONE = "module taps(input clk, input rst); wire moved = 0; endmodule\n"  # where nothing is watched


def tapped(plan: Plan) -> list[Node]:
    """Nodes whose output stream carries a tensor of the graph, but those that make the results.

    Scores and labels go out, and are compared there.
    """
    ends = ScoreUnit, ResultUnit
    return [n for n in plan.nodes if n.tensor is not None and not isinstance(n.unit, ends)]


def arrays(plan: Plan) -> list[Node]:
    """Nodes inside which tensors are computed."""
    return [node for node in plan.nodes if node.inside]


def window_of(plan: Plan, node: Node) -> WindowUnit:
    """The window whose beats pass ``node``."""
    return plan[node.inputs[0].node].unit


def module(plan: Plan) -> str:
    """Verilog module ``taps``: writes "node beat" for every transfer to the file +taps=FILE.

    ``moved`` says whether it wrote one in the last cycle.
    """
    signals, lines, moves = [], [], []
    words = identifiers(node.name for node in plan.nodes)
    nodes = tapped(plan)
    for index, node in enumerate([*nodes, *arrays(plan)]):
        part = f"bench.dut.\\{words[node.name]} "  # escaped: it may be a word of Verilog
        moved, payload = f"{part}.o__valid && {part}.o__ready", f"{part}.o__payload"
        if index >= len(nodes):
            moved, payload = array_taps.seen(part)
        elif node.unit.o.late:
            signal, moved = window_taps.seen(index, window_of(plan, node), moved)
            signals.append(signal)
        moves.append(f"({moved})")
        write = f'$fwrite(file, "{index} %h\\n", {payload})'
        lines.append(f"      if ({moved}) begin {write}; written = written + 1; end")
    body, more = "\n".join(lines), "\n".join(signals)
    return f"""module taps(input clk, input rst);
  integer file;
  integer written = 0;
  string name;
  reg moved = 0;
{more}
  initial file = $value$plusargs("taps=%s", name) ? $fopen(name, "w") : 0;
  always @(posedge clk)
    if (file != 0 && !rst) begin
{body}
      moved <= {" || ".join(moves)};
    end
  final if (file != 0) $fwrite(file, "end %0d\\n", written);
endmodule
"""


def lanes_of(words: list[str], beat: Beat) -> np.ndarray:
    """Beats as integers: beat, lane."""
    size, width = ceil_div(beat.width, 8), beat.lanes * beat.bits
    packed = b"".join(int(word, 16).to_bytes(size, "little") for word in words)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, size), axis=1,
                         bitorder="little")[:, :width]  # fmt: skip
    lanes = bits.reshape(-1, beat.lanes, beat.bits).astype(np.int64)
    numbers = (lanes << np.arange(beat.bits)).sum(axis=2)
    if beat.signed:
        numbers = (numbers ^ (1 << (beat.bits - 1))) - (1 << (beat.bits - 1))
    return numbers


def values(words: list[str], node: Node, shape: tuple[int, ...]) -> np.ndarray:
    """Beats of a node's output as the tensor they carry: N,H,W,C of ``shape``."""
    beat = node.unit.o
    n, h, w, c = shape
    folds = ceil_div(c, beat.lanes)
    numbers = lanes_of(words[: n * h * w * folds], beat)
    if node.unit.planar:
        pixels = numbers.reshape(n, folds, h * w, beat.lanes)
        numbers = np.empty((n, h * w, folds, beat.lanes), np.int64)
        order = node.unit.pixel_order
        numbers[:, range(h * w) if order is None else order] = pixels.swapaxes(1, 2)
    found = numbers.reshape(n, h, w, folds * beat.lanes)[..., :c]
    return found if node.offset is None else found + node.offset


def whole_lines(path: Path) -> Iterator[str]:
    """The lines that a simulation wrote; SimulationError unless all are there.

    On a full disk it writes less without a word. So its last line counts those before.
    """
    last, count = "", -1
    with path.open() as file:
        for line in file:
            if count >= 0:
                yield last
            last, count = line, count + 1
    contract = "the simulation could not write all its results; is the disk full?"
    require(last == f"end {count}\n", f"{path}", contract, kind=SimulationError)


def mismatches(path: Path, plan: Plan, tensors: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Per tensor, how many values written to ``path`` differ from ``tensors`` (golden)."""
    nodes = tapped(plan)
    within = arrays(plan)
    words: list[list[str]] = [[] for _ in [*nodes, *within]]
    for line in whole_lines(path):
        index, word = line.split()
        words[int(index)].append(word)
    wrong: dict[str, int] = {}
    for node, found in zip(within, words[len(nodes) :], strict=True):
        for name, _, count in array_taps.inside(found, node, tensors):
            wrong[name] = wrong.get(name, 0) + count
    for node, found in zip(nodes, words, strict=False):
        want = tensors[node.tensor]
        if node.unit.o.late:
            seen = lanes_of(found, node.unit.o)
            wrong[node.tensor] = window_taps.wrong(seen, window_of(plan, node), want)
            continue
        beats = want[..., 0].size * ceil_div(want.shape[-1], node.unit.o.lanes)
        if len(found) < beats:  # every value that never came is wrong
            wrong[node.tensor] = want.size
        else:
            wrong[node.tensor] = int((values(found, node, want.shape) != want).sum())
    return wrong
