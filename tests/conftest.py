"""What every test has: pytest's own test bed, and Hypothesis without its stop-watch."""
from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("sessionmock", deadline=None)    # a busy machine is no reason to fail
settings.load_profile("sessionmock")
