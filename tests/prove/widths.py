"""Dot products of the designs that boards are shipped with: `python tests/prove/widths.py`.

Folding them takes a solver minutes, so what it finds is kept in widths.json beside this file; a
test holds the fastest of them to it.
"""

from __future__ import annotations

import json
from pathlib import Path

from amaranth.hdl import Fragment

import boards
from fq_hw.flow.bitstreams import TASKS, shape
from fq_hw.schedule.two_tree import build
from rtl_gen.dot_product import Dot
from rtl_gen.emit import dot_instances
from rtl_gen.top import Accelerator

__all__ = ["FILE", "dot_of", "kept", "of_board"]

FILE = Path(__file__).with_name("widths.json")


def of_board(name: str) -> list[str]:
    """The dot products of a board's design, each by what makes it different."""
    design, _ = shape(name, TASKS[name], print)
    core = Accelerator(design.plan, boards.find(name).family)
    found = {instance.dot for instance in dot_instances(Fragment.get(core, None))}
    return sorted(map(text_of, found))


def text_of(dot: Dot) -> str:
    """family lanes planes levels, and "masked"."""
    tree = dot.tree
    words = (dot.family, tree.lanes, tree.planes, tree.levels_per_stage or 0)
    return " ".join([*map(str, words), *(["masked"] if dot.masked else [])])


def dot_of(text: str) -> Dot:
    """The dot product of which ``text_of`` says ``text``."""
    family, lanes, planes, levels, *masked = text.split()
    return Dot(build(int(lanes), int(planes), int(levels) or None), family, bool(masked))


def kept() -> dict[str, list[str]]:
    """Board to its dot products."""
    return json.loads(FILE.read_text())


def main() -> None:
    found = {name: of_board(name) for name in TASKS}
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
