"""Components as Verilog or RTLIL text; a stream NAME has the ports NAME_valid, _ready and _data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Value
from amaranth.lib import wiring

from fq_hw import toolbox
from fq_hw.errors import ToolError, require
from rtl_gen.dot_product import named

__all__ = ["named_rtlil", "ports", "to_rtlil", "to_verilog"]

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
        found[f"{name}_data"] = (Value.cast(face.payload), None)
    return found


def to_verilog(part: wiring.Component, name: str) -> str:
    """Verilog of ``part`` as module ``name``, without host paths: same input, same bytes."""
    with tempfile.TemporaryDirectory(prefix="fq-hw-verilog-") as place:
        folder = Path(place)
        (folder / "design.il").write_text(to_rtlil(part, name))
        (folder / "verilog.ys").write_text(VERILOG)
        log = folder / "yosys.log"
        yosys, made = toolbox.find("yosys"), folder / "design.v"
        toolbox.run(yosys, ["-q", "verilog.ys"], cwd=folder, log=log)
        there = made.is_file() and made.stat().st_size > 0
        contract = f"{' '.join(yosys.command)} ended well but wrote no Verilog"
        hint = "`fq-hw doctor` says which Yosys is used"
        require(there, "yosys", contract, hint=hint, kind=ToolError)
        return made.read_text()


def to_rtlil(part: wiring.Component, name: str) -> str:
    """RTLIL of ``part`` as module ``name``: what synthesis reads fastest."""
    text = rtlil.convert(part, name=name, ports=ports(part), emit_src=False)
    return text + named_rtlil(text)


def named_rtlil(text: str) -> str:
    """RTLIL of the modules that a design's RTLIL names but does not hold."""
    dots = named(text).items()
    return "".join(rtlil.convert(dot, name=n, ports=ports(dot), emit_src=False) for n, dot in dots)
