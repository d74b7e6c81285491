"""Packed foreign weights: bits, order, refusals; and two published models by their figures."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shared_data import SHARED, cifar10_test, needs_shared

from fq_hw import golden, ir
from fq_hw.cli import main
from fq_hw.errors import ArtifactError
from fq_hw.flow.load import PACKED
from fq_hw.foreign import blueoil, packed
from fq_hw.ir import serialize


def test_bits_and_order():
    shape, dice = (3, 2, 2, 5), np.random.default_rng(0)
    bits = dice.integers(0, 2, shape).astype(np.uint8)
    for order in ("big", "little"):
        found = packed.signs(np.packbits(bits, bitorder=order), shape, order=order)
        np.testing.assert_array_equal(found, 2 * bits.astype(int) - 1)
    inverse = packed.signs(np.packbits(bits), shape, one=-1)
    np.testing.assert_array_equal(inverse, 1 - 2 * bits.astype(int))


def test_refuses_other_sizes_and_files(tmp_path):
    with pytest.raises(ArtifactError, match=r"^packed weights: 60 weights must be packed into 8"):
        packed.signs(np.zeros(7, np.uint8), (3, 2, 2, 5))
    with pytest.raises(ArtifactError, match=r"^array 'l0.shape': is missing; the file holds l0"):
        PACKED["l0.w_packed"]({"l0.w_packed": np.zeros(1, np.uint8)})
    path = tmp_path / "net.npz"
    with pytest.raises(ArtifactError, match="there is no such file; give an .npz file"):
        packed.load(path, PACKED)
    for content in (b"", b"PK\x03\x04broken", bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match="is no .npz file of arrays"):
            packed.load(path, PACKED)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(ArtifactError, match="must hold one of"):
        packed.load(path, PACKED)
    np.savez(path, **{"l0.w_packed": np.array([{}], object)})  # would run code if it were read
    with pytest.raises(ArtifactError, match="is no .npz file of arrays"):
        packed.load(path, PACKED)


def npy(head):
    return b"\x93NUMPY\x01\0" + len(head).to_bytes(2, "little") + head + b"\n"


FIELDS = b"{'descr': '<i8', 'fortran_order': False, 'shape': (%s,), }"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (npy(FIELDS % b"1099511627776"), "has 0 bytes, and a shape of 1099511627776,"),
        (npy(FIELDS % b"-1"), "is no array of numbers"),
        (npy(b"(" * 9000), "is no array of numbers"),
        (b"x", "is no array of numbers"),
        (bytes(20_000), "more than 10,000 bytes when unpacked"),
    ],
)
def test_refuses_what_numpy_would_believe(tmp_path, content, why, monkeypatch):
    monkeypatch.setattr(packed, "MOST_BYTES", 10_000)
    path = tmp_path / "net.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("l0.shape.npy", content)
    with pytest.raises(ArtifactError, match=f"is no .npz file of arrays .*{why}"):
        packed.load(path, PACKED)


def test_refuses_ways_of_packing_and_many_members(tmp_path):
    for method, count in ((zipfile.ZIP_BZIP2, 1), (zipfile.ZIP_STORED, 1001)):
        path = tmp_path / f"{count}.npz"
        with zipfile.ZipFile(path, "w", method) as file:
            for number in range(count):
                file.writestr(f"{number}", b"")
        with pytest.raises(ArtifactError, match="way of packing|more than 1000 arrays"):
            packed.load(path, PACKED)


WIDTHS = (8, 5, 6, 7, 4, 6, 9, 8, 12)  # rows of a small CNV


def small_cnv(steps, seed=0):
    """Random weights and thresholds in the layout of the released models."""
    dice, arrays, depth = np.random.default_rng(seed), {}, 3
    for index, rows in enumerate(WIDTHS):
        synapses = depth * (9 if index < 6 else 1)
        bits = dice.integers(0, 2, rows * synapses).astype(np.uint8)
        arrays |= {f"l{index}.w_packed": np.packbits(bits),
                   f"l{index}.shape": np.array([rows, synapses])}  # fmt: skip
        if index < len(WIDTHS) - 1:
            middle, spread = (
                (0, 500) if index == 0 else (0, 4) if steps == 2 else (synapses // 2, 3)
            )
            found = dice.integers(middle - spread, middle + spread, (rows, steps))
            arrays[f"l{index}.thr"] = np.sort(found, axis=1)
        depth = rows
    return arrays


def reference_scores(arrays, images, steps):
    """As the hardware of BNN-PYNQ has them: real values -1, 0, +1; W1A1 counts products of +1."""
    x = np.clip(np.rint(128 * (images / 127.5 - 1)), -128, 127)
    for index, rows in enumerate(WIDTHS):
        kernel = 3 if index < 6 else 1
        bits = np.unpackbits(arrays[f"l{index}.w_packed"])[: rows * kernel**2 * x.shape[3]]
        weight = 2.0 * bits.reshape(rows, kernel, kernel, x.shape[3]) - 1
        windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))
        sums = np.einsum("nhwcij,oijc->nhwo", windows, weight)
        if index == len(WIDTHS) - 1:
            return sums[:, 0, 0, :10]
        if index == 0:
            sums = 2 * sums  # of 1/128 in 1/256
        elif steps == 1:
            sums = (sums + weight[0].size) / 2  # how many products are +1
        count = (sums[..., None] > arrays[f"l{index}.thr"]).sum(axis=-1)
        x = 2.0 * count - 1 if steps == 1 else count - 1.0
        if index in (1, 3):
            n, h, w, c = x.shape
            x = x.reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_cnv_of_one_and_two_thresholds(steps, seed):
    arrays = small_cnv(steps, seed)
    graph = PACKED["l0.w_packed"](arrays)
    assert graph.name == f"cnv-w1a{steps}"
    images = np.random.default_rng(seed).integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    found = golden.run(graph, images)["scores"].reshape(6, 10)
    want = reference_scores(arrays, images, steps)
    assert len(np.unique(want)) > 3
    difference = found - want
    assert (difference == difference[:1, :1]).all()  # what all scores share ranks nothing


BROKEN = {
    "three thresholds": (
        {"l2.thr": np.zeros((6, 3), int)},
        "l2.thr must hold 1 (W1A1) or 2",
    ),
    "mixed": ({"l2.thr": np.zeros((6, 2), int)}, "l2.thr must hold 1 (W1A1) or 2"),
    "real thresholds": ({"l1.thr": np.zeros((5, 1))}, "l1.thr must hold 1 (W1A1) or 2 (W1A2) int"),
    "other rows": ({"l1.thr": np.zeros((4, 1), int)}, "integers for each of 5 rows"),
    "other synapses": ({"l3.shape": np.array([7, 12])}, "l3.shape must be the number of rows and"),
    "a scalar": ({"l3.shape": np.array(7)}, "l3.shape must be the number of rows and 54 synapses"),
    "far thresholds": ({"l1.thr": np.full((5, 1), 2**63 - 1)}, "l1.thr must be of 32 bits, signed"),
    "unsigned ones": ({"l1.thr": np.full((5, 1), 2**64 - 1, np.uint64)}, "l1.thr must be of 32"),
    "few classes": ({"l8.shape": np.array([3, 8])}, "l8.shape must be the number of rows"),
    "few weights": ({"l4.w_packed": np.zeros(3, np.uint8)}, "weights must be packed into"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_cnv_refuses(case):
    change, message = BROKEN[case]
    with pytest.raises(ArtifactError) as caught:
        PACKED["l0.w_packed"](small_cnv(1) | change)
    assert message in str(caught.value)
    falls = small_cnv(2) | {"l1.thr": np.array([[3, 2]] * 5)}
    with pytest.raises(ArtifactError, match="l1.thr must ascend in every row"):
        PACKED["l0.w_packed"](falls)


@needs_shared
@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("conv7.bias", (3,), 1e30, "array 'conv7.bias': must be below 2**40 times what"),
        ("conv7.kernel", (..., 3), 1e-30, "two classes must not be 65,536 times apart (got (1e-30"),
    ],
)
def test_lmnet_refuses_what_would_wrap(name, place, value, message):
    """Integers of 64 bits hold neither; numpy would take what is left of them."""
    with np.load(SHARED / "models" / "lmnet_w1a2_cifar10.npz") as file:
        arrays = {key: file[key] for key in file.files}
    arrays[name] = arrays[name].astype(np.float64)
    arrays[name][place] = value
    with pytest.raises(ArtifactError) as caught:
        PACKED[blueoil.KEY](arrays)
    assert message in str(caught.value)


def test_space_to_depth_is_a_larger_stride():
    """Rearranging pixels into channels (dy, dx, c), then 3x3, is 6x6 of stride 2."""
    dice = np.random.default_rng(1)
    x = dice.integers(0, 4, (2, 8, 6, 3))
    blocks = x.reshape(2, 4, 2, 3, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(2, 4, 3, 12)
    for kernel in (1, 3):
        weight = dice.choice([-1, 1], (kernel, kernel, 12, 5))

        def conv(weight, stride, padding):
            return ir.Conv(name="c", weight=weight.transpose(3, 0, 1, 2), stride=stride,
                           padding=padding, scale=None)  # fmt: skip

        want = golden.ops.evaluate(conv(weight, 1, kernel // 2), blocks)
        found = golden.ops.evaluate(conv(blueoil.unfolded(weight), 2, kernel // 2 * 2), x)
        np.testing.assert_array_equal(found, want)


@needs_shared
@pytest.mark.parametrize(
    ("name", "right"), [("bnnpynq_cnvW1A2_cifar10", 248), ("lmnet_w1a2_cifar10", 254)]
)
def test_published_models_on_the_first_images(name, right):
    """All 10,000: 82.66 % as measured on Xilinx's board; 84.46 %, with a float classifier 84.49."""
    graph = packed.load(SHARED / "models" / f"{name}.npz", PACKED)
    images, labels = cifar10_test()
    found = golden.labels(graph, images[:300])
    assert (found == labels[:300]).sum() == right


