"""Where the cassettes of tests lie, and a cassette that is opened with the first request.

A test's own cassette is `<folder>/<path of the module without .py>/<Class.>test[parameters].yaml`. A fixture wider than
a test has one too, for what it sends itself, so that no test's cassette depends on which test came first: `@fixture.yaml`
(`@fixture[2].yaml` where it is parametrized) in the folder of what it is made for, or of where it is defined if that is
deeper. Letters, digits and `-_.,=+@[]()` stay; every other character becomes `_`. A part that had to be changed, or is
longer than 100 characters and cut, gets 8 digits of the SHA-256 of the original, so that two tests never share a file by
accident.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sessionmock import CassetteRoute

_LONGEST = 100
_OTHER = re.compile(r"[^A-Za-z0-9\-_.,=+@\[\]()]")
SUFFIXES = (".yaml", ".yml", ".json", ".har")


def folder_of(config: pytest.Config) -> Path:
    """The folder of cassettes."""
    return config.rootpath / str(config.getini("sessionmock_cassette_dir"))


def path_of(item: pytest.Item, name: str | os.PathLike[str] | None) -> Path:
    """The file of the cassette `name`, an absolute path or one in the folder; None: of the test's own. Raises UsageError for a relative
    name that leads out of the folder."""
    folder = folder_of(item.config)
    if name is None:
        return folder.joinpath(*_own(item))
    path = folder / name
    if not (Path(name).is_absolute() or folder.resolve() in path.resolve().parents):
        raise pytest.UsageError(f"{item.nodeid}: the cassette {os.fspath(name)!r} is not in the folder of cassettes, {folder}: "
                                "give a name relative to it, or an absolute path")
    return path if path.suffix.lower() in SUFFIXES else path.with_name(f"{path.name}.yaml")


def _own(item: pytest.Item) -> list[str]:
    module, root = item.path.with_suffix(""), item.config.rootpath
    module = module.relative_to(root) if module.is_relative_to(root) else Path(module.name)
    inside = [node.name for node in item.listchain() if isinstance(node, pytest.Class)]
    return [*map(sane, module.parts), f"{sane('.'.join((*inside, item.name)))}.yaml"]


def path_of_fixture(config: pytest.Config, place: str, name: str) -> Path:
    """The file of the fixture `name` of `place`, the id of a node: a folder, a module or a class."""
    file, *classes = place.split("::")
    parts = Path(file.removesuffix(".py")).parts
    return folder_of(config).joinpath(*map(sane, parts), f"{sane('.'.join((*classes, f'@{name}')))}.yaml")


def sane(part: str) -> str:
    """`part` as a file name: see the module."""
    cleaned = _OTHER.sub("_", part)
    if cleaned.startswith("."):
        cleaned = f"_{cleaned[1:]}"
    if cleaned == part and len(part) <= _LONGEST:
        return part
    from hashlib import sha256

    return f"{cleaned[:_LONGEST]}-{sha256(part.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


class Cassette:
    """A cassette route that reads its file, and its `options`, with the first request: a test that sends none costs nothing."""

    is_live = False

    def __init__(self, path: Path, hint: str, options: Callable[[], dict[str, Any]]) -> None:
        self.path = path
        self._hint = hint            # the command that records, for misses
        self._options = options
        self._unread: list[Exception] = []      # why it could not be opened

    @cached_property
    def route(self) -> CassetteRoute:
        """The route itself. What is wrong with the file or an option is raised, and kept among the misses."""
        from sessionmock import CassetteRoute, ClientRoute, LiveRoute

        options = self._options()
        offline = options["mode"] == "none" and options.get("on_expiry") != "rerecord"
        try:
            route = CassetteRoute(self.path, live=None if offline else ClientRoute(LiveRoute(trust_env=False)), **options)
        except Exception as error:
            self._unread.append(error)
            raise
        route.hint = self._hint
        return route

    @property
    def source(self) -> str:
        """Where bytes come from."""
        return "cassette" if self.route.replays else "live"

    def bind(self, configuration: Any, host: Any) -> Any:
        return self.route.bind(configuration, host)

    @property
    def misses(self) -> list[Any]:
        """The requests that found no answer; where it could not be opened, why."""
        return self.route.misses if self.opened else self._unread

    @property
    def differences(self) -> list[Any]:
        """Where live answers were not those of the cassette, in mode "verify"."""
        return self.route.differences if self.opened else []

    @property
    def opened(self) -> bool:
        """Whether anything was asked."""
        return "route" in self.__dict__

    def break_off(self) -> None:
        """Its recording ends before it is whole: mode "once" goes on with it another time."""
        if self.opened:
            self.route.recording.break_off()

    def close(self) -> None:
        """Write what was recorded."""
        if self.opened:
            self.route.close()
