"""HTTPCookieStorage: which cookies are kept, and which go with a request."""
from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from ..core.cookies import SECURE_SCHEMES, PublicSuffix, admit, is_sent, permits
from ..engine.current import current_date
from ..errors import InvalidArgumentException
from ..models.callables import taking
from ..models.cookie import EARLIEST, HTTPCookie, parse_set_cookie
from ..models.enums import CookieAcceptPolicy
from ..models.request import current_request
from ..models.settings import MOMENT, PATH, TEXT, Takes, instance, member, optional, reject
from ..models.url import URLParts, split_url
from ..user_code import tell_each, user_code
from . import cookie_file
from .cookie_jar import Jar, Kept
from .files import locked, signature
from .forking import give_lock

if TYPE_CHECKING:
    from ..tasks import URLSessionTask

_COOKIE = instance(HTTPCookie, "an HTTPCookie, as HTTPCookie(name=..., value=..., domain=..., path=...)")
_POLICY = member(CookieAcceptPolicy)
_URL = instance(str, "a URL as str")
_MAIN, _PATH = optional(_URL), optional(PATH)


def _cookies(value: Any) -> list[HTTPCookie]:
    return [_COOKIE.accept(each) for each in value]


_COOKIES = Takes("a list of HTTPCookie, as [HTTPCookie(name=..., value=..., domain=..., path=...)]", _cookies)


class _Shared(type):
    """Gives HTTPCookieStorage its class property."""

    @property
    def shared(cls) -> HTTPCookieStorage:
        """The storage of sessions with the default configuration: of this process, in memory."""
        return HTTPCookieStorage.shared_cookie_storage("")


class Dated(Protocol):
    """What knows the date."""

    def date(self) -> datetime:
        """The date, aware."""


