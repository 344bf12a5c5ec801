"""URLCache: responses in memory and, where it has a folder, on disk. What may be stored or given is judged in `core.caching`."""
from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ..core.cache_control import directives
from ..core.caching import cache_key, freshen, head_agrees, invalidated, selection, storable, varying
from ..engine.current import current_date
from ..models.cached_response import CachedURLResponse, CacheStoragePolicy
from ..models.callables import refuse
from ..models.message import Headers, Request, header
from ..models.request import URLRequest, current_request
from ..models.response import HTTPURLResponse
from ..models.settings import MOMENT, PATH, instance, optional, whole
from ..user_code import user_code
from .cache_file import HELD, Entry
from .disk_cache import VARIANTS, DiskCache
from .forking import give_lock
from .spool import Spool

if TYPE_CHECKING:
    from ..tasks import URLSessionTask

MEMORY_CAPACITY = 4 << 20      # bytes; Apple's documented sizes of the shared cache
DISK_CAPACITY = 20 << 20

Selected = tuple[str | None, ...]

_BYTES = whole(0)
_REQUEST = instance(URLRequest, "a URLRequest, or a URL as str")
_CACHED = instance(CachedURLResponse)
_FOLDER = optional(PATH)


class _Shared(type):
    """Gives URLCache its class property."""

    _made: ClassVar[dict[str, URLCache]] = {}

    @property
    def shared(cls) -> URLCache:
        """The cache of sessions with the default configuration: in memory, until it is set to another."""
        return cls._made.get("shared") or cls._made.setdefault("shared", URLCache())     # of two at once the first stays

    @shared.setter
    def shared(cls, cache: URLCache) -> None:
        cls._made["shared"] = instance(URLCache).of("URLCache.shared", cache)


