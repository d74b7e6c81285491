"""One routing job: all it needs goes in, all it gives comes out, nothing stays."""

import dataclasses
import json
import pickle
import zlib

import fake_router
import pytest
from full_disk import full_disk

from boards.route import Routed, packed, route
from fq_hw import toolbox


def test_everything_goes_in_and_comes_out(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "jobs"))
    (tmp_path / "jobs").mkdir()
    lines = []
    one = pickle.loads(pickle.dumps(route(fake_router.job(4), lines.append)))
    assert lines == ["Info: seed 4 reads a netlist"] and one.log == lines[0] + "\n"
    assert json.loads(one.report)["fmax"]["clk"]["achieved"] == 140.5
    assert zlib.decompress(one.config) == b"config of seed 4\n"
    assert (one.seed, one.version, one.error) == (4, "7.8", "") and one.seconds > 0
    assert not list((tmp_path / "jobs").iterdir())


def test_a_failure_is_an_answer(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch)
    one = route(fake_router.job(3))
    assert one.error == "nextpnr-ecp5: failed with status 1: ERROR: cannot route net x"
    assert "cannot route net x" in one.log and one.report == "" and one.config == b""


def test_a_missing_router_is_an_answer(monkeypatch):
    monkeypatch.setattr(toolbox, "WANTED", {})
    assert route(fake_router.job(1)).error.startswith("tool 'nextpnr-ecp5': must be one of")


def test_a_router_that_writes_nothing_is_an_answer(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, "*) exit 0;;")
    one = route(fake_router.job(1))
    assert one.error == "nextpnr-ecp5: No such file or directory: report.json"
    assert one == Routed(seed=1, seconds=one.seconds, version="7.8", log=one.log, error=one.error)


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("", "nextpnr-ecp5: its report: is no JSON"),
        ('{"fmax": {"clk": {"achi', "nextpnr-ecp5: its report: is no JSON"),
        ("[]", "nextpnr-ecp5: ended well, but its report has no clock"),
        (
            '{"fmax": {}, "utilization": {}}',
            "nextpnr-ecp5: ended well, but its report has no clock",
        ),
    ],
)
def test_half_a_report_is_an_answer(report, said, tmp_path, monkeypatch):
    case = f"*) printf '%s' '{report}' > $report; echo config > top.config; exit 0;;"
    fake_router.put(tmp_path, monkeypatch, case)
    one = route(fake_router.job(1))
    assert one.error.startswith(said) and one.report == "" and one.config == b""


def test_a_full_disk_is_an_answer(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch)
    job = fake_router.job(1)
    large = dataclasses.replace(job, files={"top.json": packed(bytes(100_000))})
    with full_disk(50_000):
        one = route(large)
    assert one.error.endswith("what was there is unchanged")
    assert "top.json: could not be written (File too large)" in one.error


@pytest.mark.parametrize("content", [b"", b"x" * 100_000])
def test_packed(content):
    assert zlib.decompress(packed(content)) == content and packed(content) == packed(content)
