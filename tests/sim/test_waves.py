"""Waves: what a VCD holds is what moved; the save file names what is in it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from networks import TINY, random_checkpoint, random_images
from simcases import result_ends

from fq_hw import checkpoint, flow, toolbox
from fq_hw.errors import ArtifactError, ParameterError, ToolError
from fq_hw.flow import waves
from fq_hw.schedule import timing
from sim import network, taps
from sim.results import scores_of


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    path = tmp_path_factory.mktemp("waves") / "tiny.safetensors"
    checkpoint.write(path, random_checkpoint(TINY["tiny-bottleneck"], 1))
    return flow.load(path).design()


def read_vcd(path: Path, wanted: set[str]) -> dict[str, list[tuple[int, int]]]:
    """Of each of the wires ``wanted``, when it changed and to what."""
    codes, scopes, found, time = {}, [], {name: [] for name in wanted}, 0
    for line in path.read_text().splitlines():
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            name = ".".join([*scopes, words[4]])
            if name in wanted:
                codes.setdefault(words[3], []).append(name)
        elif line.startswith("#"):
            time = int(line[1:])
        elif words and line[0] in "b01":
            value, code = words if line[0] == "b" else (line[0], line[1:])
            for name in codes.get(code, ()):
                found[name].append((time, int(value.removeprefix("b"), 2)))
    return found


def at(changes: list[tuple[int, int]], time: int) -> int:
    """The value before ``time``, as a flip-flop takes it at an edge then."""
    return [value for when, value in changes if when < time][-1]


@pytest.mark.verilator
def test_they_show_what_moved_and_when(design, share_programs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    share_programs(tmp_path)
    images = random_images(design.model.image, 2)
    saved = waves.record(design, images, Path("w.vcd"))
    names = re.findall(r"(?m)^bench[\w.]+", saved.read_text())
    found = read_vcd(Path("w.vcd"), set(names))
    assert len(names) == len(set(names)) and all(found.values())  # nothing is named in vain
    whole = "bench.units.accelerator"
    moved = [
        time
        for time, value in found[f"{whole}.clk"]
        if value == 1
        and time > 2
        and all(at(found[f"{whole}.{name}"], time) for name in ("o_valid", "o_ready"))
    ]
    cycles = tuple(at(found[f"{whole}.cycle"], time) for time in moved)
    assert result_ends(design.plan, cycles) == timing.simulate(design.plan, 2).results
    names = ("o_data", "o_kind", "o_last")
    beats = [[at(found[f"{whole}.{name}"], time) for name in names] for time in moved]
    result = design.plan.result
    packed = [
        data | kind << result.data_bits | last << result.data_bits + result.KIND_BITS
        for data, kind, last in beats
    ]
    assert np.array_equal(scores_of(packed, result, "waves"), design.model.scores(images))


def test_a_program_without_waves_knows_nothing_of_them(design, monkeypatch):
    built = []
    monkeypatch.setattr(network, "to_verilog", lambda *_: "")
    monkeypatch.setattr(network.verilator, "build", lambda *args: built.append(args))
    network.build(design.plan, Path("p"))
    network.build(design.plan, Path("p"), waves=".vcd")
    (plain, *_, none), (traced, *_, flags) = built
    assert set(traced) - set(plain) == {"waves.sv", "waves.vlt"} and none == ()
    assert {name: traced[name] for name in plain} == plain and flags == ("--trace-vcd",)
    assert plain["taps.sv"] == taps.module(design.plan)


@pytest.mark.parametrize(
    ("name", "frames", "kind", "said"),
    [
        ("w.txt", 2, ParameterError, r"--waves w.txt: its name must end in .vcd or .fst"),
        ("w.vcd", 0, ParameterError, r"--wave-frames: must be in 1..100 \(got 0\)"),
        ("no/such/\n/w.vcd", 1, ArtifactError, "must be one line"),
    ],
)
def test_refusals(name, frames, kind, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=said):
        waves.check_waves(Path(name), frames)


def test_fst_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(waves, "FST_HEADERS", "#include <no_such_header.h>\n")
    toolbox.find("g++")
    with pytest.raises(ToolError, match=r"apt install liblz4-dev zlib1g-dev, or name a file .vcd"):
        waves.check_waves(Path("w.fst"), 1)
    assert not np.any([path.suffix == ".fst" for path in tmp_path.iterdir()])
