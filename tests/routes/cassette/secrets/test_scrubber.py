"""Where secrets stand: what goes, what stays, and what is no longer what it was meant to be."""
from __future__ import annotations

import base64
from collections.abc import Iterable

import pytest

from sessionmock.models.message import Headers
from sessionmock.routes.cassette.secrets import scrubber
from sessionmock.routes.cassette.secrets.scrubber import Scrubber

TOKEN = "s3cr3tT0kenOfTheTest"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def masked(headers: Headers, patterns: Iterable[str] = ()) -> Headers:
    """`headers` with `#` for each secret."""
    return Scrubber(lambda value, where: "#", patterns=patterns).headers(headers)


def emptied(headers: Headers) -> Headers:
    """`headers` without what holds a secret."""
    return Scrubber(lambda value, where: None).headers(headers)


def body(text: str, patterns: Iterable[str] = ()) -> str:
    return Scrubber(lambda value, where: "#", patterns=patterns).body(text.encode()).decode()


@pytest.mark.parametrize(("value", "left"), [
    (f"Bearer {TOKEN}", "Bearer #"), (TOKEN, "#"), ("", ""),
    (f"Basic {encoded('ann:secret')}", f"Basic {encoded('#:#')}"), (f"Basic {encoded('ann:')}", f"Basic {encoded('#:')}"),
    ("Basic this-is-no-base64", "Basic #"),
])
def test_credentials(value: str, left: str) -> None:
    """The scheme stays, what it goes with does not; Basic stays Basic, also where it is none."""
    assert [("Authorization", left)] == masked([("Authorization", value)])


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", TOKEN, f"Basic {encoded('ann:secret')}", "Basic this-is-no-base64"])
def test_credentials_that_are_left_out(value: str) -> None:
    """Where nothing stands in their place, the whole field goes, and its neighbours stay."""
    assert [("Accept", "*/*"), ("X-Last", "1")] == emptied([("Accept", "*/*"), ("Authorization", value), ("X-Last", "1")])


@pytest.mark.parametrize(("name", "value", "left"), [
    ("Cookie", f"a={TOKEN}; b=\"{TOKEN}\"; c=", 'a=#; b="#"; c='), ("Cookie", f" {TOKEN}", " #"),
    ("Set-Cookie", f"a={TOKEN}; Path=/x; HttpOnly", "a=#; Path=/x; HttpOnly"),
])
def test_cookies(name: str, value: str, left: str) -> None:
    """Each cookie that is sent, and the one that is set without what describes it; quotes and names stay."""
    assert [(name, left)] == masked([(name, value)])
    assert [] == emptied([(name, value)])


def test_a_secret_that_a_pattern_finds() -> None:
    """All of it, or its first group; a group that took no part is nothing."""
    assert [("X-Trace", "id # here, long enough")] == masked([("X-Trace", "id T-12345 here, long enough")], [r"T-\d+"])
    assert [("X-Trace", "id T-# here, long enough")] == masked([("X-Trace", "id T-12345 here, long enough")], [r"T-(\d+)"])
    assert [("X-Trace", "id T- here, long enough")] == masked([("X-Trace", "id T- here, long enough")], [r"T-(\d+)?"])


@pytest.mark.parametrize(("text", "left"), [
    (f'{{"token": "{TOKEN}"}}', '{"token": "#"}'), ('{"token": ""}', '{"token": ""}'), ('{"pin": 1234567}', '{"pin": #}'),
    (f'{{"token": "{TOKEN}\\n"}}', '{"token": "#"}'), (f'{{"token": "{TOKEN}\\u12"}}', '{"token": "#"}'),
    ('{"password": "hunter2"}', '{"password": "#"}'), (f"<token>{TOKEN}</token>", "<token>#</token>"),
    ("<token> </token>", "<token> </token>"), (f"token = '{TOKEN}'", "token = '#'"), (f"name = '{TOKEN}'", f"name = '{TOKEN}'"),
])
def test_bodies(text: str, left: str) -> None:
    """By the names of members, elements and assignments; what has no value has none afterwards. Also where an escape is cut off."""
    assert left == body(text)


def test_basic_within_text() -> None:
    """Only what decodes to a name and a password is one."""
    assert f"sent Basic {encoded('#:#')} to it" == body(f"sent Basic {encoded('ann:hunter2hunter2')} to it")
    for harmless in (f"sent Basic {encoded('no colon in it, and long')} to it", "sent Basic understanding1 to it"):
        assert harmless == body(harmless)


def test_a_body_that_is_too_large_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking through it would take too long."""
    text = f'{{"token": "{TOKEN}"}}'
    monkeypatch.setattr(scrubber, "_LARGEST", len(text) - 1)
    assert text == body(text)


def test_a_body_that_is_no_utf8() -> None:
    """Keeps every byte but the secret's."""
    found = Scrubber(lambda value, where: "#").body(b'\xff{"token": "' + TOKEN.encode() + b'"}\xfe')
    assert b'\xff{"token": "#"}\xfe' == found
