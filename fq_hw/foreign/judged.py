"""What import and verify say of another tool's model, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fq_hw.errors import GraphError

__all__ = ["Compared", "Judged", "Line", "called"]

Imported = TypeVar("Imported")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A node in the preflight's table, or the output: supported, or why not and what to change."""

    node: str
    kind: str
    supported: bool
    why: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged(Generic[Imported]):
    """A line for every node; the imported model where all of them are supported.

    ``doubt`` names what its owner may have meant otherwise.
    """

    lines: Sequence[Line]
    imported: Imported | None
    doubt: str = ""

    @property
    def model(self) -> Imported:
        """The imported model. Raises GraphError by the name of the first node that is not taken."""
        if self.imported is not None:
            return self.imported
        first = next(line for line in self.lines if not line.supported)
        output = first.kind == "output"
        where = f"output {first.node!r}" if output else called(first.node, first.kind)
        raise GraphError(f"{where}: {first.why}")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One tensor of one image: how many values differ or are ties, and the first that differs.

    ``place`` is its index in the model's layout; ``reference`` and ``found`` are its values there.
    """

    tensor: str
    values: int
    wrong: int
    ties: int = 0
    place: tuple[int, ...] = ()
    reference: float = 0.0
    found: float = 0.0


def called(name: str, kind: str) -> str:
    """How errors call a node."""
    return f"node {name!r} ({kind})"
