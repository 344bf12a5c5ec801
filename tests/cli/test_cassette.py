"""The commands `sessionmock cassette ...`: what they print, what they write, and the exit status."""
from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sessionmock
from sessionmock.cli import main, output
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Tape, files, read_tape

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cr3t-of-the-canary"
JSON = [("Content-Type", "application/json")]


def item(path: str, body: bytes = b"{}", *, asked: bytes | None = None, days: float = 0, headers: Any = ()) -> Interaction:
    made = Interaction(RecordedRequest("GET" if asked is None else "POST", f"http://api.test{path}", list(headers), asked),
                       RecordedResponse(200, "OK", JSON[:], body))
    made.extra.recorded_at = datetime.now(UTC) - timedelta(days=days)
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a folder of cassettes in it."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "cassettes"
    files.save(made / "a.yaml", Tape([item("/1", b'{"n": 1}', days=3), item("/2", asked=b'{"q": 2}')]))
    files.save(made / "deep" / "b.json", Tape([item("/3")]))
    return made


class Run:
    """The command line, run in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.error = ""

    def __call__(self, status: int, *arguments: str | Path) -> str:
        assert status == main(["cassette", *map(str, arguments)])
        printed = self.capsys.readouterr()
        self.error = printed.err
        return printed.out

    def json(self, status: int, *arguments: str | Path) -> Any:
        return json.loads(self(status, *arguments, "--json"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


# ls, show -----------------------------------------------------------------------------------------------------------
def test_ls_lists_every_cassette(folder: Path, run: Run):
    """The folder `cassettes` is listed as an aligned table, a line a file, and the same for scripts."""
    lines = run(0, "ls").splitlines()
    assert ["cassette", "format", "interactions", "size", "recorded", "hosts"] == lines[0].split()
    assert ["cassettes/a.yaml", "yaml", "2"] == lines[1].split()[:3]
    assert ["3", "d", "ago", "api.test"] == lines[1].split()[-4:]
    assert lines[0].index("recorded") == lines[1].index("3 d ago") == lines[2].index("now")
    assert [("cassettes/a.yaml", 2), ("cassettes/deep/b.json", 1)] == [(one["cassette"], one["interactions"]) for one in run.json(0, "ls")]
    (folder.parent / "empty").mkdir()
    assert "no cassettes\n" == run(0, "ls", "empty")


def test_ls_tells_a_broken_file(folder: Path, run: Run):
    """A file that cannot be read has its line in the table, with where it breaks, and status 1."""
    (folder / "c.yaml").write_text("interactions: [\n")
    line = next(line for line in run(1, "ls").splitlines() if "c.yaml" in line)
    assert "broken" in line
    assert "line 2" in line


def test_show_lists_interactions_and_shows_one(folder: Path, run: Run):
    """Without a number the interactions are listed; with one it is shown whole, its coding undone."""
    assert ["1", "GET", "200", "8", "B", "application/json", "http://api.test/1"] == run(0, "show", folder / "a.yaml").splitlines()[1].split()
    whole = run(0, "show", folder / "a.yaml", "2")
    assert 'POST http://api.test/2\n\n{"q": 2}\n\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n{}\n' == whole
    assert '{"n": 1}' == run.json(0, "show", folder / "a.yaml", "1")["response"]["body"]
    run(2, "show", folder / "a.yaml", "3")
    assert "it has 2" in run.error


def test_no_secret_of_a_file_is_printed(folder: Path, run: Run):
    """A file that somebody else recorded may hold some: they are shown as pseudonyms, in tables, whole and for scripts."""
    files.save(folder / "a.yaml", Tape([item("/1?token=abc12345", b'{"password": "hunter2!"}'), item("/2?token=abc12345")]))
    files.save(folder / "b.yaml", Tape([item("/3?token=abc12345")]))
    name = folder / "a.yaml"
    printed = [run(0, "show", name), run(0, "show", name, "1"), run(0, "show", name, "--json"), run(1, "diff", name, folder / "b.yaml")]
    assert [False] * 4 == ["abc12345" in text or "hunter2!" in text for text in printed]
    assert [True] * 4 == ["token=fake-" in text for text in printed]


def test_what_a_terminal_would_obey_is_escaped(folder: Path, run: Run):
    """A cassette's words cannot move the cursor or set a title."""
    files.save(folder / "a.yaml", Tape([item("/1", b"\x1b]0;title\x07 \xc2\x9b")]))
    shown = run(0, "show", folder / "a.yaml", "1")
    assert "\x1b" not in shown
    assert "\\x1b]0;title\\x07 \\x9b" in shown


