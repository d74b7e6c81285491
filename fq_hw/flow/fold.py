"""How a network is folded for a board: most frames/s that fit, or least LUT and wires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fq_hw import ir
from fq_hw.errors import CapacityError, FoldingError, require
from fq_hw.flow.bars import share_bar
from fq_hw.flow.hardware import MOST_CYCLES, SHIPPED, Arrays, check_cycles, sequential_way
from fq_hw.schedule.conv_parts import ConvSite, Engine
from fq_hw.schedule.fold_search import fastest, least_lut
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.in_turn.lower import passes
from fq_hw.schedule.in_turn.stage import InTurn, Supply
from fq_hw.schedule.lower import Lowering
from fq_hw.schedule.memories import blocks
from fq_hw.schedule.partition_search import fastest_partition
from fq_hw.schedule.resources import PRICED, Resources, resources
from fq_hw.schedule.sdram import Slots, slots_of
from fq_hw.schedule.units import (
    ArrayUnit,
    DepthwiseUnit,
    FoldBufferUnit,
    ProductUnit,
    RomUnit,
    Unit,
)

__all__ = ["HEAD", "KINDS", "FoldGoal", "filled_by", "layer_rows", "sdram_row"]

KINDS = {"LUT": "lut", "FF": "ff", "EBR": "ebr", "multipliers": "multipliers"}
HEAD = (
    "layer", "PE", "SIMD", "columns", "hold", "weights", "products", "cycles", "busy %",
    "MAC/cycle", *KINDS,
)  # fmt: skip
BURST = 256  # words of an SDRAM read at once: 96 % of all cycles give one
LEAST_BURST = 16  # half of whose slot gives none
FF_SHARE = 0.9  # of a board's flip-flops to use at most: they pack more easily than LUTs
Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FoldGoal:
    """What a folding shall reach, and on which board.

    cycles, fps       least LUT for so many cycles a frame, or frames/s at ``mhz``; neither: most
                      frames/s that fit
    margin, lut_share of the board's LUT: the share to leave free (default 0.2), or to use
    levels            adder levels of a dot product between registers
    arrays            what does not stream; or with ``partition`` the solver chooses where to cut,
                      and the size of the array behind it: most frames/s that fit
    sdram             the array's parameters lie in the board's SDRAM, beside a design at ``mhz``
    sdram_trunk       the array's trunk, the sums of its residual blocks, lies there, too; with
                      ``partition`` the solver chooses
    gear              1 or 2: its clock is the design's, or twice as fast and gives two words a
                      cycle; by default the higher where the chip is fast enough
    model             the file that hints name

    Errors call them as the command does: --fps, --lut-share.
    """

    board: str
    cycles: int | None = None
    fps: float | None = None
    margin: float | None = None
    lut_share: float | None = None
    mhz: float = 100.0
    levels: int = 1
    arrays: Arrays = Arrays()
    partition: bool = False
    sdram: bool = False
    sdram_trunk: bool = False
    gear: int | None = None
    model: Path | None = SHIPPED

    def share(self) -> float:
        """The share of a board's LUT that may be used."""
        if self.lut_share is not None:
            name, share = "--lut-share", self.lut_share
            require(0 < share <= 1, name, "must be above 0 and at most 1", share)
            return share
        margin = 0.2 if self.margin is None else self.margin
        require(0 <= margin < 1, "--margin", "must be at least 0 and below 1", margin)
        return 1 - margin

    def asked_cycles(self) -> int | None:
        """Cycles that a frame may take; None for as few as fit."""
        require(1 <= self.mhz <= 1000, "--mhz", "must be in 1..1000", self.mhz)
        if self.cycles is not None:
            check_cycles(self.cycles)
            return self.cycles
        if self.fps is None:
            return None
        most = self.mhz * 1e6
        least = most / MOST_CYCLES
        contract = f"must be in {least:g}..{most:,.0f}, as a frame has 1..{MOST_CYCLES:,} cycles"
        require(least <= self.fps <= most, "--fps", contract, self.fps)
        return int(most / self.fps)

    def find(self, graph: ir.Graph, report: Report = lambda line: None) -> Folding:
        """The folding. Raises CapacityError, with the nearest thing that fits."""
        import boards

        board = boards.find(self.board)
        cycles, share, levels = self.asked_cycles(), self.share(), self.levels
        require(1 <= levels <= 100, "--levels-per-stage", "must be in 1..100", levels)
        limits, slots, stages = limits_of(board, share, graph), self.slots(), self.stages(graph)
        if self.sdram_trunk:
            slots = filled_by(graph, stages, slots)
        if self.partition:
            return self.partitioned(graph, limits, slots, report)
        report("folding" if cycles is None else f"folding for {cycles:,} cycles per frame")
        try:
            return folding_within(graph, cycles, limits, levels, stages, slots, report)
        except CapacityError as error:
            report("looking for the nearest thing that fits")
            nearest = self.nearest_fit(graph, cycles, share, stages)
            whose = "" if board.family == PRICED else f" (prices of {PRICED})"
            raise CapacityError(f"{error} of {board.name}{whose}; {nearest}") from error

    def stages(self, graph: ir.Graph) -> tuple[InTurn, ...]:
        """What arrays compute."""
        supply, trunk = (
            Supply.STREAM if outside else Supply.CHIP for outside in (self.sdram, self.sdram_trunk)
        )
        made = self.arrays.stages(graph)
        return tuple(replace(stage, supply=supply, trunk=trunk) for stage in made)

    def slots(self) -> Slots | None:
        """Those of the board's SDRAM, if it is used."""
        import boards
        from boards.sdram_core import check_makes

        if not self.sdram:
            contract, hint = "says how an SDRAM runs", "add --sdram, or leave it out"
            require(self.gear is None, "--gear", contract, self.gear, hint=hint)
            contract = "puts the trunk beside the parameters in an SDRAM"
            require(not self.sdram_trunk, "--sdram-trunk", contract, hint=hint)
            return None
        contract, hint = (
            "says where a given array's trunk lies",
            "leave it out: --partition chooses",
        )
        given = not (self.sdram_trunk and self.partition)
        require(given, "--sdram-trunk", contract, hint=hint)
        board = boards.find(self.board)
        used, contract = self.arrays or self.partition, "has the parameters of an array"
        require(used, "--sdram", contract, hint="add --partition, --in-turn, --sequential")
        chip, hint = board.sdram, "leave --sdram out, or take a board that has one"
        require(chip, "--sdram", f"{board.name} has none", hint=hint, kind=CapacityError)
        slots = slots_of(chip, self.mhz, BURST, self.gear)
        check_makes(board, slots)
        return slots

    def partitioned(
        self, graph: ir.Graph, limits: Resources, slots: Slots | None, report: Report
    ) -> Folding:
        """The fastest partition; says what binds it."""
        where, contract = "--partition", "chooses the array itself, and goes for most frames/s"
        chosen = not self.arrays and self.cycles is None and self.fps is None
        require(chosen, where, contract, hint="leave the others out")
        report("partition: every cut of the network, every size of array")
        with share_bar("partitions") as tell:
            found = fastest_partition(graph, limits, levels=self.levels, slots=slots, report=tell)
        report(f"partition: the fastest of {found.tried} that fits")
        if found.binds is not None:
            report(f"partition: {found.binds}")
        return found.folding

    def nearest_fit(
        self, graph: ir.Graph, cycles: int | None, share: float, stages: tuple[InTurn, ...]
    ) -> str:
        """The most frames/s that fit the board, or else which board or which hardware would do."""
        import boards

        board = boards.find(self.board)
        tried = limits_of(board, share, graph)
        if cycles is not None:
            try:
                fits = fastest(graph, tried, levels=self.levels, arrays=stages, slots=self.slots())
            except CapacityError:
                pass
            else:
                rate = self.mhz * 1e6 / fits.cycles
                return (
                    f"{rate:,.0f} frames/s at {self.mhz:g} MHz would fit (--cycles {fits.cycles})"
                )
        way = "" if self.arrays else sequential_way(graph, board, self.model)
        way = f"; {way}" if way else ""
        family = board.family  # what an estimate says holds for one
        alike = [board for board in boards.BOARDS if board.family == family]
        for board in sorted(alike, key=lambda board: board.capacity.lut):
            limits = limits_of(board, share, graph)
            if limits.within(tried):  # it has no more of anything
                continue
            try:
                folding_within(graph, cycles, limits, self.levels, stages, self.slots())
            except CapacityError:
                continue
            return f"the smallest board that it fits is {board.name}{way}"
        if not stages:
            way += "; --partition puts the layers of most weights on an array"
        what = "this hardware" if stages else "a unit for each layer"
        return f"{what} fits no {family} board that is known{way}"


