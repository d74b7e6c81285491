"""A network on show: a picture goes in, every tensor, every cycle and both answers come out."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import golden
from fq_hw.data import Split
from fq_hw.data.picture import decode_picture
from fq_hw.errors import ArtifactError, FqHwError, SimulationError, one_of, require
from fq_hw.flow.activations import few_levels, planes
from fq_hw.flow.classify import Seen, check_answerable
from fq_hw.flow.images import load_images
from fq_hw.flow.simulate import check_cycles, program_of, simulated
from fq_hw.schedule import timing
from fq_hw.schedule.timeline import Span, unit_spans

if TYPE_CHECKING:
    from boards.accelerator import Accelerator
    from fq_hw.flow.design import Design
    from fq_hw.flow.model import Model

__all__ = ["Exhibit", "Look", "Progress"]

KEPT = 4  # pictures that were shown last
MOST_VALUES = 2**20  # of a tensor that are handed out at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A picture that was shown: its tensors by name, and the golden model's answer."""

    number: int
    tensors: Mapping[str, np.ndarray]
    seen: Seen


@dataclass(kw_only=True)
class Progress:
    """How far the simulated hardware is: building, ready, or failed and why; what it does now."""

    state: str = "building"
    doing: str = "begins"
    seconds: float = field(default_factory=time.monotonic)

    def data(self) -> dict:
        """The same for machines; seconds since it began."""
        return {
            "state": self.state,
            "doing": self.doing,
            "seconds": time.monotonic() - self.seconds,
        }


