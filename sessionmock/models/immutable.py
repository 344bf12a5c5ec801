"""Values that never change, and say so where somebody tries."""
from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any, TypeVar

T = TypeVar("T")


def immutable(kind: type[T]) -> type[T]:
    """A decorator of a frozen dataclass: an assignment tells what to do instead. The dataclass's own message is for fields alone, and
    with slots says of any other name that `super` was given a wrong class."""
    def __setattr__(self: Any, name: str, value: Any) -> None:
        fields = [field for field in self.__dataclass_fields__ if not field.startswith("_")]
        way_out = f"make another, as dataclasses.replace(it, {name}=...)" if name in fields else f"a new one takes {', '.join(fields)}"
        raise FrozenInstanceError(f"{kind.__name__}.{name} cannot be set: {way_out}")

    kind.__setattr__ = __setattr__  # type: ignore[method-assign]    # that is what it is for
    return kind