def filled_by(graph: ir.Graph, stages: tuple[InTurn, ...], slots: Slots) -> Slots:
    """``slots`` with the longest bursts that the trunks of ``stages`` fill. Raises FoldingError."""
    made = [passes(graph, stage) for stage in stages]
    while True:
        try:
            for one in made:
                one.agenda(slots)
            return slots
        except FoldingError:
            if slots.burst <= LEAST_BURST:
                raise
        slots = replace(slots, burst=slots.burst // 2)


def sdram_row(slots: Slots | None) -> dict | None:
    """How an SDRAM runs."""
    return slots and {
        "chip": slots.chip.name,
        "MHz": slots.gear * slots.clock_mhz,
        "gear": slots.gear,
        "bits per cycle": slots.bits_per_cycle,
    }


def limits_of(board, share: float, graph: ir.Graph) -> Resources:
    """What of ``board`` may be used: shares of its LUT and FF, the block RAMs that the link leaves.

    The board's link keeps two chunks of pixels.
    """
    from boards.protocol import CHUNK_PIXELS

    kept = blocks(2 * CHUNK_PIXELS, 8 * graph.input.shape[2], rom=False)
    have = board.capacity
    return Resources(
        lut=int(have.lut * share),
        ff=int(have.ff * FF_SHARE),
        ebr=max(have.ebr - kept, 0),
        multipliers=have.multipliers,
    )


def folding_within(
    graph: ir.Graph,
    cycles: int | None,
    limits: Resources,
    levels: int,
    stages: tuple[InTurn, ...] = (),
    slots: Slots | None = None,
    report: Report = str,
) -> Folding:
    """Least LUT for so many cycles, or for None the fewest cycles. Raises CapacityError."""
    given = {"levels": levels, "arrays": stages, "slots": slots}
    if cycles is not None:
        return least_lut(graph, cycles, limits, **given)
    with share_bar("cycles per frame") as tell:
        return fastest(graph, limits, report=report, progress=tell, **given)


def place_of(weights: Unit) -> str:
    """Where a layer's weights lie."""
    match weights:
        case FoldBufferUnit():
            return "outside"
        case RomUnit(in_block_ram=False):
            return "logic"
        case _:
            return "EBR"


def products_of(site: ConvSite, engine: Engine) -> str:
    """How a layer multiplies: each of several planes is a PE of its own."""
    match engine:
        case ProductUnit() | DepthwiseUnit(dsp=True):
            return "multipliers"
        case DepthwiseUnit(weight_bits=1):
            return "signs"
        case DepthwiseUnit():
            return "adders"
        case _:
            return "signs" if site.planes == 1 else f"{site.planes} planes"


def layer_rows(lowering: Lowering, interval: int) -> list[dict]:
    """A row a convolution or array with all its units, then one for everything else."""
    layers = [(name, p.engine, p.engine, p.engine.hold, place_of(p.weights),
               products_of(lowering.sites[name], p.engine), p.units)
              for name, p in lowering.parts.items()]  # fmt: skip
    nodes = {node.name: node for node in lowering.nodes}
    for name, node in nodes.items():
        if isinstance(node.unit, ArrayUnit):
            parameters, array = nodes[node.inputs[-1].node].unit, node.unit.array
            place = place_of(parameters)
            layers.append((name, node.unit, array, None, place, None, (node.unit, parameters)))
    rows, spent = [], Resources()
    for name, unit, size, hold, place, products, members in layers:
        need = sum(map(resources, members), Resources())
        spent += need
        rows.append({
            "layer": name,
            "PE": size.pe,
            "SIMD": size.simd,
            "columns": size.columns,
            "hold": hold,
            "weights": place,
            "products": products,
            "cycles": unit.beats,
            "busy %": 100 * unit.beats / interval,
            "MAC/cycle": unit.macs,
            **{key: getattr(need, kind) for key, kind in KINDS.items()},
        })  # fmt: skip
    total = sum((resources(node.unit) for node in lowering.nodes), Resources())
    rest = {key: getattr(total, kind) - getattr(spent, kind) for key, kind in KINDS.items()}
    return [*rows, dict.fromkeys(HEAD) | {"layer": "everything else"} | rest]
