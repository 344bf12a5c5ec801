"""Flows of logins: OAuth, OpenID, cookies and forms."""

from __future__ import annotations

import base64
import re
from typing import Any

from .kit import FORM, Call, Flow, basic, bearer, form, jwt, read

ISSUER = "https://issuer.test"
SECRET, ACCESS, REFRESH = "gX1fBat3bV-client-secret-7Fjfp0ZBr1KtDRbnfVdm", "2YotnFZFEjr1zCsicMWpAA42", "tGzv3JOkF0XG5Qx2TlKWIA77"
CODE, VERIFIER = "SplxlOBeZQQYbYS6WxSbIA", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SUBJECT = "auth0|5f7c8ec7c33c6c004bbafe82"
ID_TOKEN = jwt(
    {"alg": "RS256", "kid": "k1", "typ": "JWT"},
    {
        "iss": ISSUER,
        "aud": "client-1",
        "sub": SUBJECT,
        "exp": 4102444800,
        "iat": 1700000000,
        "nonce": "n-0S6_WzA2Mj",
        "email": "ann.smith@corp.test",
        "name": "Ann Smith",
    },
)
OPAQUE = re.compile(r"[\w-]{24}")


def tokens(*answers: Any) -> None:
    for answer in answers:
        assert OPAQUE.fullmatch(answer["access_token"])
        assert ("Bearer", 3600) == (answer["token_type"], answer["expires_in"])
        if "id_token" in answer:
            claims = read(answer["id_token"])
            assert (ISSUER, "client-1", 4102444800, "n-0S6_WzA2Mj") == (claims["iss"], claims["aud"], claims["exp"], claims["nonce"])
            assert ("k1", "RS256") == (read(answer["id_token"], 0)["kid"], read(answer["id_token"], 0)["alg"])
            assert re.fullmatch(r"[^@]+@[\w.]+", claims["email"])


def same_subject(token: Any, user: Any) -> None:
    assert read(token["id_token"])["sub"] == user["sub"]


def uuids(answer: Any) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", answer["session_id"])


def hidden(page: str) -> None:
    assert re.search(r'name="csrf_token" value="[\w-]{43}"', page)
    assert re.search(r'<label for="password">Password</label>', page)


def device(answer: Any, _: Any) -> None:
    assert len(answer["device_code"]) == 41
    assert ("WDJB-MJHT", 1800, 5) == (answer["user_code"], answer["expires_in"], answer["interval"])


def decodes(answer: Any) -> None:
    assert 32 == len(base64.b64decode(answer["secret"], validate=True))


def digits(answer: Any) -> None:
    assert 6 == len(str(int(answer["pin"])))


