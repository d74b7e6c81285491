"""Command lines: every option of every command with a value that it was not made for."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from random import Random

from faults.case import Case
from faults.damage import FORGED

__all__ = ["argument"]

BASES = {  # words that are right, and what they need and write
    "train": (("tiny.toml", "--out", "new"), ("tiny.toml", "idx"), ("new",)),
    "search": (
        ("float.safetensors", "--variant", "uniform", "--out", "new.safetensors"),
        ("float.safetensors", "idx"),
        ("new.safetensors", "new.safetensors.jsonl"),
    ),
    "export": (
        ("checkpoint.safetensors", "--out", "new.safetensors"),
        ("checkpoint.safetensors",),
        ("new.safetensors",),
    ),
    "import": (("net.onnx", "--out", "new.safetensors"), ("net.onnx",), ("new.safetensors",)),
    "verify": (
        (
            "onnx.graph.safetensors",
            "--against",
            "net.onnx",
            "--data",
            "idx",
            "--path",
            "idx",
            "--images",
            "2",
        ),
        ("onnx.graph.safetensors", "net.onnx", "idx"),
        (),
    ),
    "show": (("graph.safetensors",), ("graph.safetensors",), ()),
    "golden": (("graph.safetensors",), ("graph.safetensors", "idx"), ()),
    "report": (("graph.safetensors", "--cycles", "600"), ("graph.safetensors",), ("build",)),
    "fold": (
        ("graph.safetensors", "--cycles", "600", "--out", "new.json"),
        ("graph.safetensors",),
        ("new.json",),
    ),
    "estimate": (("graph.safetensors", "--cycles", "600"), ("graph.safetensors",), ()),
    "rtl": (
        ("graph.safetensors", "--cycles", "600", "--out", "new.v"),
        ("graph.safetensors",),
        ("new.v",),
    ),
    "accuracy": (
        ("small.toml", "--print", "--record", "record"),
        ("small.toml", "record"),
        ("record", "build"),
    ),
    "sim": (("graph.safetensors", "--cycles", "600"), ("graph.safetensors", "idx"), ()),
    "build": (("graph.safetensors", "--cycles", "600"), ("graph.safetensors",), ()),
    "demo": ((), (), ()),
    "bench": ((), (), ()),
    "bench-bitstreams": ((), (), ()),
    "bench-cnv": (("cnv.npz", "--path", "cifar"), ("cnv.npz", "cifar"), ()),
    "bench-imagenet": ((), (), ()),
    "bench-tiny": (("models",), ("models",), ()),
    "bench-netlists": ((), (), ()),
    "doctor": ((), (), ()),
}
HEAVY = {
    "sim",
    "build",
    "demo",
    "bench",
    "bench-bitstreams",
    "bench-cnv",
    "bench-imagenet",
    "bench-tiny",
    "bench-netlists",
    "doctor",
}  # only what must be refused at once
NUMBERS = ("-1", "0", "1e400", "nan", "inf", "-inf", str(10**30), str(-(10**30)), "", " ", "1.5",
    "0x10", "١",
           "1_000", "9" * 5000, "1e-400", "--", "-", "+", "True", FORGED)  # fmt: skip
NEVER = (
    "nan",
    str(-(10**30)),
    "",
    " ",
    "0x10",
    "9" * 5000,
    "-",
    FORGED,
    "-inf",
)  # no number for any option
PATHS = ("", ".", "..", "/", "/dev/null", "/dev/full", "\0", "x" * 300, FORGED, "\x1b[2J",
    "\udcff", "/proc/self/mem",
         "nowhere", "x/" * 3000, "~", "-", "*")  # fmt: skip
OUTSIDE = ("", ".", "..", "/", "\0", FORGED, "\x1b[2J", "\udcff")  # never to be written
WORDS = ("", " ", "nothing", FORGED, "\x1b[2J", "x" * 100_000, "\udcff", "../../victim",
    "8x2x16@0", "0x0x0",
         "9" * 40 + "x1x1", "cuda:99", "meta", "\0")  # fmt: skip
WHOLE = (  # whole command lines
    (), ("",), ("no",), (FORGED,), ("show", "graph.safetensors",
     "more"),
    ("show", "--nothing"), ("show", "graph.safetensors", FORGED), ("--json", "show"), ("show",
     "--json=1"),
    ("golden", "--images"), ("golden", "--images", "1", "--images"), ("show",
     "--" + "x" * 100_000), ("-",), ("--",),
    ("show", "--" + FORGED), ("\x1b[2J",), ("\udcff",), ("show", "--jso", "\x1b[2J"), ("import",
     "net.onnx", "--image", "8"),
    ("import", "net.onnx", "--image", "-1", str(10**30)), ("train", "--resume", "--start", "x"),
     ("x" * 100_000,),
)  # fmt: skip


@functools.cache
def options() -> list[tuple[str, argparse.Action]]:
    """Every option and argument of every command."""
    from fq_hw.cli.main import build_parser

    (subs,) = (
        a.choices for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)
    )
    return [
        (name, action)
        for name, parser in subs.items()
        for action in parser._actions
        if action.dest not in ("help", "json") and name in BASES
    ]


def argument(rng: Random, right: Path, number: int, name: str) -> Case:
    if number < len(WHOLE):
        words = WHOLE[number]
        return Case(
            name=name,
            damage="a command line",
            words=words,
            needs=("graph.safetensors", "net.onnx"),
            other=words == ("golden", "--images", "1"),
        )
    command, action = options()[(number - len(WHOLE)) % len(options())]
    base, needs, outputs = BASES[command]
    if action.nargs == 0:  # a flag: given a value
        words = (command, *base, f"{action.option_strings[0]}={rng.choice(WORDS)}")
        return Case(name=name, damage="a flag with a value", words=words, needs=needs)
    heavy = command in HEAVY
    if action.type in (int, float):
        values = NEVER if heavy else NUMBERS
    else:
        values = PATHS if action.type is Path else WORDS
    value = rng.choice(values)
    said = rest(base, action)
    if action.option_strings:
        words = (command, *said, f"{action.option_strings[0]}={value}")
    else:
        words = (command, value, *said[1:])
    many = action.nargs if isinstance(action.nargs, int) else 1
    words += (value,) * (many - 1)
    named = action.dest in ("out", "record") and value not in OUTSIDE
    outputs = (*outputs, value) if named else outputs
    return Case(
        name=name,
        damage=f"{action.dest} {value[:40]!r}",
        words=words,
        needs=needs,
        outputs=outputs,
        touched=("build",) if heavy else (),
        other=not heavy,
    )


def rest(base: tuple[str, ...], action: argparse.Action) -> tuple[str, ...]:
    """``base`` without the option itself, or what excludes it."""
    given = set(action.option_strings)
    if action.dest in ("fold", "fps"):
        given.add("--cycles")
    kept, skip = [], False
    for word in base:
        if skip:
            skip = False
            continue
        skip = word in given
        if not skip:
            kept.append(word)
    return tuple(kept)
