"""User code that goes wrong while a task loads: the task fails with -1 over what was raised, and nobody else meets it."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.routes.base import UnconnectedChannel
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer
from tests.tasks.delegates import Ending

URL = "http://a.test/"
SPACE = sm.URLProtectionSpace("a.test", 80, "http", "r", sm.NSURLAuthenticationMethodHTTPBasic)
Setting = Callable[[sm.URLSessionConfiguration], Any]


class Boom(Exception):
    """What the user's code raises."""


def boom(*_: Any, **__: Any) -> Any:
    raise Boom("boom")


async def unheard(*_: Any) -> Any:
    """What nobody would run."""


def subclass(base: type, *hooks: str, **more: Any) -> Any:
    """A class of the user's over `base`, whose `hooks` raise."""
    return type("Mine", (base,), {**dict.fromkeys(hooks, boom), **more})


@pytest.fixture(autouse=True)
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What goes to threading.excepthook."""
    found: list[BaseException] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: found.append(arguments.exc_value))
    return found


async def serve(peer: Peer) -> None:
    """Basic for /secret, a redirect from /moved; everything else may be kept, and sets a cookie."""
    while head := await peer.receive():
        while head.startswith(b"POST") and not head.endswith((b"0\r\n\r\n", b"body")):
            head += await peer.receive()
        path = head.split(b" ")[1]
        status, fields = {
            b"/secret": (b"401 Unauthorized", b'WWW-Authenticate: Basic realm="r"\r\n'),
            b"/moved": (b"302 Found", b"Location: /\r\n"),
        }.get(path, (b"200 OK", b"Cache-Control: max-age=60\r\nSet-Cookie: a=1\r\n"))
        await peer.send(b"HTTP/1.1 %b\r\n%bContent-Length: 2\r\n\r\nhi" % (status, fields))


@pytest.fixture(params=["live", "script"])
def route(request: pytest.FixtureRequest) -> Iterator[None]:
    """The server, over the wire and as a script, in virtual time."""
    with sm.virtual_time():
        if request.param == "live":
            made: Any = sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False)
        else:
            made = sm.ScriptRoute()
            made.get(f"{URL}secret").respond(401, headers={"WWW-Authenticate": 'Basic realm="r"'})
            made.get(f"{URL}moved").respond(302, headers={"Location": "/"})
            made.route().respond(200, headers={"Cache-Control": "max-age=60", "Set-Cookie": "a=1"}, content=b"hi")
        with sm.use_route(made):
            yield


def ended(task: sm.URLSessionTask, error: BaseException | None, kind: type = Boom) -> str:
    """`task` has failed over a `kind`; the texts that name what raised it."""
    assert isinstance(error, sm.URLError), f"{task!r} ended with {error!r}"
    cause = error.underlying_error
    assert (sm.URLError.Code.UNKNOWN, sm.TaskState.COMPLETED, True) == (error.code, task.state, isinstance(cause, kind))
    task.cancel()
    assert error is task.error
    return f"{error} {cause.__notes__ if cause is not None else ''}"


def loaded(path: str = "", setting: Setting | None = None, delegate: Ending | None = None, **options: Any) -> Any:
    """A task that was resumed, and what it ended with."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    if setting is not None:
        setting(configuration)
    delegate = delegate or Ending()
    with sm.URLSession(configuration, delegate, **options) as session:
        task = session.data_task(URL + path)
        task.resume()
    return task, delegate.wait()


def storing(base: type, hook: str, attribute: str) -> Setting:
    return lambda configuration: setattr(configuration, attribute, subclass(base, hook)())


def listening(configuration: sm.URLSessionConfiguration) -> None:
    configuration.http_cookie_storage = sm.HTTPCookieStorage()
    configuration.http_cookie_storage.cookies_changed.append(boom)


