"""The library is imported as it is.

pytest rewrites the assertions of every package that ships with a plugin, for its messages to tell what was compared. For more
than a hundred modules that takes 0.4 seconds wherever they are imported first, as in each new container, and tells nobody anything.
"""
from __future__ import annotations

from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class AsItIs:
    """A finder for `sys.meta_path`, before pytest's own."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module `name` of the library as the interpreter finds it; None for any other."""
        return PathFinder.find_spec(name, path, target) if name.partition(".")[0] == "sessionmock" else None
