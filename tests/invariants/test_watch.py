"""The checks that a test has from the plugin: what they say of code of the user's, and what they let pass."""
from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND, JumpingClock
from sessionmock.history import Asked, Called, Closed, Ended, History, Instructed, Opened, Received, Returned
from sessionmock.invariants import InvariantWatch, Violation, watched
from sessionmock.invariants.order import ONCE, RANKS, TERMINAL
from tests.tasks.delegates import Ending

pytestmark = pytest.mark.sessionmock(invariants="off", leaks="allow")

URL = "http://a.test/"


def ephemeral() -> sm.URLSessionConfiguration:
    return sm.URLSessionConfiguration.ephemeral()


def told(route: Any, configuration: sm.URLSessionConfiguration | None = None, **options: Any) -> list[Violation]:
    """What does not hold of one load over `route`."""
    with (watched(settles=False) as watch, sm.virtual_time(), sm.use_route(route),
          sm.URLSession(configuration or ephemeral(), Ending(), **options) as session):
        session.data_task(URL).resume()
    return watch.violations


# code of the user's ------------------------------------------------------------------------------------------------------------
class OwnChannel(sm.UnconnectedChannel):
    def open(self, request: Any, sink: Any) -> Any:
        sink.head(sm.ResponseHead(200, []))
        sink.data(b"a")
        sink.end([])
        sink.data(b"late")
        return sm.FINISHED


class OwnRoute:
    """A route of the user's, that brings data after the end of its answer."""

    source = "own"
    is_live = True

    def bind(self, configuration: Any, host: Any) -> Any:
        return OwnChannel()


class LikeLive(OwnRoute):
    source = "live"


@pytest.mark.parametrize("route", [OwnRoute(), LikeLive()], ids=lambda route: type(route).__name__)
def test_a_route_of_ones_own_that_goes_on_after_its_end(route: Any) -> None:
    """It is named, whatever it calls its source, and so is what a sink takes."""
    [violation] = told(route)
    assert ("V3", "4 bytes after the end of its answer", False) == (violation.invariant, violation.what, violation.is_ours)
    assert violation.misuse.startswith(f"the route {type(route).__name__} answers here: a sink takes informational*, head, data*, then end or fail")
    assert str(violation).splitlines()[2:5] == [
        f"  about: <URLSessionDataTask 1: GET {URL}, running>", "   last: 0.000000 s  made", "         0.000000 s  resume"]


class Inline(sm.OperationQueue):
    """Runs everything where it is submitted."""

    def submit(self, operation: Any, engine: Any) -> None:
        operation()


def test_a_queue_of_ones_own_that_runs_callbacks_where_they_are_caused() -> None:
    """The class of the queue is named."""
    violations = told(sm.ScriptRoute().answer(), delegate_queue=Inline())
    assert {"V4"} == {violation.invariant for violation in violations}
    assert "on no queue, by whoever caused it" in violations[0].what
    assert violations[0].misuse.startswith("Inline is a delegate queue of your own: it must run what it is given by `submit`, in order")


class Failing(OwnRoute):
    """Fails with the error of another library."""

    def bind(self, configuration: Any, host: Any) -> Any:
        class Channel(sm.UnconnectedChannel):
            def open(self, request: Any, sink: Any) -> Any:
                sink.fail(sm.URLError(sm.URLError.Code.TIMED_OUT, {"NSUnderlyingErrorKey": "no exception"}))
                return sm.FINISHED

        return Channel()


def test_a_route_of_ones_own_that_fails_with_what_is_no_error() -> None:
    """What lies under an error is an exception."""
    [violation] = told(Failing())
    assert ("V13", False) == (violation.invariant, violation.is_ours)


def test_an_answer_that_a_delegate_never_gives() -> None:
    """A block whose task waits for it says which, and how to get on."""
    class Silent:
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any, completion_handler: Any) -> None: ...

    with watched(settles=False) as watch, sm.virtual_time() as clock, sm.use_route(sm.ScriptRoute().answer()):
        session = sm.URLSession(ephemeral(), Silent())
        session.data_task(URL).resume()
        clock.advance(1)
        with pytest.raises(AssertionError, match=r"(?s)V1 .*it has not completed.*the delegate was asked data_task_did_receive_response and has not "
                                                 r"answered: call its completion handler once"):
            watch.verify()
        session.invalidate_and_cancel()
        clock.advance(1)


# what is no violation -----------------------------------------------------------------------------------------------------------
def test_a_script_may_announce_what_it_wants() -> None:
    """A length that its body does not have says nothing against the load."""
    assert [] == told(sm.ScriptRoute().answer(headers={"Content-Length": "3"}, body=b"more than that"))


def test_an_error_of_a_script_need_not_know_its_url() -> None:
    """It is the test's own."""
    def refuse(request: Any) -> Any:
        raise sm.URLError(sm.URLError.Code.NOT_CONNECTED_TO_INTERNET)

    assert [] == told(sm.ScriptRoute().answer(refuse))


