"""Texts of errors: one bounded line, made soon, whatever value came."""

import time

import numpy as np
import pytest

from fq_hw.errors import FqHwError, one_of, require, suggestion


def nested(kind, depth):
    value = 0
    for _ in range(depth):
        value = {"a": value} if kind is dict else kind([value])
    return value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        ([1, "a", None], "[1, 'a', None]"),
        ({"a": (1,)}, "{'a': (1,)}"),
        (10**70, f"1{70 * '0'}"),
        (16**5000, "an integer of 20001 bits"),  # Python refuses to write it
        ([16**5000], "[an integer of 20001 bits]"),
        ("x" * 10**7, f"'{155 * 'x'} ..."),
        (nested(list, 900), "[[[[[[...]]]]]]"),
        (nested(tuple, 900), "((((((...,),),),),),)"),
        (nested(dict, 900), "{'a': {'a': {'a': {'a': {'a': {'a': ...}}}}}}"),
        (np.zeros((2, 3)), "an array of shape (2, 3), float64"),
        (np.ndarray, "<class 'numpy.ndarray'>"),
        ([np.zeros((2, 3))], "[an array of shape (2, 3), float64]"),
        (list(range(10**6)), "[0, 1, 2, "),
        ({n: n for n in range(10**6)}, "{0: 0, 1: 1, "),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_shown_briefly(value, shown):
    began = time.monotonic()
    with pytest.raises(FqHwError) as caught:
        require(False, "it", "must not be", value)
    assert str(caught.value).startswith(f"it: must not be (got {shown}")
    assert len(str(caught.value)) < 200
    assert time.monotonic() - began < 0.5


def test_a_suggestion_takes_no_time():
    """Comparing words takes the square of their length."""
    began = time.monotonic()
    assert suggestion("x" * 10**6, ["x" * 80]) == ""
    known = [f"layer {n}" for n in range(5000)]
    for name in known[::50]:
        one_of(name, known, "it")
    assert time.monotonic() - began < 1
