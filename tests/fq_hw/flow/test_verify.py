"""What a comparison with qonnx says of the first value that differs."""

from types import SimpleNamespace

import pytest

from fq_hw.errors import SimulationError
from fq_hw.flow.verify import Verified

ROWS = [("levels", 40, 0, 3), ("sums", 768, 6, 1)]


def found(first):
    return Verified(network="net", reference="qonnx", images=3, right=2, rows=ROWS, first=first)


def test_the_first_difference_is_named_with_its_values():
    one = SimpleNamespace(tensor="sums", place=(0, 1), found=1.0, reference=2.5)
    said = (
        r"^verify 'net': 6 of 768 values of 'sums' differ from qonnx, first in image 2 at "
        r"\(0, 1\): 1, not 2\.5$"
    )
    with pytest.raises(SimulationError, match=said):
        found((2, one)).check()


def test_ties_are_no_difference():
    found(None).check()
    assert found(None).ties == 4
    assert found(None).data()["tensors"][1] == {
        "tensor": "sums", "values": 768, "differing": 6, "ties": 1,
    }  # fmt: skip
