"""What commands leave behind for a report: plain records, each a JSON file of its own.

``fq-hw build`` writes design, routed and placement into its work folder, ``fq-hw sim`` and
``fq-hw golden`` one file a network below build/. Same input, same bytes: no times, no hosts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fq_hw.errors import ArtifactError, require

__all__ = [
    "Accuracy",
    "Cells",
    "DesignRecord",
    "DeviceRow",
    "Findings",
    "GoldenRecord",
    "LayerRow",
    "OpRow",
    "PlacementRecord",
    "RoutedRecord",
    "SeedRow",
    "SimRecord",
    "SlowestPath",
    "UnitRow",
]


MOST_MHZ = 10_000
Cells = dict[str, dict[str, tuple[tuple[int, int, int], ...]]]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """``right`` of the ``images`` of the named data."""

    data: str
    images: int
    right: int

    def __post_init__(self) -> None:
        counted = 0 <= self.right <= self.images and self.images >= 1
        require(counted, "accuracy", "needs images, of which no more are right", self.right)

    @property
    def percent(self) -> float:
        """Top-1."""
        return 100 * self.right / self.images


@dataclass(frozen=True, kw_only=True)
class OpRow:
    """An op of the graph and the tensor that it gives; ``layer`` is where hardware computes it."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    type: str
    layer: str
    weights: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """A convolution, or an array, with all its units; sizes are None where nothing is folded.

    cycles, busy_percent  of its dot products, in a frame
    macs_per_cycle        that it can do
    macs, bytes_in        of a frame: what it does, and what streams in for it
    """

    name: str
    kind: str
    pe: int | None = None
    simd: int | None = None
    columns: int | None = None
    weights: str | None = None
    cycles: int | None = None
    busy_percent: float | None = None
    macs_per_cycle: int | None = None
    macs: int
    bytes_in: int
    lut: int
    ff: int
    ebr: int
    spram: int
    multipliers: int = 0


@dataclass(frozen=True, kw_only=True)
class UnitRow:
    """A unit of the plan.

    word       its name in the Verilog
    spans      first beat in and last beat out of the first frames; none of what gives constants
    lut, ff    estimated; blocks are exact
    """

    name: str
    kind: str
    layer: str
    word: str
    cycles: int
    busy_percent: float
    macs_per_cycle: int | None
    lut: int
    ff: int
    ebr: int
    spram: int
    multipliers: int = 0
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    """A board's device: what it has, its tiles where they are known, and what its link carries."""

    board: str
    family: str
    title: str
    clock_mhz: float
    lut: int
    ff: int
    ebr: int
    spram: int
    source: str
    link: str
    link_bytes: int
    link_frames_per_second: float
    grid: tuple[int, int] | None = None
    multipliers: int = 0


@dataclass(frozen=True, kw_only=True)
class DesignRecord:
    """A network and its hardware, as planned.

    graph, design  digests, by which other records say that they are of the same
    model, options of the commands that make it again; ``untrained`` says what weights are worth
    build          options of `fq-hw build` beside these: the board, the clock, the seeds
    tag            what its files are called beside the network's name
    priced         the family that estimated LUT4 and flip-flops hold for
    slower         why a frame takes longer than asked for
    """

    KIND = "fq_hw.report.design.1"

    network: str
    model: str
    options: tuple[str, ...]
    build: tuple[str, ...]
    tag: str
    graph: str
    design: str
    untrained: str | None
    image: tuple[int, ...]
    classes: tuple[str, ...]
    weights: int
    macs: int
    accuracy: Accuracy | None
    interval: int
    latency: int
    busiest: str
    slower: str | None
    priced: str
    lut: int
    ff: int
    ebr: int
    spram: int
    device: DeviceRow
    ops: tuple[OpRow, ...]
    layers: tuple[LayerRow, ...]
    units: tuple[UnitRow, ...]
    multipliers: int = 0

    def __post_init__(self) -> None:
        layers, known = {row.name for row in self.layers}, set()
        for op in self.ops:
            ahead = set(op.inputs) <= known and op.layer in layers | {""}
            require(ahead, f"op {op.name!r}", "has inputs before it and a layer", op.inputs)
            known.add(op.name)
        lost = sorted({unit.layer for unit in self.units} - layers)
        require(not lost, "units", "must be of layers that are there", lost)
        works = any(unit.spans for unit in self.units)
        require(works and self.ops, "design", "must have tensors, and units that work", None)
        names = {unit.name for unit in self.units}
        require(self.busiest in names, "busiest", "must be a unit", self.busiest)
        least = min(self.interval, self.latency, *self.image, self.device.lut, self.device.ebr)
        require(least >= 1, "design", "must have cycles, pixels and a device", least)

    @property
    def told(self) -> list[str]:
        """Model and options as a command has them."""
        return [*([self.model] if self.model else []), *self.options]