# stores ----------------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("route")
@pytest.mark.parametrize(("path", "hook", "setting"), [
    ("", "get_cached_response_for_task", storing(sm.URLCache, "get_cached_response_for_task", "url_cache")),
    ("", "store_cached_response_for_task", storing(sm.URLCache, "store_cached_response_for_task", "url_cache")),
    ("", "store_cached_response", storing(sm.URLCache, "store_cached_response", "url_cache")),
    ("", "get_cookies_for", storing(sm.HTTPCookieStorage, "get_cookies_for", "http_cookie_storage")),
    ("", "store_cookies", storing(sm.HTTPCookieStorage, "store_cookies", "http_cookie_storage")),
    ("", "cookies_changed", listening),
    ("secret", "get_default_credential", storing(sm.URLCredentialStorage, "get_default_credential", "url_credential_storage")),
], ids=lambda each: each if isinstance(each, str) else "")
def test_a_store_that_raises_fails_the_task(path: str, hook: str, setting: Setting, reported: list[BaseException]) -> None:
    """It is reported too, and the error names the hook."""
    task, error = loaded(path, setting)
    assert hook in ended(task, error)
    assert [error.underlying_error] == reported


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize(("path", "hook", "attribute", "base"), [
    ("", "get_cached_response_for_task", "url_cache", sm.URLCache),
    ("secret", "get_default_credential", "url_credential_storage", sm.URLCredentialStorage),
    ("", "get_cookies_for", "http_cookie_storage", sm.HTTPCookieStorage),
])
def test_what_a_store_hands_over_is_checked(path: str, hook: str, attribute: str, base: type) -> None:
    """Its completion handler takes one kind of thing."""
    answering = {hook: lambda self, *arguments: arguments[-1](["text"])}
    task, error = loaded(path, lambda configuration: setattr(configuration, attribute, type("Mine", (base,), answering)()))
    assert f"Mine.{hook}" in ended(task, error, Exception)


def test_a_removal_that_raises_fails_the_task() -> None:
    """What the server gives now is not to be kept, and makes what was there stale."""
    cache = subclass(sm.URLCache, "remove_cached_response_for_task")()
    script = sm.ScriptRoute().answer(headers={"Cache-Control": "no-store"})
    with sm.virtual_time(), sm.use_route(script):
        task, error = loaded(setting=lambda configuration: setattr(configuration, "url_cache", cache))
    assert "remove_cached_response_for_task" in ended(task, error)


# delegates ---------------------------------------------------------------------------------------------------------------
CHALLENGE, REDIRECT, RESPONSE = "task_did_receive_challenge", "task_will_perform_http_redirection", "data_task_did_receive_response"
CACHE = "data_task_will_cache_response"


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("how", ["returned", "handed"])
@pytest.mark.parametrize(("path", "name", "answer"), [
    ("secret", CHALLENGE, None), ("secret", CHALLENGE, sm.URLCredential("u", "p")), ("secret", CHALLENGE, True),
    ("secret", CHALLENGE, sm.ResponseDisposition.ALLOW), ("secret", CHALLENGE, sm.AuthChallengeDisposition.USE_CREDENTIAL),
    ("secret", CHALLENGE, 7), ("moved", REDIRECT, "http://a.test/x"), ("moved", REDIRECT, True), ("", RESPONSE, "allow"), ("", RESPONSE, True),
    ("", RESPONSE, sm.ResponseDisposition.BECOME_STREAM), ("", RESPONSE, 9), ("", CACHE, b"bytes"), ("", CACHE, True),
], ids=repr)
def test_a_wrong_answer_fails_the_task(how: str, path: str, name: str, answer: Any) -> None:
    """However it is given. The error names the question, and says what it takes."""
    async def returned(self: Any, session: Any, task: Any, *_: Any) -> Any:
        return answer

    def handed(self: Any, session: Any, task: Any, one: Any, *more: Any) -> None:
        more[-1](answer)

    method = returned if how == "returned" else handed
    task, error = loaded(path, delegate=type("Wrong", (Ending,), {name: method})())
    text = ended(task, error, sm.InvalidArgumentException)
    assert f"{name} was answered with" in text
    assert f"delegate's {name}" in text


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize(("path", "name", "values"), [
    ("secret", CHALLENGE, ()), ("secret", CHALLENGE, (sm.AuthChallengeDisposition.USE_CREDENTIAL, ("u", "p"))),
    ("secret", CHALLENGE, (sm.AuthChallengeDisposition.USE_CREDENTIAL, None, None)), ("moved", REDIRECT, (None, None)), ("", RESPONSE, ()),
    ("", CACHE, (None, None)),
], ids=repr)
def test_a_completion_handler_takes_so_many_values(path: str, name: str, values: tuple[Any, ...]) -> None:
    """Another number of them is no answer; the password of what was meant as a credential is not shown."""
    def handed(self: Any, session: Any, task: Any, one: Any, *more: Any) -> None:
        more[-1](*values)

    task, error = loaded(path, delegate=type("Wrong", (Ending,), {name: handed})())
    assert "'p'" not in ended(task, error, sm.InvalidArgumentException)


