"""Many lone components in one Verilator build, each replayed by cocotb under stalls."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

from amaranth.hdl import Module, Shape, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In

from fq_hw import toolbox
from fq_hw.errors import SimulationError, ToolError, require
from fq_hw.files import kept, place_of, work_folder, write_text
from rtl_gen.streams import wire
from sim import verilator
from sim.vectors import Vectors
from sim.verilator import copy_all

__all__ = ["Collection", "build", "replay"]

TOP = "collection"
CHILD = Path(__file__).with_name("cocotb_child.py")


class Collection(wiring.Component):
    """Unconnected components side by side; NAME_PORT is port PORT of the part NAME.

    A beat is its bits, whatever they mean.
    """

    def __init__(self, parts: Mapping[str, wiring.Component]):
        self.parts = dict(parts)
        members = {
            f"{name}_{port}": bits_of(member)
            for name, part in self.parts.items()
            for port, member in part.signature.members.items()
        }
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        for name, part in self.parts.items():
            m.submodules[name] = part
            for port, member in part.signature.members.items():
                inner, outer = getattr(part, port), getattr(self, f"{name}_{port}")
                wire(m, *((outer, inner) if member.flow is In else (inner, outer)))
        return m


def bits_of(member: wiring.Member) -> wiring.Member:
    """A stream of as many bits a beat."""
    payload = member.signature.members["payload"]
    bits = stream.Signature(unsigned(Shape.cast(payload.shape).width))
    return wiring.Member(member.flow, bits)


def cocotb() -> toolbox.Tool:
    """cocotb's runner as a process of its own: it changes the environment and exits."""
    command = (sys.executable, "-m", f"sim.{CHILD.stem}")
    return toolbox.Tool("cocotb", command, "wheel cocotb", metadata.version("cocotb"))


def run(args: list[str], folder: Path, log: Path, **variables: str) -> None:
    """Run ``cocotb_child`` with ``args`` in ``folder``; ToolError naming ``log`` when it fails."""
    root = str(CHILD.parents[1])
    env = {**verilator.environment(), "PYTHONPATH": root, "PYTEST_CURRENT_TEST": "", **variables}
    toolbox.run(cocotb(), args, cwd=folder, log=log, env=env)


def build(verilog: str, folder: Path, top: str = TOP) -> Path:
    """Compile Verilog, by default that of a Collection, for benches of cocotb.

    The program is kept in ``folder`` under a hash, and so are Verilator's own objects, which are
    the same for every design.
    """
    versions = CHILD.read_text(), cocotb().version, toolbox.find("verilator").version
    runtime = (versions, "runtime")
    return kept(folder, (verilog, versions), lambda work: compile_in(work, verilog, top, runtime))


def compile_in(work: Path, verilog: str, top: str, runtime: object) -> None:
    """Leave the program, the Verilog and the log in ``work``."""
    objects = work / "obj"
    write_text(work / f"{top}.v", verilog)
    shared = place_of(work.parent, runtime)
    if shared.is_dir():
        shutil.copytree(shared, objects, copy_function=shutil.copy)
    run(["build", top], work, work / "build.log")
    kept(work.parent, runtime, lambda place: copy_all(objects.glob("verilated*.o"), place))
    (objects / top).rename(work / top)
    shutil.rmtree(objects)


def replay(
    program: Path, vectors: Mapping[str, Vectors], folder: Path, grid: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Replay every part's vectors under the stall patterns of ``grid``, each for input and output.

    Returns, per ``NAME/PAUSE_IN/PAUSE_OUT``, what went wrong: "" when the beats were those of the
    vectors and the stream rules held. The work happens in ``folder`` and stays there.
    """
    with work_folder(folder, "cocotb"):
        results = replay_in(folder, program, vectors, grid)
    found = {}
    for case in results.iter("testcase"):
        problem = case.find("failure")
        problem = case.find("error") if problem is None else problem
        name = "/".join(re.findall(r"=(\w+)", case.get("name")))
        found[name] = "" if problem is None else problem.get("message") or "failed"
    return found


def replay_in(
    folder: Path, program: Path, vectors: Mapping[str, Vectors], grid: Sequence[tuple[str, str]]
) -> ElementTree:
    """cocotb's own account of the replay."""
    beats = {
        name: {
            "i": dict(case.i),
            "o": dict(case.o),
            "ignore": dict(case.ignore),
            "late": dict(case.late),
            "limit": case.limit,
            "endless": case.endless,
        }
        for name, case in vectors.items()
    }
    write_text(folder / "vectors.json", json.dumps({"vectors": beats, "grid": list(grid)}))
    results, log = folder / "results.xml", folder / "replay.log"
    try:
        run(
            ["test", TOP, str(program.resolve()), str(results.resolve())],
            folder,
            log,
            FQ_VECTORS=str((folder / "vectors.json").resolve()),
        )
    except ToolError:
        require(results.exists(), "cocotb", "must write its results", log, kind=SimulationError)
    return ElementTree.parse(results)
