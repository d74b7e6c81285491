"""Models with one trait each of a public bug report: the right answer, or a refusal by name.

What every folder of ../shared/cases/import must give is in the table; its expected.txt says why.
"""

import numpy as np
import pytest
from networks import least_plan, random_images
from shared_data import SHARED

from fq_hw import golden
from fq_hw.errors import FqHwError
from fq_hw.foreign.onnx import PixelRange, compare, import_graph, read

FOLDERS = SHARED / "cases" / "import"
RIGHT = {  # imports, and equals qonnx in every tensor, its scores and its class
    "add_8bit", "bias_int32", "bias_int32_qcdq", "dead_branch", "join_1x1_3x3", "join_3x3_3x3",
    "join_down_odd", "join_fire", "levels_ascend_pow2", "nchw_width3", "pad_k1p1",
    "qdq_no_zero_point", "residual_from_image", "score_bias", "signed_pixel_ties", "softmax_end",
    "twice_Add", "verify_tiny_gain", "weight_tie",
}  # fmt: skip
REFUSED = {
    "argmax_axis0": "node 'ArgMax_0' (ArgMax): attribute axis must be 1",
    "bad_scale_shape": "node 'Quant_1' (Quant): scale must broadcast to the (2, 3, 3, 3)",
    "gemm_scale_1d_square": "node 'Gemm_0' (Gemm): weights need one scale for each output channel",
    "nan_weight": "constant 'k3' must hold finite numbers, but has NaN or infinity in it",
    "nhwc_avgpool": "node 'AveragePool_0' (AveragePool): input must be N,C,H,W, but its channels",
    "nhwc_bn": "node 'BatchNormalization_0' (BatchNormalization): normalizes axis 1, but",
    "nhwc_gap": "node 'GlobalAveragePool_0' (GlobalAveragePool): input must be N,C,H,W, but its",
    "nhwc_maxpool": "node 'MaxPool_0' (MaxPool): input must be N,C,H,W, but its channels",
    "pool_auto_pad_AveragePool": "node 'AveragePool_0' (AveragePool): attribute count_include_pad",
}
PIXELS = {"signed_pixel_ties": PixelRange.SIGNED}
needs_cases = pytest.mark.skipif(not FOLDERS.is_dir(), reason="needs ../shared/cases")


@needs_cases
def test_every_case_has_an_answer():
    found = {path.name for path in FOLDERS.iterdir() if path.is_dir()}
    assert found == RIGHT | set(REFUSED)


@needs_cases
@pytest.mark.parametrize("case", sorted(RIGHT))
def test_right(case):
    pixels = PIXELS.get(case, PixelRange.UNIT)
    model = read(FOLDERS / case / "model.onnx")
    imported = import_graph(model, case, pixels)
    graph = imported.graph
    images = random_images(graph.input.shape, 12, 1)
    images[0], images[1] = 0, 255
    for image in images:
        rows = list(compare(model, imported, pixels, image))
        assert [row for row in rows if row.wrong] == []
    least_plan(graph, 4096)  # hardware takes it
    if case == "score_bias":
        np.testing.assert_array_equal(golden.labels(graph, images), np.ones(12))


@needs_cases
@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refused(case):
    with pytest.raises(FqHwError) as caught:
        import_graph(read(FOLDERS / case / "model.onnx"), case, PIXELS.get(case, PixelRange.UNIT))
    assert REFUSED[case] in str(caught.value) and "\n" not in str(caught.value)
