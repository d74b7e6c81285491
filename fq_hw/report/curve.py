"""A training curve as a picture."""

from __future__ import annotations

from pathlib import Path

__all__ = ["save"]


def save(path: Path, rows: list[dict], title: str) -> None:
    """Draw loss and accuracies over the epochs; ``rows`` are those of metrics.jsonl."""
    from matplotlib.figure import Figure

    epochs = [row["epoch"] + 1 for row in rows]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    loss, right = figure.subplots(1, 2)
    loss.semilogy(epochs, [row["loss"] for row in rows])
    loss.set(xlabel="epoch", ylabel="training loss")
    right.plot(epochs, [100 * row["train"] for row in rows], label="train")
    if all("validation" in row for row in rows):
        validation = [100 * row["validation"] for row in rows]
        right.plot(epochs, validation, label="validation (held out)")
    right.plot(epochs, [100 * row["test"] for row in rows], label="test (float)")
    right.set(xlabel="epoch", ylabel="accuracy, %")
    right.legend()
    right.grid(alpha=0.3)
    figure.suptitle(title)
    figure.savefig(path, metadata={"Software": None})
