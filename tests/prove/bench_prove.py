"""`make prove`: every proof, as a table and as build/bench/prove.json.

A property that does not hold ends it with status 1, a tool that is missing with 2.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from fq_hw import toolbox
from fq_hw.errors import FqHwError
from fq_hw.report import bench
from fq_hw.report.table import table
from fq_hw.schedule.units import FifoUnit
from prove import alone, components, fifo, packets, residual, sdram, sums, widths
from prove.reach import NotSmallError
from prove.table import BrokenError, Proof
from rtl_gen.component import component
from sim.zoo import ZOO

FILE = Path("build/bench/prove.json")
COMMAND = "make prove"
WIDE = ["ecp5 64 2 1", "ecp5 256 2 1", "ecp5 512 2 1"]  # those of `make bench-engine`
Task = Callable[[Path], Iterator[Proof]]


def units() -> dict[str, Task]:
    return {name: lambda folder, name=name: components.of_unit(name, folder) for name in ZOO}


def others() -> dict[str, Task]:
    found: dict[str, Task] = {
        name: lambda folder, name=name, make=make: alone.prove(name, make(), folder)
        for name, make in alone.ALONE.items()
    }
    return found | {"SkidBuffer beats": components.of_skid_buffer}


def fifos() -> dict[str, Task]:
    short = {name: unit for name, unit in ZOO.items()
             if isinstance(unit, FifoUnit) and unit.depth < 16}  # fmt: skip
    return {
        name: lambda folder, name=name, unit=unit: fifo.prove(name, unit, component(unit), folder)
        for name, unit in short.items()
    }


def networks() -> dict[str, Task]:
    return {
        name: lambda folder, name=name: residual.prove(name, residual.plan_of(name), folder)
        for name in residual.CASES
    }


def dots() -> dict[str, Task]:
    found = sorted({text for kept in widths.kept().values() for text in kept} | {*WIDE})

    def prove(folder: Path, text: str) -> Iterator[Proof]:
        dot = widths.dot_of(text)
        yield from sums.prove(dot, sums.rtlil_of(dot), folder)

    return {text: lambda folder, text=text: prove(folder, text) for text in found}


def links() -> dict[str, Task]:
    return {"crc": packets.prove_crc} | {
        name: lambda folder, name=name, options=options: packets.prove_parser(
            name, *options, folder
        )
        for name, options in packets.PARSERS.items()
    }


def memories() -> dict[str, Task]:
    return {
        name: lambda folder, name=name, slots=slots: sdram.prove(name, sdram.watched(slots), folder)
        for name, slots in sdram.SLOTS.items()
    }


PARTS: Mapping[str, Callable[[], dict[str, Task]]] = {
    "dots": dots, "packets": links, "others": others, "fifos": fifos, "networks": networks,
    "sdram": memories, "units": units,
}  # fmt: skip


def proven(part: str) -> Iterator[tuple[str, Proof, float]]:
    """Of a part each proof, and the seconds that it took, as they come."""
    tasks = PARTS[part]()
    for number, (name, task) in enumerate(tasks.items(), 1):
        with TemporaryDirectory(prefix="fq-hw-prove-") as folder:
            began = time.monotonic()
            for proof in task(Path(folder)):
                now = time.monotonic()
                yield part, proof, now - began
                began = now
        print(f"{part} {number} of {len(tasks)}: {name}", file=sys.stderr, flush=True)


def how(method: str) -> str:
    """Proven, or looked at for some cycles only."""
    return "bounded" if method.startswith("bounded") else "proven"


def rows(found: list[tuple[str, Proof, float]]) -> list[tuple[str, object, str, str, str]]:
    """How many of each kind, in how long; then each."""
    counts = Counter((part, proof.method) for part, proof, _ in found)
    seconds: Counter[str] = Counter()
    for part, _, took in found:
        seconds[part] += took
    made: list[tuple[str, object, str, str, str]] = [
        (f"{part}: properties, {method}", count, "properties", how(method), COMMAND)
        for (part, method), count in counts.items()
    ]
    made += [(f"{part}: time", round(took), "s", "proven", COMMAND)
             for part, took in seconds.items()]  # fmt: skip
    return made + [
        (f"{proof.what}: {proof.of}", proof.size, proof.method, how(proof.method), COMMAND)
        for _, proof, _ in found
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    args = parser.parse_args()
    found = []
    try:
        for tool in ("yosys", "yosys-abc"):
            toolbox.find(tool)
        if {*args.only} == {*PARTS}:
            FILE.unlink(missing_ok=True)  # no row of a property that is gone
        for part in args.only:
            some = []
            for each in proven(part):
                some.append(each)
                found.append(each)
                bench.update_rows(FILE, rows(some))
    except (BrokenError, NotSmallError) as problem:
        print(f"{COMMAND}: not proven: {problem}", file=sys.stderr)
        return 1
    except FqHwError as problem:
        print(f"{COMMAND}: error: {problem}", file=sys.stderr)
        return 2
    finally:
        made = [(proof.what, proof.of, proof.method, proof.size, f"{took:.1f}")
                for _, proof, took in found]  # fmt: skip
        print(table(("property", "of", "method", "size", "s"), made))
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
