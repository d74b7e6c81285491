"""Figures of the benches that no other command gives: lone components routed, xc7 synthesised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fq_hw.errors import CapacityError
from fq_hw.family import FAMILIES
from fq_hw.flow import fold_file
from fq_hw.flow.design import Design
from fq_hw.flow.fold import FoldGoal, filled_by
from fq_hw.flow.hardware import Arrays, array_of
from fq_hw.flow.load import load
from fq_hw.flow.shipped import model_file
from fq_hw.flow.sizes import load_sized
from fq_hw.ir import Graph
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.in_turn.lower import fitted, passes
from fq_hw.schedule.in_turn.stage import one_stage

__all__ = ["Row", "beyond", "cells_of", "dots", "engine", "partitioned", "tail"]

LANES = (64, 256, 512)
AIM_MHZ = {"dot": 300, "engine": 180, "array": 105}  # what the router aims for
Report = Callable[[str], None]
Row = tuple[str, object, str, str, str]  # as report.bench.KEYS has it


def dots(report: Report) -> Iterator[Row]:
    """Dot products alone, on carry chains and as the plain form."""
    from boards.measure import measure
    from fq_hw.schedule.two_tree import build
    from rtl_gen.dot_product import DotProduct

    for lanes in LANES:
        for family in ("ecp5", "plain"):
            dot = DotProduct(build(lanes, 2), family)
            found = measure(dot, "LFE5U-25F", mhz=AIM_MHZ["dot"], report=report)
            name, said = f"dot product, {lanes} lanes, {family}", "fq-hw bench --only dots"
            yield name, found.lut4 / lanes, "LUT4 per MAC", "routed", said
            yield name, found.fmax_mhz, "MHz", "routed", said


def engine(seeds: int, report: Report) -> Iterator[Row]:
    """A 3x3 convolution of 2,048 MAC per cycle: window, weights, engine, reordering, thresholds.

    The clock is that of the best of some seeds of the placer; the worst is told beside it.
    """
    from boards.layer_alone import layer_alone
    from boards.measure import measure
    from fq_hw.ir import Axis
    from fq_hw.schedule.conv_parts import ConvSite
    from fq_hw.schedule.folding import Fold

    site = ConvSite(
        name="conv", shape=(8, 8, 128), cout=128, down=Axis.half(3), across=Axis.half(3),
        act_bits=2,
        lanes_in=64, lanes_out=4,
    )  # fmt: skip
    said = f"fq-hw bench --only engine --seeds {seeds}"
    fold, aim = Fold(pe=16, simd=64, columns=2), AIM_MHZ["engine"]
    layer, unit = layer_alone(site, fold, "ecp5")
    name = f"3x3 conv layer, {unit.macs:,} MAC/cycle"
    clocks = {}
    for seed in range(1, seeds + 1):
        report(f"seed {seed} of {seeds}")
        found = measure(layer, "LFE5U-25F", mhz=aim, seed=seed, report=report)
        clocks[seed] = found.fmax_mhz
    yield f"{name}, ecp5", found.lut4 / unit.macs, "LUT4 per MAC", "routed", said
    yield f"{name}, ecp5", found.ebr, "EBR", "routed", said
    for which, choose in (("fastest", max), ("slowest", min)):
        seed = choose(clocks, key=clocks.get)
        what = f"{name}, ecp5, {which} of {seeds} seeds ({seed})"
        yield what, clocks[seed], "MHz", "routed", said
    # The plain form routes for hours; its cells are counted packed.
    plain, _ = layer_alone(site, fold, "plain")
    found = measure(plain, "LFE5U-85F", mhz=aim, route=False, report=report)
    yield f"{name}, plain", found.lut4 / unit.macs, "LUT4 per MAC", "synth", said


def tail(
    graph: Graph, after: str, sizes: Iterable[str], routed: bool, report: Report
) -> Iterator[Row]:
    """The layers of ``graph`` behind tensor ``after`` on one array of each of ``sizes``, alone.

    A size is written as for ``--array``. Parameters come from outside, through their buffer; what
    is not ``routed`` is packed.
    """
    from boards.array_alone import ArrayAlone
    from boards.measure import measure

    _, until = one_stage(graph)
    said, aim, how = "make bench-imagenet", AIM_MHZ["array"], "routed" if routed else "synth"
    for size in sizes:
        stage = passes(graph, fitted(graph, after, until, array_of(size)))
        unit, name = stage.unit, f"{graph.name} behind {after} on an array of {size}"
        macs = sum(step.folds * step.weight_groups * step.steps for step in unit.passes)
        yield name, unit.beats, "cycles", "model", said
        yield f"{name}, busy", 100 * macs / unit.beats, "%", "model", said
        part = ArrayAlone(stage, "ecp5")
        found = measure(part, "LFE5U-85F", route=routed, mhz=aim, report=report)
        yield name, found.lut4 / unit.macs, "LUT4 per MAC", how, said
        yield name, found.ff, "FF", how, said
        yield name, found.ebr, "EBR", how, said
        if routed:
            yield name, found.fmax_mhz, "MHz", how, said


def partitioned(
    name: str, board: str, share: float, mhz: float, levels: int, path: Path, report: Report
) -> Iterator[Row]:
    """A published network, untrained, on the board that has an SDRAM: the fastest way that fits.

    ``levels`` of adders stand between registers. ``path`` is where its folding goes; where nothing
    fits there is none, and what lacks is a row.
    """
    goal = FoldGoal(
        board=board, lut_share=share, mhz=mhz, levels=levels, partition=True, sdram=True, model=None
    )
    said = (
        f"fq-hw fold {name} --board {board} --lut-share {share:g} --mhz {mhz:g} "
        f"--levels-per-stage {levels} --partition --sdram"
    )
    what, told = f"{name}, {board}", []
    try:
        design = Design.of_goal(load_sized(model_file(name)), goal, told.append)
    except CapacityError as error:
        path.unlink(missing_ok=True)
        yield f"{what}: what lacks", str(error), "", "estimate", said
        return
    report(f"{what}: {design}")
    design.save_folding(path)
    yield what, design.interval, "cycles", "model", said
    total = design.resources
    for kind, unit in (("lut", "LUT4"), ("ff", "FF"), ("ebr", "EBR")):
        yield what, getattr(total, kind), unit, "estimate", said
    if design.plan.sdram is not None:
        busy = 100 * design.plan.sdram.beats / design.interval
        yield f"{what}: SDRAM busy", busy, "%", "model", said
    yield f"{what}: at {mhz:g} MHz", mhz * 1e6 / design.interval, "frames/s", "estimate", said
    for line in told:
        if " need at least " in line:  # where anything is faster
            yield f"{what}: what binds", line.removeprefix("partition: "), "", "estimate", said


def beyond(name: str, board: str, after: str, size: str, mhz: float, path: Path) -> None:
    """Write a folding for a network that fits no board, to be simulated: as if ``board`` had room.

    An array of ``size`` behind tensor ``after``, parameters and trunk in the board's SDRAM; before
    it all streams as fast as that takes it.
    """
    graph = load_sized(model_file(name)).graph
    arrays = Arrays(in_turn=((after, one_stage(graph)[1]),), size=size)
    goal = FoldGoal(board=board, mhz=mhz, arrays=arrays, sdram=True, sdram_trunk=True, model=None)
    stages = goal.stages(graph)
    slots = filled_by(graph, stages, goal.slots())
    levels = arrays.array.levels_per_stage
    fold_file.save(path, graph, least_lut(graph, None, levels=levels, arrays=stages, slots=slots))


def cells_of(
    model: Path, fold: Path, folder: Path, report: Report
) -> tuple[Design, dict[str, float]]:
    """A folded model, and its cells of Xilinx's 7 series; ``folder`` keeps the synthesis."""
    from boards.package import synthesise
    from rtl_gen.emit import to_rtlil
    from rtl_gen.top import Accelerator

    design = load(model).design(fold=fold)
    report("generating")
    text = to_rtlil(Accelerator(design.plan, "plain"), "top")
    return design, synthesise(text, FAMILIES["xc7"], folder, report)
