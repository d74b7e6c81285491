"""Components as Verilog or RTLIL text, with ports named NAME_valid, NAME_ready and NAME_data."""

from __future__ import annotations

from amaranth.back import rtlil, verilog
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

__all__ = ["ports", "to_rtlil", "to_verilog"]


def ports(part: wiring.Component) -> dict[str, tuple[Value, None]]:
    """Flat port names of a component whose members are all streams."""
    found = {}
    for name, member in part.signature.members.items():
        face = getattr(part, name)
        found[f"{name}_valid"] = (face.valid, None)
        found[f"{name}_ready"] = (face.ready, None)
        found[f"{name}_data"] = (Value.cast(face.payload), None)
        assert member.is_signature and member.flow in (In, In.flip())
    return found


def to_verilog(part: wiring.Component, name: str) -> str:
    """Verilog of ``part`` as module ``name``, without host paths: same input, same bytes."""
    return verilog.convert(
        part, name=name, ports=ports(part), emit_src=False, strip_internal_attrs=True
    )


def to_rtlil(part: wiring.Component, name: str) -> str:
    """RTLIL of ``part`` as module ``name``: what synthesis reads fastest."""
    return rtlil.convert(part, name=name, ports=ports(part), emit_src=False)
