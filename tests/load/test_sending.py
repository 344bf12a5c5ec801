"""How a request gets on its way: completed, answered by a class or the cache, or given to a route."""
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import Event, Phase
from sessionmock.errors import Code
from sessionmock.history import History, Opened
from sessionmock.load.responses import Responses
from sessionmock.load.sending import Sending
from sessionmock.models.body import FileStream
from sessionmock.models.message import header
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer

from .doubles import URL, HandRoute, Parts, head

OFFLINE = sm.NetworkPath(is_satisfied=False)
CONSTRAINED = sm.NetworkPath(is_constrained=True)
BASIC = [("WWW-Authenticate", 'Basic realm="r"')]
USE_ANN = (sm.AuthChallengeDisposition.USE_CREDENTIAL, sm.URLCredential("ann", "secret"))


def never(head: Any, response: Any) -> None:
    """What is called where a fault has put something off."""
    raise AssertionError("nothing was put off")


class Made:
    """The sending of a load that was resumed."""

    def __init__(self, url: str | None = URL, delegate: Any = None, *, keeps: bool = True, method: str = "GET", body: Any = None,
                 history: History | None = None, monitor: Any = None, **settings: Any) -> None:
        self.route = HandRoute()
        self.parts = parts = Parts(delegate, sm.URLRequest(url, method), body=body, history=history, path_monitor=monitor, **settings)
        self.responses = Responses(parts.context, parts.inbox, parts.callbacks, parts.transfer, parts.body)
        self.sending = Sending(parts.context, parts.inbox, parts.callbacks, parts.transfer, parts.body, self.responses,
                               self.route, keeps=keeps)
        parts.owner.on["ASK_CHALLENGE"] = lambda ask: ask()
        parts.owner.on["take"] = self.take
        parts.runs()

    def take(self, event: Event, payload: Any) -> None:
        """As a load takes what a class answers: the response that it is, and the rest as it is."""
        if event is Event.RESPONSE and payload.given is not None:
            self.responses.take_given(payload.given)
        else:
            self.parts.inbox.meet(event, payload)

    def send(self, request: Any = None, **how: Any) -> Made:
        self.sending.dispatch(request or self.parts.transfer.request, self.parts.transfer.body, **how)
        return self

    @property
    def error(self) -> Any:
        return next((note[1] for note in self.parts.owner.notes if note[0] == "FAIL"), None)

    @property
    def field(self) -> Any:
        [(message, *_)] = self.route.opened
        return lambda name: header(message.headers, name)


# completed and given to the route ------------------------------------------------------------------------------------------
def test_a_request_is_completed_and_opened() -> None:
    """With what the session adds; the exchange is that of the load, and of what is measured."""
    made = Made(http_additional_headers={"X": "y"}).send()
    [(message, sink, exchange)] = made.route.opened
    assert (("y", "*/*"), "GET", URL) == ((made.field("x"), made.field("accept")), message.method, message.url)
    assert message is made.parts.transfer.message
    assert (sink, exchange, exchange, "live") == (
        made.parts.inbox.sink, sink.exchange, sink.transaction.exchange, sink.transaction.source)


def test_a_request_to_another_origin_than_the_tasks_gets_no_secret_of_the_configuration() -> None:
    """As the resource of an upload that was redirected before it stopped."""
    made = Made(http_additional_headers={"X": "y", "Authorization": "Bearer one"})
    made.send(is_own=False).send(sm.URLRequest("http://b.test/"), is_own=False)
    assert [("y", "Bearer one"), ("y", None)] == [
        (header(message.headers, "x"), header(message.headers, "authorization")) for message, *_ in made.route.opened]


def test_a_route_may_have_answered_when_it_returns() -> None:
    """Then there is nothing left to be held back."""
    made = Made()
    made.route.on_open = lambda message, sink: sink.end([])
    made.send()
    [(_, sink, exchange)] = made.route.opened
    assert (None, exchange) == (sink.exchange, sink.transaction.exchange)


def test_what_is_opened_is_written_down() -> None:
    """With where it goes."""
    made = Made(history=(history := History())).send()
    [record] = history
    assert isinstance(record, Opened)
    assert ("GET", URL, "live", made.parts.task) == (record.method, record.url, record.source, record.task)


@pytest.mark.parametrize(("url", "method", "body", "code"), [
    (None, "GET", None, Code.UNSUPPORTED_URL), ("gopher://a.test/", "GET", None, Code.UNSUPPORTED_URL),
    (URL, "GET", b"body", Code.DATA_LENGTH_EXCEEDS_MAXIMUM)])
def test_what_cannot_be_sent_at_all(url: Any, method: str, body: Any, code: Code) -> None:
    """It fails before anything is opened."""
    made = Made(url, method=method, body=body).send()
    assert ([], [], code) == (made.route.opened, made.parts.transfer.transactions, made.error.code)


