"""A copy of the project to be changed, and its tests run there in children of a warm process."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SUITES", "Tree", "Watched", "function", "statement", "tests_of", "warm"]

SUITES = (  # tests that judge what a model or a design computes
    "tests/rtl_gen", "tests/bus", "tests/sim", "tests/fq_hw/schedule", "tests/fq_hw/golden",
    "tests/fq_hw/ir", "tests/fq_hw/passes", "tests/fq_hw/foreign", "tests/fq_hw/fixed",
    "tests/fq_hw/*.py",
)  # fmt: skip
THIRD = (  # what the tests import and nobody changes
    "numpy", "torch", "onnx", "qonnx", "onnxruntime", "amaranth.sim", "amaranth.back.verilog",
    "numba", "scipy.optimize", "ortools.sat.python.cp_model", "pytest", "hypothesis", "coverage",
    "ai_edge_litert.interpreter", "tflite", "safetensors.numpy", "tqdm",
)  # fmt: skip
WATCH_S, MOST_S = 240.0, 1200.0  # for a file of tests, watched: until the next test, and at most
MANY = 500  # tests of a file
Lines = Mapping[str, Iterable[int]]


def warm() -> None:
    """Import what tests import from others, so that forks need not; nothing of the project."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # mutants run side by side
    sys.dont_write_bytecode = True  # a stale one of the same size and second would be taken
    for name in THIRD:
        importlib.import_module(name)
    assert not {"fq_hw", "rtl_gen", "bus"} & sys.modules.keys()


def tests_of(root: Path) -> list[str]:
    """Files of tests, by their paths."""
    found: set[Path] = set()
    for suite in SUITES:
        files = root.glob(suite if suite.endswith(".py") else f"{suite}/**/test_*.py")
        found |= {file for file in files if file.name.startswith("test_")}
    return sorted(file.relative_to(root).as_posix() for file in found)


@dataclass(kw_only=True)
class Watched:
    """What the tests of a file ran: ``lines`` of each, by path; "" is what its import ran."""

    passed: bool
    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[str, list[int]]] = field(default_factory=dict)


class Tree:
    """The files of ``root``, copied to ``place``; programs and data are those of ``root``.

    A process that uses it has done ``warm()``.
    """

    def __init__(self, root: Path, place: Path):
        self.root, self.place = root.resolve(), place.resolve()
        shutil.rmtree(place, ignore_errors=True)
        aside = shutil.ignore_patterns(".*", "build", "__pycache__", "*.egg-info")
        shutil.copytree(root, place, ignore=aside)
        for name in ("build/test-programs", ".venv"):
            if (self.root / name).exists():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).symlink_to((self.root / name).resolve())
        beside = self.place.parent / "shared"
        if (self.root.parent / "shared").exists() and not beside.is_symlink():
            beside.symlink_to((self.root.parent / "shared").resolve())

    def watch(self, test: str, wanted: Lines) -> Watched:
        """Run the tests of a file unchanged, and see which of the ``wanted`` lines each runs.

        Of a file of thousands as many as there is time for, drawn at random.
        """
        out = self.place / "build" / "watched.json"
        out.parent.mkdir(exist_ok=True)
        out.unlink(missing_ok=True)
        self.fork(lambda: watch(self.place, test, wanted, out), MOST_S)
        return Watched(**json.loads(out.read_text())) if out.exists() else Watched(passed=False)

    def judge(self, path: str, source: str, tests: Sequence[str], seconds: float) -> str:
        """What becomes of ``tests`` in their order with ``source`` in ``path``.

        "" where all pass, else the test that fails first, or "seconds" where they take too long.
        """
        out = self.place / "build" / "failed.txt"
        out.parent.mkdir(exist_ok=True)
        out.unlink(missing_ok=True)
        file = self.place / path
        whole = file.read_text()
        file.write_text(source)
        try:
            status = self.fork(lambda: judge(tests, out), seconds)
        finally:
            file.write_text(whole)
        if status is None:
            return "seconds"
        if status == 0:
            return ""
        return out.read_text() if out.exists() else "collection"

    def fork(self, what: Callable[[], int], seconds: float) -> int | None:
        """The exit status of ``what`` in a child, None where it took longer."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            status = 3
            try:
                os.setsid()
                log = os.open(
                    self.place / "build" / "log.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC
                )
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(log, 1)
                os.dup2(log, 2)
                os.chdir(self.place)
                sys.path[:0] = [str(self.place), str(self.place / "tests")]
                os.environ["PYTHONPATH"] = str(self.place)
                os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
                status = what()
            finally:
                os._exit(status)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                sweep(child)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        sweep(child)
        os.waitpid(child, 0)
        return None


def sweep(group: int) -> None:
    """End what a child has left running."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


