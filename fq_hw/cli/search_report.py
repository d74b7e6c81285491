"""What ``fq-hw search`` prints: formats of every layer, accuracies, savings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fq_hw.cli.output import Output
from fq_hw.fixed.network import Part, Tensor
from fq_hw.fixed.saved import Saved
from fq_hw.fixed.savings import cost, savings
from fq_hw.float_network import nodes
from fq_hw.flow.search_log import SearchLog
from fq_hw.report.table import table

__all__ = ["report"]


def report(result: Saved, path: Path, held_loss: float, log: SearchLog | None) -> Output:
    """Formats of every layer, accuracies, savings."""
    network, formats = result.fixed.network, result.fixed.formats
    layers = []
    for node in nodes(network):
        forms = {part: formats.get(Tensor(node.name, part)) for part in Part}
        if any(forms.values()):
            plain = {p.value: f and [f.bits, f.fraction] for p, f in forms.items()}
            layers.append({"layer": node.name} | plain)
    means = {
        f"mean bits, {part.value}": float(
            np.mean([f.bits for t, f in formats.items() if t.part is part])
        )
        for part in Part
    }
    saving = savings(network, formats)
    plain, own = (cost(network, f).memory / 8 / 1024 for f in (None, formats))
    loss = 1 - result.accuracy.right / result.float_accuracy.right
    data = {
        "fixed-point network": str(path),
        "accuracy %, float": result.float_accuracy.percent,
        "accuracy %, fixed point": result.accuracy.percent,
        "relative loss %, test split": 100 * loss,
        "relative loss %, calibration images": 100 * held_loss,
        **means,
        "memory KiB, 8 bit": plain,
        "memory KiB": own,
        "saved of 8 bit %, memory": saving.memory,
        "saved of 8 bit %, products by output width": saving.products_by_output,
        "saved of 8 bit %, products by input width": saving.products_by_input,
    }
    if log is not None:
        data["evaluations"] = sum(d.tried for d in log.decided.values())
        data["seconds"] = round(log.seconds, 1)
    head = ("layer", "weight", "bias", "activation")
    rows = [
        [row["layer"], *(f"{row[k][0]}, {row[k][1]}" if row[k] else "" for k in head[1:])]
        for row in layers
    ]
    figures = [[k, v] for k, v in data.items() if not isinstance(v, str)]
    text = "\n\n".join(
        [
            "bits, binary places of every tensor\n" + table(head, rows),
            table(("", "value"), figures),
            f"written: {path}",
        ]
    )
    return Output(data | {"layers": layers}, text)
