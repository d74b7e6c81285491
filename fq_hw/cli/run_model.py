"""``fq-hw run``: pictures to a board, and its answers."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fq_hw import flow
from fq_hw.cli.hardware import add_fold_arguments, hardware_of
from fq_hw.cli.images import add_source_arguments, load_images
from fq_hw.cli.model import add_net_argument, add_pictures_argument
from fq_hw.cli.output import Output, say
from fq_hw.errors import require
from fq_hw.flow.bars import bar
from fq_hw.flow.classify import open_pictures, open_video
from fq_hw.flow.on_board import SIMULATED_PORTS, answers, frames_of, open_board
from fq_hw.report.table import table

if TYPE_CHECKING:
    from boards.accelerator import Accelerator, Answer

__all__ = ["add_parser"]

IMAGES = 100


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    from boards.accelerator import TRIES
    from boards.protocol import BAUD

    parser = commands.add_parser(
        "run",
        help="send pictures to a board, and print its answers",
        description="Send pictures, a data set's test images, a film, a camera's or raw frames to "
        "a board that runs the network's bitstream, and print its answers, the sustained frames/s "
        "and what went wrong on the line. A frame without its answer is sent again.",
    )
    add_pictures_argument(parser, "*")
    add_net_argument(parser, "that the bitstream was built from: ")
    parser.add_argument("--port", required=True,
                        help="serial device, udp://ADDRESS of a board on Ethernet, "
                        "spi:///dev/spidev0.0?hz=4000000, a URL of pyserial's (socket://HOST:PORT)"
                        ", or the board's pins in Verilator: "
                        + ", ".join(SIMULATED_PORTS))  # fmt: skip
    parser.add_argument("--baud", type=int, help=f"of a serial port (default {BAUD})")
    tries = f"how often a frame is sent until it is lost (default {TRIES})"
    parser.add_argument("--tries", type=int, default=TRIES, help=tries)
    parser.add_argument("--check", action="store_true",
                        help="every score must be the golden model's")  # fmt: skip
    parser.add_argument("--stdin", action="store_true",
                        help="frames are the bytes of stdin: rows, columns, colours; an answer a "
                        "line, as it comes")  # fmt: skip
    parser.add_argument("--video", type=Path, metavar="FILE",
                        help="frames are those of a film, or of a camera (/dev/video0, until "
                        "Ctrl-C); an answer a line, as it comes")  # fmt: skip
    add_source_arguments(parser)
    parser.add_argument("--images", type=int, help=f"how many test images (default {IMAGES})")
    add_fold_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> Output:
    """Open the board, and send what was named."""
    check(args)
    model = flow.load(args.net)
    pictures = open_pictures(model, args.pictures) if args.pictures else None
    frames = stream_of(args, model)
    split = (
        None
        if frames is not None or pictures
        else load_images(args, model).test().first(args.images or IMAGES)
    )
    with open_board(model, args.port, baud=args.baud, tries=args.tries, hardware=hardware_of(args),
                    report=say) as board:  # fmt: skip
        if frames is not None:
            return streamed(args, board, model, frames)
        images = pictures if split is None else split.images
        found = seen(board, model, images, args.check)
        if split is None:
            names = [str(file) for file in pictures.files]
            return told(board, found, {"answers": rows(found, names)}, answer_table(found, names))
        right = sum(one.label == int(label) for one, label in zip(found, split.labels, strict=True))
        share = 100 * right / len(found)
        text = f"accuracy {share:.2f} % ({right} of {len(found)} images)"
        return told(board, found, {"right": right, "accuracy %": share}, text)


def stream_of(args: argparse.Namespace, model: flow.Model) -> Iterator | None:
    """Frames that come one by one, until nobody knows when; None where others were named."""
    if args.stdin:
        return frames_of(sys.stdin.buffer, model.image)
    return open_video(model, args.video) if args.video else None


def check(args: argparse.Namespace) -> None:
    """Refuse, by their names, options that do nothing."""
    streams = {"--stdin": args.stdin, "--video": args.video is not None}
    other = next((name for name, given in streams.items() if given), None)
    other = other or ("PICTURE" if args.pictures else None)
    contract = f"is of a data set, and {other} is none"
    for option, value in (("--data", args.data), ("--path", args.path), ("--images", args.images)):
        require(other is None or value is None, option, contract, value, hint="leave it out")
    for name, given in streams.items():
        both = given and args.pictures
        require(not both, name, "leaves nothing for pictures", hint="leave them out")
    contract = "leaves nothing for --stdin"
    require(not all(streams.values()), "--video", contract, hint="leave one of them out")
    require(args.images is None or args.images >= 1, "--images", "must be at least 1", args.images)
    require(args.tries >= 1, "--tries", "must be at least 1", args.tries)
    serial = args.port not in SIMULATED_PORTS and not args.port.startswith(("udp:", "spi:"))
    contract = f"is of a serial port, and --port {args.port} has none"
    require(serial or args.baud is None, "--baud", contract, args.baud, hint="leave it out")


def seen(board: Accelerator, model: flow.Model, images: Collection, check: bool) -> list[Answer]:
    """All answers, with a bar."""
    return list(bar(answers(board, model, images, check), len(images), "board", "frame"))


def streamed(
    args: argparse.Namespace, board: Accelerator, model: flow.Model, frames: Iterator
) -> Output:
    """An answer a line, as it comes."""
    # One at a time: whoever sends them may wait for the answer.
    for one in answers(board, model, frames, args.check, ahead=1):
        row = dataclasses.asdict(one) | {"label": one.label, "class": one.name}
        said = f"- {one.error}" if one.error else f"{one.label} {one.name}"
        print(json.dumps(row) if args.json else f"{one.number} {said}", flush=True)
    return told(board, [], {}, "")


def told(board: Accelerator, found: list[Answer], data: dict, text: str) -> Output:
    """What came of all frames."""
    tally, rate = board.tally, board.tally.frames_per_second
    errors = sum(tally.errors.values())
    data |= {
        "frames": tally.answered + tally.lost, "answered": tally.answered, "lost": tally.lost,
        "requests without a reply": errors, "errors": dict(tally.errors), "frames per second": rate,
    }  # fmt: skip
    line = f"{tally.answered} of {tally.answered + tally.lost} frames answered in "
    line += f"{tally.seconds:.2f} s: {rate:.1f} frames/s; {errors} requests had no reply"
    said = [f"  {count} x {what}" for what, count in tally.errors.most_common()]
    return Output(data, "\n".join(filter(None, [text, line, *said])))


def rows(found: list[Answer], names: list[str]) -> list[dict]:
    """For machines."""
    return [
        {"picture": name, "label": one.label, "class": one.name, "scores": list(one.scores),
         "error": one.error}
        for one, name in zip(found, names, strict=True)
    ]  # fmt: skip


def answer_table(found: list[Answer], names: list[str]) -> str:
    """For people."""
    return table(
        ("picture", "class", "top five scores (class number: score)"),
        [
            (name, one.name, one.error or ", ".join(f"{n}: {score:,}" for n, score in one.top()))
            for one, name in zip(found, names, strict=True)
        ],
    )
