"""The bench of networks on boards: its commands exist and say nothing that they ignore."""

import argparse

import pytest

from fq_hw.cli import bench
from fq_hw.cli.main import build_parser
from fq_hw.errors import ToolError

RAN = {
    "cycles per frame": {"predicted": 9_000, "rtl-sim": 9_216},
    "scores": {"compared": 60, "mismatching": 0},
}
BUILT = dict.fromkeys(bench.CELLS, 7) | {
    "fmax_mhz": 92.16,
    "frames per second": {"core, this bitstream's clock": 2_500.0, "link": 32.0},
}
FOLDED = {"layers": [{"layer": "stem", "cycles": 9_216, "busy %": 100.0}]}


def test_a_command_that_is_refused_has_said_why(capfd):
    with pytest.raises(SystemExit) as end:
        bench.command("show", "nothing")
    assert end.value.code == 2
    err = capfd.readouterr().err
    assert err.count("fq-hw: error: ") == 1 and "failed: fq-hw show nothing" in err


def test_a_command_that_ends_without_a_word_is_named(monkeypatch):
    monkeypatch.setattr(bench.child, "follow", lambda *words, **options: -9)
    with pytest.raises(ToolError, match=r"^fq-hw bench: `fq-hw show` ended with signal SIGKILL$"):
        bench.command("show")


@pytest.mark.parametrize("board", bench.NETWORKS)
def test_a_network_on_a_board(board, monkeypatch):

    def ask(*words):
        args = build_parser().parse_args(words)  # a command that is not one would end the test
        if words[0] == "sim":
            assert args.sequential == ("--sequential" in bench.NETWORKS[board][0])
        found = {"fold": FOLDED, "sim": RAN | {"levels": RAN["scores"]}, "build": BUILT}
        return found[words[0]], f"fq-hw {' '.join(words)}"

    monkeypatch.setattr(bench, "ask", ask)
    rows = {row[0]: row for row in bench.network(board, argparse.Namespace(model=bench.MODEL))}
    assert rows[f"{board}: routed clock / simulated cycles"][1] == pytest.approx(10_000)
    assert rows[f"{board}: link"][1:3] == (32.0, "frames/s")
    assert rows[f"{board}: scores that differ"][1] == 0
    assert rows[f"{board}: levels that differ"][1] == 0
    assert all(row[1] is not None for row in rows.values())
