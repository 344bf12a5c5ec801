"""The benchmarks, in the order in which they are run. Each gives rows; a goal is the project's own, not a peer's."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median
from time import perf_counter

from . import servers
from .harness import Contestant, Row, faster, microseconds, race
from .load import as_json
from .load import cassette as cassette_file

MEGABYTE = 1_000_000


def get() -> Iterator[Row]:
    """GETs of 1 KB, one at a time and from eight threads, on kept-alive connections to nginx."""
    with servers.nginx() as url:
        yield _beside_httpx("GET by result()", url, 2.0)
        yield _beside_httpx("GET by result() from 8 threads", url, 2.5, threads=8)


def _beside_httpx(name: str, url: str, goal: float, **load: int) -> Row:
    figures = race({
        "own": Contestant("own.result", {"url": url, **load}),
        "httpx": Contestant("peers.httpx_client", {"url": url, **load}),
    }, count=640, rounds=9)
    return faster(name, figures["own"], figures["httpx"], "httpx", goal)


def computing() -> Iterator[Row]:
    """The same beside threads that compute, with a server that takes a millisecond."""
    with servers.slow() as url:
        for threads, goal, tail in (1, 1.0, 1.0), (2, 0.8, None):
            figures = race({
                "own": Contestant("own.result", {"url": url, "beside": threads}),
                "httpx": Contestant("peers.httpx_client", {"url": url, "beside": threads}),
            }, count=60, rounds=11)
            own, httpx = figures["own"], figures["httpx"]
            yield faster(f"GET beside {threads} computing", own, httpx, "httpx", goal)
            yield Row(f"GET beside {threads} computing, p90", microseconds(own["p90"]), f"httpx {microseconds(httpx['p90'])}",
                      own["p90"] / httpx["p90"], tail, most=True)


def concurrent() -> Iterator[Row]:
    """GETs of 1 KB, 32 in flight."""
    with servers.nginx() as url:
        figures = race({
            "own": Contestant("own.awaited", {"url": url}),
            "handlers": Contestant("own.handlers", {"url": url}),
            "aiohttp": Contestant("peers.aiohttp_client", {"url": url}),
        }, count=1280, rounds=9)
        httpx = race({
            "own": Contestant("own.awaited", {"url": url}),
            "httpx": Contestant("peers.httpx_async", {"url": url}),
        }, count=640, rounds=3)
    yield faster("32 GETs at once by await", httpx["own"], httpx["httpx"], "httpx", 20)
    yield faster("32 GETs at once by await", figures["own"], figures["aiohttp"], "aiohttp", 0.9)
    yield faster("32 GETs at once by handlers", figures["handlers"], figures["aiohttp"], "aiohttp", 1.2)


def http2() -> Iterator[Row]:
    """GETs of 1 KB over HTTP/2, 32 in flight."""
    with servers.nginx_http2() as (url, authority):
        figures = race({
            "own": Contestant("own.awaited_http2", {"url": url, "authority": authority}),
            "httpx": Contestant("peers.httpx_http2", {"url": url, "authority": authority}),
        }, count=640, rounds=7)
    yield faster("32 GETs at once over HTTP/2", figures["own"], figures["httpx"], "httpx", 3)


def script() -> Iterator[Row]:
    """Answers of respx routes, against respx.mock around one reused httpx.Client."""
    figures = race({
        "own": Contestant("own.script", {"routes": 1}),
        "many": Contestant("own.script", {"routes": 1000}),
        "respx": Contestant("peers.respx_mock", {"routes": 1}),
    }, count=1000, rounds=9)
    own, many = figures["own"], figures["many"]
    yield faster("scripted answer", own, figures["respx"], "respx", 2.0)
    yield Row("scripted answer of 1,000 routes", microseconds(many.each), f"own 1 route {microseconds(own.each)}",
              many.each / own.each, 1.2, most=True)


def cassette() -> Iterator[Row]:
    """Replaying cassettes in order, against vcrpy and against our own short one."""
    with tempfile.TemporaryDirectory() as folder:
        def contestant(function: str, interactions: int, times: int = 1) -> Contestant:
            return Contestant(function, {"folder": folder, "interactions": interactions}, times)

        figures = race({"own": contestant("own.cassette", 1000), "vcrpy": contestant("peers.vcrpy", 1000)}, 1, rounds=3, warm=0)
        own, vcrpy = figures["own"], figures["vcrpy"]
        yield faster("replay of 1,000, each", own, vcrpy, "vcrpy", 60)
        yield Row("loading 1,000", microseconds(own["load"]), f"vcrpy {microseconds(vcrpy['load'])}", vcrpy["load"] / own["load"])
        figures = race({"long": contestant("own.cassette", 10_000), "short": contestant("own.cassette", 100, 100)}, 1, rounds=5)
        long, short = figures["long"], figures["short"]
        yield Row("replay of 10,000, each", microseconds(long["wall"]), f"own of 100 {microseconds(short['wall'])}",
                  long["wall"] / short["wall"], 1.2, most=True)


def shuffled() -> Iterator[Row]:
    """Replaying a long cassette in another order than it was recorded in, against our own short one."""
    with tempfile.TemporaryDirectory() as folder:
        def contestant(interactions: int, times: int = 1) -> Contestant:
            return Contestant("own.cassette", {"folder": folder, "interactions": interactions, "shuffled": True}, times)

        figures = race({"long": contestant(10_000), "short": contestant(100, 100)}, 1, rounds=5)
    long, short = figures["long"], figures["short"]
    yield Row("replay of 10,000 shuffled, each", microseconds(long["wall"]), f"own of 100 {microseconds(short['wall'])}",
              long["wall"] / short["wall"], 1.2, most=True)


def loading() -> Iterator[Row]:
    """Opening cassettes of 10,000 interactions with bodies of 1 KB, as YAML and as JSON, against vcrpy's YAML."""
    count = 10_000
    with tempfile.TemporaryDirectory() as folder:
        file, _ = cassette_file(folder, count, 0)
        figures = race({
            "yaml": Contestant("own.loading", {"file": file}),
            "json": Contestant("own.loading", {"file": as_json(file)}),
            "vcrpy": Contestant("peers.vcrpy_loading", {"file": file}),
            "idle": Contestant("peers.nothing", {}),
        }, count, rounds=3, warm=0, fresh=True)
    vcrpy, idle = figures["vcrpy"], figures["idle"]
    for name, goal in ("yaml", 20), ("json", 40):
        yield Row(f"loading 10,000 of {name.upper()}", f"{figures[name]['wall'] * 1e3:.0f} ms", f"vcrpy's YAML {vcrpy['wall'] * 1e3:.0f} ms",
                  vcrpy["wall"] / figures[name]["wall"], goal)
    own, theirs = ((figures[name]["peak"] - idle["peak"]) / MEGABYTE for name in ("yaml", "vcrpy"))
    yield Row("loading 10,000 of YAML, memory", f"{own:.0f} MB", f"vcrpy {theirs:.0f} MB", own / theirs, 0.2, most=True)