class URLCache(metaclass=_Shared):
    """A cache for any number of sessions; every method may be called on any thread.

    Capacities are bytes; 0 turns a tier off. Without a `directory` there is no disk tier, whatever its capacity. The
    least recently used responses go first. On disk no response takes more than 5 % of the capacity, and bodies over
    1 MiB are not held in memory too. Other processes may use the same directory; a FIFO, a device or a socket in its place is
    InvalidArgumentException. A disk that fails or a file that is damaged is a miss, never an error.

    A response is found by its URL (without fragment and user) and the request fields that its Vary names; of one URL the
    last 16 are kept.

    It has no clock: when a response was sent, received and stored is told by who stores it. A session has its own clock; where
    no date is said, it is the wall clock's, and within `virtual_time` the virtual one.
    """

    StoragePolicy: TypeAlias = CacheStoragePolicy

    def __init__(
        self, memory_capacity: int = MEMORY_CAPACITY, disk_capacity: int = DISK_CAPACITY,
        directory: str | os.PathLike[str] | None = None,
    ) -> None:
        self._memory_capacity = _capacity("memory_capacity", memory_capacity)
        self._disk_capacity = _capacity("disk_capacity", disk_capacity)
        folder = _FOLDER.of("URLCache(directory)", directory)
        self._disk = None if folder is None else DiskCache(folder, disk_capacity)
        self._lock: threading.Lock          # of the memory tier
        give_lock(self)
        self._memory: dict[str, dict[Selected, Entry]] = {}
        self._used: OrderedDict[tuple[str, Selected], int] = OrderedDict()      # sizes, the least recently used first
        self._usage = 0

    @classmethod
    def ephemeral(cls, memory_capacity: int = MEMORY_CAPACITY) -> URLCache:
        """A new cache that never touches the disk, as ephemeral configurations have."""
        return cls(memory_capacity, 0)

    def __repr__(self) -> str:
        disk = f", disk {self.current_disk_usage} of {self.disk_capacity} bytes in {self._disk.folder!r}" if self._disk else ""
        return f"<URLCache memory {self.current_memory_usage} of {self.memory_capacity} bytes{disk}>"

    # Sizes ---------------------------------------------------------------------------------------

    @property
    def memory_capacity(self) -> int:
        """Bytes that the memory tier may use; setting less removes responses at once."""
        return self._memory_capacity

    @memory_capacity.setter
    def memory_capacity(self, value: int) -> None:
        self._memory_capacity = _capacity("memory_capacity", value)
        with self._lock:
            self._trim()

    @property
    def disk_capacity(self) -> int:
        """Bytes that the files may use; setting less removes responses at once."""
        return self._disk_capacity

    @disk_capacity.setter
    def disk_capacity(self, value: int) -> None:
        self._disk_capacity = _capacity("disk_capacity", value)
        if self._disk is not None:
            self._disk.capacity = value

    @property
    def current_memory_usage(self) -> int:
        """Bytes of the bodies, URLs and header fields in memory."""
        return self._usage

    @property
    def current_disk_usage(self) -> int:
        """Bytes of the files, those of other processes too."""
        return 0 if self._disk is None else self._disk.usage()

    @property
    def largest(self) -> int:
        """Bytes that a body may have to be kept in one of the tiers."""
        return max(self._memory_capacity, 0 if self._disk is None else self._disk.limit)

    # Apple's members -----------------------------------------------------------------------------

    def cached_response(self, request: URLRequest | Request | str) -> CachedURLResponse | None:
        """The response stored for `request`, however old, without its body for HEAD; None where there is none.

        A `URLRequest` (or a URL) need not say what the engine adds to it when it is sent: fields that it does not
        have match any that the stored response was chosen by.
        """
        method, url, headers = _asked(request)
        if url is None or method not in ("GET", "HEAD"):
            return None
        found = self._find(cache_key(url), headers, exact=isinstance(request, Request))
        return found if found is None or method == "GET" else _without_body(found)

    def store_cached_response(self, cached_response: CachedURLResponse, request: URLRequest | Request | str) -> None:
        """Keep `cached_response` for `request` (GET), in place of one that is there, as far as its storage policy goes.

        No rule of HTTP is asked here: that is the caller's part (`core.caching.may_store`).
        """
        _CACHED.of("URLCache.store_cached_response(cached_response)", cached_response)
        method, url, headers = _asked(request)
        if url is not None and method == "GET":
            self._keep(cached_response, cache_key(url), headers, current_date())

    def _keep(self, cached: CachedURLResponse, key: str, headers: Headers, now: datetime) -> None:
        if cached.storage_policy is CacheStoragePolicy.NOT_ALLOWED:
            return
        if cached.requested is None or cached.received is None:
            cached = cached.replacing(requested=now, received=now)
        names = varying(cached.response.headers) if isinstance(cached.response, HTTPURLResponse) else ()
        self._store(key, Entry(cached, names, _digests(names, headers), now))

    def remove_cached_response(self, request: URLRequest | Request | str) -> None:
        """Remove whatever is stored for the URL of `request`; nothing there is no error."""
        url = _asked(request)[1]
        if url is not None:
            key = cache_key(url)
            with self._lock:
                for selected in list(self._memory.get(key, ())):
                    self._drop(key, selected)
            if self._disk is not None:
                self._disk.remove(key)

    def remove_all_cached_responses(self) -> None:
        """Remove everything, also what other processes stored in the directory."""
        self._remove_since(None)

    def remove_cached_responses_since(self, date: datetime) -> None:
        """Remove what was stored after `date`, which is aware."""
        self._remove_since(MOMENT.of("URLCache.remove_cached_responses_since(date)", date))

    # A session calls these three for its tasks, so a subclass that goes its own way overrides them.

    def store_cached_response_for_task(self, cached_response: CachedURLResponse, task: URLSessionTask) -> None:
        """`store_cached_response` for a task's current request, as it goes out."""
        self.store_cached_response(cached_response, _request_of(task))

    def get_cached_response_for_task(self, task: URLSessionTask, completion_handler: Callable[[CachedURLResponse | None], None]) -> None:
        """Hand `completion_handler` what is stored for a task's current request: at once, or it is a miss."""
        if not callable(completion_handler):
            refuse("URLCache.get_cached_response_for_task(completion_handler)", completion_handler, "cached_response")
        completion_handler(self.cached_response(_request_of(task)))

    def remove_cached_response_for_task(self, task: URLSessionTask) -> None:
        """`remove_cached_response` for a task's current request."""
        self.remove_cached_response(_request_of(task))

    # For a load ----------------------------------------------------------------------------------

    def keep(self, cached: CachedURLResponse, request: Request, task: URLSessionTask | None, now: datetime) -> None:
        """Store, at `now`, the response to `request`: the current one of `task`, or where that is None, one of another's choice. A
        subclass with a way of its own to store is asked for it."""
        own = type(self)
        if task is not None and own.store_cached_response_for_task is not URLCache.store_cached_response_for_task:
            with user_code(f"{own.__name__}.store_cached_response_for_task"):
                self.store_cached_response_for_task(cached, task)
        elif own.store_cached_response is not URLCache.store_cached_response:
            with user_code(f"{own.__name__}.store_cached_response"):
                self.store_cached_response(cached, request)
        elif request.method == "GET":
            self._keep(cached, cache_key(request.url), request.headers, now)

    def refresh(
        self, cached: CachedURLResponse, request: Request, headers: Headers, requested: datetime, received: datetime,
    ) -> CachedURLResponse:
        """`cached` with what the `headers` of a 304 change, stored again for `request` (RFC 9111, section 4.3.4); not where
        they forbid it."""
        key = cache_key(request.url)
        if request.method == "HEAD":
            stored = self._find(key, request.headers, exact=True)
            return cached if stored is None else _without_body(self._refreshed(stored, key, request.headers, headers, requested, received))
        return self._refreshed(cached, key, request.headers, headers, requested, received)

    def _refreshed(
        self, cached: CachedURLResponse, key: str, asked: Headers, headers: Headers, requested: datetime, received: datetime,
    ) -> CachedURLResponse:
        response = cached.response
        if isinstance(response, HTTPURLResponse):
            response = response.replacing(freshen(response.headers, headers))
        new = cached.replacing(response, requested=requested, received=received)
        if "no-store" in directives(header(headers, "cache-control")):
            self._remove(key)
        else:
            kept = response.replacing(storable(response.headers)) if isinstance(response, HTTPURLResponse) else response
            self._keep(new.replacing(kept), key, asked, received)
        return new

    def compare(self, request: Request, headers: Headers, requested: datetime, received: datetime) -> None:
        """What a 200 to HEAD says of the response stored for GET: it is refreshed, or removed (RFC 9111, section 4.3.5)."""
        key = cache_key(request.url)
        cached = self._find(key, request.headers, exact=True)
        if cached is not None and isinstance(cached.response, HTTPURLResponse):
            if head_agrees(cached.response.headers, headers):
                self._refreshed(cached, key, request.headers, headers, requested, received)
            else:
                self._remove(request)

    def invalidate(self, method: str, url: str, status: int, headers: Headers) -> None:
        """Remove what a response to an unsafe `method` makes worthless (RFC 9111, section 4.4)."""
        for each in invalidated(method, url, status, headers):
            self._remove(each)

    def _remove(self, request: Request | str) -> None:
        """`remove_cached_response`, which a subclass may have overridden, for a load."""
        with user_code(f"{type(self).__name__}.remove_cached_response"):
            self.remove_cached_response(request)

    def spool(self) -> Spool:
        """Takes a body that is to be stored piece by piece."""
        return Spool(self._memory_capacity, self._disk)

    # Below: both tiers ---------------------------------------------------------------------------

    def _find(self, key: str, headers: Headers, *, exact: bool) -> CachedURLResponse | None:
        with self._lock:
            entry = _newest(self._memory.get(key, {}).values(), headers, exact)
            if entry is not None:
                self._used.move_to_end((key, entry.selected))
        if self._disk is None or not self._disk_capacity:
            return None if entry is None else entry.cached
        if entry is not None:
            if entry.mark is None or self._disk.holds(key, entry):
                return entry.cached
            with self._lock:
                self._drop(key, entry.selected)     # another process has replaced or removed it
        entry = _newest(self._disk.find(key), headers, exact)
        if entry is None or not self._disk.use(key, entry):
            return None
        if entry.cached.size <= HELD:
            with self._lock:
                self._put(key, entry)
        return entry.cached

    def _store(self, key: str, entry: Entry) -> None:
        disk = self._disk
        if disk is not None:
            disk.remove_others(key, entry)
            if entry.cached.storage_policy is CacheStoragePolicy.ALLOWED:
                entry = entry._replace(mark=disk.put(key, entry))
            if entry.mark is None:
                disk.remove_one(key, entry.selected)
        with self._lock:
            for old in list(self._memory.get(key, {}).values()):
                if old.names != entry.names:        # chosen by other fields than now: never chosen again
                    self._drop(key, old.selected)
            self._drop(key, entry.selected)
            if isinstance(entry.cached.body, bytes) and (entry.mark is None or entry.cached.size <= HELD):
                self._put(key, entry)

    def _remove_since(self, date: datetime | None) -> None:
        with self._lock:
            for key, variants in list(self._memory.items()):
                for entry in list(variants.values()):
                    if date is None or entry.stored > date:
                        self._drop(key, entry.selected)
        if self._disk is not None:
            self._disk.remove_since(date)

    # The memory tier; its lock is held -----------------------------------------------------------

    def _put(self, key: str, entry: Entry) -> None:
        size = _size(key, entry.cached)
        self._drop(key, entry.selected)
        if size <= self._memory_capacity:
            variants = self._memory.setdefault(key, {})
            if len(variants) >= VARIANTS:
                self._drop(key, next(iter(variants)))     # the first stored; the dict stays, for the others
            variants[entry.selected] = entry
            self._used[key, entry.selected] = size
            self._usage += size
            self._trim()

    def _drop(self, key: str, selected: Selected) -> None:
        size = self._used.pop((key, selected), None)
        if size is not None:
            self._usage -= size
            variants = self._memory[key]
            del variants[selected]
            if not variants:
                del self._memory[key]

    def _trim(self) -> None:
        while self._usage > self._memory_capacity:
            self._drop(*next(iter(self._used)))