@pytest.mark.parametrize("queue", [lambda: sm.OperationQueue(4), lambda: sm.OperationQueue.main], ids=["four at a time", "main"])
def test_queues_of_every_kind_pass(queue: Any) -> None:
    """Where several callbacks run at once there is no order to be kept."""
    assert [] == told(sm.ScriptRoute().answer(body=[(b"a", 0.1), (b"b", 0.1)]), delegate_queue=queue())


def test_a_loop_of_the_users_passes() -> None:
    """Also with delegate methods that are coroutines."""
    class Slow(Ending):
        async def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
            await asyncio.sleep(0)

    async def main() -> list[Violation]:
        with watched(settles=False) as watch, sm.use_route(sm.ScriptRoute().answer(body=[(b"a", 0), (b"b", 0)])):
            async with sm.URLSession(ephemeral(), Slow(), sm.OperationQueue.on_loop(asyncio.get_running_loop())) as session:
                session.data_task(URL).resume()
        return watch.violations

    assert [] == asyncio.run(main())


def test_a_task_that_becomes_a_download_passes() -> None:
    """The old one hears of that and of nothing more; the new one goes on."""
    class Becoming(Ending):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
            return sm.URLSession.ResponseDisposition.BECOME_DOWNLOAD

        def data_task_did_become_download_task(self, session: Any, task: Any, download: Any) -> None: ...

        def download_task_did_finish_downloading(self, session: Any, task: Any, location: Any) -> None: ...

    script = sm.ScriptRoute().answer(body=b"abc")
    with watched() as watch, sm.virtual_time(), sm.use_route(script), sm.URLSession(ephemeral(), Becoming()) as session:
        session.data_task(URL).resume()
    watch.verify(true_body=b"abc")


def test_time_outs_and_cancels_pass() -> None:
    """Of exchanges that were open, of a task that was suspended, and of one that was never resumed."""
    script = sm.ScriptRoute().answer(lambda request: sm.Answer(delay=math.inf))
    with watched() as watch, sm.virtual_time() as clock, sm.use_route(script), sm.URLSession(ephemeral(), Ending()) as session:
        tasks = [session.data_task(URL) for _ in range(3)]
        for task in tasks[:2]:
            task.resume()
        clock.advance(1)
        tasks[1].suspend()
        tasks[1].cancel()
        tasks[2].cancel()
    watch.verify()


# records ---------------------------------------------------------------------------------------------------------------------------
class Seen:
    """A watch over records that a test makes of one task, which nothing happens to."""

    def __init__(self, queue: sm.OperationQueue | None = None) -> None:
        self.history = History(())
        self.watch = InvariantWatch(self.history)
        self.session = sm.URLSession(ephemeral(), Ending(), queue)
        self.clock = JumpingClock()
        self.task = self.session.data_task(URL)
        self.add(Instructed, "resume")

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.invalidate_and_cancel()

    def add(self, kind: Any, *values: Any) -> None:
        self.history.add(self.clock, kind, self.task, *values)

    def call(self, name: str, *arguments: Any, kind: Any = Called) -> None:
        self.add(kind, name, (self.task, *arguments), self.session._number, self.session.delegate_queue)
        self.add(Returned, name, self.session._number)

    @property
    def found(self) -> list[str]:
        return [f"{violation.invariant}: {violation.what}" for violation in self.watch.violations]


def test_two_callbacks_at_once_are_told() -> None:
    """On a queue that runs one at a time."""
    with Seen() as seen:
        for _ in range(2):
            seen.add(Called, "data_task_did_receive_data", (seen.task, b""), seen.session._number, seen.session.delegate_queue)
        assert ["V4: data_task_did_receive_data was called while data_task_did_receive_data was not over"] == seen.found


def test_a_coroutine_of_a_loop_that_was_closed_holds_nobody_up() -> None:
    """It is never over, and what comes after it is made elsewhere."""
    loop = asyncio.new_event_loop()
    loop.close()
    with Seen(sm.OperationQueue.on_loop(loop)) as seen:
        for _ in range(2):
            seen.add(Called, "data_task_did_receive_data", (seen.task, b""), seen.session._number, seen.session.delegate_queue)
        assert [] == seen.found


@pytest.mark.parametrize(("first", "then"), [
    ("data_task_did_receive_data", "data_task_did_receive_response"), ("data_task_did_receive_response", "task_will_perform_http_redirection"),
    ("task_did_finish_collecting_metrics", "task_did_send_body_data"), ("data_task_did_receive_response", "data_task_did_receive_response"),
    ("download_task_did_finish_downloading", "download_task_did_write_data"),
])
def test_what_comes_out_of_order_is_told(first: str, then: str) -> None:
    """And what comes twice that comes once."""
    with Seen() as seen:
        seen.call(first, 1, 1, 1)
        assert [] == seen.found
        seen.call(then, 2, 3, 3)
        assert [f"V3: {then} comes after {first}"] == seen.found


