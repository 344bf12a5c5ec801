"""CachedURLResponse: equality, bodies in memory and elsewhere, and that it never changes."""
from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.cached_response import CachedURLResponse, CacheStoragePolicy
from sessionmock.models.response import HTTPURLResponse, URLResponse

RESPONSE = HTTPURLResponse("http://example.com/", 200, None, {"ETag": "1"})


class Elsewhere:
    """A body that is not in memory."""

    length = 5

    def chunks(self, size: int) -> Iterator[bytes]:
        return iter([b"hello"[at:at + size] for at in range(0, 5, size)])


def test_it_is_allowed_and_without_user_info_by_default() -> None:
    """Apple's defaults; the numbers of the policies are those of the headers."""
    cached = CachedURLResponse(RESPONSE, b"x")
    assert (None, CacheStoragePolicy.ALLOWED, None, None) == (cached.user_info, cached.storage_policy, cached.requested, cached.received)
    assert [0, 1, 2] == [int(policy) for policy in CachedURLResponse.StoragePolicy]


@pytest.mark.parametrize(("change", "equal"), [
    ({}, True), ({"user_info": {"a": 1}}, True), ({"requested": datetime(2026, 1, 1, tzinfo=UTC)}, True), ({"data": b"yyyyy"}, False),
    ({"response": URLResponse("http://example.com/")}, False), ({"storage_policy": CacheStoragePolicy.NOT_ALLOWED}, False),
    ({"data": Elsewhere()}, True), ({"data": bytearray(b"hello")}, True), ({"data": memoryview(b"hello")}, True),
])
def test_it_is_equal_by_response_data_and_policy(change: dict[str, Any], equal: bool) -> None:
    """User info and times are not compared; equal ones have one hash; where a body lies does not matter."""
    one = CachedURLResponse(RESPONSE, b"hello")
    other = CachedURLResponse(**{"response": RESPONSE, "data": b"hello", **change})
    assert equal == (one == other)
    assert not equal or hash(one) == hash(other)
    assert one != "hello"


def test_a_body_elsewhere_is_read_when_it_is_asked_for() -> None:
    """`data` reads all, `chunks` pieces, `size` nothing."""
    cached = CachedURLResponse(RESPONSE, Elsewhere())
    assert (5, b"hello", [b"he", b"ll", b"o"]) == (cached.size, cached.data, list(cached.chunks(2)))
    assert ([b"hi"], []) == (list(CachedURLResponse(RESPONSE, b"hi").chunks()), list(CachedURLResponse(RESPONSE, b"").chunks()))


def test_it_never_changes_and_its_copy_is_itself() -> None:
    """Members cannot be set or deleted."""
    cached = CachedURLResponse(RESPONSE, b"x")
    with pytest.raises(AttributeError, match="make another"):
        cached.storage_policy = CacheStoragePolicy.NOT_ALLOWED
    with pytest.raises(AttributeError):
        del cached.response
    assert cached is copy.copy(cached)


def test_it_can_be_pickled_with_all_it_has() -> None:
    """A body elsewhere is read for it."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    again = pickle.loads(pickle.dumps(CachedURLResponse(RESPONSE, Elsewhere(), {"a": 1}, requested=moment, received=moment)))
    assert (b"hello", {"a": 1}, moment, moment, RESPONSE) == (again.data, again.user_info, again.requested, again.received, again.response)


@pytest.mark.parametrize(("response", "data", "said"), [(None, b"", "URLResponse"), (RESPONSE, "text", "bytes"), (RESPONSE, None, "bytes")])
def test_what_is_no_response_or_no_data_is_named(response: Any, data: Any, said: str) -> None:
    """Bad input says what is taken."""
    with pytest.raises(InvalidArgumentException, match=said):
        CachedURLResponse(response, data)
