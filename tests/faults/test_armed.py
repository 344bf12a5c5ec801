"""Plans in force: which passes they act on, and what they tell of it."""
from __future__ import annotations

import threading
from typing import Any

import pytest

import sessionmock as sm
from sessionmock import InvalidArgumentException
from sessionmock.clock import JumpingClock
from sessionmock.faults.armed import About, ExchangeFaults, Faults, TaskFaults
from sessionmock.faults.plan import FaultPlan
from sessionmock.history import Faulted, History

URL = "https://api.test/a"


def about(url: str = URL, method: str = "GET", history: History | None = None) -> About:
    return About(JumpingClock(), history, None, method, url)


def passes(count: int, /, seed: int = 0, **said: Any) -> list[int]:
    """On which of so many passes a line acts."""
    faults = Faults(FaultPlan().at("body", **said).reset(), seed)
    return [number for number in range(1, count + 1) if faults.passing("body", about())]


@pytest.mark.parametrize(("said", "expected"), [
    ({}, [1, 2, 3, 4, 5, 6, 7]),
    ({"first": 2}, [1, 2]),
    ({"nth": 3}, [3]),
    ({"every": 2}, [2, 4, 6]),
    ({"every": 2, "first": 5}, [2, 4]),
    ({"nth": 3, "from_here_on": True}, [3, 4, 5, 6, 7]),
    ({"every": 3, "from_here_on": True}, [3, 4, 5, 6, 7]),
    ({"from_here_on": True}, [1, 2, 3, 4, 5, 6, 7]),
    ({"probability": 0}, []),
    ({"probability": 1}, [1, 2, 3, 4, 5, 6, 7]),
])
def test_a_line_acts_on_the_passes_that_it_names(said: dict[str, Any], expected: list[int]) -> None:
    """Counted from 1."""
    assert passes(7, **said) == expected


def test_what_probability_draws_comes_from_the_seed_alone() -> None:
    """The same for one seed, another for another, about as often as it says, and for each line by itself."""
    one = passes(400, seed=7, probability=0.25)
    assert one == passes(400, seed=7, probability=0.25) != passes(400, seed=8, probability=0.25)
    assert 60 < len(one) < 140
    assert one[0] in passes(one[0] + 3, seed=7, probability=0.25, from_here_on=True)
    assert len(passes(one[0] + 3, seed=7, probability=0.25, from_here_on=True)) == 4
    faults = Faults(FaultPlan().at("body", probability=0.5).reset().at("body", probability=0.5).end())
    drawn = [[shot.kind.name for shot in faults.passing("body", about())] for _ in range(50)]
    assert ["reset"] in drawn
    assert ["end"] in drawn


def test_only_passes_that_the_line_selects_are_counted() -> None:
    """By URL and method; each line counts for itself, a point's line its parts together."""
    faults = Faults(FaultPlan().at("body", url="/a", nth=2).reset().at("body", method="POST", nth=1).end().at("disk", nth=3).oserror("EIO"))
    seen = [[shot.kind.name for shot in faults.passing("body", about(url, method))] for url, method in (
        (URL, "GET"), ("https://api.test/b", "GET"), ("https://api.test/b", "POST"), (URL, "GET"), (URL, "GET"))]
    assert seen == [[], [], ["end"], ["reset"], []]
    assert [len(faults.passing(point, about())) for point in ("disk.create", "disk.write", "disk.close", "disk.move")] == [0, 0, 1, 0]


def test_what_acted_is_told_once_it_did() -> None:
    """By point and URL, secrets replaced, and in the history; what was only to act has not fired."""
    history = History()
    faults = Faults(FaultPlan().at("body", byte=10).reset())
    [shot] = faults.passing("body", about(f"{URL}?token=s3cr3tt0k3nv4lu3", history=history))
    assert (shot.byte, shot.point, faults.fired) == (10, "body", [])
    assert len(faults.unfired) == 1
    fired = shot.fire()
    assert faults.fired == [fired]
    assert faults.unfired == faults.complaints == []
    assert str(fired).startswith(f"body byte 10 of GET {URL}?token=")
    assert str(fired).endswith(": reset()")
    assert "s3cr3tt0k3nv4lu3" not in f"{fired}{fired!r}"
    assert [(Faulted, "body", "reset()")] == [(type(record), record.point, record.kind) for record in history if isinstance(record, Faulted)]


