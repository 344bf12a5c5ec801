"""HTTPCookieStorage: the jar. It keeps cookies by domain, path and name, so what others hold costs a request nothing."""
from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from itertools import count
from typing import Any, NamedTuple

from ..core.cookies import (
    SECURE_SCHEMES,
    PublicSuffix,
    admit,
    domains_of,
    is_sent,
    paths_of,
    permits,
    scripts_may_set,
    would_cover,
)
from ..engine.current import current_date
from ..errors import InvalidArgumentException
from ..models.cookie import EARLIEST, HTTPCookie, cookie_pair, parse_set_cookie
from ..models.enums import CookieAcceptPolicy
from ..models.url import URLParts, split_url
from .files import locked, replace_file, signature
from .forking import give_lock

FORMAT = "sessionmock cookies 1"
FILE_LIMIT = 64 << 20       # characters; a longer file is not read


class _Kept(NamedTuple):
    """A cookie in the jar. Sorting by `rank` gives the order of the Cookie field: long paths first, then old cookies."""

    rank: tuple[int, datetime, int]
    cookie: HTTPCookie
    created: datetime
    pair: str


class _Shared(type):
    """Gives HTTPCookieStorage its class property."""

    @property
    def shared(cls) -> HTTPCookieStorage:
        """The storage of sessions with the default configuration: of this process, in memory."""
        return HTTPCookieStorage.shared_cookie_storage("")


