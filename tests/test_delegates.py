"""Delegates of every kind, called by a session."""
from __future__ import annotations

import types
from typing import Any
from unittest.mock import Mock, create_autospec

import pytest

import sessionmock as sm


class Delegate(sm.URLSessionDataDelegate):
    def __init__(self) -> None:
        self.ended = 0

    def data_task_did_receive_response(self, session: sm.URLSession, task: sm.URLSessionTask, response: sm.URLResponse) -> sm.ResponseDisposition:
        return sm.ResponseDisposition.ALLOW

    def task_did_complete(self, session: sm.URLSession, task: sm.URLSessionTask, error: sm.URLError | None) -> None:
        assert error is None
        self.ended += 1


class Proxy:
    def __init__(self, to: object) -> None:
        self._to = to

    def __getattr__(self, name: str) -> Any:
        return getattr(self._to, name)


def load(delegate: object, own: object | None = None) -> sm.URLSessionTask:
    script = sm.ScriptRoute()
    script.answer(sm.Answer(200))
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task("https://api.example.com/")
        task.delegate = own
        task.resume()
    return task


@pytest.mark.parametrize("stand_in", [
    lambda delegate: delegate, Proxy, lambda delegate: types.SimpleNamespace(task_did_complete=delegate.task_did_complete),
], ids=["itself", "proxy", "namespace"])
def test_a_delegate_and_who_stands_for_it_are_called(stand_in: Any) -> None:
    """As a session's delegate, and as a task's."""
    delegate = Delegate()
    load(stand_in(delegate))
    load(None, stand_in(delegate))
    assert 2 == delegate.ended


@pytest.mark.parametrize("mock", [
    lambda: Mock(spec=Delegate()), lambda: Mock(spec=Delegate), lambda: create_autospec(Delegate, instance=True),
    lambda: Mock(spec=sm.URLSessionDataDelegate), lambda: create_autospec(sm.URLSessionTaskDelegate, instance=True),
], ids=["of an instance", "of a class", "autospec", "of a protocol", "autospec of a protocol"])
def test_a_mock_with_a_spec_is_called(mock: Any) -> None:
    """And its calls can be asserted; what it answers is what it was given."""
    delegate = mock()
    if "data_task_did_receive_response" in dir(delegate):
        delegate.data_task_did_receive_response.return_value = sm.ResponseDisposition.ALLOW
    task = load(delegate)
    assert task.error is None
    delegate.task_did_complete.assert_called_once()
    assert (task, None) == delegate.task_did_complete.call_args.args[1:]


def test_a_protocol_itself_answers_nothing() -> None:
    """A delegate that inherits all questions and defines none leaves a task as one without a delegate."""
    class Silent(sm.URLSessionDataDelegate, sm.URLSessionDownloadDelegate, sm.URLSessionStreamDelegate, sm.URLSessionWebSocketDelegate):
        pass

    assert load(Silent()).error is None
