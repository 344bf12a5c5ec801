"""The way to a server: what it presents in a TLS handshake, what a proxy says, what a request asks of its connection."""
from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ..errors import PEER_TRUST, URLError
from .immutable import immutable

if TYPE_CHECKING:
    from .credential import URLCredential
    from .message import ResponseHead


@immutable
@dataclass(frozen=True, slots=True)
class ServerTrust:
    """The certificates (`chain`) that `host` presented at `port`, as DER, the server's own first; Apple's SecTrust as far as a
    challenge needs it.

    Two are equal when host, port and chain are. `problem` is what the usual verification said, None where it passed: the
    chain up to a trusted root, the dates and the name, judged against what the route trusts.
    """

    host: str
    port: int
    chain: tuple[bytes, ...] = field(repr=False)
    problem: URLError | None = field(default=None, repr=False, compare=False)

    def evaluate(self) -> URLError | None:
        """What default handling would fail the task with (-1200 to -1204), or None: SecTrustEvaluateWithError."""
        problem = self.problem
        return None if problem is None else URLError(problem.code, {**problem.user_info, PEER_TRUST: self})

    @property
    def leaf(self) -> bytes:
        """The server's own certificate, as DER; b"" where it presented none."""
        return self.chain[0] if self.chain else b""

    @property
    def fingerprint_sha256(self) -> str:
        """The SHA-256 of `leaf`, 64 lower-case hex digits: what a pin names."""
        return hashlib.sha256(self.leaf).hexdigest()


class TunnelRefused(OSError):
    """A proxy answered CONNECT with `head`: under the -1004 of a load that it did not let through."""

    def __init__(self, head: ResponseHead) -> None:
        super().__init__(f"the proxy answered CONNECT with {head.status} {head.reason}".rstrip())
        self.head = head


Judge = Callable[[ServerTrust, tuple[bytes, ...] | None, Callable[[], None]], None]
"""Called on the engine with what a server presented and, where it asked for a certificate and was shown none, the authorities that
it named; the exchange stands still until the last argument is called, on any thread. Who does not trust the server, or comes back
with a certificate, cancels the exchange instead."""


class Terms(NamedTuple):
    """What a request asks of its connection. Requests of different `identity` or `lane` share none."""

    identity: URLCredential | None = None    # the client certificate to present
    judge: Judge | None = None               # to be asked about a new TLS connection, before a byte of the request is sent
    lane: object = None                      # what a handshake of several requests belongs to: one connection at a time
