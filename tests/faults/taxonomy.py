"""The 74 rows of the taxonomy: what goes wrong where, and what a load then comes to. docs/faults.md shows them."""
from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import sessionmock as sm
from sessionmock.faults.plan import FaultPlan
from sessionmock.history import Asked, Called
from sessionmock.routes.faults.route import FaultRoute
from sessionmock.routes.live.network.memory import MemoryNetwork
from sessionmock.routes.live.network.peer import Peer, Serve
from tests.contract.players import NAMES
from tests.routes.faults.misbehaviour import Verdict
from tests.routes.faults.stage import Delegate, Names

from .server import BASE, LONG, scripted, serve

NOTHING, HEAD, BODY = "metrics complete", "response metrics complete", "response data metrics complete"
WROTE, KEPT, SENDING = "wrote metrics complete", "wrote finished metrics complete", "sent metrics complete"
Answer = sm.AuthChallengeDisposition
SECURE = "https://a.test"
EMPTY = FaultPlan()
at = EMPTY.at
WRONG = sm.URLCredential("ann", "wrong", sm.CredentialPersistence.NONE)
MEANT = RuntimeError("meant")
CACHE_ALONE = {"cache_policy": sm.URLRequest.CachePolicy.RETURN_CACHE_DATA_DONT_LOAD}
THROUGH_A_PROXY = {"proxy_configurations": [sm.ProxyConfiguration.http_connect("proxy.test", 80)]}
CANCELS = {"task_did_receive_challenge": lambda self, session, task, challenge: Answer.CANCEL_AUTHENTICATION_CHALLENGE}


@dataclass(frozen=True)
class Load:
    """What is loaded, by whom, over what."""

    path: str = "/file"
    plan: FaultPlan = EMPTY
    kind: str = "data"                            # or download, upload (of LONG), streamed
    method: str = "GET"
    body: bytes | None = None
    base: str = BASE
    answers: dict[str, Callable[..., Any]] = field(default_factory=dict)      # methods of the delegate in place of the usual ones
    settings: dict[str, Any] = field(default_factory=dict)                   # of the configuration
    request: dict[str, Any] = field(default_factory=dict)
    server: Serve | None = None                   # one in memory that writes its own bytes, in place of the script
    upload_from: Any = None

    def route(self) -> FaultRoute:
        live = sm.LiveRoute(network=MemoryNetwork(self.server), trust_env=False)
        return FaultRoute(sm.ScriptRoute().answer(scripted) if self.server is None else live, self.plan)

    def task(self, session: sm.URLSession) -> sm.URLSessionTask:
        request = sm.URLRequest(self.base + self.path, self.method, http_body=self.body)
        for name, value in self.request.items():
            setattr(request, name, value)
        if self.kind == "download":
            return session.download_task(request)
        if self.kind == "upload":
            return session.upload_task(request, from_data=LONG)
        if self.kind == "file":
            return session.upload_task(request, from_file=self.upload_from)
        if self.kind == "streamed":
            return session.upload_task(streamed_request=request)
        return session.data_task(request)


@dataclass
class Played:
    """What came of a load."""

    verdict: Verdict
    error: Any
    delegate: Any
    task: sm.URLSessionTask
    seconds: float                                # of virtual time, to the end of the session
    fired: list[str]
    unfired: list[Any]
    arguments: dict[str, list[tuple[Any, ...]]]   # of callbacks, by their short names


