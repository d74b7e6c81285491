"""Place and route as one job: plain data in, plain data out, on any machine that has the tools."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from boards.placement import placed
from fq_hw import toolbox
from fq_hw.errors import FqHwError, ToolError, require
from fq_hw.files import parse_json, scratch_folder, write_bytes

__all__ = ["Job", "Routed", "packed", "route"]

REPORT = "report.json"
PLACED = "placed.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a router.

    router  a tool that ``fq_hw.toolbox`` finds on the machine that does the job
    args    the router's arguments but for seed and report; all files in them are relative
    files   name to packed content of each file that the arguments name
    config  the file that the router writes
    keep    whether the routed netlist is wanted
    """

    router: str
    args: tuple[str, ...]
    files: Mapping[str, bytes]
    config: str
    seed: int
    keep: bool = False


@dataclass(frozen=True, kw_only=True)
class Routed:
    """What became of a job: the router's report and packed configuration, or ``error``.

    cells    where the cells lie, packed JSON as ``boards.placement`` has it
    netlist  where ``Job.keep`` asks for it, the router's JSON, gzipped
    """

    seed: int
    seconds: float = 0.0
    version: str = ""
    log: str = ""
    report: str = ""
    config: bytes = b""
    cells: bytes = b""
    netlist: bytes = b""
    error: str = ""


def packed(content: bytes) -> bytes:
    """A netlist shrinks to a twentieth; the same content gives the same bytes."""
    return zlib.compress(content, 6)


def route(job: Job, on_line: Callable[[str], None] | None = None) -> Routed:
    """Run the router in a folder of its own, which is gone afterwards.

    A router that is missing or fails is an answer too; only interrupts are raised.
    """
    began = time.monotonic()
    with scratch_folder() as folder:  # the wheels' tools see their working directory alone
        args = [*job.args, "--seed", str(job.seed), "--report", REPORT,
                "--write", PLACED]  # fmt: skip
        log = folder / "router.log"
        version = report = error = ""
        config = cells = netlist = b""
        try:
            for file, content in job.files.items():
                write_bytes(folder / file, zlib.decompress(content))
            tool = toolbox.find(job.router)
            version = tool.version
            toolbox.run(tool, args, cwd=folder, log=log, on_line=on_line)
            report = (folder / REPORT).read_text()
            check_report(report, job.router)
            found = placed(folder / PLACED, job.router)
            config = packed((folder / job.config).read_bytes())
            cells = packed(json.dumps(found).encode())
            if job.keep:
                netlist = gzip.compress((folder / PLACED).read_bytes(), 6, mtime=0)
        except FqHwError as problem:
            report, error = "", str(problem).removesuffix(f" (see {log})")
        except OSError as problem:
            error = f"{job.router}: {problem.strerror}: {Path(problem.filename or '').name}"
        said = log.read_text(errors="replace") if log.exists() else ""
    seconds = time.monotonic() - began
    return Routed(seed=job.seed, seconds=seconds, version=version, log=said, report=report,
                  config=config, cells=cells, netlist=netlist, error=error)  # fmt: skip


def check_report(text: str, router: str) -> None:
    """Raise an error unless ``text`` is a router's whole report: clocks, and cells used."""
    report = parse_json(text, f"{router}: its report")
    report = report if isinstance(report, dict) else {}
    clocks, cells = report.get("fmax"), report.get("utilization")
    whole = isinstance(clocks, dict) and isinstance(cells, dict) and len(clocks) > 0
    contract = "ended well, but its report has no clock or no cells"
    require(whole, router, contract, hint="`fq-hw doctor` says which one is used", kind=ToolError)
