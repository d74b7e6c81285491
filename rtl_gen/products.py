"""Products on the device's multipliers: two on one where they have a factor in common."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Value

__all__ = ["apart", "levels_together", "pairs", "weights_together"]


def pairs(count: int, together: bool) -> list[range]:
    """The numbers below ``count`` by twos where they are ``together``, else each alone."""
    step = 2 if together else 1
    return [range(n, min(n + step, count)) for n in range(0, count, step)]


def levels_together(levels: Sequence[Value], weight_bits: int) -> Value:
    """Unsigned levels as one number, the second above what the first may become."""
    first, *second = levels
    return Cat(first, Const(0, weight_bits), *second) if second else first


def weights_together(weights: Sequence[Value], act_bits: int) -> Value:
    """Signed weights as one number, the second above what the first may become.

    Whatever bits the first, if negative, takes from the second, ``apart`` gives back.
    """
    first, *second = (weight.as_signed() for weight in weights)
    if not second:
        return first
    place = len(first) + act_bits
    low = Cat(first, first[-1].replicate(act_bits))
    high = second[0] - first[-1]  # one bit more
    return Cat(low[:place], high).as_signed()


def apart(product: Value, count: int, place: int) -> list[Value]:
    """The products in one: of one its all, of two the lower, from bit ``place`` the upper."""
    if count == 1:
        return [product]
    low, high = product[:place].as_signed(), product[place:].as_signed()
    return [low, high + low[-1]]
