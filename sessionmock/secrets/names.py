"""Which names say that what stands under them is a secret: in headers, queries, forms, JSON, XML and parts of a body."""
from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .looks import any_of
from .weighing import Kind

# Names, in lower case without anything but letters and digits -----------------------------------------------------------
_ENDINGS = ("token", "secret", "password", "passwd", "passphrase", "passcode", "apikey", "accesskey", "privatekey", "secretkey", "sessionid",
            "sessionkey", "subscriptionkey", "signingkey", "encryptionkey", "clientkey", "accountkey", "licensekey", "masterkey", "sharedkey",
            "authkey", "applicationkey", "consumerkey", "functionskey", "authorization", "jwt", "verificationcode", "otpcode",
            "cardnumber")
_NAMES = frozenset({
    "bearer", "pass", "passwort", "pswd", "pwd", "pin", "otp", "totp", "mfacode", "smscode", "logincode", "accesscode",
    "authcode", "authorizationcode", "assertion", "clientassertion", "samlresponse", "codeverifier", "oauthverifier", "devicecode",
    "credential", "accesskeyid", "awsaccesskeyid", "secretaccesskey", "secretid", "signature", "sig", "oauthsignature", "hmac", "xamzsignature",
    "xamzcredential", "jsessionid", "phpsessid", "sid", "connectionstring", "connstr", "cookie", "cookies", "cookie2", "setcookie", "setcookie2",
    "csrf", "xsrf", "cvv", "cvc", "ssn", "mnemonic", "securityanswer", "magiclink",
    "passwords", "secrets", "apikeys", "accesstokens", "recoverycodes", "backupcodes",
})
# Names of positions and versions, which are told by tokens too, and of a language model's own words.
_PUBLIC = re.compile(r"""x?(?:
    (?:next|prev|previous|page|paging|pagination|continuation|continue|sync|skip|delta|scroll|sequence|cursor|resume|marker|start|starting|end|forward
    |backward|change|history|clientrequest|idempotency|concurrency|version|invalidsync|after|before|list|checkpoint|upload)+
    |bos|eos|pad|unk|cls|sep|mask|image|audio|video|special|additionalspecial|decoderstart|stop|fim\w*|eot|eom|boi|eoi
    )tokens?""", re.VERBOSE)
_CHOSEN = ("password", "passwd", "passphrase", "passcode", "passwort", "pswd", "pwd", "pass", "pin", "otp", "totp", "mfacode", "smscode", "logincode",
           "verificationcode", "otpcode", "cvv", "cvc", "cardnumber", "ssn", "mnemonic", "securityanswer", "passwords")
_LOOSE = frozenset({
    "token", "secret", "secrets", "bearer", "credential", "credentials", "signature", "sig", "hmac", "sid", "cookie", "cookies", "csrf", "xsrf",
    "assertion", "authorization", "session", "auth", "key", "code", "authcode", "sessionid", "jwt", "accesskey", "magiclink",
})
_SIGNATURES = frozenset({"signature", "sig"})
_WHEN_LONG = frozenset({"auth", "session", "credentials"})    # where a long value is one; a short one says of which kind
_IN_QUERIES = _WHEN_LONG | {"key"}
_LONG = 16
_SUFFIX = re.compile(r"(?:v?\d+|value|confirmation|confirm|repeat|hash|data)$")    # of the same again: password2, tokenValue

# What a header may be called besides: there a key is no place in a table.
_OF_HEADERS = ("key", "auth", "authentication", "session", "bearer", "pin", "signature", "accesssign", "assertion", "oidcdata")
_PUBLIC_HEADERS = ("idempotencykey", "surrogatekey", "cachekey", "websocketkey", "partitionkey", "routingkey", "ratelimitkey", "publickey",
                   "publishablekey")
_SHORTEST = 8       # of such a header's value

