"""Functions before a quantizer: each integer gets the code that onnxruntime's float32 gives it."""

import numpy as np
import pytest
from networks import random_images
from onnx_builders import levels
from onnx_models import DOMAIN, Maker

from fq_hw import ir
from fq_hw.errors import GraphError
from fq_hw.foreign.onnx import PixelRange, compare, judge, read
from fq_hw.foreign.onnx.crossings import Crossings, crossings
from fq_hw.foreign.onnx.curves import Curve

OPSET = 24
SLOPES = np.array([0.1, 0.25, 0.0, 2.0]).reshape(4, 1, 1)
RISING = {
    "Celu": {"alpha": 0.7}, "Elu": {}, "Erf": {}, "HardSigmoid": {}, "LeakyRelu": {"alpha": 0.1},
    "PRelu": {}, "Selu": {}, "Sigmoid": {}, "Softplus": {}, "Softsign": {}, "Tanh": {},
}  # fmt: skip
TURNING = {"Abs": {}, "Gelu": {}, "HardSwish": {}, "Mish": {}, "Swish": {}, "LeakyRelu": {
    "alpha": -0.3}}  # fmt: skip
CASES = [*RISING.items(), *TURNING.items()]
NAMES = [f"{kind}{'' if n < len(RISING) else ' turns'}" for n, (kind, _) in enumerate(CASES)]


def applied(m, x, kind, attributes):
    more = [m.const(SLOPES)] if kind == "PRelu" else []
    return m.node(kind, x, *more, **attributes)


def silu(m, x):
    return m.node("Mul", x, m.node("Sigmoid", x))


def hard_swish(m, x):
    return m.node("Mul", m.node("HardSigmoid", x, alpha=1 / 6), x)


def gelu(m, x):
    """As exporters write it, from Erf."""
    inner = m.node("Add", m.node("Erf", m.node("Div", x, m.const(2**0.5))), m.const(1.0))
    return m.node("Mul", m.node("Mul", x, inner), m.const(0.5))


def mish(m, x):
    return m.node("Mul", x, m.node("Tanh", m.node("Softplus", x)))


def difference(m, x):
    return m.node("Sub", m.node("Tanh", x), m.node("Mul", x, m.const(0.25)))


WRITTEN = [silu, hard_swish, gelu, mish, difference]


def imported(m, out, folder):
    model = read(m.save(folder / "net.onnx", out, opset=OPSET))
    judged = judge(model, "net", PixelRange.SIGNED)
    assert judged.imported is not None, [line.why for line in judged.lines if not line.supported]
    return model, judged.imported


def assert_same(m, out, folder, most_ties=0):
    """Every tensor is onnxruntime's; the imported graph."""
    model, found = imported(m, out, folder)
    ties = 0
    shape = (*m.shape[2:], m.shape[1])
    for image in random_images(shape, 3, 5):
        rows = list(compare(model, found, PixelRange.SIGNED, image))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]
        ties += sum(row.ties for row in rows if row.tensor != "class")
    assert ties <= most_ties
    return found.graph


def of_sums(m, bits=2):
    """A norm of gains of any sign: sums of four channels that reach far to both sides."""
    return m.norm(m.conv(levels(m, 4), 4, 4, bits=bits), 4)


def signed_levels(m):
    return m.quant(m.conv(m.quant("image", 8, 1 / 128), 4, 4), 3)


def signed_sums(m):
    return m.norm(m.conv(signed_levels(m), 4, 4, bits=2), 4)


def count(graph, kind):
    return sum(isinstance(op, kind) for op in graph.ops)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(("kind", "attributes"), CASES, ids=NAMES)
def test_of_sums(kind, attributes, signed, tmp_path):
    m = Maker((1, 3, 8, 8), 1)
    x = applied(m, of_sums(m), kind, attributes)
    graph = assert_same(m, m.scores(m.quant(x, 4, 0.13, signed=signed), 4), tmp_path)
    if kind in RISING and attributes.get("alpha", 0) >= 0:
        assert count(graph, ir.Threshold) == 2 and not count(graph, ir.Add)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("written", WRITTEN)
def test_of_sums_as_exporters_write_them(written, signed, tmp_path):
    m = Maker((1, 3, 8, 8), 2)
    x = written(m, of_sums(m))
    assert_same(m, m.scores(m.quant(x, 4, 0.1, signed=signed), 4), tmp_path)


