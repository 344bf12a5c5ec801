"""Who waits for a connection, and who goes first."""
from __future__ import annotations

from typing import Any

from sessionmock.models.message import Request, Urgency
from sessionmock.routes.live.waiting import Waiting


class Exchange:
    """As far as its place in the line goes."""

    def __init__(self, name: str, priority: float = 0.5) -> None:
        self.name, self.priority = name, 0.5
        self.request = Request("GET", "http://a.test/", [], urgency=Urgency())
        self.request.urgency.set(priority)
        self.told, self.paused = 0, False

    def reprioritize(self) -> None:
        self.told += 1


def line(*exchanges: Any) -> Waiting:
    waiting = Waiting()
    for exchange in exchanges:
        waiting.add(exchange)
    return waiting


def emptied(waiting: Waiting) -> str:
    names = ""
    while waiting:
        names += waiting.next().name    # type: ignore[attr-defined]
    return names


def test_equals_go_in_the_order_in_which_they_came() -> None:
    assert emptied(line(*map(Exchange, "abc"))) == "abc"


def test_the_most_urgent_goes_first() -> None:
    """Whenever it came; `iter` shows the same order."""
    waiting = line(Exchange("a"), Exchange("b", 1.0), Exchange("c", 0.0), Exchange("d", 1.0), Exchange("e"))
    assert "bdaec" == "".join(exchange.name for exchange in waiting)    # type: ignore[attr-defined]
    assert "bdaec" == emptied(waiting)


def test_who_has_waited_before_goes_before_its_equals_only() -> None:
    waiting = line(Exchange("a"), Exchange("b", 1.0))
    waiting.prefer([Exchange("c"), Exchange("d")])    # type: ignore[list-item]
    assert emptied(waiting) == "bcda"


def test_who_has_gone_away_is_not_met_again() -> None:
    """Nor is it an error to look for it."""
    gone: Any = Exchange("b", 0.7)
    waiting = line(Exchange("a"), gone)
    assert [True, False] == [waiting.discard(gone) for _ in range(2)]
    assert emptied(waiting) == "a"
    assert not waiting.discard(gone)


def test_who_waits_is_told_of_a_change_and_who_does_not_is_not() -> None:
    """Nor held by what is left of its task."""
    exchange: Any = Exchange("a")
    waiting = line(exchange)
    exchange.request.urgency.set(1.0)
    assert (1, 0.5) == (exchange.told, exchange.priority)
    waiting.next()
    exchange.request.urgency.set(0.0)
    assert (1, None) == (exchange.told, exchange.request.urgency.changed)


def test_who_is_paused_is_held_until_it_goes_on() -> None:
    """It stands in the line nevertheless, also where it begins anew, and can leave it."""
    held, gone = Exchange("a", 1.0), Exchange("b")
    held.paused = gone.paused = True
    waiting = line(held, Exchange("c"))
    waiting.prefer([gone])    # type: ignore[list-item]
    assert "cab" == "".join(exchange.name for exchange in waiting)    # type: ignore[attr-defined]
    assert "c" == emptied(waiting)
    assert [True, True, False] == [waiting.discard(each) for each in (held, gone, gone)]    # type: ignore[arg-type]
    held.paused = False
    waiting.add(held)    # type: ignore[arg-type]
    assert "a" == emptied(waiting)


def test_a_request_of_no_task_waits_among_the_default() -> None:
    """As those of plain clients."""
    plain: Any = Exchange("b")
    plain.request.urgency = None
    waiting = line(Exchange("a", 0.2), plain, Exchange("c"))
    assert emptied(waiting) == "bca"
