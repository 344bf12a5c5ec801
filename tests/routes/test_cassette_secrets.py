"""Secrets: none reaches the disk, the same one has one pseudonym, and what was recorded with one replays with another."""
from __future__ import annotations

import base64
import builtins
import gzip
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sessionmock.models.message import Request, ResponseHead
from sessionmock.routes.cassette import CassetteRoute, Interaction, RecordedRequest, RecordedResponse, Secrets, Tape, files
from sessionmock.secrets import names as secret_names
from sessionmock.secrets.pseudonyms import Pseudonyms, is_pseudonym

from .doubles import FakeHost, FakeLive, RecordingSink
from .test_cassette_route import URL, item

CANARY = "cAnArY1234567890abcdef"


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


JWT = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{segment({'sub': 'alice@example.com', 'exp': 1700000000})}.{CANARY}"
BASIC = base64.b64encode(f"user-{CANARY}:{CANARY}".encode()).decode()


def ask(route: CassetteRoute, url: str = URL, method: str = "GET", headers: Any = (), body: Any = None) -> RecordingSink:
    host, sink = FakeHost(), RecordingSink()
    route.bind(None, host).open(Request(method, url, list(headers), body), sink)
    host.run()
    return sink


def answer(body: bytes = b"", *headers: tuple[str, str], trailers: Any = (), early: Any = ()) -> list[tuple[Any, ...]]:
    early_heads = [("informational", ResponseHead(103, list(early)))] if early else []
    return [*early_heads, ("head", ResponseHead(200, [("Content-Length", str(len(body))), *headers], "OK")),
            *([("data", body)] if body else []), ("end", list(trailers))]


# The canary ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every byte that is written to any file, temporary ones too."""
    found: list[bytes] = []
    opened = io.open

    def watching(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        stream = opened(file, mode, *arguments, **options)
        if any(letter in mode for letter in "wxa+"):
            write = stream.write

            class Spy:
                def __enter__(self) -> Any:
                    return self

                def __exit__(self, *_: Any) -> None:
                    stream.close()

                def __getattr__(self, name: str) -> Any:
                    return getattr(stream, name)

                def write(self, data: Any) -> Any:
                    found.append(data if isinstance(data, bytes) else str(data).encode())
                    return write(data)
            return Spy()
        return stream

    monkeypatch.setattr(io, "open", watching)
    monkeypatch.setattr(builtins, "open", watching)
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: (found.append(bytes(data)), write(handle, data))[1])
    return found


FORM = "application/x-www-form-urlencoded"
HEADERS = ["X-Auth-Key", "X-Functions-Key", "DD-APPLICATION-KEY", "CB-ACCESS-SIGN", "CB-ACCESS-PASSPHRASE", "X-Hub-Signature-256", "Authentication",
           "X-Forwarded-Authorization", "X-Session", "X-Auth", "X-JWT-Assertion", "X-License-Key", "X-Pin", "X-CSRF-Token", "PRIVATE-TOKEN"]
NAMES = ["token_value", "password2", "passwordConfirmation", "password_hash", "api-token-v2", "passcode", "pswd", "csrf", "signing_key", "accountKey",
         "conn_str", "Set-Cookie", "accessJwt", "oauth_verifier", "cvc", "recovery_codes", "sms_verification_code", "auth", "session", "credentials"]
