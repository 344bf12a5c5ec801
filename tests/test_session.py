"""Sessions: their life, their delegates and their queues, over real sockets."""
from __future__ import annotations

import asyncio
import copy
import gc
import math
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
import trio

import sessionmock as sm
from sessionmock import registry
from tests.engine.server import Server

PATIENCE = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server() as running:
        yield running.url


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What goes to threading.excepthook in this test."""
    seen: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    return seen


def configuration(**values: Any) -> sm.URLSessionConfiguration:
    made = sm.URLSessionConfiguration.ephemeral()
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Recorder:
    """A delegate that notes what it is told and on which thread."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.threads: set[threading.Thread] = set()
        self.data = b""
        self.errors: list[Any] = []
        self.over = threading.Event()

    def note(self, name: str) -> None:
        self.calls.append(name)
        self.threads.add(threading.current_thread())

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
        self.note("response")
        completion_handler(sm.ResponseDisposition.ALLOW)

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.note("data")
        self.data += data

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.note("complete")
        self.errors.append(error)

    def session_did_become_invalid(self, session: Any, error: Any) -> None:
        self.note("invalid")
        self.errors.append(error)
        self.over.set()


def codes(errors: list[Any]) -> list[Any]:
    return [None if error is None else int(error.code) for error in errors]


# the configuration --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("wrong", [None, "default", sm.URLSessionConfiguration])
def test_a_session_needs_a_configuration(wrong: Any) -> None:
    """Anything else raises at the call, naming the value and the way out (I29)."""
    with pytest.raises(sm.InvalidArgumentException, match=r"takes a configuration, as URLSessionConfiguration\.default\(\)"):
        sm.URLSession(wrong)


def test_a_bare_session_is_misuse() -> None:
    """Without any argument it raises the same, and not a TypeError that names no way out (I29)."""
    with pytest.raises(sm.InvalidArgumentException, match=r"takes a configuration, as URLSessionConfiguration\.default\(\)"):
        sm.URLSession()


def test_a_background_session_is_not_pretended() -> None:
    """The configuration can be made and read; a session of it raises, with the way out, and is not kept anywhere."""
    before = len(registry.sessions)
    for _ in range(2):
        with pytest.raises(sm.InvalidArgumentException, match=r"background\('b'\).*: nothing carries on .*; use default\(\) or ephemeral\(\)"):
            sm.URLSession(sm.URLSessionConfiguration.background("b"))
    assert before == len(registry.sessions)


def test_what_has_no_effect_is_said_where_the_session_is_made() -> None:
    """Once, at the caller's line; as an error it leaves no session behind."""
    made = sm.URLSessionConfiguration.ephemeral()
    made.http_additional_headers = {"Host": "h"}
    made.multipath_service_type = sm.MultipathServiceType.HANDOVER
    with pytest.warns(sm.SettingWarning) as warned:
        session = sm.URLSession(made)
    assert [(__file__, "multipath_service_type"), (__file__, "http_additional_headers")] == [
        (each.filename, str(each.message).partition(".")[2].partition(" ")[0].rstrip(":")) for each in warned]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.configuration.copy()
        session.invalidate_and_cancel()
    before = len(registry.sessions)
    with pytest.raises(sm.SettingWarning):
        sm.URLSession(made)
    assert before == len(registry.sessions)


@pytest.mark.parametrize("make", [
    lambda session, request: session.data_task(request), lambda session, request: session.upload_task(request, b"x"),
    lambda session, request: session.download_task(request, lambda *_: None), lambda session, request: session.data(request).task,
])
def test_what_has_no_effect_in_a_request_is_said_where_its_task_is_made(make: Any) -> None:
    """At the caller's line, whichever way the task is made."""
    with sm.URLSession(configuration()) as session:
        with pytest.warns(sm.SettingWarning, match=r"URLRequest\.attribution has no effect here") as warned:
            make(session, sm.URLRequest("data:,x", attribution=sm.Attribution.USER, http_should_handle_cookies=False)).cancel()
        assert [__file__] == [each.filename for each in warned]


def test_the_configuration_is_copied() -> None:
    """Changes afterwards, to the caller's or to the session's answer, change nothing; stores are shared (I7)."""
    given = configuration(timeout_interval_for_request=7.0, http_additional_headers={"X-One": "1"})
    with sm.URLSession(given) as session:
        given.timeout_interval_for_request = 8.0
        session.configuration.timeout_interval_for_request = 9.0
        assert 7.0 == session.configuration.timeout_interval_for_request
        assert session.configuration.http_cookie_storage is given.http_cookie_storage
        assert copy.copy(session) is session and copy.deepcopy(session) is session


