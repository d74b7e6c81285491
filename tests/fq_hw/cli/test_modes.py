"""Options and modes: one that a mode ignores is refused by its name, before any work."""

import json

import fake_router
import pytest
from networks import NETWORKS, random_checkpoint

from fq_hw import checkpoint
from fq_hw.cli import main

IGNORED = [  # what a user types after the command and the model; the option; why it does nothing
    ("sim --sequential --cycles 9216", "--cycles", "folds a unit for each layer, and --sequential"),
    ("sim --sequential --fold f.json", "--fold", "folds a unit for each layer, and --sequential"),
    ("sim --array 8x2x16", "--array", "is the size of the one array that --sequential makes"),
    ("sim --sequential --level-images 2", "--level-images", "--sequential has one array, whose"),
    (
        "build --sequential --cycles 600",
        "--cycles",
        "folds a unit for each layer, and --sequential",
    ),
    ("build --sequential --fold f.json", "--fold", "folds a unit for each layer, and --sequential"),
    ("build --array 8x2x16", "--array", "is the size of the one array that --sequential makes"),
    ("build --jobs 2", "--jobs", "has no effect on a single seed"),
    ("build --seeds 3 --jobs 2 --scheduler tcp://a:1", "--jobs", "counts the seeds on this"),
    ("build --mhz 20", "--mhz", "the router aims for no less than the design's clock of 25 MHz"),
    ("build --clock 50 --mhz 40", "--mhz", "the router aims for no less than the design's clock"),
    ("demo --jobs 2", "--jobs", "has no effect on a single seed"),
    ("bench --only dots --seeds 3", "--seeds", "counts how often the engine is routed"),
    ("bench --only dots engine --model M", "--model", "no part in --only has a model"),
    ("search --variant uniform --target 0.1", "--target", "has no effect on --variant uniform"),
    ("search --variant uniform --resume", "--resume", "has no effect on --variant uniform"),
    ("search --variant independent --shape log", "--shape", "has no effect on --variant indep"),
    ("search --variant uniform --second-look", "--second-look", "has no effect on --variant"),
    ("search --mirror", "--mirror", "mirrors half of the copies, and there are none"),
    ("import cnv.npz --pixels byte", "--pixels", "packed weights say themselves how they see"),
    ("accuracy --print --data d", "--data", "says what to train, and --print trains nothing"),
    ("accuracy --print --only learned", "--only", "says what to train, and --print trains"),
    ("accuracy --print --seeds 1", "--seeds", "says what to train, and --print trains nothing"),
]
WITH_MODEL = ("sim", "build", "demo", "search")


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A checkpoint of a small network; commands write below the working directory."""
    monkeypatch.chdir(tmp_path)
    others = {"ecppack": fake_router.PACKER, "yosys": fake_router.YOSYS}
    fake_router.put(tmp_path, monkeypatch, **others)
    path = tmp_path / "gains.safetensors"
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    return str(path)


def refusal(capsys, *words):
    """The one line of a command that must fail."""
    assert main([*words]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("[")]
    assert out == "" and len(lines) == 1, (out, err)
    return lines[0].removeprefix("fq-hw: error: ")


@pytest.mark.parametrize(("words", "option", "why"), IGNORED, ids=[row[0] for row in IGNORED])
def test_an_option_that_does_nothing_is_refused(words, option, why, model, capsys):
    command, *rest = words.split()
    line = refusal(capsys, command, *[model] * (command in WITH_MODEL), *rest)
    assert line.startswith(f"{option}: {why}"), line


def built(capsys, *words):
    """What `fq-hw build` gives as JSON, and as text."""
    assert main(["build", *words, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert main(["build", *words]) == 0
    return data, capsys.readouterr().out


def test_build_names_each_rate_by_its_clock(model, capsys):
    data, text = built(capsys, model, "--cycles", "3000")
    cycles, routed = data["cycles per frame"], data["fmax_mhz"]
    size = 8 * 8 + 1 + 4 * 4 + 22  # pixels, label, four scores of four bytes, around both
    assert data["link"] == {"baud": 1_000_000, "bytes per frame": size}
    assert data["frames per second"] == {
        "core, this bitstream's clock": 25e6 / cycles,
        "link": 1e5 / size,
        "core, routed clock": routed * 1e6 / cycles,
    }
    lines = text.splitlines()
    assert f"{25e6 / cycles:,.0f} frames/s: the core at 25 MHz, the clock of this" in lines[1]
    assert f"{1e5 / size:,.1f} frames/s: the board's UART, 1,000,000 baud, {size} by" in lines[2]
    assert f"{routed * 1e6 / cycles:,.0f} frames/s: the core at {routed:.1f} MHz, as" in lines[3]
    data, text = built(capsys, model, "--cycles", "3000", "--clock", "50")
    assert data["frames per second"]["core, this bitstream's clock"] == 50e6 / cycles


def test_files_of_other_boards_and_foldings_stay(model, capsys):
    names = []
    for words in (
        ("--cycles", "3000"),
        ("--cycles", "6000"),
        ("--cycles", "3000", "--board", "ulx3s-25f"),
        ("--sequential", "--array", "4x2x16"),
        ("--cycles", "3000", "--clock", "50"),
    ):
        names.append(built(capsys, model, *words)[0]["bitstream"])
    assert names == [
        "build/ulx3s-85f/gains-3000-cycles.bit",
        "build/ulx3s-85f/gains-6000-cycles.bit",
        "build/ulx3s-25f/gains-3000-cycles.bit",
        "build/ulx3s-85f/gains-4x2x16.bit",
        "build/ulx3s-85f/gains-3000-cycles-50-mhz.bit",
    ]
    folds = []
    for words in (("--cycles", "3000"), ("--cycles", "6000"), ("--board", "ulx3s-25f")):
        assert main(["fold", model, *words, "--json"]) == 0
        folds.append(json.loads(capsys.readouterr().out)["file"])
    assert len(set(folds)) == 3 and "gains-ulx3s-25f-" in folds[2]
    verilog = []
    for words in (("--cycles", "3000"), ("--family", "ecp5"), ("--fold", folds[2])):
        assert main(["rtl", model, *words, "--json"]) == 0
        verilog.append(json.loads(capsys.readouterr().out)["verilog"])
    assert verilog[:2] == ["build/gains-3000-cycles-plain.v", "build/gains-9216-cycles-ecp5.v"]
    assert "ulx3s-25f" in verilog[2]


@pytest.mark.parametrize("command", ["fold", "build"])
def test_what_the_icebreaker_cannot_have_names_what_it_can(command, model, capsys):
    line = refusal(capsys, command, model, "--board", "icebreaker", "--cycles", "800")
    assert f"`fq-hw build {model} --board icebreaker --sequential`" in line


def test_an_option_of_another_command_is_named_with_it(capsys):
    with pytest.raises(SystemExit):
        main(["estimate", "--sequential"])
    said = capsys.readouterr().err
    assert "has no option --sequential; these commands have it: sim, build" in said
