"""Packed foreign weights: bits, order, refusals; and two published models by their figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shared_data import SHARED, cifar10_test, needs_shared

from fq_hw import golden, ir
from fq_hw.cli import main
from fq_hw.cli.import_model import PACKED
from fq_hw.errors import ArtifactError
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
    with pytest.raises(ArtifactError, match=r"^packed model: must hold 'l0.shape'"):
        PACKED["l0.w_packed"]({"l0.w_packed": np.zeros(1, np.uint8)})
    path = tmp_path / "net.npz"
    with pytest.raises(ArtifactError, match="must be an .npz file \\(got 'a missing one'\\)"):
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
