"""The contract as a table: what is asked for, what the server answers, what the delegate says, and what must come of it.

One answer serves all three routes: a server writes it to a socket, a cassette has recorded it, a script gives it as it is.
"{base}" and "{other}" in URLs and header values are two servers.
"""
from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sessionmock import (
    Answer,
    AuthChallengeDisposition,
    CookieAcceptPolicy,
    CredentialPersistence,
    ResponseDisposition,
    URLCredential,
    URLRequest,
)
from sessionmock.models.message import ResponseHead

CachePolicy = URLRequest.CachePolicy
Code = AuthChallengeDisposition

LIVE, CASSETTE, SCRIPT = "live", "cassette", "script"
EVERY_ROUTE = (LIVE, CASSETTE, SCRIPT)
NOT_RECORDED = (LIVE, SCRIPT)          # a cassette holds complete answers alone
DELEGATE, HANDLER, RESULT, ASYNCIO, TRIO, BYTES, LINES = "delegate", "handler", "result", "asyncio", "trio", "bytes", "lines"
EVERY_STYLE = (DELEGATE, HANDLER, RESULT, ASYNCIO, TRIO, BYTES)     # bytes() where every task is a data task

CANCELLED, TIMED_OUT, LOST, TOO_MANY_REDIRECTS, BAD_RESPONSE = -999, -1001, -1005, -1007, -1011
UNAVAILABLE, UNREADABLE, UNDECODABLE, NO_STREAM, NO_BODY_HERE = -1008, -1017, -1015, -1021, -1103

BIG = bytes(range(256)) * 1200
TEXT = "zwölf".encode()
ZIPPED = gzip.compress(BIG)
BASIC = ("WWW-Authenticate", 'Basic realm="garden"')
DIGEST = ("WWW-Authenticate", 'Digest realm="garden", nonce="n1", qop="auth", algorithm=SHA-256')
ANN = (Code.USE_CREDENTIAL, URLCredential("ann", "secret", CredentialPersistence.NONE))
BOB = (Code.USE_CREDENTIAL, URLCredential("bob", "wrong", CredentialPersistence.NONE))
KEPT = (Code.USE_CREDENTIAL, URLCredential("ann", "secret", CredentialPersistence.FOR_SESSION))


@dataclass(frozen=True)
class Reply:
    """One answer: as a script gives it; `wire` is what a server writes in its place."""

    answer: Answer
    wire: bytes | None = None


def reply(body: Any = b"hello", *headers: tuple[str, str], status: int = 200, chunked: bool = False, length: int | None = None,
          wire: bytes | None = None, **more: Any) -> Reply:
    """An answer with its framing among its headers."""
    size = len(body) if isinstance(body, bytes) else sum(len(piece) for piece, _ in body)
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(size if length is None else length))
    fields = [("Content-Type", "text/plain"), *headers, *([] if status in (204, 304) else [framing])]
    return Reply(Answer(status, fields, body, reason="Said", **more), wire)


def leads_to(place: str, status: int = 302, *headers: tuple[str, str], body: bytes = b"go on") -> Reply:
    return reply(body, ("Location", place), *headers, status=status)


REFUSED = reply(b"who?", BASIC, status=401)


@dataclass(frozen=True)
class Step:
    """One task."""

    path: str = "/"
    method: str = "GET"
    kind: str = "data"                            # data, upload, file (an upload of one), streamed (an upload), download or resumed (the last one)
    body: bytes | None = None
    stream: bool = False                          # the body is an http_body_stream
    headers: tuple[tuple[str, str], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)     # of the request
    incremental: bool = True                      # False: the delegate gets the body in one piece
    status: int | None = 200                      # what must come of it; None: no response
    gives: bytes | None = b"hello"                # None: no matter
    code: int | None = None
    calls: str = "created response data metrics complete"     # of the delegate style


@dataclass(frozen=True)
class Behaviour:
    name: str
    steps: tuple[Step, ...]
    replies: tuple[Reply, ...]
    asked: tuple[str, ...] | None = None          # the requests that the servers saw: method, path and body
    routes: tuple[str, ...] = EVERY_ROUTE
    styles: tuple[str, ...] = (DELEGATE,)
    configuration: dict[str, Any] = field(default_factory=dict)
    redirect: Callable[[URLRequest], URLRequest | None] = lambda request: request
    challenges: tuple[tuple[Any, ...], ...] = ()
    disposition: ResponseDisposition | None = ResponseDisposition.ALLOW
    streams: tuple[bytes | None, ...] = ()
    cache: bool = False                           # whether there is one, of the session's own
    caches: bool = True                           # what the delegate says to a response that could be kept
    counted: bool = True                          # False: what is given up of an exchange is a matter of time, so bytes are not compared
    ends_early: bool = False                      # an exchange is given up before its end: nothing that a cassette would keep
    cancels_in: str = ""                          # the callback in which the task is cancelled
    produces_in: str = ""                         # the one in which it is cancelled for resume data, once
    suspends_in: str = ""                         # and the one in which it is suspended, to be resumed later