def test_a_local_url_is_not_redirected_to() -> None:
    """A server may lead to other servers only."""
    made = Made("file:///etc/hostname")
    made.parts.transfer.redirects = 1
    made.send()
    assert Code.UNSUPPORTED_URL is made.error.code


def test_a_file_that_cannot_be_sent_fails_at_once(tmp_path: Path) -> None:
    """It is looked at before the request goes out."""
    made = Made(method="POST", body=FileStream(tmp_path / "none")).send()
    assert ([], Code.FILE_DOES_NOT_EXIST) == (made.route.opened, made.error.code)


# the network -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("path", "waits", "effect"), [(OFFLINE, True, "TELL_WAITING"), (OFFLINE, False, "FAIL"), (CONSTRAINED, False, "FAIL")])
def test_without_a_network_that_may_be_used(path: Any, waits: bool, effect: str) -> None:
    """The load waits for one, or fails with -1009; the request was not begun, and is no transaction."""
    made = Made(monitor=sm.PathMonitor(path), waits_for_connectivity=waits, allows_constrained_network_access=False).send()
    assert ([], [], None, effect) == (made.route.opened, made.parts.transfer.transactions, made.parts.inbox.sink, made.parts.owner.names()[-1])
    if effect == "FAIL":
        assert Code.NOT_CONNECTED_TO_INTERNET is made.error.code


def test_the_network_that_it_takes_is_measured() -> None:
    """And local URLs need none."""
    path = sm.NetworkPath(is_cellular=True)
    made = Made(monitor=sm.PathMonitor(path)).send()
    assert path == made.parts.transfer.last.path
    local = Made("data:,x", monitor=sm.PathMonitor(OFFLINE)).send()
    local.parts.engine.run()
    assert (None, "local") == (local.parts.transfer.last.path, local.parts.transfer.last.source)


# the cache --------------------------------------------------------------------------------------------------------------------
def stored(url: str = URL) -> sm.URLCache:
    cache = sm.URLCache.ephemeral()
    response = sm.HTTPURLResponse.from_head(url, head(200, [("Cache-Control", "max-age=60")]))
    cache.store_cached_response(sm.CachedURLResponse(response, b"kept"), sm.URLRequest(url))
    return cache


def test_what_is_fresh_in_the_cache_is_the_answer() -> None:
    """No route hears of the request."""
    made = Made(url_cache=stored()).send()
    assert ([], "cache", Phase.DECIDING) == (made.route.opened, made.parts.transfer.last.source, made.parts.machine.phase)


class Asked(sm.URLCredentialStorage):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get_default_credential(self, space: sm.URLProtectionSpace, task: Any, completion_handler: Any) -> None:
        self.asked.append(space.host)
        super().get_default_credential(space, task, completion_handler)


@pytest.mark.parametrize(("cached", "asked"), [("https://a.test/", []), ("https://b.test/", ["a.test"])])
def test_a_certificate_is_looked_for_where_a_connection_is_needed(cached: str, asked: list[str]) -> None:
    """Not where the cache has the response."""
    storage = Asked()
    Made("https://a.test/", url_cache=stored(cached), url_credential_storage=storage).send()
    assert asked == storage.asked


def test_a_load_that_must_not_ask_fails_without_it() -> None:
    """-1008 where the cache has nothing."""
    made = Made(request_cache_policy=sm.URLRequest.CachePolicy.RETURN_CACHE_DATA_DONT_LOAD, url_cache=sm.URLCache.ephemeral()).send()
    assert ([], Code.RESOURCE_UNAVAILABLE) == (made.route.opened, made.error.code)


@pytest.mark.parametrize(("keeps", "is_own"), [(False, True), (True, False)])
def test_the_cache_has_to_do_with_the_tasks_own_request_alone(keeps: bool, is_own: bool) -> None:
    """And with loads that keep what they load."""
    made = Made(url_cache=stored(), keeps=keeps).send(is_own=is_own)
    assert 1 == len(made.route.opened)


def test_another_request_whose_answer_is_the_tasks_own() -> None:
    """What the cache has for the task's is stale then; a question that is no answer leaves it."""
    asked = Made(method="PUT", url_cache=stored()).send(sm.URLRequest(f"{URL}resource", "HEAD"), is_own=False, answers_own=False)
    assert asked.responses.visit is None
    answered = Made(method="PUT", url_cache=stored()).send(sm.URLRequest(f"{URL}resource", "PATCH"), is_own=False)
    assert answered.responses.visit is not None


# challenges ------------------------------------------------------------------------------------------------------------------
class Answering:
    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        return USE_ANN