# diff ---------------------------------------------------------------------------------------------------------------
def test_diff_tells_what_differs(folder: Path, run: Run):
    """Two cassettes are compared request by request; status 1 says that they differ, patterns leave places out."""
    files.save(folder / "c.yaml", Tape([item("/1", b'{"n": 2}'), item("/4")]))
    assert [
        {"request": "GET http://api.test/1", "place": "body.n", "first": "1", "second": "2"},
        {"request": "POST http://api.test/2", "place": "answer", "first": "status 200", "second": "none"},
        {"request": "GET http://api.test/4", "place": "answer", "first": "none", "second": "status 200"},
    ] == run.json(1, "diff", folder / "a.yaml", folder / "c.yaml")
    assert "body.n" in run(1, "diff", folder / "a.yaml", folder / "c.yaml")
    assert 2 == len(run.json(1, "diff", folder / "a.yaml", folder / "c.yaml", "--ignore", "body.*"))
    assert "no differences\n" == run(0, "diff", folder / "a.yaml", folder / "a.yaml")


# convert ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["out.json", "out.har", "out.yaml"])
def test_convert_writes_what_the_name_says(folder: Path, run: Run, name: str):
    """A cassette is written in another layout with the same interactions; a target that is there is kept unless forced."""
    run(0, "convert", folder / "a.yaml", folder / name)
    assert [one.request for one in read_tape(folder / "a.yaml").interactions] == [one.request for one in read_tape(folder / name).interactions]
    run(2, "convert", folder / "a.yaml", folder / name)
    assert "--force" in run.error
    assert {"to": str(folder / name), "interactions": 2}.items() <= run.json(0, "convert", folder / "a.yaml", folder / name, "--force").items()


def test_convert_can_scrub(folder: Path, run: Run):
    """With --scrub no secret gets into the target."""
    files.save(folder / "leaky.yaml", Tape([item(f"/?api_key={SECRET}", headers=[("Authorization", f"Bearer {SECRET}")])]))
    run(0, "convert", folder / "leaky.yaml", folder / "clean.har", "--scrub")
    assert SECRET not in (folder / "clean.har").read_text()
    run(0, "scan", folder / "clean.har")
    run(1, "scan", folder / "leaky.yaml")


# scan ---------------------------------------------------------------------------------------------------------------
def test_convert_tells_of_secrets(folder: Path, run: Run):
    """What is converted as it is says how many interactions still look as if they held a secret; what was scrubbed has none."""
    files.save(folder / "a.yaml", Tape([item("/1"), item(f"/2?token={SECRET}")]))
    assert "1 of them with what looks like a secret" in run(0, "convert", "cassettes/a.yaml", "raw.har")
    assert 0 == run.json(0, "convert", "cassettes/a.yaml", "clean.har", "--scrub")["with_secrets"]


def test_scan_fails_on_a_secret_and_does_not_print_it(folder: Path, run: Run):
    """Each secret is named by file, number and place, and not shown; a clean folder has status 0."""
    assert "no secrets in 2 cassettes\n" == run(0, "scan")
    files.save(folder / "c.yaml", Tape([item("/1"), item(f"/2?token={SECRET}", json.dumps({"password": SECRET}).encode())]))
    printed = run(1, "scan")
    assert SECRET not in printed
    assert SECRET[:4] in printed
    found = run.json(1, "scan", folder)
    assert [("request token", 2), ("response password", 2)] == [(one["where"], one["number"]) for one in found]
    assert SECRET not in json.dumps(found)


def test_scan_takes_names_patterns_and_exceptions(folder: Path, run: Run):
    """What is secret besides the usual can be said, and what is not."""
    files.save(folder / "a.yaml", Tape([item("/?shop=abcdef&token=abcdef", b"CUST-123456")]))
    files.save(folder / "deep" / "b.json", Tape([]))
    assert 1 == len(run.json(1, "scan"))
    assert [] == run.json(0, "scan", "--keep", "token")
    assert 3 == len(run.json(1, "scan", "--name", "shop", "--pattern", "CUST-[0-9]+"))
    run(2, "scan", "--pattern", "(")


def test_scan_does_not_pass_what_it_cannot_read(folder: Path, run: Run):
    """A broken file is a finding: nobody knows what is in it."""
    (folder / "c.yaml").write_text("[")
    printed = run(1, "scan")
    assert "broken" in printed
    assert "c.yaml, line 2: " in printed


# trim ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def played(folder: Path) -> Path:
    path = folder.parent / ".pytest_cache" / "v" / "sessionmock" / "played"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"complete": True, "cassettes": {"cassettes/a.yaml": {"total": 2, "played": [1]}}}))
    return path