def recording() -> Iterator[Row]:
    """1,000 GETs of 1 KB recorded into a cassette, against the same that are not."""
    with servers.nginx() as url, tempfile.TemporaryDirectory() as folder:
        into = {"url": url, "folder": folder}
        figures = race({"own": Contestant("own.recording", into), "plain": Contestant("own.plain", {"url": url})}, 1000, rounds=9)
        vcrpy = race({"vcrpy": Contestant("peers.vcrpy_recording", into)}, 1000, rounds=1, warm=0)["vcrpy"]
    own, plain = figures["own"], figures["plain"]
    yield Row("recording of 1,000, each", microseconds(own.each), f"own live {microseconds(plain.each)}", own.each / plain.each, 1.3, most=True)
    yield faster("recording of 1,000, each", own, vcrpy, "vcrpy", None)


def download() -> Iterator[Row]:
    """500 MB to a file."""
    with servers.bulk() as url:
        yield from _transfer("download of 500 MB", url, "own.download", "peers.httpx_download", 500 * MEGABYTE, 1.2)


def upload() -> Iterator[Row]:
    """200 MB, and 500 MB, from a file that is there, in the kernel's cache, before the race."""
    with servers.bulk() as url, tempfile.NamedTemporaryFile() as file:
        for size in 200, 500:
            while file.tell() < size * MEGABYTE:
                file.write(bytes(MEGABYTE))
            file.flush()
            yield from _transfer(f"upload of {size} MB", url, "own.upload", "peers.httpx_upload", size * MEGABYTE, 1.1, file=file.name)


