"""What commands write, and where; ``fq-hw build`` with a router that is none."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import fake_router
import pytest
from commands import refused, said

from fq_hw.cli.main import build_parser
from fq_hw.flow.model import SHIPPED
from fq_hw.ir import serialize

pytestmark = pytest.mark.usefixtures("workplace")


@pytest.mark.parametrize("command", ["export", "rtl", "build"])
def test_output_that_cannot_be_written(command, capsys, random_model, tmp_path):
    (tmp_path / "folder.bit").mkdir()
    (tmp_path / "file").write_text("")
    for out, contract in (
        ("folder.bit", "is a folder; a file shall be written; name one"),
        ("file/x.bit", "cannot be written (Not a directory); name another file"),
    ):
        line = refused(capsys, command, random_model, "--out", out, *FAST[command])
        assert line.startswith(f"--out {out}: {contract}")
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("out", [".", "pipe", "/dev/full", "link", "\0", "x" * 6000])
def test_output_that_is_no_file(out, capsys, random_model, tmp_path):
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    line = refused(capsys, "rtl", random_model, "--out", out, *FAST["rtl"])
    assert line.startswith(f"--out {out[:5]}".rstrip("\0")) and len(line) <= 1000
    assert stat.S_ISFIFO(Path("pipe").lstat().st_mode) and Path("link").is_symlink()


def test_an_output_by_a_link_is_written_where_it_points(capsys, random_model, tmp_path):
    Path("link").symlink_to("real")
    said(capsys, "export", random_model, "--out", "link")
    assert Path("link").is_symlink() and serialize.load(Path("real")).name == "gains"


FAST = {"export": (), "rtl": ("--cycles", 3000), "build": ("--cycles", 3000)}


@pytest.fixture
def fake_tools(tmp_path, monkeypatch):
    """Yosys, nextpnr-ecp5 and ecppack that need no time; seed 3 cannot be routed."""
    others = {"ecppack": fake_router.PACKER, "yosys": fake_router.YOSYS}
    fake_router.put(tmp_path, monkeypatch, **others)


def test_build_tells_the_spread_of_its_seeds(capsys, random_model, fake_tools):
    words = ("build", random_model, "--cycles", 3000, "--seeds", 5, "--jobs", 2)
    data = json.loads(said(capsys, *words, "--json"))
    assert data["spread MHz"] == {"min": 100.5, "median": 115.5, "max": 140.5}
    assert [row["fmax_mhz"] for row in data["seeds"]] == [110.5, 120.5, None, 140.5, 100.5]
    assert "cannot route net x" in data["seeds"][2]["error"]
    assert (data["seed"], data["fmax_mhz"]) == (4, 140.5)
    assert Path(data["bitstream"]).read_text() == "config of seed 4\n"
    lines = [line.split() for line in said(capsys, *words).splitlines()]
    assert ["min", "MHz", "median", "MHz", "max", "MHz"] in lines
    assert ["100.50", "115.50", "140.50"] in lines
    assert [line[:2] for line in lines if line and line[0] in "145"] == [
        ["1", "110.50"], ["4", "140.50"], ["5", "100.50"],
    ]  # fmt: skip


def test_build_at_a_clock_of_its_own(capsys, random_model, fake_tools):
    words = ("build", random_model, "--cycles", 3000)
    assert json.loads(said(capsys, *words, "--clock", 50, "--json"))["clock_mhz"] == 50
    line = refused(capsys, *words, "--clock", 150)
    assert line.startswith("timing: the routed design reaches ")
    assert "ulx3s-85f would run it at 150 MHz; try other seeds (--seed" in line


def test_build_for_a_faster_line(capsys, random_model, fake_tools):
    """Bits of 8 and of 9 cycles; the rate of the link follows, and the file is another."""
    words = ("build", random_model, "--cycles", 3000, "--json")
    usual, fast = (json.loads(said(capsys, *words, *more)) for more in ((), ("--baud", 3_000_000)))
    rates = [one["frames per second"]["link"] for one in (usual, fast)]
    assert rates[1] == pytest.approx(3 * rates[0])
    assert fast["bitstream"].endswith("-3000000-baud.bit") and "baud" not in usual["bitstream"]
    line = refused(capsys, "build", random_model, "--baud", 7_000_000)
    assert line.startswith(
        "UART baud rate: a bit must last 8 or more cycles of the clock of 2.5e+07"
    )


def test_build_without_its_scheduler(capsys, random_model, fake_tools, monkeypatch):
    monkeypatch.setattr("boards.farm.ANSWER_S", 0.2)
    where = "tcp://127.0.0.1:9"
    line = refused(capsys, "build", random_model, "--cycles", 3000, "--scheduler", where)
    assert line.startswith(f"--scheduler {where}: does not answer")


def test_build_names_its_boards(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["build", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in ("ulx3s-25f", "icebreaker"))


@pytest.mark.parametrize(
    "option",
    [("--mhz", "nan"), ("--mhz", "-3"), ("--seed", "-1"), ("--seeds", "0"), ("--jobs", "0"),
     ("--clock", "nan"), ("--clock", "0"), ("--baud", "9"), ("--baud", "12000001")],
)  # fmt: skip
def test_build_options_are_checked_before_any_work(option, capsys):
    line = refused(capsys, "build", "no model yet", *option)
    assert line.startswith(f"{option[0]}: must be in ")


@pytest.mark.parametrize(
    ("words", "file"),
    [
        (("bench", "--only", "dots"), "engine"),
        (("demo", "no model yet"), "demo"),
        (("bench-bitstreams", "--boards", "icebreaker"), "bitstreams"),
        (("bench-cnv", SHIPPED, "--path", "."), "cnv"),
        (("bench-imagenet", "--only", "erns18"), "imagenet"),
        (("bench-tiny", "."), "tiny"),
        (("bench-netlists", "--only", "small"), "netlists"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_figures_that_cannot_be_written_are_not_measured(words, file, capsys, tmp_path):
    path = Path(f"build/bench/{file}.json")
    path.mkdir(parents=True)
    assert refused(capsys, *words) == f"{words[0]}: is a folder; a file shall be written; name one"
