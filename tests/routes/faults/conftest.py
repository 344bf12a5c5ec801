"""The worlds of the wire's tests, for those of its faults too."""
from __future__ import annotations

from tests.routes.live.conftest import authority, trust, world

__all__ = ["authority", "trust", "world"]
