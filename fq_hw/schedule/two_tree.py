"""The adders of one dot product as segments of carry chains: the two-tree form.

Input are raw bits, one per lane and plane: an activation's plane bit, inverted where the weight is
-1. A position of a carry chain adds two bits and its carry and absorbs both inversions. A segment
is a run of positions: it takes a third bit on its carry-in and ends in a joint, a position that
reads the carry out and at the same time starts the next segment's carry. In the tree of a plane a
leaf takes three raw bits of the plane and two of each plane above; an inner segment adds two words
and takes one more raw bit on its carry-in, so that no carry-in is wasted. The plane above gets what
is left over, and the trees are added in the end. A raw bit is delayed until its segment wants it,
which is cheaper than keeping partial sums. Structure and figures: design.md, measured on LFE5U.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fq_hw.errors import FoldingError, require

__all__ = ["Position", "Raw", "TwoTree", "build"]

CHAIN = 24  # positions of a chain at most: longer ones are hard to place
WIDE, WIDE_CHAIN = 64, 21  # beyond so many lanes, where 24 cost 25 to 40 of 255 to 270 MHz


class Raw(NamedTuple):
    """A raw bit: the plane and lane it comes from."""

    plane: int
    lane: int


Bit = Raw | int  # a raw bit, or a wire by number


class Position(NamedTuple):
    """A position of a carry chain: its sum bit goes to the wire ``out``, if to any.

    out = a + b + carry, or for a joint: out = the carry so far, and the next carry is ``a``.
    """

    joint: bool
    a: Bit | None
    b: Bit | None
    out: int | None


class Word(NamedTuple):
    """A number on its way: its bits, lowest first, and its largest value."""

    bits: tuple[int, ...]
    most: int


@dataclass(frozen=True)
class TwoTree:
    """The sum over ``lanes`` of ``planes``-bit numbers, each inverted where its sign bit is set.

    stages      register stages from the inputs to the sum, which stands in the last one
    chains      positions in order; the first of each is a joint
    registers   (wire out, wire in) of every flip-flop
    total       the sum's wires, lowest first
    delays      register stages that each raw bit waits, by plane and lane
    """

    lanes: int
    planes: int
    levels_per_stage: int | None
    stages: int
    chains: tuple[tuple[Position, ...], ...]
    registers: tuple[tuple[int, int], ...]
    total: tuple[int, ...]
    delays: tuple[tuple[int, ...], ...]

    @property
    def sum_bits(self) -> int:
        """Width of the sum."""
        return ((2**self.planes - 1) * self.lanes).bit_length()

    @property
    def positions(self) -> int:
        """Carry positions, which come in pairs: the LUTs that the dot product takes."""
        return sum(len(chain) + len(chain) % 2 for chain in self.chains)


class _Builder:
    """Grows the trees level by level."""

    def __init__(self, lanes: int, planes: int, levels_per_stage: int | None):
        self.per_stage = levels_per_stage
        self.longest = CHAIN if lanes <= WIDE else WIDE_CHAIN
        self.pools = [[Raw(p, n) for n in reversed(range(lanes))] for p in range(planes)]
        self.delays = [[0] * lanes for _ in range(planes)]
        self.stage = self.level = 0
        self.wire = itertools.count().__next__  # the number of a new one
        self.segments: dict[tuple[int, int], list[list[Position]]] = {}
        self.registers: list[tuple[int, int]] = []
        self.words: list[list[Word]] = [[] for _ in range(planes)]

    def raw(self, plane: int) -> Raw:
        bit = self.pools[plane].pop()
        self.delays[plane][bit.lane] = self.stage
        return bit

    def raws(self, plane: int, most: int) -> list[Raw]:
        return [self.raw(plane) for _ in range(min(most, len(self.pools[plane])))]

    def segment(self, carry: Bit | None, pairs: Iterable[Sequence[Bit]], most: int) -> Word:
        """A segment that adds ``carry`` and ``pairs`` of bits; ``most`` bounds its value."""
        body = [Position(True, carry, None, None)]
        for pair in pairs:
            a, b = (*pair, None, None)[:2]
            body.append(Position(False, a, b, self.wire()))
        bits = [position.out for position in body[1:]]
        if most >= 1 << len(bits):
            bits.append(self.wire())
            body.append(Position(True, None, None, bits[-1]))
        # Behind a register every level stands alone, and segments of all stages may share a chain.
        key = (0, 0) if self.per_stage == 1 else (self.stage, self.level)
        self.segments.setdefault(key, []).append(body)
        return Word(tuple(bits), most)

    def end_level(self) -> None:
        """Put registers behind the level, if it is the last of its stage."""
        self.level += 1
        if self.per_stage and not self.level % self.per_stage:
            self.register()

    def register(self) -> None:
        for words in self.words:
            for index, word in enumerate(words):
                held = tuple(self.wire() for _ in word.bits)
                self.registers += zip(held, word.bits, strict=True)
                words[index] = Word(held, word.most)
        self.stage += 1

    def leaves(self) -> None:
        """The first level: three raw bits of a plane and two of each plane above."""
        left = [len(pool) for pool in self.pools]
        for plane, words in enumerate(self.words):
            count = (left[plane] + 1) // 4  # three bits a leaf, one for each node above
            for _ in range(count):
                a, b, carry = (self.raw(plane) for _ in range(3))
                pairs, most = [(a, b)], 3
                for above in range(plane + 1, len(self.pools)):
                    if len(self.pools[above]) < 2:
                        break
                    pairs.append((self.raw(above), self.raw(above)))
                    most += 2 << (above - plane)
                words.append(self.segment(carry, pairs, most))
            left = [len(pool) for pool in self.pools]
        self.end_level()

    def merge(self) -> None:
        """A level of the trees: words in pairs, and a raw bit on each carry-in."""
        for plane, words in enumerate(self.words):
            waiting = sorted(words, key=lambda word: word.most)
            self.words[plane] = merged = []
            while len(waiting) >= 2:
                a, b = waiting.pop(0), waiting.pop(0)
                merged.append(self.add(a, b.bits, b.most, self.raws(plane, 1)))
            merged += waiting
        self.end_level()

    def add(self, word: Word, bits: Sequence[Bit], most: int, carry: list[Raw]) -> Word:
        length = max(len(word.bits), len(bits))
        pairs = [(*word.bits[n : n + 1], *bits[n : n + 1]) for n in range(length)]
        return self.segment(carry[0] if carry else None, pairs, word.most + most + len(carry))

    def absorb(self, plane: int, keep: int) -> None:
        """Raw bits left over go into the plane's word, two a level, but for ``keep`` of them."""
        while len(self.pools[plane]) > keep or not self.words[plane]:
            room = len(self.pools[plane]) - keep
            if self.words[plane]:
                word = self.words[plane].pop()
                bits = self.raws(plane, min(room, 2))
                self.words[plane].append(self.add(word, bits[1:], len(bits[1:]), bits[:1]))
            else:  # too few lanes for a leaf
                bits = self.raws(plane, 3)
                carry = bits.pop() if len(bits) > 1 else None
                most = len(bits) + (carry is not None)
                self.words[plane].append(self.segment(carry, [bits], most))
            self.end_level()

    def join(self) -> Word:
        """Add the planes' words, from the top; a raw bit rides on every carry-in."""
        for plane in reversed(range(1, len(self.pools))):
            self.absorb(plane, keep=1)
            self.absorb(plane - 1, keep=len(self.pools[plane - 1]))
            (high,), (low,) = self.words[plane], self.words[plane - 1]
            carry = self.raws(plane, 1)
            rest = Word(low.bits[1:], low.most >> 1)
            upper = self.add(rest, high.bits, high.most, carry)
            most = low.most + 2 * (high.most + len(carry))
            self.words[plane] = []
            self.words[plane - 1] = [Word((low.bits[0], *upper.bits), most)]
            self.end_level()
        self.absorb(0, keep=0)
        return self.words[0][0]

    def chains(self) -> list[tuple[Position, ...]]:
        """Segments packed into chains, the longest first; joints of neighbours become one."""
        chains = []
        for key in sorted(self.segments):
            bins: list[list[list[Position]]] = []
            for body in sorted(self.segments[key], key=len, reverse=True):
                fits = (b for b in bins if joined([*b, body]) <= self.longest)
                place = max(fits, key=joined, default=None)
                if place is None:
                    bins.append([body])
                else:
                    place.append(body)
            for packed in bins:
                packed.sort(key=lambda body: not body[-1].joint)  # no joint behind: better last
                chain: list[Position] = []
                for body in packed:
                    start = body[0]
                    if chain and chain[-1].joint and chain[-1].a is None:
                        start = start._replace(out=chain.pop().out)
                    chain += [start, *body[1:]]
                chains.append(tuple(chain))
        return chains


