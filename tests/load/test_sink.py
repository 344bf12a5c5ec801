"""The sink of one exchange: what it brings, how it holds reading back, and how an exchange is given up."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.core.machine import Event
from sessionmock.errors import Code, URLError
from sessionmock.history import Closed, Ended, History, Opened, Received, Sent
from sessionmock.load.sink import DROPPED, HELD, Bodiless, LoadSink
from tests.routes.doubles import NotingExchange

from .doubles import URL, HandEngine, head, transaction


class Bringing:
    """What a sink brings its events to: notes them."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def bring(self, sink: LoadSink, event: Event, payload: Any) -> None:
        self.notes.append((event, payload))

    def moved(self) -> None:
        self.notes.append("moved")

    def nudge(self) -> None:
        self.notes.append("nudge")

    def pump(self) -> None:
        self.notes.append("pump")


class Made:
    """A sink over an exchange that was opened."""

    def __init__(self, history: History | None = None) -> None:
        self.inbox, self.engine, self.exchange = Bringing(), HandEngine(), NotingExchange()
        self.sink = LoadSink(self.inbox, self.engine, transaction(), history, "task")
        self.sink.exchange = self.exchange

    def consume(self) -> None:
        """All that has come was handed out, and is done with."""
        sink = self.sink
        sink.taken = sink.transaction.received - sink.consumed
        sink.consume()


@pytest.fixture
def made() -> Made:
    return Made()


# what it brings ---------------------------------------------------------------------------------------------------------
def test_each_call_is_an_event(made: Made) -> None:
    """What a route tells reaches the inbox as an event, in order; that something came is a move."""
    early, final = head(103), head(200)
    made.sink.sent(5)
    made.sink.moved()
    made.sink.informational(early)
    made.sink.head(final)
    made.sink.data(b"data")
    made.sink.end([("A", "b")])
    assert [(Event.SENT, 5), "moved", (Event.INFORMED, early), (Event.RESPONSE, final), (Event.DATA, b"data"),
            (Event.END, [("A", "b")])] == made.inbox.notes


def test_a_failure_is_an_event(made: Made) -> None:
    """And the end of the exchange."""
    error = URLError(Code.NETWORK_CONNECTION_LOST)
    made.sink.fail(error)
    assert ([(Event.FAILED, error)], True, None) == (made.inbox.notes, made.sink.ended, made.sink.exchange)


def test_the_transaction_is_measured(made: Made) -> None:
    """When the head and the end came, and how much of the body."""
    made.engine.let_pass(1)
    made.sink.head(final := head(404))
    made.engine.let_pass(1)
    made.sink.data(b"data")
    made.sink.data(b"more")
    made.engine.let_pass(1)
    made.sink.end([])
    found = made.sink.transaction
    assert (SECOND, 3 * SECOND, 8, 404) == (found.answered, found.ended, found.received, made.sink.status)
    assert found.head is final


def test_more_that_comes_at_once_is_taken_together(made: Made) -> None:
    """Between cork and uncork the sink says so, and the inbox is pumped after it."""
    made.sink.cork()
    corked = made.sink.corked
    made.sink.uncork()
    assert (True, False, ["pump"]) == (corked, made.sink.corked, made.inbox.notes)


def test_an_exchange_that_was_given_up_brings_nothing(made: Made) -> None:
    """Whatever still comes of it."""
    made.sink.abort()
    made.sink.sent(1)
    made.sink.moved()
    made.sink.informational(head(103))
    made.sink.head(head(200))
    made.sink.data(b"data")
    made.sink.end([])
    other = Made()
    other.sink.abort()
    other.sink.fail(URLError(Code.NETWORK_CONNECTION_LOST))
    assert ([], []) == (made.inbox.notes, other.inbox.notes)


# back-pressure ------------------------------------------------------------------------------------------------------------
def test_reading_stops_when_too_much_is_held_and_goes_on_when_it_was_taken(made: Made) -> None:
    """128 KB wait at most, but for what is on its way; the exchange is paused once and resumed once."""
    made.sink.data(bytes(HELD))
    made.sink.hold_back(False)
    assert ([], False) == (made.exchange.calls, made.sink.paused)
    made.sink.data(b"x")
    assert "nudge" in made.inbox.notes                  # whoever is inside looks again
    made.sink.hold_back(False)
    made.sink.hold_back(False)
    assert (["pause"], True) == (made.exchange.calls, made.sink.paused)
    made.consume()
    made.sink.hold_back(False)
    made.sink.hold_back(False)
    assert (["pause", "resume"], False) == (made.exchange.calls, made.sink.paused)


def test_while_it_is_paused_nobody_is_nudged(made: Made) -> None:
    """What was on its way may still come: everything is done about it already."""
    made.sink.data(bytes(HELD + 1))
    made.sink.hold_back(False)
    made.inbox.notes.clear()
    made.sink.data(b"on its way")
    assert [(Event.DATA, b"on its way")] == made.inbox.notes


def test_nothing_is_read_for_a_task_that_stands_still(made: Made) -> None:
    """A suspended task's exchange is paused, however little has come."""
    made.sink.hold_back(True)
    made.sink.hold_back(True)
    made.sink.hold_back(False)
    assert ["pause", "resume"] == made.exchange.calls


def test_an_exchange_that_has_ended_is_not_held_back(made: Made) -> None:
    """Nor one that was not opened yet."""
    made.sink.end([])
    made.sink.hold_back(True)
    unopened = Made()
    unopened.sink.exchange = None
    unopened.sink.hold_back(True)
    assert ([], False, False) == (made.exchange.calls, made.sink.paused, unopened.sink.paused)


