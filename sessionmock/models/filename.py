"""The name under which a response would be saved (Apple's `suggestedFilename`; scenarios filename-*).

In this order: Content-Disposition (RFC 6266), the last component of the URL's path, the host, "unknown". A name is safe on every
system, whichever it comes from: it is no path, no drive, stream or device of Windows (Naming Files, Paths, and Namespaces), and
nothing in it is hidden or turns the direction of text.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import category
from urllib.parse import unquote, unquote_to_bytes

from .message import header
from .url import split_url

LONGEST = 255    # bytes of UTF-8: what common file systems take
_DROPPED = ". "  # by Windows, at the end

# One parameter: a quoted string, or what stands before the next ";" that is not escaped (RFC 9110, section 5.6.6).
_PARAMETER = re.compile(r'\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|((?:[^;\\]|\\.|\\$)*+))', re.DOTALL)
_REST = re.compile(r'(?:"(?:[^"\\]|\\.)*+(?:"|\\?$)|[^;"])*+;?', re.DOTALL)    # the rest of a parameter, to its ";"
_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'((?:[^%]|%[0-9A-Fa-f]{2})*)", re.IGNORECASE)    # RFC 8187, section 3.2
_SEPARATORS = str.maketrans("/\\:", "___")               # of folders, and of drives and streams
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})     # controls, marks of direction and format, lone surrogates, line separators
_JOINERS = "\u200c\u200d"      # of letters in Persian and of parts of an emoji: of that kind, and seen
# What Windows takes for a device, whatever extension follows.
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?", re.IGNORECASE | re.DOTALL)

# The types whose usual extension the standard table lacks or gives second; the first is the one that is appended.
_USUAL = {
    "application/gzip": (".gz", ".tgz"), "application/x-gzip": (".gz", ".tgz"), "application/xml": (".xml", ".xsl", ".rdf"),
    "audio/mpeg": (".mp3", ".mp2"), "image/heic": (".heic",), "image/tiff": (".tiff", ".tif"), "image/webp": (".webp",),
    "text/javascript": (".js", ".mjs"), "text/markdown": (".md", ".markdown"), "font/woff": (".woff",), "font/woff2": (".woff2",),
    "application/yaml": (".yaml", ".yml"), "text/plain": (".txt", ".text"), "video/mp4": (".mp4", ".m4v"),
}
# They say nothing about the content, so they take no other extension's place.
_VAGUE = frozenset({"application/octet-stream", "binary/octet-stream", "application/force-download", "text/plain"})


def parameters(value: str) -> Iterator[tuple[str, str]]:
    """The parameters of a field value as Content-Disposition or Content-Type: names in lower case, quotes removed.

    What is not a parameter is passed over. In quotes a backslash stands before a character that is meant itself (RFC 9110, section 5.6.4).
    """
    position = 0
    while position < len(value):
        found = _PARAMETER.match(value, position)
        if found:
            name, quoted, plain = found.groups()
            yield name.lower(), plain.strip().strip('"') if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            position = found.end()
        if rest := _REST.match(value, position):
            position = rest.end()


def disposition_filename(value: str) -> str | None:
    """The file name of a Content-Disposition field: `filename*` (RFC 8187) before `filename`, the first of each; or None."""
    plain = None
    for name, text in parameters(value):
        if name == "filename*":
            if (decoded := _extended(text)) is not None:
                return decoded
        elif name == "filename" and plain is None:
            plain = text
    return plain


def suggested_filename(url: str | None, headers: Iterable[tuple[str, str]], mime_type: str | None) -> str:
    """The name to save a response under, never empty and never a path. See the module.

    The type's extension is appended to a name that has none of those of the type; text/plain and types for unknown
    bytes leave any extension as it is.
    """
    path, host = _path_and_host(url or "")
    disposition = disposition_filename(header(headers, "content-disposition") or "")
    if name := _plain(disposition or "") or _plain(unquote(path)):
        stem, dot, last = name.rpartition(".")
        return _joined(stem or dot + last, dot + last if stem else "", mime_type)
    return _joined(_plain(host) or "unknown", "", mime_type)    # the dots of a host part no extension


def _extended(text: str) -> str | None:
    found = _EXTENDED.fullmatch(text)
    if found is None:
        return None
    try:
        return unquote_to_bytes(found[2]).decode(found[1])
    except UnicodeDecodeError:
        return None


def _path_and_host(url: str) -> tuple[str, str]:
    """The last component of the URL's path, still percent-encoded, and its host; both may be ""."""
    if url[:5].lower() == "data:":    # what looks like a path there is the content
        return "", ""
    try:
        parts = split_url(url)
    except ValueError:
        return "", ""
    return parts.path.rstrip("/").rpartition("/")[2], parts.host


def _plain(name: str) -> str:
    """`name` with nothing in it that is not safe, or "" where nothing is left."""
    if not (name.isascii() and name.isprintable()):
        name = "".join(c for c in name if category(c) not in _HIDDEN or c in _JOINERS)
    name = name.translate(_SEPARATORS).strip().rstrip(_DROPPED)
    return f"_{name}" if _DEVICE.fullmatch(name) else name


def _joined(stem: str, extension: str, mime_type: str | None) -> str:
    """The name made of both and of the extension of the type, where it needs one; the stem is cut to make it fit."""
    known = _extensions(mime_type) if mime_type else ()
    if known and extension.lower() not in known and not (extension and mime_type in _VAGUE):
        stem, extension = stem + extension, known[0]
    end = extension.encode()
    if len(end) > LONGEST // 2:    # no extension, but a long name with a dot in it
        stem, end = stem + extension, b""
    return (stem.encode()[:LONGEST - len(end)] + end).decode(errors="ignore").rstrip(_DROPPED)


@lru_cache(maxsize=256)
def _extensions(mime_type: str) -> tuple[str, ...]:
    """The extensions of a type, the usual one first; none for what is unknown. Independent of the machine's own tables."""
    if mime_type in _USUAL:
        return _USUAL[mime_type]
    from mimetypes import MimeTypes
    return () if mime_type in _VAGUE else tuple(MimeTypes().guess_all_extensions(mime_type))
