"""A quick way into the YAML that recorders write: where each interaction stands, and no more until it is asked for.

vcrpy's dumper and this package's writer put the same keys at the same depth in the same order. One pattern checks an
interaction in that layout and finds its parts, without reading them. Every other layout, and a file with anchors or
with tags beyond those of text and bytes, is left to the full reader (`vcr_yaml`); so is a single scalar of an uncommon
form. Whichever reads it, a file gives the same tape.
"""
from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....errors import CassetteError
from ..interaction import Format, Interaction, Tape
from . import vcr_tree, vcr_yaml

# The layout ----------------------------------------------------------------------------------------------------------
# Everything is possessive, so that an attempt that fails does so in one pass.


def _scalar(depth: int) -> str:
    """What stands after a key at `depth` blanks, to the end of its last line: more lines stand deeper, or are empty."""
    deeper = _deeper(depth)
    first, rest = r"""(?:[^\s,\[\]{}#&*!|>'"%@`?:-]|[?:-](?=[!-~]))""", rf"(?::(?!\s)|(?<!\s)\#|{deeper}\ *+(?!\#))[^\n:#]*+"
    block = rf"[|>][1-9]?[-+]?\n(?:(?:\ {{{depth + 1}}}[^\n]*+)?\n)*+"
    return rf"(?:{_TEXT_TAGS}(?:(?:{_quoted(deeper)}|{first}[^\n:#]*+(?:{rest})*+)\n|{block}))"


def _deeper(depth: int) -> str:
    return rf"\n++\ {{{depth + 1}}}"


def _quoted(more: str) -> str:
    return rf"""(?:'[^'\n]*+(?:(?:''|{more})[^'\n]*+)*+'|"[^"\\\n]*+(?:(?:\\[^\n]|\\?{more})[^"\\\n]*+)*+")"""


def _flow(depth: int) -> str:
    """A scalar within brackets, as PyYAML wrote before 5.1."""
    deeper, rest = _deeper(depth), r"[^\n:#,\[\]{}]*+"
    return rf"{_TEXT_TAGS}(?:{_quoted(deeper)}|[A-Za-z0-9/]{rest}(?:(?::(?![\s,\]}}])|{deeper}\ *+(?!\#)){rest})*+)"


_TEXT_TAGS = r"(?:!!(?:binary|python/unicode|python/str)\ )?"
_NAME = r"(?:[A-Za-z][\w.-]{0,250}+|'[^'\n]{1,250}+')"    # YAML looks 1024 characters ahead for the colon
_FLAT = r"""(?:'(?:[^'\n]|'')*+'|"(?:[^"\\\n]|\\[^\n])*+"|\{\}|\[\]|[A-Za-z0-9/](?:[^\n:#]|:(?!\s)|(?<!\s)\#)*+)"""
_FLOW_LIST = rf"\ \[{_flow(6)}(?:,(?:\ |\n\ {{7,}}+){_flow(6)})*+\]\n"
_HEADERS = rf"(?:\ \{{\}}\n|\n(?:\ {{6}}{_NAME}:(?:\n(?:\ {{6}}-\ {_scalar(6)})++|\ {_scalar(6)}|{_FLOW_LIST}))++)"
_KEY = r"""(?:[A-Za-z_$/][\w$./-]*+|'[^'\n]{1,250}+')"""


def _others(place: str, stop: str) -> str:
    """Keys at depth 4 before `stop`, each with a scalar on its line or with a tree below, as of a body that a serializer took apart.

    Of a tree only that is looked at which may hide where it ends: quotes, blocks, and lines that go on.
    """
    more = rf"\n++\ {{7,}}+(?!-\ |{_KEY}:\s)"
    first, rest = r"""(?:[^\s,\[\]{}#&*!|>'"%@`?:-]|[?:-](?=[!-~]))""", rf"(?::(?!\s)|(?<!\s)\#|{more}(?!\#))[^\n:#]*+"
    block = rf"[|>][-+]?\n++(?P<{place}_pad>\ {{7,}}+)[^\n]*+\n(?:(?:(?P={place}_pad)[^\n]*+)?\n)*+"
    value = rf"(?:(?:{_quoted(_deeper(6))}|\{{\}}|\[\]|{first}[^\n:#]*+(?:{rest})*+)\n|{block})"
    tree = rf"\n(?:\ {{6,}}+(?:-\ )*+(?:{_KEY}:\n|(?:{_KEY}:\ )?+{value}))++"
    return rf"(?P<{place}>(?:\ {{4}}(?!{stop}:)[A-Za-z]\w*+:(?:\ {_FLAT}\n|{tree}))*+)"


