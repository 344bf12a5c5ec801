"""Plays a behaviour of the table over one route: what was called, what was asked of the route, and what came of each step."""
from __future__ import annotations

import asyncio
import math
import select
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import trio

import sessionmock as sm
from sessionmock.history import Asked, Called
from sessionmock.routes.base import Channel, ChannelOver, Exchange, Host, Route, Sink
from tests.contract.behaviours import CASSETTE, LIVE, SCRIPT, Behaviour, Reply, Step
from tests.routes.origin import Origin, Peer

PATIENCE = 20.0
NAMES = {
    "session_did_create_task": "created", "data_task_did_receive_response": "response", "data_task_did_receive_data": "data",
    "task_did_finish_collecting_metrics": "metrics", "task_did_complete": "complete", "task_will_perform_http_redirection": "redirect",
    "task_did_receive_challenge": "challenge", "task_did_send_body_data": "sent", "task_need_new_body_stream": "stream",
    "task_did_receive_informational_response": "informed", "data_task_will_cache_response": "cache",
    "data_task_did_become_download_task": "became", "download_task_did_write_data": "wrote",
    "download_task_did_finish_downloading": "finished", "download_task_did_resume_at_offset": "resumed",
    "session_did_become_invalid": "invalid", "completion_handler": "handed",
}
Call = tuple[str, Any, Any]     # the short name, the task's number, what it was called with


@dataclass
class Outcome:
    """What came of a step."""

    status: int | None = None
    body: bytes = b""
    code: int | None = None
    progress: Any = field(default=None, compare=False)


@dataclass
class Played:
    """A behaviour as it was played over one route."""

    calls: list[Call]
    asked: list[Any]
    outcomes: list[Outcome]
    sources: set[str]
    seen: list[str] = field(default_factory=list)      # by the servers

    def names(self) -> str:
        return " ".join(name for name, _, _ in self.calls)


# what is called, in plain values ------------------------------------------------------------------------------------
def plain(value: Any) -> Any:
    """`value` in words that are the same wherever it came from."""
    match value:
        case sm.HTTPURLResponse():
            return (value.url, value.status_code, value.reason, value.all_header_fields, value.expected_content_length, value.suggested_filename)
        case sm.URLRequest():
            return value.url, value.http_method, value.all_http_header_fields, value.http_body
        case sm.URLError():
            return int(value.code), value.failing_url, value.download_task_resume_data is not None
        case sm.URLAuthenticationChallenge():
            return (value.protection_space, value.proposed_credential, value.previous_failure_count, plain(value.failure_response))
        case sm.URLSessionTaskMetrics():
            return value.redirect_count, *(plain(each) for each in value.transaction_metrics)
        case sm.URLSessionTaskTransactionMetrics():
            assert value.fetch_start_date is not None
            whole = value.response_end_date is not None      # how much came of an exchange that was given up is a matter of time
            return (plain(value.request), plain(value.response), value.resource_fetch_type, value.network_protocol_name,
                    (value.count_of_request_body_bytes_sent, value.count_of_response_body_bytes_received,
                     value.count_of_response_body_bytes_after_decoding) if whole else None)
        case sm.CachedURLResponse():
            return plain(value.response), value.data
        case sm.URLSessionTask():
            return type(value).__name__, value.task_identifier
        case Path():
            return value.read_bytes()
    return value


class Calls:
    """The callbacks of a history, made plain as they come; pieces of one body are one call with their sum."""

    def __init__(self, *, counts: bool) -> None:
        self.list: list[Call] = []
        self.counts = counts       # False: some exchange is given up, and how much came of it is a matter of time

    def watch(self, value: Any) -> None:
        """A record of the history."""
        if not isinstance(value, Called | Asked):
            return
        assert value.task is not None or value.name == "session_did_become_invalid", value
        name, task = NAMES[value.name], None if value.task is None else value.task.task_identifier
        arguments = tuple(plain(each) for each in value.arguments if each is not value.task)
        if name in ("sent", "wrote"):
            arguments = arguments[1:]      # the totals
        if name in ("data", "sent", "wrote") and self.list and self.list[-1][:2] == (name, task):
            before = self.list.pop()[2]
            arguments = (before[0] + arguments[0],) if name == "data" else arguments
        if name == "metrics" and not self.counts:
            arguments = ((arguments[0][0], *(each[:-1] for each in arguments[0][1:])),)
        if name == "complete":
            arguments = arguments[-1:]     # the error
        self.list.append((name, task, arguments))

    def note(self, name: str, task: Any, *values: Any) -> None:
        self.list.append((name, task.task_identifier, values))


