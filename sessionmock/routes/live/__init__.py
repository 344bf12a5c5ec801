"""The live route: HTTP/1.1 and HTTP/2 over real sockets."""
from __future__ import annotations

from .route import LiveRoute

__all__ = ["LiveRoute"]