def play(load: Load, route: FaultRoute | None = None) -> Played:
    """`load`, in virtual time."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    for name, value in load.settings.items():
        setattr(configuration, name, value)
    names, arguments = Names(), dict[str, list[tuple[Any, ...]]]()
    route = route or load.route()

    def watch(record: Any) -> None:
        names.watch(record)
        if isinstance(record, Called | Asked):
            arguments.setdefault(NAMES[record.name], []).append(record.arguments)

    delegate = type("Answering", (Delegate,), load.answers)()
    with sm.virtual_time() as clock, sm.use_route(route):
        with sm.URLSession(configuration, delegate) as session:
            trace = sm.Trace()
            trace.history.watch(watch)
            before = sm.set_trace(trace)
            try:
                task = load.task(session)
            finally:
                sm.set_trace(before)
            task.resume()
        seconds = clock.now()
    verdict = Verdict.of(task.error, " ".join(names.list[1:]))
    return Played(verdict, task.error, delegate, task, seconds, [str(each) for each in route.faults.fired], route.faults.unfired, arguments)


# rows -------------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """A fault, or a variant of one, and what a load comes to."""

    number: int
    what: str
    load: Load | None = None                      # None: nothing of it can be executed
    wanted: Verdict | None = None
    choice: str = ""                              # where nobody documents the code: what is chosen, and why
    why: str = ""                                 # of a row that is not executed here: the reason, or where it is tested
    check: Callable[[Played], object] = lambda played: None

    @property
    def name(self) -> str:
        return f"{self.number}: {self.what}"


def fails(code: int, underlying: str | None = None, calls: str = NOTHING, offset: int | None = None) -> Verdict:
    return Verdict(code, underlying, offset, calls)


def works(calls: str = BODY) -> Verdict:
    return Verdict(None, None, None, calls)


def says(data: bytes, then: str = "end") -> Serve:
    """A server that writes these bytes whatever it is asked."""
    async def serve(peer: Peer) -> None:
        await peer.receive()
        await peer.send(data.replace(b"\n", b"\r\n"))
        if then == "silence":
            await peer.receive()
    return serve


def holds(condition: object) -> None:
    assert condition


def gives(answer: Any) -> Callable[..., Any]:
    """A delegate's method that answers the same to every question."""
    return lambda self, session, task, question: answer


def streams(make: Callable[[], Any]) -> dict[str, Callable[..., Any]]:
    """A delegate's method that gives a stream once."""
    def stream(self: Any, session: Any, task: Any) -> Any:
        first, self.asked = not hasattr(self, "asked"), True
        return make() if first else None

    return {"task_need_new_body_stream": stream}


class Failing:
    """A body stream that breaks."""

    length, may_block, reads = -1, False, 0

    def read(self, size: int) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    def close(self) -> None: ...


CREATION = (
    Row(1, "a scheme that nobody knows", Load("", base="gopher://a.test/"), fails(-1002, "ValueError")),
    Row(2, "a port out of range", Load("", base="http://a.test:99999/"), fails(-1000, "InvalidArgumentException")),
    Row(3, "a session that is invalid", why="GenericException where the task is asked for: tests/test_session.py"),
    Row(4, "a GET with a body", Load(body=b"no"), fails(-1103)),
    Row(5, "clear text that a policy refuses", why="there is no such policy here: plain http is let through, and -1022 is a constant"),
)

