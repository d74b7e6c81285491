"""Bitstreams turned back: iCE40's into logic, as icebox reads its bits; ECP5's into text."""

from __future__ import annotations

import re
from pathlib import Path

from boards.board import Board
from boards.toolchain import NAME
from fq_hw import toolbox
from fq_hw.errors import ParameterError, ToolError, require
from fq_hw.family import FAMILIES
from fq_hw.files import read_bytes, read_text, scratch_folder, write_bytes

__all__ = ["config_of", "logic_of"]

MOST_BYTES = 256 * 2**20
READER = "icebox_vlog"
HINT = "`fq-hw build` leaves it"


def logic_of(board: Board, folder: Path) -> tuple[str, list[str]]:
    """The bitstream in ``folder``, of an iCE40, as Verilog: the module ``chip``, and its ports.

    Raises ToolError where icebox is missing or fails, ParameterError for another family and for the
    UltraPlus.
    """
    contract = "only an iCE40's bitstream is turned back into logic"
    hint = "--netlist routed simulates what its bits were made from"
    logic = FAMILIES[board.family].read_back == "logic"
    require(logic, board.name, contract, board.family, hint=hint)
    contract = f"{READER} writes no SPRAM, multipliers or flash, which this board's designs use"
    require(not board.capacity.spram, board.name, contract, hint=hint, kind=ParameterError)
    unpack, reader = toolbox.find("iceunpack"), toolbox.find(READER)
    with scratch_folder() as place:  # the wheels' tools see their working directory alone
        for name in (f"{NAME}{board.toolchain.bitstream}", board.toolchain.pins):
            path = folder / name
            write_bytes(place / name, read_bytes(path, f"{path}", most=MOST_BYTES, hint=HINT))
        bits, text = f"{NAME}{board.toolchain.bitstream}", f"{NAME}.asc"
        toolbox.run(unpack, [bits, text], cwd=place, log=place / "unpack.log")
        lines: list[str] = []
        words = ["-s", "-p", board.toolchain.pins, text]
        toolbox.run(reader, words, cwd=place, log=place / "vlog.log", on_line=lines.append)
    verilog = "\n".join(lines) + "\n"
    head = re.search(r"(?m)^module chip \(([^)]*)\);", verilog)
    require(head, READER, "must write a module chip", lines[:3], kind=ToolError)
    ports = re.findall(r"(?:input|output|inout) (\w+)", head[1])
    return re.sub(r"(?m)^wire .*;$", lambda line: without(line[0], ports), verilog), ports


def without(line: str, ports: list[str]) -> str:
    """A declaration of wires but for those that the module's head declares."""
    names = [name for name in line.removeprefix("wire ")[:-1].split(", ") if name not in ports]
    return f"wire {', '.join(names)};" if names else ""


def config_of(board: Board, folder: Path) -> str:
    """The bitstream in ``folder``, of an ECP5, as the packer's text."""
    unpack = toolbox.find("ecpunpack")
    name = f"{NAME}{board.toolchain.bitstream}"
    with scratch_folder() as place:
        path = folder / name
        write_bytes(place / name, read_bytes(path, f"{path}", most=MOST_BYTES, hint=HINT))
        text = place / "unpacked.config"
        toolbox.run(unpack, ["--input", name, "--textcfg", text.name], cwd=place,
                    log=place / "unpack.log")  # fmt: skip
        return read_text(text, "ecpunpack", most=MOST_BYTES)
