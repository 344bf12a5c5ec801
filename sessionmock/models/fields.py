"""Header fields by name in any case, as users ask for them."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .message import Headers


def joined(headers: Headers) -> dict[str, str]:
    """Values by name in small letters, those of repeated fields joined by ", " (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


class Fields(dict[str, str]):
    """Headers by name in any case, repeated ones joined."""

    def __init__(self, headers: Headers) -> None:
        super().__init__(joined(headers))

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: str | None = None) -> str | None:    # type: ignore[override]
        return super().get(name.lower(), default)


class Pairs(list[tuple[str, str]]):
    """Headers as pairs, and by name in any case."""

    def __getitem__(self, key: Any) -> Any:
        return Fields(self)[key] if isinstance(key, str) else super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        return key in Fields(self) if isinstance(key, str) else super().__contains__(key)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of the header `name`, repeated ones joined."""
        return Fields(self).get(name, default)

    def items(self) -> Iterable[tuple[str, str]]:
        """Names in small letters and their values."""
        return Fields(self).items()
