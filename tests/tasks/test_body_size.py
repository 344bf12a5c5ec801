"""How much of a body is collected in memory."""
from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import sessionmock as sm

LIMIT = 1000
BODY = bytes(LIMIT + 1)
SENT = {"upload": {"from_data": b"x"}}


def loaded(body: bytes, load: str, **fields: str) -> bytes | int:
    """What comes of a body, loaded by the method `load` of a session: its bytes, or the code of the error."""
    configuration = sm.URLSessionConfiguration.ephemeral()
    configuration.maximum_body_size = LIMIT
    script = sm.ScriptRoute()
    script.answer(body=body, headers=fields)
    with sm.use_route(script), sm.URLSession(configuration) as session:
        try:
            found, _ = getattr(session, load)("http://a.test/", **SENT.get(load, {})).result()
        except sm.URLError as error:
            return int(error.code)
        if isinstance(found, Path):
            data = found.read_bytes()
            found.unlink()
            return data
        return found if isinstance(found, bytes) else b"".join(found.chunks())


@pytest.mark.parametrize("load", ["data", "upload"])
def test_a_body_in_memory_has_a_limit(load: str) -> None:
    """Of its decoded bytes: a small answer may be a large body."""
    assert (BODY[:LIMIT], -1103) == (loaded(BODY[:LIMIT], load), loaded(BODY, load))
    assert -1103 == loaded(gzip.compress(BODY), load, **{"Content-Encoding": "gzip"})


@pytest.mark.parametrize("load", ["download", "bytes"])
def test_a_body_that_is_not_kept_in_memory_has_none(load: str, downloads: Path) -> None:
    """A file, and one that is read while it comes."""
    assert BODY == loaded(BODY, load)
