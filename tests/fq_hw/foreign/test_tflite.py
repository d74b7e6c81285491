"""int8 models of TFLite beside LiteRT's reference kernels: equal in every tensor, or refused."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shared_data import SHARED
from tflite_models import Maker, random_model

from fq_hw import ir
from fq_hw.cli.main import main
from fq_hw.data.meaning import Meaning
from fq_hw.errors import ArtifactError, GraphError
from fq_hw.foreign import tflite
from fq_hw.foreign.tflite import execution
from fq_hw.foreign.tflite.arithmetic import Factor, divided
from fq_hw.foreign.tflite.importer import RULES

TINY = SHARED / "models/mlperf_tiny"
needs_tiny = pytest.mark.skipif(not TINY.is_dir(), reason="needs ../shared: MLPerf Tiny's models")
SEEDS = 60
INPUTS = 3


def saved(tmp_path: Path, content: bytes, name: str = "net.tflite") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def differing(network, imported, seed: int, count: int = INPUTS) -> list:
    """Tensors of random inputs that differ; random numbers and their extremes."""
    dice, reference = np.random.default_rng(seed), tflite.Reference(network)
    shape = imported.graph.input.shape
    rows = []
    for number in range(count):
        x = dice.integers(0, 256, shape) if number else dice.choice([0, 255], shape)
        rows += tflite.compare(reference, imported, x.astype(np.uint8))
    assert {row.tensor for row in rows} == set(imported.tensors.values())
    return [row for row in rows if row.wrong]


@pytest.mark.parametrize("start", range(0, SEEDS, 20))
def test_random_models(start, tmp_path):
    taken = 0
    for seed in range(start, start + 20):
        network = tflite.read(saved(tmp_path, random_model(seed)))
        judged = tflite.judge(network, "net")
        taken += 1
        assert not differing(network, judged.model, seed), seed
    assert taken == 20


def test_random_models_have_every_kind(tmp_path):
    seen = set()
    for seed in range(SEEDS):
        network = tflite.read(saved(tmp_path, random_model(seed)))
        seen |= {op.kind for op in network.operators}
    assert seen == RULES.keys() - {"EXPAND_DIMS"}


def test_a_row(tmp_path):
    """Signals of several channels, as Conv1D is written: an image of one row between two ops."""
    m = Maker(np.random.default_rng(4))
    x = source = m.computed((1, 12, 2))
    axis = m.tensor((), np.int32, values=np.array(1, np.int32))
    x = m.op("EXPAND_DIMS", [x, axis], m.like(x, (1, 1, 12, 2)))
    x = m.weighted("CONV_2D", x, m.codes(3, 1, 5, 2), 0, (1, 1, 12, 3), Padding=0, StrideH=1,
                   StrideW=1, DilationHFactor=1, DilationWFactor=1)  # fmt: skip
    x = m.op("SQUEEZE", [x], m.like(x, (1, 12, 3)), SqueezeDims=np.array([1], np.int32))
    axes = m.tensor((1,), np.int32, values=np.array([1], np.int32))
    x = m.op("MEAN", [x, axes], m.computed((1, 3)), KeepDims=False)
    x = m.weighted("FULLY_CONNECTED", x, m.codes(3, 3), 0, (1, 3))
    network = tflite.read(saved(tmp_path, m.content(source, x)))
    imported = tflite.judge(network, "net").model
    assert imported.graph.input.shape == (1, 12, 2)
    assert not differing(network, imported, 1)


def test_real_numbers_become_the_bytes_of_litert(tmp_path):
    """The first operator of a network that takes float32, and a set of real numbers."""
    m = Maker(np.random.default_rng(4))
    x = m.tensor((1, 400), np.int8, [0.037], [-17])
    source = m.tensor((1, 400), np.float32)
    m.op("QUANTIZE", [source], x)
    network = tflite.read(
        saved(tmp_path, m.content(source, m.weighted("FULLY_CONNECTED", x, m.codes(3, 400), 0,
                                                     (1, 3))))
    )  # fmt: skip
    given = tflite.judge(network, "net").model.graph.input
    real = np.random.default_rng(5).normal(0, 3, (1, 400)).astype(np.float32)
    real[0, :300] = (np.arange(300, dtype=np.float32) - 150) * np.float32(0.037) / 2  # halves
    reference = tflite.Reference(network).interpreter
    reference.set_tensor(source, real)
    reference.invoke()
    want = reference.get_tensor(x).astype(int) + 128
    np.testing.assert_array_equal(Meaning(*given.meaning).bytes_of(real), want)


@pytest.mark.parametrize(("kind", "scale", "zero", "said"), [
    (np.uint8, 0.5, 128, "input 2: must be quantized to int8 of the same scale, zero point 128 le"),
    (np.uint8, 0.25, 127, "input 2: must be quantized to int8 of the same scale, zero point 128 l"),
    (np.int32, 0.25, 128, "input 2: must be int8 with one scale (got 'int32'); convert the model "),
])  # fmt: skip
def test_inputs_of_other_bytes_are_refused(kind, scale, zero, said, tmp_path):
    m = Maker(np.random.default_rng(4))
    x = m.tensor((1, 5), np.int8, [0.25], [0])
    y = m.weighted("FULLY_CONNECTED", x, m.codes(3, 5), 0, (1, 3))
    source = m.tensor((1, 5), kind, [scale], [zero])
    if kind is np.uint8:
        m.operators.insert(0, {"kind": "QUANTIZE", "inputs": [source], "output": x, "options": {}})
    else:
        m.operators[0]["inputs"][0] = source
    said = said.replace("input 2", f"input {source}")
    with pytest.raises(GraphError) as caught:
        tflite.judge(tflite.read(saved(tmp_path, m.content(source, y))), "net")
    assert str(caught.value).startswith(said)


@needs_tiny
@pytest.mark.parametrize("name", [
    "ad_autoencoder", "ic_resnet8", "kws_dscnn", "vww_mobilenetv1_025",
])  # fmt: skip
def test_mlperf_tiny(name):
    network = tflite.read(TINY / f"{name}_int8.tflite")
    imported = tflite.judge(network, name).model
    ranked = network.operators[-1].kind == "SOFTMAX"
    same = {op.kind for op in network.operators} & {"RESHAPE"}
    assert len(imported.tensors) == len(network.operators) + 1 - ranked  # and the input
    assert len(set(imported.tensors.values())) == len(imported.tensors) - len(same)
    assert not differing(network, imported, 1, count=6)


def test_a_wrong_level_is_seen(tmp_path):
    network = tflite.read(saved(tmp_path, random_model(3)))
    imported = tflite.judge(network, "net").model
    last = next(op for op in reversed(imported.graph.ops) if isinstance(op, ir.Threshold))
    shifted = replace(last, levels=last.levels + 50_000)
    graph = imported.graph.map(lambda op: shifted if op is last else op)
    (row, *_) = differing(network, replace(imported, graph=graph), 1)
    assert row.tensor == last.name and row.found < row.reference


def chain(change) -> bytes:
    """A convolution, something that ``change`` makes of it, and classes."""
    m = Maker(np.random.default_rng(1))
    x = source = m.computed((1, 4, 4, 2))
    x = m.weighted("CONV_2D", x, m.codes(3, 3, 3, 2), 0, (1, 4, 4, 3), Padding=0, StrideH=1,
                   StrideW=1, DilationHFactor=1, DilationWFactor=1)  # fmt: skip
    x = change(m, x)
    shape = m.tensor((2,), np.int32, values=np.array([1, 48], np.int32))
    flat = m.tensor((1, 48), np.int8, m.tensors[x]["scale"], m.tensors[x]["zero"])
    x = m.op("RESHAPE", [x, shape], flat)
    x = m.weighted("FULLY_CONNECTED", x, m.codes(3, 48), 0, (1, 3))
    return m.content(source, x)


def unknown(m, x):
    return m.op("HARD_SWISH", [x], m.computed((1, 4, 4, 3)))


def falling(m, x):
    return m.op("LEAKY_RELU", [x], m.computed((1, 4, 4, 3)), Alpha=-0.5)


def ranked(m, x):
    return m.op("SOFTMAX", [x], m.tensor((1, 4, 4, 3), np.int8, [1 / 256], [-128]), Beta=1)


def left(m, x):
    m.op("DEQUANTIZE", [x], m.tensor((1, 4, 4, 3), np.float32))
    return x


def rescaled(m, x):
    y = m.computed((1, 4, 4, 6))
    return m.op("CONCATENATION", [x, x], y, Axis=3, FusedActivationFunction=0)


def stacked(m, x):
    return m.op("CONCATENATION", [x, x], m.like(x, (1, 8, 4, 3)), Axis=1, FusedActivationFunction=0)


def padded(m, x):
    sides = m.tensor((4, 2), np.int32, values=np.array([[0, 0]] * 3 + [[1, 0]], np.int32))
    return m.op("PAD", [x, sides], m.like(x, (1, 4, 4, 4)))


def stretched(m, x):
    size = m.tensor((2,), np.int32, values=np.array([6, 4], np.int32))
    return m.op("RESIZE_NEAREST_NEIGHBOR", [x, size], m.like(x, (1, 6, 4, 3)), AlignCorners=False)


def over_channels(m, x):
    axes = m.tensor((1,), np.int32, values=np.array([3], np.int32))
    return m.op("MEAN", [x, axes], m.computed((1, 4, 4)), KeepDims=False)


def offset_weights(m, x):
    made = m.weighted("CONV_2D", x, m.codes(3, 1, 1, 3), 0, (1, 4, 4, 3), Padding=0, StrideH=1,
                      StrideW=1, DilationHFactor=1, DilationWFactor=1)  # fmt: skip
    weights = m.tensors[m.operators[-1]["inputs"][1]]
    weights["zero"] = weights["zero"] + 1
    return made


def across(m, x):
    made = m.weighted("CONV_2D", x, m.codes(3, 1, 1, 3), 0, (1, 4, 4, 3), Padding=0, StrideH=1,
                      StrideW=1, DilationHFactor=1, DilationWFactor=1)  # fmt: skip
    weights = m.tensors[m.operators[-1]["inputs"][1]]
    scale, zero = (np.resize(weights[name], 3) for name in ("scale", "zero"))
    weights |= {"scale": scale, "zero": zero, "axis": 3}
    return made


def real(m, x):
    m.tensors[x]["kind"] = np.dtype(np.float32)
    return x


def edge(m, x):
    y = m.tensor((1, 4, 4, 3), np.int8, m.tensors[x]["scale"], m.tensors[x]["zero"])
    return m.op("AVERAGE_POOL_2D", [x], y, Padding=0, StrideH=1, StrideW=1, FilterHeight=2,
                FilterWidth=2, FusedActivationFunction=0)  # fmt: skip


def sign_bit(m, x):
    m.operators[-1]["options"]["FusedActivationFunction"] = 5
    return x


REFUSED = {
    "unknown": (unknown, "node 'HARD_SWISH_1' (HARD_SWISH): is not supported; supported are ADD, "),
    "falling": (falling, "node 'LEAKY_RELU_1' (LEAKY_RELU): alpha must not be negative (got -0.5)"),
    "ranked": (ranked, "node 'SOFTMAX_1' (SOFTMAX): must stand at the end, where it keeps the ran"),
    "left": (
        left,
        "node 'DEQUANTIZE_1' (DEQUANTIZE): must stand at the end; what follows it is ",
    ),
    "rescaled": (rescaled, "node 'CONCATENATION_1' (CONCATENATION): inputs and output must have o"),
    "stacked": (
        stacked,
        "node 'CONCATENATION_1' (CONCATENATION): must join the channels, axis 3",
    ),
    "padded": (padded, "node 'PAD_1' (PAD): must pad height and width alone, by 0 or more (got [["),
    "stretched": (stretched, "node 'RESIZE_NEAREST_NEIGHBOR_1' (RESIZE_NEAREST_NEIGHBOR): must ma"),
    "over channels": (over_channels, "node 'MEAN_1' (MEAN): must be over height and width, all ax"),
    "weights with a zero point": (offset_weights, "node 'CONV_2D_1' (CONV_2D): weights need 1 or "),
    "scales of inputs": (
        across,
        "node 'CONV_2D_1' (CONV_2D): weights need their scales along axis",
    ),
    "real": (real, "node 'CONV_2D_0' (CONV_2D): must be int8 with one scale (got 'float32'); con"),
    "edge": (edge, "node 'AVERAGE_POOL_2D_1' (AVERAGE_POOL_2D): windows must lie inside the image"),
    "activation": (sign_bit, "node 'CONV_2D_0' (CONV_2D): fused activation must be none, RELU or"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name, tmp_path, capsys):
    change, said = REFUSED[name]
    path = saved(tmp_path, chain(change))
    with pytest.raises(GraphError) as caught:
        _ = tflite.judge(tflite.read(path), "net").model
    assert str(caught.value).startswith(said)
    assert main(["import", str(path), "--out", str(tmp_path / "g.graph.safetensors")]) == 2
    assert not (tmp_path / "g.graph.safetensors").exists()
    assert said.partition(": ")[2][:30] in capsys.readouterr().err


def test_a_shape_that_litert_makes_otherwise_is_named(tmp_path):
    """SQUEEZE without axes takes the batch away, too, which the file does not say."""
    m = Maker(np.random.default_rng(4))
    x = source = m.computed((1, 1, 2, 3))
    x = m.op("SQUEEZE", [x], m.like(x, (1, 2, 3)))
    axes = m.tensor((1,), np.int32, values=np.array([1], np.int32))
    x = m.op("MEAN", [x, axes], m.computed((1, 3)), KeepDims=False)
    network = tflite.read(saved(tmp_path, m.content(source, x)))
    with pytest.raises(
        ArtifactError, match=r"tensor 3: must have shape \(1, 3\), as the file says"
    ):
        differing(network, tflite.judge(network, "net").model, 1)


def test_damaged_files_end_in_one_line(tmp_path):
    content, dice = random_model(5), np.random.default_rng(5)
    damaged = [content[:n] for n in (0, 4, 8, 40, len(content) // 2, len(content) - 5)]
    damaged += [b"PK\3\4" + content[4:8].replace(b"T", b"X") + content[8:]]
    for _ in range(60):
        spoilt = bytearray(content)
        for place in dice.integers(8, len(content), 4):
            spoilt[place] = int(dice.integers(0, 256))
        damaged.append(bytes(spoilt))
    refused = 0
    for number, raw in enumerate(damaged):
        path = saved(tmp_path, raw, f"{number}.tflite")
        try:
            judged = tflite.judge(tflite.read(path), "net")
            assert judged.imported is not None or judged.lines
        except (ArtifactError, GraphError) as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused >= 10


def test_the_commands(tmp_path, capsys):
    path = saved(tmp_path, random_model(7))
    graph = tmp_path / "net.graph.safetensors"
    assert main(["import", str(path), "--pixels", "unit"]) == 2
    assert "an int8 model says itself what a byte is" in capsys.readouterr().err
    assert main(["import", str(path), "--out", str(graph)]) == 0
    shape = tflite.judge(tflite.read(path), "net").model.graph.input.shape
    classes = tflite.judge(tflite.read(path), "net").model.graph.classes
    images = np.random.default_rng(1).integers(-128, 128, (classes, *shape)).astype(np.int8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", np.arange(classes))
    data = ["--data", "npy", "--path", str(tmp_path)]
    assert main(["verify", str(graph), "--against", str(path), *data]) == 0
    assert f"every value as LiteRT has it on {classes} images" in capsys.readouterr().out
    other = saved(tmp_path, random_model(8), "other.tflite")
    assert main(["verify", str(graph), "--against", str(other), *data]) == 2
    assert "must be what `fq-hw import" in capsys.readouterr().err


def test_factors_round_as_the_kernels_do():
    """A product up from its half; what is shifted then, away from 0 at its half."""
    factor = Factor.of(np.array([0.5, 0.25, 0.75, 1.5]))
    x = np.array([-6, -5, -3, -2, -1, 0, 1, 2, 3, 5, 6])[:, None] * np.ones(4, int)
    up = np.floor(x * [0.5, 0.25, 0.75, 1.5] + 0.5)
    np.testing.assert_array_equal(factor.times_once(x), up)
    twice = [-2, -1, -1, -1, 0, 0, 1, 1, 1, 2, 2]  # -5 / 2 is -2, and -2 / 2 is -1
    np.testing.assert_array_equal(factor.times(x), np.insert(up[:, [0, 2, 3]], 1, twice, axis=1))
    np.testing.assert_array_equal(divided(np.array([-6, -5, -2, 0, 2, 5, 6]), 4),
                                  [-2, -1, -1, 0, 1, 1, 2])  # fmt: skip


def test_a_file_that_ends_litert_is_an_error(tmp_path, monkeypatch):
    network = tflite.read(saved(tmp_path, random_model(2)))
    monkeypatch.setattr(execution, "tried", lambda content: os.abort())
    with pytest.raises(ArtifactError, match=r"verify: LiteRT cannot read it \(their process "):
        tflite.Reference(network)
    monkeypatch.undo()
    with pytest.raises(ArtifactError, match=r"verify: LiteRT cannot run the model \("):
        tflite.Reference(replace(network, content=b"no model"))
