"""The delegate protocols, and the tables that are read from them."""
from __future__ import annotations

import inspect
from typing import Any, Protocol

import pytest

import sessionmock as sm
from sessionmock.delegates import QUESTIONS
from sessionmock.delegates.protocols import PROTOTYPES

PROTOCOLS = [sm.URLSessionDelegate, sm.URLSessionTaskDelegate, sm.URLSessionDataDelegate, sm.URLSessionDownloadDelegate,
             sm.URLSessionStreamDelegate, sm.URLSessionWebSocketDelegate]


def test_every_method_has_a_selector_of_its_own() -> None:
    """Each delegate method has one selector, no two the same."""
    assert len(sm.SELECTORS) == len(set(sm.SELECTORS.values())) == 28


def test_questions_are_those_with_a_completion_handler() -> None:
    """What a delegate is asked, and by how many arguments before the completion handler (Apple's signatures)."""
    assert {
        "session_did_receive_challenge": 2,
        "task_will_begin_delayed_request": 3,
        "task_will_perform_http_redirection": 4,
        "task_did_receive_challenge": 3,
        "task_need_new_body_stream": 2,
        "task_need_new_body_stream_from_offset": 3,
        "data_task_did_receive_response": 3,
        "data_task_will_cache_response": 3,
    } == QUESTIONS


@pytest.mark.parametrize("name", sm.SELECTORS)
def test_a_method_takes_what_its_selector_has(name: str) -> None:
    """As many arguments as the selector has parts, the session first; one of them calls its handler by another name."""
    parameters = list(inspect.signature(PROTOTYPES[name]).parameters)
    assert ["self", "session"] == parameters[:2]
    assert max(1, sm.SELECTORS[name].count(":")) == len(parameters) - 1
    assert (parameters[-1] == "completion_handler") is (name in QUESTIONS) is sm.SELECTORS[name].endswith((":completionHandler:", "BodyStream:"))
    assert PROTOTYPES[name].__doc__


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.__name__)
def test_the_six_are_protocols_as_apple_inherits_them(protocol: Any) -> None:
    """Each is a `typing.Protocol`; data, download, stream and WebSocket delegates are task delegates, and these session delegates."""
    assert Protocol in protocol.__bases__
    task = set(sm.URLSessionTaskDelegate.__mro__) & {*PROTOCOLS}
    assert {sm.URLSessionDelegate, sm.URLSessionTaskDelegate} == task
    assert protocol is sm.URLSessionDelegate or task <= set(protocol.__mro__)


def test_every_selector_is_a_method_of_a_protocol() -> None:
    """There is no second list."""
    assert set(sm.SELECTORS) == {name for protocol in PROTOCOLS for name in vars(protocol) if not name.startswith("_")}


def test_what_a_protocol_itself_says() -> None:
    """Telling it, by `super()`, does nothing; asking it raises: its absence is an answer that no value stands for."""
    class Delegate(sm.URLSessionTaskDelegate):
        def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            super().task_did_complete(session, task, error)

        def task_need_new_body_stream(self, session: Any, task: Any, completion_handler: Any) -> None:
            super().task_need_new_body_stream(session, task, completion_handler)  # type: ignore[call-arg]

    Delegate().task_did_complete(None, None, None)
    with pytest.raises(sm.GenericException, match="do not define its method"):
        Delegate().task_need_new_body_stream(None, None, None)
