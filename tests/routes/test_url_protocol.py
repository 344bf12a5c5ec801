"""URLProtocol classes: consulted before the route."""
from __future__ import annotations

from typing import Any, ClassVar

import pytest

from sessionmock import (
    AuthChallengeDisposition,
    CachedURLResponse,
    CacheStoragePolicy,
    CredentialPersistence,
    GenericException,
    HTTPURLResponse,
    InputStream,
    InvalidArgumentException,
    ResourceFetchType,
    ScriptRoute,
    URLAuthenticationChallenge,
    URLCache,
    URLCredential,
    URLError,
    URLProtectionSpace,
    URLProtocol,
    URLRequest,
    URLResponse,
    URLSession,
    URLSessionConfiguration,
    use_route,
)
from sessionmock.routes.url_protocol import URLProtocolClient


class Echo(URLProtocol):
    """Answers my: URLs with their own text."""

    stopped: list[str]

    @classmethod
    def can_init_with_request(cls, request: URLRequest) -> bool:
        return (request.url or "").startswith("my:") and URLProtocol.property("seen", request) is None

    def start_loading(self) -> None:
        url = self.request.url or ""
        if url == "my:redirect":
            self.client.was_redirected(URLRequest("https://api.example/"), HTTPURLResponse(url, 302))
        elif url == "my:failure":
            self.client.did_fail(OSError("no paper"))
        elif url == "my:crash":
            raise RuntimeError("out of ink")
        elif url != "my:silence":
            self.client.did_receive_response(URLResponse(url, "text/plain", len(url)))
            self.client.did_load(url.encode())
            self.client.did_finish_loading()
            self.client.did_load(b"too late")

    def stop_loading(self) -> None:
        self.stopped.append(self.request.url or "")


@pytest.fixture
def session() -> Any:
    Echo.stopped = []
    script = ScriptRoute()
    script.get("https://api.example/").respond(200, text="route")
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Echo]
    with use_route(script), URLSession(configuration) as made:
        yield made


def test_a_class_that_takes_a_request_answers_it(session: URLSession) -> None:
    """The first class that says True loads the request, and is stopped at its end; data after the end is dropped."""
    assert b"my:thing" == session.data("my:thing").result()[0]


def test_other_requests_take_the_route(session: URLSession) -> None:
    """A request that no class takes goes the usual way."""
    assert b"route" == session.data("https://api.example/").result()[0]


def test_a_scheme_that_nobody_takes_is_unsupported(session: URLSession) -> None:
    """-1002 where no class and no route knows the scheme."""
    with pytest.raises(URLError) as failure:
        session.data("other:thing").result()
    assert URLError.Code.UNSUPPORTED_URL == failure.value.code


def test_a_class_can_redirect(session: URLSession) -> None:
    """`was_redirected` begins a new load with the new request."""
    assert b"route" == session.data("my:redirect").result()[0]


@pytest.mark.parametrize("url", ["my:failure", "my:crash"])
def test_a_class_can_fail(session: URLSession, url: str) -> None:
    """What `did_fail` is given, or `start_loading` raises, is the error's underlying one."""
    with pytest.raises(URLError) as failure:
        session.data(url).result()
    assert isinstance(failure.value.underlying_error, OSError | RuntimeError)


def test_cancelling_stops_the_class(session: URLSession) -> None:
    """A cancelled load stops its protocol, and ends with -999."""
    loading = session.data("my:silence")
    loading.cancel()
    with pytest.raises(URLError) as failure:
        loading.result()
    assert URLError.Code.CANCELLED == failure.value.code


def test_tags_travel_with_copies() -> None:
    """A property set on a request is on its copies, until it is removed; other requests do not have it."""
    request = URLRequest("my:thing")
    URLProtocol.set_property(1, "seen", request)
    copy = request.copy()
    URLProtocol.remove_property("seen", request)

    assert (None, 1) == (URLProtocol.property("seen", request), URLProtocol.property("seen", copy))


