"""Xilinx's 7 series: counted and handed over; to route it takes the vendor's tools."""

from fq_hw.family.ecp5 import BLOCKS_18K
from fq_hw.family.record import NAME, Family, Vendor

__all__ = ["XC7"]

XC7 = Family(
    name="xc7",
    title="Xilinx 7 series",
    synthesis="synth_xilinx -family xc7 -flatten",
    blocks=BLOCKS_18K,
    multiplier=18,  # or of 25 bits times 18
    vendor=Vendor(
        tool="Vivado",
        # Every LUT takes a site, whatever its inputs; a BRAM18 is half a BRAM36.
        cells={
            "LUT6": {
                r"LUT[1-6]|INV|SRL16E|SRLC32E|RAM32X1S|RAM64X1S": 1,
                r"RAM32X1D|RAM64X1D|RAM128X1S": 2,
                r"RAM128X1D|RAM32M|RAM64M|RAM256X1S": 4,
            },
            "FF": {r"FD[RSCP]E(_1)?": 1},
            "BRAM36": {r"RAMB36E1": 1, r"RAMB18E1": 0.5},
            "DSP": {r"DSP48E1": 1},
        },
        files={
            f"{NAME}.xdc": """# {title}: write the package's pins, and the voltage of their banks.
set_property -dict {{PACKAGE_PIN <pin> IOSTANDARD LVCMOS33}} [get_ports clk]
set_property -dict {{PACKAGE_PIN <pin> IOSTANDARD LVCMOS33}} [get_ports rst]
set_property -dict {{PACKAGE_PIN <pin> IOSTANDARD LVCMOS33}} [get_ports rx]
set_property -dict {{PACKAGE_PIN <pin> IOSTANDARD LVCMOS33}} [get_ports tx]
create_clock -name clk -period {period_ns:.3f} [get_ports clk]
set_false_path -from [get_ports {{rst rx}}]
set_false_path -to [get_ports tx]
"""
        },
    ),
)
