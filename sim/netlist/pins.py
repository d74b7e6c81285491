"""The module ``board`` (clk, rx, tx) that a bench drives: around a netlist, or around Verilog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fq_hw.errors import SimulationError, require
from sim.netlist.verilog import TOP, escaped

__all__ = ["around_netlist", "around_verilog", "pins_of", "settle_pins"]

RX, TX = "uart_0__rx__io", "uart_0__tx__io"  # Amaranth's names of the board's pins


def around_verilog(top: str) -> str:
    """Around the module ``top`` (clk, rst, rx, tx), reset in its first cycles."""
    return f"""module board (input clk, rx, output tx);
  reg [2:0] left = 4;
  always @(posedge clk) left <= left == 0 ? 0 : left - 1;
  {top} dut (.clk(clk), .rst(left != 0), .rx(rx), .tx(tx));
endmodule
"""


def around_netlist(name: str, pins: Mapping[str, str]) -> str:
    """Around the module ``name``; ``pins`` says of each of its ports which of ours it is."""
    wires = ", ".join(f".{escaped(port)}({ours})" for port, ours in pins.items())
    return f"module board (input clk, rx, output tx);\n  {name} dut ({wires});\nendmodule\n"


def pins_of(ports: Sequence[str]) -> dict[str, str]:
    """Which of ours a top's ports are: its UART's, its clock. SimulationError for any others."""
    others = [port for port in ports if port not in (RX, TX)]
    contract = "must have the pins of a clock and of a UART, and no others"
    fits = len(others) == 1 and len(ports) == 3
    hint = "what lies outside the chip, a flash or an SDRAM, is not simulated behind a netlist"
    require(fits, "netlist", contract, sorted(ports)[:9], hint=hint, kind=SimulationError)
    return {RX: "rx", TX: "tx", others[0]: "clk"}


def settle_pins(design: Mapping, pins: Mapping[str, str]) -> None:
    """Say which way the top's ports go: some tools write ``inout`` for all. Changes ``design``."""
    for port, ours in pins.items():
        record = design["modules"][TOP]["ports"][port]
        record["direction"] = "output" if ours == "tx" else "input"
