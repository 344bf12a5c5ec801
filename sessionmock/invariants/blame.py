"""Whose fault it is: code of the user's that stands where sessionmock cannot guard it, or sessionmock's own."""
from __future__ import annotations

from typing import Any

_SOURCES = frozenset({"live", "cassette", "script", "cache", "local", ""})


def of_source(task: Any, source: str) -> str:
    """What brought an answer otherwise than a sink takes it, where that is of the user's: a protocol class or a route; else ""."""
    if source == "protocol":
        return ("a URLProtocol class of protocol_classes answers here: its client takes one response, then data, then one end or failure, "
                "and nothing after that")
    route = getattr(getattr(task, "_life", None), "sending", None)
    route = getattr(route, "_route", None)
    if source not in _SOURCES or not _is_ours(route):
        kind = f"the route {type(route).__name__}" if route is not None else f"the route of source {source!r}"
        return f"{kind} answers here: a sink takes informational*, head, data*, then end or fail once, and nothing after that (routes.base.Sink)"
    return ""


def of_queue(queue: Any) -> str:
    """The same of a delegate queue."""
    if _is_ours(queue):
        return ""
    return (f"{type(queue).__name__} is a delegate queue of your own: it must run what it is given by `submit`, in order and one after the other, on "
            "its own threads, and raise nothing; use OperationQueue()")


def of_question(name: str) -> str:
    """The same of a delegate that was asked `name`."""
    return f"the delegate was asked {name} and has not answered: call its completion handler once, whatever it decides" if name else ""


def _is_ours(thing: Any) -> bool:
    return thing is None or type(thing).__module__.partition(".")[0] == "sessionmock"