def _without_body(cached: CachedURLResponse) -> CachedURLResponse:
    """`cached` as it answers HEAD."""
    return cached.replacing(data=b"")


def _asked(request: URLRequest | Request | str) -> tuple[str, str | None, Headers]:
    if isinstance(request, str):
        return "GET", request, []
    if isinstance(request, Request):
        return request.method, request.url, request.headers
    asked = _REQUEST.of("URLCache", request)
    return asked.http_method, asked.url, asked.header_pairs()


def _request_of(task: URLSessionTask) -> URLRequest | Request:
    """The current request of `task` with every field that it goes out with; before it does, as it was written."""
    outgoing: Request | None = getattr(task, "outgoing_request", None)
    return outgoing or current_request(task, "URLCache, as a task,") or URLRequest(None)


def _digests(names: tuple[str, ...], headers: Headers) -> Selected:
    """What a request says in `names`, so that no credential or cookie is kept."""
    values = selection(names, headers)
    return tuple([None if value is None else sha256(value.encode("utf-8", "surrogatepass")).hexdigest() for value in values])


def _newest(entries: Any, headers: Headers, exact: bool) -> Entry | None:
    """The last received of `entries` that is for a request with `headers`."""
    found: Entry | None = None
    for entry in entries:
        wanted = _digests(entry.names, headers)
        fits = wanted == entry.selected if exact else all(a in (None, b) for a, b in zip(wanted, entry.selected, strict=True))
        if fits and (found is None or entry.cached.received > found.cached.received):
            found = entry
    return found


def _size(key: str, cached: CachedURLResponse) -> int:
    headers = cached.response.headers if isinstance(cached.response, HTTPURLResponse) else []
    return cached.size + len(key) + sum(len(name) + len(value) for name, value in headers)


def _capacity(name: str, value: int) -> int:
    return _BYTES.of(f"URLCache.{name}", value)
