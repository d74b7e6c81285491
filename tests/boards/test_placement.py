"""Cells of a routed design: each counts once, for the part of the design that it belongs to."""

import json

import pytest

from boards.placement import by_scope, drivers, placed, placement, slowest
from boards.route import packed
from fq_hw.errors import ToolError

WRITTEN = """{
  "modules": {
    "top": {
      "cells": {
        "shell.core.conv.acc_TRELLIS_FF_Q_1": {
          "type": "TRELLIS_FF",
          "attributes": {
            "NEXTPNR_BEL": "X3/Y4/SLICEA.FF0"
          },
          "connections": {
            "Q": [ 7 ]
          }
        },
        "shell.core.conv.acc_TRELLIS_FF_Q_2": {
          "type": "TRELLIS_FF",
            "NEXTPNR_BEL": "X3/Y4/SLICEA.FF1"
        },
        "shell.core.conv.sum$CCU2_COMB0": {
          "type": "TRELLIS_COMB",
            "NEXTPNR_BEL": "X5/Y4/SLICEA.K0"
            "FCO": [ 11 ],
            "FCI": [ 10 ],
        },
        "$nextpnr_CCU2C_3$CCU2_COMB0": {
          "type": "TRELLIS_COMB",
            "NEXTPNR_BEL": "X4/Y4/SLICED.K0"
            "FCO": [ 9 ],
            "A": [ 55 ]
        },
        "$nextpnr_CCU2C_3$CCU2_COMB1": {
          "type": "TRELLIS_COMB",
            "NEXTPNR_BEL": "X4/Y4/SLICED.K1"
            "FCO": [ 10 ],
            "FCI": [ 9 ]
        },
        "shell.core.o__payload$42_TRELLIS_FF_Q_178": {
          "type": "TRELLIS_FF",
            "NEXTPNR_BEL": "X6/Y4/SLICEA.FF0"
        },
        "$PACKER_GND": {
          "type": "TRELLIS_COMB",
            "NEXTPNR_BEL": "X1/Y1/SLICEA.K0"
        },
        "nowhere": {
          "type": "GSR",
        },
      },
      "netnames": {
        "shell.core.conv.not_a_cell": {
          "type": "TRELLIS_FF",
            "NEXTPNR_BEL": "X9/Y9/SLICEA.FF0"
        },
      }
"""
RTLIL = r"""
module \top
  cell \top.shell \shell
  end
end
module \top.shell.core
  wire width 3 \o__payload$42
  cell \top.shell.core.embedding \embedding
    connect \i__payload \i__payload [23:0]
    connect \o__payload \o__payload$42 [2:0]
  end
  cell \top.shell.core.conv \conv
    connect \i__payload \o__payload$42 [2:0]
  end
end
module \top.shell.core.embedding
  wire width 24 input 1 \i__payload
  wire width 3 output 2 \o__payload
end
module \top.shell.core.conv
  wire width 3 input 1 \i__payload
end
"""


def test_nets_between_parts_belong_to_who_drives_them():
    assert drivers(RTLIL, "top") == {"shell.core.o__payload$42": "shell.core.embedding"}


def test_cells_count_for_the_part_whose_net_they_are_called_after(tmp_path):
    file = tmp_path / "placed.json"
    file.write_text(WRITTEN)
    cells = placed(file, "nextpnr-ecp5")
    assert cells["shell.core.conv.acc"] == {"TRELLIS_FF": ((3, 4, 2),)}
    assert cells["shell.core.conv.sum$CCU2_COMB0"] == {
        "TRELLIS_COMB": ((4, 4, 2), (5, 4, 1))  # and the nameless ones at the chain's end
    }
    assert by_scope(cells, drivers(RTLIL, "top")) == {
        "": {"TRELLIS_COMB": ((1, 1, 1),)},
        "shell.core.conv": {"TRELLIS_COMB": ((4, 4, 2), (5, 4, 1)), "TRELLIS_FF": ((3, 4, 2),)},
        "shell.core.embedding": {"TRELLIS_FF": ((6, 4, 1),)},
    }
    driven = drivers(RTLIL, "top")
    record = placement(packed(json.dumps(cells).encode()), driven, {"ff": "TRELLIS_FF"})
    assert record.cells == by_scope(cells, driven)
    assert record.counted == {"ff": "TRELLIS_FF"}


@pytest.mark.parametrize("text", ["", "{}", WRITTEN.replace("NEXTPNR_BEL", "BEL")])
def test_a_file_without_places_is_named(text, tmp_path):
    file = tmp_path / "placed.json"
    file.write_text(text)
    said = "^nextpnr-ecp5: ended well, but what it wrote has no cell with a place; `fq-hw doctor`"
    with pytest.raises(ToolError, match=said):
        placed(file, "nextpnr-ecp5")


def step(kind: str, delay: float, begins: str, ends: str) -> dict:
    return {"type": kind, "delay": delay, "from": {"cell": begins}, "to": {"cell": ends}}


def test_the_slowest_path_is_between_flip_flops_of_one_clock():
    first = "shell.core.o__payload$42_TRELLIS_FF_Q_1"
    middle, last = "shell.core.conv.sum_LUT4_Z", "shell.core.conv.acc_TRELLIS_FF_Q"
    slow = [
        step("clk-to-q", 0.5, first, first),
        step("routing", 2.25, first, middle),
        step("logic", 0.25, middle, middle),
        step("routing", 1.0, middle, last),
        step("setup", 0.25, last, last),
    ]
    quick = [step("clk-to-q", 0.5, last, last), step("routing", 1.0, last, last)]
    paths = [
        {"from": "posedge clk", "to": "posedge clk", "path": quick},
        {"from": "posedge clk", "to": "posedge clk", "path": slow},
        {"from": "<async>", "to": "posedge clk", "path": [step("routing", 99.0, "rx", last)]},
    ]
    found = slowest({"critical_paths": paths}, drivers(RTLIL, "top"))
    assert (found.begins, found.ends) == ("shell.core.embedding", "shell.core.conv")
    assert (found.cells_ns, found.wires_ns) == (1.0, 3.25)
    assert slowest({}, {}) is None and slowest({"critical_paths": paths[2:]}, {}) is None
