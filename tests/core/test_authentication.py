from __future__ import annotations

import re
from base64 import b64encode

import pytest

from sessionmock.core.accepted import AcceptedCredentials
from sessionmock.core.authentication import ATTEMPT_LIMIT, AuthenticationFlow, Next
from sessionmock.models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodHTTPBasic,
    NSURLAuthenticationMethodHTTPDigest,
    NSURLAuthenticationMethodNegotiate,
    NSURLAuthenticationMethodNTLM,
    URLCredential,
    URLProtectionSpace,
)
from sessionmock.models.enums import AuthChallengeDisposition
from sessionmock.models.message import BodyStream, Request, ResponseHead
from sessionmock.models.trust import ServerTrust

USE, DEFAULT, CANCEL, REJECT = (AuthChallengeDisposition(number) for number in range(4))
ANN = URLCredential("ann", "pw")
WRONG = URLCredential("ann", "no")
BASIC = 'Basic realm="Vault"'
DIGEST = 'Digest realm="Vault", nonce="n", qop="auth"'
RIGHT = "Basic YW5uOnB3"


def get(url: str = "http://a.test/a", **more) -> Request:
    return Request("GET", url, [], **more)


def unauthorized(*challenges: str, status: int = 401) -> ResponseHead:
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    return ResponseHead(status, [(name, challenge) for challenge in challenges])


def space(method: str = NSURLAuthenticationMethodHTTPBasic, realm: str | None = "Vault") -> URLProtectionSpace:
    return URLProtectionSpace("a.test", 80, "http", realm, method)


OK = ResponseHead(200, [])


class Script:
    """Runs a load as the engine would: a server that demands `challenges` until a field satisfies `right`."""

    def __init__(self, flow, right=lambda value: value == RIGHT, challenges=(BASIC,), stored=None, status=401):
        self.flow, self.right, self.challenges, self.stored, self.status = flow, right, challenges, stored or {}, status
        self.name = "Proxy-Authorization" if status == 407 else "Authorization"
        self.asked, self.sent, self.kept = [], [], []

    def load(self, *answers, request: Request | None = None) -> Next | int:
        request, answers = request or get(), list(answers)
        while True:
            added = dict(self.flow.fields(request))
            assert set(added) <= {self.name}
            self.sent.append(added.get(self.name))
            refused = not self.right(self.sent[-1] or "")
            head = unauthorized(*self.challenges, status=self.status) if refused else OK
            step = self.flow.refused(request, head) if refused else 200
            while step is Next.ASK:
                challenge = self.flow.challenge(self.stored.get(self.flow.space), None)
                self.asked.append(challenge)
                step = self.flow.answer(*(answers.pop(0) if answers else (DEFAULT,)))
            if step is not Next.SEND:
                self.kept += self.flow.accepted(request, head)
                return step


def script(*args, accepted: AcceptedCredentials | None = None, **more) -> Script:
    return Script(AuthenticationFlow(accepted or AcceptedCredentials(), cnonce=lambda: "cn"), *args, **more)


def test_basic():
    """A challenge that the delegate answers is sent again with its credential (scenario auth-basic)."""
    run = script()
    assert run.load((USE, ANN)) == 200
    assert [None, RIGHT] == run.sent
    challenge, = run.asked
    assert (space(), None, 0, None) == (
        challenge.protection_space, challenge.proposed_credential, challenge.previous_failure_count, challenge.error)
    assert [(space(), ANN)] == run.kept


def test_wrong_then_right():
    """The count of failures grows with each refused credential, and the one that failed is proposed."""
    run = script()
    assert run.load((USE, WRONG), (USE, WRONG), (USE, ANN)) == 200
    assert [(0, None), (1, WRONG), (2, WRONG)] == [(one.previous_failure_count, one.proposed_credential) for one in run.asked]
    assert [(space(), ANN)] == run.kept


