"""A board's netlist says what its core means; with one bit of it changed it does not.

Of a LUT's table, of a block RAM's words, of a flip-flop's first value: each alone.
"""

import copy
import gzip
import io
import json

import pytest
from netlists import BAUD, INFO, TableCore, frames, heard, requests, scores, synthesised

import boards
from boards.build import ROUTED_NETLIST, build
from boards.links import Uart
from boards.reply import LinkError, decode_result, read_reply
from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw.errors import SimulationError
from rtl_gen.emit import to_verilog
from sim.netlist import bench, packed, pins

pytestmark = [pytest.mark.synth, pytest.mark.verilator]
BOARD = "ulx3s-25f"


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    """After synthesis, for an ECP5."""
    with pytest.MonkeyPatch.context() as patch:
        return synthesised(BOARD, tmp_path_factory.mktemp("table"), patch)


def right(replies) -> bool:
    """Whether each reply has its frame's scores."""
    try:
        found = [read_reply(io.BytesIO(reply.data).read) for reply in replies[1:]]
    except LinkError:
        return False
    results = [decode_result(reply.payload, INFO) for reply in found]
    return [result.scores for result in results] == [scores(frame) for frame in frames(3)]


def says_right(design, folder, programs, board=BOARD, seed=1) -> bool:
    """Whether a netlist answers, and rightly."""
    try:
        return right(heard(copy.deepcopy(design), board, folder, programs, seed))
    except SimulationError:
        return False


def changed(design, kind, parameter, change, drives="") -> dict:
    """``design`` with a parameter changed, of the first cell of ``kind`` where that can be.

    ``drives``: only of those that drive a net whose name ends so.
    """
    design = copy.deepcopy(design)
    top = design["modules"]["top"]
    nets = {bit for name, net in top["netnames"].items() if name.endswith(drives)
            for bit in net["bits"]}  # fmt: skip
    for cell in top["cells"].values():
        old, out = cell["parameters"].get(parameter), cell["connections"].get("Q", ["0"])
        near = not drives or out[0] in nets
        if cell["type"] == kind and near and old and change(old) != old:
            cell["parameters"][parameter] = change(old)
            return design
    raise AssertionError(f"no {kind} has a {parameter} to change")


def flipped(bit):
    """A change of one bit, counted from the lowest."""

    def change(old):
        new = "1" if old[-1 - bit] == "0" else "0"
        return f"{old[: len(old) - 1 - bit]}{new}{old[len(old) - bit :]}"

    return change


def test_says_what_the_core_means_whatever_was_unknown(netlist, tmp_path, programs):
    assert all(says_right(netlist, tmp_path, programs, seed=seed) for seed in (1, 2, 3))


def test_in_the_cycles_of_the_verilog(netlist, tmp_path, programs):
    link = SerialLink(clock_hz=25e6, baud=6_250_000)
    shell = Shell(TableCore(), info=INFO, link=link)
    sources = {"top.v": to_verilog(shell, "top"), "board.v": pins.around_verilog("top")}
    program = bench.build(sources, link.divisor, programs)
    wanted = bench.talk(program, requests(3), tmp_path, start=4000, limit=5000)
    assert heard(copy.deepcopy(netlist), BOARD, tmp_path, programs) == wanted


def test_a_bit_of_a_table(netlist, tmp_path, programs):
    exclusive = "0110100110010110"  # of the CRC: every entry is used

    def change(old):
        return flipped(5)(old) if old == exclusive else old

    wrong = changed(netlist, "LUT4", "INIT", change)
    assert not says_right(wrong, tmp_path, programs)


def test_a_word_of_a_block_ram(netlist, tmp_path, programs):
    row, word = divmod(frames(1)[0][0], 16)
    wrong = changed(netlist, "DP16KD", f"INITVAL_{row:02X}", flipped(20 * word + 3))
    assert not says_right(wrong, tmp_path, programs)


def test_the_first_value_of_a_flip_flop(netlist, tmp_path, programs):
    wrong = changed(netlist, "TRELLIS_FF", "REGSET", lambda old: "SET", "total")
    assert not says_right(wrong, tmp_path, programs)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["tang-nano-9k", "tang-primer-25k"])
def test_on_gowin_and_a_word_of_its_block_ram(board, tmp_path, programs, monkeypatch):
    design = synthesised(board, tmp_path, monkeypatch)
    assert all(says_right(design, tmp_path, programs, board, seed) for seed in (1, 2))
    row, word = divmod(frames(1)[0][0], 16)
    wrong = changed(design, "SPX9", f"INIT_RAM_{row:02X}", flipped(18 * word + 3))
    assert not says_right(wrong, tmp_path, programs, board)


@pytest.mark.slow
@pytest.mark.parametrize(("board", "clock"), [("ulx3s-25f", 50.0), ("icebreaker", 24.0)])
def test_behind_a_pll(board, clock, tmp_path, programs, monkeypatch):
    design = synthesised(board, tmp_path, monkeypatch, clock)
    assert right(heard(design, board, tmp_path, programs, clock_mhz=clock))


@pytest.mark.slow
@pytest.mark.parametrize("board", ["ulx3s-25f", "hx8k-breakout"])
def test_as_routed(board, tmp_path, programs):
    found = boards.find(board)
    out = tmp_path / f"table{found.toolchain.bitstream}"
    built = build(TableCore(), found, out, info=INFO, link=Uart(BAUD[board]), keep_netlist=True)
    design = json.loads(gzip.decompress((built.work / ROUTED_NETLIST).read_bytes()))
    packed.complete(design)
    assert says_right(design, tmp_path, programs, board)