PLACES: dict[str, tuple[tuple[Any, ...], list[tuple[Any, ...]]]] = {
    "authorization": ((URL, "GET", [("Authorization", f"Bearer {CANARY}")]), answer()),
    "raw authorization": ((URL, "GET", [("AUTHORIZATION", CANARY)]), answer()),
    "digest": ((URL, "GET", [("Proxy-Authorization", f'Digest username="u", response="{CANARY}"')]), answer()),
    "basic": ((URL, "GET", [("Authorization", f"Basic {BASIC}")]), answer()),
    "cookie": ((URL, "GET", [("Cookie", f'a=1; theme="{CANARY}"')]), answer()),
    "set-cookie": ((URL,), answer(b"", ("Set-Cookie", f"sid={CANARY}; Path=/; HttpOnly"), ("set-cookie", f"b={CANARY}"))),
    "header": ((URL, "GET", [("X-Api-Key", CANARY), ("X-Amz-Security-Token", CANARY), ("X-Vault-Token", CANARY)]), answer()),
    "query": ((f"{URL}?a=1&api_key={CANARY}&access%5Ftoken={CANARY}",), answer()),
    "google key": ((f"{URL}?key={CANARY}",), answer()),
    "user info": ((f"http://user:{CANARY}@api.test/",), answer()),
    "fragment of a location": ((URL,), answer(b"", ("Location", f"http://h/cb#access_token={CANARY}&x=1"))),
    "presigned link": ((URL,), answer(f'{{"u": "https://s3.test/a?X-Amz-Signature={CANARY}&b=1"}}'.encode())),
    "form": ((URL, "POST", [("Content-Type", FORM)], f"grant_type=code&client_secret={CANARY}&code={CANARY}".encode()), answer()),
    "nested form": ((URL, "POST", [("Content-Type", FORM)], f"user[password]={CANARY}".encode()), answer()),
    "json": ((URL, "POST", [], json.dumps({"password": CANARY}).encode()), answer(json.dumps({"accessToken": CANARY}).encode())),
    "deep json": ((URL,), answer(json.dumps([{"secret": {"a": [CANARY, {"b": CANARY}]}, "n": 1}]).encode())),
    "json in json": ((URL,), answer(json.dumps({"body": json.dumps({"api_key": CANARY})}).encode())),
    "escaped json": ((URL,), answer(b'{"pass\\u0077ord": 1, "password": "\\u0063' + CANARY[1:].encode() + b'"}')),
    "json of strangers": ((URL, "POST", [("Content-Type", "text/plain")], b'{"refresh_token":"%s"}' % CANARY.encode()), answer()),
    "graphql": ((URL, "POST", [], json.dumps({"query": f'mutation {{ login(password: "{CANARY}") }}'}).encode()), answer()),
    "xml": ((URL,), answer(f'<r><Password>{CANARY}</Password><x token="{CANARY}"/></r>'.encode())),
    "hidden field": ((URL,), answer(f'<input type="hidden" name="csrf_token" value="{CANARY}">'.encode())),
    "multipart": ((URL, "POST", [("Content-Type", "multipart/form-data; boundary=b")],
                   b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n' + CANARY.encode() + b"\r\n--b--\r\n"), answer()),
    "gzip": ((URL,), answer(gzip.compress(json.dumps({"token": CANARY}).encode()), ("Content-Encoding", "gzip"))),
    "events": ((URL,), [("head", ResponseHead(200, [])), ("data", b'data: {"token": "'), ("data", CANARY.encode() + b'"}\n\n'), ("end", [])]),
    "jwt": ((f"http://api.test/verify/{JWT}",), answer(f"here: {JWT}.".encode(), ("X-Info", JWT))),
    "trailer": ((URL,), answer(b"x", trailers=[("X-Session-Token", CANARY)], early=[("X-Session-Token", CANARY)])),
    "headers of many": ((URL, "GET", [(name, CANARY) for name in HEADERS]), answer(b"", *((name, CANARY) for name in HEADERS))),
    "nameless cookies": ((URL, "GET", [("Cookie", f"a=1; {CANARY}; b=2")]),
                         answer(b"", ("Set-Cookie", f"{CANARY}; Path=/"), ("Set-Cookie2", CANARY))),
    "user alone": ((f"http://{CANARY}@api.test/",), answer(b"", ("Link", f"<https://{CANARY}:x-oauth-basic@h/>"), ("Location", f"https://{CANARY}:@h/"))),
    "oauth code": ((f"{URL}?state=s&code={CANARY}",), answer(b"", ("Location", f"https://h/cb?code={CANARY}&state=s"))),
    "path parameter": ((f"{URL};jsessionid={CANARY}/a",), answer()),
    "url in a url": ((f"{URL}?next=https%3A%2F%2Fx%2F%3Ftoken%3D{CANARY}", "GET",
                      [("Referer", f"http://h/?r=%252Fa%253Fpassword%253D{CANARY}")]), answer()),
    "challenge": ((URL,), answer(b"", ("WWW-Authenticate", f'Bearer realm="x", token="{CANARY}"'))),
    "reason": ((URL,), [("head", ResponseHead(401, [], f"Bearer {CANARY}")), ("end", [])]),
    "names of many": ((URL, "POST", [("Content-Type", FORM)], "&".join(f"{name}={CANARY}" for name in NAMES).encode()),
                      answer(json.dumps(dict.fromkeys(NAMES, CANARY)).encode())),
    "log in json": ((URL,),
                    answer(json.dumps({"a": f"GET /\nBearer {CANARY}", "b": f"x\nAPI_KEY={CANARY}", "c": f"password={CANARY}&a=1"}).encode())),
    "escapes of json": ((URL,), answer(b'{"u": "https://h/?a=1\\u0026access_token=%s", "v": "h?token\\u003d%s"}' % (2 * (CANARY.encode(),)))),
    "pairs in json": ((URL,), answer(json.dumps({"headers": [["X-Api-Key", CANARY]], "form": [{"name": "password", "value": CANARY}]}).encode())),
    "json in a form": ((URL, "POST", [("Content-Type", FORM)], f"payload=%7B%22token%22%3A%22{CANARY}%22%7D&a=1".encode()), answer()),
    "settings": ((URL, "POST", [("Content-Type", "text/plain")], f"auth:\n  token: {CANARY}\nDB_PASSWORD={CANARY}\n[a]\npwd = {CANARY}\n".encode()),
                 answer(f"Server=h;Password={CANARY};AccountKey={CANARY}==;x\r\nX-Api-Key: {CANARY}\r\n{{'token': '{CANARY}'}}".encode())),
    "markup": ((URL,), answer(f'<a><token><![CDATA[{CANARY}]]></token></a><input value="{CANARY}" name="csrf_token">'
                              f'<meta name="csrf-token" content="{CANARY}">'
                              f"<key>password</key><string>{CANARY}</string>".encode())),
    "loose multipart": ((URL, "POST", [],
                         b"x\n--b\nContent-Type: text/plain\nContent-Disposition: form-data; name=password\n\n" + CANARY.encode()), answer()),
    "base64 of json": ((URL, "POST", [], base64.b64encode(f'{{"password":"{CANARY}"}}'.encode())),
                       answer(json.dumps({"d": base64.urlsafe_b64encode(f'{{"token":"{CANARY}\xff"}}'.encode()).decode().rstrip("=")}).encode())),
    "echo": ((URL, "GET", [("Authorization", f"Bearer {CANARY}")]), answer(json.dumps({"headers": {"seen": CANARY}}).encode(), ("X-Echo", CANARY))),
    "own name": ((f"{URL}?tenant={CANARY}", "GET", [("X-Shop-Id", CANARY)]), answer(json.dumps({"shop_id": CANARY}).encode())),
    "own pattern": ((f"http://api.test/customers/CUST-{CANARY}",), answer(f"CUST-{CANARY}".encode())),
}


@pytest.mark.parametrize("name", ["tape.yaml", "tape.json", "tape.har"])
@pytest.mark.parametrize("place", PLACES)
def test_no_canary_reaches_the_disk(tmp_path: Path, written: list[bytes], place: str, name: str):
    """A secret in any place of a request or an answer is in no byte that is written, in a temporary file or in the cassette."""
    asked, answered = PLACES[place]
    secrets = Secrets(names=["x-shop-id", "shop_id", "tenant"], patterns=["CUST-([A-Za-z0-9]+)"])
    with CassetteRoute(tmp_path / name, "all", live=FakeLive(answered), filter=secrets) as route:
        assert "end" == ask(route, *asked).names[-1]
    everything = b"".join(written) + b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"interactions" in everything or b"entries" in everything
    decoded = b"".join(base64.b64decode(word + b"==", b"-_") for word in re.findall(rb"[\w-]{24,}", everything) if word.startswith(b"eyJ"))
    for form in (CANARY, BASIC, JWT, base64.b64encode(CANARY.encode()).decode()):
        assert form.encode() not in everything + decoded
    assert {name} == set(os.listdir(tmp_path))


@pytest.mark.parametrize("filter", ["x-shop-code", ["x-shop-code"], Secrets(names="x-shop-code"), Secrets(patterns="OPEN-[0-9]+")])
def test_a_text_alone_is_one_name_or_pattern(tmp_path: Path, filter: object):
    """And not its letters, each of which would be one."""
    with CassetteRoute(tmp_path / "a.yaml", "all", live=FakeLive(answer(b'{"a": 1}')), filter=filter) as route:
        ask(route, URL + "/1", headers=[("X-Shop-Code", "OPEN-12345")])
    written = (tmp_path / "a.yaml").read_bytes()
    assert (False, True) == (b"OPEN-12345" in written, b'"a": 1' in written)


def test_an_echo_before_its_secret_is_found_too(tmp_path: Path):
    """What turns out to be a secret later is replaced in what was recorded before; ordinary words are left alone."""
    live = FakeLive(answer(f"id {CANARY}, dark".encode()), answer())
    with CassetteRoute(tmp_path / "a.yaml", live=live) as route:
        ask(route, URL + "/1")
        ask(route, URL + "/2", headers=[("Authorization", f"Bearer {CANARY}"), ("Cookie", "theme=dark; zone=production")])
    text = (tmp_path / "a.yaml").read_text()
    assert CANARY not in text
    assert ", dark" in text


def test_the_live_side_gets_and_gives_the_real_secrets(tmp_path: Path):
    """Only what is written is changed: the server gets the request, and the client the answer, as they are."""
    live = FakeLive(answer(b'{"token": "real-token"}'))
    with CassetteRoute(tmp_path / "a.yaml", live=live) as route:
        assert b'{"token": "real-token"}' == ask(route, URL + "?api_key=mine", "POST", [("Authorization", "Bearer mine")], b"password=mine").body
    sent = live.requests[0]
    assert (URL + "?api_key=mine", [("Authorization", "Bearer mine")], b"password=mine") == (sent.url, sent.headers, sent.body)


def test_filter_false_records_as_it_is(tmp_path: Path):
    """With filter=False nothing is replaced."""
    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer()), filter=False) as route:
        ask(route, headers=[("Authorization", f"Bearer {CANARY}")])
    assert CANARY in (tmp_path / "a.yaml").read_text()


