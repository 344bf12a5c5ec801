"""YAML as cassettes need it: read from libyaml's events into mappings, lists, text and bytes.

No object is ever made from a tag: those that recorders of old wrote stand for their parts, all others are refused. Depth
and aliases have limits (libyaml's own composer overflows the C stack on a deep file). Where a format wants text, text is
what stands there: an unquoted 012, yes or 2020-01-01 is kept as written.
"""
from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any

from ....errors import CassetteError
from .texts import from_bytes

MAX_DEPTH = 100              # a cassette is 7 deep
MAX_ALIASED = 1_000_000      # nodes that stand there by an alias
MAX_ALIASED_TEXT = 1 << 26   # characters that do: a line of a file may say a megabyte a thousand times

_TAG = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_TAGS = frozenset({None, "!", _TAG + "str", _TAG + "python/str", _TAG + "python/unicode"})
_TYPED_TAGS = frozenset({_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "timestamp"})
_BINARY_TAGS = frozenset({_TAG + "binary", "!binary"})    # the latter is Ruby's
_LIST_TAGS = frozenset({None, "!", _TAG + "seq", _TAG + "python/tuple", _TAG + "python/list",
                        *(f"{_TAG}python/object/apply:{module}.frozenset" for module in ("__builtin__", "builtins"))})
_MAP_TAGS = frozenset({None, "!", _TAG + "map", _TAG + "python/dict", _TAG + "python/object:vcr.request.Request"})
# Request bodies that old versions of vcrpy pickled: what was in the buffer or the iterator stands under this key, first.
_BODY_TAGS = {_TAG + "python/object/new:_io.BytesIO": "state", _TAG + "python/object/apply:builtins.iter": "args"}
# Header names that vcrpy pickled under aiohttp: a list of the text alone.
_NAME_TAGS = frozenset(f"{_TAG}python/object/{how}:multidict.{module}.istr" for how in ("apply", "new")
                       for module in ("_multidict", "_multidict_py"))
_TYPED_STARTS = frozenset("0123456789+-.tTfFyYnNoO")


class Plain(str):
    """Text that stood unquoted and may mean a number, a truth value or a date to others."""

    __slots__ = ()


class Mapping(dict[str, Any]):
    """A mapping that knows the line (from 1) on which it starts."""

    __slots__ = ("line",)
    line: int


class Sequence(list[Any]):
    """A list that knows the line (from 1) on which it starts."""

    __slots__ = ("line",)
    line: int


class YAMLError(Exception):
    """The text is not YAML, or YAML that is not read; `line` counts from 1 and is None where it is not known."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def read(data: bytes) -> Any:
    """The tree of the first document in `data`. Raises YAMLError."""
    yaml = _library()
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data)
        try:
            return _tree(yaml, loader)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YAMLError(f"{error.problem or error.context}", mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        raise YAMLError(f"not UTF-8 text: {error.reason}", data.count(b"\n", 0, error.position) + 1) from None


def typed(node: Any) -> Any:
    """`node` with unquoted text turned into what YAML 1.1 makes of it: for parts that are kept, not understood."""
    if type(node) is Plain:
        return _meant(str(node))
    if isinstance(node, dict):
        return {str(key): typed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [typed(value) for value in node]
    return node


@lru_cache(maxsize=4096)
def _meant(text: str) -> Any:
    """What YAML 1.1 makes of plain `text`. The forms that are common are known without asking the library."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if text[0].isalpha():
        return text
    yaml = _library()
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text


_WORDS = {form: meant for word, meant in {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None}.items()
          for form in (word, word.capitalize(), word.upper())}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{0,17}(?:[eE][-+][0-9]{1,2})?")


def _library() -> Any:
    try:
        import yaml
    except ImportError:
        raise CassetteError("YAML cassettes need PyYAML: pip install 'sessionmock[cassette]'") from None
    return yaml