def test_trim_drops_what_the_last_run_did_not_play(folder: Path, run: Run, played: Path):
    """Interactions that no test played go; cassettes that no test opened stay; a dry run writes nothing and has status 1."""
    assert [{"cassette": "cassettes/a.yaml", "dropped": 1, "kept": 1}] == run.json(1, "trim", "--dry-run")
    assert 2 == len(read_tape(folder / "a.yaml").interactions)
    run(0, "trim")
    assert ["http://api.test/2"] == [one.uri for one in read_tape(folder / "a.yaml").interactions]
    assert 1 == len(read_tape(folder / "deep" / "b.json").interactions)
    run(2, "trim")
    assert "has changed since" in run.error


def test_trim_wants_a_whole_run(folder: Path, run: Run, played: Path):
    """After a run of some tests, or without any, nothing is dropped unless forced."""
    played.write_text(played.read_text().replace("true", "false"))
    run(2, "trim")
    assert "run pytest once more" in run.error
    run(0, "trim", "--force", "--dry-run", folder / "deep")
    for text in ("", "[]", '{"complete": 1}'):
        played.write_text(text)
        run(2, "trim")
    played.unlink()
    run(2, "trim")
    assert "no such file" in run.error


def test_trim_leaves_alone_what_a_skipped_test_is_for(folder: Path, run: Run, played: Path):
    """It says so, and why; forced, it takes the run for whole."""
    known = {"total": 2, "played": [1], "skipped": ["test_it.py::test_it"]}
    played.write_text(json.dumps({"complete": True, "cassettes": {"cassettes/a.yaml": known}}))
    told = run(0, "trim", "--dry-run")
    assert "nothing to drop" in told
    assert "for a test that was skipped too, test_it.py::test_it" in " ".join(told.split())
    run(0, "trim", "--force")
    assert 1 == len(read_tape(folder / "a.yaml").interactions)


def test_trim_by_age(folder: Path, run: Run):
    """With --older-than what was recorded before goes."""
    assert "nothing to drop\n" == run(0, "trim", "--older-than", "90d")
    run(0, "trim", "--older-than", "36h")
    assert ["http://api.test/2"] == [one.uri for one in read_tape(folder / "a.yaml").interactions]