REACHING = (
    Row(6, "no network", Load(plan=at("connect").oserror(errno.ENETUNREACH)), fails(-1009, "OSError")),
    Row(6, "no way to the server", Load(plan=at("connect").unreachable()), fails(-1004, "OSError"),
        choice="-1004: the server alone is out of reach, as when it refuses; -1009 is for a machine that has no network at all"),
    Row(7, "data, roaming or a call forbid it", why="-1020, -1018 and -1019 are constants: no machine of ours tells"),
    Row(8, "a name that nobody knows", Load(plan=at("resolve").unknown_host()), fails(-1003, "gaierror")),
    Row(9, "the resolver fails", Load(plan=at("resolve").oserror(errno.EIO)), fails(-1003, "OSError"),
        choice="-1003: whatever keeps a name from being resolved; -1006 never comes by itself"),
    Row(9, "the resolver never answers", Load(plan=at("resolve").never()), fails(-1001)),
    Row(10, "the connection is refused", Load(plan=at("connect").refuse()), fails(-1004, "ConnectionRefusedError")),
    Row(10, "refused after a redirect", Load("/away", at("connect", url="http://b.test/*").refuse()),
        fails(-1004, "ConnectionRefusedError", "redirect metrics complete")),
    Row(11, "nobody answers who connects", Load(plan=at("connect").never()), fails(-1001), check=lambda played: holds(60 == played.seconds)),
    Row(12, "accepted, and closed before any byte", Load(plan=at("connect").end()), fails(-1005, "Lost")),
    Row(12, "accepted, and reset before any byte", Load(plan=at("connect").reset()), fails(-1005, "ConnectionResetError")),
    Row(12, "a kept connection that dies under a GET", why="sent again on a new one: tests/routes/faults/cases.py, kept-one-ends"),
    Row(13, "the proxy cannot be reached", Load(plan=at("proxy").refuse(), settings=THROUGH_A_PROXY),
        fails(-1004, "ConnectionRefusedError"),
        choice="-1004 over the error of the operating system: CFNetwork's 306 and 310 are of another domain"),
    Row(13, "the proxy refuses to CONNECT", Load(base=SECURE, plan=at("proxy").status(502), settings=THROUGH_A_PROXY),
        fails(-1004, "TunnelRefused"),
        choice="-1004 over the proxy's answer, which is never taken for the server's"),
    Row(13, "the proxy takes its time", Load(base=SECURE, plan=at("proxy").delay(1.0), settings=THROUGH_A_PROXY), works(),
        check=lambda played: holds(1 == played.seconds)),
    Row(13, "the proxy asks who it is", Load(base=SECURE, plan=at("proxy").challenge("Basic", "gate", proxy=True), settings=THROUGH_A_PROXY),
        fails(-1004, "TunnelRefused", "challenge metrics complete"),
        choice="-1004 where nobody answers the challenge"),
    Row(14, "the handshake is cut", Load(base=SECURE, plan=at("tls").end()), fails(-1200, "ConnectionResetError")),
    Row(14, "the handshake is reset", Load(base=SECURE, plan=at("tls").reset()), fails(-1200, "ConnectionResetError")),
    *(Row(15, f"a certificate that is {problem}" if problem != "wrong host" else "a certificate of another host",
          Load(base=SECURE, plan=at("tls").certificate(problem)), fails(code, "SSLCertVerificationError", "challenge metrics complete"))
      for problem, code in {"expired": -1201, "not yet valid": -1204, "wrong host": -1202, "untrusted": -1203}.items()),
    Row(16, "a client's certificate is rejected, or asked for", why="-1205 and -1206: a server's own doing, tests/tls/test_identity.py"),
    Row(17, "the delegate cancels the trust challenge", Load(base=SECURE, plan=at("tls").certificate("expired"), answers=CANCELS),
        fails(-999, None, "challenge metrics complete")),
)

SENT = (
    Row(18, "reset while the head is sent", Load(plan=at("write.head").reset()), fails(-1005, "ConnectionResetError")),
    Row(19, "the peer stops reading", Load(plan=at("write.body", byte=20_000).never(), kind="upload", method="POST"), fails(-1001, None, SENDING),
        check=lambda played: holds(max(total for _, _, total, _ in played.arguments["sent"]) <= len(LONG))),
    Row(20, "reset within the body", Load(plan=at("write.body", byte=20_000).reset(), kind="upload", method="POST"),
        fails(-1005, "ConnectionResetError", SENDING), check=lambda played: holds(max(each[2] for each in played.arguments["sent"]) <= len(LONG))),
    Row(21, "the file is missing", Load(kind="file", method="POST", upload_from="/nowhere/at/all"), fails(-1100, "FileNotFoundError")),
    Row(21, "the file is a folder", Load(kind="file", method="POST", upload_from="/"), fails(-1101, "IsADirectoryError")),
    Row(22, "a stream is needed again, and none is given",
        Load("/post", kind="streamed", method="POST", answers=streams(lambda: sm.InputStream(b"once"))),
        fails(-1021, None, "stream sent redirect stream metrics complete")),
    Row(23, "a stream raises", Load(kind="streamed", method="POST", answers=streams(Failing)),
        fails(-1, "OSError", "stream metrics complete"), choice="-1 over what the stream raised: it is the user's own code, not the network"),
    Row(23, "a stream is shorter than Content-Length", Load(
        kind="streamed", method="POST", answers=streams(lambda: sm.InputStream(b"short")), server=serve,
        request={"all_http_header_fields": {"Content-Length": "9"}}), fails(-1021, "ValueError", "stream sent metrics complete"),
        choice="-1021: the stream is at its end, and the body is not"),
)

