"""A board's netlist in Verilator, spoken to through its UART pins; every byte with its cycle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from fq_hw.errors import SimulationError, require
from fq_hw.files import kept, read_text, write_text
from sim import verilator

__all__ = ["Heard", "build", "talk"]

BENCH = Path(__file__).with_name("bench.sv")
WAIT = 2**31  # a word of the bench beside bytes
WHERE = "netlist-sim"
SENT, SAID = "requests.hex", "said.txt"
MOST_BYTES = 2**30


@dataclass(frozen=True)
class Heard:
    """What came of a request: bytes, and the cycles of their start bits after the request's."""

    data: bytes
    cycles: tuple[int, ...]


def build(sources: Mapping[str, str], bit: Fraction, folder: Path) -> Path:
    """Compile ``sources``, of which one has the module ``board`` (clk, rx, tx).

    ``bit`` is how many cycles a bit lasts.
    """
    sixteenths = int(16 * bit)
    bench = f"`define SIXTEENTHS {sixteenths}\n" + BENCH.read_text()
    sources = {"bench.sv": bench, **sources}
    return verilator.build(sources, "bench", folder, netlist=True)


def talk(
    program: Path,
    requests: Sequence[tuple[bytes, int]],
    folder: Path,
    *,
    start: int,
    limit: int,
    seed: int = 1,
    keep: Path | None = None,
) -> list[Heard]:
    """Send each request of ``requests`` and wait for the bytes of its reply, as many as it says.

    start  cycles before the first
    limit  the most cycles from the end of a request to that of its reply
    seed   of the values that nothing initialises
    keep   a folder where what it says is kept, and found again: the same every time

    Raises SimulationError where a reply does not come.
    """
    words = [word for request, wanted in requests for word in (*request, WAIT + wanted)]
    sent = "".join(f"{word:08x}\n" for word in words)

    def said(place: Path) -> None:
        write_text(place / SENT, sent)
        options = {"in": place / SENT, "start": start, "limit": limit}
        text = verilator.run(program, options, WHERE, [f"+verilator+seed+{seed}"])
        write_text(place / SAID, text)

    if keep is None:
        place = folder
        said(place)
    else:
        place = kept(keep, (program.parent.name, sent, start, limit, seed), said)
    lines = read_text(place / SAID, WHERE, most=MOST_BYTES).splitlines()
    found = [line.split() for line in lines if re.fullmatch(r"\d+ [0-9a-f]{2}", line)]
    answers, at = [], 0
    for _, wanted in requests:
        part = found[at : at + wanted]
        answers.append(
            Heard(bytes(int(byte, 16) for _, byte in part), tuple(int(c) for c, _ in part))
        )
        at += wanted
    whole = len(found) == at and any(line.startswith("done ") for line in lines)
    contract = f"the board must send {at:,} bytes for {len(requests)} requests"
    got = f"{len(found):,}, and {lines[-1] if lines else 'nothing'!r}"
    require(whole, WHERE, contract, got, kind=SimulationError)
    return answers
