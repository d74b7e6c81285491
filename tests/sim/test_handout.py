"""What comes with the Verilog: several designs in one, in both simulators; lint; hostile names."""

import shutil
import subprocess
from pathlib import Path

import pytest
from networks import array_plan, random_graph
from simcases import make_case

from bus import Bus, Kind
from bus.wrapped import wrapped
from fq_hw import toolbox
from fq_hw.errors import ParameterError
from fq_hw.flow.model import SHIPPED, load_model
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.in_turn.geometry import Array
from fq_hw.schedule.lower import lower
from rtl_gen.emit import to_verilog
from rtl_gen.top import Accelerator
from sim import verilator
from sim.handout import Product, design, handout, head
from sim.handout.header import WAIVED, waived

CLASSES = ("*/ endmodule", '"`x', "verilator lint_off WIDTH", "\u00e9 \\")
SMALL = Array(columns=2, pe=2, simd=4, depth=256)
NETS = {  # network, family, classes, bus, array
    "left": ("tiny", "plain", CLASSES, Bus(), None),
    "right": ("tiny-bottleneck", "ecp5", (), Bus(), None),
    "axi": ("tiny", "plain", (), Bus(kind=Kind.AXI4_STREAM, width=32), SMALL),
    "registers": ("tiny-bottleneck", "plain", (), Bus(kind=Kind.WISHBONE), SMALL),
}
PASSES = {f"{name}: PASS" for name in NETS}
PAIR = f"module pair;\n{''.join(f'  {name}_bench {name}();' for name in NETS)}\nendmodule\n"


def product(case, top="left", **more):
    """A case under the name ``top``."""
    return Product(plan=case.plan, schedule=timing.simulate(case.plan), top=top, **more)


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Path:
    """A folder with designs, each bus once, and all that comes with them."""
    folder = tmp_path_factory.mktemp("pair")
    for top, (name, family, classes, bus, array) in NETS.items():
        case = make_case(name, folder, 1, array=array)
        one = product(case, top, family=family, classes=classes, bus=bus)
        files = handout(one, case.graph, case.images[0], top)
        files |= {f"{top}.v": design(one, wrapped(case.plan, one.schedule, bus, family))}
        for file, text in files.items():
            (folder / file).write_text(text)
    (folder / "pair.v").write_text(PAIR)
    return folder


def sources(folder: Path) -> dict[str, str]:
    """The Verilog in ``folder`` but what is to copy."""
    return {p.name: p.read_text() for p in sorted(folder.glob("*.v")) if "_inst" not in p.name}


def icarus(folder: Path, programs: Path):
    """A function that runs the pair in Icarus Verilog."""
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not on PATH, and no wheel has it: apt install iverilog")
    words = ["iverilog", "-g2005", "-s", "pair", "-o", "pair.vvp", *sources(folder)]
    subprocess.run(words, cwd=folder, check=True, timeout=60)
    words, more = ["vvp", "-n", "pair.vvp"], {"capture_output": True, "text": True}
    return lambda: subprocess.run(words, cwd=folder, check=True, timeout=60, **more).stdout


def verilated(folder: Path, programs: Path):
    """A function that runs the pair in Verilator."""
    program = verilator.build(sources(folder), "pair", programs, brief=True)
    return lambda: verilator.run(program, {}, "pair")


@pytest.mark.verilator
@pytest.mark.parametrize("simulator", [icarus, verilated])
def test_several_designs_in_one(simulator, pair, programs, monkeypatch):
    """All benches pass; with another image the one that has it fails."""
    monkeypatch.chdir(pair)
    run = simulator(pair, programs)
    said = run().splitlines()
    assert set(said) > PASSES, said
    for name in ("left", "axi", "registers"):
        pixels = pair / f"{name}_pixels.hex"
        right = pixels.read_text()
        try:
            pixels.write_text("00\n" * right.count("\n"))
            said = run().splitlines()
        finally:
            pixels.write_text(right)
        assert set(said) > PASSES - {f"{name}: PASS"} | {f"{name}: FAIL"}, said
        assert any(line.startswith(f"{name}: the score of class ") for line in said)