def joined(segments: Sequence[Sequence[Position]]) -> int:
    """Length of a chain of ``segments``: a joint that ends one starts another, if one is left."""
    ended = sum(segment[-1].joint for segment in segments)
    return sum(map(len, segments)) - min(ended, len(segments) - 1)


@functools.cache
def build(lanes: int, planes: int, levels_per_stage: int | None = 1) -> TwoTree:
    """The tree for ``lanes`` of ``planes`` bits, with a register after so many levels of adders.

    None puts no register anywhere: the sum comes in the same cycle.
    """
    check = functools.partial(require, kind=FoldingError)
    check(min(lanes, planes) >= 1, "two-tree", "needs lanes and planes", (lanes, planes))
    stages = levels_per_stage is None or levels_per_stage >= 1
    check(stages, "two-tree", "levels_per_stage must be positive", levels_per_stage)
    grow = _Builder(lanes, planes, levels_per_stage)
    grow.leaves()
    while any(len(words) > 1 for words in grow.words):
        grow.merge()
    word = grow.join()
    if levels_per_stage is not None and grow.level % levels_per_stage:
        grow.register()
        word = grow.words[0][0]
    width = ((2**planes - 1) * lanes).bit_length()
    return TwoTree(
        lanes=lanes,
        planes=planes,
        levels_per_stage=levels_per_stage,
        stages=grow.stage,
        chains=tuple(grow.chains()),
        registers=tuple(grow.registers),
        total=word.bits[:width],
        delays=tuple(map(tuple, grow.delays)),
    )
