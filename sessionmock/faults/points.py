"""The points at which a fault can act: what a load passes on its way, from the look-up of a name to its completion."""
from __future__ import annotations

from typing import NamedTuple

from ..delegates import SELECTORS
from .names import unknown


class Point(NamedTuple):
    """A place on the way of a load."""

    name: str
    text: str                   # what happens there
    has_byte: bool = False      # a line may say at which byte
    is_wire: bool = False       # below HTTP: bytes, connections and names


_CALLBACK = "callback"
_OF_NO_TASK = "session_did_become_invalid"      # no load is there to pass it

POINTS: dict[str, Point] = {point.name: point for point in (
    Point("resolve", "the name of the server, or of its proxy, is looked up; an address passes it as a name does", is_wire=True),
    Point("connect", "a connection to an address is made", is_wire=True),
    Point("tls", "the TLS handshake", is_wire=True),
    Point("proxy", "what is said to a proxy before the request: CONNECT, SOCKS", is_wire=True),
    Point("reuse", "a kept connection, before its next request; over a script or a cassette each request counts as one on such", is_wire=True),
    Point("write.head", "the head of the request is sent", is_wire=True),
    Point("write.body", "the body of the request is sent", has_byte=True, is_wire=True),
    Point("informational", "a 1xx response comes", is_wire=True),
    Point("head", "the head of the response comes", is_wire=True),
    Point("body", "the body of the response comes", has_byte=True, is_wire=True),
    Point("trailers", "the fields after a body come", is_wire=True),
    Point("frame", "a frame of a WebSocket comes", is_wire=True),
    Point("redirect", "a redirect is met, and the delegate asked about it, or without one the default"),
    Point("challenge", "a challenge is met, and the delegate asked about it, or without one the default"),
    Point("disk.create", "the file of a download is created"),
    Point("disk.write", "bytes are written into it: once for a download; a byte is one of the file", has_byte=True),
    Point("disk.close", "it is whole, and closed"),
    Point("disk.move", "it is whole, and given its final name"),
    Point("cache.get", "the cache is asked for the response to a request"),
    Point("cache.set", "a response is put into the cache"),
    Point("cookies.get", "the cookies of a request are looked up"),
    Point("cookies.set", "the cookies of a response are stored, where it brings some"),
    Point("credentials.get", "a credential is looked up that may answer a challenge"),
    Point("credentials.set", "a credential is stored that a server has taken"),
    *(Point(f"{_CALLBACK}.{name}", f"the delegate's {name} is called") for name in SELECTORS if name != _OF_NO_TASK),
    Point("completion", "a task ends: its handler or task_did_complete is called, or whoever waits for it goes on"),
)}
"""Every point by its name."""

WHOLES = tuple(dict.fromkeys(name.partition(".")[0] for name in POINTS if "." in name))
"""Points that have parts: each stands for all of them."""


def expand(name: str) -> tuple[str, ...]:
    """The points that `name` stands for: itself, or its parts. Raises InvalidArgumentException, which lists those there are."""
    if name in POINTS:
        return (name,)
    if name in WHOLES:
        return tuple(point for point in POINTS if point.startswith(f"{name}."))
    near = [point for point in POINTS if not point.startswith(f"{_CALLBACK}.")]
    if isinstance(name, str) and name.startswith(f"{_CALLBACK}."):
        near = [point for point in POINTS if point.startswith(f"{_CALLBACK}.")]
    raise unknown(f"at({name!r})", "point", name, [*near, *WHOLES])


def row_of(name: str) -> str:
    """The name under which the table of kinds has the point `name`: one row for all callbacks."""
    return _CALLBACK if name.startswith(f"{_CALLBACK}.") else name
