"""The stress run: `python -m tests.engine.stress URL POLICY THREADS REQUESTS SEED [interrupts]`. Prints what it did; exits with 1 on a finding."""
from __future__ import annotations

import asyncio
import faulthandler
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from typing import Any

import sessionmock as sm
from sessionmock.engine import loop

DEADLINE = 45.0     # seconds after which the run counts as hung


class Witness:
    """The delegate of every session: it remembers each task, and counts the end of the session."""

    def __init__(self) -> None:
        self.tasks: list[sm.URLSessionTask] = []
        self.invalidated = 0

    def session_did_create_task(self, session: sm.URLSession, task: sm.URLSessionTask) -> None:
        self.tasks.append(task)

    def session_did_become_invalid(self, session: sm.URLSession, error: sm.URLError | None) -> None:
        self.invalidated += 1


class Stress:
    def __init__(self, url: str, threads: int, requests: int, seed: int) -> None:
        self.url, self.threads, self.requests, self.seed = url, threads, requests, seed
        self.witness = Witness()
        self.happened: Counter[str] = Counter()
        self.handlers: Counter[int] = Counter()     # calls of each completion handler, by its number
        self.expected = 0
        self.victims: list[sm.URLSessionTask] = []  # for other threads to cancel
        self.problems: list[str] = []
        self.armed = False
        configuration = sm.URLSessionConfiguration.ephemeral()
        configuration.http_maximum_connections_per_host = 16
        self.sessions = [sm.URLSession(configuration, self.witness, sm.OperationQueue(name=f"queue {n}")) for n in range(4)]
        self.count = threading.Lock()

    def path(self, chance: random.Random) -> str:
        draw = chance.random()
        return self.url + ("/slow/0.05" if draw < 0.01 else "/closing" if draw < 0.21 else "/fast")

    def handler(self) -> Any:
        with self.count:
            self.expected += 1
            number = self.expected

        def handle(data: bytes | None, response: sm.URLResponse | None, error: sm.URLError | None) -> None:
            with self.count:
                self.handlers[number] += 1
                if (data is None) == (error is None):
                    self.problems.append(f"handler {number} got {data!r} and {error!r}")
        return handle

    def one(self, chance: random.Random) -> None:
        session = chance.choice(self.sessions)
        draw = chance.random()
        if draw < 0.3:
            task = session.data_task(self.path(chance), self.handler())
            task.resume()
            if draw < 0.03:
                task.cancel()
            elif draw < 0.1:
                self.victims.append(task)
        else:
            loading = session.data(self.path(chance))
            if draw < 0.35:
                self.victims.append(loading.task)
            limit = chance.uniform(0, 0.02) if draw > 0.9 else 30.0
            try:
                loading.result(limit)
                self.happened["answers"] += 1
            except TimeoutError:
                self.happened["time-outs"] += 1
                if limit == 30.0:
                    self.problems.append(f"{loading.task!r} has not ended after 30 s")
                if draw > 0.95:
                    loading.cancel()
            except sm.URLError as error:
                self.failed(error)
        if self.victims and chance.random() < 0.3:
            try:
                self.victims.pop().cancel()
            except IndexError:
                pass

    def failed(self, error: sm.URLError) -> None:
        self.happened[f"error {int(error.code)}"] += 1
        if error.code not in (-999, -1005):
            self.problems.append(repr(error))

    def thread(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + number)
        try:
            for _ in range(self.requests):
                self.one(chance)
        except BaseException as error:
            self.problems.append(f"thread {number}: {error!r}")
            raise

    async def coroutine(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + 500 + number)
        for _ in range(self.requests // 2):
            limit = chance.uniform(0, 0.02) if chance.random() < 0.1 else 30.0
            try:
                await asyncio.wait_for(chance.choice(self.sessions).data(self.path(chance)).run(), limit)
                self.happened["awaited"] += 1
            except TimeoutError:
                self.happened["awaits timed out"] += 1
            except sm.URLError as error:
                self.failed(error)

    def foreign(self) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self.coroutine(number) for number in range(4)))
        try:
            asyncio.run(all_of_them())
        except BaseException as error:
            self.problems.append(f"foreign loop: {error!r}")
            raise

    def interrupt(self, finished: threading.Event) -> None:
        while not finished.wait(1 / 300):
            os.kill(os.getpid(), signal.SIGINT)

    def on_signal(self, *_: object) -> None:
        if self.armed:
            self.armed = False       # by the handler, so that what catches it is not interrupted itself
            raise KeyboardInterrupt

    def drive(self, workers: list[threading.Thread], interrupted: bool) -> None:
        """Let the main thread load too until all workers are done, with interrupts on the way."""
        finished = threading.Event()
        repr(sm.URLRequest(self.url))      # imports what a repr needs: CPython's own import locks survive no interrupt
        signal.signal(signal.SIGINT, self.on_signal)
        self.sessions[0].data(f"{self.url}/fast").result()     # the shield is there from the main thread's first wait on
        if interrupted:
            threading.Thread(target=self.interrupt, args=(finished,), daemon=True).start()
        for worker in workers:
            worker.start()
        chance = random.Random(self.seed)
        while True:
            try:
                while any(worker.is_alive() for worker in workers):
                    self.armed = interrupted
                    self.one(chance)
                    self.happened["by the main thread"] += 1
                self.armed = False
                break
            except KeyboardInterrupt:
                self.happened["interrupts"] += 1
        finished.set()

    def run(self, interrupted: bool) -> None:
        workers = [threading.Thread(target=self.thread, args=(number,), daemon=True) for number in range(self.threads)]
        workers.append(threading.Thread(target=self.foreign, daemon=True))
        started = time.monotonic()
        self.drive(workers, interrupted)
        for session in self.sessions:
            for task in asyncio.run(session.all_tasks()):
                if interrupted and task.state is sm.TaskState.SUSPENDED:
                    task.cancel()       # as leaving `with` does: an interrupt came between its creation and its resume
                    self.happened["never resumed"] += 1
            session.finish_tasks_and_invalidate()
        while self.witness.invalidated < len(self.sessions) and time.monotonic() - started < DEADLINE:
            time.sleep(0.01)
        took = time.monotonic() - started
        open_tasks = [task for task in self.witness.tasks if task.state is not sm.TaskState.COMPLETED]
        self.problems += [f"never ended: {task!r} {task._life.inbox.machine.phase!r}" for task in open_tasks]
        if self.witness.invalidated != len(self.sessions):
            self.problems.append(f"{self.witness.invalidated} sessions of {len(self.sessions)} became invalid: "
                                 f"{[session for session in self.sessions if not session._invalid.done]} {open_tasks}")
        if not interrupted:     # an interrupt can come between a handler's number and its task
            self.problems += [f"handler {n} was called {self.handlers[n]} times" for n in range(1, self.expected + 1) if self.handlers[n] != 1]
        self.problems += [f"handler {n} was called {count} times" for n, count in self.handlers.items() if count > 1]
        limit = time.monotonic() + 5
        while (left := ours()) and time.monotonic() < limit:
            time.sleep(0.02)
        self.problems += [f"still there: {thread!r}" for thread in left]
        print(f"{len(self.witness.tasks)} tasks in {took:.1f} s, {dict(self.happened)}")


def ours() -> list[threading.Thread]:
    """Threads of the library that are alive."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("sessionmock")]


def main(url: str, policy: Any, threads: str, requests: str, seed: str, *more: str) -> None:
    faulthandler.dump_traceback_later(DEADLINE + 10, exit=True)
    loop.policy = policy
    sys.setswitchinterval(0.0002)
    stress = Stress(url, int(threads), int(requests), int(seed))
    stress.run("interrupts" in more)
    for problem in stress.problems[:20]:
        print(problem)
    sys.exit(bool(stress.problems))


if __name__ == "__main__":
    main(*sys.argv[1:])
