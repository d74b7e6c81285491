"""An array's arithmetic: pixels, dot products, accumulators that rotate, the way out."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.schedule.units import ArrayUnit
from rtl_gen.chosen_sum import chosen_sum_of
from rtl_gen.delay import delay
from rtl_gen.dot_array import DotArray

__all__ = ["STEP", "Dots"]

STEP = data.StructLayout(
    {
        "blank": 1,  # the row lies outside the image
        "blank_left": 1,  # the last bank's pixel, which is the one before the group, does
        "blank_right": 1,  # the first bank's pixel, which is the next group's first, does
        "inverted": 1,  # activations count inverted: those of a plane that counts negative
        "first": 1,  # the first plane of a word's weights
        "last": 1,  # and the last: the dot product is complete
        "use": 1,  # the dot products count
        "rotate": 1,  # every sum moves a column on when this is added
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
    Order       a column adds up what its bank's pixel gives. Where its pixel is to be another
                neighbour, sums move between columns, and pixels never: on carry cells that
                choose and add in one LUT as they are read, else in the LUT before their register
    Latency     unit.reads + unit.dot_cycles + 2 cycles from a step to ``full``
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
        columns = self.unit.array.columns
        blanks = [step.blank] * columns
        blanks[0], blanks[-1] = step.blank | step.blank_right, step.blank | step.blank_left
        pixels = [Signal(len(self.banks[0]), name=f"pixel_{x}") for x in range(columns)]
        signed = any(each.inverted for each in self.unit.passes)
        inverted = self.copies(m, [step.inverted] * columns, "inverted") if signed else []
        for x, blank in enumerate(self.copies(m, blanks, "blank")):
            word = Mux(blank, 0, self.banks[x])
            if signed:
                word ^= inverted[x].replicate(len(word))
            m.d.sync += pixels[x].eq(word)
        marks = Cat(step.use, step.rotate, step.fire)
        use, rotate, fire = delay(m, marks, 1 + self.tree.stages, "marks")
        uses = self.copies(m, [use] * columns, "uses")
        rotate, fire = delay(m, Cat(rotate, fire), 1 + self.unit.plane_cycles, "last")
        rotates = self.copies(m, [rotate] * columns, "rotates")
        fired = self.copies(m, [fire] * columns, "fired")
        m.d.comb += self.full.eq(fired[0])
        ends = []
        if self.unit.plane_bits:
            marks = Cat(step.first, step.last & step.use, step.use)
            marks = delay(m, marks, 2 + self.tree.stages, "plane")
            names = ("first", "last", "on")
            ends = [self.copies(m, [bit] * columns, n) for n, bit in zip(names, marks, strict=True)]
        self.collect(m, self.totals(m, pixels, uses, ends, rotates, fired), fired)
        return m

    def copies(self, m: Module, bits: list[Value], name: str) -> list[Signal]:
        """Each column's bit a cycle later, near the column where adders have registers, too."""
        near = {} if self.tree.levels_per_stage is None else {"keep": "true"}
        held = [Signal(name=f"{name}_{x}", attrs=near) for x in range(len(bits))]
        m.d.sync += [copy.eq(bit) for copy, bit in zip(held, bits, strict=True)]
        return held

    def planes(
        self, m: Module, held: Value, first: Value, last: Value, on: Value, name: str
    ) -> Value:
        """The dot product of all planes, the highest first, with the ``last``; before that 0.

        Only when ``on`` there is a plane: where words are missing they do not follow each other.
        """
        so_far = Signal(self.unit.plane_bits, name=f"so_far_{name}", reset_less=True)
        whole = Signal(self.unit.plane_bits, name=f"whole_{name}")
        total = Signal(self.unit.plane_bits, name=f"planes_{name}")
        m.d.comb += total.eq(Mux(first, 0, so_far << 1) + held)
        m.d.sync += whole.eq(total)
        with m.If(on):
            m.d.sync += so_far.eq(total)
        with m.If(~last):  # a synchronous reset, which takes no LUT
            m.d.sync += whole.eq(0)
        return whole

    def totals(
        self, m: Module, pixels: list, uses: list, ends: list, rotates: list, fired: list
    ) -> list[list]:
        """Sums with the last dot product added, by column and PE."""
        unit, simd = self.unit, self.unit.array.simd
        array = DotArray(m, self.tree, self.family, masked=unit.masked, kept=False)
        weights = Signal(unit.array.word_bits)
        m.d.sync += weights.eq(self.weights)
        acts = [array.acts(pixel, f"act_{x}") for x, pixel in enumerate(pixels)]
        signs = [
            array.signs(weights[pe * simd :][:simd], f"sign_{pe}") for pe in range(unit.array.pe)
        ]
        places = [(x, pe) for x in range(unit.array.columns) for pe in range(unit.array.pe)]
        accs = {at: Signal(unit.acc_bits, name="acc_{}_{}".format(*at)) for at in places}
        totals: list[list] = [[] for _ in pixels]
        make = chosen_sum_of(self.family)
        moved = self.copies(m, rotates, "moved") if make is not None else []
        for x, pe in places:
            name, before = f"{x}_{pe}", (x - 1) % unit.array.columns
            dot = array.dot(signs[pe], acts[x], name)
            held = Signal(self.tree.sum_bits, name=f"held_{name}")
            m.d.sync += held.eq(Mux(uses[x], dot, 0))
            if ends:
                held = self.planes(m, held, *(end[x] for end in ends), name)
            if make is not None:
                ways = accs[x, pe], accs[before, pe]
                total = make(m, f"total_{name}", moved[x], ways, held)
            else:
                total = Signal(unit.acc_bits, name=f"total_{name}")
                m.d.comb += total.eq(accs[x, pe] + held)
            totals[x].append(total)
        for x, pe in places:
            following = totals[x][pe]
            if make is None:
                following = Mux(rotates[x], totals[x - 1][pe], following)
            m.d.sync += accs[x, pe].eq(Mux(fired[x], 0, following))
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