def test_additional_headers_are_added_where_the_request_has_none(server: str) -> None:
    """The request's own field wins, whatever its case (I26)."""
    seen = []
    route = sm.ScriptRoute()
    with sm.use_route(route), sm.URLSession(configuration(http_additional_headers={"X-One": "session", "X-Two": "session"})) as session:
        route.get("http://a.test/").mock(side_effect=lambda request: seen.append(request.headers) or _response())
        request = sm.URLRequest("http://a.test/")
        request.set_value("request", for_http_header_field="x-one")
        session.data(request).result()
    assert ("request", "session") == (seen[0]["X-One"], seen[0]["X-Two"])


def _response() -> Any:
    import httpx

    return httpx.Response(200)


def test_cookies_are_stored_before_the_response_is_told_and_sent_again(server: str) -> None:
    """Who hears of the response finds its cookies in the store (I25)."""
    given = configuration()
    found: list[list[str]] = []

    class Delegate(Recorder):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
            storage = session.configuration.http_cookie_storage
            found.append([cookie.name for cookie in storage.cookies])
            super().data_task_did_receive_response(session, task, response, completion_handler)

    with sm.URLSession(given, Delegate()) as session:
        session.data_task(f"{server}/cookie").resume()
    assert [["taste"]] == found


# invalidation ----------------------------------------------------------------------------------------------------------

def test_finishing_lets_tasks_end_and_tells_the_end_once_and_last(server: str) -> None:
    """New tasks are refused at once, those that run end, then comes did-become-invalid with no error (I10)."""
    delegate = Recorder()
    session = sm.URLSession(configuration(), delegate)
    for _ in range(2):
        session.data_task(f"{server}/slow/0.1").resume()
    session.finish_tasks_and_invalidate()
    with pytest.raises(sm.GenericException, match="Task created in a session that has been invalidated"):
        session.data_task(server)
    session.finish_tasks_and_invalidate()
    session.invalidate_and_cancel()
    assert delegate.over.wait(PATIENCE)
    assert ["complete", "complete", "invalid"] == [name for name in delegate.calls if name not in ("response", "data")]
    assert None is delegate.errors[-1]
    session.invalidate_and_cancel()
    assert 1 == delegate.calls.count("invalid")


@pytest.mark.parametrize("make", [
    lambda session: session.data_task("http://a.test/"),
    lambda session: session.upload_task("http://a.test/", b"data"),
    lambda session: session.download_task("http://a.test/"),
    lambda session: session.data("http://a.test/"),
    lambda session: session.upload("http://a.test/", b"data"),
    lambda session: session.download("http://a.test/"),
])
def test_every_way_of_making_a_task_on_an_invalid_session_raises(make: Callable[[sm.URLSession], Any]) -> None:
    """At the call, never later: NSGenericException's reason and where the session was made (I12)."""
    session = sm.URLSession(configuration())
    session.invalidate_and_cancel()
    with pytest.raises(sm.GenericException, match=r"invalidated: .*made at .*test_session\.py"):
        make(session)


def test_a_task_that_is_made_while_its_session_ends_has_its_delegate(server: str) -> None:
    """Once the session knows the task it is complete: invalidation on another thread finds nothing half made."""
    session = sm.URLSession(configuration())

    class Lock:
        def __init__(self) -> None:
            self.lock, self.made = session._lock, False

        def __enter__(self) -> None:
            self.lock.acquire()

        def __exit__(self, *_: object) -> None:
            self.lock.release()
            if session._tasks and not self.made:
                self.made = True
                thread = threading.Thread(target=session.invalidate_and_cancel)
                thread.start()
                thread.join(PATIENCE)

    session._lock = Lock()  # type: ignore[assignment]
    with pytest.raises(sm.URLError) as caught:
        session.data(f"{server}/hang", delegate=Recorder()).result(PATIENCE)
    assert -999 == caught.value.code


