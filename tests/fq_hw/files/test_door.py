"""Whatever lies where a file should be is refused in one line, at once."""

import os
import socket

import pytest

from fq_hw.errors import ArtifactError
from fq_hw.files import parse_json, read_bytes, read_json, read_text, read_toml


def refusal(path, **limits) -> str:
    with pytest.raises(ArtifactError) as error:
        read_bytes(path, "it", **{"most": 10} | limits)
    return str(error.value)


def test_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    assert read_bytes(tmp_path / "a", "it", most=10) == b"0123456789"
    (tmp_path / "b").symlink_to("a")
    assert read_bytes(tmp_path / "b", "it", most=10) == b"0123456789"


def test_what_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert refusal("socket", hint="name one").startswith("it: cannot be opened (")
    os.symlink("loop", "loop")
    assert refusal("absent", hint="`make it`") == "it: there is no such file; `make it`"
    assert refusal(tmp_path) == "it: is a folder, not a file"
    assert refusal("pipe") == "it: is a pipe, not a file"
    assert refusal("/dev/zero") == "it: is a device, not a file"
    assert refusal("a\0b") == "it: is no name of a file"
    assert refusal("loop").startswith("it: cannot be opened (")
    assert refusal("a" * 300).startswith("it: cannot be opened (")


def test_too_large(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(2**40)
    contract = "it: a file of this kind has at most 10 bytes (got 1099511627776)"
    assert refusal(tmp_path / "sparse") == contract


def test_text(tmp_path):
    (tmp_path / "a").write_bytes(b"one\r\ntw\xc3\xb6\n")
    assert read_text(tmp_path / "a", "it") == "one\ntwö\n"
    (tmp_path / "a").write_bytes(b"one\xff")
    with pytest.raises(ArtifactError, match=r"^it: must be text in UTF-8, but byte 3 is not$"):
        read_text(tmp_path / "a", "it")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN}', "NaN is not a finite number"),
        ('{"a": -Infinity}', "-Infinity is not a finite number"),
        ('{"a": 1e999}', "1e999 is not a finite number"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        (f"[{'9' * 5000}]", "is no JSON"),
        ('{"a":', "is no JSON"),
    ],
)
def test_json(text, said):
    with pytest.raises(ArtifactError, match=said):
        parse_json(text, "it")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"a = {'[' * 100_000}", "nested too deeply"),
        ("a = inf", "inf is not a finite number"),
        ("a = 1e999", "1e999 is not a finite number"),
        ("a = ", "is no TOML file"),
    ],
)
def test_toml(tmp_path, text, said):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ArtifactError, match=said):
        read_toml(tmp_path / "a.toml", "it")


def test_what_is_right(tmp_path):
    (tmp_path / "a").write_text('{"a": [1, 2.5, null]}')
    assert read_json(tmp_path / "a", "it") == {"a": [1, 2.5, None]}
    (tmp_path / "a").write_text("a = [1, 2.5]")
    assert read_toml(tmp_path / "a", "it") == {"a": [1, 2.5]}


KEYS = "a." * 15_000 + "a"


@pytest.mark.parametrize(
    "text", [f"{KEYS} = 1", f"[{KEYS}]", f"x = {{{KEYS} = 1}}", KEYS.replace("a", '"a b" ') + "=1"]
)
def test_toml_of_endless_keys(tmp_path, text):
    """For which tomllib takes gigabytes."""
    (tmp_path / "a").write_text(text)
    with pytest.raises(ArtifactError, match=r"^it: keys must have at most 32 parts$"):
        read_toml(tmp_path / "a", "it")


def test_toml_with_dots_that_are_no_keys(tmp_path):
    numbers = ", ".join(["0.25"] * 100)
    (tmp_path / "a").write_text(f"x.y.z = [{numbers}]\n# {'.' * 100}\nt = '{'. ' * 100}'\n")
    assert len(read_toml(tmp_path / "a", "it")["x"]["y"]["z"]) == 100


def test_a_key_that_is_there_twice_is_found_soon():
    keys = ", ".join(f'"{n}": 0' for n in range(100_000))
    with pytest.raises(ArtifactError, match=r"the key '99999' is there twice"):
        parse_json(f'{{{keys}, "99999": 1}}', "it")
