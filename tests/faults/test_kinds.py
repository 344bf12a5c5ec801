"""Kinds of faults: one list, checked arguments, values."""
from __future__ import annotations

import errno
from typing import Any

import pytest

from sessionmock import InvalidArgumentException, URLError
from sessionmock.faults.kinds import KINDS, TIMED, Kind, Kinds, os_error, parameters
from sessionmock.faults.table import TABLE


class Plain(Kinds[Kind]):
    def _take(self, kind: Kind) -> Kind:
        return kind


MAKE = Plain()
EXAMPLES: dict[str, tuple[Any, ...]] = {
    "certificate": ("expired",), "delay": (3,), "drip": (100,), "slice": (1,), "malformed": ("header",), "status": (503,),
    "redirect": ("/b",), "fail": (-1005,), "oserror": (errno.EIO,), "raises": (KeyError,), "suspend": (0.5,)}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_a_value_that_says_what_makes_it(name: str) -> None:
    """Equal ones are equal and have one hash; its repr is the call; the table has a point for it; it is explained."""
    arguments = EXAMPLES.get(name, ())
    one, other = (getattr(MAKE, name)(*arguments) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one.name == name
    assert eval(f"MAKE.{one!r}") == one
    assert list(parameters(name)) == [argument for argument, _ in one.arguments]
    assert any(name in kinds for kinds in TABLE.values())
    assert getattr(Kinds, name).__doc__
    assert [one] != [MAKE.never() if name != "never" else MAKE.end()]


def test_the_table_and_the_set_of_time_name_kinds() -> None:
    """Nothing in them is a kind of its own."""
    assert {kind for kinds in TABLE.values() for kind in kinds} == set(KINDS) >= TIMED


@pytest.mark.parametrize(("name", "arguments", "said"), [
    ("certificate", ("expird",), r"certificate\(problem\).*'expird'.*choose from 'expired', "),
    ("reset", ("strem",), r"reset\(scope\).*choose from 'stream', "),
    ("malformed", ("chunks",), r"choose from 'chunk', "),
    ("delay", (-1,), r"delay\(seconds\) was given -1; it takes a number of seconds, 0 or more"),
    ("delay", (True,), r"delay\(seconds\)"),
    ("delay", (float("nan"),), r"delay\(seconds\)"),
    ("suspend", ("3",), r"suspend\(seconds\)"),
    ("drip", (0,), r"drip\(bytes_per_second\)"),
    ("slice", (0,), r"slice\(size\)"),
    ("status", (103,), r"status\(code\).*200 to 999"),
    ("status", (200, {"a b": "c"}), r"name of a header field"),
    ("status", (200, None, 3), r"status\(body\)"),
    ("redirect", ("/b", 304), r"redirect\(code\)"),
    ("redirect", (None,), r"redirect\(to\)"),
    ("challenge", ("",), r"challenge\(scheme\)"),
    ("fail", ("x",), r"fail\(error\).*a URLError"),
    ("fail", (-1,), ""),
    ("oserror", ("ENOSUCH",), r"oserror\(errno\)"),
    ("oserror", (99999,), r"oserror\(errno\)"),
    ("raises", ("ValueError",), r"raises\(exception\)"),
])
def test_arguments_are_refused_at_the_call(name: str, arguments: tuple[Any, ...], said: str) -> None:
    """The error names the argument, the value and what it takes."""
    if not said:
        assert getattr(MAKE, name)(*arguments)["error"] == URLError(*arguments)
        return
    with pytest.raises(InvalidArgumentException, match=said):
        getattr(MAKE, name)(*arguments)


def test_only_nonces_of_digest_grow_old() -> None:
    """A stale Basic challenge is a contradiction."""
    assert MAKE.challenge("Digest", "r", stale=True)["stale"] is True
    with pytest.raises(InvalidArgumentException, match="Digest"):
        MAKE.challenge("Basic", "r", stale=True)


def test_equal_exceptions_are_one_fault() -> None:
    """Though Python's exceptions compare by identity."""
    assert MAKE.raises(ValueError("x")) == MAKE.raises(ValueError("x")) != MAKE.raises(ValueError("y"))
    assert MAKE.raises(ValueError("x")) != MAKE.raises(ValueError)
    assert MAKE.fail(URLError(-1005, {"a": 1})) != MAKE.fail(-1005)


def test_what_is_shown_hides_secrets() -> None:
    """And `repr`, which makes the kind anew, does not."""
    kind = MAKE.status(401, {"Set-Cookie": "session=s3cr3tt0k3nv4lu3"})
    assert "s3cr3tt0k3nv4lu3" in repr(kind)
    assert "s3cr3tt0k3nv4lu3" not in str(kind)
    assert str(MAKE.raises(KeyError)) == "raises(KeyError)"


@pytest.mark.parametrize(("kind", "number"), [
    (MAKE.oserror("EIO"), errno.EIO), (MAKE.disk_full(), errno.ENOSPC), (MAKE.refuse(), errno.ECONNREFUSED),
    (MAKE.unreachable(), errno.EHOSTUNREACH), (MAKE.reset(), errno.ECONNRESET)])
def test_errors_of_the_system_have_their_number(kind: Kind, number: int) -> None:
    """Whatever kind stands for them."""
    assert os_error(kind).errno == number
