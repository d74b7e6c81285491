"""Our models of cells beside Yosys's own, cycle for cycle, on random inputs.

Of block RAM on ECP5 and Gowin Yosys has none; whole networks stand for it
(``fq-hw bench-netlists``).
"""

import re
from pathlib import Path

import pytest

from sim import verilator
from sim.netlist.models import model_files, models

pytestmark = pytest.mark.verilator
CYCLES = 3_000
FLIP_FLOPS = ("", "E", "SR", "R", "SS", "S", "ESR", "ER", "ESS", "ES")
CLOCKS = {"CLK", "C", "WCK", "RCLK", "WCLK"}
CONTENTS = {
    f"INIT_{n:X}": f"256'h{0x9E3779B97F4A7C15F39CC0605CEDC835 * (n + 3):x}" for n in range(16)
}
FILES = {
    "ecp5": ("lattice/common_sim.vh", "lattice/ccu2c_sim.vh"),
    "ice40": ("ice40/cells_sim.v",),
    "gowin": ("gowin/cells_sim.v",),
}
INSIDE = {"ecp5": {"LUT2"}, "gowin": {"MUX2"}}  # what Yosys's models are made of
CASES = {  # cells and their parameters; some stand in another one's text and are not ours
    "ecp5": [
        ("LUT4", {"INIT": "16'h6ac3"}),
        ("PFUMX", {}),
        ("L6MUX21", {}),
        *(("CCU2C", {"INIT0": "16'h96aa", "INIT1": "16'h5a3c", "INJECT1_0": a, "INJECT1_1": b})
          for a in ('"YES"', '"NO"') for b in ('"YES"', '"NO"')),
        *(("TRELLIS_FF", {"SRMODE": mode, "REGSET": start, "CEMUX": enable, "LSRMUX": reset})
          for mode in ('"ASYNC"', '"LSR_OVER_CE"') for start in ('"SET"', '"RESET"')
          for enable in ('"CE"', '"INV"', '"1"') for reset in ('"LSR"', '"INV"')),
        ("TRELLIS_DPR16X4", {"INITVAL": "64'h9e3779b97f4a7c15"}),
        ("TRELLIS_COMB", {"INITVAL": "16'h6ac3", "IS_Z1": "1"}),
        ("TRELLIS_COMB", {"INITVAL": "16'h6ac3", "IS_Z1": "0"}),
        ("TRELLIS_COMB", {"MODE": '"DPRAM"', "INITVAL": "16'h0"}),
    ],
    "ice40": [
        ("SB_LUT4", {"LUT_INIT": "16'h6ac3"}),
        ("SB_CARRY", {}),
        *((f"SB_DFF{kind}", {}) for kind in FLIP_FLOPS),
        *(("SB_RAM40_4K", {"READ_MODE": str(read), "WRITE_MODE": str(write), **CONTENTS})
          for read in range(4) for write in range(4)),
    ],
    "gowin": [
        *((f"LUT{n}", {"INIT": f"{2**n}'h{0x6AC3 % 2**2**n:x}"}) for n in range(1, 5)),
        *((f"MUX2_LUT{n}", {}) for n in range(5, 9)),
        *(("ALU", {"ALU_MODE": str(mode)}) for mode in range(3)),
        *((f"DFF{kind}{enable}", {}) for kind in ("", *"RSCP") for enable in ("", "E")),
        ("RAM16SDP4", {f"INIT_{n}": f"16'h{0x9E37 + 4099 * n:x}" for n in range(4)}),
    ],
}  # fmt: skip
SEEN = {  # of a RAM's outputs, those that a word of the mode has
    0: 0xFFFF, 1: 0x5555, 2: 0x2222, 3: 0x0808,
}  # fmt: skip


def share(file: str) -> str:
    """A file that comes with Yosys."""
    pyosys = pytest.importorskip("pyosys")
    return (Path(pyosys.__file__).parent / "share" / file).read_text()


