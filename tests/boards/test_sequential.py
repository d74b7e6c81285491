# amaranth: UnusedElaboratable=no
"""A sequential accelerator on a board: memories, the flash, a bitstream with the real tools."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from networks import random_graph

import boards
from boards.build import build
from boards.flash_loader import OFFSET
from boards.sequential import FlashCore, check_memories, sequential_core, with_parameters
from fq_hw.errors import CapacityError
from fq_hw.passes import lower_graph
from fq_hw.schedule.sequential import Array, lower_sequential
from rtl_gen.sequential.top import SequentialAccelerator, parameter_beats

ICEBREAKER, ULX3S = boards.find("icebreaker"), boards.find("ulx3s-85f")
SMALL = Array(columns=4, pe=2, simd=4, depth=256)


@pytest.fixture
def plan():
    return lower_sequential(lower_graph(random_graph("flat")), SMALL)


def test_spram_wants_the_flash_and_block_ram_does_not(plan):
    core = sequential_core(plan, ICEBREAKER)
    assert isinstance(core, FlashCore) and core.core.spram and not core.core.preloaded
    core = sequential_core(plan, ULX3S)
    assert isinstance(core, SequentialAccelerator) and core.preloaded and not core.spram


def test_parameters_stand_behind_the_bitstream(plan):
    assert with_parameters(b"bits", plan, ULX3S) == b"bits"
    image = with_parameters(b"bits", plan, ICEBREAKER)
    assert image.startswith(b"bits\xff")
    assert np.frombuffer(image[OFFSET:], "<u2").tolist() == parameter_beats(plan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"trunk_depth": 20_000},
            "needs 20,000 words of SPRAM for the trunk, and the board has 16,384; take",
        ),
        ({"parameters": np.zeros((17_000, 8), np.uint8)}, "needs 17,000 words of SPRAM for param"),
        ({"array": Array(columns=16, pe=4, simd=16)}, "needs 8 SPRAM, and the board has 4; "),
        ({"array": Array(columns=16, simd=16, depth=512)}, "needs 65 EBR, and the board has 30; "),
    ],
)
def test_refuses_what_a_board_with_spram_does_not_hold(plan, change, message):
    check_memories(plan, ICEBREAKER)
    large = dataclasses.replace(plan, **change)
    with pytest.raises(CapacityError, match=f"^icebreaker: flat {message}"):
        check_memories(large, ICEBREAKER)
    check_memories(large, ULX3S)


@pytest.mark.synth
def test_builds_a_bitstream(plan, tmp_path):
    height, width, colours = plan.image
    result = build(sequential_core(plan, ICEBREAKER), ICEBREAKER, tmp_path / "net.bin",
                   pixels=height * width, colours=colours)  # fmt: skip
    assert result.fmax_mhz > ICEBREAKER.clock_mhz == result.clock_mhz
    assert result.spram == plan.spram == 3
    assert plan.array.columns + 2 <= result.ebr <= plan.ebr + 2  # the frame, maybe the table
    assert result.lut4 < 3_000
    assert result.multipliers == 0
