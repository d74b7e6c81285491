"""Models of onnxruntime's quantizer: int8 and uint8, sums and joins of different scales."""

import numpy as np
import pytest
from networks import random_images
from ort_models import KINDS, WAYS, quantized

from fq_hw import golden, ir
from fq_hw.foreign.onnx import PixelRange, compare, judge, read
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.lower import lower
from fq_hw.schedule.units import ThresholdUnit


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_imports_and_is_what_onnxruntime_computes(kind, way, tmp_path):
    model = read(quantized(kind, way, tmp_path, (9, 10)))
    imported = judge(model, "net", PixelRange.UNIT).model
    for picture in random_images((9, 10, 3), 3, 1):
        rows = list(compare(model, imported, PixelRange.UNIT, picture))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]
    graph, pictures = imported.graph, random_images((9, 10, 3), 4, 2)
    exact, small = (golden.run(one, pictures) for one in (imported.whole, graph))
    np.testing.assert_array_equal(exact["scores"], small["scores"])  # whatever passes made of it
    tables = [op for op in graph.ops if isinstance(op, ir.Lookup)]
    assert len(tables) == (4 if kind == "resnet" else 0)
    sums = [graph.types[op.name].bits for op in graph.ops if isinstance(op, ir.Add)]
    assert all(bits <= 28 for bits in sums)
    # 255 comparators a lane are in none of them.
    folds = {op.name: Fold(pe=1, simd=1) for op in graph.ops if isinstance(op, ir.Conv)}
    units = [node.unit for node in lower(graph, folds).nodes]
    assert not any(isinstance(unit, ThresholdUnit) for unit in units)