ANSWERED = (
    Row(24, "an informational response, and then the end", Load("/hints", at("head").end()), fails(-1005, "Lost", "informed metrics complete")),
    Row(24, "the end instead of an informational response", Load("/hints", at("informational").end()), fails(-1005, "Lost")),
    Row(25, "an informational response, and then the final one", Load("/hints"), works("informed response data metrics complete")),
    Row(26, "informational responses without end", Load(server=says(b"HTTP/1.1 103 Early Hints\n\n" * 200)),
        fails(-1017, "Garbage", "informed metrics complete"),
        choice="-1017 after 100 of them: more is no HTTP that anybody means"),
    Row(27, "no byte of an answer", Load(plan=at("head").end()), fails(-1005, "Lost")),
    Row(28, "cut within the status line", Load(server=says(b"HTTP/1.1 20")), fails(-1005, "Lost"),
        choice="-1005: what came is the beginning of HTTP, and the connection was lost"),
    Row(29, "no status line", Load(plan=at("head").malformed("status line")), fails(-1017, "Garbage"),
        choice="-1017: HTTP/0.9 is no HTTP any more"),
    Row(30, "cut within the header fields", Load(plan=at("head").truncate()), fails(-1005, "Lost")),
    Row(31, "a header field that is none", Load(plan=at("head").malformed("header")), fails(-1017, "Garbage"),
        choice="-1017: what has no one meaning could be smuggled"),
    Row(31, "a length that is none", Load(plan=at("head").malformed("length")), fails(-1017, "Garbage"), choice="-1017, likewise"),
    Row(32, "the head never comes", Load(plan=at("head").never()), fails(-1001), check=lambda played: holds(60 == played.seconds)),
    Row(33, "the delegate cancels at the response", Load(answers={"data_task_did_receive_response": gives(sm.ResponseDisposition.CANCEL)}),
        fails(-999, None, HEAD)),
    Row(33, "the delegate never says what becomes of the response", Load(plan=at("callback.data_task_did_receive_response").unanswered()),
        fails(-1001, None, HEAD), choice="-1001: nothing comes while it waits, and the time-out is for that"),
)

