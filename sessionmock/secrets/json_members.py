"""The members of JSON within a text, whole or in part: under which name each value stands, and what stands beside it."""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_TOKENS = re.compile(r'"((?:[^"\\]|\\.|\\\Z)*+)(?:"|\Z)(\s*+:)?|[{}\[\]]|(?<![\w.])\d{4,}(?![\w.])', re.S)
_BRACKETS = "{[}]"
_LABELS = ("name", "key", "header")      # members that name the member "value" or "content" beside them
# Members of a schema (JSON Schema, OpenAPI, and what forms and interfaces are described by), and those of which it has one.
_OF_SCHEMAS = frozenset({
    "type", "$ref", "enum", "const", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems",
    "allOf", "oneOf", "anyOf", "not", "if", "then", "else", "items", "properties", "required", "additionalProperties", "title", "description",
    "default", "example", "examples", "nullable", "readOnly", "writeOnly", "deprecated", "xml", "in", "schema", "label", "help", "help_text",
    "placeholder", "multipleOf", "contentEncoding", "contentMediaType", "$comment", "optional", "sensitive", "is_required", "read_only", "max_length",
})
_OF_PAGES = re.compile(r"cursors?|pag(?:e|es|ing|ination|er)|page_?info|continuation|scroll", re.I)
_MAKES_SCHEMA = ("type", "$ref", "allOf", "oneOf", "anyOf", "enum", "const", "format", "properties")


class Members:
    """One object or array. `under` is the name nearest to it that is a secret's, "" where there is none."""

    __slots__ = ("is_list", "name", "parent", "said", "under")

    def __init__(self, parent: Members | None, name: str, under: str, *, is_list: bool) -> None:
        self.parent, self.name, self.under, self.is_list = parent, name, under, is_list
        self.said: dict[str, str | None] = {}     # by name: the text, or the number of four digits or more; None for all else

    @property
    def label(self) -> str:
        """What the value beside it is called, in a list of names and values."""
        return next((said for name, said in self.said.items() if said and name.lower() in _LABELS), "")

    @property
    def is_of_pages(self) -> bool:
        """Whether it says where a list goes on: "paging": {"token": ...}."""
        return not self.is_list and _OF_PAGES.fullmatch(self.name) is not None

    @property
    def in_schema(self) -> bool:
        """Whether this is a part of a description of values, and not of values."""
        return any(not one.is_list and one.said.keys() <= _OF_SCHEMAS and any(name in one.said for name in _MAKES_SCHEMA) for one in self._chain())

    def _chain(self) -> Iterator[Members]:
        one: Members | None = self
        while one is not None and one.under:
            yield one
            one = one.parent


class Value(NamedTuple):
    """A text (group 1 is what is between its marks) or a number."""

    found: re.Match[str]
    name: str
    beside: Members


def values(text: str, is_secret: Callable[[str], bool]) -> Iterator[tuple[re.Match[str], str, Members]]:
    """The texts and the longer numbers, in their order, as parts of a `Value`. What stands beside them is complete when all were given."""
    here = Members(None, "", "", is_list=False)
    name = ""
    for found in _TOKENS.finditer(text):
        last = found.lastindex      # 2 for a name, 1 for a text
        if last == 2:
            name = found[1]
            here.said[name] = None
        elif last is None and (token := found[0]) in _BRACKETS:
            if token in "{[":
                if here.is_list:
                    name = here.name
                here = Members(here, name, here.under or (name if name and is_secret(name) else ""), is_list=token == "[")
            else:
                here = here.parent or here
            name = ""
        elif here.is_list:
            yield found, here.name, here
        else:
            if name:
                here.said[name] = found[0] if last is None else unescaped(found[1])
            yield found, name, here
            name = ""


def unescaped(text: str) -> str:
    """What a string of JSON says."""
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