def test_counts_that_go_back_are_told() -> None:
    """Within one request; another one begins anew."""
    with Seen() as seen:
        for count, total in ((10, 10), (5, 15)):
            seen.call("task_did_send_body_data", count, total, 20)
        seen.add(Opened, 1, "POST", URL, "live")
        seen.call("task_did_send_body_data", 10, 10, 20)
        assert [] == seen.found
        seen.call("task_did_send_body_data", 5, 9, 20)
        assert ["V9: task_did_send_body_data tells of 5 bytes and 9 in all, after 10"] == seen.found


@pytest.mark.parametrize(("records", "what"), [
    ([(200, 0), (200, 0)], "a second head, of 200"), ([(None, 3)], "3 bytes before the head of their answer"),
    ([(200, 0), (103, 0)], "an informational head of 103 after the final one"),
])
def test_an_answer_out_of_order_is_told(records: list[tuple[int | None, int]], what: str) -> None:
    """Whoever brings it."""
    with Seen() as seen:
        seen.add(Opened, 1, "GET", URL, "live")
        for status, size in records:
            seen.add(Received, 1, status, size)
        assert [f"V3: {what}"] == seen.found


def test_a_connection_that_failed_is_not_used_again() -> None:
    """One whose exchange was given up as its answer came to its end may be."""
    with Seen() as seen:
        for exchange, error in ((2, "lost"), (1, ""), (3, "")):       # of two that end at one moment the second may be told of first
            seen.add(Opened, exchange, "GET", URL, "live")
            seen.add(Ended, exchange, "GET", URL, 200, "live", 1.0, error, (7, exchange))
        assert [f"V12: GET {URL} went over a connection on which an exchange had failed"] == seen.found


def test_a_connection_that_is_given_up_is_not_used_again() -> None:
    """Unless its answer came to its end at that moment, which is told before or after it."""
    def use(seen: Seen, exchange: int, *records: tuple[Any, ...]) -> None:
        seen.add(Opened, exchange, "GET", URL, "live")
        for kind, *values in records:
            seen.add(kind, exchange, *values)

    def closed(turn: int) -> tuple[Any, ...]:
        return Closed, (7, turn)

    def ended(turn: int) -> tuple[Any, ...]:
        return Ended, "GET", URL, 200, "live", 1.0, "", (7, turn)

    with Seen() as seen:
        use(seen, 1, closed(1), ended(1))
        use(seen, 2, ended(2), closed(2))
        use(seen, 3, closed(3))
        assert [] == seen.found
        use(seen, 4, ended(4))
        assert [f"V12: GET {URL} went over a connection on which an exchange had failed"] == seen.found


def test_who_returns_after_the_end_of_its_task_is_over() -> None:
    """A handler may be called, and all that follows happen, within the method that was asked."""
    with Seen() as seen:
        seen.add(Asked, "task_did_receive_challenge", (seen.task,), seen.session._number, seen.session.delegate_queue)
        seen.history.add(seen.clock, Returned, None, "task_did_receive_challenge", seen.session._number)
        seen.call("data_task_did_receive_response")
        assert [] == seen.found


def test_a_question_is_remembered_until_it_is_answered() -> None:
    """It is what a hang is blamed on."""
    with Seen() as seen:
        seen.call("task_did_receive_challenge", kind=Asked)
        [story] = seen.watch._tasks.values()
        assert "task_did_receive_challenge" == story.question


def test_a_check_that_raises_takes_nobody_along() -> None:
    """Whoever made the record goes on."""
    with Seen() as seen:
        seen.add(Called, "task_did_send_body_data", (), seen.session._number, seen.session.delegate_queue)
        assert 1 == len(seen.found)
        assert seen.found[0].startswith("V15: the check of Called raised ValueError")


def test_what_follows_from_a_violation_is_told_once() -> None:
    """Each invariant once for a task."""
    with Seen() as seen:
        seen.call("task_did_finish_collecting_metrics")
        for _ in range(5):
            seen.call("data_task_did_receive_data", b"")
        assert 1 == len(seen.found)


def test_secrets_are_not_printed() -> None:
    """Neither those of URLs nor those of errors."""
    with Seen() as seen:
        seen.add(Opened, 1, "GET", "http://ann:pw12345@a.test/?access_token=s3cr3t0", "live")
        seen.call("task_did_finish_collecting_metrics")
        seen.call("data_task_did_receive_data", b"")
        text = str(seen.watch.violations[0])
        assert "a.test" in text
        assert "pw12345" not in text
        assert "s3cr3t0" not in text


def test_the_order_knows_every_delegate_method_of_a_task() -> None:
    """But for those that may come at any time, and those of tasks that there are not yet."""
    unordered = {name for name in sm.SELECTORS if name not in RANKS and not name.startswith(("stream_", "web_socket_", "session_"))}
    assert {"task_did_send_body_data", "data_task_did_become_stream_task"} == unordered
    assert TERMINAL.isdisjoint(ONCE)
    assert SECOND == 1_000_000_000