BODIES = (
    Row(34, "ends within the body", Load(plan=at("body", byte=100).end()), fails(-1005, "Lost", BODY)),
    Row(34, "ends within a download", Load(plan=at("body", byte=100).end(), kind="download"), fails(-1005, "Lost", WROTE, 100)),
    Row(35, "reset within a download", Load(plan=at("body", byte=100).reset(), kind="download"), fails(-1005, "ConnectionResetError", WROTE, 100)),
    Row(36, "ends after the head of a download", Load(plan=at("body", byte=0).end(), kind="download"), fails(-1005, "Lost"),
        choice="no resume data: there is nothing to go on from"),
    Row(37, "cut within a chunk", Load("/chunks", at("body", byte=100).end(), "download"), fails(-1005, "Lost", WROTE, 100)),
    Row(37, "no last chunk", Load("/chunks", at("trailers").end()), fails(-1005, "Lost", BODY)),
    Row(37, "a size of a chunk that is none", Load("/chunks", at("body").malformed("chunk"), "download"), fails(-1017, "Garbage"),
        choice="-1017, and no resume data: what came may be anything"),
    Row(38, "more bytes than Content-Length", Load(plan=at("body").duplicate()), works()),
    Row(39, "silence within a download", Load(plan=at("body", byte=100).never(), kind="download"), fails(-1001, None, WROTE, 100)),
    Row(39, "a slow body", Load(plan=at("body").drip(0.1)), works(), check=lambda played: holds(2500 < played.seconds < 2600)),
    Row(40, "slower than the resource's time-out", Load(plan=at("body").drip(0.1), kind="download", settings={
        "timeout_interval_for_resource": 1005.0}), fails(-1001, None, WROTE, 100)),
    Row(41, "a byte of gzip is another", Load("/packed", at("body", byte=30).corrupt()), fails(-1015, "DecodingError", HEAD)),
    Row(41, "gzip is cut", Load(server=says(b"HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 10\n\n\x1f\x8b\x08\0\0\0\0\0\0\xff")),
        fails(-1015, "DecodingError", HEAD), choice="-1015: the framing was whole, and what it framed was not"),
    Row(42, "a content coding that nobody knows", Load(server=says(b"HTTP/1.1 200 OK\nContent-Encoding: none\nContent-Length: 5\n\nhello")), works(),
        choice="passed on as it came, as browsers do; -1016 never comes by itself"),
    Row(43, "a download cannot be decoded", Load("/packed", at("body", byte=30).corrupt(), "download"), fails(-3006, "DecodingError")),
    Row(44, "trailers", Load("/chunks"), works()),
    Row(45, "cut within the trailers", Load("/chunks", at("trailers").truncate()), fails(-1005, "Lost", BODY),
        choice="-1005: the message is not whole before its last empty line"),
)

TURNS = (
    Row(46, "redirects without end", Load(plan=at("head").redirect("/file")), fails(-1007, None, "redirect metrics complete"),
        check=lambda played: holds(20 == len(played.arguments["redirect"]))),
    Row(47, "a redirect to nowhere", Load(plan=at("head").status(302)), works(HEAD)),
    Row(48, "a redirect to a file", Load(plan=at("head").redirect("file:///etc/hostname")), fails(-1002, "ValueError", "redirect metrics complete"),
        choice="-1002: a server never reads a local file"),
    Row(49, "it dies on the second hop", Load("/chain/2", at("head", url="*/chain/1").end()), fails(-1005, "Lost", "redirect metrics complete"),
        check=lambda played: holds(played.task.current_request.url == BASE + "/chain/1")),
    Row(50, "the delegate follows no redirect", Load("/chain/0", answers={
        "task_will_perform_http_redirection": lambda self, session, task, response, request: None}),
        works("redirect response data metrics complete")),
    Row(50, "the delegate never answers to a redirect", Load("/chain/0", at("redirect").unanswered()), works("redirect metrics complete"),
        check=lambda played: holds(60 == played.seconds)),
    Row(51, "a 401, and no credential", Load("/secret"), works("challenge response data metrics complete")),
    Row(52, "the delegate cancels the challenge", Load("/secret", answers=CANCELS),
        fails(-999, None, "challenge metrics complete")),
    Row(53, "the credential is wrong every time", Load(plan=at("head").challenge("Basic", "gate"), answers={
        "task_did_receive_challenge": gives((Answer.USE_CREDENTIAL, WRONG))}),
        works("challenge response metrics complete"), check=lambda played: holds(list(range(20)) == [
            challenge.previous_failure_count for _, challenge in played.arguments["challenge"]])),
    Row(54, "a challenge is never answered", Load("/secret", at("challenge").unanswered()), fails(-1001, None, "challenge metrics complete"),
        check=lambda played: holds(60 == played.seconds)),
    Row(54, "a challenge is answered twice", Load("/secret", at("challenge").answered_twice()), works("challenge response data metrics complete")),
)

