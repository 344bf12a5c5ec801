"""What a body means, so that two bodies that say the same thing are equal.

JSON is compared as a value, a form as its fields, multipart part by part under any boundary, XML in its canonical form
(W3C Canonical XML 2.0), all else byte for byte. A body that is not what its type says is compared byte for byte too.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping
from email.message import Message
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from ...models.message import Headers, header

Meaning = Callable[[bytes], Hashable]

_DEEPEST = 200    # elements of XML within each other: what is deeper is compared byte for byte


def meaning(headers: Headers) -> Meaning:
    """How a body under `headers` is compared."""
    kind = (header(headers, "content-type") or "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return json_value
    if kind.endswith(("/xml", "+xml")):
        return xml_tree
    if kind.startswith("multipart/"):
        return multipart
    return form if kind == "application/x-www-form-urlencoded" else raw


def read_body(how: Meaning, body: bytes | None) -> Hashable:
    """`body` as `how` compares it: its bytes where it is not what its type says, None where there is none."""
    if not body:
        return None
    try:
        return how, how(body)
    except (ValueError, SyntaxError, LookupError, RecursionError):    # ElementTree's ParseError is a SyntaxError
        return body


def raw(body: bytes) -> Hashable:
    """The bytes."""
    return body


def json_value(body: bytes) -> Hashable:
    """The value, with the members of objects in one order."""
    return json.dumps(json.loads(body), sort_keys=True)


def form(body: bytes) -> Hashable:
    """The pairs by name; those of one name keep their order."""
    return tuple(sorted(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True), key=lambda pair: pair[0]))


def multipart(body: bytes) -> Hashable:
    """The parts as (name, file name, type, bytes), by name; parts of one name keep their order (RFC 7578, section 5.2)."""
    return tuple(sorted(map(_part, parts(body)), key=lambda part: part[0]))


def parts(body: bytes) -> list[bytes]:
    """The parts of a multipart body, whose first line says the boundary. Raises ValueError where it is none (RFC 2046, section 5.1)."""
    start = body.find(b"--")
    boundary = body[start:].partition(b"\r\n")[0].rstrip(b" \t")
    if start < 0 or (start and body[start - 2:start] != b"\r\n") or not 2 < len(boundary) <= 72:
        raise ValueError("no boundary")
    found, last = [], -1
    for delimiter in re.finditer(rb"(?:^|\r\n)" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r\n|$)", body):
        if last >= 0:
            found.append(body[last:delimiter.start()])
        if delimiter[1]:
            return found
        last = delimiter.end()
    raise ValueError("no end")


def _part(part: bytes) -> tuple[str, str, str, bytes]:
    head, _, content = part.partition(b"\r\n\r\n") if not part.startswith(b"\r\n") else (b"", b"", part[2:])
    fields = Message()
    for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    disposition = "Content-Disposition"
    return (
        str(fields.get_param("name", "", disposition)), str(fields.get_param("filename", "", disposition)),
        str(fields.get("Content-Type", "")).lower(), content,
    )


class _Canonical(ElementTree.C14NWriterTarget):
    """Writes canonical XML, but of no tree so deep that it would take long."""

    depth = 0

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} deep")
        super().start(tag, attrs)

    def end(self, tag: str) -> None:
        self.depth -= 1
        super().end(tag)


def xml_tree(body: bytes) -> Hashable:
    """Canonical XML: attributes in order, prefixes and blanks around text aside. Nothing with a DTD, which may hold entities."""
    text = body.decode("utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a DTD")
    written: list[str] = []
    parser = ElementTree.XMLParser(target=_Canonical(written.append, strip_text=True, rewrite_prefixes=True))
    parser.feed(text)
    parser.close()
    return "".join(written)
