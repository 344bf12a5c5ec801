"""The kinds of leaks: what is over, what is said of what is not, and how to mend it."""
from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import httpx2
import pytest

from sessionmock import (
    Answer,
    LeakScope,
    OperationQueue,
    ScriptRoute,
    URLSession,
    URLSessionConfiguration,
    URLSessionDataTask,
    URLSessionTask,
    URLSessionUploadTask,
    virtual_time,
    watch_clients,
)
from sessionmock.clock import SECOND
from sessionmock.leaks.kinds import KINDS, kind_of
from sessionmock.leaks.report import Leak

URL = "http://api.test/thing"
EPHEMERAL = URLSessionConfiguration.ephemeral()
NEVER = Answer(delay=math.inf)


def let_pass(task: URLSessionTask) -> None:
    """Let a second of the task's virtual time pass."""
    kind_of(task).engine(task).let_pass(SECOND)


def test_a_session_that_waits_for_its_tasks_is_not_to_blame(scope: LeakScope, script: ScriptRoute) -> None:
    """The tasks are, whoever owns them."""
    script.answer(NEVER)
    session = URLSession(EPHEMERAL)
    session.data_task(URL).resume()
    session.finish_tasks_and_invalidate()
    assert ["task"] == [leak.kind for leak in scope.leaks()]


def test_a_session_that_cannot_end(scope: LeakScope) -> None:
    """One whose delegate is not told, because its queue does not run, says so; one with tasks counts them by what they wait for."""
    class Delegate:
        def session_did_become_invalid(self, session: URLSession, error: object) -> None: ...

    session = URLSession(EPHEMERAL, Delegate(), OperationQueue.main)
    session.session_description = "api"
    for _ in range(2):
        session.data_task(URL)
    leak = scope.leaks()[0]
    assert leak.description.endswith(" 'api' was never invalidated (2 tasks never resumed)")
    assert "invalidate_and_cancel()" in leak.remedy
    session.invalidate_and_cancel()
    leak, = (leak for leak in scope.leaks() if leak.kind == "session")
    assert "was invalidated and never became invalid" in leak.description
    assert "delegate queue" in leak.remedy
    OperationQueue.main.run()
    assert [] == scope.drain()


@pytest.mark.parametrize(("leave", "words"), [
    (lambda task: None, "was never resumed"),
    (lambda task: task.resume(), "was left running"),
    (lambda task: (task.resume(), task.suspend()), "was left suspended"),
])
def test_tasks_tell_how_they_were_left(scope: LeakScope, script: ScriptRoute, leave: Callable[[URLSessionTask], object], words: str) -> None:
    """A task's leak says in what state it was left, and how to mend that."""
    script.answer(NEVER)
    leave(URLSession(EPHEMERAL).data_task(URL))
    _, leak = scope.leaks()
    assert f"GET {URL} {words}" in leak.description
    assert "cancel() it" in leak.remedy


def test_a_task_tells_how_much_it_has(scope: LeakScope, script: ScriptRoute) -> None:
    """A task that was left in the midst of a body says how much of it came."""
    script.answer(body=[(b"abc", 0), (b"def", math.inf)], headers={"Content-Length": "6"})
    with virtual_time():
        task = URLSession(EPHEMERAL).data_task(URL, print)
        task.task_description = "mine"
        task.resume()
        let_pass(task)
        _, leak = scope.leaks()
    assert leak.description.startswith("URLSessionDataTask 1 'mine' of session ")
    assert leak.description.endswith("was left running (3 of 6 bytes received)")


def test_an_end_that_is_not_delivered(scope: LeakScope, script: ScriptRoute) -> None:
    """A task whose queue does not run says so, whatever its delegate could be asked."""
    script.answer(body="hi")
    with virtual_time():
        task = URLSession(EPHEMERAL, None, OperationQueue()).data_task(URL, lambda *_: None)
        task.resume()
        task.cancel()
        leak = scope.leaks()[1]
    assert "was left with its end undelivered" in leak.description
    assert "OperationQueue.main" in leak.remedy


CACHED = {"Cache-Control": "max-age=60"}


