from __future__ import annotations

import json
import sys
import threading
from types import ModuleType

import pytest

from sessionmock.errors import GenericException
from sessionmock.models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodHTTPBasic,
    URLCredential,
    URLProtectionSpace,
)
from sessionmock.stores.credential_storage import NSURLCredentialStorageRemoveSynchronizableCredentials, URLCredentialStorage

SPACE = URLProtectionSpace("a.test", 443, "https", "Vault", NSURLAuthenticationMethodHTTPBasic)
OTHER = URLProtectionSpace.proxy("a.test", 443, "https", "Vault", NSURLAuthenticationMethodHTTPBasic)
ANN, BOB = URLCredential("ann", "pw"), URLCredential("bob", "pw")


def permanent(user: str = "ann", password: str = "pw", persistence: CredentialPersistence = CredentialPersistence.PERMANENT):
    return URLCredential(user, password, persistence)


class Keyring(ModuleType):
    """keyring's three functions over a dictionary, as its back ends behave."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.entries: dict[tuple[str, str], str] = {}
        self.broken = False

    def get_password(self, service, name):
        if self.broken:
            raise RuntimeError("locked")
        return self.entries.get((service, name))

    def set_password(self, service, name, password):
        if self.broken:
            raise RuntimeError("locked")
        self.entries[service, name] = password

    def delete_password(self, service, name):
        del self.entries[service, name]


@pytest.fixture
def keyring(monkeypatch):
    made = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", made)
    return made


@pytest.fixture
def no_keyring(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)


def test_empty():
    """A new storage holds nothing for any space."""
    storage = URLCredentialStorage()
    assert ({}, None, {}) == (storage.credentials(SPACE), storage.default_credential(SPACE), storage.all_credentials)


def test_by_space_and_user():
    """Credentials are kept by space and user; the first of a space is its default."""
    storage = URLCredentialStorage()
    storage.set(ANN, SPACE)
    storage.set(BOB, SPACE)
    assert {"ann": ANN, "bob": BOB} == storage.credentials(SPACE)
    assert ANN == storage.default_credential(SPACE)
    assert ({}, None) == (storage.credentials(OTHER), storage.default_credential(OTHER))
    assert {SPACE: {"ann": ANN, "bob": BOB}} == storage.all_credentials


def test_same_user_replaces():
    """A second credential of a user takes the place of the first, as default too."""
    storage = URLCredentialStorage()
    storage.set(ANN, SPACE)
    changed = URLCredential("ann", "new")
    storage.set(changed, SPACE)
    assert ({"ann": changed}, changed) == (storage.credentials(SPACE), storage.default_credential(SPACE))


def test_default():
    """Setting the default keeps the credential and leaves the others."""
    storage = URLCredentialStorage()
    storage.set(ANN, SPACE)
    storage.set_default_credential(BOB, SPACE)
    assert ({"ann": ANN, "bob": BOB}, BOB) == (storage.credentials(SPACE), storage.default_credential(SPACE))


def test_results_are_copies():
    """What a storage hands out can be changed without changing the storage."""
    storage = URLCredentialStorage()
    storage.set(ANN, SPACE)
    storage.credentials(SPACE).clear()
    storage.all_credentials[SPACE].clear()
    assert {SPACE: {"ann": ANN}} == storage.all_credentials


@pytest.mark.parametrize("put", ["set", "set_default_credential"])
def test_persistence_none(put):
    """A credential of persistence NONE is never kept, and disturbs none that is."""
    storage = URLCredentialStorage()
    storage.set(ANN, SPACE)
    for user in ("ann", "bob"):
        getattr(storage, put)(URLCredential(user, "x", CredentialPersistence.NONE), SPACE)
    assert ({"ann": ANN}, ANN) == (storage.credentials(SPACE), storage.default_credential(SPACE))


def test_remove():
    """Removing a default leaves its space without one; removing what is not kept is harmless."""
    storage = URLCredentialStorage()
    storage.set(ANN, SPACE)
    storage.set(BOB, SPACE)
    storage.remove(URLCredential("ann", "other"), SPACE)
    storage.remove(ANN, OTHER)
    assert ANN == storage.default_credential(SPACE)
    storage.remove(ANN, SPACE)
    assert ({"bob": BOB}, None) == (storage.credentials(SPACE), storage.default_credential(SPACE))


def test_remove_synchronizable():
    """A synchronizable credential goes only when the options say so."""
    storage, credential = URLCredentialStorage(), permanent(persistence=CredentialPersistence.SYNCHRONIZABLE)
    storage.set(credential, SPACE)
    storage.remove(credential, SPACE)
    storage.remove(credential, SPACE, {NSURLCredentialStorageRemoveSynchronizableCredentials: False})
    assert {"ann": credential} == storage.credentials(SPACE)
    storage.remove(credential, SPACE, {NSURLCredentialStorageRemoveSynchronizableCredentials: True})
    assert {} == storage.credentials(SPACE)


def test_task_forms():
    """The forms that take a task call back at once with what the plain ones give."""
    storage, task, given = URLCredentialStorage(), object(), []
    storage.get_credentials(SPACE, task, given.append)
    storage.get_default_credential(SPACE, task, given.append)
    storage.set(ANN, SPACE, task)
    storage.set_default_credential(BOB, SPACE, task)
    storage.get_credentials(SPACE, task, given.append)
    storage.get_default_credential(SPACE, task, given.append)
    storage.remove(BOB, SPACE, None, task)
    storage.get_default_credential(SPACE, task, given.append)
    assert [None, None, {"ann": ANN, "bob": BOB}, BOB, None] == given


def test_shared():
    """There is one shared storage."""
    assert isinstance(URLCredentialStorage.shared, URLCredentialStorage)
    assert URLCredentialStorage.shared is URLCredentialStorage.shared


def test_private_storage_keeps_permanent_ones_in_memory(keyring):
    """A storage of one's own never touches the keyring."""
    storage = URLCredentialStorage()
    storage.set(permanent(), SPACE)
    assert ({"ann": permanent()}, {}) == (storage.credentials(SPACE), keyring.entries)
    assert {} == URLCredentialStorage().credentials(SPACE)


