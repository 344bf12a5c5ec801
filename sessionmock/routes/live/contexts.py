"""The TLS contexts of a channel: with and without verification, with and without a client's certificate."""
from __future__ import annotations

import os
import re
import ssl
import tempfile
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from ...models.credential import URLCredential
from ...regular import open_regular, refuse_irregular

_HANDSHAKE, _CERTIFICATE_REQUEST = 22, 13    # RFC 8446, sections 5.1 and 4
_CERTIFICATE_AUTHORITIES = 47                # RFC 8446, section 4.2.4
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


_SUITES: dict[str, int] = {}    # IANA's numbers of cipher suites, by OpenSSL's names


def suite_number(context: ssl.SSLContext, name: str) -> int:
    """IANA's number of a suite that was chosen in a handshake of `context`; 0 where OpenSSL tells none."""
    if name not in _SUITES:
        _SUITES.update({suite["name"]: suite["id"] & 0xFFFF for suite in context.get_ciphers()})
    return _SUITES.get(name, 0)


def laxity(context: ssl.SSLContext) -> str:
    """What `context` does not verify of a server, in words; "" where it verifies all."""
    if context.verify_mode is ssl.CERT_NONE:
        return "verifies no server's certificate: anybody on the way can read and change what is sent"
    return "" if context.check_hostname else "takes the certificate of any host for that of every other"


class Contexts:
    """Made when they are needed and kept. `base` verifies in place of the system's trust; versions are IANA's numbers."""

    __slots__ = ("_base", "_made", "_maximum", "_minimum")

    def __init__(self, base: ssl.SSLContext | None, minimum: int, maximum: int) -> None:
        self._base, self._minimum, self._maximum = base, minimum, maximum
        self._made: dict[tuple[URLCredential | None, bool], ssl.SSLContext] = {}
        if base is not None:
            self._made[None, True] = _heard(base)

    def context(self, identity: URLCredential | None, verified: bool) -> ssl.SSLContext:
        """The context that presents `identity`. Raises OSError or ValueError where it cannot be read."""
        context = self._made.get((identity, verified))
        if context is None:
            context = self._made[identity, verified] = _heard(self._make(identity, verified))
        return context

    def watching(self, identity: URLCredential | None) -> tuple[ssl.SSLContext, list[bytes]]:
        """A context, and a list that gets the CertificateRequest messages of its handshakes.

        Nothing is sent over such a connection, so it verifies nobody. Where the interpreter tells no messages, none come.
        """
        context, requests = self._make(identity, False), list[bytes]()

        def note(connection: Any, direction: str, version: Any, content: Any, message: Any, data: bytes) -> None:
            if direction == "read" and content == _HANDSHAKE and message == _CERTIFICATE_REQUEST:
                requests.append(data)

        context._msg_callback = note    # type: ignore[attr-defined]    # the only place where ssl tells it
        return context, requests

    def _make(self, identity: URLCredential | None, verified: bool) -> ssl.SSLContext:
        base = self._base
        if base is None:
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion(self._minimum)
            context.maximum_version = ssl.TLSVersion(self._maximum)
        else:
            context = _copy(base)
        if not verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if identity is not None and identity.identity is not None:
            _show(context, identity)
        return context


class Offer(NamedTuple):
    """A context as it stands in for one handshake, in which `protocols` are offered (RFC 7301).

    Contexts are shared, and one that a test brought cannot be copied with all that it holds; what is offered belongs to a
    handshake. asyncio asks a context for nothing but this.
    """

    context: ssl.SSLContext
    protocols: tuple[str, ...] = ()

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        if self.protocols:
            self.context.set_alpn_protocols(self.protocols)
        return self.context.wrap_bio(*arguments, **options)


def _show(context: ssl.SSLContext, credential: URLCredential) -> None:
    """Let `context` present the certificate of `credential` and the intermediate ones after it."""
    identity = credential.identity
    files = identity if isinstance(identity, tuple) else (identity,)
    certificate, key, password = (*(None if one is None else os.fspath(one) for one in files), "", "")[:3]
    # An empty password, so that a key that needs one fails instead of asking on the terminal.
    for path in filter(None, (certificate, key)):
        refuse_irregular(path, os.stat(path).st_mode)     # OpenSSL would wait for what comes out of a FIFO
    if not credential.certificates:
        context.load_cert_chain(certificate or "", key or None, password or "")
        return
    with tempfile.TemporaryDirectory() as folder:     # ssl takes one file
        chain = os.path.join(folder, "chain.pem")
        with open(chain, "w", encoding="ascii") as file:
            file.writelines(map(_pem, (certificate, *credential.certificates)))
        context.load_cert_chain(chain, key or certificate, password or "")


