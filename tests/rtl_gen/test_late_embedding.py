"""Pixel embedding behind a window: what it refuses. The rest: test_every_component."""

from dataclasses import replace

import pytest

from fq_hw.errors import FoldingError
from sim.zoo import ZOO


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lanes": 2}, r"^LateEmbedUnit: lanes must divide 3 colours \(got 2\)$"),
        ({"lanes": 0}, r"^LateEmbedUnit: lanes must divide 3 colours \(got 0\)$"),
        (
            {"length": 3},
            r"^LateEmbedUnit: tables must be large enough for block RAM \(got \(256, 6\)\)$",
        ),
    ],
)
def test_refuses(fields, message):
    with pytest.raises(FoldingError, match=message):
        replace(ZOO["late_embed"], **fields)
