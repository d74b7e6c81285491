"""Standard buses around an accelerator, with their own port names: AXI4-Stream and Wishbone."""

from bus.choice import Bus, Kind

__all__ = ["Bus", "Kind"]
