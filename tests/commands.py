"""Commands as a user types them, run in this process."""

from __future__ import annotations

from pytest import CaptureFixture

from fq_hw.cli import main

__all__ = ["refused", "said"]

ERROR = "fq-hw: error: "


def said(capsys: CaptureFixture[str], *words: object) -> str:
    """stdout of a command that must succeed."""
    capsys.readouterr()
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


def refused(capsys: CaptureFixture[str], *words: object) -> str:
    """The one line of a command that must fail; progress begins with a bracket."""
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert out == "" and len(lines) == 1 and len(lines[0]) < 1100, (out, err)
    assert lines[0].startswith(ERROR)
    return lines[0].removeprefix(ERROR)
