"""Hosts in their canonical form."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.models.host import canonical_host, in_handshake, in_url, is_address

DOMAINS = json.loads(Path(__file__).with_name("domains.json").read_text())


@pytest.mark.parametrize("suite", ["toascii", "IdnaTestV2"])
def test_names_agree_with_the_url_standard(suite: str) -> None:
    """Every vector of web-platform-tests that is kept here: UTS 46, not transitional, with joiners and directions checked."""
    def canonical(name: str) -> str | None:
        try:
            return canonical_host(name)
        except ValueError:
            return None

    assert {name: canonical(name) for name, _ in DOMAINS[suite]} == dict(DOMAINS[suite])


@pytest.mark.parametrize(("written", "canonical"), [
    ("Example.COM", "example.com"), ("a_b.-c-.example", "a_b.-c-.example"), ("a.", "a."), ("localhost", "localhost"),
    ("straße.example", "xn--strae-oqa.example"), ("STRASSE.example", "strasse.example"), ("βόλος.com", "xn--nxasmm1c.com"),
    ("bücher。example", "xn--bcher-kva.example"), ("b%C3%BCcher.example", "xn--bcher-kva.example"), ("ex%61mple.com", "example.com"),
    ("ｅｘａｍｐｌｅ．com", "example.com"), ("♥.example", "xn--g6h.example"), ("1.example", "1.example"), ("0x7g", "0x7g"),
])
def test_names_are_ascii_in_lower_case(written: str, canonical: str) -> None:
    """However a name is written, international letters, wide ones and escapes mean the same; a sharp s is no ss (UTS 46)."""
    assert canonical == canonical_host(written) == canonical_host(canonical)


@pytest.mark.parametrize(("written", "canonical"), [
    ("127.0.0.1", "127.0.0.1"), ("127.1", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0X7F000001", "127.0.0.1"), ("0177.0.0.01", "127.0.0.1"),
    ("2130706433", "127.0.0.1"), ("1.2.3.4.", "1.2.3.4"), ("192.168.257", "192.168.1.1"), ("0x.0x.0", "0.0.0.0"), ("１２７．１", "127.0.0.1"),
    ("%31%32%37.1", "127.0.0.1"), ("4294967295", "255.255.255.255"),
])
def test_numbers_are_ipv4_addresses(written: str, canonical: str) -> None:
    """What every inet_aton reads as an address is written as one, so that who compares hosts sees it (RFC 3986, section 7.4)."""
    assert canonical == canonical_host(written) == canonical_host(canonical)
    assert is_address(canonical)


@pytest.mark.parametrize(("written", "canonical", "in_host"), [
    ("[2001:DB8:0:0:1:0:0:1]", "2001:db8::1:0:0:1", "[2001:db8::1:0:0:1]"), ("::1", "::1", "[::1]"), ("[::127.0.0.1]", "::7f00:1", "[::7f00:1]"),
    ("[::FFFF:192.0.2.1]", "::ffff:c000:201", "[::ffff:c000:201]"), ("[FE80::1%25Eth0]", "fe80::1%Eth0", "[fe80::1]"),
    ("[fe80::1%eth0]", "fe80::1%eth0", "[fe80::1]"), ("[::1%1]", "::1%1", "[::1]"), ("[fe80::1%25a%2Db]", "fe80::1%a-b", "[fe80::1]"),
    ("[1:0::]", "1::", "[1::]"), ("[fe80::1%25250]", "fe80::1%250", "[fe80::1]"), ("[fe80::1%25]", "fe80::1%25", "[fe80::1]"),
])
def test_ipv6_addresses_are_written_one_way(written: str, canonical: str, in_host: str) -> None:
    """RFC 5952, section 4; a zone stays for who connects, and is nobody else's business (RFC 6874, section 4)."""
    assert canonical == canonical_host(written) == canonical_host(canonical)
    assert in_host == in_url(canonical)
    assert is_address(canonical)


@pytest.mark.parametrize("host", [
    "", " ", "a b", "a\x00b", "a%20b", "a%00", "a%0d%0ab", "a%b", "a%2fb", "a%40b", "a\xa0b.example", "a\u3000b",
    "ａ／ｂ", "℀.example", "％41.example", "xn--té",
    "a<b", 'a"b', "{host}", "a\\b", "a|b", "a^b", "a`b", "\u2025.example", "\xad", "%ff.example", "\ud800", "\u0378.net", "xn--a.ß",
    "foo.1", "1.2.3.4.5", "256.256.256.256", "1.2.3.08", "0..1", "4294967296", "0x100000000", "1.2.3.256", "9" * 5000,
    "[::1", "::1]", "[]", "[127.0.0.1]", "[v1.a]", "[1::2::3]", "[::1%]", "[::1%a b]", "[::1%25%0a]", "1:2", "a:80", "ü" * 2000,
])
def test_what_is_no_host_is_refused(host: str) -> None:
    """Blanks, controls and what divides a URL, before the mapping or after it; numbers that are no address; what no label may be."""
    with pytest.raises(ValueError, match="is no host"):
        canonical_host(host)


@given(st.one_of(
    st.text(max_size=9), st.text("aß1.x:[]%20fe\xad\u200d", max_size=9),
    st.from_regex(r"\[[0-9a-f:]{2,9}(%25[a-z0-9]{1,3})?\]", fullmatch=True)))
def test_whatever_is_a_host_can_stand_anywhere(text: str) -> None:
    """It is printable ASCII without what divides a URL or a field, and its own canonical form."""
    try:
        host = canonical_host(text)
    except ValueError:
        return
    assert host == canonical_host(host)
    assert re.fullmatch(r"[!$&-.0-9;=_a-z~]+|\[[0-9a-f:]+\]", in_url(host))


@pytest.mark.parametrize(("host", "name"), [("a.example.", "a.example"), ("a.example", "a.example"), ("fe80::1%eth0", "fe80::1")])
def test_tls_names_no_root_and_no_zone(host: str, name: str) -> None:
    """RFC 6066, section 3."""
    assert name == in_handshake(host)