class Watched:
    """A route that notes each request before another answers it."""

    def __init__(self, route: Route, asked: list[Any]) -> None:
        self.source, self.is_live, self._route, self._asked = route.source, route.is_live, route, asked

    def bind(self, configuration: Any, host: Host) -> Channel:
        return WatchedChannel(self._route.bind(configuration, host), self._asked)


class WatchedChannel(ChannelOver):
    def __init__(self, channel: Channel, asked: list[Any]) -> None:
        super().__init__(channel)
        self._asked = asked

    def open(self, request: Any, sink: Sink) -> Exchange:
        headers = {name.lower(): "Digest" if value.startswith("Digest ") else value for name, value in request.headers}
        body = request.body if request.body is None or isinstance(request.body, bytes) else ("stream", request.body.length)
        self._asked.append((request.method, request.url, headers, body))
        return super().open(request, sink)


# the delegate -------------------------------------------------------------------------------------------------------
class Delegate:
    """Answers by the behaviour's row, in turn by a value, by a handler and as a coroutine."""

    def __init__(self, behaviour: Behaviour, calls: Calls) -> None:
        self.behaviour, self.calls = behaviour, calls
        self.challenges, self.streams = deque(behaviour.challenges), deque(behaviour.streams)
        self.outcome, self.done, self.suspended = Outcome(), threading.Event(), threading.Event()
        self.file: Path | None = None
        self.resume_data: bytes | None = None
        self.pieces = 0

    def meddle(self, name: str, task: Any) -> None:
        if name == self.behaviour.cancels_in:
            task.cancel()
            task.cancel()
        if name == self.behaviour.produces_in and self.resume_data is None:
            task.cancel_by_producing_resume_data()
        if name == self.behaviour.suspends_in:
            task.suspend()
            self.suspended.set()

    def session_did_create_task(self, session: Any, task: Any) -> None: ...

    def session_did_become_invalid(self, session: Any, error: Any) -> None: ...

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None: ...

    def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None: ...

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None: ...

    async def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        self.meddle("redirect", task)
        return self.behaviour.redirect(request)

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, completion_handler: Any) -> None:
        self.meddle("challenge", task)
        completion_handler(*self.challenges.popleft())

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        data = self.streams.popleft()
        return None if data is None else sm.InputStream(data)

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        assert task.response is response
        self.meddle("response", task)
        return self.behaviour.disposition

    def data_task_did_become_download_task(self, session: Any, task: Any, download_task: Any) -> None:
        assert task.task_identifier == download_task.task_identifier

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.outcome.body += data
        self.pieces += 1
        self.meddle("data", task)

    def data_task_will_cache_response(self, session: Any, task: Any, proposed: Any, completion_handler: Any) -> None:
        completion_handler(proposed if self.behaviour.caches else None)

    def download_task_did_write_data(self, session: Any, task: Any, written: int, total: int, expected: int) -> None:
        self.meddle("wrote", task)

    def download_task_did_resume_at_offset(self, session: Any, task: Any, offset: int, expected: int) -> None: ...

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None:
        self.file = location
        self.outcome.body = location.read_bytes()

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        response = task.response
        self.outcome.status = None if response is None else response.status_code
        self.outcome.code = None if error is None else int(error.code)
        self.resume_data = None if error is None else error.download_task_resume_data
        self.done.set()


