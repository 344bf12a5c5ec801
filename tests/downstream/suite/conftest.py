from __future__ import annotations

import os

import pytest
from bookshop import Bookshop


@pytest.fixture(scope="session")
def base():
    """Where the bookshop is; the same when recording and in replay, since cassettes answer for URLs."""
    return os.environ.get("BOOKSHOP_URL", "http://127.0.0.1:8000")


@pytest.fixture
def shop(base, url_session):
    return Bookshop(base, url_session())
