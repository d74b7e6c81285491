"""A simulation that runs while it is spoken to: words go to it through a pipe, lines come back."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from fq_hw import child

__all__ = ["LiveSimulation"]


class LiveSimulation:
    """``program``, whose bench reads hex numbers from ``+in``, until ``close``.

    folder   gets the pipe, by which the simulation hears us
    options  more words for the program
    """

    def __init__(self, program: Path, folder: Path, *options: str):
        pipe = folder / "words.pipe"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        self.pipe = os.fdopen(os.open(pipe, os.O_RDWR), "w")  # to read too: it waits for nobody
        self.command = [str(program.resolve()), f"+in={pipe}", *options]
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """The simulation, in a thread of its own; its last line is "ended"."""
        try:
            child.follow(self.command, self.lines.put)
        finally:
            self.lines.put("ended")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the simulation, which must have opened the pipe."""
        self.pipe.close()
        self.thread.join()

    def say(self, words: Iterable[int]) -> None:
        """Words for the bench."""
        self.pipe.write("".join(f"{word:x}\n" for word in words))
        self.pipe.flush()
