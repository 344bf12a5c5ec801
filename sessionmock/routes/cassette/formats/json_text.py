"""JSON cassettes: parsed whole by the standard library, understood interaction by interaction, with lines for errors."""
from __future__ import annotations

import json
import re
from collections.abc import Callable
from json import decoder, scanner
from pathlib import Path
from typing import Any

from ....errors import CassetteError
from ..interaction import Format, Interaction, Tape
from . import vcr_tree
from .vcr_yaml import MAX_DEPTH, Mapping, Plain, YAMLError, typed

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_LONG_NUMBER = re.compile(r"[0-9]{4300}")


def read(data: bytes) -> Any:
    """The tree of `data`. Raises YAMLError with the line."""
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise YAMLError(f"not JSON: {error.msg}", error.lineno) from None
    except UnicodeDecodeError as error:
        raise YAMLError("not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
    except RecursionError:
        raise too_deep(data) from None
    except ValueError as error:    # Python reads no number of so many digits
        text = _text(data)
        found = _LONG_NUMBER.search(text)
        raise YAMLError(str(error), text.count("\n", 0, found.start() if found else 0) + 1) from None


def tape(path: Path, data: bytes, tree: Any, layout: Format = Format.VCR_JSON) -> Tape | None:
    """The tape of a tree in vcrpy's `layout` whose interactions have what a match needs, to be understood when asked for;
    None where one has not, or where the rest is another layout."""
    if not isinstance(tree, dict) or not isinstance(tree.get("interactions"), list):
        return None
    if tree.keys() - {"interactions", "version", "metadata"} or str(tree.get("version", 1)) != "1":
        return None
    metadata = tree.get("metadata") or {}
    file = _File(path, data)
    try:
        found = [Interaction.of(_Entry(file, number, item)) for number, item in enumerate(tree["interactions"])]
    except (LookupError, TypeError):
        return None
    return Tape(found, typed(metadata), layout) if isinstance(metadata, dict) else None


class _File:
    """A file, for the line of an error that is found late."""

    __slots__ = ("data", "path")

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self.data = path, data


class _Entry:
    """An interaction that was parsed but not understood: a `Source`."""

    __slots__ = ("_file", "_item", "_number", "method", "uri")

    def __init__(self, file: _File, number: int, item: Any) -> None:
        request, response = item["request"], item["response"]
        self.method, self.uri = request["method"], request["uri"]
        if type(self.method) is not str or type(self.uri) is not str or not _is_number(response["status"]["code"]):
            raise TypeError
        self._file, self._number, self._item = file, number, item

    def body(self) -> bytes | None:
        try:
            return vcr_tree.request_body(self._item["request"])
        except (vcr_tree.Misshapen, RecursionError) as error:
            raise self._broken(error) from None

    def cut(self) -> bool:
        ours = self._item["response"].get(vcr_tree.EXTRA)
        return isinstance(ours, dict) and vcr_tree.is_cut(ours)

    def read(self) -> Interaction:
        try:
            return vcr_tree.decode_item(self._item, None)
        except (vcr_tree.Misshapen, RecursionError) as error:
            raise self._broken(error) from None

    def _broken(self, error: vcr_tree.Misshapen | RecursionError) -> CassetteError:
        file = self._file
        told = too_deep(file.data) if isinstance(error, RecursionError) else error
        number = vcr_tree.line_of(told) or line(file.data, lambda tree: vcr_tree.decode_item(tree["interactions"][self._number], tree))
        return CassetteError(f"{file.path}, line {number or 1}: {told}")


def _is_number(code: Any) -> bool:
    return type(code) is int or (type(code) is Plain and code.isdecimal())


# Lines ---------------------------------------------------------------------------------------------------------------


def line(data: bytes, understand: Callable[[Any], object]) -> int | None:
    """The line of that mapping in `data` in which `understand` finds something misshapen. Slow: for errors."""
    text = _text(data)
    try:
        understand(_Positions().decode(text))
    except vcr_tree.Misshapen as error:
        return text.count("\n", 0, getattr(error.node, "line", 0)) + 1
    except (ValueError, RecursionError):
        pass
    return None


class _Positions(json.JSONDecoder):
    """Parses in Python, into mappings whose `line` is their offset in the text."""

    def __init__(self) -> None:
        super().__init__()
        self.parse_object = self._object
        self.scan_once = vars(scanner)["py_make_scanner"](self)

    def _object(self, start: tuple[str, int], *arguments: Any) -> tuple[Mapping, int]:
        value, end = vars(decoder)["JSONObject"](start, *arguments)
        mapping = Mapping(value)
        mapping.line = start[1]
        return mapping, end


def too_deep(data: bytes) -> YAMLError:
    """The error for text that is nested too deep to be understood."""
    text, depth = _text(data), 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth > MAX_DEPTH:
            return YAMLError(f"nested more than {MAX_DEPTH} deep", text.count("\n", 0, token.start()) + 1)
    return YAMLError("nested too deep", 1)


def _text(data: bytes) -> str:
    return data.decode(json.detect_encoding(data), "replace")
