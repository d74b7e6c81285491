"""Netlists: commands before and after synthesis, and edits that Yosys has no word for.

Carry cells: while synthesis runs they have a name that it knows nothing about. Yosys ties every
input that ECP5's leaves open to 0, since abc9 wants its boxes complete; nextpnr then spends a
feed-in and a feed-out cell on every chain and a route on every input. So afterwards open ports are
written into the netlist as ``x``, which is nextpnr's word for open. Of Gowin's it loses the inputs
of those that are alike.

Names: Yosys 0.70 maps logic (abc9) by names of nets and, where a net has another name in a part of
the design, fails an assertion or drives a net twice. So the design is one part before synthesis.

Copies: registers that hold the same bits, each to be near what it drives, Yosys makes one register.
``keep`` on their nets does not hinder it; on the flip-flops that drive the nets it does.

Memories: no unit reads a word in the cycle in which it is written. Yosys would guard against that,
at a LUT and a flip-flop per bit; a parameter of the read ports tells it not to.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from fq_hw.files import read_json, write_text

__all__ = ["ALU", "CCU2C", "NO_COLLISIONS", "finish", "read", "write"]

MOST_NETLIST = 4 * 2**30  # bytes
INPUTS = ("CIN", *(f"{name}{half}" for half in "01" for name in "ABCD"))
OUTPUTS = ("S0", "S1", "COUT")
# Not those of two clocks, beside the Ethernet's and USB's: Yosys guards nothing there.
TWO_CLOCKS = "w:eth_clk w:usb_clk %u %m"
CLOCKED = f"t:$memrd_v2 r:COLLISION_X_MASK=1'0 %i r:CLK_ENABLE=1 %i {TWO_CLOCKS} %d"
NO_COLLISIONS = f"setparam -set COLLISION_X_MASK 1'1 {CLOCKED}\n"
COPIES = "setattr -set keep 1 w:* a:keep %i %ci1 t:$*dff* %i\n"


def hiding(
    cell: str, inputs: Sequence[str], outputs: Sequence[str], parameters: Sequence[str]
) -> dict[str, str]:
    """Commands before and after synthesis that give ``cell`` another name meanwhile."""
    other = f"own_{cell.lower()}"
    declared = "".join(f"parameter {one};\n" for one in parameters)
    before = f"""{NO_COLLISIONS}read_verilog <<END
(* blackbox, keep *) module {other}(input {", ".join(inputs)}, output {", ".join(outputs)});
{declared}endmodule
END
chtype -set {other} t:{cell}
hierarchy -top top
proc
flatten
opt_clean -purge
{COPIES}"""
    return {"before": before, "after": f"chtype -set {cell} t:{other}\n"}


CCU2C = hiding(
    "CCU2C", INPUTS, OUTPUTS,
    ["[15:0] INIT0 = 0, INIT1 = 0", 'INJECT1_0 = "YES", INJECT1_1 = "YES"'],
)  # fmt: skip
ALU = hiding("ALU", ("I0", "I1", "I3", "CIN"), ("SUM", "COUT"), ["ALU_MODE = 0"])


def read(path: Path) -> dict:
    """Yosys's JSON netlist ``path``."""
    hint = "`fq-hw doctor` says which Yosys should have written it"
    return read_json(path, f"{path}", most=MOST_NETLIST, hint=hint)


def write(path: Path, design: dict) -> None:
    """The netlist ``design`` as JSON."""
    write_text(path, json.dumps(design))


def finish(netlist: Path) -> None:
    """Apply both edits to the JSON ``netlist``, which is written anew."""
    design = read(netlist)
    for module in design["modules"].values():
        open_ports(module["cells"])
        output_registers(module["cells"])
    write(netlist, design)


def open_ports(cells: dict[str, dict]) -> None:
    """Name the ports that carry cells leave open."""
    for cell in cells.values():
        if cell["type"] != "CCU2C":
            continue
        for way, ports in (("input", INPUTS), ("output", OUTPUTS)):
            for port in ports:
                if port not in cell["connections"]:
                    cell["port_directions"][port] = way
                    cell["connections"][port] = ["x"]


def output_registers(cells: dict[str, dict]) -> None:
    """Move the flip-flops behind a block RAM into its output register.

    A block RAM without it needs 5.8 ns to its output. It can be used where every output ends in
    flip-flops alone, all with one enable and the read port's clock, and none is reset.
    """
    readers: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                for bit in bits:
                    readers[bit].append((name, port))
    for ram in [cell for cell in cells.values() if cell["type"] == "DP16KD"]:
        into = ram["connections"]
        outputs = {port: bits[0] for port, bits in into.items()
                   if port.startswith("DO") and readers[bits[0]]}  # fmt: skip
        behind = {port: [cells[name] for name, _ in readers[bit]] for port, bit in outputs.items()}
        flops = [flop for found in behind.values() for flop in found]
        alone = all(len(found) == 1 and is_plain(found[0]) for found in behind.values())
        enables = {flop["connections"].get("CE", ["1"])[0] for flop in flops}
        clocks = {flop["connections"]["CLK"][0] for flop in flops} if alone else set()
        if not alone or len(enables) != 1 or clocks != {into["CLKB"][0]}:
            continue
        (enable,) = enables
        for way in "AB":
            ram["parameters"][f"REGMODE_{way}"] = "OUTREG"
            into[f"OCE{way}"] = [enable]
        for port, bit in outputs.items():
            ((name, _),) = readers[bit]
            into[port] = cells.pop(name)["connections"]["Q"]


def is_plain(cell: dict) -> bool:
    """Whether ``cell`` is a flip-flop that a block RAM's output register can stand for."""
    return cell["type"] == "TRELLIS_FF" and cell["connections"]["LSR"] == ["0"]