def test_what_was_handed_out_counts_until_it_is_consumed(made: Made) -> None:
    """Once."""
    made.sink.data(b"data")
    made.sink.taken = 4
    made.sink.consume()
    made.sink.consume()
    assert (4, 0) == (made.sink.consumed, made.sink.taken)


# giving up ------------------------------------------------------------------------------------------------------------------
def test_aborting_ends_the_exchange_at_once(made: Made) -> None:
    """One that has ended, or was not opened, has nothing to be ended."""
    made.sink.abort()
    ended, unopened = Made(), Made()
    ended.sink.end([])
    ended.sink.abort()
    unopened.sink.exchange = None
    unopened.sink.abort()
    assert (["cancel"], []) == (made.exchange.calls, ended.exchange.calls)
    assert not (made.sink.wanted or ended.sink.wanted or unopened.sink.wanted)


def test_a_short_rest_is_read_to_its_end(made: Made) -> None:
    """A response that nobody wants saves its connection that way: it is read on, and nothing of it is brought."""
    made.sink.head(head(302))
    made.sink.data(b"moved")
    made.inbox.notes.clear()
    made.sink.drop()
    made.sink.data(bytes(DROPPED - 5))
    made.sink.end([])
    assert (["resume"], [], True) == (made.exchange.calls, made.inbox.notes, made.sink.ended)


def test_a_long_rest_is_not(made: Made) -> None:
    """It is cancelled when it turns out to be long."""
    made.sink.head(head(302))
    made.sink.drop()
    made.sink.data(bytes(DROPPED))
    assert ["resume"] == made.exchange.calls
    made.sink.data(b"x")
    made.sink.data(b"on its way")
    assert ["resume", "cancel"] == made.exchange.calls


def test_what_was_long_already_is_cancelled(made: Made) -> None:
    """More has come than is read of a response that nobody wants."""
    made.sink.head(head(302))
    made.sink.data(bytes(DROPPED + 1))
    made.sink.drop()
    assert ["cancel"] == made.exchange.calls


def test_a_request_that_was_not_answered_is_not_wanted(made: Made) -> None:
    """Without a head there is no rest that could be short."""
    made.sink.drop()
    assert ["cancel"] == made.exchange.calls


def test_what_has_ended_is_dropped_without_a_word(made: Made) -> None:
    """There is nothing to be read, or to be ended; nor is there before an exchange was opened."""
    made.sink.head(head(200))
    made.sink.end([])
    made.sink.exchange = made.exchange          # known only after it had ended, on another thread
    made.sink.drop()
    made.sink.abort()
    unopened = Made()
    unopened.sink.exchange = None
    unopened.sink.drop()
    unopened.sink.data(bytes(DROPPED + 1))
    assert ([], False) == (made.exchange.calls, unopened.sink.wanted)


# the history ----------------------------------------------------------------------------------------------------------------
def test_an_exchange_is_written_down() -> None:
    """What was opened, sent and received, and how it ended, by a number of its own and in the session's time."""
    history = History()
    made, other = Made(history), Made(history)
    made.sink.transaction.source = "script"
    made.sink.opened()
    made.engine.let_pass(1)
    made.sink.sent(5)
    made.sink.informational(head(103))
    made.sink.head(head(200))
    made.sink.data(b"data")
    made.engine.let_pass(1)
    made.sink.end([])
    other.sink.opened()
    number = made.sink._number
    assert [
        Opened(1, 0, "task", number, "GET", URL, "script"),
        Sent(2, SECOND, "task", number, 5),
        Received(3, SECOND, "task", number, 103, 0),
        Received(4, SECOND, "task", number, 200, 0),
        Received(5, SECOND, "task", number, None, 4),
        Ended(6, 2 * SECOND, "task", number, "GET", URL, 200, "script", 2000.0, ""),
        Opened(7, 0, "task", number + 1, "GET", URL, ""),
    ] == list(history)


def test_a_failed_exchange_says_why() -> None:
    """Without a status where no head came."""
    made = Made(history := History([Ended]))
    made.sink.fail(URLError(Code.NETWORK_CONNECTION_LOST))
    assert [Ended(1, 0, "task", made.sink._number, "GET", URL, None, "", 0.0, "network connection lost (-1005)")] == list(history)


@pytest.mark.parametrize("kind", [Opened, Sent, Received, Closed, Ended])
def test_a_kind_that_nobody_wants_is_not_written_down(kind: type) -> None:
    """Each is asked for by itself."""
    made = Made(history := History([kind]))
    made.sink.opened()
    made.sink.sent(1)
    made.sink.head(head(200))
    made.sink.abort()
    made.sink.data(b"data")
    made.sink.end([])
    assert {kind} == {type(record) for record in history}


@pytest.mark.parametrize("give_up", [LoadSink.abort, LoadSink.drop])
def test_an_exchange_that_is_given_up_is_written_down_as_closed(give_up: Any) -> None:
    """Before its end."""
    made = Made(history := History([Closed]))
    give_up(made.sink)
    assert [Closed(1, 0, "task", made.sink._number)] == list(history)


def test_a_rest_that_turns_out_to_be_long_is_closed_too() -> None:
    """The route ends it as it ends any other."""
    made = Made(history := History([Closed]))
    made.sink.head(head(302))
    made.sink.drop()
    made.sink.data(bytes(DROPPED + 1))
    made.sink.data(b"on its way")
    assert [Closed(1, 0, "task", made.sink._number)] == list(history)


def test_an_answer_to_head_has_no_body() -> None:
    """Whatever a route gives, everything else is passed on."""
    made = Made()
    sink = Bodiless(made.sink)
    sink.head(head(200))
    sink.data(b"data")
    sink.end([])
    assert (200, 0, True) == (made.sink.status, made.sink.transaction.received, made.sink.ended)
