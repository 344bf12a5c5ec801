"""A client of the bookshop's API: what a project that depends on sessionmock looks like."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sessionmock import HTTPURLResponse, URLError, URLRequest, URLResponse, URLSession


class BookshopError(Exception):
    """The bookshop said no, or nothing: `status` is 0 where it could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} ({status})")
        self.status = status


class Bookshop:
    """Asks the bookshop at `base` over `session`, again up to `attempts` times when it is busy (503)."""

    def __init__(self, base: str, session: URLSession, attempts: int = 3) -> None:
        self.base = base
        self.session = session
        self.attempts = attempts

    def book(self, number: int) -> Any:
        return self._send(URLRequest(f"{self.base}/books/{number}"))

    async def book_soon(self, number: int) -> Any:
        return _value(*await self.session.data(f"{self.base}/books/{number}"))

    def books(self) -> Iterator[Any]:
        """Every book, page after page."""
        following: str | None = "/books"
        while following is not None:
            page = self._send(URLRequest(self.base + following))
            yield from page["books"]
            following = page["next"]

    def by(self, author: str) -> Any:
        return self._send(URLRequest(f"{self.base}/search?author={author}"))

    def export(self) -> Any:
        return self._send(URLRequest(f"{self.base}/export"))

    def order(self, title: str, author: str) -> Any:
        request = URLRequest(f"{self.base}/books", http_method="POST", http_body=json.dumps({"title": title, "author": author}).encode())
        request.set_value("application/json", for_http_header_field="Content-Type")
        return self._send(request)

    def _send(self, request: URLRequest) -> Any:
        for attempt in range(1, self.attempts + 1):
            try:
                data, response = self.session.data(request).result()
            except URLError as error:
                raise BookshopError(0, f"the bookshop does not answer: {error}") from error
            if not (isinstance(response, HTTPURLResponse) and response.status_code == 503 and attempt < self.attempts):
                break
        return _value(data, response)


def _value(data: bytes, response: URLResponse) -> Any:
    assert isinstance(response, HTTPURLResponse)
    if not response.status_code < 300:
        raise BookshopError(response.status_code, json.loads(data)["error"] if data else "no reason given")
    return json.loads(data)