def test_cancelling_ends_every_task(server: str) -> None:
    """Running, suspended and never resumed tasks end with -999, then the session does (I11)."""
    delegate = Recorder()
    session = sm.URLSession(configuration(), delegate)
    tasks = [session.data_task(f"{server}/hang") for _ in range(3)]
    tasks[0].resume()
    tasks[1].resume()
    tasks[1].suspend()
    session.invalidate_and_cancel()
    assert delegate.over.wait(PATIENCE)
    assert ["complete"] * 3 + ["invalid"] == delegate.calls
    assert [-999] * 3 == codes(delegate.errors[:3])


def test_a_session_holds_its_delegate_until_it_is_invalid(server: str) -> None:
    """The process holds session and delegate, used or not; then it lets go of both (I9)."""
    delegate = Recorder()
    session = sm.URLSession(configuration(), delegate)
    number, over = session._number, delegate.over
    held, kept = weakref.ref(delegate), weakref.ref(session)
    del delegate, session
    gc.collect()
    assert held() is not None and kept() is not None
    registry.sessions[number].finish_tasks_and_invalidate()
    assert over.wait(PATIENCE)
    wait_for(lambda: gc.collect() >= 0 and held() is None and kept() is None)
    assert number not in registry.sessions


def wait_for(condition: Callable[[], Any]) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it has not happened"
        time.sleep(0.005)


def test_the_delegate_is_none_once_the_session_is_invalid() -> None:
    """`session.delegate` is the delegate until the end was told (I9)."""
    delegate = Recorder()
    with sm.URLSession(configuration(), delegate) as session:
        assert session.delegate is delegate
    assert session.delegate is None


def test_the_shared_session_is_one_and_cannot_be_invalidated() -> None:
    """It ignores both ways of invalidating, and is not held as a leak (I9, I11)."""
    session = sm.URLSession.shared
    assert session is sm.URLSession.shared
    session.finish_tasks_and_invalidate()
    session.invalidate_and_cancel()
    with session:
        pass
    route = sm.ScriptRoute().answer(body=b"shared")
    with sm.use_route(route):
        assert b"shared" == session.data("http://a.test/").result()[0]
    assert session not in registry.sessions.values()


# with --------------------------------------------------------------------------------------------------------------------

def test_leaving_with_waits_until_the_session_is_invalid(server: str) -> None:
    """Tasks that run end, their callbacks are made, the end is told: then the block is left."""
    delegate = Recorder()
    with sm.URLSession(configuration(), delegate) as session:
        session.data_task(f"{server}/slow/0.1").resume()
    assert ["response", "data", "complete", "invalid"] == delegate.calls


def test_leaving_with_cancels_what_was_never_resumed() -> None:
    """With a ResourceWarning that names the task and the line that made it."""
    told = r"GET http://a\.test/, suspended> was never resumed.*made at .*test_session\.py:\d+ in test_leaving"
    with pytest.warns(ResourceWarning, match=told), sm.URLSession(configuration()) as session:
        task = session.data_task("http://a.test/")
    assert (sm.TaskState.COMPLETED, -999) == (task.state, int(task.error.code))


def read_nothing(stream: sm.AsyncBytes) -> None: ...


def read_one(stream: sm.AsyncBytes) -> None:
    for _ in stream.lines():
        break


def keep_the_iterator(stream: sm.AsyncBytes) -> object:
    lines = iter(stream.lines())
    assert "a" == next(lines)
    return lines


async def read_one_async(stream: sm.AsyncBytes) -> None:
    async for _ in stream.lines():
        break


async def keep_the_iterator_async(stream: sm.AsyncBytes) -> object:
    lines = aiter(stream.lines())
    assert "a" == await anext(lines)
    return lines


ENDLESS = [(b"a\n", 0.0), (b"b\n", 0.0), (b"c\n", math.inf)]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("read", [None, read_nothing, read_one, keep_the_iterator])
def test_leaving_with_ends_a_body_that_nobody_reads(read: Callable[..., object] | None) -> None:
    """Nobody could read it any more, so its task would never end: it is cancelled, without a warning."""
    with sm.use_route(sm.ScriptRoute().answer(body=ENDLESS)), sm.URLSession(configuration()) as session:
        loading = session.bytes("http://a.test/")
        kept = [] if read is None else [read(loading.result()[0])]
    assert (-999, 0 if read is None else 1) == (int(loading.task.error.code), len(kept))


