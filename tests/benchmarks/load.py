"""The load that contestants are put under: the same for our own and for the peers."""
from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time, thread_time
from typing import Any

Play = Callable[[int], dict[str, float] | None]
Get = Callable[[], Any]
GetURL = Callable[[str], Any]


def cpu_time() -> float:
    """The CPU seconds of this process so far: of all its threads, and of the processes that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def one_by_one(get: Get) -> Play:
    """`count` calls, one after the other; told apart: what nine of ten took at most."""
    def play(count: int) -> dict[str, float]:
        took = []
        for _ in range(count):
            start = perf_counter()
            get()
            took.append(perf_counter() - start)
        return {"p90": quantiles(took, n=10)[-1]}
    return play


def in_threads(get: Get, threads: int) -> Play:
    """`count` calls, shared by `threads` threads."""
    def some(count: int) -> None:
        for _ in range(count):
            get()

    def play(count: int) -> None:
        workers = [threading.Thread(target=some, args=(count // threads,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return play


async def at_once(get: Callable[[], Awaitable[Any]], count: int, flights: int) -> None:
    """`count` calls, `flights` of them in flight at any time."""
    async def some() -> None:
        for _ in range(count // flights):
            await get()
    await asyncio.gather(*(some() for _ in range(flights)))


def computing(play: Play, threads: int) -> Play:
    """`play` beside threads that compute, and hold the interpreter's lock for it, as long as it plays. Their CPU is not told."""
    def compute(stop: threading.Event, theirs: list[float]) -> None:
        while not stop.is_set():
            sum(number * number for number in range(1000))
        theirs.append(thread_time())

    def beside(count: int) -> dict[str, float]:
        stop, theirs = threading.Event(), list[float]()
        workers = [threading.Thread(target=compute, args=(stop, theirs)) for _ in range(threads)]
        cpu = cpu_time()
        for worker in workers:
            worker.start()
        try:
            start = perf_counter()
            told = play(count) or {}
            wall = perf_counter() - start
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        return {"wall": wall, "cpu": cpu_time() - cpu - sum(theirs)} | told
    return beside if threads else play


# scripts and cassettes ---------------------------------------------------------------------------------------------
def script_url(number: int) -> str:
    return f"https://api.example.com/items/{number}"


def script_urls(routes: int) -> list[str]:
    """The URL of every route, in an order that favours none."""
    return [script_url(number) for number in random.Random(1).sample(range(routes), routes)]


def cassette(folder: str, interactions: int, number: int) -> tuple[str, list[str]]:
    """A cassette of vcrpy's format with JSON bodies of 1 KB, written when first asked for; and the URLs it answers.

    No two share a URL: what a URL costs when it is first seen belongs to every interaction, of short cassettes too.
    """
    urls = [f"https://api.example.com/{interactions}/{number}/{place}?page=1" for place in range(interactions)]
    file = Path(folder, f"{interactions}-{number}.yaml")
    if not file.exists():
        with file.open("w") as out:
            out.write("interactions:\n")
            for place, url in enumerate(urls):
                body = json.dumps({"number": place, "text": "x" * (1000 - len(str(place)))})
                out.write(ENTRY.format(url=url, body=body, length=len(body)))
            out.write("version: 1\n")
    return str(file), urls


def as_json(file: str) -> str:
    """The same cassette as vcrpy writes it in JSON; its name."""
    from sessionmock.routes.cassette import read_tape, write_tape

    written = Path(file).with_suffix(".json")
    if not written.exists():
        write_tape(written, read_tape(file))
    return str(written)


def replays(folder: str, interactions: int, replay: Callable[[str], AbstractContextManager[GetURL]], *, shuffled: bool = False) -> Play:
    """`count` cassettes replayed in order or `shuffled`, each once; `wall` and `cpu` are those of one answer of each. Loading,
    with the first answer, is told apart. `replay` opens a cassette and gives what gets a URL.
    """
    numbers = itertools.count()

    def play(count: int) -> dict[str, float]:
        spent = cpu = loading = 0.0
        for file, urls in [cassette(folder, interactions, next(numbers)) for _ in range(count)]:
            if shuffled:
                random.Random(1).shuffle(urls)
            start = perf_counter()
            with replay(file) as get:
                get(urls[0])
                loaded, cpu_before = perf_counter(), cpu_time()
                for url in urls[1:]:
                    get(url)
                spent += perf_counter() - loaded
                cpu += cpu_time() - cpu_before
                loading += loaded - start
        return {"wall": spent / (interactions - 1), "cpu": cpu / (interactions - 1), "load": loading / count}
    return play


# pytest ------------------------------------------------------------------------------------------------------------
def pytest_runs(folder: str, *plugins: str) -> Play:
    """`count` runs of pytest in `folder` with no other plugins than `plugins`."""
    command = [sys.executable, "-m", "pytest", "-q", *(word for plugin in plugins for word in ("-p", plugin))]

    def play(count: int) -> None:
        for _ in range(count):
            subprocess.run(command, cwd=folder, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, check=True, capture_output=True)
    return play


ENTRY = """- request:
    body: ''
    headers:
      accept:
      - '*/*'
      host:
      - api.example.com
      user-agent:
      - python-httpx/0.28.1
    method: GET
    uri: {url}
  response:
    body:
      string: '{body}'
    headers:
      content-length:
      - '{length}'
      content-type:
      - application/json
      date:
      - Sun, 22 Nov 2026 12:00:00 GMT
    status:
      code: 200
      message: OK
"""
