"""What nextpnr's JSON leaves to be seen from a cell's neighbours, written into its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from sim.netlist.verilog import cells_of

__all__ = ["name_muxes"]


def name_muxes(design: Mapping) -> None:
    """IS_Z1 of each ECP5 half slice: whether its mux takes those of its neighbours, FXA and FXB.

    ``design`` is changed.
    """
    for cell in cells_of(design).values():
        if cell["type"] == "TRELLIS_COMB":
            cell["parameters"]["IS_Z1"] = int(bool(cell["connections"].get("FXA")))
