"""What `sessionmock` exports."""
from __future__ import annotations

import inspect

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
