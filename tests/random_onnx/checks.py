"""What must hold of every drawn model: import's word, qonnx's values, every hardware command."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from networks import random_images
from onnx_models import DOMAIN
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from fq_hw import golden
from fq_hw.cli import main
from fq_hw.errors import FqHwError
from fq_hw.flow import fold_file
from fq_hw.foreign import onnx as foreign
from fq_hw.foreign.pixels import PIXELS, PixelRange
from fq_hw.ir import Graph, serialize
from fq_hw.schedule import timing
from fq_hw.schedule.lower import lower
from fq_hw.schedule.plan import Plan
from random_onnx.models import Drawn
from sim import network, taps

__all__ = ["Accepted", "Checked", "accepted", "check", "check_reference", "check_verilog"]

IMAGES = 6
BOARD = "ulx3s-85f"
NOISE = 1e-5  # of the largest score: float32's in the reference


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A model that import took, and what it made of it."""

    drawn: Drawn
    file: Path
    model: ModelWrapper
    imported: foreign.Imported
    images: np.ndarray

    @property
    def graph(self) -> Graph:
        return self.imported.graph


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What became of a model: why it was refused, or how much was compared."""

    refused: str = ""
    values: int = 0  # with qonnx
    ties: int = 0  # which float32 decides otherwise, or might
    levels: int = 0  # Verilog with golden
    cycles: int = 0  # simulated
    program: Path | None = None  # the simulator, which is kept


def check(drawn: Drawn, folder: Path, programs: Path, *, bitstream: bool = False) -> Checked:
    """All that must hold of ``drawn``; raises what does not. Works in ``folder``.

    With ``bitstream`` one is built: that takes most of a minute.
    """
    found = accepted(drawn, folder)
    if isinstance(found, str):
        return Checked(refused=found)
    values, ties = check_reference(found)
    plan = check_hardware(found)
    if bitstream:
        ask(found, "build", "--board", BOARD, "--fold", str(folder / "fold.json"),
            "--out", str(folder / "net.bit"))  # fmt: skip
    program = network.build(plan, programs, brief=True)
    levels, cycles = check_verilog(found, plan, program)
    return Checked(values=values, ties=ties, levels=levels, cycles=cycles, program=program)


def command(*words: str) -> str:
    """Run ``fq-hw``; what it said on stderr where it refused, else an empty line."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        status = main(list(words))
    last = said.getvalue().splitlines()[-1:]
    assert status in (0, 2), f"fq-hw {' '.join(words)} ended with {status}: {said.getvalue()}"
    if status == 0:
        return ""
    assert last[0].startswith("fq-hw: error: "), said.getvalue()
    return last[0].removeprefix("fq-hw: error: ")


def accepted(drawn: Drawn, folder: Path) -> Accepted | str:
    """What import makes of the model, or in one line why it refuses it.

    The table's word is kept: all nodes "yes" and a graph, or a "no" and none.
    """
    path = folder / "net.onnx"
    path.write_bytes(drawn.model.SerializeToString())
    graph = folder / "net.graph.safetensors"
    graph.unlink(missing_ok=True)
    refused = command("import", str(path), "--pixels", drawn.pixels.value, "--out", str(graph))
    try:
        model = foreign.read(path)
    except FqHwError as error:
        assert refused and str(error) in refused
        return refused
    judged = foreign.judge(model, "net", drawn.pixels)
    whole = all(line.supported for line in judged.lines)
    assert whole == (judged.imported is not None) == graph.exists() == (not refused), judged.lines
    if refused:
        return refused
    imported = judged.imported
    images = random_images(imported.graph.input.shape, IMAGES)
    return Accepted(drawn=drawn, file=path, model=model, imported=imported, images=images)


def check_reference(found: Accepted) -> tuple[int, int]:
    """Every tensor, score and label as qonnx has them; the passes and the file change nothing.

    Returns how many values were compared, and how many are ties.
    """
    compared, ties = 0, []
    for image in found.images:
        rows = list(foreign.compare(found.model, found.imported, found.drawn.pixels, image))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]
        compared += sum(row.values for row in rows)
        ties.append(sum(row.ties for row in rows))
    before, after = (golden.run(g, found.images) for g in (found.imported.whole, found.graph))
    np.testing.assert_array_equal(before[scores_of(found)], after[scores_of(found)])
    stored = serialize.load(found.file.with_name("net.graph.safetensors"))
    again = golden.run(stored, found.images)
    for name, values in after.items():
        np.testing.assert_array_equal(values, again[name], err_msg=name)
    check_labels(found, after[found.graph.ops[-1].name].reshape(-1), ties)
    return compared, sum(ties)


