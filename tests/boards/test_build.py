"""From a core to a bitstream, with the real tools (marker synth) and with fakes."""

import dataclasses
import json

import fake_router
import pytest
from cores import SumCore, sum_info
from full_disk import full_disk
from networks import random_graph

import boards
from boards.build import build
from boards.rates import info_of
from boards.toolchain import Placer
from fq_hw import toolbox
from fq_hw.errors import ArtifactError, CapacityError, ParameterError, ToolError
from fq_hw.passes import lower_graph
from fq_hw.schedule.fold_search import least_lut
from fq_hw.schedule.lower import lower
from rtl_gen.top import Accelerator

ULX3S, SMALL_ULX3S = boards.find("ulx3s-85f"), boards.find("ulx3s-25f")
ICEBREAKER = boards.find("icebreaker")
FAKES = {"ecppack": fake_router.PACKER, "yosys": fake_router.YOSYS}


def check_clock(result, clock_mhz):
    """The design runs at ``clock_mhz``, and the router was told so."""
    assert result.clock_mhz == pytest.approx(clock_mhz)
    assert result.fmax_mhz >= result.clock_mhz
    report = json.loads((result.work / "seed-1.json").read_text())
    constraints = [clock["constraint"] for clock in report["fmax"].values()]
    assert constraints == pytest.approx([clock_mhz] * len(constraints), rel=1e-3)


@pytest.mark.synth
@pytest.mark.parametrize(
    ("board", "clock"), [(SMALL_ULX3S, None), (ICEBREAKER, 24.0)], ids=["ecp5", "ice40 with a PLL"]
)
def test_builds_a_bitstream(board, clock, tmp_path):
    lines, out = [], tmp_path / f"net{board.toolchain.bitstream}"
    result = build(SumCore(784, 1), board, out, info=sum_info(784, 1), report=lines.append,
                   clock_mhz=clock)  # fmt: skip
    assert result.bitstream == out and out.stat().st_size > 30_000
    check_clock(result, clock or board.clock_mhz)
    assert 200 < result.lut4 < 1200 and 100 < result.ff < 460 and 1 <= result.ebr <= 2
    assert (result.seed, result.spram, result.multipliers) == (1, 0, 0)
    for step in ("generate", "synthesise", "place and route", "  routing", "pack"):
        assert any(line.startswith(step) for line in lines), step
    logs = {"yosys.log", "seed-1.log", "seed-1.json", f"{board.toolchain.packer}.log"}
    assert logs <= {path.name for path in result.work.iterdir()}
    if board.family == "ecp5":
        device = board.new_platform().device
        assert device in out.read_bytes()[:200].decode("latin-1")


@pytest.mark.synth
def test_the_clock_comes_from_a_pll_and_the_router_knows(tmp_path):
    out = tmp_path / "net.bit"
    result = build(SumCore(16, 1), SMALL_ULX3S, out, info=sum_info(16, 1), clock_mhz=66.0)
    check_clock(result, SMALL_ULX3S.clock_mhz * 37 / 14)


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.parametrize(
    ("name", "clock"),
    [("colorlight-i5", 60.0), ("colorlight-i9", 60.0), ("hx8k-breakout", 36.0),
     ("upduino-v3", 24.0), ("tang-nano-20k", 54.0), ("tang-primer-25k", 100.0),
     ("tang-mega-138k", None)],
)  # fmt: skip
def test_other_boards_have_their_clock(name, clock, tmp_path):
    board = boards.find(name)
    out = tmp_path / f"net{board.toolchain.bitstream}"
    result = build(SumCore(784, 1), board, out, info=sum_info(784, 1), clock_mhz=clock)
    wanted = clock or board.clock_mhz
    assert result.clock_mhz == pytest.approx(wanted, rel=1e-2) and result.fmax_mhz >= wanted
    assert out.stat().st_size > 30_000 and result.ebr == 1


@pytest.mark.slow
@pytest.mark.synth
def test_the_same_bytes_whatever_the_jobs(tmp_path):
    found = []
    for jobs in (1, 2):
        out = tmp_path / f"net{jobs}.bin"
        result = build(SumCore(24, 1), ICEBREAKER, out, info=sum_info(24, 1), seeds=2, jobs=jobs)
        found.append((out.read_bytes(), result.seed, [row.fmax_mhz for row in result.seeds]))
    assert found[0] == found[1]
    assert found[0][2][found[0][1] - 1] == max(found[0][2]) > min(found[0][2])


