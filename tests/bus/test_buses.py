"""Designs with buses in Verilator, driven by somebody else's models of the buses."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from networks import array_plan, least_plan, random_graph, random_images

from bus import Bus, Kind
from bus.geometry import Geometry
from bus.registers import ID, REGISTERS, VERSION
from bus.words import result_words
from bus.wrapped import wrapped
from fq_hw import golden
from fq_hw.errors import ToolError
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from fq_hw.schedule.in_turn.geometry import Array
from rtl_gen.emit import to_verilog
from sim import components

pytest.importorskip("cocotbext.axi", reason="cocotbext-axi is not installed: extra test")
pytest.importorskip("cocotbext.wishbone", reason="cocotbext-wishbone is not installed: extra test")

STALLS = ("none", "some", "most")  # of tests/bus/cocotb_buses.py
TOP, HERE = "buses", Path(__file__).parent
SMALL = Array(columns=2, pe=2, simd=4, depth=256)
DESIGNS = {  # network, cycles per frame or an array, bus
    "layers": ("tiny-bottleneck", 600, Bus(kind=Kind.AXI4_STREAM)),
    "array": ("tiny-bottleneck", SMALL, Bus(kind=Kind.AXI4_STREAM, width=32)),
    "registers": ("tiny", SMALL, Bus(kind=Kind.WISHBONE)),
}


def results(graph, images: np.ndarray, geometry: Geometry) -> list[str]:
    """Results of the golden model, as bytes in hex."""
    scores = golden.run(graph, images)[graph.ops[-2].name].reshape(len(images), -1)
    size = geometry.out_bits // 8
    rows = [result_words(one, geometry) for one in scores]
    return [b"".join(word.to_bytes(size, "little") for word in row).hex() for row in rows]


def case(name: str, way, bus: Bus) -> tuple[object, dict]:
    """A design, and what its bench must know."""
    graph = lower_graph(random_graph(name))
    plan = array_plan(graph, way) if isinstance(way, Array) else least_plan(graph, way)
    schedule, geometry = timing.simulate(plan), Geometry.of(plan, bus)
    images = random_images(plan.image, 3, seed=1)
    cut = geometry.in_bits // 8 * (geometry.frame_words // 3)
    short = images[2:].copy()
    short.reshape(-1)[cut:] = 0
    height, width, colours = plan.image
    score_bytes = geometry.field_bits // 8
    facts = {
        "kind": bus.kind,
        "frames": [image.tobytes().hex() for image in images],
        "results": results(graph, images, geometry),
        "cut": cut,
        "short": results(graph, short, geometry)[0],
        "interval": schedule.interval,
        "latency": schedule.latency + 1 + (geometry.out_bits > geometry.field_bits),
        "registers": {one.name: one.offset // 4 for one in REGISTERS},
        "constants": [
            ID, VERSION, width | height << 16,
            colours | score_bytes << 8 | geometry.best << 12 | geometry.classes << 16,
        ],
        "classes": geometry.classes,
        "best": geometry.best,
        "score_words": score_bytes // 4,
    }  # fmt: skip
    return wrapped(plan, schedule, bus), facts


def beside_each_other(parts: dict[str, object]) -> str:
    """A module with all ports of all parts, each port's name behind its part's."""
    clocks = {"aclk": "clk", "wb_clk_i": "clk", "aresetn": "~rst", "wb_rst_i": "rst"}
    heads, bodies = ["input clk", "input rst"], []
    for name, part in parts.items():
        pins = []
        for port, member in part.signature.members.items():
            wire = clocks.get(port) or f"{name}_{port}"
            pins.append(f".{port}({wire})")
            if port not in clocks:
                way = "input" if member.flow.name == "In" else "output"
                heads.append(f"{way} [{member.shape - 1}:0] {wire}")
        bodies.append(f"  {name} {name}_inst ({', '.join(pins)});\n")
    return f"module {TOP}({', '.join(heads)});\n{''.join(bodies)}endmodule\n"


def said(names: list[str], stalls: list[tuple[str, str]], folder: Path) -> dict[str, str]:
    """What went wrong in each test of the bench: "" where nothing did."""
    cases = {name: case(*DESIGNS[name]) for name in names}
    parts = {name: part for name, (part, _) in cases.items()}
    text = "".join(to_verilog(part, name) for name, part in parts.items())
    text += beside_each_other(parts)
    program = components.build(text, HERE.parents[1] / "build" / "cocotb", TOP)
    task = {"designs": {name: told for name, (_, told) in cases.items()}, "stalls": stalls}
    (folder / "buses.json").write_text(json.dumps(task))
    out, log = folder / "results.xml", folder / "replay.log"
    words = ["test", TOP, str(program.resolve()), str(out), "cocotb_buses"]
    more = {"FQ_BUSES": str(folder / "buses.json"), "PYTHONPATH": f"{HERE.parents[1]}:{HERE}"}
    try:
        components.run(words, folder, log, **more)
    except ToolError:
        assert out.exists(), log.read_text()[-3000:]
    found = {}
    for one in ElementTree.parse(out).iter("testcase"):
        problem = one.find("failure")
        problem = one.find("error") if problem is None else problem
        message = "" if problem is None else problem.get("message") or "failed"
        found[one.get("name")] = message
    return found


@pytest.mark.verilator
def test_buses_of_others_get_goldens_results(tmp_path):
    """Of arrays, which are small; a bus of 32 bits, and registers."""
    found = said(["array", "registers"], [("none", "none"), ("some", "most")], tmp_path)
    wrong = {name: text for name, text in found.items() if text}
    assert not wrong and len(found) == (2 + 1 + 2) + (2 + 1 + 1), (wrong, len(found))


@pytest.mark.slow
@pytest.mark.verilator
def test_every_stall_on_every_side(tmp_path):
    """And of layers side by side, where frames overlap; a beat is a pixel or a result."""
    stalls = [(into, out) for into in STALLS for out in STALLS]
    found = said(["layers", "array"], stalls, tmp_path)
    wrong = {name: text for name, text in found.items() if text}
    assert not wrong and len(found) == 2 * (9 + 1 + 2), (wrong, len(found))
