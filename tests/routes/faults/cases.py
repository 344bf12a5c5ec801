"""What goes wrong, once as a real server does it and once as a plan says it, and what a load must come to."""
from __future__ import annotations

import errno

from sessionmock.faults.plan import FaultPlan

from .misbehaviour import (
    FILE,
    ZIPPED,
    Case,
    Serve,
    Verdict,
    breaks,
    breaks_stream,
    flips,
    frame,
    goes_deaf,
    greets,
    hears,
    in_pieces,
    says,
    serves_one,
    spoils,
    tunnels,
)

LOST, TIMED_OUT, NO_HTTP, NOT_CONNECTED, UNDECODABLE = -1005, -1001, -1017, -1004, -1015
NOTHING, BODY, ALL = "metrics complete", "response data metrics complete", "response data metrics complete"
WROTE, KEPT = "wrote metrics complete", "wrote finished metrics complete"
SENDING, SENT = "sent metrics complete", "sent response data metrics complete"


at = FaultPlan().at


def fails(code: int, underlying: str | None, calls: str = NOTHING, offset: int | None = None) -> Verdict:
    return Verdict(code, underlying, offset, calls)


def works(calls: str = ALL) -> Verdict:
    return Verdict(None, None, None, calls)


def http1(head: bytes, then: str = "end") -> Serve:
    return says(head.replace(b"\n", b"\r\n"), then)


BEFORE = (
    Case("unknown-host", None, at("resolve").unknown_host(), fails(-1003, "gaierror"), door="nowhere"),
    Case("refused", None, at("connect").refuse(), fails(NOT_CONNECTED, "ConnectionRefusedError"), door="closed"),
    Case("no-network", None, at("connect").oserror(errno.ENETUNREACH), fails(-1009, "OSError"), door="broadcast"),
    Case("connects-never", None, at("connect").never(), fails(TIMED_OUT, None), door="silent"),
    Case("ends-before-the-head", says(b""), at("head").end(), fails(LOST, "Lost")),
    Case("resets-before-the-head", says(b"", "reset"), at("head").reset(), fails(LOST, "ConnectionResetError")),
    Case("never-answers", says(b"", "silence"), at("head").never(), fails(TIMED_OUT, None)),
    Case("no-status-line", says(b"SSH-2.0-nothing for you\r\n\r\n"), at("head").malformed("status line"), fails(NO_HTTP, "Garbage")),
    Case("bad-header", http1(b"HTTP/1.1 200 OK\nno colon\n\n"), at("head").malformed("header"), fails(NO_HTTP, "Garbage")),
    Case("bad-length", http1(b"HTTP/1.1 200 OK\nContent-Length: 12x\n\n"), at("head").malformed("length"), fails(NO_HTTP, "Garbage")),
    Case("cut-in-the-head", http1(b"HTTP/1.1 200 OK\nETag: \"v1"), at("head").truncate(), fails(LOST, "Lost")),
    Case("hints-then-ends", http1(b"HTTP/1.1 103 Early Hints\nLink: </a>\n\n"), at("head").end(),
         fails(LOST, "Lost", "informed metrics complete"), answer="hints"),
)