@pytest.mark.parametrize(("answer", "outcome"), [
    ((DEFAULT,), Next.DELIVER), ((REJECT,), Next.DELIVER), ((USE, None), Next.DELIVER), ((CANCEL,), Next.CANCEL),
    ((USE, URLCredential.trust(ServerTrust("h", 1, (b"x",)))), Next.DELIVER),
])
def test_dispositions_without_credential(answer, outcome):
    """Without a credential the 401 is the response; cancelling fails the task; neither is asked nor sent again."""
    run = script()
    assert outcome == run.load(answer)
    assert (1, [None], []) == (len(run.asked), run.sent, run.kept)


def test_stored():
    """Default handling uses the stored credential once it is asked for, and no sooner (scenario auth-basic-stored)."""
    run = script(stored={space(): ANN})
    assert run.load((DEFAULT,)) == 200
    assert ([None, RIGHT], ANN) == (run.sent, run.asked[0].proposed_credential)
    assert run.kept == []


def test_stored_and_wrong():
    """A stored credential that fails is proposed as failed and not sent a second time."""
    run = script(stored={space(): WRONG})
    assert run.load() == Next.DELIVER
    assert [(0, WRONG), (1, WRONG)] == [(one.previous_failure_count, one.proposed_credential) for one in run.asked]
    assert [None, "Basic YW5uOm5v"] == run.sent


def test_stored_without_password():
    """A user without a password is proposed, but not sent by default handling."""
    user = URLCredential("ann")
    run = script(stored={space(): user})
    assert run.load() == Next.DELIVER
    assert ([user], [None]) == ([one.proposed_credential for one in run.asked], run.sent)


def test_url():
    """The URL's own credential comes before the stored one, percent-decoded, and is not put into the storage."""
    run = script(lambda value: value == "Basic " + b64encode("\u00e4:p:w".encode()).decode(), stored={space(): ANN})
    assert run.load(request=get("http://%C3%A4:p%3Aw@a.test/a")) == 200
    assert URLCredential("\u00e4", "p:w") == run.asked[0].proposed_credential
    assert run.kept == []


@pytest.mark.parametrize(("userinfo", "sent"), [("TOKEN", b"TOKEN:"), ("TOKEN:", b"TOKEN:"), (":pw", b":pw"), ("t%40ken", b"t@ken:")])
def test_a_url_that_names_a_user_alone_has_an_empty_password(userinfo, sent):
    """As httpx, requests and curl read `https://TOKEN@host/`; a password without a user likewise."""
    run = script(lambda value: value == "Basic " + b64encode(sent).decode())
    assert 200 == run.load(request=get(f"http://{userinfo}@a.test/a"))


@pytest.mark.parametrize(("user", "sent"), [("ann", [RIGHT]), ("bob", ["Basic Ym9iOg==", RIGHT])])
def test_what_is_stored_for_the_user_of_a_url_is_the_password(user, sent):
    """The URL's empty one comes first where another user's is stored."""
    run = script(stored={space(): ANN})
    assert 200 == run.load(request=get(f"http://{user}@a.test/a"))
    assert [None, *sent] == run.sent


def test_a_url_without_a_user_has_no_credential():
    """Nor one that says neither."""
    for url in ("http://@a.test/a", "http://:@a.test/a"):
        assert Next.DELIVER == script().load(request=get(url))


def test_url_then_stored():
    """Default handling goes from the URL's credential to the stored one when that fails."""
    run = script(stored={space(): ANN})
    assert run.load(request=get("http://ann:no@a.test/a")) == 200
    assert [0, 1] == [one.previous_failure_count for one in run.asked]


@pytest.mark.parametrize("challenges", [(), ('Made-up realm="x"',), ("Basic",), ('Digest realm="r"',), ("NTLM", "Negotiate")])
def test_unknown_schemes(challenges):
    """Nothing that cannot be answered is asked, the 401 is the response (auth-unknown-scheme, auth-401-without-header)."""
    run = script(challenges=challenges)
    assert run.load((USE, ANN)) == Next.DELIVER
    assert ([], [None]) == (run.asked, run.sent)


