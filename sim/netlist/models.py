"""Behavioural models of a family's cells, and what must be known of them to make instances."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fq_hw.errors import one_of
from fq_hw.family import FAMILIES

__all__ = ["FILES", "GLOBAL_RESET", "WIDTH", "Model", "model_files", "models"]

PRIMITIVES = Path(__file__).parents[1] / "primitives"
FILES = {family.name: family.models for family in FAMILIES.values() if family.models}
GLOBAL_RESET = "GLOBAL_RESET"  # a port that all cells which have it share
WIDTH = "WIDTH"  # a parameter of those that stand for a row of cells
PORTS = re.compile(r"(input|output|inout)(?: reg)? ?(\[[^]]*\])? ?([\w ,]+)")
MODULE = re.compile(r"(?ms)^module (\w+)(.*?)\);$")


@dataclass(frozen=True)
class Model:
    """What an instance needs: names of parameters and ports.

    inputs  of the ports
    wide    the ports that have a bit for each cell of a row; none where it is a single cell
    idle    what inputs hear that are open, as far as the device says: a comment `open: 0` or
            `open: 1` in the model's line of them
    """

    parameters: frozenset[str]
    ports: frozenset[str]
    inputs: frozenset[str]
    wide: frozenset[str]
    idle: Mapping[str, str]


def model_files(family: str) -> dict[str, str]:
    """Verilog (name -> text) of the cells of ``family``; ParameterError where nobody wrote it."""
    one_of(family, FILES, "netlist", f"family must be one of {', '.join(FILES)}")
    return {name: (PRIMITIVES / name).read_text() for name in FILES[family]}


@cache
def models(family: str) -> Mapping[str, Model]:
    """The models of ``family`` by their cells' names."""
    text = "\n".join(model_files(family).values())
    return {name: model_of(head) for name, head in MODULE.findall(text)}


def model_of(head: str) -> Model:
    """The model whose Verilog begins with ``head``: its parameters, then its ports."""
    settings, _, ports = head.rpartition("(\n")
    found: dict[str, set[str]] = {"all": set(), "input": set(), "wide": set()}
    idle = {}
    for line in ports.splitlines():
        declared, _, said = line.partition("//")
        way, span, names = PORTS.fullmatch(declared.strip()).groups()
        words = re.findall(r"\w+", names)
        for kind in ("all", way, *["wide"] * (span == f"[{WIDTH}-1:0]")):
            found.setdefault(kind, set()).update(words)
        if said:
            idle |= dict.fromkeys(words, f"1'b{said.split()[-1]}")
    known = frozenset(re.findall(r"(\w+) = ", settings))
    return Model(known, *(frozenset(found[kind]) for kind in ("all", "input", "wide")), idle)
