"""data: and file: URLs."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessionmock import URLError, URLSession, URLSessionConfiguration

Code = URLError.Code


@pytest.fixture
def session() -> Iterator[URLSession]:
    with URLSession(URLSessionConfiguration.ephemeral()) as made:
        yield made


@pytest.mark.parametrize(("url", "data", "kind", "charset"), [
    ("data:,a%20b", b"a b", "text/plain", "us-ascii"),
    ("DATA:,x", b"x", "text/plain", "us-ascii"),
    ("data:text/HTML;charset=UTF-8,%3Ci%3E", b"<i>", "text/html", "utf-8"),
    ('data:text/plain;charset="utf-8",x', b"x", "text/plain", "utf-8"),
    ("data:;charset=utf-8;base64,aGk", b"hi", "text/plain", "utf-8"),
    ("data:image/png;BASE64,aGk%3D", b"hi", "image/png", None),
    ("data:;base64,a%20G%6B%3D%0A", b"hi", "text/plain", "us-ascii"),
    ("data:;base64,#", b"", "text/plain", "us-ascii"),
    ("data:,a,b?c#d", b"a,b?c", "text/plain", "us-ascii"),
])
def test_data_urls(session: URLSession, url: str, data: bytes, kind: str, charset: str | None) -> None:
    """A data: URL is its own response (RFC 2397): bytes, type, length and charset."""
    found, response = session.data(url).result()
    assert (data, kind, charset, len(data)) == (found, response.mime_type, response.text_encoding_name, response.expected_content_length)


@pytest.mark.parametrize("url", ["data:text/plain", "data:;base64,a!"])
def test_what_is_no_data_url(session: URLSession, url: str) -> None:
    """Without a comma, or with what is no base64, it is -1000."""
    with pytest.raises(URLError) as failure:
        session.data(url).result()
    assert Code.BAD_URL == failure.value.code


@pytest.mark.parametrize("form", ["file://{}", "FILE://localhost{}", "file:{}"])
def test_file_urls(session: URLSession, tmp_path: Path, form: str) -> None:
    """A file: URL names a file of this machine by its whole path, percent-encoded (RFC 8089)."""
    (tmp_path / "a b.json").write_bytes(b"{}")
    data, response = session.data(form.format(tmp_path / "a%20b.json")).result()
    assert (b"{}", "application/json", "a b.json") == (data, response.mime_type, response.suggested_filename)


@pytest.mark.parametrize(("url", "code"), [
    ("file://{}/nothing", Code.FILE_DOES_NOT_EXIST), ("file://{}", Code.FILE_IS_DIRECTORY), ("file:here", Code.FILE_DOES_NOT_EXIST),
    ("file://elsewhere{}/here", Code.FILE_DOES_NOT_EXIST), ("file://{}/%00", Code.FILE_DOES_NOT_EXIST),
])
def test_files_that_are_none(session: URLSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, code: int) -> None:
    """A missing file, a name that no file can have, a folder, a path that is not whole and another machine's file have their errors."""
    (tmp_path / "here").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(URLError) as failure:
        session.data(url.format(tmp_path)).result(20)
    assert code == failure.value.code
