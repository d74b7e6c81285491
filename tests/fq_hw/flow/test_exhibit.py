"""A network on show: how its hardware is got ready, what it refuses, which pictures it has."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import TINY, random_checkpoint

from fq_hw import checkpoint, flow
from fq_hw.data import Data, Split
from fq_hw.data.source import DataKind, Source
from fq_hw.errors import SimulationError, ToolError
from fq_hw.flow import classify, exhibit
from fq_hw.schedule.timeline import unit_spans


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    path = tmp_path_factory.mktemp("exhibit") / "net"
    checkpoint.write(path, random_checkpoint(TINY["tiny-bottleneck"], 1))
    return flow.load(path).design()


@pytest.fixture
def shown(design):
    return exhibit.Exhibit(design.model, design)


def png():
    import io

    from PIL import Image

    content = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(content, "PNG")
    return content.getvalue()


def test_cycles_are_those_of_the_model(shown, design, monkeypatch):
    assert shown.cycles() is None
    monkeypatch.setattr(exhibit, "program_of", lambda *_: None)
    shown.prepare()
    assert shown.progress.data()["state"] == "ready"
    told, spans = shown.cycles(), unit_spans(design.plan, 1)
    assert (told["latency"], told["interval"]) == (design.latency, design.interval)
    tensors = {node.tensor: node.name for node in design.plan.nodes if node.tensor}
    assert told["spans"] == {name: [*spans[unit][0]] for name, unit in tensors.items()}
    assert max(last for _, last in told["spans"].values()) == design.latency


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ToolError("verilator: not found"), "verilator: not found"),
        (ModuleNotFoundError(name="amaranth"), "needs amaranth; install it with: pip install -e"),
    ],
)
def test_hardware_that_cannot_be_built_says_why(shown, monkeypatch, error, said):
    def fail(*_):
        raise error

    monkeypatch.setattr(exhibit, "program_of", fail)
    shown.prepare()
    progress = shown.progress.data()
    assert progress["state"] == "failed" and progress["doing"].startswith(said)
    look = shown.look(png())
    with pytest.raises(SimulationError, match=r"^simulated hardware: could not be built$"):
        shown.simulate(look)


def test_a_bug_does_not_look_like_patience(shown, monkeypatch):
    monkeypatch.setattr(exhibit, "program_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shown.prepare()
    assert shown.progress.state == "failed"


@pytest.mark.parametrize("wrong", ["score", "cycle"])
def test_an_answer_that_differs_is_refused(shown, design, monkeypatch, wrong):
    from sim.network import Run

    built, used = Path("simulate"), []
    monkeypatch.setattr(exhibit, "program_of", lambda *_: built)
    shown.prepare()
    look = shown.look(png())
    scores = np.array([look.seen.scores])
    right = Run(labels=scores.argmax(1), scores=scores, first_pixel=0, results=(design.latency,),
                cycles=9, seconds=1.0)  # fmt: skip
    monkeypatch.setattr(exhibit, "simulated", lambda *given: used.append(given[-1]) or right)
    assert shown.simulate(look)["cycle"] == design.latency
    assert used == [built]  # not searched for again: a picture would wait for the Verilog
    bad = replace(right, scores=scores + 1) if wrong == "score" else replace(right, results=(1,))
    monkeypatch.setattr(exhibit, "simulated", lambda *_: bad)
    with pytest.raises(SimulationError, match=r"^rtl-sim 'tiny-bottleneck': .*must"):
        shown.simulate(look)


def test_test_images_take_turns(design, monkeypatch):
    images = np.arange(2 * 48, dtype=np.uint8).reshape(2, 4, 4, 3)
    split = Split(images=images, labels=np.array([1, 0]))
    source = Source(kind=DataKind.DIGITS, image=(4, 4, 3), classes=("cat", "dog"))
    data = Data(name="d", classes=source.classes, train=lambda seed: split, test=lambda: split)
    monkeypatch.setattr(exhibit, "load_images", lambda model: data)
    shown = exhibit.Exhibit(replace(design.model, source=source), design)
    assert shown.network()["examples"] is True
    truths = []
    for number in (0, 1, 0):
        look, truth = shown.example()
        truths.append(truth)
        assert np.array_equal(look.tensors["pixels"][0], images[number])
        assert look.seen.picture == f"test image {number}"
    assert truths == ["dog", "cat", "dog"]


def test_what_reads_pictures_is_named_where_it_is_missing(design, monkeypatch):
    monkeypatch.setattr(classify, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"needs pillow to read pictures; .*'\.\[data\]'$"):
        exhibit.Exhibit(design.model, design)


def test_one_picture_is_read_at_a_time(shown, monkeypatch):
    """As many at once as a server takes would need all memory."""
    now, most = [], []

    def read(content, image, where):
        now.append(content)
        most.append(len(now))
        time.sleep(0.02)
        now.pop()
        return np.zeros(image, np.uint8)

    monkeypatch.setattr("fq_hw.flow.exhibit.decode_picture", read)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(shown.look, [b"picture"] * 4))
    assert most == [1] * 4
