"""HTTP/2 on one connection (RFC 9113). Importing its modules imports h2, importing this package does not."""
from __future__ import annotations
