"""Resumable uploads: the header fields, and what a server says of an upload that stopped (docs/rules.md, Resumable uploads).

The protocol is draft-ietf-httpbis-resumable-upload, of which several versions are in use. Each upload offers one of
them on its ordinary request; a server that does not know it ignores the offer. One that does names a resource for the
upload in a 104 response; after a loss a HEAD of that resource tells how much it has, and a PATCH brings the rest.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from ..models.message import Headers, first, sole
from ..models.url import split_url
from .redirects import resolve

UPLOAD_RESUMPTION_SUPPORTED = 104
VERSION_FIELD = "Upload-Draft-Interop-Version"
OFFSET_FIELD = "Upload-Offset"


class DraftProfile(NamedTuple):
    """How one interop version of the draft writes things."""

    version: int
    completeness: str           # the field that tells whether the upload ends with this request
    ended: str                  # its value where it does
    append_type: str | None     # Content-Type of the PATCH


PROFILES = {profile.version: profile for profile in (
    DraftProfile(3, "Upload-Incomplete", "?0", None),                              # draft 01: Apple's article, iOS 17
    DraftProfile(5, "Upload-Complete", "?1", None),                                # draft 03
    DraftProfile(6, "Upload-Complete", "?1", "application/partial-upload"),        # drafts 04 and 05: seen of iOS 18
)}
DEFAULT_PROFILE = PROFILES[6]

_COMPLETENESS = {profile.completeness.lower(): profile.ended for profile in PROFILES.values()}
_OFFSET = re.compile(r"[0-9]{1,15}")       # a structured field's integer (RFC 9651, section 3.3.1)

# Fields, beside those that begin with "Content-", that speak of the one request that they were set for: its body, its
# preconditions, its range. The request for the offset and the one with the rest are other requests.
_OF_ONE_REQUEST = frozenset({
    "transfer-encoding", "trailer", "expect", "digest", "repr-digest", "range", "if-match", "if-none-match", "if-modified-since",
    "if-unmodified-since", "if-range", "upload-length", OFFSET_FIELD.lower(), VERSION_FIELD.lower(), *_COMPLETENESS,
})


class Standing(Enum):
    """What the server holds of an upload."""

    PART = "the rest is to be sent"
    ALL = "nothing is left to be sent"
    GONE = "the upload cannot be gone on with"
    UNKNOWN = "the server does not say now, and may later"


def profile_for(headers: Iterable[tuple[str, str]]) -> DraftProfile | None:
    """The version that a request with `headers` is sent by: what its Upload-Draft-Interop-Version asks for, or the default.

    None, and then the request goes out as it is, for a version that is not known and for a request that has set one of
    the draft's other fields: its sender speaks the protocol.
    """
    profile: DraftProfile | None = DEFAULT_PROFILE
    for name, value in headers:
        lower = name.lower()
        if lower == VERSION_FIELD.lower():
            profile = PROFILES.get(int(value)) if _OFFSET.fullmatch(value.strip()) else None
        elif lower in _COMPLETENESS or lower == OFFSET_FIELD.lower():
            return None
    return profile


def creation_fields(profile: DraftProfile) -> Headers:
    """What the ordinary request of an upload offers."""
    return [(VERSION_FIELD, str(profile.version)), (profile.completeness, profile.ended)]


def offset_fields(profile: DraftProfile, headers: Headers) -> Headers:
    """The fields of the HEAD that asks for the offset of an upload whose request had `headers`."""
    return [*_lasting(headers), (VERSION_FIELD, str(profile.version))]


def append_fields(profile: DraftProfile, headers: Headers, offset: int) -> Headers:
    """The fields of the PATCH that sends everything from `offset` on."""
    kind = [] if profile.append_type is None else [("Content-Type", profile.append_type)]
    return [*_lasting(headers), *kind, *creation_fields(profile), (OFFSET_FIELD, str(offset))]


def _lasting(headers: Headers) -> Headers:
    return [pair for pair in headers if (lower := pair[0].lower()) not in _OF_ONE_REQUEST and not lower.startswith("content-")]


def upload_resource(url: str, headers: Headers) -> str | None:
    """The resource that a 104 to an upload to `url` names; None where it names none that is to be used.

    It has to be of the same origin: what the request carries (body, credentials, cookies) was meant for that one, and
    nobody is asked about another as with a redirect.
    """
    location = sole(headers, "location")
    if not location:
        return None
    try:
        resource = resolve(url, location).partition("#")[0]
        here, there = split_url(url), split_url(resource)
    except ValueError:
        return None
    return resource if here.origin == there.origin and there.userinfo in ("", here.userinfo) else None


def standing(status: int, headers: Headers, size: int) -> tuple[Standing, int]:
    """What the answer to the HEAD says of an upload of `size` bytes (-1: not known), and the offset to go on from.

    404 and 410 say that the resource is gone. So does, for the upload, an answer that cannot be true: no offset, one
    beyond the size, or a complete upload of fewer bytes. Other refusals (503, 403) may pass.
    An upload whose bytes are all there but which is not complete gets an empty PATCH, as that one completes it.
    """
    if not 200 <= status < 300:
        return Standing.GONE if status in (404, 410) else Standing.UNKNOWN, 0
    told = (first(headers, OFFSET_FIELD.lower()) or "").strip()
    if not _OFFSET.fullmatch(told) or (size >= 0 and int(told) > size):
        return Standing.GONE, 0
    offset = int(told)
    if not any((first(headers, name) or "").strip() == ended for name, ended in _COMPLETENESS.items()):
        return Standing.PART, offset
    return (Standing.ALL if size in (offset, -1) else Standing.GONE), offset