BESIDE = (
    Row(55, "the cache raises", Load(plan=at("cache").raises(MEANT)), works()),
    Row(55, "the cache's disk is full", Load(plan=at("cache.set").disk_full()), works()),
    Row(56, "the cache alone is asked, and has nothing", Load(request=CACHE_ALONE), fails(-1008)),
    Row(57, "the cookies raise", Load(plan=at("cookies").raises(MEANT)), works()),
    Row(57, "the credentials raise", Load("/secret", at("credentials").raises(MEANT)), works("challenge response data metrics complete")),
    *(Row(58, f"the file cannot be {word}", Load(plan=at(f"disk.{part}").oserror(errno.EIO), kind="download"), fails(code, "OSError", calls))
      for part, word, code, calls in (("create", "created", -3000, NOTHING), ("close", "closed", -3002, WROTE), ("move", "moved", -3005, WROTE))),
    Row(58, "the file cannot be written", Load(plan=at("disk.write", byte=100).oserror(errno.EIO), kind="download"),
        fails(-3003, "OSError", WROTE, 100)),
    Row(59, "the disk is full", Load(plan=at("disk.write", byte=100).disk_full(), kind="download"), fails(-3003, "OSError", WROTE, 100)),
    Row(60, "the delegate leaves the file", Load(kind="download"), works(KEPT)),
    Row(61, "the delegate raises where it should move the file", Load(
        kind="download", plan=at("callback.download_task_did_finish_downloading").raises(MEANT)), fails(-1, "RuntimeError", KEPT)),
)

SOCKETS = "WebSocket tasks do not exist yet"
STREAMS = "stream tasks do not exist yet"
BACKGROUND = "background sessions do not outlive their process here"
LATER = (
    *(Row(number, what, why=SOCKETS) for number, what in ((62, "a WebSocket's handshake fails"), (63, "it ends within a frame"),
      (64, "a close frame"), (65, "a frame that is none"), (66, "a pong is lost"))),
    Row(67, "a stream task cannot connect, read, write or be secured", why=STREAMS),
    Row(68, "half of a stream is closed", why=STREAMS),
)

ENDS = (
    *(Row(69, f"cancelled at {point}", Load(path, at(point).cancel(), kind, "POST" if kind == "upload" else "GET"), fails(-999, None, calls))
      for point, path, kind, calls in (
        ("resolve", "/file", "data", NOTHING), ("connect", "/file", "data", NOTHING), ("write.body", "/file", "upload", NOTHING),
        ("head", "/file", "data", NOTHING), ("redirect", "/chain/0", "data", "redirect metrics complete"),
        ("challenge", "/secret", "data", "challenge metrics complete"), ("callback.data_task_did_receive_response", "/file", "data", HEAD))),
    Row(69, "cancelled at byte 100 of a download", Load(plan=at("body", byte=100).cancel(), kind="download"), fails(-999, None, WROTE)),
    *(Row(70, f"invalidated at {point}", Load(plan=at(point).invalidate()), fails(-999, None, calls))
      for point, calls in (("connect", NOTHING), ("head", NOTHING), ("callback.data_task_did_receive_response", HEAD))),
    Row(71, "the system kills the process", why=BACKGROUND),
    Row(72, "the user quits the process", why=BACKGROUND),
    Row(73, "another process has the session", why=BACKGROUND),
    Row(74, "the wall clock jumps", why="no timer goes by it: tests/test_stopped_time.py"),
)

ROWS: tuple[Row, ...] = (*CREATION, *REACHING, *SENT, *ANSWERED, *BODIES, *TURNS, *BESIDE, *LATER, *ENDS)


def codes(rows: Iterable[Row] = ROWS) -> str:
    """The table of docs/faults.md."""
    lines = ["| row | what goes wrong | code | over | resume data | callbacks | where nobody documents it |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        if row.wanted is None:
            lines.append(f"| {row.number} | {row.what} | | | | | not here: {row.why} |")
            continue
        wanted = row.wanted
        lines.append(f"| {row.number} | {row.what} | {wanted.code or 'none'} | {wanted.underlying or ''} | "
                     f"{'' if wanted.offset is None else f'from byte {wanted.offset}'} | {wanted.calls} | {row.choice} |")
    return "\n".join(lines)
