"""gitleaks judges: of a secret of each of its kinds, planted anywhere, it finds none in what is written."""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Secrets, Tape, files

from .planted import secrets

GITLEAKS = shutil.which("gitleaks", path=str(Path(sys.executable).parent)) or shutil.which("gitleaks")
URL = "https://api.test/notes"
FORM = "application/x-www-form-urlencoded"


def found(folder: Path) -> list[tuple[str, str, str]]:
    """(file, rule, match) of everything that gitleaks finds."""
    assert GITLEAKS is not None
    command = [GITLEAKS, "dir", str(folder), "--report-format", "json", "--report-path", "-", "--exit-code", "0", "--no-banner",
               "--log-level", "error", "--gitleaks-ignore-path", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    return [(Path(one["File"]).name, one["RuleID"], one["Match"]) for one in json.loads(run.stdout)]


def exchanges(secret: str) -> list[Interaction]:
    """Requests and answers with `secret` in a header, a query, a form, JSON and text."""
    name, equals, value = secret.partition("=")
    line = secret.replace("\n", " ")
    if equals and name.replace("_", "").isalnum() and name != "_gitlab_session":
        line, member, pair = f'{name} = "{value}"', {name: value}, f"{name}={quote_plus(value)}"
    else:
        member, pair = {"note": secret}, f"note={quote_plus(secret)}"
    text = line if "\n" not in secret else secret
    return [
        Interaction(RecordedRequest("POST", f"{URL}?{pair}&page=1", [("X-Note", line)], json.dumps(member).encode()),
                    RecordedResponse(200, "OK", [("X-Note", line)], f"a note:\n{text} \nand no more".encode())),
        Interaction(RecordedRequest("POST", f"{URL}?q={quote(line)}", [("Content-Type", FORM)], f"a=1&{pair}&b=2".encode()),
                    RecordedResponse(200, "OK", [("Location", f"{URL}?{pair}&page=1")], json.dumps({"notes": [member, text]}).encode())),
        Interaction(RecordedRequest("POST", URL, [("Content-Type", "text/plain")], f"a note: {text}".encode()),
                    RecordedResponse(200, "OK", [], pair.encode())),
    ]


@pytest.mark.skipif(GITLEAKS is None, reason="gitleaks is not installed")
def test_gitleaks_finds_nothing_in_what_is_written(tmp_path: Path):
    """Each secret is one to gitleaks as it is; in cassettes of every format it finds neither the secrets nor their pseudonyms."""
    planted = secrets(seed=1)
    clear = tmp_path / "clear.txt"
    clear.write_text("\n\n".join(secret.replace("_key=", "_key = ") for secret in planted.values()) + "\n")
    tape = Tape([one for secret in planted.values() for one in exchanges(secret)])
    Secrets().clean_all(tape.interactions)
    for name in ("tape.yaml", "tape.json", "tape.har"):
        files.save(tmp_path / name, tape)
    told = found(tmp_path)
    assert set() == set(planted) - {rule for file, rule, _ in told if file == "clear.txt"} - {"kubernetes-secret-yaml"}     # of files .yaml alone
    assert [] == sorted({one for one in told if one[0] != "clear.txt"})
