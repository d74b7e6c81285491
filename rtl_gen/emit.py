"""Components as Verilog or RTLIL text; a stream NAME has the ports NAME_valid, _ready and _data.

Where a field of its payload is called ``data``, each of them has a port of its own, NAME_FIELD.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amaranth.hdl import Fragment, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from fq_hw import toolbox
from fq_hw.errors import ToolError, require
from fq_hw.files import scratch_folder, write_text
from rtl_gen.dot_product import DotInstance, DotProduct
from rtl_gen.rtlil import convert

__all__ = [
    "dot_instances",
    "dots_rtlil",
    "ports",
    "to_rtlil",
    "to_verilog",
    "verilog_of",
    "whole_ports",
]

INTERNAL = "-remove generator -remove top -remove src -remove amaranth.hierarchy"
# As amaranth.back.verilog does, but for all modules in one process.
VERILOG = f"""read_rtlil design.il
proc -nomux -norom
memory_collect
attrmap {INTERNAL} -remove amaranth.decoding
attrmap -modattr {INTERNAL} -remove amaranth.decoding
write_verilog -norename design.v
"""


def ports(part: wiring.Component) -> dict[str, tuple[Value, None]]:
    """Flat port names of a component whose members are streams and single signals."""
    found = {}
    for name, member in part.signature.members.items():
        face = getattr(part, name)
        if member.is_port:
            found[name] = (Value.cast(face), None)
            continue
        found[f"{name}_valid"] = (face.valid, None)
        found[f"{name}_ready"] = (face.ready, None)
        shape = face.payload.shape() if isinstance(face.payload, data.View) else None
        if isinstance(shape, data.StructLayout) and "data" in shape.members:
            for field, _ in shape:
                found[f"{name}_{field}"] = (Value.cast(face.payload[field]), None)
        else:
            found[f"{name}_data"] = (Value.cast(face.payload), None)
    return found


def whole_ports(part: wiring.Component, design: Fragment) -> dict[str, tuple[Signal, None]]:
    """``ports`` as Amaranth wants them: a field becomes a signal, which ``design`` joins to it."""
    found = {}
    for name, (value, _) in ports(part).items():
        port = value
        if not isinstance(value, Signal):
            port = Signal(value.shape(), name=name)
            into = part.signature.members[name.rpartition("_")[0]].flow is In
            design.add_statements("comb", value.eq(port) if into else port.eq(value))
        found[name] = (port, None)
    return found


def to_verilog(part: wiring.Component, name: str) -> str:
    """Verilog of ``part`` as module ``name``, without host paths: same input, same bytes."""
    return verilog_of(to_rtlil(part, name, f"{name}."))


def verilog_of(design: str) -> str:
    """RTLIL as Verilog."""
    with scratch_folder() as folder:
        write_text(folder / "design.il", design)
        write_text(folder / "verilog.ys", VERILOG)
        yosys, made = toolbox.find("yosys"), folder / "design.v"
        toolbox.run(yosys, ["-q", "verilog.ys"], cwd=folder)
        text = made.read_text() if made.is_file() else ""
    modules = len(re.findall(r"(?m)^module ", design))
    written = len(re.findall(r"\bendmodule\s", text))  # a full disk cuts it off without a word
    contract = f"{' '.join(yosys.command)} ended well, but wrote {written} of {modules} modules"
    hint = "make room for temporary files, and ask `fq-hw doctor` which Yosys is used"
    require(written == modules, "yosys", contract, hint=hint, kind=ToolError)
    return text


def to_rtlil(part: wiring.Component, name: str, prefix: str = "") -> str:
    """RTLIL of ``part`` as module ``name``: what synthesis reads fastest.

    ``prefix`` begins the names of the dot products' modules; those of all others begin with
    ``name`` and a dot.
    """
    design = Fragment.get(part, None)
    dots = dots_rtlil(design, prefix)
    found = whole_ports(part, design)
    return convert(design, name=name, ports=found) + dots


def dots_rtlil(design: Fragment, prefix: str = "") -> str:
    """RTLIL of the dot products that ``design`` has instances of, each once, by name."""
    found = {}
    for instance in dot_instances(design):
        instance.type = prefix + instance.dot.name
        found[instance.type] = instance.dot
    parts = {name: DotProduct(*found[name]) for name in sorted(found)}
    return "".join(convert(part, name=name, ports=ports(part)) for name, part in parts.items())


def dot_instances(design: Fragment) -> Iterator[DotInstance]:
    """The instances of dot products in ``design``, at every depth."""
    for part, *_ in design.subfragments:
        if isinstance(part, DotInstance):
            yield part
        yield from dot_instances(part)
