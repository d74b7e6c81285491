"""What is recorded of a small network: with and without a build, for tests of reports."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from networks import TINY, random_graph

import boards
from fq_hw.data.dataset import DataKind
from fq_hw.data.source import Source
from fq_hw.flow.describe import describe
from fq_hw.flow.model import Model
from fq_hw.report.records import (
    Accuracy,
    DesignRecord,
    Findings,
    GoldenRecord,
    PlacementRecord,
    RoutedRecord,
    SeedRow,
    SimRecord,
    SlowestPath,
)

__all__ = ["CLASSES", "built", "designed", "estimated"]

CLASSES = ("<b>owl</b>", "a & b", "crow", "tit")  # as hostile as names may be


@functools.cache
def designed(name: str = "tiny", **how) -> DesignRecord:
    """The record of a small network with random weights."""
    network = TINY[name]
    source = Source(kind=DataKind.FOLDER, path="x", image=network.image, classes=CLASSES)
    model = Model(graph=random_graph(name, seed=1), source=source)
    return describe(model.lowered().design(**(how or {"cycles": 500})), boards.find("ulx3s-25f"))


def estimated(**how) -> Findings:
    """Nothing is known but the design."""
    return Findings(path=Path("small.html"), design=designed(**how))


def built(**how) -> Findings:
    """Everything is known; cells of every unit lie in a row of their own."""
    design = designed(**how)
    cells = {
        f"shell.core.{unit.word}.part": {
            "TRELLIS_COMB": ((2, row, 3), (3, row, 5)),
            "TRELLIS_FF": ((2, row, 1),),
            "DP16KD": ((9, row, 1),),
        }
        for row, unit in enumerate(design.units, 1)
    }
    cells["shell.uart_rx"] = {"TRELLIS_COMB": ((20, 1, 8),)}
    golden = GoldenRecord(
        network=design.network,
        graph=design.graph,
        accuracy=Accuracy(data="pictures", images=200, right=160),
        confusion=tuple(
            tuple(40 if a == b else 10 if b == (a + 1) % 4 else 0 for b in range(4))
            for a in range(4)
        ),
    )
    one = Accuracy(data="pictures", images=20, right=16)
    return Findings(
        path=Path("small.html"),
        design=replace(design, accuracy=Accuracy(data="pictures", images=200, right=161)),
        routed=RoutedRecord(
            board=design.device.board,
            router="nextpnr-ecp5 7.8",
            seed=2,
            clock_mhz=25.0,
            aim_mhz=100.0,
            fmax_mhz=123.4,
            lut4=4_321,
            ff=2_109,
            ebr=17,
            spram=0,
            multipliers=0,
            slowest=SlowestPath(
                begins=f"shell.core.{design.units[0].word}",
                ends="shell.core.nowhere",
                cells_ns=2.04,
                wires_ns=6.07,
            ),
            seeds=(
                SeedRow(seed=1, fmax_mhz=111.1),
                SeedRow(seed=2, fmax_mhz=123.4),
                SeedRow(seed=3, fmax_mhz=None, error="nextpnr-ecp5: failed"),
            ),
        ),
        placement=PlacementRecord(
            counted={"lut4": "TRELLIS_COMB", "ff": "TRELLIS_FF", "ebr": "DP16KD"}, cells=cells
        ),
        sim=SimRecord(
            network=design.network,
            graph=design.graph,
            design=design.design,
            images=20,
            golden=golden,
            simulated=one,
            golden_there=one,
            levels=98_765,
            levels_wrong=0,
            scores=200,
            scores_wrong=0,
            interval=design.interval,
            latency=design.latency,
        ),
    )