def test_permanent(keyring):
    """Permanent credentials and the default are there for the next process; those for the session are not."""
    storage = URLCredentialStorage("s")
    storage.set(URLCredential("eve", "x"), SPACE)
    storage.set(permanent("ann"), SPACE)
    storage.set_default_credential(permanent("j\u00f6rg", "\u00fc"), SPACE)
    storage.set(permanent("out", "", CredentialPersistence.SYNCHRONIZABLE), OTHER)
    later = URLCredentialStorage("s")
    assert permanent("j\u00f6rg", "\u00fc") == later.default_credential(SPACE)
    assert {
        SPACE: {"ann": permanent(), "j\u00f6rg": permanent("j\u00f6rg", "\u00fc")},
        OTHER: {"out": permanent("out", "", CredentialPersistence.SYNCHRONIZABLE)},
    } == later.all_credentials
    assert {} == URLCredentialStorage("other").all_credentials


def test_permanent_no_longer(keyring):
    """Removed, or replaced by one for the session, a permanent credential leaves the keyring without a trace."""
    storage = URLCredentialStorage("s")
    for end in (lambda: storage.remove(permanent(), SPACE), lambda: storage.set(ANN, SPACE), storage.remove_all_credentials):
        storage.set(permanent(), SPACE)
        assert keyring.entries
        end()
        assert {} == keyring.entries
    assert {} == storage.all_credentials


def test_permanent_needs_keyring(no_keyring):
    """Without keyring a permanent credential is refused by name of the extra, and everything else works."""
    storage = URLCredentialStorage("s")
    storage.set(BOB, SPACE)
    for credential in (permanent("ann"), permanent("bob", "new")):
        with pytest.raises(GenericException, match=r"sessionmock\[keyring\]"):
            storage.set(credential, SPACE)
    assert ({"bob": BOB}, BOB) == (storage.credentials(SPACE), storage.default_credential(SPACE))
    storage.remove_all_credentials()
    assert {} == storage.all_credentials


def test_no_certificate_is_looked_for_in_the_keyring(keyring, monkeypatch):
    """Certificates are never permanent, so asking for one wakes no keyring."""
    monkeypatch.setattr(keyring, "get_password", lambda *_: pytest.fail("the keyring was asked"))
    space = URLProtectionSpace("a.test", 443, "https", None, NSURLAuthenticationMethodClientCertificate)
    assert URLCredentialStorage("s").default_credential(space) is None


def test_broken_keyring(keyring):
    """A keyring that fails has nothing to offer and says so when it is written."""
    keyring.broken = True
    storage = URLCredentialStorage("s")
    assert ({}, None, {}) == (storage.credentials(SPACE), storage.default_credential(SPACE), storage.all_credentials)
    with pytest.raises(GenericException, match="locked"):
        storage.set(permanent(), SPACE)
    assert {} == storage.credentials(SPACE)


@pytest.mark.parametrize("text", [
    "", "[]", "{}", "null", "1", '{"credentials": [], "default": null}', '{"credentials": {"a": "b"}, "default": "a"}',
    '{"credentials": {"a": ["b", 9]}, "default": "a"}', '[["a"]]',
])
def test_foreign_entries(keyring, text):
    """An entry that this library did not write is passed over."""
    URLCredentialStorage("s").set(permanent(), SPACE)
    for name in keyring.entries:
        keyring.entries[name] = text
    storage = URLCredentialStorage("s")
    assert ({}, None, {}) == (storage.credentials(SPACE), storage.default_credential(SPACE), storage.all_credentials)


def test_a_foreign_space_hides_no_other(keyring):
    """Nor is any lost where the list of spaces is written again."""
    storage = URLCredentialStorage("s")
    storage.set(permanent(), SPACE)
    (index,) = [name for name, text in keyring.entries.items() if isinstance(json.loads(text), list)]
    keyring.entries[index] = json.dumps([["a b", 80, "http", None, "NSURLAuthenticationMethodDefault", None], *json.loads(keyring.entries[index])])
    storage.set(permanent("out"), OTHER)
    assert {SPACE, OTHER} == set(URLCredentialStorage("s").all_credentials)


def test_threads():
    """Credentials that many threads keep at once are all there."""
    storage = URLCredentialStorage()

    def run(number: int) -> None:
        for index in range(100):
            storage.set(URLCredential(f"{number}-{index}", "pw"), SPACE)
            assert storage.default_credential(SPACE) is not None

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 400 == len(storage.credentials(SPACE))
