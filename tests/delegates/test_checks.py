"""What is no delegate is refused where it is given, and what is misspelt is said."""
from __future__ import annotations

import functools
import types
import warnings
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec, patch

import pytest

import sessionmock as sm
from sessionmock.delegates import methods


class Good:
    def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...


class CatchAll:
    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@pytest.mark.parametrize(("delegate", "way_out"), [
    (Good, r"an instance, as Good\(\)"),
    (Mock(), r"Mock\(spec=YourDelegate\)"),
    (MagicMock(), r"Mock\(spec=YourDelegate\)"),
    (AsyncMock(), r"Mock\(spec=YourDelegate\)"),
    (CatchAll(), "method of every name"),
    ("https://api.example.com", "sessionmock.SELECTORS"),
    (5, "sessionmock.SELECTORS"),
    ({"task_did_complete": print}, "sessionmock.SELECTORS"),
    (lambda data, response, error: None, "completion_handler of a task"),
    (print, "completion_handler of a task"),
    (types, "sessionmock.SELECTORS"),
    (functools.partial(print), "completion_handler of a task"),
    (weakref.ref(Good), "sessionmock.SELECTORS"),
], ids=["class", "mock", "magic mock", "async mock", "every name", "str", "int", "dict", "function", "builtin", "module",
        "partial", "weak reference"])
