"""cocotb's runner as a command, run by ``sim.components`` with Verilator's environment.

build TOP                           compile TOP.v of the working directory
test TOP FOLDER RESULTS [BENCH]     run a bench, ``sim.cocotb_bench``, on the program in FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from cocotb_tools import runner

__all__ = ["main"]

# Amaranth has checked widths; settling order matters to speed alone. The bench in Python takes
# longer than the program, so the compiler gets one file and leaves it as it is.
FLAGS = ["-Wno-fatal", "-Wno-WIDTH", "-Wno-UNOPTFLAT", "--output-split", "0"]
OPTIMISATION = ["OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1"]
PUBLIC = """`verilator_config
public_flat_rw -module "{top}" -var "*"
"""


class Runner(runner.Verilator):
    """Keeps only the top's signals visible: with all of them g++ takes more than ten minutes.

    Verilator's own objects, where they are there, count as younger than what it writes.
    """

    def _build_command(self):
        commands = super()._build_command()
        verilate, make = commands
        touch = ["find", str(self.build_dir), "-name", "verilated*.o", "-exec", "touch", "{}", "+"]
        verilate = [word for word in verilate if word != "--public-flat-rw"]
        return [verilate, touch, make + OPTIMISATION]


def main(what: str, top: str, *places: str) -> None:
    """Build or test; ends the process with a status other than 0 when that fails."""
    verilator = Runner()
    if what == "build":
        public = Path("public.vlt").resolve()
        public.write_text(PUBLIC.format(top=top))
        verilator.build(
            sources=[public, Path(f"{top}.v").resolve()],
            hdl_toplevel=top,
            build_dir="obj",
            build_args=FLAGS,
            timescale=("1ns", "1ns"),
        )
    else:
        folder, results, *bench = places
        verilator.test(
            test_module=bench or "sim.cocotb_bench",
            hdl_toplevel=top,
            hdl_toplevel_lang="verilog",
            build_dir=folder,
            test_dir=".",
            results_xml=results,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
