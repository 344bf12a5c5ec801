"""What can be said of a cassette beside its path, its mode and its live route, as types: for code that collects it in a dict."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from .asked import Matcher
    from .expiry import OnExpiry
    from .filters import Name
    from .hooks import BeforeRequest, BeforeResponse
    from .matching import Order
    from .modes import Mode
    from .secrets import Secrets


class CassetteOptions(TypedDict, total=False):
    """Keywords of `CassetteRoute`, which says what they do: those that pytest's mark, fixture and ini file take too."""

    allow_playback_repeats: bool
    match_on: Sequence[str | Matcher]
    order: str | Order
    speed: float
    filter: Secrets | str | Iterable[Name] | bool
    max_age: float | None
    on_expiry: str | OnExpiry
    trim: bool
    ignore: str | Iterable[str]
    keep: str | Iterable[str]
    match: str | None
    pass_through: str | Iterable[str]
    refresh: bool
    before_record_request: BeforeRequest | None
    before_record_response: BeforeResponse | None


class CassetteDefaults(CassetteOptions, total=False):
    """What pytest's fixture `sessionmock_options` gives: the options of the cassettes of its tests, and their mode."""

    mode: str | Mode
