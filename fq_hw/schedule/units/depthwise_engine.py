"""Depthwise convolution engine unit."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts, bits
from fq_hw.schedule.units.base import READ, Beat
from fq_hw.schedule.units.engine import ChannelUnit, Shared, multiplies, shared

__all__ = ["DepthwiseUnit"]


@dataclass(frozen=True, kw_only=True)
class DepthwiseUnit(ChannelUnit):
    """Depthwise convolution engine: each of ``pe`` channels is multiplied by weights of its own.

    A tap comes with every beat: there is nothing to broadcast, and no tree of adders. Where
    ``weight_bits`` is 1 the weights are -1/+1, and raw = sum of act ^ sign as in ConvUnit; else
    they are two's complement, and raw = ``start`` + the signed sum, which is never negative. Those
    products may lie on the device's multipliers (``dsp``).
    """

    weight_bits: int
    dsp: bool = False

    PARAMETERS = ("i_weight",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(self.weight_bits >= 1, "needs weights of some bits", self.weight_bits)
        fits = not self.dsp or multiplies(self.act_bits, self.weight_bits)
        contract = "multiplies levels of up to 17 bits and weights of 2..18"
        self.check(fits, contract, (self.act_bits, self.weight_bits))

    @property
    def i_weight(self) -> Beat:
        """A weight of each of ``pe`` channels; 1 for -1 where they are of one bit."""
        return Beat(lanes=self.pe, bits=self.weight_bits, late=READ)

    @property
    def most(self) -> int:
        """The largest sum of a window's levels."""
        return self.taps * (2**self.act_bits - 1)

    @property
    def start(self) -> int:
        """Where sums begin: as far above 0 as weights can bring them below it."""
        return 0 if self.weight_bits == 1 else self.most << (self.weight_bits - 1)

    @property
    def raw_bits(self) -> int:
        top = 1 if self.weight_bits == 1 else 2 ** (self.weight_bits - 1) - 1
        return (self.start + self.most * top).bit_length()

    @property
    def simd(self) -> int:
        """Synapses of a channel that are multiplied at once."""
        return 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates per cycle."""
        return self.columns * self.pe

    @property
    def sum_cycles(self) -> int:
        return READ + self.SPREAD + 1

    @property
    def shared(self) -> Shared:
        """Which factor two products on one multiplier have in common."""
        return shared(self.act_bits, self.weight_bits, self.columns, pe=1)

    @property
    def multipliers(self) -> int:
        """Those of the device that it takes."""
        pairs = self.shared is Shared.WEIGHT
        return self.dsp * self.pe * (ceil_div(self.columns, 2) if pairs else self.columns)

    def parts(self) -> Parts:
        dots, summed = self.pe * self.columns, self.sf > 1
        sums, product = dots * self.raw_bits, self.act_bits
        if self.weight_bits > 1:
            product += self.weight_bits
        return Parts(
            both={"fixed": 1, "sum bits": sums if summed else 0, "beats": bits(self.sf)},
            lut={
                "signed": dots * self.act_bits if self.weight_bits == 1 else 0,
                "products": dots * self.act_bits * (self.weight_bits - 1) * (not self.dsp),
                "paired": (dots - self.multipliers) * product * self.dsp,
                "sums": dots if summed else 0,
                **self.queue,
            },
            ff={
                "acts": self.columns * self.pe * self.act_bits,
                "weights": self.pe * self.weight_bits,
                "products": dots * product,
                "out": sums,
                "queued": self.queue_registers,
                "stages": self.sum_cycles,
                "marks": 2 * self.pe if summed else 0,
            },
            multipliers=self.multipliers,
        )
