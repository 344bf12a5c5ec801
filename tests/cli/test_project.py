"""Where a command finds the cassettes of the project that it is called in."""
from __future__ import annotations

from pathlib import Path

import pytest

from sessionmock import InvalidArgumentException
from sessionmock.cli.project import Project, project


@pytest.mark.parametrize(("name", "text"), [
    ("pytest.ini", "[pytest]\nsessionmock_cassette_dir = tapes"), (".pytest.ini", "[pytest]\nsessionmock_cassette_dir: tapes"),
    ("pytest.toml", "[pytest]\nsessionmock_cassette_dir = 'tapes'"), ("pyproject.toml", "[tool.pytest]\nsessionmock_cassette_dir = 'tapes'"),
    ("pyproject.toml", "[tool.pytest.ini_options]\nsessionmock_cassette_dir = 'tapes'"),
    ("tox.ini", "[tox]\n[pytest]\nsessionmock_cassette_dir = tapes"), ("setup.cfg", "[tool:pytest]\nsessionmock_cassette_dir = tapes"),
])
@pytest.mark.parametrize("here", [".", "tests/unit"])
def test_the_folder_that_pytest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, here: str) -> None:
    """Whichever file says it, in the current folder or in one above."""
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / here)
    assert (tmp_path / "tapes").resolve() == project().cassettes.resolve()
    assert (here == ".") == (Path("tapes") == project().cassettes)
    assert (tmp_path / ".pytest_cache").resolve() == project().cache.resolve()


def test_a_folder_without_settings_is_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of others that say nothing of pytest are passed over, and the first that is pytest's decides."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "tox.ini").write_text("[tox]\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.ruff]\n")
    monkeypatch.chdir(tmp_path / "a")
    (tmp_path / "pytest.ini").write_text("")
    assert Project(Path(".."), Path("../cassettes"), Path("../.pytest_cache")) == project()
    (tmp_path / "pytest.ini").write_text("[pytest]\ncache_dir = .cache/pytest")
    assert Path("../.cache/pytest") == project().cache


def test_without_settings_the_cache_tells_where_pytest_was_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `trim` finds what was played from below, too."""
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path / "tests")
    assert Project(Path(), Path("cassettes"), Path(".pytest_cache")) == project()
    (tmp_path / ".pytest_cache").mkdir()
    assert Project(Path(".."), Path("cassettes"), Path("../.pytest_cache")) == project()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is wrong with it."""
    (tmp_path / "pyproject.toml").write_text("[tool")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgumentException, match=r"pyproject\.toml: cannot be read: "):
        project()
