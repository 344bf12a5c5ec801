"""Resume data: what a download or an upload that stopped is gone on with, as bytes that the user keeps (I19, I20).

    "SMRESUME"  version  kind  length of the payload  length of the body     18 + 4 bytes
    payload (JSON)  body (of an upload from data)
    SHA-256 of everything before it

The sum finds damage, it is no signature. So nothing in the payload is trusted further than it is checked here: a
partial file is named, never located, and fields cannot smuggle anything into a request.
"""
from __future__ import annotations

import hashlib
import json
import re
import struct
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from ..models.message import Headers
from ..models.url import split_url
from .ranges import Validators

_MAGIC, _VERSION = b"SMRESUME", 2
_FRAME = struct.Struct("!8sBBIQ")
_LARGEST_PAYLOAD = 1 << 20
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadResumeData:
    """A download that stopped after `offset` bytes, which are in the file named `partial` of the downloads' folder."""

    original_url: str
    current_url: str       # after redirects: where the rest is asked for
    method: str
    headers: Headers       # of the task's request, as the user gave them
    offset: int
    expected: int          # bytes of the whole file, -1 when unknown
    tag: str | None        # ETag and Last-Modified of the part, as they came
    modified: str | None
    partial: str           # a file name without folders
    created: datetime

    def __post_init__(self) -> None:
        for url in (self.original_url, self.current_url):
            _check(isinstance(url, str) and split_url(url).scheme in ("http", "https"), "a URL that is not http(s)", url)
        _check_request(self.method, self.headers)
        _check(_natural(self.offset) and self.offset > 0, "an offset", self.offset)
        whole = self.expected == -1 or (_natural(self.expected) and self.expected > self.offset)
        _check(whole, "an expected length", self.expected)
        for validator in (self.tag, self.modified):
            _check(validator is None or (_field_value(validator) and validator != ""), "a validator", validator)
        _check((self.tag or self.modified) is not None, "no validator", None)
        _check(isinstance(self.partial, str) and _NAME.fullmatch(self.partial) is not None, "a file name", self.partial)
        _check_date(self.created)

    @property
    def validators(self) -> Validators:
        """What tells the version of the resource."""
        return Validators(self.tag, self.modified)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadResumeData:
    """An upload that stopped: the server's resource for it, the request, and where the body comes from (docs/rules.md, Resumable uploads).

    The source is the file `path`, which must still have `size` and `modified`; or `body` itself; or neither, and then
    the delegate is asked for a stream from the server's offset on.
    """

    resource_url: str
    original_url: str
    method: str
    headers: Headers
    path: str | None = None
    size: int = -1         # of the source in bytes, -1 when unknown
    modified: int = -1     # of the file, nanoseconds since the epoch; -1 without a file
    body: bytes | None = field(default=None, repr=False)
    created: datetime

    def __post_init__(self) -> None:
        for url in (self.resource_url, self.original_url):
            _check(isinstance(url, str) and split_url(url).scheme in ("http", "https"), "a URL that is not http(s)", url)
        _check_request(self.method, self.headers)
        path = self.path is None or (isinstance(self.path, str) and "\0" not in self.path and self.body is None)
        _check(path, "a path", self.path)
        _check(self.size == -1 or _natural(self.size), "a size", self.size)
        _check(isinstance(self.modified, int) and not isinstance(self.modified, bool), "a time", self.modified)
        _check(self.body is None or self.size == len(self.body), "a size that is not the body's", self.size)
        _check_date(self.created)


ResumeData = TypeVar("ResumeData", DownloadResumeData, UploadResumeData)
_KINDS: dict[type, int] = {DownloadResumeData: 1, UploadResumeData: 2}


def encode(data: DownloadResumeData | UploadResumeData) -> bytes:
    """The bytes that `decode` takes. Raises ValueError where the request's fields are beyond 1 MiB."""
    values = asdict(data)
    body = values.pop("body", None)
    payload = json.dumps({**values, "created": data.created.isoformat(), "has_body": body is not None}).encode()
    if len(payload) > _LARGEST_PAYLOAD:
        raise ValueError(f"resume data: the request takes {len(payload)} bytes, more than {_LARGEST_PAYLOAD}")
    blob = _FRAME.pack(_MAGIC, _VERSION, _KINDS[type(data)], len(payload), len(body or b"")) + payload + (body or b"")
    return blob + hashlib.sha256(blob).digest()


def decode(blob: bytes, kind: type[ResumeData]) -> ResumeData:
    """The resume data of `kind` in `blob`. Raises ValueError, and nothing else, for bytes that are not exactly that:
    damaged by as much as a bit, cut short, longer, of another version or kind, or of values that cannot be."""
    if not isinstance(blob, bytes | bytearray | memoryview) or len(blob) < _FRAME.size + 32:
        raise ValueError("no resume data: too short")
    blob = blob[:] if isinstance(blob, bytes) else bytes(blob)      # plain bytes, also of a subclass that minds being copied
    magic, version, number, payload_size, body_size = _FRAME.unpack_from(blob)
    if magic != _MAGIC:
        raise ValueError("no resume data: it does not begin like any")
    if len(blob) != _FRAME.size + payload_size + body_size + 32 or hashlib.sha256(blob[:-32]).digest() != blob[-32:]:
        raise ValueError("resume data is damaged")
    if version != _VERSION or number != _KINDS[kind] or payload_size > _LARGEST_PAYLOAD:
        raise ValueError(f"resume data of version {version} and kind {number}; wanted are {_VERSION} and {_KINDS[kind]}")
    end = _FRAME.size + payload_size
    try:
        values: dict[str, Any] = json.loads(blob[_FRAME.size:end])
        if values.pop("has_body"):
            values["body"] = blob[end:-32]
        values["created"] = datetime.fromisoformat(values["created"])
        values["headers"] = [(name, value) for name, value in values["headers"]]
        return kind(**{one.name: values.pop(one.name) for one in fields(kind) if one.name in values}, **values)
    except ValueError as error:
        raise ValueError(f"resume data: {error}") from error
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("resume data whose payload is not what belongs there") from error


def _check(right: bool, what: str, value: object) -> None:
    if not right:
        raise ValueError(f"resume data with {what}: {value!r:.200}")


def _check_request(method: str, headers: Headers) -> None:
    _check(isinstance(method, str) and _TOKEN.fullmatch(method) is not None, "a method", method)
    for name, value in headers:
        right = isinstance(name, str) and _TOKEN.fullmatch(name) is not None and _field_value(value)
        _check(right, "a header field", (name, value))


def _check_date(value: object) -> None:
    _check(isinstance(value, datetime) and value.tzinfo is not None, "a date without a time zone", value)


def _natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _field_value(value: object) -> bool:
    return isinstance(value, str) and not any(c in "\0\r\n" for c in value)
