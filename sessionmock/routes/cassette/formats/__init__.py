"""The formats of cassette files: those of vcrpy, HAR, and those of other recorders, which are read only."""
from __future__ import annotations
