"""Which methods a delegate has, and how each takes its question.

Methods are optional and looked up once for a class. A question's last parameter is its completion handler; a method
without it, or a coroutine function, returns the answer instead (one value, or a tuple of them).
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

# name: how many arguments it takes, without the completion handler
QUESTIONS = {
    "session_did_receive_challenge": 2,
    "task_will_begin_delayed_request": 3,
    "task_will_perform_http_redirection": 4,
    "task_did_receive_challenge": 3,
    "task_need_new_body_stream": 2,
    "task_need_new_body_stream_from_offset": 3,
    "data_task_did_receive_response": 3,
    "data_task_will_cache_response": 3,
}
NOTICES = (
    "session_did_become_invalid",
    "session_did_finish_events_for_background",
    "session_did_create_task",
    "task_is_waiting_for_connectivity",
    "task_did_send_body_data",
    "task_did_receive_informational_response",
    "task_did_finish_collecting_metrics",
    "task_did_complete",
    "data_task_did_become_download_task",
    "data_task_did_become_stream_task",
    "data_task_did_receive_data",
    "download_task_did_finish_downloading",
    "download_task_did_write_data",
    "download_task_did_resume_at_offset",
    "stream_task_read_closed",
    "stream_task_write_closed",
    "stream_task_better_route_discovered",
    "stream_task_did_become_streams",
    "web_socket_task_did_open",
    "web_socket_task_did_close",
)


class Method(NamedTuple):
    """A delegate's method, bound."""

    name: str
    call: Callable[..., Any]
    takes_handler: bool     # False for a question: the answer is what it returns


_known: WeakKeyDictionary[type, tuple[tuple[str, bool], ...]] = WeakKeyDictionary()


def _implemented(kind: type) -> tuple[tuple[str, bool], ...]:
    """The names of the delegate methods that `kind` has, each with whether it takes a completion handler."""
    known = _known.get(kind)
    if known is not None:
        return known
    found = []
    for name in (*QUESTIONS, *NOTICES):
        function = getattr(kind, name, None)
        if function is None:
            continue
        expected = QUESTIONS.get(name)
        found.append((name, expected is not None and not inspect.iscoroutinefunction(function) and _positional(function) > expected + 1))
    _known[kind] = known = tuple(found)
    return known


def _positional(function: Callable[..., Any]) -> float:
    """How many positional arguments `function` takes, self included."""
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return float("inf")
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)


def methods(delegate: object | None) -> dict[str, Method]:
    """The delegate methods that `delegate` has, by name; none for None."""
    if delegate is None:
        return {}
    return {name: Method(name, getattr(delegate, name), handler) for name, handler in _implemented(type(delegate))}


def responds_to(delegate: object | None, name: str) -> bool:
    """Whether `delegate` has the delegate method `name`; its absence is an answer of its own in several protocols."""
    return delegate is not None and any(name == known for known, _ in _implemented(type(delegate)))
