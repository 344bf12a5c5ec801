"""What tasks do over time: who hears of them, in which order they are served, how they are held, when they give up."""
from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer, simple
from tests.tasks.delegates import PATIENCE, Answering, Collecting, Ending

State = sm.TaskState


def made(delegate: Any = None, **settings: Any) -> sm.URLSession:
    configuration = sm.URLSessionConfiguration.ephemeral()
    for name, value in settings.items():
        setattr(configuration, name, value)
    return sm.URLSession(configuration, delegate)


def gathered(session: sm.URLSession) -> None:
    """Wait until the delegate queue has done what it has."""
    done = threading.Event()
    session.delegate_queue.add_operation(done.set)
    assert done.wait(PATIENCE)


# delegates ----------------------------------------------------------------------------------------------------------
class Own:
    """A delegate of one task, with some methods."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        self.heard.append("response")
        return sm.ResponseDisposition.ALLOW

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        self.heard.append("redirect")
        return request


class Sessions(Collecting):
    """The session's delegate, with others."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []
        self.threads: list[int] = []

    def session_did_create_task(self, session: Any, task: Any) -> None:
        self.heard.append(f"created {task.task_identifier} {task.state.name}")
        self.threads.append(threading.get_ident())

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        self.heard.append("response")
        return sm.ResponseDisposition.ALLOW

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        self.heard.append("metrics")


def redirecting(peer: Peer) -> None:
    while head := peer.read_head():
        if b"/from" in head:
            peer.reply(b"", "Location: /to", status="302 Found")
        else:
            peer.reply(b"there")


def test_task_delegate_is_asked_first_method_by_method() -> None:
    """A method that the task's own delegate has goes to it, any other to the session's; afterwards the task has none."""
    own, delegate = Own(), Sessions()
    with Origin(redirecting) as server, made(delegate) as session:
        task = session.data_task(f"{server.url}/from")
        task.delegate = own
        assert own is task.delegate
        task.resume()
        assert delegate.wait() is None
        gathered(session)
        assert task.delegate is None
        loading = session.data(f"{server.url}/from", delegate=own)
        assert (b"there", 200) == (loading.result(PATIENCE)[0], 200)
        gathered(session)
    assert ["redirect", "response", "redirect"] == own.heard
    assert ["created 1 SUSPENDED", "metrics", "created 2 SUSPENDED", "metrics"] == delegate.heard
    assert b"there" == delegate.body


def test_task_delegate_cannot_be_set_after_resuming() -> None:
    """Setting the delegate of a task that was resumed is misuse."""
    with Origin() as server, made(Ending()) as session:
        task = session.data_task(server.url)
        task.resume()
        with pytest.raises(sm.GenericException):
            task.delegate = Own()


def test_creation_is_told_within_the_call() -> None:
    """`session_did_create_task` is made on the thread that makes the task, before it has the task, for tasks of every kind."""
    delegate = Sessions()
    with made(delegate) as session:
        tasks = [session.data_task("http://a/"), session.upload_task(sm.URLRequest("http://a/", "PUT"), b""),
                 session.download_task("http://a/"), session.upload_task(streamed_request=sm.URLRequest("http://a/", "PUT"))]
        assert [f"created {n} SUSPENDED" for n in (1, 2, 3, 4)] == delegate.heard
        assert {threading.get_ident()} == set(delegate.threads)
        for task in tasks:
            task.cancel()


# order and numbers --------------------------------------------------------------------------------------------------
class Gate(Origin):
    """Answers each request when it is let through, and notes in which order they came and how many were there at once."""

    def __init__(self) -> None:
        super().__init__(self.serve)
        self.order: list[str] = []
        self.most = self._now = 0
        self.changed = threading.Condition()
        self._let: set[str] = set()

    def serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            path = head.split(b" ")[1].decode()
            with self.changed:
                self.order.append(path)
                self._now += 1
                self.most = max(self.most, self._now)
                self.changed.notify_all()
                assert self.changed.wait_for(lambda path=path: path in self._let, PATIENCE)
                self._now -= 1
            peer.reply(path.encode())

    def arrived(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.order) >= count, PATIENCE)

    def let(self, path: str) -> None:
        with self.changed:
            self._let.add(path)
            self.changed.notify_all()