def test_strongest_first():
    """Schemes are offered from the strongest to the weakest, each to a rejection, whatever the server's order."""
    flow = AuthenticationFlow(AcceptedCredentials(), negotiator=lambda *_: lambda _: b"")
    run = Script(flow, challenges=(f"{BASIC}, NTLM", f"{DIGEST}, Negotiate", 'Basic realm="Other"'))
    assert run.load(*[(REJECT,)] * 9) == Next.DELIVER
    assert [
        space(NSURLAuthenticationMethodNegotiate, None), space(NSURLAuthenticationMethodNTLM, None),
        space(NSURLAuthenticationMethodHTTPDigest), space(), space(realm="Other"),
    ] == [one.protection_space for one in run.asked]


def test_reject_then_use():
    """After a rejection the next space is asked for with a count of its own, and the rejected one not again."""
    run = script(challenges=(DIGEST, BASIC))
    assert run.load((REJECT,), (USE, WRONG), (USE, ANN)) == 200
    basic, methods = NSURLAuthenticationMethodHTTPBasic, [one.protection_space.authentication_method for one in run.asked]
    assert [NSURLAuthenticationMethodHTTPDigest, basic, basic] == methods
    assert [0, 0, 1] == [one.previous_failure_count for one in run.asked]


def test_limit():
    """A delegate that always gives the same wrong credential is not asked for ever."""
    run = script()
    assert run.load(*[(USE, WRONG)] * 100) == Next.DELIVER
    assert ATTEMPT_LIMIT == len(run.asked)


def test_session_sends_ahead():
    """What one task was let in with goes ahead with the next below the same path (scenario auth-basic-second-request)."""
    accepted = AcceptedCredentials()
    script(accepted=accepted).load((USE, ANN), request=get("http://a.test/x/a"))
    second = script(accepted=accepted)
    assert second.load(request=get("http://a.test/x/y/b?q")) == 200
    assert ([], [RIGHT]) == (second.asked, second.sent)


@pytest.mark.parametrize("url", [
    "http://a.test/b", "http://a.test/xy/b", "http://b.test/x/b", "https://a.test/x/b", "http://a.test:81/x/b"])
def test_ahead_stays_in_its_place(url):
    """No credential goes ahead above the path it was accepted for, nor to another origin."""
    accepted = AcceptedCredentials()
    script(accepted=accepted).load((USE, ANN), request=get("http://a.test/x/a"))
    assert [] == AuthenticationFlow(accepted).fields(get(url))


def test_own_field_wins():
    """A request with an Authorization field of its own gets nothing ahead."""
    accepted = AcceptedCredentials()
    script(accepted=accepted).load((USE, ANN))
    request = get()
    request.headers.append(("authorization", "Bearer x"))
    assert [] == AuthenticationFlow(accepted).fields(request)


def test_persistence_none():
    """A credential of persistence NONE serves its task alone, redirects included, and is not stored."""
    accepted = AcceptedCredentials()
    run = script(accepted=accepted)
    assert run.load((USE, URLCredential("ann", "pw", CredentialPersistence.NONE))) == 200
    assert [] == run.kept
    assert [("Authorization", RIGHT)] == run.flow.fields(get("http://a.test/b"))
    assert [] == AuthenticationFlow(accepted).fields(get("http://a.test/b"))


def test_ahead_and_refused():
    """What went ahead and is refused counts as a failure, is proposed as failed and no longer sent."""
    accepted = AcceptedCredentials()
    script(accepted=accepted).load((USE, ANN))
    run = script(lambda value: False, accepted=accepted)
    assert run.load() == Next.DELIVER
    assert [(1, ANN)] == [(one.previous_failure_count, one.proposed_credential) for one in run.asked]
    assert [] == AuthenticationFlow(accepted).fields(get())


