"""What connections are made through: the system's network, or one in memory."""
from __future__ import annotations
