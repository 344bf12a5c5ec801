from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI a cassette does not record by default; a test of that sets the variable."""
    monkeypatch.delenv("CI", raising=False)
