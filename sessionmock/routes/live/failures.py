"""What the operating system, TLS and the codec report, as the codes of a URLError (docs/rules.md, Error codes)."""
from __future__ import annotations

import errno
import socket
import ssl

from ...errors import Code, URLError, url_error
from .http1.events import Garbage

_CONNECT = {
    errno.ENETUNREACH: Code.NOT_CONNECTED_TO_INTERNET,
    errno.ENETDOWN: Code.NOT_CONNECTED_TO_INTERNET,
    errno.ETIMEDOUT: Code.TIMED_OUT,
}

# OpenSSL's X509_V_ERR numbers; every other one, a wrong host name (62) among them, is "untrusted".
_VERIFY = {
    9: Code.SERVER_CERTIFICATE_NOT_YET_VALID,
    10: Code.SERVER_CERTIFICATE_HAS_BAD_DATE,
    18: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,     # self-signed leaf
    19: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,     # self-signed in the chain
    20: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,     # no local issuer
    21: Code.SERVER_CERTIFICATE_HAS_UNKNOWN_ROOT,     # leaf cannot be verified
}

# Alerts about the client's certificate, as OpenSSL names them after SSLV3_ALERT_, TLSV1_ALERT_ or TLSV13_ALERT_.
_CLIENT_CERTIFICATE = {
    "CERTIFICATE_REQUIRED": Code.CLIENT_CERTIFICATE_REQUIRED,
    **dict.fromkeys(
        ("BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_REVOKED", "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN",
         "UNKNOWN_CA", "ACCESS_DENIED"), Code.CLIENT_CERTIFICATE_REJECTED),
}


CERTIFICATE_CODES = frozenset({Code.CLIENT_CERTIFICATE_REQUIRED, Code.CLIENT_CERTIFICATE_REJECTED})


def not_found(error: Exception, url: str) -> URLError:
    """The name of the host was not resolved, for whatever reason (scenario fail-no-host)."""
    return url_error(Code.CANNOT_FIND_HOST, url, error)


def not_connected(error: OSError, url: str) -> URLError:
    """No address took the connection."""
    if isinstance(error, socket.gaierror):
        return not_found(error, url)
    return url_error(_CONNECT.get(error.errno or 0, Code.CANNOT_CONNECT_TO_HOST), url, error)


def no_proxy(error: Exception, url: str) -> URLError:
    """The proxy cannot be reached, whatever the reason."""
    return url_error(Code.CANNOT_CONNECT_TO_HOST, url, error)


def wants_certificate(error: BaseException | None) -> bool:
    """Whether this may be how TLS 1.2 asks for a client's certificate (RFC 5246, section 7.4.6: handshake_failure)."""
    return isinstance(error, ssl.SSLError) and (error.reason or "").endswith("ALERT_HANDSHAKE_FAILURE")


def not_secured(error: Exception, url: str) -> URLError:
    """The TLS handshake failed; a connection cut within it counts as that too."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return url_error(_VERIFY.get(error.verify_code, Code.SERVER_CERTIFICATE_UNTRUSTED), url, error)
    reason = getattr(error, "reason", None) or ""
    return url_error(_CLIENT_CERTIFICATE.get(reason.partition("_ALERT_")[2], Code.SECURE_CONNECTION_FAILED), url, error)


def broken(error: Exception, url: str) -> URLError:
    """The exchange broke off on a connection that stood."""
    if isinstance(error, Garbage):
        return url_error(Code.CANNOT_PARSE_RESPONSE, url, error)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return not_secured(error, url)
    return url_error(Code.NETWORK_CONNECTION_LOST, url, error)
