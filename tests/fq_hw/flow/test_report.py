"""Records are collected where they are of one design, and refused by name where damaged."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
from networks import TINY, random_checkpoint
from small_report import built

import boards
from boards.flash_core import with_loaded
from fq_hw import checkpoint, flow
from fq_hw.cli import main
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.errors import ArtifactError, ParameterError
from fq_hw.flow import report
from fq_hw.flow.build import BuildGoal
from fq_hw.flow.describe import describe, layer_of_unit
from fq_hw.flow.hardware import Arrays, Hardware
from fq_hw.flow.records import golden_path, sim_path
from fq_hw.report.record_files import DESIGN, PLACEMENT, ROUTED, as_text, load, save
from fq_hw.report.records import SimRecord
from fq_hw.schedule.resources import plan_blocks

NAME = "tiny-500-cycles"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of a build, whose simulation is recorded too."""
    monkeypatch.chdir(tmp_path)
    found, place = built(), tmp_path / f"{NAME}.build"
    place.mkdir()
    (tmp_path / f"{NAME}.bit").write_bytes(b"")
    for name, record in ((DESIGN, found.design), (ROUTED, found.routed),
                         (PLACEMENT, found.placement)):  # fmt: skip
        save(place / name, record)
    save(sim_path("tiny", found.design.tag), found.sim)
    save(golden_path("tiny"), found.sim.golden)
    return place


def test_a_build_is_found_by_its_folder_and_by_its_bitstream(folder):
    found, whole = report.of_build(folder), built()
    assert found == replace(whole, path=folder.with_suffix(".html"), golden=whole.sim.golden)
    for what in (folder, folder.with_suffix(".bit")):
        assert report.find(what, Hardware(), None) == found
    assert report.missing(found) == []
    assert report.write(found) == folder.with_suffix(".html")


def test_records_of_another_network_or_folding_are_left_out(folder):
    other = replace(built().sim, design="0" * 32)
    save(sim_path("tiny", "500-cycles"), other)
    save(golden_path("tiny"), replace(other.golden, graph="0" * 32))
    found = report.of_build(folder)
    assert found.sim is None and found.golden is None
    assert report.missing(found) == ["fq-hw golden", "fq-hw sim --cycles 500 --images 50"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:-20], "is no JSON"),
        (lambda text: "[]", "must be a record fq_hw.report.sim.1 of this version"),
        (lambda text: text.replace("sim.1", "sim.0"), "must be a record fq_hw.report.sim.1"),
        (lambda text: text.replace('"images":20,"gold', '"images":"x","gold'),
         "record.images: must be an integer"),
        (lambda text: text.replace('"right":16', '"right":21'), "accuracy: needs images"),
        (lambda text: text.replace("[40,10,0,0]", "[40,10,0]"),
         "confusion: needs a count for every two"),
        (lambda text: text.replace("[40,10,0,0]", "[40,9,0,0]"),
         "confusion: must be of (200, 160) images and right ones (got (199, 160))"),
    ],
    ids=["torn", "no table", "another kind", "mistyped", "impossible", "short", "few"],
)  # fmt: skip
def test_a_damaged_record_is_named_with_what_writes_it(damage, said, folder):
    path = sim_path("tiny", "500-cycles")
    path.write_text(damage(path.read_text()))
    with pytest.raises(ArtifactError, match=f"^{path}: ") as error:
        report.of_build(folder)
    assert said in str(error.value)
    if said != "is no JSON":
        assert str(error.value).endswith("; `fq-hw sim` writes it")


@pytest.mark.parametrize("clock", [0, -1, 1e300])
def test_a_clock_that_is_none_is_refused(clock, folder):
    plain = json.loads((folder / ROUTED).read_text()) | {"clock_mhz": clock}
    (folder / ROUTED).write_text(json.dumps(plain))
    with pytest.raises(ArtifactError, match=r"routed\.json: routed: clocks must be above 0 and"):
        report.of_build(folder)


def test_a_confusion_of_other_classes_is_refused(folder):
    one = built().sim.golden
    save(golden_path("tiny"), replace(one, confusion=((160, 0), (40, 0))))
    with pytest.raises(ArtifactError, match=r"^confusion: must be of the 4 classes of the design"):
        report.of_build(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["units"][0].update(layer="no"), "units: must be of layers that are there"),
        (lambda d: d["ops"][3].update(inputs=["no"]), "has inputs before it and a layer"),
        (lambda d: d.update(busiest="no"), "busiest: must be a unit"),
        (lambda d: d.update(interval=0), "design: must have cycles"),
        (lambda d: d.update(units=[]), "must have tensors, and units that work"),
    ],
    ids=["layer", "input", "busiest", "interval", "units"],
)
def test_a_design_that_does_not_hang_together_is_refused(change, said, folder):
    plain = json.loads((folder / DESIGN).read_text())
    change(plain)
    (folder / DESIGN).write_text(json.dumps(plain))
    with pytest.raises(ArtifactError, match=r"design\.json: .*; `fq-hw build` writes it$") as error:
        report.of_build(folder)
    assert said in str(error.value)


