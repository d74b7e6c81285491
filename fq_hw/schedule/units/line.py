"""Unit that requantizes by a product and a shift."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.schedule.memories import ceil_div
from fq_hw.schedule.parts import Parts
from fq_hw.schedule.units.base import Beat, LevelUnit
from fq_hw.schedule.units.engine import QueuedUnit

__all__ = ["LineUnit"]


@dataclass(frozen=True, kw_only=True)
class LineUnit(QueuedUnit, LevelUnit):
    """((x + origin) * slope + bias) >> shift, brought into ``low`` .. ``high``.

    A constant word holds for every lane, lowest first, a signed origin, an unsigned slope, a signed
    bias, and where it is ``two_sided`` another one for what is below 0 with its origin. Its
    products lie on the device's multipliers, or in ``logic``, in many LUTs.
    """

    origin_bits: int
    slope_bits: int
    bias_bits: int
    shift: int
    low: int
    high: int
    two_sided: bool = False
    logic: bool = False

    PARAMETERS = ("i_constant",)
    LIMB = 17  # bits of a factor that one multiplier of most devices takes, its sign aside

    def __post_init__(self) -> None:
        self.check(self.hold == 1, "holds nothing", self.hold)

    @property
    def pe(self) -> int:
        """Results of a beat."""
        return self.lanes

    @property
    def sf(self) -> int:
        return 1

    @property
    def sum_cycles(self) -> int:
        """Registers: of the value, its products, their sums by twos, the sum."""
        return 4

    @property
    def i_constant(self) -> Beat:
        """A constant word."""
        biases = 2 if self.two_sided else 1
        width = self.origin_bits + self.slope_bits + biases * self.bias_bits
        return Beat(lanes=self.lanes, bits=width)

    @property
    def value_bits(self) -> int:
        """Width of the signed x with its origin."""
        return max(self.in_bits + 1, self.origin_bits) + 1

    @property
    def sum_bits(self) -> int:
        """Width of the signed product with its bias."""
        return max(self.value_bits + self.slope_bits, self.bias_bits) + 1

    def parts(self) -> Parts:
        biases = 2 if self.two_sided else 1
        value, slope = (ceil_div(n, self.LIMB) for n in (self.value_bits - 1, self.slope_bits))
        return Parts(
            lut={
                "fixed": 1,
                "value": self.lanes * self.value_bits,
                "products": self.lanes * value * slope * (not self.logic),
                "logic": self.lanes * self.value_bits * self.slope_bits * self.logic,
                "sum bits": self.lanes * self.sum_bits,
                "biases": self.lanes * self.bias_bits * (biases - 1),
                "queued": self.queue["queued"],
                "out": self.o.width,
            },
            ff={
                "fixed": 1,
                "value": self.lanes * (self.value_bits + self.slope_bits),
                "biases": self.lanes * self.bias_bits * (biases + 2),
                "products": self.lanes * (slope * self.value_bits + value * self.slope_bits),
                "sum bits": self.lanes * self.sum_bits,
                "out": self.o.width,
            },
            multipliers=self.lanes * value * slope * (not self.logic),
        )