def test_what_is_no_protocol_class_is_refused() -> None:
    """`register_class` says False to anything but a subclass."""
    assert URLProtocol.register_class(int) is False  # type: ignore[arg-type]
    configuration = URLSessionConfiguration.ephemeral()
    with pytest.raises(InvalidArgumentException, match="int"):
        configuration.protocol_classes = [int]  # type: ignore[list-item]


def test_data_before_the_response_is_misuse() -> None:
    """`did_load` before `did_receive_response` raises where it is called."""

    class Hasty(Echo):
        def start_loading(self) -> None:
            self.client.did_load(b"x")

    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Hasty]
    Hasty.stopped = []
    with URLSession(configuration) as session, pytest.raises(URLError) as failure:
        session.data("my:thing").result()
    assert isinstance(failure.value.underlying_error, GenericException)


# The cache ------------------------------------------------------------------------------------------------

class Keeper(URLProtocol):
    """Counts its answers, lets them be kept, and takes what was kept for them."""

    policy = CacheStoragePolicy.ALLOWED
    loads: int

    @classmethod
    def can_init_with_request(cls, request: URLRequest) -> bool:
        return (request.url or "").startswith(("my:", "https://kept.example/"))

    @classmethod
    def canonical_request(cls, request: URLRequest) -> URLRequest:
        canonical = request.copy()
        canonical.url = (request.url or "").partition("?")[0]
        return canonical

    def start_loading(self) -> None:
        if self.cached_response is not None:
            self.client.cached_response_is_valid(self.cached_response)
            return
        Keeper.loads += 1
        self.client.did_receive_response(URLResponse(self.request.url or "", "text/plain", 3), self.policy)
        self.client.did_load(b"one")
        self.client.did_finish_loading()


class Asked:
    """Says what may be kept, and notes what it was asked about."""

    def __init__(self) -> None:
        self.proposed: list[CachedURLResponse] = []
        self.fetched: list[ResourceFetchType] = []

    def data_task_will_cache_response(self, session: Any, task: Any, proposed: CachedURLResponse) -> CachedURLResponse:
        self.proposed.append(proposed)
        return proposed

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None:
        self.fetched += [transaction.resource_fetch_type for transaction in metrics.transaction_metrics]


def keeping(*urls: str) -> Asked:
    """Delegate loads of `urls`, one after the other, by Keeper."""
    Keeper.loads = 0
    delegate, cache = Asked(), URLCache.ephemeral()
    for url in urls:
        configuration = URLSessionConfiguration.ephemeral()
        configuration.url_cache, configuration.protocol_classes = cache, [Keeper]
        with URLSession(configuration, delegate) as session:
            session.data_task(url).resume()
    return delegate


@pytest.mark.parametrize("url", ["my:thing", "https://kept.example/"])
def test_a_class_may_let_its_answers_be_kept(url: str) -> None:
    """With a storage policy that allows it the delegate is asked; the next load's class is given what was kept for the
    canonical form of its request."""
    delegate = keeping(f"{url}?1", f"{url}?2")

    assert (1, [b"one"]) == (Keeper.loads, [each.data for each in delegate.proposed])
    assert [ResourceFetchType.UNKNOWN, ResourceFetchType.LOCAL_CACHE] == delegate.fetched


def test_a_class_keeps_nothing_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a storage policy nobody is asked, and each load is a new one."""
    monkeypatch.setattr(Keeper, "policy", CacheStoragePolicy.NOT_ALLOWED)

    assert ([], 2) == (keeping("my:thing", "my:thing").proposed, Keeper.loads)


def test_a_class_goes_before_the_cache() -> None:
    """A fresh response of the route's is not given in place of a class that takes the request."""
    script, cache = ScriptRoute(), URLCache.ephemeral()
    script.get("https://kept.example/").respond(200, text="route", headers={"Cache-Control": "max-age=60"})
    Keeper.loads = 0
    for classes, request in ([], "https://kept.example/"), ([Keeper], URLRequest("https://kept.example/", cache_policy=1)):
        configuration = URLSessionConfiguration.ephemeral()
        configuration.url_cache, configuration.protocol_classes = cache, classes
        with use_route(script), URLSession(configuration) as session:
            data, _ = session.data(request).result()

    assert (b"one", 1) == (data, Keeper.loads)