# the command itself -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("arguments", [[], ["cassette"], ["cassette", "paint"], ["cassette", "show"], ["cassette", "trim", "--older-than", "x"]])
def test_misuse_has_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    """What is no command ends with argparse's usage and status 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert 2 == ended.value.code
    assert "usage: sessionmock" in capsys.readouterr().err


def test_a_path_that_is_not_there_has_status_2(folder: Path, run: Run):
    """A path that names nothing is misuse, not an empty result."""
    for name in ("ls", "scan", "doctor"):
        run(2, name, "nowhere")
        assert "nowhere: no such file or folder" in run.error


def test_it_runs_as_a_module(folder: Path):
    """`python -m sessionmock` is the same command, and a reader that has enough of it is no error."""
    done = subprocess.run([sys.executable, "-m", "sessionmock", "cassette", "ls", "--json"], capture_output=True, text=True, check=True,
                          cwd=folder.parent, env={"PYTHONPATH": str(ROOT)})
    assert 2 == len(json.loads(done.stdout))


def test_the_script_is_in_the_project_file():
    """Installing the project brings the command `sessionmock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"sessionmock": "sessionmock.cli:main"} == project["scripts"]


def test_on_a_terminal_rich_draws_the_tables(monkeypatch: pytest.MonkeyPatch):
    """On a terminal rich draws, or without it lines are cut to the width; either way every cell is there."""
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    table = output.Table(("name", "count"), [("one", "1"), ("two [bold]", "22")], frozenset({"count"}))
    monkeypatch.setenv("COLUMNS", "40")
    for without_rich in (False, True):
        if without_rich:
            monkeypatch.setattr(output.Table, "_rich", lambda *_: False)
        monkeypatch.setattr(sys, "stdout", Terminal())
        table.write()
        output.Table(("name",), [("x" * 60,)]).write()
        lines = re.sub(r"\x1b\[[0-9;]*m", "", sys.stdout.getvalue()).splitlines()    # type: ignore[attr-defined]
        assert any("two [bold]" in line and "22" in line for line in lines)
        assert all(len(line) <= 40 for line in lines)


def test_a_narrow_terminal_breaks_no_short_cell(monkeypatch: pytest.MonkeyPatch):
    """Where there is little room long cells are folded and short ones whole; what a row shares with the one above stands there once."""
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    rows = [("cassettes/" + "long" * 8, "12", "http://api.test/" + "x" * 60, "request cookie"),
            ("cassettes/" + "long" * 8, "12", "http://api.test/" + "x" * 60, "response token")]
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", Terminal())
    output.Table(("cassette", "number", "request", "where"), rows, frozenset({"number"})).write()
    printed = re.sub(r"\x1b\[[0-9;]*m", "", sys.stdout.getvalue())    # type: ignore[attr-defined]
    assert all(word in printed for word in ("request cookie", "response token"))
    assert 1 == printed.count("cassettes/")
    assert all(len(line) <= 60 for line in printed.splitlines())


def test_bodies_that_are_no_text_are_shown_by_their_size(folder: Path, run: Run):
    """In words for people, and for scripts."""
    files.save(folder / "c.yaml", Tape([item("/1", b"\xff\x00", asked=b"\xff")]))
    assert "(2 bytes)" in run(0, "show", folder / "c.yaml", "1")
    shown = run.json(0, "show", folder / "c.yaml", "1")
    assert ("(1 byte)", "(2 bytes)") == (shown["request"]["body"], shown["response"]["body"])
    files.save(folder / "c.yaml", Tape([item("/1", b"")]))
    assert run(0, "show", folder / "c.yaml", "1").rstrip().endswith("Content-Type: application/json")


def test_trim_leaves_alone_what_no_test_of_the_run_opened(folder: Path, run: Run):
    """Also a file that it could not read; one that it should read and cannot is an error."""
    (folder / "broken.yaml").write_text("interactions: [")
    cache = Path(".pytest_cache/v/sessionmock/played")
    cache.parent.mkdir(parents=True)
    cache.write_text(json.dumps({"complete": True, "cassettes": {"cassettes/a.yaml": {"played": [0, 1], "total": 2}}}))
    assert "nothing to drop" in run(0, "trim")
    run(2, "trim", "--older-than", "1d", folder / "broken.yaml")
    assert "line 2" in run.error


def test_the_project_says_where_cassettes_are(folder: Path, run: Run):
    """Commands that are told no path take the folder that pytest's settings name."""
    Path("pytest.ini").write_text("[pytest]\nsessionmock_cassette_dir = cassettes/deep\n")
    assert [str(Path("cassettes/deep/b.json"))] == [one["cassette"] for one in run.json(0, "ls")]


@pytest.mark.parametrize("arguments", [["--help"], ["cassette", "--help"], ["cassette", "scan", "--help"]])
def test_help_names_the_exit_statuses(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    """On each level."""
    with pytest.raises(SystemExit):
        main(arguments)
    assert "Exit status: 0 where all is fine" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]):
    """As the package says it."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert f"sessionmock {sessionmock.__version__}\n" == capsys.readouterr().out


def test_an_interaction_that_cannot_be_read_is_told_beside_the_others(folder: Path, run: Run):
    """By each command; the secret of one that can be read is found all the same."""
    entries = [{"request": {"method": "GET", "url": f"http://api.test/{number}", "headers": []},
                "response": {"status": 200, "headers": [], "content": {"text": f'{{"password": "{SECRET}"}}', "mimeType": "application/json"}}}
               for number in range(2)]
    del entries[0]["request"]["url"]
    (folder / "mixed.har").write_text(json.dumps({"log": {"entries": entries}}))
    [listed] = run.json(1, "ls", folder / "mixed.har")
    assert (2, ["api.test"]) == (listed["interactions"], listed["hosts"])
    assert "entry 1" in listed["error"]
    shown = run(1, "show", folder / "mixed.har")
    assert "http://api.test/1" in shown
    assert "entry 1" in shown
    assert [None, 2] == [one.get("number") for one in run.json(1, "scan", folder / "mixed.har")]


def test_trim_knows_from_below_what_was_played(folder: Path, run: Run, played: Path, monkeypatch: pytest.MonkeyPatch):
    """As the other commands know where the cassettes are."""
    (folder.parent / "pytest.ini").write_text("[pytest]")
    monkeypatch.chdir(folder / "deep")
    assert [{"cassette": "../../cassettes/a.yaml", "dropped": 1, "kept": 1}] == run.json(1, "trim", "--dry-run")


@pytest.mark.parametrize("age", ["x", "-5d", "99999999999999d"])
def test_an_age_that_is_none_is_misuse(age: str, capsys: pytest.CaptureFixture[str]):
    """With what it was."""
    with pytest.raises(SystemExit) as ended:
        main(["cassette", "trim", f"--older-than={age}"])
    assert 2 == ended.value.code
    assert repr(age) in capsys.readouterr().err
