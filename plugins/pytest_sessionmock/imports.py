"""The library is imported as it is, and whoever waits for it is told.

pytest rewrites the assertions of every package that ships with a plugin, for its messages to tell what was compared. For more
than a hundred modules that takes 0.4 seconds wherever they are imported first, as in each new container, and tells nobody anything.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_LIBRARY = "sessionmock"


def loaded() -> bool:
    """Whether sessionmock was imported. Before that nobody can have made anything."""
    return _LIBRARY in sys.modules


class AsItIs:
    """A finder for `sys.meta_path`, before pytest's own."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], object]] = []

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module `name` of the library as the interpreter finds it; None for any other."""
        if name.partition(".")[0] != _LIBRARY:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if name == _LIBRARY and spec is not None and spec.loader is not None:
            self._tell_after(spec.loader)
        return spec

    @contextmanager
    def once_loaded(self, call: Callable[[], object]) -> Iterator[None]:
        """Make `call` now, or when the library is imported for the first time in this block, after the calls of the blocks around."""
        if loaded():
            call()
            yield
            return
        self._waiting.append(call)
        try:
            yield
        finally:
            if call in self._waiting:
                self._waiting.remove(call)

    def _tell_after(self, loader: Loader) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            while self._waiting:
                self._waiting.pop(0)()

        setattr(loader, "exec_module", exec_module)      # noqa: B010 - a method of the instance


library = AsItIs()
