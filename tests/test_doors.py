"""Files come in and go out by ``fq_hw.files`` alone: what else touches them is named here.

Read from the sources, as tests/test_layering reads the imports. ALLOWED says which module may call
what, and why; an entry that is no longer needed fails.
"""

from __future__ import annotations

import ast

import pytest
from test_layering import MODULES

METHODS = {  # of a Path or a file, by the attribute's name
    "write_text", "write_bytes", "mkdir", "rename", "symlink_to", "touch", "truncate",
}  # fmt: skip
FUNCTIONS = {  # as written
    "json.load", "json.loads", "np.load", "np.save", "np.savez", "np.loadtxt", "np.fromfile",
    "os.replace", "os.rename", "os.mkdir", "os.makedirs", "os.truncate", "os.open",
    "pickle.load", "pickle.loads", "torch.load", "safe_open", "gzip.open", "zipfile.ZipFile",
    "tempfile.mkdtemp", "tempfile.mkstemp", "tempfile.TemporaryDirectory", "shutil.rmtree",
    "shutil.move", "tomllib.load", "tomllib.loads", "subprocess.run", "subprocess.Popen",
    "os.system", "os.popen",
}  # fmt: skip
ALLOWED = {
    "fq_hw.ending": {
        "os.mkdir": "runs before anything is imported",
        "os.open": "the null device",
        "open": "the system's table of processes",
    },
    "fq_hw.entry": {"os.open": "the null device"},
    "fq_hw.child": {"subprocess.Popen": "the one place that starts processes"},
    "fq_hw.toolbox": {"open": "a log grows while its tool runs", "mkdir": "its folder"},
    "fq_hw.yosys_command": {
        "subprocess.run": "imports nothing of its package",
        "tempfile.TemporaryDirectory": "imports nothing of its package",
        "write_text": "in that folder",
    },
    "fq_hw.flow.run_folder": {"mkdir": "the folder that --out names"},
    "fq_hw.flow.studies": {"mkdir": "the folder that --record names"},
    "fq_hw.flow.waves": {"open": "the date in a file that is being written"},
    "fq_hw.nn.resume": {
        "torch.load": "bytes that came by the door; weights only",
        "zipfile.ZipFile": "likewise",
    },
    "fq_hw.cli.main": {"open": "the null device"},
    "fq_hw.data.digits": {"gzip.open": "a file of a wheel", "np.loadtxt": "likewise"},
    "fq_hw.foreign.apart": {
        "open": "a pipe between processes, the null device",
        "os.open": "the null device",
    },
    "sim.cocotb_child": {"write_text": "in its working folder; a process of its own"},
    "sim.cocotb_bench": {"json.loads": "the vectors that its parent wrote"},
    "sim.components": {"rename": "inside the new entry of a cache", "shutil.rmtree": "likewise"},
    "sim.verilator": {
        "mkdir": "inside the new entry of a cache",
        "rename": "likewise",
        "shutil.rmtree": "likewise",
    },
    "sim.live": {"os.open": "a pipe to a simulation"},
    "fq_hw.schedule.resources": {"json.loads": "a file of the package"},
}


def called(node: ast.Call) -> str | None:
    """What a call does to files, by its name in ALLOWED; None where it does nothing."""
    text = ast.unparse(node.func)
    if text in FUNCTIONS:
        return text
    if isinstance(node.func, ast.Name):
        name = node.func.id
    elif isinstance(node.func, ast.Attribute):
        name = node.func.attr
    else:
        return None
    if name in METHODS and isinstance(node.func, ast.Attribute):
        return name
    return "open" if name == "open" and writes(node) else None


def writes(node: ast.Call) -> bool:
    """Whether an ``open`` has another mode than reading."""
    modes = [a for a in node.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    modes += [k.value for k in node.keywords if k.arg == "mode"]
    return isinstance(node.func, ast.Name) or any(set(m.value) & set("wax+") for m in modes)


def calls(module: str) -> dict[str, int]:
    """What a module does to files, and the line of one such call."""
    tree = ast.parse(MODULES[module].read_text())
    found = {called(node): node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found.pop(None, None)
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("fq_hw.files")])
def test_files_are_touched_where_it_is_said(module):
    allowed, found = ALLOWED.get(module, {}), calls(module)
    wrong = [f"{module}:{line} calls {name}" for name, line in found.items() if name not in allowed]
    assert not wrong, f"{wrong}: use fq_hw.files (or fq_hw.child), or say here why not"
    assert set(allowed) <= set(found), f"{module} does less than ALLOWED says: {set(allowed)}"


def test_every_entry_is_a_module():
    assert set(ALLOWED) <= set(MODULES)


def test_the_scan_sees_what_it_looks_for():
    text = (
        'p.write_text(x), open(p), p.open("ab"), os.replace(a, b), write_text(p, x), p.open("rb")'
    )
    nodes = ast.parse(text).body[0].value.elts
    assert [called(node) for node in nodes] == [
        "write_text", "open", "open", "os.replace", None, None,
    ]  # fmt: skip