class Exhibit:
    """A model and its design, and the pictures that somebody shows them.

    ``board`` runs the same network, where there is one, at ``port``. Methods may be called by
    several threads. Raises ArtifactError for a network with random weights, ParameterError for one
    whose images have neither 1 nor 3 colours.
    """

    def __init__(
        self, model: Model, design: Design, board: Accelerator | None = None, port: str = ""
    ):
        check_answerable(model)
        self.model, self.design = model, design
        self.board, self.port, self.asking = board, port, threading.Lock()
        self.looks: OrderedDict[int, Look] = OrderedDict()
        self.numbers, self.lock = itertools.count(1), threading.Lock()
        self.progress, self.running = Progress(), threading.Lock()
        self.reading = threading.Lock()  # a picture may take 600 MB for a moment
        self.spans: Mapping[str, tuple[Span, ...]] = {}
        self.predicted: timing.Schedule | None = None
        self.program: Path | None = None
        self.tests: Split | None = None
        self.next_test = itertools.count()

    def prepare(self) -> None:
        """Run the cycle model, and build the simulator; ``progress`` tells how far it is."""
        try:
            self._tell("cycle model: when each beat of a frame moves")
            self.predicted = timing.simulate(self.design.plan, 2)
            self.spans = unit_spans(self.design.plan, 1)
            self.program = program_of(self.design.plan, self.predicted.interval, self._tell)
        except (FqHwError, ModuleNotFoundError) as error:
            hint = f"needs {getattr(error, 'name', '')}; install it with: pip install -e '.[hw]'"
            self._end("failed", hint if isinstance(error, ModuleNotFoundError) else str(error))
        else:
            self._end("ready", "")
        finally:
            if self.progress.state == "building":
                self._end("failed", "an error of fq-hw itself; its terminal tells more")

    def _end(self, state: str, doing: str) -> None:
        self._tell(doing)
        self.progress.state = state

    def _tell(self, doing: str) -> None:
        self.progress.doing = doing

    def network(self) -> dict:
        """What the page draws before it has a picture."""
        graph, source = self.model.graph, self.model.source
        return {
            "name": self.model.name,
            "image": list(self.model.image),
            "classes": list(self.model.classes),
            "weights": self.model.weight_count,
            "examples": self._has_tests(),
            "board": self.port if self.board else None,
            "trained on": source.kind.value if source else None,
            "tensors": [
                {
                    "name": op.name,
                    "kind": type(op).__name__,
                    "type": str(graph.types[op.name]),
                    "shape": list(graph.types[op.name].shape),
                    "signed": graph.types[op.name].signed,
                    "few": few_levels(graph.types[op.name]),
                    "bits": graph.types[op.name].bits,
                    "planes": planes(graph, op),
                }
                for op in graph.ops
            ],
        }

    def cycles(self) -> dict | None:
        """Of a frame: latency, interval, and by tensor from which cycle to which; None yet."""
        if self.predicted is None or not self.spans:
            return None
        units = {node.tensor: node.name for node in self.design.plan.nodes if node.tensor}
        spans = {
            tensor: list(self.spans[unit][0]) for tensor, unit in units.items()
            if unit in self.spans
        }  # fmt: skip
        return {
            "latency": self.predicted.latency,
            "interval": self.predicted.interval,
            "spans": spans,
        }

    def look(self, content: bytes) -> Look:
        """Show a picture file. Raises ArtifactError for what is none, or would need a guess."""
        with self.reading:
            image = decode_picture(content, self.model.image, "picture")
        return self._shown(image, "picture")

    def example(self) -> tuple[Look, str]:
        """Show the next image of the test split; the name of its class, too."""
        require(self._has_tests(), "examples", "its test images are not here", kind=ArtifactError)
        with self.lock:
            if self.tests is None:
                self.tests = load_images(self.model).test()
            number = next(self.next_test) % len(self.tests)
        label = int(self.tests.labels[number])
        look = self._shown(self.tests.images[number], f"test image {number}")
        return look, self.model.classes[label]

    def _has_tests(self) -> bool:
        source = self.model.source
        if source is None:
            return False
        return source.path is None or Path(source.path).exists()

    def _shown(self, image: np.ndarray, name: str) -> Look:
        graph = self.model.graph
        began = time.perf_counter()
        tensors = golden.run(graph, image[None])
        seconds = time.perf_counter() - began
        scores = tuple(tensors[graph.ops[-2].name].reshape(-1).tolist())
        seen = Seen(picture=name, classes=self.model.classes, scores=scores, seconds=seconds)
        with self.lock:
            look = Look(number=next(self.numbers), tensors=tensors, seen=seen)
            self.looks[look.number] = look
            while len(self.looks) > KEPT:
                self.looks.popitem(last=False)
        return look

    def find(self, number: int) -> Look:
        """A picture that was shown. Raises ParameterError for one that is no longer kept."""
        with self.lock:
            one_of(number, self.looks, "picture", "must be one of those that were shown last")
            return self.looks[number]

    def tensor(self, look: Look, number: int, first: int = 0) -> dict:
        """Channels of a tensor from ``first`` on, as many as are handed out at a time."""
        ops = self.model.graph.ops
        where = "tensor"
        require(0 <= number < len(ops), where, f"must be in 0..{len(ops) - 1}", number)
        values = look.tensors[ops[number].name][0]
        height, width, channels = values.shape
        require(0 <= first < channels, where, f"has {channels} channels", first)
        count = min(max(MOST_VALUES // (height * width), 1), channels - first)
        shown = values[..., first : first + count]
        return {
            "name": ops[number].name,
            "first": first,
            "count": count,
            "low": int(values.min()),
            "high": int(values.max()),
            "values": np.moveaxis(shown, 2, 0),
        }

    def simulate(self, look: Look) -> dict:
        """What the Verilog gives for a picture, and in which cycle.

        Raises SimulationError unless it is what golden model and cycle model say.
        """
        state, predicted = self.progress.state, self.predicted
        contract = "is not built yet" if state == "building" else "could not be built"
        require(state == "ready", "simulated hardware", contract, kind=SimulationError)
        assert predicted is not None
        image = look.tensors[self.model.graph.input.name]
        plan, where = self.design.plan, f"rtl-sim {self.model.name!r}"
        with self.running:
            ran = simulated(plan, image, predicted.interval, lambda line: None, self.program)
        scores = tuple(ran.scores[0].tolist())
        contract = f"its scores must be the golden model's, {look.seen.scores}"
        require(scores == look.seen.scores, where, contract, scores, kind=SimulationError)
        check_cycles(where, predicted, ran)
        answer = Seen(picture=look.seen.picture, classes=look.seen.classes, scores=scores,
                      seconds=look.seen.seconds, cycle=ran.results[0],
                      predicted=predicted.results[0])  # fmt: skip
        return answer.data() | {"seconds": ran.seconds, "cycles simulated": ran.cycles}

    def ask(self, look: Look) -> dict:
        """What the board says of a picture, and in how many seconds.

        Raises ParameterError where there is no board, LinkError where it does not answer, or with
        other scores than the golden model's.
        """
        require(self.board is not None, "board", "there is none", hint="fq-hw serve --device PORT")
        assert self.board is not None
        from boards.link import LinkError

        image = look.tensors[self.model.graph.input.name][0]
        with self.asking:
            began = time.perf_counter()
            answer = self.board.classify(image.astype(np.uint8))
            seconds = time.perf_counter() - began
        contract = f"its scores must be the golden model's, {look.seen.scores}"
        same = answer.scores == look.seen.scores
        require(same, f"board at {self.port}", contract, answer.scores, kind=LinkError)
        return {"class": answer.name, "scores": list(answer.scores), "seconds": seconds}