def scores_of(found: Accepted) -> str:
    return found.graph.ops[-2].name


def check_labels(found: Accepted, labels: np.ndarray, ties: list[int]) -> None:
    """The file itself, not cleaned, in qonnx: its best class is golden's, or as good.

    Not where there are ties on the way to the scores, which make other scores.
    """
    wrapped = ModelWrapper(onnx.load(found.file))
    for opset in wrapped.model.opset_import:
        assert opset.domain in ("", DOMAIN)
    wrapped = wrapped.transform(InferShapes())
    for image, label, tied in zip(found.images, labels, ties, strict=True):
        if tied:
            continue
        given = real(found, image)
        context = execute_onnx(wrapped, {"image": given}, return_full_exec_context=True)
        scores = np.asarray(context[found.drawn.scores], np.float64).reshape(-1)
        short = scores.max() - scores[label]
        assert short <= NOISE * max(np.abs(scores).max(), 1e-30), (scores, label)
        if found.drawn.exact and short == 0:
            assert label == scores.argmax(), (scores, label)


def real(found: Accepted, image: np.ndarray) -> np.ndarray:
    """What the model gets for an image of bytes."""
    pixels = PIXELS[found.drawn.pixels]
    scale, shift = np.float32(float(pixels.scale)), np.float32(float(pixels.shift))
    value = image.astype(np.float32)
    if found.drawn.pixels is PixelRange.UNIT:
        value = value / np.float32(255)
    else:
        value = value * scale + shift
    ordered = value if found.drawn.last else value.transpose(2, 0, 1)
    return ordered.reshape(found.drawn.dims)


def ask(found: Accepted, name: str, *options: str) -> None:
    """A command on the imported graph, which must take it."""
    graph = found.file.with_name("net.graph.safetensors")
    refused = command(name, str(graph), *options)
    assert not refused, f"accepted, then refused by {name}: {refused}"


def check_hardware(found: Accepted) -> Plan:
    """Fold, estimate and emit as a user does; the plan of the folding."""
    folder = found.file.parent
    ask(found, "fold", "--board", BOARD, "--out", str(folder / "fold.json"))
    ask(found, "estimate")
    for words in (("estimate",), ("rtl", "--out", str(folder / "net.v"))):
        ask(found, *words, "--fold", str(folder / "fold.json"))
    kept = fold_file.load(folder / "fold.json", found.graph)
    return lower(found.graph, kept.folds, kept.cycles)


def check_verilog(found: Accepted, plan: Plan, program: Path) -> tuple[int, int]:
    """Verilator equals golden in every level, score and label, with and without stalls.

    Without, every result comes in the cycle that the model predicts. Returns how many levels were
    compared, and the cycles simulated.
    """
    truth = golden.run(found.graph, found.images)
    scores = truth[scores_of(found)].reshape(len(found.images), -1)
    labels = truth[found.graph.ops[-1].name].reshape(-1)
    predicted = timing.simulate(plan, frames=len(found.images))
    path, levels, cycles = found.file.with_name("levels.txt"), 0, 0
    for into, out in ((0, 0), (120, 0), (60, 200)):
        run = network.simulate(
            program, plan, found.images, found.file.parent, pause_in=into, pause_out=out,
            cycles_per_frame=predicted.interval, taps_file=path,
        )  # fmt: skip
        np.testing.assert_array_equal(run.scores, scores)
        np.testing.assert_array_equal(run.labels, labels)
        wrong = taps.mismatches(path, plan, truth)
        assert not any(wrong.values()), wrong
        if into == out == 0:
            cycles_of = (run.first_pixel, *run.results)
            model = (predicted.first_pixel, *predicted.results)
            assert cycles_of == model, f"cycles {cycles_of}, predicted {model}"
        levels += sum(truth[name].size for name in wrong)
        cycles += run.cycles
    return levels, cycles
