"""Cassettes on disk: a file is read and replaced whole, or not at all."""
from __future__ import annotations

import contextlib
import gc
import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ...errors import CassetteError
from ...regular import open_regular, refuse_irregular
from .formats.layouts import MAX_BYTES, decode, encode, layout_for
from .interaction import Format, Tape

SUFFIXES = frozenset({".yaml", ".yml", ".json", ".har"})    # of cassettes, where a folder is looked through


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
    data = encode(path, tape, layout_for(path) if format is None else Format(format))
    try:
        replace(path, data)
    except OSError as error:
        raise CassetteError(f"{path}: cannot be written: {error.strerror}") from error


def load(path: Path) -> Tape | None:
    """As `read_tape`; None where there is no file or an empty one, which vcrpy records anew too."""
    data = _bytes(path)
    if not data or data.isspace():
        return None
    with uncollected():
        return decode(path, data, partial(_beside, path))


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

    A reader sees the old file or the new one, never a part. Two writers: the last holds. Raises OSError, also where there is
    something else than a regular file.
    """
    path = Path(os.path.realpath(path))
    if path.exists():
        refuse_irregular(path, path.stat().st_mode)
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
        with open(path, "rb", opener=open_regular) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(min(size, MAX_BYTES) + 1)    # room for as much is made at once, so no more than the file has
            if len(data) > size:                          # a file that grows
                data += file.read(MAX_BYTES + 1 - len(data))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CassetteError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise CassetteError(f"{path}: larger than {MAX_BYTES} bytes, the most that is read")
    return data


def _beside(path: Path, name: str) -> bytes | None:
    """The file called `name` in the folder of `path`; the caller has checked that it is a plain name."""
    return _bytes(path.with_name(name))
