"""A model on a board, or on the simulated pins of one: loaded, opened, run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import tee
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from fq_hw import golden, toolbox
from fq_hw.errors import ArtifactError, require
from fq_hw.flow.build import ETHERNET, IP, SPI, USB

if TYPE_CHECKING:
    from typing import BinaryIO

    from boards.accelerator import Accelerator, Answer
    from boards.link import Port
    from fq_hw.flow.design import Design
    from fq_hw.flow.hardware import Hardware
    from fq_hw.flow.model import Model
    from fq_hw.schedule.plan import Plan

__all__ = ["SIMULATED_PORTS", "answers", "flash", "frames_of", "open_board", "simulated_port"]

SIMULATED = "sim"  # in the place of a port
LOADER = "openFPGALoader"
PROGRAMS = Path("build", "sim", "programs")
# Of the simulated line: a bit is as short as a receiver can hear, and the board gives up half a
# request soon, for its time stands still while the host thinks.
DIVISOR, CLOCK_HZ, IDLE_S = 4, 25e6, 0.0004
HALF_NS = 5  # of the design's clock beside Ethernet, SPI and USB
SECONDS = 600.0  # that a simulated frame may take


def flash(
    bitstream: Path,
    board: str,
    *,
    keep: bool = False,
    cable: str | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Load ``bitstream`` into ``board``; with ``keep`` into its flash, from which it starts again.

    Returns the command that did it. Raises ArtifactError for a file that is not there or another
    kind's, ToolError where openFPGALoader is missing or fails.
    """
    import boards

    found = boards.find(board)
    there, kind = bitstream.is_file(), found.toolchain.bitstream
    hint = f"`fq-hw build --board {board}` makes it"
    require(there, str(bitstream), "there is no such file", hint=hint, kind=ArtifactError)
    contract = f"{board} takes bitstreams that end in {kind}"
    fits = bitstream.suffix == kind
    require(fits, str(bitstream), contract, bitstream.suffix, hint=hint, kind=ArtifactError)
    words = list(found.loader)
    if cable is not None:
        words += ["--cable", cable]
    words += ["--write-flash"] if keep else []
    tool = toolbox.find(LOADER)
    toolbox.run(tool, [*words, str(bitstream)], cwd=Path(), on_line=report)
    return [*tool.command, *words, str(bitstream)]


@contextmanager
def simulated_port(
    design: Design, report: Callable[[str], None], name: str = SIMULATED
) -> Iterator[str | Port]:
    """The port of a simulated board of ``design``, of those in SIMULATED_PORTS.

    The board's UART bit by bit behind a device of this machine, its Ethernet PHY frame by frame
    behind a UDP port, or its SPI or USB pins. Raises SimulationError where the simulation fails,
    ParameterError where weights lie outside the chip: the memory's pins are not simulated here.
    """
    inside = design.plan.sdram is None
    contract = "simulates no memory outside the chip"
    hint = "`fq-hw sim` does, at its pins"
    require(inside, f"--port {name}", contract, hint=hint)
    report("building the simulation of the board's pins")
    gap = 3 * design.plan.interval_bound
    with SIMULATED_PORTS[name](design.plan, gap) as port:
        yield port


@contextmanager
def simulated_uart(plan: Plan, gap: int) -> Iterator[str]:
    """A pseudo terminal; ``gap`` cycles are more than the core ever thinks."""
    from boards.protocol import CRC_BYTES
    from boards.rates import info_of
    from boards.serial_link import SerialLink
    from boards.shell import Shell
    from rtl_gen.emit import to_verilog
    from rtl_gen.top import Accelerator as Core
    from sim import serial

    link = SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR, idle_s=IDLE_S)
    shell = Shell(Core(plan), info=info_of(plan), link=link)
    program = serial.build(to_verilog(shell, "top"), DIVISOR, PROGRAMS, brief=True)
    gap += 2 * round(IDLE_S * CLOCK_HZ)

    def whole(request: bytes) -> bool:
        """Sync bytes, version and kind stand before the length, the CRC-32 behind all."""
        length = int.from_bytes(request[4:7], "little")
        return len(request) >= 7 and len(request) >= 7 + length + CRC_BYTES

    with (
        TemporaryDirectory() as folder,
        serial.SerialPort(program, Path(folder), gap=gap, limit=20 * gap) as port,
        serial.Terminal(port, whole) as terminal,
    ):
        yield terminal.path


@contextmanager
def simulated_ethernet(plan: Plan, gap: int) -> Iterator[str]:
    """A UDP port of this machine; ``gap`` as above."""
    from boards.ethernet.frames import Address
    from boards.ethernet.link import EthernetLink
    from boards.ethernet.phy import PhyPins
    from boards.ethernet.top import EthernetShell
    from boards.links import MAC
    from boards.rates import info_of
    from boards.shell import Shell
    from boards.udp_port import SCHEME
    from rtl_gen.emit import to_verilog
    from rtl_gen.top import Accelerator as Core
    from sim import ethernet
    from sim.ethernet_board import EthernetBoard, SocketEnd

    address = Address.parse(MAC, IP)
    shell = Shell(Core(plan), info=info_of(plan), link=EthernetLink(address))
    pins = PhyPins(rx_delay_ns=0, tx_delay_ns=0, source="none: it is simulated")
    program = ethernet.build(to_verilog(EthernetShell(shell, pins), "top"), HALF_NS, PROGRAMS)
    quiet = round(gap * 2 * HALF_NS * 1e-9 / ethernet.CYCLE_S)
    with (
        TemporaryDirectory() as folder,
        SocketEnd(address.ip, address.port) as end,
        ethernet.EthernetWire(program, Path(folder)) as wire,
        EthernetBoard(wire, end, quiet=quiet),
    ):
        yield f"{SCHEME}://127.0.0.1:{end.port}"