WITHIN = (
    *(Case(f"ends-at-{k}", breaks(k, "end"), at("body", byte=k).end(),
           fails(LOST, "Lost", BODY if k else "response metrics complete")) for k in (0, 1, 100, 256)),
    *(Case(f"resets-at-{k}", breaks(k, "reset"), at("body", byte=k).reset(),
           fails(LOST, "ConnectionResetError", BODY if k else "response metrics complete")) for k in (0, 100)),
    Case("silent-at-100", breaks(100, "silence"), at("body", byte=100).never(), fails(TIMED_OUT, None, BODY)),
    Case("cut-at-100", breaks(100, "end"), at("body", byte=100).truncate(), fails(LOST, "Lost", BODY)),
    Case("in-pieces", in_pieces(50), at("body").slice(50), works()),
    Case("download-ends-at-100", breaks(100, "end"), at("body", byte=100).end(), fails(LOST, "Lost", WROTE, 100), kind="download"),
    Case("download-ends-at-0", breaks(0, "end"), at("body", byte=0).end(), fails(LOST, "Lost"), kind="download"),
    Case("download-resets-at-100", breaks(100, "reset"), at("body", byte=100).reset(),
         fails(LOST, "ConnectionResetError", WROTE, 100), kind="download"),
    Case("download-silent-at-100", breaks(100, "silence"), at("body", byte=100).never(),
         fails(TIMED_OUT, None, WROTE, 100), kind="download"),
    Case("download-without-validator", breaks(100, "end"), at("body", byte=100).end(), fails(LOST, "Lost", WROTE),
         kind="download", answer="plain"),
    Case("download-in-gzip", breaks(100, "end"), at("body", byte=100).end(), fails(LOST, "Lost", WROTE),
         kind="download", answer="packed"),
    Case("download-of-a-post", breaks(100, "end"), at("body", byte=100).end(), fails(LOST, "Lost", "sent wrote metrics complete"),
         kind="download", method="POST"),
    Case("download-in-chunks-ends-at-100", breaks(105, "end"), at("body", byte=100).end(),
         fails(LOST, "Lost", WROTE, 100), kind="download", answer="chunks"),
    Case("corrupt-gzip", breaks(len(ZIPPED), "silence", flips(30)), at("body", byte=30).corrupt(),
         fails(UNDECODABLE, "DecodingError", "response metrics complete"), answer="packed"),
    Case("chunks-end-at-100", breaks(105, "end"), at("body", byte=100).end(), fails(LOST, "Lost", BODY), answer="chunks"),
    Case("chunks-reset-at-100", breaks(105, "reset"), at("body", byte=100).reset(),
         fails(LOST, "ConnectionResetError", BODY), answer="chunks"),
    Case("bad-chunk", spoils(b"101\r\n", b"xyz\r\n"), at("body").malformed("chunk"), fails(NO_HTTP, "Garbage", "response metrics complete"),
         answer="chunks"),
    Case("bad-trailer", spoils(b"X-Sum: 1\r\n\r\n", b"no colon\r\n\r\n"), at("trailers").malformed("trailer"),
         fails(NO_HTTP, "Garbage", BODY), answer="chunks"),
    Case("corrupt-trailer", spoils(b"X-Sum: 1", b"X-Sum\xc5 1"), at("trailers").corrupt(), fails(NO_HTTP, "Garbage", BODY), answer="chunks"),
    Case("ends-before-the-trailers", breaks(5 + len(FILE) + 2, "end"), at("trailers").end(), fails(LOST, "Lost", BODY),
         answer="chunks"),
    Case("resets-before-the-trailers", breaks(5 + len(FILE) + 2, "reset"), at("trailers").reset(),
         fails(LOST, "ConnectionResetError", BODY), answer="chunks"),
)

SENDING_ONE = (
    Case("resets-in-the-upload", hears(100_000, "reset"), at("write.body", byte=100_000).reset(),
         fails(LOST, "ConnectionResetError", SENDING), kind="upload", method="POST"),
    Case("ends-in-the-upload", hears(100_000, "end"), at("write.body", byte=100_000).end(),
         fails(LOST, "ConnectionResetError", SENDING), kind="upload", method="POST"),
    Case("goes-deaf-in-the-upload", goes_deaf, at("write.body", byte=100_000).never(),
         fails(TIMED_OUT, None, SENDING), kind="upload", method="POST"),
    Case("post-ends-before-the-head", says(b""), at("head").end(), fails(LOST, "Lost", SENDING), method="POST"),
)

KEPT_ONES = (
    Case("kept-one-ends", serves_one("end"), at("reuse").end(), works(), warm=True),
    Case("kept-one-resets", serves_one("reset"), at("reuse").reset(), works(), warm=True),
    Case("kept-one-ends-under-a-post", serves_one("end"), at("reuse").end(), fails(LOST, "Lost", SENDING), warm=True, method="POST"),
    Case("kept-one-resets-under-a-post", serves_one("reset"), at("reuse").reset(),
         fails(LOST, "ConnectionResetError", SENDING), warm=True, method="POST"),
)

HEADS = (
    Case("unavailable", http1(b"HTTP/1.1 503 Unavailable\nContent-Length: 0\n\n", "keep"), at("head").status(503),
         works("response metrics complete")),
    Case("elsewhere", None, at("head", first=1).redirect("/file/landed"), works("redirect response data metrics complete"), answer="leads"),
    Case("loop", http1(b"HTTP/1.1 302 Found\nLocation: loop\nContent-Length: 0\n\n", "keep"),
         at("head").redirect("loop"), fails(-1007, None, "redirect metrics complete")),
    Case("asks-who", http1(b"HTTP/1.1 401 Who\nWWW-Authenticate: Basic realm=\"garden\"\nContent-Length: 0\n\n", "keep"),
         at("head").challenge("Basic", "garden"), works("challenge response metrics complete")),
    Case("hop-ends", breaks(100, "end"), at("body", url="*/landed", byte=100).end(),
         fails(LOST, "Lost", "redirect response data metrics complete"), answer="leads", hop=True),
)

