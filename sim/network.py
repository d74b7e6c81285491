"""A whole network in Verilator on real images, compared with the golden model."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from amaranth.lib import wiring

from fq_hw.errors import SimulationError, require
from fq_hw.files import write_text
from fq_hw.schedule.plan import Plan
from rtl_gen.emit import to_verilog
from rtl_gen.top import Accelerator, fill_order
from sim import primitives, sdram_board, taps, verilator
from sim import waves as wave_format
from sim.results import scores_of
from sim.sdram import Rule

__all__ = ["Run", "build", "compile_core", "is_brief", "pixel_lines", "simulate"]

QUIET = 64  # cycles without a beat that end a simulation
BENCH = Path(__file__).with_name("bench.sv")
MANY_WORDS = 100_000  # of 16 bits: filling them in and reading them back takes four times as long
FEW_CYCLES = 1_000_000  # fewer cost less than what the compiler's optimisation takes


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came out: labels (N) and scores (N,classes); cycles of the first pixel and the results.

    That of a result is the cycle of its last beat. ``cycles`` and ``seconds`` cover the whole run
    of the simulator, start-up included.
    """

    labels: np.ndarray
    scores: np.ndarray
    first_pixel: int
    results: tuple[int, ...]
    cycles: int
    seconds: float

    @property
    def latency(self) -> int:
        """Cycles from the first pixel to the end of the first result."""
        return self.results[0] - self.first_pixel

    @property
    def interval(self) -> int:
        """Cycles per frame, between the last two results."""
        return self.results[-1] - self.results[-2]


def build(
    plan: Plan, folder: Path, family: str = "plain", brief: bool = False, waves: str | None = None
) -> Path:
    """Compile ``plan`` with its bench and taps; the program is kept in ``folder``.

    With the dot products in the form of ``family``, twins stand for the family's primitives. A
    sequential plan has no streams inside that taps could watch. ``brief`` as in ``verilator``.
    ``waves`` is the suffix, one of ``waves.FLAGS``, of the waves that the program can write.
    """
    twins = primitives.twins(family)
    core, watch = Accelerator(plan, family, stored=is_stored(plan)), taps.module(plan)
    traced = wave_format.sources(plan) if waves else {}
    flags = wave_format.FLAGS[waves] if waves else ()
    return compile_core(core, plan, watch, {**traced, **twins}, folder, brief, flags)


def is_brief(cycles: int) -> bool:
    """Whether so many simulated cycles are sooner done by a program that is compiled briefly."""
    return cycles < FEW_CYCLES


def compile_core(
    core: wiring.Component,
    plan: Plan,
    watch: str,
    more: Mapping[str, str],
    folder: Path,
    brief: bool = False,
    flags: Sequence[str] = (),
) -> Path:
    """Compile ``core``, which is an accelerator of ``plan``; ``more`` Verilog goes with it.

    ``flags`` are Verilator's, beside its usual ones. Where the plan has an SDRAM, a chip is at its
    pins.
    """
    widths = f"`define IN_WIDTH {8 * plan.image[2]}\n"
    widths += f"`define OUT_WIDTH {plan.result.data_bits}\n"
    unit = plan.sdram
    if unit is not None:
        chip = unit.slots.chip
        widths += f"`define SDRAM_WIDTH {unit.width}\n`define SDRAM_BANK {chip.bank_bits}\n"
        widths += f"`define SDRAM_ADDRESS {chip.address_bits}\n"
        widths += "`define SDRAM_FAST\n" if unit.slots.gear > 1 else ""
        more = {**more, "sdram_store.v": sdram_board.STORE,
                "sdram.v": to_verilog(sdram_board.behind(unit), "sdram")}  # fmt: skip
    sources = {
        "bench.sv": widths + BENCH.read_text(),
        "taps.sv": watch,
        "accelerator.v": to_verilog(core, "accelerator"),
        **more,
    }
    return verilator.build(sources, "bench", folder, brief, flags)


def is_stored(plan: Plan) -> bool:
    """Whether so much is filled into an SDRAM that a simulation begins with it there."""
    return plan.sdram is not None and plan.sdram.pieces > MANY_WORDS


def chip_lines(pieces: Sequence[int], width: int) -> str:
    """Words of an SDRAM in hex, a line each, from its pieces of 16 bits."""
    count = width // 16
    rows = zip(*(pieces[n::count] for n in range(count)), strict=True)
    return "".join("".join(f"{piece:04x}" for piece in reversed(row)) + "\n" for row in rows)


