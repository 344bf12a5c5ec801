"""What stands in a cassette in the place of a secret.

One secret always has one pseudonym, so that a recorded login replays; a pseudonym is its own pseudonym, so that what a
client got from a tape and sends again is found; and nothing but the secret's keyed digest goes into it, and its form: a
UUID stays one, digits, hexadecimal and base64 keep their number, a key of a service its prefix and length, a JWT its
claims (`tokens`). Faker gives the readable part of what has no form, where it is installed.

Pseudonyms are told by the few characters that they are made of: "fa4e" in hexadecimal, "fakeFAKE" behind "false" in
tokens (scanners take what has "false" in it for no secret), "4058" in long numbers.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from functools import cache, partial

from .tokens import token

_HEX, _DIGITS = "fa4e", "4058"
_LONG_NUMBER = 12
_TEXT = "aaZ-!6"    # which base64 writes with "FaLSE" in it
_EDGE, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_FILLED = r"(?:false[fakeFAKE]{3,}|FALSE[FAKE]{3,})A?={0,2}"
# The pseudonyms that can be told within a text; those of short numbers, PEM blocks and text in base64 cannot.
PSEUDONYM = re.compile("|".join((
    r"fake-[a-z]+-[0-9a-f]{12}", r"fake\.[a-z]+\.[0-9a-f]{12}@example\.com", rf"(?:1//|{_EDGE}[A-Za-z0-9][\w.:~-]{{0,100}}?)?{_FILLED}",
    rf"{_EDGE}[fa4e]{{8}}-[fa4e]{{4}}-[0-9a-f][fa4e]{{3}}-[0-9a-f][fa4e]{{3}}-[fa4e]{{12}}{_END}",
    rf"{_EDGE}[FA4E]{{8}}-[FA4E]{{4}}-[0-9A-F][FA4E]{{3}}-[0-9A-F][FA4E]{{3}}-[FA4E]{{12}}{_END}",
    rf"{_EDGE}(?:(?:[A-Z]{{2}})?[fa4e]{{16,}}|[FA4E]{{16,}}){_END}", rf"(?<![\w.-])[4058]{{{_LONG_NUMBER - 1},}}[0-9](?![\w.-])")))
_SCOPE = r"/\d{8}/[\w-]+/[\w-]+/aws4_request"    # behind the key in X-Amz-Credential
_FAKE_TOKEN = re.compile(rf"[\w.:~-]*?{_FILLED}(?:{_SCOPE})?")
_FAKE_TEXT = re.compile(rf"{_TEXT}[fake]{{6,}}|[fake]{{4,}}")
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,4000}+\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)?")
_KEY = re.compile(r"[\w.:~+/-]{12,}={0,2}")
# What a key begins with, by which its service and its kind are known.
_PREFIX = re.compile("|".join((
    r"sk-(?:ant-[a-z0-9]+-|proj-|svcacct-|admin-|or-v1-|lf-)?", r"[a-z]{2,8}_(?:live|test|prod|sandbox|pat|v\d|secret)_", r"xox[a-z]-", r"xapp-\d-",
    r"(?:gh[a-z]|gl[a-z]{2,6}|hf|npm|gsk|whsec|pypi|nvapi|dapi|shp[a-z]{2}|lin_api|tok|rt|at)[_-]", r"[a-z]{2,5}_[A-Za-z0-9]{8,}_secret_",
    r"(?:A3T[A-Z0-9]|A[A-Z]IA|AROA|AIDA)(?=[A-Z0-9]{16}\Z)", "AIza", r"ya29\.", r"SG\.", r"hv[sbr]\.", "1//", r"v\d\.",
    r"(?:[A-Za-z][A-Za-z0-9]{0,11}[_.-]){1,4}(?=[A-Za-z]*\d[A-Za-z0-9]{8,}\Z)(?=[A-Za-z0-9]{16,}\Z)",
    r"\d{6,12}:AA(?=[\w-]{30,}\Z)", r"\d{17,20}/(?=[\w-]{60,}\Z)", r"T\w{6,}/B\w{6,}/")))
_PARTS_OF_KEY = re.compile(r"([.:~])")
_PARTS_OF_SLACK = re.compile("(-)")
_LEGACY_SLACK = ("xoxs-", "xoxo-")     # of digits before anything else, which a scanner takes for a key however it ends: they stay in one piece

_SHORT = 16         # what is shorter may be a word that people choose: its digest is made dear to guess
_ROUNDS = 1000
_ONE_IN = 1000      # of all short numbers is a pseudonym
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "island", "juniper", "lagoon", "meadow",
          "nectar", "orchid", "prairie", "quartz")


def is_pseudonym(value: str) -> bool:
    """Whether `value` came from `Pseudonyms`."""
    if PSEUDONYM.fullmatch(value) or _FAKE_TOKEN.fullmatch(value) or (value.isascii() and value.isdecimal() and _is_fake_number(value)):
        return True
    if value.startswith("-----BEGIN "):
        return re.search(_FILLED, value) is not None
    text = _decoded(value)
    return text is not None and _FAKE_TEXT.fullmatch(text) is not None


class Pseudonyms:
    """The pseudonyms of one `seed`. `of` may be called from any thread."""

    def __init__(self, seed: int | str = 0) -> None:
        self._key = str(seed).encode()
        self._found: dict[str, str] = {}

    def of(self, secret: str) -> str:
        """The pseudonym of `secret`, of the same form: fit for headers, cookies, URLs and JSON wherever `secret` is."""
        found = self._found.get(secret)
        if found is None:
            found = self._found[secret] = secret if is_pseudonym(secret) else self._made(secret)
        return found

    def _made(self, secret: str) -> str:
        if JWT.fullmatch(secret):
            found = token(secret, self)
            if found is not None:
                return found
        for form, make in _FORMS:
            match = form.fullmatch(secret)
            if match is not None:
                made = make(match, self._stream(secret))
                if made is not None:
                    return made
        return self.plain(secret)

    def plain(self, secret: str) -> str:
        """The pseudonym of what has no form."""
        digest = self._digest(secret)
        return f"fake-{_word(digest)}-{digest[:6].hex()}"

    def name(self, secret: str) -> str:
        """The pseudonym of a person's name."""
        return _word(self._digest(secret)).capitalize()

    def filler(self, secret: str) -> Callable[[str], str]:
        """What puts in the place of a part of `secret` as many characters."""
        return partial(filled, draw=self._stream(secret))

    def _stream(self, secret: str) -> Draw:
        """Characters for the pseudonym of `secret`, as many as are asked for out of an alphabet."""
        digest = self._digest(secret)
        taken = 0

        def draw(count: int, alphabet: str) -> str:
            nonlocal taken
            taken += 1
            stream = hashlib.shake_128(digest + taken.to_bytes(4, "big")).digest(min(count, 64))
            drawn = "".join(alphabet[byte % len(alphabet)] for byte in stream)
            return drawn + alphabet[0] * (count - len(drawn))
        return draw

    def _digest(self, secret: str) -> bytes:
        data = secret.encode("utf-8", "surrogatepass")
        if len(data) < _SHORT:
            return hashlib.pbkdf2_hmac("sha256", data, self._key, _ROUNDS)
        return hmac.digest(self._key, data, "sha256")