@pytest.mark.slow
@pytest.mark.synth
def test_a_network_keeps_its_carry_chains(tmp_path, monkeypatch):
    """Through the real Yosys: every module is there, every chain whole; nothing is routed."""
    graph = lower_graph(random_graph("gains", 1))
    folding = least_lut(graph, 20_000)
    plan = lower(graph, folding.folds, folding.cycles)
    fake_router.put(tmp_path, monkeypatch, ecppack=fake_router.PACKER)
    build(Accelerator(plan, "ecp5"), ULX3S, tmp_path / "net.bit", info=info_of(plan))
    design = json.loads((tmp_path / "net.build" / "top.json").read_text())
    cells = design["modules"]["top"]["cells"]
    assert not [cell["type"] for cell in cells.values() if cell["type"].startswith("dot_")]
    chains = [cell["connections"] for name, cell in cells.items() if ".chain_" in name]
    assert len(chains) > 20
    carries = {bit for ports in chains for bit in ports["COUT"]} - {"x"}
    following = {bit for ports in chains for bit in ports["CIN"]} - {"x"}
    assert len(following) > 10 and following == carries


@pytest.mark.synth
def test_a_design_that_does_not_fit_is_named(tmp_path):
    out = tmp_path / "net.bit"
    out.write_text("the last good one")
    with pytest.raises(CapacityError, match="^ulx3s-25f: the design needs [0-9]+ EBR of 56; "):
        build(SumCore(64, 1, extra=2**16), SMALL_ULX3S, out, info=sum_info(64, 1))
    assert out.read_text() == "the last good one"


def fake_build(tmp_path, **options):
    out = tmp_path / "net.bit"
    return build(SumCore(16, 1), ULX3S, out, info=sum_info(16, 1), **options)


def test_the_best_seed_is_kept_and_failures_are_told(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, f"1) sleep 1;; {fake_router.FAILS}", **FAKES)
    lines = []
    result = fake_build(tmp_path, seeds=5, jobs=2, report=lines.append)
    assert (result.seed, result.fmax_mhz) == (4, 140.5)
    assert result.bitstream.read_text() == "config of seed 4\n"
    assert [row.fmax_mhz for row in result.seeds] == [110.5, 120.5, None, 140.5, 100.5]
    assert [bool(row.error) for row in result.seeds] == [False, False, True, False, False]
    assert {f"seed-{n}.log" for n in range(1, 6)} <= {p.name for p in result.work.iterdir()}
    assert sum("seed" in line and "of 5 seeds" in line for line in lines) == 5


@pytest.mark.parametrize("placer", Placer)
def test_the_placer_hears_what_to_go_for(tmp_path, monkeypatch, placer):
    fake_router.put(tmp_path, monkeypatch, '*) echo "Info: called with $args";;', **FAKES)
    lines = []
    result = fake_build(tmp_path, placer=placer, report=lines.append)
    assert ("place block RAMs ..." in lines) == (placer is Placer.WIRES)
    said = (result.work / "seed-1.log").read_text()
    assert ("--placer static" in said) == (placer is Placer.WIRES)
    assert ("--placer-heap-timingweight" in said) == (placer is Placer.TIMING)


def test_a_second_clock_that_is_twice_as_fast_counts_half(tmp_path, monkeypatch):
    more = '*) more=\', "clock.second_clk": {"achieved": 90.0}\';;'
    fake_router.put(tmp_path, monkeypatch, more, **FAKES)
    assert fake_build(tmp_path).fmax_mhz == 45.0


def test_equal_seeds_give_the_lowest(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, "9) sleep 1;;", **FAKES)
    assert fake_build(tmp_path, seed=9, seeds=6, jobs=2).seed == 9


def test_when_every_seed_fails_one_line_says_so(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, "*) echo 'ERROR: no way'; exit 1;;", **FAKES)
    (tmp_path / "net.bit").write_text("the last good one")
    with pytest.raises(ToolError) as error:
        fake_build(tmp_path, seeds=2)
    log = tmp_path / "net.build" / "seed-1.log"
    said = "nextpnr-ecp5: failed with status 1: ERROR: no way"
    assert str(error.value) == f"every seed failed; seed 1: {said} (see {log})"
    assert log.read_text().endswith("ERROR: no way\n")
    assert (tmp_path / "net.bit").read_text() == "the last good one"


