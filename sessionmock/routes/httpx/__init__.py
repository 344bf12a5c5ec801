"""httpx and httpx2: their values and errors as ours, a route as their transport, and their transports as routes."""
from __future__ import annotations
