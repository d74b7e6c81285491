"""Errors of the command line's arguments: one line, status 2, the nearest name."""

import pytest

from fq_hw.cli import main
from fq_hw.errors import suggestion


def line(capsys, *words):
    """What `fq-hw WORDS` says on stderr before it ends with 2."""
    try:
        status = main(words)
    except SystemExit as end:
        status = end.code
    assert status == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.endswith("\n") and err.count("\n") == 1, err
    return err.removeprefix("fq-hw: error: ").rstrip("\n")


@pytest.mark.parametrize(
    "words",
    [["x" * 9_000], ["show", "--" + "x" * 9_000], ["golden", "--data=" + "x" * 9_000],
     ["fold", "--cycles=" + "9" * 5_000 + "x"], ["search", "m", "--equalize=" + "x" * 9_000]],
    ids=lambda words: words[-1][:9],
)  # fmt: skip
def test_long_words_are_cut(words, capsys):
    assert len(line(capsys, *words)) < 600


def test_two_dashes_are_no_value(capsys):
    said = line(capsys, "verify", "--against", "a.onnx", "--images=--")
    assert said.startswith("--images: expected a value")


@pytest.mark.parametrize("words", [["train", "--out", ""], ["golden", ""], ["rtl", "--out="]])
def test_an_empty_path_is_no_path(words, capsys):
    assert "must not be empty" in line(capsys, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("gloden", "(got 'gloden'); did you mean 'golden'?"),
        ("bench_cnv", "(got 'bench_cnv'); did you mean 'bench-cnv'?"),
        ("golden --imagse 5", "fq-hw golden: has no option --imagse; did you mean '--images'?"),
        ("build --cycels=7", "fq-hw build: has no option --cycels; did you mean '--cycles'?"),
        ("golden --data cifar", "(got 'cifar'); did you mean 'cifar10'?"),
        ("build --placer wire", "must be one of timing, wires (got 'wire'); did you mean 'wires'?"),
        ("build --board ulx3s85f", "(got 'ulx3s85f'); did you mean 'ulx3s-85f'?"),
        ("fold --board ICEbreaker", "(got 'ICEbreaker'); did you mean 'icebreaker'?"),
        ("rtl --family epc5", "(got 'epc5'); did you mean 'ecp5'?"),
    ],
)
def test_the_nearest_name_is_suggested(words, said, capsys):
    assert line(capsys, *words.split()).endswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the following arguments are required: COMMAND; see `fq-hw --help`"),
        ("golden --images ten", "--images: must be a whole number (got 'ten'); see `fq-hw golden"),
        ("fold --mhz fast", "--mhz: must be a number (got 'fast'); see `fq-hw fold --help`"),
        ("golden --images", "--images: expected one argument; see `fq-hw golden --help`"),
        ("golden a b", "fq-hw golden: one argument too many (got 'b'); see `fq-hw golden --help`"),
        ("golden --xyzzy", "fq-hw golden: has no option --xyzzy; see `fq-hw golden --help`"),
        ("fold --fps 3 --cycles 3", "--cycles: not allowed with --fps; see `fq-hw fold --help`"),
        ("verify g", "the following arguments are required: --against; see `fq-hw verify --help`"),
    ],
)
def test_a_wrong_argument_is_one_line(words, said, capsys):
    assert line(capsys, *words.split()).startswith(said)


def test_a_suggestion_is_near_or_none():
    assert suggestion("Epoch", ["epochs", "lr"]) == "did you mean 'epochs'?"
    assert suggestion("xyzzy", ["epochs", "lr"]) == ""
    assert suggestion(7, ["epochs"]) == ""
