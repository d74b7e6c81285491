"""The bench of all boards: every board has a task, every command exists, what is done stays."""

import json
from types import SimpleNamespace

import pytest

import boards
from fq_hw.cli import bench_bitstreams, main
from fq_hw.cli.main import build_parser
from fq_hw.errors import CapacityError, ToolError
from fq_hw.flow import bitstreams
from fq_hw.flow.bitstreams import COLUMNS, TASKS
from fq_hw.flow.build import BuildGoal
from fq_hw.flow.shipped import names

FAMILIES = {"ecp5", "ice40", "gowin", "gw5a"}


def test_every_board_has_a_shipped_network():
    assert [*TASKS] == [board.name for board in boards.BOARDS]
    assert {task.network for task in TASKS.values()} <= {*names()}
    assert {boards.find(board).family for board in TASKS} == FAMILIES


@pytest.fixture
def fabric(monkeypatch, tmp_path):
    """A router that meets 100 MHz; calls: the clocks that were asked for, by board."""
    monkeypatch.chdir(tmp_path)
    calls, meets = [], {"mhz": 100.0}

    def build(goal, design, report):
        build_parser().parse_args(["build", "net", *goal.options])
        clock = goal.clock or boards.find(goal.board).clock_mhz
        calls.append((goal.board, clock))
        if meets["mhz"] < clock:
            raise CapacityError(f"timing: the routed design reaches {meets['mhz']:.1f} MHz")
        return SimpleNamespace(clock_mhz=clock, fmax_mhz=meets["mhz"], lut4=1_000, ff=900, ebr=7)

    monkeypatch.setattr(BuildGoal, "build", build)
    return SimpleNamespace(calls=calls, meets=meets)


def ran(*words):
    """The rows of a run, by their names."""
    args = build_parser().parse_args(["bench-bitstreams", *words])
    return {row["name"]: row for row in args.run(args).data["rows"]}


def test_rows(fabric):
    rows = ran("--boards", "upduino-v3")
    assert [*rows] == [f"upduino-v3: {name}" for name in COLUMNS]
    value = {name.partition(": ")[2]: row["value"] for name, row in rows.items()}
    assert (value["family"], value["network"]) == ("iCE40", "ern20, in turn on 8x2x16")
    assert (value["LUT4"], value["FF"], value["block RAM"]) == (1_000, 900, 7)
    assert (value["routed"], value["clock"], value["cycles per frame"]) == (100.0, 96.0, 283_905)
    assert value["core"] == pytest.approx(96e6 / 283_905, abs=0.1)
    assert (value["link"], value["limit"]) == (31.8, "link")
    for row in rows.values():
        build_parser().parse_args(row["command"].split()[1:])
    assert json.loads(bench_bitstreams.FILE.read_text()) == [*rows.values()]


def test_the_clock_is_the_highest_that_routing_met(fabric):
    ran("--boards", "icebreaker")
    assert fabric.calls == [("icebreaker", 29.25), ("icebreaker", 96.0)]


def test_a_clock_that_is_not_met_is_followed_by_a_lower_one(fabric):
    fabric.meets["mhz"] = 28.0
    rows = ran("--boards", "icebreaker")
    (_, first), (_, second) = fabric.calls
    assert first == 29.25 and 0.9 * first < second <= 28.0
    assert rows["icebreaker: clock"]["value"] == pytest.approx(second, abs=0.01)


def test_between_a_clock_that_was_met_and_one_that_was_not_lies_the_third(fabric, monkeypatch):
    optimistic = BuildGoal.build

    def build(goal, design, report):
        fabric.meets["mhz"] = 100.0 if goal.clock is None or goal.clock < 60 else 65.0
        return optimistic(goal, design, report)

    monkeypatch.setattr(BuildGoal, "build", build)
    rows = ran("--boards", "icebreaker")
    (_, first), (_, second), (_, third) = fabric.calls
    assert (first, second) == (29.25, 96.0)
    assert third == rows["icebreaker: clock"]["value"] == pytest.approx((29.25 * 96) ** 0.5, abs=1)


def test_without_a_pll_there_is_one_clock(fabric):
    ran("--boards", "tang-mega-138k")
    assert fabric.calls == [("tang-mega-138k", 50.0)]
    fabric.meets["mhz"] = 49.0
    with pytest.raises(ToolError, match=r"1 of 1 boards have no bitstream \(got \['tang-mega-138k"):
        ran("--boards", "tang-mega-138k", "--again")


def test_what_is_done_is_not_built_again(fabric, monkeypatch):
    first = ran("--boards", "icebreaker")
    fabric.calls.clear()
    assert ran("--boards", "icebreaker") == first and not fabric.calls
    assert ran("--boards", "icebreaker", "--again") == first and len(fabric.calls) == 2
    fabric.calls.clear()
    other = bitstreams.Task(network="ern20", array="4x2x16", mhz=30, clock=24)
    monkeypatch.setitem(bitstreams.TASKS, "icebreaker", other)
    assert ran("--boards", "icebreaker") != first and fabric.calls


def test_a_board_that_fails_does_not_end_the_others(fabric, monkeypatch, capsys):
    real = BuildGoal.build

    def build(goal, design, report):
        if goal.board == "icebreaker":
            raise CapacityError("icebreaker: the design needs 9 EBR of 8")
        return real(goal, design, report)

    monkeypatch.setattr(BuildGoal, "build", build)
    assert main(["bench-bitstreams", "--boards", "icebreaker", "upduino-v3"]) == 2
    err = capsys.readouterr().err
    assert "icebreaker: the design needs 9 EBR of 8" in err and "1 of 2 boards" in err
    assert "upduino-v3  iCE40" in err
    kept = json.loads(bench_bitstreams.FILE.read_text())
    assert {row["name"].partition(":")[0] for row in kept} == {"upduino-v3"}


def test_what_streams_is_folded_for_its_board(fabric):
    file, rows = "build/fold/bitstreams-colorlight-i9.json", ran("--boards", "colorlight-i9")
    commands = [rows[f"colorlight-i9: {name}"]["command"] for name in ("core", "cycles per frame")]
    build, fold = (build_parser().parse_args(command.split()[1:]) for command in commands)
    assert (str(build.fold), str(fold.out)) == (file, file)
    assert fold.lut_share == TASKS["colorlight-i9"].lut_share


def test_what_is_not_trained_is_built_so(fabric):
    rows = ran("--boards", "hx8k-breakout")
    words = ["ern-mini", "--untrained", "--cycles", "36864", "--board", "hx8k-breakout"]
    assert rows["hx8k-breakout: core"]["command"].split()[2:8] == words
