from __future__ import annotations

import copy
import pickle

import pytest

from sessionmock.errors import InvalidArgumentException
from sessionmock.models import credential as module
from sessionmock.models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodHTTPBasic,
    NSURLAuthenticationMethodHTTPDigest,
    URLAuthenticationChallenge,
    URLCredential,
    URLProtectionSpace,
)
from sessionmock.models.trust import ServerTrust

SPACE = URLProtectionSpace("a.test", 80, "http", "Vault", NSURLAuthenticationMethodHTTPBasic)


def test_password_credential():
    """A user's credential is kept for the session unless said otherwise, and equal by value."""
    credential = URLCredential("ann", "pw")
    assert ("ann", "pw", True) == (credential.user, credential.password, credential.has_password)
    assert (CredentialPersistence.FOR_SESSION, None, ()) == (credential.persistence, credential.identity, credential.certificates)
    assert credential == URLCredential("ann", "pw", CredentialPersistence.FOR_SESSION)
    assert hash(credential) == hash(URLCredential("ann", "pw"))
    assert credential != URLCredential("ann", "pw", CredentialPersistence.NONE)


def test_has_password():
    """A user alone has no password, an empty password is one."""
    assert not URLCredential("ann").has_password
    assert URLCredential("ann", "").has_password


def test_password_is_not_shown():
    """The text form of a credential names the user and hides the password."""
    assert "ann" in repr(URLCredential("ann", "top secret"))
    assert "top secret" not in repr(URLCredential("ann", "top secret"))


def test_immutable():
    """A credential cannot be changed."""
    with pytest.raises(AttributeError):
        URLCredential("ann", "pw").user = "bob"


def test_copies():
    """Copies and pickles of a credential equal it."""
    credential = URLCredential.identity(("a.pem", "a.key"), ["b.pem"], CredentialPersistence.NONE)
    assert credential == copy.deepcopy(credential) == pickle.loads(pickle.dumps(credential))


def test_unknown_persistence():
    """A persistence that does not exist is refused at once."""
    with pytest.raises(ValueError, match="7"):
        URLCredential("ann", "pw", 7)


def test_identity():
    """A client certificate goes by the name of Apple's initialiser and property alike."""
    credential = URLCredential.identity("client.pem", ["intermediate"])
    assert ("client.pem", ("intermediate",), None, False) == (
        credential.identity, credential.certificates, credential.user, credential.has_password)


def test_identity_is_never_permanent():
    """A client certificate cannot be kept permanently."""
    with pytest.raises(InvalidArgumentException, match=r"PERMANENT.*FOR_SESSION"):
        URLCredential.identity("client.pem", persistence=CredentialPersistence.PERMANENT)


def test_trust():
    """A credential of trust carries what the challenge presented."""
    trust = ServerTrust("a.test", 443, (b"chain",))
    assert trust is URLCredential.trust(trust).server_trust


@pytest.mark.parametrize("other", [
    URLProtectionSpace("b.test", 80, "http", "Vault", NSURLAuthenticationMethodHTTPBasic),
    URLProtectionSpace("a.test", 0, "http", "Vault", NSURLAuthenticationMethodHTTPBasic),
    URLProtectionSpace("a.test", 80, "https", "Vault", NSURLAuthenticationMethodHTTPBasic),
    URLProtectionSpace("a.test", 80, "http", "Other", NSURLAuthenticationMethodHTTPBasic),
    URLProtectionSpace("a.test", 80, "http", "Vault", NSURLAuthenticationMethodHTTPDigest),
    URLProtectionSpace.proxy("a.test", 80, "http", "Vault", NSURLAuthenticationMethodHTTPBasic),
])
def test_spaces_differ(other):
    """Every part of a space's address tells it from another."""
    assert other != SPACE


def test_spaces_are_equal_by_value():
    """Two spaces with one address are one key, whatever the server presented."""
    same = URLProtectionSpace(
        "a.test", 80, "http", "Vault", NSURLAuthenticationMethodHTTPBasic, server_trust=[], distinguished_names=(b"x",))
    assert {SPACE: 1}[same] == 1


def test_hosts_are_compared_whatever_their_case():
    """A credential that is stored for Example.COM is found for the challenge of example.com."""
    assert URLProtectionSpace("A.Test", 80, "http", "Vault", NSURLAuthenticationMethodHTTPBasic) == SPACE
    assert URLProtectionSpace.proxy("P.test", 1).host == "p.test"


def test_proxy_space():
    """A proxy's space has a type and no protocol."""
    space = URLProtectionSpace.proxy("p.test", 3128, "https", "Out", NSURLAuthenticationMethodHTTPDigest)
    assert (True, "https", None, "Out") == (space.is_proxy, space.proxy_type, space.protocol, space.realm)
    assert not SPACE.is_proxy


@pytest.mark.parametrize(("protocol", "method", "secure"), [
    ("http", "HTTPBasic", False), ("https", "HTTPBasic", True), ("http", "HTTPDigest", True), ("http", "NTLM", True),
    ("http", "Negotiate", True), ("http", "ClientCertificate", True), ("http", "HTMLForm", False), ("http", "Default", False),
])
def test_receives_credential_securely(protocol, method, secure):
    """A password is safe over https, and with methods that do not send it."""
    space = URLProtectionSpace("a.test", 0, protocol, None, getattr(module, f"NSURLAuthenticationMethod{method}"))
    assert secure == space.receives_credential_securely


def test_challenge():
    """A challenge starts with no failures and no proposal."""
    challenge = URLAuthenticationChallenge(protection_space=SPACE)
    assert (SPACE, None, 0, None, None, None) == (
        challenge.protection_space, challenge.proposed_credential, challenge.previous_failure_count,
        challenge.failure_response, challenge.error, challenge.sender)


def test_numbers():
    """Persistences have Apple's numbers."""
    assert {"NONE": 0, "FOR_SESSION": 1, "PERMANENT": 2, "SYNCHRONIZABLE": 3} == {p.name: p.value for p in CredentialPersistence}


def test_a_space_has_one_host():
    """However it is written; what can be none is refused where the space is made."""
    assert URLProtectionSpace("BÜCHER.example", 80, "http") == URLProtectionSpace("xn--bcher-kva.example", 80, "http")
    assert URLProtectionSpace("[0::1]", 80, "http") == URLProtectionSpace("::1", 80, "http")
    for host in ("a b", "", None, 4, b"a"):
        with pytest.raises(InvalidArgumentException, match="URLProtectionSpace"):
            URLProtectionSpace(host, 80, "http")


@pytest.mark.parametrize("port", ["443", -1, 65536, None, True])
def test_a_space_has_a_port(port):
    with pytest.raises(InvalidArgumentException, match="no port"):
        URLProtectionSpace("a.test", port, "https")
