"""HTTP/1.1 on one connection (RFC 9112)."""
from __future__ import annotations
