"""Cassettes on disk: what a file holds says how it is read, and a file is replaced whole or not at all."""
from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from ...errors import CassetteError
from .formats import foreign, har, json_text, vcr_tree, vcr_yaml, yaml_index, yaml_writer
from .interaction import Format, Tape

MAX_BYTES = 1 << 29    # 512 MiB: no cassette of tests comes near


def read_tape(path: str | os.PathLike[str]) -> Tape:
    """The tape in the file at `path`, in any layout that is known (`Format`; `tape.format` says which).

    Interactions of vcrpy's layouts are read when they are first asked for. Raises CassetteError naming the file and, for
    what is wrong in it, the line: here for its structure, at the first use for what is wrong in one interaction.
    """
    tape = load(Path(path))
    if tape is None:
        raise CassetteError(f"{path}: no such file, or nothing in it")
    return tape


def write_tape(path: str | os.PathLike[str], tape: Tape, format: Format | str | None = None) -> None:
    """Write `tape` to `path` as "yaml", "json" or "har"; None: as the name of `path` says. Raises CassetteError.

    A HAR does without vcrpy's metadata and keys of responses that are not known.
    """
    path = Path(path)
    layout = _NAMES.get(path.suffix.lower(), Format.VCR_YAML) if format is None else Format(format)
    if layout not in _WRITERS:
        raise CassetteError(f"{path}: files of {layout.value} are read, not written; choose yaml, json or har")
    try:
        replace(path, _WRITERS[layout](path, tape))
    except OSError as error:
        raise CassetteError(f"{path}: cannot be written: {error.strerror}") from error


def load(path: Path) -> Tape | None:
    """As `read_tape`; None where there is no file or an empty one, which vcrpy records anew too."""
    data = _bytes(path)
    if not data or data.isspace():
        return None
    try:
        with uncollected():
            return _decode(path, data)
    except (vcr_yaml.YAMLError, vcr_tree.Misshapen) as error:
        line = vcr_tree.line_of(error)
        if line is None and isinstance(error, vcr_tree.Misshapen):
            line = json_text.line(data, lambda tree: _tape(tree, partial(_beside, path)))
        raise CassetteError(f"{path}, line {line or 1}: {error}") from None


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No cyclic garbage is looked for within: among the many new parts of a large tape that would take half the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():
                gc.freeze()    # and at once back, into the oldest generation: they are not garbage soon
                gc.unfreeze()
            gc.enable()


def save(path: Path, tape: Tape) -> None:
    """Write `tape` to `path` in the layout of the file that it was read from; a new one as its name says. Raises CassetteError."""
    write_tape(path, tape, None if tape.format is Format.VCR_0 else tape.format)


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file at `path` (or of what a link there points to), making folders as needed.

    A reader sees the old file or the new one, never a part. Two writers: the last holds.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(data)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, MAX_BYTES) + 1)    # room for as much is made at once, so no more than the file has
            if len(data) > size:                          # a pipe, or a file that grows
                data += file.read(MAX_BYTES + 1 - len(data))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CassetteError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise CassetteError(f"{path}: larger than {MAX_BYTES} bytes, the most that is read")
    return data


def _decode(path: Path, data: bytes) -> Tape:
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data[:64].lstrip(_BLANK)[:1] not in (b"{", b"["):
        return yaml_index.read(path, data) or _tape(vcr_yaml.read(data), partial(_beside, path))
    try:
        tree = json_text.read(data)
    except vcr_yaml.YAMLError:
        if path.suffix.lower() in _NAMES:
            raise
        return _tape(vcr_yaml.read(data), partial(_beside, path))    # brackets are YAML too
    if isinstance(tree, dict) and isinstance(tree.get("interactions"), list) and (found := json_text.tape(path, data, tree)):
        return found
    tape = _tape(tree, partial(_beside, path))
    tape.format = tape.format if tape.format is not Format.VCR_YAML else Format.VCR_JSON
    return tape


def _tape(tree: Any, attached: har.Attached) -> Tape:
    """What `tree` holds, in the layout that it has. Raises Misshapen."""
    if isinstance(tree, dict) and isinstance(tree.get("log"), dict):
        return har.decode(tree, attached)
    layout = foreign.recognised(tree)
    tape = vcr_tree.decode(tree) if layout is None else foreign.decode(tree, layout)
    tape.metadata = vcr_yaml.typed(tape.metadata)
    return tape


def _beside(path: Path, name: str) -> bytes | None:
    """The file called `name` in the folder of `path`; the caller has checked that it is a plain name."""
    return _bytes(path.with_name(name))


def _zipped(data: bytes) -> Tape:
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
            return _tape(json_text.read(archive.read(log)), members)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise vcr_yaml.YAMLError(f"an archive that cannot be read: {error}", None) from None


def _yaml(path: Path, tape: Tape) -> bytes:
    return yaml_writer.dump(vcr_tree.encode(tape))


def _json(path: Path, tape: Tape) -> bytes:
    tree = vcr_tree.encode(tape, binary=False)
    for number, item in enumerate(tree["interactions"], 1):
        if isinstance(item["request"]["body"], bytes) or isinstance(item["response"]["body"]["string"], bytes):
            asked = f"interaction {number} ({item['request']['method']} {item['request']['uri']})"
            raise CassetteError(f"{path}: JSON cannot hold the bytes of {asked}; give the cassette a name in .yaml")
    return (json.dumps(tree, indent=4, default=str) + "\n").encode("ascii")


def _har(path: Path, tape: Tape) -> bytes:
    return (json.dumps(har.encode(tape), indent=2) + "\n").encode("ascii")


_BLANK = b"\xef\xbb\xbf \t\r\n"
_NAMES = {".json": Format.VCR_JSON, ".har": Format.HAR}
_WRITERS = {Format.VCR_YAML: _yaml, Format.VCR_JSON: _json, Format.HAR: _har}
