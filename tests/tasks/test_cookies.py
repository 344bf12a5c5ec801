"""Cookie storages of one's own, asked and filled by the tasks of a session."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

import sessionmock as sm
from tests.routes.origin import Origin, Peer
from tests.tasks.delegates import PATIENCE


def user(task: Any) -> str:
    return str(task.original_request.value("X-User"))


class ByTask(sm.HTTPCookieStorage):
    """A jar for each user, whom the field X-User of a task's request names."""

    def __init__(self) -> None:
        super().__init__()
        self.jars: dict[str, list[tuple[str, sm.HTTPCookie]]] = {}

    def get_cookies_for(self, task: Any, completion_handler: Callable[[list[sm.HTTPCookie]], None]) -> None:
        completion_handler([cookie for _, cookie in self.jars.get(user(task), [])])

    def store_cookies(self, cookies: Iterable[sm.HTTPCookie], for_task: Any) -> None:
        path = for_task.current_request.url.rpartition("/")[2]
        self.jars.setdefault(user(for_task), []).extend((path, cookie) for cookie in cookies)


def echo(peer: Peer) -> None:
    """Give each path a cookie of its name, lead from /first to /second, and tell the cookies that came."""
    while head := peer.read_head():
        path = head.split(b" ")[1].decode()[1:]
        more = ("Location: /second",) if path == "first" else ()
        peer.reply((peer.field("cookie") or "").encode(), f"Set-Cookie: {path}=1", *more, status="302 Found" if more else "200 OK")


def load(session: sm.URLSession, url: str, name: str, main_document_url: str | None = None) -> bytes:
    request = sm.URLRequest(url, all_http_header_fields={"X-User": name}, main_document_url=main_document_url)
    return session.data(request).result(PATIENCE)[0]


def test_a_storage_may_choose_by_task() -> None:
    """A storage that has its own way with tasks is asked for each request and given each response's cookies, a redirect's too."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.http_cookie_storage = own = ByTask()
    with Origin(echo) as server, sm.URLSession(configuration) as session:
        assert b"first=1" == load(session, f"{server.url}/first", "ann")
        assert b"first=1; second=1" == load(session, f"{server.url}/third", "ann")
        assert b"" == load(session, f"{server.url}/third", "bob")
    assert {"ann": ["first", "second", "third"], "bob": ["third"]} == {name: [path for path, _ in jar] for name, jar in own.jars.items()}
    assert [] == own.cookies


@pytest.mark.parametrize(("policy", "kept"), [
    (sm.CookieAcceptPolicy.ALWAYS, True), (sm.CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, False), (sm.CookieAcceptPolicy.NEVER, False),
])
def test_the_policy_comes_before_the_storage(policy: sm.CookieAcceptPolicy, kept: bool) -> None:
    """What the configuration's policy keeps out, here as another document's, the storage does not hear of."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.http_cookie_storage = own = ByTask()
    configuration.http_cookie_accept_policy = policy
    with Origin(echo) as server, sm.URLSession(configuration) as session:
        load(session, f"{server.url}/x", "ann", "http://example.com/")
    assert kept == bool(own.jars)


def test_requests_of_a_partition_share_the_cookies_of_it() -> None:
    """What one sets in a partition goes with others of it alone, a redirect's too."""
    with Origin(echo) as server, sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        def ask(path: str, partition: str | None) -> bytes:
            return session.data(sm.URLRequest(f"{server.url}/{path}", cookie_partition_identifier=partition)).result(PATIENCE)[0]

        assert b"first=1" == ask("first", "https://shop.example")
        assert b"" == ask("third", "https://news.example")
        assert b"" == ask("fourth", None)
        partitions = ("https://shop.example", "https://news.example", None)
        assert [b"first=1; second=1", b"third=1", b"fourth=1"] == [ask("last", each) for each in partitions]
