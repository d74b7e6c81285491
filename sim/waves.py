"""Waves of a simulation: the streams of every unit, in a scope of its name, and how to show them.

A design has thousands of wires, most without a name; a hundred megabytes a frame, if all were
written. What a reader looks for are the handshakes: they alone are traced, and lane by lane where
they carry a tensor.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from vcd.gtkw import GTKWSave

from fq_hw.schedule.plan import Node, Plan
from fq_hw.schedule.units import Beat
from rtl_gen.top import identifiers

__all__ = ["FLAGS", "Wire", "groups", "save_file", "sources"]

FLAGS = {".vcd": ("--trace-vcd",), ".fst": ("--trace-fst",)}
OFF = """`verilator_config
tracing_off -file "bench.sv"
tracing_off -file "taps.sv"
tracing_off -file "accelerator.v"
"""
WHOLE = "accelerator"  # the scope of the streams that go in and out


@dataclass(frozen=True, kw_only=True)
class Wire:
    """A traced wire: its name in its scope, its bits, what of the bench it shows."""

    name: str
    bits: int
    shows: str
    signed: bool = False
    number: bool = False  # shown in decimal, not in hex

    @property
    def declared(self) -> str:
        """Its name with its range, as GTKWave and Verilog have it."""
        return f"{self.name}[{self.bits - 1}:0]" if self.bits > 1 else self.name


def lanes(port: str, beat: Beat, shows: str) -> Iterator[Wire]:
    """A wire for every lane of a beat."""
    for lane in range(beat.lanes):
        part = f"{shows}[{lane * beat.bits} +: {beat.bits}]" if beat.width > 1 else shows
        yield Wire(name=f"{port}_{lane}", bits=beat.bits, shows=part, signed=beat.signed,
                   number=True)  # fmt: skip


def stream(port: str, beat: Beat, place: str, apart: bool) -> Iterator[Wire]:
    """Valid, ready and data of a unit's stream; its lanes too where they are to be told apart."""
    payload = f"{place}__payload"
    yield Wire(name=f"{port}_valid", bits=1, shows=f"{place}__valid")
    yield Wire(name=f"{port}_ready", bits=1, shows=f"{place}__ready")
    yield Wire(name=f"{port}_data", bits=beat.width, shows=payload)
    if apart and beat.lanes > 1:
        yield from lanes(port, beat, payload)


def of_node(node: Node, word: str) -> tuple[Wire, ...]:
    """The streams of a unit."""
    part = f"bench.dut.\\{word} ."
    found: list[Wire] = []
    for port, beat in node.unit.ins.items():
        found += stream(port, beat, f"{part}{port}", False)
    for port, beat in node.unit.outs.items():
        found += stream(port, beat, f"{part}{port}", node.tensor is not None)
    return tuple(found)


def of_whole(plan: Plan) -> tuple[Wire, ...]:
    """Pixels in, results out, and the cycle that the cycle model counts."""
    result = plan.result
    found = [
        Wire(name="clk", bits=1, shows="bench.clk"),
        Wire(name="rst", bits=1, shows="bench.rst"),
        Wire(name="cycle", bits=32, shows="bench.cycle", number=True),
    ]
    pixel = Beat(lanes=plan.image[2], bits=8)
    for port, bits in (("i", pixel.width), ("o", result.data_bits)):
        found += [
            Wire(name=f"{port}_valid", bits=1, shows=f"bench.{port}_valid"),
            Wire(name=f"{port}_ready", bits=1, shows=f"bench.{port}_ready"),
            Wire(name=f"{port}_data", bits=bits, shows=f"bench.{port}_data", number=port == "o",
                 signed=port == "o"),
        ]  # fmt: skip
    found.append(Wire(name="o_kind", bits=result.KIND_BITS, number=True, shows="bench.o_kind"))
    found.append(Wire(name="o_last", bits=1, shows="bench.o_last"))
    return tuple(found)


def groups(plan: Plan) -> dict[str, tuple[str, tuple[Wire, ...]]]:
    """By the name of each unit, its scope and the wires in it; first of the whole accelerator."""
    words = identifiers([WHOLE, *(node.name for node in plan.nodes)])
    inside = identifiers(node.name for node in plan.nodes)  # as the Verilog has them
    found = {WHOLE: (words[WHOLE], of_whole(plan))}
    for node in plan.nodes:
        found[node.name] = (words[node.name], of_node(node, inside[node.name]))
    return found


def sources(plan: Plan) -> dict[str, str]:
    """Verilog that goes with the bench: it writes waves to the file +waves=FILE."""
    lines = []
    for scope, wires in groups(plan).values():
        lines.append(f"  if (1) begin : \\{scope}")
        for wire in wires:
            kind = ("signed " if wire.signed else "") + (f"[{wire.bits - 1}:0] " if wire.bits > 1
                                                         else "")  # fmt: skip
            lines.append(f"    wire {kind}{wire.name} = {wire.shows};")
        lines.append("  end")
    body = "\n".join(lines)
    text = f"""module waves;
  string name;
  initial if ($value$plusargs("waves=%s", name)) begin
    $dumpfile(name);
    $dumpvars(0, bench.units);
  end
{body}
endmodule
bind bench waves units ();
"""
    return {"waves.vlt": OFF, "waves.sv": text}


def save_file(plan: Plan, waves: str) -> str:
    """A GTKWave save file for the file ``waves`` beside it: a group for every unit, closed.

    That of the whole accelerator is open.
    """
    text = io.StringIO()
    save = GTKWSave(text)
    save.dumpfile(waves, abspath=False)
    save.timestart(0)
    save.treeopen("bench.units.")
    for name, (scope, wires) in groups(plan).items():
        with save.group(name, closed=name != WHOLE):
            for wire in wires:
                plain = "bin" if wire.bits == 1 else "hex"
                sort = ("signed" if wire.signed else "dec") if wire.number else plain
                save.trace(f"bench.units.{scope}.{wire.declared}", datafmt=sort)
    return text.getvalue()
