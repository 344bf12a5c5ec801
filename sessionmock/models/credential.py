"""Credentials, the spaces they belong to, and the challenges that ask for them (docs/rules.md, Challenges)."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from os import PathLike
from typing import Any, Final, Protocol, TypeAlias, overload

from ..documented import documented
from ..errors import InvalidArgumentException
from .host import host_given
from .immutable import immutable
from .response import URLResponse
from .settings import TEXT, Takes, instance, member, optional, reject, whole
from .trust import ServerTrust

# What `URLProtectionSpace.authentication_method` says, by Apple's names and values.
NSURLAuthenticationMethodDefault: Final = "NSURLAuthenticationMethodDefault"
NSURLAuthenticationMethodHTTPBasic: Final = "NSURLAuthenticationMethodHTTPBasic"
NSURLAuthenticationMethodHTTPDigest: Final = "NSURLAuthenticationMethodHTTPDigest"
NSURLAuthenticationMethodHTMLForm: Final = "NSURLAuthenticationMethodHTMLForm"
NSURLAuthenticationMethodNTLM: Final = "NSURLAuthenticationMethodNTLM"
NSURLAuthenticationMethodNegotiate: Final = "NSURLAuthenticationMethodNegotiate"
NSURLAuthenticationMethodClientCertificate: Final = "NSURLAuthenticationMethodClientCertificate"
NSURLAuthenticationMethodServerTrust: Final = "NSURLAuthenticationMethodServerTrust"

# `URLProtectionSpace.protocol` and `.proxy_type`.
NSURLProtectionSpaceHTTP: Final = "http"
NSURLProtectionSpaceHTTPS: Final = "https"
NSURLProtectionSpaceFTP: Final = "ftp"
NSURLProtectionSpaceHTTPProxy: Final = "http"
NSURLProtectionSpaceHTTPSProxy: Final = "https"
NSURLProtectionSpaceFTPProxy: Final = "ftp"
NSURLProtectionSpaceSOCKSProxy: Final = "SOCKS"

# Methods that put no password on the wire.
_SECURE_METHODS = frozenset({
    NSURLAuthenticationMethodHTTPDigest, NSURLAuthenticationMethodNTLM, NSURLAuthenticationMethodNegotiate,
    NSURLAuthenticationMethodClientCertificate, NSURLAuthenticationMethodServerTrust,
})

ClientIdentity = str | PathLike[str] | tuple[str | PathLike[str], ...]
"""A key with its certificate, as `ssl.SSLContext.load_cert_chain` takes it: the path of a PEM file that holds both, or
(certificate file, key file) or (certificate file, key file, password of the key)."""

Certificate = str | PathLike[str] | bytes
"""The path of a PEM file, or DER."""


@documented(
    NONE="for one task",
    FOR_SESSION="as long as the process lives",
    PERMANENT="in the keyring",
    SYNCHRONIZABLE="there too, and removed only by the option that says so",
)
class CredentialPersistence(IntEnum):
    """How long a credential is kept: for one task, for the session, in the keyring, or there and on other devices.

    There is no cloud behind this library, so SYNCHRONIZABLE is kept like PERMANENT.
    """

    NONE = 0
    FOR_SESSION = 1
    PERMANENT = 2
    SYNCHRONIZABLE = 3


_NAME, _PERSISTENCE, _COUNT = optional(TEXT), member(CredentialPersistence), whole(0)


def _certificates(value: Any) -> tuple[Certificate, ...]:
    found = tuple(value)
    if isinstance(value, (str, bytes)) or not all(isinstance(each, (str, PathLike, bytes)) for each in found):
        raise TypeError
    return found


_CERTIFICATES = Takes("a list of certificates, each the path of a PEM file or DER", _certificates)
_TRUST = instance(ServerTrust, "the server_trust of a ServerTrust challenge's protection space; of others it is None")


class MakesIdentity(Protocol):
    """`URLCredential.identity`, asked of the class."""

    def __call__(self, identity: ClientIdentity, certificates: Iterable[Certificate] = (),
                 persistence: CredentialPersistence = CredentialPersistence.FOR_SESSION) -> URLCredential: ...


class _IdentityMember:
    """`identity` is Apple's name twice: of an initialiser (on the class) and of a property (on a credential)."""

    @overload
    def __get__(self, instance: None, owner: type[URLCredential]) -> MakesIdentity: ...
    @overload
    def __get__(self, instance: URLCredential, owner: type[URLCredential]) -> ClientIdentity | None: ...
    def __get__(self, instance: URLCredential | None, owner: type[URLCredential]) -> MakesIdentity | ClientIdentity | None:
        return owner._with_identity if instance is None else instance._identity


class _Nested:
    """What Swift nests in `URLCredential`: apart from it, for a dataclass takes every annotation for a field."""

    __slots__ = ()
    Persistence: TypeAlias = CredentialPersistence


