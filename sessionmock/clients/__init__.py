"""Other people's clients: a transport for httpx, plain clients on the route in force, and a guard before the network."""
from __future__ import annotations
