"""Runs whose histories are hashed, in processes of their own: `python -m tests.invariants.runs FOLDER` prints a digest a line."""
from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import sessionmock as sm
from sessionmock.invariants import repeat

URL = "http://a.test/"


class Delegate:
    """Hears of what these runs have, in a class without an order of its own."""

    def task_will_perform_http_redirection(self, session: Any, task: Any, response: Any, request: Any) -> Any:
        return request

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None: ...

    def task_did_send_body_data(self, session: Any, task: Any, sent: int, total: int, expected: int) -> None: ...

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: Any) -> None: ...

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...


def answer(request: sm.Request) -> sm.Answer:
    """By the path: a redirect, a failure, a body in pieces with its length."""
    path = request.url.removeprefix(URL)
    if path.startswith("moved"):
        return sm.Answer(status=302, headers={"Location": f"/{path.removeprefix('moved-')}"})
    if path.startswith("gone"):
        raise sm.URLError(sm.URLError.Code.NETWORK_CONNECTION_LOST)
    return sm.Answer(body=[(path.encode(), 0.0), (b"-rest", 0.0)])


def tasks(route: Any) -> None:
    """Several tasks of several kinds at once, over `route`."""
    with sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate()) as session:
        for number in range(4):
            session.data_task(f"{URL}{number}").resume()
            session.data_task(f"{URL}moved-{number}", lambda *_: None).resume()
            session.download_task(f"{URL}{number}", lambda *_: None).resume()
            session.upload_task(f"{URL}{number}", b"body").resume()
            session.data_task(f"{URL}gone-{number}").resume()


def scripted() -> None:
    """Answers of a function."""
    tasks(sm.ScriptRoute().answer(answer))


def recorded(path: Path) -> Callable[[], None]:
    """The same, from the cassette that is made of them first."""
    with sm.CassetteRoute(path, mode="once", live=sm.ScriptRoute().answer(answer)) as route:
        tasks(route)

    def replay() -> None:
        with sm.CassetteRoute(path, mode="none", allow_playback_repeats=True) as route:
            tasks(route)

    return replay


def digests(folder: Path) -> list[str]:
    """Of the scripted and the recorded run, in virtual and in real time: each is made twice."""
    found = []
    for run in (scripted, recorded(folder / "tasks.yaml")):
        for time in (sm.virtual_time, nullcontext):
            def timed(run: Any = run, time: Any = time) -> None:
                with time():
                    run()

            found.append(repeat(timed))
    return found


if __name__ == "__main__":
    print("\n".join(digests(Path(sys.argv[1]))))
