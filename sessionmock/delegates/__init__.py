"""The delegate methods: which there are, which a delegate has, and how each takes its question (docs/rules.md, Delegates)."""
from __future__ import annotations

from .lookup import Method, methods, responds_to
from .protocols import (
    QUESTIONS,
    SELECTORS,
    URLSessionDataDelegate,
    URLSessionDelegate,
    URLSessionDownloadDelegate,
    URLSessionStreamDelegate,
    URLSessionTaskDelegate,
    URLSessionWebSocketDelegate,
)

__all__ = [
    "QUESTIONS",
    "SELECTORS",
    "Method",
    "URLSessionDataDelegate",
    "URLSessionDelegate",
    "URLSessionDownloadDelegate",
    "URLSessionStreamDelegate",
    "URLSessionTaskDelegate",
    "URLSessionWebSocketDelegate",
    "methods",
    "responds_to",
]
