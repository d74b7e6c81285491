"""A model: its integer graph, what its file says of it, and what the golden model gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import artifact, checkpoint, export, golden, ir
from fq_hw.data import DataKind, digits
from fq_hw.data.meaning import Meaning
from fq_hw.data.source import Source
from fq_hw.errors import ArtifactError, one_of, require
from fq_hw.fixed import export as fixed_export
from fq_hw.fixed import saved
from fq_hw.float_network import FloatNetwork
from fq_hw.flow.hardware import SHIPPED, Arrays, Hardware
from fq_hw.ir import serialize
from fq_hw.passes import lower_graph

if TYPE_CHECKING:
    from fq_hw.flow.classify import Seen
    from fq_hw.flow.design import Design

__all__ = ["SHIPPED", "Model", "load_model"]


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Model:
    """A graph ready for golden model and hardware, and what its file says of it.

    accuracy   of the float network on its test split; None where the file does not say
    exported   what export made of a checkpoint, with the error of its ranking
    source     the images that it was trained on, and the names of the classes
    weights    what its weights are worth; None where they are trained
    path       the file that it came from
    """

    graph: ir.Graph
    accuracy: checkpoint.Accuracy | None = None
    exported: export.Exported | None = None
    source: Source | None = None
    weights: str | None = None
    path: Path | None = None

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.image))
        worth = f", {self.weights}" if self.weights else ""
        return (
            f"<Model {self.name!r}: image {shape}, {self.graph.classes} classes, "
            f"{self.weight_count:,} weights{worth}>"
        )

    @property
    def name(self) -> str:
        """Name of the network."""
        return self.graph.name

    @property
    def image(self) -> tuple[int, ...]:
        """Height, width, colours."""
        return self.graph.input.shape

    @property
    def meaning(self) -> Meaning | None:
        """What a byte of the image is, where its file says so."""
        return None if self.graph.input.meaning is None else Meaning(*self.graph.input.meaning)

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of every label: as its file has them, else "class 0" and so on."""
        if self.source is not None:
            return self.source.classes
        return tuple(f"class {label}" for label in range(self.graph.classes))

    @property
    def weight_count(self) -> int:
        """How many weights all convolutions have."""
        return sum(op.weight.size for op in self.graph.ops if isinstance(op, ir.Conv))

    @property
    def trunk_bits(self) -> int | None:
        """Bits of the widest sum of residuals, by range analysis; None where there is none."""
        types = self.graph.types
        sums = (types[op.name].bits for op in self.graph.ops if isinstance(op, ir.Add))
        return max(sums, default=None)

    def lowered(self) -> Model:
        """The same after all passes, which change no tensor; a graph file may lack them."""
        return replace(self, graph=lower_graph(self.graph))

    def design(
        self,
        hardware: Hardware | None = None,
        *,
        cycles: int | None = None,
        fold: Path | None = None,
        board: str | None = None,
        array: str | None = None,
        in_turn: Sequence[tuple[str, str]] = (),
    ) -> Design:
        """The hardware of this model, as ``hardware`` says or the others.

        cycles   least LUT that needs at most so many cycles per frame (default 9,216)
        fold     as a file says that ``fq-hw fold`` or ``Design.save_folding`` wrote
        board    most frames/s that fit a board, by name; a fifth of its LUT stays free
        in_turn  stretches that an array computes, each by the tensor before it and its last one
        array    its size, COLUMNSxPExSIMD, as "8x2x16"; without ``in_turn`` it computes all layers

        Raises ParameterError, FoldingError, ArtifactError, and CapacityError for a board that is
        too small.
        """
        from fq_hw.flow.design import Design

        stretches = tuple((after, until) for after, until in in_turn)
        alone = array is not None and not stretches
        arrays = Arrays(sequential=alone, in_turn=stretches, size=array)
        ways = (hardware, cycles, fold, board)
        where, contract = f"model {self.name!r}", "takes one of hardware, cycles, fold, board"
        require(sum(way is not None for way in ways) <= 1, where, contract)
        contract = "takes in_turn and array as hardware.arrays, where there is hardware"
        require(hardware is None or not arrays, where, contract)
        if board is not None:
            from fq_hw.flow.fold import FoldGoal

            return Design.of_goal(self, FoldGoal(board=board, arrays=arrays))
        if hardware is None:
            hardware = Hardware(cycles=cycles, fold=fold, arrays=arrays)
        return Design(model=self, hardware=hardware, folding=hardware.folding(self.graph))

    def labels(
        self, images: np.ndarray, report: Callable[[int], None] = lambda images: None
    ) -> np.ndarray:
        """The class of each of the uint8 images N,H,W,C: int64 N; by the golden model.

        ``report`` hears how many more images are done. Raises GraphError for other images.
        """
        return golden.labels(self.graph, images, report)

    def scores(self, images: np.ndarray) -> np.ndarray:
        """The integer score of each class: N,classes. Raises GraphError for other images."""
        return self.tensor(images, self.graph.ops[-2].name).reshape(len(images), -1)

    def tensor(self, images: np.ndarray, name: str) -> np.ndarray:
        """The integers that op ``name`` gives for uint8 images N,H,W,C: N and the op's shape.

        ``graph.ops`` has the names. Raises ParameterError for a name that is not among them.
        """
        one_of(name, [op.name for op in self.graph.ops], f"model {self.name!r}: tensor")
        found = [tensors[name] for tensors in golden.batches(self.graph, images)]
        shape = self.graph.types[name].shape
        return np.concatenate(found) if found else np.zeros((0, *shape), np.int64)

    def classify(
        self,
        *pictures: str | Path,
        on: str = "golden",
        design: Design | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> list[Seen]:
        """The answer to each picture file, and to those below folders.

        on      "golden", or "sim": the Verilog of ``design`` (default ``self.design()``) too, whose
                scores and cycles are refused unless they are those of golden and cycle model

        Raises ArtifactError for what is no picture, ToolError where Verilator is missing.
        """
        from fq_hw.flow.classify import On, classify, open_pictures

        one_of(on, [way.value for way in On], "classify: on")
        files = open_pictures(self, [Path(picture) for picture in pictures])
        if On(on) is On.SIM:
            design = design or self.design()
        seen, _ = classify(self, files, design if On(on) is On.SIM else None, report)
        return seen

    def save(self, path: Path) -> None:
        """Write the graph and its source. Raises ArtifactError where nothing can be written."""
        serialize.save(path, self.graph, self.source)


def load_model(path: Path) -> Model:
    """Read a checkpoint or a fixed-point network (and export it) or a graph.

    Raises ArtifactError for a configuration, a float network, and every file that is damaged.
    """
    contract = "is a configuration and has no weights"
    hint = f"`fq-hw train {path}` trains it; --untrained takes random ones, to try everything else"
    configuration = path.suffix == ".toml" and path.is_file()
    require(not configuration, f"{path}", contract, hint=hint, kind=ArtifactError)
    family = (artifact.kind(path) or "").rpartition(".")[0]  # each says which versions it reads
    if family == serialize.KIND.rpartition(".")[0]:
        graph, source = serialize.load_with_source(path)
        return Model(graph=graph, source=source, path=path)
    if family == saved.KIND.rpartition(".")[0]:
        found = saved.read(path)
        name = found.fixed.network.name
        graph = lower_graph(ir.Graph.from_nodes(name, fixed_export.export(found.fixed)))
        return Model(graph=graph, accuracy=found.accuracy, source=found.source, path=path)
    trained = checkpoint.read(path)
    of_float = isinstance(trained.network, FloatNetwork)
    contract, hint = "holds a float network, not a quantized one", "`fq-hw search` quantizes it"
    require(not of_float, f"{path}", contract, hint=hint, kind=ArtifactError)
    exported = export.export(trained)
    graph = lower_graph(ir.Graph.from_nodes(exported.name, exported.nodes))
    return Model(
        graph=graph,
        accuracy=trained.accuracy,
        exported=exported,
        source=source_of(trained),
        path=path,
    )


def source_of(trained: checkpoint.Checkpoint) -> Source | None:
    """What it was trained on; files from before that record name the built-in digits at least."""
    built_in = digits.load_digits_over_photos()
    if trained.source is None and trained.accuracy and trained.accuracy.data == built_in.name:
        image, classes = trained.network.image, built_in.classes
        return Source(kind=DataKind.DIGITS, image=image, classes=classes)
    return trained.source
