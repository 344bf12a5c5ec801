"""The names of delegate methods."""
from __future__ import annotations

import sessionmock as sm
from sessionmock.delegates import QUESTIONS


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
