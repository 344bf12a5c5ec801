"""Byte ranges of downloads: when one can be resumed, how it is asked for, and what the answer is worth (I19).

A file is never put together from bytes that may not belong together: in doubt the download starts over or fails.
"""
from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from ..models.message import Headers, ResponseHead, header
from ..models.url import split_url
from .dates import http_date

_CONTENT_RANGE = re.compile(r"bytes[ \t]+(?:([0-9]{1,18})-([0-9]{1,18})|\*)/(?:([0-9]{1,18})|\*)", re.IGNORECASE)
_STRONG_TAG = re.compile(r'"[^"\x00-\x20\x7f]*"')


class ContentRange(NamedTuple):
    """A Content-Range field. `first` and `last` are -1 where the range could not be satisfied, `total` where unknown."""

    first: int
    last: int
    total: int


def parse_content_range(value: str | None) -> ContentRange | None:
    """The range of a Content-Range field in bytes, or None for anything else (RFC 9110, section 14.4)."""
    match = _CONTENT_RANGE.fullmatch((value or "").strip())
    if match is None:
        return None
    first, last, total = (-1 if number is None else int(number) for number in match.groups())
    if first > last or (first >= 0 and 0 <= total <= last) or (first < 0 and total < 0):
        return None
    return ContentRange(first, last, total)


class Validators(NamedTuple):
    """What tells the version of a resource: its entity tag and the date of its last modification, as they came; None without one."""

    tag: str | None
    modified: str | None

    @property
    def if_range(self) -> str | None:
        """What If-Range names the version by: a strong tag, or the date of one that has no tag (RFC 9110, section 13.1.5)."""
        return self.modified if self.tag is None else self.tag if self.has_strong_tag else None

    @property
    def has_strong_tag(self) -> bool:
        """Whether equal tags mean equal bytes; of a weak one they say that two bodies mean the same (RFC 9110, section 8.8.1)."""
        return self.tag is not None and _STRONG_TAG.fullmatch(self.tag) is not None

    def agree_with(self, other: Validators) -> bool:
        """Whether what has the `other` ones is surely of this version: it has the same tag, and the same date or a strong tag alone."""
        return other.tag == self.tag and (other.modified == self.modified or (other.modified is None and self.has_strong_tag))

    def differ_from(self, other: Validators) -> bool:
        """Whether what has the `other` ones is surely of another version."""
        return any(one is not None and two is not None and one != two for one, two in zip(self, other, strict=True))


def resume_validators(headers: Headers) -> Validators | None:
    """What tells the version of the resource that came with `headers`; None where nothing does that tells bytes apart (I19).

    That takes a strong tag, or a date at least a second before that of the answer: a file may have changed again within the same
    second (RFC 9110, section 8.8.2.2).
    """
    found = _validators(headers)
    modified, date = http_date(found.modified), http_date(header(headers, "date"))
    is_old = modified is not None and date is not None and (date - modified).total_seconds() >= 1
    return found if is_old or found.has_strong_tag else None


def _validators(headers: Headers) -> Validators:
    return Validators(header(headers, "etag") or None, header(headers, "last-modified") or None)


def can_resume(method: str, url: str, request_headers: Headers, head: ResponseHead, received: int, expected: int) -> bool:
    """Whether a download that stopped after `received` of `expected` bytes (-1: unknown) yields resume data.

    `request_headers` are those of the task's request, `head` is that of its response, also where it was resumed before.
    Asked for are an http(s) GET that was not itself for a range, an answer of 200 (or the 206 of a resumed download) in
    no content coding, and a server that takes byte ranges. The others of I19's conditions, validators and the partial
    file, are the caller's.
    """
    units = (header(head.headers, "accept-ranges") or "").lower().replace(" ", "").split(",")
    return (
        method == "GET" and split_url(url).scheme in ("http", "https") and header(request_headers, "range") is None
        and head.status in (200, 206) and (head.status == 206 or "bytes" in units) and _is_plain(head)
        and 0 < received and (expected < 0 or received < expected)
    )


def resume_headers(offset: int, validators: Validators) -> Headers:
    """The fields that ask for the rest of a resource, if it is still the same (RFC 9110, sections 13.1.5 and 14.2); where no field
    may ask for that, the answer tells."""
    asked = [("Range", f"bytes={offset}-")]
    return asked if validators.if_range is None else [*asked, ("If-Range", validators.if_range)]


class Resumption(Enum):
    """What the answer to a resumed download is worth."""

    SPLICE = "the rest: append it to what is there"
    RESTART = "the whole: write it into a file of its own"
    AGAIN = "of no use: send the request again without a range, from offset 0"
    FAIL = "neither: keep what is there and fail with -1011"


def judge(head: ResponseHead, offset: int, expected: int, validators: Validators) -> Resumption:
    """What to do with `head`, the final answer to a request with `resume_headers(offset, validators)`.

    A 206 must carry the very rest: from `offset` to the end of a resource that is `expected` bytes long (-1: unknown),
    in one part, not encoded, and of the version that `validators` tell. One that begins earlier, or of a version that is not
    known, starts over, and so does one of another version where If-Range could not be sent. Anything else that calls itself
    partial fails, and so does a status that says nothing of the resource, so that a page of an error never becomes the file.
    """
    if head.status in (200, 203):
        return Resumption.RESTART
    if head.status in (412, 416):
        return Resumption.AGAIN
    found = parse_content_range(header(head.headers, "content-range"))
    if head.status != 206 or found is None or not _is_plain(head):
        return Resumption.FAIL
    version = _validators(head.headers)
    if validators.if_range is not None and validators.differ_from(version):
        return Resumption.FAIL
    if 0 <= found.first < offset or not validators.agree_with(version):
        return Resumption.AGAIN
    total = expected if found.total < 0 else found.total
    length = header(head.headers, "content-length")
    right = (
        found.first == offset and (expected < 0 or total == expected) and found.last == total - 1
        and (length is None or length == str(total - offset))
        and not (header(head.headers, "content-type") or "").lower().startswith("multipart/byteranges")
    )
    return Resumption.SPLICE if right else Resumption.FAIL


def spliced_length(head: ResponseHead) -> int:
    """How many bytes the resource has whose rest `head` brings; of an answer that was judged to be one."""
    found = parse_content_range(header(head.headers, "content-range"))
    assert found is not None
    return found.last + 1


def _is_plain(head: ResponseHead) -> bool:
    """Whether the bytes on the wire are those of the file: ranges of an encoded body count encoded bytes."""
    return (header(head.headers, "content-encoding") or "identity").strip().lower() == "identity"
