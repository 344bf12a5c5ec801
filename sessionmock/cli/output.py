"""What a command has to say: tables for people, JSON for scripts."""
from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STATUSES = "Exit status: 0 where all is fine, 1 where something was found (a difference, a secret, a broken file), 2 for misuse."
_GAP = "  "       # between columns
_NARROW = 14      # a column that is not folded while others can be
_LONGEST = 28     # of a word for whose sake it is not
_WORD = re.compile(r"[^/ ]+/?")


@dataclass(slots=True)
class Table:
    """Rows under headings. Columns in `numbers` stand to the right."""

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    numbers: frozenset[str] = frozenset()

    def write(self) -> None:
        """Print it: by rich on a terminal where that is installed, else as aligned text.

        No wider than the terminal, or than the variable COLUMNS says: long cells go on below. Elsewhere each row is a line.
        """
        rows = [[printable(cell).replace("\n", "\\n") for cell in row] for row in (self.headings, *self.rows)]
        columns = list(zip(*rows, strict=True))
        widths = [max(map(len, column)) for column in columns]
        if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
            widths = fitted(widths, list(map(_least, columns)), shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1))
        if sys.stdout.isatty() and self._rich(rows, widths):
            return
        for row in rows:
            for line in itertools.zip_longest(*map(folded, row, widths), fillvalue=""):
                print(_GAP.join(cell.rjust(size) if heading in self.numbers else cell.ljust(size)
                                for heading, cell, size in zip(self.headings, line, widths, strict=True)).rstrip())

    def _rich(self, rows: list[list[str]], widths: list[int]) -> bool:
        try:
            from rich.box import SIMPLE_HEAD
            from rich.console import Console
            from rich.table import Table as Drawn
            from rich.text import Text
        except ImportError:
            return False
        drawn = Drawn(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for heading, size in zip(self.headings, widths, strict=True):
            drawn.add_column("\n".join(folded(heading, size)), justify="right" if heading in self.numbers else "left", no_wrap=True)
        above: list[str] = []
        for row in rows[1:]:    # what a row begins with as the one above is not said again
            same = next((column for column, (cell, other) in enumerate(zip(row, above, strict=False)) if cell != other), 0)
            drawn.add_row(*(Text("\n".join(folded(cell, size))) for cell, size in zip([""] * same + row[same:], widths, strict=True)))
            above = row
        Console().print(drawn)
        return True


@dataclass(slots=True)
class Report:
    """The outcome of a command. `data` is what --json prints."""

    data: Any
    parts: list[Table | str] = field(default_factory=list)
    found: bool = False      # whether the exit status says so

    def write(self, *, as_json: bool) -> None:
        """Print it."""
        if as_json:
            print(json.dumps(self.data, indent=2, default=str))
            return
        for part in self.parts:
            if isinstance(part, Table):
                part.write()
            else:
                print(printable(part))


def fitted(widths: list[int], least: list[int], room: int) -> list[int]:
    """`widths` of columns that take no more than `room`: the widest give way, those above their `least` first, and none goes below
    one character."""
    widths = [max(width, 1) for width in widths]
    places = range(len(widths))
    while sum(widths) > room and max(widths) > 1:
        wide = [place for place in places if widths[place] > least[place]] or places
        widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _least(column: Iterable[str]) -> int:
    """The width in which no word of `column` is folded, and nothing of a column that is narrow."""
    cells = list(column)
    widest = max(map(len, cells))
    return widest if widest <= _NARROW else min(max(len(word) for cell in cells for word in _WORD.findall(cell)), _LONGEST)


def folded(cell: str, size: int) -> list[str]:
    """`cell` in lines of at most `size` characters, each to the last "/" or space where there is one, else amid a word."""
    lines = []
    while len(cell) > size:
        cut = max(cell.rfind("/", 1, size), cell.rfind(" ", 1, size + 1)) + 1 or size
        lines.append(cell[:cut].rstrip())
        cell = cell[cut:]
    return [*lines, cell]


def printable(text: str) -> str:
    """`text` without what a terminal would obey: a cassette is somebody else's words."""
    return "".join(character if character.isprintable() or character in "\n\t" else f"\\x{ord(character):02x}" for character in text)


def place(error: str) -> str:
    """Where in its file `error` is, for a cell of a table."""
    found = re.search(r"line \d+", error)
    return found[0] if found else "unreadable"


def size(count: int) -> str:
    """`count` bytes, short."""
    if count < 10_000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 10_000_000 else f"{count / 1_000_000:.0f} MB"