def changed(request: URLRequest) -> URLRequest:
    request.url = (request.url or "").replace("/b", "/c")
    request.set_value("yes", "X-Changed")
    return request


def one(name: str, answer: Reply, styles: tuple[str, ...] = (DELEGATE,), *, asked: tuple[str, ...] | None = None, **step: Any) -> Behaviour:
    """A behaviour of one request and one answer."""
    return Behaviour(name, (Step(**step),), (answer,), asked, styles=styles)


PLAIN = (
    one("get", reply(), EVERY_STYLE, asked=("GET /",)),
    one("get-with-query-and-fragment", reply(), path="/a%20b?x=1&y=%C3%A9#there", asked=("GET /a%20b?x=1&y=%C3%A9",)),
    one("get-empty", reply(b""), EVERY_STYLE, gives=b"", calls="created response metrics complete"),
    one("get-204", reply(b"", status=204), EVERY_STYLE, status=204, gives=b"", calls="created response metrics complete"),
    one("get-big", reply(BIG), EVERY_STYLE, gives=BIG),
    one("get-in-one-piece", reply(BIG), gives=BIG, incremental=False),
    one("get-gzip-in-one-piece", reply(ZIPPED, ("Content-Encoding", "gzip")), gives=BIG, incremental=False),
    one("lines", reply("eins\r\nzw\u00f6lf\n\n\u2028\xa0dreizehn".encode(), chunked=True), (LINES,), gives="eins|zw\u00f6lf|\xa0dreizehn".encode()),
    one("get-chunked", reply(BIG, chunked=True), EVERY_STYLE, gives=BIG),
    one("get-chunked-empty", reply(b"", chunked=True), gives=b"", calls="created response metrics complete"),
    one("get-gzip", reply(ZIPPED, ("Content-Encoding", "gzip")), EVERY_STYLE, gives=BIG),
    one("get-gzip-chunked", reply(ZIPPED, ("Content-Encoding", "gzip"), chunked=True), gives=BIG),
    one("get-gzip-empty", reply(b"", ("Content-Encoding", "gzip")), gives=b"", calls="created response metrics complete"),
    one("get-deflate", reply(zlib.compress(BIG), ("Content-Encoding", "deflate")), gives=BIG),
    one("get-cut-gzip", reply(ZIPPED[:-4], ("Content-Encoding", "gzip")), (RESULT, HANDLER), code=UNDECODABLE, gives=None),
    one("headers-joined", reply(b"hello", ("X-Many", "a"), ("x-many", "b"), ("ETag", '"1"'), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))),
    one("headers-latin", reply(b"hello", ("X-Latin", "caf\xe9"))),
    one("type-and-name", reply(TEXT, ("Content-Disposition", "attachment; filename*=UTF-8''zw%C3%B6lf.txt")), gives=TEXT),
    one("informational", reply(informational=(ResponseHead(103, [("Link", "</a>")], "Early"),)),
        calls="created informed response data metrics complete"),
    one("trailers", reply(BIG, ("Trailer", "X-Sum"), chunked=True, trailers=[("X-Sum", "1")]), gives=BIG),
    one("head", reply(b"", length=5), EVERY_STYLE, method="HEAD", asked=("HEAD /",), gives=b"",
        calls="created response metrics complete"),
    *(one(f"status-{status}", reply(b"no", status=status), EVERY_STYLE if status == 404 else (DELEGATE, RESULT), status=status, gives=b"no")
      for status in (201, 203, 206, 400, 404, 410, 413, 416, 429, 500, 503, 599)),
    one("method-of-ones-own", reply(), method="PURGE", asked=("PURGE /",)),
    one("delete", reply(), method="DELETE", asked=("DELETE /",)),
    one("options", reply(), method="OPTIONS", asked=("OPTIONS /",)),
)

