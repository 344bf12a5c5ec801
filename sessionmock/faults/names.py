"""Names of which one was meant: those there are, the nearest first."""
from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from .. import shown
from ..errors import InvalidArgumentException


def nearest(given: object, names: Iterable[str]) -> list[str]:
    """`names`, that which is most like `given` first."""
    return sorted(names, key=lambda name: -SequenceMatcher(None, str(given).lower(), name.lower()).ratio())


def unknown(place: str, what: str, given: object, names: Iterable[str]) -> InvalidArgumentException:
    """The error of whoever gave `given` at `place`, where one of `names` can stand."""
    return InvalidArgumentException(f"{place}: there is no {what} {shown.value(given)}: choose from {', '.join(nearest(given, names))}")
