"""NTLM and Negotiate, by the extra `ntlm` (pyspnego)."""
from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ..core.challenges import Negotiator, Step
from ..models.credential import URLCredential


@cache
def negotiator() -> Negotiator | None:
    """What makes challenges of NTLM and Negotiate answerable, or None without pyspnego."""
    return None if find_spec("spnego") is None else _begin


def _begin(scheme: str, host: str, credential: URLCredential) -> Step:
    """A handshake for the service "HTTP" on `host`; `credential.user` may be "DOMAIN\\user" or "user@domain"."""
    context: Any = None

    def step(token: bytes | None) -> bytes | None:
        nonlocal context
        try:
            if context is None:
                context = import_module("spnego").client(credential.user, credential.password, hostname=host, service="HTTP", protocol=scheme)
            out: bytes | None = context.step(token)
        except Exception:    # no way to log in, or a token that is none, which its parsers fail at in many ways: refused next
            return None
        return out

    return step
