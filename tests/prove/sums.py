"""Dot products of any width equal their plain form: segment by segment, then as sums of integers.

A solver that is given a tree of adders of 64 lanes and another tree of the same does not end. So
each segment of a chain is looked at by itself, for every value of its inputs: its outputs are the
number that its inputs add up to. Then these equations are put into each other, from the total back
to the raw bits. The plan's chains say where to cut; that each piece is what it should be, and that
they are wired as planned, is read from the netlist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from fq_hw.errors import require
from fq_hw.family import FAMILIES
from fq_hw.schedule.two_tree import Raw
from prove.netlist import Bit, Netlist, UnknownError, read
from prove.table import BrokenError, Proof
from rtl_gen.dot_product import Dot, DotProduct
from rtl_gen.emit import ports
from rtl_gen.rtlil import convert

__all__ = ["prove", "rtlil_of"]

MOST = 26  # inputs of a segment, of which all values are looked at
Form = dict[tuple[Raw, int], int]  # (raw bit, cycles ago): how often it counts


@dataclass(frozen=True)
class Segment:
    """The nets of what it adds, each with its weight, and of its sum, the lowest first.

    ``beside`` is the carry-in of the next one, in whose joint the last carry is read: it must not
    matter.
    """

    adds: tuple[tuple[Bit | Raw, int], ...]
    outs: tuple[int, ...]
    beside: tuple[Bit | Raw, ...] = ()


def rtlil_of(dot: Dot) -> str:
    """The module of a dot product as it is emitted."""
    part = DotProduct(*dot)
    return convert(part, name="top", ports=ports(part))


def prove(dot: Dot, rtlil: str, folder: Path) -> Iterator[Proof]:
    """``rtlil`` gives the sum of its raw bits, ``tree.stages`` cycles late. Raises BrokenError."""
    netlist, tree = read(rtlil, folder), dot.tree
    segments = list(cut(dot, netlist))
    for segment in segments:
        check(dot, netlist, segment)
    whole = Sum(dot, netlist, segments)
    total = [netlist.inverse_of(net) if inverts(dot) else net for net in netlist.names["total"]]
    found = whole.followed({net: 1 << place for place, net in enumerate(total)})
    want: Form = {
        (Raw(plane, lane), tree.stages - tree.delays[plane][lane]): 1 << plane
        for plane in range(tree.planes)
        for lane in range(tree.lanes)
    }
    if found != want:
        raise BrokenError(f"{dot.name}: the total is another sum of its bits")
    size = f"{netlist.cells:,} cells, {len(segments)} segments"
    yield Proof("dot product equals its plain form", text(dot), "integers", size)


def text(dot: Dot) -> str:
    """A dot product as the table names it."""
    levels = dot.tree.levels_per_stage
    stages = "no registers" if levels is None else f"a register every {levels} levels"
    kind = ", masked" * dot.masked
    return f"{dot.family}: {dot.tree.lanes} lanes, {dot.tree.planes} planes, {stages}{kind}"


def cut(dot: Dot, netlist: Netlist) -> Iterator[Segment]:
    """The segments of the plan, as nets."""
    tree = dot.tree
    number = count()
    nets: dict[int, Bit] = {}
    for chain in tree.chains:
        for position in chain:
            if position.out is not None:
                (nets[position.out],) = netlist.names[f"sum_{next(number)}"]
    held = netlist.names.get("held", [])
    for n, (out, _) in enumerate(tree.registers):
        nets[out] = held[n]

    def net(bit: Raw | int) -> Bit | Raw:
        return bit if isinstance(bit, Raw) else nets[bit]

    for chain in tree.chains:
        adds: list[tuple[Bit | Raw, int]] = []
        outs: list[int] = []
        for position in chain:
            if position.joint:
                if position.out is not None:
                    outs.append(nets[position.out])
                carry = () if position.a is None else (net(position.a),)
                if outs:
                    yield Segment(tuple(adds), tuple(outs), carry)
                adds, outs = [(bit, 1) for bit in carry], []
                continue
            adds += [(net(bit), 1 << len(outs)) for bit in (position.a, position.b)
                     if bit is not None]  # fmt: skip
            outs.append(nets[position.out])
        if outs:
            yield Segment(tuple(adds), tuple(outs))


def check(dot: Dot, netlist: Netlist, segment: Segment) -> None:
    """The outputs are the sum of what is added, as far as they go, for all values of it."""
    inverted = inverts(dot)
    variables = len(segment.adds)
    inputs = [*segment.adds, *((bit, 0) for bit in segment.beside)]
    free = sum(1 + isinstance(bit, Raw) for bit, _ in inputs)
    require(free <= MOST, "prove.sums", f"a segment may have {MOST} inputs", free)
    cases = 1 << free
    ones = (1 << cases) - 1
    known: dict[int, int] = {}
    fresh = (pattern(n, cases) for n in count())
    planes: list[int] = [0] * (len(segment.outs) + 1)
    for bit, weight in inputs:
        if isinstance(bit, Raw):
            at = bit.plane * dot.tree.lanes + bit.lane
            sign, act = next(fresh), next(fresh)
            (known[netlist.names["signs"][at]], known[netlist.names["acts"][at]]) = sign, act
            level = sign & act if dot.masked else sign ^ act
        else:
            known[bit] = next(fresh)
            level = known[bit] ^ (ones if inverted else 0)
        place = weight.bit_length() - 1 if weight else len(planes)
        while place < len(planes):  # add a bit to numbers that lie across the planes
            planes[place], level, place = planes[place] ^ level, planes[place] & level, place + 1
    for place, out in enumerate(segment.outs):
        try:
            level = netlist.value(out, known, ones) ^ (ones if inverted else 0)
        except UnknownError as problem:
            raise BrokenError(f"{dot.name}: a sum hangs on {problem}") from None
        if level != planes[place]:
            raise BrokenError(f"{dot.name}: a segment of {variables} bits gives another sum")


def pattern(number: int, cases: int) -> int:
    """Variable ``number`` in all cases: 0 and 1 in turn, in runs of 2**number."""
    run = 1 << number
    found, length = ((1 << run) - 1) << run, 2 * run
    while length < cases:
        found, length = found | found << length, 2 * length
    return found


def inverts(dot: Dot) -> bool:
    """Whether all wires of the form are inverted, but for the total."""
    carry = FAMILIES[dot.family].carry
    return carry is not None and carry.inverted


class Sum:
    """Equations that are put into each other, while a bound of each word says that it is whole."""

    def __init__(self, dot: Dot, netlist: Netlist, segments: list[Segment]):
        self.dot, self.registers = dot, netlist.registers
        self.source = {out: (segment, n) for segment in segments
                       for n, out in enumerate(segment.outs)}  # fmt: skip
        self.ranks: dict[Segment, int] = {}
        self.most: dict[Segment, int] = {}

    def made(self, bit: Bit | Raw) -> tuple[Segment, int] | None:
        """The segment behind ``bit`` and its registers, and which of its bits; None: it is raw."""
        if isinstance(bit, Raw):
            return None
        while bit in self.registers:
            bit = self.registers[bit]
        if bit not in self.source:
            raise BrokenError(f"{self.dot.name}: a bit comes from no segment")
        return self.source[bit]

    def rank(self, segment: Segment) -> int:
        """How many segments are behind it, one after the other."""
        if segment not in self.ranks:
            sources = filter(None, (self.made(bit) for bit, _ in segment.adds))
            self.ranks[segment] = 1 + max((self.rank(source) for source, _ in sources), default=0)
        return self.ranks[segment]

    def bound(self, segment: Segment) -> int:
        """The largest sum of a segment. Raises BrokenError where it does not fit its bits."""
        if segment not in self.most:
            most = 0
            words: dict[tuple[Segment, float], list[tuple[int, int]]] = {}
            for bit, weight in segment.adds:
                if (made := self.made(bit)) is None:
                    most += weight
                    continue
                source, place = made  # bits that count alike here and there are one number
                words.setdefault((source, weight / (1 << place)), []).append((place, weight))
            for (source, _), bits in words.items():
                place, weight = min(bits)
                most += weight * (self.bound(source) >> place)
            if most >= 1 << len(segment.outs):
                raise BrokenError(f"{self.dot.name}: a segment's sum does not fit its bits")
            self.most[segment] = most
        return self.most[segment]

    def followed(self, total: Mapping[int, int]) -> Form:
        """A sum of nets, by their weights, as one of raw bits."""
        found: Form = {}
        todo: dict[tuple[Segment, int], dict[int, int]] = {}  # at an age: place to weight

        def put(bit: Bit | Raw, age: int, weight: int) -> None:
            if isinstance(bit, Raw):
                found[bit, age] = found.get((bit, age), 0) + weight
                return
            while bit in self.registers:
                bit, age = self.registers[bit], age + 1
            made = self.made(bit)
            assert made is not None
            segment, place = made
            weights = todo.setdefault((segment, age), {})
            weights[place] = weights.get(place, 0) + weight

        for net, weight in total.items():
            put(net, 0, weight)
        while todo:
            segment, age = max(todo, key=lambda key: self.rank(key[0]))
            weights = todo.pop((segment, age))
            weight = weights.get(0, 0)
            for place in range(len(segment.outs)):
                unread = weights.get(place, 0) == 0 and self.bound(segment) < 1 << place
                if not unread and weights.get(place, 0) != weight << place:
                    raise BrokenError(f"{self.dot.name}: a word is not taken whole")
            for bit, times in segment.adds:
                put(bit, age, weight * times)
        return found
