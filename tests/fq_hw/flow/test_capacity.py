"""What is too large for a board is refused before anything is synthesised."""

from dataclasses import replace

import pytest
from networks import byte_graph

import boards
from fq_hw import flow
from fq_hw.errors import CapacityError
from fq_hw.flow.build import check_capacity
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.lower import lower


def test_more_multipliers_than_the_device_has():
    """Yosys would take as many as there are products, and nextpnr say so an hour later."""
    graph, plain = byte_graph(), Fold(pe=1, simd=1)
    folds = {"a.sums": Fold(pe=8, simd=2, dsp=True, columns=2), "b.sums": plain, "c": plain}
    plan, board = lower(graph, folds), boards.find("ulx3s-25f")
    said = (
        r"^ulx3s-25f: has 28 multipliers, and this hardware needs 32; "
        r"`fq-hw fold --board ulx3s-25f`$"
    )
    with pytest.raises(CapacityError, match=said):
        check_capacity(plan, graph, board, None)
    check_capacity(plan, graph, boards.find("ulx3s-45f"), None)
    made = lower(graph, folds | {"a.sums": replace(folds["a.sums"], pe=4)})
    check_capacity(made, graph, board, None)


def test_more_block_ram_than_the_device_has():
    """Of ECP5 it is counted as Yosys maps it: a sixth too many is too many."""
    model = flow.load(flow.SHIPPED)
    plan = model.design().plan
    said = (
        r"^ulx3s-25f: has 56 EBR, and a unit for each layer needs about 72 \(estimate\); "
        r"`fq-hw fold --board ulx3s-25f` or take a larger board; "
    )
    with pytest.raises(CapacityError, match=said):
        check_capacity(plan, model.graph, boards.find("ulx3s-25f"), None)
    check_capacity(plan, model.graph, boards.find("ulx3s-45f"), None)
