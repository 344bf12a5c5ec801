"""What is said of settings that have no effect, or are not the caller's to set: once, at the caller's line."""
from __future__ import annotations

import warnings
from typing import Any

from .errors import SettingWarning
from .models.settings import Settings
from .registry import Site

_said: dict[Any, Any] = {}       # what `warnings` keeps, to say the same of the same line once


def remark(settings: Settings, site: Site) -> None:
    """Say at `site` what is to be said of `settings`."""
    for text in settings._remarks() if settings._values else ():        # of what was set alone, mostly nothing
        line = next(site.lines())
        warnings.warn_explicit(text, SettingWarning, line.file, line.line, registry=_said)
