"""The report as one HTML file: templates filled with pictures and figures, nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping

from fq_hw.report.figures import MEANINGS, commands, figures, golden_of, head, verdict
from fq_hw.report.layers import LINK, Key, Placed, keys, placed_cells, unit_cells
from fq_hw.report.pictures.bars import bar, interval_of, marks, whisker
from fq_hw.report.pictures.chip import chip
from fq_hw.report.pictures.confusion import confusion, mistakes
from fq_hw.report.pictures.network import railway
from fq_hw.report.pictures.roofline import limits, roofline
from fq_hw.report.pictures.timeline import timeline
from fq_hw.report.records import Findings, RoutedRecord

__all__ = ["page"]


def page(found: Findings) -> str:
    """The report of what is recorded; the same records give the same bytes."""
    import jinja2

    design = found.design
    layers = keys(design)
    cells = placed_cells(design, found.placement) if found.placement else None
    clock = found.routed.clock_mhz if found.routed else design.device.clock_mhz
    bounds = limits(design, clock) if design.macs else None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fq_hw.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    golden, top = golden_of(found), head(found)
    return environment.get_template("report.html").render(
        found=found,
        design=design,
        layers=layers,
        link=LINK,
        head=top,
        wanted=list(dict.fromkeys(one.command for one in top if one.value is None)),
        verdict=verdict(found, bounds),
        commands=commands(found),
        bounds=bounds,
        railway=railway(design.ops, layers),
        timeline=timeline(design, layers),
        roofline=roofline(design, bounds, layers) if bounds else None,
        rows=usage(found, layers, cells),
        cells=cells,
        counted=found.placement.counted if found.placement else {},
        of_units=unit_cells(design, found.placement) if found.placement else None,
        chip=chip(cells, layers, design.device.grid) if cells else None,
        seeds=seeds(found.routed) if found.routed else None,
        accuracy=accuracies(found),
        confusion=confusion(golden.confusion, design.classes) if golden else None,
        mistakes=mistakes(golden.confusion, design.classes) if golden else [],
        golden=golden,
        figures=figures(found),
        meanings=MEANINGS,
        bar=bar,
    )


def usage(
    found: Findings, layers: Mapping[str, Key], cells: Mapping[str, Placed] | None
) -> list[dict]:
    """A row a layer: LUT4 and blocks, estimated and routed, with bars on one scale."""
    names = [row.name for row in found.design.layers]
    estimated = {row.name: row for row in found.design.layers}
    rows = []
    for name in [*names, *([LINK] if cells else [])]:
        row, routed = estimated.get(name), cells[name].counts if cells else {}
        rows.append(
            {
                "name": name,
                "key": layers.get(name),
                "lut": row.lut if row else None,
                "ebr": row.ebr if row else None,
                "spram": row.spram if row else None,
                "routed lut": routed.get("lut4", 0) if cells else None,
                "routed ebr": routed.get("ebr", 0) if cells else None,
                "routed spram": routed.get("spram", 0) if cells else None,
            }
        )
    for what in ("lut", "ebr"):
        most = max(max(row[what] or 0, row[f"routed {what}"] or 0) for row in rows) or 1
        for row in rows:
            shown = row[f"routed {what}"] if cells else row[what]
            colour = row["key"].colour if row["key"] else "link"
            label = f"{row['name']}: {shown or 0:,}"
            row[f"{what} bar"] = bar((shown or 0) / most, colour, label)
    return rows


def seeds(routed: RoutedRecord) -> dict:
    """The clocks of all seeds that were routed, on one axis."""
    reached = [row.fmax_mhz for row in routed.seeds if row.fmax_mhz is not None]
    low, high = min(reached), max(reached)
    margin = max(1.0, 0.08 * (high - low))
    low, high = low - margin, high + margin
    label = f"clocks of {len(reached)} seeds, best {routed.fmax_mhz:.1f} MHz"
    return {
        "rows": routed.seeds,
        "reached": len(reached),
        "low": low,
        "high": high,
        "picture": marks(reached, routed.fmax_mhz, low, high, label),
    }


def accuracies(found: Findings) -> list[dict]:
    """Float, golden and Verilog: a row each, with the interval that so few images leave."""
    design, how = found.design, commands(found)
    golden = golden_of(found)
    known = [
        ("float", "the float network", design.accuracy),
        ("golden", "the integers", golden and golden.accuracy),
        ("rtl-sim", "the Verilog", found.sim and found.sim.simulated),
    ]
    bounds = {way: interval_of(one.right, one.images) for way, _, one in known if one}
    least = min([*(10 * (low // 10) for low, _ in bounds.values()), 90.0])
    rows = []
    for way, what, one in known:
        row = {"how": way, "what": what, "accuracy": one, "command": how[way]}
        if one:
            low, high = bounds[way]
            label = f"{what}: {one.percent:.2f} %, {low:.1f} to {high:.1f} %"
            picture = whisker(low, one.percent, high, least, label)
            row |= {"low": low, "high": high, "picture": picture, "least": least}
        rows.append(row)
    return rows
