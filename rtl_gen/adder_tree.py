"""Sums of many terms, by twos: none is wider or deeper than it must be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from amaranth.hdl import Value

__all__ = ["by_twos", "count"]


def by_twos(terms: Sequence[Value]) -> list[Value]:
    """Neighbours added, half as many; one that is left over stays."""
    return [sum(terms[n + 1 : n + 2], terms[n]) for n in range(0, len(terms), 2)]


def count(bits: Iterable[Value]) -> Value:
    """How many of ``bits`` are 1."""
    terms = list(bits)
    while len(terms) > 1:
        terms = by_twos(terms)
    return terms[0]
