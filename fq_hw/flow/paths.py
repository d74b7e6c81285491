"""Where results go when nobody says so."""

from __future__ import annotations

from pathlib import Path

from fq_hw.files import check_output

__all__ = ["output_path"]


def output_path(given: Path | None, default: str) -> Path:
    """Where a command writes: ``given``, or ``build/default``; its folder is made.

    Call it before any work: raises ArtifactError when nothing can be written there.
    """
    path = Path("build") / default if given is None else given
    check_output(path, f"--out {path}")
    return path