SENT = "created sent response data metrics complete"
BODIES = (
    one("post", reply(), EVERY_STYLE, method="POST", body=b"a=1", calls=SENT, asked=("POST / a=1",)),
    one("post-empty", reply(), method="POST", body=b"", asked=("POST /",)),
    one("post-big", reply(), method="POST", body=BIG, calls=SENT),
    one("post-stream", reply(), method="POST", body=b"streamed", stream=True, calls=SENT, asked=("POST / streamed",)),
    one("post-json", reply(), method="POST", body=b'{"a": 1}', headers=(("Content-Type", "application/json"),), calls=SENT,
        asked=('POST / {"a": 1}',)),
    one("put", reply(), (DELEGATE, RESULT), method="PUT", body=b"put", calls=SENT, asked=("PUT / put",)),
    one("patch", reply(), method="PATCH", body=b"patch", calls=SENT, asked=("PATCH / patch",)),
    one("delete-with-body", reply(), method="DELETE", body=b"which", calls=SENT, asked=("DELETE / which",)),
    one("upload-data", reply(), EVERY_STYLE, kind="upload", method="POST", body=b"load", calls=SENT, asked=("POST / load",)),
    one("upload-big", reply(), kind="upload", method="PUT", body=BIG, calls=SENT),
    one("upload-empty", reply(), kind="upload", method="PUT", body=b"", asked=("PUT /",)),
    one("upload-file", reply(), EVERY_STYLE, kind="file", method="PUT", body=BIG[:70_000], calls=SENT),
    one("upload-file-empty", reply(), kind="file", method="PUT", body=b"", asked=("PUT /",)),
    one("upload-refused", reply(b"no", status=413), (DELEGATE, RESULT), kind="upload", method="POST", body=b"load", calls=SENT,
        status=413, gives=b"no"),
    Behaviour("upload-streamed", (Step(kind="streamed", method="POST", calls="created stream sent response data metrics complete"),),
              (reply(),), ("POST / flow",), streams=(b"flow",)),
    Behaviour("upload-streamed-without", (Step(kind="streamed", method="POST", status=None, gives=b"", code=NO_STREAM,
                                               calls="created stream metrics complete"),), (), (), streams=(None,)),
    Behaviour("get-with-an-empty-body", (Step(body=b""),), (reply(),), ("GET /",)),
    Behaviour("get-with-body", (Step(body=b"no", status=None, gives=b"", code=NO_BODY_HERE, calls="created metrics complete"),), (), ()),
)

