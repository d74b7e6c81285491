"""A signal ends a command where it stands: one line, its status, nothing left, whatever it does."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.interrupts import NUMBERS, hear, interrupt, listens, owned

ROOT = Path(__file__).parents[2]
BEGIN = """
import atexit, os, signal, subprocess, sys, threading, time
from fq_hw import ending
ending.arm()
def ready():
    print("ready", flush=True)
"""
DOING = {
    "waits": "ready(); time.sleep(60)",
    "computes": "ready()\nwhile True: pass",
    "imports": "ready()\nwhile True:\n sys.modules.pop('this_is_no_module', 0)\n"
    " try: import this_is_no_module\n except ImportError: pass",
    "swallows": "ready()\nwhile True:\n try: time.sleep(60)\n except BaseException: pass",
    "destroys": "class A:\n def __del__(self): ready(); time.sleep(60)\nA()",
    "waits for a thread": "t = threading.Thread(target=time.sleep, args=[60], daemon=True)\n"
    "t.start(); ready(); t.join()",
    "ends": "def late(): ready(); time.sleep(60)\natexit.register(late); sys.exit(0)",
    "draws": "from tqdm import tqdm\nb = tqdm(total=9, ascii=True); b.update(1); ready()\n"
    "time.sleep(60)",
    "says": "sys.stderr.write('half a line')\nready(); time.sleep(60)",
    "has a child": "p = subprocess.Popen(['sleep', '60']); ready(); p.wait()",
    "has a grandchild whose parent is gone": "subprocess.run(['sh', '-c', 'sleep 60 &'], "
    "process_group=0)\nready(); time.sleep(60)",
    "has a fork": "if os.fork() == 0:\n signal.pause()\nready(); time.sleep(60)",
    "has threads that complain": "def wait(p):\n p.wait(); raise ValueError('it died')\n"
    "p = subprocess.Popen(['sleep', '60'], process_group=0)  # as fq_hw.child starts them\n"
    "threading.Thread(target=wait, args=[p]).start()\n"
    "ready(); time.sleep(60)",
    "has a thread that keeps what its child had": "def work():\n"
    " p = subprocess.Popen(['sleep', '60'], process_group=0)\n"
    " with ending.unfinished(sys.argv[1] + '/made', keep=(ValueError,)):\n"
    "  os.mkdir(sys.argv[1] + '/made'); ready(); p.wait(); raise ValueError('it died')\n"
    "threading.Thread(target=work, daemon=True).start()\ntime.sleep(60)",
    "has files": "made = sys.argv[1] + '/made'\n"
    "with ending.unfinished(made):\n os.makedirs(made + '/deep'); open(made + '/deep/a', 'w')\n"
    " os.symlink('/etc', made + '/link')\n open(os.environ['TMPDIR'] + '/b', 'w')\n"
    " ready(); time.sleep(60)",
}


STUBBORN = """
subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; sleep 60 & sleep 60"], process_group=0)
time.sleep(0.2)
ready()
time.sleep(60)
"""


def start(text, folder, **options):
    """A process that does ``text``, once it says that it is ready."""
    temporary = folder / "t"
    temporary.mkdir(exist_ok=True)
    env = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    env |= {"FQ_HW_TEST_TOKEN": folder.name} | options.pop("more", {})
    words = [sys.executable, "-c", BEGIN + text, str(folder)]
    options = {"preexec_fn": hear} | options
    process = subprocess.Popen(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        process_group=0, **options,
    )  # fmt: skip
    assert process.stdout.readline() == b"ready\n", process.communicate()[1]
    return process


def ended(process, folder):
    """Status and what it said on stderr; nothing is left."""
    _, said = process.communicate(timeout=20)
    late = time.monotonic() + 2
    while owned(folder.name) and time.monotonic() < late:
        time.sleep(0.01)
    assert not owned(folder.name)
    assert [str(p) for p in folder.rglob("*")] == [str(folder / "t")]
    return process.returncode, said.decode()


@pytest.mark.parametrize("doing", DOING)
def test_whatever_it_does(doing, tmp_path):
    number = NUMBERS[len(doing) % 3]
    process = start(DOING[doing], tmp_path)
    os.killpg(process.pid, number)
    status, said = ended(process, tmp_path)
    assert status == 128 + number
    line = "fq-hw: interrupted\n" if number == signal.SIGINT else "fq-hw: terminated\n"
    assert re.sub(r"^\r.*\n", "", said) == line
    assert said.startswith("\r") == (doing == "draws")


def test_a_second_signal_changes_nothing(tmp_path):
    """While a child is waited for that does not want to end."""
    process = start(STUBBORN, tmp_path)
    for _ in range(50):
        process.send_signal(signal.SIGINT)
        time.sleep(0.002)
    assert ended(process, tmp_path) == (130, "fq-hw: interrupted\n")


@pytest.mark.parametrize("more", [{"FQ_HW_HELPER": "1"}, {"RANK": "1"}])
def test_helpers_end_without_a_word(more, tmp_path):
    process = start("ready(); time.sleep(60)", tmp_path, more=more)
    process.terminate()
    assert ended(process, tmp_path) == (143, "")


def test_what_is_ignored_stays_so(tmp_path):
    """As under nohup, or in the background of a script."""
    process = start(
        "ready(); time.sleep(0.5); ending.leave(7)", tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    process.send_signal(signal.SIGHUP)
    assert ended(process, tmp_path) == (7, "")


def test_leaving_says_nothing_at_exit(tmp_path):
    text = "atexit.register(print, 'late')\nclass A:\n def __del__(self): 1 / 0\na = A()\n"
    text += "os.fork() or time.sleep(60)\nready(); ending.leave(3)"
    assert ended(start(text, tmp_path), tmp_path) == (3, "")


def test_an_exception_is_as_good_as_a_signal(tmp_path):
    from fq_hw.ending import UNFINISHED, unfinished

    for error, left in ((KeyboardInterrupt, []), (ValueError, ["a"])):
        with pytest.raises(error), unfinished(tmp_path / "a", keep=(ValueError,)):
            (tmp_path / "a").mkdir()
            raise error
        assert os.listdir(tmp_path) == left
    assert not UNFINISHED


WORDS = [  # the command itself: in its imports, at work, and in between
    (("golden",), 0.0, signal.SIGINT, True),
    (("golden", "--help"), 0.2, signal.SIGTERM, False),
    (("fold", "--cycles", "20000"), 0.7, signal.SIGHUP, True),
    (("rtl", "--cycles", "20000", "--out", "a.v"), 1.5, signal.SIGINT, True),
]


@pytest.mark.parametrize(("words", "after", "number", "group"), WORDS)
def test_commands(words, after, number, group, tmp_path):
    for name in ("folder", "t"):
        (tmp_path / name).mkdir()
    found = interrupt(
        words, tmp_path / "folder", tmp_path / "t", after=after, number=number, group=group
    )
    assert not found.faults, found.said


def test_signals_are_heard_before_the_imports(tmp_path):
    """By the time that numpy comes in, somebody listens."""
    text = "import sys; from fq_hw import entry; entry.ending.arm(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert not {"numpy", "argparse", "json", "fq_hw.errors"} & set(done.stdout.split())
    assert not listens(os.getpid())
