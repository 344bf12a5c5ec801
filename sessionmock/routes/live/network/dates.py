"""Certificates judged by another clock than OpenSSL's: under virtual time they hold and expire by virtual dates."""
from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ....clock import Clock
from ..contexts import Offer

_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)    # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name

# OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED, in its words.
_NOT_YET_VALID = 9, "certificate is not yet valid"
_EXPIRED = 10, "certificate has expired"


class DatedOffer(Offer):
    """An offer whose handshake judges the server's certificates by `clock`, and by no other date."""

    clock: Clock

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        context = self.context
        flags, kind = context.verify_flags, context.sslobject_class
        context.verify_flags, context.sslobject_class = flags | _NO_CHECK_TIME, DatedHandshake    # belong to a handshake, too
        try:
            made = super().wrap_bio(*arguments, **options)
        finally:
            context.verify_flags, context.sslobject_class = flags, kind
        assert isinstance(made, DatedHandshake)
        made.clock = self.clock
        return made


def dated(offer: Offer, clock: Clock) -> Offer:
    """`offer`, judged by `clock`."""
    made = DatedOffer(*offer)
    made.clock = clock
    return made


class DatedHandshake(ssl.SSLObject):
    """A handshake that ends by a look at the dates of the certificates that it has verified."""

    clock: Clock

    def do_handshake(self) -> None:
        super().do_handshake()
        if self.context.verify_mode is not ssl.CERT_NONE:
            now = self.clock.date()
            for start, end in _validities(self):
                if now < start:
                    raise _refusal(*_NOT_YET_VALID)
                if now > end:
                    raise _refusal(*_EXPIRED)


def _validities(handshake: Any) -> Iterator[tuple[datetime, datetime]]:
    """From when to when each certificate of the verified chain holds, the server's own first."""
    for certificate in handshake._sslobj.get_verified_chain() or ():
        told = certificate.get_info()
        yield _date(told["notBefore"]), _date(told["notAfter"])


@lru_cache(256)
def _date(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _refusal(number: int, words: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words}")
    error.reason, error.library = "CERTIFICATE_VERIFY_FAILED", "SSL"
    error.verify_code, error.verify_message = number, words
    return error
