"""Faults at the points that a load passes itself: every pair of point and kind that the table has for them, in virtual time."""
from __future__ import annotations

import errno
import gc
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import sessionmock as sm
from sessionmock.faults.armed import Faults
from sessionmock.faults.current import use_faults
from sessionmock.faults.kinds import Kind, Kinds
from sessionmock.faults.lines import FaultLine
from sessionmock.faults.plan import FaultPlan
from sessionmock.faults.points import POINTS, row_of
from sessionmock.faults.table import TABLE, suit
from sessionmock.load.partial_files import folder
from sessionmock.routes.faults.route import FaultRoute

URL = "http://a.test/"
DISPOSITION = sm.URLSession.AuthChallengeDisposition
ANN = sm.URLCredential("ann", "secret", sm.URLCredential.Persistence.FOR_SESSION)
WHOLE = b"0123456789"
RESUMABLE = {"ETag": '"1"', "Accept-Ranges": "bytes"}



class Plain(Kinds[Kind]):
    """The kinds by themselves."""

    def _take(self, kind: Kind) -> Kind:
        return kind


kinds = Plain()
KINDS: dict[str, Kind] = {
    "raises": kinds.raises(ValueError("of the fault")),
    "oserror": kinds.oserror(errno.EIO),
    "disk_full": kinds.disk_full(),
    "unanswered": kinds.unanswered(),
    "answered_twice": kinds.answered_twice(),
    "delay": kinds.delay(5),
    "cancel": kinds.cancel(),
    "cancel_by_producing_resume_data": kinds.cancel_by_producing_resume_data(),
    "suspend": kinds.suspend(5),
    "invalidate": kinds.invalidate(),
    "fail": kinds.fail(-1009),
}


class Told:
    """A delegate that answers every question, and notes what it was asked and told, and when."""

    def __init__(self, clock: sm.VirtualClock) -> None:
        self._clock = clock
        self.calls: list[tuple[str, float]] = []
        self.files: list[bytes] = []
        self.errors: list[sm.URLError | None] = []

    def _note(self, name: str) -> None:
        self.calls.append((name, self._clock.now()))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def when(self, name: str) -> float:
        return dict(self.calls)[name]

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any, handler: Any) -> None:
        self._note("redirect")
        handler(request)

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        self._note("challenge")
        return DISPOSITION.USE_CREDENTIAL, ANN

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any, handler: Any) -> None:
        self._note("response")
        handler(sm.URLSession.ResponseDisposition.ALLOW)

    def session_did_create_task(self, session: Any, task: Any) -> None: ...

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self._note("data")

    def data_task_will_cache_response(self, session: Any, task: Any, proposed: Any, handler: Any) -> None:
        self._note("cache")
        handler(proposed)

    def download_task_did_write_data(self, session: Any, task: Any, count: int, written: int, expected: int) -> None:
        self._note(f"written {written}")

    def download_task_did_finish_downloading(self, session: Any, task: Any, path: Path) -> None:
        self._note("file")
        self.files.append(path.read_bytes())

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        self._note("metrics")

    def task_did_complete(self, session: Any, task: Any, error: sm.URLError | None) -> None:
        self._note("complete")
        self.errors.append(error)


class Run(NamedTuple):
    """What came of one load."""

    told: Told
    fired: list[str]
    unfired: int
    error: sm.URLError | None
    left: int                 # answers that nobody asked for
    seconds: float

    @property
    def code(self) -> int:
        return 0 if self.error is None else self.error.code


REDIRECTS = sm.Answer(status=302, headers={"Location": "/next", "Set-Cookie": "a=b"})
CHALLENGES = sm.Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="r"'})
CACHEABLE = sm.Answer(headers={"Cache-Control": "max-age=60"}, body=WHOLE)


class Play:
    """Loads one task, with lines of a plan, in virtual time; its answers pass each point."""

    def __init__(self, clock: sm.VirtualClock) -> None:
        self.clock = clock
        self.answers = [REDIRECTS, CHALLENGES, CACHEABLE]
        self.settings: dict[str, Any] = {}
        self.make: Callable[[sm.URLSession], Any] = lambda session: session.data_task(URL)

    def __call__(self, plan: FaultPlan, delegate: object = Told) -> Run:
        told = Told(self.clock)
        configuration = sm.URLSessionConfiguration.ephemeral()
        for name, value in self.settings.items():
            setattr(configuration, name, value)
        route, faults, begun = sm.ScriptRoute().answers(self.answers), Faults(plan), self.clock.now()
        with use_faults(faults), sm.use_route(route), sm.URLSession(configuration, told if delegate is Told else delegate) as session:
            task = self.make(session)
            getattr(task, "task", task).resume()
        error = getattr(task, "task", task).error
        return Run(told, [str(each) for each in faults.fired], len(faults.unfired), error, len(route.waiting), self.clock.now() - begun)

    def downloads(self) -> None:
        self.answers = [sm.Answer(headers=RESUMABLE, body=[(WHOLE[:4], 1.0), (WHOLE[4:], 1.0)])]
        self.make = lambda session: session.download_task(URL)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)      # what is raised is meant
    with sm.virtual_time() as clock:
        yield Play(clock)
    if list(folder().iterdir()):
        gc.collect()
    assert [] == list(folder().iterdir())