@pytest.mark.parametrize("limit", [6, 2, 1])
def test_tasks_are_served_in_the_order_of_resume(limit: int) -> None:
    """No more than the limit (6 unless set) are on their way to one host; the next waits, and goes when one has ended: in the
    order of `resume`, not of creation."""
    delegate = Ending()
    settings = {} if limit == 6 else {"http_maximum_connections_per_host": limit}
    with Gate() as server, made(delegate, **settings) as session:
        tasks = {f"/{n}": session.data_task(f"{server.url}/{n}") for n in range(12)}
        order = [f"/{n}" for n in (7, 3, 11, 0, 5, 9, 1, 10, 2, 8, 4, 6)]
        for path in order:
            tasks[path].resume()
        for ended, path in enumerate(order):
            server.arrived(min(limit + ended, 12))
            assert set(order[:min(limit + ended, 12)]) == set(server.order)
            server.let(path)
            assert delegate.wait() is None
    assert limit == server.most
    assert order[limit:] == server.order[limit:]
    assert limit >= server.connections


def test_waiting_task_can_be_cancelled() -> None:
    """A task that waits for its turn ends at once when it is cancelled, and the server never hears of it."""
    delegate = Ending()
    with Gate() as server, made(delegate, http_maximum_connections_per_host=1) as session:
        first, second, third = (session.data_task(f"{server.url}/{n}") for n in range(3))
        first.resume()
        server.arrived(1)
        second.resume()
        third.resume()
        second.cancel()
        assert -999 == delegate.code()
        server.let("/0")
        server.let("/2")
        assert [None, None] == [delegate.code(), delegate.code()]
    assert ["/0", "/2"] == server.order


# suspending ---------------------------------------------------------------------------------------------------------
class Pausing(Answering):
    """Suspends its task whenever it is asked something."""

    def __init__(self) -> None:
        super().__init__(sm.URLCredential("ann", "secret", sm.CredentialPersistence.NONE))

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        task.suspend()
        return request

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        task.suspend()
        return super().task_did_receive_challenge(session, task, challenge)

    def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
        task.suspend()
        return sm.InputStream(b"body")


def asking(peer: Peer) -> None:
    while head := peer.read_head():
        peer.read_body()
        if b" /from " in head:
            peer.reply(b"", "Location: /to", status="302 Found")
        elif b" /closed " in head and b"Authorization" not in head:
            peer.reply(b"", 'WWW-Authenticate: Basic realm="garden"', status="401 Unauthorized")
        else:
            peer.reply(b"there")


@pytest.mark.parametrize(("path", "before", "after"), [
    ("/from", ["GET /from"], ["GET /to"]), ("/closed", ["GET /closed"], ["GET /closed"]), ("/upload", [], ["POST /upload"]),
])
def test_task_suspended_while_its_delegate_was_asked_sends_nothing(path: str, before: list[str], after: list[str]) -> None:
    """What the delegate answered is sent when the task is resumed; a task that is cancelled instead sends it never (I2)."""
    for cancels in (False, True):
        delegate = Pausing()
        with Origin(asking) as server, made(delegate) as session:
            task: Any = (session.data_task(server.url + path) if path != "/upload"
                         else session.upload_task(streamed_request=sm.URLRequest(server.url + path, "POST")))
            task.resume()
            while task.state is not State.SUSPENDED:
                gathered(session)
            gathered(session)
            assert b"there" == session.data(f"{server.url}/other").result(PATIENCE)[0]
            (task.cancel if cancels else task.resume)()
            assert (sm.URLError.Code.CANCELLED if cancels else None) == delegate.code()
        heads = [" ".join(head.split(" ")[:2]) for head in server.heads]
        assert [*before, "GET /other", *([] if cancels else after)] == heads


def test_states_follow_the_task() -> None:
    """suspended, running, suspended by a count, canceling until the completion was delivered, completed."""
    delegate = Ending()
    hold, seen = threading.Event(), []
    complete = delegate.task_did_complete

    class Watching:
        def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            seen.append(task.state)
            complete(session, task, error)

    with Gate() as server, made(Watching()) as session:
        task = session.data_task(f"{server.url}/a")
        assert State.SUSPENDED == task.state
        task.suspend()
        task.resume()
        assert State.SUSPENDED == task.state
        task.resume()
        assert State.RUNNING == task.state
        server.arrived(1)
        task.resume()
        assert State.RUNNING == task.state
        session.delegate_queue.add_operation(lambda: hold.wait(PATIENCE))
        task.cancel()
        assert State.CANCELING == task.state
        task.cancel()
        task.resume()
        assert State.CANCELING == task.state
        hold.set()
        assert -999 == delegate.code()
        gathered(session)
        assert State.COMPLETED == task.state
        task.cancel()
        task.suspend()
        task.resume()
        assert State.COMPLETED == task.state
        assert delegate.ended.empty()
        server.let("/a")


