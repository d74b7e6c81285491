"""Dot products of the designs that boards are shipped with: `python tests/prove/widths.py`.

Folding them takes a solver minutes, so what it finds is kept in widths.json beside this file; a
test holds the fastest of them to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import boards
from fq_hw.flow.bitstreams import TASKS, shape
from rtl_gen.dot_product import Dot
from rtl_gen.emit import dot_instances
from rtl_gen.top import Accelerator

__all__ = ["FILE", "kept", "of_board"]

FILE = Path(__file__).with_name("widths.json")


def of_board(name: str) -> list[str]:
    """The dot products of a board's design, each by what makes it different."""
    design, _ = shape(name, TASKS[name], print)
    core = Accelerator(design.plan, boards.find(name).family)
    found = {instance.dot for instance in dot_instances(fragment(core))}
    return sorted(map(text_of, found))


def fragment(core):
    from amaranth.hdl import Fragment

    return Fragment.get(core, None)


def text_of(dot: Dot) -> str:
    """family lanes planes levels, and "masked"."""
    tree = dot.tree
    words = (dot.family, tree.lanes, tree.planes, tree.levels_per_stage or 0)
    return " ".join([*map(str, words), *(["masked"] if dot.masked else [])])


def kept() -> dict[str, list[str]]:
    """Board to its dot products."""
    return json.loads(FILE.read_text())


def main(names: Iterable[str] = TASKS) -> None:
    found: dict[str, list[str]] = {}
    for name in names:
        try:
            found[name] = of_board(name)
        except Exception as e:
            print("XXX", name, type(e), e)
            continue
        print(name, found[name], flush=True)
        FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
