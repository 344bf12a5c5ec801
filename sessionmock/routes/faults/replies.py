"""Answers that a plan puts in the place of those that would come: another status, a redirect, a challenge."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...core.digest import quoted
from ...faults.armed import Shot
from ...faults.kinds import Kind
from ...models.message import Headers, Request, header
from ..base import Channel, ChannelOver, Exchange, Host, Sink
from ..script.answer import Answer
from ..script.route import ScriptChannel, ScriptRoute

_NAMES = {"basic": "Basic", "digest": "Digest", "bearer": "Bearer", "negotiate": "Negotiate", "ntlm": "NTLM"}
_WITHOUT_REALM = frozenset({"negotiate", "ntlm"})      # RFC 4559: they are about the connection


class ReplyChannel(ChannelOver):
    """A channel whose answers may be replaced. Then it is not asked at all, and the reply comes as a script's answer does: when the
    request's body was read to its end."""

    def __init__(self, inner: Channel | None, host: Host) -> None:
        super().__init__(inner)
        self._host = host

    def open(self, request: Request, sink: Sink) -> Exchange:
        faults = request.faults
        request = replace(request, faults=None)
        for shot in () if faults is None else faults.passing("head", replaces=True):
            shot.fire()
            script = ScriptRoute().answer(reply(shot, request.method))
            return ScriptChannel(script, None, self._host).open(request, sink)
        return super().open(request, sink)


def reply(shot: Shot, method: str) -> Answer:
    """The answer that `shot` puts in the place of another one, to a request of `method`. It says how long its body is, as servers do."""
    status, headers, body = _REPLIES[shot.kind.name](shot)
    if status not in (204, 304):
        if header(headers, "content-length") is None and header(headers, "transfer-encoding") is None:
            headers = [*headers, ("Content-Length", str(len(body)))]
    else:
        body = b""
    return Answer(status=status, headers=headers, body=b"" if method == "HEAD" else body)


def challenge_field(shot: Shot) -> str:
    """The value of the field by which a server, or a proxy, asks for a credential as `shot` says (RFC 9110, section 11.6.1). Each nonce of
    Digest is another one."""
    kind: Kind = shot.kind
    scheme = kind["scheme"].lower()
    parameters = [] if scheme in _WITHOUT_REALM else [f"realm={quoted(kind['realm'])}"]
    if scheme == "digest":
        parameters += [f'nonce="{shot.token}"', 'qop="auth"', "algorithm=SHA-256", *["stale=true"] * kind["stale"]]
    return " ".join([_NAMES.get(scheme, kind["scheme"]), ", ".join(parameters)]).rstrip()


def _challenge(shot: Shot) -> tuple[int, Headers, bytes]:
    status, name = (407, "Proxy-Authenticate") if shot.kind["proxy"] else (401, "WWW-Authenticate")
    return status, [(name, challenge_field(shot))], b""


_REPLIES: dict[str, Callable[[Shot], tuple[int, Headers, bytes]]] = {
    "status": lambda shot: (shot.kind["code"], list(shot.kind["headers"]), shot.kind["body"]),
    "redirect": lambda shot: (shot.kind["code"], [("Location", shot.kind["to"])], b""),
    "challenge": _challenge,
}