TLS = (
    Case("handshake-ends", greets("end"), at("tls").end(), fails(-1200, "ConnectionResetError"), door="handshake"),
    Case("handshake-resets", greets("reset"), at("tls").reset(), fails(-1200, "ConnectionResetError"), door="handshake"),
    Case("handshake-never-ends", greets("silence"), at("tls").never(), fails(TIMED_OUT, None), door="handshake"),
    *(Case(kind.replace(" ", "-"), None, at("tls").certificate(kind),
           fails(code, "SSLCertVerificationError", "challenge metrics complete"), door=kind)
      for kind, code in {"expired": -1201, "not yet valid": -1204, "wrong host": -1202, "untrusted": -1203}.items()),
)

PROXIES = (
    Case("proxy-refuses", None, at("proxy").refuse(), fails(NOT_CONNECTED, "ConnectionRefusedError"), door="proxy"),
    Case("proxy-ends", tunnels(b""), at("proxy").end(), fails(NOT_CONNECTED, "Lost"), door="proxy"),
    Case("proxy-resets", tunnels(b"", "reset"), at("proxy").reset(), fails(NOT_CONNECTED, "ConnectionResetError"), door="proxy"),
    Case("proxy-is-silent", tunnels(b"", "silence"), at("proxy").never(), fails(TIMED_OUT, None), door="proxy"),
    Case("proxy-cannot-tunnel", tunnels(b"HTTP/1.1 502 Bad Gateway\nContent-Length: 0\n\n"), at("proxy").status(502),
         fails(NOT_CONNECTED, "TunnelRefused"), door="proxy"),
    Case("proxy-asks-who", tunnels(b"HTTP/1.1 407 Who\nProxy-Authenticate: Basic realm=\"gate\"\nContent-Length: 0\n\n"),
         at("proxy").challenge("Basic", "gate", proxy=True), fails(NOT_CONNECTED, "TunnelRefused", "challenge metrics complete"), door="proxy"),
)

HTTP2 = (
    Case("stream-resets-before-the-head", breaks_stream(None, "stream"), at("head").reset(scope="stream"),
         fails(LOST, "Lost", NOTHING), door="h2"),
    Case("stream-resets-at-100", breaks_stream(100, "stream"), at("body", byte=100).reset(scope="stream"),
         fails(LOST, "Lost", "response data metrics complete"), door="h2"),
    Case("frames-reset-at-100", breaks_stream(100, "reset"), at("body", byte=100).reset(),
         fails(LOST, "ConnectionResetError", "response data metrics complete"), door="h2"),
    Case("frames-end-at-100", breaks_stream(100, "end"), at("body", byte=100).end(),
         fails(LOST, "Lost", "response data metrics complete"), door="h2"),
    Case("frames-silent-at-100", breaks_stream(100, "silence"), at("body", byte=100).never(),
         fails(TIMED_OUT, None, "response data metrics complete"), door="h2"),
    Case("goaway-before-the-head", breaks_stream(None, "goaway"), at("head").malformed("goaway"), fails(LOST, "Lost", NOTHING),
         door="h2"),
    Case("bad-settings", frame(b"\0\0\x06\x04\0\0\0\0\0" b"\0\x04\xff\xff\xff\xff"), at("head").malformed("settings"),
         fails(NO_HTTP, "Garbage", NOTHING), door="h2"),
    Case("window-never-opens", goes_deaf, at("write.body", byte=65_535).malformed("window"), fails(TIMED_OUT, None, "sent metrics complete"),
         door="h2", kind="upload", method="POST"),
    Case("goaway-at-100", breaks_stream(100, "goaway"), at("body", byte=100).malformed("goaway"),
         fails(LOST, "Lost", "response data metrics complete"), door="h2"),
    Case("download-in-frames-resets-at-100", breaks_stream(100, "stream"), at("body", byte=100).reset(scope="stream"),
         fails(LOST, "Lost", WROTE, 100), door="h2", kind="download"),
)

CASES = (*BEFORE, *WITHIN, *SENDING_ONE, *KEPT_ONES, *HEADS, *TLS, *PROXIES, *HTTP2)
