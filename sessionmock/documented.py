"""Members of enumerations that say what they mean, where `help` of their class shows it."""
from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

E = TypeVar("E", bound=Enum)


def documented(**meanings: str) -> Callable[[type[E]], type[E]]:
    """A decorator of an enumeration, with what each of its members means."""
    def explain(kind: type[E]) -> type[E]:
        lines = []
        for member in kind:
            member.__doc__ = meanings.pop(member.name)
            lines.append(f"- {member.name} ({member.value}): {member.__doc__}")
        if meanings:
            raise TypeError(f"{kind.__name__} has no {', '.join(meanings)}")
        kind.__doc__ = "\n".join([kind.__doc__ or "", "", *lines])
        return kind
    return explain