def test_what_never_acted_says_what_could_have_met_it() -> None:
    """How often its point was passed, and the nearest requests; an optional line says nothing."""
    faults = Faults()
    faults.at("body", url="https://api.test/items", nth=2).reset()
    faults.at("tls", optional=True).reset()
    assert "there was no request" in faults.complaints[0]
    for url in ("https://other.test/", "https://api.test/item", "https://api.test/items?token=s3cr3tt0k3nv4lu3"):
        exchange = TaskFaults((faults,), JumpingClock(), None, None).exchange("GET", url)
        if exchange is not None:
            exchange.passing("body")
    [text] = faults.complaints
    assert text.splitlines()[:2] == [
        "a fault that never acted: at('body', url='https://api.test/items', nth=2).reset()", "  body was passed 1 time by what it is about"]
    assert "requests that it is about: GET https://api.test/items?token=" in text
    assert "s3cr3tt0k3nv4lu3" not in text

    missed = Faults(FaultPlan().at("body", url="https://api.test/items").reset())
    for url in ("https://other.test/", "https://api.test/item"):
        assert TaskFaults((missed,), JumpingClock(), None, None).exchange("GET", url) is None
    assert missed.complaints[0].splitlines()[1:] == [
        "  body was passed 0 times by what it is about",
        "  requests that it is not about: GET https://api.test/item, GET https://other.test/"]


def test_a_byte_that_never_came_is_told_apart() -> None:
    """The line was to act, and has not."""
    faults = Faults(FaultPlan().at("body", byte=10_000).reset())
    assert faults.passing("body", about())
    assert "body was passed 1 time by what it is about, and it was to act on 1 of them" in faults.complaints[0]


def test_a_place_that_was_given_no_kind_is_told() -> None:
    """By its line: else it would do nothing, silently."""
    faults = Faults()
    faults.at("body", byte=3)
    [text] = faults.complaints
    assert text.startswith("nothing was said to happen there: <at('body', byte=3), and no kind yet>")
    assert "test_armed.py" in text


def test_a_request_carries_nothing_where_nothing_can_go_wrong() -> None:
    """No line, none at its points, none about it, or all used up."""
    def exchange(faults: Faults) -> ExchangeFaults | None:
        return TaskFaults((faults,), JumpingClock(), None, None).exchange("GET", URL)

    assert exchange(Faults()) is None
    assert exchange(Faults(FaultPlan().at("disk").disk_full())) is None
    assert exchange(Faults(FaultPlan().at("body", url="/b").end())) is None
    used = Faults(FaultPlan().at("body", first=1).end())
    found = exchange(used)
    assert found is not None
    assert found.may_pass("head", "body")
    assert not found.may_pass("head")
    assert found.passing("body")
    assert exchange(used) is None
    assert exchange(Faults(FaultPlan().at("body", nth=1, from_here_on=True).end())) is not None


def test_passes_are_counted_on_any_thread() -> None:
    """Each once."""
    faults = Faults(FaultPlan().at("body", every=2).reset())
    acted: list[int] = []

    def run() -> None:
        acted.append(sum(len(faults.passing("body", about())) for _ in range(500)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(acted) == 1000


def test_lines_can_be_armed_at_any_time_and_are_told_to_whoever_watches() -> None:
    """`plan` has them all."""
    told: list[str] = []
    faults = Faults(FaultPlan().at("connect").refuse())
    with faults.watched(lambda line: told.append(line.point)):
        line = faults.at("body").delay(1)
        faults.add([FaultPlan().at("head").end()])
    faults.add([line])
    assert told == ["body", "head"]
    assert [line.point for line in faults.plan] == ["connect", "body", "head", "body"]
    assert repr(faults) == "<Faults: 4 lines, 0 fired, seed 0>"


@pytest.mark.parametrize("seed", ["1", 1.5, True, None])
def test_a_seed_is_an_int(seed: Any) -> None:
    """All else is refused."""
    with pytest.raises(InvalidArgumentException, match="seed"):
        Faults((), seed)


def test_a_task_of_before_its_line_meets_it() -> None:
    """Which may name that very task. Loads are told of the first line, wherever they are; one that is over is not held."""
    script = sm.ScriptRoute().answer(lambda request: b"body")
    with sm.virtual_time(), sm.use_route(script), sm.use_faults(Faults()) as faults, sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        session.data(URL).result()
        assert not faults._waiting
        task, other = session.data_task(URL), session.data_task(URL)
        faults.at("body", task=task, byte=2).reset()
        assert not faults._waiting
        task.resume()
        other.resume()
    assert (task.error, other.error) == (sm.URLError(-1005, task.error and task.error.user_info), None)
    assert [fired.task for fired in faults.fired] == [task]
