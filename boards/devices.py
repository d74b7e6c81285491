"""Devices that several boards carry."""

from boards.board import Capacity

__all__ = ["ECP5_SOURCE", "LFE5U_25F", "LFE5U_45F", "LFE5U_85F"]

ECP5_SOURCE = "Lattice FPGA-DS-02012, ECP5 family data sheet; nextpnr-ecp5's utilisation table"
LFE5U_25F = Capacity(lut=24_288, ff=24_288, ebr=56, grid=(73, 51))
LFE5U_45F = Capacity(lut=43_848, ff=43_848, ebr=108, grid=(91, 72))
LFE5U_85F = Capacity(lut=83_640, ff=83_640, ebr=208, grid=(127, 96))
