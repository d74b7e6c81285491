"""What Yosys's solver proves of small designs with the models of a family's primitives.

It takes the models of `sim/primitives`, and those that come with Yosys, and ends for a few lanes
only. For any width there is ``prove.sums``, whose ``prove.netlist`` has the primitives in Python.
"""

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
