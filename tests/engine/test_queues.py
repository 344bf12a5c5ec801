"""Operation queues, without sessions."""
from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.engine import work

PATIENCE = 20.0

colour: ContextVar[str] = ContextVar("colour", default="none")


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    seen: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    return seen


def finish(queue: sm.OperationQueue, count: int = 1) -> None:
    """Wait until `count` operations more have been run: all before them have begun."""
    done = threading.Semaphore(0)
    for _ in range(count):
        queue.add_operation(done.release)
    for _ in range(count):
        assert done.acquire(timeout=PATIENCE)


def test_a_serial_queue_keeps_the_order() -> None:
    """One operation at a time, in the order in which they were added, from any thread."""
    queue = sm.OperationQueue()
    ran: list[int] = []
    running = threading.Lock()

    def operation(number: int) -> Callable[[], None]:
        def run() -> None:
            assert running.acquire(blocking=False)
            ran.append(number)
            running.release()
        return run

    for number in range(500):
        queue.add_operation(operation(number))
    finish(queue)
    assert list(range(500)) == ran


@pytest.mark.parametrize("count", [0, -1])
def test_a_queue_runs_at_least_one_operation_at_a_time(count: int) -> None:
    """Anything less raises at the call."""
    with pytest.raises(sm.InvalidArgumentException, match=f"max_concurrent_operation_count={count}: a queue runs at least 1"):
        sm.OperationQueue(count)


def test_a_concurrent_queue_runs_as_many_as_it_may_and_no_more() -> None:
    """Never more than its count at the same time; all of them are run."""
    queue = sm.OperationQueue(3)
    lock, running, most = threading.Lock(), 0, 0

    def operation() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1

    for _ in range(60):
        queue.add_operation(operation)
    finish(queue, 3)
    assert 3 == most