# every pair --------------------------------------------------------------------------------------------------------------------
QUESTIONS = {"callback.task_will_perform_http_redirection": "redirect", "callback.task_did_receive_challenge": "challenge",
             "callback.data_task_did_receive_response": "response", "callback.data_task_will_cache_response": "cache"}
DOWNLOADING = ("disk.create", "disk.write", "disk.close", "disk.move", "callback.download_task_did_write_data",
               "callback.download_task_did_finish_downloading")
ENDING = ("completion", "callback.task_did_complete", "callback.task_did_finish_collecting_metrics")
LOCAL = (*DOWNLOADING, *ENDING, *QUESTIONS, "callback.session_did_create_task", "callback.data_task_did_receive_data", "redirect", "challenge",
         "cache.get", "cache.set", "cookies.get", "cookies.set", "credentials.get", "credentials.set")
PAIRS = [(point, name) for point in LOCAL for name, kind in KINDS.items() if suit(point, kind)]


def code_of(point: str, name: str) -> int:
    """What a load ends with, as the table says."""
    if name == "fail":
        return -1009
    if name in ("cancel", "cancel_by_producing_resume_data", "invalidate"):
        return 0 if point in ENDING else -999
    if name == "raises":
        return -1 if point in ("redirect", "challenge") or (point.startswith("callback.") and point not in ENDING) else 0
    if name == "unanswered":
        return 0 if "redirect" in point else -1001
    if point.startswith("disk."):
        full = {"oserror": {"disk.create": -3000, "disk.write": -3003, "disk.close": -3002, "disk.move": -3005}, "disk_full": {}}
        return full[name].get(point, -3003) if name in full else 0
    return 0


def test_the_table_has_all_of_them() -> None:
    """No pair of the points of a load is left out, but for methods that answer to tasks of other kinds, or to none."""
    rows = {row_of(point) for point in LOCAL}
    assert rows == {name for name in TABLE if name not in {point.name for point in POINTS.values() if point.is_wire}}
    assert {(row_of(point), name) for point, name in PAIRS} == {(row, name) for row in rows for name in TABLE[row]}


@pytest.mark.parametrize(("point", "name"), PAIRS)
def test_a_pair_does_what_the_table_says(play: Play, point: str, name: str) -> None:
    """The load ends once, with the error of the table, at its time; the line has fired once, and nothing is left."""
    if point in DOWNLOADING:
        play.downloads()
    run = play(FaultPlan([FaultLine(point=point, kind=KINDS[name], first=1)]))
    assert (code_of(point, name), 1, ["complete"]) == (run.code, len(run.fired), run.told.names[-1:])
    assert 1 == len(run.told.errors)
    assert run.error is None or run.error.failing_url is not None
    usual = 2.0 if point in DOWNLOADING else 0.0
    if name == "unanswered":
        assert 60 == run.seconds
    elif name == "delay":
        assert 5 + _BEFORE.get(point, usual) == run.seconds
    elif run.code:
        assert run.seconds <= usual


_BEFORE = {"disk.create": 0.0, "disk.write": 1.0, "callback.download_task_did_write_data": 1.0}     # the rest comes meanwhile


# questions ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delegate", [Told, None])
@pytest.mark.parametrize("point", ["redirect", "challenge"])
def test_a_question_that_nobody_answers_ends_by_the_time_out(play: Play, point: str, delegate: Any) -> None:
    """A redirect with its 3xx and no error, a challenge with -1001, whether there is a delegate or not; it is asked where there is."""
    if delegate is None:
        play.make = lambda session: session.data_task(URL, lambda data, response, error: answers.append((response, error)))
    answers: list[tuple[Any, Any]] = []
    run = play(FaultPlan().at(point).unanswered(), delegate)
    assert ((0 if point == "redirect" else -1001), 60) == (run.code, run.seconds)
    if delegate is None:
        [(response, error)] = answers
        assert (302, None) == (response.status_code, error) if point == "redirect" else error is run.error
    else:
        assert point in run.told.names


