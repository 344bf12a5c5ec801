"""Locks of stores in a forked child: whoever held one stayed in the parent."""
from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet


class Locked(Protocol):
    """A store with one lock."""

    _lock: threading.Lock


_stores: WeakSet[Locked] = WeakSet()


def give_lock(store: Locked) -> None:
    """Give `store` its lock, and a new one in each child that is forked."""
    store._lock = threading.Lock()
    _stores.add(store)


def _renew() -> None:
    for store in _stores:
        store._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
