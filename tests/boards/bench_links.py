"""`make bench-links`: boards' links at their pins, on bad networks and lines, at full rate, routed.

Prints a table and writes build/bench/links.json.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import ethernet_cases as ethernet_pins
import usb_cases as usb_pins
from cores import SumCore, answer, sum_info
from faults.line import KINDS, Outcome, run

from boards.serial_link import SerialLink
from boards.shell import Shell
from fq_hw import flow
from fq_hw.flow.build import ETHERNET, USB, BuildGoal
from fq_hw.flow.design import Design
from fq_hw.flow.hardware import Arrays, Hardware
from fq_hw.report import bench
from fq_hw.report.table import table
from rtl_gen.emit import to_verilog
from sim import serial

FILE, PROGRAMS = Path("build/bench/links.json"), Path("build/bench/links")
COMMAND = "python tests/boards/bench_links.py"  # make bench-links
FRAMES, EACH, SEED = 1000, 12, 7
GOES_AWAY = 100  # frames in which a host does
CLOCK_HZ, DIVISOR, IDLE_S, PIXELS = 25e6, 4, 0.0004, 6
ON_PINS = ("request lost", "request flipped", "request cut", "request interrupt", "reply lost",
           "reply flipped", "stale", "killed")  # fmt: skip
BOARD, CYCLES, AIM_MHZ = "colorlight-5a75b", 36_864, 80.0
USB_BOARD, USB_ARRAY, USB_MHZ = "ulx3s-12f", "4x4x16", 75.0  # all layers in turn
Row = tuple[str, float, str, str]


def bad_network() -> list[Row]:
    """Frames over Ethernet of which many lose, double, damage or reorder datagrams."""
    program = ethernet_pins.build(PROGRAMS, brief=False)
    became, did = ethernet_pins.faulty_run(program, FRAMES, SEED, EACH)
    rows = [(f"Ethernet, bad network: frames {what}", became[what], "frames", "rtl-sim")
            for what in ("right", "lost", "wrong")]  # fmt: skip
    return rows + [(f"Ethernet, bad network: datagrams {what}", did[what], "datagrams", "rtl-sim")
                   for what in ethernet_pins.KINDS]  # fmt: skip


def full_wire() -> list[Row]:
    """Frames one behind the other, as fast as the board gives credit."""
    program = ethernet_pins.build(PROGRAMS, brief=False)
    frame = random.Random(3).randbytes(ethernet_pins.PIXELS * ethernet_pins.COLOURS)
    with TemporaryDirectory() as folder:
        rate, _ = ethernet_pins.stream(program, frame, 200, Path(folder))
    return [
        (
            "Ethernet: pixels at 125 MHz, the shell at 100 MHz",
            round(rate / 1e6, 1),
            "MB/s",
            "rtl-sim",
        )
    ]


def linux() -> list[Row]:
    """Linux's network stack over a TAP device; no row where none can be made here."""
    program = ethernet_pins.build(PROGRAMS, brief=False)
    with TemporaryDirectory() as folder:
        said = ethernet_pins.linux_peer(program, Path(folder))
    right = said.split()[0] if said else None
    return [] if right is None else [
        ("Ethernet, Linux's ARP and UDP: frames right, of 40", int(right), "frames", "rtl-sim")
    ]  # fmt: skip


def on_bad_line(count: int, seed: int) -> Iterator[Outcome]:
    """What became of ``count`` frames over a simulated UART, each with a fault, and of the next."""
    link = SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR, idle_s=IDLE_S)
    shell = Shell(SumCore(PIXELS, 1), info=sum_info(PIXELS, 1), link=link)
    program = serial.build(to_verilog(shell, "top"), DIVISOR, PROGRAMS)
    gap = 3 * round(IDLE_S * CLOCK_HZ)

    def truth(frame: bytes) -> tuple[int, tuple[int, ...]]:
        result = answer(frame, 1)
        return result.label, result.scores

    kinds = [kind for kind in ON_PINS if kind in KINDS]
    with (
        TemporaryDirectory() as folder,
        serial.SerialPort(program, Path(folder), gap=gap, limit=20 * gap) as port,
    ):
        yield from run(port, count, seed=seed, truth=truth, frame_bytes=PIXELS, reply_bytes=22,
                       idle_s=IDLE_S, kinds=kinds)  # fmt: skip


