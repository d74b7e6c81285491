"""What we read again is as we wrote it, or refused; a torn end is no damage."""

import json

import pytest

from fq_hw.errors import ArtifactError
from fq_hw.files import add_row, append_line, read_rows, read_sealed, write_sealed

ROWS = [{"tensor": "a.weight", "bits": 7, "loss": 0.1 + 0.2}, {"tensor": "b", "bits": 12}]


@pytest.fixture
def log(tmp_path):
    for row in ROWS:
        add_row(tmp_path / "log", row)
    return tmp_path / "log"


def test_rows_come_back(log):
    assert read_rows(log, "it") == ROWS


def test_every_digit_counts(log):
    """Another digit anywhere, in the check too, is seen."""
    text = log.read_text()
    for place, old in enumerate(text):
        if old.isdigit():
            log.write_text(text[:place] + str((int(old) + 1) % 10) + text[place + 1 :])
            with pytest.raises(ArtifactError, match=r"^it: line [12] of log: is damaged, or not"):
                read_rows(log, "it")


@pytest.mark.parametrize("line", ["[]", "7", "{}", "{", '{"bits": 7}', "null", "\x00"])
def test_lines_of_somebody_else(log, line):
    append_line(log, line)
    with pytest.raises(ArtifactError, match="^it: line 3 of log: "):
        read_rows(log, "it")


def test_rows_without_a_check_where_allowed(log):
    append_line(log, json.dumps({"old": 1}))
    assert read_rows(log, "it", bare=True) == [*ROWS, {"old": 1}]


@pytest.mark.parametrize("torn", [1, 10, 55])
def test_a_torn_end_is_no_damage(log, torn):
    log.write_bytes(log.read_bytes()[:-torn])
    assert read_rows(log, "it") == ROWS[:1]
    add_row(log, ROWS[1])
    assert read_rows(log, "it") == ROWS


def test_a_log_whose_only_line_is_torn(tmp_path):
    (tmp_path / "log").write_text("x" * 200_000)
    assert read_rows(tmp_path / "log", "it") == []
    append_line(tmp_path / "log", "first")
    assert (tmp_path / "log").read_text() == "first\n"


def test_every_bit_counts(tmp_path):
    path = tmp_path / "state"
    write_sealed(path, b"state")
    assert read_sealed(path, "it", most=5) == b"state"
    raw = path.read_bytes()
    for place in range(len(raw)):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 4]) + raw[place + 1 :])
        with pytest.raises(ArtifactError, match="^it: state is damaged, or not ours$"):
            read_sealed(path, "it", most=5)
    path.write_bytes(raw[:-1])
    with pytest.raises(ArtifactError, match="is damaged"):
        read_sealed(path, "it", most=5)
    write_sealed(path, b"longer")
    with pytest.raises(ArtifactError, match="at most"):
        read_sealed(path, "it", most=5)
