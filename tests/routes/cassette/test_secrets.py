"""Secrets over whole interactions: what is put in, what is learnt, what is found."""
from __future__ import annotations

import gzip

import pytest

from sessionmock.models.message import ResponseHead
from sessionmock.routes.cassette import Extra, Interaction, RecordedRequest, RecordedResponse, Secrets

SECRET = "a-long-secret-12"
WORD = "AnnExample77"
URL = "http://api.test/"


def item(uri: str = URL, body: bytes | None = None, answer: bytes = b"", **extra: object) -> Interaction:
    return Interaction(RecordedRequest("POST", uri, [], body), RecordedResponse(200, "OK", [], answer), Extra(**extra))    # type: ignore[arg-type]


def test_a_secret_is_learnt_from_its_pseudonym() -> None:
    """Where all around it is the same; from then on it is one wherever it stands."""
    secrets = Secrets()
    name = secrets.pseudonyms.of(WORD)
    assert secrets.url(f"{URL}{WORD}") == f"{URL}{WORD}"
    assert secrets.learn(f"{URL}{WORD}/x", f"{URL}{name}/x")
    assert (f"{URL}{name}", [("X-Note", f"by {name}")], name.encode()) == (
        secrets.url(f"{URL}{WORD}"), secrets.headers([("X-Note", f"by {WORD}")]), secrets.body(WORD.encode()))
    assert (b"\xff" + name.encode(), b"other") == (secrets.body(b"\xff" + WORD.encode()), secrets.body(b"other"))


@pytest.mark.parametrize(("asked", "recorded"), [
    (f"{URL}{WORD}", URL),                                   # no pseudonym there
    (f"{URL}{WORD}", "http://b.test/{}"), (f"{URL}{WORD}/x", f"{URL}{{}}/y"),
    (f"{URL}{WORD}&b/x", f"{URL}{{}}/x"),                    # more than one value
    (f"{URL}other/x", f"{URL}{{}}/x"),                       # another secret
    (URL, "{}" * 33),                                        # too many to try
])
def test_what_differs_otherwise_is_not_learnt(asked: str, recorded: str) -> None:
    """Nothing is known afterwards that was not before."""
    secrets = Secrets()
    assert not secrets.learn(asked, recorded.replace("{}", secrets.pseudonyms.of(WORD)))
    assert WORD == secrets.url(WORD)


def test_an_escaped_secret_is_learnt_as_it_is() -> None:
    """In a URL it may stand encoded."""
    secrets = Secrets()
    assert secrets.learn(f"{URL}AnnExample%2077", f"{URL}{secrets.pseudonyms.of('AnnExample 77')}")
    assert secrets.pseudonyms.of("AnnExample 77") in secrets.url(f"{URL}AnnExample%2077")


def test_a_secret_goes_from_every_part() -> None:
    """Of request and answer, early answers and trailers, also where it was known for one only later."""
    early, late = item(f"{URL}{WORD}", f"text {WORD}".encode(), WORD.encode()), item(f"{URL}?token={WORD}")
    early.response.reason = WORD
    early.response.headers = [("X-Note", WORD)]
    early.extra.trailers = [("X-Sum", WORD)]
    early.extra.informational = [ResponseHead(103, [("Link", WORD)])]
    Secrets().clean_all([early, late])
    assert WORD not in repr(early) + repr(late)


def test_a_coded_answer_with_a_secret_is_kept_decoded() -> None:
    """With its new length, and its pieces where they were; one without a secret stays coded."""
    one = item(answer=gzip.compress(f'{{"token": "{SECRET}"}}'.encode()), chunks=[(0, 1), (10, 2)])
    one.response.headers = [("Content-Encoding", "gzip"), ("Content-Length", str(len(one.response.body)))]
    plain = item(answer=gzip.compress(b"nothing"))
    plain.response.headers = [("Content-Encoding", "gzip")]
    before = plain.response.body
    Secrets().clean_all([one, plain])
    assert one.response.body.startswith(b'{"token": "fake-')
    assert [("Content-Length", str(len(one.response.body)))] == one.response.headers
    assert (0, 2) == (one.extra.chunks[0][0], len(one.extra.chunks))
    assert before is plain.response.body


def test_many_secrets_are_looked_for_at_once() -> None:
    """More than can be looked for one by one."""
    with_names = [item(f"{URL}?token=SecretNumber{number}X") for number in range(40)]
    echo = item(f"{URL}SecretNumber7X")
    Secrets().clean_all([*with_names, echo])
    assert "SecretNumber" not in repr(with_names) + repr(echo)


def test_what_is_found_is_named_with_its_place() -> None:
    """Pseudonyms and placeholders are no secrets; coded bodies are looked into."""
    secrets = Secrets()
    one = item(f"{URL}?token={SECRET}", gzip.compress(b'{"password": "in-the-body-1"}'))
    one.request.headers = [("Content-Encoding", "gzip"), ("Authorization", f"Bearer {secrets.pseudonyms.of('x')}"), ("X-Api-Key", "<redacted>")]
    one.extra.informational = [ResponseHead(103, [("X-Token", "in-an-early-one")])]
    one.extra.trailers = [("X-Token", "in-a-trailer-1")]
    assert [("request token", SECRET), ("request password", "in-the-body-1"), ("response X-Token", "in-a-trailer-1"),
            ("response X-Token", "in-an-early-one")] == secrets.findings(one)
