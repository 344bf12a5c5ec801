"""What the flows of APIs are made of: exchanges, secrets planted in them, and checks of what a client reads."""
from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Call(NamedTuple):
    """A request and its answer. What is text or bytes is a body as it is; all else becomes JSON."""

    url: str
    answer: Any
    sent: Any = None
    method: str = ""
    headers: dict[str, str] | None = None
    fields: tuple[tuple[str, str], ...] = ()     # of the answer


class Flow(NamedTuple):
    """Some calls. `check` is given all answers, live and replayed; `kept` are texts that both have; `secrets` must not be on the disk."""

    name: str
    calls: tuple[Call, ...]
    secrets: tuple[str, ...] = ()
    check: Callable[..., object] | None = None
    kept: tuple[str, ...] = ()


def form(**fields: str) -> str:
    return urlencode(fields)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(head: Any, claims: Any, signature: str = "c2lnbmF0dXJlLW9mLWEta2V5LXRoYXQtbm9ib2R5LWtub3dz") -> str:
    return f"{segment(head)}.{segment(claims)}.{signature}"


def read(token: str, part: int = 1) -> Any:
    text = token.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
