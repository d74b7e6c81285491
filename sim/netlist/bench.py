"""A board's netlist in Verilator, spoken to through its UART pins; every byte with its cycle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from fq_hw.errors import SimulationError, require
from fq_hw.files import write_text
from sim import verilator

__all__ = ["Heard", "build", "talk"]

BENCH = Path(__file__).with_name("bench.sv")
WAIT = 2**31  # a word of the bench beside bytes
WHERE = "netlist-sim"


@dataclass(frozen=True)
class Heard:
    """What came of a request: bytes, and the cycles of their start bits after the request's."""

    data: bytes
    cycles: tuple[int, ...]


def build(sources: Mapping[str, str], bit: Fraction, folder: Path) -> Path:
    """Compile ``sources``, of which one has the module ``board`` (clk, rx, tx).

    ``bit`` is how many cycles a bit lasts. Without the compiler's optimisation: a netlist's ten
    thousand wires take it longer than any frames that are simulated here.
    """
    sixteenths = int(16 * bit)
    bench = f"`define SIXTEENTHS {sixteenths}\n" + BENCH.read_text()
    return verilator.build({"bench.sv": bench, **sources}, "bench", folder, brief=True)


def talk(
    program: Path,
    requests: Sequence[tuple[bytes, int]],
    folder: Path,
    *,
    start: int,
    limit: int,
    seed: int = 1,
) -> list[Heard]:
    """Send each request of ``requests`` and wait for the bytes of its reply, as many as it says.

    start  cycles before the first
    limit  the most cycles from the end of a request to that of its reply
    seed   of the values that nothing initialises

    Raises SimulationError where a reply does not come.
    """
    path = folder / "requests.hex"
    words = [word for request, wanted in requests for word in (*request, WAIT + wanted)]
    write_text(path, "".join(f"{word:08x}\n" for word in words))
    options = {"in": path, "start": start, "limit": limit}
    lines = verilator.run(program, options, WHERE, [f"+verilator+seed+{seed}"]).splitlines()
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
