"""What `scan` sees of an interaction beside what the recorder sees: all of its text, looked through by gitleaks or detect-secrets
where one of them is installed, and by entropy."""
from __future__ import annotations

import json
import math
import re
import shutil
import string
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..errors import SessionMockError
from ..models.message import Headers, header
from ..routes.cassette import Interaction
from ..routes.cassette.formats.codings import undone
from ..secrets import encodings, packed

_MEDIA = re.compile(r"(?:image|audio|video|font)/(?!svg)")
_LEAST, _PRINTED = 16, 0.85      # characters of a value; and what part of a text can be printed
_BITS = 3.5                      # of entropy in each character: words have less
# A name that may be a secret's, and a value; what else such names say is told by `_PUBLIC`.
_VALUE = re.compile(r"""((?:key|token|secret|passw|pwd|auth|cred|private|signature|session|bearer)[\w.-]{0,40}+)\\?["']?"""
                    r"""\s{0,3}[:=]\s{0,3}\\?["']?([\w+/=.~-]{16,512})(?![\w+/=.~-])""", re.I)
_OF_NAMES = string.ascii_letters + string.digits + "_.-"
_PUBLIC = re.compile(r"public|page|next|cursor|cont|sync|cache|surrogate|author(?!iz)|idempotency|type|kid|_id$|id$|ids$|url|uri|name|count|tokens$"
                     r"|publish|skip|signature$|websocket|keyword|keyboard|key_?hash|algorithm|expir|limit|policy|methods|headers", re.I)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_GENERIC = "generic-api-key"     # of gitleaks: `by_entropy` looks for the same, and passes over positions and keys of caches
# Addresses of a block chain, dates, paths, words, numbers.
_NO_KEY = re.compile(r"0x[\da-f]{40}|\d{4}-\d\d-\d\d[\dT:.Z+-]*|[\w.-]*(?:/[\w.-]*){2,}|[a-z]+(?:[-_.][a-z]+)+|\d+", re.I)


class View(NamedTuple):
    """A text of an interaction, and where it stands."""

    place: str
    text: str


class Sight(NamedTuple):
    """What an eye found: in which view, by which rule."""

    view: int
    rule: str
    secret: str


def views(interaction: Interaction) -> tuple[list[View], list[View]]:
    """All texts of `interaction`; and the bodies that cannot be looked at, with what they are."""
    request, response, extra = interaction.request, interaction.response, interaction.extra
    seen = [View("request URL", request.uri), View("response reason", response.reason)]
    unseen = []
    for side, headers in (("request", request.headers), ("response", response.headers), ("response", extra.trailers),
                          *(("response", head.headers) for head in extra.informational)):
        seen += (View(f"{side} {name}", f"{name}: {value}") for name, value in headers)
    for side, headers, body in (("request", request.headers, request.body), ("response", response.headers, response.body)):
        text = _text(headers, body) if body else ""
        if text is None:
            unseen.append(View(f"{side} body", header(headers, "content-type") or "unknown bytes"))
        elif text:
            seen.append(View(f"{side} body", text))
    return seen, unseen


def _text(headers: Headers, body: bytes) -> str | None:
    """The text of `body`, its codings undone; None where it has none, as an image."""
    plain = undone(headers, body)
    for _ in range(4):     # within each other
        opened = encodings.opened(plain)
        if opened is None:
            break
        plain = opened.plain
    found: list[str] = []

    def note(name: str, text: str) -> str:
        found.append(f"{name}: {text}")
        return text

    if packed.rewritten(plain, note) is not None:
        return "\n".join(found)
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        text = plain.decode("latin-1")
        if _MEDIA.match(header(headers, "content-type") or "") or sum(map(str.isprintable, text[:4096])) < _PRINTED * len(text[:4096]):
            return None
    return text


# Eyes -------------------------------------------------------------------------------------------------------------------
def by_entropy(seen: Iterable[View]) -> Iterator[Sight]:
    """Values that only a machine can have made, under a name that may be a secret's."""
    for number, view in enumerate(seen):
        for found in _VALUE.finditer(view.text):
            before, value = view.text[max(0, found.start() - 40):found.start()], found[2]
            name = before[len(before.rstrip(_OF_NAMES)):] + found[1]
            if not (_PUBLIC.search(name) or _UUID.fullmatch(value) or _NO_KEY.fullmatch(value)) and any(map(str.isdigit, value)) \
                    and _entropy(value) >= _BITS:
                yield Sight(number, "entropy", value)


def _entropy(text: str) -> float:
    """Bits in each character (Shannon)."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def by_scanner(seen: list[View]) -> Iterator[Sight]:
    """What a scanner of secrets finds, where one is installed: gitleaks, else detect-secrets (extra `scan`)."""
    program = shutil.which("gitleaks", path=str(Path(sys.executable).parent)) or shutil.which("gitleaks")
    return _by_gitleaks(program, seen) if program else _by_detect_secrets(seen)


def scanner() -> str:
    """The name of that scanner, "" where there is none."""
    if shutil.which("gitleaks", path=str(Path(sys.executable).parent)) or shutil.which("gitleaks"):
        return "gitleaks"
    try:
        import detect_secrets  # noqa: F401
    except ImportError:
        return ""
    return "detect-secrets"


def _by_gitleaks(program: str, seen: list[View]) -> Iterator[Sight]:
    """Told by lines of one text, of which each view has its own."""
    owners: list[int] = []
    for number, view in enumerate(seen):
        owners += [number] * (view.text.count("\n") + 2)
    text = "\n\n".join(view.text for view in seen)
    command = [program, "stdin", "--report-format", "json", "--report-path", "-", "--exit-code", "0", "--no-banner", "--log-level", "error"]
    run = subprocess.run(command, input=text.encode("utf-8", "replace"), capture_output=True, check=False)
    try:
        found = json.loads(run.stdout)
    except ValueError:
        raise SessionMockError(f"gitleaks failed: {run.stderr.decode(errors='replace').strip() or run.returncode}") from None
    for one in found:
        if one["RuleID"] == _GENERIC:
            continue
        yield Sight(owners[min(one["StartLine"], len(owners)) - 1], f"gitleaks {one['RuleID']}", one["Secret"])


def _by_detect_secrets(seen: list[View]) -> Iterator[Sight]:
    """By its detectors of one service each: those of entropy find every hash."""
    try:
        from detect_secrets.core.scan import scan_line
        from detect_secrets.settings import default_settings
    except ImportError:
        return
    with default_settings() as settings:
        settings.disable_plugins("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector", "IPPublicDetector")
        for number, view in enumerate(seen):
            for line in view.text.splitlines():
                for found in scan_line(line):
                    yield Sight(number, f"detect-secrets {found.type}", found.secret_value or "")