def test_a_record_is_the_same_after_it_was_a_file(tmp_path):
    found = built()
    for record in (found.design, found.routed, found.placement, found.sim, found.sim.golden):
        path = tmp_path / "record.json"
        save(path, record)
        assert load(path, type(record), "x") == record
        assert path.read_text() == as_text(record)
        assert json.loads(path.read_text())["kind"] == record.KIND
    assert SimRecord.KIND.startswith("fq_hw.report.")


def test_a_folder_that_is_no_build_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="has no design.json; it is no folder of a build"):
        report.find(tmp_path, Hardware(), None)


def test_a_build_says_itself_how_it_is_folded(folder):
    for hardware, board in ((Hardware(cycles=3), None), (Hardware(), "ulx3s-85f")):
        with pytest.raises(ParameterError, match="says how it is folded and for which board"):
            report.find(folder, hardware, board)


HARDWARE = [
    Hardware(),
    Hardware(cycles=77),
    Hardware(fold=Path("a fold.json")),
    Hardware(arrays=Arrays(sequential=True, size="4x2x8@2")),
    Hardware(cycles=9, arrays=Arrays(in_turn=(("a", "b"), ("c", "d")), size="4x2x8")),
]


@pytest.mark.parametrize("hardware", HARDWARE, ids=lambda one: "-".join(one.options) or "default")
def test_options_say_the_same_hardware(hardware):
    parser = argparse.ArgumentParser()
    add_fold_arguments(parser)
    assert hardware_of(parser.parse_args(hardware.options)) == hardware


def test_options_of_a_build_leave_out_what_is_usual():
    assert BuildGoal(board="x").options == ["--board", "x"]
    goal = BuildGoal(board="x", clock=12.5, mhz=40, placer="wires", seed=3, seeds=2, jobs=2)
    words = "--board x --clock 12.5 --mhz 40 --placer wires --seed 3 --seeds 2"
    assert goal.options == words.split()


def test_layers_have_all_units_and_all_products():
    found = built().design
    for what in ("lut", "ff", "ebr", "spram"):
        whole = getattr(found, what)
        assert sum(getattr(row, what) for row in found.layers) == whole
        assert sum(getattr(row, what) for row in found.units) == whole
    assert sum(row.macs for row in found.layers) == sum(op.macs for op in found.ops) == found.macs
    assert {unit.layer for unit in found.units} == {row.name for row in found.layers}
    assert layer_of_unit("a.b.window", {"a": "x", "a.b": "y"}) == "y"
    home = {"pixels": "", "a": "x", "b": "y"}
    assert layer_of_unit("pixels.fork", home) == layer_of_unit("z.window", home) == "x"


def test_a_model_that_is_not_trained_has_a_report_too(tmp_path):
    text = (Path(flow.SHIPPED).parent / "ern-digits.toml").read_text()
    (tmp_path / "net.toml").write_text(text)
    model = flow.load_sized(tmp_path / "net.toml")
    design, board = model.design(array="8x2x16"), boards.find("icebreaker")
    record, built = describe(design, board), with_loaded(design.plan, board)
    assert record.untrained and record.accuracy is None
    assert record.options == ("--sequential", "--array", "8x2x16")
    for told, plan in ((record, design.plan), (describe(design, board, built=built), built)):
        blocks = plan_blocks(plan, "ice40")
        assert (told.ebr, told.spram) == (blocks.ebr, blocks.spram)


def test_golden_goes_on_where_nothing_can_be_recorded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    name = "tiny-bottleneck"
    checkpoint.write(tmp_path / "tiny.safetensors", random_checkpoint(TINY[name], 1))
    for label in range(2):
        for part in ("train", "test"):
            place = tmp_path / "p" / part / f"c{label}"
            place.mkdir(parents=True)
            (place / "a.ppm").write_bytes(b"P6 4 4 255\n" + bytes(48))
    (tmp_path / "build").write_text("a file")
    words = ["golden", "tiny.safetensors", "--data", "folder", "--path", "p"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out.startswith("golden accuracy ") and "note: no record for reports: build/" in err
    (tmp_path / "build").unlink()
    assert main(words) == 0
    assert "note" not in capsys.readouterr().err and golden_path(name).is_file()
