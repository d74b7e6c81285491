"""What tests of dot products share: forms side by side, raw bits as late as each wants them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.two_tree import TwoTree
from rtl_gen.dot_product import DotProduct
from rtl_gen.emit import to_verilog
from sim import verilator
from sim.primitives import twins

__all__ = ["Forms", "totals"]


class Forms(wiring.Component):
    """Dot products of the same inputs in several families' forms; NAME_total is one's sum."""

    def __init__(self, tree: TwoTree, families: Sequence[str], masked: bool = False):
        self.tree, self.families, self.masked = tree, tuple(families), masked
        bits = tree.planes * tree.lanes
        totals = {f"{family}_total": Out(tree.sum_bits) for family in self.families}
        super().__init__({"signs": In(bits), "acts": In(bits), **totals})

    def elaborate(self, platform):
        m = Module()
        tree = self.tree
        late = {}
        for name, now in (("signs", self.signs), ("acts", self.acts)):
            delayed: list[Value] = [now]
            for n in range(tree.stages):
                held = Signal(len(now), name=f"{name}_{n}", reset_less=True)
                m.d.sync += held.eq(delayed[-1])
                delayed.append(held)
            late[name] = Signal(len(now), name=f"late_{name}")
            bits = (
                delayed[tree.delays[plane][lane]][plane * tree.lanes + lane]
                for plane in range(tree.planes)
                for lane in range(tree.lanes)
            )
            m.d.comb += late[name].eq(Cat(bits))
        for family in self.families:
            m.submodules[family] = dot = DotProduct(tree, family, self.masked)
            plain = family == "plain"
            m.d.comb += [
                dot.signs.eq(self.signs if plain else late["signs"]),
                dot.acts.eq(self.acts if plain else late["acts"]),
                getattr(self, f"{family}_total").eq(dot.total),
            ]
        return m


BENCH = """module bench;
  reg clk = 0;
  reg [{high}:0] signs, acts, lines [0:{lines}];
  {wires}
  top dut(.clk(clk), .rst(1'b0), .signs(signs), .acts(acts){ports});
  integer n, out;
  initial begin
    $readmemh("vectors.hex", lines);
    out = $fopen("totals.txt", "w");
    for (n = 0; n < {beats}; n = n + 1) begin
      signs = lines[2 * n];
      acts = lines[2 * n + 1];
      #1 $fdisplay(out, "{formats}"{totals});
      clk = 1;
      #1 clk = 0;
    end
    $finish;
  end
endmodule
"""


def totals(
    tree: TwoTree,
    families: Sequence[str],
    signs: np.ndarray,
    acts: np.ndarray,
    programs: Path,
    folder: Path,
    masked: bool = False,
) -> dict[str, np.ndarray]:
    """What each form makes in Verilator of inputs (beat, plane, lane): the sums of whole beats."""
    names = [f"{family}_total" for family in families]
    beats, bits = len(signs), tree.planes * tree.lanes
    bench = BENCH.format(
        high=bits - 1,
        lines=2 * beats - 1,
        beats=beats,
        wires=f"wire [{tree.sum_bits - 1}:0] {', '.join(names)};",
        ports="".join(f", .{name}({name})" for name in names),
        formats=" ".join("%0d" for _ in names),
        totals="".join(f", {name}" for name in names),
    )
    sources = {"bench.v": bench, "top.v": to_verilog(Forms(tree, families, masked), "top")}
    for family in families:
        sources |= twins(family)
    program = verilator.build(sources, "bench", programs, brief=True)
    words = [
        f"{int(''.join(map(str, line.reshape(-1)[::-1])), 2):x}"
        for beat in zip(signs, acts, strict=True)
        for line in beat
    ]
    (folder / "vectors.hex").write_text("\n".join(words))
    subprocess.run([program.resolve()], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    found = np.loadtxt(folder / "totals.txt", dtype=int, ndmin=2)[tree.stages :]
    return {family: found[:, n] for n, family in enumerate(families)}
