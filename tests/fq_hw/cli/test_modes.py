"""Options and modes: one that a mode ignores is refused by its name, before any work."""

import re
import sys
from dataclasses import fields
from pathlib import Path

import fake_router
import pytest
from commands import refused
from networks import NETWORKS, random_checkpoint

import boards
from fq_hw import checkpoint
from fq_hw.cli import main
from fq_hw.cli.build import goal_of
from fq_hw.cli.hardware import hardware_of
from fq_hw.cli.main import build_parser

IGNORED = [  # what a user types after the command and the model; the option; why it does nothing
    ("sim --sequential --cycles 9216", "--cycles", "folds a unit for each layer, and --sequential"),
    ("sim --sequential --fold f.json", "--fold", "folds a unit for each layer, and --sequential"),
    ("classify a.png --cycles 600", "--cycles", "is of the Verilog, which does not run here"),
    ("classify a.png --fold f", "--fold", "is of the Verilog, which does not run here"),
    ("classify a.png --sequential", "--sequential", "is of the Verilog, which does not run here"),
    ("classify a.png --in-turn a b", "--in-turn", "is of the Verilog, which does not run here"),
    ("classify a.png --array 8x2x16", "--array", "is of the Verilog, which does not run here"),
    ("classify a.png --layer pixels", "--layer", "chooses among what --layers writes"),
    ("run --port sim --baud 9600", "--baud", "is of a serial port, and --port sim has none"),
    ("run --port udp://1.2.3.4 --baud 9600", "--baud", "is of a serial port, and --port udp://1"),
    ("run --port spi:///dev/spidev0.0 --baud 9", "--baud", "is of a serial port, and --port spi:"),
    ("run --port sim --stdin --data digits", "--data", "is of a data set, and --stdin is none"),
    ("run --port sim a.png --path p", "--path", "is of a data set, and PICTURE is none"),
    ("run --port sim --stdin --images 4", "--images", "is of a data set, and --stdin is none"),
    ("run --port sim --stdin a.png", "--stdin", "leaves nothing for pictures"),
    ("run --port sim --video v a.png", "--video", "leaves nothing for pictures"),
    ("run --port sim --video v --stdin", "--video", "leaves nothing for --stdin"),
    ("run --port sim --video v --path p", "--path", "is of a data set, and --video is none"),
    ("sim --wave-frames 3", "--wave-frames", "says how much --waves writes"),
    ("sim --build a.build", "--build", "is of --netlist alone"),
    ("sim --seed 3", "--seed", "is of --netlist alone"),
    ("sim --netlist synth --waves f.vcd", "--waves", "looks inside, and --netlist cannot"),
    ("sim --netlist synth --level-images 2", "--level-images", "looks inside, and --netlist"),
    ("sim --array 8x2x16", "--array", "is the size of the arrays that --sequ"),
    ("sim --sequential --in-turn a b", "--sequential", "leaves nothing for --in-turn: it has one"),
    ("sim --fold f.json --in-turn a b", "--fold", "says what runs in turn, too"),
    ("fold --gear 1", "--gear", "says how an SDRAM runs"),
    ("fold --sdram-trunk", "--sdram-trunk", "puts the trunk beside the parameters"),
    ("fold --array 8x2x16", "--array", "is the size of the arrays that --sequential and --in-turn"),
    ("estimate --array 8x2x16", "--array", "is the size of the arrays that --sequential and --in"),
    ("rtl --array 8x2x16", "--array", "is the size of the arrays that --sequential and --in-turn"),
    ("rtl --bus-width 64", "--bus-width", "is the width of"),
    ("demo --array 8x2x16", "--array", "is the size of the arrays that --sequential and --in-turn"),
    (
        "build --sequential --cycles 600",
        "--cycles",
        "folds a unit for each layer, and --sequential",
    ),
    ("build --sequential --fold f.json", "--fold", "folds a unit for each layer, and --sequential"),
    ("build --array 8x2x16", "--array", "is the size of the arrays that --sequ"),
    ("package --family xc7 --array 8x2x16", "--array", "is the size of the arrays that --sequ"),
    ("package --family xc7 --sequential --cycles 600", "--cycles", "folds a unit for each layer"),
    ("package --family xc7 --sequential --fold f", "--fold", "folds a unit for each layer"),
    ("build --jobs 2", "--jobs", "has no effect on a single seed"),
    ("build --seeds 3 --jobs 2 --scheduler tcp://a:1", "--jobs", "counts the seeds on this"),
    ("build --mhz 20", "--mhz", "the router aims for no less than the design's clock of 25 MHz"),
    ("build --clock 50 --mhz 40", "--mhz", "the router aims for no less than the design's clock"),
    ("build --replaceable", "--replaceable", "ulx3s-85f loads nothing of this design from"),
    ("demo --replaceable", "--replaceable", "ulx3s-85f loads nothing of this design from"),
    ("demo --jobs 2", "--jobs", "has no effect on a single seed"),
    ("bench --only dots --seeds 3", "--seeds", "counts how often the engine is routed"),
    ("bench --only dots engine --model M", "--model", "no part in --only has a model"),
    ("search --variant uniform --target 0.1", "--target", "has no effect on --variant uniform"),
    ("search --variant uniform --resume", "--resume", "has no effect on --variant uniform"),
    ("search --variant uniform --hardest 0.5", "--hardest", "has no effect on --variant uniform"),
    ("search --variant independent --shape log", "--shape", "has no effect on --variant indep"),
    ("search --variant uniform --second-look", "--second-look", "has no effect on --variant"),
    ("search --mirror", "--mirror", "mirrors half of the copies, and there are none"),
    ("import cnv.npz --pixels byte", "--pixels", "packed weights say themselves how they see"),
    ("import cnv.npz --image 32 32", "--image", "packed weights have an image of their own"),
    ("build --ip 10.0.0.2", "--ip", "is an address on Ethernet, and --link is uart"),
    ("build --link ethernet --baud 9600", "--baud", "is of a UART, and --link is ethernet"),
    ("build --link spi --baud 9600", "--baud", "is of a UART, and --link is spi"),
    ("build --link spi --ip 10.0.0.2", "--ip", "is an address on Ethernet, and --link is spi"),
    ("build --link usb --baud 9600", "--baud", "is of a UART, and --link is usb"),
    ("accuracy --print --data d", "--data", "says what to train, and --print trains nothing"),
    ("accuracy --print --only learned", "--only", "says what to train, and --print trains"),
    ("accuracy --print --seeds 1", "--seeds", "says what to train, and --print trains nothing"),
]
ALWAYS = {  # options that do something in every mode, or whose conflict the parser refuses
    "train": "device epochs out resume seed start threads",
    "search": "bits compensate copies data equalize images out path threads trained variant",
    "export": "out untrained",
    "import": "out",
    "verify": "against data images path pixels",
    "show": "untrained",
    "golden": "data images mistakes path untrained",
    "classify": "layers net on",
    "serve": "array cycles device fold in-turn net port sequential",
    "fold": "board cycles fps in-turn levels-per-stage lut-share margin mhz out partition sdram "
    "sequential",
    "estimate": "cycles fold in-turn sequential",
    "rtl": "bus cycles data family fold in-turn out path sequential top untrained",
    "sim": "data images in-turn netlist path untrained",
    "build": "board clock in-turn keep-netlist link out placer scheduler seed seeds sequential "
    "untrained",
    "package": "baud clock family in-turn out sequential untrained",
    "demo": "board clock cycles data fold images in-turn keep-netlist level-images link out path "
    "placer scheduler seed seeds sequential",
    "flash": "board cable keep",
    "run": "array check cycles fold in-turn net port sequential tries",
    "report": "array board cycles fold in-turn out sequential",
    "weights": "for out",
    "doctor": "",
    "bench": "only",
    "bench-bitstreams": "again boards",
    "bench-cnv": "path",
    "bench-imagenet": "only parts route",
    "bench-tiny": "only parts path",
    "bench-netlists": "only",
    "accuracy": "epochs print record",
}
WITH_MODEL = ("sim", "build", "demo", "search")


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A checkpoint of a small network; commands write below the working directory."""
    monkeypatch.chdir(tmp_path)
    others = {"ecppack": fake_router.PACKER, "yosys": fake_router.YOSYS}
    fake_router.put(tmp_path, monkeypatch, **others)
    path = tmp_path / "gains.safetensors"
    checkpoint.write(path, random_checkpoint(NETWORKS["gains"], 1))
    return str(path)


@pytest.mark.parametrize(("words", "option", "why"), IGNORED, ids=[row[0] for row in IGNORED])
def test_an_option_that_does_nothing_is_refused(words, option, why, model, capsys):
    command, *rest = words.split()
    line = refused(capsys, command, *[model] * (command in WITH_MODEL), *rest)
    assert line.startswith(f"{option}: {why}"), line


@pytest.mark.parametrize("command", ALWAYS)
def test_every_option_is_judged(command):
    """One that some mode ignores is in IGNORED, all others in ALWAYS."""
    (subs,) = (a.choices for a in build_parser()._actions if isinstance(a.choices, dict))
    assert set(subs) == set(ALWAYS)
    options = {word for word in subs[command]._option_string_actions if word.startswith("--")}
    ignored = {option for words, option, _ in IGNORED if words.split()[0] == command}
    if command == "demo":  # it builds as build does
        ignored |= {"--mhz", "--baud", "--ip"}
    always = {f"--{name}" for name in ALWAYS[command].split()}
    assert always | ignored == options - {"--help", "--json"}
    assert not always & ignored


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (
            "search m --data idx --path p --variant independent --shape log --target 0.5 --bits 9 "
            "--images 7 --trained 5 --copies 3 --mirror --hardest 0.5 --equalize --compensate "
            "--second-look 1 --out o --resume --threads 2",
            set(),
        ),
        ("train m --out o --resume --epochs 3 --seed 4 --device d --threads 2", {"start"}),
        ("accuracy s --data d --record r --only a --epochs 1 --seeds 2 --print", set()),
        (
            "build m --board icebreaker --clock 9 --mhz 9 --placer wires --seed 4 --seeds 3 "
            "--jobs 2 --scheduler tcp://a:1 --replaceable --keep-netlist --baud 9600 "
            "--link ethernet --ip i --out o",
            set(),
        ),
        (
            "fold m --board icebreaker --fps 9 --margin 0.5 --mhz 9 --levels-per-stage 3 "
            "--sequential --partition --sdram --sdram-trunk --gear 1",
            {"cycles", "lut_share"},
        ),
    ],
)
def test_every_option_reaches_the_goal(words, left):
    """``left`` excludes, or is excluded by, one of the options."""
    args = build_parser().parse_args(words.split())
    goal = sys.modules[args.run.__module__].goal_of(args)
    assert {f.name for f in fields(goal) if getattr(goal, f.name) == f.default} == left


def ran(*words):
    """What a command gives, as data and as text."""
    args = build_parser().parse_args([*words])
    return args.run(args)


def test_build_names_each_rate_by_its_clock(model):
    plain, faster = (
        ran("build", model, "--cycles", "3000", *more) for more in ((), ("--clock", "50"))
    )
    data, cycles = plain.data, plain.data["cycles per frame"]
    routed, size = data["fmax_mhz"], 8 * 8 + 1 + 4 * 4 + 24  # pixels, label, scores, around both
    assert data["link"] == {"name": "UART of 1,000,000 baud", "bytes per frame": size}
    assert data["frames per second"] == {
        "core, this bitstream's clock": 25e6 / cycles,
        "link": 1e5 / size,
        "core, routed clock": routed * 1e6 / cycles,
    }
    lines = plain.text.splitlines()
    assert f"{25e6 / cycles:,.0f} frames/s: the core at 25 MHz, the clock of this" in lines[1]
    assert (
        f"{1e5 / size:,.1f} frames/s: the board's link, UART of 1,000,000 baud, {size} by"
        in lines[2]
    )
    assert f"{routed * 1e6 / cycles:,.0f} frames/s: the core at {routed:.1f} MHz, as" in lines[3]
    assert faster.data["frames per second"]["core, this bitstream's clock"] == 50e6 / cycles
    assert plain.data["bitstream"] == "build/ulx3s-85f/gains-3000-cycles.bit"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("", "ulx3s-85f/net-9216-cycles.bit"),
        ("--cycles 6000", "ulx3s-85f/net-6000-cycles.bit"),
        ("--cycles 6000 --board ulx3s-25f", "ulx3s-25f/net-6000-cycles.bit"),
        ("--cycles 6000 --clock 50", "ulx3s-85f/net-6000-cycles-50-mhz.bit"),
        ("--sequential --board icebreaker", "icebreaker/net-8x2x16.bin"),
        ("--sequential --array 8x16x16@2", "ulx3s-85f/net-8x16x16@2.bit"),
        ("--fold a/net-ulx3s-25f-8192-cycles.json", "ulx3s-85f/net-ulx3s-25f-8192-cycles.bit"),
    ],
)
def test_bitstreams_of_other_boards_and_speeds_have_other_names(words, name):
    args = build_parser().parse_args(["build", *words.split()])
    board = boards.find(args.board)
    assert goal_of(args).bitstream_name(hardware_of(args), "net", board) == name


def test_foldings_and_verilog_have_names_of_their_own(model):
    folds = [
        ran("fold", model, "--cycles", "3000", "--board", board).data["file"]
        for board in ("ulx3s-85f", "ulx3s-25f")
    ]
    assert [name.partition("-")[2].rpartition("-")[0].rpartition("-")[0] for name in folds] == [
        "ulx3s-85f", "ulx3s-25f",
    ]  # fmt: skip
    verilog = ran("rtl", model, "--fold", folds[1], "--family", "ecp5").data["verilog"]
    assert verilog == f"build/{Path(folds[1]).stem}-ecp5.v"
    verilog = ran("rtl", model, "--top", "mine").data["verilog"]
    assert verilog == "build/gains-9216-cycles-plain-mine.v"


def test_a_yosys_that_writes_nothing_is_named(model, tmp_path, monkeypatch, capsys):
    fake_router.put(tmp_path, monkeypatch, yosys=fake_router.SILENT)
    line = refused(capsys, "rtl", model, "--out", "a.v")
    assert re.search(r"bin/yosys ended well, but wrote 0 of \d+ modules; .*`fq-hw doctor`", line)
    assert not Path("a.v").exists()


@pytest.mark.parametrize("command", ["fold", "build"])
def test_what_the_icebreaker_cannot_have_names_what_it_can(command, model, capsys):
    line = refused(capsys, command, model, "--board", "icebreaker", "--cycles", "800")
    assert f"`fq-hw build {model} --board icebreaker --sequential`" in line


def test_an_option_of_another_command_is_named_with_it(capsys):
    with pytest.raises(SystemExit):
        main(["estimate", "--placer"])
    said = capsys.readouterr().err
    assert "has no option --placer; these commands have it: build, demo" in said
