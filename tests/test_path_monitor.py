"""Networks that may not be used, and dates before which nothing begins."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from sessionmock import (
    DelayedRequestDisposition,
    InvalidArgumentException,
    NetworkPath,
    PathMonitor,
    ScriptRoute,
    URLError,
    URLRequest,
    URLSession,
    URLSessionConfiguration,
    use_route,
    virtual_time,
)

URL = "https://api.example/"


class Delegate:
    def __init__(self, answer: tuple[Any, ...] = ()) -> None:
        self.answer = answer
        self.heard: list[str] = []

    def task_is_waiting_for_connectivity(self, session: Any, task: Any) -> None:
        self.heard.append("waiting")

    def task_will_begin_delayed_request(self, session: Any, task: Any, request: URLRequest) -> tuple[Any, ...]:
        self.heard.append("delayed")
        return self.answer

    def task_did_complete(self, session: Any, task: Any, error: URLError | None) -> None:
        self.heard.append("completed" if error is None else str(int(error.code)))


def script() -> ScriptRoute:
    route = ScriptRoute()
    route.route().respond(200, text="hello")
    return route


@pytest.mark.parametrize(("path", "reason"), [
    (NetworkPath(is_satisfied=False), None),
    (NetworkPath(is_cellular=True), 0),
    (NetworkPath(is_expensive=True), 1),
    (NetworkPath(is_constrained=True), 2),
    (NetworkPath(is_ultra_constrained=True), 3),
])
def test_a_path_that_may_not_be_used_is_an_error(path: NetworkPath, reason: int | None) -> None:
    """Without a usable network a load fails at once with -1009, and the reason where a constraint forbids it."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.allows_cellular_access = False
    configuration.allows_expensive_network_access = False
    configuration.allows_constrained_network_access = False

    with use_route(script()), URLSession(configuration, path_monitor=PathMonitor(path)) as session, pytest.raises(URLError) as failure:
        session.data(URL).result()

    assert (URLError.Code.NOT_CONNECTED_TO_INTERNET, reason) == (failure.value.code, failure.value.network_unavailable_reason)


def test_the_stricter_of_request_and_configuration_wins() -> None:
    """A request may forbid what the configuration allows (I17)."""
    request = URLRequest(URL, allows_expensive_network_access=False)
    monitor = PathMonitor(NetworkPath(is_expensive=True))

    with use_route(script()), URLSession(URLSessionConfiguration.ephemeral(), path_monitor=monitor) as session:
        assert b"hello" == session.data(URL).result()[0]
        with pytest.raises(URLError):
            session.data(request).result()


def test_what_needs_no_network_does_without() -> None:
    """Without a network a fresh response comes from the cache, and a data: URL from itself."""
    route, monitor = ScriptRoute(), PathMonitor()
    route.route().respond(200, text="hello", headers={"Cache-Control": "max-age=60"})

    with use_route(route), URLSession(URLSessionConfiguration.ephemeral(), path_monitor=monitor) as session:
        session.data(URL).result()
        monitor.update(NetworkPath(is_satisfied=False))
        assert [b"hello", b"hi"] == [session.data(url).result()[0] for url in (URL, "data:,hi")]
        with pytest.raises(URLError):
            session.data(f"{URL}other").result()


def test_metrics_tell_the_network() -> None:
    """A transaction says what kind of network its request took; one without a network says nothing."""
    collected: list[Any] = []

    class Measured(Delegate):
        def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
            collected.extend(metrics.transaction_metrics)

    monitor = PathMonitor(NetworkPath(is_cellular=True, is_constrained=True))
    with use_route(script()), URLSession(URLSessionConfiguration.ephemeral(), Measured(), path_monitor=monitor) as session:
        for url in (URL, "data:,hi"):
            session.data(url).result()

    assert [(True, False, True), (False, False, False)] == [(each.is_cellular, each.is_expensive, each.is_constrained) for each in collected]


def test_a_waiting_task_begins_when_there_is_a_network() -> None:
    """With waits_for_connectivity the delegate is told once, and the task goes on with the first usable network."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.waits_for_connectivity = True
    delegate, monitor = Delegate(), PathMonitor(NetworkPath(is_satisfied=False))

    with virtual_time(), use_route(script()), URLSession(configuration, delegate, path_monitor=monitor) as session:
        session.data_task(URL).resume()
        monitor.update(NetworkPath(is_satisfied=False))
        monitor.update(NetworkPath())

    assert ["waiting", "completed"] == delegate.heard


def test_a_waiting_task_ends_with_its_resource_timeout() -> None:
    """Waiting counts for timeout_interval_for_resource, not for the request's idle time-out (I16)."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.waits_for_connectivity = True
    configuration.timeout_interval_for_resource = 3600
    delegate = Delegate()

    with virtual_time() as clock, URLSession(configuration, delegate, path_monitor=PathMonitor(NetworkPath(is_satisfied=False))) as session:
        session.data_task(URL).resume()

    assert (["waiting", "-1001"], 3600) == (delegate.heard, clock.now())


def test_nothing_begins_before_its_date() -> None:
    """A task with an earliest_begin_date begins then, after the delegate was asked."""
    delegate = Delegate((DelayedRequestDisposition.CONTINUE_LOADING, None))

    with virtual_time() as clock, use_route(script()), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task(URL)
        task.earliest_begin_date = clock.date() + timedelta(days=5)
        date = task.earliest_begin_date
        task.resume()

    assert (["delayed", "completed"], 5 * 86_400) == (delegate.heard, clock.now())
    assert date == task.earliest_begin_date


@pytest.mark.parametrize(("answer", "heard", "url"), [
    ((DelayedRequestDisposition.USE_NEW_REQUEST, URLRequest("https://other.example/")), ["delayed", "completed"], "https://other.example/"),
    ((DelayedRequestDisposition.CANCEL, None), ["delayed", "-999"], URL),
])
def test_a_delayed_request_can_be_changed_or_cancelled(answer: tuple[Any, ...], heard: list[str], url: str) -> None:
    """The delegate may put another request in place of a delayed one, or cancel it."""
    delegate = Delegate(answer)

    with virtual_time() as clock, use_route(script()), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        task = session.data_task(URL)
        task.earliest_begin_date = clock.date() + timedelta(seconds=1)
        task.resume()

    current = task.current_request
    assert current is not None
    assert (heard, url) == (delegate.heard, current.url)


def test_a_date_without_a_time_zone_is_refused() -> None:
    """A naive datetime is InvalidArgumentException: it says no moment."""
    with URLSession(URLSessionConfiguration.ephemeral()) as session:
        task = session.data_task(URL)
        with pytest.raises(InvalidArgumentException, match="time zone"):
            task.earliest_begin_date = datetime(2030, 1, 1)
        task.cancel()


def test_a_waiting_upload_keeps_its_stream() -> None:
    """A body stream that was not read while its task waited is sent when there is a network."""
    configuration = URLSessionConfiguration.ephemeral()
    configuration.waits_for_connectivity = True
    monitor = PathMonitor(NetworkPath(is_satisfied=False))
    route = script()
    request = URLRequest(URL, "POST", http_body_stream=iter([b"one", b"two"]))

    with use_route(route), URLSession(configuration, path_monitor=monitor) as session:
        loading = session.data(request)
        monitor.update(NetworkPath())
        loading.result()

    assert [b"onetwo"] == [call.request.content for call in route.calls]
