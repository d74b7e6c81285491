"""The bar of a training run."""

from __future__ import annotations

__all__ = ["progress_bar"]


class progress_bar:
    """One bar over all steps of the run, with the last epoch's figures and the time left."""

    def __init__(self, epochs: int, done: int, visible: bool):
        self.epochs, self.done, self.visible, self.bar = epochs, done, visible, None

    def __enter__(self) -> progress_bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def step(self, epoch: int, step: int, steps: int) -> None:
        if not self.visible:
            return
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(
                total=self.epochs * steps, initial=self.done * steps, unit="step", mininterval=1
            )
        self.bar.update(1)

    def epoch(self, row: dict) -> None:
        if self.bar is not None:
            shown = [key for key in ("train", "validation", "test") if key in row]
            self.bar.set_postfix_str(
                f"epoch {row['epoch'] + 1}/{self.epochs} loss {row['loss']:.3f} "
                + " ".join(f"{key} {100 * row[key]:.1f} %" for key in shown)
            )
