"""Which layout the bytes of a file have, whatever its name, and the bytes of a tape in the layout that is wanted."""
from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ....errors import CassetteError
from ..interaction import Format, Tape
from . import foreign, har, har_writer, json_text, vcr_tree, vcr_yaml, yaml_index, yaml_writer
from .broken import Place

MAX_BYTES = 1 << 29    # 512 MiB: no cassette of tests comes near

_BLANK = b"\xef\xbb\xbf \t\r\n"
_NAMES = {".json": Format.VCR_JSON, ".har": Format.HAR}


def layout_for(path: Path) -> Format:
    """The layout of a new file with the name of `path`."""
    return _NAMES.get(path.suffix.lower(), Format.VCR_YAML)


def decode(path: Path, data: bytes, attached: har.Attached) -> Tape:
    """The tape of `data`, the file at `path`; `attached` reads a file that stands beside it. Raises CassetteError with the line."""
    try:
        return _decode(path, data, attached)
    except (vcr_yaml.YAMLError, vcr_tree.Misshapen) as error:
        line = vcr_tree.line_of(error)
        if line is None and isinstance(error, vcr_tree.Misshapen):
            line = json_text.line(data, lambda tree: _tape(tree, attached, _place(path, data)))
        raise CassetteError(f"{path}, line {line or 1}: {error}") from None


def encode(path: Path, tape: Tape, layout: Format) -> bytes:
    """The bytes of `tape` in `layout`, for the file at `path`. Raises CassetteError where it cannot be said so."""
    if layout not in _WRITERS:
        raise CassetteError(f"{path}: files of {layout.value} are read, not written; choose yaml, json or har")
    return _WRITERS[layout](path, tape)


def _decode(path: Path, data: bytes, attached: har.Attached) -> Tape:
    if data.startswith(b"PK\x03\x04"):
        return _zipped(path, data)
    if data[:64].lstrip(_BLANK)[:1] not in (b"{", b"["):
        if (tape := yaml_index.read(path, data)) is not None:
            return tape
        tree = vcr_yaml.read(data)
        taken_apart = json_text.tape(path, data, tree, Format.VCR_YAML) if b"parsed_body" in data else None
        return taken_apart or _tape(tree, attached, _place(path, data))    # bodies that are trees are put together when asked for
    try:
        tree = json_text.read(data)
    except vcr_yaml.YAMLError:
        if path.suffix.lower() in _NAMES:
            raise
        return _tape(vcr_yaml.read(data), attached, _place(path, data))    # brackets are YAML too
    if (found := json_text.tape(path, data, tree)) is not None:
        return found
    tape = _tape(tree, attached, _place(path, data))
    tape.format = tape.format if tape.format is not Format.VCR_YAML else Format.VCR_JSON
    return tape


def _tape(tree: Any, attached: har.Attached, place: Place) -> Tape:
    """What `tree` holds, in the layout that it has. Raises Misshapen."""
    if isinstance(tree, dict) and isinstance(tree.get("log"), dict):
        return har.decode(tree, attached, place)
    layout = foreign.recognised(tree)
    tape = vcr_tree.decode(tree) if layout is None else foreign.decode(tree, layout, place)
    tape.metadata = vcr_yaml.typed(tape.metadata)
    return tape


def _place(path: Path, data: bytes) -> Place:
    """What tells where in `data`, the file at `path`, a single interaction is wrong."""
    def told(error: vcr_tree.Misshapen, which: str, understand: Callable[[Any], object]) -> CassetteError:
        line = vcr_tree.line_of(error) or json_text.line(data, understand)
        return CassetteError(f"{path}, line {line or 1}: {which}: {error}")
    return told


def _zipped(path: Path, data: bytes) -> Tape:
    """A HAR that Playwright put into an archive with its bodies; nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise zipfile.BadZipFile(f"more than {MAX_BYTES} bytes when unpacked")
            names = archive.namelist()
            log = next((name for name in names if name.endswith(".har")), None)
            if log is None:
                raise zipfile.BadZipFile("no .har in it")
            members = cache(lambda name: archive.read(name) if name in names else None)
            data = archive.read(log)
            return _tape(json_text.read(data), members, _place(path, data))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise vcr_yaml.YAMLError(f"an archive that cannot be read: {error}", None) from None


def _yaml(path: Path, tape: Tape) -> bytes:
    return yaml_writer.dump(vcr_tree.encode(tape))


def _json(path: Path, tape: Tape) -> bytes:
    tree = vcr_tree.encode(tape, binary=False)
    return (json.dumps(tree, indent=4, default=str) + "\n").encode("ascii")


def _har(path: Path, tape: Tape) -> bytes:
    return (json.dumps(har_writer.encode(tape), indent=2) + "\n").encode("ascii")


_WRITERS = {Format.VCR_YAML: _yaml, Format.VCR_JSON: _json, Format.HAR: _har}
