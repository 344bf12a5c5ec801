"""Who is asked about a challenge."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import Phase
from sessionmock.load.challenger import Challenger

from .doubles import Parts

Disposition = sm.AuthChallengeDisposition
TRUST = sm.NSURLAuthenticationMethodServerTrust
BASIC = sm.NSURLAuthenticationMethodHTTPBasic


class Task:
    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        return Disposition.REJECT_PROTECTION_SPACE, sm.URLCredential("task", "")


class Session:
    def session_did_receive_challenge(self, session: Any, challenge: Any) -> Any:
        return Disposition.REJECT_PROTECTION_SPACE, sm.URLCredential("session", "")


class Both(Task, Session): ...


def challenge(method: str) -> sm.URLAuthenticationChallenge:
    return sm.URLAuthenticationChallenge(protection_space=sm.URLProtectionSpace("a.test", 443, "https", None, method))


@pytest.mark.parametrize(("delegate", "method", "asked"), [
    (Both, TRUST, "session"), (Session, TRUST, "session"), (Task, TRUST, "task"), (None, TRUST, None),
    (Both, BASIC, "task"), (Session, BASIC, None), (Task, BASIC, "task"), (None, BASIC, None),
    (Both, sm.NSURLAuthenticationMethodNTLM, "session"), (Both, sm.NSURLAuthenticationMethodNegotiate, "session"),
    (Both, sm.NSURLAuthenticationMethodClientCertificate, "session"), (Both, sm.NSURLAuthenticationMethodHTTPDigest, "task")])
def test_the_session_is_asked_about_connections_first(delegate: Any, method: str, asked: str | None) -> None:
    """And the task about everything else; where nobody has the method, default handling is the answer, at once."""
    parts = Parts(None if delegate is None else delegate())
    parts.runs(Phase.CHALLENGED)
    answers: list[Any] = []
    Challenger(parts.context, parts.inbox, parts.callbacks).put(challenge(method), lambda *values: answers.append(values))
    assert ([] if asked else [(Disposition.PERFORM_DEFAULT_HANDLING,)]) == answers
    parts.queue.run()
    assert ([(Disposition.REJECT_PROTECTION_SPACE, sm.URLCredential(asked, ""))] if asked else [(Disposition.PERFORM_DEFAULT_HANDLING,)]) == answers


@pytest.mark.parametrize(("delegate", "answers"), [(Task, True), (Session, True), (Both, True), (object, False)])
def test_who_can_answer_for_a_connection(delegate: Any, answers: bool) -> None:
    """The session's delegate, or the task's."""
    parts = Parts(delegate())
    assert answers is Challenger(parts.context, parts.inbox, parts.callbacks).answers


def test_default_handling_uses_what_is_stored() -> None:
    """Of the session's storage; the challenges are the task's."""
    parts = Parts()
    space, ann = challenge(BASIC).protection_space, sm.URLCredential("ann", "secret")
    challenger = Challenger(parts.context, parts.inbox, parts.callbacks)
    assert (None, parts.task) == (challenger.stored(space), challenger.task)
    parts.context.keep_credentials([(space, ann)], None)
    assert ann == challenger.stored(space)
