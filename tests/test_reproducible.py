"""The shipped network's graph, Verilog and bitstream have the bytes that they had elsewhere.

Where a change is meant to change them: python tests/test_reproducible.py writes their hashes anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[1]
HASHES = ROOT / "docs" / "results" / "hashes.json"
BITSTREAM = "digits.bit"  # takes minutes
MADE = {  # by which command, in a folder of its own
    "ern-digits.fqg": ("export", "ern-digits", "--out", "ern-digits.fqg"),
    "accelerator.v": ("rtl", "ern-digits", "--out", "accelerator.v"),
    BITSTREAM: ("build", "ern-digits", "--board", "ulx3s-85f", "--out", BITSTREAM),
}


def made(name: str, folder: Path, seed: int) -> str:
    """SHA-256 of what the command writes in ``folder``, where sets iterate as ``seed`` says."""
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
    if name == BITSTREAM:  # by the wheels' tools: a native nextpnr places otherwise
        environment["PATH"] = str(Path(sys.executable).parent)
    words = [sys.executable, "-m", "fq_hw", *MADE[name]]
    ran = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", [name for name in MADE if name != BITSTREAM])
def test_the_same_bytes_as_elsewhere(name, tmp_path):
    assert made(name, tmp_path, 1) == json.loads(HASHES.read_text())[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_the_same_bytes_whatever_the_order_of_sets(name, tmp_path):
    folder = tmp_path / "another folder"
    folder.mkdir()
    assert made(name, folder, 2) == json.loads(HASHES.read_text())[name]


def main() -> None:
    found = {}
    for name in MADE:
        with TemporaryDirectory() as folder:
            found[name] = made(name, Path(folder), 1)
    HASHES.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
