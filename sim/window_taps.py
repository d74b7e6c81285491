"""A tensor that no stream has but in windows: each of its values, wherever it is seen."""

from __future__ import annotations

import numpy as np

from fq_hw.schedule.units import READ, WindowUnit
from sim.windows import OUTSIDE, windows

__all__ = ["seen", "wrong"]


def seen(index: int, window: WindowUnit, moved: str) -> tuple[str, str]:
    """Verilog: what follows the beats that ``moved`` tells, and whether a payload is there now.

    It comes READ cycles after its beat. Of those that are repeated the first are seen.
    """
    once = window.window_beats // window.channel_parts
    last = once * window.repeats - 1
    beat, late = f"beat_{index}", f"late_{index}"
    signals = f"""  integer {beat} = 0;
  reg [{READ - 1}:0] {late} = 0;
  always @(posedge clk)
    if (rst) begin
      {beat} <= 0;
      {late} <= 0;
    end else begin
      {late} <= {{{late}[{READ - 2}:0], ({moved}) && {beat} < {once}}};
      if ({moved}) {beat} <= {beat} == {last} ? 0 : {beat} + 1;
    end"""
    return signals, f"{late}[{READ - 1}]"


def wrong(beats: np.ndarray, window: WindowUnit, want: np.ndarray) -> int:
    """How many values of ``want``, N,H,W,C, were not seen in ``beats`` wherever they belong.

    What no window reads is nowhere, and what never came is wrong.
    """
    places = np.arange(want.size).reshape(*want.shape[:3], window.slices, -1)
    at = windows(window, places)
    at = at.reshape(-1, at.shape[-1])
    if len(beats) < len(at):
        return want.size
    differ = (at != OUTSIDE) & (beats[: len(at)] != want.reshape(-1)[at])
    return len(np.unique(at[differ]))
