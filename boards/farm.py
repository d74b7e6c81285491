"""Many routing jobs at once: in processes of this machine, or on the machines of a Dask cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

from boards.route import Job, Routed, route
from fq_hw.ending import children_spared
from fq_hw.errors import ToolError, require

__all__ = ["workers"]

OnLine = Callable[[str], None]
RouteAll = Callable[[Sequence[Job], OnLine], Iterator[Routed]]
QUIET = "ignore::UserWarning:multiprocessing.resource_tracker"
ANSWER_S = 5  # for a scheduler to answer
LOST_S = 60  # without a single worker, until the jobs are given up


@contextlib.contextmanager
def workers(at_once: int, scheduler: str | None = None) -> Iterator[RouteAll]:
    """A function that does jobs and yields the results as they come, in any order.

    at_once    jobs at a time in processes here
    scheduler  address of a Dask scheduler whose workers do them instead; they need this package
               and its tools
    Errors     ToolError when ``distributed`` is missing, or the scheduler or its workers are away

    A job whose process or worker dies has an error for a result. A single job here is done in
    this process, and its lines are handed on.
    """
    require(at_once >= 1, "--jobs", "must be at least 1", at_once)
    if scheduler is None:
        yield lambda jobs, on_line: here(jobs, on_line, at_once)
        return
    with client_of(scheduler) as client:
        yield lambda jobs, on_line: on_cluster(client, jobs)


def here(jobs: Sequence[Job], on_line: OnLine, at_once: int) -> Iterator[Routed]:
    """Each job in a process, or in this one when there is but one."""
    if len(jobs) == 1:
        yield route(jobs[0], on_line)
        return
    before = multiprocessing.active_children()
    spawn = multiprocessing.get_context("spawn")
    os.environ.setdefault("PYTHONWARNINGS", QUIET)  # of the process that tidies up after us
    with children_spared():
        pool = ProcessPoolExecutor(min(at_once, len(jobs)), mp_context=spawn, initializer=obey)
    try:
        with children_spared():  # a worker that still imports would print a traceback
            futures = {pool.submit(in_worker, job): job for job in jobs}
        for future in as_completed(futures):
            yield outcome(future, futures[future])
    except BaseException:  # an interrupt, or the reader of the results has failed
        for process in multiprocessing.active_children():
            if process not in before:
                process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def obey() -> None:
    """In a worker: the parent gets the terminal's interrupt, and ends us by SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def in_worker(job: Job) -> Routed:
    """In a worker: do the job; when told to end, end the router first and take no other job."""
    try:
        return route(job)
    except SystemExit as end:
        os._exit(end.code)


def outcome(future: Future, job: Job) -> Routed:
    """The result of a job, also where its worker was lost."""
    try:
        return future.result()
    except Exception as problem:
        said = str(problem).splitlines() or [""]
        return Routed(
            seed=job.seed, error=f"its worker failed: {type(problem).__name__}: {said[0]}"
        )


@contextlib.contextmanager
def client_of(scheduler: str):
    """A connection to a Dask scheduler that has workers."""
    fits = scheduler.startswith(("tcp://", "tls://"))
    require(fits, "--scheduler", "must be written tcp://HOST:PORT", scheduler)
    try:
        import distributed
    except ImportError:
        message = "--scheduler: needs Dask, which is not installed; pip install -e '.[farm]'"
        raise ToolError(message) from None
    where = f"--scheduler {scheduler}"
    try:
        client = distributed.Client(scheduler, timeout=ANSWER_S, set_as_default=False)
    except Exception as problem:  # whatever a foreign server's answer gives rise to
        cure = "start it with `dask scheduler`, or leave --scheduler out"
        raise ToolError(f"{where}: does not answer ({type(problem).__name__}); {cure}") from None
    with client:
        cure = f"start some with `dask worker {scheduler}`"
        there = bool(client.scheduler_info()["workers"])
        require(there, where, "this cluster has no workers", hint=cure, kind=ToolError)
        yield client


def on_cluster(client, jobs: Sequence[Job]) -> Iterator[Routed]:
    """Each job as a task; what a worker has begun when we are interrupted, it does to its end.

    No more tasks are handed out than there are threads: Dask blames all that a lost worker holds,
    also those that only wait there.
    """
    import distributed

    waiting, running = list(jobs), {}
    try:
        while waiting or running:
            try:
                threads = max(1, sum(client.nthreads().values()))
                while waiting and len(running) < threads:
                    future = client.submit(route, waiting[0], pure=False)
                    running[future] = waiting.pop(0)
                with client.as_current():
                    done = distributed.wait([*running], LOST_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                lost = not client.scheduler_info()["workers"]
                where = f"--scheduler {client.scheduler.address}"
                cure = "start some and build again"
                contract = "all its workers went away while they worked"
                require(not lost, where, contract, hint=cure, kind=ToolError)
                continue
            except (distributed.client.FuturesCancelledError, distributed.comm.CommClosedError):
                for job in (*running.values(), *waiting):
                    yield Routed(seed=job.seed, error="its scheduler went away")
                return
            for future in done:
                yield outcome(future, running.pop(future))
    finally:
        client.cancel(list(running))
