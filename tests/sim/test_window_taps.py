"""Tensors seen in windows: each value counts once, however often it is seen."""

import numpy as np
import pytest

from sim import window_taps
from sim.windows import OUTSIDE, windows
from sim.zoo import ZOO


@pytest.mark.parametrize("name", ["window_held", "window_held_columns", "window_3x3_stride_over"])
def test_every_value_is_compared_wherever_it_is_seen(name):
    window, dice = ZOO[name], np.random.default_rng(1)
    want = dice.integers(1, 4, (2, window.height, window.width, window.slices * window.lanes * 3))
    words = want.reshape(*want.shape[:3], window.slices, -1)
    beats = windows(window, words)
    beats = beats.reshape(-1, beats.shape[-1])
    blank = beats == OUTSIDE
    noisy = np.where(blank, dice.integers(0, 4, beats.shape), beats)
    assert window_taps.wrong(noisy, window, want) == 0
    assert window_taps.wrong(noisy[:-1], window, want) == want.size
    for beat in (0, len(beats) // 2, len(beats) - 1):
        broken = noisy.copy()
        broken[beat] ^= 1 << 4
        seen = len(beats[beat]) - int(blank[beat].sum())
        assert window_taps.wrong(broken, window, want) == seen
    other = want.copy()
    other[1, 0, 0, 0] ^= 1 << 4  # seen by several windows
    assert window_taps.wrong(noisy, window, other) == 1