def _pem(certificate: Any) -> str:
    """The certificates, and nothing else, of a PEM file, or the one that is given as DER."""
    if isinstance(certificate, bytes):
        return ssl.DER_cert_to_PEM_cert(certificate)
    with open(certificate, encoding="utf-8", errors="replace", opener=open_regular) as file:
        return "\n".join([*_PEM.findall(file.read()), ""])


def _copy(base: ssl.SSLContext) -> ssl.SSLContext:
    """A context that trusts whom `base` does, as far as it tells: its authorities in memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version, context.maximum_version = base.minimum_version, base.maximum_version
    context.options |= base.options
    context.verify_flags = base.verify_flags
    context.check_hostname = False
    context.verify_mode = base.verify_mode
    context.check_hostname = base.check_hostname
    context.set_ciphers(":".join(suite["name"] for suite in base.get_ciphers() if not suite["name"].startswith("TLS_")))
    if authorities := b"".join(base.get_ca_certs(binary_form=True)):
        context.load_verify_locations(cadata=authorities)
    return context


_requests: WeakKeyDictionary[ssl.SSLObject, bytes] = WeakKeyDictionary()
# What the ssl module wraps in a function of its own, which would cost ten times as much for each record.
_callback: Any = getattr(ssl.SSLContext.__base__, "_msg_callback", None)


def _heard(context: ssl.SSLContext) -> ssl.SSLContext:
    """`context`, whose CertificateRequest messages are noted by handshake; one that somebody listens to already is left alone."""
    if _callback is not None and _callback.__get__(context) is None:
        _callback.__set__(context, _note)
    return context


def _note(handshake: ssl.SSLObject, direction: str, version: int, content: int, message: int, data: bytes) -> None:
    if message == _CERTIFICATE_REQUEST and content == _HANDSHAKE and direction == "read":
        _requests[handshake] = data


def requested(handshake: ssl.SSLObject | None) -> tuple[bytes, ...] | None:
    """The authorities that a server named when it asked for a client's certificate in `handshake`; None where it did not, or there was none."""
    data = None if handshake is None else _requests.get(handshake)
    return None if data is None else distinguished_names(data)


def presented(handshake: ssl.SSLObject | None) -> tuple[bytes, ...]:
    """The chain that the peer sent in `handshake`, as DER, its own certificate first; empty where there was none."""
    if handshake is None:
        return ()
    if hasattr(handshake, "get_unverified_chain"):    # from Python 3.13 on
        return tuple(handshake.get_unverified_chain())
    inner: Any = getattr(handshake, "_sslobj", None)
    if hasattr(inner, "get_unverified_chain"):
        return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in inner.get_unverified_chain() or ())
    leaf = handshake.getpeercert(True)
    return () if leaf is None else (leaf,)


def distinguished_names(request: bytes) -> tuple[bytes, ...]:
    """The authorities that a CertificateRequest message names, each as the DER of its name; none where it is not well-formed.

    TLS 1.2 (RFC 5246, section 7.4.4) lists certificate types, signature algorithms and authorities; TLS 1.3 (RFC 8446,
    section 4.3.2) has a context and extensions.
    """
    return _names_1_2(request[4:]) or _names_1_3(request[4:])


def _names_1_2(body: bytes) -> tuple[bytes, ...]:
    _, rest = _vector(body, 1)
    _, rest = _vector(rest, 2)
    names, rest = _vector(rest, 2)
    return () if rest else _items(names)


def _names_1_3(body: bytes) -> tuple[bytes, ...]:
    _, rest = _vector(body, 1)
    extensions, _ = _vector(rest, 2)
    while len(extensions) >= 4:
        kind = int.from_bytes(extensions[:2], "big")
        data, extensions = _vector(extensions[2:], 2)
        if kind == _CERTIFICATE_AUTHORITIES:
            return _items(_vector(data, 2)[0])
    return ()


def _items(data: bytes) -> tuple[bytes, ...]:
    found = []
    while data:
        item, data = _vector(data, 2)
        if not item.startswith(b"\x30"):    # a Name is a SEQUENCE
            return ()
        found.append(item)
    return tuple(found)


def _vector(data: bytes, width: int) -> tuple[bytes, bytes]:
    """A vector whose length takes `width` bytes, and what follows it; nothing of one that is cut."""
    end = width + int.from_bytes(data[:width], "big")
    return (data[width:end], data[end:]) if end <= len(data) else (b"", b"")
