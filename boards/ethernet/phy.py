"""What we know of a board's PHY, as data."""

from __future__ import annotations

from dataclasses import dataclass

from fq_hw.errors import require

__all__ = ["RESET_S", "STEP_NS", "PhyPins"]

RESET_S = 0.02  # that PHYs want to be reset for, and as long again until they listen
STEP_NS = 0.025  # of an ECP5's DELAYG
STEPS = 128


@dataclass(frozen=True, kw_only=True)
class PhyPins:
    """A board's PHY, whose link is gigabit: the only speed that is spoken here.

    resource  of the Amaranth platform, and its number: rst, tx_clk, tx_ctrl (or tx_ctl), tx_data,
              rx_clk, rx_ctrl (or rx_ctl), rx_data
    rx_delay_ns, tx_delay_ns  by which the FPGA delays what it receives, and the clock that it
              sends, where the PHY does not: RGMII's data change with the clock
    source    where the delays come from
    """

    resource: str = "eth_rgmii"
    number: int = 0
    rx_delay_ns: float
    tx_delay_ns: float
    source: str

    def __post_init__(self) -> None:
        for name in ("rx_delay_ns", "tx_delay_ns"):
            value = getattr(self, name)
            fits = 0 <= value < STEP_NS * STEPS
            require(fits, "PHY", f"{name} must be in 0..{STEP_NS * (STEPS - 1):g}", value)
