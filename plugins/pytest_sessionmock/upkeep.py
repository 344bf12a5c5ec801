"""What a whole run tells about its cassettes, over all workers: interactions that no test played, and files that no test uses.

What was played is left in pytest's cache too, where `sessionmock cassette trim` finds it.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .cassettes import SUFFIXES, Cassette, folder_of, path_of

CACHE = "sessionmock/played"
OUTPUT = "sessionmock_upkeep"
UNPLAYED, ORPHANS = "interactions that no test played", "cassettes that no test uses"


class Upkeep:
    """A plugin of its own: one in each worker, and one that puts all together."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._cassettes: dict[str, dict[str, Any]] = {}   # path -> total, played positions, tests; values of JSON, for xdist
        self._used: set[str] = set()                      # paths that tests name
        self._failed: set[str] = set()                    # node ids
        self._skipped: set[str] = set()                   # node ids, and of those that failed as expected
        self._named: dict[str, list[str]] = {}            # path -> tests that were skipped and name it
        self._replaced: dict[str, str] = {}               # path -> what secrets were replaced in what was recorded
        self._partial = False
        self._unplayed: list[str] = []
        self._orphans: list[str] = []

    def note(self, nodeid: str, cassette: Cassette) -> None:
        """A test, or a fixture for it, is done with `cassette`."""
        path = self._shown(cassette.path)
        self._used.add(path)
        if not cassette.opened:
            return
        route = cassette.route
        if route.replaced:
            self._replaced[path] = route.replaced
        if route.found and route.replays and not route.recorded:
            total, left = len(route), set(route.unplayed)
            self._add(path, total, [position for position in range(total) if position not in left], [nodeid])

    def _add(self, path: str, total: int, played: list[int], tests: list[str]) -> None:
        known = self._cassettes.setdefault(path, {"total": total, "played": [], "tests": []})
        known["total"] = max(known["total"], total)
        known["played"] = sorted({*known["played"], *played})
        known["tests"] = sorted({*known["tests"], *tests})

    def _shown(self, path: Path) -> str:
        root = self._config.rootpath
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    # hooks ------------------------------------------------------------------------------------------------------
    def pytest_deselected(self) -> None:
        """A run of some tests does not tell what the others need."""
        self._partial = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that failed or was skipped may have asked for less than it would have."""
        if report.outcome != "passed":
            (self._failed if report.failed else self._skipped).add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands on what it knows; the controller judges."""
        if self._used:
            for item in session.items:       # skipped tests have cassettes too
                names = [mark.kwargs.get("cassette") for mark in item.iter_markers("sessionmock")]
                for name in (None, *names):
                    try:
                        path = self._shown(path_of(item, name))
                    except (TypeError, pytest.UsageError):
                        continue
                    self._used.add(path)
                    if item.nodeid in self._skipped:
                        self._named.setdefault(path, []).append(item.nodeid)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[OUTPUT] = {"cassettes": self._cassettes, "used": sorted(self._used), "named": self._named, "replaced": self._replaced,
                              "partial": self._partial or bool(session.shouldstop)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker knows; one that crashed knows nothing."""
        told = getattr(node, "workeroutput", {}).get(OUTPUT)
        if told is None:
            self._partial = True
            return
        self._partial |= told["partial"]
        self._used.update(told["used"])
        for path, known in told["cassettes"].items():
            self._add(path, known["total"], known["played"], known["tests"])
        self._replaced.update(told["replaced"])
        for path, tests in told["named"].items():
            self._named.setdefault(path, []).extend(tests)

    def judge(self, session: pytest.Session) -> list[tuple[str, str]]:
        """Find what is unplayed and who is an orphan; what of that fails the run, as titles and texts. Of the controller alone."""
        if hasattr(self._config, "workeroutput") or not self._used:
            return []
        whole = not self._partial and not session.shouldstop and not session.shouldfail and self._takes_all()
        cache = getattr(self._config, "cache", None)
        if cache is not None and self._cassettes:
            played = {path: {"total": known["total"], "played": known["played"]} for path, known in self._cassettes.items()}
            for path, known in played.items():
                if skipped := self._skipped_of(path):
                    known["skipped"] = skipped
            cache.set(CACHE, {"complete": whole and not self._failed, "cassettes": played})
        unplayed, orphans = (self._config.getini(f"sessionmock_{name}") for name in ("unplayed", "orphans"))
        if unplayed != "ignore" and not self._partial:
            for path, known in sorted(self._cassettes.items()):
                left = sorted(set(range(known["total"])) - set(known["played"]))
                if left and not self._failed.intersection(known["tests"]) and not self._skipped_of(path):
                    shown = ", ".join(str(position + 1) for position in left[:10]) + (", …" if len(left) > 10 else "")
                    self._unplayed.append(f"{path}: {len(left)} of {known['total']} (number {shown})")
        if orphans != "ignore" and whole:
            self._orphans = sorted(
                path for file in folder_of(self._config).rglob("*")
                if file.suffix.lower() in SUFFIXES and file.is_file() and (path := self._shown(file)) not in self._used)
        found = ((unplayed, UNPLAYED, self._unplayed), (orphans, ORPHANS, self._orphans))
        return [(title, "\n".join((f"sessionmock: {title}", *lines))) for how, title, lines in found if how == "fail" and lines]

    def _skipped_of(self, path: str) -> list[str]:
        """The tests that were skipped and name the cassette `path`, or had opened it."""
        return sorted({*self._named.get(path, ()), *self._skipped.intersection(self._cassettes[path]["tests"])})

    def _takes_all(self) -> bool:
        """Whether the run was asked for all tests: without arguments, or with folders that hold all of them."""
        config = self._config
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            return True
        given = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
        wanted = [config.rootpath / path for path in config.getini("testpaths")] or [config.rootpath]
        return "::" not in "".join(config.args) and all(any(path.resolve().is_relative_to(other) for other in given) for path in wanted)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell, once for all workers."""
        replaced = [f"{path}: {what}" for path, what in sorted(self._replaced.items())]
        # What fails the run is an error among the others.
        unplayed, orphans = ([] if self._config.getini(f"sessionmock_{name}") == "fail" else found
                             for name, found in (("unplayed", self._unplayed), ("orphans", self._orphans)))
        for title, found in (("secrets replaced in cassettes", replaced), (UNPLAYED, unplayed), (ORPHANS, orphans)):
            if found:
                terminalreporter.section(f"sessionmock: {title}", sep="=", yellow=found is not replaced)
                for line in found:
                    terminalreporter.write_line(line)
