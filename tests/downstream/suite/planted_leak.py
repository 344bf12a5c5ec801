"""A test that leaks: its assertion holds, its session is never invalidated, and one of its tasks is never resumed."""
from __future__ import annotations

import pytest
from bookshop import Bookshop

from sessionmock import URLSession, URLSessionConfiguration


def connect(base):
    session = URLSession(URLSessionConfiguration.ephemeral())
    session.session_description = "bookshop"
    return Bookshop(base, session)


@pytest.mark.sessionmock(route="script")
def test_leaky(base, sessionmock):
    sessionmock.script.get(f"{base}/books/2").respond(json={"title": "Emma"})
    shop = connect(base)
    shop.session.data_task(f"{base}/books/3")
    assert "Emma" == shop.book(2)["title"]


def test_innocent():
    """Runs after the leak, and is not blamed for it."""