# Replay --------------------------------------------------------------------------------------------------------------

def login(route: CassetteRoute, password: str) -> list[bytes]:
    """Log in, and use the token in a header, in the query and in a body."""
    token = json.loads(ask(route, URL + "/login", "POST", [("Content-Type", FORM)], f"user=u&password={password}".encode()).body)["access_token"]
    bearer = [("Authorization", f"Bearer {token}")]
    return [
        ask(route, URL + "/me", headers=bearer).body, ask(route, f"{URL}/me?token={token}").body,
        ask(route, URL + "/refresh", "POST", [*bearer, ("Content-Type", "application/json")], json.dumps({"refresh_token": token}).encode()).body,
    ]


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.har"])
def test_a_login_replays(tmp_path: Path, name: str):
    """Two people's logins, recorded in one cassette, replay to each with what the tape gave, in another order than recorded."""
    def live(who: bytes) -> list[Any]:
        token = b'{"access_token": "token-of-%s-0123456789"}' % who
        return [answer(token), answer(b"header of " + who), answer(b"query of " + who), answer(b"body of " + who)]

    with CassetteRoute(tmp_path / name, live=FakeLive(*live(b"ann"), *live(b"bob"))) as route:
        recorded = {who: login(route, f"password-{who}") for who in ("ann", "bob")}
    replay = CassetteRoute(tmp_path / name)
    assert recorded["ann"][1:] == login(replay, "password-ann")[1:]
    assert recorded["bob"][1:] == login(replay, "password-bob")[1:]
    replay = CassetteRoute(tmp_path / name)
    assert recorded["bob"][1:] == login(replay, "password-bob")[1:]
    assert [] == replay.misses


