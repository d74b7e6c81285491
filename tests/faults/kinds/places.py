"""What lies where a command reads or writes: pipes, devices, links, folders, names, rights."""

from __future__ import annotations

from pathlib import Path
from random import Random

from faults.case import Case, Special
from faults.damage import FORGED

__all__ = ["given", "output"]

DATA = ("--data", "idx", "--path", "idx", "--images", "6", "--json")
INPUTS = (  # words with {} for the input, its right file, what is needed besides, outputs
    (("show", "{}"), "checkpoint.safetensors", (), ()),
    (("show", "{}"), "graph.safetensors", (), ()),
    (("show", "{}"), "fixed.safetensors", (), ()),
    (("estimate", "{}", "--cycles", "600", "--json"), "tiny.toml", (), ()),
    (("train", "{}", "--out", "new", "--json"), "tiny.toml", ("idx",), ("new",)),
    (("train", "tiny.toml", "--start", "{}", "--out", "new", "--json"), "checkpoint.safetensors",
     ("idx", "tiny.toml"), ("new",)),
    (("accuracy", "{}", "--print", "--record", "record", "--json"), "small.toml", ("record",),
     ("record", "build")),
    (("estimate", "graph.safetensors", "--fold", "{}", "--json"), "fold.json",
     ("graph.safetensors",), ()),
    (("import", "{}", "--out", "new.safetensors", "--json"), "net.onnx", (), ("new.safetensors",)),
    (("import", "{}", "--out", "new.safetensors", "--json"), "cnv.npz", (), ("new.safetensors",)),
    (("golden", "graph.safetensors", "--data", "idx", "--path", "{}", "--json"), "idx",
     ("graph.safetensors",), ()),
    (("golden", "--data", "cifar10", "--path", "{}", "--images", "10", "--json"), "cifar", (), ()),
    (("golden", "graph.safetensors", "--data", "folder", "--path", "{}", "--images", "6", "--json"),
     "pictures", ("graph.safetensors",), ()),
    (("search", "{}", "--variant", "uniform", "--out", "new.safetensors", "--json"),
     "float.safetensors",
     ("idx",), ("new.safetensors",)),
    (("verify", "onnx.graph.safetensors", "--against", "{}", *DATA), "net.onnx",
     ("idx", "onnx.graph.safetensors"), ()),
)  # fmt: skip
WITHIN = (  # the same of files that a folder or a run must hold
    (("golden", "graph.safetensors", "--json"), "idx/t10k-images-idx3-ubyte", ("graph.safetensors",
     "idx"), ()),
    (("golden", "--data", "cifar10", "--path", "cifar", "--images", "10", "--json"),
     "cifar/batches.meta",
     ("cifar",), ()),
    (("train", "tiny.toml", "--out", "run", "--resume", "--json"), "run/state.pt", ("idx", "run",
     "tiny.toml"),
     ("run",)),
    (("train", "tiny.toml", "--out", "run", "--resume", "--json"), "run/metrics.jsonl",
     ("idx", "run", "tiny.toml"), ("run",)),
    (("search", "float.safetensors", "--target", "0.5", "--bits", "6", "--resume", "--out",
      "search/net.safetensors", "--json"), "search/net.safetensors.jsonl",
     ("idx", "float.safetensors", "search"), ("search",)),
    (("accuracy", "small.toml", "--print", "--record", "record", "--json"), "record/small.jsonl",
     ("small.toml", "record"), ("record", "build")),
)  # fmt: skip
THERE = (  # instead of the file
    Special("fifo"), Special("socket"), Special("folder"), Special("device", (1, 5)),
    Special("device", (1, 3)), Special("link", "nowhere"), Special("link", "itself"),
    Special("link", "/dev/zero"), Special("link", "/proc/self/mem"), Special("link", "/proc/kmsg"),
    Special("sparse", 2**40), Special("sparse", 3 * 2**30), Special("unreadable"), Special("gone"),
    b"",
)  # fmt: skip
NAMES = ("a b", "\u00fc", "x" * 200, FORGED.replace("/", ""), "\x1b[31m", "\udcff")
PRINTED = 3  # of these that must be taken; a name that is no text may be refused
ABSENT = ("", " ", ".", "..", "/", "x" * 300, "x/" * 3000, "\0", "/dev/stdin", "-", "~",
    "/proc/self/mem",
          "{}/x", "/dev/null", FORGED, "\x1b[2J", "\udcff")  # fmt: skip


