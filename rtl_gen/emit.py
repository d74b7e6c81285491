"""Components as Verilog or RTLIL text; a stream NAME has the ports NAME_valid, _ready and _data."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from amaranth.back import rtlil, verilog
from amaranth.hdl import Value
from amaranth.lib import wiring

from fq_hw import toolbox
from rtl_gen.dot_product import named

__all__ = ["named_rtlil", "ports", "to_rtlil", "to_verilog"]


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


@contextlib.contextmanager
def amaranth_finds_yosys() -> Iterator[None]:
    """Amaranth writes Verilog with the Yosys that the environment names; name ours."""
    before = os.environ.get("YOSYS")
    yosys = toolbox.find("yosys")
    os.environ["YOSYS"] = toolbox.executable(yosys, Path("build/tools"))
    try:
        yield
    finally:
        if before is None:
            del os.environ["YOSYS"]
        else:
            os.environ["YOSYS"] = before


def to_verilog(part: wiring.Component, name: str) -> str:
    """Verilog of ``part`` as module ``name``, without host paths: same input, same bytes."""
    with amaranth_finds_yosys():
        text = convert(part, name)
        return text + "".join(convert(dot, module) for module, dot in named(text).items())


def convert(part: wiring.Component, name: str) -> str:
    """Verilog of ``part`` alone."""
    return verilog.convert(
        part, name=name, ports=ports(part), emit_src=False, strip_internal_attrs=True
    )


def to_rtlil(part: wiring.Component, name: str) -> str:
    """RTLIL of ``part`` as module ``name``: what synthesis reads fastest."""
    text = rtlil.convert(part, name=name, ports=ports(part), emit_src=False)
    return text + named_rtlil(text)


def named_rtlil(text: str) -> str:
    """RTLIL of the modules that a design's RTLIL names but does not hold."""
    dots = named(text).items()
    return "".join(rtlil.convert(dot, name=n, ports=ports(dot), emit_src=False) for n, dot in dots)
