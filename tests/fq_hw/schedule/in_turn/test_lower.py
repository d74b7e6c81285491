"""A stage as passes of an array: where tensors lie, what the words hold, what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from networks import VARIANTS, array_plan, random_checkpoint, random_graph, whole_stage

from fq_hw import ir
from fq_hw.errors import CapacityError, GraphError
from fq_hw.export import export
from fq_hw.flow.config import read_config
from fq_hw.flow.model import SHIPPED
from fq_hw.passes import lower_graph
from fq_hw.schedule.choices import Choices
from fq_hw.schedule.fold_search import fold_at
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import Passes, fitted, passes
from fq_hw.schedule.in_turn.stage import InTurn, Supply
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import Resources, memory_blocks, resources
from fq_hw.schedule.sdram import SDR_16M16, Slots
from fq_hw.schedule.timing import simulate
from fq_hw.schedule.units import ArrayUnit, RomUnit, SdramUnit

ERN20 = SHIPPED.with_name("ern20.toml")
SMALL = Array(columns=4, pe=2, simd=4, depth=512)
NAMES = ["basic", "bottleneck", "gains", "flat", "awkward"]


def made(graph: ir.Graph, array: Array = SMALL) -> Passes:
    return Passes(graph, whole_stage(graph, array))


def changed(fields: Mapping[str, Mapping[str, object]]) -> ir.Graph:
    """The basic network with other ``fields``, by op."""
    return BASIC.map(lambda op: replace(op, **fields.get(op.name, {})))


BASIC = lower_graph(random_graph("basic"))


def test_every_convolution_has_one_pass_and_trunks_change_in_place():
    steps = made(BASIC).unit.passes
    convs = [op.name for op in BASIC.ops if isinstance(op, ir.Conv)]
    assert [step.name for step in steps if step.kernel] == convs
    by_name = {step.name: step for step in steps}
    down, second = by_name["stages.0.0.down"], by_name["stages.0.0.convs.1"]
    assert (down.add, down.keep, down.dest) == (False, True, None)
    assert (second.add, second.keep) == (True, True)
    last = by_name["stages.1.1.convs.1"]  # nothing but its threshold reads this block
    assert (last.add, last.keep) == (True, False)
    assert last.dest is not None
    assert (steps[-1].name, steps[-1].add, steps[-1].dest) == ("tail.conv", False, None)


def test_the_trunk_is_as_wide_as_what_it_keeps():
    """The largest sums are the last block's, which its threshold and nobody else reads."""
    unit, types = made(BASIC).unit, BASIC.types
    kept = [stage.tensor for stage in made(BASIC).laid.drafts if stage.step.keep]
    assert "stages.1.1" not in kept
    ranges = {name: int(types[name].high.max() - types[name].low.min()) for name in kept}
    assert unit.trunk_bits == max(ranges.values()).bit_length() < unit.value_bits
    sums_in = Passes(BASIC, InTurn(after="stages.0.1", until="tail.conv", array=SMALL), in_bits=9)
    assert sums_in.unit.trunk_bits >= int(types["stages.0.1"].high.max()).bit_length()


@pytest.mark.parametrize("name", NAMES)
def test_no_pass_writes_over_what_it_reads(name):
    for step in made(lower_graph(random_graph(name))).unit.passes:
        if step.source and step.dest:
            a, b = sorted((step.source, step.dest), key=lambda region: region.base)
            assert a.base + a.size <= b.base
            assert b.base + b.size <= SMALL.depth


def test_a_reader_of_stride_2_skips_in_a_tensor_that_another_reads_whole():
    steps = {step.name: step for step in made(lower_graph(random_graph("bottleneck"))).unit.passes}
    whole, thin = steps["stages.1.0.convs.0"], steps["stages.1.0.down"]
    assert whole.source == thin.source
    assert (whole.stride, thin.stride, thin.source.stride) == (1, 2, 1)
    assert thin.thin and not whole.thin


DEEP = Array(columns=4, pe=4, simd=16, depth=1024)


def blocks_of(unit: ArrayUnit) -> int:
    """Of the banks."""
    return memory_blocks(unit.parts().memories[:-1], "ecp5").ebr


