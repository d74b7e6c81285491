"""Weights of several bits as binary planes, each a convolution of its own on the same engine.

Odd weights are sums of 2**p * (-1 or +1): bipolar planes. Others are numbers in two's complement,
whose planes keep or drop an activation, and whose top one counts negative.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fq_hw.ir import Conv

__all__ = ["Planes", "codes", "depthwise_codes", "planes"]


@dataclass(frozen=True, eq=False)
class Planes:
    """Binary planes of a convolution's weights.

    bits      of shape O*P,K,K,C: output channel by output channel its planes, the lowest first; 1
              is -1, or where ``masked`` 1
    inverted  whether the top plane counts negative
    """

    bits: np.ndarray
    count: int
    masked: bool
    inverted: bool

    @property
    def channels(self) -> int:
        """Output channels of the engine: ``count`` for each of the convolution's."""
        return len(self.bits)

    def offsets(self, act_bits: int) -> np.ndarray:
        """What the engine's sums of u<act_bits> lack, one for each of the convolution's channels.

        Each weight -1 of a bipolar plane adds 2**act_bits - 1 - a, and should add -a.
        """
        if self.masked:
            return np.zeros(self.channels // self.count, np.int64)
        return (1 - 2**act_bits) * self.negative

    def complements(self, act_bits: int) -> np.ndarray:
        """What sums lack that no plane subtracts from, one for each of the convolution's channels.

        Instead of counting negative the top plane gets activations 2**act_bits - 1 - a.
        """
        if not self.inverted:
            return self.offsets(act_bits)
        tops = self.bits.reshape(-1, self.count, *self.bits.shape[1:])[:, -1]
        ones = tops.sum(axis=(1, 2, 3), dtype=np.int64)
        return (1 - 2**act_bits) * (ones << self.count - 1)

    def highest(self, act_bits: int) -> int:
        """The largest sum of u<act_bits> that the planes can give."""
        taps = self.bits[0].size * (2**self.count - 1)
        return (2**act_bits - 1) * (int(self.negative.max()) if self.masked else taps)

    @cached_property
    def negative(self) -> np.ndarray:
        """Of each of the convolution's channels the ones of its planes, each at its weight."""
        ones = self.bits.sum(axis=(1, 2, 3), dtype=np.int64).reshape(-1, self.count)
        return (ones << np.arange(self.count)).sum(axis=1)


@functools.lru_cache(maxsize=1024)
def depthwise_codes(conv: Conv) -> tuple[np.ndarray, int]:
    """Weights of a depthwise convolution C,KH*KW as its engine has them, and their bits.

    Signs where all are -1 or +1, 1 for -1; else numbers in two's complement.
    """
    weight = conv.weight.reshape(len(conv.weight), -1).astype(np.int64)
    if np.abs(weight).min() == np.abs(weight).max() == 1:
        return (weight < 0).astype(np.int64), 1
    return codes(weight)


def codes(weight: np.ndarray) -> tuple[np.ndarray, int]:
    """Weights in two's complement, and how many bits that takes."""
    low, high = int(weight.min()), int(weight.max())
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1
    return weight & ((1 << bits) - 1), bits


@functools.lru_cache(maxsize=1024)
def planes(conv: Conv, masked: bool = False) -> Planes:
    """The planes of ``conv``, ``masked`` where they must be; the same object for the same op."""
    weight = conv.weight.astype(np.int64)
    low, high = int(weight.min()), int(weight.max())
    masked = masked or not (weight % 2).all()
    if masked:
        inverted = low < 0
        count = max(high.bit_length(), (-low - 1).bit_length() if inverted else 0) + inverted
        numbers = weight
    else:
        inverted, count = False, max(high, -low).bit_length()
        numbers = (2**count - 1 - weight) >> 1
    found = [(numbers >> place & 1).astype(np.uint8) for place in range(count)]
    bits = np.stack(found, axis=1).reshape(-1, *weight.shape[1:])
    return Planes(bits=bits, count=count, masked=masked, inverted=inverted)
