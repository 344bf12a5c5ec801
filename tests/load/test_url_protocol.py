"""What a load lends to the protocol class that takes its request."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock.load.url_protocol import LoadOccasion
from sessionmock.models.request import URLRequest

from .doubles import URL, Parts


class Lending:
    """A load that notes what it is asked to lend."""

    def __init__(self, visit: Any = None) -> None:
        self.notes: list[Any] = []
        self.visit = visit

    def lend(self, request: URLRequest) -> Any:
        self.notes.append(("lend", request.url))
        return self.visit

    def bring_challenge(self, *values: Any) -> None:
        self.notes.append(("bring", *values))

    def withdraw(self, *values: Any) -> None:
        self.notes.append(("withdraw", *values))

    def pass_by(self, *values: Any) -> None:
        self.notes.append(("pass by", *values))


class Visit:
    def lend(self, request: URLRequest) -> Any:
        return f"what is stored for {request.url}"


@pytest.mark.parametrize(("visit", "is_own", "found"), [
    (Visit(), True, f"what is stored for {URL}chosen"), (None, True, None), (Visit(), False, None)])
def test_the_cache_is_lent_for_the_tasks_own_request(visit: Any, is_own: bool, found: Any) -> None:
    """By way of the load, for the request that the class chooses; not for another one, nor where there is no cache."""
    lending = Lending(visit)
    occasion = LoadOccasion(lending, Parts().sink(), URLRequest(URL), is_own)
    assert found == occasion.cached(URLRequest(f"{URL}chosen"))      # type: ignore[comparison-overlap]
    assert ([("lend", URL)] if is_own else []) == lending.notes


def test_a_challenge_is_put_while_the_exchange_is_wanted() -> None:
    """Withdrawing it, and passing the request by, are the load's to judge."""
    lending, sink, request = Lending(), Parts().sink(), URLRequest(URL)
    occasion = LoadOccasion(lending, sink, request, True)
    occasion.ask("a challenge", print)      # type: ignore[arg-type]
    occasion.withdraw("a challenge")        # type: ignore[arg-type]
    occasion.pass_by()
    assert [("bring", sink, "a challenge", print), ("withdraw", "a challenge"), ("pass by", sink, request, True)] == lending.notes
    sink.abort()
    occasion.ask("too late", print)         # type: ignore[arg-type]
    assert 3 == len(lending.notes)