def bad_line() -> list[Row]:
    """Frames over a UART with bit errors, lost, doubled and broken off requests and replies."""
    became = {"right": 0, "refused": 0, "interrupted": 0, "wrong": 0}
    clean = 0
    for one in on_bad_line(FRAMES, SEED):
        for word in one.became:
            became[word] += 1
        clean += one.after == "right"
    rows = [(f"UART, bad line: frames {what}", count, "frames", "rtl-sim")
            for what, count in became.items()]  # fmt: skip
    return [*rows, ("UART, bad line: clean frames after them right", clean, "frames", "rtl-sim")]


def bad_wire() -> list[Row]:
    """Frames over USB of which packets are lost, damaged, cut, doubled; hosts that go away."""
    program = usb_pins.build(PROGRAMS, brief=False)
    became, did = usb_pins.faulty_run(program, FRAMES, SEED, EACH)
    rows = [(f"USB, bad wire: frames {what}", became[what], "frames", "rtl-sim")
            for what in ("right", "lost", "wrong")]  # fmt: skip
    rows += [(f"USB, bad wire: packets {what}", did[what], "packets", "rtl-sim")
             for what in usb_pins.KINDS]  # fmt: skip
    after = usb_pins.interrupted_run(program, GOES_AWAY, SEED)
    return rows + [(f"USB, hosts that go away: frames {what}", after[f"then {what}"], "frames",
                    "rtl-sim") for what in ("right", "lost", "wrong")]  # fmt: skip


def routed() -> list[Row]:
    """The shipped network behind Ethernet on a board of the slowest speed grade, and USB's."""
    model = flow.load(flow.SHIPPED)
    goal = BuildGoal(board=BOARD, link=ETHERNET, mhz=AIM_MHZ, out=PROGRAMS / "net.bit")
    rows = rows_of(goal, model.design(cycles=CYCLES), "Ethernet", "PHY")
    goal = BuildGoal(board=USB_BOARD, link=USB, clock=USB_MHZ, out=PROGRAMS / "usb.bit")
    array = Hardware(arrays=Arrays(sequential=True, size=USB_ARRAY))
    return rows + rows_of(goal, model.design(array), "USB", "USB pins")


def rows_of(goal: BuildGoal, design: Design, link: str, whose: str) -> list[Row]:
    """What a build gives."""
    goal.check()
    built = goal.build(design, print)
    where = f"{link}, {design.model.name} on {goal.board}"
    assert built.link_mhz is not None
    return [
        (f"{where}: clock of the {whose}", round(built.link_mhz, 1), "MHz", "routed"),
        (f"{where}: clock of the design", round(built.fmax_mhz, 1), "MHz", "routed"),
        (f"{where}: LUT4", built.lut4, "LUT4", "routed"),
        (f"{where}: block RAMs", built.ebr, "EBR", "routed"),
    ]


PARTS: dict[str, Callable[[], list[Row]]] = {
    "rate": full_wire, "linux": linux, "network": bad_network, "line": bad_line,
    "usb": bad_wire, "routed": routed,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    args = parser.parse_args()
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for part in args.only:
        print(f"{part} ...", flush=True)
        rows += PARTS[part]()
    if args.only == list(PARTS):
        FILE.unlink(missing_ok=True)
    bench.update_rows(FILE, [(*row, COMMAND) for row in rows])
    print(table(("link", "value", "", "how"), rows))
    wrong = sum(value for name, value, *_ in rows if name.endswith("wrong"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