def warnings(text: str, top: str, folder: Path, more: str = "") -> list[str]:
    """What ``verilator --lint-only -Wall`` has against a design."""
    (folder / "design.v").write_text(text)
    (folder / "more.v").write_text(more)
    said, tool = folder / "lint.log", toolbox.find("verilator")
    args = ["--lint-only", "-Wall", "-Wno-fatal", "--top-module", top, "design.v", "more.v"]
    toolbox.run(tool, args, cwd=folder, log=said, env=verilator.environment())
    return [line for line in said.read_text().splitlines() if line.startswith("%")]


@pytest.mark.verilator
def test_no_lint(pair, tmp_path):
    """Of layers side by side with primitives, and of one array; with a rule less there are."""
    text, primitives = (pair / "right.v").read_text(), (pair / "right_primitives.v").read_text()
    assert not warnings(text, "right", tmp_path, primitives)
    rule = "/* verilator lint_off UNUSEDSIGNAL */"
    found = warnings(text.replace(rule, ""), "right", tmp_path, primitives)
    assert found and all("UNUSEDSIGNAL" in line for line in found)
    for name in ("axi", "registers"):
        assert not warnings((pair / f"{name}.v").read_text(), name, tmp_path)
    small = Array(columns=4, pe=2, simd=4)
    array = Accelerator(array_plan(lower_graph(random_graph("tiny")), small))
    assert not warnings(waived(to_verilog(array, "array")), "array", tmp_path)


@pytest.mark.slow
@pytest.mark.verilator
def test_no_lint_of_the_demo(tmp_path):
    """Nor a rule that nothing breaks."""
    graph = load_model(SHIPPED).graph
    folding = least_lut(graph, 9_216)
    text = to_verilog(Accelerator(lower(graph, folding.folds, folding.cycles)), "demo")
    assert not warnings(waived(text), "demo", tmp_path)
    rules = {line.partition("-")[2].partition(":")[0] for line in warnings(text, "demo", tmp_path)}
    assert rules == set(WAIVED)


def test_the_header_holds_any_name(pair):
    text = (pair / "left.v").read_text()
    head = text[: text.index("/*")].splitlines()
    assert all(line.startswith("//") and line.isascii() for line in head)
    assert not any(line.endswith("\\") or "`" in line for line in head)
    assert head[-len(CLASSES) :] == [
        r'//   0 "*/ endmodule"', r'//   1 "\"\u0060x"',
        '//   2 "verilator lint_off WIDTH"', r'//   3 "\u00e9 \\"',
    ]  # fmt: skip


def test_the_header_says_what_the_hardware_does(tmp_path):
    case = make_case("tiny", tmp_path, 1)
    one = product(case)
    text, result = head(one), case.plan.result
    assert f"cycles per frame: {case.interval}\n" in text
    assert "i_data[15:0]" in text and f"o_data[{result.data_bits - 1}:0]" in text
    assert f"each image has {result.classes + 1}: out" in text
    assert f"class {result.classes - 1} last" in text and "2: nothing here" in text


@pytest.mark.parametrize(
    ("top", "why"),
    [
        ("", "must have 1 to 100 letters"),
        ("2nd", "must have 1 to 100 letters"),
        ("a.b", "must have 1 to 100 letters"),
        ("n\u00e4r", "must have 1 to 100 letters"),
        ("a\n", "must have 1 to 100 letters"),
        ("x" * 101, "must have 1 to 100 letters"),
        ("module", "is a keyword"),
        ("logic", "is a keyword"),
        ("SB_LUT4", "is the name of a primitive"),
    ],
)
def test_names_that_no_module_can_have(top, why, tmp_path):
    with pytest.raises(ParameterError, match=f"^--top: .*{why}"):
        product(make_case("tiny", tmp_path, 1), top)
