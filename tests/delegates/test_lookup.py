"""Which methods a delegate has."""
from __future__ import annotations

import types
import weakref
from typing import Any
from unittest.mock import AsyncMock, Mock, create_autospec, patch

import pytest

import sessionmock as sm
from sessionmock.delegates import QUESTIONS, lookup, methods, responds_to


class Delegate:
    """Each method in another form."""

    def session_did_receive_challenge(self, session: Any, challenge: Any) -> Any: ...      # gives the answer

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, handler: Any) -> Any: ...     # calls the handler

    async def task_will_begin_delayed_request(self, session: Any, task: Any, request: Any, more: Any = None) -> Any: ...

    def task_will_perform_http_redirection(self, *arguments: Any) -> Any: ...

    def task_need_new_body_stream(self, session: Any, task: Any, *, handler: Any = None) -> Any: ...

    @staticmethod
    def data_task_did_receive_response(session: Any, task: Any, response: Any, handler: Any) -> Any: ...

    @classmethod
    def data_task_will_cache_response(cls, session: Any, task: Any, proposed: Any) -> Any: ...

    def task_did_complete(self, session: Any, task: Any, error: Any, more: Any = None) -> Any: ...     # no question

    def anything_else(self) -> None: ...

    session_did_create_task = None      # as a class says that it has none


FORMS = {
    "session_did_receive_challenge": False,
    "task_did_receive_challenge": True,
    "task_will_begin_delayed_request": False,
    "task_will_perform_http_redirection": True,
    "task_need_new_body_stream": False,
    "data_task_did_receive_response": True,
    "data_task_will_cache_response": False,
    "task_did_complete": False,
}


class Proxy:
    """Hands every name on."""

    def __init__(self, to: object) -> None:
        self._to = to

    def __getattr__(self, name: str) -> Any:
        return getattr(self._to, name)


def forms(delegate: object) -> dict[str, bool]:
    return {name: method.takes_handler for name, method in methods(delegate).items()}


def test_a_delegate_has_the_methods_that_it_has() -> None:
    """Each with whether it takes its question's completion handler: by position; a coroutine gives its answer."""
    assert FORMS == forms(delegate := Delegate())
    assert delegate.task_did_complete == methods(delegate)["task_did_complete"].call
    assert {} == methods(None) == methods(object())


@pytest.mark.parametrize("stand_in", [
    Proxy, lambda delegate: Proxy(Proxy(delegate)),
    lambda delegate: types.SimpleNamespace(**{name: getattr(delegate, name) for name in FORMS}),
    lambda delegate: Mock(spec=delegate), lambda delegate: Mock(spec=type(delegate)), create_autospec,
    lambda delegate: create_autospec(type(delegate))(), lambda delegate: create_autospec(type(delegate), instance=True),
], ids=["proxy", "proxy of a proxy", "namespace", "mock of it", "mock of its class", "autospec of it", "autospec called", "autospec instance"])
def test_who_stands_for_a_delegate_has_its_methods(stand_in: Any) -> None:
    """A proxy, a namespace and a mock have the methods of what they stand for, in the same forms."""
    found = forms(stand_in(Delegate()))
    assert FORMS == {name: handler for name, handler in found.items() if name != "session_did_create_task"}


def test_a_weak_proxy_is_a_delegate() -> None:
    """It says that its class is another one."""
    delegate = Delegate()
    assert FORMS == forms(weakref.proxy(delegate))


def test_a_mock_of_names_answers_what_it_returns() -> None:
    """`Mock(spec=[...])` says nothing of arguments: it is not given a handler that it would never call."""
    assert {"task_did_complete": False, "task_did_receive_challenge": False} == forms(Mock(spec=["task_did_receive_challenge", "task_did_complete"]))


