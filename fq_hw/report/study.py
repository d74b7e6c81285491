"""A study's records summed up: a row a variant, as text, as bars, and as rows of a bench."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from fq_hw.report.table import table

__all__ = ["as_text", "bench_rows", "save_bars", "summary"]

COST = {"mac": "MAC", "cycles": "cycles", "lut": "LUT4", "ebr": "EBR"}


def summary(
    titles: Mapping[str, str], rows: Sequence[Mapping], layers: Mapping[str, Mapping]
) -> list[dict]:
    """A row for every variant of ``titles``: accuracies in percent, None where nothing is recorded.

    ``layers``: what each variant's first layer costs, by the keys of ``COST``. ``flips`` is the
    mean fraction of weights that one epoch leaves with another value.
    """
    found = []
    for name, title in titles.items():
        runs = [row for row in rows if row["variant"] == name]
        right = [run["float"] for run in runs]
        exact = [run["golden"] for run in runs if run["golden"] is not None]
        whole = exact and len(exact) == len(runs)
        found.append(
            {
                "variant": name,
                "title": title,
                "seeds": [run["seed"] for run in runs],
                "epochs": sorted({run["epochs"] for run in runs}),
                "float": statistics.mean(right) if runs else None,
                "spread": max(right) - min(right) if len(right) > 1 else None,
                "golden": statistics.mean(exact) if whole else None,
                "flips": statistics.mean(statistics.mean(r["flips"]) for r in runs)
                if runs
                else None,
                "all": right,
                "seconds": statistics.mean(run["seconds"] for run in runs) if runs else None,
                "layer 1": dict(layers[name]),
            }
        )
    return found


def as_text(found: Sequence[Mapping]) -> str:
    """A table; what is not recorded, or has no integer form, has an empty cell."""
    head = ("variant", "seeds", "float %", "max - min", "golden %", "flips % / epoch", "s / run")
    head += ("layer 1: MAC", "cycles (model)", "LUT4 (estimate)", "EBR")
    lines = [
        (
            row["title"],
            len(row["seeds"]),
            row["float"],
            row["spread"],
            row["golden"],
            None if row["flips"] is None else 100 * row["flips"],
            None if row["seconds"] is None else round(row["seconds"]),
            *(row["layer 1"].get(key) for key in COST),
        )
        for row in found
    ]
    return table(head, lines)


def bench_rows(study: str, found: Sequence[Mapping], command: str) -> list[tuple]:
    """Rows name, value, unit, how, command; an accuracy is the mean of the variant's seeds."""
    rows = []
    for row in found:
        name = f"{study}: {row['title']}"
        if row["float"] is not None:
            rows.append((name, row["float"], "%", "float", command))
        if row["golden"] is not None:
            rows.append((name, row["golden"], "%", "golden", command))
        if row["spread"] is not None:
            rows.append((f"{name}, max - min", row["spread"], "points", "float", command))
        how = {"mac": "model", "cycles": "model", "lut": "estimate", "ebr": "estimate"}
        for key, value in row["layer 1"].items():
            rows.append((f"{name}, layer 1", value, COST[key], how[key], command))
    return rows


def save_bars(path: Path, found: Sequence[Mapping], title: str) -> None:
    """Mean accuracy of every recorded variant as a bar, every seed as a dot."""
    from matplotlib.figure import Figure

    found = [row for row in found if row["seeds"]]
    figure = Figure(figsize=(8, 1.2 + 0.45 * len(found)), layout="constrained")
    axes = figure.subplots()
    places = range(len(found))[::-1]
    axes.barh(places, [row["float"] for row in found], height=0.6, color="tab:blue", alpha=0.45)
    for place, row in zip(places, found, strict=True):
        axes.plot(row["all"], [place] * len(row["all"]), "o", color="tab:blue", markersize=4)
    axes.set_yticks(places, [row["title"] for row in found])
    low = min(min(row["all"]) for row in found)
    high = max(max(row["all"]) for row in found)
    margin = max(1.0, 0.3 * (high - low))
    axes.set_xlim(max(0.0, low - margin), min(100.0, high + margin))  # differences are small
    axes.set_xlabel("top-1 test accuracy, % (float; a dot a seed; the axis does not begin at 0)")
    axes.grid(axis="x", alpha=0.3)
    axes.set_title(title)
    figure.savefig(path, metadata={"Software": None})
