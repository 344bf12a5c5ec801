"""What people ask for first, each a line of a plan: docs/faults.md shows them, and each is played in virtual time."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sessionmock as sm
from tests.routes.faults.misbehaviour import FILE

from .server import BASE, LONG, scripted

SECURE = "https://a.test"
Answer = sm.AuthChallengeDisposition


class Login:
    """A delegate with a password, which it says three times at most, and with all that callbacks may be about."""

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: sm.URLAuthenticationChallenge) -> Any:
        if challenge.protection_space.authentication_method == sm.NSURLAuthenticationMethodServerTrust or challenge.previous_failure_count > 2:
            return Answer.PERFORM_DEFAULT_HANDLING
        return Answer.USE_CREDENTIAL, sm.URLCredential("ann", "secret", sm.CredentialPersistence.NONE)

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        return sm.ResponseDisposition.ALLOW

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...


class World:
    """A session, the script that answers it, and the clock of both."""

    def __init__(self, session: sm.URLSession, clock: sm.VirtualClock) -> None:
        self.session, self.clock = session, clock
        self.seen: list[Any] = []
        self.changed: Callable[[sm.Answer, int], sm.Answer] = lambda answer, number: answer      # an answer, and its number

    def serve(self, request: Any) -> sm.Answer:
        self.seen.append(request)
        return self.changed(scripted(request), len(self.seen))

    def load(self, path: str = "/file", *, method: str = "GET", base: str = BASE, **headers: str) -> int:
        """The status that a data task ends with, or the code of its error. An upload is of 77,100 bytes."""
        request = sm.URLRequest(base + path, method, all_http_header_fields=headers)
        task = self.session.data_task(request) if method == "GET" else self.session.upload_task(request, from_data=LONG)
        task.resume()
        while task.state != sm.TaskState.COMPLETED:
            self.clock.run_until_idle()
        assert task.error is not None or task.response is not None
        return int(task.error.code if task.error is not None else task.response.status_code)

    def resume(self, damage: bool = False) -> tuple[int, int] | int:
        """The code that a download breaks with, and the status or code that it ends with when it goes on; the code alone where it cannot."""
        try:
            self.session.download(f"{BASE}/file").result()
        except sm.URLError as error:
            if error.download_task_resume_data is None:
                return int(error.code)
            first, data = int(error.code), error.download_task_resume_data
        try:
            path, response = self.session.download(resume_from=bytes(data)[:40] if damage else data).result()
        except sm.URLError as error:
            return first, int(error.code)
        whole = path.read_bytes()
        path.unlink()
        assert whole in (FILE, FILE.swapcase())
        return first, response.status_code


@dataclass(frozen=True)
class ByName:
    """What somebody asks for, the line of a plan that says it, and what comes of it."""

    what: str
    line: str
    comes_to: str
    play: Callable[[World], Any]
    expected: Any
    settings: Callable[[], dict[str, Any]] = dict

    def configuration(self) -> sm.URLSessionConfiguration:
        made = sm.URLSessionConfiguration.ephemeral()
        made.url_cache = None
        for name, value in self.settings().items():
            setattr(made, name, value)
        return made

    @property
    def plan(self) -> sm.FaultPlan:
        plan: sm.FaultPlan = eval(f"FaultPlan().{self.line}", {"FaultPlan": sm.FaultPlan, "URLError": sm.URLError})
        return plan


def load(path: str = "/file", **said: Any) -> Callable[[World], int]:
    return lambda world: world.load(path, **said)


def upload(world: World) -> int:
    return world.load("/file", method="POST")


def whole_again(world: World) -> Any:
    world.changed = lambda answer, number: sm.Answer(200, [("ETag", '"v1"'), ("Accept-Ranges", "bytes")], FILE)
    return world.resume()


def changed_since(world: World) -> Any:
    world.changed = lambda answer, number: answer if number == 1 else sm.Answer(200, [("ETag", '"v2"')], FILE.swapcase())
    return world.resume()


def without_validator(world: World) -> Any:
    world.changed = lambda answer, number: sm.Answer(200, [("Content-Length", str(len(FILE)))], FILE)
    return world.resume()


def elsewhere(world: World) -> Any:
    status = world.load(Authorization="Bearer t")
    return status, [any(name.lower() == "authorization" for name, _ in request.headers) for request in world.seen]


def downgraded(world: World) -> Any:
    return world.load(base=SECURE), [request.url for request in world.seen]


def seconds(world: World) -> Any:
    return world.load(), round(world.clock.now())


def proxied() -> dict[str, Any]:
    return {"proxy_configurations": [sm.ProxyConfiguration.http_connect("proxy.test", 80)]}


CUT = 'at("body", byte=100, first=1).reset()'
ROWS = (
    ByName("cancelled before there is a connection", 'at("connect").cancel()', "-999", load(), -999),
    ByName("cancelled within an upload", 'at("write.body", byte=20_000).cancel()', "-999", upload, -999),
    ByName("cancelled at a byte of the answer", 'at("body", byte=100).cancel()', "-999", load(), -999),
    ByName("cancelled in a redirect", 'at("redirect").cancel()', "-999", load("/chain/0"), -999),
    ByName("cancelled in a challenge", 'at("challenge").cancel()', "-999", load("/secret"), -999),
    ByName("cancelled in a callback", 'at("callback.data_task_did_receive_data").cancel()', "-999", load(), -999),
    ByName("a download that breaks; its server has the rest", CUT, "-1005 with resume data, then the rest by a 206", World.resume, (-1005, 206)),
    ByName("its server gives the whole again", CUT, "-1005 with resume data, then the whole by a 200", whole_again, (-1005, 200)),
    ByName("its file has changed since (ETag)", CUT, "-1005 with resume data, then the new one by a 200", changed_since, (-1005, 200)),
    ByName("its server has no such range (416)", f'{CUT}.at("head", nth=2).status(416)', "-1005 with resume data, then the whole by a 200",
           World.resume, (-1005, 200)),
    ByName("its server says no version", CUT, "-1005 without resume data", without_validator, -1005),
    ByName("its resume data is damaged", CUT, "-1005 with resume data, then -1002", lambda world: world.resume(damage=True), (-1005, -1002)),
    ByName("a redirect", 'at("head", first=1).redirect("/file")', "followed", load(), 200),
    ByName("a chain of redirects", 'at("head", first=5).redirect("/file")', "followed", load(), 200),
    ByName("redirects without end", 'at("head").redirect("/file")', "-1007 after 20", load(), -1007),
    ByName("a redirect from https to http", 'at("head", first=1).redirect("http://a.test/file")', "followed", downgraded, (200, ["http://a.test/file"])),
    ByName("a redirect to another origin, with a credential", 'at("head", first=1).redirect("http://b.test/file")', "followed without Authorization",
           elsewhere, (200, [False])),
    ByName("a 401 once", 'at("head", first=1).challenge("Basic", "garden")', "the delegate is asked, and the request sent again", load(), 200),
    ByName("a 401 twice", 'at("head", first=2).challenge("Basic", "garden")', "it is asked twice, `previous_failure_count` counts", load(), 200),
    ByName("a 401 for ever", 'at("head").challenge("Basic", "garden")', "the 401 is the response when it gives up", load(), 401),
    ByName("a 401 by Digest", 'at("head", first=1).challenge("Digest", "garden")', "as by Basic", load(), 200),
    ByName("a nonce that is stale", 'at("head", nth=2).challenge("Digest", "garden", stale=True)', "sent again with the new nonce",
           load("/digest"), 200),
    ByName("a proxy's 407", 'at("proxy", first=1).challenge("Basic", "gate", proxy=True)', "the delegate is asked, for the proxy",
           load(base=SECURE), 200, proxied),
    ByName("a server that answers after 10 seconds", 'at("head").delay(10)', "answered after 10 s", seconds, (200, 10)),
    ByName("a server that answers byte by byte", 'at("body").drip(10)', "answered at that pace", lambda world: seconds(world)[1] in (25, 26), True),
    ByName("a server that never answers", 'at("head").never()', "-1001 after the request's time-out", seconds, (-1001, 60)),
    ByName("a handshake that fails", 'at("tls").reset()', "-1200", load(base=SECURE), -1200),
    ByName("a certificate that is expired", 'at("tls").certificate("expired")', "-1201", load(base=SECURE), -1201),
    ByName("a certificate for another host", 'at("tls").certificate("wrong host")', "-1202", load(base=SECURE), -1202),
    ByName("a kept connection that dies before its next GET", 'at("reuse", first=1).reset()', "sent again on a new one; on a script or a cassette "
           "the connection of every request was kept", load(), 200),
    ByName("before its next POST", 'at("reuse", first=1).reset()', "-1005", upload, -1005),
    ByName("a 503 with Retry-After, twice, then 200", 'at("head", first=2).status(503, {"Retry-After": "1"})', "the code under test may try again",
           lambda world: [world.load() for _ in range(3)], [503, 503, 200]),
    ByName("a 429, likewise", 'at("head", first=2).status(429, {"Retry-After": "1"}, b"slower")', "the code under test may try again",
           lambda world: [world.load() for _ in range(3)], [429, 429, 200]),
    ByName("a disk that is full under a download", 'at("disk.write", byte=100, first=1).disk_full()',
           "-3003 with resume data to the last byte that is on the disk", World.resume, (-3003, 206)),
    ByName("a delegate that raises", 'at("callback.data_task_did_receive_data").raises(ValueError("no"))', "-1 over what it raised", load(), -1),
    ByName("a delegate that never answers", 'at("callback.data_task_did_receive_response").unanswered()', "-1001", load(), -1001),
    ByName("a delegate that answers twice", 'at("callback.data_task_did_receive_response").answered_twice()',
           "the second answer raises GenericException to it, and nothing else happens", load(), 200),
)


def play(row: ByName) -> tuple[Any, sm.FaultRoute]:
    """What comes of `row`, and the route on which it went wrong."""
    script = sm.ScriptRoute()
    route = sm.FaultRoute(script, row.plan)
    with sm.virtual_time() as clock, sm.use_route(route), sm.URLSession(row.configuration(), Login()) as session:
        world = World(session, clock)
        script.answer(world.serve)
        return row.play(world), route


def by_name() -> str:
    """The table of docs/faults.md."""
    rows = (f"| {row.what} | `{row.line}` | {row.comes_to} |" for row in ROWS)
    return "\n".join(["| what | a line | what comes of it |", "|---|---|---|", *rows])