@pytest.mark.parametrize("kind", [kinds.raises(ValueError("of the fault")), kinds.answered_twice(), kinds.delay(5)])
@pytest.mark.parametrize("point", ["redirect", "challenge"])
def test_a_question_is_at_fault_without_a_delegate_too(play: Play, point: str, kind: Kind) -> None:
    """Default handling raises, answers twice, or answers later."""
    run = play(FaultPlan([FaultLine(point=point, kind=kind)]), None)
    assert ((-1 if kind.name == "raises" else 0), 1) == (run.code, len(run.fired))
    assert (5 if kind.name == "delay" else 0) == run.seconds


@pytest.mark.parametrize("point", ["redirect", "challenge", *QUESTIONS])
def test_a_second_answer_is_refused_and_changes_nothing(play: Play, point: str) -> None:
    """The load goes on by the first; the fault has fired because its own second one raised GenericException."""
    run = play(FaultPlan().at(point).answered_twice())
    assert (0, 0, 0) == (run.code, run.left, run.unfired)


def test_a_fault_of_a_question_and_one_of_its_callback_both_act(play: Play) -> None:
    """The point is passed where the redirect is met, the other where the method is called."""
    run = play(FaultPlan().at("redirect").delay(2).at("callback.task_will_perform_http_redirection").delay(3))
    assert (0, 5, 2) == (run.code, run.seconds, len(run.fired))


@pytest.mark.parametrize("point", ["callback.data_task_did_receive_data", "callback.data_task_did_receive_response"])
def test_a_method_that_raises_is_not_called(play: Play, point: str) -> None:
    """It stands in the history as called; the error names what was raised, which is reported."""
    error = ValueError("of the fault")
    run = play(FaultPlan().at(point).raises(error))
    assert point.rpartition("_")[2] not in run.told.names
    assert run.error is not None
    assert error is run.error.underlying_error


def test_an_exception_may_be_given_as_its_class(play: Play) -> None:
    """As where it is raised by hand."""
    run = play(FaultPlan().at("callback.data_task_did_receive_data").raises(KeyError))
    assert run.error is not None
    assert isinstance(run.error.underlying_error, KeyError)


def test_coroutines_are_at_fault_as_functions_are(play: Play) -> None:
    """A method that is a coroutine: its answer is dropped, or given twice; it raises when it has done its work."""
    class Awaiting:
        async def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
            called.append("redirect")
            return request

        async def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
            called.append("complete")

    called: list[str] = []
    run = play(FaultPlan().at("redirect").answered_twice().at("completion").raises(ValueError("of the fault")), Awaiting())
    assert (0, ["redirect", "complete"], 2) == (run.code, called, len(run.fired))
    run = play(FaultPlan().at("redirect").unanswered(), Awaiting())
    assert (60, ["redirect", "complete"] * 2) == (run.seconds, called)


# the end -----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", [kinds.raises(ValueError("of the fault")), kinds.delay(5), kinds.cancel(), kinds.invalidate(), kinds.fail(-1)])
def test_a_handler_is_called_once_whatever_happens_there(play: Play, kind: Kind) -> None:
    """It is called, and raises after that; it is called later; what comes too late changes nothing."""
    calls: list[Any] = []
    play.make = lambda session: session.data_task(URL, lambda data, response, error: calls.append((data, error)))
    run = play(FaultPlan([FaultLine(point="completion", kind=kind)]))
    [(data, error)] = calls
    assert ((None if kind.name == "fail" else WHOLE), run.error) == (data, error)
    assert ((5 if kind.name == "delay" else 0), 1) == (run.seconds, len(run.fired))


def test_who_waits_for_the_end_waits_longer(play: Play) -> None:
    """`completion` is passed where nobody is called, too; what would raise there does not."""
    play.make = lambda session: session.data(URL)
    run = play(FaultPlan().at("completion").delay(5).at("completion").raises(ValueError("of the fault")))
    assert (0, 5, 1) == (run.code, run.seconds, run.unfired)


