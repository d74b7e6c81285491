"""Packages for a vendor's tools: counts of cells, constraints, and Verilog that answers frames."""

import json
import re
from tempfile import TemporaryDirectory

import fake_router
import pytest
from commands import refused, said
from cores import SumCore, answer, sum_info

from boards.link import Link
from boards.package import PackageTop, counted, synthesise, write
from fq_hw.errors import ArtifactError, ParameterError
from fq_hw.family import FAMILIES
from fq_hw.flow.package import VENDORS
from rtl_gen.component import Target, component
from rtl_gen.emit import to_rtlil
from sim import serial
from sim.zoo import ZOO

PIXELS, CLOCK_MHZ, BAUD = 6, 1.0, 250_000


def top():
    return PackageTop(SumCore(PIXELS, 1), sum_info(PIXELS, 1), CLOCK_MHZ * 1e6, BAUD)


def packaged(family, folder):
    return write(top(), "sums", FAMILIES[family], clock_mhz=CLOCK_MHZ, baud=BAUD, folder=folder)


def test_counts_every_site():
    cells = {"LUT1": 1, "LUT6": 5, "INV": 2, "SRL16E": 3, "RAM32M": 2, "RAM64X1D": 1, "MUXF7": 9}
    cells |= {"FDRE": 7, "FDSE": 1, "RAMB36E1": 2, "RAMB18E1": 3, "DSP48E1": 1, "CARRY4": 4}
    found = counted(FAMILIES["xc7"], cells)
    assert found == {"LUT6": 1 + 5 + 2 + 3 + 8 + 2, "FF": 8, "BRAM36": 3.5, "DSP": 1}
    cells = {"MISTRAL_ALUT2": 3, "MISTRAL_ALUT_ARITH": 4, "MISTRAL_NOT": 1, "MISTRAL_FF": 5}
    cells |= {"MISTRAL_MLAB": 30, "MISTRAL_M10K": 2, "MISTRAL_IB": 3}
    found = counted(FAMILIES["cyclone-v"], cells)
    assert found == {"ALUT": 8, "FF": 5, "M10K": 2, "MLAB": 1.5, "DSP": 0}


@pytest.mark.synth
@pytest.mark.parametrize("family", VENDORS)
def test_synthesises(family, tmp_path):
    design = to_rtlil(component(ZOO["conv_taps"], None, Target()), "top")
    found = synthesise(design, FAMILIES[family], tmp_path)
    luts, flip_flops, *others = found.values()
    assert 20 < luts < 200 and flip_flops > 50 and not any(others)


def test_with_a_yosys_that_says_nothing(tmp_path, monkeypatch):
    fake_router.put(tmp_path, monkeypatch, yosys=fake_router.SILENT)
    with pytest.raises(ArtifactError, match=r"stat\.json: there is no such file; `fq-hw doctor`"):
        synthesise(to_rtlil(SumCore(16, 1), "top"), FAMILIES["xc7"], tmp_path / "xc7")


@pytest.mark.verilator
@pytest.mark.parametrize("family", VENDORS)
def test_its_verilog_answers_frames(family, tmp_path, programs):
    cells = packaged(family, tmp_path / "made")
    divisor = round(CLOCK_MHZ * 1e6 / BAUD)
    program = serial.build((tmp_path / "made" / "top.v").read_text(), divisor, programs, brief=True)
    gap = 3 * round(0.1 * CLOCK_MHZ * 1e6)
    with (
        TemporaryDirectory() as folder,
        serial.SerialPort(program, tmp_path / folder, gap=gap, limit=20 * gap) as port,
    ):
        frame = bytes(range(40, 40 + PIXELS))
        result = Link(port, sleep=port.sleep).classify(frame)
    assert (result.label, result.scores) == (answer(frame, 1).label, answer(frame, 1).scores)
    text = (tmp_path / "made" / "README.txt").read_text()
    assert "not placed and not routed" in text
    assert all(f"{count:,} {name}" in text for name, count in cells.items())


@pytest.mark.parametrize("family", VENDORS)
def test_constraints_name_every_pin_and_the_clock(family, tmp_path, monkeypatch):
    monkeypatch.setattr("boards.package.synthesise", lambda *_: {"LUT": 1})
    packaged(family, tmp_path / "made")
    again = tmp_path / "again"
    packaged(family, again)
    text = ""
    for name in FAMILIES[family].vendor.files:
        assert (again / name).read_bytes() == (tmp_path / "made" / name).read_bytes()
        text += (again / name).read_text()
    assert "-period 1000.000 " in text and "{" not in text.replace("{rst rx}", "").replace(
        "{PACKAGE_PIN <pin> IOSTANDARD LVCMOS33}", ""
    )
    ports = re.search(r"module top\((.*?)\);", (again / "top.v").read_text(), re.DOTALL)
    assert sorted(re.findall(r"\w+", ports[1])) == ["clk", "rst", "rx", "tx"]
    for port in ("clk", "rst", "rx", "tx"):
        assert re.search(rf"<pin>.*\b{port}\b", text), port


def test_of_a_family_that_has_open_tools(tmp_path):
    with pytest.raises(ParameterError, match="^--family: ecp5 is built by `fq-hw build`"):
        packaged("ecp5", tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_the_command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("boards.package.synthesise", lambda *_: {"LUT6": 7})
    words = ["package", "ern-mini", "--untrained", "--cycles", "36864", "--family", "xc7"]
    made = json.loads(said(capsys, *words, "--clock", "50", "--json"))
    assert made["synthesised, not routed"] == {"LUT6": 7}
    assert "-period 20.000" in (tmp_path / made["folder"] / "top.xdc").read_text()
    for more, line in (
        (["--clock", "nan"], "--clock: must be in 1..1000 MHz"),
        (["--clock", "10", "--baud", "9000000"], "UART baud rate: a bit must last"),
        (["--family", "ecp5"], "--family: must be one of xc7, cyclone-v"),
        (["--out", "other"], "package: works in other, which holds files of somebody else"),
    ):
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / "other" / "mine").touch()
        assert refused(capsys, *words, *more).startswith(line)