def test_what_can_be_no_delegate_is_refused(delegate: Any, way_out: str) -> None:
    """Where it is given to a session or to a task, with the way out; nothing was made."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    with pytest.raises(sm.InvalidArgumentException, match=way_out):
        sm.URLSession(configuration, delegate)
    with sm.use_route(script := sm.ScriptRoute()), sm.URLSession(configuration) as session:
        with pytest.raises(sm.InvalidArgumentException, match=way_out):
            session.data("https://api.example.com/", delegate)
        script.answer(sm.Answer(200))
        task = session.data_task("https://api.example.com/")
        with pytest.raises(sm.InvalidArgumentException, match=way_out):
            task.delegate = delegate
        assert task.delegate is None
        task.resume()


def test_a_module_with_callbacks_is_a_delegate() -> None:
    """What counts is what it has."""
    module = types.ModuleType("callbacks")
    module.task_did_complete = lambda session, task, error: None      # type: ignore[attr-defined]
    assert ["task_did_complete"] == list(methods(module))


def _generator(self: Any, session: Any, task: Any, error: Any) -> Iterator[None]:
    yield


async def _async_generator(self: Any, session: Any, task: Any, error: Any) -> AsyncIterator[None]:
    yield


def _with(name: str, function: Any) -> object:
    return type("Delegate", (), {name: function})()


@pytest.mark.parametrize(("name", "function", "way_out"), [
    ("task_did_complete", lambda self: None, r"task_did_complete\(\) .*def task_did_complete\(self, session, task, error\)$"),
    ("task_did_complete", lambda self, s, t, e, more: None, r"def task_did_complete\(self, session, task, error\)$"),
    ("task_did_complete", lambda self, *, session, task, error: None, r"def task_did_complete"),
    ("task_did_complete", 5, r"task_did_complete is 5, which cannot be called: def task_did_complete"),
    ("task_did_complete", _generator, r"task_did_complete has a yield, .*: def task_did_complete"),
    ("task_did_complete", _async_generator, r"task_did_complete has a yield, .*: def task_did_complete"),
    ("session_did_finish_events_for_background", lambda self, s, t: None, r"\(self, session\)$"),
    ("task_did_receive_challenge", lambda self, s, t: None, r"\(self, session, task, challenge\), .* or takes completion_handler last"),
    ("task_did_receive_challenge", lambda self, s, t, c, h, more: None, r"or takes completion_handler last"),
    ("task_need_new_body_stream", lambda self, s, t, *, completion_handler: None, r"or takes completion_handler last"),
])
def test_a_method_that_cannot_take_its_arguments_is_refused(name: str, function: Any, way_out: str) -> None:
    """Too few, too many, or by name alone: the signature that is right is said, and the one that was found."""
    with pytest.raises(sm.InvalidArgumentException, match=way_out):
        sm.URLSession(sm.URLSessionConfiguration.ephemeral(), _with(name, function))


def test_a_coroutine_function_does_not_take_the_handler() -> None:
    """It is its answer that goes on: with a handler as well there would be two."""
    class Both:
        async def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None: ...

    with pytest.raises(sm.InvalidArgumentException, match=r"\(self, session, task, response\), which returns the answer$"):
        methods(Both())


def test_the_methods_of_an_autospec_and_a_namespace_are_looked_at_too() -> None:
    """Whoever stands for a delegate is called as the delegate is."""
    class Few:
        def task_did_complete(self, session: Any) -> None: ...

    for delegate in (create_autospec(Few, instance=True), Mock(spec=Few), types.SimpleNamespace(task_did_complete=lambda: None)):
        with pytest.raises(sm.InvalidArgumentException, match="cannot take the arguments"):
            methods(delegate)


def test_a_decorator_may_give_arguments_or_take_some() -> None:
    """What the decorated function takes is not what is called, whatever its `__wrapped__` says."""
    class Decorated:
        @patch("os.getcwd")
        def task_did_complete(self, session: Any, task: Any, error: Any, getcwd: Any) -> None: ...

    def without_session(function: Any) -> Any:
        @functools.wraps(function)
        def called(self: Any, session: Any, task: Any, error: Any) -> None:
            function(self, error)
        return called

    class Fewer:
        @without_session
        def task_did_complete(self, error: Any) -> None: ...

    assert ["task_did_complete"] == list(methods(Decorated())) == list(methods(Fewer()))


def test_a_builtin_without_a_signature_is_believed() -> None:
    """There is nothing to look at."""
    assert ["task_did_complete"] == list(methods(types.SimpleNamespace(task_did_complete=dict)))


@pytest.mark.parametrize(("name", "nearest"), [
    ("task_did_recieve_challenge", "task_did_receive_challenge"),
    ("task_did_complete_with_error", "task_did_complete"),
    ("data_task_did_recieve_data", "data_task_did_receive_data"),
    ("session_did_become_invalid_with_error", "session_did_become_invalid"),
    ("download_task_did_finish_downloading_to_url", "download_task_did_finish_downloading"),
    ("websocket_task_did_open", "web_socket_task_did_open"),
    ("upload_task_did_send_body_data", "task_did_send_body_data"),
    ("stream_task_closed_for_reading", "stream_task_read_closed"),
    ("tsak_did_complete", "task_did_complete"),
    ("taskDidComplete", "task_did_complete"),
    ("url_session_did_become_invalid", "session_did_become_invalid"),
    ("url_session_did_receive_challenge", "session_did_receive_challenge"),
    ("url_session_task_did_complete_with_error", "task_did_complete"),
    ("urlSession_task_didReceiveChallenge", "task_did_receive_challenge"),
    ("URLSession_task_didCompleteWithError_", "task_did_complete"),
])
def test_a_name_that_is_meant_as_a_callback_and_is_none_warns(name: str, nearest: str) -> None:
    """With the nearest name, where the method is written; once for its class."""
    def method(self: Any) -> None: ...

    kind = type("Delegate", (), {name: method})
    with pytest.warns(sm.DelegateWarning, match=f"^Delegate.{name} is no delegate method, and is never called; the nearest is {nearest}$") as warned:
        methods(kind())
    assert [(__file__, method.__code__.co_firstlineno)] == [(each.filename, each.lineno) for each in warned]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        methods(kind())


def test_a_warning_that_is_an_error_comes_back() -> None:
    """A class that was refused so is not forgotten."""
    class Misspelt:
        def task_did_finish(self) -> None: ...

    for _ in range(2):
        with warnings.catch_warnings(), pytest.raises(sm.DelegateWarning):
            warnings.simplefilter("error", sm.DelegateWarning)
            methods(Misspelt())


def test_a_namespace_and_a_mock_are_warned_of_too() -> None:
    """Each by itself, for their class says nothing."""
    for delegate in (types.SimpleNamespace(task_did_complet=print), Mock(spec=["task_did_complet"])):
        with pytest.warns(sm.DelegateWarning, match="the nearest is task_did_complete"):
            methods(delegate)


def test_what_is_not_meant_as_a_callback_is_left_alone() -> None:
    """Private methods, data, classes, and names that begin otherwise."""
    class Quiet:
        task_count = 0
        session_kind = dict
        State = int

        def _task_did_complete(self) -> None: ...

        def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

        def tasks(self) -> None: ...

        def did_it(self) -> None: ...

        def i_will_do_it(self) -> None: ...

        @property
        def task_name(self) -> str:
            raise AssertionError("nobody asks")

    assert ["task_did_complete"] == list(methods(Quiet()))


def test_what_is_meant_for_something_else_warns() -> None:
    """It has methods, and none of a delegate's: as a queue that stands in the delegate's place. One without any is left alone."""
    class Empty:
        kind = 1

    class Silent(sm.URLSessionDataDelegate):
        pass

    with pytest.warns(sm.DelegateWarning, match="^a OperationQueue has no delegate method, and nothing of it is ever called") as warned:
        methods(sm.OperationQueue())
    assert [__file__] == [each.filename for each in warned]
    assert {} == methods(sm.OperationQueue()) == methods(Empty()) == methods(Silent()) == methods(object()) == methods(types.SimpleNamespace())
