"""What the tools made of a design, simulated through the board's UART and held against golden."""

from __future__ import annotations

import enum
import io
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import golden
from fq_hw.errors import ArtifactError, SimulationError, require
from fq_hw.family import FAMILIES
from fq_hw.files import parse_json, read_bytes, read_json, scratch_folder
from fq_hw.flow.build import UART
from fq_hw.flow.digests import design_digest
from fq_hw.report import record_files
from fq_hw.report.records import DesignRecord, RoutedRecord

if TYPE_CHECKING:
    from boards.board import Board
    from boards.config_bits import BitsCheck
    from boards.protocol import Info
    from fq_hw.flow.design import Design
    from sim.netlist.bench import Heard

__all__ = ["Built", "NetlistRun", "Stage", "compare_netlist", "compare_tables", "read_build"]

FOLDER = Path("build/sim")
MADE_BY = "fq-hw build"
MOST_BYTES = 4 * 2**30  # of a netlist
GZIP = 31  # zlib's word for that format
START_S = 200e-6  # after configuration, when the first request comes


class Stage(enum.Enum):
    """How far the tools have brought the design."""

    SYNTH = "synth"
    ROUTED = "routed"
    BITSTREAM = "bitstream"


@dataclass(frozen=True, kw_only=True)
class Built:
    """A folder that ``fq-hw build`` left: board, clock and baud rate of what it built."""

    folder: Path
    board: Board
    clock_hz: float
    baud: int

    def has_tables_only(self, stage: Stage) -> bool:
        """Whether LUTs and memories are all that can be read back of ``stage``, and no wire."""
        return stage is Stage.BITSTREAM and FAMILIES[self.board.family].read_back == "tables"


@dataclass(frozen=True, kw_only=True)
class NetlistRun:
    """A netlist beside golden and beside the Verilog, which is simulated through the same pins.

    cells         of the netlist
    cycles        of each frame, from its first bit to the last byte of its reply, as the netlist is
    cycles_wrong  bytes of replies that are not the Verilog's, or came in another cycle
    """

    stage: Stage
    board: str
    cells: int
    images: int
    scores_compared: int
    scores_wrong: int
    bytes_compared: int
    cycles: tuple[int, ...]
    cycles_wrong: int
    cycles_per_second: float

    def rows(self) -> list[tuple[str, object]]:
        """The table."""
        return [
            ("frames through the UART", self.images),
            ("mismatching scores", self.scores_wrong),
            ("  scores compared", self.scores_compared),
            ("bytes that differ from the Verilog's, or come in another cycle", self.cycles_wrong),
            ("  bytes compared", self.bytes_compared),
            ("cycles from a frame's first bit to its reply's last byte", max(self.cycles)),
            ("cells", self.cells),
        ]

    def data(self) -> dict:
        """The same as plain data."""
        return {
            "stage": self.stage.value,
            "board": self.board,
            "cells": self.cells,
            "images": self.images,
            "scores": {"compared": self.scores_compared, "mismatching": self.scores_wrong},
            "cycles": {"compared": self.bytes_compared, "mismatching": self.cycles_wrong},
            "cycles of a frame on the line": list(self.cycles),
            "simulated cycles per second": self.cycles_per_second,
        }

    def check(self) -> None:
        """Raise SimulationError unless the netlist agrees with golden and with the Verilog."""
        where = f"{self.stage.value} netlist"
        contract = f"differs from the golden model in {self.scores_wrong:,} of its scores"
        require(self.scores_wrong == 0, where, contract, kind=SimulationError)
        contract = (
            f"gives {self.cycles_wrong:,} bytes that differ from the Verilog's, or in other cycles"
        )
        require(self.cycles_wrong == 0, where, contract, kind=SimulationError)


