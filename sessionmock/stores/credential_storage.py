"""URLCredentialStorage: the credentials that default handling of a challenge finds (docs/rules.md, Challenges)."""
from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import astuple, fields
from threading import RLock
from typing import Any, ClassVar, Final

from ..errors import GenericException
from ..models.callables import refuse, taking
from ..models.credential import (
    CredentialPersistence,
    NSURLAuthenticationMethodClientCertificate,
    URLCredential,
    URLProtectionSpace,
)
from ..models.settings import TEXT, instance, optional

NSURLCredentialStorageRemoveSynchronizableCredentials: Final = "NSURLCredentialStorageRemoveSynchronizableCredentials"
"""The key that must be true in the options of `remove` for a synchronizable credential to go."""

_INDEX = "protection spaces"
_ADDRESS = tuple(one.name for one in fields(URLProtectionSpace) if one.compare)


_CREDENTIAL, _SPACE, _SERVICE = instance(URLCredential), instance(URLProtectionSpace), optional(TEXT)


class _Kept:
    """The credentials of one space: by user, and which of them is the default."""

    __slots__ = ("by_user", "default")

    def __init__(self) -> None:
        self.by_user: dict[str, URLCredential] = {}
        self.default: str | None = None


class URLCredentialStorage:
    """Credentials by protection space and user; safe to use from many threads.

    `shared` serves every session but the ephemeral ones, as long as the process lives; its PERMANENT and
    SYNCHRONIZABLE credentials go to the operating system's keyring, which needs the extra `sessionmock[keyring]`. A
    storage of one's own is private and keeps everything in memory, unless `service` names where in the keyring its
    permanent credentials are. Credentials of persistence NONE are never kept.

    A keyring that cannot be read has nothing to offer; one that cannot be written raises `GenericException`. Reading it
    may wait for the user, once for each space.
    """

    shared: ClassVar[URLCredentialStorage]

    def __init__(self, service: str | None = None) -> None:
        name = _SERVICE.of("URLCredentialStorage(service)", service)
        self._keyring = None if name is None else _Keyring(name)
        self._lock = RLock()
        self._spaces: dict[URLProtectionSpace, _Kept] = {}

    def __repr__(self) -> str:
        return f"<URLCredentialStorage: {sum(len(kept.by_user) for kept in list(self._spaces.values()))} credentials>"

    def credentials(self, space: URLProtectionSpace) -> dict[str, URLCredential]:
        """The credentials of `space` by user; empty where there are none."""
        _SPACE.of("URLCredentialStorage.credentials(space)", space)
        with self._lock:
            return dict(self._kept(space).by_user)

    @property
    def all_credentials(self) -> dict[URLProtectionSpace, dict[str, URLCredential]]:
        """The credentials of every space that has any."""
        with self._lock:
            if self._keyring is not None:
                for space in self._keyring.spaces():
                    self._kept(space)
            return {space: dict(kept.by_user) for space, kept in self._spaces.items() if kept.by_user}

    def set(self, credential: URLCredential, space: URLProtectionSpace, task: object = None) -> None:
        """Keep `credential`, in place of one of the same user; the first of a space becomes its default. A session names the
        task that it stores for here and in `set_default_credential`.

        Raises `GenericException` for a permanent one where there is no keyring.
        """
        _CREDENTIAL.of("URLCredentialStorage.set(credential)", credential)
        _SPACE.of("URLCredentialStorage.set(space)", space)
        if credential.persistence == CredentialPersistence.NONE:
            return
        with self._lock:
            kept = self._kept(space)
            user = credential.user or ""
            before, default = kept.by_user.get(user), kept.default
            kept.by_user[user] = credential
            kept.default = user if default is None and len(kept.by_user) == 1 else default
            try:
                self._write(space, kept, credential, before)
            except GenericException:
                kept.by_user.pop(user) if before is None else kept.by_user.update({user: before})
                kept.default = default
                raise

    def remove(self, credential: URLCredential, space: URLProtectionSpace, options: Mapping[str, bool] | None = None,
               task: object = None) -> None:
        """Forget `credential` where it is kept; a space whose default it was has none from then on.

        A SYNCHRONIZABLE one stays unless `options` says otherwise.
        """
        _CREDENTIAL.of("URLCredentialStorage.remove(credential)", credential)
        _SPACE.of("URLCredentialStorage.remove(space)", space)
        if credential.persistence == CredentialPersistence.SYNCHRONIZABLE and not (
                options or {}).get(NSURLCredentialStorageRemoveSynchronizableCredentials):
            return
        with self._lock:
            kept, user = self._kept(space), credential.user or ""
            if kept.by_user.get(user) == credential:
                del kept.by_user[user]
                if kept.default == user:
                    kept.default = None
                self._write(space, kept, credential)

    def default_credential(self, space: URLProtectionSpace) -> URLCredential | None:
        """What default handling answers a challenge of `space` with, or None."""
        _SPACE.of("URLCredentialStorage.default_credential(space)", space)
        with self._lock:
            kept = self._kept(space)
            return None if kept.default is None else kept.by_user.get(kept.default)

    def set_default_credential(self, credential: URLCredential, space: URLProtectionSpace, task: object = None) -> None:
        """Keep `credential` and make it the default of `space`."""
        with self._lock:
            self.set(credential, space, task)
            kept, user = self._kept(space), credential.user or ""
            if kept.by_user.get(user) == credential and kept.default != user:
                kept.default = user
                self._write(space, kept, credential)

    def get_credentials(self, space: URLProtectionSpace, task: object,
                        completion_handler: Callable[[dict[str, URLCredential] | None], None]) -> None:
        """The task form of `credentials`; calls back at once, with None for none."""
        taking("URLCredentialStorage.get_credentials(completion_handler)", completion_handler, "credentials")(self.credentials(space) or None)

    def get_default_credential(self, space: URLProtectionSpace, task: object,
                               completion_handler: Callable[[URLCredential | None], None]) -> None:
        """The task form of `default_credential`: what a session asks, and a subclass overrides. Calls back before it returns."""
        if not callable(completion_handler):
            refuse("URLCredentialStorage.get_default_credential(completion_handler)", completion_handler, "credential")
        completion_handler(self.default_credential(space))

    def remove_all_credentials(self) -> None:
        """Forget everything, in the keyring too; `URLSession.reset` does it."""
        with self._lock:
            self._spaces.clear()
            if self._keyring is not None:
                self._keyring.clear()

    def _kept(self, space: URLProtectionSpace) -> _Kept:
        """What is known of `space`, read from the keyring when it is first asked for; no certificate is ever there."""
        kept = self._spaces.get(space)
        if kept is None:
            kept = _Kept()
            if self._keyring is not None and space.authentication_method != NSURLAuthenticationMethodClientCertificate:
                kept.by_user, kept.default = self._keyring.read(space)
            self._spaces[space] = kept
        return kept

    def _write(self, space: URLProtectionSpace, kept: _Kept, *changed: URLCredential | None) -> None:
        """Bring the keyring up to date where one of the `changed` credentials belongs into it."""
        if self._keyring is not None and any(_permanent(one) for one in changed):
            self._keyring.write(space, {user: one for user, one in kept.by_user.items() if _permanent(one)}, kept.default)