# Forms ------------------------------------------------------------------------------------------------------------------

Draw = Callable[[int, str], str]    # (how many characters, of which)


def _uuid(found: re.Match[str], draw: Draw) -> str:
    """With its version and its variant (RFC 9562, section 4)."""
    version, variant = found.groups()
    made = f"{draw(8, _HEX)}-{draw(4, _HEX)}-{version}{draw(3, _HEX)}-{variant}{draw(3, _HEX)}-{draw(12, _HEX)}"
    return made.upper() if found[0].isupper() else made.lower()


def _number(found: re.Match[str], draw: Draw) -> str:
    """As many digits, without a zero in front; one that passes the check of a card's number where the secret does."""
    digits = found[0]
    size = len(digits)
    if size >= _LONG_NUMBER:
        made = draw(1, "4588") + draw(size - 2, _DIGITS)
        return made + (luhn(made) if digits[-1] == luhn(digits[:-1]) else draw(1, _DIGITS))
    if size <= 3:
        return "5" * size
    low, high = 10 ** (size - 1), 10 ** size
    start = int(draw(20, "0123456789"))
    return next(number for step in range(high) if _is_fake_number(number := str(low + (start + step) % (high - low))))


def _is_fake_number(digits: str) -> bool:
    if len(digits) >= _LONG_NUMBER:
        return set(digits[:-1]) <= set(_DIGITS) and (digits[-1] in _DIGITS or digits[-1] == luhn(digits[:-1]))
    if len(digits) <= 3:
        return set(digits) == {"5"}
    return int.from_bytes(hmac.digest(b"sessionmock pseudonym", digits.encode(), "sha256")[:8], "big") % _ONE_IN == 0


def luhn(digits: str) -> str:
    """The check digit that belongs behind `digits` (ISO/IEC 7812-1, annex B)."""
    doubled = [2 * int(digit) if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(digits))]
    return str(-sum(one - 9 if one > 9 else one for one in doubled) % 10)


