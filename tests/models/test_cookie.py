"""HTTPCookie: made of properties, of header fields, and turned into header fields."""
from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from time import process_time

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.cookie import HTTPCookie

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEAST = {"name": "a", "value": "b", "domain": "example.com", "path": "/"}


def test_apples_keys_and_snake_case_make_the_same_cookie() -> None:
    """Either spelling of a property means the same."""
    apple = HTTPCookie({
        "Name": "a", "Value": "b", "Domain": "example.com", "Path": "/", "Expires": NOW, "Secure": "TRUE", "Version": 1,
        "Comment": "c", "CommentURL": "http://c", "Port": "80,443", "SameSite": "Lax", "HttpOnly": "TRUE",
        "SetByJavaScript": True,
    })
    snake = HTTPCookie(
        LEAST, expires_date=NOW, is_secure=True, version="1", comment="c", comment_url="http://c", port_list=[80, 443],
        same_site_policy="lax", is_http_only=True, is_set_by_javascript=True,
    )
    assert apple == snake
    assert hash(apple) == hash(snake)
    assert (80, 443) == snake.port_list


def test_properties_make_the_cookie_again() -> None:
    """`properties` loses nothing."""
    cookie = HTTPCookie(LEAST, expires=NOW, secure=True, http_only=True, same_site="strict", port="8080", comment="c",
                        set_by_javascript=True)
    assert cookie == HTTPCookie(cookie.properties)
    assert HTTPCookie(LEAST) == HTTPCookie(HTTPCookie(LEAST).properties)


def test_blanks_without_end_are_read_at_once() -> None:
    """A field of nothing but blanks costs no more than any other of its length."""
    started = process_time()
    assert ["a"] == [cookie.name for cookie in HTTPCookie.cookies({"Set-Cookie": "a=b" + " " * 60_000}, "http://example.com/")]
    assert process_time() - started < 1


@pytest.mark.parametrize("age", [10**30, -10**30, "9" * 40])
def test_an_age_beyond_all_dates_is_for_ever_or_over(age: object) -> None:
    """A maximum age of any size makes a cookie: one that lives for a century at most, or one that has expired."""
    lifetime = HTTPCookie(LEAST, maximum_age=age).expires_date - datetime.now(UTC)
    assert (timedelta(days=36524) < lifetime < timedelta(days=36526)) if int(age) > 0 else timedelta(minutes=-1) < lifetime < timedelta(0)


@pytest.mark.parametrize(("change", "said"), [
    ({"name": None}, "'Name'"),
    ({"value": None}, "'Value'"),
    ({"path": None}, "'Path'"),
    ({"domain": None}, "origin_url"),
    ({"domain": "."}, "domain"),
    ({"name": "", "value": ""}, "name"),
    ({"name": "a=b"}, "a=b"),
    ({"name": "a;b"}, "a;b"),
    ({"value": "b\r\nX: y"}, "control"),
    ({"value": "b; c=d"}, "';'"),
    ({"expires": "tomorrow"}, "tomorrow"),
    ({"expires": datetime(2026, 1, 1)}, "aware"),
    ({"version": "x"}, "Version"),
    ({"port": "eighty"}, "Port"),
    ({"colour": "red"}, "colour"),
])
def test_what_is_no_cookie_is_named(change: dict[str, object], said: str) -> None:
    """Where Apple answers nil the constructor says what is wrong."""
    with pytest.raises(InvalidArgumentException, match=said):
        HTTPCookie({**LEAST, **change})


def test_the_domain_comes_from_the_origin_where_none_is_given() -> None:
    """A cookie of an origin URL goes to that host alone; a domain beats it."""
    origin = {"name": "a", "value": "b", "path": "/", "origin_url": "https://WWW.Example.com/x"}
    assert "www.example.com" == HTTPCookie(origin).domain
    assert HTTPCookie(origin).is_host_only
    assert ".example.com" == HTTPCookie(origin, domain=".Example.com").domain
    assert not HTTPCookie(origin, domain=".Example.com").is_host_only


def test_a_path_that_does_not_begin_with_a_slash_is_the_root() -> None:
    """As the open-source URLSession has it."""
    assert "/" == HTTPCookie({**LEAST, "path": "a"}).path


@pytest.mark.parametrize(("more", "session_only"), [
    ({}, True), ({"expires": NOW}, False), ({"maximum_age": "60"}, False),
    ({"expires": NOW, "discard": "TRUE"}, True), ({"expires": NOW, "discard": "FALSE"}, False),
])
def test_a_cookie_without_a_date_or_discarded_is_the_sessions(more: dict[str, object], session_only: bool) -> None:
    """`is_session_only` follows the date, and Discard above it."""
    assert session_only == HTTPCookie(LEAST, **more).is_session_only