def test_what_turned_out_to_be_a_secret_later_replays(tmp_path: Path):
    """A name of a user, and a code, that stood in requests before a header or a link told them as secrets, are found again."""
    user, code = "annabella1234", "4/0AfJohXmQ7"
    basic = [("Authorization", "Basic " + base64.b64encode(f"{user}:pw".encode()).decode())]
    json_type = [("Content-Type", "application/json")]

    def run(route: CassetteRoute) -> list[bytes]:
        return [
            ask(route, f"{URL}/users/{user}").body, ask(route, URL, "POST", json_type, json.dumps({"name": user, "n": 1}).encode()).body,
            ask(route, f"{URL}?next={code}").body, ask(route, f"{URL}/me", headers=basic).body,
            ask(route, URL, "POST", json_type, json.dumps({"grant_type": "authorization_code", "code": code}).encode()).body,
        ]

    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(*(answer(b"%d" % number) for number in range(5)))) as route:
        recorded = run(route)
    assert user not in (tmp_path / "a.yaml").read_text()
    replay = CassetteRoute(tmp_path / "a.yaml")
    assert recorded == run(replay)
    assert [] == replay.misses
    assert ask(CassetteRoute(tmp_path / "a.yaml"), f"{URL}/users/another1234").missed


@pytest.mark.parametrize("secret", ["other", "", None])
def test_other_secrets_than_the_recorded_replay(tmp_path: Path, secret: str | None):
    """In CI, where the real key is not known, a dummy, an empty one or none at all gets the recorded answer; other fields matter."""
    def asked(route: CassetteRoute, key: str | None, page: int = 1) -> RecordingSink:
        query = "" if key is None else f"&api_key={key}"
        body = json.dumps({"n": page, "password": key or ""}).encode()
        return ask(route, f"{URL}?page={page}{query}", "POST", [("Content-Type", "application/json")], body)

    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer(b"1"), answer(b"2"))) as route:
        asked(route, "real-key")
        asked(route, "real-key", 2)
    replay = CassetteRoute(tmp_path / "a.yaml")
    assert [b"2", b"1"] == [asked(replay, secret, page).body for page in (2, 1)]
    message = str(asked(replay, "another-secret", 3).missed)
    assert "page=3" in message
    assert "another-secret" not in message