def test_added_from_many_threads_none_is_lost() -> None:
    """Eight threads add 500 each while the queue empties again and again."""
    queue = sm.OperationQueue()
    ran: list[int] = []
    threads = [threading.Thread(target=lambda: [queue.add_operation(lambda: ran.append(1)) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    finish(queue)
    assert 4000 == len(ran)


def test_what_an_operation_raises_is_reported_and_the_next_runs(reports: list[Any]) -> None:
    """It goes to threading.excepthook, with the queue's name."""
    queue = sm.OperationQueue(name="mine")
    queue.add_operation(lambda: 1 / 0)
    finish(queue)
    assert [ZeroDivisionError] == [report.exc_type for report in reports]
    assert "raised in an operation of <OperationQueue mine" in reports[0].exc_value.__notes__[0]


def test_an_operation_that_no_thread_can_be_started_for_is_done_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who adds it hears nothing of that, and the queue goes on."""
    queue = sm.OperationQueue()
    ran: list[int] = []
    first = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(work, "begin", lambda thread: False)
        patch.setattr(work, "pool", work.WorkPool())
        queue.add_operation(lambda: (ran.append(1), first.set()))
        assert first.wait(PATIENCE)
    queue.add_operation(lambda: ran.append(2))
    finish(queue)
    assert [1, 2] == ran


def test_a_coroutine_is_one_operation() -> None:
    """The next one runs when it is over, on a loop that the thread keeps."""
    queue = sm.OperationQueue()
    seen: list[Any] = []

    async def operation() -> None:
        seen.append(asyncio.get_running_loop())
        await asyncio.sleep(0.02)
        seen.append("over")

    queue.add_operation(operation)
    queue.add_operation(lambda: seen.append("next"))
    finish(queue)
    assert ["over", "next"] == seen[1:]


def test_an_operation_knows_its_queue() -> None:
    """`is_current` is true within the queue's operations only, coroutines included."""
    queue, other = sm.OperationQueue(), sm.OperationQueue()
    seen: list[tuple[bool, bool]] = []

    async def operation() -> None:
        await asyncio.sleep(0)
        seen.append((queue.is_current, other.is_current))

    queue.add_operation(lambda: seen.append((queue.is_current, other.is_current)))
    queue.add_operation(operation)
    finish(queue)
    assert ([(True, False)] * 2, False) == (seen, queue.is_current)


def test_what_one_operation_sets_the_next_does_not_see() -> None:
    """Each has an empty context of its own."""
    queue = sm.OperationQueue()
    seen: list[str] = []

    def operation() -> None:
        seen.append(colour.get())
        colour.set("red")

    async def coroutine() -> None:
        operation()

    for each in (operation, coroutine, coroutine, operation):
        queue.add_operation(each)
    finish(queue)
    assert ["none"] * 4 == seen


def test_a_queue_of_its_own_is_not_run_by_anybody() -> None:
    """Only the main queue has `run`."""
    with pytest.raises(RuntimeError, match=r"runs by itself; only OperationQueue\.main is run by its thread"):
        sm.OperationQueue().run()


# the main queue ---------------------------------------------------------------------------------------------------------

def test_the_main_queue_runs_on_the_main_thread_when_it_is_run() -> None:
    """Not before; and nobody else may run it."""
    assert sm.OperationQueue.main is sm.OperationQueue.main
    seen: list[Any] = []
    sm.OperationQueue.main.add_operation(lambda: seen.append(threading.current_thread()))
    assert [] == seen
    sm.OperationQueue.main.run()
    assert [threading.main_thread()] == seen
    refused: list[str] = []

    def run() -> None:
        try:
            sm.OperationQueue.main.run()
        except RuntimeError as error:
            refused.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert ["OperationQueue.main.run was called on a thread other than the main thread"] == refused


def test_run_until_is_woken_by_operations_from_other_threads() -> None:
    """It looks at its condition after each."""
    seen: list[int] = []
    threading.Timer(0.05, sm.OperationQueue.main.add_operation, (lambda: seen.append(1),)).start()
    sm.OperationQueue.main.run(until=lambda: seen, timeout=PATIENCE)
    assert [1] == seen


def test_run_until_sees_what_no_operation_has_changed() -> None:
    """The condition may be anything's: it is looked at now and then too, and the time runs out."""
    seen: list[int] = []
    threading.Timer(0.05, seen.append, (1,)).start()
    sm.OperationQueue.main.run(until=lambda: seen, timeout=PATIENCE)
    with pytest.raises(TimeoutError, match=r"still false after 0\.05 s"):
        sm.OperationQueue.main.run(until=lambda: len(seen) > 1, timeout=0.05)


def test_a_loop_that_is_started_later_runs_what_waits_for_the_main_thread() -> None:
    """A load whose task was made and whose answer came before there was a loop is delivered by the loop that awaits the end."""
    answers: list[Any] = []
    with sm.use_route(sm.ScriptRoute().answer(body=b"x")):
        session = sm.URLSession(sm.URLSessionConfiguration.ephemeral(), None, sm.OperationQueue.main)
        session.data_task("http://a.test/", lambda *answer: answers.append(answer)).resume()

    async def main() -> None:
        async with asyncio.timeout(PATIENCE), session:
            assert [] == answers

    asyncio.run(main())
    assert [b"x"] == [data for data, _, _ in answers]


def test_a_coroutine_on_the_main_queue_runs_on_the_main_threads_loop() -> None:
    """On the loop that is running there, or to its end where none is."""
    seen: list[Any] = []

    async def operation() -> None:
        await asyncio.sleep(0)
        seen.append(asyncio.get_running_loop())

    async def main() -> asyncio.AbstractEventLoop:
        sm.OperationQueue.main.add_operation(operation)
        async with asyncio.timeout(PATIENCE):
            while not seen:
                await asyncio.sleep(0.005)
        return asyncio.get_running_loop()

    assert [asyncio.run(main())] == seen
    sm.OperationQueue.main.add_operation(operation)
    sm.OperationQueue.main.run()
    assert 2 == len(seen)


def test_what_a_coroutine_on_the_main_queue_raises_is_reported(reports: list[Any]) -> None:
    """As that of every queue, on the loop that is running there or where none is."""
    async def operation() -> None:
        await asyncio.sleep(0)
        raise KeyError("odd")

    async def main() -> None:
        sm.OperationQueue.main.add_operation(operation)
        async with asyncio.timeout(PATIENCE):
            while not reports:
                await asyncio.sleep(0)

    asyncio.run(main())
    sm.OperationQueue.main.add_operation(operation)
    sm.OperationQueue.main.run()
    assert [KeyError, KeyError] == [report.exc_type for report in reports]
    assert all("raised in an operation of <OperationQueue main" in report.exc_value.__notes__[0] for report in reports)


# queues on loops ----------------------------------------------------------------------------------------------------------

def test_a_queue_on_a_loop_runs_there_in_order(reports: list[Any]) -> None:
    """Plain operations and coroutines, one after the other; what they raise is reported."""
    seen: list[Any] = []

    async def slow() -> None:
        await asyncio.sleep(0.02)
        seen.append("slow")

    async def failing() -> None:
        raise LookupError("failed")

    async def main() -> None:
        queue = sm.OperationQueue.on_loop(asyncio.get_running_loop())
        done = asyncio.Event()
        for operation in (lambda: seen.append("first"), slow, failing, lambda: 1 / 0, lambda: seen.append(threading.current_thread()), done.set):
            queue.add_operation(operation)
        assert [] == seen
        await done.wait()

    asyncio.run(main())
    assert ["first", "slow", threading.current_thread()] == seen
    assert [LookupError, ZeroDivisionError] == [report.exc_type for report in reports]


def test_a_queue_whose_loop_is_closed_runs_elsewhere() -> None:
    """Better on another thread than lost."""
    loop = asyncio.new_event_loop()
    queue = sm.OperationQueue.on_loop(loop)
    loop.close()
    done = threading.Event()
    queue.add_operation(done.set)
    assert done.wait(PATIENCE)


def test_what_a_loop_has_not_come_to_before_it_was_closed_runs_elsewhere() -> None:
    """With the next operation, and when a session of the queue is to end."""
    done = [threading.Event(), threading.Event()]
    loop = asyncio.new_event_loop()
    queue = sm.OperationQueue.on_loop(loop)
    queue.add_operation(done[0].set)
    loop.close()
    queue.add_operation(done[1].set)
    assert done[0].wait(PATIENCE) and done[1].wait(PATIENCE)

    loop = asyncio.new_event_loop()
    answers: list[Any] = []
    with sm.use_route(sm.ScriptRoute().answer(body=b"x")), sm.URLSession(
            sm.URLSessionConfiguration.ephemeral(), None, sm.OperationQueue.on_loop(loop)) as session:
        session.data_task("http://a.test/", lambda *answer: answers.append(answer)).resume()
        loop.close()
    assert 1 == len(answers)


def test_awaiting_within_an_operation_of_its_own_does_not_wait_for_itself() -> None:
    """A session on a loop's queue, left in one of its callbacks, becomes invalid afterwards; elsewhere it is waited for."""
    seen: list[str] = []

    class Delegate:
        def session_did_become_invalid(self, session: Any, error: Any) -> None:
            seen.append("invalid")

    async def main() -> None:
        queue = sm.OperationQueue.on_loop(asyncio.get_running_loop())
        session = sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate(), queue)
        left = asyncio.Event()

        async def operation() -> None:
            async with session:
                pass
            seen.append("left")
            left.set()

        queue.add_operation(operation)
        await left.wait()
        async with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), Delegate(), queue):
            pass
        seen.append("left the second")

    asyncio.run(main())
    assert ["left", "invalid", "invalid", "left the second"] == seen


