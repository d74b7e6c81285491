"""The harness of lone components, and a convolution layer to put into it."""

from networks import random_graph, whole_stage

from boards.array_alone import ArrayAlone
from boards.harness import Harness
from boards.layer_alone import layer_alone
from fq_hw.ir import Axis
from fq_hw.passes import lower_graph
from fq_hw.schedule.conv_parts import ConvSite
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.in_turn.lower import Passes
from fq_hw.schedule.two_tree import build
from fq_hw.schedule.units import ConvertUnit
from rtl_gen.dot_product import DotProduct
from rtl_gen.emit import ports, to_rtlil
from rtl_gen.width_converter import WidthConverter

SITE = ConvSite(name="conv", shape=(4, 4, 8), cout=8, down=Axis.half(3), across=Axis.half(3),
                act_bits=2,
                lanes_in=4, lanes_out=2)  # fmt: skip


def test_inputs_are_told_from_outputs():
    layer, _ = layer_alone(SITE, Fold(pe=4, simd=8, columns=2), "plain")
    harness = Harness(layer)
    inputs = [name for name in ports(layer) if harness.is_input(name)]
    assert inputs == ["i_valid", "i_data", "o_ready"]
    dot = Harness(DotProduct(build(4, 2)))
    assert [name for name in ports(dot.part) if dot.is_input(name)] == ["signs", "acts"]
    assert dot.bits == 2 * (8 + 8) + dot.part.tree.sum_bits


def test_a_layer_has_all_its_units():
    layer, engine = layer_alone(SITE, Fold(pe=4, simd=8, columns=2), "ecp5")
    assert engine.macs == 64
    names = [node.name for node in layer.nodes]
    assert names == ["conv.pack", "conv.window", "weights", "conv", "conv.unpack", "conv.reorder",
                     "levels", "threshold"]  # fmt: skip
    text = to_rtlil(Harness(layer), "top")
    assert text.count("cell \\dot_ecp5_8_2_1") == 8
    again, _ = layer_alone(SITE, Fold(pe=4, simd=8, columns=2), "ecp5")
    assert to_rtlil(Harness(again), "top") == text


def test_an_array_alone_has_its_parameters_from_a_stream():
    graph = lower_graph(random_graph("basic"))
    stage = Passes(graph, whole_stage(graph, Array(columns=4, pe=2, simd=4, depth=512)))
    part = ArrayAlone(stage, "ecp5")
    harness = Harness(part)
    inputs = [name for name in ports(part) if harness.is_input(name)]
    assert inputs == ["i_valid", "i_data", "i_beat_valid", "i_beat_data", "o_ready"]
    assert part.buffer.order() == stage.parameters.order()
    assert to_rtlil(harness, "top").count("cell \\dot_ecp5_4_2_0") == 8


def test_nothing_resets_the_part():
    unit = ConvertUnit(channels=4, pixels=4, lanes_in=4, lanes_out=1, bits=2)
    text = to_rtlil(Harness(WidthConverter(unit)), "top")
    assert "\\clk" in text and "\\rst" not in text
    assert "\\rst" in to_rtlil(WidthConverter(unit), "top")
