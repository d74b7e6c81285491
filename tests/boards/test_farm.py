"""Seeds in parallel: in processes, and on a small Dask cluster; whatever dies, the rest is kept."""

import multiprocessing
import os
import signal
import socket
import threading
import time
from pathlib import Path

import fake_router
import pytest

from boards import farm
from fq_hw.errors import ParameterError, ToolError

KILLS = "2) kill -9 $PPID; exit 1;;"
SLEEPS = "*) echo $$ > {folder}/pid.$seed; exec sleep 60;;"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """A process that is killed leaves its folder: below the test's own, not in the system's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def run(seeds, **where):
    """Outcome of every seed: its log and error, in order of seed."""
    with farm.workers(where.pop("at_once", 2), **where) as route_all:
        found = list(route_all([fake_router.job(n) for n in seeds], lambda line: None))
    return sorted(found, key=lambda one: one.seed)


def running(folder: Path) -> list[int]:
    """The fake routers that still run."""
    pids = [int(path.read_text()) for path in folder.glob("pid.*")]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def wait_for(what, seconds=60):
    for _ in range(seconds * 20):
        if what():
            return
        time.sleep(0.05)
    pytest.fail("did not happen in time")


def test_processes_do_every_seed_and_keep_those_that_work(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch)
    found = run(range(1, 6))
    assert [one.seed for one in found if not one.error] == [1, 2, 4, 5]
    assert found[2].error.endswith("ERROR: cannot route net x")
    assert not multiprocessing.active_children()


def test_a_single_job_hands_its_lines_on(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch)
    lines = []
    with farm.workers(4) as route_all:
        (one,) = route_all([fake_router.job(1)], lines.append)
    assert one.error == "" and lines == ["Info: seed 1 reads a netlist"]


def test_a_dead_process_is_an_answer(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, KILLS)
    found = run([1, 2], at_once=1)
    assert found[0].error == ""
    assert found[1].error.startswith("its worker failed: BrokenProcessPool: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_every_router(number, tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, SLEEPS.format(folder=tmp_path))

    def stop(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(number, stop)
    try:
        timer = threading.Thread(
            target=lambda: (wait_for(lambda: len(running(tmp_path)) == 2),
                            os.kill(os.getpid(), number))
        )  # fmt: skip
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            run(range(1, 9))
        timer.join()
    finally:
        signal.signal(number, before)
    wait_for(lambda: not running(tmp_path))
    assert len(list(tmp_path.glob("pid.*"))) == 2, "no other job was begun"
    assert not multiprocessing.active_children()


def test_no_jobs_at_a_time():
    with pytest.raises(ParameterError, match="^--jobs: must be at least 1 \\(got 0\\)$"):
        run([1], at_once=0)


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A scheduler and two workers of one thread each, with the fake router."""
    distributed = pytest.importorskip("distributed")
    fake_router.put(tmp_path, monkeypatch, fake_router.FAILS + KILLS)
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
    ):
        yield cluster


def test_a_cluster_does_every_seed_and_survives_a_dead_worker(cluster):
    found = run(range(1, 6), scheduler=cluster.scheduler_address)
    assert [one.seed for one in found if not one.error] == [1, 4, 5]
    assert found[1].error.startswith("its worker failed: KilledWorker: ")
    assert found[2].error.endswith("ERROR: cannot route net x")


def test_a_scheduler_that_goes_away_is_an_answer(cluster, tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, f"1) ;; {SLEEPS.format(folder=tmp_path)}")
    other = threading.Thread(
        target=lambda: (wait_for(lambda: len(running(tmp_path)) == 2), cluster.close())
    )
    other.start()
    found = run([1, 2, 3], scheduler=cluster.scheduler_address)
    other.join()
    assert [one.error for one in found] == ["", *["its scheduler went away"] * 2]
    for pid in running(tmp_path):  # what a killed worker had begun goes on to its end
        os.kill(pid, signal.SIGKILL)


def test_a_cluster_without_workers_is_said(cluster):
    cluster.scale(0)
    wait_for(lambda: not cluster.scheduler_info["workers"])
    with pytest.raises(
        ToolError, match="this cluster has no workers; start some with `dask worker tcp://"
    ):
        run([1], scheduler=cluster.scheduler_address)


def test_a_scheduler_that_is_away_is_said_soon():
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{port.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(ToolError, match=f"^--scheduler {address}: does not answer") as error:
            run([1], scheduler=address)
    assert time.monotonic() - began < 10 and "\n" not in str(error.value)


def test_without_dask_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ToolError, match=r"not installed; pip install -e '\.\[farm\]'$"):
        run([1], scheduler="tcp://127.0.0.1:1")


def test_a_wrong_address_is_said():
    with pytest.raises(
        ParameterError, match="^--scheduler: must be written tcp://HOST:PORT \\(got 'here'\\)"
    ):
        run([1], scheduler="here")