def test_other_realm():
    """A server with another realm is asked about anew: no failure, nothing proposed."""
    accepted = AcceptedCredentials()
    script(accepted=accepted).load((USE, ANN))
    run = script(lambda value: False, challenges=('Basic realm="Other"',), accepted=accepted)
    run.load()
    assert [(0, None)] == [(one.previous_failure_count, one.proposed_credential) for one in run.asked]


def test_answer_stays_with_its_origin():
    """An answer that was meant for one server does not go to another that the request is changed to."""
    flow = AuthenticationFlow(AcceptedCredentials())
    flow.refused(get(), unauthorized(BASIC))
    assert Next.SEND == flow.answer(USE, ANN)
    assert [] == flow.fields(get("http://b.test/a"))


def test_server_error_says_nothing():
    """A 5xx answer does not make a credential accepted."""
    flow = AuthenticationFlow(AcceptedCredentials())
    flow.refused(get(), unauthorized(BASIC))
    flow.answer(USE, ANN)
    flow.fields(get())
    assert [] == flow.accepted(get(), ResponseHead(503, []))
    assert [] == flow.fields(get())


def digest_fields(value: str | None) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="?([^",]+)"?', value or ""))


def test_digest():
    """Digest is answered from the credential, and the count of the nonce rises with each request (scenario auth-digest)."""
    accepted = AcceptedCredentials()
    run = script(lambda value: value.startswith("Digest"), (DIGEST,), accepted=accepted)
    assert run.load((USE, ANN)) == 200
    assert NSURLAuthenticationMethodHTTPDigest == run.asked[0].protection_space.authentication_method
    second = script(lambda value: value.startswith("Digest"), (DIGEST,), accepted=accepted)
    assert second.load(request=get("http://a.test/elsewhere/b?q")) == 200
    sent = [digest_fields(run.sent[1]), digest_fields(second.sent[0])]
    assert [("/a", "00000001"), ("/elsewhere/b?q", "00000002")] == [(one["uri"], one["nc"]) for one in sent]


def test_digest_counts_over_parallel_tasks():
    """Tasks that are challenged with one nonce at the same time share its count."""
    accepted = AcceptedCredentials()
    flows = [AuthenticationFlow(accepted) for _ in range(100)]
    for flow in flows:
        flow.refused(get(), unauthorized(DIGEST))
        flow.answer(USE, ANN)
    counts = [digest_fields(flow.fields(get())[0][1])["nc"] for flow in flows]
    assert [f"{number:08x}" for number in range(1, 101)] == sorted(counts)


def test_stale_nonce():
    """A stale nonce is replaced without asking anybody and without a failure; one that is always stale ends."""
    accepted = AcceptedCredentials()
    run = script(lambda value: 'nonce="m"' in value, (DIGEST.replace('"n"', '"m"') + ", stale=true",), accepted=accepted)
    flow = run.flow
    flow.refused(get(), unauthorized(DIGEST))
    flow.answer(USE, ANN)
    assert run.load() == 200
    assert ([], ["n", "m"]) == (run.asked, [digest_fields(value)["nonce"] for value in run.sent])
    assert [(space(NSURLAuthenticationMethodHTTPDigest), ANN)] == run.kept

    class Ageing:
        def __iter__(self):
            return iter((DIGEST.replace('"n"', f'"{len(never.sent)}"') + ", stale=true",))

    never = script(lambda value: False, Ageing(), accepted=accepted)
    assert never.load() == Next.DELIVER
    assert len(never.sent) == ATTEMPT_LIMIT + 1


def test_stale_without_another_nonce():
    """A server that calls its nonce stale and offers it again has refused the credential: the delegate is asked for another."""
    run = script(lambda value: False, (DIGEST + ", stale=true",))
    assert run.load((USE, WRONG), (USE, ANN)) == Next.DELIVER
    assert [0, 1, 2] == [one.previous_failure_count for one in run.asked]