def test_a_quantizer_that_does_not_see_the_turn_counts_once(tmp_path):
    """Unsigned codes of SiLU are 0 wherever it falls."""
    for signed, adds in ((0, 0), (1, 1)):
        m = Maker((1, 3, 8, 8), 2)
        out = m.scores(m.quant(silu(m, of_sums(m)), 4, 0.1, signed=signed), 4)
        assert count(assert_same(m, out, tmp_path), ir.Add) == adds


@pytest.mark.parametrize(("kind", "attributes"), CASES, ids=NAMES)
def test_of_levels(kind, attributes, tmp_path):
    """Few values, each with its own code: thresholds, or a table where the function turns."""
    m = Maker((1, 3, 8, 8), 3)
    x = applied(m, m.node("Sub", levels(m, 4), m.const(2.1)), kind, attributes)
    graph = assert_same(m, m.scores(m.quant(x, 5, 0.07), 4), tmp_path)
    turns = kind in TURNING and attributes == TURNING[kind]
    assert count(graph, ir.Lookup) == turns


def test_of_levels_that_each_channel_sees_otherwise(tmp_path):
    m = Maker((1, 3, 8, 8), 3)
    x = m.node("Abs", m.norm(levels(m, 4), 4))
    graph = assert_same(m, m.scores(m.quant(x, 4, 0.2), 4), tmp_path)
    assert count(graph, ir.Lookup) == 0 and count(graph, ir.Add) == 1


@pytest.mark.parametrize(("kind", "attributes"), CASES, ids=NAMES)
def test_of_pixels(kind, attributes, tmp_path):
    m = Maker((1, 4, 5, 6), 3)
    x = applied(m, m.norm("image", 4), kind, attributes)
    graph = assert_same(m, m.scores(m.quant(x, 4, 0.2), 4), tmp_path)
    assert count(graph, ir.Embed) == 1


@pytest.mark.parametrize(("kind", "attributes"), RISING.items(), ids=RISING)
def test_a_maximum_before_the_quantizer(kind, attributes, tmp_path):
    m = Maker((1, 3, 8, 8), 4)
    x = applied(m, of_sums(m), kind, attributes)
    x = m.node("Mul", x, m.const(np.array([1, -1, 0.5, -2]).reshape(4, 1, 1)))
    x = m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    assert_same(m, m.scores(m.quant(x, 4, 0.1), 4), tmp_path)


@pytest.mark.parametrize("place", [signed_sums, signed_levels, lambda m: "image"])
def test_slopes_below_0(place, tmp_path):
    m = Maker((1, 4, 8, 8), 5)
    x = place(m)
    slopes = m.const(np.array([0.5, -0.25, -1.5, 0]).reshape(4, 1, 1))
    assert_same(m, m.scores(m.quant(m.node("PRelu", x, slopes), 4, 0.11), 4), tmp_path, 3)


def test_chains(tmp_path):
    m = Maker((1, 3, 8, 8), 5)
    x = m.node("Tanh", of_sums(m))
    x = m.norm(x, 4)
    x = m.node("Clip", x, m.const(-1.5), m.const(1.25))
    x = m.node("LeakyRelu", m.node("Neg", x), alpha=0.2)
    x = m.node("Abs", m.node("Sub", m.const(0.3), x))
    assert_same(m, m.scores(m.quant(x, 5, 0.05), 4), tmp_path)


@pytest.mark.parametrize("kind", ["Tanh", "Sigmoid", "HardSigmoid", "Erf"])
@pytest.mark.parametrize("mode", ["FLOOR", "CEIL", "ROUND"])
def test_where_a_function_ends_on_an_edge(kind, mode, tmp_path):
    """What has met its end in float32 alone has the end's code.

    onnxruntime's tanh passes 1 by a bit just before it rests there: a tie, where rounding is up.
    """
    m = Maker((1, 3, 8, 8), 6)
    x = m.node(kind, m.node("Mul", of_sums(m), m.const(9.0)))
    for scale in (0.5, 2.0):  # 1 is a multiple of one, halfway between two of the other
        x = m.quant(x, 3, scale, rounding_mode=mode)
        x = m.node(kind, m.node("Mul", x, m.const(30.0)))
    ties = 40 if (kind, mode) == ("Tanh", "CEIL") else 0
    assert_same(m, m.scores(m.quant(x, 3, 0.3), 4), tmp_path, most_ties=ties)