@dataclass(frozen=True, kw_only=True)
class SeedRow:
    """A seed of the placer, and its clock or its error."""

    seed: int
    fmax_mhz: float | None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class SlowestPath:
    """What limits the clock: the parts of the design where it begins and ends, and its time."""

    begins: str
    ends: str
    cells_ns: float
    wires_ns: float


@dataclass(frozen=True, kw_only=True)
class RoutedRecord:
    """What the router said; ``seed`` is the one whose bitstream it is."""

    KIND = "fq_hw.report.routed.1"

    board: str
    router: str
    seed: int
    clock_mhz: float
    aim_mhz: float
    fmax_mhz: float
    lut4: int
    ff: int
    ebr: int
    spram: int
    multipliers: int
    seeds: tuple[SeedRow, ...]
    slowest: SlowestPath | None = None

    def __post_init__(self) -> None:
        clocks = (self.clock_mhz, self.aim_mhz, self.fmax_mhz)
        fits = all(0 < clock <= MOST_MHZ for clock in clocks)
        require(fits, "routed", f"clocks must be above 0 and at most {MOST_MHZ} MHz", clocks)


@dataclass(frozen=True, kw_only=True)
class PlacementRecord:
    """Where cells lie: by scope of the design and kind of cell, column, row, how many.

    ``counted``: the kinds that stand for LUT4, flip-flops, blocks.
    """

    KIND = "fq_hw.report.placement.1"

    counted: dict[str, str]
    cells: Cells


@dataclass(frozen=True, kw_only=True)
class GoldenRecord:
    """Accuracy of the integers; row = true class, column = what the model said, in images."""

    KIND = "fq_hw.report.golden.1"

    network: str
    graph: str
    accuracy: Accuracy
    confusion: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        classes = len(self.confusion)
        square = all(len(row) == classes and min(row) >= 0 for row in self.confusion)
        require(classes and square, "confusion", "needs a count for every two classes", classes)
        counted = sum(map(sum, self.confusion)), sum(self.confusion[n][n] for n in range(classes))
        told = self.accuracy.images, self.accuracy.right
        require(counted == told, "confusion", f"must be of {told} images and right ones", counted)


@dataclass(frozen=True, kw_only=True)
class SimRecord:
    """Verilog beside the golden model; ``golden`` is over the whole test split."""

    KIND = "fq_hw.report.sim.1"

    network: str
    graph: str
    design: str
    images: int
    golden: GoldenRecord
    simulated: Accuracy
    golden_there: Accuracy
    levels: int
    levels_wrong: int
    scores: int
    scores_wrong: int
    interval: int
    latency: int


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that is recorded of a design; what is None nobody has measured.

    path  of the page, beside the bitstream that is there or would be
    """

    path: Path
    design: DesignRecord
    routed: RoutedRecord | None = None
    placement: PlacementRecord | None = None
    sim: SimRecord | None = None
    golden: GoldenRecord | None = None

    def __post_init__(self) -> None:
        classes = len(self.design.classes)
        for one in (self.golden, self.sim and self.sim.golden):
            same = one is None or len(one.confusion) == classes
            contract = f"must be of the {classes} classes of the design"
            require(same, "confusion", contract, one and len(one.confusion), kind=ArtifactError)
