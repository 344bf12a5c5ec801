from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.core.resumable_upload import (
    DEFAULT_PROFILE,
    PROFILES,
    Standing,
    append_fields,
    creation_fields,
    offset_fields,
    profile_for,
    standing,
    upload_resource,
)

URL = "https://a.test/files/new?x=1"


def test_a_request_offers_the_newest_version() -> None:
    """A request that says nothing of the draft is sent by interop version 6."""
    assert 6 == DEFAULT_PROFILE.version
    assert DEFAULT_PROFILE is profile_for([("Content-Type", "text/plain")])


@pytest.mark.parametrize(("version", "expected"), [
    (3, [("Upload-Draft-Interop-Version", "3"), ("Upload-Incomplete", "?0")]),
    (5, [("Upload-Draft-Interop-Version", "5"), ("Upload-Complete", "?1")]),
    (6, [("Upload-Draft-Interop-Version", "6"), ("Upload-Complete", "?1")]),
])
def test_a_version_is_offered_in_its_own_words(version: int, expected: list[tuple[str, str]]) -> None:
    """Version 3 says that the upload is not incomplete, later ones that it is complete."""
    profile = profile_for([("upload-draft-interop-version", str(version))])
    assert PROFILES[version] is profile
    assert expected == creation_fields(profile)


@pytest.mark.parametrize("fields", [
    [("Upload-Draft-Interop-Version", "4")],
    [("Upload-Draft-Interop-Version", "newest")],
    [("Upload-Draft-Interop-Version", "")],
    [("Upload-Incomplete", "?1")],
    [("upload-complete", "?0"), ("Upload-Draft-Interop-Version", "6")],
    [("Upload-Draft-Interop-Version", "6"), ("Upload-Offset", "10")],
])
def test_who_speaks_the_protocol_is_left_alone(fields: list[tuple[str, str]]) -> None:
    """A version that is not known, or a field of the draft set by hand, switches resumption off."""
    assert profile_for(fields) is None


def test_what_belongs_to_the_user_goes_along_and_what_belongs_to_the_body_does_not() -> None:
    """HEAD and PATCH carry credentials and custom fields, but neither the body's description nor conditions nor the range."""
    mine = [("Authorization", "Bearer t"), ("X-Key", "k")]
    once = [("Content-Type", "text/plain"), ("Content-MD5", "m"), ("Expect", "100-continue"), ("If-Match", '"a"'), ("Range", "bytes=1-"),
            ("Upload-Draft-Interop-Version", "6")]
    assert [*mine, ("Upload-Draft-Interop-Version", "6")] == offset_fields(DEFAULT_PROFILE, [*mine, *once])
    assert [*mine, ("Content-Type", "application/partial-upload"), ("Upload-Draft-Interop-Version", "6"), ("Upload-Complete", "?1"),
            ("Upload-Offset", "100")] == append_fields(DEFAULT_PROFILE, [*mine, *once], 100)
    assert [("Upload-Draft-Interop-Version", "3"), ("Upload-Incomplete", "?0"), ("Upload-Offset", "0")] == append_fields(PROFILES[3], once, 0)


@pytest.mark.parametrize(("location", "expected"), [
    ("/up/1", "https://a.test/up/1"),
    ("1", "https://a.test/files/1"),
    ("https://a.test:443/up/1?k=v#part", "https://a.test:443/up/1?k=v"),
    (" https://A.test/up/1 ", "https://A.test/up/1"),
    ("", None),
    ("https://b.test/up/1", None),
    ("http://a.test/up/1", None),
    ("https://a.test:444/up/1", None),
    ("https://eve@a.test/up/1", None),
    ("https://a.test:port/up/1", None),
    ("file:///etc/passwd", None),
])
def test_the_resource_is_of_the_same_origin(location: str, expected: str | None) -> None:
    """A Location is resolved against the upload's URL; another scheme, host, port or user is not gone along with."""
    assert expected == upload_resource(URL, [("location", location)])


def test_a_104_without_a_location_names_nothing() -> None:
    """Progress may be told by a 104 too."""
    assert upload_resource(URL, [("Upload-Offset", "3")]) is None


def test_a_user_in_the_url_stays_with_its_relative_resource() -> None:
    """User and password of the upload's own URL belong to the resource as well."""
    assert "https://ann:pw@a.test/1" == upload_resource("https://ann:pw@a.test/up", [("Location", "/1")])


@pytest.mark.parametrize(("status", "fields", "size", "expected"), [
    (204, {"Upload-Offset": "0"}, 10, (Standing.PART, 0)),
    (200, {"upload-offset": " 7 ", "Upload-Complete": "?0"}, 10, (Standing.PART, 7)),
    (204, {"Upload-Offset": "10", "Upload-Incomplete": "?1"}, 10, (Standing.PART, 10)),
    (204, {"Upload-Offset": "10", "Upload-Incomplete": "?0"}, 10, (Standing.ALL, 10)),
    (204, {"Upload-Offset": "10", "Upload-Complete": "?1"}, 10, (Standing.ALL, 10)),
    (204, {"Upload-Offset": "99"}, -1, (Standing.PART, 99)),
    (204, {"Upload-Offset": "99", "Upload-Complete": "?1"}, -1, (Standing.ALL, 99)),
    (204, {"Upload-Offset": "9", "Upload-Complete": "?1"}, 10, (Standing.GONE, 9)),
    (204, {"Upload-Offset": "11"}, 10, (Standing.GONE, 0)),
    (204, {"Upload-Offset": "-1"}, 10, (Standing.GONE, 0)),
    (204, {"Upload-Offset": "1.0"}, 10, (Standing.GONE, 0)),
    (204, {"Upload-Offset": "9" * 16}, -1, (Standing.GONE, 0)),
    (204, {}, 10, (Standing.GONE, 0)),
    (404, {"Upload-Offset": "5"}, 10, (Standing.GONE, 0)),
    (410, {}, 10, (Standing.GONE, 0)),
    (403, {}, 10, (Standing.UNKNOWN, 0)),
    (503, {}, 10, (Standing.UNKNOWN, 0)),
    (307, {"Location": "/elsewhere"}, 10, (Standing.UNKNOWN, 0)),
])
def test_what_the_server_says(status: int, fields: dict[str, str], size: int, expected: tuple[Standing, int]) -> None:
    """The answer to the HEAD tells where to go on, that all is there, that nothing is, or nothing for now."""
    assert expected == standing(status, list(fields.items()), size)


@given(st.text(max_size=20), st.integers(-1, 1 << 40))
def test_an_offset_is_never_beyond_the_body(told: str, size: int) -> None:
    """Whatever stands in Upload-Offset, sending goes on from within the body or not at all."""
    where, offset = standing(204, [("Upload-Offset", told)], size)
    assert where is Standing.GONE or 0 <= offset <= (size if size >= 0 else offset)