class Nonces:
    """A server or a proxy that takes each nonce once: the challenges that it offers, and whether an answer is right."""

    def __init__(self, extra=""):
        self.extra, self.made, self.taken = extra, 0, set()

    def __iter__(self):
        self.made += 1
        return iter((f'Digest realm="Vault", nonce="{self.made}", qop="auth"{self.extra}',))

    def takes(self, value):
        nonce = digest_fields(value).get("nonce")
        fresh = nonce == str(self.made) and nonce not in self.taken
        self.taken.add(nonce)
        return fresh and "ann" in value


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("extra", ["", ", stale=true", ", stale=false"])
def test_a_nonce_for_one_use_says_nothing_of_the_password(status, extra):
    """What went ahead and is refused is answered with the new nonce, unasked and without a failure, whatever `stale` says."""
    nonces, accepted = Nonces(extra), AcceptedCredentials()
    for number in range(4):
        run = Script(AuthenticationFlow(accepted, ("p.test", 3128, "http"), cnonce=lambda: "cn"), nonces.takes, nonces, status=status)
        assert 200 == run.load(*[(USE, ANN)] * (number == 0))
        assert ([0] if number == 0 else [], 2) == ([one.previous_failure_count for one in run.asked], len(run.sent))


@pytest.mark.parametrize("extra", ["", ", stale=false"])
def test_a_password_that_was_changed_is_asked_for(extra):
    """The new nonce, too, is refused: then it is the password, which default handling does not send again."""
    nonces, accepted = Nonces(extra), AcceptedCredentials()
    Script(AuthenticationFlow(accepted), nonces.takes, nonces).load((USE, ANN))
    new = URLCredential("ann", "new")
    digest = space(NSURLAuthenticationMethodHTTPDigest)
    run = Script(AuthenticationFlow(accepted), lambda value: len(run.sent) > 2, nonces, stored={digest: new})
    assert 200 == run.load()
    assert [(1, ANN)] == [(one.previous_failure_count, one.proposed_credential) for one in run.asked]
    again = Script(AuthenticationFlow(accepted), lambda value: False, nonces, stored={digest: new})
    assert Next.DELIVER == again.load()
    assert 2 == len(again.sent)


def test_a_basic_password_that_was_changed_is_asked_for():
    """Basic that went ahead and is refused is wrong; default handling goes over to what is stored now."""
    accepted = AcceptedCredentials()
    script(accepted=accepted).load((USE, ANN))
    new = URLCredential("ann", "new")
    run = script(lambda value: value == "Basic " + b64encode(b"ann:new").decode(), stored={space(): new}, accepted=accepted)
    assert (200, [RIGHT, "Basic " + b64encode(b"ann:new").decode()]) == (run.load(), run.sent)
    assert [1] == [one.previous_failure_count for one in run.asked]


def test_a_nonce_that_went_along_with_the_others_answer_is_used():
    """What the server is answered with goes to the proxy with the nonce that the proxy had taken; its refusal is about that."""
    flow = AuthenticationFlow(AcceptedCredentials(), ("p.test", 3128, "http"))
    flow.refused(get(), unauthorized(DIGEST, status=407))
    flow.answer(USE, ANN)
    flow.fields(get())
    flow.refused(get(), unauthorized(BASIC))
    flow.answer(USE, ANN)
    assert ["Authorization", "Proxy-Authorization"] == [name for name, _ in flow.fields(get())]
    assert Next.SEND == flow.refused(get(), unauthorized(DIGEST.replace('"n"', '"m"'), status=407))
    assert "m" == digest_fields(dict(flow.fields(get()))["Proxy-Authorization"])["nonce"]


def test_next_nonce():
    """A nextnonce is used from the next request on."""
    accepted = AcceptedCredentials()
    flow = AuthenticationFlow(accepted)
    flow.refused(get(), unauthorized(DIGEST))
    flow.answer(USE, ANN)
    flow.fields(get())
    flow.accepted(get(), ResponseHead(200, [("Authentication-Info", 'qop=auth, nextnonce="m", rspauth="x"')]))
    sent = digest_fields(AuthenticationFlow(accepted).fields(get())[0][1])
    assert ("m", "00000001") == (sent["nonce"], sent["nc"])