def test_cassettes_with_real_or_dropped_secrets_replay(tmp_path: Path):
    """What other recorders wrote, with the secret in it or with it filtered out, is found by requests with any secret."""
    files.save(tmp_path / "a.yaml", Tape([item(b"raw", URL + "/1?api_key=recorded-secret"), item(b"dropped", URL + "/2")]))
    route = CassetteRoute(tmp_path / "a.yaml")
    assert [b"raw", b"dropped"] == [ask(route, f"{URL}/{number}?api_key=mine").body for number in (1, 2)]


KEYS = [f"-----BEGIN PRIVATE KEY-----\n{letter * 40}\n-----END PRIVATE KEY-----" for letter in "ab"]


@pytest.mark.parametrize(("urls", "bodies"), [
    ([f"{URL}?AWSAccessKeyId=AKIA{letter * 16}&Signature={letter * 27}%3D" for letter in "AB"], [b"", b""]),
    ([f"{URL}/keys/ghp_{letter * 36}" for letter in "ab"], [b"", b""]),
    ([URL, URL], [json.dumps({"chain": key}).encode() for key in KEYS]),
    ([URL, URL], [b"\xff\x00 ya29." + letter * 30 + b"\x00" for letter in (b"a", b"b")]),
])
def test_cassettes_of_others_answer_their_own_requests(tmp_path: Path, urls: list[str], bodies: list[bytes]):
    """Secrets that only their shape tells: each request gets what was recorded with its own, in any order, and then no more."""
    recorded = [item(str(number).encode(), url, "POST", body) for number, (url, body) in enumerate(zip(urls, bodies, strict=True))]
    files.save(tmp_path / "a.yaml", Tape(recorded))
    route = CassetteRoute(tmp_path / "a.yaml")
    assert [b"1", b"0"] == [ask(route, urls[number], "POST", [], bodies[number]).body for number in (1, 0)]
    assert "used up: recorded 2 times" in str(ask(route, urls[0], "POST", [], bodies[0]).missed)


