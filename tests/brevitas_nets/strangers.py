"""What Brevitas does not write: FINN's thresholds, channels last, onnxruntime's quantizer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import ort_models
from onnx_models import DOMAIN, Maker
from torch import nn

from brevitas_nets.parts import Made, act, block, dense

__all__ = ["NETS"]


def thresholds(m: Maker, x: str, channels: int, bits: int, spread: float, **more: object) -> str:
    rows = np.sort(m.dice.normal(0, spread, (channels, 2**bits - 1)).round(), axis=1)
    given = {"out_dtype": f"UINT{bits}"} | more
    return m.node("MultiThreshold", x, m.const(rows), domain=DOMAIN, **given)


def finn(path: Path) -> None:
    """Streamlined: integers alone, weights as constants that hold them."""
    m = Maker()
    edges = m.const(np.arange(1, 256, dtype=float)[None] - 0.5)
    x = m.node("MultiThreshold", "image", edges, domain=DOMAIN, out_dtype="UINT8")
    w = m.const(m.dice.integers(-7, 8, (8, 3, 3, 3)) * 1.0)
    x = m.node("Conv", x, w, pads=[1] * 4, kernel_shape=[3, 3])
    x = thresholds(m, x, 8, 4, 2000)
    x = m.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    w = m.const(m.dice.integers(-1, 2, (8, 8, 3, 3)) * 1.0)
    x = m.node("Conv", x, w, pads=[1] * 4, kernel_shape=[3, 3])
    x = thresholds(m, x, 8, 2, 60)
    x = m.node("Flatten", x)
    w = m.dice.integers(0, 2, (128, 5)) * 2 - 1
    x = m.node("MatMul", x, m.const(w.astype(float)))
    x = m.node("Mul", x, m.const(0.03125))
    x = m.node("Add", x, m.const(m.dice.normal(size=5).round(2)))
    m.save(path, x)


def finn_top_k(path: Path) -> None:
    """The same with bipolar activations, and the class at the end."""
    m = Maker()
    edges = m.const(np.arange(1, 256, dtype=float)[None] - 0.5)
    x = m.node("MultiThreshold", "image", edges, domain=DOMAIN, out_dtype="UINT8")
    bipolar = {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0}
    for cin, spread in ((3, 1500), (8, 4)):
        w = m.const(m.dice.integers(0, 2, (8, cin, 3, 3)) * 2.0 - 1)
        x = m.node("Conv", x, w, pads=[0] * 4, kernel_shape=[3, 3])
        x = thresholds(m, x, 8, 1, spread, **bipolar)
    x = m.node("Flatten", x)
    x = m.node("MatMul", x, m.const(m.dice.integers(0, 2, (128, 5)) * 2.0 - 1))
    one = m.const(np.array([1]))
    m.save(path, m.node("TopK", x, one, axis=-1, before=1))


def channels_last(path: Path, whole: bool) -> None:
    """By qonnx's own transformation; ``whole``: of the input too."""
    from brevitas.export import export_qonnx
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.util.cleanup import cleanup_model

    from brevitas_nets.run import calibrated, example

    net = nn.Sequential(act(8), block(3, 8), nn.MaxPool2d(2), block(8, 8), nn.Flatten(), dense(128))
    export_qonnx(calibrated(net, (3, 8, 8)), example((3, 8, 8)), str(path))
    model = cleanup_model(ModelWrapper(onnx.load(path)))
    model.transform(ConvertToChannelsLastAndClean(make_input_channels_last=whole)).save(str(path))


def onnxruntime(path: Path, kind: str, way: str = "u8s8 by channel") -> None:
    with tempfile.TemporaryDirectory() as folder:
        path.write_bytes(ort_models.quantized(kind, way, Path(folder), (8, 8)).read_bytes())


NETS = {
    "MultiThreshold, constant integer weights (FINN)": Made(write=finn, pixels="byte"),
    "FINN, bipolar, TopK": Made(write=finn_top_k, pixels="byte"),
    "channels-last QONNX": Made(write=lambda path: channels_last(path, True)),
    "channels-last QONNX behind a Transpose": Made(write=lambda path: channels_last(path, False)),
    "onnxruntime's ResNet": Made(write=lambda path: onnxruntime(path, "resnet")),
    "onnxruntime's ResNet, signed": Made(write=lambda path: onnxruntime(path, "resnet", "s8s8")),
}  # fmt: skip
