"""A file is written whole or not at all, and nothing but a file is ever replaced."""

import os
import stat

import pytest
from full_disk import full_disk

from fq_hw.errors import ArtifactError
from fq_hw.files import append_line, check_output, write_bytes, write_text, writing


def test_a_new_file_and_an_old_one(tmp_path):
    path = tmp_path / "deep" / "a.bin"
    write_bytes(path, b"one")
    path.chmod(0o640)
    write_text(path, "zwö")
    assert path.read_text() == "zwö"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == ["a.bin"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_an_exception_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.png"
    path.write_text("before")
    with pytest.raises(error), writing(path) as partial:
        partial.write_text("half")
        assert partial.suffix == ".png"  # by which libraries choose a format
        raise error
    assert os.listdir(tmp_path) == ["a.png"]
    assert path.read_text() == "before"


def test_a_full_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "a"
    path.write_text("before")
    with full_disk(1000), pytest.raises(ArtifactError, match=r"a: could not be written \(File to"):
        write_bytes(path, bytes(5000))
    assert os.listdir(tmp_path) == ["a"]
    assert path.read_text() == "before"


def test_a_full_disk_leaves_the_lines_of_a_log(tmp_path):
    path = tmp_path / "log"
    append_line(path, "first")
    with full_disk(10), pytest.raises(ArtifactError, match="the lines before are kept"):
        append_line(path, "second, which is long")
    append_line(path, "third")
    assert path.read_text() == "first\nthird\n"


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    write_text(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"


def test_what_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "null").symlink_to("/dev/null")
    for name, contract in (
        (tmp_path / "pipe", "is a device, a pipe or a socket"),
        (tmp_path / "null", "is a device, a pipe or a socket"),
        (tmp_path, "is a folder; a file shall be written"),
        (tmp_path / "loop", "cannot be written"),
        (tmp_path / ("a" * 300), "cannot be written"),
        ("", "must name a file"),
        (tmp_path / "a\nfq-hw: error: forged", "must be one line of printable characters"),
        ("\0", "must be one line of printable characters"),
        (tmp_path / "pipe" / "a", "cannot be written"),
    ):
        with pytest.raises(ArtifactError, match=contract):
            check_output(name, "--out")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