def run_on_asyncio(load: Callable[[], Any]) -> Any:
    return asyncio.run(load())


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("run", "read"), [
    (run_on_asyncio, None), (run_on_asyncio, read_one_async), (run_on_asyncio, keep_the_iterator_async),
    (trio.run, None), (trio.run, keep_the_iterator_async),       # trio itself warns of an iterator that is dropped
])
def test_leaving_async_with_ends_a_body_that_nobody_reads(run: Callable[..., Any], read: Callable[..., Any] | None) -> None:
    """The same on a loop, whose asynchronous iterators end a little later than they are dropped."""
    async def load() -> tuple[int, list[object]]:
        async with sm.URLSession(configuration()) as session:
            loading = session.bytes("http://a.test/")
            kept = [] if read is None else [await read((await loading)[0])]
        return int(loading.task.error.code), kept

    with sm.use_route(sm.ScriptRoute().answer(body=ENDLESS)):
        assert -999 == run(load)[0]


def test_leaving_with_lets_others_read_to_the_end() -> None:
    """Another thread that reads a body gets all of it."""
    body = [(b"a\n", 0.0), (b"b\n", 0.05), (b"c\n", 0.05)]
    lines: list[str] = []
    begun = threading.Event()

    def read(stream: sm.AsyncBytes) -> None:
        for line in stream.lines():
            lines.append(line)
            begun.set()

    with sm.use_route(sm.ScriptRoute().answer(body=body)), sm.URLSession(configuration()) as session:
        stream, _ = session.bytes("http://a.test/").result()
        thread = threading.Thread(target=read, args=(stream,))
        thread.start()
        begun.wait(PATIENCE)
    thread.join()
    assert ["a", "b", "c"] == lines


def test_an_end_that_nobody_waits_for_any_more_cancels_everything(server: str) -> None:
    """Cancelled, or interrupted by a time-out, while it waits for its tasks, leaving `async with` cancels them."""
    recorder = Recorder()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1), sm.URLSession(configuration(), recorder) as session:
                session.data_task(f"{server}/hang").resume()

    asyncio.run(main())
    assert recorder.over.wait(PATIENCE)
    assert [-999, None] == codes(recorder.errors)


def test_an_exception_cancels_everything(server: str) -> None:
    """It comes out as it was, without warnings, and nothing is waited for longer than the drain."""
    with warnings.catch_warnings(), pytest.raises(LookupError, match="as it was"):
        warnings.simplefilter("error")
        with sm.URLSession(configuration()) as session:
            running, forgotten = session.data_task(f"{server}/hang"), session.data_task(server)
            running.resume()
            raise LookupError("as it was")
    assert [-999, -999] == codes([running.error, forgotten.error])


def test_with_on_its_own_queue_does_not_wait_for_itself(server: str) -> None:
    """Left in a callback of its own, a session becomes invalid after it."""
    delegate = Recorder()
    session = sm.URLSession(configuration(), delegate)

    def handler(*_: Any) -> None:
        with session:
            pass

    session.data_task(f"{server}/fast", handler).resume()
    assert delegate.over.wait(PATIENCE)


# asking -----------------------------------------------------------------------------------------------------------------

def test_tasks_that_have_not_ended_are_listed_by_kind(server: str) -> None:
    """Never resumed ones too, completed ones not; on the delegate queue."""
    found: list[Any] = []
    done = threading.Semaphore(0)
    with sm.URLSession(configuration()) as session:
        session.data(f"{server}/fast").result()
        data, upload, download = session.data_task(server), session.upload_task(server, b"x"), session.download_task(server)
        session.get_tasks(lambda *lists: (found.extend(lists), done.release()))
        session.get_all_tasks(lambda tasks: (found.append(tasks), found.append(session.delegate_queue.is_current), done.release()))
        for _ in range(2):
            assert done.acquire(timeout=PATIENCE)
        assert [[data], [upload], [download], [data, upload, download], True] == found
        assert ([data], [upload], [download]) == asyncio.run(session.tasks())
        assert [data, upload, download] == asyncio.run(session.all_tasks())
        session.invalidate_and_cancel()


def test_identifiers_count_from_one_in_each_session() -> None:
    """They are unique within a session only (I24)."""
    for _ in range(2):
        with sm.URLSession(configuration()) as session:
            assert [1, 2, 3] == [session.data_task("http://a.test/").task_identifier for _ in range(3)]
            session.invalidate_and_cancel()


def test_flush_makes_new_connections(server: str) -> None:
    """The handler is called on the queue; loads go on, over connections of their own."""
    done = threading.Event()
    with sm.URLSession(configuration()) as session:
        session.data(f"{server}/fast").result()
        session.flush(done.set)
        assert done.wait(PATIENCE)
        assert b"/fast/again" == session.data(f"{server}/fast/again").result()[0]