@pytest.mark.parametrize("answer", ["text", 5, object(), {1: 2}.get])
def test_what_is_no_body_fails_the_upload(answer: Any) -> None:
    """Text, or what cannot be read."""
    class Wrong(Ending):
        def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
            return answer

    with sm.virtual_time(), sm.use_route(sm.ScriptRoute().answer()):
        with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate := Wrong()) as session:
            task = session.upload_task(streamed_request=sm.URLRequest(URL, "POST"))
            task.resume()
        assert "task_need_new_body_stream was answered with" in ended(task, delegate.wait(), sm.InvalidArgumentException)


@pytest.fixture
def on_purpose() -> Iterator[None]:
    """Checks that fail here are told to a scope of their own, and not to that of the test, which they would fail."""
    with sm.LeakScope("on purpose") as scope:
        scope.history = sm.History()
        yield


@pytest.mark.usefixtures("route", "on_purpose")
@pytest.mark.parametrize("error", [Boom("boom"), KeyboardInterrupt(), SystemExit(1), pytest.fail.Exception("failed")], ids=repr)
def test_whatever_is_raised_ends_the_task_alone(error: BaseException, reported: list[BaseException]) -> None:
    """`resume()` does not raise it, and no other task of the session hears of it."""
    def raises(*_: Any) -> None:
        raise error

    cache = type("Mine", (sm.URLCache,), {"store_cached_response_for_task": raises})()
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.url_cache = cache
    with sm.URLSession(configuration, delegate := Ending()) as session:
        task = session.data_task(URL)
        task.resume()
        _, response = session.data(f"{URL}secret").result()
    ended(task, delegate.wait(), type(error))
    assert isinstance(response, sm.HTTPURLResponse) and 401 == response.status_code
    assert [error] == reported


@pytest.mark.parametrize(("wrong", "kind"), [(boom, Boom), (unheard, sm.InvalidArgumentException)])
def test_what_goes_wrong_where_a_task_is_made_fails_it(wrong: Any, kind: type) -> None:
    """Whoever makes the task gets it all the same. What is called within the call cannot be awaited."""
    class Wrong(Ending):
        session_did_create_task = wrong

    with sm.virtual_time(), sm.use_route(sm.ScriptRoute().answer()):
        task, error = loaded(delegate=Wrong())
    assert "session_did_create_task" in ended(task, error, kind)


# progress --------------------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("uploads", [False, True])
def test_an_observer_of_the_progress_that_raises_fails_the_task(uploads: bool) -> None:
    """The others are told, and the bytes that were told of are delivered no more."""
    told: list[int] = []
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate := Ending()) as session:
        task = session.upload_task(URL, b"body") if uploads else session.data_task(URL)
        task.progress.observe(boom)
        task.progress.observe(lambda progress: told.append(progress.completed_unit_count))
        task.resume()
    assert "an observer of the progress" in ended(task, delegate.wait())
    assert told == [4 if uploads else 2]


# protocol classes --------------------------------------------------------------------------------------------------------------
class Answers(sm.URLProtocol):
    """Answers with one response."""

    @classmethod
    def can_init_with_request(cls, request: sm.URLRequest) -> bool:
        return True

    def start_loading(self) -> None:
        self.client.did_receive_response(sm.HTTPURLResponse(URL, 200))
        self.client.did_finish_loading()