def test_challenges_are_met_where_there_are_any() -> None:
    """They cost a load without any nothing; a 401 is dealt with, and what let the request in is kept."""
    made = Made(delegate=Answering()).send()
    final, refused = head(200), head(401, BASIC)
    assert not made.sending.meets(final, sm.HTTPURLResponse.from_head(URL, final), never)
    assert made.sending._challenges is None
    assert made.sending.meets(refused, sm.HTTPURLResponse.from_head(URL, refused), never)
    made.parts.queue.run()
    made.send()
    assert "Basic YW5uOnNlY3JldA==" == header(made.route.opened[-1][0].headers, "authorization")
    assert not made.sending.meets(final, sm.HTTPURLResponse.from_head(URL, final), never)
    assert not made.parts.context.accepted.empty


def test_a_challenge_that_nobody_can_answer_is_the_response() -> None:
    """Of a scheme that is not known."""
    made, refused = Made().send(), head(401, [("WWW-Authenticate", "Unknown")])
    assert not made.sending.meets(refused, sm.HTTPURLResponse.from_head(URL, refused), never)


def test_what_was_taken_before_goes_ahead() -> None:
    """Below the path where it was taken."""
    made = Made(delegate=Answering()).send()
    refused, final = head(401, BASIC), head(200)
    made.sending.meets(refused, sm.HTTPURLResponse.from_head(URL, refused), never)
    made.parts.queue.run()
    made.send()
    made.sending.meets(final, sm.HTTPURLResponse.from_head(URL, final), never)
    other = Sending(made.parts.context, made.parts.inbox, made.parts.callbacks, made.parts.transfer, made.parts.body, made.responses,
                    made.route, keeps=True)
    other.dispatch(made.parts.transfer.request, None)
    assert header(made.route.opened[-1][0].headers, "authorization") is not None


@pytest.mark.parametrize("how", ["bytes", "stream", "file", "upload", "configuration"])
def test_a_417_is_asked_again_without_its_expectation(how: str, tmp_path: Path) -> None:
    """RFC 9110, section 10.1.1: with the same body, from wherever it comes; the answer to that is the response."""
    (tmp_path / "body").write_bytes(b"hello")
    asked: list[tuple[bool, bytes]] = []

    async def serve(peer: Peer) -> None:
        data = b""
        while more := await peer.receive():
            data += more
            body_from, expects = data.find(b"\r\n\r\n") + 4, b"100-continue" in data.lower()
            if body_from > 3 and (expects or b"hello" in data[body_from:]):
                asked.append((expects, data[body_from:].replace(b"5\r\nhello\r\n0\r\n\r\n", b"hello")))
                await peer.send(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % (b"417 Expectation Failed" if expects else b"200 OK"))
                data = b""

    class Streams:
        def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
            return io.BytesIO(b"hello")

    request = sm.URLRequest("http://a.test/", http_method="POST")
    configuration = sm.URLSessionConfiguration.ephemeral()
    if how == "configuration":
        configuration.http_additional_headers = {"expect": "100-Continue"}
    else:
        request.set_value("100-continue", for_http_header_field="Expect")
    with sm.virtual_time(), sm.use_route(sm.LiveRoute(network=MemoryNetwork(serve), trust_env=False)), sm.URLSession(configuration) as session:
        if how == "file":
            loading = session.upload(request, from_file=tmp_path / "body")
        elif how == "upload":
            loading = session.upload(request, from_data=b"hello")
        else:
            if how == "stream":
                request.http_body_stream = io.BytesIO(b"hello")
            else:
                request.http_body = b"hello"
            loading = session.data(request, Streams())
        assert loading.result()[1].status_code == 200
    assert asked == [(True, b""), (False, b"hello")]


@pytest.mark.parametrize("expectation", [None, "", "something-else"])
def test_a_417_to_no_such_expectation_is_the_response(expectation: str | None) -> None:
    script, request = sm.ScriptRoute(), sm.URLRequest(URL, http_method="POST", http_body=b"hello")
    request.set_value(expectation, for_http_header_field="Expect")
    script.answer(sm.Answer(417)).answer(sm.Answer(200))
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert session.data(request).result()[1].status_code == 417


def test_a_417_to_a_body_that_cannot_be_had_again_is_the_response() -> None:
    """Nobody has the stream a second time."""
    script, request = sm.ScriptRoute(), sm.URLRequest(URL, http_method="POST")
    request.http_body_stream = io.BytesIO(b"hello")
    request.set_value("100-continue", for_http_header_field="Expect")
    script.answer(sm.Answer(417)).answer(sm.Answer(200))
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        assert session.data(request).result()[1].status_code == 417


