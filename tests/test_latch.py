"""What can be waited for."""
from __future__ import annotations

import threading
from functools import partial

from sessionmock.latch import Condition, Latch

PATIENCE = 20.0


def test_a_latch_tells_everybody_once() -> None:
    """Who asked before hears when it happens, who asks later at once, and nobody twice."""
    latch, heard = Latch(), list[str]()
    latch.tell(lambda: heard.append("before"))
    assert latch.awaited
    latch.set()
    latch.set()
    latch.tell(lambda: heard.append("after"))
    assert (["before", "after"], True, False) == (heard, latch.done, latch.awaited)


def test_who_forgets_is_not_told() -> None:
    """Forgetting what was told already, or never asked for, is no error."""
    latch, heard = Latch(), list[int]()
    calls = [partial(heard.append, number) for number in range(3)]
    for call in calls[:2]:
        latch.tell(call)
    latch.forget(calls[0])
    latch.forget(calls[2])
    latch.set()
    latch.forget(calls[1])
    assert [1] == heard


def test_a_latch_set_and_asked_at_the_same_time_loses_nobody() -> None:
    """Whichever thread is first, each call is made exactly once."""
    for _ in range(300):
        latch, heard = Latch(), list[int]()
        asker = threading.Thread(target=latch.tell, args=(partial(heard.append, 1),))
        asker.start()
        latch.set()
        asker.join(PATIENCE)
        assert [1] == heard


def test_a_condition_is_what_it_says_now() -> None:
    """It is asked each time, and tells nobody."""
    seen, heard = list[int](), list[int]()
    condition = Condition(lambda: len(seen) > 1)
    condition.tell(partial(heard.append, 1))
    assert not condition.done
    seen += [1, 2]
    assert condition.done
    seen.clear()
    condition.forget(partial(heard.append, 1))
    assert ([], False) == (heard, condition.done)
