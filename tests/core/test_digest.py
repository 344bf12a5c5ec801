from __future__ import annotations

import hashlib
import re
import threading

import httpx
import pytest

from sessionmock.core.digest import Digest, NonceCounts, digest_offer, quoted

# RFC 7616, section 3.9.1
MUFASA = {
    "realm": "http-auth@example.org", "qop": "auth, auth-int",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}
# RFC 7616, section 3.9.2
JASON = {
    "realm": "api@example.org", "qop": "auth", "algorithm": "SHA-512-256", "charset": "UTF-8", "userhash": "true",
    "nonce": "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", "opaque": "HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
}


def digest(parameters, user="Mufasa", password="Circle of Life", cnonce="cn", counts=None) -> Digest:
    offer = digest_offer(parameters)
    assert offer is not None
    return Digest(offer, user, password, counts or NonceCounts(), lambda: cnonce)


def fields(value: str) -> dict[str, str]:
    assert value.startswith("Digest ")
    found = {}
    for name, text, token in re.findall(r'([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', value[7:]):
        assert name not in found
        found[name] = token or re.sub(r"\\(.)", r"\1", text)
    return found


@pytest.mark.parametrize(("algorithm", "response"), [
    ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
])
def test_rfc_7616_3_9_1(algorithm, response):
    """Both examples of RFC 7616, section 3.9.1, come out to the last character."""
    value = digest({**MUFASA, "algorithm": algorithm}, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ").authorization(
        "GET", "/dir/index.html", b"")
    assert {
        "username": "Mufasa", "realm": "http-auth@example.org", "uri": "/dir/index.html", "algorithm": algorithm,
        "nonce": MUFASA["nonce"], "nc": "00000001", "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "qop": "auth",
        "response": response, "opaque": MUFASA["opaque"],
    } == fields(value)


def test_rfc_7616_3_9_2():
    """The user of section 3.9.2 is hashed; values are erratum 4897's, the RFC's own cut SHA-512 short instead."""
    cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    sent = fields(digest(JASON, "J\u00e4s\u00f8n Doe", "Secret, or not?", cnonce).authorization("GET", "/doe.json", b""))
    assert "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b" == sent["username"]
    assert "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5" == sent["response"]
    assert ("true", "SHA-512-256") == (sent["userhash"], sent["algorithm"])


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def challenged(header: str, method: str, url: str, user: str, password: str, monkeypatch) -> dict[str, str]:
    """What httpx answers to a challenge."""
    request = httpx.Request(method, url)
    auth = httpx.DigestAuth(user, password)
    monkeypatch.setattr(auth, "_get_client_nonce", lambda *_: b"cn")
    steps = auth.sync_auth_flow(request)
    next(steps)
    return fields(steps.send(httpx.Response(401, headers={"WWW-Authenticate": header}, request=request)).headers["Authorization"])


@pytest.mark.parametrize("algorithm", [None, "MD5", "MD5-SESS", "SHA-256", "SHA-256-SESS"])
@pytest.mark.parametrize("qop", [None, "auth", "auth,auth-int"])
@pytest.mark.parametrize("user", ["ann", "b\u00f6b"])
def test_same_as_httpx(algorithm, qop, user, monkeypatch):
    """Where httpx supports what a server offers, both send the same response."""
    offered = {"realm": "Vault", "nonce": "abc", "qop": qop, "algorithm": algorithm, "opaque": "o"}
    offered = {name: value for name, value in offered.items() if value is not None}
    header = "Digest " + ", ".join(f"{name}={quoted(value)}" for name, value in offered.items())
    theirs = challenged(header, "POST", "http://a.test/x?y=1", user, "pw", monkeypatch)
    ours = fields(digest(offered, user, "pw").authorization("POST", "/x?y=1", b""))
    for name in ("response", "nonce", "realm", "uri", "opaque", "qop", "nc", "cnonce"):
        assert theirs.get(name) == ours.get(name), name


def test_auth_int():
    """Where only auth-int is offered, the body's hash is part of the response (section 3.4.3)."""
    sent = fields(digest({"realm": "r", "nonce": "n", "qop": "auth-int"}, "u", "p").authorization("PUT", "/x", b"body"))
    response = md5(f"{md5('u:r:p')}:n:00000001:cn:auth-int:{md5('PUT:/x:' + md5('body'))}")
    assert ("auth-int", response) == (sent["qop"], sent["response"])


