"""CachedURLResponse: a response with its body, as a cache keeps it and `will_cache_response` is asked about it."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol, TypeAlias

from ..documented import documented
from ..errors import InvalidArgumentException
from .response import URLResponse
from .settings import member

CHUNK = 65_536


@documented(
    ALLOWED="in memory and on disk",
    ALLOWED_IN_MEMORY_ONLY="in memory",
    NOT_ALLOWED="nowhere",
)
class CacheStoragePolicy(IntEnum):
    """Where a cached response may be kept (Apple's URLCache.StoragePolicy)."""

    ALLOWED = 0
    ALLOWED_IN_MEMORY_ONLY = 1
    NOT_ALLOWED = 2


_POLICY = member(CacheStoragePolicy)


class CachedBody(Protocol):
    """A body that is not held in memory."""

    length: int     # bytes

    def chunks(self, size: int, first: int = 0) -> Iterator[bytes]:
        """The body from its byte `first` on, in pieces of at most `size` bytes; any number of times. Raises OSError."""


class CachedURLResponse:
    """A response, its body (`data`: bytes, content codings removed), the program's own `user_info` and a `storage_policy`.

    Never changes. Equal when response, data and storage policy are; `user_info` is not compared, as with Apple.
    A large body may lie in a file: `chunks` then reads it piece by piece, `data` all of it at each call.

    `requested` and `received` say when the request was sent and the head arrived, for the age of the response (RFC
    9111, section 4.2.3); None, for a response that a program made, means when it was stored.
    """

    __slots__ = ("_body", "_standing", "received", "requested", "response", "storage_policy", "user_info")
    StoragePolicy: TypeAlias = CacheStoragePolicy

    def __init__(
        self, response: URLResponse, data: bytes | bytearray | memoryview | CachedBody, user_info: dict[str, Any] | None = None,
        storage_policy: CacheStoragePolicy = CacheStoragePolicy.ALLOWED, *,
        requested: datetime | None = None, received: datetime | None = None,
    ) -> None:
        if not isinstance(response, URLResponse):
            raise InvalidArgumentException(f"CachedURLResponse was given {response!r}; it takes a URLResponse")
        body = bytes(data) if isinstance(data, (bytearray, memoryview)) else data
        if not isinstance(body, bytes) and not hasattr(body, "chunks"):
            raise InvalidArgumentException(f"CachedURLResponse.data was given {type(data).__name__}; it takes bytes")
        if type(storage_policy) is not CacheStoragePolicy:
            storage_policy = _POLICY.of("CachedURLResponse(storage_policy)", storage_policy)
        self._fill(response, body, user_info, storage_policy, requested, received)

    def _fill(self, response: URLResponse, body: bytes | CachedBody, user_info: dict[str, Any] | None, storage_policy: CacheStoragePolicy,
              requested: datetime | None, received: datetime | None) -> CachedURLResponse:
        put = object.__setattr__      # past what keeps it as it is
        put(self, "response", response)
        put(self, "_body", body)
        put(self, "user_info", user_info)
        put(self, "storage_policy", storage_policy)
        put(self, "requested", requested)
        put(self, "received", received)
        put(self, "_standing", None)
        return self

    def _remember(self, standing: Any) -> None:
        """Keep what follows from the members for the rules of age (`core.freshness`), who alone ask for it."""
        object.__setattr__(self, "_standing", standing)

    response: URLResponse
    user_info: dict[str, Any] | None
    storage_policy: CacheStoragePolicy
    requested: datetime | None
    received: datetime | None
    _standing: Any
    _body: bytes | CachedBody

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"CachedURLResponse.{name} cannot be set: make another with the {name} it should have")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"CachedURLResponse.{name} cannot be deleted")

    @property
    def data(self) -> bytes:
        """The whole body. Raises OSError where it lies in a file that cannot be read."""
        return self._body if isinstance(self._body, bytes) else b"".join(self._body.chunks(CHUNK))

    @property
    def body(self) -> bytes | CachedBody:
        """The body as it is kept: bytes, or what reads it piece by piece."""
        return self._body

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self._body) if isinstance(self._body, bytes) else self._body.length

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """The body in pieces; one in memory comes as one piece, an empty one as none."""
        if not isinstance(self._body, bytes):
            return self._body.chunks(size)
        return iter((self._body,) if self._body else ())

    def replacing(
        self, response: URLResponse | None = None, data: bytes | CachedBody | None = None, *,
        requested: datetime | None = None, received: datetime | None = None,
    ) -> CachedURLResponse:
        """The same with another response, body or times, where they are given."""
        return object.__new__(CachedURLResponse)._fill(
            response or self.response, self._body if data is None else data, self.user_info, self.storage_policy,
            requested or self.requested, received or self.received,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CachedURLResponse):
            return NotImplemented
        return (self.storage_policy, self.size, self.response) == (other.storage_policy, other.size, other.response) \
            and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.response, self.size, self.storage_policy))

    def __copy__(self) -> CachedURLResponse:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.response, self.data, self.user_info, self.storage_policy, self.requested, self.received)

    def __repr__(self) -> str:
        return f"CachedURLResponse({self.response!r}, {self.size} bytes, {self.storage_policy.name})"


def _rebuilt(
    response: URLResponse, data: bytes, user_info: dict[str, Any] | None, policy: CacheStoragePolicy,
    requested: datetime | None, received: datetime | None,
) -> CachedURLResponse:
    return CachedURLResponse(response, data, user_info, policy, requested=requested, received=received)
