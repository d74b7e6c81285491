"""An array's arithmetic: pixels, dot products, accumulators that rotate, the way out."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.chosen_sum import chosen_sum
from rtl_gen.delay import delay
from rtl_gen.dot_array import DotArray

__all__ = ["STEP", "Dots"]

STEP = data.StructLayout(
    {
        "blank": 1,  # the row lies outside the image
        "blank_left": 1,  # the last bank's pixel, which is the one before the group, does
        "blank_right": 1,  # the first bank's pixel, which is the next group's first, does
        "use": 1,  # the dot products count
        "rotate": 1,  # every sum moves a column on before this is added
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
    Order       a column adds up what its bank's pixel gives: to its own sum or, where the pixel is
                another neighbour than before, to that of the column before it. So pixels need
                no way between columns, and what chooses a sum is in the adder's own LUT
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
        step = data.View(STEP, delay(m, self.step.as_value(), self.unit.reads - 1, "step"))
        columns, blanks = self.unit.array.columns, [step.blank] * self.unit.array.columns
        blanks[0], blanks[-1] = step.blank | step.blank_right, step.blank | step.blank_left
        pixels = [Signal(len(self.banks[0]), name=f"pixel_{x}") for x in range(columns)]
        for x, blank in enumerate(self.copies(m, blanks, "blank")):
            m.d.sync += pixels[x].eq(Mux(blank, 0, self.banks[x]))
        marks = Cat(step.use, step.rotate, step.fire)
        use, rotate, fire = delay(m, marks, 1 + self.tree.stages, "marks")
        uses = self.copies(m, [use] * columns, "uses")
        last = delay(m, Cat(rotate, fire), 1, "last")
        rotates, fired = (self.copies(m, [bit] * columns, name)
                          for bit, name in zip(last, ("rotates", "fired"), strict=True))  # fmt: skip
        m.d.comb += self.full.eq(fired[0])
        self.collect(m, self.totals(m, pixels, uses, rotates, fired), fired)
        return m

    def copies(self, m: Module, bits: list[Value], name: str) -> list[Signal]:
        """A column's bit a cycle later; where adders have registers, each has its own, near it."""
        near = self.tree.levels_per_stage is not None
        if not near and all(bit is bits[0] for bit in bits):
            bits, columns = bits[:1], len(bits)
        else:
            columns = 1
        held = [Signal(name=f"{name}_{x}", attrs={"keep": "true"} if near else {})
                for x in range(len(bits))]  # fmt: skip
        m.d.sync += [copy.eq(bit) for copy, bit in zip(held, bits, strict=True)]
        return held * columns

    def totals(
        self, m: Module, pixels: list, uses: list, rotates: list, fired: list
    ) -> list[list]:
        """Sums with the last dot product added, by column and PE."""
        unit, simd = self.unit, self.unit.array.simd
        array = DotArray(m, self.tree, self.family, kept=False)
        weights = Signal(unit.array.word_bits)
        m.d.sync += weights.eq(self.weights)
        acts = [array.acts(pixel, f"act_{x}") for x, pixel in enumerate(pixels)]
        signs = [
            array.signs(weights[pe * simd :][:simd], f"sign_{pe}") for pe in range(unit.array.pe)
        ]
        places = [(x, pe) for x in range(unit.array.columns) for pe in range(unit.array.pe)]
        accs = {at: Signal(unit.acc_bits, name="acc_{}_{}".format(*at)) for at in places}
        totals: list[list] = [[] for _ in pixels]
        for x, pe in places:
            name, before = f"{x}_{pe}", (x - 1) % unit.array.columns
            dot = array.dot(signs[pe], acts[x], name)
            held = Signal(self.tree.sum_bits, name=f"held_{name}")
            m.d.sync += held.eq(Mux(uses[x], dot, 0))
            ways = accs[x, pe], accs[before, pe]
            total = chosen_sum(m, self.family, f"total_{name}", rotates[x], ways, held)
            m.d.sync += accs[x, pe].eq(Mux(fired[x], 0, total))
            totals[x].append(total)
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
