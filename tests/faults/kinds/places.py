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
LINKED = "link"
NAMES = (  # names of right files: what is read is right, but for the name
    "a b{}", "ü{}", FORGED.replace("/", "") + "{}", "\x1b[31m{}", "\udcff{}", "-x{}",
    "x" * 200 + "{}",
    "new.safetensors/{}",
)  # fmt: skip
ABSENT = ("", " ", ".", "..", "/", "x" * 300, "x/" * 3000, "\0", "/dev/stdin", "-", "~",
    "/proc/self/mem",
          "{}/x", "/dev/null", FORGED, "\x1b[2J", "\udcff")  # fmt: skip


def given(rng: Random, right: Path, number: int, name: str) -> Case:
    """An input that is no plain file, or has an unusual name."""
    inputs = INPUTS + WITHIN
    words, file, needs, outputs = inputs[number % len(inputs)]
    within = (words, file, needs, outputs) in WITHIN
    way = rng.random()
    if within or way < 0.5:
        there = rng.choice(THERE)
        if isinstance(there, Special) and there.value == "itself":
            there = Special("link", Path(file).name)
        said = words if within else filled(words, file)
        return Case(
            name=name,
            damage=f"{file}: {there}",
            words=said,
            files={file: there},
            needs=tuple(dict.fromkeys((*needs, file))),
            outputs=outputs,
            usual=said if there == Special("gone") and "checkpoint" in file else None,
        )
    usual = filled(words, file)
    if way < 0.6:
        link = f"linked{Path(file).suffix}"
        return Case(
            name=name,
            damage=f"a link to {file}",
            words=filled(words, link),
            usual=usual,
            files={link: Special("link", file)},
            needs=(*needs, file),
            outputs=outputs,
        )
    odd = rng.choice(ABSENT).replace("{}", file)
    return Case(
        name=name,
        damage=f"{file} called {odd[:40]!r}",
        words=filled(words, odd),
        needs=(*needs, file),
        outputs=outputs,
    )


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
OUT = (  # what --out names, and what lies there; None: it must be written, to that file
    ("", {}, None), (".", {}, None), ("..", {}, None), ("/", {}, None), ("\0", {}, None),
    ("/dev/null", {}, None), ("/dev/full", {}, None), ("/dev/stdout", {}, None), ("/proc/self/mem",
     {}, None),
    ("there", {"there": Special("fifo")}, None), ("there", {"there": Special("socket")}, None),
    ("there", {"there": Special("device", (1, 3))}, None), ("there", {"there": Special("link",
     "/dev/null")}, None),
    ("there", {"there": Special("link", "there")}, None), ("x" * 300, {}, None),
     ("x/" * 3000 + "x", {}, None),
    ("file/x", {"file": b"a file"}, None), ("there", {"there": Special("readonly")}, None),
    ("there/x", {"there": Special("folder")}, "there/x"), ("a/b/c.d/x", {}, "a"),
    ("there", {"there": Special("link", "target"), "target": b"earlier"}, "target"),
    ("there", {"there": Special("link", "target")}, "target"), ("a b", {}, "a b"), ("-x", {}, None),
    ("there", {"there": b"earlier"}, "there"), ("x" * 250, {}, "x" * 250),
)  # fmt: skip
FOLDERS = {"train"}  # whose --out is a folder


def output(rng: Random, right: Path, number: int, name: str) -> Case:
    """A place to write that cannot be, or that is a link, which is followed."""
    words, needs = OUTPUTS[number % len(OUTPUTS)]
    out, files, made = OUT[number // len(OUTPUTS) * 5 % len(OUT)] if number < 0 else rng.choice(OUT)
    is_folder = words[0] in FOLDERS
    if words[0] == "build" and made is not None:  # minutes
        out, files, made = OUT[rng.randrange(len(OUT) - 8)]
    outputs = () if made is None else (made,)
    is_link = any(isinstance(f, Special) and f.what == "link" for f in files.values())
    may = is_folder and (made is None or is_link) or out == "-x"
    if is_folder and out in (".", "there/x", "a/b/c.d/x"):
        may, outputs = (
            True,
            (
                "run",
                "checkpoint.safetensors",
                "metrics.jsonl",
                "state.pt",
                "curve.png",
                "there",
                "a",
            ),
        )
    return Case(
        name=name,
        damage=f"--out {out[:40]!r} where there is {files}",
        words=(*words, "--out", out),
        needs=needs,
        files=files,
        outputs=outputs,
        other=made is not None or may,
    )
