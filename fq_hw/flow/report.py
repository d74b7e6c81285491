"""A report: records of a design, of its build and its accuracy collected, and drawn as a page.

Nothing is measured here: what no record says is shown as not measured, with its command.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw.errors import ArtifactError, require
from fq_hw.family import FAMILIES
from fq_hw.files import check_output, write_text
from fq_hw.flow.build import BuildGoal
from fq_hw.flow.describe import describe
from fq_hw.flow.hardware import Hardware
from fq_hw.flow.records import golden_path, sim_path
from fq_hw.flow.sizes import load_sized
from fq_hw.report import record_files
from fq_hw.report.figures import commands
from fq_hw.report.record_files import DESIGN, PLACEMENT, ROUTED
from fq_hw.report.records import (
    DesignRecord,
    Findings,
    GoldenRecord,
    PlacementRecord,
    RoutedRecord,
    SimRecord,
)

if TYPE_CHECKING:
    from fq_hw.flow.design import Design

__all__ = ["find", "missing", "of_build", "of_design", "write"]

BUILD_SUFFIX = ".build"
TOOLS = [family.tools for family in FAMILIES.values() if family.tools]


def find(
    what: Path,
    hardware: Hardware,
    board: str | None,
    report: Callable[[str], None] = lambda line: None,
) -> Findings:
    """The records of a build that ``what`` names, or of a model with ``hardware`` for ``board``.

    Raises ArtifactError for another file, and what sizing a model raises.
    """
    import boards

    folder = build_folder(what)
    if folder is None:
        model = load_sized(what)
        report("cycle model")
        return of_design(model.design(hardware), board or boards.BOARDS[0].name)
    contract = "is a build, which says how it is folded and for which board"
    hint = "leave the options out, or name a model instead"
    alone = hardware == Hardware() and board is None
    require(alone, f"{what}", contract, hint=hint)
    return of_build(folder)


def build_folder(what: Path) -> Path | None:
    """The folder of the build that a path means; None where it means a model."""
    if what.is_dir():
        return what
    folder = what.with_suffix(BUILD_SUFFIX)
    known = {tools.bitstream for tools in TOOLS}
    return folder if what.suffix in known and folder.is_dir() else None


def of_build(folder: Path) -> Findings:
    """The records of the build in a folder. Raises ArtifactError for another folder."""
    made_by = "fq-hw build"
    there = (folder / DESIGN).is_file()
    contract = f"has no {DESIGN}; it is no folder of a build, or of an older one"
    hint = f"name the folder NAME{BUILD_SUFFIX} that `{made_by}` leaves beside the bitstream"
    require(there, f"{folder}", contract, hint=hint, kind=ArtifactError)
    design = record_files.load(folder / DESIGN, DesignRecord, made_by)
    return Findings(
        design=design,
        path=folder.with_suffix(".html"),
        routed=record_files.load(folder / ROUTED, RoutedRecord, made_by),
        placement=record_files.load(folder / PLACEMENT, PlacementRecord, made_by),
        **measured(design),
    )


def of_design(design: Design, board: str) -> Findings:
    """The records of a design, with those of its build for ``board`` where that is there."""
    import boards

    name = BuildGoal(board=board).bitstream_name(
        design.hardware, design.plan.name, boards.find(board)
    )
    bitstream = Path("build") / name
    record = describe(design, boards.find(board))
    folder = bitstream.with_suffix(BUILD_SUFFIX)
    if (folder / DESIGN).is_file():
        found = of_build(folder)
        if found.design.design == record.design:
            return found
    return Findings(design=record, path=bitstream.with_suffix(".html"), **measured(record))


def measured(design: DesignRecord) -> dict:
    """Records of simulation and accuracy, where they are there and of this network and design."""
    found = {}
    path = sim_path(design.network, design.tag)
    if path.is_file():
        sim = record_files.load(path, SimRecord, "fq-hw sim")
        if sim.design == design.design:
            found["sim"] = sim
    path = golden_path(design.network)
    if path.is_file():
        golden = record_files.load(path, GoldenRecord, "fq-hw golden")
        if golden.graph == design.graph:
            found["golden"] = golden
    return found


def missing(findings: Findings) -> list[str]:
    """The commands that measure what is not measured."""
    how = commands(findings)
    accuracy = findings.golden or findings.sim
    wanted = (("golden", accuracy), ("rtl-sim", findings.sim), ("routed", findings.routed))
    return [how[way] for way, record in wanted if record is None]


def write(findings: Findings, out: Path | None = None) -> Path:
    """Draw the page into ``out``, by default ``findings.path``, and return that.

    Raises ArtifactError where nothing can be written there.
    """
    from fq_hw.report.page import page

    path = findings.path if out is None else out
    check_output(path, f"--out {path}")
    write_text(path, page(findings))
    return path
