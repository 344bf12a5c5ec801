"""Cassettes on disk: the file's name says the format, and a file is replaced whole or not at all."""
from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from ...errors import CassetteError
from . import vcr_tree, vcr_yaml, yaml_index, yaml_writer
from .interaction import Tape

MAX_BYTES = 1 << 29    # 512 MiB: no cassette of tests comes near


def load(path: Path) -> Tape | None:
    """The tape in the file at `path`; None where there is no file or an empty one, which vcrpy records anew too.

    `*.json` is JSON, all else YAML. Raises CassetteError naming the file and the line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CassetteError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise CassetteError(f"{path}: larger than {MAX_BYTES} bytes, the most that is read")
    if not data.strip():
        return None
    if not is_json(path) and (tape := yaml_index.read(path, data)):
        return tape
    try:
        tree = _json(data) if is_json(path) else vcr_yaml.read(data)
        tape = vcr_tree.decode(tree)
    except vcr_yaml.YAMLError as error:
        raise _broken(path, error.line, error) from None
    except vcr_tree.Misshapen as error:
        raise _broken(path, getattr(error.node, "line", None) or _line(data), error) from None
    tape.metadata = vcr_yaml.typed(tape.metadata)
    return tape


def save(path: Path, tape: Tape) -> None:
    """Write `tape` to `path` in the format that its name says. Raises CassetteError."""
    data = _json_text(path, tape) if is_json(path) else yaml_writer.dump(vcr_tree.encode(tape))
    try:
        replace(path, data)
    except OSError as error:
        raise CassetteError(f"{path}: cannot be written: {error.strerror}") from error


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


def is_json(path: Path) -> bool:
    """Whether the name of `path` says JSON."""
    return path.suffix.lower() == ".json"


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise vcr_yaml.YAMLError(f"not JSON: {error.msg}", error.lineno) from None
    except UnicodeDecodeError as error:
        raise vcr_yaml.YAMLError("not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
    except (RecursionError, ValueError) as error:
        raise vcr_yaml.YAMLError(f"not read: {error}", None) from None


def _json_text(path: Path, tape: Tape) -> bytes:
    tree = vcr_tree.encode(tape, binary=False)
    for number, item in enumerate(tree["interactions"], 1):
        if isinstance(item["request"]["body"], bytes) or isinstance(item["response"]["body"]["string"], bytes):
            asked = f"interaction {number} ({item['request']['method']} {item['request']['uri']})"
            raise CassetteError(f"{path}: JSON cannot hold the bytes of {asked}; give the cassette a name in .yaml")
    return (json.dumps(tree, indent=4, default=str) + "\n").encode("ascii")


def _line(data: bytes) -> int | None:
    """Where a JSON file, read once more as the YAML that it also is, goes wrong."""
    try:
        vcr_tree.decode(vcr_yaml.read(data))
    except vcr_tree.Misshapen as error:
        return getattr(error.node, "line", 1)
    except (vcr_yaml.YAMLError, CassetteError):
        pass
    return None


def _broken(path: Path, line: int | None, error: Exception) -> CassetteError:
    return CassetteError(f"{path}{f', line {line}' if line else ''}: {error}")
