"""What an exchange brings, held for a client that reads at its own pace."""
from __future__ import annotations

import pytest

from sessionmock.errors import Code, url_error
from sessionmock.models.message import ResponseHead
from sessionmock.routes.httpx.inbox import HELD, Inbox

from ..doubles import NotingExchange


@pytest.mark.parametrize("call", [
    lambda inbox: inbox.sent(3), lambda inbox: inbox.moved(), lambda inbox: inbox.informational(ResponseHead(103, [])),
    lambda inbox: inbox.head(ResponseHead(200, [])), lambda inbox: inbox.data(b"x"), lambda inbox: inbox.end([]),
    lambda inbox: inbox.fail(url_error(Code.TIMED_OUT, "http://api.test/")),
])
def test_each_sign_of_life_wakes_who_waits(call: object) -> None:
    """Whoever waits looks again, whatever came."""
    inbox = Inbox(3)
    call(inbox)    # type: ignore[operator]    # nobody waits
    latch = inbox.expect()
    assert not latch.done
    inbox.cork()
    inbox.uncork()
    assert not latch.done
    call(inbox)    # type: ignore[operator]
    assert latch.done


def test_pieces_are_taken_in_order() -> None:
    """Then there is none, and what is left to say is said."""
    inbox = Inbox(0)
    assert not inbox.readable()
    inbox.data(b"one")
    inbox.data(b"two")
    assert [b"one", b"two", None] == [inbox.take() for _ in range(3)]
    assert not inbox.readable()
    inbox.end([])
    assert (True, True) == (inbox.readable(), inbox.ended)
    failed = Inbox(0)
    failed.fail(url_error(Code.TIMED_OUT, "http://api.test/"))
    assert failed.readable()


def test_the_body_that_is_still_to_go() -> None:
    """It is counted down from its length."""
    inbox = Inbox(5)
    inbox.sent(2)
    assert 3 == inbox.unsent


def test_too_much_pauses_the_route_until_all_is_taken() -> None:
    """Once each, and again when it is too much again."""
    inbox, exchange = Inbox(0), NotingExchange()
    inbox.exchange.settle(exchange)
    inbox.data(b"x" * HELD)
    assert [] == exchange.calls
    inbox.data(b"y")
    inbox.data(b"z")
    assert ["pause"] == exchange.calls
    inbox.take()
    inbox.take()
    assert ["pause"] == exchange.calls
    inbox.take()
    assert ["pause", "resume"] == exchange.calls
    inbox.data(b"x" * (HELD + 1))
    assert ["pause", "resume", "pause"] == exchange.calls


def test_data_may_come_before_the_exchange_is_there() -> None:
    """What it is to be told then reaches it when it is known."""
    inbox, exchange = Inbox(0), NotingExchange()
    inbox.data(b"x" * (HELD + 1))
    inbox.exchange.settle(exchange)
    assert ["pause"] == exchange.calls
