"""Blocks that are watched, histories that are looked at afterwards, and runs that are made again."""
from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.invariants import BrokenInvariants, check, repeat, watched

URL = "http://a.test/"
BODY = b"a body"


class Delegate:
    """Hears of everything."""

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> Any:
        return sm.URLSession.ResponseDisposition.ALLOW

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...

    def session_did_become_invalid(self, session: Any, error: Any) -> None: ...


def loads(*, virtual: bool = True) -> None:
    """Tasks of each kind, to a handler, a delegate and a `Loading`."""
    script = sm.ScriptRoute().answer(lambda request: sm.Answer(body=BODY))
    ephemeral = sm.URLSessionConfiguration.ephemeral()
    with sm.virtual_time() if virtual else nullcontext(), sm.use_route(script), sm.URLSession(ephemeral, Delegate()) as session:
        session.data(URL).result()
        session.download(URL).result()[0].unlink()
        session.data_task(URL, lambda *_: None).resume()
        session.data_task(URL).resume()
        session.upload_task(URL, BODY).resume()
        session.download_task(URL, lambda *_: None).resume()
        session.data_task(URL).cancel()


@pytest.mark.parametrize("virtual", [True, False])
def test_nothing_is_wrong_with_what_goes_as_it_should(virtual: bool) -> None:
    """Neither as it comes, nor at its end, nor when it is looked at afterwards."""
    with watched() as watch:
        loads(virtual=virtual)
    watch.verify(true_body=BODY)
    assert [] == check(watch.history, true_body=BODY)
    assert len(watch.history) > 50


def test_a_body_that_is_not_the_true_one_is_told() -> None:
    """Of every task that delivered it."""
    with watched() as watch:
        loads()
    with pytest.raises(BrokenInvariants, match=r"INVARIANT V8 .*\n.*from byte 1 on: b' body' for b'nother'") as broken:
        watch.verify(true_body=b"another")
    assert {"V8"} == {violation.invariant for violation in broken.value.violations}
    assert 6 == len(broken.value.violations)


def test_the_same_run_has_the_same_digest() -> None:
    """In virtual time with its times, in real time without."""
    assert repeat(loads) != repeat(lambda: loads(virtual=False))