TOKEN = {"access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600, "scope": "openid email"}
URL = f"{ISSUER}/token"
RSA = {
    "kty": "RSA",
    "use": "sig",
    "kid": "k1",
    "alg": "RS256",
    "e": "AQAB",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc",
}

ACCOUNTS = (
    Flow(
        "OAuth code",
        (
            Call(f"{ISSUER}/cb?code={CODE}&state=xyz", "ok"),
            Call(
                URL,
                TOKEN | {"refresh_token": REFRESH, "id_token": ID_TOKEN},
                form(grant_type="authorization_code", code=CODE, client_secret=SECRET),
                headers=FORM,
            ),
        ),
        (CODE, SECRET, ACCESS, REFRESH, ID_TOKEN),
        lambda _, answer: tokens(answer),
    ),
    Flow(
        "OAuth with PKCE",
        (Call(URL, TOKEN, form(grant_type="authorization_code", code=CODE, code_verifier=VERIFIER), headers=FORM),),
        (CODE, VERIFIER, ACCESS),
        tokens,
    ),
    Flow(
        "OAuth refresh",
        (
            Call(URL, TOKEN | {"refresh_token": REFRESH}, form(grant_type="refresh_token", refresh_token=REFRESH), headers=FORM),
            Call(f"{ISSUER}/me", {"ok": True}, headers=bearer(ACCESS)),
        ),
        (ACCESS, REFRESH),
        lambda answer, _: tokens(answer),
    ),
    Flow(
        "OAuth client credentials",
        (Call(URL, TOKEN, form(grant_type="client_credentials"), headers=FORM | basic("client-1", SECRET)),),
        (SECRET, ACCESS),
        tokens,
    ),
    Flow(
        "OAuth password",
        (Call(URL, TOKEN, form(grant_type="password", username="ann", password="hunter2"), headers=FORM),),
        ("hunter2", ACCESS),
        tokens,
    ),
    Flow(
        "OAuth introspection",
        (
            Call(
                f"{ISSUER}/introspect",
                {
                    "active": True,
                    "client_id": "l238j323ds23ij4",
                    "username": "jdoe",
                    "scope": "read write",
                    "sub": "Z5O3upPC88QrAjx00dis",
                    "aud": "https://rs.test/",
                    "iss": ISSUER,
                    "exp": 1419356238,
                    "token_type": "bearer",
                },
                form(token=ACCESS, token_type_hint="access_token"),
                headers=FORM,
            ),
        ),
        (ACCESS,),
    ),
    Flow(
        "OAuth errors",
        (
            Call(
                URL,
                {"error": "invalid_grant", "error_description": "The refresh token is invalid or expired."},
                form(grant_type="refresh_token", refresh_token=REFRESH),
                headers=FORM,
            ),
        ),
        (REFRESH,),
    ),
    Flow(
        "OAuth device code",
        (
            Call(
                f"{ISSUER}/device",
                {
                    "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
                    "user_code": "WDJB-MJHT",
                    "interval": 5,
                    "verification_uri": f"{ISSUER}/device",
                    "expires_in": 1800,
                },
                form(client_id="c"),
                headers=FORM,
            ),
            Call(
                URL,
                TOKEN,
                form(grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code="GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"),
                headers=FORM,
            ),
        ),
        ("GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS", ACCESS),
        device,
    ),
    Flow(
        "OAuth 1",
        (
            Call(
                f"{ISSUER}/request_token",
                f"oauth_token=NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0&oauth_token_secret={ACCESS}&oauth_callback_confirmed=true",
                "",
            ),
        ),
        (ACCESS,),
        lambda answer: re.fullmatch(r"oauth_token=[\w-]{43}&oauth_token_secret=\w{24}&oauth_callback_confirmed=true", answer)[0],
    ),
    Flow(
        "OpenID user",
        (
            Call(URL, TOKEN | {"id_token": ID_TOKEN}, form(grant_type="authorization_code", code=CODE), headers=FORM),
            Call(f"{ISSUER}/userinfo", {"sub": SUBJECT, "email": "ann.smith@corp.test", "email_verified": True}, headers=bearer(ACCESS)),
        ),
        (ID_TOKEN, ACCESS),
        same_subject,
    ),
    Flow(
        "OpenID discovery",
        (
            Call(
                f"{ISSUER}/.well-known/openid-configuration",
                {
                    "issuer": ISSUER,
                    "token_endpoint": URL,
                    "authorization_endpoint": f"{ISSUER}/auth",
                    "jwks_uri": f"{ISSUER}/jwks",
                    "userinfo_endpoint": f"{ISSUER}/me",
                    "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
                    "code_challenge_methods_supported": ["S256"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "grant_types_supported": ["password", "refresh_token"],
                },
            ),
        ),
    ),
    Flow(
        "OpenID keys",
        (
            Call(
                f"{ISSUER}/jwks",
                {"keys": [RSA, {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "kid": "k2"}]},
            ),
        ),
    ),
    Flow(
        "a private JSON Web Key",
        (Call(f"{ISSUER}/key", RSA | {"d": "X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9"}),),
        ("X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9",),
        kept=(RSA["n"],),
    ),
    Flow(
        "a login",
        (
            Call(
                "https://api.test/login",
                {"session_id": "0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11", "user": {"name": "Ann"}},
                {"user": "ann", "password": "hunter2"},
            ),
        ),
        ("0b0c6f0e-52f7-4c3e-8f0e-8f5d0a0f8a11", "hunter2"),
        uuids,
    ),
    Flow("a pin", (Call("https://api.test/pin", {"pin": "482913", "expires_in": 300}),), ("482913",), digits),
    Flow(
        "a shared secret",
        (Call("https://api.test/totp", {"secret": "3q2+7wAB/zM0ZmZmZjEyMzQ1Njc4OTAxMjM0NTY3ODk=", "digits": 6, "algorithm": "SHA1"}),),
        ("3q2+7wAB/zM0ZmZmZjEyMzQ1Njc4OTAxMjM0NTY3ODk=",),
        decodes,
    ),
    Flow(
        "a generated password",
        (Call("https://api.test/users", {"username": "ann", "password": "letmein", "email": "ann@example.com"}),),
        ("letmein",),
    ),
    Flow(
        "a page with a form",
        (
            Call(
                "https://app.test/login",
                '<form><input type="hidden" name="csrf_token" value="q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6j7K8l9Z0x1C">'
                '<label for="password">Password</label><input type="password" name="password" value=""></form>',
            ),
            Call(
                "https://app.test/login",
                "ok",
                form(csrf_token="q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6j7K8l9Z0x1C", password="hunter2"),
                headers=FORM,
            ),
        ),
        ("q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6j7K8l9Z0x1C", "hunter2"),
        lambda page, _: hidden(page),
    ),
    Flow(
        "cookies",
        (
            Call(
                "https://app.test/",
                "ok",
                fields=(
                    ("Set-Cookie", "theme=dark; Path=/"),
                    ("Set-Cookie", "lang=en-US"),
                    ("Set-Cookie", "consent=true"),
                    ("Set-Cookie", f"sid={ACCESS}; HttpOnly"),
                ),
            ),
        ),
        (ACCESS,),
    ),
)