def test_banks_are_halved_where_that_takes_no_block_more():
    stage = whole_stage(BASIC, DEEP)
    one, halved = Passes(BASIC, stage).unit, passes(BASIC, stage).unit
    assert halved.apart and not one.apart
    assert blocks_of(halved) <= blocks_of(one)
    assert [step.name for step in halved.passes] == [step.name for step in one.passes]
    assert halved.beats == one.beats - one.load_cycles + 1  # which is all that loading took
    assert one.latency() + 1 == halved.latency()  # a register behind the last pixel
    assert halved.passes[0].dest.base == halved.entry.base == 0
    for step in halved.passes:
        regions = [region for region in (step.source, step.dest) if region]
        assert all(region.base + region.size <= DEEP.depth // 2 for region in regions)
        assert not any(region.alone for region in regions if region != halved.entry)


@pytest.mark.parametrize(
    "array", [SMALL, replace(DEEP, depth=512)]
)  # a block more; too little room
def test_banks_are_whole_where_halves_are_no_better(array):
    assert not passes(BASIC, whole_stage(BASIC, array)).unit.apart


def test_sums_that_come_in_need_no_half():
    stage = InTurn(after="stages.0.0", until="tail.conv", array=DEEP)
    assert passes(BASIC, stage, in_bits=9).unit.entry is None


def test_what_waits_before_an_array_is_what_comes_while_it_takes_nothing():
    """No whole frame, and the pipeline is as fast as with one; with less it is slower."""
    stage = InTurn(after="stages.1.0.acts.0", until="tail.conv", array=DEEP)
    cycles = 2592  # of the slowest layer before it
    ways = Choices(BASIC, resources, arrays=(stage,))
    folds = fold_at(ways, cycles, Resources(lut=10**6, ff=10**6, ebr=10**4)).folds
    plan = lower(BASIC, folds, cycles, arrays=[stage])
    fifo, unit = plan["tail.conv.frame"].unit, plan["tail.conv"].unit

    def interval(depth: int) -> int:
        nodes = (
            replace(node, unit=replace(fifo, depth=depth)) if node.unit is fifo else node
            for node in plan.nodes
        )
        return simulate(replace(plan, nodes=tuple(nodes)), 6).interval

    frame = unit.shape_in[0] * unit.shape_in[1] * unit.beats_in
    assert unit.apart and unit.waiting(cycles) < fifo.depth < frame
    assert interval(fifo.depth) == interval(frame) == cycles < interval(3)


def test_every_weight_is_in_the_parameters():
    stage, at = made(BASIC), 0
    for step in stage.unit.passes:
        fold = step.steps + stage.unit.header_words
        if step.kernel:
            rows = stage.words[at:].reshape(-1, SMALL.word_bits)[: step.folds * fold]
            words = rows.reshape(step.folds, fold, -1)[:, : step.steps]
            assert words.sum() == (BASIC[step.name].weight < 0).sum()
        at += step.folds * fold
    assert at == len(stage.words) == stage.parameters.depth


def test_a_network_of_resnet_20s_size_fits_an_ice40up5k():
    exported = export(random_checkpoint(read_config(ERN20).network, 1))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    plan = array_plan(graph, Array())
    unit = plan["tail.conv"].unit
    array = unit.array
    assert array.columns * array.pe * array.simd == 256
    assert array.word_bits == 32 and plan["tail.conv.parameters"].unit.depth <= 16_384
    assert array.pe * 16 == 32 and unit.trunk_depth <= 16_384
    assert array.columns * array.simd * unit.act_bits * array.depth == 16 * 4096
    assert simulate(plan, 3).interval == 283_905


def test_refuses_what_the_banks_do_not_hold():
    with pytest.raises(CapacityError, match=r"^Embed 'embedding': must fit the 64 words of each"):
        made(BASIC, replace(SMALL, depth=64))
    with pytest.raises(CapacityError, match=r"^Threshold '.*': must fit the 128 words of each"):
        made(lower_graph(random_graph("bottleneck")), replace(SMALL, depth=128))


CONV, SUM = "stages.0.0.convs.0", "stages.0.1"
FIVE = np.ones((8, 5, 5, 8), int)
TALL = FIVE[:, :3, :1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({CONV: {"weight": FIVE, "padding": 2}}, f"Conv '{CONV}': needs kernel 1x1 or 3x3, strid"),
        ({CONV: {"weight": TALL, "padding": (1, 0, 1, 0)}}, f"Conv '{CONV}': needs kernel 1x1 or"),
        ({CONV: {"dilation": 2, "padding": 2}}, f"Conv '{CONV}': needs kernel 1x1 or 3x3"),
        ({CONV: {"pad_level": 1}}, f"Conv '{CONV}': needs pad_level 0 in"),
        ({SUM: {"shift": (1, 0)}, f"{SUM}.convs.1": {"scale": 1 / 16}},
         f"Add '{SUM}': needs both inputs in one scale in an array"),
    ],
)  # fmt: skip
def test_refuses_layers_that_an_array_cannot_run(fields, said):
    with pytest.raises(GraphError, match=f"^{said}"):
        made(changed(fields))


def test_weights_of_two_bits_come_plane_by_plane():
    exported = export(random_checkpoint(VARIANTS["two-bits"], 1))
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    unit = made(graph).unit
    assert {step.planes for step in unit.passes if step.kernel} == {2} and not unit.masked
    step = unit.passes[0]
    assert step.steps == 2 * step.kernel**2 * step.source.words