@pytest.mark.parametrize("kind", ["BipolarQuant", "Sign", "MultiThreshold", "QuantizeLinear"])
@pytest.mark.parametrize("written", [silu, difference])
def test_other_quantizers(kind, written, tmp_path):
    m = Maker((1, 3, 8, 8), 7)
    x = written(m, of_sums(m))
    if kind == "BipolarQuant":
        x = m.node(kind, x, m.const(0.5), domain=DOMAIN)
    elif kind == "MultiThreshold":
        rows = m.const(np.sort(m.dice.normal(size=(4, 7)), axis=1))
        x = m.node(kind, x, rows, domain=DOMAIN, out_dtype="UINT3")
    else:
        x = m.node("Sign", x) if kind == "Sign" else m.qcdq(x, 0.05)
    assert_same(m, m.scores(x, 4), tmp_path)


@pytest.mark.parametrize("written", [silu, gelu, lambda m, x: m.node("Tanh", x)])
def test_sums_of_eight_bits(written, tmp_path):
    """Millions of sums a channel: none is looked at that no edge can be near."""
    m = Maker((1, 3, 6, 6), 8)
    x = m.quant(m.conv(m.quant("image", 8, 1 / 128), 3, 32, bits=8, scale=0.011), 8, 0.023)
    x = m.norm(m.conv(x, 32, 16, bits=8, scale=0.01), 16)
    assert_same(m, m.scores(m.quant(written(m, x), 8, 0.03), 16), tmp_path, most_ties=3)


def random_curve(dice):
    """A function of integers that turns around a few times, in three channels."""
    ends = np.sort(dice.integers(-300, 300, (3, 2)), axis=1)
    gain, phase = dice.uniform(0.005, 0.2, (3, 1)), dice.uniform(0, 6, (3, 1))
    size = dice.uniform(0.5, 9, (3, 1))

    def value(x, off):
        return (size * np.sin(gain * x + phase)).astype(np.float32)

    def bounds(low, high):
        ends = value(low, 0), value(high, 0)
        room = size * gain * (high - low) / 2
        return np.minimum(*ends) - room, np.maximum(*ends) + room

    return Curve(value=value, bounds=bounds, monotone=False), ends


@pytest.mark.parametrize("seed", range(30))
def test_every_change_of_a_code_is_found(seed):
    dice = np.random.default_rng(seed)
    curve, ends = random_curve(dice)
    steps = int(dice.choice([1, 3, 15, 255]))
    edges = np.sort(dice.normal(size=steps) * 4)

    def codes(real):
        return np.searchsorted(edges, real, side="right")

    found = crossings(curve, codes, *ends.T, steps, "here")
    for channel, (low, high) in enumerate(ends):
        x = np.arange(low, high + 1)
        rows = np.zeros((3, len(x)))
        rows[channel] = x
        want = codes(curve.value(rows, 0)[channel])
        up, down = found.ups[channel], found.downs[channel]
        got = found.first[channel] + np.searchsorted(up, x, "right")
        np.testing.assert_array_equal(got - np.searchsorted(down, x, "right"), want)


def test_crossings_of_codes():
    found = Crossings.of(np.array([[0, 2, 1, 1], [3, 3, 0, 0]]))
    assert found.first.tolist() == [0, 3]
    assert [up.tolist() for up in found.ups] == [[1, 1], []]
    assert [down.tolist() for down in found.downs] == [[2], [2, 2, 2]]


def test_refuses_to_look_at_too_many_sums(monkeypatch):
    """A plateau on an edge over more integers than can be looked at."""
    monkeypatch.setattr("fq_hw.foreign.onnx.crossings.MOST_PLACES", 2**14)
    curve = Curve(
        value=lambda x, off: 0 * x.astype(np.float32),
        bounds=lambda low, high: (low - high, high - low),
        monotone=False,
    )
    with pytest.raises(GraphError, match="^here: a function that turns around reads too many"):
        crossings(curve, lambda real: (real >= 0).astype(int), np.array([-(2**20)]),
                  np.array([2**20]), 1, "here")  # fmt: skip