def theirs(family: str) -> str:
    """Yosys's modules that are needed, each called theirs_NAME."""
    text = "\n".join(share(file) for file in FILES[family])
    text = re.sub(r"(?s)\bspecify\b.*?\bendspecify\b", "", text)
    text = re.sub(r"`ICE40_DEFAULT_ASSIGNMENT_\w+(\([^)]*\))?", "", text)
    names = {name for name, _ in CASES[family]} | INSIDE.get(family, set())
    found = []
    for name in sorted(names):
        (body,) = re.findall(rf"(?ms)^module {name}\b.*?^endmodule", text)[:1]
        for other in names:
            body = re.sub(rf"\b{other}\b(?= *[#(]| \w+ *\()", f"theirs_{other}", body)
        found.append(body)
    return "`define SB_DFF_INIT initial Q = 0;\n" + "\n".join(found)


def widths(family: str, cell: str) -> dict[str, int]:
    """Bits of each port of our model."""
    text = "\n".join(model_files(family).values())
    head = re.search(rf"(?ms)^module {cell}\b.*?\);$", text)[0]
    found = {}
    for span, names in re.findall(
        r"(?:in|out)put(?: reg)? ?(?:\[(\d+|WIDTH-1):0\] ?)?([\w ,]+)", head
    ):
        bits = 1 if span in ("", "WIDTH-1") else int(span) + 1
        found |= dict.fromkeys(re.findall(r"\w+", names), bits)
    return found


def pair(number: int, family: str, cell: str, settings: dict[str, str]) -> str:
    """Both models on the same inputs, and what is compared."""
    model, sizes = models(family)[cell], widths(family, cell)
    ins = sorted(model.inputs - CLOCKS - {"GLOBAL_RESET"})
    outs = sorted(model.ports - model.inputs)
    total = sum(sizes[port] for port in ins)
    lines, at, wires = [f"  reg [{total - 1}:0] in{number};"], 0, {}
    for port in ins:
        wires[port] = f"in{number}[{at}+:{sizes[port]}]"
        at += sizes[port]
    if "RADDR" in wires:  # what is read while it is written, a device does not say
        wires["RADDR"] = (
            f"{{{wires['RADDR']} ^ (({wires['WADDR']} ^ {wires['RADDR']} ^ 11'd1) & 11'd1)}}"
        )
    wires |= dict.fromkeys(CLOCKS & model.inputs, "clk")
    chosen = ", ".join(f".{name}({value})" for name, value in settings.items())
    for who in ("ours", "theirs"):
        lines += [f"  wire [{sizes[port] - 1}:0] {who}{number}_{port};" for port in outs]
        ends = [f".{port}({wire})" for port, wire in wires.items()]
        ends += [f".{port}({who}{number}_{port})" for port in outs]
        if who == "ours" and "GLOBAL_RESET" in model.ports:
            ends.append(".GLOBAL_RESET(1'b0)")
        name = cell if who == "ours" else f"theirs_{cell}"
        lines.append(f"  {name} #({chosen}) {who}{number} ({', '.join(ends)});")
    mask = SEEN[int(settings.get("READ_MODE", 0))] if cell == "SB_RAM40_4K" else -1
    both = " || ".join(
        f"((ours{number}_{port} ^ theirs{number}_{port}) & {mask}) != 0" for port in outs
    )
    words = ", ".join(["$urandom"] * -(-total // 32))
    lines += [
        "  always @(negedge clk) begin",
        f'    if (cycle > 100 && ({both})) begin $display("differs {number}"); end',
        f"    in{number} <= {total}'({{{words}}});",
        "  end",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("family", CASES)
def test_same_as_those_of_yosys(family, programs):
    pairs = [pair(n, family, cell, given) for n, (cell, given) in enumerate(CASES[family])]
    bench = f"""module bench;
  reg clk = 0;
  integer cycle = 0;
  always #1 clk = ~clk;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == {CYCLES}) begin $display("done"); $finish; end
  end
{chr(10).join(pairs)}
endmodule
"""
    sources = {"bench.sv": bench, "theirs.v": theirs(family), **model_files(family)}
    program = verilator.build(sources, "bench", programs, brief=True)
    said = verilator.run(program, {}, "models").splitlines()
    wrong = {int(line.split()[1]) for line in said if line.startswith("differs ")}
    assert "done" in said
    assert [CASES[family][n] for n in sorted(wrong)] == []