def test_task_that_was_never_resumed_can_be_cancelled() -> None:
    """It ends once, with -999 and without a request."""
    delegate = Ending()
    with Origin() as server, made(delegate) as session:
        task = session.data_task(server.url)
        task.cancel()
        assert -999 == delegate.code()
        task.resume()
        gathered(session)
        assert delegate.ended.empty()
    assert [] == server.heads


class Becoming(Ending):
    """Turns its data task into a download, and keeps both."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[sm.URLSessionTask] = []

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        return sm.ResponseDisposition.BECOME_DOWNLOAD

    def data_task_did_become_download_task(self, session: Any, task: Any, download_task: Any) -> None:
        self.tasks = [task, download_task]


def test_download_takes_over_what_the_data_task_had() -> None:
    """The download that a data task becomes has its identifier, description, priority, hints and delegate; the old one lets go."""
    delegate, own = Becoming(), Ending()
    with Origin() as server, made(delegate) as session:
        task = session.data_task(server.url)
        task.task_description, task.priority, task.count_of_bytes_client_expects_to_receive = "it", 0.75, 100
        task.delegate = own
        task.resume()
        assert own.wait() is None
        old, new = delegate.tasks
        assert (task, sm.URLSessionDownloadTask) == (old, type(new))
        for name in ("task_identifier", "task_description", "priority", "count_of_bytes_client_expects_to_receive", "original_request"):
            assert getattr(old, name) == getattr(new, name), name
        gathered(session)
        assert (None, None) == (old.delegate, new.delegate)


# files --------------------------------------------------------------------------------------------------------------
def left(downloads: Path) -> list[Path]:
    return list(downloads.iterdir()) if downloads.exists() else []


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Oops"])
def test_file_is_there_for_the_callback_alone(status: str, downloads: Path) -> None:
    """The file of a download, of whatever status, is gone once the callback has returned; a Loading's stays."""
    there: list[bytes] = []

    class Looking(Ending):
        def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None:
            there.append(location.read_bytes())

    delegate = Looking()
    with Origin(lambda peer: peer.read_head() and peer.reply(b"data", status=status)) as server, made(delegate) as session:
        session.download_task(server.url).resume()
        assert delegate.wait() is None
        assert [] == left(downloads)
        session.download_task(server.url, lambda file, response, error: there.append(file.read_bytes())).resume()
        while len(there) < 2:
            gathered(session)
        gathered(session)
        assert [] == left(downloads)
        file, _ = session.download(server.url).result(PATIENCE)
        assert [file] == left(downloads)
        file.unlink()
    assert [b"data", b"data"] == there


def test_a_file_that_nobody_takes_is_warned_of_once(downloads: Path) -> None:
    """A download without a handler, whose delegates have no method for its file, says so at its first `resume()`: once for a
    session. One with a handler, with a delegate of its own for it, or for a `Loading`, does not. The file is removed."""
    class Taking(Ending):
        def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None: ...

    with made(Ending()) as session:
        session.download_task("data:,x", lambda *_: None).resume()
        kept, _ = session.download("data:,x").result(PATIENCE)
        own = session.download_task("data:,x")
        own.delegate = Taking()
        own.resume()
        lost = session.download_task("data:,x")
        with pytest.warns(RuntimeWarning, match=r"file of <URLSessionDownloadTask 4: GET data:,x.*no completion handler") as warned:
            lost.resume()
        assert [__file__] == [warning.filename for warning in warned]
        lost.resume()
        session.download_task("data:,x").resume()
    assert [kept] == left(downloads)


def test_moved_file_is_the_callers(downloads: Path, tmp_path: Path) -> None:
    """What the callback moves away stays."""
    class Moving(Ending):
        def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None:
            location.rename(tmp_path / task.response.suggested_filename)

    delegate = Moving()
    with Origin(simple) as server, made(delegate) as session:
        session.download_task(f"{server.url}/name.txt").resume()
        assert delegate.wait() is None
    assert b"/name.txt" == (tmp_path / "name.txt").read_bytes()
    assert [] == left(downloads)


def partly(peer: Peer) -> None:
    peer.read_head()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    if b"/hang" in peer.head:
        peer.sock.recv(1)