def asking(self: sm.URLProtocol) -> None:
    self.client.did_receive_challenge(sm.URLAuthenticationChallenge(protection_space=SPACE), boom)


def answering(*calls: tuple[str, Any]) -> Callable[[sm.URLProtocol], None]:
    def start_loading(self: sm.URLProtocol) -> None:
        for name, value in calls:
            getattr(self.client, name)(value)

    return start_loading


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize(("names", "members"), [
    ("can_init_with_request", {"can_init_with_request": classmethod(boom)}), ("can_init_with_task", {"can_init_with_task": classmethod(boom)}),
    ("canonical_request", {"canonical_request": classmethod(boom)}), ("Mine()", {"__init__": boom}), ("start_loading", {"start_loading": boom}),
    ("completion_handler of did_receive_challenge", {"start_loading": asking}),
], ids=lambda each: each if isinstance(each, str) else "")
@pytest.mark.parametrize("error", [Boom, SystemExit])
def test_a_protocol_class_that_raises_fails_the_task(names: str, members: dict[str, Any], error: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it does, and whatever."""
    if error is not Boom:
        monkeypatch.setattr(__name__ + ".Boom", error)
    task, failure = loaded(setting=lambda configuration: setattr(configuration, "protocol_classes", [type("Mine", (Answers,), members)]))
    assert names in ended(task, failure, error)


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("members", [
    {"canonical_request": classmethod(lambda cls, request: None)}, {"start_loading": answering(("did_receive_response", "text"))},
    {"start_loading": answering(("did_receive_response", sm.URLResponse(URL)), ("did_load", "text"))},
    {"start_loading": answering(("did_receive_response", sm.URLResponse(URL)), ("did_load", 5))},
    {"start_loading": answering(("cached_response_is_valid", None))}, {"start_loading": answering(("did_fail", "text"))},
    {"start_loading": unheard}, {"can_init_with_request": classmethod(unheard)}, {"can_init_with_task": classmethod(unheard)},
], ids=["canonical request", "response", "text", "number", "cached response", "error", "coroutine", "coroutine for requests", "coroutine for tasks"])
def test_what_a_protocol_class_hands_over_is_checked(members: dict[str, Any]) -> None:
    """At the call, or where it returns."""
    task, error = loaded(setting=lambda configuration: setattr(configuration, "protocol_classes", [type("Mine", (Answers,), members)]))
    assert "raised in Mine." in ended(task, error, sm.InvalidArgumentException)


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("members", [{"stop_loading": boom}, {"start_loading": lambda self: (Answers.start_loading(self), boom())}])
def test_what_a_protocol_class_raises_after_its_end_is_reported(members: dict[str, Any], reported: list[BaseException]) -> None:
    """The task has its answer."""
    def setting(configuration: sm.URLSessionConfiguration) -> None:
        configuration.protocol_classes = [type("Mine", (Answers,), members)]

    assert loaded(setting=setting)[1] is None
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.data("data:,later").result()
    assert ["boom"] == [str(each) for each in reported]


# bodies --------------------------------------------------------------------------------------------------------------------------
class Reader:
    """A file of the user's."""

    def __init__(self, *pieces: Any) -> None:
        self.pieces = list(pieces)

    def read(self, size: int) -> Any:
        piece = self.pieces.pop(0) if self.pieces else b""
        return boom() if piece is None else piece


def generated(*pieces: Any) -> Iterator[Any]:
    for piece in pieces:
        yield boom() if piece is None else piece


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize(("make", "piece", "kind"), [
    (generated, None, Boom), (Reader, None, Boom), (generated, "text", sm.InvalidArgumentException), (Reader, "text", sm.InvalidArgumentException)])
def test_a_body_that_raises_fails_the_task(make: Any, piece: Any, kind: type) -> None:
    """In the midst of it, or as soon as it gives what are no bytes."""
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate := Ending()) as session:
        task = session.data_task(sm.URLRequest(URL, "POST", http_body_stream=make(b"abc", piece)))
        task.resume()
    assert "body stream" in ended(task, delegate.wait(), kind)


