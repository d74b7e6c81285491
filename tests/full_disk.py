"""A disk without room, for tests: no file may grow beyond a size."""

import resource
import signal
from contextlib import contextmanager


@contextmanager
def full_disk(size: int):
    """No file may grow beyond ``size`` bytes: the system's error is as on a full disk.

    Processes started here have the limit too; those that do not ignore SIGXFSZ die of it.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
