"""What `sessionmock` exports."""
from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Iterator

import pytest

import sessionmock
from sessionmock.models import credential


def test_all_is_sorted_and_without_doubles() -> None:
    """`sessionmock.__all__` lists each name once, in order; Objective-C's after the others."""
    objective_c = [name for name in sessionmock.__all__ if name in sessionmock.objective_c.__all__]
    ours = [name for name in sessionmock.__all__ if name not in objective_c]
    assert [*sorted(set(ours)), *sorted(set(objective_c))] == sessionmock.__all__


@pytest.mark.parametrize("name", sessionmock.__all__)
def test_every_name_is_there_and_explained(name: str) -> None:
    """A name of `__all__` can be imported; a class or function has a docstring of its own."""
    value = getattr(sessionmock, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        text = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
        assert text, f"{name} has no docstring"
        assert not text.startswith(f"{value.__name__}("), f"{name} has only the docstring that was generated for it"


def test_star_import_brings_the_public_names() -> None:
    """`from sessionmock import *` brings exactly `__all__`."""
    names: dict[str, object] = {}
    exec("from sessionmock import *", names)
    assert set(sessionmock.__all__) == set(names) - {"__builtins__"}


def test_what_a_protection_space_says_is_exported() -> None:
    """Delegates compare a space's method and kind of proxy with constants, so each of them is a public name."""
    constants = {name for name in vars(credential) if name.startswith("NSURL")}
    assert constants
    assert constants <= set(sessionmock.__all__)


def test_the_version_is_that_of_the_package() -> None:
    """There is one place where it stands."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        installed = version("sessionmock")
    except PackageNotFoundError:
        pytest.skip("sessionmock is not installed")
    assert installed == sessionmock.__version__


CLASSES = [value for name in sessionmock.__all__ if inspect.isclass(value := getattr(sessionmock, name))]


def members(kind: type) -> Iterator[tuple[str, object]]:
    """What a class offers, of its own."""
    for name, member in vars(kind).items():
        if not name.startswith("_"):
            yield name, getattr(member, "__func__", member)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_member_is_explained(kind: type) -> None:
    """Methods, properties and settings have a docstring, of their own or of what they override; fields stand in that of their class."""
    for name, member in members(kind):
        if inspect.isroutine(member) or (inspect.isdatadescriptor(member) and not inspect.ismemberdescriptor(member)):
            assert any(getattr(vars(base).get(name), "__doc__", None) for base in kind.__mro__), f"{kind.__name__}.{name} has no docstring"


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, enum.Enum)], ids=lambda kind: kind.__name__)
def test_every_member_of_an_enumeration_says_what_it_means(kind: type[enum.Enum]) -> None:
    """Itself, and where `help` of the class shows it."""
    for member in kind:
        assert member.__doc__ and f"- {member.name} ({member.value}): {member.__doc__}" in (kind.__doc__ or "")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_type_shows_what_it_is(kind: type) -> None:
    """Not where in memory; but for protocols, which are never made."""
    assert getattr(kind, "_is_protocol", False) or kind.__repr__ is not object.__repr__


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_field_stands_in_the_docstring_of_its_class(kind: type) -> None:
    """Between backquotes."""
    slots = [name for name, member in members(kind) if inspect.ismemberdescriptor(member)]
    fields = [field.name for field in dataclasses.fields(kind) if not field.name.startswith("_")] if dataclasses.is_dataclass(kind) else []
    for name in {*slots, *fields, *getattr(kind, "_fields", ())}:
        assert re.search(rf"`[^`\n]*\b{name}\b", kind.__doc__ or ""), f"{kind.__name__} does not say what {name} is"
