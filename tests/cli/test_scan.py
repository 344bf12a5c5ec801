"""scan looks with other eyes than the recorder: every text, by gitleaks and by entropy; and says what it cannot look at."""
from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sessionmock.cli import eyes, main
from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Secrets, Tape, files

SECRET = "Zq8vX2mN7bT4kL9wR1yC6hJ3dF5gP0sA"
UNKNOWN = "zz" + "q7W2e9R4t1Y8u3I6o5P0aS1dF2gH3jK4"       # of no shape
URL = "https://api.test/things"


@pytest.fixture(autouse=True)
def alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gitleaks, which takes a second to start, but for tests that ask for it."""
    if "gitleaks" not in request.node.name:
        monkeypatch.setattr(eyes, "by_scanner", lambda seen: iter(()))


def scanned(tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str = URL, headers: Any = (), body: bytes = b"", *arguments: str,
            answer: Any = (), cleaned: bool = False) -> tuple[int, list[dict[str, Any]]]:
    one = Interaction(RecordedRequest("GET", url, list(headers)), RecordedResponse(200, "OK", list(answer), body))
    if cleaned:
        Secrets().clean_all([one])
    files.save(tmp_path / "a.yaml", Tape([one]))
    status = main(["cassette", "scan", str(tmp_path / "a.yaml"), "--json", *arguments])
    return status, json.loads(capsys.readouterr().out)


HIDDEN = f'{{"access_token": "{SECRET}"}}'.encode()


@pytest.mark.parametrize("body", [
    HIDDEN, gzip.compress(HIDDEN, mtime=0), gzip.compress(gzip.compress(HIDDEN, mtime=0), mtime=0), HIDDEN.decode().encode("utf-16"),
    b"\x81\xacaccess_token\xd9\x20" + SECRET.encode(),
    b'{"pass\\u0077ord": "' + SECRET.encode() + b'"}', f"here: dop_v1_{'0a1b2c3d' * 8}".encode(), f'datadog_key = "{"a1b2c3d4e5" * 4}"'.encode(),
    f'{{"vendorCredential": "{UNKNOWN}"}}'.encode(), b"-----BEGIN PRIVATE KEY-----\n" + b"Ab1" * 30 + b"\n-----END PRIVATE KEY-----",
], ids=range(10))
def test_a_secret_is_found_in_any_body_and_in_none_that_was_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str], body: bytes) -> None:
    """However it is encoded; what the recorder wrote in its place is no secret."""
    status, found = scanned(tmp_path, capsys, body=body)
    assert (1, True) == (status, len(found) >= 1)
    if UNKNOWN.encode() not in body:       # which the recorder does not take for one
        assert (0, []) == scanned(tmp_path, capsys, body=body, cleaned=True)


@pytest.mark.parametrize("value", [f"example-{SECRET}", f"fake{SECRET}", f"{SECRET}xxx", f"dummy_{SECRET}"])
def test_a_word_in_a_secret_makes_it_no_placeholder(tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str) -> None:
    """What is made of such words alone is one."""
    assert 1 == scanned(tmp_path, capsys, f"{URL}?api_key={value}")[0]
    for word in ("example", "DUMMY", "fake-token", "REDACTED", "<token>", "***", "my_secret_key"):
        assert 0 == scanned(tmp_path, capsys, f"{URL}?api_key={word}")[0]


def test_cookies_of_sessions_and_trackers_are_told_where_that_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But a cookie that holds a service's key is told always."""
    tracker = [("Set-Cookie", f"_ga=GA1.2.{SECRET}; Path=/"), ("Set-Cookie", f"session={SECRET}")]
    assert (0, []) == scanned(tmp_path, capsys, answer=tracker)
    status, found = scanned(tmp_path, capsys, URL, (), b"", "--cookies", answer=tracker)
    assert 1 == status
    assert found
    assert 1 == scanned(tmp_path, capsys, answer=[("Set-Cookie", "a=ghp_" + "a1B2c3D4e5F6" * 3)])[0]


ORDINARY = {"thoughtSignature": "CpcBAVSoXO4Kz1a2b3c4d5e6f7g8h9", "publishableKey": "pub.v2.8115054323780109.abc",
            "$skiptoken": "eyJuZXh0IjoiYSJ9", "token": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
            "id": "550e8400-e29b-41d4-a716-446655440000", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "node_id": "MDQ6VXNlcjE2MDkyODA2",
    "etag": 'W/"a18c3bded88eb22f0dfb45bcaf5a0c5a"', "created_at": "2024-01-01T10:00:00Z", "next_page_token": "CAUQAA1b2c3d4e5f6g7h8",
    "image": "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 8).decode(),
    "integrity": "sha384-" + base64.b64encode(bytes(range(48))).decode(),
    "url": "https://cdn.test/assets/app-4f5c2a1b9d8e7f6a5b4c3d2e1f0a9b8c.js?v=1a2b3c4d5e6f",
    "request_id": "req_7f8a9b0c1d2e3f4a5b6c7d8e", "key": "config/app.yaml",
    "key_id": "a1b2c3d4e5f6a7b8c9d0", "token_type": "bearer", "max_tokens": 100, "password": None, "author": "octocat-1234567890",
}
HEADERS = [("ETag", 'W/"5d41402abc4b2a76b9719d911017c592"'), ("X-Request-Id", "C0DE:1234:ABCDEF:123456:65A1B2C3"), ("CF-RAY", "84a1b2c3d4e5f6a7-FRA"),
           ("x-amz-id-2", base64.b64encode(bytes(range(57))).decode()), ("x-amz-request-id", "4442587FB7D0A2F9"),
           ("Content-MD5", "Q2hlY2sgSW50ZWdyaXR5IQ=="),
           ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
           ("Access-Control-Allow-Headers", "authorization, x-api-key, content-type-2"),
           ("Surrogate-Key", "a1b2c3d4e5f6a7b8c9d0e1f2"), ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]


def test_what_is_no_secret_is_not_told_by_gitleaks_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hashes, ids, positions, images: what ordinary answers are full of."""
    url = f"{URL}/6dcb09b5b57875f334f61aebed695e2e4193db5e/550e8400-e29b-41d4-a716-446655440000?etag=5d41402abc4b2a76b9719d911017c592"
    assert (0, []) == scanned(tmp_path, capsys, url, HEADERS, json.dumps([ORDINARY]).encode(), answer=HEADERS)


@pytest.mark.parametrize(("kind", "body"), [("image/png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9), (None, bytes(range(128, 256)) * 40)])
def test_a_body_that_cannot_be_looked_at_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str | None, body: bytes) -> None:
    """By its type, where it has one."""
    answer = [("Content-Type", kind)] if kind else []
    files.save(tmp_path / "a.yaml", Tape([Interaction(RecordedRequest("GET", URL), RecordedResponse(200, "OK", answer, body))]))
    assert 0 == main(["cassette", "scan", str(tmp_path / "a.yaml")])
    assert f"not looked at: 1 of {kind or 'unknown bytes'}\n" in capsys.readouterr().out


def test_without_a_scanner_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And looks with what is there."""
    monkeypatch.setattr(eyes, "scanner", lambda: "")
    monkeypatch.setattr(eyes, "by_scanner", lambda seen: iter(()))
    files.save(tmp_path / "a.yaml", Tape([Interaction(RecordedRequest("GET", URL), RecordedResponse(200, "OK", [], b"{}"))]))
    assert 0 == main(["cassette", "scan", str(tmp_path / "a.yaml")])
    assert "without gitleaks" in capsys.readouterr().out
