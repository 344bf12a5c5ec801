"""Plans of faults: lines in order, as a value."""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeAlias, overload

from ..errors import InvalidArgumentException
from ..models.settings import reject
from .lines import FaultLine, Lines
from .notation import line_from_dict, line_to_dict

AnyPlan: TypeAlias = "FaultPlan | Iterable[FaultLine | FaultPlan | Mapping[str, Any]]"
_WANTED = "a plan, as FaultPlan().at(\"connect\").refuse(), or a list of lines"


class FaultPlan(Lines["FaultPlan"]):
    """Lines in order, as a value: `FaultPlan().at("connect", first=2).refuse().at("body", byte=10).reset()`.

    Each `at(...).kind(...)` gives a new plan, with that line as its last. `lines` are those of another plan, FaultLines, plans whose lines
    they stand for, or tables as `from_dict` has them. Plans are equal when their lines are; `repr` is what makes the plan anew.
    """

    _lines: tuple[FaultLine, ...]

    def __init__(self, lines: AnyPlan = ()) -> None:
        if isinstance(lines, str | bytes | Mapping) or not isinstance(lines, Iterable):
            reject("FaultPlan(lines)", lines, _WANTED)
        found: list[FaultLine] = []
        for number, line in enumerate(lines, 1):
            found += line if isinstance(line, FaultPlan) else [line if isinstance(line, FaultLine) else line_from_dict(line, f"fault {number}")]
        object.__setattr__(self, "_lines", tuple(found))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a plan is a value, and its {name} cannot be set: at(...) gives a new one")

    def __repr__(self) -> str:
        return "FaultPlan()" + "".join(f".{line._call(repr, repr)}" for line in self._lines)

    def __str__(self) -> str:
        """A line for each, with pseudonyms in the place of secrets."""
        return "\n".join(map(str, self._lines))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaultPlan) and self._lines == other._lines

    def __hash__(self) -> int:
        return hash(self._lines)

    def __reduce__(self) -> tuple[type[FaultPlan], tuple[tuple[FaultLine, ...]]]:
        return type(self), (self._lines,)

    def __iter__(self) -> Iterator[FaultLine]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> FaultLine: ...

    @overload
    def __getitem__(self, index: slice) -> FaultPlan: ...

    def __getitem__(self, index: int | slice) -> FaultLine | FaultPlan:
        return self._lines[index] if isinstance(index, int) else FaultPlan(self._lines[index])

    def __add__(self, other: FaultPlan) -> FaultPlan:
        return FaultPlan((self, other)) if isinstance(other, FaultPlan) else NotImplemented

    def _add(self, line: FaultLine) -> FaultPlan:
        return FaultPlan((*self._lines, line))

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """The plan as TOML has it: `{"fault": [{"point": "body", "kind": "reset", "byte": 10}]}`."""
        return {"fault": [line_to_dict(line) for line in self._lines]}

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any]) -> FaultPlan:
        """The plan that `to_dict` gave, or TOML. Raises InvalidArgumentException, which names the table by its number."""
        if not isinstance(tables, Mapping) or set(tables) - {"fault"} or not isinstance(tables.get("fault", []), list | tuple):
            reject("FaultPlan.from_dict", tables, '{"fault": [...]}, a dict with a list of tables')
        return cls(tables.get("fault", ()))

    @classmethod
    def from_toml(cls, source: str | os.PathLike[str] | TextIO | BinaryIO) -> FaultPlan:
        """The plan of `[[fault]]` tables: `point`, `kind`, what the kind takes (`seconds = 3` for "delay") and the keywords of `at`.

        `source` is a path, an open file, or as a str the text itself, where it has a table or a line end, else a path. Raises
        InvalidArgumentException for what is no TOML, or no plan, and OSError for a file that cannot be read.
        """
        import tomllib  # here: most programs read none

        if isinstance(source, os.PathLike) or (isinstance(source, str) and source and not {"\n", "["}.intersection(source)):
            text, place = Path(source).read_text(encoding="utf-8"), os.fspath(source)
        elif isinstance(source, str):
            text, place = source, "FaultPlan.from_toml"
        elif hasattr(source, "read"):
            read = source.read()
            text, place = read if isinstance(read, str) else read.decode(), str(getattr(source, "name", "FaultPlan.from_toml"))
        else:
            reject("FaultPlan.from_toml", source, "a path, an open file, or the text of [[fault]] tables")
        try:
            return cls.from_dict(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, InvalidArgumentException) as error:
            raise InvalidArgumentException(f"{place}: {error}") from None
