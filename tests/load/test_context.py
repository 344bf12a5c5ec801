"""What the loads of one session share."""
from __future__ import annotations

from typing import Any

import pytest

import sessionmock as sm
from sessionmock.clock import SECOND
from sessionmock.errors import GenericException
from sessionmock.load.context import USER_AGENT
from sessionmock.models.message import Request

from .doubles import URL, HandEngine, HandRoute, Parts

USE = sm.URLRequest.CachePolicy.USE_PROTOCOL_CACHE_POLICY
RELOAD = sm.URLRequest.CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA


class Counting(HandRoute):
    """A route that counts what becomes of its channels."""

    source = "counting"

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[str] = []

    def bind(self, configuration: Any, host: Any) -> Counting:
        self.happened.append("bind")
        return self

    def proxy_for(self, parts: Any) -> Any:
        return sm.ProxyConfiguration.http_connect(f"proxy-of-{parts.host}", 8080)

    def flush(self) -> None:
        self.happened.append("flush")

    def close(self) -> None:
        self.happened.append("close")

    def abandon(self) -> None:
        self.happened.append("abandon")


# limits and policies ---------------------------------------------------------------------------------------------------------
def test_limits_are_nanoseconds() -> None:
    """Those of the configuration; what no timer reaches is cut."""
    context = Parts(timeout_interval_for_request=1.5, timeout_interval_for_resource=float("inf")).context
    assert (SECOND * 3 // 2, 3_155_760_000 * SECOND) == (context.idle_limit, context.resource_limit)


def test_fields_that_a_request_carries_when_it_does_not_set_them() -> None:
    """The defaults, and the configuration's additional ones."""
    context = Parts(http_additional_headers={"X": "y"}).context
    fields = dict(context.defaults)
    assert (USER_AGENT, "*/*", (("X", "y"),)) == (fields["User-Agent"], fields["Accept"], context.additional.anywhere)
    assert "gzip" in fields["Accept-Encoding"]


# channels ----------------------------------------------------------------------------------------------------------------------
def test_a_route_is_bound_once() -> None:
    """At its first request; the engine hears of the first channel alone."""
    parts, route, other = Parts(), Counting(), Counting()
    engine: HandEngine = parts.engine
    assert [("counting", route)] * 2 == [parts.context.channel(route, "http") for _ in range(2)]
    parts.context.channel(other, "https")
    assert ([["bind"], ["bind"]], 1) == ([route.happened, other.happened], engine.attached)


def test_local_urls_take_their_own_route() -> None:
    """Whatever the task's is; without one it is the live one that is in force."""
    context = Parts().context
    assert "local" == context.channel(Counting(), "data")[0]
    with sm.use_route(Counting()) as route:
        assert "counting" != context.channel(None, "http")[0]
    assert route.happened == []
    context.close()


def test_the_proxy_is_the_routes() -> None:
    """It knows whose 407 a request may meet."""
    context = Parts().context
    assert sm.ProxyConfiguration.http_connect("proxy-of-a.test", 8080) == context.proxy_for(Counting(), Request("GET", URL, []))


def test_channels_are_flushed_and_closed() -> None:
    """And the engine hears that nobody has connections any more; a session without any told it nothing."""
    parts, route = Parts(object()), Counting()
    parts.context.channel(route, "http")
    parts.context.flush()
    parts.context.close()
    parts.context.flush()
    parts.context.close()
    assert (["bind", "flush", "close"], 0, {}, None) == (route.happened, parts.engine.attached, parts.context.methods, parts.context.delegate)


def test_a_forked_child_leaves_the_parents_connections_alone() -> None:
    """And makes its own."""
    parts, route = Parts(), Counting()
    parts.context.channel(route, "http")
    with parts.context._lock:
        parts.context.orphan()
    parts.context.channel(route, "http")
    assert ["bind", "abandon", "bind"] == route.happened


# protocol classes ----------------------------------------------------------------------------------------------------------
def test_registered_classes_are_the_shared_sessions() -> None:
    """Others have those of their configuration."""
    class Mine(sm.URLProtocol): ...

    own, plain, shared = Parts(protocol_classes=[Mine]), Parts(), Parts()
    shared.session._is_shared = True        # type: ignore[misc]
    sm.URLProtocol.register_class(Mine)
    try:
        assert [[Mine], [], [Mine]] == [list(each.context.protocols()) for each in (own, plain, shared)]
    finally:
        sm.URLProtocol.unregister_class(Mine)


# cookies ---------------------------------------------------------------------------------------------------------------------
def cookies(**settings: Any) -> tuple[Any, sm.HTTPCookieStorage]:
    """A context whose storage has a cookie for a.test."""
    storage = sm.HTTPCookieStorage()
    [cookie] = sm.HTTPCookie.cookies({"Set-Cookie": "a=b"}, URL)
    storage.set_cookie(cookie)
    return Parts(http_cookie_storage=storage, **settings).context, storage


def test_a_request_carries_the_cookies_of_the_storage() -> None:
    """Unless it, or the configuration, says otherwise (I25)."""
    context, _ = cookies()
    assert "a=b" == context.cookies_for(sm.URLRequest(URL), None)
    assert context.cookies_for(sm.URLRequest(URL, http_should_handle_cookies=False), None) is None
    assert context.cookies_for(sm.URLRequest(None), None) is None
    assert cookies(http_should_set_cookies=False)[0].cookies_for(sm.URLRequest(URL), None) is None
    assert Parts(http_cookie_storage=None).context.cookies_for(sm.URLRequest(URL), None) is None


def test_cookies_of_a_response_are_kept() -> None:
    """Under the configuration's policy, and where the request handles cookies."""
    def kept(request: sm.URLRequest, **settings: Any) -> int:
        context, storage = cookies(**settings)
        context.store_cookies(request, [("Set-Cookie", "c=d")], None)
        return len(storage.cookies)

    assert 2 == kept(sm.URLRequest(URL))
    assert 1 == kept(sm.URLRequest(URL, http_should_handle_cookies=False))
    assert 1 == kept(sm.URLRequest(None))
    assert 1 == kept(sm.URLRequest(URL), http_cookie_accept_policy=sm.CookieAcceptPolicy.NEVER)
    Parts(http_cookie_storage=None).context.store_cookies(sm.URLRequest(URL), [("Set-Cookie", "c=d")], None)


# credentials -----------------------------------------------------------------------------------------------------------------
SPACE = sm.URLProtectionSpace("a.test", 80, "http")
ANN = sm.URLCredential("ann", "secret", sm.CredentialPersistence.PERMANENT)


def test_credentials_that_were_taken_are_stored() -> None:
    """And are what default handling uses."""
    context = Parts().context
    given = sm.URLCredential("ann", "secret")
    context.keep_credentials([(SPACE, given)], None)
    assert given == context.stored_credential(SPACE, None)
    context.keep_credentials([], None)


def test_one_that_no_keyring_takes_is_kept_as_long_as_the_process_lives() -> None:
    """A load that was let in does not fail for it; a warning says so."""
    class Refusing(sm.URLCredentialStorage):
        def set_default_credential(self, credential: Any, space: Any, task: object = None) -> None:
            if credential.persistence is sm.CredentialPersistence.PERMANENT:
                raise GenericException("no keyring")
            super().set_default_credential(credential, space, task)

    context = Parts(url_credential_storage=Refusing()).context
    with pytest.warns(RuntimeWarning, match="no keyring; it is kept for this process only"):
        context.keep_credentials([(SPACE, ANN)], None)
    stored = context.stored_credential(SPACE, None)
    assert stored is not None
    assert ("ann", sm.CredentialPersistence.FOR_SESSION) == (stored.user, stored.persistence)


def test_without_a_storage_there_is_no_credential() -> None:
    """And none is kept."""
    context = Parts(url_credential_storage=None).context
    context.keep_credentials([(SPACE, ANN)], None)
    assert context.stored_credential(SPACE, None) is None


# the cache ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("cache", "configured", "asked", "policy"), [
    (None, USE, USE, None), (None, USE, RELOAD, RELOAD), (None, RELOAD, USE, RELOAD),
    (sm.URLCache.ephemeral(), USE, USE, USE), (sm.URLCache.ephemeral(), RELOAD, USE, RELOAD), (sm.URLCache.ephemeral(), USE, RELOAD, RELOAD)])
def test_who_has_to_do_with_a_cache(cache: Any, configured: Any, asked: Any, policy: Any) -> None:
    """A load whose session has one, or that has a policy to heed; the request's own goes first unless it is the default."""
    context = Parts(url_cache=cache, request_cache_policy=configured).context
    visit = context.cache_visit(None, sm.URLRequest(URL, cache_policy=asked), keeps=True)
    assert policy == (None if visit is None else visit._policy)
