"""An accelerator on a board: memories, the flash, a bitstream with the real tools."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from networks import array_plan, least_plan, random_graph

import boards
from boards.build import build
from boards.flash_core import (
    FlashCore,
    check_memories,
    core_of,
    flash_beats,
    with_loaded,
    with_parameters,
)
from boards.flash_loader import OFFSET
from boards.flash_record import record_in
from boards.rates import info_of
from fq_hw.errors import ArtifactError, CapacityError
from fq_hw.passes import lower_graph
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import plan_blocks
from fq_hw.schedule.units import Replay
from rtl_gen.parameters import fill_beats
from rtl_gen.top import Accelerator

ICEBREAKER, ULX3S = boards.find("icebreaker"), boards.find("ulx3s-85f")
SMALL = Array(columns=2, pe=2, simd=4, depth=256)


@pytest.fixture(scope="module")
def plan():
    return array_plan(lower_graph(random_graph("tiny")), SMALL)


def with_unit(plan: Plan, name: str, **fields) -> Plan:
    """``plan`` with other ``fields`` in the unit of node ``name``."""
    nodes = [
        dataclasses.replace(node, unit=dataclasses.replace(node.unit, **fields))
        if node.name == name
        else node
        for node in plan.nodes
    ]
    return dataclasses.replace(plan, nodes=tuple(nodes))


def test_spram_wants_the_flash_and_block_ram_does_not(plan):
    core = core_of(plan, ICEBREAKER)
    assert isinstance(core, FlashCore)
    assert core.core.target.spram and not core.core.target.preloaded
    core = core_of(plan, ULX3S)
    assert isinstance(core, Accelerator)
    assert core.target.preloaded and not core.target.spram


def test_a_plan_without_arrays_wants_no_flash():
    plan = least_plan(lower_graph(random_graph("tiny")), 600)
    assert isinstance(core_of(plan, ICEBREAKER), Accelerator)
    assert flash_beats(plan) == []
    assert with_parameters(b"bits", plan, ICEBREAKER) == b"bits"


def test_parameters_stand_behind_the_bitstream(plan):
    assert with_parameters(b"bits", plan, ULX3S) == b"bits"
    image = with_parameters(b"bits", plan, ICEBREAKER)
    assert image.startswith(b"bits\xff")
    words = fill_beats(plan["tail.conv.parameters"].contents)
    there = np.frombuffer(image[OFFSET:][: 2 * len(words)], "<u2")
    assert there.tolist() == flash_beats(plan) == words


def test_a_record_stands_behind_the_parameters(plan):
    image = with_parameters(b"bits", plan, ICEBREAKER, b"who made it")
    assert record_in(image, "image") == b"who made it"
    for at in (0, OFFSET, len(image) - 60):
        damaged = bytearray(image)
        damaged[at] ^= 1
        with pytest.raises(ArtifactError, match="^image: is damaged; build it again$"):
            record_in(bytes(damaged), "image")
    for other in (b"", image[:-1], b"x" * 200_000, image[-18:]):
        with pytest.raises(ArtifactError, match="^image: is no image of a flash that `fq-hw build"):
            record_in(other, "image")


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("tail.conv", {"trunk_depth": 20_000},
         "needs 20,000 words of SPRAM for tail.conv, and the board has 16,384; take"),
        ("tail.conv.parameters",
         {"header": 1, "replays": (Replay(words=9_000, folds=2, times=1),)},
         "needs 18,002 words of SPRAM for tail.conv.parameters, and the board has 16,384; take"),
        ("tail.conv.parameters", {"width": 80}, "needs 6 SPRAM, and the board has 4; "),
        ("tail.conv", {"array": Array(columns=16, simd=16, depth=512)},
         "needs 64 EBR, and the board has 30; "),
    ],
)  # fmt: skip
def test_refuses_what_a_board_with_spram_does_not_hold(plan, name, fields, message):
    check_memories(plan, ICEBREAKER)
    large = with_unit(plan, name, **fields)
    with pytest.raises(CapacityError, match=f"^icebreaker: tiny {message}"):
        check_memories(large, ICEBREAKER)
    check_memories(large, ULX3S)


@pytest.mark.synth
def test_builds_a_bitstream(plan, tmp_path):
    plan = with_loaded(plan, ICEBREAKER)
    result = build(core_of(plan, ICEBREAKER), ICEBREAKER, tmp_path / "net.bin",
                   info=info_of(plan))  # fmt: skip
    assert result.fmax_mhz > ICEBREAKER.clock_mhz == result.clock_mhz
    need = plan_blocks(plan, "ice40")
    assert result.spram == need.spram == 2
    assert need.ebr < result.ebr <= need.ebr + 2  # the two chunks of the link
    assert result.lut4 < 3_000
    assert result.multipliers == 0