def _transfer(name: str, url: str, own_function: str, peer_function: str, size: int, goal: float, **more: str) -> Iterator[Row]:
    figures = race({
        "own": Contestant(own_function, {"url": url, **more}),
        "httpx": Contestant(peer_function, {"url": url, **more}),
        "idle": Contestant("peers.nothing", {}),
    }, count=size, rounds=5, fresh=True)
    own, httpx, idle = figures["own"], figures["httpx"], figures["idle"]

    def rate(seconds: float) -> str:
        return f"{size / MEGABYTE / seconds:.0f} MB/s"
    yield Row(name, rate(own["wall"]), f"httpx {rate(httpx['wall'])}", httpx["wall"] / own["wall"], goal)
    above = {key: (figures[key]["peak"] - idle["peak"]) / MEGABYTE for key in ("own", "httpx")}
    yield Row(f"{name}, MB above an idle worker", f"{above['own']:.1f} MB", f"httpx {above['httpx']:.1f} MB",
              above["own"], 10, most=True)


def session() -> Iterator[Row]:
    """Sessions made and invalidated."""
    figures = race({"own": Contestant("own.creation", {}), "httpx": Contestant("peers.httpx_creation", {})}, count=50, rounds=5)
    own, httpx = figures["own"], figures["httpx"]
    yield Row("creating and invalidating a session, in us", microseconds(own.each), f"httpx.Client {microseconds(httpx.each)}",
              own.each * 1e6, 100, most=True)
    yield Row("TLS contexts before the first https request", f"{own['tls']:.0f}", "", own["tls"], 0, most=True)


def stores() -> Iterator[Row]:
    """Answers of the cache, and requests beside many cookies."""
    figures = race({
        "cache": Contestant("own.cache", {}),
        "few": Contestant("own.cookies", {"jar": 10}),
        "many": Contestant("own.cookies", {"jar": 10_000}),
    }, count=1000, rounds=7)
    hit, few, many = figures["cache"], figures["few"], figures["many"]
    yield Row("a hit of the memory cache, in us", microseconds(hit.each), "", hit.each * 1e6, 100, most=True)
    yield Row("a request beside 10,000 cookies", microseconds(many.each), f"own beside 10 {microseconds(few.each)}",
              many.each / few.each, 1.2, most=True)


def plugin() -> Iterator[Row]:
    """What the plugin adds to a pytest run that uses none of it."""
    if not entry_points(group="pytest11", name="sessionmock"):
        raise servers.Missing("needs the plugin installed: run it by `make bench`")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_one.py").write_text("def test_one(): pass\n")
        command = [sys.executable, "-m", "pytest", "-q", "test_one.py"]
        alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(15):
            for used, taken in times.items():
                start = perf_counter()
                subprocess.run(
                    command + ["-p", "sessionmock"] * used, cwd=folder, env=alone, check=True, capture_output=True)
                taken.append(perf_counter() - start)
    with_it, without = median(times[True]), median(times[False])
    yield Row("what the plugin adds to a run, in ms", f"{with_it * 1e3:.0f} ms", f"without {without * 1e3:.0f} ms",
              (with_it - without) * 1e3, 20, most=True)


BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    function.__name__: function
    for function in (get, computing, concurrent, http2, script, cassette, shuffled, loading, recording, download, upload, session, stores, plugin)
}
