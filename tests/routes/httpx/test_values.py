"""What httpx and httpx2 have in common."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest

from sessionmock.models.message import ResponseHead
from sessionmock.routes.httpx.values import client_class, head_of, package_of, text_pairs


class Mine(httpx.MockTransport):
    """A user's transport, by derivation."""


@pytest.mark.parametrize(("value", "package", "name"), [
    (httpx.Request("GET", "http://api.test/"), httpx, "Request"), (httpx2.ReadTimeout("late"), httpx2, "ReadTimeout"),
    (Mine(lambda request: httpx.Response(200)), httpx, "MockTransport"), (object(), None, ""), (None, None, ""),
])
def test_whose_a_value_is(value: Any, package: Any, name: str) -> None:
    """By the nearest class of either package that it is of."""
    assert package is package_of(value)
    assert (package.__name__ if package else "", name) == client_class(value)


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_the_head_of_a_response(package: Any) -> None:
    """Names, order and repetitions are as they were given, the version and the reason too."""
    headers = [("B", "1"), ("a", "2"), ("B", "3")]
    response = package.Response(201, headers=headers, extensions={"http_version": b"HTTP/2", "reason_phrase": b"Made"})
    assert ResponseHead(201, headers, "Made", "HTTP/2") == head_of(response)


def test_fields_are_utf_8_where_they_can_be() -> None:
    """Each for itself: one that is not is Latin-1, and the others stay what they are."""
    euro, accent = "\u20ac".encode(), "\xe9".encode("latin-1")
    assert [("A", "\u20ac")] == text_pairs([(b"A", euro)])
    assert [("A", "\u20ac"), ("B", "\xe9")] == text_pairs(iter([(b"A", euro), (b"B", accent)]))
    assert [] == text_pairs(SimpleNamespace(raw=[]).raw)
