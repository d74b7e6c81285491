"""Carry cells of our own on their way through synthesis, with the ports they leave open.

Yosys ties every input that a carry cell leaves open to 0, since abc9 wants its boxes complete;
nextpnr then spends a feed-in and a feed-out cell on every chain and a route on every input. So
while synthesis runs the cells have a name that it knows nothing about, and afterwards their open
ports are written into the netlist as ``x``, which is nextpnr's word for open.
"""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["HIDE", "SHOW", "open_ports"]

INPUTS = ("CIN", *(f"{name}{half}" for half in "01" for name in "ABCD"))
OUTPUTS = ("S0", "S1", "COUT")
HIDE = f"""read_verilog <<END
(* blackbox, keep *) module own_ccu2c(input {", ".join(INPUTS)}, output {", ".join(OUTPUTS)});
parameter [15:0] INIT0 = 0, INIT1 = 0;
parameter INJECT1_0 = "YES", INJECT1_1 = "YES";
endmodule
END
chtype -set own_ccu2c t:CCU2C
"""
SHOW = "chtype -set CCU2C t:own_ccu2c\n"


def open_ports(netlist: Path) -> None:
    """Name the open ports of every CCU2C in the JSON ``netlist``, which is written anew."""
    design = json.loads(netlist.read_text())
    for module in design["modules"].values():
        for cell in module["cells"].values():
            if cell["type"] != "CCU2C":
                continue
            for way, ports in (("input", INPUTS), ("output", OUTPUTS)):
                for port in ports:
                    if port not in cell["connections"]:
                        cell["port_directions"][port] = way
                        cell["connections"][port] = ["x"]
    netlist.write_text(json.dumps(design))
