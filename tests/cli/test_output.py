"""What a command has to say, on a terminal and elsewhere."""
from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from sessionmock import cli
from sessionmock.cli import output
from sessionmock.cli.output import Report, Table

TABLE = Table(("file", "bytes"), [("a.yaml", "5"), ("a.yaml", "10000"), ("deep/b.json", "7")], frozenset({"bytes"}))


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


def shown(table: Table, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of 60 columns shows."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stdout(Terminal()) as terminal:
        table.write()
    return terminal.getvalue()


def test_a_table_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Aligned text, with each row whole, for other programs."""
    TABLE.write()
    assert ["file         bytes", "a.yaml           5", "a.yaml       10000", "deep/b.json      7"] == capsys.readouterr().out.splitlines()


def test_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn by rich: what a row shares with the one above is said once."""
    drawn = shown(TABLE, monkeypatch)
    assert 1 == drawn.count("a.yaml")
    assert all(cell in drawn for cell in ("file", "bytes", "10000", "deep/b.json"))


@pytest.mark.parametrize("where", ["a terminal", "COLUMNS"])
def test_a_table_without_rich_is_no_wider_than_it_may_be(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str) -> None:
    """Long cells go on below; short columns stay whole, so that nothing is cut off."""
    monkeypatch.setitem(sys.modules, "rich.box", None)
    table = Table(("file", "size", "hosts"), [("x" * 100, "5 B", "h" * 70), ("a.yaml", "12 kB", "")], frozenset({"size"}))
    if where == "a terminal":
        lines = shown(table, monkeypatch).splitlines()
    else:
        monkeypatch.setenv("COLUMNS", "60")
        table.write()
        lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert ["file", "size", "hosts"] == lines[0].split()
    assert ["5 B", "12 kB"] == [found for line in lines if (found := line[25:33].strip()) not in ("", "size")]
    assert (100, 70) == ("".join(lines).count("x"), "".join(lines).count("h") - 1)


def test_a_report_is_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    """Its data, with what JSON does not know as text; else its parts, without what a terminal would obey."""
    report = Report({"file": Path("a.yaml")}, ["one \x1b[31mred\n", TABLE])
    report.write(as_json=True)
    assert {"file": "a.yaml"} == json.loads(capsys.readouterr().out)
    report.write(as_json=False)
    printed = capsys.readouterr().out
    assert printed.startswith("one \\x1b[31mred\n")
    assert "deep/b.json" in printed


@pytest.mark.parametrize(("error", "where"), [("a.yaml, line 12: not YAML", "line 12"), ("a.yaml: cannot be read: Is a directory", "unreadable")])
def test_the_place_of_an_error(error: str, where: str) -> None:
    """Its line, where it has one."""
    assert where == output.place(error)


@pytest.mark.parametrize(("count", "short"), [(0, "0 B"), (9_999, "9999 B"), (10_000, "10 kB"), (9_999_999, "10000 kB"), (12_345_678, "12 MB")])
def test_sizes(count: int, short: str) -> None:
    """In the unit that leaves few digits."""
    assert short == output.size(count)


def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    """`| head` is no error: nothing is said of it, also not by Python at its end."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as stdout:
        done = subprocess.run([sys.executable, "-m", "sessionmock", "cassette", "ls", tmp_path], stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert (cli.OK, b"") == (done.returncode, done.stderr)


def test_a_terminal_without_the_letters_of_a_name(tmp_path: Path) -> None:
    """It gets their numbers."""
    (tmp_path / "\xfcber.yaml").write_text("interactions: []")
    done = subprocess.run([sys.executable, "-m", "sessionmock", "cassette", "ls", tmp_path], capture_output=True, check=False,
                          env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (cli.OK, b"") == (done.returncode, done.stderr)
    assert b"\\xfcber.yaml" in done.stdout


@pytest.mark.parametrize("rich", [True, False])
def test_cells_are_folded_where_words_and_folders_end(monkeypatch: pytest.MonkeyPatch, rich: bool) -> None:
    """Short columns stay whole, and no cell obeys a terminal; both with rich and without."""
    if not rich:
        monkeypatch.setitem(sys.modules, "rich.box", None)
    table = Table(("cassette", "size", "recorded", "hosts"),
                  [("tests/cassettes/test_things/test_one[a-b].yaml", "12 kB", "26 d ago", "api.example.com, files.example.com"),
                   ("a\x1b[31m\n.yaml", "5 B", "now", "h" * 30)], frozenset({"size"}))
    drawn = shown(table, monkeypatch)
    assert all(len(line) <= 60 for line in drawn.splitlines())
    words = drawn.split()
    assert {"tests/cassettes/", "test_things/", "api.example.com,", "files.example.com", "a\\x1b[31m\\n.yaml"} <= set(words)
    assert {"12 kB", "26 d ago", "5 B", "now"} <= {cell.strip() for line in drawn.splitlines() for cell in line.split("  ")}
    assert 30 == sum(word.count("h") for word in words if set(word) == {"h"})
