"""LiteDRAM's generated controller at the pins of our model: two that nobody made for each other."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fq_hw import child
from fq_hw.schedule.sdram import M12L64322A, SDR_16M16, SDR_32M16, SdramChip
from rtl_gen.emit import to_verilog
from sim import sdram_board, verilator
from sim.sdram import Rule, SdramModel

pytestmark = [pytest.mark.slow, pytest.mark.verilator]
pytest.importorskip("litedram", reason="with the extra litex")

BENCH = Path(__file__).with_name("litedram_bench.sv")
MHZ, WORDS, COMMANDS = 100, 4096, 40_000
# Micron MT48LC16M16A2-75, whose every time LiteDRAM knows; two refreshes at its start.
CHIP = replace(SDR_16M16, name="MT48LC16M16", cas=2, rcd_ns=20, rp_ns=20, ras_ns=44, rc_ns=66,
               rrd_ns=15, rfc_ns=66, wr_ns=15, wr_clocks=1, rrd_clocks=1, power_up_refreshes=2,
               power_up_ns=2000)  # fmt: skip


def core(module: str, folder: Path) -> str:
    """LiteDRAM's Verilog for a module, its pads opened: the generator calls DQ an input."""
    settings = {
        "cpu": None, "speedgrade": -6, "device": "LFE5U-85F-6BG381C", "memtype": "SDR",
        "sdram_module": module, "sdram_module_nb": 2, "sdram_rank_nb": 1,
        "sdram_phy": "GENSDRPHY", "input_clk_freq": MHZ * 1e6, "sys_clk_freq": MHZ * 1e6,
        "init_clk_freq": MHZ * 1e6, "cmd_buffer_depth": 16,
        "user_ports": {"native_0": {"type": "native", "block_until_ready": False}},
    }  # fmt: skip
    text = str(settings).replace("None,", '"None",', 1)
    (folder / "core.yml").write_text(text)
    command = [
        sys.executable,
        "-m",
        "litedram.gen",
        "core.yml",
        "--no-compile",
        "--output-dir",
        "o",
    ]
    lines: list[str] = []
    assert child.follow(command, lines.append, cwd=folder) == 0, lines[-5:]
    made = (folder / "o" / "gateware" / "litedram_core.v").read_text()
    ports = "input  wire   [15:0] sdram_dq,"
    assert made.count(ports) == 1
    made = made.replace(ports, f"{ports} output wire [15:0] sdram_dq_o, sdram_dq_t,")
    pad = r"\.B \(sdram_dq\[(\d+)\]\),"
    made, pads = re.subn(pad, r"\g<0> .DRIVEN(sdram_dq_o[\1]), .FREE(sdram_dq_t[\1]),", made)
    assert pads == 16
    return made


def run(chip: SdramChip, folder: Path, programs: Path) -> str:
    defines = {"WORDS": WORDS, "COMMANDS": COMMANDS, "MODE": chip.mode(),
               "POWER_UP": chip.cycles(MHZ).power_up}  # fmt: skip
    head = "".join(f"`define {name} {value}\n" for name, value in defines.items())
    sources = {
        "bench.sv": head + BENCH.read_text(),
        "litedram_core.v": core(CHIP.name, folder),
        "sdram_store.v": sdram_board.STORE,
        "sdram.v": to_verilog(SdramModel(chip, MHZ, WORDS, verilog=True), "sdram"),
    }
    return verilator.run(verilator.build(sources, "bench", programs, brief=True), {}, "LiteDRAM")


def test_every_word_and_no_rule_broken(tmp_path, programs):
    said = run(CHIP, tmp_path, programs)
    found = re.search(r"^done (\d+) (\d+)$", said, re.MULTILINE)
    assert found, said[-300:]
    assert int(found[1]) > COMMANDS // 2 and int(found[2]) == Rule.NONE


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        (Rule.RCD, {"rcd_ns": 30}),
        (Rule.RP, {"ras_ns": 60}),  # it lets a row shut itself, which takes until then
        (Rule.RFC, {"rfc_ns": 100}),
        (Rule.LATE, {"refresh_ns": CHIP.refresh_ns / 1.5}),
        (Rule.START, {"power_up_refreshes": 3}),
    ],
)
def test_a_slower_chip_than_it_believes_in(rule, fields, tmp_path, programs):
    said = run(replace(CHIP, **fields), tmp_path, programs)
    assert re.search(rf"^done \d+ {rule.value}$", said, re.MULTILINE), said[-300:]


@pytest.mark.parametrize(
    ("chip", "names"),
    [
        (SDR_16M16, ("AS4C16M16", "IS42S16160", "W9825G6KH6", "MT48LC16M16")),
        (SDR_32M16, ("AS4C32M16",)),
        (M12L64322A, ("M12L64322A",)),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_no_record_is_faster_than_litedrams(chip, names):
    from litedram import modules

    for name in names:
        module = getattr(modules, name)
        sizes = module.nbanks, module.nrows, module.ncols
        assert sizes == (1 << chip.bank_bits, 1 << chip.row_bits, 1 << chip.column_bits)
        fast = module.speedgrade_timings["default"]
        assert chip.rp_ns >= fast.tRP and chip.rcd_ns >= fast.tRCD and chip.rfc_ns >= fast.tRFC[1]
        assert chip.ras_ns >= (fast.tRAS or 0)
        assert chip.wr_ns >= fast.tWR
        assert chip.refresh_ns <= module.technology_timings.tREFI