@pytest.mark.parametrize(("url", "sent"), [
    ("/x", True), ("/x/y", True), ("/z/", True), ("/z/y", True), ("/a", True), ("/b", False), ("/xy", False), ("/z", False),
])
def test_digest_domain(url, sent):
    """Where a challenge names its domain, the answer goes ahead there and to the URL itself, and to no other server."""
    accepted = AcceptedCredentials()
    script(lambda value: value.startswith("Digest"), (DIGEST + ', domain="/x http://a.test/z/ http://b.test/b http://[x"',),
           accepted=accepted).load((USE, ANN))
    assert sent == bool(AuthenticationFlow(accepted).fields(get(f"http://a.test{url}")))
    assert [] == AuthenticationFlow(accepted).fields(get("http://b.test/b"))


class Stream(BodyStream):
    length, may_block = -1, False


def test_digest_of_a_stream():
    """A streamed body cannot be signed: auth-int alone is passed over, ahead too; known bytes are signed."""
    challenge = DIGEST.replace('"auth"', '"auth-int"')
    accepted = AcceptedCredentials()
    run = script(lambda value: value.startswith("Digest"), (challenge, BASIC), accepted=accepted)
    assert run.load((REJECT,), request=get(body=Stream())) == Next.DELIVER
    assert [NSURLAuthenticationMethodHTTPBasic] == [one.protection_space.authentication_method for one in run.asked]
    run = script(lambda value: value.startswith("Digest"), (challenge,), accepted=accepted)
    assert run.load((USE, ANN), request=get(body=b"x")) == 200
    assert "auth-int" == digest_fields(run.sent[-1])["qop"]
    assert [] == AuthenticationFlow(accepted).fields(get(body=Stream()))


def test_several_digests():
    """Of several Digest challenges for one realm the first that is known counts: the server's order is its preference."""
    challenges = tuple(f"{DIGEST}, algorithm={name}" for name in ("SHA-9", "SHA-256", "MD5"))
    run = script(lambda value: value.startswith("Digest"), challenges)
    assert run.load((USE, ANN)) == 200
    assert "SHA-256" == digest_fields(run.sent[-1])["algorithm"]


def test_proxy():
    """A proxy is asked about in a space of its own, and what it takes goes ahead with every request through it."""
    accepted = AcceptedCredentials()
    flow = AuthenticationFlow(accepted, ("p.test", 3128, "http"))
    run = Script(flow, status=407)
    assert run.load((USE, ANN)) == 200
    proxy = URLProtectionSpace.proxy("p.test", 3128, "http", "Vault", NSURLAuthenticationMethodHTTPBasic)
    assert proxy == run.asked[0].protection_space
    assert [("Proxy-Authorization", RIGHT)] == flow.fields(get("https://b.test/"))
    assert [] == AuthenticationFlow(accepted, ("q.test", 3128, "http")).fields(get())


def test_proxy_without_a_realm():
    """Basic without a realm, as proxies send it, is answered to a proxy; a server's is no challenge."""
    flow = AuthenticationFlow(AcceptedCredentials(), ("p.test", 3128, "http"))
    run = Script(flow, challenges=("Basic",), status=407)
    assert run.load((USE, ANN)) == 200
    assert [None] == [one.protection_space.realm for one in run.asked]
    assert Next.DELIVER == script(challenges=("Basic",)).load((USE, ANN))


def test_407_of_a_server():
    """A 407 without a proxy is asked about with the server's address."""
    run = script(status=407)
    assert run.load((USE, ANN)) == 200
    asked = run.asked[0].protection_space
    assert (True, "a.test", 80) == (asked.is_proxy, asked.host, asked.port)


