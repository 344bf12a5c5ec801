"""The cookies of a storage in memory, by partition, domain, path and name: so what others hold costs a request nothing."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import NamedTuple

from ..core.cookies import domains_of, paths_of, scripts_may_set, would_cover
from ..models.cookie import HTTPCookie, cookie_pair


class Kept(NamedTuple):
    """A cookie in the jar. Sorting by `rank` gives the order of the Cookie field: long paths first, then old cookies."""

    rank: tuple[int, datetime, int]
    cookie: HTTPCookie
    created: datetime
    pair: str


class Jar:
    """One cookie of each identity. Whoever has it holds a lock."""

    __slots__ = ("_order", "_partitions", "_secure")

    def __init__(self) -> None:
        self._order = count()
        self._partitions: dict[str | None, dict[str, dict[str, dict[str, Kept]]]] = {}
        self._secure: dict[str, dict[tuple[str | None, str, str, str], HTTPCookie]] = {}    # the secure ones, by name and identity

    def __iter__(self) -> Iterator[Kept]:
        return (kept for domains in self._partitions.values() for paths in domains.values() for named in paths.values()
                for kept in named.values())

    def has(self, partition: str | None) -> bool:
        """Whether anything is kept for requests of `partition`."""
        return partition in self._partitions

    def matching(self, host: str, path: str, partition: str | None) -> list[Kept]:
        """What may go with a request of `partition` for `path` at `host`, canonical."""
        found: list[Kept] = []
        if (domains := self._partitions.get(partition)) is not None:
            for domain in domains_of(host):
                if (paths := domains.get(domain)) is not None:
                    for each in paths_of(path):
                        if (named := paths.get(each)) is not None:
                            found.extend(named.values())
        return found

    def get(self, cookie: HTTPCookie) -> HTTPCookie | None:
        """What is kept under the identity of `cookie`."""
        kept = self._partitions.get(cookie.partition_identifier, {}).get(cookie.domain, {}).get(cookie.path, {}).get(cookie.name)
        return None if kept is None else kept.cookie

    def admits(self, cookie: HTTPCookie, *, guarded: bool) -> bool:
        """Whether `cookie` may come in beside what is there; `guarded` where it was set in the clear."""
        secure = self._secure.get(cookie.name, {}) if guarded else {}
        return scripts_may_set(cookie, self.get(cookie)) and not any(would_cover(cookie, kept) for kept in secure.values())

    def put(self, cookie: HTTPCookie, created: datetime, order: int | None = None) -> None:
        """Keep `cookie`, in the place `order` of the one that it replaces. There is none of its identity."""
        rank = (-len(cookie.path), created, next(self._order) if order is None else order)
        domains = self._partitions.setdefault(cookie.partition_identifier, {})
        domains.setdefault(cookie.domain, {}).setdefault(cookie.path, {})[cookie.name] = Kept(rank, cookie, created, cookie_pair(cookie))
        if cookie.is_secure:
            self._secure.setdefault(cookie.name, {})[cookie.identity] = cookie

    def drop(self, cookie: HTTPCookie) -> Kept | None:
        """Take out what is kept under the identity of `cookie`."""
        domains = self._partitions.get(cookie.partition_identifier, {})
        paths = domains.get(cookie.domain, {})
        named = paths.get(cookie.path, {})
        kept = named.pop(cookie.name, None)
        if kept is not None:
            if not named:
                del paths[cookie.path]
            if not paths:
                del domains[cookie.domain]
            if not domains:
                del self._partitions[cookie.partition_identifier]
            if kept.cookie.is_secure:
                secure = self._secure[cookie.name]
                del secure[cookie.identity]
                if not secure:
                    del self._secure[cookie.name]
        return kept