_ITEM = re.compile(rf"""
-\ request:\n
(?:\ {{4}}body:\ (?P<body>{_scalar(4)}))?+
\ {{4}}headers:(?P<asked>{_HEADERS})
\ {{4}}method:\ (?P<method>{_scalar(4)})
{_others("more", "(?:uri|method|headers|body)")}
\ {{4}}uri:\ (?P<uri>{_scalar(4)})
\ {{2}}response:\n
(?:\ {{4}}body:(?:\n\ {{6}}string:\ (?P<answer>{_scalar(6)})|\ \{{string:\ (?P<flow>{_flow(6)})\}}\n))?+
\ {{4}}headers:(?P<answered>{_HEADERS})
{_others("before", "status")}
\ {{4}}status:(?:\n\ {{6}}code:\ (?P<code>\d{{1,9}})\n\ {{6}}message:\ (?P<reason>{_scalar(6)})
    |\ \{{code:\ (?P<code_>\d{{1,9}}),\ message:\ (?P<reason_>{_flow(6)})\}}\n)
{_others("after", "status")}
""".encode(), re.VERBOSE)
_HEADER = re.compile(rf"\ {{6}}(?:-\ (?P<value>{_scalar(6)})|(?P<name>{_NAME}):(?:\n|\ (?P<only>{_scalar(6)})|(?P<list>{_FLOW_LIST})))"
                     .encode(), re.VERBOSE)
