"""Devices that several boards carry."""

from boards.board import Capacity

__all__ = [
    "ECP5_SOURCE",
    "GW2A_18",
    "GW2A_18_SOURCE",
    "ICE40UP5K",
    "ICE40UP5K_SOURCE",
    "LFE5U_25F",
    "LFE5U_45F",
    "LFE5U_85F",
]

ECP5_SOURCE = "Lattice FPGA-DS-02012, ECP5 family data sheet; nextpnr-ecp5's utilisation table"
ICE40UP5K_SOURCE = "Lattice FPGA-DS-02008, iCE40 UltraPlus family data sheet"
GW2A_18_SOURCE = "Gowin DS102, GW2A series data sheet; nextpnr-himbaechel-gowin's utilisation table"


def ebr_sites(rows: tuple[int, ...], fours: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    """The sites of ECP5's block RAMs: in some rows, side by side by fours."""
    return tuple((x + 2 * n, y, n) for y in rows for x in fours for n in range(4))


LFE5U_25F = Capacity(
    lut=24_288,
    ff=24_288,
    ebr=56,
    multipliers=28,
    grid=(73, 51),
    ebr_sites=ebr_sites((25, 37), (*range(4, 23, 9), *range(33, 61, 9))),
)
LFE5U_45F = Capacity(
    lut=43_848,
    ff=43_848,
    ebr=108,
    multipliers=72,
    grid=(91, 72),
    ebr_sites=ebr_sites((10, 34, 58), (*range(4, 32, 9), *range(42, 79, 9))),
)
LFE5U_85F = Capacity(
    lut=83_640,
    ff=83_640,
    ebr=208,
    multipliers=156,
    grid=(127, 96),
    ebr_sites=ebr_sites((22, 46, 70, 82), (*range(4, 59, 9), *range(69, 115, 9))),
)
ICE40UP5K = Capacity(lut=5_280, ff=5_280, ebr=30, spram=4, grid=(26, 32))
GW2A_18 = Capacity(lut=20_736, ff=15_552, ebr=46, multipliers=48, grid=(56, 55))
