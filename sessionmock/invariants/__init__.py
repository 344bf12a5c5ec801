"""Invariants: what holds whatever a peer, the network, the disk or a delegate does, checked over histories.

`Watch` checks records as they come, in one pass; `watched` is a block in which all of them are looked at, for sweeps; `check` looks at a
history that is there already; `repeat` runs the same twice.
"""
from __future__ import annotations

from .sweeps import Watched, check, repeat, watched
from .violations import INVARIANTS, BrokenInvariants, Violation
from .watch import Watch

__all__ = ["INVARIANTS", "BrokenInvariants", "Violation", "Watch", "Watched", "check", "repeat", "watched"]