def test_reset_empties_the_stores_and_cancels_nothing(server: str) -> None:
    """Cookies are gone after it, a running task is not."""
    done = threading.Event()
    given = configuration()
    with sm.URLSession(given) as session:
        session.data(f"{server}/cookie").result()
        running = session.data(f"{server}/slow/0.2")
        assert 1 == len(given.http_cookie_storage.cookies)
        session.reset(done.set)
        assert done.wait(PATIENCE)
        assert [] == list(given.http_cookie_storage.cookies)
        assert b"/slow/0.2" == running.result()[0]


@pytest.mark.parametrize("virtual", [False, True])
def test_flush_and_reset_can_be_awaited(virtual: bool) -> None:
    """Awaiting either returns once its handler was called, at once without one, and as often as it is awaited."""
    async def both(session: sm.URLSession, called: list[str]) -> None:
        await session.flush()
        await session.reset()
        done = session.flush(lambda: called.append("flush"))
        await done
        await done
        assert ["flush"] == called
        await session.reset(lambda: called.append("reset"))
        assert ["flush", "reset"] == called

    with sm.virtual_time() if virtual else nullcontext(), sm.URLSession(configuration()) as session:
        asyncio.run(both(session, []))


@pytest.mark.parametrize("wrong", [None, 3, b"http://a.test/"])
def test_a_task_takes_a_request_or_a_url(wrong: Any) -> None:
    """Anything else raises at the call and leaves no task behind."""
    with sm.URLSession(configuration()) as session:
        with pytest.raises(sm.InvalidArgumentException, match="a task takes a URLRequest or a URL as str"):
            session.data_task(wrong)
        assert [] == asyncio.run(session.all_tasks())


# delegates ----------------------------------------------------------------------------------------------------------------

def test_callbacks_come_in_order_on_one_private_thread_at_a_time(server: str) -> None:
    """Response, data, completion; none on the thread that made the task or on the engine (I6, I14)."""
    delegate = Recorder()
    with sm.URLSession(configuration(), delegate) as session:
        session.data_task(f"{server}/drip/5/0.01").resume()
    assert ["response", *["data"] * (len(delegate.calls) - 3), "complete", "invalid"] == delegate.calls
    assert 5 * 1024 == len(delegate.data)
    assert {True} == {thread.name.startswith("sessionmock-work") for thread in delegate.threads}


def test_a_handler_takes_the_place_of_response_data_and_completion(server: str) -> None:
    """The session's delegate hears nothing of them (I4, I5)."""
    delegate = Recorder()
    outcomes: list[Any] = []
    with sm.URLSession(configuration(), delegate) as session:
        session.data_task(f"{server}/fast", lambda *outcome: outcomes.append(outcome)).resume()
        session.data_task("http://127.0.0.1:1/", lambda *outcome: outcomes.append(outcome)).resume()
    assert ["invalid"] == delegate.calls
    outcomes.sort(key=lambda outcome: outcome[2] is not None)
    assert (b"/fast", 200, None) == (outcomes[0][0], outcomes[0][1].status_code, outcomes[0][2])
    assert (None, None, -1004) == (*outcomes[1][:2], int(outcomes[1][2].code))


def test_an_empty_body_is_empty_and_not_none(server: str) -> None:
    """Success without a body gives b"" (I13)."""
    outcomes: list[Any] = []
    with sm.URLSession(configuration()) as session:
        session.data_task(f"{server}/cookie", lambda *outcome: outcomes.append(outcome)).resume()
    assert [b""] == [data for data, _, _ in outcomes]


class Returning(Recorder):
    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        self.note("response")
        return sm.ResponseDisposition.CANCEL


class Asynchronous(Recorder):
    async def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        self.note("response")
        await asyncio.sleep(0.01)
        return sm.ResponseDisposition.CANCEL

    async def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        await asyncio.sleep(0.01)
        Recorder.task_did_complete(self, session, task, error)

    async def session_did_become_invalid(self, session: Any, error: Any) -> None:
        await asyncio.sleep(0.01)
        Recorder.session_did_become_invalid(self, session, error)


class Later(Recorder):
    def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
        self.note("response")
        threading.Timer(0.05, completion_handler, (sm.ResponseDisposition.CANCEL,)).start()