# one behaviour, one route -------------------------------------------------------------------------------------------
class Run:
    """A behaviour over `route`."""

    def __init__(self, behaviour: Behaviour, style: str, route: Route, base: str, other: str, folder: Path) -> None:
        self.behaviour, self.style, self.folder = behaviour, style, folder
        self.base, self.other = base, other
        self.task: Any = None
        self.asked: list[Any] = []
        self.route = Watched(route, self.asked)
        self.calls = Calls(counts=behaviour.counted)

    def play(self) -> Played:
        trace = sm.Trace()
        trace.history.watch(self.calls.watch)
        before = sm.set_trace(trace)
        try:
            with sm.use_route(self.route):
                outcomes = self._steps()
        finally:
            sm.set_trace(before)
        return Played(self.calls.list, self.asked, outcomes, {record.source for record in trace.exchanges})

    def _steps(self) -> list[Outcome]:
        behaviour = self.behaviour
        configuration = sm.URLSessionConfiguration.ephemeral()
        if not behaviour.cache:
            configuration.url_cache = None
        for name, value in behaviour.configuration.items():
            setattr(configuration, name, value)
        delegate = Delegate(behaviour, self.calls)
        with sm.URLSession(configuration, delegate) as session:
            outcomes = []
            for step in behaviour.steps:
                delegate.outcome = Outcome()
                outcomes.append(getattr(self, f"_{self.style}")(session, delegate, step))
                settle(session, self.task)
                progress = self.task.progress
                if outcomes[-1].code is None:
                    outcomes[-1].progress = progress.total_unit_count, progress.completed_unit_count, progress.is_finished
        return outcomes

    def _delegate(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        delegate.done.clear()
        delegate.pieces = 0
        task = self._task(session, step, resume_data=delegate.resume_data)
        if not step.incremental:
            task.prefers_incremental_delivery = False
        task.resume()
        if self.behaviour.suspends_in:
            assert delegate.suspended.wait(PATIENCE), self.calls.list
            self.calls.note("suspended", task, task.state)
            task.resume()
        assert delegate.done.wait(PATIENCE), self.calls.list
        assert delegate.file is None or not delegate.file.exists()
        assert step.incremental or delegate.pieces == 1
        return delegate.outcome

    def _handler(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        outcome, done, files = Outcome(), threading.Event(), []

        def handed(value: Any, response: Any, error: Any) -> None:
            if isinstance(value, Path):
                files.append(value)
                value = value.read_bytes()
            outcome.body = value or b""
            outcome.status = None if response is None else response.status_code
            outcome.code = None if error is None else int(error.code)
            done.set()

        task = self._task(session, step, handed)
        task.resume()
        assert done.wait(PATIENCE), self.calls.list
        settle(session, self.task)
        assert not any(file.exists() for file in files)
        return outcome

    def _result(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        loading = self._loading(session, step)
        try:
            return taken(loading.result(PATIENCE))
        except sm.URLError as error:
            return failed(loading, error)

    def _asyncio(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        return asyncio.run(self._awaited(session, step))

    def _trio(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        return trio.run(self._awaited, session, step)

    async def _awaited(self, session: Any, step: Step) -> Outcome:
        loading = self._loading(session, step)
        try:
            return taken(await loading)
        except sm.URLError as error:
            return failed(loading, error)

    def _bytes(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        return asyncio.run(self._chunks(session, step))

    async def _chunks(self, session: Any, step: Step) -> Outcome:
        outcome, loading = Outcome(), session.bytes(self._request(step))
        self.task = loading.task
        try:
            body, response = await loading
            outcome.status = response.status_code
            async for piece in body.chunks():
                outcome.body += piece
        except sm.URLError as error:
            outcome.status, outcome.code = failed(loading, error).status, int(error.code)
        return outcome

    def _lines(self, session: Any, delegate: Delegate, step: Step) -> Outcome:
        loading = session.bytes(self._request(step))
        self.task = loading.task
        body, response = loading.result(PATIENCE)
        return Outcome(response.status_code, "|".join(body.lines()).encode())

    # what is asked for
    def _request(self, step: Step) -> Any:
        place, path = self.base, step.path
        if path.startswith("@"):
            user, path = path[1:].split("/", 1)
            place, path = place.replace("//", f"//{user}@"), f"/{path}"
        request = sm.URLRequest(place + path, step.method)
        if step.kind in ("data", "download") and step.body is not None:
            if step.stream:
                request.http_body_stream = sm.InputStream(step.body)
            else:
                request.http_body = step.body
        for name, value in step.headers:
            request.set_value(value, name)
        for name, value in step.settings.items():
            setattr(request, name, value)
        return request

    def _source(self, step: Step) -> dict[str, Any]:
        if step.kind == "file":
            file = self.folder / "upload"
            file.write_bytes(step.body or b"")
            return {"from_file": file}
        return {"from_data": step.body} if step.kind == "upload" else {}

    def _task(self, session: Any, step: Step, handler: Any = None, resume_data: bytes | None = None) -> Any:
        request = self._request(step)
        if step.kind == "resumed":
            self.task = session.download_task(resume_data=resume_data)
        elif step.kind == "streamed":
            self.task = session.upload_task(streamed_request=request)
        elif step.kind in ("upload", "file"):
            self.task = session.upload_task(request, completion_handler=handler, **self._source(step))
        else:
            self.task = (session.download_task if step.kind == "download" else session.data_task)(request, handler)
        return self.task

    def _loading(self, session: Any, step: Step) -> Any:
        request = self._request(step)
        if step.kind in ("upload", "file"):
            loading = session.upload(request, **self._source(step))
        else:
            loading = (session.download if step.kind == "download" else session.data)(request)
        self.task = loading.task
        return loading


def settle(session: Any, task: Any) -> None:
    """Wait until the task has ended, of which its reader may know before, and until the delegate queue has done what it has."""
    deadline = time.monotonic() + PATIENCE
    while task.state is not sm.TaskState.COMPLETED and time.monotonic() < deadline:
        time.sleep(0.001)
    over = threading.Event()
    session.delegate_queue.add_operation(over.set)
    assert over.wait(PATIENCE)


def taken(result: tuple[Any, Any]) -> Outcome:
    value, response = result
    if isinstance(value, Path):
        file, value = value, value.read_bytes()
        file.unlink()
    return Outcome(response.status_code, value)


def failed(loading: Any, error: sm.URLError) -> Outcome:
    response = loading.task.response
    return Outcome(None if response is None else response.status_code, b"", int(error.code))


# the three routes ---------------------------------------------------------------------------------------------------
class Stage:
    """Two servers that give a behaviour's answers in order, whichever of them is asked."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.replies = deque(behaviour.replies)
        self.seen: list[str] = []
        self._first, self._second = Origin(self.serve), Origin(self.serve)

    def __enter__(self) -> Stage:
        self.base, self.other = (origin.__enter__().url for origin in (self._first, self._second))
        return self

    def __exit__(self, *error: object) -> None:
        self._first.__exit__(*error)
        self._second.__exit__(*error)

    def serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            body = peer.read_body()
            self.seen.append(f"{method} {target}" + (f" {body.decode('latin-1')}" if body and len(body) < 100 else ""))
            answer = self.replies.popleft()
            if not write(peer, expanded(answer, self.base, self.other), method):
                return


def expanded(answer: Reply, base: str, other: str) -> Reply:
    """`answer` with the servers' addresses put in."""
    fields = [(name, value.replace("{base}", base).replace("{other}", other)) for name, value in answer.answer.headers or ()]
    return Reply(replace(answer.answer, headers=fields), answer.wire)


def write(peer: Peer, reply: Reply, method: str) -> bool:
    """Give `reply` on a socket; False where the connection is to be closed."""
    answer = reply.answer
    if reply.wire is not None:
        peer.send(reply.wire)
        return False
    if math.isinf(answer.delay):
        return peer.sock.recv(1) != b""
    for early in answer.informational:
        peer.send(f"HTTP/1.1 {early.status} {early.reason}\r\n{lines(early.headers)}\r\n".encode())
    fields = list(answer.headers or ())
    head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n{lines(fields)}\r\n".encode("latin-1")
    chunked = ("Transfer-Encoding", "chunked") in fields
    pieces = [(answer.body, 0.0)] if isinstance(answer.body, bytes) else answer.body
    for data, seconds in [] if method == "HEAD" else pieces:
        if seconds:
            peer.send(head)
            head = b""
            if math.isinf(seconds):
                return peer.sock.recv(1) != b""
            select.select([peer.sock], [], [], seconds)      # or until the client has gone
        for start in range(0, len(data), 50_000):
            piece = data[start:start + 50_000]
            peer.send(head + (b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece))
            head = b""
    if answer.error is None and chunked:
        head += f"0\r\n{lines(answer.trailers)}\r\n".encode()
    peer.send(head)
    return answer.error is None


def lines(fields: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields)


def play_everywhere(behaviour: Behaviour, style: str, folder: Path) -> dict[str, Played]:
    """`behaviour` over each of its routes: live, then from the cassette that this recorded, then from a script; the
    servers are gone by then, and every route sees the same URLs."""
    played = {}
    file = folder / "tape.yaml"
    recorded = CASSETTE in behaviour.routes
    with Stage(behaviour) as stage, sm.CassetteRoute(file, "all", live=sm.LiveRoute(), filter=False) as recorder:
        live = recorder if recorded and not behaviour.ends_early else sm.LiveRoute()
        played[LIVE] = Run(behaviour, style, live, stage.base, stage.other, folder).play()
        played[LIVE].seen = stage.seen.copy()
        assert not stage.replies, "the server was asked less often than the behaviour says"
        if recorded and behaviour.ends_early:
            stage.replies.extend(behaviour.replies)
            record(played[LIVE].asked, recorder)
    if recorded:
        with sm.CassetteRoute(file, "none", filter=False) as cassette:
            played[CASSETTE] = Run(behaviour, style, cassette, stage.base, stage.other, folder).play()
            assert cassette.misses == []
            assert len(behaviour.replies) == cassette.played
    script = sm.ScriptRoute().answers(expanded(answer, stage.base, stage.other).answer for answer in behaviour.replies)
    played[SCRIPT] = Run(behaviour, style, script, stage.base, stage.other, folder).play()
    assert script.misses == []
    assert not script.waiting
    return played


class Refuser:
    """A delegate that takes every response as it is."""

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> None:
        return None


def record(asked: list[Any], recorder: Route) -> None:
    """Ask for all of that once more, each answer to its end."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    with sm.use_route(recorder), sm.URLSession(configuration, Refuser()) as session:
        for method, url, headers, body in asked:
            session.data(sm.URLRequest(url, method, body, all_http_header_fields=headers)).result(PATIENCE)
