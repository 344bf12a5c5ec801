"""The names of delegate methods."""
from __future__ import annotations

import sessionmock as sm
from sessionmock.load.dispatch import NOTICES, QUESTIONS


def test_every_method_has_its_selector() -> None:
    """Each delegate method has one selector of its own, which takes as many arguments."""
    assert {*QUESTIONS, *NOTICES} == set(sm.SELECTORS)
    assert len(sm.SELECTORS) == len(set(sm.SELECTORS.values()))
    for name, arguments in QUESTIONS.items():
        assert arguments + 1 == sm.SELECTORS[name].count(":"), name
