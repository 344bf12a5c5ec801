"""A host in its one canonical form, by which it is looked up, asked for and compared, however it was written.

A name is ASCII in lower case: international letters by UTS 46 (not transitional, as the URL standard and browsers do it), escapes
decoded. An IPv4 address is four decimal numbers, an IPv6 address what RFC 5952, section 4, makes of it, without brackets. What can be
no host raises InvalidArgumentException.
"""
from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote

from ..errors import InvalidArgumentException

# A name in which nothing is to be mapped. Its last label begins with a letter, so it is no address.
_PLAIN = re.compile(r"(?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*\.?")
# What divides a URL or a header field, and what RFC 3986, section 3.2.2, keeps out of a name (the URL standard lets "`{} pass).
_FORBIDDEN = re.compile(r"""[\0- "#%/:<>?@\[\\\]^`{|}\x7f]""")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ZONE = re.compile(r"[^\0- %/\[\]\\\x7f-\xa0]+")


@lru_cache(maxsize=2048)
def canonical_host(host: str) -> str:
    """The canonical form of `host`, a name or an address. An IPv6 address may have a zone, which is kept, and may stand in brackets as
    in a URL, where the zone's "%" may be "%25" (RFC 6874). Raises InvalidArgumentException where `host` can be none."""
    name = host.lower()
    if _PLAIN.fullmatch(name):
        return name
    try:
        if ":" in name or name.startswith("["):
            return _ipv6(host)
        name = unquote(host)
        name = name.lower() if name.isascii() else _in_ascii(name)
        if found := _FORBIDDEN.search(name):
            raise ValueError(f"{found[0]!r} stands in none")
        if not name:
            raise ValueError("it is empty")
        return _ipv4(name) if _NUMBER.fullmatch(name.removesuffix(".").rpartition(".")[2]) else name
    except ValueError as error:
        raise InvalidArgumentException(f"{host!r} is no host: {error}") from None


def host_given(place: str, host: object) -> str:
    """The canonical form of a `host` that a user gave to `place`. Raises InvalidArgumentException, which names both."""
    if not isinstance(host, str):
        raise InvalidArgumentException(f"{place}: {host!r} is no host; use a name or an address")
    try:
        return canonical_host(host)
    except InvalidArgumentException as error:
        raise InvalidArgumentException(f"{place}: {error}; use a name or an address") from None


def in_url(host: str) -> str:
    """`host`, which is canonical, as it stands in URLs and in Host: an IPv6 address in brackets, without a zone, which says
    something on this machine only (RFC 6874, section 4)."""
    return f"[{host.partition('%')[0]}]" if ":" in host else host


def in_handshake(host: str) -> str:
    """`host`, which is canonical, as TLS names and compares it: without a zone and without the dot of the root (RFC 6066, section 3)."""
    return host.partition("%")[0].removesuffix(".")


def is_address(host: str) -> bool:
    """Whether `host`, which is canonical, is an IP address and no name."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def _ipv4(name: str) -> str:
    """The address that `name`, whose last label is a number, stands for: inet_aton reads such names everywhere, with less than four
    numbers, octal and hexadecimal ones (RFC 3986, section 7.4; the URL standard's IPv4 parser)."""
    *front, last = map(_number, name.removesuffix(".").split("."))
    if len(front) > 3 or any(number > 255 for number in front) or last >= 256 ** (4 - len(front)):
        raise ValueError("it ends in a number and is no IPv4 address")
    return str(IPv4Address(last + sum(number << 8 * (3 - place) for place, number in enumerate(front))))


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("it ends in a number and is no IPv4 address")
    return int(text[2:] or "0", 16) if text.startswith("0x") else int(text, 8 if text.startswith("0") else 10)


def _ipv6(text: str) -> str:
    in_brackets = text[0] + text[-1] == "[]"
    address, percent, zone = (text[1:-1] if in_brackets else text).partition("%")
    if percent and in_brackets:
        zone = unquote(zone[2:] if zone.startswith("25") and zone != "25" else zone)
    if percent and not _ZONE.fullmatch(zone):
        raise ValueError(f"{zone!r} is no zone")
    number = IPv6Address(address)
    mapped = number.ipv4_mapped    # from Python 3.13 on written with dots, and here as browsers do
    shown = str(number) if mapped is None else f"::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xffff:x}"
    return f"{shown}{percent}{zone}"


def _in_ascii(name: str) -> str:
    """UTS 46, section 4.2, with the URL standard's choices: CheckBidi and CheckJoiners, but neither CheckHyphens, UseSTD3ASCIIRules
    nor VerifyDnsLength. Not `idna.encode`, which lets only the letters of IDNA 2008 pass; imported here, as few hosts need its tables."""
    import idna

    labels = [_decoded(label) if label.startswith("xn--") else label for label in idna.uts46_remap(name, std3_rules=False).split(".")]
    is_bidi = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for label in labels for letter in label)
    for label in filter(None, labels):
        idna.check_initial_combiner(label)
        if is_bidi:
            idna.check_bidi(label, check_ltr=True)
        for place, letter in enumerate(label):
            if letter in "\u200c\u200d" and not idna.valid_contextj(label, place):
                raise ValueError(f"{label!r} has a joiner in a wrong place")
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels)


def _decoded(label: str) -> str:
    """The letters of `label`, which is in Punycode. They have to be what the mapping would leave."""
    import idna

    letters = label[4:].encode("ascii").decode("punycode")
    if letters.isascii() or idna.uts46_remap(letters, std3_rules=False) != letters:
        raise ValueError(f"{label!r} stands for no label")
    return letters
