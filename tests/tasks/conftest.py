"""What the tests of tasks share."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import sessionmock as sm


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of downloads, a private one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"sessionmock-downloads-{os.getuid()}"


@pytest.fixture
def session() -> Iterator[sm.URLSession]:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as made:
        yield made
