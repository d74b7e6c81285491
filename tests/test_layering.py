"""Imports point left: what each package may import, read from its source.

LAYERS is the order of docs/architecture: a module may import its own layer and those above it in
the list. Packages of one row do not import each other.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("fq_hw", "rtl_gen", "bus", "sim", "boards")
LAYERS = [
    ["fq_hw"],  # the version alone
    ["fq_hw.ending"],
    ["fq_hw.errors"],
    ["fq_hw.files", "fq_hw.plain", "fq_hw.family"],
    ["fq_hw.child"],
    ["fq_hw.layers"],
    [
        "fq_hw.network",
        "fq_hw.traced",
        "fq_hw.thermometer",
        "fq_hw.toolbox",
        "fq_hw.artifact",
        "fq_hw.data",
    ],
    ["fq_hw.concave", "fq_hw.rounding", "fq_hw.exact"],
    ["fq_hw.float_network"],
    ["fq_hw.yosys_command", "fq_hw.pixel_codes"],
    ["fq_hw.nn"],
    ["fq_hw.checkpoint"],
    ["fq_hw.fixed"],
    ["fq_hw.nn.fixed_point", "fq_hw.nn.tracing"],
    ["fq_hw.export"],
    ["fq_hw.untrained"],
    ["fq_hw.ir"],
    ["fq_hw.passes"],
    ["fq_hw.schedule.kernel"],
    ["fq_hw.golden", "fq_hw.schedule"],
    ["fq_hw.foreign"],
    ["fq_hw.report"],
    ["rtl_gen"],
    ["bus"],
    ["sim", "boards"],
    ["fq_hw.flow"],
    ["fq_hw.serve"],
    ["fq_hw.cli"],
    ["fq_hw.entry"],
    ["fq_hw.__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ANYWHERE, INSIDE_FUNCTIONS, NOWHERE = "anywhere", "inside functions only", "nowhere"
RULES = {  # outside package: which layers may import it, and how; all others must not
    "torch": {
        "fq_hw.nn": ANYWHERE,
        "fq_hw.nn.fixed_point": ANYWHERE,
        "fq_hw.nn.tracing": ANYWHERE,
        "fq_hw.flow": INSIDE_FUNCTIONS,
    },
    "jinja2": {"fq_hw.report": INSIDE_FUNCTIONS},
    "matplotlib": {"fq_hw.report": INSIDE_FUNCTIONS},
    "tqdm": {
        "fq_hw.flow": INSIDE_FUNCTIONS,
        "sim": INSIDE_FUNCTIONS,
        "boards": INSIDE_FUNCTIONS,
    },
    "amaranth": {"rtl_gen": ANYWHERE, "bus": ANYWHERE, "sim": ANYWHERE, "boards": ANYWHERE},
    "safetensors": {"fq_hw.artifact": ANYWHERE},
    "onnx": {"fq_hw.foreign": ANYWHERE},
    "qonnx": {"fq_hw.foreign": ANYWHERE},
    "ortools": {"fq_hw.schedule": INSIDE_FUNCTIONS},
    "numba": {"fq_hw.schedule.kernel": ANYWHERE},
    "scipy": {"boards": ANYWHERE},
    "starlette": {"fq_hw.serve": ANYWHERE},
    "uvicorn": {"fq_hw.serve": ANYWHERE},
    "subprocess": {
        "fq_hw.child": ANYWHERE,
        "fq_hw.yosys_command": ANYWHERE,  # which imports nothing of the package
    },
}
CORE = [  # what must run with numpy and safetensors alone: export, golden model, plan, timing
    "fq_hw",
    "fq_hw.ending",
    "fq_hw.errors",
    "fq_hw.family",
    "fq_hw.layers",
    "fq_hw.network",
    "fq_hw.traced",
    "fq_hw.thermometer",
    "fq_hw.pixel_codes",
    "fq_hw.artifact",
    "fq_hw.toolbox",
    "fq_hw.data",
    "fq_hw.checkpoint",
    "fq_hw.float_network",
    "fq_hw.rounding",
    "fq_hw.fixed.integers",
    "fq_hw.fixed.saved",
    "fq_hw.fixed.savings",
    "fq_hw.fixed.search",
    "fq_hw.export",
    "fq_hw.untrained",
    "fq_hw.ir",
    "fq_hw.ir.serialize",
    "fq_hw.ir.text",
    "fq_hw.passes",
    "fq_hw.golden",
    "fq_hw.schedule.folding",
    "fq_hw.schedule.fold_search",
    "fq_hw.schedule.lower",
    "fq_hw.schedule.timing",
    "fq_hw.report",
    "fq_hw.flow",
    "fq_hw.cli",
]


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(p): p for top in PACKAGES for p in sorted((ROOT / top).rglob("*.py"))}


def layer(module):
    """The longest entry of LAYERS that ``module`` is or lies in; None for an outside module."""
    parts = module.split(".")
    names = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    found = next((name for name in names if name in RANK), None)
    return None if found == "fq_hw" and module != "fq_hw" else found


def imports(module):
    """(imported module, line, inside a function) for every import statement of ``module``."""
    tree = ast.parse(MODULES[module].read_text())
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: write imports in full"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in whole]
        for name in names:
            yield name, node.lineno, id(node) in inside


def test_every_module_has_a_layer():
    lost = [module for module in MODULES if layer(module) is None]
    assert not lost, f"no entry of LAYERS in tests/test_layering.py covers {lost}"
    empty = [name for name in RANK if not any(layer(module) == name for module in MODULES)]
    assert not empty, f"LAYERS names packages that are gone: {empty}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_left(module):
    own = layer(module)
    for name, line, _ in imports(module):
        if name.split(".")[0] not in PACKAGES:
            continue
        other = layer(name)
        assert other is not None, f"{module}:{line} imports {name}, which LAYERS does not know"
        left = other == own or RANK[other] < RANK[own]
        where = "stands right of" if RANK[other] > RANK[own] else "stands beside"
        assert left, f"{module}:{line} imports {name}, but {other} {where} {own} in LAYERS"


@pytest.mark.parametrize("module", MODULES)
def test_outside_packages_stay_in_their_layers(module):
    for name, line, inside in imports(module):
        rule = RULES.get(name.split(".")[0])
        if rule is None:
            continue
        allowed = rule.get(layer(module), NOWHERE)
        good = allowed == ANYWHERE or (allowed == INSIDE_FUNCTIONS and inside)
        assert good, f"{module}:{line} imports {name}, allowed here: {allowed}"


def test_the_rules_find_what_they_look_for():
    """A scan that finds nothing would pass: every allowance is used, and functions are seen."""
    found = {
        (name.split(".")[0], layer(m), inside) for m in MODULES for name, _, inside in imports(m)
    }
    for package in ("torch", "amaranth", "safetensors", "ortools", "subprocess"):
        assert any(name == package for name, _, _ in found), f"nobody imports {package}"
    assert ("torch", "fq_hw.nn", False) in found
    assert ("torch", "fq_hw.flow", True) in found


BLOCK = """
import sys
allowed = {"numpy", "safetensors", "fq_hw"}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and top not in sys.stdlib_module_names:
            raise ImportError(f"{name} is no part of numpy, safetensors or the standard library")
sys.meta_path.insert(0, Refuse())
"""


def run_blocked(text):
    """Run ``text`` in a fresh interpreter that has numpy, safetensors and ourselves only."""
    command = [sys.executable, "-c", BLOCK + text]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_core_needs_numpy_and_safetensors_alone():
    done = run_blocked("\n".join(f"import {name}" for name in CORE))
    assert done.returncode == 0, done.stderr


def test_the_block_blocks():
    done = run_blocked("import pytest")
    assert "pytest is no part of numpy" in done.stderr
