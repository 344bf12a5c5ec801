"""Invariants: what holds whatever a peer, the network, the disk or a delegate does, checked over histories.

`InvariantWatch` checks records as they come, in one pass. `watched` is a block over which all of them are looked at, for sweeps, and
`Remains` what a suite looks at besides; `check` judges a history that is there already, and `repeat` runs the same twice.
"""
from __future__ import annotations

from .remains import Remains
from .sweeps import Watched, check, repeat, watched
from .violations import INVARIANTS, BrokenInvariants, Violation
from .watch import InvariantWatch

__all__ = ["INVARIANTS", "BrokenInvariants", "InvariantWatch", "Remains", "Violation", "Watched", "check", "repeat", "watched"]