def wide(**fields) -> ir.Graph:
    """Levels of eight bits for a depthwise layer of 8 channels, then others on a line."""
    dice, even = np.random.default_rng(2), np.arange(255) * np.arange(60, 68)[:, None]
    weight = dice.integers(-9, 10, (8, 3, 3, 1))
    table = dice.integers(0, 256, (1, 256, 8))
    ops = [
        ir.Input(name="x", shape=(6, 5, 1)),
        ir.Embed(name="first", inputs=("x",), table=table, out_bits=8),
        ir.Conv(name="each", inputs=("first",), weight=weight, stride=1, padding=1, groups=8,
                scale=None),
        ir.Bias(name="biased", inputs=("each",), bias=np.arange(8)),
        ir.Threshold(name="levels", inputs=("biased",), sign=np.ones(8, int), out_bits=8,
                     levels=fields.get("levels", even)),
        ir.Conv(name="last", inputs=("levels",), weight=dice.integers(-9, 10, (3, 1, 1, 8)),
                stride=1, padding=0, scale=None),
        ir.PixelSum(name="sum", inputs=("last",)),
        ir.ClassScale(name="scores", inputs=("sum",), multiplier=np.ones(3, int)),
        ir.ArgMax(name="label", inputs=("scores",)),
    ]  # fmt: skip
    return lower_graph(ir.Graph("wide", tuple(ops)))


def test_many_levels_lie_on_a_line_and_a_depthwise_fold_reads_one_word():
    unit = Passes(wide(), InTurn(after="first", until="last", array=SMALL)).unit
    each, last = unit.passes
    assert unit.masked and unit.line is not None and unit.line.high == each.high > 99
    assert (each.depthwise, each.planes, each.inverted) == (True, 5, True)
    assert each.steps == 9 * 5 and each.source.words == 2
    assert (last.depthwise, last.steps) == (False, 2 * last.planes)


def test_levels_leave_from_the_banks_and_then_nothing_is_kept():
    stage = Passes(wide(), InTurn(after="first", until="levels", array=SMALL))
    unit = stage.unit
    assert unit.leaves == stage.laid.regions["levels"] and not unit.has_trunk
    assert (unit.o.bits, unit.o.lanes) == (8, SMALL.simd)
    assert len(unit.parts().memories) == SMALL.columns


def test_banks_are_deep_enough_for_levels_beside_those_that_are_read():
    """Where it costs fewer blocks: sums that wait take a trunk."""
    array = fitted(wide(), "first", "levels", Array(columns=2, pe=2, simd=2)).array
    tight = Passes(wide(), InTurn(after="first", until="levels", array=replace(array, depth=128)))
    assert tight.laid.waiting and tight.unit.has_trunk
    assert array.depth == 256


def test_refuses_many_levels_that_lie_on_no_line():
    bent = (np.arange(255) ** 2)[None, :] + np.zeros((8, 1), int)
    stage = InTurn(after="first", until="last", array=SMALL)
    said = r"^Threshold 'levels': needs levels at even distances in an array \(got '8 bits'\)"
    with pytest.raises(GraphError, match=said):
        Passes(wide(levels=bent), stage).unit.parts()


def stream_plan(slots: Slots | None = None) -> Plan:
    stage = replace(whole_stage(BASIC, SMALL), supply=Supply.STREAM)
    return lower(BASIC, {}, arrays=[stage], slots=slots)


def test_parameters_from_a_stream_are_those_on_the_chip():
    """The buffer gives, in the order in which it reads, what the chip's memory would."""
    whole, plan = made(BASIC), stream_plan()
    memory, buffer = plan["tail.conv.memory"], plan["tail.conv.parameters"].unit
    assert isinstance(memory.unit, RomUnit) and memory.unit.width == 16
    assert buffer.order() == whole.parameters.order()
    beats = memory.contents.reshape(buffer.depth, -1)
    assert (beats[:, : buffer.width] == whole.words).all() and not beats[:, buffer.width :].any()


def test_the_buffer_holds_two_folds_and_fills_its_blocks():
    buffer = made(BASIC).buffer(16)
    assert buffer.places >= 2 * (max(replay.words for replay in buffer.replays) + buffer.header)
    taken, more = (
        memory_blocks(unit.parts().memories, "ecp5").ebr
        for unit in (buffer, replace(buffer, places=2 * buffer.places))
    )
    assert taken < more


SLOTS = Slots(chip=SDR_16M16, clock_mhz=100, burst=32)


def test_an_sdram_has_the_parameters_where_its_slots_are_given():
    unit = stream_plan(SLOTS)["tail.conv.memory"].unit
    assert isinstance(unit, SdramUnit) and (unit.slots, unit.width) == (SLOTS, 16)


def test_one_sdram_serves_one_array():
    first = InTurn(after="embedding", until="stages.0.0", array=SMALL, supply=Supply.STREAM)
    second = replace(first, after="stages.0.0", until="tail.conv")
    said = r"^graph '.*': has one SDRAM, for the parameters of one array \(got "
    with pytest.raises(GraphError, match=said):
        lower(BASIC, {}, arrays=[first, second], slots=SLOTS)