# What a class is told and may ask -------------------------------------------------------------------------

def test_a_class_sees_the_whole_request(session: URLSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body of an upload is there as a stream, and the fields that the engine adds are."""
    seen: list[Any] = []

    def start_loading(self: Echo) -> None:
        seen.extend((self.request.http_body, self.request.read_body(), self.request.value("Accept")))
        self.client.did_fail(OSError())

    monkeypatch.setattr(Echo, "start_loading", start_loading)
    with pytest.raises(URLError):
        session.upload(URLRequest("my:thing", "POST"), from_data=b"load").result()

    assert [None, b"load", "*/*"] == seen


def test_the_form_for_tasks_is_preferred() -> None:
    """A class that overrides `can_init_with_task` is asked with the task."""

    class Chosen(Echo):
        @classmethod
        def can_init_with_task(cls, task: Any) -> bool:
            return bool(task.task_description == "mine")

    Echo.stopped, outcomes = [], {}
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [Chosen]
    with URLSession(configuration) as session:
        for name in ("mine", "theirs"):
            task = session.data_task("my:thing", lambda data, response, error, name=name: outcomes.update({name: data or int(error.code)}))
            task.task_description = name
            task.resume()

    assert {"mine": b"my:thing", "theirs": URLError.Code.UNSUPPORTED_URL} == outcomes


def test_a_redirect_is_followed_as_the_class_made_it(session: URLSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new request keeps the fields that the class gave it, and the delegate's word on it counts."""
    following = URLRequest("my:next", all_http_header_fields={"X-Made": "yes"})

    def start_loading(self: Echo) -> None:
        if self.request.value("X-Made") is None:
            self.client.was_redirected(following, HTTPURLResponse(self.request.url or "", 302))
        else:
            self.client.did_receive_response(URLResponse(self.request.url or "", "text/plain", -1))
            self.client.did_finish_loading()

    monkeypatch.setattr(Echo, "start_loading", start_loading)
    _, response = session.data("my:thing").result()

    assert "my:next" == response.url


@pytest.mark.parametrize("stream", [False, True])
def test_a_redirect_to_a_copy_has_the_body_again(session: URLSession, monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    """A class that sends a copy of its request on sends the body with it, though it has read it; a stream is asked for again."""
    def start_loading(self: Echo) -> None:
        body = self.request.http_body_stream.read(100)
        if self.request.url == "my:thing":
            following = self.request.copy()
            following.url = "my:next"
            self.client.was_redirected(following, HTTPURLResponse("my:thing", 307))
        else:
            self.client.did_receive_response(URLResponse("my:next", "text/plain", -1))
            self.client.did_load(body)
            self.client.did_finish_loading()

    class Supplying:
        def task_need_new_body_stream(self, session: Any, task: Any) -> Any:
            return InputStream(b"again")

    monkeypatch.setattr(Echo, "start_loading", start_loading)
    request = URLRequest("my:thing", "POST", None if stream else b"body", http_body_stream=InputStream(b"body") if stream else None)
    assert (b"again" if stream else b"body") == session.data(request, delegate=Supplying()).result()[0]


class Guarded(Echo):
    """Asks for a credential before it answers with what came of that."""

    challenge = URLAuthenticationChallenge(protection_space=URLProtectionSpace("thing", 0, "my", "garden", "NSURLAuthenticationMethodHTTPBasic"))

    def start_loading(self) -> None:
        self.client.did_receive_challenge(self.challenge, self.go_on)

    def go_on(self, disposition: AuthChallengeDisposition, credential: URLCredential | None) -> None:
        self.client.did_receive_response(URLResponse(self.request.url or "", "text/plain", -1))
        self.client.did_load(f"{disposition.name} {credential and credential.user}".encode())
        self.client.did_finish_loading()


class Gatekeeper:
    def __init__(self, *answer: Any) -> None:
        self.answer = answer

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> tuple[Any, ...]:
        assert challenge is Guarded.challenge
        return self.answer


def guarded(kind: type[Guarded], delegate: object | None) -> bytes:
    Echo.stopped = []
    configuration = URLSessionConfiguration.ephemeral()
    configuration.protocol_classes = [kind]
    with URLSession(configuration, delegate) as session:
        return session.data("my:thing").result()[0]


@pytest.mark.parametrize(("delegate", "heard"), [
    (Gatekeeper(AuthChallengeDisposition.USE_CREDENTIAL, URLCredential("ann", "secret", CredentialPersistence.NONE)), b"USE_CREDENTIAL ann"),
    (Gatekeeper(AuthChallengeDisposition.REJECT_PROTECTION_SPACE, None), b"REJECT_PROTECTION_SPACE None"),
    (None, b"PERFORM_DEFAULT_HANDLING None"),
])
def test_a_class_may_ask_the_delegate(delegate: object | None, heard: bytes) -> None:
    """What the delegate answers to a challenge is the class's to act on; without a delegate default handling is."""
    assert heard == guarded(Guarded, delegate)


def test_a_cancelled_challenge_ends_the_load() -> None:
    """The load ends with -999, and its class is stopped."""
    with pytest.raises(URLError) as failure:
        guarded(Guarded, Gatekeeper(AuthChallengeDisposition.CANCEL_AUTHENTICATION_CHALLENGE, None))
    assert URLError.Code.CANCELLED == failure.value.code


def test_a_challenge_can_be_withdrawn() -> None:
    """A load goes on without the answer to a challenge that its class no longer asks about."""

    class Undecided:
        def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any, completion_handler: Any) -> None:
            client.did_cancel_challenge(challenge)

    class Impatient(Guarded):
        def start_loading(self) -> None:
            nonlocal client
            client = self.client
            super().start_loading()
            self.go_on(AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING, None)

    client: Any = None
    assert b"PERFORM_DEFAULT_HANDLING None" == guarded(Impatient, Undecided())


def test_a_challenge_comes_before_the_response() -> None:
    """`did_receive_challenge` after `did_receive_response` raises where it is called."""

    class Late(Guarded):
        def start_loading(self) -> None:
            self.client.did_receive_response(URLResponse("my:thing", "text/plain", -1))
            super().start_loading()

    with pytest.raises(URLError) as failure:
        guarded(Late, None)
    assert isinstance(failure.value.underlying_error, GenericException)


# what a class is, and what it may tell -------------------------------------------------------------------------------
class Told:
    """A sink that notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def head(self, head: Any) -> None:
        self.calls.append("head")

    def data(self, data: bytes) -> None:
        self.calls.append(data)

    def end(self, trailers: Any) -> None:
        self.calls.append("end")

    def fail(self, error: URLError) -> None:
        self.calls.append(error.code)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def client(told: Any) -> URLProtocolClient:
    request = URLRequest("my:x")
    occasion: Any = None        # nothing is asked here
    return URLProtocolClient(told, request, request, occasion)


RESPONSE = URLResponse("my:x", "text/plain", -1)


@pytest.mark.parametrize("too_early", [lambda client: client.did_load(b"x"), lambda client: client.did_finish_loading()], ids=["data", "end"])
def test_the_response_comes_first(client: URLProtocolClient, told: Told, too_early: Any) -> None:
    """Data, or the end, before it are misuse, and change nothing."""
    with pytest.raises(GenericException, match="the response comes first"):
        too_early(client)
    client.did_receive_response(RESPONSE)
    client.did_load(b"x")
    client.did_load(b"")
    client.did_finish_loading()
    assert ["head", b"x", "end"] == told.calls


def test_there_is_one_response(client: URLProtocolClient, told: Told) -> None:
    """A second one, of whatever kind, is misuse."""
    client.did_receive_response(RESPONSE)
    with pytest.raises(GenericException, match="responds once"):
        client.was_redirected(URLRequest("my:y"), HTTPURLResponse("my:x", 302))
    assert ["head"] == told.calls


@pytest.mark.parametrize("end", [lambda client: client.did_finish_loading(), lambda client: client.did_fail(OSError())], ids=["end", "failure"])
def test_nothing_comes_after_the_end(client: URLProtocolClient, told: Told, end: Any) -> None:
    """Neither data nor another end; the protocol is stopped, once."""
    stopped: list[int] = []
    client.on_end = lambda: stopped.append(1)
    client.did_receive_response(RESPONSE)
    end(client)
    before = list(told.calls)
    client.did_load(b"late")
    client.did_finish_loading()
    client.did_fail(OSError())
    assert before == told.calls
    assert [1] == stopped


def test_a_load_that_is_over_takes_no_response(client: URLProtocolClient, told: Told) -> None:
    """It was cancelled, perhaps, before the class had its answer."""
    assert client.end()
    client.did_receive_response(RESPONSE)
    assert [] == told.calls


@pytest.mark.parametrize(("error", "code"), [(URLError(-1200), -1200), (OSError("no paper"), -1)])
def test_failures(client: URLProtocolClient, told: Told, error: Exception, code: int) -> None:
    """A URLError is taken as it is, anything else is -1 over it."""
    client.did_fail(error)
    assert [code] == told.calls


@pytest.mark.parametrize(("call", "says"), [
    (lambda: URLProtocol.can_init_with_request(URLRequest("my:x")), "overrides neither can_init_with_task nor can_init_with_request"),
    (lambda: URLProtocol(None, URLRequest("my:x"), None, None).start_loading(), "does not override start_loading"),  # type: ignore[arg-type]
])
def test_what_a_class_must_override(call: Any, says: str) -> None:
    """The base says so."""
    with pytest.raises(NotImplementedError, match=says):
        call()


def test_what_a_class_may_override() -> None:
    """The canonical form of a request is itself, and requests are alike for a cache where their canonical forms are equal."""
    class Folding(URLProtocol):
        @classmethod
        def canonical_request(cls, request: URLRequest) -> URLRequest:
            return URLRequest((request.url or "").lower())

    one, other = URLRequest("my:X"), URLRequest("my:x")
    assert one is URLProtocol.canonical_request(one)
    assert (False, True) == (URLProtocol.request_is_cache_equivalent(one, other), Folding.request_is_cache_equivalent(one, other))


def test_registering() -> None:
    """The newest class is asked first by the shared session; unregistering one that is not there does nothing."""
    class Other(Echo):
        stopped: ClassVar[list[str]] = []

    class Newest(Echo):
        stopped: ClassVar[list[str]] = []

    try:
        assert URLProtocol.register_class(Other)
        assert URLProtocol.register_class(Newest)
        assert [Newest, Other] == URLProtocol._registered[:2]
        assert b"my:shared" == URLSession.shared.data("my:shared").result(20)[0]
    finally:
        URLProtocol.unregister_class(Newest)
        URLProtocol.unregister_class(Other)
    URLProtocol.unregister_class(Other)
    assert {Newest, Other}.isdisjoint(URLProtocol._registered)


def test_tags() -> None:
    """A tag goes with the copies of a request, and is taken away from one alone."""
    request = URLRequest("my:x")
    URLProtocol.set_property(1, "seen", request)
    copy = request.copy()
    URLProtocol.remove_property("seen", request)
    URLProtocol.remove_property("never", request)
    assert (None, 1) == (URLProtocol.property("seen", request), URLProtocol.property("seen", copy))
