"""NTLM and Negotiate, where there is somebody who speaks them."""
from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from sessionmock.load import negotiation
from sessionmock.models.credential import URLCredential

ANN = URLCredential("DOMAIN\\ann", "secret")


def test_without_pyspnego_nobody_speaks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such challenges are not answerable then."""
    monkeypatch.setattr(negotiation, "find_spec", lambda name: None)
    assert negotiation.negotiator.__wrapped__() is None
    monkeypatch.undo()
    assert negotiation.negotiator.__wrapped__() is not None


class Client:
    """What pyspnego makes: goes one step after the other."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self.given = *given, more
        self.tokens: list[bytes | None] = []

    def step(self, token: bytes | None) -> bytes | None:
        self.tokens.append(token)
        if token == b"nonsense":
            raise ValueError("no such message")
        return b"first" if token is None else b"then"


def test_a_handshake_is_begun_once_and_goes_on_with_the_servers_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the service of the web on that host, when its first token is wanted; what it cannot read ends it."""
    made: list[Client] = []

    def client(*given: Any, **more: Any) -> Client:
        made.append(Client(*given, **more))
        return made[-1]

    module = ModuleType("spnego")
    module.client = client      # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spnego", module)
    step = negotiation._begin("ntlm", "a.test", ANN)
    assert [] == made
    assert [b"first", b"then", None] == [step(token) for token in (None, b"token", b"nonsense")]
    assert [("DOMAIN\\ann", "secret", {"hostname": "a.test", "service": "HTTP", "protocol": "ntlm"})] == [each.given for each in made]


def test_who_cannot_log_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential that no handshake can begin with gives no token, and raises nothing."""
    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no such realm")

    module = ModuleType("spnego")
    module.client = refuse      # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spnego", module)
    assert negotiation._begin("negotiate", "a.test", ANN)(None) is None
