"""The names of delegate methods."""
from __future__ import annotations

from typing import Any

import sessionmock as sm
from sessionmock.delegates import QUESTIONS, methods, responds_to


def test_every_method_has_a_selector_of_its_own() -> None:
    """Each delegate method has one selector, no two the same."""
    assert len(sm.SELECTORS) == len(set(sm.SELECTORS.values()))


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


class Delegate:
    """Each method in another form."""

    def session_did_receive_challenge(self, session: Any, challenge: Any) -> Any: ...      # gives the answer

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, handler: Any) -> Any: ...     # calls the handler

    async def task_will_begin_delayed_request(self, session: Any, task: Any, request: Any, more: Any = None) -> Any: ...

    def task_will_perform_http_redirection(self, *arguments: Any) -> Any: ...

    def task_need_new_body_stream(self, session: Any, task: Any, *, handler: Any = None) -> Any: ...

    def task_did_complete(self, session: Any, task: Any, error: Any, more: Any = None) -> Any: ...     # no question

    def no_method_of_a_delegate(self) -> None: ...


def test_a_delegate_has_the_methods_that_it_has() -> None:
    """Each with whether it takes its question's completion handler: by position; a coroutine gives its answer."""
    found = methods(delegate := Delegate())
    assert {
        "session_did_receive_challenge": False,
        "task_did_receive_challenge": True,
        "task_will_begin_delayed_request": False,
        "task_will_perform_http_redirection": True,
        "task_need_new_body_stream": False,
        "task_did_complete": False,
    } == {name: method.takes_handler for name, method in found.items()}
    assert delegate.task_did_complete == found["task_did_complete"].call
    assert {} == methods(None) == methods(object())


def test_methods_are_looked_up_once_for_a_class() -> None:
    """What an instance gets later is not seen."""
    class Late: ...

    assert {} == methods(Late())
    Late.task_did_complete = lambda *_: None      # type: ignore[attr-defined]
    assert {} == methods(Late())


def test_who_responds_to_what() -> None:
    """By name; nobody responds to nothing."""
    assert [True, False, False] == [
        responds_to(Delegate(), "task_did_complete"), responds_to(Delegate(), "no_method_of_a_delegate"), responds_to(None, "task_did_complete")]
