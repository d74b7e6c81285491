"""Circuits to prove something of: from Amaranth's RTLIL, which synthesis reads too, to AIGER."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from amaranth.hdl import ClockDomain, Module, Mux, Signal, Value
from amaranth.lib import wiring

from fq_hw import toolbox
from fq_hw.files import write_text
from rtl_gen.rtlil import convert

__all__ = ["CHOICE", "CONTROL", "DATA", "Bench", "graphs"]

CONTROL, DATA = "control", "data"
CHOICE = "may_"  # begins the names of inputs that ``prove.reach`` tries both ways
# A reset never comes: what holds from the initial state on holds after a reset, which leads there.
# What has no initial value is free, but a memory without contents begins with zeros.
READ = """design -reset
read_rtlil {name}.il
hierarchy -top top
proc
flatten
opt_clean -purge
memory -nomap
opt_clean -purge
design -save whole
"""
WRITE = """design -load whole
delete -port {without}
opt_clean -purge
memory_map
opt
techmap
opt
dffunmap
opt_clean -purge
setundef -anyseq
aigmap
opt_clean -purge
write_aiger {options} -symbols -I -O -L {name}.{kind}
"""
WITHOUT = {CONTROL: "o:bad_*", DATA: "o:sees_*"}
OPTIONS = {CONTROL: "-ascii", DATA: "-zinit"}  # as prove.reach and ABC read them


class Bench:
    """A circuit around something: free inputs, what is seen of it, and what must never be 1.

    m     the module; what is proven lies in it
    free  makes an input that may be anything in every cycle; ``choice`` one that states hang on
    sees  makes an output sees_NAME of the control graph
    bad   makes an output bad_NAME of the data graph: 1 where the property NAME is broken
    """

    def __init__(self) -> None:
        self.m = Module()
        sync = ClockDomain("sync", reset_less=True)
        self.m.domains.sync = sync
        self.ports: dict[str, tuple[Signal, None]] = {"clk": (sync.clk, None)}

    def free(self, name: str, width: int = 1) -> Signal:
        return self.into(f"any_{name}", width)

    def choice(self, name: str) -> Signal:
        return self.into(f"{CHOICE}{name}", 1)

    def into(self, name: str, width: int) -> Signal:
        signal = Signal(width, name=name)
        self.ports[name] = (signal, None)
        return signal

    def sees(self, name: str, value: Value) -> None:
        self.out(f"sees_{name}", value)

    def bad(self, name: str, value: Value) -> None:
        self.out(f"bad_{name}", value)

    def out(self, name: str, value: Value) -> None:
        signal = Signal(len(value), name=name)
        self.m.d.comb += signal.eq(value)
        self.ports[name] = (signal, None)

    def feed(self, name: str, face: wiring.PureInterface) -> Value:
        """Drive a stream as any lawful source may: offered beats hold until taken.

        What it returns is 1 where a beat moves.
        """
        m, payload = self.m, Value.cast(face.payload)
        waits, held = Signal(name=f"{name}_waits"), Signal(len(payload), name=f"{name}_held")
        m.d.comb += [
            face.valid.eq(waits | self.choice(f"{name}_valid")),
            payload.eq(Mux(waits, held, self.free(f"{name}_payload", len(payload)))),
        ]
        m.d.sync += [waits.eq(face.valid & ~face.ready), held.eq(payload)]
        moves = face.valid & face.ready
        self.sees(f"{name}_moves", moves)
        return moves

    def take(
        self, name: str, face: wiring.PureInterface, held: bool = True, both: bool = False
    ) -> Value:
        """Take from a stream whenever one likes; ``held``: its payload must hold until then.

        ``both``: that its valid holds is a property of the data graph, too.

        What it returns is 1 where a beat moves.
        """
        m, payload = self.m, Value.cast(face.payload)
        m.d.comb += face.ready.eq(self.choice(f"{name}_ready"))
        waits, before = Signal(name=f"{name}_waits"), Signal(len(payload), name=f"{name}_before")
        m.d.sync += [waits.eq(face.valid & ~face.ready), before.eq(payload)]
        moves = face.valid & face.ready
        self.sees(f"{name}_valid", face.valid)
        self.sees(f"{name}_moves", moves)
        if held:
            self.bad(name, waits & (payload != before))
        if both:
            self.bad(f"{name}_valid", waits & ~face.valid)
        return moves

    def rtlil(self) -> str:
        return convert(self.m, name="top", ports=self.ports)


def graphs(benches: Mapping[str, Bench], folder: Path, kinds: Sequence[str]) -> None:
    """Write NAME.control (ASCII AIGER), NAME.data (binary) of each bench, as ``kinds`` says.

    All in one run of Yosys. Raises ToolError where it fails.
    """
    script = ""
    for name, bench in benches.items():
        write_text(folder / f"{name}.il", bench.rtlil())
        script += READ.format(name=name)
        for kind in kinds:
            more = {"without": WITHOUT[kind], "options": OPTIONS[kind]}
            script += WRITE.format(name=name, kind=kind, **more)
    write_text(folder / "graphs.ys", script)
    toolbox.run(toolbox.find("yosys"), ["-q", "graphs.ys"], cwd=folder, log=folder / "yosys.log")