def given(rng: Random, right: Path, number: int, name: str) -> Case:
    """An input that is no plain file, or has an unusual name."""
    inputs = INPUTS + WITHIN
    words, file, needs, outputs = inputs[number % len(inputs)]
    within = (words, file, needs, outputs) in WITHIN
    usual, way, path = filled(words, file), rng.random(), Path(file)
    if within or way < 0.5:
        there = rng.choice(THERE)
        if there == Special("link", "itself"):
            there = Special("link", path.name)
        return Case(
            name=name, damage=f"{file}: {there}", words=usual, files={file: there},
            needs=tuple(dict.fromkeys((*needs, file))), outputs=outputs,
            other=there == b"" and path.suffix == ".jsonl",  # nothing is recorded yet
        )  # fmt: skip
    odd, must = "", True
    files: dict[str, bytes | Special] = {}
    if way < 0.6 and path.suffix:
        odd = f"linked{path.suffix}"
        files = {odd: Special("link", file)}
    elif way < 0.8 and path.suffix:
        stem = rng.choice(NAMES)
        odd, must = f"{stem}{path.suffix}", stem in NAMES[:PRINTED]
        files = {odd: (right / file).read_bytes()}
    if files:
        called_after = words[0] in ("import", "accuracy") or file == "tiny.toml"
        return Case(
            name=name, damage=f"{file} called {odd!r}", words=filled(words, odd), usual=usual,
            files=files, needs=(*needs, file), outputs=outputs, other=called_after,
            must=must and not called_after,
        )  # fmt: skip
    odd = rng.choice(ABSENT).replace("{}", file)
    return Case(
        name=name, damage=f"{file} called {odd[:40]!r}", words=filled(words, odd),
        needs=(*needs, file), outputs=outputs,
    )  # fmt: skip


def filled(words: tuple[str, ...], file: str) -> tuple[str, ...]:
    return tuple(word.replace("{}", file) for word in words)


OUTPUTS = (  # words, what is needed, and how the default name ends
    (("export", "checkpoint.safetensors"), ("checkpoint.safetensors",)),
    (("import", "net.onnx"), ("net.onnx",)),
    (("import", "cnv.npz"), ("cnv.npz",)),
    (("fold", "graph.safetensors", "--cycles", "600"), ("graph.safetensors",)),
    (("rtl", "graph.safetensors", "--cycles", "600"), ("graph.safetensors",)),
    (("search", "float.safetensors", "--variant", "uniform"), ("float.safetensors", "idx")),
    (("train", "tiny.toml"), ("tiny.toml", "idx")),
    (("build", "graph.safetensors", "--cycles", "600"), ("graph.safetensors",)),
)
REFUSED = (  # what --out names, and what lies there
    ("", {}), ("/", {}), ("\0", {}), ("/dev/null", {}), ("/dev/full", {}), ("/dev/stdout", {}),
    ("/proc/self/mem", {}), ("there", {"there": Special("fifo")}), ("x" * 300, {}),
    ("there", {"there": Special("socket")}), ("there", {"there": Special("device", (1, 3))}),
    ("there", {"there": Special("link", "/dev/null")}), ("x/" * 3000 + "x", {}), ("-x", {}),
    ("there", {"there": Special("link", "there")}), ("file/x", {"file": b"a file"}),
    ("there/x", {"there": Special("readonly folder")}),
)  # fmt: skip
NO_FILE = ((".", {}), ("..", {}), ("there", {"there": Special("folder")}),
           ("there", {"there": Special("readonly")}))  # fmt: skip
TAKEN = (  # the same, and what is written then
    ("there/x", {"there": Special("folder")}, "there"), ("a/b/c.d/x", {}, "a"), ("a b", {}, "a b"),
    ("there", {"there": Special("link", "target"), "target": b"earlier"}, "target"),
    ("there", {"there": Special("link", "target")}, "target"), ("x" * 200, {}, "x" * 200),
    ("there", {"there": b"earlier"}, "there"), ("\u00fc", {}, "\u00fc"),
)  # fmt: skip
FOLDERS = (  # of a run, whose --out is a folder
    ("there", {"there": Special("folder")}, "there"), ("a/b/c.d/x", {}, "a"), ("a b", {}, "a b"),
)  # fmt: skip


def output(rng: Random, right: Path, number: int, name: str) -> Case:
    """A place to write that cannot be, or that is a link, which is followed."""
    words, needs = OUTPUTS[number % len(OUTPUTS)]
    run = words[0] == "train"
    refused = REFUSED if run else REFUSED + NO_FILE
    taken = () if words[0] == "build" else FOLDERS if run else TAKEN  # a build takes minutes
    out, files, *made = rng.choice((*refused, *taken))
    return Case(
        name=name, damage=f"--out {out[:40]!r} where there is {files}",
        words=(*words, "--out", out), needs=needs, files=files, outputs=tuple(made),
        other=bool(made), must=bool(made),
    )  # fmt: skip