class HTTPCookieStorage(metaclass=_Shared):
    """Cookies of any number of sessions; every method may be called on any thread.

    In memory unless `path` names a file. That file holds the cookies with an expiry date, and may be shared with other
    processes: each change is merged into it at once, and what others changed is seen at the next call. An unreadable
    file is InvalidArgumentException here, and later on no cookies.

    It has no clock: whether a cookie has expired is told by the date of who asks. A session asks by its own clock; where no date
    is said, it is the wall clock's, and within `virtual_time` the virtual one.

    `is_public_suffix` says which domains no cookie may have (RFC 6265bis, section 5.7, step 9). By default it is
    the Public Suffix List of the extra `psl` where that is installed, else names without a dot.

    `cookies_changed` is a list of callables that get the storage after each change, on the thread that made it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, is_public_suffix: PublicSuffix | None = None) -> None:
        self.cookie_accept_policy = CookieAcceptPolicy.ALWAYS
        self.cookies_changed: list[Callable[[HTTPCookieStorage], None]] = []
        self.path = None if path is None else os.path.abspath(path)
        self._is_public_suffix = is_public_suffix or _listed
        self._lock: threading.Lock
        give_lock(self)
        self._order = count()
        self._domains: dict[str, dict[str, dict[str, _Kept]]] = {}        # by domain, path and name
        self._secure: dict[str, dict[tuple[str, str, str], HTTPCookie]] = {}    # the secure ones, by name and identity
        self._signature: tuple[int, int, int] | None = None
        if self.path is not None:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._refresh(strict=True)

    @staticmethod
    def shared_cookie_storage(for_group_container_identifier: str) -> HTTPCookieStorage:
        """The one storage of this process with that identifier, made on first use; in memory."""
        found = _GROUPS.get(for_group_container_identifier)
        return found or _GROUPS.setdefault(for_group_container_identifier, HTTPCookieStorage())    # of two at once the first stays

    def __repr__(self) -> str:
        return f"<HTTPCookieStorage cookies count:{len(self.cookies)}>"

    # For the engine ------------------------------------------------------------------------------

    def header_for(self, url: str | URLParts, date: Callable[[], datetime] = current_date, task: Any = None) -> str | None:
        """The value of the Cookie field for a request of `url`, or None where no cookie goes with it (5.8.3). `date` is asked only
        where there is a cookie that may have expired. A subclass with a rule of its own for a `task` is asked for it."""
        if task is not None and type(self).get_cookies_for is not HTTPCookieStorage.get_cookies_for:
            chosen: list[HTTPCookie] = []
            self.get_cookies_for(task, chosen.extend)
            return HTTPCookie.request_header_fields(chosen).get("Cookie")
        if not self._domains and self.path is None:
            return None
        found = self._matching(split_url(url) if isinstance(url, str) else url, date)
        return "; ".join([kept.pair for kept in found]) if found else None

    def store_from_headers(
        self, url: str | URLParts, headers: Iterable[tuple[str, str]], policy: CookieAcceptPolicy | None = None,
        main_document_url: str | None = None, task: Any = None, date: Callable[[], datetime] = current_date,
    ) -> None:
        """Keep what the Set-Cookie fields of a response from `url` may set (5.7), under `policy` or the storage's own. A subclass
        with a way of its own to keep those of a `task` is given what the policy lets through."""
        lines = [value for name, value in headers if len(name) == 10 and name.lower() == "set-cookie"]
        if lines:
            parts = split_url(url) if isinstance(url, str) else url
            host, now = parts.host, date()
            cookies = [cookie for line in lines if (cookie := parse_set_cookie(line, host, parts.path, now)) is not None]
            policy = self.cookie_accept_policy if policy is None else policy
            if task is None or type(self).store_cookies is HTTPCookieStorage.store_cookies:
                self._receive(cookies, parts, policy, main_document_url, now)
            elif self._lets(policy, host, main_document_url):
                self.store_cookies(cookies, task)

    # Apple's members -----------------------------------------------------------------------------

    @property
    def cookies(self) -> list[HTTPCookie]:
        """Every cookie that has not expired, the oldest first."""
        now = current_date()
        with self._lock:
            self._refresh()
            live = [kept for kept in self._all() if not _expired(kept.cookie, now)]
        return [kept.cookie for kept in sorted(live, key=lambda kept: kept.rank[1:])]

    def cookies_for(self, url: str) -> list[HTTPCookie]:
        """The cookies that go with a request for `url`, in the order in which they are sent."""
        return [kept.cookie for kept in self._matching(split_url(url))]

    def sorted_cookies(self, key: Callable[[HTTPCookie], Any], *, reverse: bool = False) -> list[HTTPCookie]:
        """`cookies` sorted by `key`."""
        return sorted(self.cookies, key=key, reverse=reverse)

    def set_cookie(self, cookie: HTTPCookie) -> None:
        """Keep `cookie` as it is, in place of one with its domain, path and name; one that has expired only removes.

        Does nothing under the policy NEVER.
        """
        if self.cookie_accept_policy is not CookieAcceptPolicy.NEVER:
            self._change([cookie])

    def set_cookies(self, cookies: Iterable[HTTPCookie], for_url: str, main_document_url: str | None = None) -> None:
        """Keep those `cookies` that a response from `for_url` may set under the storage's accept policy."""
        self._receive(cookies, split_url(for_url), self.cookie_accept_policy, main_document_url)

    def delete_cookie(self, cookie: HTTPCookie) -> None:
        """Remove the cookie with the domain, path and name of `cookie`; one that is not there is no error."""
        self._change([replace(cookie, expires_date=EARLIEST, is_set_by_javascript=False)])

    def remove_cookies_since(self, date: datetime) -> None:
        """Remove every cookie that was made after `date`, which is aware."""
        self._change(remove=lambda kept: kept.created > date)

    def remove_all_cookies(self) -> None:
        """Remove every cookie, as `URLSession.reset` does."""
        self._change(remove=lambda _: True)

    def store_cookies(self, cookies: Iterable[HTTPCookie], for_task: Any) -> None:
        """`set_cookies` for the URL and main document of a task's current request. A session calls it where a subclass has its
        own."""
        request = for_task.current_request
        self.set_cookies(cookies, request.url, request.main_document_url)

    def get_cookies_for(self, task: Any, completion_handler: Callable[[list[HTTPCookie]], None]) -> None:
        """Hand `completion_handler` the cookies for a task's current request, before returning. A session calls it where a
        subclass has its own."""
        completion_handler(self.cookies_for(task.current_request.url))

    # Below: the jar. Everything that reads or changes it holds the lock ----------------------------

    def _matching(self, parts: URLParts, date: Callable[[], datetime] = current_date) -> list[_Kept]:
        found: list[_Kept] = []
        with self._lock:
            self._refresh()
            domains = self._domains
            for domain in domains_of(parts.host):
                if (paths := domains.get(domain)) is not None:
                    for path in paths_of(parts.path):
                        if (named := paths.get(path)) is not None:
                            found.extend(named.values())
        if not found:
            return found
        now = date()
        found = [kept for kept in found if is_sent(kept.cookie, parts) and not _expired(kept.cookie, now)]
        found.sort()
        return found

    def _receive(
        self, cookies: Iterable[HTTPCookie], parts: URLParts, policy: CookieAcceptPolicy, main_document_url: str | None,
        now: datetime | None = None,
    ) -> None:
        host, secure = parts.host, parts.scheme in SECURE_SCHEMES
        if self._lets(policy, host, main_document_url):
            admitted = [c for cookie in cookies if (c := admit(cookie, host, secure, self._is_public_suffix)) is not None]
            self._change(admitted, now, guarded=not secure)

    def _lets(self, policy: CookieAcceptPolicy, host: str, main_document_url: str | None) -> bool:
        main_host = split_url(main_document_url).host if main_document_url else None
        return permits(policy, host, main_host, self._is_public_suffix)

    def _change(
        self, cookies: Iterable[HTTPCookie] = (), now: datetime | None = None, *,
        remove: Callable[[_Kept], bool] | None = None, guarded: bool = False,
    ) -> None:
        """Remove and add in the jar and, where a lasting cookie is concerned, in the file; then tell."""
        now = now or current_date()
        cookies = list(cookies)
        with self._lock:
            if self.path is None:
                changed = self._apply(cookies, remove, now, guarded)
            else:
                with locked(self.path):
                    self._refresh()
                    changed = self._apply(cookies, remove, now, guarded)
                    if any(not cookie.is_session_only for cookie in changed):
                        self._write(self.path, now)
        if changed:
            for call in tuple(self.cookies_changed):
                call(self)

    def _apply(
        self, cookies: list[HTTPCookie], remove: Callable[[_Kept], bool] | None, now: datetime, guarded: bool,
    ) -> list[HTTPCookie]:
        """The cookies that came, went or were replaced."""
        changed: list[HTTPCookie] = []
        if remove is not None:
            for kept in [kept for kept in self._all() if remove(kept)]:
                self._drop(kept.cookie)
                changed.append(kept.cookie)
        for cookie in cookies:
            secure = self._secure.get(cookie.name, {}) if guarded else {}
            if any(would_cover(cookie, kept) for kept in secure.values()) or not scripts_may_set(cookie, self._get(cookie)):
                continue
            old = self._drop(cookie)
            if old is not None:
                changed.append(old.cookie)
            if not _expired(cookie, now):
                self._put(cookie, old.created if old else now, old.rank[2] if old else None)
                changed.append(cookie)
        return changed

    def _put(self, cookie: HTTPCookie, created: datetime, order: int | None = None) -> None:
        rank = (-len(cookie.path), created, next(self._order) if order is None else order)
        kept = _Kept(rank, cookie, created, cookie_pair(cookie))
        self._domains.setdefault(cookie.domain, {}).setdefault(cookie.path, {})[cookie.name] = kept
        if cookie.is_secure:
            self._secure.setdefault(cookie.name, {})[cookie.identity] = cookie

    def _get(self, cookie: HTTPCookie) -> HTTPCookie | None:
        """What is kept under the identity of `cookie`."""
        kept = self._domains.get(cookie.domain, {}).get(cookie.path, {}).get(cookie.name)
        return None if kept is None else kept.cookie

    def _drop(self, cookie: HTTPCookie) -> _Kept | None:
        paths = self._domains.get(cookie.domain, {})
        named = paths.get(cookie.path, {})
        kept = named.pop(cookie.name, None)
        if kept is not None:
            if not named:
                del paths[cookie.path]
            if not paths:
                del self._domains[cookie.domain]
            if kept.cookie.is_secure:
                secure = self._secure[cookie.name]
                del secure[cookie.identity]
                if not secure:
                    del self._secure[cookie.name]
        return kept

    def _all(self) -> Iterator[_Kept]:
        return (kept for paths in self._domains.values() for named in paths.values() for kept in named.values())

    # The file ------------------------------------------------------------------------------------

    def _refresh(self, *, strict: bool = False) -> None:
        """Take over what another process wrote; the cookies of this session alone stay."""
        if self.path is None or (now := signature(self.path)) == self._signature:
            return
        try:
            with open(self.path, encoding="utf-8") as file:
                cookies = _decode(file.read(FILE_LIMIT))
        except FileNotFoundError:
            cookies = []
        except Exception as error:     # the file may hold anything
            if strict:
                raise InvalidArgumentException(f"{self.path} is no cookie file ({error!r}): name another or remove it") from error
            cookies = []
        self._signature = now
        for kept in [kept for kept in self._all() if not kept.cookie.is_session_only]:
            self._drop(kept.cookie)
        for cookie, created in cookies:
            self._drop(cookie)
            self._put(cookie, created)

    def _write(self, path: str, now: datetime) -> None:
        lasting = [kept for kept in sorted(self._all(), key=lambda kept: kept.rank[1:])
                   if not kept.cookie.is_session_only and not _expired(kept.cookie, now)]
        with suppress(OSError):     # a full disk costs the file its cookies, and no load anything
            replace_file(path, [_encode(lasting)])
            self._signature = signature(path)