@contextmanager
def simulated_spi(plan: Plan, gap: int) -> Iterator[Port]:
    """A port on the pins; time passes with transactions alone, so that none needs ``gap``."""
    from boards.rates import info_of
    from boards.shell import Shell
    from boards.spi_link import CYCLES, SpiLink
    from boards.spi_port import SpiPort
    from rtl_gen.emit import to_verilog
    from rtl_gen.top import Accelerator as Core
    from sim import spi

    half_ps = 1000 * HALF_NS
    shell = Shell(Core(plan), info=info_of(plan), link=SpiLink())
    program = spi.build(to_verilog(shell, "top"), half_ps, PROGRAMS, brief=True)
    with (
        TemporaryDirectory() as folder,
        spi.SpiPins(program, Path(folder), half_ps=CYCLES * half_ps, early_ps=half_ps,
                    idle_ps=CYCLES * half_ps) as pins,
    ):  # fmt: skip
        yield SpiPort(pins, SECONDS)


@contextmanager
def simulated_usb(plan: Plan, gap: int) -> Iterator[Port]:
    """A host's serial port behind the pins; time passes with what the host does, as above."""
    from boards.rates import info_of
    from boards.shell import Shell
    from boards.usb.link import UsbLink
    from boards.usb.top import UsbShell
    from rtl_gen.emit import to_verilog
    from rtl_gen.top import Accelerator as Core
    from sim import usb
    from sim.usb_host import UsbHost
    from sim.usb_serial import UsbSerial

    link = UsbLink(clock_hz=0.5e9 / HALF_NS, idle_s=IDLE_S)
    shell = UsbShell(Shell(Core(plan), info=info_of(plan), link=link))
    program = usb.build(to_verilog(shell, "top"), 1000 * HALF_NS, PROGRAMS, brief=True)
    with TemporaryDirectory() as folder, usb.UsbPins(program, Path(folder)) as pins:
        host = UsbHost(pins)
        yield UsbSerial(host, host.enumerate(), SECONDS)


SIMULATED_PORTS = {
    SIMULATED: simulated_uart,
    f"{SIMULATED}-{ETHERNET}": simulated_ethernet,
    f"{SIMULATED}-{SPI}": simulated_spi,
    f"{SIMULATED}-{USB}": simulated_usb,
}


@contextmanager
def open_board(
    model: Model,
    port: str,
    *,
    baud: int | None = None,
    tries: int | None = None,
    hardware: Hardware | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Iterator[Accelerator]:
    """``model`` on the board at ``port``, or simulated for SIMULATED_PORTS, ready for frames.

    ``hardware`` is what the bitstream was built from: it must be known where the board keeps its
    weights outside the chip, and for the simulation. Raises what ``Accelerator`` does.
    """
    from boards.accelerator import TRIES, Accelerator
    from boards.protocol import BAUD

    tries = TRIES if tries is None else tries
    if port in SIMULATED_PORTS:
        with (
            simulated_port(model.design(hardware), report, port) as found,
            Accelerator(found, model, tries=tries, idle_s=IDLE_S, timeout=SECONDS) as board,
        ):
            yield board
        return
    with Accelerator(port, model, baud=baud or BAUD, tries=tries) as board:
        if board.info.load_words:
            load(board, model.design(hardware), report)
        elif hardware is not None:
            contract = "says what a board is to load, and this one loads nothing"
            hardware.refuse(contract, hint="leave it out")
        yield board


def load(board: Accelerator, design: Design, report: Callable[[str], None]) -> None:
    """The weights that the board keeps outside its chip; nothing where they are there already."""
    from rtl_gen.top import fill_order

    words = [word for given in fill_order(design.plan.nodes, preloaded=True).values()
             for word in given]  # fmt: skip
    contract = f"{design.model.name} so folded has {len(words):,} words of weights"
    hint = "name the --fold that the bitstream was built with"
    right = len(words) == board.info.load_words
    require(right, "board", contract, f"{board.info.load_words:,}", hint=hint)
    report(f"loading {2 * len(words):,} bytes of weights")
    board.load(words)


def frames_of(file: BinaryIO, image: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The frames of a stream of bytes, uint8 H,W,C each, until it ends.

    Raises ArtifactError where it ends within one.
    """
    size, number = int(np.prod(image)), 0
    while frame := file.read(size):
        contract = f"frame {number} must have {size} bytes, as {image[0]} x {image[1]} x {image[2]}"
        require(len(frame) == size, "stdin", contract, len(frame), kind=ArtifactError)
        yield np.frombuffer(frame, np.uint8).reshape(image)
        number += 1


def answers(
    board: Accelerator,
    model: Model,
    frames: Iterable[np.ndarray],
    check: bool = False,
    ahead: int | None = None,
) -> Iterator[Answer]:
    """The board's answer to each frame, in order; with ``check`` beside the golden model's.

    ``ahead`` as ``Accelerator.run`` has it. Raises LinkError, naming the frame, at the first whose
    scores are not the golden model's.
    """
    from boards.link import LinkError

    last = model.graph.ops[-2].name
    sent, kept = tee(frames)
    for answer in board.run(sent, ahead):
        frame = next(kept)
        if check and not answer.error:
            want = tuple(golden.run(model.graph, frame[None])[last].reshape(-1).tolist())
            contract = f"the scores of frame {answer.number} must be the golden model's, {want}"
            same = answer.scores == want
            require(same, "board", contract, answer.scores, kind=LinkError)
        yield answer
