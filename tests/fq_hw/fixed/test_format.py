"""Formats: every code of a small range by its definition in fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from fq_hw.errors import ParameterError
from fq_hw.fixed.format import Format, quantize, requantize, widest


@pytest.mark.parametrize("shift", [-200, -64, -63, -62, -30, 30, 61, 62, 63, 64, 200])
def test_requantize_is_exact_for_any_shift(shift):
    """Shifts of int64 wrap at 63, and are undefined beyond."""
    totals = np.array([0, 1, -1, 5, -5, 2**31, -(2**31), 2**61, 2**62 - 1, 1 - 2**62, -(2**61)])
    for low, high in ((-9, 7), (0, 255), (-(2**61), 2**61)):
        exact = [Fraction(int(t)) / Fraction(2) ** shift + Fraction(1, 2) for t in totals]
        want = [min(max(math.floor(value), low), high) for value in exact]
        assert requantize(totals, shift, low, high).tolist() == want


@pytest.mark.parametrize("shift", [-2, 0, 1, 2, 5])
def test_requantize_rounds_half_up_and_clips(shift):
    totals = np.arange(-200, 201)
    low, high = -9, 7
    want = [
        min(max(math.floor(Fraction(int(t)) / Fraction(2) ** shift + Fraction(1, 2)), low), high)
        for t in totals
    ]
    assert requantize(totals, shift, low, high).tolist() == want


@pytest.mark.parametrize("form", [Format(3, 1), Format(4, -2), Format(5, 9), Format(1, 3)], ids=str)
def test_quantize_is_round_then_clip(form):
    x = np.linspace(-20, 20, 161) / 2.0**form.fraction  # ties among them
    want = [max(min(round(v * 2.0**form.fraction), form.limit), -form.limit) for v in x]
    assert quantize(x, form).tolist() == want


def test_one_bit_is_zero():
    assert Format(1, 5).limit == 0
    assert not quantize(np.array([-3.0, 0.01, 9.0]), Format(1, 5)).any()


@pytest.mark.parametrize("largest", [0.03, 0.5, 0.9, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("bits", [4, 8])
def test_widest_clips_by_at_most_one_step_and_no_finer_one_does(largest, bits):
    form = widest(largest, bits)
    code = largest * 2.0**form.fraction
    assert code <= form.limit + 1
    assert 2 * code > form.limit + 1


def test_widest_of_nothing():
    assert widest(0.0, 8) == Format(8, 7)


@pytest.mark.parametrize(("bits", "fraction"), [(0, 0), (33, 0), (8, 65), (8, -65)])
def test_refuses(bits, fraction):
    with pytest.raises(ParameterError, match="^Format: (bits|fraction) must be in "):
        Format(bits, fraction)