# Every name above has one of these in it, each from its rarest letter on: the pattern of all of them skips most of a text.
_OF_KEYS = "api|ess|unt|ion|ate|ing|ent|nse|ter|red|mer|ons"      # on which what stands before "key" ends
_OF_CODES = "gin|ess|ice|mfa|sms|ery|kup"
_STEMS = (
    "k(?<=tok)en", "kty", "key=", rf"key(?<=(?:{_OF_KEYS})key)", rf"key(?<=(?:{_OF_KEYS})[\W_]key)", "code=", rf"code(?<=(?:{_OF_CODES})code)",
    rf"code(?<=(?:{_OF_CODES})[\W_]code)", "c(?<=sec)ret", r"c(?<=sec)urity[\W_]?answer", "credential", r"conn[\w-]*str", "cookie", "cvv", "cvc",
    "card", "u(?<=au)th", "pass", "pswd", "pwd", r"pin\W", "p(?<=otp)", "sess", "sertion", "signature", r"sig\W", r"sid\W",
    "samlresponse", "srf", "ssn", "mnemonic", r"mac\W", r"magic[\W_]?link", "verifi", "jwt", "bearer",
)


@lru_cache(maxsize=64)
def _stems(extra: tuple[str, ...]) -> re.Pattern[bytes]:
    """What finds a stem of a secret name; remembered, since each cassette that is opened asks."""
    return re.compile(any_of((*_STEMS, *(max(re.split(r"[^a-z0-9]+", name.lower()), key=len) for name in extra))).encode())


class Names:
    """The names of secrets: the usual ones and `extra`, but for those in `keep`."""

    def __init__(self, extra: Iterable[str] = (), keep: Iterable[str] = ()) -> None:
        extra = tuple(extra)
        self._extra = frozenset(map(compact, extra))
        self._keep = frozenset(map(compact, keep))
        self._known: dict[str, bool] = {}
        self.stems = _stems(extra)    # in lower case; where there is none, there is no secret name

    def kept(self, name: str) -> bool:
        """Whether the user said that `name` is not secret."""
        return compact(name) in self._keep

    def named(self, name: str) -> bool:
        """Whether the user said that `name` is secret."""
        return compact(name) in self._extra

    def is_secret(self, name: str) -> bool:
        """Whether what is called `name` is a secret."""
        known = self._known.get(name)
        if known is None:
            plain = compact(name)
            stem = _SUFFIX.sub("", plain)
            known = plain not in self._keep and (plain in self._extra or plain in _NAMES
                                                 or (stem.endswith(_ENDINGS) and not _PUBLIC.fullmatch(stem)
                                                     and not _PUBLIC.match(stem, max(0, stem.rfind("next")))))
            if len(self._known) < 10_000:
                self._known[name] = known
        return known

    def may_hold(self, name: str) -> bool:
        """Whether `holds` may be true for `name`, whatever the value."""
        return self.is_secret(name) or name.lower() in _WHEN_LONG

    def holds(self, name: str, value: str, *, query: bool = False) -> bool:
        """Whether `value` is a secret under `name`, of a query where that is said."""
        if self.is_secret(name):
            return True
        if len(value) < _LONG or " " in value or "://" in value:
            return False
        return name.lower() in (_IN_QUERIES if query else _WHEN_LONG) and not self.kept(name)

    def kind(self, name: str) -> Kind:
        """What `name`, for which `holds` is true, says of its value."""
        plain = compact(name)
        stem = _SUFFIX.sub("", plain)
        if plain in self._extra:
            return Kind.GIVEN
        return Kind.LOOSE if stem in _LOOSE else Kind.CHOSEN if stem.endswith(_CHOSEN) else Kind.CLEAR

    def of_header(self, name: str, value: str) -> bool:
        """Whether `value` is a secret in the header `name`."""
        if self.is_secret(name):
            return True
        plain = compact(name)
        return (len(value) >= _SHORTEST and plain not in self._keep and _SUFFIX.sub("", plain).endswith(_OF_HEADERS)
                and not plain.endswith(_PUBLIC_HEADERS))


def is_signature(name: str) -> bool:
    """Whether `name` is that of a signature, which may be one of content."""
    return compact(name) in _SIGNATURES


def compact(name: str) -> str:
    """`name` in lower case without anything but letters and digits: however it is spelled, it is the same."""
    return _NOT_NAME.sub("", name.lower())


_NOT_NAME = re.compile(r"[^a-z0-9]+")