def test_another_secret_of_the_same_shape_replays(tmp_path: Path):
    """What was recorded with a key that only its shape tells answers a request with another such key."""
    with CassetteRoute(tmp_path / "a.yaml", live=FakeLive(answer(b"x"))) as route:
        ask(route, URL, "POST", [], f"key: {KEYS[0]}".encode())
    assert b"x" == ask(CassetteRoute(tmp_path / "a.yaml"), URL, "POST", [], f"key: {KEYS[1]}".encode()).body


# Pseudonyms ----------------------------------------------------------------------------------------------------------

def test_a_pseudonym_is_the_same_everywhere_and_its_own():
    """One secret has one pseudonym, in another process too; another secret or seed another one; a pseudonym stays itself."""
    one = Pseudonyms()
    assert Pseudonyms().of(CANARY) == one.of(CANARY)
    assert 4 == len({one.of(CANARY), one.of(CANARY + "x"), Pseudonyms(seed=1).of(CANARY), one.of("pw")})
    for secret in (CANARY, "pw", JWT, "eyJhbGciOi.eyJub3QganNvbg.x"):
        assert is_pseudonym(one.of(secret))
        assert one.of(secret) == one.of(one.of(secret))
    assert one.of("123456").isdecimal()
    assert one.of("123456") == one.of(one.of("123456"))


def test_the_pseudonym_of_a_jwt_is_a_jwt():
    """It parses, keeps its algorithm and its times, and nothing else of what it said."""
    head, claims, _ = Pseudonyms().of(JWT).split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
    assert {"alg": "HS256", "typ": "JWT"} == read[0]
    assert {"exp", "sub"} == set(read[1])
    assert 1700000000 == read[1]["exp"]
    assert is_pseudonym(read[1]["sub"])


def test_without_faker_there_are_words(monkeypatch: pytest.MonkeyPatch):
    """Where Faker is not installed a pseudonym has another word and the same digest."""
    from sessionmock.secrets import pseudonyms

    with_faker = Pseudonyms().of("hunter2")
    load = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.startswith("faker"):
            raise ImportError(name)
        return load(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    pseudonyms._names.cache_clear()
    plain = Pseudonyms().of("hunter2")
    monkeypatch.undo()
    pseudonyms._names.cache_clear()
    assert is_pseudonym(plain)
    assert with_faker != plain
    assert with_faker[-12:] == plain[-12:]


def test_the_quick_look_passes_over_no_name():
    """The pattern that says which bodies are looked through finds every name that is a secret, in one word or in two."""
    quick = secret_names.Names(["x-shop.id"]).stems
    for name in (*secret_names._NAMES, *secret_names._ENDINGS, "shopid"):
        assert quick.search(f'"{name}":'.encode()), name
    for name in ("access_key", "api-key", "login_code", "sms code", "account_key", "application_key", "recovery_codes", "card_number", "magic-link"):
        assert quick.search(f'"{name}":'.encode()), name


# What is left alone --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", [
    '{"token_type": "bearer", "expires_in": 3600, "max_tokens": 100, "next_page_token": "abc", "key": "value", "code": 404}',
    '{"usage": {"prompt_tokens": 12, "completion_tokens": 3}}', "a=1&key=short&page_token=x", "The secret: nobody knows.",
    '{"password": null, "token": "", "secret": true}', "<password></password>", "see http://h/?a=1&b=2, mail a@b.test", "basic needs; bearer of news",
    '{"session": "short", "credentials": "include", "auth": "https://api.example.com/login", "required": ["password", "confirmation-of-it"]}',
    'Bearer authentication; token: string, "x": "a\\\\nb", http://user@host/, 100% of a?b=%41%',
    '<a name="token" id="1"/>', "--b\r\nContent-Type: x\r\n\r\n",
])
def test_what_is_no_secret_stays(text: str):
    """Counts, types, positions, empty values and prose stay byte for byte."""
    assert text.encode() == Secrets().body(text.encode())


