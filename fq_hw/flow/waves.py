"""Waves of a design: a VCD or FST file, and a GTKWave save file beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import toolbox
from fq_hw.errors import ToolError, one_of, require
from fq_hw.files import check_output, scratch_folder, write_text, writing
from fq_hw.flow.simulate import FOLDER

if TYPE_CHECKING:
    from fq_hw.flow.design import Design

__all__ = ["FRAMES", "MOST_FRAMES", "check_waves", "record"]

FRAMES = 2  # the first one fills the pipeline
MOST_FRAMES = 100
FST_DATE = range(202, 321)  # bytes of an FST file's head that hold the time of day
FST_HEADERS = "#include <lz4.h>\n#include <zlib.h>\n"


def check_waves(path: Path, frames: int) -> None:
    """Refuse what cannot be recorded, before any work.

    Raises ParameterError, ArtifactError for a file that cannot be written, ToolError where the
    headers for FST are missing.
    """
    from sim.waves import FLAGS

    where = f"--waves {path}"
    one_of(path.suffix, FLAGS, where, f"its name must end in {' or '.join(FLAGS)}")
    fits = 1 <= frames <= MOST_FRAMES
    require(fits, "--wave-frames", f"must be in 1..{MOST_FRAMES}", frames)
    check_output(path, where)
    check_output(save_path(path), f"{where}: its save file")
    if path.suffix == ".fst":
        check_headers(where)


def check_headers(where: str) -> None:
    """Refuse FST unless the compiler finds what Verilator's writer includes."""
    compiler = toolbox.find("g++")
    try:
        with scratch_folder() as place:
            write_text(place / "fst.cpp", FST_HEADERS)
            toolbox.run(compiler, ["-fsyntax-only", "fst.cpp"], cwd=place)
    except ToolError as error:
        message = f"{where}: FST needs the headers of lz4 and zlib"
        hint = "apt install liblz4-dev zlib1g-dev, or name a file .vcd"
        raise ToolError(f"{message}; {hint}") from error


def save_path(path: Path) -> Path:
    """The save file of the waves in ``path``."""
    return path.with_suffix(".gtkw")


def record(
    design: Design,
    images: np.ndarray,
    path: Path,
    report: Callable[[str], None] = lambda line: None,
) -> Path:
    """Simulate ``images``, uint8 N,H,W,C, and write the streams of every unit to ``path``.

    Returns the GTKWave save file beside it. Raises as ``check_waves``, and SimulationError where
    the simulation gets stuck; its values are compared elsewhere (``Design.compare``).
    """
    from sim import network
    from sim.waves import save_file

    check_waves(path, len(images))
    plan, interval = design.plan, design.interval
    report("building the simulator with waves (kept for the next time)")
    program = network.build(plan, FOLDER / "programs", brief=True, waves=path.suffix)
    report(f"recording {len(images)} frames")
    with scratch_folder(FOLDER) as place, writing(path, f"--waves {path}") as partial:
        network.simulate(program, plan, images, place, cycles_per_frame=interval,
                         waves_file=partial.absolute())  # fmt: skip
        if path.suffix == ".fst":
            with open(partial, "r+b") as file:  # the same simulation gives the same bytes
                file.seek(FST_DATE.start)
                file.write(bytes(len(FST_DATE)))
    saved = save_path(path)
    write_text(saved, save_file(plan, path.name), f"--waves {path}: its save file")
    return saved