# networks --------------------------------------------------------------------------------------------------------------------------
OFFLINE = sm.NetworkPath(is_satisfied=False)


def waiting(configuration: sm.URLSessionConfiguration) -> None:
    configuration.waits_for_connectivity = True


@pytest.mark.usefixtures("route")
@pytest.mark.parametrize(("hook", "members"), [("path", {"path": property(boom)}), ("path", {"path": "wifi"}), ("observe", {"observe": boom})])
def test_a_path_monitor_that_raises_fails_the_task(hook: str, members: dict[str, Any]) -> None:
    """Or that has something else to tell than a path."""
    monitor = type("Mine", (sm.PathMonitor,), members)(OFFLINE)
    task, error = loaded(setting=waiting, path_monitor=monitor)
    assert f"Mine.{hook}" in ended(task, error, Exception)


@pytest.mark.usefixtures("route")
def test_a_path_monitor_that_cannot_let_go_ends_no_task_twice(reported: list[BaseException]) -> None:
    """A cancelled task is cancelled."""
    monitor = subclass(sm.PathMonitor, "ignore")(OFFLINE)
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.waits_for_connectivity = True
    with sm.URLSession(configuration, delegate := Ending(), path_monitor=monitor) as session:
        task = session.data_task(URL)
        task.resume()
        task.cancel()
    assert (-999, ["boom"]) == (delegate.code(), [str(each) for each in reported])


def test_every_observer_of_a_network_hears_of_it() -> None:
    """One that raises does so where the network was changed, when all others were told."""
    monitor, told = sm.PathMonitor(), []
    for observer in (lambda: told.append(1), boom, lambda: told.append(2)):
        monitor.observe(observer)
    with pytest.raises(Boom):
        monitor.update(OFFLINE)
    assert [1, 2] == sorted(told)


# routes ----------------------------------------------------------------------------------------------------------------------------
class Broken(UnconnectedChannel):
    """A route of the user's, and its channel and exchange, of which something raises."""

    source = "live"
    is_live = True
    timing = None

    def __init__(self, *broken: str) -> None:
        for name in broken:
            setattr(self, name, boom)

    def bind(self, configuration: Any, host: Any) -> Any:
        return self

    def open(self, request: Any, sink: Any) -> Any:
        return self

    def cancel(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...



@pytest.mark.parametrize("member", ["bind", "open", "cancel", "pause", "close"])
def test_a_route_that_raises_ends_its_task(member: str, reported: list[BaseException]) -> None:
    """And its session becomes invalid."""
    with sm.virtual_time(), sm.use_route(Broken(member)):
        with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate := Ending()) as session:
            task = session.data_task(URL)
            task.resume()
            task.suspend()
            task.cancel()
        error = delegate.wait()
    assert isinstance(error, sm.URLError)
    assert (["boom"], sm.TaskState.COMPLETED) == ([str(each) for each in reported], task.state)


# queues ----------------------------------------------------------------------------------------------------------------------------
@pytest.mark.sessionmock(invariants="off")      # nobody is told, by the queue's fault
@pytest.mark.usefixtures("route")
@pytest.mark.parametrize("broken", ["submit", "everything but the first"])
def test_a_delegate_queue_that_raises_ends_its_tasks_and_its_session(broken: str, reported: list[BaseException]) -> None:
    """Untold, for there is nowhere to tell it."""
    class Telling(Ending):
        def session_did_become_invalid(self, session: Any, error: Any) -> None: ...

        def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any: ...

    class Queue(sm.OperationQueue):
        left = 0 if broken == "submit" else 1

        def submit(self, operation: Any, engine: Any) -> None:
            self.left -= 1
            if self.left < 0:
                boom()
            super().submit(operation, engine)

    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Telling(), Queue()) as session:
        task = session.data_task(URL)
        task.resume()
    assert (sm.TaskState.COMPLETED, None) == (task.state, session.delegate)
    assert {"boom"} == {str(each) for each in reported}
