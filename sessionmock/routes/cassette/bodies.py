"""What a body means, so that two bodies that say the same thing are equal.

A body is compared without its content codings (`plain`): JSON as a value, a form as its fields, multipart part by part under any
boundary, XML in its canonical form (W3C Canonical XML 2.0), all else byte for byte. A body that is not what its type says is
compared byte for byte too.
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from email.message import Message
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from ...models.message import Headers, header
from .formats.codings import undone

Gone = Callable[[str, object], bool]
"""Whether what stands at a place of a body, as "body.items.0.id", is left out of the comparison; with its value."""
Meaning = Callable[[bytes, Gone | None], Hashable]

_JSON = re.compile(r"(?:application|text|model|image)/(?:[^/]*[+.-])?json(?:-rpc|-[0-9.]+)?")    # with application/x-amz-json-1.1
_DEEPEST = 200    # elements of XML within each other: what is deeper is compared byte for byte


def meaning(headers: Headers) -> Meaning:
    """How a body under `headers` is compared."""
    kind = (header(headers, "content-type") or "").partition(";")[0].strip().lower()
    if kind == "application/json" or _JSON.fullmatch(kind):
        return json_value
    if kind.endswith(("/xml", "+xml")):
        return xml_tree
    if kind.startswith("multipart/"):
        return multipart
    return form if kind == "application/x-www-form-urlencoded" else raw


def read_body(how: Meaning, body: bytes | None, gone: Gone | None = None) -> Hashable:
    """`body` as `how` compares it, without what is `gone`: its bytes where it is not what its type says, None where there is none."""
    if not body:
        return None
    try:
        return how, how(body, gone)
    except (ValueError, SyntaxError, LookupError, RecursionError, ArithmeticError):    # ElementTree's ParseError is a SyntaxError
        return body


def plain(headers: Headers, body: bytes) -> bytes:
    """`body` without the content codings that `headers` name, and without S3's frames; as it is where it does not have them."""
    value = header(headers, "content-encoding")
    if value is None:
        return body
    return undone(headers, unframed(body) if "aws-chunked" in value.lower() else body)


_FRAME = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[^\r\n]*)?\r\n")


def unframed(body: bytes) -> bytes:
    """The data in the frames of `Content-Encoding: aws-chunked`, whose signatures change with the time; `body` where it has none."""
    data: list[bytes] = []
    at = 0
    while (frame := _FRAME.match(body, at)) is not None:
        at = frame.end() + int(frame[1], 16)
        if at == frame.end():
            return b"".join(data)
        data.append(body[frame.end():at])
        at += 2
    return body


def raw(body: bytes, gone: Gone | None = None) -> Hashable:
    """The bytes."""
    return body


def json_value(body: bytes, gone: Gone | None = None) -> Hashable:
    """The value, with the members of objects in one order and numbers by what they are worth (RFC 8259, section 6)."""
    value = _READER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    return _WRITER.encode(value if gone is None else _left(value, "body", gone))


def _left(value: Any, place: str, gone: Gone) -> Any:
    """`value`, which stands at `place`, without what is gone."""
    if isinstance(value, dict):
        inside = ((f"{place}.{name}", name, member) for name, member in value.items())
        return {name: _left(member, at, gone) for at, name, member in inside if not gone(at, member)}
    if isinstance(value, list):
        elements = ((f"{place}.{number}", element) for number, element in enumerate(value))
        return [_left(element, at, gone) for at, element in elements if not gone(at, element)]
    return value


_NUMBER = token_hex(16)    # a name that no document has
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)
_DIGITS = 4300             # of a whole number, above which Python reads none


_SHORT = 16                # characters of a number below which floats tell all of them apart


def _number(text: str) -> float | Decimal:
    """The number that `text`, with a fraction or an exponent, stands for: never rounded, as most floats would be."""
    if len(text) < _SHORT and "e" not in text and "E" not in text:
        short = float(text)
        return int(short) if short.is_integer() else short
    number = Decimal(text)
    if number.adjusted() < _DIGITS and number == number.to_integral_value():
        return int(number)
    number = number.normalize(_EXACT)
    if -_SHORT < number.adjusted() < _SHORT and len(written := f"{number:f}") < _SHORT:
        return float(written)
    return number


def _exact(number: Decimal) -> dict[str, str]:
    return {_NUMBER: str(number)}


_READER = json.JSONDecoder(parse_float=_number)
_WRITER = json.JSONEncoder(sort_keys=True, default=_exact)
_NAME = re.compile(r"[^\s{}<>\"]*")


def form(body: bytes, gone: Gone | None = None) -> Hashable:
    """The pairs by name; those of one name keep their order. A name alone has an empty value (URL standard, section 5.1)."""
    text = body.decode("utf-8", "surrogateescape")
    if any("=" not in pair and not _NAME.fullmatch(pair) for pair in text.split("&")):
        raise ValueError("no form")
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape")
    if gone is not None:
        pairs = [(name, value) for name, value in pairs if not gone(f"body.{name}", value)]
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def multipart(body: bytes, gone: Gone | None = None) -> Hashable:
    """The parts as (name, file name, type, meaning), by name; parts of one name keep their order (RFC 7578, section 5.2)."""
    found = [part for part in map(_part, parts(body)) if gone is None or not gone(f"body.{part[0]}", part[3])]
    return tuple(sorted(((*part[:3], read_body(meaning([("content-type", part[2])]), part[3], gone)) for part in found),
                        key=lambda part: part[0]))


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
        without_boundary(str(fields.get("Content-Type", "")).lower()), content,
    )


_BOUNDARY = re.compile(r"""\s*;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;]*))""", re.I)


def boundary_of(headers: Headers) -> bytes:
    """The boundary that the type of a multipart body names; nothing where it names none."""
    kind = header(headers, "content-type") or ""
    found = _BOUNDARY.search(kind) if kind[:10].lower() == "multipart/" else None
    return (found[1] or found[2]).encode() if found else b""


def without_boundary(content_type: str) -> str:
    """`content_type` without its boundary, which is another one each time (RFC 2046, section 5.1.1)."""
    return _BOUNDARY.sub("", content_type) if content_type[:10].lower() == "multipart/" else content_type


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


def xml_tree(body: bytes, gone: Gone | None = None) -> Hashable:
    """Canonical XML: attributes in order, prefixes and blanks around text aside. Nothing with a DTD, which may hold entities."""
    text = body.decode("utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a DTD")
    written: list[str] = []
    parser = ElementTree.XMLParser(target=_Canonical(written.append, strip_text=True, rewrite_prefixes=True))
    parser.feed(text)
    parser.close()
    return "".join(written)
