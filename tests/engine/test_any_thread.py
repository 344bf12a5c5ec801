"""Sessions and tasks in the hands of many threads."""
from __future__ import annotations

import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import sessionmock as sm

PATIENCE = 30.0
THREADS = 8
ACTS = 250


class Witness:
    """Notes each task's end and the session's."""

    def __init__(self) -> None:
        self.ends: list[Any] = []
        self.over = threading.Event()

    def task_did_complete(self, session: sm.URLSession, task: sm.URLSessionTask, error: sm.URLError | None) -> None:
        self.ends.append(task)

    def session_did_become_invalid(self, session: sm.URLSession, error: sm.URLError | None) -> None:
        self.ends.append(session)
        self.over.set()


def act(session: sm.URLSession, url: str, chance: random.Random, made: list[sm.URLSessionTask], refused: list[int]) -> None:
    """Each of the 250: a creation, or something done to a task of anybody's; invalidations near the end."""
    for step in range(ACTS):
        draw = chance.random()
        if draw < 0.25 or not made:
            try:
                made.append(session.data_task(f"{url}/fast"))
            except sm.GenericException:
                refused.append(step)
        else:
            task = chance.choice(made)
            (task.resume if draw < 0.7 else task.cancel if draw < 0.8 else task.suspend if draw < 0.9 else task.resume)()
        if step > ACTS - 20 and chance.random() < 0.05:
            (session.finish_tasks_and_invalidate if chance.random() < 0.8 else session.invalidate_and_cancel)()


def run(url: str, route: sm.ScriptRoute | None, seed: int) -> None:
    witness = Witness()
    configuration = sm.URLSessionConfiguration.ephemeral()
    made: list[sm.URLSessionTask] = []
    refused: list[int] = []
    session = sm.URLSession(configuration, witness)
    faults: list[BaseException] = []

    def thread(number: int) -> None:
        try:
            if route is None:
                act(session, url, random.Random(f"{seed} {number}"), made, refused)
            else:
                with sm.use_route(route):
                    act(session, url, random.Random(f"{seed} {number}"), made, refused)
        except BaseException as error:
            faults.append(error)
            raise

    threads = [threading.Thread(target=thread, args=(number,), daemon=True) for number in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
        assert not each.is_alive(), "a thread hangs"
    session.invalidate_and_cancel()
    assert witness.over.wait(PATIENCE), f"{session!r} did not become invalid: {[t._life.inbox.machine.phase for t in session._tasks.values()]}"
    assert [] == faults
    assert dict.fromkeys([*made, session], 1) == Counter(witness.ends)
    assert session is witness.ends[-1]
    assert {sm.TaskState.COMPLETED} == {task.state for task in made}
    assert {None, -999} >= {None if task.error is None else int(task.error.code) for task in made}


class Ready(sm.ScriptRoute):
    """Answers everything at once."""

    def bind(self, configuration: Any, host: Any) -> Any:
        channel: Any = super().bind(configuration, host)
        channel.miss = lambda request, sink, reason: _answer(sink)
        return channel


def _answer(sink: Any) -> Any:
    from sessionmock.models.message import ResponseHead
    from sessionmock.routes.base import FINISHED

    sink.head(ResponseHead(200, []))
    sink.data(b"ready")
    sink.end([])
    return FINISHED


@pytest.fixture(autouse=True)
def many_switches() -> Iterator[None]:
    """Threads take turns 500 times as often as they do by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("seed", range(50))
def test_each_task_completes_once_and_the_session_last(seed: int) -> None:
    """8 threads of 250 creations, resumes, suspends, cancels and an invalidation, on answers that are ready at once."""
    run("http://a.test", Ready(), seed)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_over_sockets(server: str, policy: str, seed: int) -> None:
    """The same where each answer takes the engine."""
    run(server, None, seed)