OPTIONS = ["-q", "-p", "no:cacheprovider", "-m", "not slow", "--no-header", "--tb=short"]


def watch(place: Path, test: str, wanted: Lines, out: Path) -> int:
    """In a child: run a file's tests under coverage."""
    import coverage
    import pytest

    folders = [str(place / name) for name in ("rtl_gen", "bus", "fq_hw")]
    seen = coverage.Coverage(data_file=None, config_file=False, source=folders)
    seconds: dict[str, float] = {}
    failed = []
    end = time.monotonic() + WATCH_S

    class Plugin:
        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items):
            if len(items) > MANY:
                random.Random(1).shuffle(items)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_protocol(self, item):
            item.session.shouldstop = time.monotonic() > end and "there was no more time"
            seen.switch_context(item.nodeid)
            began = time.monotonic()
            yield
            seconds[item.nodeid] = time.monotonic() - began
            seen.switch_context("")

        def pytest_runtest_logreport(self, report):
            if report.failed:
                failed.append(report.nodeid)

    seen.start()
    if (place / "fq_hw" / "foreign").exists():
        see_apart()
    status = pytest.main([*OPTIONS, test], plugins=[Plugin()])
    seen.stop()
    data = seen.get_data()
    lines: dict[str, dict[str, list[int]]] = {}
    for path, some in wanted.items():
        contexts = data.contexts_by_lineno(str(place / path))
        for line in some:
            for name in contexts.get(line, ()):
                lines.setdefault(name, {}).setdefault(path, []).append(line)
    passed = not failed and status in (0, 2, 5)  # 2: there was no time; 5: none was there
    out.write_text(json.dumps({"passed": passed, "seconds": seconds, "lines": lines}))
    return 0


def see_apart() -> None:
    """Let what is computed in a process of its own be computed here, too, where it is seen."""
    place = importlib.import_module("fq_hw.foreign.apart")
    alone = place.apart

    def both(work: Callable[[], bytes], where: str, **more: object) -> bytes:
        found = alone(work, where, **more)
        work()
        return found

    place.apart = both  # type: ignore[attr-defined]


def judge(tests: Sequence[str], out: Path) -> int:
    """In a child: run tests until one fails."""
    import pytest

    place = {name: index for index, name in enumerate(tests)}

    class Plugin:
        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items):
            items[:] = sorted(
                (i for i in items if i.nodeid in place), key=lambda i: place[i.nodeid]
            )

        def pytest_runtest_logreport(self, report):
            if report.failed:
                out.write_text(report.nodeid)

    files = list(dict.fromkeys(name.partition("::")[0] for name in tests))
    status = pytest.main([*OPTIONS, "-x", *files], plugins=[Plugin()])
    return 0 if status == pytest.ExitCode.OK else 1


def statement(source: str, line: int) -> range:
    """Lines of the innermost statement at ``line``: of one with a body, those of its head."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or 0):
            continue
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno
        if line <= max(last, node.lineno):
            found = range(node.lineno, max(last, node.lineno) + 1)
    return found


def function(source: str, line: int) -> range:
    """Lines of the innermost function at ``line``; of its statement where there is none."""
    found = statement(source, line)
    for node in ast.walk(ast.parse(source)):  # breadth first: inner ones come later
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            found = range(node.lineno, (node.end_lineno or 0) + 1)
    return found
