"""The bookshop: a real HTTP server on loopback. It prints its URL, then a line for each request.

    python -m tests.downstream.server
"""
from __future__ import annotations

import gzip
import http.server
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOOKS = {
    number: {"number": number, "title": title, "author": author}
    for number, (title, author) in enumerate((
        ("Middlemarch", "Eliot"), ("Emma", "Austen"), ("Persuasion", "Austen"), ("Villette", "Brontë"), ("Jane Eyre", "Brontë"),
        ("Silas Marner", "Eliot"), ("Cranford", "Gaskell"),
    ), 1)
}
PAGE = 3


class Bookshop(http.server.BaseHTTPRequestHandler):
    """GET /books?page=, /books/N, /search?author=, /export (gzip); POST /books."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1       # an answer leaves in one piece

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match url.path.strip("/").split("/"):
            case ["books"]:
                page = int(query.get("page", 1))
                books = list(BOOKS.values())[(page - 1) * PAGE:page * PAGE]
                more = page * PAGE < len(BOOKS)
                self.answer(200, {"books": books, "next": f"/books?page={page + 1}" if more else None})
            case ["books", number] if number.isdecimal() and int(number) in BOOKS:
                self.answer(200, BOOKS[int(number)])
            case ["search"]:
                self.answer(200, [book for book in BOOKS.values() if book["author"] == query.get("author")])
            case ["export"]:
                self.answer(200, list(BOOKS.values()), compressed=True)
            case _:
                self.answer(404, {"error": f"there is no {url.path}"})

    def do_POST(self) -> None:
        book = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if any(book["title"] == known["title"] for known in BOOKS.values()):
            self.answer(409, {"error": f"{book['title']} is there already"})
        else:
            self.answer(201, {"number": len(BOOKS) + 1, **book})      # an order; the shelf stays as it is

    def answer(self, status: int, value: Any, *, compressed: bool = False) -> None:
        body = json.dumps(value).encode()
        if compressed:
            body = gzip.compress(body, mtime=0)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if compressed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print(f"{self.command} {self.path}", flush=True)

    def log_message(self, *_: Any) -> None:
        """`answer` prints."""


def main() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bookshop) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
