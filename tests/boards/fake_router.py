"""Tools that need no time: scripts in the place of nextpnr-ecp5, ecppack and Yosys."""

from pathlib import Path

from boards.route import Job, packed

SCRIPT = """#!/bin/sh
[ "$1" = --version ] && {{ echo "nextpnr-fake 7.8"; exit; }}
args="$*"
while [ $# -gt 0 ]; do case $1 in --seed) seed=$2;; --report) report=$2;; --write) write=$2;; esac; shift; done
echo "Info: seed $seed reads $(head -c 60 top.json)"
case $seed in
{cases}
esac
echo "{{\\"fmax\\": {{\\"clk\\": {{\\"achieved\\": $((100 + seed % 5 * 10)).5}}$more}}, \\"utilization\\": {{}}}}" > $report
echo "config of seed $seed" > top.config
cat > ${{write:-/dev/null}} <<END
        "shell.core.conv.acc_TRELLIS_FF_Q": {{
          "type": "TRELLIS_FF",
            "NEXTPNR_BEL": "X$seed/Y2/SLICEA.FF0",
        }},
END
"""  # noqa: E501 - the report is one line
FAILS = "3) echo 'ERROR: cannot route net x'; exit 1;;"


PACKER = """#!/bin/sh
[ "$1" = --version ] && { echo "ecppack-fake 7.8"; exit; }
cp top.config top.bit
"""
YOSYS = """#!/bin/sh
[ "$1" = -V ] && { echo "Yosys 7.8"; exit; }
echo '{"modules": {}}' > top.json
[ -f design.il ] && sed -n 's/^module .*/module m; endmodule/p' design.il > design.v
exit 0
"""
SILENT = """#!/bin/sh
case $1 in -V|--version) echo "Yosys 7.8";; esac
exit 0
"""  # an installation that is broken without a word


def put(folder: Path, monkeypatch, cases: str = FAILS, **others: str) -> None:
    """Make scripts the first tools on PATH; seed 3 fails unless ``cases`` says else."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    for name, text in {"nextpnr-ecp5": SCRIPT.format(cases=cases), **others}.items():
        (bin_ / name).write_text(text)
        (bin_ / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_), prepend=":")


def job(seed: int) -> Job:
    """A job for the fake router."""
    files = {"top.json": packed(b"a netlist")}
    return Job(router="nextpnr-ecp5", args=(), files=files, config="top.config", seed=seed)
