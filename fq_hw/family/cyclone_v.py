"""Intel's Cyclone V: counted and handed over; to route it takes the vendor's tools."""

from fq_hw.family.record import NAME, Block, Family, Vendor

__all__ = ["CYCLONE_V"]

CYCLONE_V = Family(
    name="cyclone-v",
    title="Cyclone V",
    synthesis="synth_intel_alm -family cyclonev",
    blocks=(  # M10K: Cyclone V Device Handbook, volume 1
        Block(256, 40, 10), Block(512, 20, 10), Block(1024, 10, 10), Block(2048, 5, 5),
        Block(4096, 2, 2), Block(8192, 1, 1),
    ),
    multiplier=18,
    vendor=Vendor(
        tool="Quartus",
        cells={
            # Two of them share an ALM where their inputs allow; a bit of an MLAB is a twentieth.
            "ALUT": {r"MISTRAL_ALUT[2-6]|MISTRAL_ALUT_ARITH|MISTRAL_NOT": 1},
            "FF": {r"MISTRAL_FF": 1},
            "M10K": {r"MISTRAL_M10K": 1},
            "MLAB": {r"MISTRAL_MLAB": 0.05},
            "DSP": {r"MISTRAL_MUL27X27|MISTRAL_MUL18X18|MISTRAL_MUL9X9": 1},
        },
        files={
            f"{NAME}.qsf": """# {title}: write the device, its pins, and their banks' standard.
set_global_assignment -name FAMILY "Cyclone V"
set_global_assignment -name DEVICE <device>
set_global_assignment -name TOP_LEVEL_ENTITY {name}
set_global_assignment -name VERILOG_FILE {name}.v
set_global_assignment -name SDC_FILE {name}.sdc
set_location_assignment <pin> -to clk
set_location_assignment <pin> -to rst
set_location_assignment <pin> -to rx
set_location_assignment <pin> -to tx
set_instance_assignment -name IO_STANDARD "3.3-V LVTTL" -to *
""",
            f"{NAME}.sdc": """create_clock -name clk -period {period_ns:.3f} [get_ports clk]
set_false_path -from [get_ports {{rst rx}}]
set_false_path -to [get_ports tx]
""",
        },
    ),
)  # fmt: skip
