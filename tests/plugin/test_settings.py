"""The one list of options: what pytest is told of them, what the ini file and the mark may say, and what follows for a test."""
from __future__ import annotations

import pytest
from pytest_sessionmock import settings
from pytest_sessionmock.settings import MARKER, OPTIONS, Option, of_ini, settings_of

from .conftest import Inner

WITH_CHOICES = [option for option in OPTIONS if option.choices]


def ids(option: object) -> str | None:
    return option.name if isinstance(option, Option) else None


def test_names_are_there_once() -> None:
    """Each option has a name of its own and a place where it can be said."""
    assert len(OPTIONS) == len({option.name for option in OPTIONS})
    assert [] == [option.name for option in OPTIONS if not (option.in_mark or option.in_ini)]


@pytest.mark.parametrize("option", WITH_CHOICES, ids=ids)
def test_what_is_taken_without_a_word_is_a_choice(option: Option) -> None:
    """A default is one of the choices, and its help says so; an option without a default names none."""
    assert option.default in ("", *option.choices)
    assert (option.default != "") == ("(default)" in option.help)
    assert [] == [choice for choice in option.choices if choice not in option.help]


def test_the_help_of_pytest_is_the_lists(inner: Inner) -> None:
    """`--help` shows each name of the ini file with its help, and `--markers` the mark with its arguments."""
    text = " ".join(inner.run("--help").stdout.str().split())
    assert [] == [option.name for option in of_ini() if f"{option.ini_name} " not in text or option.help.split()[-1] not in text]
    assert MARKER.split()[-1] in inner.run("--markers").stdout.str()
    assert [f"{option.name} is {option.help}" for option in OPTIONS if option.in_mark] == MARKER.partition(": ")[2].split("; ")[:-1]


@pytest.mark.parametrize("option", [option for option in WITH_CHOICES if option.in_ini], ids=ids)
def test_the_ini_file_takes_the_choices_and_no_others(inner: Inner, option: Option) -> None:
    """Each choice is taken; another word is misuse that names them."""
    inner.write("", test_it="def test_it(): pass")
    for choice in option.choices:
        assert 0 == inner.run("-o", f"{option.ini_name}={choice}").ret
    result = inner.run("-o", f"{option.ini_name}=perhaps")
    assert 4 == result.ret
    result.stderr.fnmatch_lines([f"*{option.ini_name} = 'perhaps' in the ini file: choose from {', '.join(option.choices)}"])


@pytest.mark.parametrize("words", ["httpx=perhaps", "max_age=soon", "max_age=1.5h"])
def test_the_ini_file_takes_no_value_that_is_none(inner: Inner, words: str) -> None:
    """What is no truth value and no age is misuse."""
    assert 4 == inner.run("-o", f"sessionmock_{words}").ret


@pytest.mark.parametrize(("age", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("5s", 5), ("3600", 3_600)])
def test_ages(inner: Inner, age: str, seconds: int) -> None:
    """An age is a number of seconds, minutes, hours or days."""
    config = inner.config("-o", f"sessionmock_max_age={age}")
    assert {"max_age": seconds, "on_expiry": "warn"} == settings.cassette_options(config)


MODULE = """
import pytest

pytestmark = pytest.mark.sessionmock(route="cassette", leaks="allow")

@pytest.mark.sessionmock(mode="once", leaks="fail")
def test_near(): pass

@pytest.mark.sessionmock(route="script")
def test_script(): pass

@pytest.mark.sessionmock(cassette="a.yaml")
def test_far(): pass
"""


@pytest.mark.parametrize(("arguments", "near", "script", "far"), [
    ((), ("cassette", "once"), ("script", "none"), ("cassette", "none")),
    (("--sessionmock=record",), ("record", "all"), ("script", "all"), ("record", "all")),
    (("--sessionmock=verify",), ("verify", "verify"), ("script", "verify"), ("verify", "verify")),
    (("--sessionmock=cassette",), ("cassette", "none"), ("script", "none"), ("cassette", "none")),
])
def test_what_applies_to_a_test(inner: Inner, arguments: tuple[str, ...], near: object, script: object, far: object) -> None:
    """The command line goes before marks, the nearest mark before others, these before the ini file; a script stays one."""
    inner.write("", test_it=MODULE)
    found = [settings_of(item) for item in inner.items(*arguments)]
    assert [near, script, far] == [(one.route, one.mode) for one in found]
    assert [None, None, "a.yaml"] == [one.cassette for one in found]
    assert [False, True, True] == [one.allows_leaks for one in found]
    assert all(one.chosen for one in found)