_START = re.compile(rb"(?:---\n)?interactions:\n(?=- )")
_UNLIKELY = re.compile(rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf")    # other line ends of YAML, and byte order marks
_PRINTABLE = bytes((9, 10, 13, *range(32, 127), *range(128, 256)))


def read(path: Path, data: bytes) -> Tape | None:
    """The tape in `data`, its interactions not read yet; None where the layout is another one or something is wrong."""
    start = _START.match(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        start = _START.match(data)
    if start is None or data.translate(None, _PRINTABLE) or b"\r" in data:
        return None
    if not data.isascii() and not _plain_utf8(data):
        return None
    file = File(path, data)
    interactions: list[Interaction] = []
    position, match = start.end(), _ITEM.match
    try:
        while found := match(data, position):
            interactions.append(Interaction.of(Entry(file, found)))
            position = found.end()
        if not interactions:
            return None
        metadata = {} if data[position:] == b"version: 1\n" else _tail(data[position:])
    except (vcr_yaml.YAMLError, vcr_tree.Misshapen):
        return None
    return None if metadata is None else Tape(interactions, metadata, Format.VCR_YAML)


def _plain_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not _UNLIKELY.search(data)


def _tail(data: bytes) -> dict[str, Any] | None:
    """vcrpy's metadata, of what stands after the interactions; None where that is anything else."""
    if not data:
        return {}
    tree = vcr_yaml.read(data) if data[:1].isalpha() else None
    if not isinstance(tree, dict) or not tree.keys() <= {"metadata", "version"} or str(tree.get("version", 1)) != "1":
        return None
    metadata = vcr_yaml.typed(tree.get("metadata") or {})
    return metadata if isinstance(metadata, dict) else None


class File:
    """The text of a cassette, with its line ends as \\n, and its name for errors."""

    __slots__ = ("data", "path")

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data = path, data


class Entry:
    """An interaction that stands in a file: a `Source`."""

    __slots__ = ("_file", "_found", "method", "uri")

    def __init__(self, file: File, found: re.Match[bytes]) -> None:
        self._file, self._found = file, found
        self.method = _as_text(found["method"])
        self.uri = _as_text(found["uri"])

    def body(self) -> bytes | None:
        body, more = self._found["body"], self._found["more"]
        if body in _NO_BODIES and not more:      # as most are, and each match asks
            return _NO_BODIES[body]
        try:
            if body and not more:                # no tree is made of the request
                return vcr_tree.as_body(_value(body, 4), None)
            return vcr_tree.request_body(self._request(body))
        except (vcr_yaml.YAMLError, vcr_tree.Misshapen):
            return self._slowly().request.body

    def cut(self) -> bool:
        return b"request_cut: true" in self._found["before"]

    def read(self) -> Interaction:
        try:
            return vcr_tree.decode_item(self._tree(), None)
        except (vcr_yaml.YAMLError, vcr_tree.Misshapen):
            return self._slowly()

    def _tree(self) -> dict[str, Any]:
        found = self._found
        response: dict[str, Any] = {
            "headers": _headers(found["answered"]),
            "status": {"code": (found["code"] or found["code_"]).decode(), "message": _short(found["reason"] or found["reason_"] + b"\n")},
        }
        if answer := found["answer"] or (found["flow"] and found["flow"] + b"\n"):
            response["body"] = {"string": _value(answer, 6)}
        for name in ("before", "after"):
            if part := found[name]:
                response |= vcr_yaml.read(part)
        return {"request": self._request(found["body"]), "response": response}

    def _request(self, body: bytes | None) -> dict[str, Any]:
        request: dict[str, Any] = {"headers": _headers(self._found["asked"]), "method": self.method, "uri": self.uri}
        if body:
            request["body"] = _value(body, 4)
        if more := self._found["more"]:
            request |= vcr_yaml.read(more)
        return request

    def _slowly(self) -> Interaction:
        """By the full reader, which knows the line of an error."""
        start, data = self._found.start(), self._file.data
        try:
            tree = vcr_yaml.read(self._found[0])
            return vcr_tree.decode_item(tree[0], tree)
        except (vcr_yaml.YAMLError, vcr_tree.Misshapen) as error:
            line = data.count(b"\n", 0, start) + (vcr_tree.line_of(error) or 1)
            raise CassetteError(f"{self._file.path}, line {line}: {error}") from None


_NO_BODIES = {b"null\n": None, b"''\n": b""}


# Parts read ----------------------------------------------------------------------------------------------------------


def _headers(part: bytes) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    values: list[Any] = []
    for found in _HEADER.finditer(part):
        value, name, only, flow = found.groups()
        if value:
            values.append(_short(value))
        else:
            values = headers[_as_text(name + b"\n")] = (
                [_short(only)] if only else list(vcr_yaml.read(b"      k:" + flow)["k"]) if flow else [])
    return headers


def _as_text(piece: bytes) -> str:
    return vcr_tree.as_text(_short(piece), "this", None)


def _short(piece: bytes) -> Any:
    return _remembered(piece) if len(piece) <= 120 else _value(piece, 6)


@lru_cache(maxsize=1024)
def _remembered(piece: bytes) -> Any:
    return _value(piece, 6)


def _value(piece: bytes, depth: int) -> Any:
    """The value of a scalar that ends with its line and follows a key at `depth`: text, bytes or None. Raises YAMLError."""
    if piece == b"null\n":
        return None
    form = _FORMS.get(piece[:1])
    value = form(piece) if form else None
    return vcr_yaml.read(b" " * depth + b"k: " + piece)["k"] if value is None else value


def _plain(piece: bytes) -> str | None:
    return piece[:-1].decode() if _SIMPLE.fullmatch(piece) and piece not in _NULLS else None


_SIMPLE = re.compile(rb"[!-~]+(?: [!-~]+)*\n")
_NULLS = frozenset({b"null\n", b"Null\n", b"NULL\n"})


def _single(piece: bytes) -> str:
    text = piece[1:-2].decode()
    if "\n" in text:
        text = _FOLD.sub(_folded, text)
    return text.replace("''", "'")


def _folded(found: re.Match[str]) -> str:
    return "\n" * (found[0].count("\n") - 1) or " "


_FOLD = re.compile(r"[ \t]*\n[ \t\n]*")


def _double(piece: bytes) -> str | None:
    try:
        text = _ESCAPE.sub(_unescaped, piece[1:-2].decode())
        text.encode()
    except ValueError:    # an unknown escape, half a pair, or past Unicode's end
        return None
    return text


def _unescaped(found: re.Match[str]) -> str:
    hexadecimal, joined, letter = found.groups()
    if letter is not None:
        if letter not in _ESCAPES:
            raise ValueError(letter)
        return _ESCAPES[letter]
    if hexadecimal is not None:
        return chr(int(hexadecimal[1:], 16))
    return _folded(found) if joined is None else ""


_ESCAPE = re.compile(r"\\(?:(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})|(\n[ \t]*(?=[^\s]))|(.|$|\n))|[ \t]*\n[ \t\n]*")
_ESCAPES = dict(zip("0abtnvfre \t\"/\\N_LP", "\0\a\b\t\n\v\f\r\x1b \t\"/\\\x85\xa0\u2028\u2029", strict=True))


def _literal(piece: bytes) -> str | None:
    """A block of lines under | or |-, the first of which shows how deep they all stand."""
    head, _, rest = piece.decode().partition("\n")
    depth = len(rest) - len(rest.lstrip(" "))
    if head not in ("|", "|-") or rest[depth:depth + 1] in ("\n", "\t", ""):
        return None
    pad, lines = rest[:depth], rest.split("\n")
    if not all(line.startswith(pad) for line in lines if line):
        return None
    text = "\n".join([line[depth:] for line in lines]).rstrip("\n")
    return text + "\n" if head == "|" else text


def _binary(piece: bytes) -> bytes | None:
    text = _literal(piece[9:]) if piece.startswith(b"!!binary |\n") else None
    try:
        return None if text is None else base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return None


_FORMS: dict[bytes, Callable[[bytes], str | bytes | None]] = {
    b"'": _single, b'"': _double, b"|": _literal, b"!": _binary,
    **{character.encode(): _plain for character in string.ascii_letters + string.digits + "/"},
}
