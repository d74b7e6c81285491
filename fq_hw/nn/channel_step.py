"""Activation quantizers whose level width is fitted to the channels of their layer.

DQ-style, after the abstract of Hoang et al. 2020 (Direct Quantization for Training Highly Accurate
Low Bit-width Deep Neural Networks); the formulas are ours. Hardware needs one width s for a layer.
With levels q of the values x of a channel c, sum (x - s q)^2 is least at s_c = <q,x>_c / <q,q>_c:

    layer       s = sum_c <q,x>_c / sum_c <q,q>_c              a loud channel decides
    normalized  s = the same, channel c weighed by 1 / var_c   its error counts relatively
    robust      s = the median of s_c                          the majority of the channels decides

The width follows the batches as a moving average, and is a constant afterwards.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from fq_hw.layers import Activation, StepRule
from fq_hw.nn.quantizers import half_wave

__all__ = ["ChannelStepActivation", "fitted_width"]

MOMENTUM = 0.95
FIRST = 0.6  # of a channel's size: near the best width for half a normal distribution
TURNS = 20  # of fitting the first batch: enough for the width to settle
VAR_EPS = 1e-5
SHRINK = 0.9  # for a width so large that every level is 0


def fitted_width(x: Tensor, q: Tensor, rule: StepRule) -> Tensor | None:
    """The width that fits values ``x`` to levels ``q``, both N,C,...; None where all are 0."""
    x, q = x.float(), q.float()
    others = [axis for axis in range(x.ndim) if axis != 1]
    qx, qq = (q * x).sum(others), (q * q).sum(others)
    used = qq > 0
    if not used.any():
        return None
    if rule is StepRule.ROBUST:
        return (qx[used] / qq[used]).median()
    if rule is StepRule.NORMALIZED:
        weight = 1 / (x.var(others, correction=0) + VAR_EPS)
        qx, qq = qx * weight, qq * weight
    return qx.sum() / qq.sum()


def usual_size(x: Tensor, rule: StepRule) -> float:
    """Root mean square of ``x``, N,C,..., over the channels as the rule weighs them."""
    power = x.float().square().transpose(0, 1).flatten(1).mean(1) + VAR_EPS
    if rule is StepRule.ROBUST:
        return float(power.median().sqrt())
    return float((1 / (1 / power).mean() if rule is StepRule.NORMALIZED else power.mean()).sqrt())


class ChannelStepActivation(nn.Module):
    """2-bit quantizer with a fitted ``width`` of a level; ``levels`` leaves the width out.

    Forward and gradient are those of the half-wave quantizer of that width. The width is a buffer
    of shape 1, 0 until the first batch in training.
    """

    def __init__(self, activation: Activation, levels: bool, ewgs_delta: float):
        super().__init__()
        self.activation, self.levels, self.ewgs_delta = activation, levels, ewgs_delta
        self.register_buffer("width", torch.zeros(1))

    @property
    def step(self) -> Tensor | float:
        """Real value of one level at the output."""
        return 1.0 if self.levels else self.width

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.follow(x.detach())
        delta = self.ewgs_delta if self.training else 0.0
        return half_wave(x, self.fitted(), self.levels, delta)

    def fitted(self) -> Activation:
        """The half-wave quantizer of this width."""
        return replace(self.activation, max_value=self.activation.steps * float(self.width))

    @torch.no_grad()
    def follow(self, x: Tensor) -> None:
        """Move the width towards what fits a batch."""
        if not self.width:
            self.width.fill_(FIRST * usual_size(x, self.activation.rule))
            for _ in range(TURNS):
                self.width.copy_(self.fit(x))
        self.width.lerp_(self.fit(x), 1 - MOMENTUM)

    def fit(self, x: Tensor) -> Tensor:
        """What the rule gives with the levels of the width so far."""
        q = half_wave(x, self.fitted(), levels=True)
        found = fitted_width(x, q, self.activation.rule)
        return self.width * SHRINK if found is None else found.reshape(1)
