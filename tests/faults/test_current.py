"""Which faults are in force where something begins."""
from __future__ import annotations

import contextvars
import threading

import pytest

from sessionmock import InvalidArgumentException, LeakScope
from sessionmock.faults.armed import Faults
from sessionmock.faults.current import faults_of, use_faults
from sessionmock.registry import current_scope


def test_faults_are_in_force_in_their_block_and_context() -> None:
    """Inner ones come after outer ones; another thread has none, unless it takes the context along."""
    one, other = Faults(), Faults()
    elsewhere: list[tuple[Faults, ...]] = []
    with use_faults(one) as given, use_faults(other):
        assert given is one
        assert faults_of(current_scope())[-2:] == (one, other)
        for context in (contextvars.Context(), contextvars.copy_context()):
            thread = threading.Thread(target=context.run, args=(lambda: elsewhere.append(faults_of(current_scope())),))
            thread.start()
            thread.join()
    assert [(one in found, other in found) for found in elsewhere] == [(False, False), (True, True)]
    assert one not in faults_of(current_scope())
    with pytest.raises(InvalidArgumentException, match="Faults"), use_faults([]):  # type: ignore[arg-type]    # that is the mistake
        pass


def test_a_scope_has_faults_for_what_it_owns() -> None:
    """A scope within one takes part in them, unless it says that it has none, as a fixture's does."""
    faults = Faults()
    with LeakScope("test") as test:
        test.faults = (faults,)
        assert faults in faults_of(current_scope())
        with LeakScope("block"):
            assert faults in faults_of(current_scope())
        with LeakScope("fixture") as fixture:
            fixture.faults = ()
            assert faults not in faults_of(current_scope())
        assert faults in faults_of(test)
    assert faults not in faults_of(current_scope())
