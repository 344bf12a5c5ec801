"""The project that a command is called in: the folder of pytest's settings, and the cassettes in it."""
from __future__ import annotations

import configparser
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidArgumentException

_OPTION = "sessionmock_cassette_dir"
_DEFAULT = "cassettes"
_CACHE = ".pytest_cache"
# The files in which pytest finds its settings, in its order, and the tables that hold them.
_FILES = {
    "pytest.toml": ("pytest",), ".pytest.toml": ("pytest",), "pytest.ini": ("pytest",), ".pytest.ini": ("pytest",),
    "pyproject.toml": ("tool.pytest", "tool.pytest.ini_options"), "tox.ini": ("pytest",), "setup.cfg": ("tool:pytest",),
}
_BARE = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")      # are pytest's, whatever stands in them


class Project(NamedTuple):
    """Where pytest's settings lie, or without any its cache, from the current folder upwards: `root` is relative to that where it can be."""

    root: Path
    cassettes: Path
    cache: Path


def project() -> Project:
    """The project of the current folder; that folder itself where nothing says more. Raises InvalidArgumentException."""
    here = Path.cwd()
    above = [(folder, Path(*[".."] * depth)) for depth, folder in enumerate((here, *here.parents))]
    for folder, root in above:
        settings = _settings(folder)
        if settings is not None:
            return Project(root, root / str(settings.get(_OPTION, _DEFAULT)), root / str(settings.get("cache_dir", _CACHE)))
    root = next((root for folder, root in above if (folder / _CACHE).is_dir()), Path())
    return Project(root, Path(_DEFAULT), root / _CACHE)


def _settings(folder: Path) -> Mapping[str, Any] | None:
    """pytest's settings in `folder`; None where there are none."""
    for name, tables in _FILES.items():
        path = folder / name
        if not path.is_file():
            continue
        try:
            read = _toml(path) if path.suffix == ".toml" else _ini(path)
        except (ValueError, configparser.Error, OSError) as error:
            raise InvalidArgumentException(f"{path}: cannot be read: {error}") from None
        found = [read[table] for table in tables if table in read]
        if found or name in _BARE:
            return {key: value for table in found for key, value in table.items()}
    return None


def _toml(path: Path) -> dict[str, Any]:
    """The tables of `path`, by their dotted names."""
    tables: dict[str, Any] = {}
    open_ = [("", tomllib.loads(path.read_text("utf-8")))]
    for prefix, table in open_:
        for name, value in table.items():
            if isinstance(value, dict):
                tables[f"{prefix}{name}"] = value
                open_.append((f"{prefix}{name}.", value))
    return tables


def _ini(path: Path) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(path.read_text("utf-8"))
    return {section: dict(parser[section]) for section in parser.sections()}
