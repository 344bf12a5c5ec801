"""What a value says of itself, whatever it is called: that it is a word, a text, a date, a place; or that only a machine can have made it."""
from __future__ import annotations

import re

# Words that stand under the names of secrets and say something about them: of which kind they are, that there is none, what is wrong with them.
_WORDS = frozenset({
    "none", "null", "nil", "undefined", "true", "false", "yes", "no", "on", "off", "enabled", "disabled", "required", "optional",
    "missing", "invalid", "expired", "revoked", "blank", "empty", "unknown", "unset", "set", "changed", "string", "text", "password",
    "passwd", "secret", "token", "hidden", "integer", "number", "boolean", "object", "array", "any", "uuid", "binary", "byte", "bearer",
    "basic", "digest", "plain", "plaintext", "mac", "dpop", "default", "public", "private", "public_key", "active", "inactive",
    "pending", "valid", "redacted", "filtered", "masked", "removed", "deleted", "strong", "weak", "medium", "too_short", "too_long",
    "too_weak", "not_set", "dark", "light", "auto", "system", "read", "write", "admin", "include", "omit", "same-origin", "allow",
    "deny",
})
_CAN_BE_KEY = re.compile(r"[A-Za-z0-9_.~+/=:@!$%*|,^-]+")
# Dates; places, media types and host names; placeholders; locales; addresses of a block chain.
_PLACE = re.compile(r"""
    \d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d.*)?)? | (?:[A-Z][a-z]{2},?\ ){1,2}.*\d\d:\d\d:\d\d.*
    | [a-z][a-z0-9+.-]*://.* | \#/.* | \.?/[\w/.{}-]* | (?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|test|example|local|internal)(?:[:/].*)?
    | (?:text|application|image|audio|video|multipart)/[\w.+-]+ | [<\[{(|].*[>\]})|] | \$\{.*\}? | [a-z]{2}[-_][A-Z]{2} | 0x[0-9a-fA-F]{40}
""", re.VERBOSE | re.DOTALL)
# Versions, constants, names with a number (sha256, utf-8), short numbers, lengths of time.
_CODE = re.compile(r"v?\d+(?:\.\d+)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Za-z]+[-_]?\d{1,4}|\d{1,5}|\d+(?:\.\d+)?\ ?[a-z]{1,2}")
_PLAIN = re.compile(r"[A-Za-z]{1,16}(?:[/_ .-][A-Za-z]{1,16})*|\d{1,5}|v?\d+(?:\.\d{1,4}){1,3}|\d{4}-\d\d-\d\d.*")
_OF_TWILIO = re.compile("(?!SK)[A-Z]{2}[0-9a-f]{32}")
_JOINTS = re.compile("[-'/]")
_OF_SECRETS = re.compile(r"secret|token|passw|canary|apikey|api[-_]key", re.I)
_BLANK = re.compile(r"\s")
_HUMP = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")


def is_public_id(value: str) -> bool:
    """Whether `value` is an identifier of Twilio's, which stands in its URLs; a key (SK...) is none."""
    return _OF_TWILIO.fullmatch(value) is not None


def is_word(value: str) -> bool:
    """Whether `value` is one of the words that stand in the place of a secret and are none."""
    return value.lower() in _WORDS or not value.strip("*.•xX#-_ ")


def is_plain(value: str) -> bool:
    """Whether `value` is a short word or number, a few words with marks between them, a locale, a version or a date."""
    return is_word(value) or len(value) < 3 or (len(value) < 32 and _PLAIN.fullmatch(value) is not None)


def is_label(value: str) -> bool:
    """Whether `value` is what people read: a sentence, or a word with a capital in front, as "Passwort"."""
    if any(map(str.isdigit, value)) and " " not in value.strip():
        return False
    if " " in value.strip() or not value.isascii():
        return True
    words = _JOINTS.split(value.rstrip(":?!.*"))
    return value[:1].isupper() and all(word.isalpha() and (word.islower() or word.istitle() or len(words) > 1) for word in words)


def says_place(value: str) -> bool:
    """Whether `value` is a date, an address, a placeholder or a locale."""
    return _PLACE.fullmatch(value) is not None


def says_something(value: str) -> bool:
    """Whether `value` is that, or a word, a version, a constant or the like."""
    return is_word(value) or says_place(value) or _CODE.fullmatch(value) is not None


def is_made(value: str) -> bool:
    """Whether `value` looks as if a machine had made it, or as if it was to be kept from others."""
    digits = sum(map(str.isdigit, value))
    if says_something(value) or not (_CAN_BE_KEY.fullmatch(value) or (len(value) >= 16 and digits >= 4 and not _BLANK.search(value))):
        return False
    if not digits:
        letters = len(value)
        return (letters >= 24 or (letters >= 16 and len(_HUMP.findall(value)) > letters // 6)
                or (letters >= 10 and not value.isalpha() and _OF_SECRETS.search(value) is not None and not _ABOUT.search(value)))
    return digits == len(value) or len(value) >= 12 or (len(value) >= 6 and _MIXED.search(value) is not None)


_ABOUT = re.compile(r"invalid|expired|missing|required|revoked|wrong|bad|type|error|not", re.I)    # what is said about a secret
_MIXED = re.compile(r"\d[A-Za-z]+.*\d|[A-Za-z]\d.*[A-Za-z]\d")
