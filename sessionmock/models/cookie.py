"""A cookie, and how it is read from a Set-Cookie field (RFC 6265bis, sections 5.1 and 5.6).

Whether a cookie may be kept or sent is judged in `core.cookies`; keeping it is the work of a cookie storage.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypedDict, Unpack

from .. import shown
from ..clock import SystemClock
from ..errors import InvalidArgumentException
from .enums import CookieAcceptPolicy, HTTPCookiePropertyKey
from .host import canonical_host, in_url, is_address
from .immutable import immutable
from .settings import TEXT, reject
from .url import split_url

PAIR_LIMIT = 4096                    # bytes of name and value together; a longer cookie is ignored (5.6)
ATTRIBUTE_LIMIT = 1024               # bytes of an attribute's value; a longer one is ignored (5.6)
AGE_LIMIT = timedelta(days=400)      # no Set-Cookie field keeps a cookie for longer (5.5)
EARLIEST = datetime(1601, 1, 1, tzinfo=UTC)
LONGEST = 36525 * 86400              # seconds that a cookie of one's own making lives at most


# Apple's property keys, and the snake_case names that a `properties` dict may use instead.
_KEYS = {
    "name": "Name", "value": "Value", "domain": "Domain", "path": "Path", "origin_url": "OriginURL", "version": "Version",
    "secure": "Secure", "is_secure": "Secure", "http_only": "HttpOnly", "is_http_only": "HttpOnly",
    "expires": "Expires", "expires_date": "Expires", "maximum_age": "Max-Age", "max_age": "Max-Age",
    "discard": "Discard", "is_session_only": "Discard", "comment": "Comment", "comment_url": "CommentURL",
    "port": "Port", "port_list": "Port", "same_site": "SameSite", "same_site_policy": "SameSite",
    "set_by_javascript": "SetByJavaScript", "is_set_by_javascript": "SetByJavaScript",
    "partition_identifier": "StoragePartition",
}
_APPLE = frozenset(_KEYS.values())


class Properties(TypedDict, total=False):
    """What a cookie is made of. Wide because it has every name of `_KEYS`, for type checkers."""

    name: str
    value: str
    domain: str
    path: str
    origin_url: str
    version: int | str
    secure: bool | str
    is_secure: bool | str
    http_only: bool | str
    is_http_only: bool | str
    expires: datetime | str | None
    expires_date: datetime | str | None
    maximum_age: float | str
    max_age: float | str
    discard: bool | str
    is_session_only: bool | str
    comment: str | None
    comment_url: str | None
    port: str | int | Sequence[int] | None
    port_list: str | int | Sequence[int] | None
    same_site: str | None
    same_site_policy: str | None
    set_by_javascript: bool | str
    is_set_by_javascript: bool | str
    partition_identifier: str | None


class _Nested:
    """What Swift nests in `HTTPCookie`: apart from it, for a dataclass takes every annotation for a field."""

    __slots__ = ()
    AcceptPolicy: TypeAlias = CookieAcceptPolicy


@immutable
@dataclass(frozen=True, slots=True, init=False)
class HTTPCookie(_Nested):
    """One cookie, `name` and `value`; never changes. Equal when every member is.

    A `domain` with a leading dot covers the host and those below it; without one it is that host alone (Apple's way of
    writing RFC 6265bis' host-only flag). `expires_date` is aware, None for a cookie of the session. `same_site_policy`
    is "lax", "strict" or None. A cookie with a `port_list` goes to those ports only. One that a script set may not be for
    HTTP only, nor take the place of one that is. One with a `partition_identifier` goes with requests alone that have the same
    (`URLRequest.cookie_partition_identifier`); None for those that have none. It is sent below `path`; over TLS alone where
    `is_secure`, by no script where `is_http_only`; `is_session_only` ends it with the session, `is_set_by_javascript` says whose it
    is. `version`, `comment` and `comment_url` are of RFC 2965, and go nowhere.
    """

    name: str
    value: str
    domain: str
    path: str
    expires_date: datetime | None
    is_secure: bool
    is_http_only: bool
    is_session_only: bool
    same_site_policy: str | None
    version: int
    comment: str | None
    comment_url: str | None
    port_list: tuple[int, ...] | None
    is_set_by_javascript: bool
    partition_identifier: str | None

    def __init__(self, properties: Mapping[str, Any] | Mapping[HTTPCookiePropertyKey, Any] | None = None, **named: Unpack[Properties]) -> None:
        """A cookie from `properties`, by Apple's keys ("Name", "OriginURL", "Max-Age") or snake_case names, or both.

        Name, value (one of them may be empty), path and one of domain and origin URL are needed:
        InvalidArgumentException where Apple's answer is nil. `expires` is an aware datetime or text,
        `maximum_age` seconds from now (it beats `expires`). `dataclasses.replace` works with the members' names.
        """
        if properties is not None and not isinstance(properties, Mapping):
            raise InvalidArgumentException(f"HTTPCookie({properties!r}): it takes a mapping of properties, or keywords")
        given: dict[str, Any] = {_key(key): value for each in (properties or {}, named) for key, value in each.items()}
        name, value, path = _text(given, "Name"), _text(given, "Value"), _text(given, "Path")
        if given.get("Domain"):
            domain = _domain(_text(given, "Domain"))
        elif given.get("OriginURL"):
            domain = _host(str(given["OriginURL"]))
        else:
            raise InvalidArgumentException(f"the cookie {name!r} has no domain: give it 'domain' or 'origin_url'")
        if not (name or value) or "=" in name or not domain.strip("."):
            raise InvalidArgumentException(f"{name!r} for {domain!r} is no cookie: give it a name without '=' and a domain")
        expires = _date(given.get("Expires"))
        if (age := given.get("Max-Age")) not in (None, ""):
            expires = SystemClock().date() + timedelta(seconds=max(-1, min(_number(age, "Max-Age"), LONGEST)))
        self._set(
            name, value, domain, path if path.startswith("/") else "/", expires,
            secure=_flag(given.get("Secure")), http_only=_flag(given.get("HttpOnly")),
            session_only=expires is None or str(given.get("Discard", "")).upper() == "TRUE",
            same_site=_same_site(str(given.get("SameSite") or "")), version=_number(given.get("Version") or 0, "Version"),
            comment=given.get("Comment"), comment_url=given.get("CommentURL"), ports=_ports(given.get("Port")),
            by_javascript=_flag(given.get("SetByJavaScript")), partition=_text(given, "StoragePartition") if given.get("StoragePartition") else None,
        )

    def _set(
        self, name: str, value: str, domain: str, path: str, expires: datetime | None, *, secure: bool, http_only: bool,
        session_only: bool, same_site: str | None, version: int = 0, comment: str | None = None,
        comment_url: str | None = None, ports: tuple[int, ...] | None = None, by_javascript: bool = False,
        partition: str | None = None,
    ) -> HTTPCookie:
        values = (name, value, domain, path, expires, secure, http_only, session_only, same_site)
        for slot, what in zip(_SLOTS, (*values, version, comment, comment_url, ports, by_javascript, partition), strict=True):
            object.__setattr__(self, slot, what)
        return self

    def __repr__(self) -> str:
        members = {one.name: getattr(self, one.name) for one in fields(self)} | {"value": shown.secret(self.value)}
        return f"{type(self).__name__}({', '.join(f'{name}={member!r}' for name, member in members.items())})"

    @property
    def is_host_only(self) -> bool:
        """Whether the cookie goes to the very host `domain` and none below it."""
        return not self.domain.startswith(".")

    @property
    def identity(self) -> tuple[str | None, str, str, str]:
        """Partition, domain, path and name: a storage holds one cookie of an identity (RFC 6265bis, section 5.7, step 23; CHIPS)."""
        return self.partition_identifier, self.domain, self.path, self.name

    @property
    def properties(self) -> dict[str, Any]:
        """What `HTTPCookie(properties)` makes this cookie of, by Apple's keys."""
        everything = {
            "Name": self.name, "Value": self.value, "Domain": self.domain, "Path": self.path, "Expires": self.expires_date,
            "Secure": "TRUE" if self.is_secure else None, "HttpOnly": "TRUE" if self.is_http_only else None,
            "Discard": "TRUE" if self.is_session_only else None, "SameSite": self.same_site_policy,
            "Version": self.version, "Comment": self.comment, "CommentURL": self.comment_url,
            "Port": None if self.port_list is None else ",".join(map(str, self.port_list)),
            "SetByJavaScript": "TRUE" if self.is_set_by_javascript else None, "StoragePartition": self.partition_identifier,
        }
        return {key: value for key, value in everything.items() if value is not None}

    @staticmethod
    def cookies(
        with_response_header_fields: Mapping[str, str] | Iterable[tuple[str, str]], for_url: str, now: datetime | None = None,
    ) -> list[HTTPCookie]:
        """The cookies that a response from `for_url` sets, whoever may keep them.

        Fields are a mapping, whose Set-Cookie may hold several cookies joined by commas (`all_header_fields`), or
        (name, value) pairs. `now` is what Max-Age counts from: by default the system's clock.
        """
        now = now or SystemClock().date()
        parts = split_url(TEXT.of("HTTPCookie.cookies(for_url)", for_url))
        if not isinstance(with_response_header_fields, Iterable):
            reject("HTTPCookie.cookies", with_response_header_fields, "a mapping of header names to values, or (name, value) pairs")
        if isinstance(with_response_header_fields, Mapping):
            pairs: Iterable[tuple[str, str]] = with_response_header_fields.items()
            lines = [line for key, value in pairs if key.lower() == "set-cookie" for line in _JOINT.split(value)]
        else:
            lines = [value for key, value in with_response_header_fields if key.lower() == "set-cookie"]
        return [cookie for line in lines if (cookie := parse_set_cookie(line, parts.host, parts.path, now)) is not None]

    @staticmethod
    def request_header_fields(cookies: Iterable[HTTPCookie]) -> dict[str, str]:
        """`{"Cookie": ...}` with the `cookies` in their order, or {} for none."""
        try:
            pairs = [cookie_pair(cookie) for cookie in cookies]
        except (TypeError, AttributeError):
            reject("HTTPCookie.request_header_fields", cookies, "a list of HTTPCookie")
        return {"Cookie": "; ".join(pairs)} if pairs else {}


_SLOTS = tuple(field.name for field in fields(HTTPCookie))
# A comma parts two cookies only where a name and "=" follow, so not within an Expires (RFC 9110, section 5.3).
_JOINT = re.compile(r",\s*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+=)")


def cookie_pair(cookie: HTTPCookie) -> str:
    """`name=value`, or the value alone of a cookie without a name (5.8.3, step 4)."""
    return f"{cookie.name}={cookie.value}" if cookie.name else cookie.value


def default_path(path: str) -> str:
    """The path of a cookie whose response names none: that of the request up to its last "/" (5.1.4)."""
    return path[:path.rfind("/")] or "/" if path.startswith("/") else "/"


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def parse_set_cookie(line: str, host: str, path: str, now: datetime, partition: str | None = None) -> HTTPCookie | None:
    """The cookie of one Set-Cookie `line` from `host` (canonical) and request `path` at `now`, set in `partition`; None for what is
    ignored (5.6; CHIPS, section 2.1: `Partitioned` without `Secure`)."""
    if _CONTROL.search(line):
        return None
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = (name.strip(" \t"), value.strip(" \t")) if equals else ("", name.strip(" \t"))
    if not (name or value) or _octets(name) + _octets(value) > PAIR_LIMIT:
        return None
    domain, cookie_path, same_site = "", "", ""
    secure = http_only = partitioned = False
    expires: datetime | None = None
    lifetime: datetime | None = None
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        key, text = key.strip(" \t").lower(), text.strip(" \t")
        if _octets(text) > ATTRIBUTE_LIMIT:
            continue
        if key == "expires":
            expires = parse_cookie_date(text) or expires
        elif key == "max-age":
            lifetime = _lifetime(text, now) or lifetime
        elif key == "domain":
            domain = text.removeprefix(".").lower()
            domain = host if domain == in_url(host) else domain    # an address of IPv6 in its brackets
        elif key == "path":
            cookie_path = text
        elif key == "samesite":
            same_site = text.lower()
        elif key == "secure":
            secure = True
        elif key == "httponly":
            http_only = True
        elif key == "partitioned":
            partitioned = True
    lower = (name or value).lower()
    if ((same_site == "none" or partitioned) and not secure) or (lower.startswith("__host-") and cookie_path != "/"):
        return None
    until = lifetime or (min(expires, now + AGE_LIMIT) if expires else None)
    return object.__new__(HTTPCookie)._set(
        name, value, f".{domain}" if domain and not is_address(domain) else domain or host,
        cookie_path if cookie_path.startswith("/") else default_path(path), until,
        secure=secure, http_only=http_only, session_only=until is None, same_site=_same_site(same_site), partition=partition,
    )


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def _lifetime(text: str, now: datetime) -> datetime | None:
    """When a Max-Age of `text` runs out, at most 400 days ahead; None for what is no number (5.6.2)."""
    if not re.fullmatch(r"-?[0-9]+", text, re.ASCII):
        return None
    seconds = min(int(text), int(AGE_LIMIT.total_seconds()))
    return now + timedelta(seconds=seconds) if seconds > 0 else EARLIEST


_TOKENS = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_MONTH = re.compile(r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE)
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def parse_cookie_date(text: str) -> datetime | None:
    """The date in `text` by the lenient algorithm of RFC 6265bis, section 5.1.1, or None."""
    found: dict[re.Pattern[str], re.Match[str]] = {}
    for token in _TOKENS.findall(text):
        for pattern in (_TIME, _DAY, _MONTH, _YEAR):
            if pattern not in found and (match := pattern.match(token)):
                found[pattern] = match
                break
    if len(found) < 4:
        return None
    year = int(found[_YEAR][1])
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    month, day = _MONTHS.index(found[_MONTH][1].lower()) + 1, int(found[_DAY][1])
    hour, minute, second = map(int, found[_TIME].groups())
    try:
        date = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return date if year >= 1601 else None


def _key(key: str) -> str:
    apple = key if key in _APPLE else _KEYS.get(key)
    if apple is None:
        raise InvalidArgumentException(f"a cookie has no property {key!r}: use one of {', '.join(sorted(_KEYS))} or Apple's keys")
    return apple


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or _CONTROL.search(value) or ";" in value:
        said = shown.secret(value) if key == "Value" and isinstance(value, str) else value
        raise InvalidArgumentException(f"a cookie needs {key!r} as text without control characters or ';', not {said!r}")
    return value


def _domain(text: str) -> str:
    """`text` as hosts are compared (5.1.2), with the dot that Apple's way of writing it begins with. What is no server's host may be
    one to another scheme."""
    name = text.removeprefix(".")
    try:
        return f"{text[:len(text) - len(name)]}{canonical_host(name)}"
    except InvalidArgumentException:
        return text.lower()


def _host(url: str) -> str:
    try:
        return split_url(url).host
    except ValueError as error:
        raise InvalidArgumentException(f"a cookie's 'OriginURL' is the URL of a server, not {url!r}: {error}") from None


def _flag(value: Any) -> bool:
    """Apple: any text that is not empty says yes, "FALSE" too; a bool says what it is."""
    return bool(value)


def _number(value: Any, key: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InvalidArgumentException(f"a cookie's {key!r} is a whole number, not {value!r}") from None


def _date(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    date = parse_cookie_date(value) if isinstance(value, str) else value
    if not isinstance(date, datetime) or date.tzinfo is None:
        raise InvalidArgumentException(f"a cookie's 'Expires' is an aware datetime or a date as servers write it, not {value!r}")
    return date.astimezone(UTC)


def _same_site(value: str) -> str | None:
    return lower if (lower := value.lower()) in ("lax", "strict") else None


def _ports(value: Any) -> tuple[int, ...] | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = value.strip('"').split(",")
    return tuple(_number(item, "Port") for item in (value if isinstance(value, Sequence) else (value,)))