def _tree(yaml: Any, loader: Any) -> Any:
    """The value of the first document, built without recursion."""
    scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
    starts = {yaml.MappingStartEvent: Mapping, yaml.SequenceStartEvent: Sequence}
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    anchors: dict[str, tuple[Any, int, int]] = {}    # what each stands for, with its nodes and characters
    stack: list[tuple[Any, Any, Any, int, int]] = []    # of each open container: what is around it, the key there, its event, nodes, characters
    container: Any = Sequence()                      # the document itself: a list of one
    key: Any = None
    nodes = size = 0                                 # with what aliases stand for
    aliased = aliased_size = 0
    next_event = loader.get_event
    while not isinstance(event := next_event(), yaml.StreamEndEvent):
        kind = type(event)
        if kind is scalar_event:
            nodes += 1
            value: Any = event.value
            size += len(value)
            if event.tag is not None or event.implicit[0]:
                value = _scalar(event)
            if event.anchor:
                anchors[event.anchor] = (value, 1, len(event.value))
        elif kind in starts:
            if len(stack) == MAX_DEPTH:
                raise YAMLError(f"nested more than {MAX_DEPTH} deep", event.start_mark.line + 1)
            nodes += 1
            stack.append((container, key, event, nodes, size))
            container, key = starts[kind](), None
            container.line = event.start_mark.line + 1
            continue
        elif kind in ends:
            value = container
            container, key, start, before, size_before = stack.pop()
            value = _collection(value, start)
            if start.anchor:
                anchors[start.anchor] = (value, nodes - before + 1, size - size_before)
        elif kind is alias_event:
            if event.anchor not in anchors:
                raise YAMLError(f"alias *{event.anchor} stands for nothing complete", event.start_mark.line + 1)
            value, more, longer = anchors[event.anchor]
            nodes, size, aliased, aliased_size = nodes + more, size + longer, aliased + more, aliased_size + longer
            if aliased > MAX_ALIASED or aliased_size > MAX_ALIASED_TEXT:
                raise YAMLError("aliases that multiply", event.start_mark.line + 1)
        elif kind is yaml.DocumentEndEvent:
            break
        else:
            continue                                 # StreamStart, DocumentStart
        if type(container) is Sequence:
            container.append(value)
        elif key is None:
            if not isinstance(value, (str, bytes)):
                raise YAMLError("a key is text", event.start_mark.line + 1)
            key = value if isinstance(value, str) else from_bytes(value)
        else:
            container[key] = value
            key = None
    return container[0] if container else None


def _scalar(event: Any) -> Any:
    """The value of a scalar that is tagged or plain."""
    tag, value = event.tag, event.value
    if tag is None:
        if value in _NULLS:
            return None
        return Plain(value) if value[0] in _TYPED_STARTS else value
    if tag in _TEXT_TAGS:
        return value
    if tag in _BINARY_TAGS:
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except ValueError as error:
            raise YAMLError(f"!!binary that is not base64: {error}", event.start_mark.line + 1) from None
    if tag in _TYPED_TAGS:
        return Plain(value)
    if tag == _TAG + "null":
        return None
    raise _refused(event)


def _collection(value: Any, start: Any) -> Any:
    """The value of a finished list or mapping, by its tag."""
    tag = start.tag
    if tag is None or tag in (_LIST_TAGS if type(value) is Sequence else _MAP_TAGS):
        return value
    if tag.startswith("!ruby/"):    # what Ruby VCR 1.x made of its own objects: their parts, and no object
        return value
    if type(value) is Sequence and tag in _NAME_TAGS and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if type(value) is Mapping and tag in _BODY_TAGS:
        held = value.get(_BODY_TAGS[tag])
        return held[0] if isinstance(held, list) and held else b""
    raise _refused(start)


def _refused(event: Any) -> YAMLError:
    tag, line = event.tag.replace(_TAG, "!!"), event.start_mark.line + 1
    return YAMLError(f"the tag {tag} would make an object; a cassette holds text, bytes, lists and mappings", line)
