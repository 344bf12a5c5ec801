"""An interaction that cannot be read: the others in its file can, so it says what is wrong when it is asked for."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ....errors import CassetteError
from ..interaction import Interaction
from .vcr_tree import Misshapen

# The error to raise for what is misshapen: of it, of the words for the interaction, and of what finds the same in a tree that knows lines.
Place = Callable[[Misshapen, str, Callable[[Any], object]], CassetteError]


class Broken:
    """A `Source` that has no more of `item`, as it stands in its file, than the method and the URL by which it is found."""

    __slots__ = ("_told", "method", "uri")

    def __init__(self, item: Any, told: Callable[[], CassetteError]) -> None:
        request = item.get("request") if isinstance(item, dict) else None
        request = request if isinstance(request, dict) else {}
        method, uri = request.get("method"), request.get("uri", request.get("url"))
        self.method = method.lstrip(":").upper() if isinstance(method, str) else ""
        self.uri = uri if isinstance(uri, str) else ""    # which nothing asks for
        self._told = told

    def body(self) -> bytes | None:
        """None: what the request held is not read."""
        return None

    def cut(self) -> bool:
        """False, likewise."""
        return False

    def read(self) -> Interaction:
        """Nothing. Raises CassetteError."""
        raise self._told()


def read_each(items: list[Any], name: str, read: Callable[[Any], Interaction | None], found_in: Callable[[Any], list[Any]],
              place: Place) -> list[Interaction]:
    """What `read` makes of each of `items`, without those of which it makes None; `name` is the word for one, from 1.

    One that is misshapen fails when it is asked for, wherever `found_in` has it in a tree that knows lines. Raises CassetteError
    where all are.
    """
    found, broken = [], []
    for number, item in enumerate(items):
        try:
            one = read(item)
        except Misshapen as error:
            def again(tree: Any, number: int = number) -> object:
                return read(found_in(tree)[number])
            broken.append(Broken(item, partial(place, error, f"{name} {number + 1}", again)))
            one = Interaction.of(broken[-1])
        if one is not None:
            found.append(one)
    if broken and len(broken) == len(found):
        broken[0].read()
    return found
