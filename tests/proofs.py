"""Designs with an FPGA family's primitives, as Yosys reads them to prove something of them."""

from fq_hw import toolbox

__all__ = ["READ", "yosys"]

READ = """design -reset
read_rtlil {name}.il
read_verilog -defer -nowb {model}
hierarchy -top top
proc
flatten
opt_clean
"""


def yosys(folder, script):
    """Run ``script`` in ``folder``."""
    (folder / "run.ys").write_text(script)
    toolbox.run(toolbox.find("yosys"), ["-q", "run.ys"], cwd=folder, log=folder / "yosys.log")
