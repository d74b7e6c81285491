"""LiteRT's reference kernels beside the integers, tensor by tensor: every one must be equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fq_hw import golden
from fq_hw.errors import ArtifactError, ToolError, require
from fq_hw.foreign.apart import apart
from fq_hw.foreign.judged import Compared
from fq_hw.foreign.tflite.importer import ZERO, Imported
from fq_hw.foreign.tflite.reading import Network

__all__ = ["Reference", "compare"]

MOST_MEMORY = 2**31  # bytes: the library itself takes a quarter of it


def interpreter(content: bytes) -> Any:
    """LiteRT's interpreter of a file's content. Raises ArtifactError where it refuses that."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ModuleNotFoundError as error:
        message = f"verify: needs {error.name}; install it with: pip install -e '.[tflite]'"
        raise ToolError(message) from error
    try:
        made = Interpreter(
            model_content=content,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        made.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise ArtifactError(f"verify: LiteRT cannot run the model ({said})") from error
    return made


def tried(content: bytes) -> bytes:
    """Run a file once: what ends this process ends it here."""
    interpreter(content).invoke()
    return b""


class Reference:
    """LiteRT's interpreter with its reference kernels, whose other kernels round otherwise.

    Raises ArtifactError for a file that LiteRT refuses, or that ends the process that it runs in.
    """

    def __init__(self, network: Network):
        apart(lambda: tried(network.content), "verify", who="LiteRT", memory=MOST_MEMORY)
        self.network, self.interpreter = network, interpreter(network.content)

    def run(self, levels: np.ndarray) -> None:
        """Compute all tensors of one input, uint8 H,W,C: each byte is the int8 plus 128."""
        tensor, entry = (self.network.tensors[n] for n in (self.network.input, self.network.entry))
        given = levels.reshape(tensor.shape)
        if tensor.kind is not np.uint8:
            given = (given.astype(np.int16) - ZERO).astype(np.int8)
        if tensor.kind is np.float32:  # so that the first operator makes the same int8 of them
            given = (given.astype(np.float32) - np.float32(entry.zero[0])) * entry.scale[0]
        self.interpreter.set_tensor(self.network.input, given)
        self.interpreter.invoke()

    def tensor(self, number: int) -> np.ndarray:
        """One of them, int8."""
        return self.interpreter.get_tensor(number)


def compare(reference: Reference, imported: Imported, image: np.ndarray) -> Iterator[Compared]:
    """Every tensor of one input, in the order of the graph."""
    reference.run(image)
    found = golden.run(imported.graph, image[None])
    for number, name in imported.tensors.items():
        want = reference.tensor(number)
        said = reference.network.tensors[number].shape
        contract, hint = f"must have shape {said}, as the file says", "convert the model again"
        fits = want.size == found[name].size
        require(fits, f"tensor {number}", contract, want.shape, hint=hint, kind=ArtifactError)
        have = (found[name].astype(np.int16) - ZERO).reshape(want.shape)
        differ = np.argwhere(have != want)
        place = tuple(int(n) for n in differ[0]) if len(differ) else ()
        yield Compared(
            tensor=name, values=want.size, wrong=len(differ), place=place,
            reference=float(want[place]) if place else 0.0,
            found=float(have[place]) if place else 0.0,
        )  # fmt: skip