def test_a_body_keeps_its_layout():
    """Around the secret not a byte changes, and lengths that headers name follow."""
    body = b'{ "a" :1,\n\t"password" : "x\\"y" , "b":[ ]}'
    interaction = Interaction(RecordedRequest("POST", URL, [("Content-Length", str(len(body)))], body), RecordedResponse(200))
    Secrets().clean(interaction)
    before, _, rest = interaction.request.body.partition(b'"fake-')
    assert b'{ "a" :1,\n\t"password" : ' == before
    assert b'" , "b":[ ]}' == rest[rest.index(b'"'):]
    assert [("Content-Length", str(len(interaction.request.body)))] == interaction.request.headers


def test_keep_names_what_is_no_secret():
    """A name in `keep` is left alone, in headers, queries and bodies."""
    secrets = Secrets(keep=["token", "Cookie"])
    assert [("Cookie", "a=b"), ("Token", "t")] == secrets.headers([("Cookie", "a=b"), ("Token", "t")])
    assert URL + "?token=x" == secrets.url(URL + "?token=x")
    assert b'{"token": "x"}' == secrets.body(b'{"token": "x"}')


@pytest.mark.parametrize("secret", [
    JWT, *(f"gh{kind}_{'a1B2' * 9}" for kind in "pousr"), "github_pat_" + "a1B2" * 6, "glpat-" + "a1B2" * 5, "npm_" + "a1B2" * 9,
    "xoxb-123456789012-abc", "AKIA" + "Q7" * 8, "ASIA" + "Q7" * 8, "AIza" + "a1B2c" * 7, "ya29." + "a1B2" * 6, "SG." + "a1B2" * 4 + "." + "c3D4" * 4,
    "sk_live_" + "a1B2" * 4, "rk_test_" + "a1B2" * 4, "sk-" + "a1B2" * 6, "-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----",
    "shpat_" + "a1" * 16, "hvs." + "a1B2" * 6, "glsa_" + "a1B2" * 8, "123456789:AA" + "b1c" * 11, "hf_" + "a1B2" * 8, "xapp-1-" + "A1" * 10,
    "user:" + CANARY + "@host", "Bearer " + CANARY, "bearer " + CANARY, "Basic " + BASIC, "basic " + BASIC,
])
def test_a_secret_shows_by_its_shape_alone(secret: str):
    """Keys of well-known services, and credentials as headers have them, are found in prose, in bodies and in headers."""
    for text in (f"it was http://{secret}/ of old", f"see {secret} there") if "@host" not in secret else (f"it was http://{secret}/ of old",):
        cleaned = Secrets().body(text.encode()).decode()
        assert secret not in cleaned
        assert cleaned == Secrets().headers([("X-Note", text)])[0][1]


# Findings ------------------------------------------------------------------------------------------------------------

def test_findings_name_place_and_secret():
    """A scan tells where a secret stands; pseudonyms and the words that stand for a removed secret are none."""
    request = RecordedRequest("GET", URL + "?api_key=abc123", [("Authorization", "Bearer REDACTED"), ("Cookie", "sid=fake-garcia-0123456789ab")])
    response = RecordedResponse(200, "OK", [("Content-Encoding", "gzip")], gzip.compress(f'{{"token": "***", "note": "{JWT}"}}'.encode()))
    assert [("request api_key", "abc123"), ("response body", JWT)] == Secrets().findings(Interaction(request, response))


def test_hostile_text_takes_no_long_time():
    """Long texts of the characters that the patterns turn on are looked through once, not again from each place."""
    for unit in (b'"', b"a:", b"<a ", b'{"a":', b"=&", b"eyJa.", b"x" * 7, b"a=", b"\\", b"name='", b"://a:", b"Bearer ", b"-----BEGIN ",
                 b"-----BEGIN PRIVATE KEY-----", b"eyJ", b'--b\r\nContent-Disposition: form-data; name="a"\r\nx: y\r\n', b"?a=%3F%", b"&t=%22"):
        Secrets().body(b"token password " + unit * (100_000 // len(unit)))
        Secrets().url("http://h/?token=" + unit.decode() * (20_000 // len(unit)))


def test_scrubbing_twice_changes_nothing():
    """What was cleaned is clean."""
    secrets = Secrets()
    for asked, answered in PLACES.values():
        for body in (*asked[3:4], *[call[1] for call in answered if call[0] == "data"]):
            once = secrets.body(body)
            assert once == secrets.body(once)
