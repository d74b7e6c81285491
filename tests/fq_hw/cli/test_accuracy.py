"""``fq-hw accuracy``: the shipped studies in short form; records, what is skipped, refusals."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from fq_hw.cli import main
from fq_hw.files import alone, row_line
from fq_hw.flow.study import read_study

pytest.importorskip("torch", reason="training needs torch")

RESULTS = Path(__file__).parents[3] / "docs/results"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working directory with tiny sets in the published form: 128 images and 20."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)

    def write(path, label, count, classes):
        images = rng.integers(0, 256, (count, 3072), np.uint8)
        plain = {b"data": images, label: [n % classes for n in range(count)]}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(plain))

    ten, hundred = tmp_path / "data/cifar-10-batches-py", tmp_path / "data/cifar-100-python"
    for number in range(1, 6):
        write(ten / f"data_batch_{number}", b"labels", 26, 10)
    write(ten / "test_batch", b"labels", 20, 10)
    names = {b"label_names": [b"%d" % n for n in range(10)]}
    (ten / "batches.meta").write_bytes(pickle.dumps(names))
    for part, count in (("train", 128), ("test", 20)):
        write(hundred / part, b"fine_labels", count, 100)
    names = {b"fine_label_names": [b"%d" % n for n in range(100)]}
    (hundred / "meta").write_bytes(pickle.dumps(names))


def lines(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@pytest.mark.parametrize(
    "name", ["direct", *(pytest.param(n, marks=pytest.mark.slow) for n in ("pixels", "widths"))]
)
def test_short_form_of_the_shipped_studies(name, capsys):
    """One step a variant: each trains, and its integers give the float accuracy."""
    study = RESULTS / f"{name}.toml"
    assert main(["accuracy", str(study), "--epochs", "1", "--seeds", "1", "--json"]) == 0
    runs = list(read_study(study).runs(name, Path("data"), 1, 1))
    rows = lines(f"build/accuracy/{name}.jsonl")
    assert [(r["variant"], r["seed"]) for r in rows] == [(r.variant.name, r.seed) for r in runs]
    for row in rows:
        assert row["images"] == 20
        assert len(row["flips"]) == len(row["curve"]) == row["epochs"] == 1
        assert row["golden"] == (None if row["variant"] == "float" else row["float"])
    found = json.loads(capsys.readouterr().out)[name]
    assert [row["variant"] for row in found] == [v.name for v in read_study(study).variants]
    for row in found:
        assert row["layer 1"]["mac"] > 0
        assert ("lut" in row["layer 1"]) == (row["variant"] != "float")
    assert Path(f"build/accuracy/{name}.png").stat().st_size > 1000
    bench = json.loads(Path("build/bench/accuracy.json").read_text())
    assert {row["how"] for row in bench} == {"float", "golden", "model", "estimate"}


MODULES = """
title = "modules"
[network]
name = "nets"
image = [32, 32, 3]
classes = 10
module = "fq_hw.nn.zoo.resnet:ResNet"
[data]
kind = "cifar10"
path = "cifar-10-batches-py"
[train]
epochs = 1
batch = 64
[[variants]]
name = "latent"
title = "latent"
seeds = [1]
network = { arguments = { width = 4, blocks = 1 } }
[[variants]]
name = "direct"
title = "direct"
seeds = [1]
network = { arguments = { width = 4, blocks = 1, bits = 2, scale = "learned" } }
train = { update = "direct" }
"""


def test_a_study_of_torch_modules(capsys):
    Path("nets.toml").write_text(MODULES)
    assert main(["accuracy", "nets.toml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["nets"]
    assert [(row["variant"], row["layer 1"]) for row in found] == [("latent", {}), ("direct", {})]
    for row in found:
        assert row["float"] == row["golden"]
    assert main(["accuracy", "nets.toml"]) == 0  # all is recorded
    assert "latent" in capsys.readouterr().out


SMALL = """
title = "two"
[network]
name = "small"
image = [32, 32, 3]
classes = 10
block = "basic"
embedding = { length = 2 }
stem = [{ width = 4, norm = false }]
stages = [{ width = 4, blocks = 1 }]
[data]
kind = "cifar10"
path = "cifar-10-batches-py"
[train]
epochs = 2
batch = 32
[[variants]]
name = "one"
title = "the first"
seeds = [1, 5]
[[variants]]
name = "two"
title = "the second"
seeds = [1]
train = { lr = 1e-3 }
"""


@pytest.fixture
def small():
    path = Path("small.toml")
    path.write_text(SMALL)
    return path


def accuracy(*words):
    return main(["accuracy", *map(str, words)])


def test_a_recorded_run_is_not_run_again(small):
    assert accuracy(small, "--only", "one") == 0
    first = Path("build/accuracy/small.jsonl").read_text()
    assert [(r["variant"], r["seed"]) for r in lines("build/accuracy/small.jsonl")] == [
        ("one", 1),
        ("one", 5),
    ]
    assert accuracy(small) == 0
    both = Path("build/accuracy/small.jsonl").read_text()
    assert both.startswith(first)
    assert len(both.splitlines()) == 3


def test_a_lost_record_comes_back_from_the_finished_runs(small):
    assert accuracy(small) == 0
    log = Path("build/accuracy/small.jsonl")
    before = log.read_text()
    log.unlink()
    assert accuracy(small) == 0
    assert log.read_text() == before


def test_a_stopped_run_goes_on(small, monkeypatch):
    from fq_hw.nn import training

    real, fine = training.accuracy, []

    def stop(model, split, workers):
        if len(fine) == 1:
            raise KeyboardInterrupt
        fine.append(1)
        return real(model, split)

    monkeypatch.setattr(training, "accuracy", stop)
    assert accuracy(small) == 130
    assert lines("build/train/small/one-1/metrics.jsonl")[-1]["epoch"] == 0
    assert not Path("build/accuracy/small.jsonl").exists()
    monkeypatch.setattr(training, "accuracy", real)
    assert accuracy(small) == 0
    assert [row["epochs"] for row in lines("build/accuracy/small.jsonl")] == [2, 2, 2]


def test_runs_of_another_budget_stay_apart(small, capsys):
    assert accuracy(small, "--epochs", "1", "--seeds", "1") == 0
    capsys.readouterr()
    assert accuracy(small, "--print", "--json") == 0
    assert [row["seeds"] for row in json.loads(capsys.readouterr().out)["small"]] == [[], []]
    assert accuracy(small, "--print", "--json", "--epochs", "1") == 0
    assert [row["seeds"] for row in json.loads(capsys.readouterr().out)["small"]] == [[1], [1]]


def test_print_trains_nothing(small, capsys):
    assert accuracy(small, "--print") == 0
    assert "the first" in capsys.readouterr().out
    assert not Path("build/train").exists()
    assert not Path("build/accuracy/small.png").exists()
    bench = json.loads(Path("build/bench/accuracy.json").read_text())
    assert {row["how"] for row in bench} == {"model", "estimate"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("seeds = [1, 5]", "seeds = []"), "variant 'one': seeds must name at least one"),
        (("seeds = [1, 5]", "seeds = [1, 1]"), "variant 'one': seeds must name at least one"),
        (('name = "two"', 'name = "one"'), "study: needs at least one variant, and no name twice"),
        (('name = "two"', 'name = "../two"'), "variant '../two': the name must have 1 to 100 lett"),
        (('name = "two"', "name = 2"), "study.variants[1].name: must be a string (got 2)"),
        (("seeds = [1, 5]", "seeds = [-1]"), "variant 'one': seeds must be at most 1000, in 0.."),
        (("[train]", "[train]\nepochs = -1e-300\n[train.x]"), "study.train: epochs must be intege"),
        (("lr = 1e-3", "seed = 1"), "variant 'two': train must not set the seed; the list seeds"),
        (("width = 4, norm", "width = 0, norm"), "StemConv: width must be in 1..65536 (got 0)"),
        (("[train]", "[training]"), "study: the keys are"),
    ],
)
def test_refuses_a_wrong_study_in_one_line(small, capsys, change, message):
    small.write_text(small.read_text().replace(*change))
    assert accuracy(small) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("fq-hw: error: study small.toml: ")
    assert message in err
    assert not Path("build").exists()


def test_refuses_unknown_variants_damaged_records_and_foreign_runs(small, capsys):
    assert accuracy(small, "--seeds", "0") == 2
    assert "--seeds: must be at least 1 (got 0)" in capsys.readouterr().err
    assert accuracy(small, "--only", "three") == 2
    assert "--only: must be one of one, two (got 'three')" in capsys.readouterr().err
    assert accuracy(small, "--only", "two") == 0
    saved = Path("build/train/small/two-1")
    saved.rename(saved.with_name("one-1"))
    capsys.readouterr()
    assert accuracy(small) == 2
    assert "one-1: holds another run than this one; remove" in capsys.readouterr().err
    Path("build/accuracy/small.jsonl").write_text("{\n")
    assert accuracy(small) == 2
    assert "line 1 of small.jsonl: is no JSON" in capsys.readouterr().err


def test_a_record_is_taken_whole_or_refused(small, capsys):
    """Lines of an earlier version without a check, and a torn last one, are no damage."""
    assert accuracy(small, "--only", "two") == 0
    log = Path("build/accuracy/small.jsonl")
    line = log.read_text()
    row = {key: value for key, value in json.loads(line).items() if key != "check"}
    log.write_text(json.dumps(row) + "\n" + line[:30])
    capsys.readouterr()
    assert accuracy(small, "--print", "--json") == 0
    assert [row["seeds"] for row in json.loads(capsys.readouterr().out)["small"]] == [[], [1]]
    for damaged, said in (
        (line.replace('"seed": 1', '"seed": 2'), "line 1 of small.jsonl: is damaged"),
        (row_line({"variant": "two"}) + "\n", "line 1: lacks the keys seed"),
        (line + line, "line 2: records a run that an earlier line has"),
        (row_line(row | {"flips": []}) + "\n", "flips must have a figure for every epoch"),
    ):
        log.write_text(damaged)
        assert accuracy(small, "--print") == 2
        assert said in capsys.readouterr().err
    with alone(log.parent, "the first"):
        assert accuracy(small) == 2
    assert "--record build/accuracy: another fq-hw works there" in capsys.readouterr().err
