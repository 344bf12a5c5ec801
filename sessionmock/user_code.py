"""User code that a load meets beside its delegate: which piece of it raised an exception is noted where it is called, and that a plan
of faults did in its place."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

_SAID = "raised in "
_MEANT = "raised by a fault: "


class user_code:      # stands in `with`, as contextlib's own
    """A block that runs code of the user's: what it raises goes on, with a note that says it was raised in `name`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            blame(error, self._name)


def blame(error: BaseException, name: str) -> None:
    """Note that `error` was raised in `name`, once."""
    note = f"{_SAID}{name}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def is_of_user_code(error: BaseException) -> bool:
    """Whether `error` came out of a block of `user_code`."""
    return any(note.startswith(_SAID) for note in getattr(error, "__notes__", ()))


def mean(error: BaseException, fault: str) -> BaseException:
    """`error`, noted as what `fault` raises in the place of the user's code: a test has asked for it, and nobody else is to hear of it."""
    note = f"{_MEANT}{fault}"
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return error


def is_meant(error: BaseException | None) -> bool:
    """Whether a fault has raised `error`."""
    return any(note.startswith(_MEANT) for note in getattr(error, "__notes__", ()))


def tell_each(name: str, listeners: Iterable[Callable[..., Any]], *arguments: Any) -> None:
    """Call each of `listeners`, which a report calls `name`, those after one that raises too; then the first exception is raised."""
    first: BaseException | None = None
    for listener in listeners:
        try:
            with user_code(name):
                listener(*arguments)
        except BaseException as error:
            first = first or error
    if first is not None:
        raise first
