"""A small Yosys command line over the pyosys wheel: native speed, sees every folder.

It takes what Amaranth and its platforms pass to ``yosys``::

    -V            print the version
    -q            no log on stdout; warnings and errors go to stderr
    -l FILE       write the log to FILE
    -p COMMANDS   run COMMANDS after the scripts (may be repeated)
    FILE.ys, -    run a script file, or the script on stdin

The exit status is that of Yosys. A backend without a file name (``write_verilog``) writes to
stdout, which with ``-q`` holds nothing else. This file imports nothing of its package, so it
also runs by its path.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]

# Yosys ends the process it runs in at the first error, without telling Python. So the scripts
# run in a child, and the parent, which still lives, reports from the log. Who ends the parent ends
# the child too: prctl(PR_SET_PDEATHSIG, SIGTERM).
CHILD = """
import ctypes, sys
ctypes.CDLL(None).prctl(1, 15)
from pyosys import libyosys
tee, design = sys.argv[1].split("\\n"), libyosys.Design()
for script in sys.argv[2:]:
    libyosys.Pass.call(design, [*filter(None, tee), "script", script])
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parse(sys.argv[1:] if argv is None else argv)
    if options.version:
        from pyosys import libyosys

        print(libyosys.yosys_maybe_version())
        return 0
    with tempfile.TemporaryDirectory(prefix="fq-hw-yosys-") as folder:
        return _run(options, Path(folder))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fq-hw-yosys", description="Yosys from the pyosys wheel")
    parser.add_argument("-V", dest="version", action="store_true", help="print the version")
    parser.add_argument("-q", dest="quiet", action="store_true", help="no log on stdout")
    parser.add_argument("-l", dest="log", metavar="FILE", help="write the log to FILE")
    parser.add_argument("-p", dest="commands", metavar="COMMANDS", action="append", default=[])
    parser.add_argument("scripts", metavar="FILE.ys", nargs="*", help="script file, - for stdin")
    options = parser.parse_args(argv)
    foreign = [name for name in options.scripts if name != "-" and not name.endswith(".ys")]
    if foreign:
        parser.error(f"{foreign[0]}: takes Yosys scripts (*.ys) or - only; read it with -p")
    return options


def _run(options: argparse.Namespace, folder: Path) -> int:
    scripts = list(options.scripts)
    if options.commands:
        (folder / "commands.ys").write_text("\n".join(options.commands) + "\n")
        scripts.append(str(folder / "commands.ys"))
    log = Path(options.log) if options.log else folder / "log"
    log.write_text("")
    if options.quiet:
        tee = ["tee", "-q", "-a", str(log)]
    else:
        tee = ["tee", "-a", str(log)] if options.log else []
    status = subprocess.run(
        [sys.executable, "-P", "-c", CHILD, "\n".join(tee), *scripts]
    ).returncode
    if options.quiet:
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith(("Warning: ", "ERROR: ")):
                print(line, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