def pixel_lines(images: np.ndarray) -> str:
    """Pixels as hex words, a line each, the first colour in the lowest byte."""
    flat = images.reshape(-1, images.shape[-1])[:, ::-1]
    return "".join(row.tobytes().hex() + "\n" for row in flat)


def simulate(
    program: Path,
    plan: Plan,
    images: np.ndarray,
    folder: Path,
    *,
    cycles_per_frame: int,
    pause_in: int = 0,
    pause_out: int = 0,
    seed: int = 1,
    reset_at: int = 0,
    taps_file: Path | None = None,
    waves_file: Path | None = None,
) -> Run:
    """Send ``images`` (uint8 N,H,W,C) through ``program``, back to back.

    ``pause_in`` and ``pause_out`` stall a side in that many of 256 cycles; ``reset_at`` resets in
    that cycle and begins anew. ``taps_file`` takes every tensor on the way (``taps.mismatches``
    reads it); ``waves_file`` the waves, of a program that was built for them. Raises
    SimulationError when the run gets stuck (a limit far beyond ``cycles_per_frame``), breaks the
    stream rules, gives other than one result per image, or a label that is not that of its scores.
    """
    vectors, out = folder / "pixels.hex", folder / "results.txt"
    each = plan.result.beats_out
    write_text(vectors, pixel_lines(images))
    slow = 256 / (256 - max(pause_in, pause_out)) * 2
    limit = int((len(images) + 4) * cycles_per_frame * slow) + reset_at + 10_000
    options = {
        "in": vectors,
        "out": out,
        "beats": images[..., 0].size,
        "results": len(images) * each,
        "pause_in": pause_in,
        "pause_out": pause_out,
        "seed": seed,
        "reset_at": reset_at,
        "limit": limit,
    }
    unit = plan.sdram
    if unit is not None:  # a burst written and read takes its words and their bytes
        words = [word for beats in fill_order(plan.nodes, True).values() for word in beats]
        options["fill"] = folder / "fill.hex"
        write_text(options["fill"], "".join(f"{word:04x}\n" for word in words))
        if is_stored(plan):
            options["sdram"] = folder / "sdram.hex"
            write_text(options["sdram"], chip_lines(words, unit.slots.chip.width))
        limit += 2 * unit.slots.cycles.power_up + 4 * unit.slots.period
        limit += int(unit.stored * (unit.width // 8 + 3) / unit.slots.share)
        options["limit"] = limit * (2 if reset_at else 1)
    if taps_file is not None:  # rows that no window uses may still come, a beat a frame at worst
        options |= {"taps": taps_file, "quiet": int(cycles_per_frame * slow) + QUIET}
    if waves_file is not None:
        options["waves"] = waves_file
    began = time.monotonic()
    where = f"rtl-sim {plan.name!r}"
    said = verilator.run(program, options, where)
    seconds = time.monotonic() - began
    verdict = re.search(r"^(done|stuck|broken|bad|unruly) (\d+)( \d+)?$", said, re.MULTILINE)
    require(verdict, where, "the simulator must give a verdict", said[-200:], kind=SimulationError)
    lines = [line.split() for line in taps.whole_lines(out)]
    found = [(int(cycle), word) for cycle, word in lines if cycle != "first"]
    meaning = {
        "stuck": f"must give {len(images)} results in {limit} cycles",
        "broken": "must hold o.valid and payload until taken, and give one result per frame",
        "bad": "must find in its SDRAM what was filled into it",
        "unruly": f"must keep {Rule(int(verdict[3] or 0)).name} of its SDRAM",
        "done": "",
    }[verdict[1]]
    contract = f"{meaning}; it gave {len(found) // each} by cycle {verdict[2]}"
    require(verdict[1] == "done", where, contract, kind=SimulationError)
    scores = scores_of([int(word, 16) for _, word in found], plan.result, where)
    return Run(
        labels=scores.argmax(axis=1),
        scores=scores,
        first_pixel=next(int(word) for cycle, word in lines if cycle == "first"),
        results=tuple(cycle for cycle, _ in found[each - 1 :: each]),
        cycles=int(verdict[2]),
        seconds=seconds,
    )