def test_a_417_without_an_expectation_is_the_response() -> None:
    """A server that says so again is not asked for ever."""
    script, request = sm.ScriptRoute(), sm.URLRequest(URL, http_method="POST", http_body=b"hello")
    request.set_value("100-continue", for_http_header_field="Expect")
    script.answers([sm.Answer(417, body=b"first"), sm.Answer(417, body=b"second"), sm.Answer(200)])
    with sm.use_route(script), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        data, response = session.data(request).result()
        assert (417, b"second") == (response.status_code, data)


# protocol classes --------------------------------------------------------------------------------------------------------------
class Thing(sm.URLProtocol):
    """Takes what begins with "my", and answers when a test says so."""

    made: list[Thing]
    stopped = 0

    @classmethod
    def can_init_with_request(cls, request: sm.URLRequest) -> bool:
        return (request.url or "").startswith("my")

    def start_loading(self) -> None:
        Thing.made.append(self)

    def stop_loading(self) -> None:
        Thing.stopped += 1


@pytest.fixture
def protocols() -> list[Any]:
    Thing.made, Thing.stopped = [], 0
    return [Thing]


def test_a_class_that_takes_a_request_answers_it(protocols: list[Any]) -> None:
    """The route hears nothing of it, and the history that a class was asked."""
    made = Made("my:thing", Answering(), protocol_classes=protocols, history=(history := History([Opened]))).send()
    assert [] == Thing.made
    made.parts.turn()
    [thing] = Thing.made
    assert (["protocol"], []) == ([record.source for record in history if isinstance(record, Opened)], made.route.opened)
    thing.client.did_receive_response(sm.URLResponse("my:thing"))
    assert Phase.DECIDING is made.parts.machine.phase


def test_a_request_that_no_class_takes_goes_the_usual_way(protocols: list[Any]) -> None:
    """As if there were none; held back where the task was suspended meanwhile."""
    made = Made(protocol_classes=protocols).send()
    assert made.parts.inbox.sink is not None
    made.parts.inbox.sink.hold_back(True)
    made.parts.turn()
    [(_, sink, exchange)] = made.route.opened
    assert (["pause"], sink, exchange) == (exchange.calls, made.parts.inbox.sink, sink.exchange)


@pytest.mark.parametrize("meanwhile", ["given up", "ended"])
def test_a_load_that_has_ended_while_classes_were_asked(protocols: list[Any], meanwhile: str) -> None:
    """Nothing is opened for it."""
    made = Made(protocol_classes=protocols).send()
    sink = made.parts.inbox.sink
    assert sink is not None
    if meanwhile == "given up":
        sink.wanted = False
    else:
        sink.ended = True
    made.parts.turn()
    assert ([], None) == (made.route.opened, made.error)


def test_a_scheme_that_no_class_takes_is_unsupported(protocols: list[Any]) -> None:
    """-1002."""
    made = Made("other:thing", protocol_classes=protocols).send()
    made.parts.turn()
    assert Code.UNSUPPORTED_URL is made.error.code


def test_a_class_that_fails_before_it_is_asked_has_no_exchange(protocols: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It has ended when `consult` returns."""
    def consult(classes: Any, task: Any, request: Any, message: Any, sink: Any, *rest: Any) -> Any:
        sink.end([])
        return "an exchange"

    monkeypatch.setattr("sessionmock.load.sending.consult", consult)
    made = Made(protocol_classes=protocols).send()
    assert made.parts.inbox.sink is not None
    assert made.parts.inbox.sink.exchange is None


def test_a_class_gets_its_challenge_answered(protocols: list[Any]) -> None:
    """Through the load's delegate; one that is withdrawn by nobody."""
    made = Made("my:thing", Answering(), protocol_classes=protocols).send()
    made.parts.turn()
    [thing], answers = Thing.made, list[Any]()
    space = sm.URLProtectionSpace("thing", 1, "my")
    thing.client.did_receive_challenge(sm.URLAuthenticationChallenge(protection_space=space), lambda *values: answers.append(values))
    assert Phase.CHALLENGED is made.parts.machine.phase
    made.parts.turn()
    assert ([USE_ANN], Phase.LOADING) == (answers, made.parts.machine.phase)
    other = sm.URLAuthenticationChallenge(protection_space=space)
    thing.client.did_receive_challenge(other, lambda *values: answers.append(values))
    thing.client.did_cancel_challenge(other)
    made.parts.turn()
    assert ([USE_ANN], Phase.LOADING) == (answers, made.parts.machine.phase)


def test_a_class_gets_what_the_cache_has(protocols: list[Any]) -> None:
    """For the task's own request."""
    made = Made("my:thing", protocol_classes=protocols, url_cache=sm.URLCache.ephemeral()).send()
    made.parts.turn()
    assert (None, True) == (Thing.made[0].cached_response, made.responses.visit is not None)
