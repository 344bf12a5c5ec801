"""What is a secret in an answer, and what only has the name of one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sessionmock.routes.cassette import Interaction, RecordedRequest, RecordedResponse, Secrets

UUID, HEX = "0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11", "d41d8cd98f00b204e9800998ecf8427e"


def recorded(body: str, *fields: tuple[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """What of an answer is written."""
    one = Interaction(RecordedRequest("GET", "http://api.test/"), RecordedResponse(200, "OK", list(fields), body.encode()))
    Secrets().clean_all([one])
    return one.response.body.decode(), one.response.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("token", value)
            for value in ("a-long-secret-12", UUID, HEX, "482913", "a1b2c3", "secret-token-of-ann", "AbCdEfGhIjKlMnOpQr", "s3cr3t-t0ken")
        ),
        *(("password", value) for value in ("hunter2", "letmein", "p@ss/w0rd", "Summer2024!", "482913")),
        *(("access_token", value) for value in ("abcdefgh", "real-token", "2YotnFZFEjr1zCsicMWpAA", "tok_abc")),
        ("pin", "4711"),
        ("cvc", "123"),
        ("otp", "123456"),
        ("session_id", UUID),
        ("sid", HEX),
        ("client_secret", "shhh-do-not-tell"),
        ("csrf_token", "IjE4YjE2ZmQ0"),
        ("signing_key", HEX),
        ("secret", "JBSWY3DPEHPK3PXP"),
        ("refresh_token", "1//0gabcdefghijkl-LMNO"),
        ("mnemonic", "legal-winner-thank-year"),
        ("api_key", "abcdefghij"),
        ("passphrase", "open-sesame"),
    ],
)
def test_a_secret_of_an_answer_is_not_written(name: str, value: str) -> None:
    """In JSON, in a list under its name, in what another field names, and in markup."""
    for text in (
        json.dumps({name: value}),
        json.dumps({"user": {name: [value]}}),
        json.dumps({"name": name, "value": value}),
        f"<a><{name}>{value}</{name}></a>",
    ):
        assert value not in recorded(text)[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("token", value)
            for value in (
                "Hello",
                " world",
                "</s>",
                "<unk>",
                "[PAD]",
                "sha256",
                "x86_64",
                "none",
                "2024-01-01",
                "string",
                "token_expired",
                "https://a.test/b",
                "#/components/a",
                "MY_SECRET_2",
                "gpt-turbo",
                "",
                "HS256",
                12345,
                True,
                None,
                1.5,
            )
        ),
        *(
            ("password", value)
            for value in (
                "Passwort",
                "Mot de passe",
                "Contraseña",
                "required",
                "string",
                "",
                "***",
                "<password>",
                "${PASSWORD}",
                None,
                [],
                "This password is too short.",
                "2024-01-01T00:00:00Z",
                "https://a.test/reset",
                "PIN-Code",
                "hidden",
            )
        ),
        *(("access_token", value) for value in ("none", "Access token", "missing", "<token>", "2024-01-01T00:00:00Z", None)),
        ("token_type", "bearer"),
        ("token", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
        ("next_page_token", "CAUQAA1234567890"),
        ("NextContinuationToken", "1ueGcxLPRx1Tr/XYExHnhbYL"),
        ("eos_token", "a1b2c3d4e5f6"),
        ("max_tokens", 123456),
        ("key", "name"),
        ("code", 4040),
        ("signature", "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxB"),
        ("credentials", "same-origin"),
        ("auth", "basic"),
        ("session", "enabled"),
        ("secret", "none"),
        ("token_endpoint", "https://a.test/token"),
        ("password_changed_at", "2024-01-01"),
        ("cursor", "bGFzdF9pZD0xMjM0NTY3"),
        ("continue", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTAyNDV9"),
        ("etag", HEX),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoe"),
        ("sid", "SM" + "0a1b2c3d" * 4),
        ("resource_version", "1234567"),
    ],
)
def test_what_is_no_secret_of_an_answer_is_written(name: str, value: Any) -> None:
    """Words, texts, dates, places, placeholders, positions, counts and signatures of content."""
    text = json.dumps({name: value, "other": 1})
    assert text == recorded(text)[0]


@pytest.mark.parametrize(
    "tree",
    [
        {"token": "a1b2c3d4e5f6a7b8", "logprob": -0.5},
        {"token": {"text": "a1b2c3d4e5f6a7b8", "logprob": -0.5}},
        {"score": 1, "token_str": "a1b2c3d4e5f6a7b8"},
        {"password": {"type": "string", "example": "hunter2hunter2"}},
        {"token": {"anyOf": [{"const": "a1b2c3d4e5f6a7b8"}], "type": "string"}},
        {"token": 12345, "password": 23456, "pin": 34567, "secret": 45678, "the": 56789},
        {"secrets": [{"name": "GH_TOKEN", "created_at": "2019-08-10T14:59:22Z"}]},
        {"user": "utilisateur", "password": "motdepasse", "name": "nom", "city": "ville", "email": "courriel"},
        {"password": ["confirmPassword"]},
        {"required": ["password", "token"]},
        {"paging": {"next": "g3QAAAABZAACaWRiAAAAAQ==", "token": "a1b2c3d4e5f6a7b8"}},
        {"volumes": [{"name": "default-token", "secret": {"secretName": "default-token-a1b2c3d4", "defaultMode": 420}}]},
    ],
)
def test_what_stands_beside_a_value_counts(tree: Any) -> None:
    """Pieces of text, schemas, tables of counts and translations."""
    text = json.dumps(tree)
    assert text == recorded(text)[0]


@pytest.mark.parametrize(
    "tree",
    [
        {"username": "ann", "password": "Hunter"},
        {"user": {"email": "ann@example.com", "password": "letmein"}},
        {"token": {"id": HEX, "type": "bearer"}},
        {"secret": {"a": ["a1b2c3d4e5f6"]}},
        {"kind": "Secret", "data": {"a": "Hunter"}},
        {"kty": "RSA", "d": "Hunter"},
        {"policy": "e30=", "signature": HEX},
        {"api_key": "Hunter22", "signature": HEX},
        {"type": "bearer", "token": HEX}, {"headers": {"Authorization": f"Token {HEX}"}},
    ],
)
def test_neighbours_make_secrets_too(tree: Any) -> None:
    """An account beside a word, a policy beside a signature, the kind of an object."""
    written = recorded(json.dumps(tree))[0]
    assert not any(secret in written for secret in (HEX, "Hunter", "letmein", "a1b2c3d4e5f6"))


@pytest.mark.parametrize(
    ("cookie", "stays"),
    [
        ("theme=dark", True),
        ("lang=en-US", True),
        ("tz=Europe/Berlin", True),
        ("consent=true", True),
        ("v=1.2.3", True),
        ("n=42", True),
        (f"sid={HEX}", False),
        ("session=abcdef", False),
        (f"theme={HEX}", False),
        ("user=ann%7C12345", False),
        ("token=none", True),
    ],
)
def test_cookies_are_secrets_but_for_plain_words(cookie: str, stays: bool) -> None:
    """Those that say who somebody is."""
    written = recorded("", ("Set-Cookie", f"{cookie}; Path=/; Expires=Wed, 01 Jan 2020 00:00:00 GMT"))[1][0][1]
    assert stays is written.startswith(f"{cookie};")
    assert written.endswith("; Path=/; Expires=Wed, 01 Jan 2020 00:00:00 GMT")


def test_of_a_request_the_name_decides() -> None:
    """So that what has other secrets in a test than it had live is found; but a signature that a model gave goes back as it came."""
    secrets = Secrets()
    assert b"letmein" not in secrets.body(b'{"token": "letmein"}')
    assert b"hunter" not in secrets.body(b"password=hunter&a=1")
    thinking = json.dumps({"content": [{"type": "thinking", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxB"}]}).encode()
    assert thinking == secrets.body(thinking)
