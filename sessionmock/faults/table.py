"""Which kind of fault can happen at which point, and what it does there.

`TABLE[point][kind]` has a row for each pair that makes sense; all others are refused when the plan is made. The numbers are those of the
rows of the taxonomy (docs/faults.md) that the pair is an example of.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..delegates import QUESTIONS
from ..errors import InvalidArgumentException
from .kinds import Kind
from .points import POINTS, WHOLES, row_of

_CALLBACK = "callback"
_CREATED = f"{_CALLBACK}.session_did_create_task"


class Row(NamedTuple):
    """What a kind does at a point."""

    text: str
    rows: tuple[int, ...] = ()


# Kinds that act on the task itself, wherever its load is.
ACTS: dict[str, Row] = {
    "cancel": Row("-999, once", (69,)),
    "cancel_by_producing_resume_data": Row("-999, and the handler gets resume data or None", (69,)),
    "suspend": Row("nothing goes on before it is resumed; the time-out stands still", (39,)),
    "invalidate": Row("-999 for each task of the session, then session_did_become_invalid", (70,)),
    "fail": Row("the load ends with this error", ()),
}
_LATER = {"delay": Row("it goes on so much later")}
_SILENT = {"never": Row("-1001, by the time-out")}
_BROKEN = {"reset": Row("-1005 over ECONNRESET"), "end": Row("-1005"), "oserror": Row("-1005 over this error")}
_PACED = {"drip": Row("it comes at this pace; each byte restarts the time-out"), "slice": Row("it comes in pieces")}
_STORE = {
    "raises": Row("the store raises, as one of the project's own: as if it held nothing, or took it"),
    "oserror": Row("the store fails: as if it held nothing, or took it"),
    **_LATER,
}
_FULL = {"disk_full": Row("the store fails: as if it took it")}
_ASKED = {
    "raises": Row("-1 over what was raised"),
    "answered_twice": Row("the second answer raises GenericException and changes nothing"),
    **_LATER,
}
_TOO_LATE = Row("too late: the task ends as it does")
_FILE = {"oserror": Row("-3000 created, -3003 written, -3002 closed, -3005 moved; -3003 where the disk is full"), **_LATER,
         "disk_full": Row("-3003 over ENOSPC, with resume data to the last durable byte")}


def _of(number: int, *groups: dict[str, Row]) -> dict[str, Row]:
    """All of `groups`, as row `number` of the taxonomy has it."""
    return {kind: Row(row.text, (number,)) for group in groups for kind, row in group.items()}


_OF_POINTS: dict[str, dict[str, Row]] = {
    "resolve": {"unknown_host": Row("-1003", (8,)), "raises": Row("-1003 over what the resolver raised", (9,)),
                "oserror": Row("-1003 over this error", (9,)), **_of(9, _LATER, _SILENT)},
    "connect": {"refuse": Row("-1004 over ECONNREFUSED", (10,)), "unreachable": Row("-1004 over EHOSTUNREACH", (6,)), **_of(11, _LATER, _SILENT),
                "reset": Row("accepted, and reset before any byte: -1005; over TLS -1200", (12,)),
                "end": Row("accepted, and closed before any byte: -1005; over TLS -1200", (12,)),
                "oserror": Row("-1004 over this error", (10,))},
    "tls": {"certificate": Row("-1201 expired, -1202 for another host, -1203 untrusted, -1204 not yet valid", (15,)),
            "reset": Row("-1200", (14,)), "end": Row("-1200", (14,)), "corrupt": Row("-1200", (14,)), **_of(14, _LATER, _SILENT)},
    "proxy": {"refuse": Row("-1004: the proxy cannot be connected to", (13,)), "unreachable": Row("-1004", (13,)), **_of(13, _LATER, _SILENT),
              "reset": Row("-1004: the proxy breaks off", (13,)), "end": Row("-1004: the proxy breaks off", (13,)),
              "status": Row("-1004: the proxy refuses CONNECT; to a request for http it is the answer", (13,)),
              "challenge": Row("the challenge of the proxy", (13,))},
    "reuse": {"reset": Row("GET is sent again on a new connection, POST is -1005", (12,)),
              "end": Row("GET is sent again on a new connection, POST is -1005", (12,)), **_of(12, _LATER, _SILENT)},
    "write.head": {**_of(18, _BROKEN, _LATER, _SILENT),
                   "malformed": Row("over HTTP/2: a GOAWAY before it is touched: sent again on another connection, whatever its method", (12,))},
    "write.body": {**_of(20, _BROKEN, _LATER, _PACED), "never": Row("the peer stops reading: -1001", (19,)),
                   "malformed": Row("over HTTP/2: a window that never opens: -1001", (19,))},
    "informational": {**_of(24, _BROKEN, _LATER, _SILENT), "duplicate": Row("two of them come", (25,)), "malformed": Row("-1017", (29, 31))},
    "head": {**_of(27, _BROKEN), **_of(32, _LATER, _SILENT, _PACED), "truncate": Row("cut in its middle: -1005", (28, 30)),
             "corrupt": Row("a byte of the status line is another: -1017", (29,)),
             "duplicate": Row("it comes twice: the second is read as body, or -1017", (31,)),
             "malformed": Row("-1017; over HTTP/2 -1005 where it is a GOAWAY", (29, 31)), "status": Row("the answer is this one"),
             "redirect": Row("the answer leads there", (46, 48)),
             "challenge": Row("the answer asks for a credential", (51, 53))},
    "body": {**_of(35, _BROKEN), **_of(39, _LATER, _SILENT, _PACED), "end": Row("-1005", (34, 36)),
             "truncate": Row("-1005 by length; whole as far as HTTP tells where chunked: -1015 where coded", (37, 41)),
             "corrupt": Row("one byte is another; coded: -1015", (41,)),
             "duplicate": Row("bytes come twice: those beyond the length are dropped", (38,)),
             "malformed": Row("a chunk: -1017, and nothing over HTTP/2, which has none; a GOAWAY over HTTP/2: -1005", (37,))},
    "trailers": {**_of(45, _BROKEN, _LATER, _SILENT), "truncate": Row("-1005", (45,)), "corrupt": Row("-1017; another field over HTTP/2", (45,)),
                 "malformed": Row("-1017", (45,))},
    "frame": {**_of(63, _BROKEN, _LATER, _SILENT), "truncate": Row("-1005", (63,)), "corrupt": Row("-1005 or a close frame", (65,)),
              "duplicate": Row("it comes twice", (65,))},
    "redirect": {**_of(50, _ASKED), "unanswered": Row("the time-out ends the task with the 3xx and no error", (50,))},
    "challenge": {**_of(54, _ASKED), "unanswered": Row("-1001, by the time-out", (54,))},
    **{f"disk.{part}": _of(58, _FILE) | {"disk_full": Row(_FILE["disk_full"].text, (59,))} for part in ("create", "write", "close", "move")},
    "cache.get": _of(55, _STORE), "cache.set": _of(55, _STORE, _FULL),
    **{f"{store}.get": _of(57, _STORE) for store in ("cookies", "credentials")},
    **{f"{store}.set": _of(57, _STORE, _FULL) for store in ("cookies", "credentials")},
    _CALLBACK: {**_of(61, _ASKED), "raises": Row("-1 over what was raised, and the method is not called; task_did_complete "
                                                 "and metrics are called, and the task ends as it does", (61,)),
                "unanswered": Row("the method is called, and nobody hears its answer: a challenge ends with -1001, a redirect with its 3xx "
                                  "and no error, others with -1001", (33, 50, 54))},
    "completion": {"raises": Row("who is told raises after its work; the task ends as it does", (61,)), **_of(61, _LATER),
                   "cancel": _TOO_LATE, "cancel_by_producing_resume_data": _TOO_LATE, "suspend": _TOO_LATE,
                   "fail": Row("the task ends with this error in the place of what it had")},
}

TABLE: dict[str, dict[str, Row]] = {point: {**ACTS, **rows} for point, rows in _OF_POINTS.items()}
"""Every pair of point and kind that makes sense; `callback` stands for each of them."""

REPLACING = frozenset({"status", "redirect", "challenge"})
"""Kinds that put another answer in the place of the one that would come."""

VARIANTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("write.head", "malformed"): ("goaway",),
    ("write.body", "malformed"): ("window",),
    ("informational", "malformed"): ("status line", "header"),
    ("head", "malformed"): ("status line", "header", "length", "goaway", "settings"),
    ("body", "malformed"): ("chunk", "goaway"),
    ("trailers", "malformed"): ("trailer",),
}
"""What `malformed` can be about, at each point that has it."""

OF_STREAMS = frozenset({"reuse", "write.head", "write.body", "informational", "head", "body", "trailers"})
"""Where there is a stream to reset."""


def needs_http2(kind: Kind) -> bool:
    """Whether HTTP/2 alone can show `kind`."""
    if kind.name == "malformed":
        return kind["what"] in ("goaway", "settings", "window")
    return kind.name == "reset" and bool(kind["scope"] == "stream")


def kinds_at(point: str) -> list[str]:
    """The names of the kinds that `point` has, which is no whole of several."""
    without: tuple[str, ...] = ()
    if point == _CREATED:
        without = ("unanswered", "answered_twice", "delay", "suspend")      # whoever makes a task is not kept waiting
    elif row_of(point) == _CALLBACK and point.removeprefix(f"{_CALLBACK}.") not in QUESTIONS:
        without = ("unanswered", "answered_twice")
    return [name for name in TABLE[row_of(point)] if name not in without]


def suit(point: str, kind: Kind) -> bool:
    """Whether `kind` can happen at `point`, which is no whole of several."""
    if kind.name not in kinds_at(point):
        return False
    if kind.name == "malformed":
        return kind["what"] in VARIANTS[point, "malformed"]
    return not needs_http2(kind) or point in OF_STREAMS


def suited(name: str, points: Iterable[str], kind: Kind) -> tuple[str, ...]:
    """Those of `points`, for which a line says `name`, at which `kind` can happen. Raises InvalidArgumentException where there is none."""
    found = tuple(point for point in points if suit(point, kind))
    if found:
        return found
    here = sorted({other for point in points for other in kinds_at(point)})
    there = [point for point in (*WHOLES, *POINTS) if not point.startswith(f"{_CALLBACK}.") and any(
        suit(part, kind) for part in POINTS if part == point or part.startswith(f"{point}."))]
    raise InvalidArgumentException(f"at({name!r}): {kind} makes no sense there: at this point there are {', '.join(here)}; "
                                   f"{kind.name} is for {', '.join(there) or 'no point'}")