def _hexadecimal(found: re.Match[str], draw: Draw) -> str:
    prefix, code = found.groups(default="")
    return prefix + draw(len(code), _HEX.upper() if code.isupper() else _HEX)


def _pem(found: re.Match[str], draw: Draw) -> str:
    """A block of as many lines of base64, which are no key."""
    begin, inside, end = found.groups()
    pieces = re.split(r"(\s+|\\[nr])", inside)
    return begin + "".join(filled(piece, draw) if re.fullmatch(r"[A-Za-z0-9+/]{3,}={0,2}", piece) else piece for piece in pieces) + end


def _scoped(found: re.Match[str], draw: Draw) -> str:
    key, scope = found.groups()
    return key[:4] + filled(key[4:], draw) + scope


def _address(found: re.Match[str], draw: Draw) -> str:
    """One at example.com, which is nobody's (RFC 2606, section 3)."""
    code = draw(12, "0123456789abcdef")
    return f"fake.{_word(code.encode())}.{code}@example.com"


def _base64(found: re.Match[str], draw: Draw) -> str | None:
    """As long, padded as it was, and of text where it was of text."""
    code = found[0]
    text = _decoded(code)
    if text is None:
        return filled(code, draw) if len(code) >= 16 and not code.isalnum() else None
    marked = _TEXT if len(text) >= 2 * len(_TEXT) else ""
    return base64.b64encode((marked + draw(len(text) - len(marked), "fake")).encode()).decode()


def _decoded(code: str) -> str | None:
    """The text in base64 of at least four bytes; None where there is none."""
    if len(code) < 8 or len(code) % 4:
        return None
    try:
        text = base64.b64decode(code, validate=True).decode("ascii")
    except ValueError:
        return None
    return text if text.isprintable() else None


def _key(found: re.Match[str], draw: Draw) -> str | None:
    """A key, or what looks as random: what it begins with says whose it is, and stays."""
    whole = found[0]
    known = _PREFIX.match(whole)
    if known is None:
        random = len(whole) >= (12 if whole.isalnum() else 20) and any(map(str.isdigit, whole))
        return filled(whole, draw) if random else None
    prefix = known[0]
    rest = whole[len(prefix):]
    if len(rest) < 8:
        return None
    if prefix in _LEGACY_SLACK:
        return prefix + filled(rest, draw)
    parts = (_PARTS_OF_SLACK if prefix.startswith("x") else _PARTS_OF_KEY).split(rest)
    made = prefix + "".join(draw(len(part), _DIGITS) if part.isdecimal() else filled(part, draw) for part in parts)
    return made if PSEUDONYM.fullmatch(made) else prefix + filled(rest, draw)


def filled(code: str, draw: Draw) -> str:
    """As many characters as `code` has, with its padding: of both kinds of base64, and in capitals where it is."""
    core = code.rstrip("=")
    size = len(core)
    if size < 2:
        return code
    capitals = not any(map(str.islower, core))
    mark = ("FALSE" if capitals else "false") if size >= 8 else ""
    last = "A" if size % 4 in (2, 3) and mark else ""     # of this character not all bits count, and those are 0
    return mark + draw(size - len(mark) - len(last), "FAKE" if capitals else "fakeFAKE") + last + code[size:]


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Draw], str | None]], ...] = tuple((re.compile(form, re.S), make) for form, make in (
    (r"(?i:[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12})", _uuid),
    ("[0-9]+", _number),
    (r"([A-Z]{2}(?=[0-9a-f]{32}\Z))?((?=.*\d)(?:[0-9a-f]{16,}|[0-9A-F]{16,}))", _hexadecimal),     # two letters are Twilio's
    (r"(-----BEGIN [A-Z0-9 ]+-----)(.+?)(-----END [A-Z0-9 ]+-----\s*)", _pem),
    (rf"([A-Z0-9]{{16,}})({_SCOPE})", _scoped),
    (r"[^\s@/:]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}", _address),
    (r"(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?", _base64),
    (_KEY.pattern, _key),
))


def _word(digest: bytes) -> str:
    names = _names()
    return names[int.from_bytes(digest[:4], "big") % len(names)]


@cache
def _names() -> tuple[str, ...]:
    """Faker's names, or a few words where it is not there. Only its list is loaded: a whole Faker takes a sixth of a second."""
    try:
        from faker.generator import Generator
        from faker.providers.person.en_US import Provider
    except ImportError:
        return _WORDS
    generator = Generator()
    generator.seed_instance(0)
    provider = Provider(generator)
    names = (provider.last_name().lower() for _ in range(1000))
    return tuple(dict.fromkeys(name for name in names if name.isascii() and name.isalpha()))
