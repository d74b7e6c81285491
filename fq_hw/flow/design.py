"""A design: a model with its hardware, to be estimated, emitted, simulated and built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw.errors import one_of, require
from fq_hw.files import as_file_name, check_output, write_together
from fq_hw.flow import fold_file
from fq_hw.flow.estimate import unit_rows
from fq_hw.flow.fold import FoldGoal, layer_rows
from fq_hw.flow.hardware import Hardware
from fq_hw.flow.images import example_image, load_images
from fq_hw.flow.model import Model
from fq_hw.schedule.folding import Folding
from fq_hw.schedule.lower import Lowering
from fq_hw.schedule.plan import Plan
from fq_hw.schedule.resources import Resources, plan_resources
from fq_hw.schedule.timing import Schedule, simulate

if TYPE_CHECKING:
    import numpy as np

    from boards.build import BuildResult
    from fq_hw.data import Data
    from fq_hw.flow.simulate import Comparison
    from sim.handout import Product

__all__ = ["Design", "Emitted", "check_verilog"]

FRAMES = 6  # so many results the cycle model follows


def check_verilog(family: str, top: str, bus: str = "stream", bus_width: int | None = None) -> None:
    """Raise ParameterError unless Verilog has that form and bus, and ``top`` is a name."""
    from bus import Bus
    from rtl_gen.dot_product import FAMILIES
    from sim.handout import check_top

    one_of(family, FAMILIES, "--family")
    check_top(top)
    Bus(kind=bus, width=bus_width)


@dataclass(frozen=True, kw_only=True)
class Emitted:
    """Verilog that was written: what it is, how many lines, and the files beside it."""

    product: Product
    lines: int
    beside: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Design:
    """The hardware of a model: what was asked for, what it became. ``Model.design`` makes it."""

    model: Model
    hardware: Hardware
    folding: Folding

    @classmethod
    def of_goal(
        cls, model: Model, goal: FoldGoal, report: Callable[[str], None] = lambda line: None
    ) -> Design:
        """Fold ``model`` for a board. Raises CapacityError, with the nearest thing that fits."""
        folding = goal.find(model.graph, report)
        return cls(model=model, hardware=Hardware(cycles=folding.cycles), folding=folding)

    @cached_property
    def lowering(self) -> Lowering:
        """The graph lowered by its folding."""
        folding = self.folding
        return Lowering(self.model.graph, folding.folds, folding.cycles, **folding.more)

    @cached_property
    def plan(self) -> Plan:
        """Its units and the streams between them."""
        return self.lowering.plan

    def __repr__(self) -> str:
        return (
            f"<Design {self.plan.name!r}: {self.interval:,} cycles per frame, latency "
            f"{self.latency:,} cycles>"
        )

    @cached_property
    def schedule(self) -> Schedule:
        """In which cycles the first pixel and the results move: exact, as simulation shows."""
        return simulate(self.plan, FRAMES)

    @property
    def interval(self) -> int:
        """Cycles per frame."""
        return self.schedule.interval

    @property
    def latency(self) -> int:
        """Cycles from a frame's first pixel to its result."""
        return self.schedule.latency

    @property
    def slower(self) -> str | None:
        """Why a frame takes more cycles than asked for; None where it does not."""
        return self.hardware.slower(self.plan, self.interval)

    @property
    def resources(self) -> Resources:
        """LUT4, flip-flops, block RAMs: an estimate for ECP5."""
        return plan_resources(self.plan)

    @property
    def units(self) -> list[dict]:
        """A row a unit: cycles per frame, busy %, MAC/cycle, resources."""
        return unit_rows(self.plan)

    @property
    def layers(self) -> list[dict]:
        """A row a convolution or array with all its units, then one for the rest."""
        return layer_rows(self.lowering, self.interval)

    def save_folding(self, path: Path) -> None:
        """Write the folding, for ``Model.design(fold=path)``."""
        fold_file.save(path, self.model.graph, self.folding)

    def product(
        self,
        family: str = "plain",
        top: str = "accelerator",
        bus: str = "stream",
        bus_width: int | None = None,
    ) -> Product:
        """What Verilog's head, instantiation and bench tell: widths, classes, cycles."""
        from bus import Bus
        from sim.handout import Product

        check_verilog(family, top)
        contract = "has parameters in an SDRAM, whose pins and pads are those of a board"
        hint = "`fq-hw build` makes its bitstream; for other designs fold without --sdram"
        inside = self.plan.sdram is None
        require(inside, f"Verilog of {self.plan.name!r}", contract, hint=hint)
        classes = self.model.source.classes if self.model.source else ()
        return Product(
            plan=self.plan,
            schedule=simulate(self.plan, 3),
            top=top,
            family=family,
            classes=classes,
            bus=Bus(kind=bus, width=bus_width),
        )

    def verilog(
        self,
        family: str = "plain",
        top: str = "accelerator",
        bus: str = "stream",
        bus_width: int | None = None,
    ) -> str:
        """The module ``top``: clk, rst, and the streams i (a pixel a beat) and o.

        ``family`` is the form of the dot products: plain (any device), ecp5, gowin, gw5a, ice40;
        ``bus`` the ports: stream, axi4-stream (with ``bus_width`` in beats of so many bits),
        wishbone. Raises ParameterError for others, or for a name that Verilog cannot have.
        """
        return self._text(self.product(family, top, bus, bus_width))

    def _text(self, product: Product) -> str:
        """The Verilog of ``product``."""
        from bus.wrapped import wrapped
        from sim.handout import design

        core = wrapped(self.plan, product.schedule, product.bus, product.family)
        return design(product, core)

    def write_verilog(
        self,
        path: str | Path,
        family: str = "plain",
        top: str = "accelerator",
        image: np.ndarray | None = None,
        bus: str = "stream",
        bus_width: int | None = None,
    ) -> Emitted:
        """Write ``verilog`` to ``path``; beside it an instantiation, a bench, primitives, C.

        The bench shows ``image``, uint8 H,W,C; by default ``example_image``. Raises ArtifactError
        where nothing can be written.
        """
        from sim.handout import handout

        path, product = Path(path), self.product(family, top, bus, bus_width)
        image = example_image(self.model) if image is None else image
        beside = handout(product, self.model.graph, image, as_file_name(path.stem))
        files = {path.with_name(name): content for name, content in beside.items()}
        for file in files:
            check_output(file, f"--out {file}")
        files[path] = text = self._text(product)
        write_together(files, "--out")
        others = tuple(path.with_name(name) for name in beside)
        return Emitted(product=product, lines=text.count("\n"), beside=others)

    def compare(
        self, images: Data | None = None, count: int = 50, level_images: int | None = None
    ) -> Comparison:
        """Simulate ``count`` test images in Verilator beside the golden model; see ``simulate``.

        ``images`` are by default those that the model was trained on. Raises SimulationError where
        a value or a cycle differs, ToolError where Verilator is missing.
        """
        from fq_hw.flow.simulate import check_sizes, compare

        check_sizes(count, level_images)
        found = compare(self, lambda: images or load_images(self.model), count, level_images)
        found.check()
        return found

    def build(self, board: str, out: Path | None = None, **options) -> BuildResult:
        """The bitstream for a board, by name, in ``out``; ``options`` are those of ``BuildGoal``.

        Raises ParameterError, CapacityError where it does not fit, ToolError where a tool fails.
        """
        from fq_hw.flow.build import BuildGoal

        goal = BuildGoal(board=board, out=out, model=self.model.path, **options)
        goal.check()
        return goal.build(self)
