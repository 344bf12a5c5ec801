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
_LATER = {"delay": Row("it goes on so much later", (32, 39))}
_SILENT = {"never": Row("-1001, by the time-out", (11, 32, 39))}
_BROKEN = {
    "reset": Row("-1005 over ECONNRESET", (18, 20, 35)),
    "end": Row("-1005", (12, 24, 27, 34, 36)),
    "oserror": Row("-1005 over this error", (18, 20, 35)),
}
_PACED = {"drip": Row("it comes at this pace; each byte restarts the time-out", (39,)), "slice": Row("it comes in pieces", (34,))}
_STORE = {
    "raises": Row("the store raises: as if it held nothing, or took it", (55, 57)),
    "oserror": Row("the store fails: as if it held nothing, or took it", (55, 57)),
    **_LATER,
}
_FULL = {"disk_full": Row("the store fails: as if it took it", (55, 59))}
_QUESTION = {
    "raises": Row("-1, and what was raised is reported", (61,)),
    "unanswered": Row("a challenge ends with -1001, a redirect with its 3xx and no error, others wait for the time-out", (33, 50, 54)),
    "answered_twice": Row("the second answer raises GenericException and changes nothing", (54,)),
    **_LATER,
}
_DISK = {"oserror": Row("-3000 to -3005, as what failed", (58,)),
         "disk_full": Row("-3003 over ENOSPC, with resume data to the last durable byte", (59,)), **_LATER}

_OF_POINTS: dict[str, dict[str, Row]] = {
    "resolve": {"unknown_host": Row("-1003", (8,)), "raises": Row("-1003 over what the resolver raised", (9,)),
                "oserror": Row("-1003 over this error", (9,)), **_LATER, **_SILENT},
    "connect": {"refuse": Row("-1004 over ECONNREFUSED", (10,)), "unreachable": Row("-1004 over EHOSTUNREACH", (6,)), **_LATER, **_SILENT,
                "reset": Row("accepted, and reset before any byte: -1005", (12,)), "end": Row("accepted, and closed before any byte: -1005", (12,)),
                "oserror": Row("-1004 over this error", (10,))},
    "tls": {"certificate": Row("-1201 expired, -1202 untrusted or for another host, -1204 not yet valid", (15,)),
            "reset": Row("-1200", (14,)), "end": Row("-1200", (14,)), "corrupt": Row("-1200", (14,)), **_LATER, **_SILENT},
    "proxy": {"refuse": Row("-1004: the proxy cannot be connected to", (13,)), "unreachable": Row("-1004", (13,)), **_LATER, **_SILENT,
              "reset": Row("-1004: the proxy breaks off", (13,)), "end": Row("-1004: the proxy breaks off", (13,)),
              "status": Row("-1004: the proxy refuses CONNECT", (13,)), "challenge": Row("the challenge of the proxy", (13,))},
    "reuse": {"reset": Row("GET is sent again on a new connection, POST is -1005", (12,)),
              "end": Row("GET is sent again on a new connection, POST is -1005", (12,)), **_LATER, **_SILENT},
    "write.head": {**_BROKEN, **_LATER, **_SILENT},
    "write.body": {**_BROKEN, **_LATER, "never": Row("the peer stops reading: -1001", (19,)), **_PACED,
                   "malformed": Row("over HTTP/2: a window that never opens: -1001", (19,))},
    "informational": {**_BROKEN, **_LATER, **_SILENT, "duplicate": Row("two of them come", (25,)), "malformed": Row("-1017", (29, 31))},
    "head": {**_BROKEN, **_LATER, **_SILENT, **_PACED, "truncate": Row("cut in its middle: -1005", (28, 30)),
             "corrupt": Row("a byte of the status line is another: -1017", (29,)),
             "duplicate": Row("it comes twice: the second is read as body, or -1017", (31,)),
             "malformed": Row("-1017; over HTTP/2 -1005", (29, 31)), "status": Row("the answer is this one"),
             "redirect": Row("the answer leads there", (46, 48)),
             "challenge": Row("the answer asks for a credential", (51, 53))},
    "body": {**_BROKEN, **_LATER, **_SILENT, **_PACED,
             "truncate": Row("-1005 by length; whole as far as HTTP tells where chunked: -1015 where coded", (37, 41)),
             "corrupt": Row("one byte is another; coded: -1015", (41,)),
             "duplicate": Row("bytes come twice: those beyond the length are dropped", (38,)),
             "malformed": Row("-1017; over HTTP/2 -1005", (37,))},
    "trailers": {**_BROKEN, **_LATER, **_SILENT, "truncate": Row("-1005", (45,)), "corrupt": Row("-1017 or another field", (45,)),
                 "malformed": Row("-1017", (45,))},
    "frame": {**_BROKEN, **_LATER, **_SILENT, "truncate": Row("-1005", (63,)), "corrupt": Row("-1005 or a close frame", (65,)),
              "duplicate": Row("it comes twice", (65,))},
    "redirect": {**_QUESTION, "unanswered": Row("the time-out ends the task with the 3xx and no error", (50,))},
    "challenge": {**_QUESTION, "unanswered": Row("-1001", (54,))},
    "disk.create": _DISK, "disk.write": _DISK, "disk.close": _DISK, "disk.move": _DISK,
    "cache.get": _STORE, "cache.set": {**_STORE, **_FULL},
    "cookies.get": _STORE, "cookies.set": {**_STORE, **_FULL},
    "credentials.get": _STORE, "credentials.set": {**_STORE, **_FULL},
    _CALLBACK: _QUESTION,
    "completion": {"raises": Row("reported; the task has ended as it has", (61,)), **_LATER},
}

TABLE: dict[str, dict[str, Row]] = {point: {**rows, **ACTS} for point, rows in _OF_POINTS.items()}
"""Every pair of point and kind that makes sense; `callback` stands for each of them."""

REPLACING = frozenset({"status", "redirect", "challenge"})
"""Kinds that put another answer in the place of the one that would come."""

VARIANTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("write.body", "malformed"): ("window",),
    ("informational", "malformed"): ("status line", "header"),
    ("head", "malformed"): ("status line", "header", "length", "goaway", "settings"),
    ("body", "malformed"): ("chunk", "goaway"),
    ("trailers", "malformed"): ("trailer",),
}
"""What `malformed` can be about, at each point that has it."""


def suit(point: str, kind: Kind) -> bool:
    """Whether `kind` can happen at `point`, which is no whole of several."""
    row = row_of(point)
    if kind.name not in TABLE[row]:
        return False
    if row == _CALLBACK and kind.name in ("unanswered", "answered_twice"):
        return point.removeprefix(f"{_CALLBACK}.") in QUESTIONS
    return kind.name != "malformed" or kind["what"] in VARIANTS[row, "malformed"]


def suited(name: str, points: Iterable[str], kind: Kind) -> tuple[str, ...]:
    """Those of `points`, for which a line says `name`, at which `kind` can happen. Raises InvalidArgumentException where there is none."""
    found = tuple(point for point in points if suit(point, kind))
    if found:
        return found
    here = sorted({other for point in points for other in TABLE[row_of(point)]})
    there = [point for point in (*WHOLES, *POINTS) if not point.startswith(f"{_CALLBACK}.") and any(
        suit(part, kind) for part in POINTS if part == point or part.startswith(f"{point}."))]
    raise InvalidArgumentException(f"at({name!r}): {kind} makes no sense there: at this point there are {', '.join(here)}; "
                                   f"{kind.name} is for {', '.join(there) or 'no point'}")