def _permanent(credential: URLCredential | None) -> bool:
    return credential is not None and credential.persistence > CredentialPersistence.FOR_SESSION


def _space(stored: Any) -> URLProtectionSpace | None:
    """The space that an entry of the keyring tells of; None where it tells of none."""
    try:
        return URLProtectionSpace(**dict(zip(_ADDRESS, stored, strict=True)))
    except (TypeError, ValueError):
        return None


class _Keyring:
    """One service of the keyring: an entry of JSON for each space, and one that lists the spaces."""

    def __init__(self, service: str) -> None:
        self._service = service

    def read(self, space: URLProtectionSpace) -> tuple[dict[str, URLCredential], str | None]:
        stored = self._load(self._name(space))
        try:
            by_user = {str(user): URLCredential(str(user), str(password), CredentialPersistence(persistence))
                       for user, (password, persistence) in stored["credentials"].items()}
            return by_user, stored["default"] if stored["default"] in by_user else None
        except (KeyError, TypeError, ValueError, AttributeError):    # not there, or not ours
            return {}, None

    def write(self, space: URLProtectionSpace, by_user: dict[str, URLCredential], default: str | None) -> None:
        credentials = {user: (one.password or "", int(one.persistence)) for user, one in by_user.items()}
        self._store(self._name(space), {"credentials": credentials, "default": default} if credentials else None)
        spaces = [one for one in self.spaces() if one != space] + ([space] if credentials else [])
        self._store(_INDEX, [astuple(one)[:len(_ADDRESS)] for one in spaces] or None)

    def spaces(self) -> list[URLProtectionSpace]:
        stored = self._load(_INDEX)
        return [space for one in (stored if isinstance(stored, list) else ()) if (space := _space(one)) is not None]

    def clear(self) -> None:
        for space in self.spaces():
            self._store(self._name(space), None)
        if self._load(_INDEX) is not None:
            self._store(_INDEX, None)

    @staticmethod
    def _name(space: URLProtectionSpace) -> str:
        return json.dumps([getattr(space, name) for name in _ADDRESS])

    def _load(self, name: str) -> Any:
        """The entry `name`, or None where there is none, no keyring, or one that is locked or broken."""
        try:
            text = importlib.import_module("keyring").get_password(self._service, name)
            return None if text is None else json.loads(text)
        except Exception:    # a keyring's back ends raise what they like; a store that fails never fails a load
            return None

    def _store(self, name: str, value: Any) -> None:
        """Write the entry `name`, or delete it for None."""
        try:
            keyring = importlib.import_module("keyring")
        except ImportError as error:
            raise GenericException(
                "a credential of persistence PERMANENT needs a keyring: pip install 'sessionmock[keyring]', "
                "or use CredentialPersistence.FOR_SESSION") from error
        try:
            if value is not None:
                keyring.set_password(self._service, name, json.dumps(value))
            elif keyring.get_password(self._service, name) is not None:
                keyring.delete_password(self._service, name)
        except Exception as error:
            raise GenericException(f"the keyring did not take a permanent credential: {error}") from error


URLCredentialStorage.shared = URLCredentialStorage("sessionmock")