@needs_shared
def test_lmnet_ranks_as_its_float_reference():
    file = np.load(SHARED / "models" / "lmnet_w1a2_cifar10.npz")
    reference = file["ref_logits_first_200_of_test"]
    graph = packed.load(SHARED / "models" / "lmnet_w1a2_cifar10.npz", PACKED)
    images, _ = cifar10_test()
    scores = golden.run(graph, images[:200])["scores"].reshape(200, -1)
    unit = (reference * scores).sum() / (scores.astype(float) ** 2).sum()
    assert np.abs(unit * scores - reference).max() < 0.4  # of logits beyond 20: see blueoil.py
    ranked, wanted = (np.argsort(-s, axis=1, kind="stable") for s in (scores, reference))
    assert (ranked[:, 0] == wanted[:, 0]).all()
    assert (ranked == wanted).all(axis=1).sum() == 198


@needs_shared
def test_tfc_scores_as_published(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(SHARED / "models" / "TFC_1W2A.onnx")]) == 0
    graph = "build/TFC_1W2A.graph.safetensors"
    data = ["--data", "idx", "--path", str(SHARED / "data" / "mnist")]
    assert main(["golden", graph, *data]) == 0
    assert "94.74 % (9474 of 10000 images)" in capsys.readouterr().out
    against = ["--against", str(SHARED / "models" / "TFC_1W2A.onnx"), "--images", "5"]
    assert main(["verify", graph, *against, *data]) == 0
    assert "every value as qonnx has it on 5 images" in capsys.readouterr().out
    whole = serialize.load(Path(graph))
    weight = whole["MatMul_3"].weight.copy()
    weight.flat[7] *= -1
    ops = [replace(op, weight=weight) if op.name == "MatMul_3" else op for op in whole.ops]
    serialize.save(Path(graph), ir.Graph(whole.name, tuple(ops)))
    assert main(["verify", graph, *against, *data]) == 2
    assert "must be what `fq-hw import" in capsys.readouterr().err
