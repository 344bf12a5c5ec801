"""The stores that a configuration has when it sets none, by its kind."""
from __future__ import annotations

from ..models.configuration import STORES, StoreKind
from .cookie_storage import HTTPCookieStorage
from .credential_storage import URLCredentialStorage
from .url_cache import URLCache


def install() -> None:
    """Default and background sessions share the process's stores, ephemeral ones have their own; background has no cache."""
    STORES["http_cookie_storage"] = StoreKind(
        HTTPCookieStorage, lambda kind: HTTPCookieStorage() if kind == "ephemeral" else HTTPCookieStorage.shared)
    STORES["url_credential_storage"] = StoreKind(
        URLCredentialStorage, lambda kind: URLCredentialStorage() if kind == "ephemeral" else URLCredentialStorage.shared)
    STORES["url_cache"] = StoreKind(URLCache, lambda kind: URLCache.ephemeral() if kind == "ephemeral" else URLCache.shared)
