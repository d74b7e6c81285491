"""Slow files first, so that both workers are busy to the end; what tests leave behind fails them.

A session has a folder for temporary files of its own, as short as the names of sockets must be, and
``tmp_path`` lies below build/pytest. Both are gone afterwards; after a failure the latter stays
until the next session.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fq_hw.files.keep import alive

LONG = ("verilator", "synth", "train")  # markers of tests that take seconds
BUILD = Path(__file__).parents[1] / "build"
LIBRARIES = (  # what they remove at the end of the process, or leave
    ".ses",  # onnxruntime, when it is imported
    "pymp-",  # multiprocessing, as torch's loaders use it
)
CAME: dict[str, str] = {}  # what came into the temporary folder, and with which test
LEFT: dict[str, str] = {}  # what was still there at the end, of all processes

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers with two threads each wait in turn
os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(BUILD / "torchinductor")  # torch makes it on import


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Two sessions at a time, and the workers of one, do not meet.

    A component that is only looked at is never elaborated, and that is right.
    """
    config.addinivalue_line("filterwarnings", "ignore::amaranth.hdl.UnusedElaboratable")
    if worker(config):
        place = Path(os.environ["TMPDIR"], config.workerinput["workerid"])
        place.mkdir()
    else:
        base = BUILD / "pytest"
        base.mkdir(parents=True, exist_ok=True)
        for old in (*base.iterdir(), *Path(tempfile.gettempdir()).glob("fqt-*")):
            number = old.name.removeprefix("fqt-")
            if number.isdecimal() and not alive(int(number)):  # of a session that was killed
                shutil.rmtree(old, ignore_errors=True)
        config.own_base = None
        if config.option.basetemp is None:
            config.own_base = config.option.basetemp = str(base / str(os.getpid()))
        place = Path(tempfile.gettempdir(), f"fqt-{os.getpid()}")
        place.mkdir(0o700)
        config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))
    os.environ["TMPDIR"] = str(place)
    tempfile.tempdir = None  # it is asked for anew


def worker(config: pytest.Config) -> bool:
    """Whether this process is one of several that run the tests."""
    return hasattr(config, "workerinput")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests before the others; the order within a file stays."""
    slow = {item.path for item in items if any(item.get_closest_marker(name) for name in LONG)}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Note which test something new has come with; a fixture may need it longer."""
    for name in set(os.listdir(os.environ["TMPDIR"])) - CAME.keys():
        CAME[name] = nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node) -> None:
    """A worker has ended: take over what it found."""
    LEFT.update(getattr(node, "workeroutput", {}).get("left", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What is there still has been left behind."""
    config = session.config
    there = {n for n in os.listdir(os.environ["TMPDIR"]) if not n.startswith(LIBRARIES)}
    if worker(config):
        config.workeroutput["left"] = {name: CAME.get(name, "") for name in there}
        return
    LEFT.update({name: CAME.get(name, "") for name in there if not name.startswith("gw")})
    if LEFT:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    elif session.exitstatus == pytest.ExitCode.OK and config.own_base:
        shutil.rmtree(config.own_base, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say who has left what."""
    for name, test in sorted(LEFT.items()):
        terminalreporter.write_line(f"FAILED {test} - left {name} in the temporary folder")


@pytest.fixture(scope="session")
def programs() -> Path:
    """Where built simulators are kept, from run to run."""
    return BUILD / "test-programs"


@pytest.fixture(scope="session")
def share_programs(programs) -> Callable[[Path], None]:
    """Make `fq-hw sim` in a folder keep its programs with all others, and share their objects."""

    def link(folder: Path) -> None:
        place = folder / "build" / "sim" / "programs"
        place.parent.mkdir(parents=True, exist_ok=True)
        programs.mkdir(parents=True, exist_ok=True)
        place.symlink_to(programs)

    return link