@pytest.mark.parametrize("style", [Returning, Asynchronous, Later])
def test_a_question_is_answered_by_handler_value_or_coroutine(server: str, style: type[Recorder]) -> None:
    """Whatever the style, cancelling in the response ends the task with -999 and no data (I15)."""
    delegate = style()
    with sm.URLSession(configuration(), delegate) as session:
        session.data_task(f"{server}/fast").resume()
    assert (["response", "complete", "invalid"], [-999, None]) == (delegate.calls, codes(delegate.errors))


def test_coroutines_run_on_the_loop_of_an_on_loop_queue(server: str) -> None:
    """There the delegate's methods run on that loop, the next one after the coroutine is over."""
    async def main() -> tuple[Recorder, Any]:
        delegate = Asynchronous()
        queue = sm.OperationQueue.on_loop(asyncio.get_running_loop())
        async with sm.URLSession(configuration(), delegate, queue) as session:
            session.data_task(f"{server}/fast").resume()
        return delegate, threading.current_thread()

    delegate, thread = asyncio.run(main())
    assert (["response", "complete", "invalid"], {thread}) == (delegate.calls, delegate.threads)


def test_a_handler_called_twice_raises(server: str, reports: list[Any]) -> None:
    """The second call raises GenericException, which names the method."""
    caught: list[str] = []

    class Twice(Recorder):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
            completion_handler(sm.ResponseDisposition.ALLOW)
            try:
                completion_handler(sm.ResponseDisposition.CANCEL)
            except sm.GenericException as error:
                caught.append(str(error))

    delegate = Twice()
    with sm.URLSession(configuration(), delegate) as session:
        session.data_task(f"{server}/fast").resume()
    assert ["the completion handler of data_task_did_receive_response was called twice"] == caught
    assert ([None, None], []) == (codes(delegate.errors), reports)


def test_a_delegate_that_never_answers_holds_its_own_task_only(server: str) -> None:
    """Others of the same session go on; the task can be cancelled."""
    class Silent(Recorder):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None:
            if task.task_identifier == 1:
                asked.set()
            else:
                completion_handler(sm.ResponseDisposition.ALLOW)

    asked = threading.Event()
    delegate = Silent()
    with sm.URLSession(configuration(), delegate) as session:
        silent = session.data_task(f"{server}/fast")
        silent.resume()
        assert asked.wait(PATIENCE)
        other = session.data_task(f"{server}/fast")
        other.resume()
        wait_for(lambda: delegate.errors)
        assert (sm.TaskState.RUNNING, sm.TaskState.COMPLETED) == (silent.state, other.state)
        silent.cancel()
    assert [None, -999, None] == codes(delegate.errors)


# delegates that crash -------------------------------------------------------------------------------------------------------

CRASHES = {
    "session_did_create_task": "/fast",
    "data_task_did_receive_response": "/fast",
    "data_task_did_receive_data": "/fast",
    "task_will_perform_http_redirection": "/redirect",
    "task_did_complete": "/fast",
    "task_did_finish_collecting_metrics": "/fast",
    "session_did_become_invalid": "/fast",
}


@pytest.mark.parametrize(("name", "asynchronous"), [
    *((name, False) for name in CRASHES),
    *((name, True) for name in CRASHES if name != "session_did_create_task"),      # called where nothing awaits
])
def test_a_crashing_delegate_fails_its_task_and_nobody_elses(server: str, reports: list[Any], name: str, asynchronous: bool) -> None:
    """The exception is reported with the callback's name, and is what lies under the task's error -1."""
    crash = RuntimeError("crash")

    def method(*_: Any) -> None:
        raise crash

    async def coroutine(*_: Any) -> None:
        raise crash

    delegate = type("Crashing", (Recorder,), {name: coroutine if asynchronous else method})()
    with sm.URLSession(configuration(), delegate) as session, sm.URLSession(configuration()) as other:
        task = session.data_task(server + CRASHES[name])
        task.resume()
        wait_for(lambda: task.state is sm.TaskState.COMPLETED)
        assert b"/fast" == other.data(f"{server}/fast").result()[0]
        if name != "session_did_create_task":       # which fails them all
            assert b"/fast" == session.data(f"{server}/fast").result()[0]
    assert {crash} == {report.exc_value for report in reports}
    assert name in crash.__notes__[0]
    if name in ("task_did_complete", "session_did_become_invalid", "task_did_finish_collecting_metrics"):
        assert task.error is None       # its outcome was fixed before
    else:
        assert (-1, crash) == (int(task.error.code), task.error.underlying_error)