@immutable
@dataclass(frozen=True, slots=True)
class URLCredential(_Nested):
    """A user with a password, a client certificate, or the word that a server is trusted. Immutable.

        URLCredential("ann", "secret")                            # persistence: FOR_SESSION
        URLCredential.identity("client.pem")                      # answers a ClientCertificate challenge
        URLCredential.trust(challenge.protection_space.server_trust)

    `user` and `password` are str or None; `has_password` is False for a user whose password is not known. The password is never
    shown by `repr`. `persistence` says how long it is kept. `certificates` are the intermediate ones of an `identity`, `server_trust`
    what a server presented.
    """

    user: str | None
    password: str | None = field(default=None, repr=False)
    persistence: CredentialPersistence = CredentialPersistence.FOR_SESSION
    certificates: tuple[Certificate, ...] = field(default=(), kw_only=True, repr=False)
    server_trust: ServerTrust | None = field(default=None, kw_only=True, repr=False)
    _identity: ClientIdentity | None = field(default=None, kw_only=True, repr=False)

    identity = _IdentityMember()

    def __post_init__(self) -> None:
        _NAME.of("URLCredential(user)", self.user)
        if not isinstance(self.password, str | None):
            reject("URLCredential(password)", type(self.password), "a str, or None where it is not known")
        object.__setattr__(self, "persistence", _PERSISTENCE.of("URLCredential(persistence)", self.persistence))

    @classmethod
    def _with_identity(
        cls,
        identity: ClientIdentity,
        certificates: Iterable[Certificate] = (),
        persistence: CredentialPersistence = CredentialPersistence.FOR_SESSION,
    ) -> URLCredential:
        """A client certificate with its key. Never kept permanently.

        `certificates` are the intermediate ones that are shown after it: paths of PEM files, or DER.
        """
        if not isinstance(identity, (str, PathLike, tuple)):
            reject("URLCredential.identity(identity)", identity, "the path of a PEM file, or (certificate file, key file, password)")
        if _PERSISTENCE.of("URLCredential.identity(persistence)", persistence) > CredentialPersistence.FOR_SESSION:
            raise InvalidArgumentException(
                f"URLCredential.identity(persistence={persistence!r}): only passwords are kept permanently, "
                "use NONE or FOR_SESSION")
        return cls(None, None, persistence, certificates=_CERTIFICATES.of("URLCredential.identity(certificates)", certificates), _identity=identity)

    @classmethod
    def trust(cls, trust: ServerTrust | None) -> URLCredential:
        """Accepts the server that presented `trust`, which is the `server_trust` of a challenge's protection space."""
        return cls(None, None, CredentialPersistence.NONE, server_trust=_TRUST.of("URLCredential.trust", trust))

    @property
    def has_password(self) -> bool:
        """Whether the password is known; an empty one counts."""
        return self.password is not None


@immutable
@dataclass(frozen=True, slots=True)
class URLProtectionSpace:
    """A part of a server, or a proxy, that one credential opens (RFC 9110, section 11.5).

    Two spaces are equal when host, port, protocol, realm, method and kind of proxy are; what a server presented
    (`server_trust`, `distinguished_names`) does not matter. A port of 0 is a space of its own, not the default port's.
    `protocol` is None for a proxy, `proxy_type` None for anything else. The host is kept in its canonical form, in which hosts are compared.
    `realm` is None where nobody named one, `authentication_method` one of the constants NSURLAuthenticationMethod....
    """

    host: str
    port: int
    protocol: str | None
    realm: str | None = None
    authentication_method: str = NSURLAuthenticationMethodDefault
    proxy_type: str | None = field(default=None, kw_only=True)
    distinguished_names: tuple[bytes, ...] = field(default=(), kw_only=True, compare=False)
    server_trust: ServerTrust | None = field(default=None, kw_only=True, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", host_given("URLProtectionSpace", self.host))
        if isinstance(self.port, bool) or not isinstance(self.port, int) or not 0 <= self.port < 65536:
            raise InvalidArgumentException(f"URLProtectionSpace: {self.port!r} is no port; use an int up to 65535, 0 for none")
        for name in ("protocol", "realm", "proxy_type"):
            _NAME.of(f"URLProtectionSpace({name})", getattr(self, name))
        TEXT.of("URLProtectionSpace(authentication_method)", self.authentication_method)

    @classmethod
    def proxy(
        cls,
        host: str,
        port: int,
        type: str | None = NSURLProtectionSpaceHTTPProxy,
        realm: str | None = None,
        authentication_method: str = NSURLAuthenticationMethodDefault,
    ) -> URLProtectionSpace:
        """The space of a proxy of the given type (NSURLProtectionSpaceHTTPProxy and its like)."""
        return cls(host, port, None, realm, authentication_method, proxy_type=type or NSURLProtectionSpaceHTTPProxy)

    @property
    def is_proxy(self) -> bool:
        """Whether a proxy asks, not the server."""
        return self.proxy_type is not None

    @property
    def receives_credential_securely(self) -> bool:
        """Whether nobody on the way can read the password: by TLS, or by a method that does not send it."""
        return self.protocol == NSURLProtectionSpaceHTTPS or self.authentication_method in _SECURE_METHODS


_SPACE, _CREDENTIAL = instance(URLProtectionSpace), optional(instance(URLCredential))


@immutable
@dataclass(frozen=True, slots=True, kw_only=True)
class URLAuthenticationChallenge:
    """What a delegate is asked: a credential for `protection_space`. `error` is what failed before it, or None.
    `failure_response` is the 401 or 407 and None for a challenge of TLS.

    `proposed_credential` is what default handling would use (from the storage or the URL) and, once a credential has
    failed, the one that failed last; `previous_failure_count` counts refused credentials for this space, from 0.
    `sender` is of no use: only the completion handler answers.
    """

    protection_space: URLProtectionSpace
    proposed_credential: URLCredential | None = None
    previous_failure_count: int = 0
    failure_response: URLResponse | None = None
    error: Exception | None = None
    sender: None = None

    def __post_init__(self) -> None:
        _SPACE.of("URLAuthenticationChallenge(protection_space)", self.protection_space)
        _CREDENTIAL.of("URLAuthenticationChallenge(proposed_credential)", self.proposed_credential)
        _COUNT.of("URLAuthenticationChallenge(previous_failure_count)", self.previous_failure_count)
