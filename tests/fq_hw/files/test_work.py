"""No folder is emptied that was not made here, and no two processes share one."""

import os

import pytest

from fq_hw.errors import ArtifactError, ToolError
from fq_hw.files import work_folder


def test_emptied_where_it_is_our_own(tmp_path):
    for _ in range(2):
        with work_folder(tmp_path / "a", "it") as work:
            assert sorted(os.listdir(work)) == [".fq-hw"]
            (work / "log").write_text("said")
            (work / "deep").mkdir()
    assert sorted(os.listdir(tmp_path / "a")) == [".fq-hw", "deep", "log"]


def test_not_where_it_is_somebody_elses(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis").write_text("four years")
    with (
        pytest.raises(ArtifactError, match=r"^it: works in .*home, which holds files of somebody"),
        work_folder(tmp_path / "home", "it"),
    ):
        pass
    assert (tmp_path / "home" / "thesis").read_text() == "four years"


def test_links_are_not_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "home")
    (tmp_path / "home").mkdir()
    with (
        pytest.raises(ArtifactError, match="must be a folder of its own"),
        work_folder(tmp_path / "link", "it"),
    ):
        pass
    with work_folder(tmp_path / "a", "it") as work:
        (work / "inside").symlink_to(tmp_path / "home")
    (tmp_path / "home" / "thesis").write_text("four years")
    with work_folder(tmp_path / "a", "it"):
        pass
    assert (tmp_path / "home" / "thesis").exists()


def test_one_at_a_time(tmp_path):
    with (
        work_folder(tmp_path / "a", "it") as work,
        pytest.raises(ArtifactError, match=r"^it: another fq-hw works in "),
        work_folder(tmp_path / "a", "it"),
    ):
        pass
    assert work.is_dir()


def test_a_failure_keeps_its_log_and_an_interrupt_nothing(tmp_path):
    with pytest.raises(ToolError), work_folder(tmp_path / "a", "it") as work:
        (work / "log").write_text("why")
        raise ToolError("failed")
    assert (tmp_path / "a" / "log").exists()
    with pytest.raises(KeyboardInterrupt), work_folder(tmp_path / "a", "it"):
        raise KeyboardInterrupt
    assert not (tmp_path / "a").exists()