# the disk ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("byte", [0, 1, 3, 4, 5, 9])
@pytest.mark.parametrize("kind", [kinds.disk_full(), kinds.oserror(errno.EIO), kinds.cancel_by_producing_resume_data()])
def test_a_download_goes_on_from_the_last_byte_that_was_written(play: Play, byte: int, kind: Kind) -> None:
    """Bytes before that are on the disk, byte for byte; before the first there is nothing to go on with."""
    play.downloads()
    faults = Faults([FaultLine(point="disk.write", kind=kind, byte=byte, first=1)])
    files: list[bytes] = []
    route = sm.ScriptRoute().answers(play.answers).answer(lambda request: rest(request.headers))

    def rest(headers: list[tuple[str, str]]) -> sm.Answer:
        assert ("Range", f"bytes={byte}-") in headers
        return sm.Answer(status=206, headers={**RESUMABLE, "Content-Range": f"bytes {byte}-9/10"}, body=WHOLE[byte:])

    with use_faults(faults), sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        with pytest.raises(sm.URLError) as caught:
            session.download(URL).result()
        data = caught.value.download_task_resume_data
        if kind.name == "cancel_by_producing_resume_data":
            assert (-999, data) == (caught.value.code, faults.fired[0].resume_data)
        else:
            assert (-3003, os.strerror(errno.ENOSPC if kind.name == "disk_full" else errno.EIO)) == (
                caught.value.code, caught.value.underlying_error.strerror)      # type: ignore[union-attr]
        assert (data is None) == (byte == 0)
        if data is not None:
            session.download_task(resume_data=data, completion_handler=lambda path, *_: files.append(path.read_bytes())).resume()
    assert [WHOLE] * (byte > 0) == files
    assert 1 == len(faults.fired)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("point", ["disk.create", "disk.write", "disk.move", "disk.close"])
def test_a_full_disk_is_the_same_wherever_it_shows(play: Play, point: str, number: int) -> None:
    """Whoever gets -3003 over one of these knows what to do."""
    play.downloads()
    run = play(FaultPlan().at(point).oserror(number))
    assert run.error is not None
    assert (-3003, number) == (run.code, run.error.underlying_error.errno)      # type: ignore[union-attr]


def test_a_line_that_never_came_to_its_byte_has_not_fired(play: Play) -> None:
    """The file was shorter."""
    play.downloads()
    run = play(FaultPlan().at("disk.write", byte=10).disk_full())
    assert (0, [], 1, [WHOLE]) == (run.code, run.fired, run.unfired, run.told.files)


def test_faults_at_several_bytes_act_in_their_order(play: Play) -> None:
    """Whatever the order of their lines, and also within one piece."""
    play.downloads()
    run = play(FaultPlan().at("disk.write", byte=9).delay(7).at("disk.write", byte=5).delay(3).at("disk.write", byte=6).delay(2))
    assert (0, 14, [WHOLE]) == (run.code, run.seconds, run.told.files)
    assert ["byte 5", "byte 6", "byte 9"] == [text.partition(" of ")[0].removeprefix("disk.write ") for text in run.fired]
    assert ["written 4", "written 5", "written 6", "written 9", "written 10"] == run.told.names[:-3]


def test_a_data_task_that_becomes_a_download_has_a_disk(play: Play) -> None:
    """The task that it became fails, and hears of that."""
    class Becoming(Told):
        def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
            return sm.URLSession.ResponseDisposition.BECOME_DOWNLOAD

        def data_task_did_become_download_task(self, session: Any, task: Any, download_task: Any) -> None:
            self._note("became")

    told = Becoming(play.clock)
    play.answers = [CACHEABLE]
    run = play(FaultPlan().at("disk.create").delay(5).at("disk.create").oserror(errno.EACCES), told)
    assert (["became", "metrics", "complete"], 5) == (told.names, run.seconds)
    assert [-3000] == [error.code for error in told.errors if error is not None]


# stores ------------------------------------------------------------------------------------------------------------------------
def test_a_store_that_fails_is_as_if_it_held_nothing(play: Play) -> None:
    """Twice the same: the second load finds nothing in the cache where that fails, and what it holds where it does not."""
    play.answers, play.settings = [CACHEABLE], {"url_cache": sm.URLCache.ephemeral()}
    assert 0 == play(FaultPlan().at("cache.set").oserror(errno.EIO)).left
    assert 0 == play(FaultPlan().at("cache.get").raises(ValueError("of the fault"))).left
    assert 1 == play(FaultPlan()).left


def test_cookies_that_fail_are_not_there(play: Play) -> None:
    """The request goes out without them; a response's are lost."""
    seen: list[str | None] = []
    play.settings = {"http_cookie_storage": sm.HTTPCookieStorage()}

    def look(request: Any) -> sm.Answer:
        seen.append(dict(request.headers).get("Cookie"))
        return sm.Answer(headers={"Set-Cookie": "a=b"})

    for plan in (FaultPlan().at("cookies.set").disk_full(), FaultPlan(), FaultPlan().at("cookies.get").oserror(errno.EIO), FaultPlan()):
        configuration = sm.URLSessionConfiguration.ephemeral()
        configuration.http_cookie_storage = play.settings["http_cookie_storage"]
        with use_faults(Faults(plan)), sm.use_route(sm.ScriptRoute().answer(look)), sm.URLSession(configuration) as session:
            session.data(URL).result()
    assert [None, None, None, "a=b"] == seen


