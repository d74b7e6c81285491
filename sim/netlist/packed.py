"""What nextpnr's JSON leaves to be seen elsewhere than in a cell, written into the cell."""

from __future__ import annotations

from collections.abc import Mapping

from fq_hw.errors import SimulationError, require
from sim.netlist.verilog import cells_of

__all__ = ["complete"]


def complete(design: Mapping) -> None:
    """Do so for ECP5 and iCE40; ``design`` is changed."""
    cells = cells_of(design)
    name_muxes(cells)
    join_pads(cells)


def name_muxes(cells: Mapping[str, Mapping]) -> None:
    """IS_Z1 of each ECP5 half slice: whether its mux takes those of its neighbours, FXA and FXB."""
    for cell in cells.values():
        if cell["type"] == "TRELLIS_COMB":
            cell["parameters"]["IS_Z1"] = int(bool(cell["connections"].get("FXA")))


def join_pads(cells: Mapping[str, Mapping]) -> None:
    """An iCE40's clock goes from its pad to the global net on a wire that has no name."""
    buffers = [cell for cell in cells.values() if cell.get("attributes", {}).get("FOR_PAD_IN")]
    pads = [
        cell
        for cell in cells.values()
        if cell["type"] == "SB_IO" and "GLOBAL_BUFFER_OUTPUT" in cell["connections"]
    ]
    fits = len(buffers) == len(pads) <= 1
    contract = "must have one clock's pad at most"
    require(fits, "netlist", contract, len(pads), kind=SimulationError)
    for buffer, pad in zip(buffers, pads, strict=True):
        port = "USER_SIGNAL_TO_GLOBAL_BUFFER"
        buffer["connections"][port] = pad["connections"]["PACKAGE_PIN"]