class HTTPCookieStorage(metaclass=_Shared):
    """Cookies of any number of sessions; every method may be called on any thread.

    In memory unless `path` names a file. That file holds the cookies with an expiry date, and may be shared with other
    processes: each change is merged into it at once, and what others changed is seen at the next call. A file that is no
    cookie file, or no regular one, is InvalidArgumentException here. One that is damaged or removed later on is a RuntimeWarning:
    what was known of it is kept, and takes its place with the next change.

    Whether a cookie has expired is told by the date of who asks. A session asks by its own clock; where no date is said, it is the
    wall clock's, and within `virtual_time` the virtual one. A `clock` counts instead of all of them: its `date()` gives an aware
    datetime, as for a storage that stands at a day of the past.

    What a request with a `cookie_partition_identifier` sets is sent with those alone that have the same (CHIPS).

    `is_public_suffix` says which domains no cookie may have (RFC 6265bis, section 5.7, step 9). By default it is
    the Public Suffix List of the extra `psl` where that is installed, else names without a dot.

    `cookies_changed` is a list of callables that get the storage after each change, on the thread that made it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, clock: Dated | None = None,
                 is_public_suffix: PublicSuffix | None = None) -> None:
        self._policy = CookieAcceptPolicy.ALWAYS
        self.cookies_changed: list[Callable[[HTTPCookieStorage], None]] = []
        given = _PATH.of("HTTPCookieStorage(path)", path)
        self.path = None if given is None else os.path.abspath(given)
        if clock is not None and not callable(getattr(clock, "date", None)):
            reject("HTTPCookieStorage(clock)", clock, "what has a date(), as VirtualClock(), or None")
        self._own_date = None if clock is None else clock.date
        self._is_public_suffix = _listed if is_public_suffix is None else taking(
            "HTTPCookieStorage(is_public_suffix)", is_public_suffix, "domain")
        self._lock: threading.Lock
        give_lock(self)
        self._jar = Jar()
        self._signature: tuple[int, int, int] | None = None
        if self.path is not None:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._refresh(strict=True)

    @staticmethod
    def shared_cookie_storage(for_group_container_identifier: str) -> HTTPCookieStorage:
        """The one storage of this process with that identifier, made on first use; in memory."""
        TEXT.of("HTTPCookieStorage.shared_cookie_storage(for_group_container_identifier)", for_group_container_identifier)
        found = _GROUPS.get(for_group_container_identifier)
        return found or _GROUPS.setdefault(for_group_container_identifier, HTTPCookieStorage())    # of two at once the first stays

    def __repr__(self) -> str:
        return f"<HTTPCookieStorage cookies count:{len(self.cookies)}>"

    # For the engine ------------------------------------------------------------------------------

    def header_for(self, url: str | URLParts, date: Callable[[], datetime] = current_date, task: URLSessionTask | None = None,
                   partition_identifier: str | None = None) -> str | None:
        """The value of the Cookie field for a request of `url` in a partition, or None where no cookie goes with it (5.8.3). `date`
        is asked only where there is a cookie that may have expired. A subclass with a rule of its own for a `task` is asked for it."""
        if task is not None and type(self).get_cookies_for is not HTTPCookieStorage.get_cookies_for:
            chosen: list[HTTPCookie] = []
            with user_code(f"{type(self).__name__}.get_cookies_for"):
                self.get_cookies_for(task, chosen.extend)
                return HTTPCookie.request_header_fields(chosen).get("Cookie")
        if self.path is None and not self._jar.has(partition_identifier):
            return None
        found = self._matching(split_url(url) if isinstance(url, str) else url, partition_identifier, date)
        return "; ".join([kept.pair for kept in found]) if found else None

    def store_from_headers(
        self, url: str | URLParts, headers: Iterable[tuple[str, str]], policy: CookieAcceptPolicy | None = None,
        main_document_url: str | None = None, task: URLSessionTask | None = None, date: Callable[[], datetime] = current_date,
        partition_identifier: str | None = None,
    ) -> None:
        """Keep what the Set-Cookie fields of a response from `url` may set (5.7) in a partition, under `policy` or the storage's own.
        A subclass with a way of its own to keep those of a `task` is given what the policy lets through."""
        lines = [value for name, value in headers if len(name) == 10 and name.lower() == "set-cookie"]
        if lines:
            parts = split_url(url) if isinstance(url, str) else url
            host, now = parts.host, (self._own_date or date)()
            parsed = (parse_set_cookie(line, host, parts.path, now, partition_identifier) for line in lines)
            cookies = [cookie for cookie in parsed if cookie is not None]
            policy = self.cookie_accept_policy if policy is None else policy
            if task is None or type(self).store_cookies is HTTPCookieStorage.store_cookies:
                self._receive(cookies, parts, policy, main_document_url, now)
            elif self._lets(policy, host, main_document_url):
                with user_code(f"{type(self).__name__}.store_cookies"):
                    self.store_cookies(cookies, task)

    # Apple's members -----------------------------------------------------------------------------

    @property
    def cookies(self) -> list[HTTPCookie]:
        """Every cookie that has not expired, the oldest first."""
        now = self._date()
        with self._lock:
            self._refresh()
            live = [kept for kept in self._jar if not _expired(kept.cookie, now)]
        return [kept.cookie for kept in sorted(live, key=lambda kept: kept.rank[1:])]

    @property
    def cookie_accept_policy(self) -> CookieAcceptPolicy:
        """Which cookies are stored; ALWAYS at first. A session's configuration has a policy of its own, which goes before it."""
        return self._policy

    @cookie_accept_policy.setter
    def cookie_accept_policy(self, policy: CookieAcceptPolicy) -> None:
        self._policy = _POLICY.of("HTTPCookieStorage.cookie_accept_policy", policy)

    def cookies_for(self, url: str, partition_identifier: str | None = None) -> list[HTTPCookie]:
        """The cookies that go with a request for `url` in a partition, in the order in which they are sent."""
        _URL.of("HTTPCookieStorage.cookies_for(url)", url)
        return [kept.cookie for kept in self._matching(split_url(url), partition_identifier)]

    def sorted_cookies(self, key: Callable[[HTTPCookie], Any], *, reverse: bool = False) -> list[HTTPCookie]:
        """`cookies` sorted by `key`."""
        return sorted(self.cookies, key=taking("HTTPCookieStorage.sorted_cookies(key)", key, "cookie"), reverse=reverse)

    def set_cookie(self, cookie: HTTPCookie) -> None:
        """Keep `cookie` as it is, in place of one with its partition, domain, path and name; one that has expired only removes.

        Does nothing under the policy NEVER.
        """
        _COOKIE.of("HTTPCookieStorage.set_cookie(cookie)", cookie)
        if self.cookie_accept_policy is not CookieAcceptPolicy.NEVER:
            self._change([cookie])

    def set_cookies(self, cookies: Iterable[HTTPCookie], for_url: str, main_document_url: str | None = None) -> None:
        """Keep those `cookies` that a response from `for_url` may set under the storage's accept policy."""
        given = _COOKIES.of("HTTPCookieStorage.set_cookies(cookies)", cookies)
        _URL.of("HTTPCookieStorage.set_cookies(for_url)", for_url)
        _MAIN.of("HTTPCookieStorage.set_cookies(main_document_url)", main_document_url)
        self._receive(given, split_url(for_url), self.cookie_accept_policy, main_document_url)

    def delete_cookie(self, cookie: HTTPCookie) -> None:
        """Remove the cookie with the partition, domain, path and name of `cookie`; one that is not there is no error."""
        _COOKIE.of("HTTPCookieStorage.delete_cookie(cookie)", cookie)
        self._change([replace(cookie, expires_date=EARLIEST, is_set_by_javascript=False)])

    def remove_cookies_since(self, date: datetime) -> None:
        """Remove every cookie that was made after `date`, which is aware."""
        moment = MOMENT.of("HTTPCookieStorage.remove_cookies_since(date)", date)
        self._change(remove=lambda kept: kept.created > moment)

    def remove_all_cookies(self) -> None:
        """Remove every cookie, as `URLSession.reset` does."""
        self._change(remove=lambda _: True)

    def store_cookies(self, cookies: Iterable[HTTPCookie], for_task: URLSessionTask) -> None:
        """`set_cookies` for the URL, main document and partition of a task's current request. A session calls it where a subclass
        has its own."""
        given = _COOKIES.of("HTTPCookieStorage.store_cookies(cookies)", cookies)
        request = current_request(for_task, "HTTPCookieStorage.store_cookies(for_task)")
        if request is not None and request.url is not None:
            partition = request.cookie_partition_identifier
            self.set_cookies([replace(each, partition_identifier=partition) for each in given], request.url, request.main_document_url)

    def get_cookies_for(self, task: URLSessionTask, completion_handler: Callable[[list[HTTPCookie]], None]) -> None:
        """Hand `completion_handler` the cookies for a task's current request, before returning. A session calls it where a
        subclass has its own."""
        taking("HTTPCookieStorage.get_cookies_for(completion_handler)", completion_handler, "cookies")
        request = current_request(task, "HTTPCookieStorage.get_cookies_for(task)")
        completion_handler([] if request is None or request.url is None
                           else self.cookies_for(request.url, request.cookie_partition_identifier))

    # Below: the jar. Everything that reads or changes it holds the lock ----------------------------

    def _date(self) -> datetime:
        return (self._own_date or current_date)()

    def _matching(self, parts: URLParts, partition: str | None, date: Callable[[], datetime] = current_date) -> list[Kept]:
        with self._lock:
            self._refresh()
            found = self._jar.matching(parts.host, parts.path, partition)
        if not found:
            return found
        now = (self._own_date or date)()
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
        remove: Callable[[Kept], bool] | None = None, guarded: bool = False,
    ) -> None:
        """Remove and add in the jar and, where a lasting cookie is concerned, in the file; then tell."""
        now = now or self._date()
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
            tell_each("a listener of cookies_changed", tuple(self.cookies_changed), self)

    def _apply(
        self, cookies: list[HTTPCookie], remove: Callable[[Kept], bool] | None, now: datetime, guarded: bool,
    ) -> list[HTTPCookie]:
        """The cookies that came, went or were replaced."""
        changed: list[HTTPCookie] = []
        if remove is not None:
            for kept in [kept for kept in self._jar if remove(kept)]:
                self._jar.drop(kept.cookie)
                changed.append(kept.cookie)
        for cookie in cookies:
            if not self._jar.admits(cookie, guarded=guarded):
                continue
            old = self._jar.drop(cookie)
            if old is not None:
                changed.append(old.cookie)
            if not _expired(cookie, now):
                self._jar.put(cookie, old.created if old else now, old.rank[2] if old else None)
                changed.append(cookie)
        return changed

    # The file ------------------------------------------------------------------------------------

    def _refresh(self, *, strict: bool = False) -> None:
        """Take over what another process wrote; the cookies of this session alone stay, and all do where the file is damaged or gone,
        for no storage removes it."""
        if self.path is None or (now := signature(self.path)) == self._signature:
            return
        self._signature = now
        try:
            cookies = cookie_file.read(self.path)
        except Exception as error:     # the file may hold anything
            if strict:
                raise InvalidArgumentException(f"{self.path} is no cookie file ({error!r}): name another or remove it") from error
            warnings.warn(f"{self.path} is no cookie file any more ({error!r}): the cookies that were in it are kept, and written "
                          "over it with the next change", RuntimeWarning, stacklevel=4)
            return
        for kept in [kept for kept in self._jar if not kept.cookie.is_session_only]:
            self._jar.drop(kept.cookie)
        for cookie, created in cookies:
            self._jar.drop(cookie)
            self._jar.put(cookie, created)

    def _write(self, path: str, now: datetime) -> None:
        lasting = [(kept.cookie, kept.created) for kept in sorted(self._jar, key=lambda kept: kept.rank[1:])
                   if not kept.cookie.is_session_only and not _expired(kept.cookie, now)]
        with suppress(OSError):     # a full disk costs the file its cookies, and no load anything
            cookie_file.write(path, lasting)
            self._signature = signature(path)


_GROUPS: dict[str, HTTPCookieStorage] = {}


def _expired(cookie: HTTPCookie, now: datetime) -> bool:
    return cookie.expires_date is not None and cookie.expires_date <= now


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
