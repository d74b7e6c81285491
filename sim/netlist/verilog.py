"""A netlist, as Yosys or nextpnr wrote it in JSON, as Verilog: models of cells, and single wires.

It is not Yosys that writes it back, for Yosys is one of those that are held against golden here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from fq_hw.errors import SimulationError, require
from sim.netlist.models import GLOBAL_RESET, WIDTH, Model

__all__ = ["Writer", "as_verilog", "cells_of", "parameter"]

TOP = "top"
BITS = re.compile(r"[01xz]+")
MOST = 32  # cells in a row: a word of the simulating machine
UNKNOWN = 64  # bits that a run draws for what is open


def cells_of(design: Mapping) -> dict[str, Mapping]:
    """The cells of a netlist that is one module, without notes on names.

    SimulationError where it is not that.
    """
    modules = design.get("modules", {})
    contract = f"must be a JSON netlist with a module {TOP!r}"
    require(TOP in modules, "netlist", contract, sorted(modules)[:9], kind=SimulationError)
    cells = modules[TOP]["cells"]
    return {name: cell for name, cell in cells.items() if cell["type"] != "$scopeinfo"}


def parameter(value: object) -> str:
    """A parameter in Verilog: bits, or a string; one that looks like bits ends in a space.

    Bits that do not matter to whoever wrote the netlist are 0, as nextpnr takes them.
    """
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if BITS.fullmatch(text):
        return f"{len(text)}'b{re.sub('[xz]', '0', text)}"
    if BITS.fullmatch(text.rstrip(" ")):
        text = text[:-1]
    return f'"{text}"'


def as_verilog(design: Mapping, models: Mapping[str, Model], name: str) -> str:
    """The module ``name`` with the ports of the netlist's top, all of one bit.

    ``models`` are those of the family's cells; SimulationError names the cells that have none. What
    is open, and what nobody drives, is drawn by each run of the simulation.
    """
    cells, ports = cells_of(design), design["modules"][TOP]["ports"]
    without = sorted({cell["type"] for cell in cells.values()} - models.keys())
    contract = "has cells without a behavioural model"
    require(not without, "netlist", contract, without, kind=SimulationError)
    writer = Writer()
    body = [*writer.port_lines(ports)]
    for number, row in enumerate(rows(cells.values(), models)):
        body.append(writer.instance(number, row, models[row[0]["type"]]))
    heads = [f"module {name} ({', '.join(escaped(port) for port in ports)});"]
    heads += [f"  {record['direction']} {escaped(port)};" for port, record in ports.items()]
    heads += [f"  wire n{bit};" for bit in sorted(writer.used | writer.driven)]
    heads += [f"  wire {GLOBAL_RESET};", f"  reg [{UNKNOWN - 1}:0] unknown;",
              "  initial unknown = {$urandom, $urandom};"]  # fmt: skip
    if not writer.resets:
        heads.append(f"  assign {GLOBAL_RESET} = 0;")
    loose = sorted(writer.used - writer.driven)
    heads += [f"  assign n{bit} = {writer.open()};" for bit in loose]
    return "\n".join([*heads, *body, "endmodule", ""])


def escaped(port: str) -> str:
    """A port's name as Verilog takes any."""
    return port if re.fullmatch(r"[A-Za-z_]\w*", port) else f"\\{port} "


def rows(cells: Sequence[Mapping], models: Mapping[str, Model]) -> Iterator[list[Mapping]]:
    """Cells in rows that share all but the bits of their models' wide ports; the others alone."""
    alike: dict[str, list[Mapping]] = {}
    for cell in cells:
        model = models[cell["type"]]
        if not model.wide:
            yield [cell]
            continue
        shared = {
            port: bits for port, bits in cell["connections"].items() if port not in model.wide
        }
        has = sorted(port for port, bits in cell["connections"].items() if bits)
        key = json.dumps([cell["type"], cell["parameters"], shared, has], sort_keys=True)
        row = alike.setdefault(key, [])
        row.append(cell)
        if len(row) == MOST:
            yield alike.pop(key)
    yield from alike.values()


class Writer:
    """Lines of a module, and which wires they drive and use."""

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.driven: set[int] = set()
        self.opened = 0
        self.resets = False  # whether a cell drives the global reset

    def open(self) -> str:
        """What an open input hears."""
        self.opened += 1
        return f"unknown[{self.opened % UNKNOWN}]"

    def source(self, bit: int | str) -> str:
        """The wire or constant that an input takes."""
        if isinstance(bit, int):
            self.used.add(bit)
            return f"n{bit}"
        return f"1'b{bit}" if bit in "01" else self.open()

    def sink(self, bit: int | str) -> str:
        """The wire that an output drives, or nothing."""
        if not isinstance(bit, int):
            return ""
        self.driven.add(bit)
        return f"n{bit}"

    def port_lines(self, ports: Mapping) -> Iterator[str]:
        """The top's ports at their wires."""
        for port, record in ports.items():
            contract, bits = f"port {port!r} must be one bit", record["bits"]
            require(len(bits) == 1, "netlist", contract, bits, kind=SimulationError)
            if record["direction"] == "input":
                yield f"  assign {self.sink(bits[0])} = {escaped(port)};"
            elif isinstance(bits[0], int):
                yield f"  assign {escaped(port)} = {self.source(bits[0])};"

    def instance(self, number: int, row: Sequence[Mapping], model: Model) -> str:
        """One instance for a row of cells, with the parameters that their model knows."""
        first = row[0]
        given = first["parameters"]
        strange = sorted(port for port, bits in first["connections"].items()
                         if bits and port not in model.ports)  # fmt: skip
        contract = f"the model of {first['type']} has no such port"
        require(not strange, "netlist", contract, strange, kind=SimulationError)
        settings = [f".{name}({parameter(value)})"
                    for name, value in given.items() if name in model.parameters]  # fmt: skip
        settings += [f".{WIDTH}({len(row)})"] * bool(model.wide)
        self.resets |= GLOBAL_RESET in model.ports and not model.wide
        wires = []
        for port in sorted(model.ports):
            if port == GLOBAL_RESET:
                value = GLOBAL_RESET
            elif port in model.wide:
                value = self.join(port, [bit for cell in row for bit in bits_of(cell, port)], model)
            else:
                value = self.join(port, bits_of(first, port), model)
                if f"{port}MUX" not in model.parameters:
                    value = switched(port, value, str(given.get(f"{port}MUX", port)).strip())
            wires.append(f".{port}({value})")
        chosen = f" #({', '.join(settings)})" if settings else ""
        return f"  {first['type']}{chosen} u{number} ({', '.join(wires)});"

    def join(self, port: str, bits: Sequence[int | str], model: Model) -> str:
        """What stands at a port, of one bit or of several."""
        is_input = port in model.inputs
        if not bits:
            return model.idle.get(port, self.open()) if is_input else ""
        named = [self.source(bit) if is_input else self.sink(bit) for bit in reversed(bits)]
        return named[0] if len(named) == 1 else f"{{{', '.join(named)}}}"


def bits_of(cell: Mapping, port: str) -> Sequence[int | str]:
    """What is connected to a port, lowest bit first; nothing where that is open."""
    return cell["connections"].get(port, ())


def switched(port: str, value: str, switch: str) -> str:
    """An input behind the switch that nextpnr sets before many: straight, inverted, constant."""
    known = {port: value, "INV": f"!{value}", "0": "1'b0", "1": "1'b1"}
    contract = f"{port}MUX must be one of {', '.join(known)}"
    require(switch in known, "netlist", contract, switch, kind=SimulationError)
    return known[switch]