# members of Apple's -------------------------------------------------------------------------------------------------

KINDS = pytest.mark.parametrize("kind", ["private", "concurrent", "main", "loop"])


class Running:
    """A queue of a kind, and whatever runs its operations, until the test is over."""

    def __init__(self, kind: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.queue = {
            "private": sm.OperationQueue, "concurrent": lambda: sm.OperationQueue(3), "main": lambda: sm.OperationQueue.main,
            "loop": lambda: sm.OperationQueue.on_loop(self.loop),
        }[kind]()

    def __enter__(self) -> sm.OperationQueue:
        return self.queue

    def __exit__(self, *_: object) -> None:
        self.queue.is_suspended = False
        self.queue.wait_until_all_operations_are_finished()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)
        self.loop.close()


@KINDS
def test_a_wait_for_all_operations_ends_with_the_last(kind: str) -> None:
    """Plain ones and coroutines; where there are none it ends at once."""
    ended: list[int] = []

    async def operation() -> None:
        await asyncio.sleep(0.01)
        ended.append(2)

    with Running(kind) as queue:
        queue.wait_until_all_operations_are_finished()
        for _ in range(3):
            queue.add_operation(lambda: ended.append(1))
        if kind != "main":                     # there it would need a loop that runs
            queue.add_operation(operation)
        assert queue.operation_count
        queue.wait_until_all_operations_are_finished()
        assert 0 == queue.operation_count
        assert [1, 1, 1] == [each for each in ended if each == 1]
        assert (kind == "main") == (2 not in ended)


