"""The stores that a configuration has when it sets none, by its kind."""
from __future__ import annotations

from ..models.configuration import STORE_FACTORIES
from .cookie_storage import HTTPCookieStorage
from .credential_storage import URLCredentialStorage
from .url_cache import URLCache


def install() -> None:
    """Default and background sessions share the process's stores, ephemeral ones have their own; background has no cache."""
    STORE_FACTORIES["http_cookie_storage"] = lambda kind: HTTPCookieStorage() if kind == "ephemeral" else HTTPCookieStorage.shared
    STORE_FACTORIES["url_credential_storage"] = (
        lambda kind: URLCredentialStorage() if kind == "ephemeral" else URLCredentialStorage.shared)
    STORE_FACTORIES["url_cache"] = lambda kind: URLCache.ephemeral() if kind == "ephemeral" else URLCache.shared
