"""For every attribute that import honours: models, and what it says of them."""

from __future__ import annotations

import numpy as np
from onnx_builders import (
    between,
    bytes_of,
    conv,
    ended,
    flattened,
    gemm,
    joined,
    mean,
    moved,
    normed,
    pool,
    quantizer,
    rounded,
    shaped,
    squeezed,
    thresholds,
    transposed,
    transposed_conv,
    truncated,
    unsqueezed,
)

__all__ = ["EXAMPLES", "SAME"]

SAME = ""  # every tensor is qonnx's
MODES = ("ROUND", "HALF_EVEN", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
COUNTED = "count_include_pad must be 1"
PADS, CEIL = (COUNTED,), ("ceil_mode must be 0",)  # what averages alone refuse


def want_of(kind, want):
    """What import says of a pool."""
    if isinstance(want, tuple):
        return want[0] if kind == "AveragePool" else SAME
    return want


POOLS = {
    "auto_pad": [({"auto_pad": "SAME_UPPER"}, SAME), ({"auto_pad": "SAME_LOWER"}, SAME),
                 ({"auto_pad": "VALID"}, SAME),
                 ({"auto_pad": "SAME_UPPER", "kernel_shape": [3, 3], "strides": [3, 3]},
                  PADS),
                 ({"auto_pad": "VALID", "pads": [1] * 4}, "pads must be left out")],
    "ceil_mode": [({"ceil_mode": 1}, SAME),
                  ({"ceil_mode": 1, "kernel_shape": [3, 3], "strides": [3, 3]}, CEIL)],
    "dilations": [({"dilations": [1, 1]}, SAME), ({"dilations": [2, 2]}, SAME),
                  ({"dilations": [3, 1], "kernel_shape": [3, 2], "strides": [1, 2]}, SAME)],
    "kernel_shape": [({"kernel_shape": [2, 4], "strides": [2, 4]}, SAME),
                     ({"kernel_shape": [3, 3], "strides": [3, 3]}, SAME),
                     ({"kernel_shape": [8, 8], "strides": [1, 1]}, SAME),
                     ({"kernel_shape": [1, 1], "strides": [1, 1]}, SAME),
                     ({"kernel_shape": [1, 1]}, SAME),
                     ({"kernel_shape": [1, 8], "strides": [2, 1]}, SAME),
                     ({"kernel_shape": [9, 1]}, "kernel_shape must fit the 8 x 8")],
    "pads": [({"pads": [0] * 4}, SAME), ({"pads": [0, 0, 1, 1]}, PADS),
             ({"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}, PADS),
             ({"pads": [2, 0, 0, 0]}, "pads must be less than the 2 places")],
    "strides": [({"strides": None}, SAME), ({"strides": [1, 2]}, SAME),
                ({"kernel_shape": [5, 5], "strides": [4, 4]}, SAME)],
}  # fmt: skip
COUNT = {
    "count_include_pad": [
        ({"count_include_pad": 1}, SAME),
        ({"count_include_pad": 1, "pads": [1, 0, 0, 1]}, SAME),
        ({"count_include_pad": 0, "pads": [1, 0, 0, 1]}, COUNTED),
    ]
}
TWICE = [1.0, 1.0, 2.0, 2.0]
UNEVEN = "rows, columns or channels of the result are none"


def resized(*inputs, **attributes):
    """Its inputs are a region, scales and sizes."""
    return moved("Resize", *(inputs or (None, TWICE)), **attributes)


def around(*more, **attributes):
    """Padding by one row above and two columns to the right."""
    return moved("Pad", np.array([0, 0, 1, 0, 0, 0, 0, 2]), *more, **attributes)


OF_PLACES = {
    "Slice": {
        "starts": [(moved("Slice", starts=[1, 2], ends=[3, 8], axes=[1, 3]), SAME, 9),
                   (moved("Slice", [1, 2], [3, 8], [1, 3], [1, 2]), SAME)],
        "ends": [(moved("Slice", starts=[0, 1, 0, 0], ends=[1, 9, -2, 5]), SAME, 9)],
        "axes": [(moved("Slice", starts=[-5], ends=[99], axes=[3]), SAME, 9),
                 (moved("Slice", [-1], [-9], [2], [-1]), UNEVEN)],
    },
    "Split": {
        "axis": [*((moved("Split", before=1, axis=axis), SAME) for axis in (1, -1)),
                 (moved("Split", [1, 3, 4], before=2, axis=2), SAME)],
        "num_outputs": [(moved("Split", before=2, axis=3, num_outputs=3), SAME, 18)],
        "split": [(moved("Split", before=1, axis=1, split=[1, 3]), SAME, 11)],
    },
    "Gather": {"axis": [(moved("Gather", [3, 1, 1], axis=1), SAME),
                        (moved("Gather", [0, 3, 6], axis=2), SAME),
                        (moved("Gather", [0, 1, 6], axis=-1), UNEVEN)]},
    "SpaceToDepth": {"blocksize": [(moved("SpaceToDepth", blocksize=n), SAME) for n in (1, 2, 4)]},
    "DepthToSpace": {
        "blocksize": [(moved("DepthToSpace", blocksize=1), SAME),
                      (flattened("DepthToSpace", blocksize=2), SAME)],
        "mode": [(flattened("DepthToSpace", blocksize=2, mode=m), SAME) for m in ("DCR", "CRD")],
    },
    "Pad": {
        "mode": [(around(mode="constant"), SAME), (around(mode="edge"), "mode must be constant"),
                 (around(mode="reflect"), "mode must be constant")],
        "pads": [(moved("Pad", pads=[0, 0, 1, 0, 0, 0, 0, 2]), SAME, 7),
                 (moved("Pad", pads=[0, 2, 1, 0, 0, 1, -2, 2]), SAME, 7)],
        "value": [(moved("Pad", pads=[0, 1, 1, 0, 0, 0, 0, 2], value=0.8), SAME, 7),
                  (around(np.float32(0.4)), SAME),
                  (around(np.float32(0.3)), "padding is with 0.3")],
    },
    "Upsample": {
        "mode": [(moved("Upsample", TWICE, mode="nearest"), SAME, 9),
                 (moved("Upsample", TWICE, mode="linear"), "mode must be nearest", 9)],
        "scales": [(moved("Upsample", scales=[1.0, 1.0, 3.0, 1.0]), SAME, 7),
                   (moved("Upsample", scales=[1.0, 1.0, 1.5, 1.0]), UNEVEN, 7)],
    },
    "Resize": {
        "mode": [(resized(), SAME), (resized(mode="linear"), "mode must be nearest"),
                 (moved("Resize", TWICE), SAME, 10)],
        "coordinate_transformation_mode": [
            *((resized(coordinate_transformation_mode=mode), SAME)
              for mode in ("half_pixel", "asymmetric", "pytorch_half_pixel")),
            (resized(None, [1.0, 1.0, 0.5, 0.25], coordinate_transformation_mode="asymmetric"),
             SAME),
            (resized(coordinate_transformation_mode="align_corners"), SAME),
            (resized(None, [1.0, 1.0, 3.0, 3.0], coordinate_transformation_mode="align_corners"),
             UNEVEN),
            (resized([0.0, 0, 0, 0, 1, 1, 1, 1], TWICE,
                     coordinate_transformation_mode="tf_crop_and_resize"), "the whole image"),
        ],
        "nearest_mode": [(resized(nearest_mode=mode), want) for mode, want in (
            ("round_prefer_floor", SAME), ("round_prefer_ceil", SAME), ("floor", UNEVEN),
            ("ceil", UNEVEN))],
        "axes": [(resized(None, [2.0, 3.0], axes=[2, 3]), SAME, 18),
                 (resized(None, None, [16], axes=[3]), SAME, 18)],
        "keep_aspect_ratio_policy": [
            (resized(None, None, [16, 24], axes=[2, 3], keep_aspect_ratio_policy=policy), SAME, 18)
            for policy in ("stretch", "not_larger", "not_smaller")],
    },
}  # fmt: skip
EXAMPLES = {  # operator, attribute: models with what import says of them, and their opset
    "Conv": {
        "auto_pad": [(conv(auto_pad="SAME_UPPER"), SAME), (conv(auto_pad="SAME_LOWER"), SAME),
                     (conv(auto_pad="VALID"), SAME),
                     (conv(auto_pad="SAME_UPPER", strides=[2, 2]), SAME),
                     (conv(auto_pad="SAME_LOWER", strides=[2, 2], size=4), SAME)],
        "dilations": [(conv(dilations=[2, 2], size=1), SAME),
                      (conv(dilations=[2, 2]), SAME), (conv(dilations=[1, 3]), SAME)],
        "group": [(conv(group=1), SAME), (conv(group=2), SAME), (conv(group=4), SAME),
                  (conv(group=3), "group must divide 4 channels")],
        "kernel_shape": [(conv(kernel_shape=[3, 3]), SAME)],
        "pads": [(conv(pads=[1] * 4), SAME), (conv(pads=[1, 0, 1, 0]), SAME),
                 (conv(size=1, pads=[1] * 4), SAME), (conv(pads=[0, 5, 3, 1]), SAME),
                 (conv(size=2, pads=[4, 0, 2, 3], dilations=[2, 2], strides=[3, 1]), SAME),
                 (conv(pads=[2] * 4), SAME), (conv(pads=[0, 0, 2, 1]), SAME)],
        "strides": [(conv(strides=[2, 2]), SAME), (conv(strides=[2, 1]), SAME)],
    },
    "ConvTranspose": {
        "dilations": [(transposed_conv(dilations=[1, 1]), SAME),
                      (transposed_conv(dilations=[2, 3], strides=[2, 1], pads=[1] * 4), SAME)],
        "group": [(transposed_conv(group=1), SAME), (transposed_conv(group=2), SAME),
                  (transposed_conv(group=4, strides=[2, 2]), SAME)],
        "kernel_shape": [(transposed_conv(kernel_shape=[3, 3]), SAME)],
        "output_padding": [(transposed_conv(strides=[2, 3], output_padding=[1, 2]), SAME),
                           (transposed_conv(size=1, strides=[3, 3], output_padding=[2, 0]), SAME)],
        "pads": [(transposed_conv(pads=[1, 0, 0, 2], strides=[2, 2]), SAME),
                 (transposed_conv(pads=[3, 1, 4, 3]), SAME)],
        "strides": [(transposed_conv(strides=[2, 2]), SAME),
                    (transposed_conv(size=2, strides=[2, 2]), SAME),
                    (transposed_conv(size=2, strides=[3, 1]), SAME),
                    (transposed_conv(size=1, strides=[2, 2]), SAME)],
    },
    **{
        kind: {
            name: [(pool(kind, **given), want_of(kind, want), 19) for given, want in cases]
            for name, cases in (POOLS | more).items()
        }
        for kind, more in (("MaxPool", {}), ("AveragePool", COUNT))
    },
    **OF_PLACES,
    "ReduceMean": {
        "axes": [(mean(axes=[2, 3]), SAME), (mean(axes=[-1, -2]), SAME),
                 (mean(axes=[1]), "must be over height and width"),
                 (mean(axes=[2]), "must be over height and width"),
                 (mean(), "must be over height and width"), (mean([2, 3]), SAME, 18),
                 (mean([-2, -1]), SAME, 18), (mean([1, 2, 3]), "must be over height", 18)],
        "keepdims": [(mean(axes=[2, 3], keepdims=0), SAME), (mean(axes=[3, 2], keepdims=1), SAME)],
        "noop_with_empty_axes": [(mean(noop_with_empty_axes=1), SAME, 18),
                                 (mean(noop_with_empty_axes=0), "must be over height", 18)],
    },
    "Flatten": {"axis": [(shaped("Flatten", axis=1), SAME), (shaped("Flatten", axis=-3), SAME),
                         (shaped("Flatten", axis=0), SAME)]},
    "Reshape": {"allowzero": [(shaped("Reshape", [0, -1]), SAME, 14),
                              (shaped("Reshape", [1, -1], allowzero=1), SAME, 14),
                              (shaped("Reshape", [-1, 256]), SAME, 14),
                              (shaped("Reshape", [1, 256]), SAME)]},
    "Squeeze": {"axes": [(squeezed([2, 3]), SAME), (squeezed([-1, -2]), SAME),
                         (squeezed(axes=[2, 3]), SAME, 11), (squeezed(), "keep it")]},
    "Unsqueeze": {"axes": [(unsqueezed([2, 3]), SAME), (unsqueezed([-1, -2]), SAME),
                           (unsqueezed(axes=[2, 3]), SAME, 11)]},
    "Transpose": {"perm": [(transposed([0, 2, 3, 1]), SAME), (transposed([0, 1, 2, 3]), SAME),
                           (transposed([0, 2, 3, 1], [0, 3, 1, 2]), SAME),
                           (transposed([0, 1, 3, 2]), UNEVEN),
                           (transposed(None), UNEVEN)]},
    "Concat": {"axis": [(joined(1), SAME), (joined(-3), SAME), (joined(2), "must join the ch")]},
    "Gemm": {"alpha": [(gemm(alpha=0.5), SAME)], "beta": [(gemm(beta=-3.0), SAME)],
             "transB": [(gemm(0), SAME), (gemm(1), SAME)]},
    "BatchNormalization": {"epsilon": [(normed(epsilon=0.5), SAME)],
                           "momentum": [(normed(momentum=0.3), SAME)]},
    "Softmax": {"axis": [(ended("Softmax", axis=1), SAME), (ended("Softmax", axis=-1), SAME),
                         (ended("Softmax"), SAME), (ended("Softmax", axis=0), "axis must be 1"),
                         (ended("Softmax"), SAME, 11)]},
    "LogSoftmax": {"axis": [(ended("LogSoftmax", axis=1), SAME), (ended("LogSoftmax"), SAME),
                            (ended("LogSoftmax", axis=0), "axis must be 1")]},
    "ArgMax": {"axis": [(ended("ArgMax", axis=1), SAME), (ended("ArgMax", axis=-1), SAME),
                        (ended("ArgMax"), "axis must be 1")],
               "keepdims": [(ended("ArgMax", axis=1, keepdims=0), SAME),
                            (ended("ArgMax", axis=1, keepdims=1), SAME)]},
    "TopK": {"k": [(ended("TopK", before=1, k=1), SAME, 9),
                   (ended("TopK", before=1, k=2), "K must be 1", 9)],
             "axis": [(ended("TopK", 1, before=1), SAME),
                      (ended("TopK", 1, before=1, axis=1), SAME),
                      (ended("TopK", 1, before=1, axis=0), "axis must be 1"),
                      (ended("TopK", 2, before=1), "K must be 1")],
             "largest": [(ended("TopK", 1, before=1, largest=0), "largest must be 1")],
             "sorted": [(ended("TopK", 1, before=1, sorted=0), SAME)]},
    "Clip": {"min": [(between("Clip", min=-0.3), SAME, 7), (between("Clip", -0.3, 0.7), SAME)],
             "max": [(between("Clip", max=0.7), SAME, 10), (between("Clip", -0.3, 0.7), SAME)]},
    **{
        kind: {
            "alpha": [(between(kind, alpha=value), SAME) for value in (0.5, 0.01, 3.0)]
        }
        for kind in ("Celu", "Elu", "LeakyRelu")
    },
    "HardSigmoid": {"alpha": [(between("HardSigmoid", alpha=a), SAME) for a in (0.5, -0.1, 0.0)],
                    "beta": [(between("HardSigmoid", beta=b), SAME) for b in (0.25, -1.0)]},
    "Selu": {"alpha": [(between("Selu", alpha=a), SAME) for a in (0.5, -0.5)],
             "gamma": [(between("Selu", gamma=g), SAME) for g in (0.25, -1.0)]},
    "Gelu": {"approximate": [(between("Gelu", approximate=a), SAME, 20) for a in ("none", "tanh")]},
    "Swish": {"alpha": [(between("Swish", alpha=a), SAME, 24) for a in (0.5, 1.7, -1.0)]},
    "Cast": {"to": [(between("Cast", to=1), SAME), (between("Cast", to=10), "to must be FLOAT")]},
    "Dropout": {"ratio": [(between("Dropout", ratio=0.9), SAME, 10)],
                "seed": [(between("Dropout", seed=3), SAME)]},
    "Quant": {"signed": [(quantizer(signed=n), SAME) for n in (0, 1)],
              "narrow": [(quantizer(narrow=n), SAME) for n in (0, 1)],
              "rounding_mode": [*((quantizer(rounding_mode=mode), SAME) for mode in MODES),
                                (quantizer(rounding_mode="round"), SAME),
                                (quantizer(rounding_mode="ROUND_TO_ZERO"), "rounding_mode must")]},
    "IntQuant": {name: [(quantizer("IntQuant"), SAME)]
                 for name in ("signed", "narrow", "rounding_mode")},
    "MultiThreshold": {
        "out_scale": [(thresholds(out_scale=0.5), SAME),
                      (thresholds(out_scale=-1.0), "out_scale must be positive")],
        "out_bias": [(thresholds(out_bias=-1.0), SAME)],
        "out_dtype": [(thresholds(out_dtype="INT4"), SAME),
                      (thresholds(7, out_dtype="UINT2"), "out_dtype must hold the results 0 to 7"),
                      (thresholds(out_dtype="MANY"), "out_dtype must be a type")],
        "data_layout": [(thresholds(data_layout="NCHW"), SAME),
                        (thresholds(data_layout="NHWC"), "data_layout must be NCHW"),
                        (thresholds(last=True, data_layout="NHWC"), SAME),
                        (thresholds(last=True), "data_layout must be NHWC")],
    },
    "Trunc": {
        "rounding_mode": [*((truncated(rounding_mode=mode), SAME) for mode in MODES),
                          (truncated(rounding_mode="AWAY"), "rounding_mode must be one of")],
        "signed": [(truncated(3.2, rounding_mode="FLOOR", signed=n), SAME, 13, 2) for n in (0, 1)],
        "narrow": [(truncated(1.6, rounding_mode="ROUND", narrow=n), SAME, 13, 2) for n in (0, 1)],
    },
    "QuantizeLinear": {"axis": [(rounded(n), SAME) for n in (None, 1, 0)]},
    "DequantizeLinear": {"axis": [(bytes_of((3, 4), 0, 0), SAME), (bytes_of((4, 3), 1, 1), SAME),
                                  (bytes_of((4, 3), -1, 1), SAME),
                                  (bytes_of((4, 3), 0, 1), "one for each index of axis 0")]},
}  # fmt: skip
