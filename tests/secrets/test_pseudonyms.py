"""What stands in the place of a secret."""
from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from typing import Any

import pytest

from sessionmock.secrets.pseudonyms import PSEUDONYM, Pseudonyms, is_pseudonym, luhn


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def read(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


PEM = "-----BEGIN EC PRIVATE KEY-----\n" + "\n".join(["MIIE" + "aB3/" * 15] * 3) + "\nabcd==\n-----END EC PRIVATE KEY-----\n"
TOKEN = f"{part({'alg': 'RS256', 'kid': 'k'})}.{part({'sub': 'auth0|5f7c8ec7c33c6c004bbafe82', 'exp': 7})}.c2lnbmF0dXJlc2ln"
FORMS = {    # a secret and what its pseudonym matches
    "hunter2": r"fake-[a-z]+-[0-9a-f]{12}", "a secret of many words": r"fake-[a-z]+-[0-9a-f]{12}", "a-long-secret-12": r"fake-[a-z]+-[0-9a-f]{12}",
    "482913": r"[1-9]\d{5}", "4711": r"[1-9]\d{3}", "123": r"\d{3}", "90071992547": r"[1-9]\d{10}", "4111111111111111": r"4\d{15}|[58]\d{15}",
    "0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
    "018F3B1C-52F7-7C3E-9F0E-8F5D0A0F8A11": r"[0-9A-F]{8}-[0-9A-F]{4}-7[0-9A-F]{3}-9[0-9A-F]{3}-[0-9A-F]{12}",
    "d41d8cd98f00b204e9800998ecf8427e": r"[0-9a-f]{32}", "DEADBEEF12345678": r"[0-9A-F]{16}", "AC" + "a1" * 16: r"AC[0-9a-f]{32}",
    "sk-" + "a1B2" * 6: r"sk-[A-Za-z0-9]{24}", "sk-ant-api03-" + "a1B_" * 23 + "xAA": r"sk-ant-api03-[\w-]{95}",
    "sk_live_" + "a1B2" * 6: r"sk_live_[A-Za-z0-9]{24}", "ghp_" + "a1B2" * 9: r"ghp_[A-Za-z0-9]{36}",
    "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx": r"xoxb-\d{12}-\d{13}-[A-Za-z]{24}", "AKIA" + "Q7" * 8: r"AKIA[A-Z2-7]{16}",
    "AIza" + "a1B2c" * 7: r"AIza[\w-]{35}", "ya29." + "a1B2" * 6: r"ya29\.[\w-]{24}", "1//0gabcdefghijkl-LMNO1234567890": r"1//[\w-]{29}",
    "SG." + "a1B2" * 5 + "ab." + "c3D4" * 10 + "abc": r"SG\.[\w-]{22}\.[\w-]{43}", "123456789:AA" + "b1c" * 11: r"123456789:AA[\w-]{33}",
    "pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH": r"pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_[A-Za-z]{25}",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": r"[A-Za-z0-9+/]{40}", "3q2+7wAB/zM0ZmZmZg==": r"[A-Za-z0-9+/]{18}==",
    "aHVudGVyMg==": r"[A-Za-z0-9+/]{10}==", "c3VwZXItc2VjcmV0LXBhc3N3b3JkLTEyMw==": r"[A-Za-z0-9+/]{34}==",
    "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS": r"[\w-]{41}", "ann@corp.test": r"[a-z.0-9]+@example\.com",
    "AKIA" + "Q7" * 8 + "/20240101/us-east-1/s3/aws4_request": r"AKIA[A-Z2-7]{16}/20240101/us-east-1/s3/aws4_request",
    PEM: r"-----BEGIN EC PRIVATE KEY-----\n(?:[A-Za-z0-9+/]{64}\n){3}[A-Za-z0-9+/]{4}==\n-----END EC PRIVATE KEY-----\n",
    TOKEN: r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{16}", "\ud800": r"fake-[a-z]+-[0-9a-f]{12}",
}


@pytest.mark.parametrize(("secret", "form"), FORMS.items(), ids=range(len(FORMS)))
def test_a_pseudonym_has_the_form_of_its_secret(secret: str, form: str) -> None:
    """It is the same in every run, another one of another seed, and its own."""
    made = Pseudonyms()
    name = made.of(secret)
    assert re.fullmatch(form, name)
    assert (name, name) == (Pseudonyms().of(secret), made.of(secret))
    assert (True, False) == (is_pseudonym(name), is_pseudonym(secret))
    assert name == Pseudonyms("another seed").of(name)
    assert len(secret) <= 4 or name != Pseudonyms(1).of(secret)


def test_what_is_checked_of_a_form_holds() -> None:
    """The version of a UUID, the check digit of a card, the bits of base64 that count for nothing, text in base64."""
    made = Pseudonyms()
    assert 7 == uuid.UUID(made.of("018F3B1C-52F7-7C3E-9F0E-8F5D0A0F8A11")).version
    card = made.of("4111111111111111")
    assert (card[-1], False) == (luhn(card[:-1]), "4111" in card)
    for secret in ("3q2+7wAB/zM0ZmZmZg==", "3q2+7wAB/zM0ZmZmZmY=", "2YotnFZFEjr1zCsicMWpAA", "c3VwZXItc2VjcmV0LXBhc3N3b3JkLTEyMw=="):
        name = made.of(secret)
        decoded = base64.b64decode(name + "=" * (-len(name) % 4), validate=True)
        assert name.rstrip("=") == base64.b64encode(decoded).decode().rstrip("=")
    assert base64.b64decode(made.of("c3VwZXItc2VjcmV0LXBhc3N3b3JkLTEyMw==")).decode().isprintable()


def test_few_numbers_are_taken_for_pseudonyms() -> None:
    """A short one may be by chance, as one in a thousand; what is longer hardly ever."""
    assert 20 > sum(is_pseudonym(str(number)) for number in range(1000, 10_000))
    assert 30 > sum(is_pseudonym(str(number)) for number in range(100_000, 110_000))
    long = [hashlib.sha256(bytes((number,))).hexdigest() for number in range(256)]
    assert not any(is_pseudonym(code[:32]) or is_pseudonym(str(int(code, 16))[:16]) for code in long)


def test_secrets_have_pseudonyms_of_their_own() -> None:
    """Of one form too."""
    for form in ("{:06}", "{:016x}", "ghp_{:036}", "tok-{:012x}-x", "pw{}", "{:08x}-0000-4000-8000-000000000001"):
        made = Pseudonyms()
        names = {made.of(form.format(number * 7919)) for number in range(100)}
        assert len(names) >= 90


def test_a_pseudonym_is_found_in_text() -> None:
    """So that what was recorded can be held against what is asked."""
    for secret in FORMS:
        name = Pseudonyms().of(secret)
        if len(name) >= 12 and not name.startswith(("YWFa", "YW", "eyJ", "---")) and not name.isdecimal():
            assert PSEUDONYM.search(f"/a/{name}?b"), name


def test_a_token_keeps_what_a_client_checks() -> None:
    """Header, issuer, audience, times, scopes and words are those of the token; persons are others, and so are identifiers."""
    said = {"iss": "https://issuer.example", "aud": ["c1", "c2"], "exp": 4102444800, "iat": 1, "nbf": 2, "auth_time": 3, "scope": "openid email",
            "nonce": "n-0S6_WzA2Mj", "email_verified": True, "plan": "pro", "realm_access": {"roles": ["admin"]}, "email": "ann@example.com"}
    persons = {"sub": "auth0|5f7c8ec7c33c6c004bbafe82", "name": "Ann Mary Smith", "upn": "ann@corp.com", "phone_number": "+1 (425) 555-1212",
               "picture": "https://corp.com/ann.png", "birthdate": "1999-09-09", "jti": "0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11",
               "address": {"locality": "Springfield"}}
    head = part({"alg": "RS256", "kid": "k1"})
    token = f"{head}.{part(said | persons)}.{'c2ln' * 86}"
    name = Pseudonyms().of(token)
    assert (head, len(token.split(".")[2])) == (name.split(".")[0], len(name.split(".")[2]))
    found = read(name.split(".")[1])
    assert said == {claim: found[claim] for claim in said}
    assert found.keys() == said.keys() | persons.keys()
    assert [] == [claim for claim in persons if found[claim] == persons[claim]]
    assert 3 == len(found["name"].split())
    assert Pseudonyms().of(persons["sub"]) == found["sub"]
    assert found["upn"].endswith("@example.com")


def test_tokens_that_differ_in_what_is_lost_have_pseudonyms_of_their_own() -> None:
    """An encrypted one keeps its header; one without a signature gets one that tells it for a pseudonym."""
    head = part({"alg": "none"})
    names = {Pseudonyms().of(f"{head}.{part({'sub': '42', 'at_hash': hash_})}.") for hash_ in ("MTIzNDU2Nzg5MDEyMzQ1Ng", "NTIzNDU2Nzg5MDEyMzQ1Ng")}
    assert 2 == len(names)
    assert all(map(is_pseudonym, names))
    encrypted = f"{part({'alg': 'dir', 'enc': 'A256GCM'})}.{'a1B2' * 10}.{'c3D4' * 4}.{'e5F6' * 20}.{'g7H8' * 5}ab"
    name = Pseudonyms().of(encrypted)
    assert [len(one) for one in encrypted.split(".")] == [len(one) for one in name.split(".")]
    assert encrypted.split(".", maxsplit=1)[0] == name.split(".")[0]
    assert is_pseudonym(name)


@pytest.mark.parametrize("token", [
    "eyJhbGciOiJIUzI1NiJ9.AAAA.sig",                       # claims that are no JSON
    f"{part({'alg': 'HS256'})}.{part([1])}.sig",           # or no mapping
    f"{part('eyJ text')}.{part({})}.sig",
])
def test_what_only_looks_like_a_token_is_a_secret_as_any(token: str) -> None:
    """Nothing of it can be kept."""
    name = Pseudonyms().of(token)
    assert is_pseudonym(name)
    assert token.split(".", maxsplit=1)[0] not in name