FOLLOWED = "created redirect response data metrics complete"
REDIRECTS = (
    *(Behaviour(
        f"redirect-{status}-{method}",
        (Step("/a", method, body=b"x" if method in ("POST", "PUT") else None, gives=b"" if goes == "HEAD" else b"hello",
              calls=" ".join(["created", *["sent"] * (method in ("POST", "PUT")), "redirect", *["sent"] * (goes in ("POST", "PUT")), "response",
                              *["data"] * (goes != "HEAD"), "metrics complete"])),),
        (leads_to("/b", status), reply()),
        (f"{method} /a" + " x" * (method in ("POST", "PUT")), f"{goes} /b" + " x" * (goes in ("POST", "PUT"))))
      for status in (301, 302, 303, 305, 307, 308)
      for method in ("GET", "HEAD", "POST", "PUT")
      for goes in ("GET" if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST") else method,)),
    *(Behaviour(f"no-redirect-{status}", (Step("/a", status=status, gives=b"" if status == 304 else b"go on",
                                               calls="created response metrics complete" if status == 304 else Step.calls),),
                (leads_to("/b", status, body=b"" if status == 304 else b"go on"),), ("GET /a",)) for status in (300, 304)),
    Behaviour("redirect", (Step("/a", calls=FOLLOWED),), (leads_to("b?c=d"), reply()), ("GET /a", "GET /b?c=d"), styles=EVERY_STYLE),
    Behaviour("redirect-three", (Step("/a", calls="created redirect redirect redirect response data metrics complete"),),
              (leads_to("/b"), leads_to("/c", 307), leads_to("../d", 308), reply()), ("GET /a", "GET /b", "GET /c", "GET /d"), styles=EVERY_STYLE),
    Behaviour("redirect-without-location", (Step("/a", status=302, gives=b"where"),), (reply(b"where", status=302),), ("GET /a",)),
    Behaviour("redirect-refused", (Step("/a", status=302, gives=b"go on", calls=FOLLOWED),), (leads_to("/b"),), ("GET /a",),
              styles=EVERY_STYLE, redirect=lambda request: None),
    Behaviour("redirect-changed", (Step("/a", calls=FOLLOWED),), (leads_to("/b"), reply()), ("GET /a", "GET /c"),
              styles=(DELEGATE, RESULT), redirect=changed),
    Behaviour("redirect-with-big-body", (Step("/a", calls=FOLLOWED),), (leads_to("/b", body=BIG), reply()), ("GET /a", "GET /b")),
    Behaviour("redirect-limit", (Step("/0", status=None, gives=b"", code=TOO_MANY_REDIRECTS,
                                      calls="created " + "redirect " * 20 + "metrics complete"),),
              tuple(leads_to(f"/{n}") for n in range(1, 22)), tuple(f"GET /{n}" for n in range(21)), styles=(DELEGATE, HANDLER, RESULT, ASYNCIO)),
    Behaviour("redirect-elsewhere", (Step("/a", headers=(("Authorization", "Bearer x"), ("X-Mine", "1")), calls=FOLLOWED),),
              (leads_to("{other}/b"), reply()), ("GET /a", "GET /b")),
    Behaviour("redirect-home", (Step("/a", headers=(("Authorization", "Bearer x"),), calls=FOLLOWED),), (leads_to("{base}/b"), reply()),
              ("GET /a", "GET /b")),
    Behaviour("redirect-to-a-file", (Step("/a", status=None, gives=b"", code=-1002, calls="created redirect metrics complete"),),
              (leads_to("file:///etc/hostname"),), ("GET /a",)),
    Behaviour("redirect-upload-data", (Step("/a", "POST", "upload", b"load", calls="created sent redirect sent response data metrics complete"),),
              (leads_to("/b", 307), reply()), ("POST /a load", "POST /b load")),
    Behaviour("redirect-upload-file", (Step("/a", "PUT", "file", b"load", calls="created sent redirect sent response data metrics complete"),),
              (leads_to("/b", 308), reply()), ("PUT /a load", "PUT /b load")),
    Behaviour("redirect-upload-streamed", (Step("/a", "POST", "streamed",
                                                calls="created stream sent redirect stream sent response data metrics complete"),),
              (leads_to("/b", 307), reply()), ("POST /a one", "POST /b two"), streams=(b"one", b"two")),
    Behaviour("redirect-upload-streamed-without", (Step("/a", "POST", "streamed", status=None, gives=b"", code=NO_STREAM,
                                                        calls="created stream sent redirect stream metrics complete"),),
              (leads_to("/b", 307),), ("POST /a one",), streams=(b"one", None)),
    Behaviour("redirect-cookies", (Step("/a", calls=FOLLOWED), Step("/c")),
              (leads_to("/b", 302, ("Set-Cookie", "taste=sweet; Path=/b")), reply(b"hello", ("Set-Cookie", "size=1; Path=/")), reply()),
              ("GET /a", "GET /b", "GET /c")),
    Behaviour("redirect-download", (Step("/a", kind="download", calls="created redirect wrote finished metrics complete"),),
              (leads_to("/b"), reply()), ("GET /a", "GET /b"), styles=EVERY_STYLE),
)

ASKED = "created challenge response data metrics complete"
AUTHENTICATION = (
    Behaviour("basic", (Step(calls=ASKED),), (REFUSED, reply()), ("GET /", "GET /"), styles=EVERY_STYLE, challenges=(ANN,)),
    Behaviour("basic-default", (Step(status=401, gives=b"who?", calls=ASKED),), (REFUSED,), ("GET /",), styles=EVERY_STYLE,
              challenges=((Code.PERFORM_DEFAULT_HANDLING, None),)),
    Behaviour("basic-none-given", (Step(status=401, gives=b"who?", calls=ASKED),), (REFUSED,), ("GET /",),
              challenges=((Code.USE_CREDENTIAL, None),)),
    Behaviour("basic-cancelled", (Step(status=None, gives=b"", code=CANCELLED, calls="created challenge metrics complete"),), (REFUSED,),
              ("GET /",), styles=EVERY_STYLE, challenges=((Code.CANCEL_AUTHENTICATION_CHALLENGE, None),)),
    Behaviour("basic-rejected", (Step(status=401, gives=b"who?", calls=ASKED),), (REFUSED,), ("GET /",),
              challenges=((Code.REJECT_PROTECTION_SPACE, None),)),
    Behaviour("basic-after-failures", (Step(calls="created challenge challenge challenge response data metrics complete"),),
              (REFUSED, REFUSED, REFUSED, reply()), ("GET /",) * 4, styles=(DELEGATE, RESULT), challenges=(BOB, BOB, ANN)),
    Behaviour("basic-in-the-url", (Step("@ann:secret/", calls=ASKED),), (REFUSED, reply()), ("GET /", "GET /"),
              challenges=((Code.PERFORM_DEFAULT_HANDLING, None),)),
    Behaviour("digest", (Step(calls=ASKED),), (reply(b"who?", DIGEST, status=401), reply()), ("GET /", "GET /"), styles=EVERY_STYLE,
              challenges=(ANN,)),
    Behaviour("digest-first-then-basic", (Step(calls="created challenge challenge response data metrics complete"),),
              (reply(b"who?", BASIC, DIGEST, status=401), reply()), ("GET /", "GET /"),
              challenges=((Code.REJECT_PROTECTION_SPACE, None), ANN)),
    Behaviour("digest-stale", (Step(calls=ASKED),),
              (reply(b"who?", DIGEST, status=401), reply(b"old", (DIGEST[0], DIGEST[1].replace("n1", "n2") + ", stale=true"), status=401), reply()),
              ("GET /",) * 3, challenges=(ANN,)),
    Behaviour("credential-goes-ahead", (Step("/in/a", calls=ASKED), Step("/in/b/c"), Step("/out", status=401, gives=b"who?", calls=ASKED)),
              (REFUSED, reply(), reply(), REFUSED), ("GET /in/a", "GET /in/a", "GET /in/b/c", "GET /out"),
              challenges=(KEPT, (Code.USE_CREDENTIAL, None))),
    Behaviour("credential-of-one-task", (Step("/a", calls=ASKED), Step("/b", calls=ASKED)), (REFUSED, reply(), REFUSED, reply()),
              ("GET /a", "GET /a", "GET /b", "GET /b"), challenges=(ANN, ANN)),
    Behaviour("basic-upload-data", (Step("/", "POST", "upload", b"load", calls="created sent challenge sent response data metrics complete"),),
              (REFUSED, reply()), ("POST / load", "POST / load"), styles=(DELEGATE, RESULT), challenges=(ANN,)),
    Behaviour("basic-upload-file", (Step("/", "PUT", "file", b"load", calls="created sent challenge sent response data metrics complete"),),
              (REFUSED, reply()), ("PUT / load", "PUT / load"), challenges=(ANN,)),
    Behaviour("basic-upload-streamed", (Step("/", "POST", "streamed",
                                             calls="created stream sent challenge stream sent response data metrics complete"),),
              (REFUSED, reply()), ("POST / one", "POST / two"), challenges=(ANN,), streams=(b"one", b"two")),
    Behaviour("basic-after-redirect", (Step("/a", calls="created redirect challenge response data metrics complete"),),
              (leads_to("/b"), REFUSED, reply()), ("GET /a", "GET /b", "GET /b"), challenges=(ANN,)),
    Behaviour("basic-download", (Step(kind="download", calls="created challenge wrote finished metrics complete"),), (REFUSED, reply()),
              ("GET /", "GET /"), styles=EVERY_STYLE, challenges=(ANN,)),
    one("unknown-scheme", reply(b"who?", ("WWW-Authenticate", "Hawk"), status=401), status=401, gives=b"who?"),
)

WRITTEN = "created wrote finished metrics complete"
DOWNLOADS = (
    one("download", reply(), EVERY_STYLE, kind="download", calls=WRITTEN),
    one("download-big", reply(BIG), EVERY_STYLE, kind="download", gives=BIG, calls=WRITTEN),
    one("download-chunked", reply(BIG, chunked=True), kind="download", gives=BIG, calls=WRITTEN),
    one("download-gzip", reply(ZIPPED, ("Content-Encoding", "gzip")), EVERY_STYLE, kind="download", gives=BIG, calls=WRITTEN),
    one("download-empty", reply(b""), EVERY_STYLE, kind="download", gives=b"", calls="created finished metrics complete"),
    one("download-404", reply(b"no", status=404), EVERY_STYLE, kind="download", status=404, gives=b"no", calls=WRITTEN),
    one("download-by-post", reply(), kind="download", method="POST", body=b"which", calls="created sent wrote finished metrics complete"),
    one("download-name", reply(b"hello", ("Content-Disposition", 'attachment; filename="../../up.txt"')), kind="download", calls=WRITTEN),
)

ETAG, RANGES = ("ETag", '"v1"'), ("Accept-Ranges", "bytes")
BEGUN = reply([(b"hel", 0), (b"lo", 0.3)], ETAG, RANGES, chunked=True)     # a cassette keeps the pieces of such a body
LOST_THEN = reply(b"hel", ETAG, RANGES, length=5, error=LOST)
REST = reply(b"lo", ETAG, ("Content-Range", "bytes 3-4/5"), status=206)
OTHER = reply(b"other", ("ETag", '"v2"'), RANGES)
GONE_ON, STOPPED = "created resumed wrote finished metrics complete", "created wrote metrics complete"


def resumed(name: str, *answers: Reply, asked: tuple[str, ...] = (), **last: Any) -> tuple[Behaviour, Behaviour]:
    """A download that is cancelled for resume data, and one that is lost, and what becomes of it with these answers."""
    requests = ("GET /", *(asked or ("GET /",) * len(answers)))
    last = {"kind": "resumed", "calls": GONE_ON, **last}
    return (Behaviour(f"resumed-{name}", (Step(kind="download", gives=b"", code=CANCELLED, calls=STOPPED), Step(**last)),
                      (BEGUN, *answers), requests, produces_in="wrote"),
            Behaviour(f"resumed-after-loss-{name}", (Step(kind="download", gives=b"", code=LOST, calls=STOPPED), Step(**last)),
                      (LOST_THEN, *answers), requests, routes=NOT_RECORDED))


RESUMED = (
    *resumed("rest", REST, status=206),
    *resumed("whole", reply(b"hello", ETAG, RANGES)),
    *resumed("changed", OTHER, gives=b"other"),
    *resumed("elsewhere", leads_to("/there"), REST, asked=("GET /", "GET /there"), status=206,
             calls=GONE_ON.replace("created", "created redirect")),
    *resumed("after-412", reply(b"no", status=412), OTHER, gives=b"other"),
    *resumed("after-416", reply(b"no", ("Content-Range", "bytes */2"), status=416), OTHER, gives=b"other"),
    *resumed("from-earlier", reply(b"ello", ETAG, ("Content-Range", "bytes 1-4/5"), status=206), OTHER, gives=b"other"),
    *(each for name, answer in {
        "wrong-range": reply(b"o", ETAG, ("Content-Range", "bytes 4-4/5"), status=206),
        "no-range": reply(b"lo", ETAG, status=206),
        "another-version": reply(b"lo", ("ETag", '"v2"'), ("Content-Range", "bytes 3-4/5"), status=206),
        "too-little": reply(b"l", ETAG, ("Content-Range", "bytes 3-4/5"), status=206),
        "gone": reply(b"no", status=404),
    }.items() for each in resumed(name, answer, status=answer.answer.status, gives=b"", code=BAD_RESPONSE, calls="created metrics complete")),
    *resumed("too-much", reply(b"lots", ETAG, ("Content-Range", "bytes 3-4/5"), status=206, chunked=True), status=206, gives=b"",
             code=BAD_RESPONSE, calls="created resumed metrics complete"),
    *resumed("short", reply(b"l", ETAG, ("Content-Range", "bytes 3-4/5"), status=206, chunked=True), status=206, gives=b"", code=LOST,
             calls="created resumed wrote metrics complete"),
)

NAMED = ResponseHead(104, [("Location", "/upload")], "Upload Resumption Supported")
CUT_UPLOAD = Reply(Answer(error=LOST, informational=(NAMED,)), b"HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /upload\r\n\r\n")
HELD = reply(b"", ("Upload-Offset", "2"), ("Upload-Complete", "?0"), status=204)
RESUMED_UPLOADS = tuple(
    Behaviour(f"upload-made-up-for-{kind}", (Step("/", "POST", kind, b"load", calls="created sent informed sent response data metrics complete"),),
              (CUT_UPLOAD, HELD, reply()), ("POST / load", "HEAD /upload", "PATCH /upload ad"), routes=NOT_RECORDED)
    for kind in ("upload", "file"))

DISPOSITIONS = (
    Behaviour("response-unanswered", (Step(),), (reply(),), disposition=None),
    Behaviour("response-cancelled", (Step(gives=b"", code=CANCELLED, calls="created response metrics complete"),), (reply(BIG),),
              disposition=ResponseDisposition.CANCEL),
    Behaviour("response-becomes-download", (Step(gives=BIG, calls="created response became wrote finished metrics complete"),), (reply(BIG),),
              disposition=ResponseDisposition.BECOME_DOWNLOAD),
    Behaviour("upload-becomes-download", (Step("/", "POST", "upload", b"load", gives=BIG,
                                               calls="created sent response became wrote finished metrics complete"),), (reply(BIG),),
              disposition=ResponseDisposition.BECOME_DOWNLOAD),
    Behaviour("cancelled-in-response", (Step(gives=b"", code=CANCELLED, calls="created response metrics complete"),), (reply(BIG),),
              cancels_in="response"),
    Behaviour("cancelled-in-data", (Step(gives=None, code=CANCELLED),), (reply(),), cancels_in="data"),
    Behaviour("cancelled-in-redirect", (Step("/a", status=None, gives=b"", code=CANCELLED, calls="created redirect metrics complete"),),
              (leads_to("/b"),), ("GET /a",), cancels_in="redirect"),
    Behaviour("cancelled-in-challenge", (Step(status=None, gives=b"", code=CANCELLED, calls="created challenge metrics complete"),),
              (REFUSED,), ("GET /",), cancels_in="challenge", challenges=(ANN,)),
    Behaviour("cancelled-in-writing", (Step(kind="download", gives=b"", code=CANCELLED, calls="created wrote metrics complete"),), (reply(),),
              cancels_in="wrote"),
    Behaviour("suspended-in-response", (Step(gives=BIG, calls="created response suspended data metrics complete"),), (reply(BIG),),
              suspends_in="response"),
    Behaviour("suspended-in-redirect", (Step("/a", calls="created redirect suspended response data metrics complete"),),
              (leads_to("/b"), reply()), ("GET /a", "GET /b"), suspends_in="redirect"),
    Behaviour("suspended-in-challenge", (Step(calls="created challenge suspended response data metrics complete"),), (REFUSED, reply()),
              ("GET /", "GET /"), suspends_in="challenge", challenges=(ANN,)),
    Behaviour("suspended-in-writing", (Step(kind="download", calls="created wrote suspended finished metrics complete"),), (reply(),),
              suspends_in="wrote"),
)

FAILURES = (
    Behaviour("never-answered", (Step(status=None, gives=b"", code=TIMED_OUT, calls="created metrics complete"),), (reply(delay=math.inf),),
              routes=NOT_RECORDED, styles=(DELEGATE, RESULT), configuration={"timeout_interval_for_request": 0.15}),
    Behaviour("never-answered-in-the-request's-time", (Step(settings={"timeout_interval": 0.15}, status=None, gives=b"", code=TIMED_OUT,
                                                            calls="created metrics complete"),), (reply(delay=math.inf),), routes=NOT_RECORDED),
    Behaviour("stalled", (Step(gives=b"hel", code=TIMED_OUT),), (reply([(b"hel", 0), (b"lo", math.inf)]),), routes=NOT_RECORDED,
              configuration={"timeout_interval_for_request": 0.15}),
    Behaviour("too-long-in-all", (Step(gives=b"hel", code=TIMED_OUT),), (reply([(b"hel", 0), (b"lo", math.inf)]),), routes=NOT_RECORDED,
              configuration={"timeout_interval_for_resource": 0.2}),
    Behaviour("slow-but-moving", (Step(gives=b"x" * 10),), (reply([(b"x", 0.07)] * 10),), configuration={"timeout_interval_for_request": 0.6}),
    Behaviour("closed-at-once", (Step("/", "POST", body=b"x", status=None, gives=b"", code=LOST, calls="created sent metrics complete"),),
              (Reply(Answer(error=LOST), b""),), routes=NOT_RECORDED, styles=(DELEGATE, HANDLER, RESULT, TRIO)),
    Behaviour("cut", (Step(gives=b"hel", code=LOST),), (reply(b"hel", length=5, error=LOST),), routes=NOT_RECORDED, styles=EVERY_STYLE),
    Behaviour("cut-chunked", (Step(gives=b"hel", code=LOST),), (reply(b"hel", chunked=True, error=LOST),), routes=NOT_RECORDED),
    Behaviour("cut-download", (Step(kind="download", gives=b"", code=LOST, calls="created wrote metrics complete"),),
              (reply(b"hel", length=5, error=LOST),), routes=NOT_RECORDED, styles=EVERY_STYLE),
    Behaviour("cut-download-that-can-be-resumed", (Step(kind="download", gives=b"", code=LOST, calls="created wrote metrics complete"),),
              (reply(b"hel", ETAG, ("Accept-Ranges", "bytes"), length=5, error=LOST),), routes=NOT_RECORDED),
    Behaviour("no-http", (Step(status=None, gives=b"", code=UNREADABLE, calls="created metrics complete"),),
              (Reply(Answer(error=UNREADABLE), b"SSH-2.0-nothing for you\r\n\r\n"),), routes=NOT_RECORDED,
              styles=(DELEGATE, HANDLER, RESULT, ASYNCIO)),
    Behaviour("bad-header", (Step(status=None, gives=b"", code=UNREADABLE, calls="created metrics complete"),),
              (Reply(Answer(error=UNREADABLE), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),), routes=NOT_RECORDED),
    Behaviour("bad-chunk", (Step(gives=b"hel", code=UNREADABLE),),
              (reply(b"hel", chunked=True, error=UNREADABLE,
                     wire=b"HTTP/1.1 200 Said\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nxyz\r\n"),),
              routes=NOT_RECORDED),
)

BAD = reply(ZIPPED[:100] + b"\xff" * 200 + ZIPPED[300:], ("Content-Encoding", "gzip"))
SHORT = reply(ZIPPED[:-4], ("Content-Encoding", "gzip"))
BROKEN_GZIP = (
    replace(one("broken-gzip", BAD, (RESULT, HANDLER, ASYNCIO), code=UNDECODABLE, gives=None), routes=NOT_RECORDED),
    replace(one("broken-gzip-download", BAD, (RESULT, HANDLER, ASYNCIO), kind="download", code=-3006, gives=None), routes=NOT_RECORDED),
    one("cut-gzip-download", SHORT, (RESULT, HANDLER), kind="download", code=-3007, gives=None),
)

FRESH = ("Cache-Control", "max-age=60")
STORED = "created response data cache metrics complete"
ALONE = Step(settings={"cache_policy": CachePolicy.RETURN_CACHE_DATA_DONT_LOAD}, status=None, gives=b"", code=UNAVAILABLE,
             calls="created metrics complete")
STORES = (
    Behaviour("cached", (Step(calls=STORED), Step()), (reply(b"hello", FRESH),), ("GET /",), styles=(DELEGATE,)),
    Behaviour("cached-for-results", (Step(), Step()), (reply(b"hello", FRESH),), ("GET /",), styles=(HANDLER, RESULT, ASYNCIO)),
    Behaviour("cached-big", (Step(calls=STORED, gives=BIG[:100_000]), Step(gives=BIG[:100_000])), (reply(BIG[:100_000], FRESH),), ("GET /",)),
    Behaviour("cached-gzip", (Step(calls=STORED, gives=BIG[:100_000]), Step(gives=BIG[:100_000])),
              (reply(gzip.compress(BIG[:100_000]), FRESH, ("Content-Encoding", "gzip")),), ("GET /",)),
    Behaviour("cache-refused", (Step(calls=STORED), Step(calls=STORED)), (reply(b"hello", FRESH), reply(b"hello", FRESH)), ("GET /", "GET /"),
              caches=False),
    Behaviour("cache-forbidden", (Step(), Step()), (reply(b"hello", ("Cache-Control", "no-store")),) * 2, ("GET /", "GET /")),
    Behaviour("cache-passed-by", (Step(calls=STORED), Step(calls=STORED, settings={"cache_policy": CachePolicy.RELOAD_IGNORING_LOCAL_CACHE_DATA})),
              (reply(b"hello", FRESH), reply(b"hello", FRESH)), ("GET /", "GET /")),
    Behaviour("cache-revalidated", (Step(calls=STORED), Step()),
              (reply(b"hello", ETAG, ("Cache-Control", "max-age=0")), reply(b"", ETAG, ("Cache-Control", "max-age=60"), status=304)),
              ("GET /", "GET /"), styles=EVERY_STYLE),
    Behaviour("cache-replaced", (Step(calls=STORED), Step(calls=STORED, gives=b"new"), Step(gives=b"new")),
              (reply(b"hello", ETAG, ("Cache-Control", "max-age=0")), reply(b"new", ("ETag", '"v2"'), FRESH)), ("GET /", "GET /")),
    Behaviour("cache-alone", (ALONE,), (), (), styles=EVERY_STYLE),
    Behaviour("alone-without-a-cache", (ALONE, replace(ALONE, kind="download")), (), (), styles=(DELEGATE, RESULT)),
    Behaviour("cache-stale-by-redirected-post", (
        Step(calls=STORED), Step(method="POST", body=b"x", gives=b"made", calls="created sent redirect response data cache metrics complete"),
        Step(calls=STORED, gives=b"new")),
              (reply(b"hello", FRESH), leads_to("/made", 303), reply(b"made", FRESH), reply(b"new", FRESH)),
              ("GET /", "POST / x", "GET /made", "GET /")),
    Behaviour("cache-stale-by-downloaded-post", (
        Step(calls=STORED), Step(method="POST", kind="download", body=b"x", calls=f"created sent{WRITTEN.removeprefix('created')}"),
        Step(calls=STORED, gives=b"new")),
              (reply(b"hello", FRESH), reply(), reply(b"new", FRESH)), ("GET /", "POST / x", "GET /")),
    Behaviour("cache-never-for-downloads", (Step(kind="download", calls=WRITTEN),) * 2, (reply(b"hello", FRESH),) * 2, ("GET /", "GET /")),
    Behaviour("cookies", (Step("/a"), Step("/b"), Step("/b", settings={"http_should_handle_cookies": False})),
              (reply(b"hello", ("Set-Cookie", "taste=sweet; Path=/"), ("Set-Cookie", "size=big; Path=/a")), reply(), reply()),
              ("GET /a", "GET /b", "GET /b"), styles=(DELEGATE, RESULT)),
    Behaviour("cookies-never-taken", (Step("/a"), Step("/b")), (reply(b"hello", ("Set-Cookie", "taste=sweet; Path=/")), reply()),
              configuration={"http_cookie_accept_policy": CookieAcceptPolicy.NEVER}),
    Behaviour("cookies-of-nobody", (Step("/a"), Step("/b")), (reply(b"hello", ("Set-Cookie", "taste=sweet; Path=/")), reply()),
              configuration={"http_cookie_storage": None}),
    Behaviour("cookie-lost", (Step("/a"), Step("/b"), Step("/b")),
              (reply(b"hello", ("Set-Cookie", "taste=sweet; Path=/")), reply(b"hello", ("Set-Cookie", "taste=; Max-Age=0; Path=/")), reply())),
    Behaviour("additional-headers", (Step(headers=(("X-B", "own"),)),), (reply(),),
              configuration={"http_additional_headers": {"X-A": "all", "x-b": "all"}}),
)

# An exchange of theirs is given up before its end, so the cassette is recorded by asking once more to the end.
ENDS_EARLY = frozenset({
    "redirect-with-big-body", "redirect-limit", "broken-gzip", "broken-gzip-download",
    "basic-cancelled", "response-cancelled", "cancelled-in-response", "cancelled-in-data",
    "cancelled-in-redirect", "cancelled-in-challenge", "cancelled-in-writing",
    *(row.name for row in RESUMED),
})

BEHAVIOURS = tuple(
    replace(row, cache=row.name.startswith("cache"), ends_early=row.name in ENDS_EARLY,
            counted=row.name not in ENDS_EARLY | {"cache-revalidated", "redirect-to-a-file"})
    for row in (*PLAIN, *BODIES, *REDIRECTS, *AUTHENTICATION, *DOWNLOADS, *RESUMED, *RESUMED_UPLOADS, *DISPOSITIONS,
                *FAILURES, *BROKEN_GZIP, *STORES))