def test_dates_are_kept_in_utc() -> None:
    """An aware date of any zone, or a date as servers write it."""
    east = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert NOW == HTTPCookie(LEAST, expires=east).expires_date
    assert NOW == HTTPCookie(LEAST, expires="Thu, 01-Jan-2026 00:00:00 GMT").expires_date


def test_a_maximum_age_beats_a_date() -> None:
    """Seconds from now, as RFC 6265bis has it for Max-Age."""
    expires = HTTPCookie(LEAST, maximum_age=3600, expires="Thu, 01 Jan 1970 00:00:00 GMT").expires_date
    assert expires is not None
    assert datetime.now(UTC) < expires <= datetime.now(UTC) + timedelta(hours=1)


def test_a_cookie_never_changes() -> None:
    """Members are read-only; `dataclasses.replace` gives another cookie; pickling keeps all."""
    cookie = HTTPCookie(LEAST, expires=NOW, port="80")
    with pytest.raises((FrozenInstanceError, AttributeError)):
        cookie.value = "c"  # type: ignore[misc]
    assert "c" == replace(cookie, value="c").value
    assert cookie == replace(replace(cookie, value="c"), value="b")
    assert cookie == pickle.loads(pickle.dumps(cookie))


def test_cookies_are_read_from_a_field_that_joins_them() -> None:
    """`all_header_fields` joins repeated fields by commas; those within a date part nothing."""
    fields = {"set-cookie": "a=1; Expires=Thu, 01 Jan 2026 00:01:00 GMT, b=2; Path=/x, c, d=4"}
    cookies = HTTPCookie.cookies(fields, "http://example.com/y/z", NOW)
    assert [("a", "1", "/y"), ("b", "2", "/x, c"), ("d", "4", "/y")] == [(c.name, c.value, c.path) for c in cookies]
    assert NOW + timedelta(minutes=1) == cookies[0].expires_date


def test_cookies_are_read_from_pairs_one_for_each() -> None:
    """Fields as they were received are not cut at commas."""
    pairs = [("Set-Cookie", "a=1, b=2"), ("Server", "x=y"), ("SET-COOKIE", "c=3")]
    cookies = HTTPCookie.cookies(pairs, "http://example.com/", NOW)
    assert [("a", "1, b=2"), ("c", "3")] == [(c.name, c.value) for c in cookies]


def test_no_cookie_is_read_where_none_is_set() -> None:
    """No field and a field without a cookie give an empty list."""
    assert [] == HTTPCookie.cookies({"Server": "x"}, "http://example.com/")
    assert [] == HTTPCookie.cookies({"Set-Cookie": ""}, "http://example.com/")


def test_a_cookie_of_another_domain_is_read_though_no_storage_keeps_it() -> None:
    """Reading judges nothing; `set_cookies` does."""
    assert [".other.com"] == [c.domain for c in HTTPCookie.cookies({"Set-Cookie": "a=1; Domain=other.com"}, "http://example.com/")]


def test_request_fields_join_the_cookies_in_their_order() -> None:
    """Pairs joined by "; ", the value alone of a cookie without a name, and no field for no cookie."""
    named, nameless = HTTPCookie(LEAST), HTTPCookie({**LEAST, "name": "", "value": "v"})
    assert {"Cookie": "a=b; v"} == HTTPCookie.request_header_fields([named, nameless])
    assert {} == HTTPCookie.request_header_fields([])


def test_a_domain_is_kept_in_its_canonical_form() -> None:
    """So that a cookie of one's own making goes to its host, however that is written; what is no server's host stays as it is."""
    assert [".xn--bcher-kva.example", "xn--bcher-kva.example", "::1"] == [
        HTTPCookie(LEAST, domain=domain).domain for domain in (".BÜCHER.example", "bücher.example", "[0::1]")]
    assert [".some thing", "1.2.3.4.5"] == [HTTPCookie(LEAST, domain=domain).domain for domain in (".Some Thing", "1.2.3.4.5")]
    made = HTTPCookie(name="a", value="b", path="/", origin_url="http://bücher.example/")
    assert made.domain == "xn--bcher-kva.example"
    for wrong in ({"domain": "."}, {"domain": "", "origin_url": "http://a b/"}, {"domain": "", "origin_url": "http:///"}):
        with pytest.raises(InvalidArgumentException):
            HTTPCookie(LEAST, **wrong)
