"""The client against the bookshop: live, recorded or replayed, as the command line says. Scripted tests are so by mark."""
from __future__ import annotations

import asyncio

import pytest
from bookshop import Bookshop, BookshopError

from sessionmock import Answer, URLError, virtual_time


def test_a_book(shop):
    assert {"number": 2, "title": "Emma", "author": "Austen"} == shop.book(2)


def test_no_such_book(shop):
    with pytest.raises(BookshopError, match="there is no /books/99") as failure:
        shop.book(99)
    assert 404 == failure.value.status


def test_all_pages(shop):
    assert list(range(1, 8)) == [book["number"] for book in shop.books()]


@pytest.mark.parametrize(("author", "count"), [("Austen", 2), ("Gaskell", 1), ("Nobody", 0)])
def test_by_author(shop, author, count):
    assert count == len(shop.by(author))


def test_compressed_export(shop):
    assert "Villette" in {book["title"] for book in shop.export()}


def test_order(shop):
    assert "Romola" == shop.order("Romola", "Eliot")["title"]


def test_order_what_is_there(shop):
    with pytest.raises(BookshopError, match="Emma is there already"):
        shop.order("Emma", "Austen")


def test_many_at_once(shop):
    async def ask():
        return await asyncio.gather(*(shop.book_soon(number) for number in (1, 4, 7)))

    assert ["Middlemarch", "Villette", "Cranford"] == [book["title"] for book in asyncio.run(ask())]


def test_callbacks(base, sessionmock, url_session):
    class Collector:
        def data_task_did_receive_data(self, session, task, data):
            pieces.append(data)

        def task_did_complete(self, session, task, error):
            session.finish_tasks_and_invalidate()

    pieces = []
    with url_session(delegate=Collector()) as session:
        session.data_task(f"{base}/books/1").resume()
    assert b"Middlemarch" in b"".join(pieces)
    assert "task_did_complete" == sessionmock.trace.names()[-1]


@pytest.mark.sessionmock(route="script")
def test_busy_twice(shop, sessionmock):
    sessionmock.script.answers([Answer(503), Answer(503), Answer(body='{"title": "Emma"}')])
    assert "Emma" == shop.book(2)["title"]
    assert [503, 503, 200] == [exchange.status for exchange in sessionmock.trace.exchanges]


@pytest.mark.sessionmock(route="script")
def test_never_answers(base, sessionmock, url_session):
    sessionmock.script.answer(delay=float("inf"))
    with virtual_time() as clock, pytest.raises(BookshopError, match="timed out"):
        Bookshop(base, url_session()).book(2)
    assert 60 == clock.now()     # a minute that took no time


@pytest.mark.sessionmock(route="script")
def test_unreachable(shop, sessionmock):
    sessionmock.script.answer(error=URLError.Code.NOT_CONNECTED_TO_INTERNET)
    with pytest.raises(BookshopError, match="not connected to internet"):
        shop.book(2)