class Failing(Ending):
    """Fails or cancels somewhere in a download."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def download_task_did_write_data(self, session: Any, task: Any, written: int, total: int, expected: int) -> None:
        if self.place == "cancel":
            task.cancel()
        if self.place == "write":
            raise ZeroDivisionError

    def download_task_did_finish_downloading(self, session: Any, task: Any, location: Path) -> None:
        if self.place == "finish":
            raise ZeroDivisionError


@pytest.mark.parametrize(("place", "path", "code"), [
    ("server", "/cut", -1005), ("cancel", "/hang", -999), ("write", "/hang", -1), ("finish", "/whole", -1), ("time", "/hang", -1001)])
def test_failed_download_leaves_no_file(place: str, path: str, code: int, downloads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that cannot be resumed leaves nothing: cut, cancelled, out of time, or failed in the delegate's own methods."""
    reported: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    delegate = Failing(place)
    with Origin(simple if path == "/whole" else partly) as server, made(
            delegate, timeout_interval_for_request=0.3 if place == "time" else PATIENCE) as session:
        session.download_task(server.url + path).resume()
        assert code == delegate.code()
    assert [] == left(downloads)


def test_folder_of_downloads_is_private(session: Any, downloads: Path) -> None:
    """Nobody else may look into the folder of downloads."""
    with Origin(simple) as server:
        file, _ = session.download(server.url).result(PATIENCE)
        file.unlink()
    assert 0o700 == downloads.stat().st_mode & 0o777


# before and after the response --------------------------------------------------------------------------------------
def test_early_answers_are_told() -> None:
    """Every 1xx comes to the delegate, in order and with its fields, and none of them is the response."""
    def serve(peer: Peer) -> None:
        while peer.read_head():
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                      b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n")
            peer.reply(b"done")

    told: list[tuple[int, str | None]] = []

    class Early(Collecting):
        def task_did_receive_informational_response(self, session: Any, task: Any, response: Any) -> None:
            assert task.response is None
            told.append((response.status_code, response.value("Link")))

    delegate = Early()
    with Origin(serve) as server, made(delegate) as session:
        for _ in range(2):
            session.data_task(server.url).resume()
            assert delegate.wait() is None
    assert [(100, None), (102, None), (103, "</a>, </b>")] * 2 == told
    assert b"donedone" == delegate.body
    assert 1 == server.connections


def test_trailers_do_not_disturb(session: Any) -> None:
    """A chunked body with extensions and trailers is the body alone, and the connection is good for the next."""
    def serve(peer: Peer) -> None:
        while peer.read_head():
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                      b"3;a=b\r\none\r\n003;c\r\ntwo\r\n0\r\nX-Sum: 1\r\nSet-Cookie: no=1\r\n\r\n")

    with Origin(serve) as server:
        for _ in range(2):
            data, response = session.data(server.url).result(PATIENCE)
            assert (b"onetwo", None) == (data, response.value("X-Sum"))
        assert 1 == server.connections
    assert [] == session.configuration.http_cookie_storage.cookies


def test_metrics_come_with_their_task() -> None:
    """The delegate hears of the metrics of a load that is waited for with the task itself, however late the queue is."""
    told: list[Any] = []

    class Measuring:
        def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
            told.append(task)

    hold = threading.Event()
    with Origin(simple) as server, made(Measuring()) as session:
        session.delegate_queue.add_operation(lambda: hold.wait(PATIENCE))
        loading = session.data(server.url)
        loading.result(PATIENCE)
        hold.set()
        gathered(session)
    assert [loading.task] == told


@pytest.mark.parametrize("told_of_the_end", [True, False])
def test_nothing_is_told_after_the_end(told_of_the_end: bool) -> None:
    """Leaving `with` waits for every callback, also for the metrics of a load whose result was there before them."""
    told: list[str] = []

    class Measuring:
        def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
            told.append("metrics")

    class Ended(Measuring):
        def session_did_become_invalid(self, session: Any, error: Any) -> None:
            told.append("invalid")

    with Origin(simple) as server, made(Ended() if told_of_the_end else Measuring()) as session:
        loaded = threading.Event()
        session.delegate_queue.add_operation(lambda: loaded.wait(PATIENCE))
        session.data(server.url).result(PATIENCE)
        loaded.set()
    assert ["metrics", *["invalid"] * told_of_the_end] == told


def test_challenge_of_a_task_goes_to_its_own_delegate() -> None:
    """A challenge is put to the delegate that came with the call."""
    def serve(peer: Peer) -> None:
        while peer.read_head():
            if peer.field("authorization"):
                peer.reply(b"in")
            else:
                peer.reply(b"who?", 'WWW-Authenticate: Basic realm="r"', status="401 Unauthorized")

    own, other = Answering(sm.URLCredential("a", "b")), Answering()
    with Origin(serve) as server, made(other) as session:
        assert b"in" == session.data(server.url, delegate=own).result(PATIENCE)[0]
    assert (1, 0) == (len(own.challenges), len(other.challenges))