def test_a_credential_that_cannot_be_stored_still_lets_its_load_in(play: Play) -> None:
    """The next session has to be asked again; one whose storage fails asks without a proposal."""
    storage = sm.URLCredentialStorage()
    play.settings = {"url_credential_storage": storage}
    assert 0 == play(FaultPlan().at("credentials.set").disk_full()).code
    assert {} == storage.all_credentials
    assert 0 == play(FaultPlan()).code
    assert {} != storage.all_credentials
    run = play(FaultPlan().at("credentials.get").raises(OSError), None)
    assert (0, 1, 1) == (run.code, len(run.fired), run.left)


# passes ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("point", "passes"), [
    ("cookies.get", 3), ("cookies.set", 1), ("cache.get", 3), ("cache.set", 1), ("credentials.get", 1), ("credentials.set", 1),
    ("redirect", 1), ("challenge", 1), ("completion", 1), *((point, 1) for point in QUESTIONS), ("callback.task_did_complete", 1),
])
def test_a_point_is_passed_once_for_what_it_says(play: Play, point: str, passes: int) -> None:
    """Of a load that is redirected, challenged and kept, each request and each of these once."""
    run = play(FaultPlan().at(point).delay(1))
    assert (passes, passes) == (len(run.fired), run.seconds)


def test_a_point_is_passed_by_the_request_there_is_then(play: Play) -> None:
    """After a redirect the next one, by its URL and its method."""
    run = play(FaultPlan().at("challenge", url="http://a.test/next", method="get").delay(1).at("cache.get", url=URL).delay(1))
    assert [f"cache.get of GET {URL}: delay(1)", f"challenge of GET {URL}next: delay(1)"] == run.fired


def test_of_two_faults_at_one_point_delays_come_first(play: Play) -> None:
    """Whatever the order of their lines; of two that say how the thing itself fails, the first does."""
    play.downloads()
    run = play(FaultPlan().at("disk.create").oserror(errno.EACCES).at("disk.create").delay(5).at("disk.create").disk_full())
    assert (-3000, 5, 1) == (run.code, run.seconds, run.unfired)


def test_a_body_that_nobody_was_given_is_closed(play: Play) -> None:
    """The task was cancelled before its request was sent."""
    class Pieces:
        closed = 0

        def __iter__(self) -> Pieces:
            return self

        def __next__(self) -> bytes:
            return WHOLE

        def close(self) -> None:
            self.closed += 1

    body = Pieces()
    request = sm.URLRequest(URL, "POST")
    request.http_body_stream = body
    play.make = lambda session: session.data_task(request)
    run = play(FaultPlan().at("cookies.get").cancel())
    assert (-999, 3) == (run.code, run.left)
    assert 1 == body.closed


@pytest.mark.parametrize("kind", [kinds.oserror(errno.EIO), kinds.fail(-1), kinds.cancel_by_producing_resume_data()])
def test_a_task_is_freed_with_its_plan(play: Play, kind: Kind) -> None:
    """By the last reference, and not by the collector: its resume data holds a file."""
    tasks: list[weakref.ref[Any]] = []

    def make(session: sm.URLSession) -> Any:
        tasks.append(weakref.ref(task := session.download_task(URL)))
        return task

    play.downloads()
    play.make = make
    gc.disable()
    try:
        play(FaultPlan([FaultLine(point="disk.close", kind=kind)]))
        assert [None] == [task() for task in tasks]
    finally:
        gc.enable()


def test_a_request_behind_a_stale_response_meets_the_faults_of_its_task(play: Play) -> None:
    """Also those of a route, which it is not given again."""
    stale = sm.Answer(headers={"Cache-Control": "max-age=0, stale-while-revalidate=60"}, body=WHOLE)
    route = FaultRoute(sm.ScriptRoute().answers([stale] * 2), FaultPlan().at("head", nth=2).status(503))
    with sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert [WHOLE, WHOLE] == [session.data(URL).result()[0] for _ in range(2)]
        play.clock.run_until_idle()
    assert ["head of GET http://a.test/: status(503)"] == [str(fired) for fired in route.faults.fired]