@pytest.mark.parametrize(("qop", "needs"), [("auth-int", True), ("auth, auth-int", False), ("auth", False), ("", False)])
def test_needs_body(qop, needs):
    """A streamed body rules out an offer of auth-int alone."""
    assert needs == digest_offer({"realm": "r", "nonce": "n", "qop": qop}).needs_body


@pytest.mark.parametrize("parameters", [
    {}, {"realm": "r"}, {"nonce": "n"}, {"realm": "r", "nonce": "n", "qop": "auth-conf"},
    {"realm": "r", "nonce": "n", "algorithm": "SHA-1"}, {"realm": "r", "nonce": "n", "algorithm": "MD5-sess-x"},
    {"realm": "r", "nonce": "n", "algorithm": "token"},
])
def test_unanswerable_offers(parameters):
    """An offer without realm or nonce, of an unknown algorithm or with no known qop, is none."""
    assert digest_offer(parameters) is None


def test_offer():
    """Flags, lists and the names of algorithms are read whatever their case."""
    offer = digest_offer({"realm": "", "nonce": "n", "algorithm": "sha-256-SESS", "qop": "AUTH , x", "stale": "TRUE",
                          "userhash": "false", "domain": "/a http://b/c"})
    assert ("", frozenset({"auth"}), True, False, ("/a", "http://b/c")) == (
        offer.realm, offer.qops, offer.stale, offer.userhash, offer.domain)


def test_session_key():
    """A "-sess" algorithm keeps the client nonce and the key of the first nonce, also past a nextnonce (section 3.4.2)."""
    cnonces = iter("abc")
    offer = digest_offer({"realm": "r", "nonce": "n", "qop": "auth", "algorithm": "MD5-sess"})
    made = Digest(offer, "u", "p", NonceCounts(), lambda: next(cnonces))
    key = md5(f"{md5('u:r:p')}:n:a")
    made.authorization("GET", "/", b"")
    made.renew("m")
    sent = fields(made.authorization("GET", "/", b""))
    assert ("a", "m", "00000001", md5(f"{key}:m:00000001:a:auth:{md5('GET:/')}")) == (
        sent["cnonce"], sent["nonce"], sent["nc"], sent["response"])


def test_new_client_nonce_for_each_request():
    """Other algorithms take a new client nonce each time, and the count of the nonce rises."""
    cnonces = iter("abc")
    made = Digest(digest_offer(MUFASA), "u", "p", NonceCounts(), lambda: next(cnonces))
    sent = [fields(made.authorization("GET", "/", None)) for _ in range(3)]
    assert [("a", "00000001"), ("b", "00000002"), ("c", "00000003")] == [(one["cnonce"], one["nc"]) for one in sent]


def test_names_that_need_care():
    """Quotes and backslashes are escaped; a user beyond ASCII goes in RFC 8187's form unless hashed."""
    sent = fields(digest({"realm": 'say "\\"', "nonce": "n", "qop": "auth"}, 'a"b\\c', "p").authorization("GET", "/", b""))
    assert ('a"b\\c', 'say "\\"') == (sent["username"], sent["realm"])
    sent = fields(digest(MUFASA, "J\u00e4s\u00f8n Doe", "p").authorization("GET", "/", b""))
    assert ("UTF-8''J%C3%A4s%C3%B8n%20Doe", None) == (sent["username*"], sent.get("username"))


def test_counts_over_threads():
    """Requests that run at once never share a count, and none is left out."""
    counts = NonceCounts()
    made = [digest({"realm": "r", "nonce": "n", "qop": "auth"}, counts=counts) for _ in range(4)]
    used: list[int] = []

    def run(one: Digest) -> None:
        for _ in range(250):
            used.append(int(fields(one.authorization("GET", "/", b""))["nc"], 16))

    threads = [threading.Thread(target=run, args=(one,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(1, 1001)) == sorted(used)


def test_counts_are_bounded():
    """A server that never repeats a nonce does not fill the memory, and the nonce in use keeps its count."""
    counts = NonceCounts()
    for number in range(5000):
        assert counts.next(f"nonce {number}") == 1
    assert counts.next("nonce 4999") == 2
    assert len(counts._counts) <= 1025
