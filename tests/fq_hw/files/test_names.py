"""Names that come from files: what may be a part of a path, what may be printed."""

import pytest

from fq_hw.errors import ArtifactError, GraphError
from fq_hw.files import as_file_name, check_file_name, check_line, check_path

BAD = [
    "../../victim",
    "/etc/x",
    "a/b",
    ".hidden",
    "",
    "-rf",
    "a b",
    "a\nb",
    "a" * 101,
    "\U00020bb7" * 60,
    7,
    None,
]


@pytest.mark.parametrize("name", BAD, ids=repr)
def test_no_file_name(name):
    with pytest.raises(GraphError, match=r"^it: the name must have 1 to 100 letters, digits or "):
        check_file_name(name, "it")


@pytest.mark.parametrize("name", ["ern20", "größe_1.5x", "a+b-c", "_x", "7"])
def test_file_name(name):
    check_file_name(name, "it")
    assert as_file_name(name) == name


@pytest.mark.parametrize("text", [name for name in BAD if isinstance(name, str)], ids=repr)
def test_a_name_is_made_of_any_text(text):
    check_file_name(as_file_name(text), "it")


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1b[31m", "a\u202eb", "a" * 201, 7], ids=repr)
def test_no_line(name):
    with pytest.raises(GraphError, match=r"^it: the name must be one line of 1 to 200 printable "):
        check_line(name, "it")


@pytest.mark.parametrize(
    "path", ["", "a\nb", "a\x00b", "a\x1b[31m", "\udc80", "a" * 4096], ids=repr
)
def test_no_path(path):
    with pytest.raises(ArtifactError, match=r"^it: path must be 1 to 4095 printable characters"):
        check_path(path, "it")


def test_line():
    check_line("/layers/conv 1/Conv", "it")
