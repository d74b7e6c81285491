"""``fq-hw train``: files, figures, resuming, several processes, one line for every refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from idx_files import write_rows

from fq_hw import checkpoint
from fq_hw.cli import main
from fq_hw.data import DataKind
from fq_hw.data.source import Source
from fq_hw.errors import FqHwError, GraphError
from fq_hw.files import alone, read_sealed, row_line, write_sealed
from fq_hw.flow.config import read_config
from fq_hw.flow.preflight import check_hardware, untrained_graph
from fq_hw.schedule.fold_search import least_lut

torch = pytest.importorskip("torch", reason="training needs torch")
from fq_hw.nn.resume import pack, unpack  # noqa: E402 - needs torch

ROOT = Path(__file__).parents[3]
CONFIG = """
[network]
name = "tiny"
image = [8, 8, 1]
classes = 3
block = "basic"
embedding = {{ length = 2 }}
stem = [{{ width = 4, norm = false }}]
stages = [{{ width = 4, blocks = 1 }}]

[data]
kind = "idx"
path = "{data}"

[train]
epochs = 3
batch = 16
lr = 0.1
seed = 2
"""


@pytest.fixture
def config(tmp_path):
    """A configuration beside a tiny IDX set: one bright row of three tells the class."""
    write_rows(tmp_path, 70, 20)
    file = tmp_path / "tiny.toml"
    file.write_text(CONFIG.format(data=tmp_path))
    return file


def train(config, *options):
    """Run the command into OUT beside the configuration."""
    return main(["train", str(config), "--out", str(config.parent / "out"), *options])


def refusal(capsys, config, *options):
    """Exit status 2 and one line on stderr: return that line."""
    capsys.readouterr()
    assert train(config, *options) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fq-hw: error: ")
    assert err.count("\n") == 1
    return err.removeprefix("fq-hw: error: ").rstrip()


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_writes_checkpoint_metrics_and_curve(config, capsys):
    assert train(config, "--json") == 0
    out = config.parent / "out"
    figures = json.loads(capsys.readouterr().out)
    names = ["checkpoint.safetensors", "curve.png", "metrics.jsonl", "state.pt"]
    assert sorted(file.name for file in out.iterdir()) == names
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")

    found = rows(out)
    assert [row["epoch"] for row in found] == [0, 1, 2]
    assert set(found[0]) == {"epoch", "loss", "train", "test", "flips", "seconds", "check"}
    assert found[2]["loss"] < found[0]["loss"]

    trained = checkpoint.read(out / "checkpoint.safetensors")
    assert trained.network.name == "tiny"
    assert (trained.accuracy.images, trained.accuracy.right) == (20, round(20 * found[2]["test"]))
    assert trained.provenance == {
        "config": "tiny.toml",
        "epochs": "3 of 3",
        "seed": "2",
        "torch": torch.__version__,
    }
    assert figures["checkpoint"] == str(out / "checkpoint.safetensors")
    assert figures["float test accuracy %"] == trained.accuracy.percent
    assert figures["epochs"] == 3


def test_same_configuration_same_bytes(config):
    contents = []
    for name in ("one", "two"):
        assert main(["train", str(config), "--out", str(config.parent / name)]) == 0
        contents.append((config.parent / name / "checkpoint.safetensors").read_bytes())
    assert contents[0] == contents[1]


def test_options_replace_the_configuration(config):
    assert train(config, "--epochs", "1", "--seed", "9") == 0
    trained = checkpoint.read(config.parent / "out" / "checkpoint.safetensors")
    assert (trained.provenance["epochs"], trained.provenance["seed"]) == ("1 of 1", "9")


def test_a_checkpoint_knows_its_images_and_classes(config):
    assert train(config, "--epochs", "1") == 0
    trained = checkpoint.read(config.parent / "out" / "checkpoint.safetensors")
    assert trained.source == Source(
        kind=DataKind.IDX, path=str(config.parent), image=(8, 8, 1), classes=("0", "1", "2")
    )


def with_validation(config, keep="best"):
    """The configuration with 20 of the 70 images to validate by, and six epochs."""
    text = config.read_text().replace("seed = 2", f'seed = 2\nvalidation = 20\nkeep = "{keep}"')
    config.write_text(text.replace("epochs = 3", "epochs = 6").replace("lr = 0.1", "lr = 3.0"))


def test_keeps_the_epoch_that_is_best_on_validation_images(config, capsys):
    """Of a run at a rate so high that the last epoch is not the best."""
    with_validation(config)
    assert train(config, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    out = config.parent / "out"
    found = rows(out)
    best = max(found, key=lambda row: row["validation"])
    assert best is not found[-1]
    kept = checkpoint.read(out / "checkpoint.safetensors")
    number = best["epoch"] + 1
    assert kept.provenance["kept"] == f"epoch {number}, the best on validation images"
    assert kept.provenance["epochs"] == "6 of 6" and kept.provenance["validation"] == "20.0"
    assert kept.accuracy.right == round(20 * best["test"])
    assert figures["kept epoch"] == number
    assert figures["float validation accuracy %"] == 100 * best["validation"]
    assert figures["float test accuracy %"] == 100 * best["test"]

    config.write_text(config.read_text().replace('"best"', '"last"'))
    assert main(["train", str(config), "--out", str(config.parent / "last")]) == 0
    assert [r["loss"] for r in rows(config.parent / "last")] == [r["loss"] for r in found]
    last = checkpoint.read(config.parent / "last" / "checkpoint.safetensors")
    assert last.accuracy.right == round(20 * found[-1]["test"])
    name = "stages.0.0.convs.0.weight"
    assert (last.arrays[name] != kept.arrays[name]).any()


@pytest.mark.parametrize("file", ["metrics.jsonl", "state.pt"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_resume_keeps_the_best_epoch(monkeypatch, config, epoch, file):
    with_validation(config)
    whole = config.parent / "whole"
    assert main(["train", str(config), "--out", str(whole)]) == 0
    stop_before(monkeypatch, config, epoch, file)
    assert train(config, "--resume") == 0
    name = "checkpoint.safetensors"
    assert (config.parent / "out" / name).read_bytes() == (whole / name).read_bytes()


def test_refuses_before_the_first_epoch_what_no_folding_takes(monkeypatch, config, capsys):
    def refuse(choices, cycles):
        raise GraphError(f"{choices.graph.name}: cannot be folded")

    monkeypatch.setattr("fq_hw.flow.preflight.Choices.at", refuse)
    assert refusal(capsys, config) == "tiny: cannot be folded"
    assert not (config.parent / "out").exists()


CASES = ROOT.parent / "shared" / "cases" / "train"


@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")
def test_what_hardware_cannot_take_is_not_trained():
    """The case folds, or is refused here with the same words; never after it was trained."""
    network = read_config(CASES / "bottleneck-odd.toml").network
    outcomes = []
    for ask in (check_hardware, lambda n: least_lut(untrained_graph(n), 10**6)):
        try:
            ask(network)
            outcomes.append("folds")
        except FqHwError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def stop_before(monkeypatch, config, epoch, file, *options):
    """Train, and stop like a killed process before ``file`` of ``epoch`` is written."""
    from fq_hw.files import whole

    keep, written = whole.os.replace, []

    def replace(partial, target):
        if target.name == file:
            written.append(target)
            if len(written) > epoch:
                raise KeyboardInterrupt
        keep(partial, target)

    with monkeypatch.context() as patch:
        patch.setattr(whole.os, "replace", replace)
        assert train(config, *options) == 130


@pytest.mark.parametrize("file", ["metrics.jsonl", "state.pt"])
@pytest.mark.parametrize("epoch", [1, 2])
def test_resume_after_a_stop_gives_the_same_files(monkeypatch, config, epoch, file):
    whole = config.parent / "whole"
    assert main(["train", str(config), "--out", str(whole)]) == 0
    stop_before(monkeypatch, config, epoch, file)
    assert train(config, "--resume") == 0
    out = config.parent / "out"
    name = "checkpoint.safetensors"
    assert (out / name).read_bytes() == (whole / name).read_bytes()
    timeless = [[row | {"seconds": 0, "check": ""} for row in rows(f)] for f in (out, whole)]
    assert timeless[0] == timeless[1]


def test_resume_of_a_finished_run_changes_nothing(config, capsys):
    assert train(config) == 0
    out = config.parent / "out"
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert train(config, "--resume") == 0
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert "epochs: 3" in capsys.readouterr().out


def test_starts_with_the_weights_of_a_checkpoint(monkeypatch, config):
    first = config.parent / "first"
    assert main(["train", str(config), "--out", str(first)]) == 0
    start = ("--start", str(first / "checkpoint.safetensors"))
    config.write_text(config.read_text().replace("lr = 0.1", "lr = 1e-12"))
    stop_before(monkeypatch, config, 2, "state.pt", *start)
    assert train(config, "--resume") == 0
    out = config.parent / "out"
    before, done = (checkpoint.read(f / "checkpoint.safetensors") for f in (first, out))
    name = "stages.0.0.convs.0.weight"
    np.testing.assert_allclose(done.arrays[name], before.arrays[name], rtol=1e-6)
    assert done.provenance["start"] == "tiny.toml, 3 of 3 epochs"
    assert done.provenance["epochs"] == "3 of 3"


def test_refuses_to_start_with_another_network(config, capsys):
    assert train(config, "--epochs", "1") == 0
    path = config.parent / "out" / "checkpoint.safetensors"
    config.write_text(config.read_text().replace("width = 4, norm", "width = 5, norm"))
    message = refusal(capsys, config, "--start", str(path))
    assert message.startswith(f"fq-hw train --start: {path} must hold the network of {config}")


def test_refuses_to_overwrite_a_run(config, capsys):
    assert train(config, "--epochs", "1") == 0
    before = (config.parent / "out" / "checkpoint.safetensors").read_bytes()
    assert refusal(capsys, config).endswith("add --resume, or name another --out")
    assert (config.parent / "out" / "checkpoint.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "metrics.jsonl", "curve.png"])
def test_overwrites_nothing_of_somebody_else(config, capsys, name):
    out = config.parent / "out"
    out.mkdir()
    (out / name).write_text("four years of work")
    assert f"holds {name} already, but no state.pt to go on with" in refusal(capsys, config)
    assert os.listdir(out) == [name]
    assert (out / name).read_text() == "four years of work"


def test_a_stop_in_the_first_epoch_leaves_nothing_in_the_way(monkeypatch, config):
    stop_before(monkeypatch, config, 0, "state.pt")
    assert not (config.parent / "out").exists()
    assert train(config, "--epochs", "1") == 0


@pytest.mark.parametrize("resume", [(), ("--resume",)])
def test_two_at_a_time(config, capsys, resume):
    """The second is refused, and what the first has written stays."""
    out = config.parent / "out"
    assert train(config, "--epochs", "1") == 0
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    with alone(out, "the first"):
        assert f"--out {out}: another fq-hw works there" in refusal(capsys, config, *resume)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


@pytest.mark.parametrize("kept", [0, 1])
def test_a_run_that_diverges_names_its_learning_rate(monkeypatch, config, capsys, kept):
    """In its first epoch, or in its second: then the first is kept."""
    from fq_hw.nn import training

    usual = training.cosine
    monkeypatch.setattr(
        training, "cosine", lambda c, done: usual(c, done) if 2 * done < kept else 1e30
    )
    capsys.readouterr()
    assert train(config, "--epochs", "2") == 2
    said = f"training of 'tiny': diverged in epoch {kept + 1}; the learning rate lr must be lower"
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"fq-hw: error: {said} (got 0.1); earlier epochs are kept"
    out = config.parent / "out"
    assert out.exists() == bool(kept)
    if kept:
        assert len(rows(out)) == 1


def test_refuses_to_resume_nothing(config, capsys):
    assert "must hold state.pt" in refusal(capsys, config, "--resume")


def test_refuses_to_resume_with_another_recipe(config, capsys):
    assert train(config, "--epochs", "1") == 0
    message = refusal(capsys, config, "--epochs", "5", "--resume")
    assert message.startswith("train state: the run began with another train.epochs;")


def flipped(content):
    """One bit of it is another one: the last of a digit in the middle."""
    place = next(n for n in range(len(content) // 2, 0, -1) if content[n : n + 1].isdigit())
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda out: (out / "state.pt").write_bytes(b""),
        lambda out: (out / "state.pt").write_bytes(b"no archive"),
        lambda out: (out / "state.pt").write_bytes((out / "state.pt").read_bytes()[:-900]),
        lambda out: (out / "state.pt").write_bytes(flipped((out / "state.pt").read_bytes())),
        lambda out: torch.save({"other": 1}, out / "state.pt"),
        lambda out: write_sealed(out / "state.pt", pack({"other": 1})),
        lambda out: write_sealed(out / "state.pt", pack(torch.zeros(3))),
        lambda out: write_sealed(out / "state.pt", b"no archive"),
        lambda out: write_sealed(out / "state.pt", bytes(2**23)),
        lambda out: (out / "metrics.jsonl").write_bytes(
            flipped((out / "metrics.jsonl").read_bytes())
        ),
        lambda out: (out / "metrics.jsonl").write_text(row_line({"epoch": 0}) + "\n"),
        lambda out: (out / "metrics.jsonl").write_text('{"epoch": 0'),
        lambda out: (out / "metrics.jsonl").write_text(""),
        lambda out: (out / "metrics.jsonl").unlink(),
    ],
)
def test_refuses_to_resume_a_damaged_run(config, capsys, damage):
    assert train(config, "--epochs", "1") == 0
    damage(config.parent / "out")
    message = refusal(capsys, config, "--epochs", "1", "--resume")
    assert message.startswith(f"fq-hw train --resume: {config.parent / 'out'}: ")


def test_a_state_runs_no_code(config, capsys):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(config.parent / "trace"),))

    assert train(config, "--epochs", "1") == 0
    write_sealed(config.parent / "out" / "state.pt", pack({"epoch": Evil()}))
    assert "is damaged" in refusal(capsys, config, "--epochs", "1", "--resume")
    assert not (config.parent / "trace").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 2", "sede = 2", "config.train: the keys are"),
        ("classes", "klasses", "config.network: the keys are"),
        ("seed = 2", "seed = 2.0", "config.train.seed: must be an integer (got 2.0)"),
        ("lr = 0.1", "lr = nan", "nan is not a finite number"),
        ("lr = 0.1", "lr = 1e38", "TrainConfig: lr must be at most 1,000 (got 1e+38)"),
        ("seed = 2", "weight_decay = 1e38", "TrainConfig: weight_decay must be at most 1,000"),
        ("seed = 2", "workers = 1000000", "TrainConfig: workers must be at most 256 (got 1000000)"),
        ("seed = 2", "momentum = 0.9", "config.train: the keys are"),
        ("epochs = 3", "epochs = 1000000000000", "TrainConfig: epochs must be at most 1,000,000"),
        ("batch = 16", "batch = 1000000000", "TrainConfig: batch must be at most 65,536"),
        ("epochs = 3", "", "config.train: lacks the keys epochs"),
        ("batch = 16", "batch = 1", "TrainConfig: batch must be at least 2 (got 1)"),
        ("batch = 16", "batch = 71", "batch must be at most the 70 training images"),
        ("seed = 2", "seed = -2", "TrainConfig: seed must not be negative (got -2)"),
        ("[train]", "[training]", "config: the keys are data, network, train (got 'training')"),
        ('kind = "idx"', 'kind = "xdi"', "config.data.kind: must be one of"),
        ("image = [8, 8, 1]", "image = [8, 8, 3]", "a network needs image = [8, 8, 1]"),
        ("classes = 3", "classes = 4", "needs classes = 3 for idx"),
        ("width = 4, norm", "widht = 4, norm", "config.network.stem[0]: the keys are"),
        ('path = "', 'path = "/none', "must hold train-images-idx3-ubyte or"),
        ("[data]", "[data", "Expected ']'"),
    ],
)
def test_refuses_a_bad_configuration_by_key(config, capsys, old, new, message):
    text = config.read_text()
    assert text.count(old) == 1
    config.write_text(text.replace(old, new))
    assert message in refusal(capsys, config)
    assert not (config.parent / "out" / "checkpoint.safetensors").exists()


def test_refuses_a_configuration_that_is_no_text_or_no_file(config, capsys):
    config.write_bytes(b"\xff\xfe")
    assert refusal(capsys, config).startswith(f"config {config}: ")
    assert "there is no such file" in refusal(capsys, config.parent / "none.toml")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--epochs", "0", "TrainConfig: epochs must be at least 1 (got 0)"),
        ("--seed", "-1", "TrainConfig: seed must not be negative (got -1)"),
        ("--threads", "0", "fq-hw train --threads: must be at least 1 (got 0)"),
        ("--threads", "100000", "fq-hw train --threads: must be at most 256 (got 100000)"),
        ("--device", "abacus", "fq-hw train --device: abacus does not work here ("),
    ],
)
def test_refuses_bad_options(config, capsys, option, value, message):
    assert refusal(capsys, config, option, value).startswith(message)


def test_shipped_configuration_is_read():
    from fq_hw.flow.config import read_config
    from fq_hw.nn.training import TrainConfig
    from fq_hw.plain import from_plain

    for file in sorted((ROOT / "fq_hw" / "models").glob("*.toml")):
        config = read_config(file)
        from_plain(TrainConfig, config.train, "config.train")


def torchrun(config, out, *options):
    """Two processes on this machine, each with one thread."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "fq_hw", "train", str(config), "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment["TMPDIR"] = str(config.parent)  # torchrun leaves its folder
    return subprocess.run(
        [*command, *options],
        cwd=config.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
@pytest.mark.train
def test_two_processes_train_one_network(config):
    """They stop learning the first layer's real weights together."""
    config.write_text(config.read_text() + "real_epochs = 1\n")
    out = config.parent / "pair"
    done = torchrun(config, out, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)  # from one process alone
    assert figures["epochs"] == 3
    names = ["checkpoint.safetensors", "curve.png", "metrics.jsonl", "state.pt"]
    assert sorted(file.name for file in out.iterdir()) == names
    trained = checkpoint.read(out / "checkpoint.safetensors")
    assert trained.accuracy.percent == figures["float test accuracy %"]
    found = rows(out)
    assert len(found) == 3
    assert found[2]["loss"] < found[0]["loss"]
    assert [row["train"] * 64 % 1 for row in found] == [0, 0, 0]  # 4 batches of 16, by both
    state = unpack(read_sealed(out / "state.pt", "it", most=2**20), "it")["model"]
    assert state["stem.0.conv.real"].shape == (4, 1, 3, 3)
    trained = checkpoint.read(out / "checkpoint.safetensors").arrays["stem.0.conv.weight"]
    assert (np.abs(trained[:, 0]) == np.abs(trained[:, 1])).all()


@pytest.mark.train
def test_two_processes_resume(monkeypatch, config):
    stop_before(monkeypatch, config, 1, "state.pt")
    out = config.parent / "out"
    done = torchrun(config, out, "--resume")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epochs: 3") == 1
    assert [row["epoch"] for row in rows(out)] == [0, 1, 2]
    trained = checkpoint.read(out / "checkpoint.safetensors")
    assert trained.provenance["epochs"] == "3 of 3"