def test_a_table_that_overflows_is_named(tmp_path, monkeypatch):
    table = "*) echo 'Info:   DP16KD:   256/  208   123%'; exit 1;;"
    fake_router.put(tmp_path, monkeypatch, table, **FAKES)
    with pytest.raises(CapacityError, match="^ulx3s-85f: the design needs 256 EBR of 208; use a"):
        fake_build(tmp_path, seeds=2)


def test_a_design_that_is_too_slow_is_named(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, **FAKES)
    message = (
        r"^timing: the routed design reaches 140.5 MHz \(seed 4\), and ulx3s-85f would run it at "
        "150 MHz; try other seeds .*fold more .*--clock$"
    )
    with pytest.raises(CapacityError, match=message):
        fake_build(tmp_path, seeds=5, clock_mhz=150.0)
    assert not (tmp_path / "net.bit").exists()


@pytest.mark.parametrize("tool", ["yosys", "ecppack"])
def test_a_tool_that_writes_nothing_is_named(tool, tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, **{**FAKES, tool: fake_router.SILENT})
    (tmp_path / "net.bit").write_text("the last good one")
    with pytest.raises(ToolError, match=rf"^{tool}: .*/bin/{tool} ended well, but wrote no top\."):
        fake_build(tmp_path)
    assert (tmp_path / "net.bit").read_text() == "the last good one"


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, **FAKES)
    (tmp_path / "net.build").mkdir()
    (tmp_path / "net.build" / "thesis").write_text("four years")
    with pytest.raises(ArtifactError, match=r"^build: works in .*net\.build, which holds files of"):
        fake_build(tmp_path)
    assert (tmp_path / "net.build" / "thesis").read_text() == "four years"


def test_two_builds_of_one_name_do_not_meet(tmp_path, monkeypatch):
    """The second, begun while the first routes, is refused; the first is whole."""
    fake_router.put(tmp_path, monkeypatch, **FAKES)
    refused = []

    def other(line: str) -> None:
        if line.startswith("place and route") and not refused:
            with pytest.raises(ArtifactError, match="^build: another fq-hw works in ") as error:
                fake_build(tmp_path)
            refused.append(str(error.value))

    result = fake_build(tmp_path, seed=4, report=other)
    assert len(refused) == 1 and result.bitstream.read_text() == "config of seed 4\n"


def test_a_full_disk_keeps_the_bitstream_of_before(tmp_path, monkeypatch):
    large = fake_router.PACKER.replace(
        "cp top.config", "ulimit -f unlimited; head -c 2000000 /dev/zero >"
    )
    fake_router.put(tmp_path, monkeypatch, **{**FAKES, "ecppack": large})
    (tmp_path / "net.bit").write_text("the last good one")
    with (
        full_disk(1_000_000),
        pytest.raises(ArtifactError, match=r"net\.bit: could not be written \(File too large\)"),
    ):
        fake_build(tmp_path)
    assert (tmp_path / "net.bit").read_text() == "the last good one"


def test_what_the_bitstream_becomes_is_in_place_at_once(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, **FAKES)
    result = fake_build(tmp_path, image=lambda bits: bits + b"parameters")
    assert result.bitstream.read_text() == "config of seed 1\nparameters"


def test_refuses_another_suffix(tmp_path):
    for board, name, wanted in ((ULX3S, "net", "bit"), (ICEBREAKER, "net.bit", "bin")):
        with pytest.raises(ParameterError, match=rf"^build: out must end in \.{wanted} for "):
            build(SumCore(4, 1), board, tmp_path / name, info=sum_info(4, 1))


def test_refuses_no_seeds(tmp_path):
    with pytest.raises(ParameterError, match="^build: seeds must be at least 1 \\(got 0\\)$"):
        fake_build(tmp_path, seeds=0)


def test_a_scheduler_that_is_away_is_said_before_anything_is_written(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, **FAKES)
    monkeypatch.setattr("boards.farm.ANSWER_S", 0.2)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ToolError, match="^--scheduler tcp://127.0.0.1:9: does not answer"):
        fake_build(tmp_path, scheduler="tcp://127.0.0.1:9")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_tool_is_named_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(toolbox, "WANTED", {})
    with pytest.raises(ToolError, match="^tool 'yosys'"):
        fake_build(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_clock_that_the_uart_cannot_divide_is_refused(tmp_path):
    slow = dataclasses.replace(ULX3S, clock_mhz=3.0)
    with pytest.raises(ParameterError, match="^UART baud rate: a bit must last .* clock of 3e"):
        build(SumCore(4, 1), slow, tmp_path / "net.bit", info=sum_info(4, 1))
