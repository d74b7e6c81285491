"""What a case cannot break: for root, all but its folder is read-only, and it has no privileges.

A command that replaces devices, as one of ours once did with /dev/full, would else break the
machine that looks for such faults.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

__all__ = ["fence", "plain_user"]

NEW_MOUNTS = 0x20000  # CLONE_NEWNS
READ_ONLY, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 32, 4096, 16384, 1 << 18  # MS_...
CAPSET, CAPABILITIES = 0x20080522, 41  # the third form of the call; how many there are
DROP_BOUNDING = 24  # PR_CAPBSET_DROP
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, flags: int) -> None:
    if LIBC.mount(source.encode(), target.encode(), None, flags, None):
        raise OSError(ctypes.get_errno(), f"mount {target}")


def fence(writable: Path) -> None:
    """Let this process and its children write below ``writable`` alone; others see no change.

    Nothing for a user without privileges, whom the system's own rights fence. Raises OSError where
    root may not do so.
    """
    if os.geteuid():
        return
    here = os.path.realpath(writable)
    if LIBC.unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", "/", RECURSIVE | PRIVATE)
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    mount(here, here, BIND)
    for place in dict.fromkeys(places):
        try:
            mount("none", place.encode().decode("unicode_escape"), REMOUNT | BIND | READ_ONLY)
        except OSError:
            if place in ("/", "/dev", "/tmp"):
                raise


def plain_user() -> None:
    """Give up what root may do besides others: rights of files hold then, for programs too."""
    if os.geteuid():
        return
    for number in range(CAPABILITIES):
        LIBC.prctl(DROP_BOUNDING, number, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(CAPSET, 0)
    if LIBC.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset")
