"""``make calibrate``: fit the cost model's prices to units synthesised and packed alone.

Every sample goes through Yosys and nextpnr, which takes seconds; packing alone is enough, since
nextpnr neither joins nor splits cells later; what wires cost is seen where some layers are placed
(``boards.wire_fit``). What was measured before comes from the cache, so an
interrupted run goes on where it was, and a run after a change measures only what changed; with
``--only ConvUnit ThresholdUnit`` it looks at these kinds alone, and the others keep their prices.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from boards.fit import fit
from boards.measure import Measured, measure
from boards.samples import SAMPLES, contents
from boards.wire_fit import wire_prices
from fq_hw import ending, toolbox
from fq_hw.errors import FqHwError, one_of
from fq_hw.family import FAMILIES as EVERY
from fq_hw.files import check_output, read_json, write_text
from fq_hw.schedule import resources as model
from fq_hw.schedule.units import Unit
from rtl_gen.component import Target, component

__all__ = ["calibrate", "features", "main"]

WIRED = {"ConvUnit": ("acts",), "RomUnit": ("words",)}  # whose bits cost wires
FAMILIES = {family.name: family for family in EVERY.values() if family.largest and family.tools}


def kind(unit: Unit) -> str:
    return type(unit).__name__


def measure_all(
    samples: Sequence[Unit], family: str, report: Callable[[str], None]
) -> list[Measured]:
    """What every sample takes."""
    found = []
    for number, unit in enumerate(samples, 1):
        report(f"{number}/{len(samples)} {unit}")
        part = component(unit, contents(unit), Target(family=family))
        found.append(measure(part, FAMILIES[family].largest, route=False))
    return found


def calibrate(samples: Sequence[Unit], found: Sequence[Measured]) -> dict[str, dict]:
    """Prices by unit kind and resource."""
    prices = {}
    for name in dict.fromkeys(map(kind, samples)):
        pairs = [(u.parts(), f) for u, f in zip(samples, found, strict=True) if kind(u) == name]
        prices[name] = {
            "lut": fit([p.lut for p, _ in pairs], [f.lut4 - p.exact_lut for p, f in pairs]),
            "ff": fit([p.ff for p, _ in pairs], [f.ff - p.exact_ff for p, f in pairs]),
        }
    return prices


def features(samples: Sequence[Unit]) -> dict[str, str]:
    """By unit kind a hash of what its prices are multiplied by: both belong together."""
    found = {}
    for name in sorted(set(map(kind, samples))):
        text = repr([said(unit) for unit in samples if kind(unit) == name])
        found[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return found


def said(unit: Unit) -> list[object]:
    """Every quantity of a unit's parts, its own and of what is inside it."""
    made = unit.parts()
    terms = [sorted((n, float(q)) for n, q in part.items() if q)
             for part in (made.lut, made.ff, made.wires)]  # fmt: skip
    counts = [int(made.exact_lut), int(made.exact_ff), int(made.multipliers)]
    memories = [(int(m.depth), int(m.width), bool(m.rom)) for m in made.memories]
    return [terms, counts, memories, [said(inside) for inside in made.units]]


def row(name: str, need: model.Resources, found: Measured) -> str:
    """Predicted, measured and the error, per resource."""
    cells = []
    for now, then in ((need.lut, found.lut4), (need.ff, found.ff), (need.ebr, found.ebr)):
        cells.append(f"{now:7,}{then:7,}{100 * (now - then) / max(then, 1):+6.0f}%")
    return "  ".join(cells) + f"  {name}"


def main(arguments: Sequence[str]) -> int:
    """Calibrate the families named, all by default; writes the data file of the cost model."""
    kinds = sorted(set(map(kind, SAMPLES)))
    parser = argparse.ArgumentParser(prog="python -m boards.calibrate")
    parser.add_argument("families", nargs="*", default=[*FAMILIES])
    parser.add_argument("--only", nargs="+", choices=kinds, metavar="KIND", default=kinds)
    args = parser.parse_args(arguments)
    for family in args.families:
        one_of(family, FAMILIES, "family")
    samples = [unit for unit in SAMPLES if kind(unit) in args.only]
    path = check_output(Path(model.__file__).with_name(model.CALIBRATION), "calibrate")
    known = read_json(path, f"{path}") if path.exists() else {}
    for family in args.families:
        found = measure_all(samples, family, say)
        names = "yosys", FAMILIES[family].tools.router
        tools = {name: toolbox.find(name).version for name in names}
        before = known.get(family, {}).get("prices", {})
        fitted = calibrate(samples, found)
        for name in fitted:
            if name in WIRED:
                price = wire_prices(family, say)
                fitted[name]["wires"] = {term: price[term] for term in WIRED[name]}
        fresh = known.get(family, {}).get("features", {}) | features(samples)
        known[family] = {"tools": tools, "prices": before | fitted, "features": fresh}
        write_text(path, json.dumps(known, indent=2, sort_keys=True) + "\n")
        model.prices.cache_clear()
        print(f"{family}: predicted, measured, error of LUT4, FF, EBR")
        for unit, taken in zip(samples, found, strict=True):
            print(row(str(unit), model.resources(unit, family), taken))
    return 0


def say(line: str) -> None:
    print(line, file=sys.stderr)


def command() -> int:
    """``main`` on the command line: an expected error is one line."""
    try:
        return main(sys.argv[1:])
    except FqHwError as error:
        print(f"calibrate: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    ending.arm()
    ending.leave(command())
