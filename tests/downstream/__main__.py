"""The demo: record a suite against a real server, replay it without, and catch a planted leak.

    python -m tests.downstream

Exit status 0 when all of it went as it is told.
"""
from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SUITE = Path(__file__).with_name("suite")


class Ran(NamedTuple):
    """A run of pytest."""

    status: int
    seconds: float
    text: str

    @property
    def verdict(self) -> str:
        """The last line of pytest, as "15 passed"."""
        found = re.search(r"^=* ?((?:\d+ \w+(?:, )?)+) in .*$", self.text, re.MULTILINE)
        return found[1] if found else f"exit status {self.status}"


class Failure(Exception):
    """Something went otherwise than it should; the argument says what."""


def say(text: str = "", indent: int = 0) -> None:
    for line in text.splitlines() or [""]:
        print(" " * indent + line if line else "", flush=True)


def must(holds: bool, what: str, ran: Ran | None = None) -> None:
    if not holds:
        raise Failure(f"{what}\n\n{ran.text}" if ran is not None else what)


def pytest(base: str, cassettes: Path, *arguments: str) -> Ran:
    """Run the suite's pytest in a process of its own, with no plugin but ours."""
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "plugins", SUITE)))
    environment = os.environ | {"BOOKSHOP_URL": base, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": paths, "COLUMNS": "110"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-c", str(SUITE / "pytest.ini"), "-p", "pytest_sessionmock", "-p", "no:cacheprovider",
               "-o", f"sessionmock_cassette_dir={cassettes}", *arguments]
    say(f"$ pytest {' '.join(arguments)}", 4)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=SUITE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    ran = Ran(done.returncode, time.perf_counter() - start, done.stdout)
    say(f"{ran.verdict} in {ran.seconds:.2f} s", 4)
    return ran


@contextmanager
def bookshop(log: Path) -> Iterator[str]:
    """The server in a process of its own, its requests in `log`; gives its URL."""
    with log.open("w") as file:
        process = subprocess.Popen([sys.executable, "-m", "tests.downstream.server"], cwd=ROOT, stdout=file)
        try:
            while not (lines := log.read_text().splitlines()):
                must(process.poll() is None, "the server did not start")
                time.sleep(0.01)
            yield lines[0]
        finally:
            process.terminate()
            process.wait()


def is_gone(base: str) -> bool:
    host, port = base.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def record(folder: Path, cassettes: Path) -> tuple[str, Ran]:
    say("1. Record, with the server there")
    log = folder / "requests"
    with bookshop(log) as base:
        say(f"the bookshop runs on {base}", 4)
        ran = pytest(base, cassettes, "--sessionmock=record")
    requests = log.read_text().splitlines()[1:]
    must(ran.status == 0, "recording failed", ran)
    must(bool(requests), "the server was not asked anything", ran)
    say(f"{len(requests)} requests reached the server:", 4)
    for request in dict.fromkeys(requests):
        say(f"{requests.count(request)} x {request}", 8)
    written = sorted(cassettes.rglob("*.yaml"))
    must(bool(written), "no cassette was written", ran)
    names = [str(path.relative_to(cassettes)) for path in written]
    say(f"{len(written)} cassettes were written to {cassettes}:", 4)
    total = 0
    for name, path in zip(names, written, strict=True):
        text = path.read_text()
        count = text.count("\n- request:")
        total += count
        say(f"{name:<{max(map(len, names))}}  {count} {'answer ' if count == 1 else 'answers'}  {len(text.encode()):>6,} bytes", 8)
    must(total == len(requests), f"{total} answers on cassettes for {len(requests)} requests", ran)
    say()
    return base, ran


def replay(base: str, cassettes: Path, recorded: Ran) -> None:
    say("2. Replay, with the server gone")
    must(is_gone(base), f"something still listens on {base}")
    say(f"connections to {base} are refused", 4)
    before = {path: path.read_bytes() for path in cassettes.rglob("*") if path.is_file()}
    ran = pytest(base, cassettes, "--sessionmock=cassette")
    must(ran.status == 0, "replay failed", ran)
    must(ran.verdict == recorded.verdict, f"{recorded.verdict} while recording, {ran.verdict} in replay", ran)
    must(before == {path: path.read_bytes() for path in cassettes.rglob("*") if path.is_file()}, "replay changed a cassette", ran)
    say(f"the same tests, not one request: {recorded.seconds:.2f} s recording, {ran.seconds:.2f} s replaying", 4)
    say()


def plant(base: str, cassettes: Path) -> None:
    say("3. A planted leak: the test's assertion holds, its session is never invalidated")
    ran = pytest(base, cassettes, "planted_leak.py")
    must(ran.status == 1, "the leak did not fail its run", ran)
    report = ran.text[ran.text.find("LEAK:"):].partition("\n---")[0].partition("\n===")[0]
    line = next(number for number, text in enumerate((SUITE / "planted_leak.py").read_text().splitlines(), 1) if "URLSession(" in text)
    must(f"planted_leak.py:{line} in connect" in report, f"the report does not name line {line}", ran)
    must(ran.verdict == "2 passed, 1 error", "the leak was not told once, or an innocent test was blamed", ran)
    say("the report:", 4)
    say(report, 8)
    say()


def main() -> int:
    say("sessionmock: a client of a bookshop's API, its tests, and where their answers come from\n"
        f"({SUITE.relative_to(ROOT)})")
    say()
    try:
        with tempfile.TemporaryDirectory(prefix="sessionmock-demo-") as name:
            folder = Path(name)
            cassettes = folder / "cassettes"
            base, recorded = record(folder, cassettes)
            replay(base, cassettes, recorded)
            plant(base, cassettes)
    except Failure as failure:
        say(f"\nNOT AS IT SHOULD BE: {failure}")
        return 1
    say("All went as it should: recorded once, replayed without a server, and the leak was caught where it was made.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
