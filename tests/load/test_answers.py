"""What questions may be answered with."""
from __future__ import annotations

import io
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.delegates import QUESTIONS
from sessionmock.load.answers import RULES, given, judged

Challenge, Response, Delayed = sm.AuthChallengeDisposition, sm.ResponseDisposition, sm.DelayedRequestDisposition
ANN, NEW = sm.URLCredential("ann", "secret"), sm.URLRequest("http://a.test/")
KEPT = sm.CachedURLResponse(sm.URLResponse("http://a.test/"), b"")


def test_every_question_has_a_rule() -> None:
    """And nothing else has one."""
    assert set(QUESTIONS) == set(RULES)


@pytest.mark.parametrize(("name", "values", "counts"), [
    ("task_did_receive_challenge", (Challenge.USE_CREDENTIAL, ANN), None), ("task_did_receive_challenge", (Challenge.USE_CREDENTIAL, None), None),
    ("task_did_receive_challenge", (Challenge.PERFORM_DEFAULT_HANDLING,), None),
    ("task_did_receive_challenge", (0, ANN), (Challenge.USE_CREDENTIAL, ANN)),
    ("session_did_receive_challenge", (Challenge.REJECT_PROTECTION_SPACE, ANN), None),
    ("task_will_begin_delayed_request", (Delayed.CANCEL,), (Delayed.CANCEL, None)),
    ("task_will_begin_delayed_request", (1, NEW), (Delayed.USE_NEW_REQUEST, NEW)),
    ("task_will_perform_http_redirection", (NEW,), None), ("task_will_perform_http_redirection", (None,), None),
    ("data_task_did_receive_response", (None,), (Response.ALLOW,)), ("data_task_did_receive_response", (2,), (Response.BECOME_DOWNLOAD,)),
    ("data_task_will_cache_response", (KEPT,), None), ("data_task_will_cache_response", (None,), None),
    ("task_need_new_body_stream", (None,), None),
])
def test_answers_that_count(name: str, values: tuple[Any, ...], counts: tuple[Any, ...] | None) -> None:
    """As they are (`counts` None), numbers as the dispositions that Apple gives them."""
    answer = judged(name, values)
    assert (counts or values) == answer
    assert [type(one) for one in counts or values] == [type(one) for one in answer]


@pytest.mark.parametrize("make", [bytes, bytearray, io.BytesIO, lambda data: [data], lambda data: (data[:1], data[1:]), sm.InputStream])
@pytest.mark.parametrize("name", ["task_need_new_body_stream", "task_need_new_body_stream_from_offset"])
def test_whatever_gives_bytes_is_a_body(name: str, make: Any) -> None:
    """A tuple of pieces, too: the question takes one value."""
    [stream] = judged(name, given(name, make(b"ab")))
    assert b"ab" == b"".join(iter(lambda: stream.read(9), b""))


@pytest.mark.parametrize(("name", "values", "shown"), [
    ("task_did_receive_challenge", (None,), "None"), ("task_did_receive_challenge", (ANN,), "<URLCredential>"),
    ("task_did_receive_challenge", (Challenge.USE_CREDENTIAL,), "AuthChallengeDisposition.USE_CREDENTIAL"),
    ("session_did_receive_challenge", (Challenge.USE_CREDENTIAL, ("ann", "secret")), "AuthChallengeDisposition.USE_CREDENTIAL, <tuple>"),
    ("task_did_receive_challenge", (Response.ALLOW,), "ResponseDisposition.ALLOW"), ("task_did_receive_challenge", (4,), "4"),
    ("task_did_receive_challenge", (True,), "True"), ("task_did_receive_challenge", (), "no value"),
    ("task_did_receive_challenge", (Challenge.USE_CREDENTIAL, ANN, ANN), "AuthChallengeDisposition.USE_CREDENTIAL, <URLCredential>, <URLCredential>"),
    ("task_will_begin_delayed_request", (Delayed.USE_NEW_REQUEST,), "DelayedRequestDisposition.USE_NEW_REQUEST"),
    ("task_will_begin_delayed_request", (Delayed.USE_NEW_REQUEST, "http://a.test/"), "DelayedRequestDisposition.USE_NEW_REQUEST, <str>"),
    ("task_will_begin_delayed_request", (None,), "None"), ("task_will_perform_http_redirection", ("http://a.test/",), "<str>"),
    ("task_will_perform_http_redirection", (NEW, None), "<URLRequest>, None"), ("data_task_did_receive_response", (True,), "True"),
    ("data_task_did_receive_response", (Response.BECOME_STREAM,), "ResponseDisposition.BECOME_STREAM"),
    ("data_task_did_receive_response", ("allow",), "<str>"), ("data_task_will_cache_response", (b"body",), "<bytes>"),
    ("task_need_new_body_stream", ("text",), "<str>"), ("task_need_new_body_stream", (io.StringIO("text"),), "<StringIO>"),
    ("task_need_new_body_stream_from_offset", (7,), "7"),
])
def test_answers_that_are_none(name: str, values: tuple[Any, ...], shown: str) -> None:
    """The error names the question, what came, by its type where it may be secret, and what the question takes."""
    with pytest.raises(sm.InvalidArgumentException) as caught:
        judged(name, values)
    assert f"{name} was answered with {shown}; it takes {RULES[name].takes}" == str(caught.value)