_GROUPS: dict[str, HTTPCookieStorage] = {}


def _expired(cookie: HTTPCookie, now: datetime) -> bool:
    return cookie.expires_date is not None and cookie.expires_date <= now


def _encode(lasting: list[_Kept]) -> bytes:
    cookies = [kept.cookie.properties | {"Created": kept.created.isoformat()} for kept in lasting]
    return json.dumps({"format": FORMAT, "cookies": cookies}, indent=1, default=datetime.isoformat).encode()


def _decode(text: str) -> list[tuple[HTTPCookie, datetime]]:
    tree = json.loads(text)
    if tree["format"] != FORMAT:
        raise ValueError(f"its format is {tree['format']!r}, not {FORMAT!r}")
    return [
        (HTTPCookie({**cookie, "Expires": _moment(cookie["Expires"])}), _moment(created))
        for cookie in tree["cookies"] if (created := cookie.pop("Created"))
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _listed(domain: str) -> bool:
    listed = _public_suffix_list()
    return "." not in domain if listed is None else listed(domain)


@lru_cache(maxsize=1)
def _public_suffix_list() -> PublicSuffix | None:
    """The list's own answer, or None without the extra; loaded for the first cookie that names a domain."""
    try:
        module = import_module("publicsuffixlist")
    except ImportError:
        return None
    judge: PublicSuffix = module.PublicSuffixList().is_public
    return judge