@pytest.mark.parametrize(("url", "covered"), [("https://b.test/x", "b.test:443"), ("https://[::1]:8443/x", "[::1]:8443")])
def test_connect_is_signed(url, covered):
    """The digest of a CONNECT covers host and port as they stand on the request line, an IPv6 address in brackets."""
    request = Request("CONNECT", url, [])
    flow = AuthenticationFlow(AcceptedCredentials(), ("p.test", 3128, "http"))
    flow.refused(request, unauthorized(DIGEST, status=407))
    flow.answer(USE, ANN)
    assert covered == digest_fields(flow.fields(request)[0][1])["uri"]


def test_proxy_and_server():
    """The answer to the proxy stays on while the server's is looked for, and what each accepted is told apart."""
    flow = AuthenticationFlow(AcceptedCredentials(), ("p.test", 3128, "http"))
    bob = URLCredential("bob", "x")
    flow.refused(get(), unauthorized(BASIC, status=407))
    flow.answer(USE, bob)
    assert ["Proxy-Authorization"] == [name for name, _ in flow.fields(get())]
    flow.refused(get(), unauthorized(BASIC))
    flow.answer(USE, ANN)
    assert [("Authorization", RIGHT), ("Proxy-Authorization", "Basic Ym9iOng=")] == flow.fields(get())
    assert {(False, "ann"), (True, "bob")} == {(where.is_proxy, who.user) for where, who in flow.accepted(get(), OK)}


def test_delivered_401_behind_a_proxy():
    """A 401 that is delivered still tells that the proxy's credential was right."""
    flow = AuthenticationFlow(AcceptedCredentials(), ("p.test", 3128, "http"))
    flow.refused(get(), unauthorized(BASIC, status=407))
    flow.answer(USE, ANN)
    flow.fields(get())
    flow.refused(get(), unauthorized(BASIC))
    assert Next.DELIVER == flow.answer(DEFAULT)
    assert [True] == [where.is_proxy for where, _ in flow.accepted(get(), unauthorized(BASIC))]


def test_handshake():
    """NTLM answers the server's token without asking again, and is not sent ahead."""
    accepted = AcceptedCredentials()
    steps: list[bytes | None] = []

    def negotiator(scheme, host, credential):
        assert (scheme, host, credential) == ("ntlm", "a.test", ANN)
        return lambda token: steps.append(token) or b"token%d" % len(steps)

    flow = AuthenticationFlow(accepted, negotiator=negotiator)
    assert Next.ASK == flow.refused(get(), unauthorized("NTLM"))
    assert Next.SEND == flow.answer(USE, ANN)
    assert [("Authorization", "NTLM " + b64encode(b"token1").decode())] == flow.fields(get())
    assert Next.SEND == flow.refused(get(), unauthorized("NTLM " + b64encode(b"challenge").decode()))
    assert [("Authorization", "NTLM " + b64encode(b"token2").decode())] == flow.fields(get())
    assert [None, b"challenge"] == steps
    assert [(space(NSURLAuthenticationMethodNTLM, None), ANN)] == flow.accepted(get(), OK)
    assert [] == AuthenticationFlow(accepted).fields(get())


def test_handshake_refused():
    """A handshake that ends in a 401 without a token has failed."""
    flow = AuthenticationFlow(AcceptedCredentials(), negotiator=lambda *_: lambda _: b"x")
    flow.refused(get(), unauthorized("NTLM"))
    flow.answer(USE, ANN)
    flow.fields(get())
    assert Next.ASK == flow.refused(get(), unauthorized("NTLM"))
    assert 1 == flow.challenge(None, None).previous_failure_count


def test_reset():
    """Nothing is sent ahead once the session's credentials are forgotten, and counts still rise."""
    accepted = AcceptedCredentials()
    accepted.counts.next("n")
    script(accepted=accepted).load((USE, ANN))
    accepted.clear()
    assert [] == AuthenticationFlow(accepted).fields(get())
    assert 2 == accepted.counts.next("n")
