"""Other weights for a board that is built: the file, what is refused, what the board computes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from networks import TINY, random_checkpoint, random_images

import boards
from boards.flash_core import SpiCore, with_loaded, with_parameters
from boards.flash_loader import OFFSET
from fq_hw import checkpoint, flow
from fq_hw.cli.main import main
from fq_hw.errors import ArtifactError
from fq_hw.flow.weights import flash_weights, record_of
from fq_hw.network import Stage
from fq_hw.schedule import timing
from rtl_gen.emit import to_verilog
from rtl_gen.top import Accelerator
from sim import network, primitives, taps, verilator

ICEBREAKER = boards.find("icebreaker")
HERE = Path(__file__).parent
SPRAM = Path(primitives.__file__).with_name("up5k.v")
NET = TINY["tiny"]
SHELL = """module accelerator(input clk, input rst,
    input i_valid, output i_ready, input [{i}:0] i_data,
    output o_valid, input o_ready, output [{o}:0] o_data, output [1:0] o_kind, output o_last);
  wire cs, sck, mosi, miso;
  spi_flash flash (.cs(cs), .sck(sck), .mosi(mosi), .miso(miso));
  core core (.clk(clk), .rst(rst), .i_valid(i_valid), .i_ready(i_ready), .i_data(i_data),
    .o_valid(o_valid), .o_ready(o_ready), .o_data(o_data), .o_kind(o_kind), .o_last(o_last),
    .cs(cs), .sck(sck), .mosi(mosi), .miso(miso));
endmodule
"""


def model(folder: Path, seed: int, net=NET, name: str = "") -> flow.Model:
    """A network with random weights, from its file."""
    path = folder / (name or f"net-{seed}.safetensors")
    checkpoint.write(path, random_checkpoint(net, seed))
    return flow.load(path)


def image_of(folder: Path, one: flow.Model, **more) -> tuple[Path, flow.Design]:
    """What a build writes for the board's flash, the bitstream apart."""
    design = one.design(array="2x2x4", **more)
    plan = with_loaded(design.plan, ICEBREAKER)
    path = folder / "built.bin"
    record = record_of(design, ICEBREAKER)
    path.write_bytes(with_parameters(b"a bitstream", plan, ICEBREAKER, record))
    return path, design


def program(design: flow.Design, folder: Path) -> Path:
    """The design as a board has it, beside a flash memory, in Verilator."""
    plan = with_loaded(design.plan, ICEBREAKER)
    core = SpiCore(Accelerator(plan, "ice40", spram=True))
    widths = {"i": 8 * plan.image[2] - 1, "o": plan.result.data_bits - 1}
    sources = {
        "bench.sv": f"`define IN_WIDTH {widths['i'] + 1}\n`define OUT_WIDTH {widths['o'] + 1}\n"
        + network.BENCH.read_text(),
        "taps.sv": taps.NONE,
        "accelerator.v": SHELL.format(**widths),
        "core.v": to_verilog(core, "core"),
        "flash.sv": (HERE / "spi_flash.sv").read_text(),
        "up5k.v": SPRAM.read_text(),
        **primitives.twins("ice40"),
    }
    return verilator.build(sources, "bench", folder, brief=True)


@pytest.mark.verilator
def test_the_board_computes_what_its_flash_holds(tmp_path, programs, capsys):
    """Built for one network; the command's file makes it another, and a third is not mistaken."""
    first, second = (model(tmp_path, seed) for seed in (0, 1))
    built, design = image_of(tmp_path, first)
    words = [
        "weights",
        second.path,
        "--for",
        built,
        "--out",
        tmp_path / "the weights.bin",
        "--json",
    ]
    assert main([*map(str, words)]) == 0
    said = json.loads(capsys.readouterr().out)
    weights = (tmp_path / "the weights.bin").read_bytes()
    assert said["offset"] == OFFSET and said["bytes"] == len(weights)
    assert said["command"] == f"iceprog -o 128k '{tmp_path / 'the weights.bin'}'"

    simulator, plan = program(design, programs), with_loaded(design.plan, ICEBREAKER)
    images = random_images(first.image, 3, 5)
    flash = bytearray(built.read_bytes())
    for one, content in ((first, b""), (second, weights)):
        flash[OFFSET : OFFSET + len(content)] = content
        (tmp_path / "pixels.hex.flash").write_bytes(flash)
        run = network.simulate(
            simulator, plan, images, tmp_path, cycles_per_frame=design.interval + 30_000
        )
        np.testing.assert_array_equal(run.scores, one.scores(images))
        np.testing.assert_array_equal(run.labels, one.labels(images))
    assert (first.scores(images) != second.scores(images)).any()
    assert run.interval == timing.simulate(plan, 3).interval


OTHERS = {
    "classes": (replace(NET, classes=5), "layer tail.conv is Conv of 2x3x5 "),
    "width": (replace(NET, stages=(*NET.stages[:1], Stage(width=8, blocks=1))), "layer stages.1"),
    "image": (replace(NET, image=(8, 6, 2)), "layer pixels is Input of 8x6x2"),
    "blocks": (
        replace(NET, stages=(Stage(width=4, blocks=2, stride=1), *NET.stages[1:])),
        "layer stages.1.0.acts.0",
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_refuses_another_shape_by_name(what, tmp_path):
    built, _ = image_of(tmp_path, model(tmp_path, 0))
    net, said = OTHERS[what]
    other = model(tmp_path, 1, net, "other.safetensors")
    with pytest.raises(ArtifactError, match=rf"^tiny: {said}.*, and .*built.bin was built for .*"):
        flash_weights(other, built)


def test_refuses_other_weights_beside_the_array(tmp_path):
    """Those of a layer that streams are part of the bitstream."""
    first, second = (model(tmp_path, seed) for seed in (0, 1))
    built, _ = image_of(tmp_path, first, in_turn=[("stem.0.conv", "tail.conv")])
    assert flash_weights(first, built).content
    said = r"^tiny: stem\.0\.conv\S*: its constants are part of the bitstream of .*built.bin, and"
    with pytest.raises(ArtifactError, match=said):
        flash_weights(second, built)


def test_refuses_what_is_no_build(tmp_path):
    one = model(tmp_path, 0)
    with pytest.raises(ArtifactError, match=r"^--for .*: is no image of a flash that"):
        flash_weights(one, one.path)
    with pytest.raises(ArtifactError, match=r"^--for .*gone.bin: "):
        flash_weights(one, tmp_path / "gone.bin")


def test_the_same_weights_are_the_bytes_of_the_build(tmp_path):
    one = model(tmp_path, 0)
    built, _ = image_of(tmp_path, one)
    content = flash_weights(one, built).content
    assert built.read_bytes()[OFFSET:].startswith(content)
