"""YAML in the layout of vcrpy's dumper, written directly: PyYAML's dumper costs as much as the request that is recorded.

It differs from vcrpy's in what reviews better: text of several lines is a literal block, long text is not folded, and
keys keep their order. Everything is ASCII, since vcrpy opens files in the encoding of the locale.
"""
from __future__ import annotations

import base64
import re
from datetime import date
from functools import lru_cache
from typing import Any

# Text that needs no quotes: it starts like no number, and holds no ": ", no " #" and no two blanks on end.
_PLAIN = re.compile(r"""[A-Za-z/](?:[!-~]*[!-9;-~])?(?: (?:[!"$-~][!-~]*[!-9;-~]|[!"$-9;-~]))*""")
_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
_BLOCK = re.compile(r"[!-~][\t\n -~]*\n[\t\n -~]*")
_LONGEST_PLAIN = 120
_SHORT = 300
_LONGEST_KEY = 1000    # libyaml looks at most 1024 characters ahead for the colon
_ESCAPES = {number: f"\\x{number:02x}" for number in (*range(32), 127)} | str.maketrans({
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t",
})


def dump(tree: dict[str, Any]) -> bytes:
    """`tree` (mappings, lists, text, bytes, numbers, dates, None) as a YAML document."""
    lines: list[str] = []
    _mapping(tree, "", "", lines)
    return "".join(lines).encode("ascii")


def _mapping(tree: dict[Any, Any], first: str, pad: str, lines: list[str]) -> None:
    """Append the lines of `tree` at `pad`; the first one begins with `first`, which may hold the dash of a list."""
    for key, value in tree.items():
        if type(value) is list and len(value) == 1 and type(value[0]) is str and type(key) is str and len(key) + len(value[0]) < _SHORT:
            lines.append(first + _single(key, value[0], pad))
            first = pad
            continue
        name = _short(key) if isinstance(key, str) else f'!!binary "{base64.b64encode(key).decode()}"'
        explicit = len(name) > _LONGEST_KEY
        head = f"{first}? {name}\n{pad}:" if explicit else f"{first}{name}:"
        if isinstance(value, dict) and value:
            lines.append(head + "\n")
            _mapping(value, pad + "  ", pad + "  ", lines)
        elif isinstance(value, list) and value:
            lines.append(head + "\n")
            inner = pad + "  " if explicit else pad    # vcrpy's dashes stand under the key
            _list(value, inner, inner, lines)
        else:
            lines.append(f"{head} {_scalar(value, pad + '  ')}\n")
        first = pad


def _list(values: list[Any], first: str, pad: str, lines: list[str]) -> None:
    for value in values:
        if isinstance(value, dict) and value:
            _mapping(value, first + "- ", pad + "  ", lines)
        elif isinstance(value, list) and value:
            _list(value, first + "- ", pad + "  ", lines)
        else:
            lines.append(f"{first}- {_scalar(value, pad + '  ')}\n")
        first = pad


def _scalar(value: Any, pad: str) -> str:
    """`value` on the rest of a line; a block goes on below, at `pad`."""
    if isinstance(value, str):
        return _text(value, pad)
    if isinstance(value, bytes):
        return "!!binary |\n" + pad + base64.encodebytes(value).decode().rstrip("\n").replace("\n", "\n" + pad)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return _float(value)
    return value.isoformat() if isinstance(value, date) else str(value)    # an empty list and mapping write themselves


def _text(value: str, pad: str) -> str:
    if "\n" in value and _BLOCK.fullmatch(value) and not value.endswith("\n\n"):
        mark = "|" if value.endswith("\n") else "|-"
        return f"{mark}\n{pad}" + re.sub(r"\n(?=[^\n])", "\n" + pad, value.removesuffix("\n"))
    return _short(value) if len(value) <= _LONGEST_PLAIN else _quoted(value)


@lru_cache(maxsize=1024)
def _single(key: str, value: str, pad: str) -> str:
    """A list of one text under its key: nearly every header, of which most come again and again."""
    return f"{_short(key)}:\n{pad}- {_text(value, pad + '  ')}\n"    # vcrpy's dashes stand under the key


@lru_cache(maxsize=1024)
def _short(value: str) -> str:
    """`value` on one line; remembered, because names and most values of headers come again and again."""
    if len(value) <= _LONGEST_PLAIN and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    if value.isascii() and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return '"' + value.translate(_ESCAPES).encode("ascii", "backslashreplace").decode() + '"'


def _float(value: float) -> str:
    """As YAML 1.1 reads a float: with a point."""
    text = repr(value).replace("inf", ".inf").replace("nan", ".nan")
    return text if "." in text else text.replace("e", ".0e")