@pytest.mark.parametrize("mock", [
    lambda kind: Mock(spec=kind), lambda kind: create_autospec(kind, instance=True), lambda kind: AsyncMock(spec=kind),
], ids=["spec", "autospec", "async"])
def test_a_mock_of_a_protocol_is_told_everything_and_asked_what_it_was_given_an_answer_to(mock: Any) -> None:
    """What it has no answer to is as absent as in the protocol."""
    delegate = mock(sm.URLSessionTaskDelegate)
    delegate.task_need_new_body_stream.return_value = b"body"
    delegate.task_did_receive_challenge.side_effect = lambda *_: sm.AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING
    found = forms(delegate)
    assert {"task_need_new_body_stream": False, "task_did_receive_challenge": False} == {name: found[name] for name in found if name in QUESTIONS}
    assert {"task_did_complete", "session_did_become_invalid", "task_did_send_body_data"} <= set(found)
    assert "data_task_did_receive_data" not in found


def test_what_is_inherited_from_a_protocol_is_absent() -> None:
    """A class has what it defines itself, or inherits from another class that does."""
    class Base(sm.URLSessionDataDelegate):
        def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    class Derived(Base, sm.URLSessionDownloadDelegate):
        async def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> sm.ResponseDisposition: ...  # type: ignore[empty-body]

    assert {"task_did_complete": False} == forms(Base())
    assert {"task_did_complete": False, "data_task_did_receive_response": False} == forms(Derived()) == forms(Proxy(Derived()))
    assert [True, False] == [responds_to(Derived(), "task_did_complete"), responds_to(Derived(), "task_did_receive_challenge")]


def test_a_method_of_the_instance_is_called() -> None:
    """One that is set before the delegate is given; in a `__dict__`, in a slot or by a property."""
    class Plain:
        pass

    class Slotted:
        __slots__ = ("task_did_complete",)

    class Computed:
        @property
        def task_did_complete(self) -> Any:
            return lambda session, task, error: None

    assert {} == forms(Plain()) == forms(Slotted())
    for delegate in (Plain(), Slotted()):
        delegate.task_did_complete = lambda session, task, error: None      # type: ignore[union-attr]
        assert {"task_did_complete": False} == forms(delegate)
    assert {"task_did_complete": False} == forms(Computed())
    assert {} == forms(Plain()) == forms(Slotted())


def test_methods_are_looked_up_once_for_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second instance costs no look."""
    class Known:
        def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    assert {"task_did_complete": False} == forms(Known())
    monkeypatch.delattr(lookup, "_examine")
    assert {"task_did_complete": False} == forms(Known())


def test_a_method_that_is_patched_is_called_as_what_it_stands_for() -> None:
    """On an instance, and on its class, which is looked at anew when the patch is over."""
    class Handling:
        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, completion_handler: Any) -> None: ...

    delegate = Handling()
    with patch.object(delegate, "task_did_receive_challenge") as mock:
        assert {"task_did_receive_challenge": True} == forms(delegate)
        assert mock is methods(delegate)["task_did_receive_challenge"].call
    with patch.object(Handling, "task_did_receive_challenge", return_value=sm.AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING):
        assert {"task_did_receive_challenge": False} == forms(delegate)
    assert {"task_did_receive_challenge": True} == forms(delegate)


def test_who_responds_to_what() -> None:
    """By name; nobody responds to nothing, and a class does not: its instances do."""
    assert [True, False, False, False, False] == [
        responds_to(Delegate(), "task_did_complete"), responds_to(Delegate(), "anything_else"), responds_to(None, "task_did_complete"),
        responds_to(Delegate, "task_did_complete"), responds_to(Delegate(), "session_did_create_task")]


def test_a_class_that_was_given_a_method_or_lost_one_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by `monkeypatch` in one test of several: the class was known before, or is known from then."""
    class Base:
        def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    class Patched(Base):
        pass

    assert {"task_did_complete"} == methods(Patched()).keys()
    with monkeypatch.context() as patched:
        patched.setattr(Patched, "session_did_become_invalid", lambda self, session, error: None, raising=False)
        assert {"task_did_complete", "session_did_become_invalid"} == methods(Patched()).keys()
        patched.delattr(Base, "task_did_complete")
        assert {"session_did_become_invalid"} == methods(Patched()).keys()
    assert {"task_did_complete"} == methods(Patched()).keys()
