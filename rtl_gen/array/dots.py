"""An array's arithmetic: pixels in shift registers, dot products, accumulators, the way out."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.delay import delay
from rtl_gen.dot_array import DotArray

__all__ = ["STEP", "Dots"]

STEP = data.StructLayout(
    {
        "move": 1,  # pixels come in
        "shift": 1,  # by a pixel, instead of loading a group
        "right": 1,  # the pixel that comes in is the next group's first, not this group's last
        "blank": 1,  # the row lies outside the image
        "blank_left": 1,  # the pixel before the group lies outside
        "blank_right": 1,  # the next group lies outside
        "use": 1,  # the dot products count
        "fire": 1,  # the sums are complete
    }
)


class Dots(wiring.Component):
    """columns x pe dot products of simd lanes with accumulators, one step a cycle.

    Members     step: In(STEP), its words are being read
                banks: In(a word per column), weights: In(pe x simd bits), unit.reads cycles later
                take: In(1), the head's column has been used
                head: Out(pe x acc_bits), the sums of the first column not yet taken
                full: Out(1), one cycle before a group's sums stand at the head
    Units       weight bit 1 means -1; sums are raw
    Order       a load brings pixels x-1 .. x+columns-2, each shift the next pixel; or a load alone
                the last pixel of a group and those before it
    Latency     unit.reads + tree.stages + 2 cycles from a step to ``full``
    Throughput  a step per cycle; a group's sums must be taken before the next group fires
    Path        the adders of a stage, or one accumulator
    Errors      none at run time
    """

    def __init__(self, unit: ArrayUnit, family: str | None = None):
        self.unit, self.family = unit, family
        array, self.tree = unit.array, unit.tree
        word = array.simd * unit.act_bits
        super().__init__(
            {
                "step": In(STEP),
                "banks": In(data.ArrayLayout(word, array.columns)),
                "weights": In(array.word_bits),
                "take": In(1),
                "head": Out(data.ArrayLayout(unit.acc_bits, array.pe)),
                "full": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        before = delay(m, self.step.as_value(), self.unit.reads - 1, "step")
        steps = [data.View(STEP, copy) for copy in self.copies(m, before, "steps")]
        pixels = self.pixels(m, steps)
        use, fire = delay(m, Cat(steps[0].use, steps[0].fire), self.tree.stages, "marks")
        uses = self.copies(m, use, "uses")
        before = delay(m, fire, 1, "before")
        fired = self.copies(m, before, "fired")
        m.d.comb += self.full.eq(fired[0])
        self.collect(m, self.totals(m, pixels, uses, fired), fired)
        return m

    def copies(self, m: Module, bits: Value, name: str) -> list[Signal]:
        """``bits`` a cycle later; where adders have registers, one of them near each column."""
        columns = self.unit.array.columns
        near = self.tree.levels_per_stage is not None
        held = [Signal(len(bits), name=f"{name}_{x}", attrs={"keep": "true"} if near else {})
                for x in range(columns if near else 1)]  # fmt: skip
        m.d.sync += [copy.eq(bits) for copy in held]
        return held * (columns // len(held))

    def pixels(self, m: Module, steps: list[data.View]) -> list[Signal]:
        """A group of pixels; the last bank's word of a load is the pixel before the group."""
        columns = self.unit.array.columns
        words = [self.banks[n] for n in range(columns)]
        pixels = [Signal(len(words[0]), name=f"pixel_{n}") for n in range(columns)]
        for n, (pixel, step) in enumerate(zip(pixels, steps, strict=True)):
            loaded, blank = words[n - 1], step.blank
            if n == 0:
                blank = step.blank | (~step.shift & step.blank_left)
            if n < columns - 1:
                shifted = pixels[n + 1]
            else:
                shifted = Mux(step.right, words[0], words[-1])
                blank = step.blank | (step.shift & step.right & step.blank_right)
            with m.If(step.move):
                m.d.sync += pixel.eq(Mux(blank, 0, Mux(step.shift, shifted, loaded)))
        return pixels

    def totals(self, m: Module, pixels: list, uses: list, fired: list) -> list[list]:
        """Sums with the last dot product added, by column and PE."""
        unit, simd = self.unit, self.unit.array.simd
        array = DotArray(m, self.tree, self.family, kept=False)
        weights = Signal(unit.array.word_bits)
        m.d.sync += weights.eq(self.weights)
        acts = [array.acts(pixel, f"act_{x}") for x, pixel in enumerate(pixels)]
        signs = [
            array.signs(weights[pe * simd :][:simd], f"sign_{pe}") for pe in range(unit.array.pe)
        ]
        totals = []
        for x in range(unit.array.columns):
            totals.append([])
            for pe in range(unit.array.pe):
                name = f"{x}_{pe}"
                dot = array.dot(signs[pe], acts[x], name)
                held = Signal(self.tree.sum_bits, name=f"held_{name}")
                acc = Signal(unit.acc_bits, name=f"acc_{name}")
                total = Signal(unit.acc_bits, name=f"total_{name}")
                m.d.sync += held.eq(Mux(uses[x], dot, 0))
                m.d.comb += total.eq(acc + held)
                m.d.sync += acc.eq(Mux(fired[x], 0, total))
                totals[-1].append(total)
        return totals

    def collect(self, m: Module, totals: list[list], fired: list) -> None:
        """Complete sums go into registers; column by column they come to the head.

        They move there where everything stands in one cell with its register. Where adders have
        registers a register needs no LUT, and choosing takes fewer than moving.
        """
        bits, columns = self.unit.acc_bits, len(totals)
        places = [
            [Signal(bits, name=f"sum_{x}_{pe}") for pe in range(len(row))]
            for x, row in enumerate(totals)
        ]
        chosen = self.tree.levels_per_stage is not None
        for x, row in enumerate(totals):
            for pe, total in enumerate(row):
                after = places[x + 1][pe] if x + 1 < columns else 0
                with m.If(fired[x]):
                    m.d.sync += places[x][pe].eq(total)
                if not chosen:
                    with m.Elif(self.take):
                        m.d.sync += places[x][pe].eq(after)
        if not chosen:
            m.d.comb += self.head.as_value().eq(Cat(places[0]))
            return
        turn = Signal(columns, init=1)  # one of them is 1; each group takes all of them
        with m.If(self.take):
            m.d.sync += turn.eq(turn.rotate_left(1))
        head = 0
        for x, row in enumerate(places):
            head |= Cat(row) & turn[x].replicate(bits * len(row))
        m.d.comb += self.head.as_value().eq(head)
