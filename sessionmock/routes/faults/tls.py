"""What a TLS handshake fails of, as OpenSSL says it; no handshake need be made for that."""
from __future__ import annotations

import ssl

from ...faults.kinds import Kind
from ..live.network.ends import reset_error

# OpenSSL's X509_V_ERR numbers, and what it says with them.
_VERIFY = {
    "expired": (10, "certificate has expired"),
    "not yet valid": (9, "certificate is not yet valid"),
    "wrong host": (62, "Hostname mismatch, certificate is not valid for '{host}'."),
    "untrusted": (20, "unable to get local issuer certificate"),
}


def spoilt_handshake(kind: Kind, host: str) -> OSError:
    """What the handshake with `host` raises where `kind` happens to it: `certificate`, `corrupt`, `reset` or `end`."""
    if kind.name == "certificate":
        code, text = _VERIFY[kind["problem"]]
        text = text.format(host=host)
        error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {text}")
        error.library, error.reason, error.verify_code, error.verify_message = "SSL", "CERTIFICATE_VERIFY_FAILED", code, text
        return error
    if kind.name == "corrupt":
        reason = "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
        broken = ssl.SSLError(1, f"[SSL: {reason}] decryption failed or bad record mac")
        broken.library, broken.reason = "SSL", reason
        return broken
    return reset_error()      # so asyncio tells of an end in the midst of a handshake, too
