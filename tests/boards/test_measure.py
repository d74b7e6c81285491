"""A measurement is kept once it is whole; tools that say nothing are not believed."""

import os

import fake_router
import pytest
from cores import SumCore

from boards import measure
from boards.measure import Measured
from fq_hw.errors import ArtifactError, ToolError

TABLE = "*) echo 'Info:  TRELLIS_COMB:  123/ 24288  0%'; echo 'Info:  TRELLIS_FF:  999/ 9  0%';;"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where measurements are kept."""
    monkeypatch.setattr(measure, "FOLDER", tmp_path / "kept")
    return tmp_path / "kept"


def taken(**options) -> Measured:
    return measure.measure(SumCore(16, 1), **options)


def test_kept_once_it_is_whole(folder, tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, TABLE, yosys=fake_router.YOSYS)
    found, lines = taken(), []
    assert (found.lut4, found.fmax_mhz) == (123, 110.5)
    assert taken(report=lines.append) == found and lines == []
    (place,) = folder.iterdir()
    (place / "measured.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"measured\.json: is no JSON"):
        taken()


@pytest.mark.parametrize(
    ("cases", "yosys", "said"),
    [
        (
            "*) :;;",
            fake_router.YOSYS,
            r"nextpnr\.log: nextpnr ended well, but its log has no table",
        ),
        (TABLE, fake_router.SILENT, r"top\.json: there is no such file"),
    ],
)
def test_a_tool_that_says_nothing_is_noticed(cases, yosys, said, folder, tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, cases, yosys=yosys)
    with pytest.raises((ArtifactError, ToolError), match=said):
        taken()
    assert all(place.name.endswith(".partial") for place in folder.iterdir())


def test_an_interrupt_keeps_nothing(folder, tmp_path, monkeypatch):
    def stop(line: str) -> None:
        if line.startswith("placing"):
            raise KeyboardInterrupt

    fake_router.put(tmp_path, monkeypatch, TABLE, yosys=fake_router.YOSYS)
    with pytest.raises(KeyboardInterrupt):
        taken(report=stop)
    assert os.listdir(folder) == []