@KINDS
def test_nothing_begins_on_a_suspended_queue(kind: str) -> None:
    """What was added meanwhile begins when it goes on, in order."""
    ran: list[int] = []
    with Running(kind) as queue:
        assert not queue.is_suspended
        queue.is_suspended = True
        for number in range(5):
            queue.add_operation(lambda number=number: ran.append(number))
        if kind == "main":
            sm.OperationQueue.main.run()
        assert (5, []) == (queue.operation_count, ran)
        assert "5 unfinished operations, suspended" in repr(queue)
        queue.is_suspended = False
        queue.wait_until_all_operations_are_finished()
        assert [0, 1, 2, 3, 4] == sorted(ran)
        assert kind == "concurrent" or ran == sorted(ran)


@KINDS
def test_operations_that_have_not_begun_can_be_cancelled(kind: str) -> None:
    """They end without having run."""
    ran: list[int] = []
    with Running(kind) as queue:
        queue.is_suspended = True
        queue.add_operation(lambda: ran.append(1))
        queue.cancel_all_operations()
        queue.add_operation(lambda: ran.append(2))
        queue.is_suspended = False
        queue.wait_until_all_operations_are_finished()
        assert [2] == ran
        assert not queue._added


def test_callbacks_of_sessions_are_not_cancelled() -> None:
    """Their tasks, and the session itself, end by them."""
    queue, told = sm.OperationQueue(), list[Any]()
    queue.is_suspended = True
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral(), delegate_queue=queue) as session:
        task = session.data_task("data:,x", lambda data, *_: told.append(data))
        task.resume()
        session.get_all_tasks(told.append)
        queue.cancel_all_operations()
        queue.is_suspended = False
    assert b"x" in told
    assert 2 == len(told)


@pytest.mark.parametrize("kind", ["private", "loop"])
def test_code_of_an_operation_knows_the_current_queue(kind: str) -> None:
    """Also after an await; elsewhere there is none."""
    seen: list[Any] = []

    async def operation() -> None:
        seen.append(sm.OperationQueue.current)
        await asyncio.sleep(0)
        seen.append(sm.OperationQueue.current)

    with Running(kind) as queue:
        queue.add_operation(lambda: seen.append(sm.OperationQueue.current))
        queue.add_operation(operation)
        queue.wait_until_all_operations_are_finished()
        assert [queue] * 3 == seen
    assert sm.OperationQueue.current is None


def test_waiting_for_all_operations_within_one_is_refused() -> None:
    """It would wait for itself."""
    queue, errors = sm.OperationQueue(), list[RuntimeError]()

    def wait() -> None:
        with pytest.raises(RuntimeError, match="would never end") as caught:
            queue.wait_until_all_operations_are_finished()
        errors.append(caught.value)

    queue.add_operation(wait)
    queue.wait_until_all_operations_are_finished()
    assert 1 == len(errors)


def test_more_operations_run_at_a_time_when_the_limit_is_raised() -> None:
    """Those that wait begin at once; a limit that is none is refused, and one thread runs one at a time."""
    queue, gate = sm.OperationQueue(), threading.Barrier(3)
    for _ in range(3):
        queue.add_operation(lambda: gate.wait(PATIENCE))
    queue.max_concurrent_operation_count = 3
    queue.wait_until_all_operations_are_finished()
    assert not gate.broken
    for wrong in (0, -1, True, "2"):
        with pytest.raises(sm.InvalidArgumentException, match="max_concurrent_operation_count"):
            queue.max_concurrent_operation_count = wrong
    with pytest.raises(sm.InvalidArgumentException, match="one thread"):
        sm.OperationQueue.main.max_concurrent_operation_count = 2
    with pytest.raises(sm.InvalidArgumentException, match="is_suspended"):
        queue.is_suspended = 1
    assert 3 == queue.max_concurrent_operation_count


def test_a_delegate_queue_that_is_none_is_refused() -> None:
    """By the session, which then does not exist."""
    for wrong in (object(), sm.OperationQueue, asyncio):
        with pytest.raises(sm.InvalidArgumentException, match="delegate_queue"):
            sm.URLSession(sm.URLSessionConfiguration.ephemeral(), None, wrong)