def test_a_crashing_handler_is_reported(server: str, reports: list[Any]) -> None:
    """A completion handler that raises harms neither its task's end nor the session's."""
    with sm.URLSession(configuration()) as session:
        session.data_task(f"{server}/fast", lambda *_: 1 / 0).resume()
    assert [ZeroDivisionError] == [report.exc_type for report in reports]
    assert "the completion_handler of <URLSessionDataTask 1" in reports[0].exc_value.__notes__[0]


# queues ---------------------------------------------------------------------------------------------------------------------

def test_callbacks_on_the_main_queue_are_run_by_result(server: str) -> None:
    """`.result()` on the main thread makes the callbacks that are meant for it while it waits."""
    delegate = Recorder()
    with sm.URLSession(configuration(), delegate, sm.OperationQueue.main) as session, sm.URLSession(configuration()) as other:
        session.data_task(f"{server}/fast").resume()
        other.data(f"{server}/slow/0.3").result()
        assert ["response", "data", "complete"] == delegate.calls
    assert {threading.main_thread()} == delegate.threads


def test_callbacks_on_the_main_queue_are_run_by_run(server: str) -> None:
    """`OperationQueue.main.run(until=...)` makes them until the condition holds; a limit raises TimeoutError."""
    delegate = Recorder()
    with sm.URLSession(configuration(), delegate, sm.OperationQueue.main) as session:
        session.data_task(f"{server}/fast").resume()
        sm.OperationQueue.main.run(until=lambda: "complete" in delegate.calls, timeout=PATIENCE)
        with pytest.raises(TimeoutError, match=r"until\(\) was still false after 0\.05 s"):
            sm.OperationQueue.main.run(until=lambda: False, timeout=0.05)
    assert ["response", "data", "complete", "invalid"] == delegate.calls
    assert {threading.main_thread()} == delegate.threads


def test_callbacks_on_the_main_queue_are_run_by_the_main_threads_loop(server: str) -> None:
    """A task made in a coroutine on the main thread has its callbacks made by that loop, nobody waiting otherwise."""
    delegate = Recorder()

    async def main() -> None:
        session = sm.URLSession(configuration(), delegate, sm.OperationQueue.main)
        session.data_task(f"{server}/slow/0.05").resume()
        session.finish_tasks_and_invalidate()
        async with asyncio.timeout(PATIENCE):
            while not delegate.over.is_set():
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert ["response", "data", "complete", "invalid"] == delegate.calls
    assert {threading.main_thread()} == delegate.threads


def test_a_concurrent_queue_is_used_as_it_is(server: str) -> None:
    """Callbacks of several tasks run at the same time, at most as many as the queue allows (I6)."""
    together = threading.Barrier(3)

    def handler(*_: Any) -> None:
        together.wait(PATIENCE)

    with sm.URLSession(configuration(), None, sm.OperationQueue(3)) as session:
        for _ in range(6):
            session.data_task(f"{server}/fast", handler).resume()
    assert not together.broken


def test_a_delegate_may_take_a_lock_held_around_resume(server: str) -> None:
    """No user code runs on the stack of an API call, not even where the answer is ready."""
    lock = threading.Lock()
    done = threading.Event()

    def handler(*_: Any) -> None:
        with lock:
            done.set()

    route = sm.ScriptRoute().answer(body=b"ready")
    with sm.use_route(route), sm.URLSession(configuration()) as session:
        task = session.data_task("http://a.test/", handler)
        with lock:
            task.resume()
            task.cancel()
        assert done.wait(PATIENCE)


@pytest.mark.parametrize("queue", [
    lambda: sm.OperationQueue, lambda: ThreadPoolExecutor(1), lambda: "main", lambda: object(), lambda: print,
], ids=["class", "thread pool", "text", "object", "function"])
def test_a_delegate_queue_that_is_none_is_refused(queue: Callable[[], Any]) -> None:
    """Where the session is made, with the way out; nothing of it is left. So are a queue and a delegate that changed places."""
    before = len(registry.sessions)
    for delegate in (None, sm.OperationQueue()):
        with pytest.raises(sm.InvalidArgumentException, match=r"delegate_queue.* OperationQueue\.on_loop\(loop\)"):
            sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate, queue())
    assert before == len(registry.sessions)
