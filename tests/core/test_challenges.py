from __future__ import annotations

from base64 import b64encode
from time import process_time

import pytest
from hypothesis import given, strategies

from sessionmock.core.challenges import Basic, Handshake, parse_challenges


@pytest.mark.parametrize(("values", "found"), [
    ([], []),
    (['Basic realm="Vault"'], [("basic", {"realm": "Vault"}, None)]),
    (["BASIC REALM=Vault"], [("basic", {"realm": "Vault"}, None)]),
    (['Basic realm = "a b" , charset="UTF-8"'], [("basic", {"realm": "a b", "charset": "UTF-8"}, None)]),
    # RFC 9110, section 11.6.1
    (['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
     [("basic", {"realm": "simple"}, None), ("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}, None)]),
    (['Digest realm="r", nonce="n"', 'Basic realm="r"'],
     [("digest", {"realm": "r", "nonce": "n"}, None), ("basic", {"realm": "r"}, None)]),
    (["Negotiate, NTLM"], [("negotiate", {}, None), ("ntlm", {}, None)]),
    (["NTLM TlRMTVNTUAACAAAA=="], [("ntlm", {}, "TlRMTVNTUAACAAAA==")]),
    (['Negotiate YII=, Basic realm="r"'], [("negotiate", {}, "YII="), ("basic", {"realm": "r"}, None)]),
    ([', ,Basic realm="a, b",,'], [("basic", {"realm": "a, b"}, None)]),
    (['Basic realm=""'], [("basic", {"realm": ""}, None)]),
    (['Basic realm="one", realm="two"'], [("basic", {"realm": "one"}, None)]),
    (['Basic realm="r" Digest nonce="n"'], [("basic", {"realm": "r"}, None), ("digest", {"nonce": "n"}, None)]),
    # what cannot be read is passed over
    (['realm="lost", Basic realm="r"'], [("basic", {"realm": "r"}, None)]),
    (['Basic realm="r", ;;; "x, y" ;, charset=UTF-8'], [("basic", {"realm": "r", "charset": "UTF-8"}, None)]),
    (['Basic realm="never closed'], [("basic", {}, None)]),
    (['Basic realm="r"x, charset=a'], [("basic", {"charset": "a"}, None)]),
    (["", "   ", ",,,"], []),
])
def test_parse(values, found):
    """Several challenges in one field line and over several lines are told apart, and garbage does no harm."""
    assert found == [tuple(challenge) for challenge in parse_challenges(values)]


@pytest.mark.parametrize("value", ['="' + '\\"' * 30_000, 'Basic a="' + '\\"' * 30_000, "=" + '"\\' * 30_000, 'Basic a="b"c' * 5_000])
def test_a_field_as_long_as_a_head_is_read_at_once(value):
    """A server that means ill does not hold up the engine: nothing is looked at again and again."""
    started = process_time()
    parse_challenges([value])
    assert process_time() - started < 1


@given(strategies.text('Basic Digest realm="\\,=\t\u00e9', max_size=60))
def test_anything_is_read(value):
    """No text makes the parser fail, and what it yields has lower-case names."""
    for challenge in parse_challenges([value]):
        assert challenge.scheme == challenge.scheme.lower()
        assert all(name == name.lower() for name in challenge.parameters)


@given(strategies.text(strategies.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))))
def test_quoted_values(realm):
    """A realm of any printable characters survives quoting."""
    text = realm.replace("\\", "\\\\").replace('"', '\\"')
    assert realm == parse_challenges([f'Basic realm="{text}", Negotiate'])[0].parameters["realm"]


@pytest.mark.parametrize(("user", "password", "value"), [
    ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),    # RFC 7617, section 2
    ("test", "123\u00a3", "Basic dGVzdDoxMjPCow=="),                     # section 2.1
    ("", "", "Basic Og=="),
])
def test_basic(user, password, value):
    """Basic is user and password in UTF-8, as the examples of RFC 7617 have it."""
    assert value == Basic(user, password).authorization("GET", "/", b"")


def test_handshake():
    """Each field of a handshake carries the next token, made from the one that came with the 401."""
    handshake = Handshake("NTLM", lambda token: b"first" if token is None else b"reply to " + token)
    assert f"NTLM {b64encode(b'first').decode()}" == handshake.authorization("GET", "/", b"")
    assert handshake.goes_on(parse_challenges([f"Negotiate, NTLM {b64encode(b'challenge').decode()}"]))
    assert f"NTLM {b64encode(b'reply to challenge').decode()}" == handshake.authorization("GET", "/", b"")


@pytest.mark.parametrize("value", ["NTLM", "Negotiate YWJj", "NTLM a", 'Basic realm="x"'])
def test_handshake_ends(value):
    """A 401 without a token for the scheme is a refusal."""
    assert not Handshake("NTLM", lambda _: b"").goes_on(parse_challenges([value]))