def read_build(folder: Path, design: Design) -> Built:
    """What ``fq-hw build`` left in ``folder``.

    Raises ArtifactError where it is no such folder, ParameterError where it is another design's.
    """
    import boards
    from boards.protocol import BAUD

    record = record_files.load(folder / record_files.DESIGN, DesignRecord, MADE_BY)
    routed = record_files.load(folder / record_files.ROUTED, RoutedRecord, MADE_BY)
    digest = design_digest(design.model.graph, design.folding)
    how = " ".join(record.options) or "no options"
    contract = f"was built from another design ({record.network}, {how})"
    hint = "name that model and its folding, or build this one"
    require(record.design == digest, f"{folder}", contract, hint=hint)
    words = dict(zip(record.build, record.build[1:], strict=False))
    link = words.get("--link", UART)
    contract = f"was built with --link {link}, whose pins are not simulated here"
    hint = "`fq-hw build --keep-netlist` without --link"
    require(link == UART, f"{folder}", contract, hint=hint)
    return Built(
        folder=folder,
        board=boards.find(routed.board),
        clock_hz=1e6 * routed.clock_mhz,
        baud=int(words.get("--baud", BAUD)),
    )


def compare_netlist(
    design: Design,
    built: Built,
    stage: Stage,
    images: np.ndarray,
    *,
    seed: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> NetlistRun:
    """Simulate ``stage`` of ``built`` and the Verilog of ``design`` on uint8 images N,H,W,C.

    ``seed`` is of the values that nothing initialises. Raises ArtifactError where the folder has no
    such netlist, ToolError where a tool is missing, SimulationError where no reply comes.
    """
    from boards.protocol import REQUEST_SYNC, Request, frame_request, pack
    from boards.rates import info_of
    from boards.uart import divisor
    from sim import verilator
    from sim.netlist import bench

    verilator.environment()  # a missing tool is said at once
    plan, graph = design.plan, design.model.graph
    inside, hint = plan.sdram is None, "`fq-hw sim` simulates the SDRAM behind the Verilog"
    require(inside, "--netlist", "simulates no memory outside the chip", hint=hint)
    info = info_of(plan)
    query = pack(REQUEST_SYNC, Request.QUERY, 1)
    frames = [frame_request(n % 255 + 1, image.tobytes(), info) for n, image in enumerate(images)]
    around = len(pack(REQUEST_SYNC, 0, 0))
    sent = [(query, around + len(info.pack()))]
    sent += [(frame, around + info.result_bytes) for frame in frames]
    bit = divisor(built.clock_hz, built.baud)
    waits = {
        "start": round(START_S * built.clock_hz),
        "limit": 4 * plan.interval_bound + 20_000 + round(20 * bit * info.result_bytes),
    }

    def run(what: str, sources: dict[str, str], keep: Path | None) -> tuple[list[Heard], float]:
        report(f"building the simulator of {what} (kept for the next time)")
        program = bench.build(sources, bit, FOLDER / "programs")
        report(f"simulating {what}: {len(images)} frames at {float(bit):g} cycles a bit")
        began = time.monotonic()
        with scratch_folder(FOLDER) as place:
            heard = bench.talk(program, sent, place, **waits, seed=seed, keep=keep)
        return heard, time.monotonic() - began

    cells, sources = netlist_sources(built, stage)
    wanted, _ = run("the Verilog", verilog_sources(design, built), FOLDER / "said")
    found, seconds = run(f"the {stage.value} netlist", sources, None)
    last = graph.ops[-2].name
    scores = np.concatenate([t[last] for t in golden.batches(graph, images)])
    truth = scores.reshape(len(images), -1)
    wrong = sum(
        len(row) if said is None else int((row != said).sum())
        for row, said in zip(truth, (scores_in(reply.data, info) for reply in found[1:]),
                             strict=True)
    )  # fmt: skip
    pairs = [
        pair
        for ours, theirs in zip(found, wanted, strict=True)
        for pair in zip(
            zip(ours.data, ours.cycles, strict=True),
            zip(theirs.data, theirs.cycles, strict=True),
            strict=True,
        )
    ]
    spans = tuple(reply.cycles[-1] for reply in found[1:])
    return NetlistRun(
        stage=stage,
        board=built.board.name,
        cells=cells,
        images=len(images),
        scores_compared=truth.size,
        scores_wrong=wrong,
        bytes_compared=len(pairs),
        cycles=spans,
        cycles_wrong=sum(a != b for a, b in pairs),
        cycles_per_second=sum(spans) / seconds,
    )


def compare_tables(built: Built) -> BitsCheck:
    """Tables of LUTs and words of block RAM in an ECP5's bitstream, beside the routed netlist's.

    Raises ArtifactError where the folder has not both, ToolError where ecpunpack is missing.
    """
    from boards.config_bits import compare_bits
    from boards.unpack import config_of

    return compare_bits(config_of(built.board, built.folder), read_routed(built.folder))


def scores_in(reply: bytes, info: Info) -> np.ndarray | None:
    """The scores of a reply; None where it is damaged or says that there are none."""
    from boards.reply import LinkError, decode_result, read_reply

    try:
        payload = read_reply(io.BytesIO(reply).read).payload
        return np.array(decode_result(payload, info).scores)
    except LinkError:
        return None


def verilog_sources(design: Design, built: Built) -> dict[str, str]:
    """The Verilog of what was built, its dot products in plain form, as ``fq-hw sim`` has it."""
    from boards.rates import info_of
    from boards.serial_link import SerialLink
    from boards.shell import Shell
    from rtl_gen.emit import to_verilog
    from rtl_gen.top import Accelerator
    from sim.netlist.pins import around_verilog

    link = SerialLink(clock_hz=built.clock_hz, baud=built.baud)
    shell = Shell(Accelerator(design.plan), info=info_of(design.plan), link=link)
    return {"top.v": to_verilog(shell, "top"), "board.v": around_verilog("top")}


def netlist_sources(built: Built, stage: Stage) -> tuple[int, dict[str, str]]:
    """The netlist as Verilog with models of its cells, and how many cells it has."""
    from boards.build import NETLIST
    from boards.unpack import logic_of
    from sim.netlist import models, packed, pins, verilog

    family = built.board.family
    files = models.model_files(family)
    if stage is Stage.BITSTREAM:
        text, ports = logic_of(built.board, built.folder)
        board = pins.around_netlist("chip", pins.pins_of(ports))
        cells = text.count("/* LUT") + text.count("SB_RAM40_4K #(")  # a LUT is a logic cell
        return cells, files | {"netlist.v": text, "board.v": board}
    if stage is Stage.SYNTH:
        path = built.folder / NETLIST
        found = read_json(path, f"{path}", most=MOST_BYTES, hint=f"`{MADE_BY}` leaves it")
    else:
        found = read_routed(built.folder)
        packed.complete(found)
    ours = pins.pins_of(list(found["modules"]["top"]["ports"]))
    pins.settle_pins(found, ours)
    text = verilog.as_verilog(found, models.models(family), "netlist")
    board = pins.around_netlist("netlist", ours)
    return len(verilog.cells_of(found)), files | {"netlist.v": text, "board.v": board}


def read_routed(folder: Path) -> dict:
    """The routed netlist in a build's folder. Raises ArtifactError."""
    from boards.build import ROUTED_NETLIST

    path = folder / ROUTED_NETLIST
    hint = f"`{MADE_BY} --keep-netlist` leaves it"
    raw = read_bytes(path, f"{path}", most=MOST_BYTES, hint=hint)
    try:
        text = zlib.decompressobj(GZIP).decompress(raw, MOST_BYTES)
    except zlib.error as error:
        raise ArtifactError(f"{path}: is no gzip file ({error}); {hint}") from error
    return parse_json(text.decode(errors="replace"), f"{path}")
