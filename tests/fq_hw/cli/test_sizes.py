"""A network is sized before it is trained."""

import tomllib
from pathlib import Path

import pytest

from fq_hw.cli import main
from fq_hw.cli.main import build_parser
from fq_hw.flow import fold_file
from fq_hw.flow.model import SHIPPED, load_model
from fq_hw.flow.sizes import load_sized
from fq_hw.network import Network
from fq_hw.plain import from_plain
from fq_hw.untrained import untrained

DIGITS = Path("fq_hw/models/ern-digits.toml").resolve()


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def ask(*words):
    """What a command gives, as data and as text."""
    args = build_parser().parse_args([*map(str, words)])
    return args.run(args)


def refusal(capsys, *words):
    assert main([*map(str, words)]) == 2
    return capsys.readouterr().err.splitlines()[-1].removeprefix("fq-hw: error: ")


def test_an_untrained_network_has_the_cycles_of_the_trained_one():
    before, after = ask("estimate", DIGITS), ask("estimate")
    assert before.text.startswith("untrained: sizes only (ern-digits)\n")
    assert "untrained" not in after.text
    before, after = before.data, after.data
    assert (before["weights"], after["weights"]) == ("untrained: sizes only", None)
    for key in ("network", "cycles per frame", "latency cycles", "MAC per cycle"):
        assert before[key] == after[key]
    for kind in ("lut", "ff", "ebr"):
        assert abs(before["estimated"][kind] / after["estimated"][kind] - 1) < 0.05


def test_its_folding_serves_the_trained_network():
    folded = ask("fold", DIGITS, "--cycles", 18432).data
    assert folded["weights"] == "untrained: sizes only"
    graph = load_model(SHIPPED).graph
    assert fold_file.load(Path(folded["file"]), graph).cycles == 18432


def test_the_network_table_alone_is_enough(capsys, tmp_path):
    text = DIGITS.read_text().partition("[data]")[0]
    (tmp_path / "net.toml").write_text(text)
    assert load_sized(tmp_path / "net.toml").graph.name == "ern-digits"
    (tmp_path / "net.toml").write_text(text.replace("classes", "clases"))
    assert refusal(capsys, "estimate", "net.toml") == (
        "config net.toml: network: the keys are activation, block, classes, embedding, image, "
        "name, norm, norm_eps, shared_scale, stages, stem, weight_bits, weight_scale "
        "(got 'clases'); did you mean 'classes'?"
    )
    (tmp_path / "net.toml").write_text("[netwrok]\n")
    assert refusal(capsys, "estimate", "net.toml").startswith(
        "config net.toml: file: has no table [network]"
    )


def test_a_float_network_has_no_widths_yet(capsys, tmp_path):
    (tmp_path / "net.toml").write_text(
        '[network]\nname = "plain"\nimage = [8, 8, 1]\nclasses = 3\n'
        'layers = [{ op = "dense", width = 3 }]\n'
    )
    line = refusal(capsys, "estimate", "net.toml")
    assert "plain: is a float network, whose widths nobody knows before `fq-hw search`" in line


@pytest.mark.parametrize("command", ["golden", "sim", "build", "rtl", "export", "show"])
def test_commands_that_need_weights_say_so(command, capsys):
    line = refusal(capsys, command, DIGITS)
    assert line.startswith(f"{DIGITS}: is a configuration and has no weights; `fq-hw train ")


def test_the_same_seed_gives_the_same_bytes():
    network = from_plain(Network, tomllib.loads(DIGITS.read_text())["network"], "network")
    first, again, other = (untrained(network, seed).arrays for seed in (0, 0, 1))
    assert all((first[name] == again[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)
