"""The suite in here is a project of its own: the demo runs it, not the tests of sessionmock."""
from __future__ import annotations

collect_ignore = ["suite"]