def delayed(session: URLSession) -> URLSessionTask:
    task = session.data_task(URL)
    task.earliest_begin_date = session._context.engine.clock.date() + timedelta(seconds=0.1)
    return task


QUESTIONS: dict[str, tuple[Answer, Callable[[URLSession], URLSessionTask]]] = {
    "task_will_begin_delayed_request": (Answer(), delayed),
    "task_need_new_body_stream": (Answer(), lambda session: session.upload_task(streamed_request=URL)),
    "task_will_perform_http_redirection": (Answer(302, headers={"Location": "/other"}), lambda session: session.data_task(URL)),
    "task_did_receive_challenge": (Answer(401, headers={"WWW-Authenticate": 'Basic realm="a"'}), lambda session: session.data_task(URL)),
    "data_task_did_receive_response": (Answer(), lambda session: session.data_task(URL)),
    "data_task_will_cache_response": (Answer(body=b"hi", headers=CACHED), lambda session: session.data_task(URL)),
}


def silent(name: str, **more: Any) -> Any:
    """A delegate that is asked `name` and does not answer."""
    return type("Silent", (), {name: lambda self, *arguments: None, **more})()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_that_is_not_answered_is_named(scope: LeakScope, script: ScriptRoute, name: str) -> None:
    """A task that waits for its delegate's answer names the question, and tells to answer it."""
    answer, make = QUESTIONS[name]
    script.answer(answer)
    with virtual_time():
        task = make(URLSession(URLSessionConfiguration.default(), silent(name)))
        task.resume()
        let_pass(task)
        leak = scope.leaks()[1]
    assert leak.description.endswith(f"was left waiting (the delegate has not answered {name})")
    assert "completion handler" in leak.remedy


class Slow:
    """A delegate whose callback is a coroutine that is out until it is let."""

    def __init__(self) -> None:
        self.out, self.may_return = threading.Event(), threading.Event()

    async def download_task_did_finish_downloading(self, *_: object) -> None:
        self.out.set()
        await asyncio.to_thread(self.may_return.wait)


def test_a_callback_that_does_not_return_is_named(scope: LeakScope, script: ScriptRoute) -> None:
    """A callback that is a coroutine and still out is named too: that of a download's file, not the question of a cache."""
    script.answer(body=b"hi", headers=CACHED)
    delegate = Slow()
    with URLSession(EPHEMERAL, delegate) as session:
        session.download_task(URL).resume()
        assert delegate.out.wait(20)
        leak = scope.leaks()[1]
        delegate.may_return.set()
    assert leak.description.endswith("was left waiting (the delegate's download_task_did_finish_downloading has not returned)")
    assert "return" in leak.remedy


@pytest.mark.parametrize("package", [httpx, httpx2])
def test_a_client_lives_until_it_is_closed(scope: LeakScope, package: Any) -> None:
    """A watched client is named by its package, whether it is asynchronous or not, and told once."""
    with watch_clients():
        with package.Client():
            package.AsyncClient()
        kept = package.Client()
    assert [f"{package.__name__}.{kind} was never closed" for kind in ("AsyncClient", "Client")] == [
        leak.description for leak in scope.take_clients()]
    assert [] == scope.take_clients() == scope.leaks()
    kept.close()


class Conversation(URLSessionUploadTask):
    """A task of another life."""


class Conversations:
    """A kind of its own."""

    def leak(self, made: Conversation) -> Leak:
        return Leak("task", "a conversation was left open", "here", (), "", "close it")

    def is_over(self, made: Conversation) -> bool:
        return False


def test_the_nearest_class_says_what_kind_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that has no kind of its own is of that which it is derived from; a line in the table gives it one."""
    task = Conversation.__new__(Conversation)
    assert kind_of(task) is KINDS[URLSessionTask] is kind_of(URLSessionDataTask.__new__(URLSessionDataTask))
    monkeypatch.setitem(KINDS, Conversation, Conversations())
    scope = LeakScope("conversations")
    scope.hold(task)
    assert ["a conversation was left open"] == [leak.description for leak in scope.leaks()]
