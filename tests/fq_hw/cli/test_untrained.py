"""Shipped networks by name, and networks with random weights wherever nobody asks for answers."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from fq_hw import flow
from fq_hw.cli import main
from fq_hw.cli.main import build_parser
from fq_hw.data.noise import noise
from fq_hw.flow.model import SHIPPED
from fq_hw.flow.shipped import configuration_file, configuration_of, model_file, names
from fq_hw.network import Network, ern
from fq_hw.plain import from_plain

PUBLISHED = ("18-0.75x", "18", "34", "50", "101")
SMALL = """
[network]
name = "small"
image = [12, 8, 3]
classes = 3
block = "basic"
embedding = { kind = "thermometer", length = 4 }
stem = [{ width = 8, stride = 2, norm = false }]
stages = [{ width = 8, blocks = 1, stride = 1 }]
"""


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def ask(*words):
    """What a command gives as data."""
    args = build_parser().parse_args([*map(str, words)])
    return args.run(args).data


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_published_networks_are_shipped_as_configurations(variant):
    tables = tomllib.loads(model_file(f"erns{variant}").read_text())
    assert from_plain(Network, tables["network"], "network") == ern(variant)


def test_a_network_is_found_by_name_but_a_file_of_the_user_comes_first(tmp_path):
    digits = {"ern-digits", "ern-mini", "ern20"}
    assert digits | {f"erns{variant}" for variant in PUBLISHED} == set(names())
    assert model_file("ern-digits") == SHIPPED
    assert configuration_file("ern20") == configuration_of(model_file("ern20"))
    (tmp_path / "ern20").write_bytes(b"mine")
    assert model_file("ern20") == Path("ern20")
    assert model_file("erns7") == Path("erns7")
    assert configuration_of(Path("mine.safetensors")) == Path("mine.safetensors")


def test_random_weights_go_the_whole_way(tmp_path, capsys):
    (tmp_path / "small.toml").write_text(SMALL)
    assert ask("golden", "small.toml", "--untrained", "--images", 4)["images"] == 4
    found = ask("rtl", "small.toml", "--untrained", "--cycles", 2_000)
    assert Path(found["verilog"]).stat().st_size
    found = ask("sim", "small.toml", "--untrained", "--cycles", 2_000, "--images", 1)
    assert found["levels"]["mismatching"] == found["scores"]["mismatching"] == 0
    assert found["cycles per frame"]["rtl-sim"] is None  # one frame does not tell
    assert found["latency cycles"]["rtl-sim"] == found["latency cycles"]["predicted"]
    assert not [*Path("build/sim").glob("*.json")]
    assert "note: small is not trained: taking random images" in capsys.readouterr().err
    one, two = (flow.load_untrained(Path("small.toml")) for _ in range(2))
    images = noise("small", one.image, one.classes).test().images
    assert (one.scores(images) == two.scores(images)).all()
    assert len(np.unique(images)) > 200


def test_what_is_trained_keeps_its_weights(capsys):
    assert main(["golden", "--untrained", "mine.safetensors"]) == 2
    said = capsys.readouterr().err
    assert "config mine.safetensors: must be a configuration, *.toml; what is trained" in said
