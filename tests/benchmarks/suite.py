"""The benchmarks, in the order in which they are run. Each gives races; a goal is the project's own, not a peer's."""
from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from . import servers
from .harness import Contestant, Figures, Race, Row, faster, microseconds
from .load import as_json
from .load import cassette as cassette_file

MEGABYTE = 1_000_000

Found = Mapping[str, Figures]


def own(function: str, called: str, times: int = 1, /, **arguments: Any) -> Contestant:
    """One of ours."""
    return Contestant(f"own.{function}", arguments, times, called)


def peer(function: str, called: str, /, **arguments: Any) -> Contestant:
    """One of the others."""
    return Contestant(f"peers.{function}", arguments, 1, called)


def get() -> Iterator[Race]:
    """GETs of 1 KB, one at a time and from eight threads, on kept-alive connections to nginx."""
    with servers.nginx() as url:
        yield _beside_httpx("GET by result()", 2.0, url=url)
        yield _beside_httpx("GET by result() from 8 threads", 2.5, url=url, threads=8)


def _beside_httpx(called: str, goal: float, **load: Any) -> Race:
    return Race({"own": own("result", called, **load), "httpx": peer("httpx_client", "httpx", **load)}, count=640, rounds=9,
                rows=lambda found: [faster(found["own"], found["httpx"], goal)])


def computing() -> Iterator[Race]:
    """The same beside threads that compute, with a server that takes a millisecond."""
    with servers.slow() as url:
        yield _beside_computing(url, 1, 1.0, 1.0)
        yield _beside_computing(url, 2, 0.8, None)


def _beside_computing(url: str, threads: int, goal: float, tail: float | None) -> Race:
    def rows(found: Found) -> Iterator[Row]:
        own, httpx = found["own"], found["httpx"]
        yield faster(own, httpx, goal)
        yield Row(f"{own.called}, p90", microseconds(own["p90"]), f"httpx {microseconds(httpx['p90'])}",
                  own["p90"] / httpx["p90"], tail, most=True)
    return Race({
        "own": own("result", f"GET beside {threads} computing", url=url, beside=threads),
        "httpx": peer("httpx_client", "httpx", url=url, beside=threads),
    }, count=60, rounds=11, rows=rows)


def concurrent() -> Iterator[Race]:
    """GETs of 1 KB, 32 in flight."""
    with servers.nginx() as url:
        awaited = own("awaited", "32 GETs at once by await", url=url)
        yield Race({"own": awaited, "httpx": peer("httpx_async", "httpx", url=url)}, count=640, rounds=3,
                   rows=lambda found: [faster(found["own"], found["httpx"], 20)])
        yield Race({
            "own": awaited,
            "handlers": own("handlers", "32 GETs at once by handlers", url=url),
            "aiohttp": peer("aiohttp_client", "aiohttp", url=url),
        }, count=1280, rounds=9, rows=lambda found: [
            faster(found["own"], found["aiohttp"], 0.9), faster(found["handlers"], found["aiohttp"], 1.2)])


def http2() -> Iterator[Race]:
    """GETs of 1 KB over HTTP/2, 32 in flight."""
    with servers.nginx_http2() as (url, authority):
        yield Race({
            "own": own("awaited_http2", "32 GETs at once over HTTP/2", url=url, authority=authority),
            "httpx": peer("httpx_http2", "httpx", url=url, authority=authority),
        }, count=640, rounds=7, rows=lambda found: [faster(found["own"], found["httpx"], 3)])


def script() -> Iterator[Race]:
    """Answers of respx routes, against respx.mock around one reused httpx.Client."""
    def rows(found: Found) -> Iterator[Row]:
        own, many = found["own"], found["many"]
        yield faster(own, found["respx"], 2.0)
        yield Row(many.called, microseconds(many.each), f"own 1 route {microseconds(own.each)}", many.each / own.each, 1.2, most=True)
    yield Race({
        "own": own("script", "scripted answer", routes=1),
        "many": own("script", "scripted answer of 1,000 routes", routes=1000),
        "respx": peer("respx_mock", "respx", routes=1),
    }, count=1000, rounds=9, rows=rows)


def cassette() -> Iterator[Race]:
    """Replaying cassettes in order, against vcrpy and against our own short one."""
    def rows(found: Found) -> Iterator[Row]:
        own, vcrpy = found["own"], found["vcrpy"]
        yield faster(own, vcrpy, 60)
        yield Row("loading 1,000", microseconds(own["load"]), f"vcrpy {microseconds(vcrpy['load'])}", vcrpy["load"] / own["load"])
    with tempfile.TemporaryDirectory() as folder:
        yield Race({
            "own": own("cassette", "replay of 1,000, each", folder=folder, interactions=1000),
            "vcrpy": peer("vcrpy", "vcrpy", folder=folder, interactions=1000),
        }, count=1, rounds=3, warm=0, rows=rows)
        yield _long_beside_short("replay of 10,000, each", folder=folder)


def shuffled() -> Iterator[Race]:
    """Replaying a long cassette in another order than it was recorded in, against our own short one."""
    with tempfile.TemporaryDirectory() as folder:
        yield _long_beside_short("replay of 10,000 shuffled, each", folder=folder, shuffled=True)


def _long_beside_short(called: str, **how: Any) -> Race:
    def rows(found: Found) -> Iterator[Row]:
        long, short = found["long"], found["short"]
        yield Row(long.called, microseconds(long.each), f"own of 100 {microseconds(short.each)}", long.each / short.each, 1.2, most=True)
    return Race({
        "long": own("cassette", called, interactions=10_000, **how),
        "short": own("cassette", called.replace("10,000", "100"), 100, interactions=100, **how),
    }, count=1, rounds=5, rows=rows)


def loading() -> Iterator[Race]:
    """Opening cassettes of 10,000 interactions with bodies of 1 KB, as YAML and as JSON, against vcrpy's YAML."""
    def rows(found: Found) -> Iterator[Row]:
        vcrpy, idle = found["vcrpy"], found["idle"]
        for name, goal in ("yaml", 20), ("json", 40):
            own = found[name]
            yield Row(own.called, f"{own['wall'] * 1e3:.0f} ms", f"vcrpy's YAML {vcrpy['wall'] * 1e3:.0f} ms", vcrpy["wall"] / own["wall"], goal)
        ours, theirs = ((found[name]["peak"] - idle["peak"]) / MEGABYTE for name in ("yaml", "vcrpy"))
        yield Row("loading 10,000 of YAML, memory", f"{ours:.0f} MB", f"vcrpy {theirs:.0f} MB", ours / theirs, 0.2, most=True)
    with tempfile.TemporaryDirectory() as folder:
        file, _ = cassette_file(folder, 10_000, 0)
        yield Race({
            "yaml": own("loading", "loading 10,000 of YAML", file=file),
            "json": own("loading", "loading 10,000 of JSON", file=as_json(file)),
            "vcrpy": peer("vcrpy_loading", "vcrpy's YAML", file=file),
            "idle": peer("nothing", "idle"),
        }, count=10_000, rounds=3, warm=0, fresh=True, rows=rows)


def recording() -> Iterator[Race]:
    """1,000 GETs of 1 KB recorded into a cassette, against the same that are not, and against vcrpy."""
    def rows(found: Found) -> Iterator[Row]:
        own, plain = found["own"], found["plain"]
        yield Row(own.called, microseconds(own.each), f"own live {microseconds(plain.each)}", own.each / plain.each, 1.3, most=True)
        yield faster(own, found["vcrpy"])
    with servers.nginx() as url, tempfile.TemporaryDirectory() as folder:
        yield Race({
            "own": own("recording", "recording of 1,000, each", url=url, folder=folder),
            "plain": own("plain", "1,000 GETs of a new session, each", url=url),
            "vcrpy": peer("vcrpy_recording", "vcrpy", url=url, folder=folder),
        }, count=1000, rounds=9, rows=rows)


def download() -> Iterator[Race]:
    """500 MB to a file."""
    with servers.bulk() as url:
        yield _transfer("download", 500, 1.2, url=url)


def upload() -> Iterator[Race]:
    """200 MB, and 500 MB, from a file that is there, in the kernel's cache, before the race."""
    with servers.bulk() as url, tempfile.NamedTemporaryFile() as file:
        for size in 200, 500:
            while file.tell() < size * MEGABYTE:
                file.write(bytes(MEGABYTE))
            file.flush()
            yield _transfer("upload", size, 1.1, url=url, file=file.name)


def _transfer(kind: str, megabytes: int, goal: float, **how: str) -> Race:
    def rate(figures: Figures) -> str:
        return f"{megabytes / figures['wall']:.0f} MB/s"

    def rows(found: Found) -> Iterator[Row]:
        own, httpx, idle = found["own"], found["httpx"], found["idle"]
        yield Row(own.called, rate(own), f"httpx {rate(httpx)}", httpx["wall"] / own["wall"], goal)
        ours, theirs = ((figures["peak"] - idle["peak"]) / MEGABYTE for figures in (own, httpx))
        yield Row(f"{own.called}, MB above an idle worker", f"{ours:.1f} MB", f"httpx {theirs:.1f} MB", ours, 10, most=True)
    return Race({
        "own": own(kind, f"{kind} of {megabytes} MB", **how),
        "httpx": peer(f"httpx_{kind}", "httpx", **how),
        "idle": peer("nothing", "idle"),
    }, count=megabytes * MEGABYTE, rounds=5, fresh=True, rows=rows)


def session() -> Iterator[Race]:
    """Sessions made and invalidated."""
    def rows(found: Found) -> Iterator[Row]:
        own, httpx = found["own"], found["httpx"]
        yield Row(own.called, microseconds(own.each), f"httpx.Client {microseconds(httpx.each)}", own.each * 1e6, 100, most=True)
        yield Row("TLS contexts before the first https request", f"{own['tls']:.0f}", "", own["tls"], 0, most=True)
    yield Race({
        "own": own("creation", "creating and invalidating a session, in us", 20),
        "httpx": peer("httpx_creation", "httpx.Client"),
    }, count=50, rounds=5, rows=rows)


def stores() -> Iterator[Race]:
    """Answers of the cache, and requests beside many cookies."""
    def rows(found: Found) -> Iterator[Row]:
        hit, few, many = found["cache"], found["few"], found["many"]
        yield Row(hit.called, microseconds(hit.each), "", hit.each * 1e6, 100, most=True)
        yield Row(many.called, microseconds(many.each), f"own beside 10 {microseconds(few.each)}", many.each / few.each, 1.2, most=True)
    yield Race({
        "cache": own("cache", "a hit of the memory cache, in us"),
        "few": own("cookies", "a request beside 10 cookies", jar=10),
        "many": own("cookies", "a request beside 10,000 cookies", jar=10_000),
    }, count=1000, rounds=7, rows=rows)


def faults() -> Iterator[Race]:
    """What faults cost where there are none, and where there are."""
    def beside(found: Found) -> Iterator[Row]:
        own, plain = found["own"], found["plain"]
        yield Row(own.called, microseconds(own.each), f"own without {microseconds(plain.each)}", own.each / plain.each, 1.01, most=True)

    def alone(most: float, unit: str, per_second: float) -> Callable[[Found], Iterator[Row]]:
        def rows(found: Found) -> Iterator[Row]:
            own = found["own"]
            yield Row(own.called, f"{own.each * per_second:.2f} {unit}", "", own.each * per_second, most, most=True)
        return rows
    yield Race({
        "own": own("script", "scripted answer beside a plan without a line", routes=1, faults=True),
        "plain": own("script", "scripted answer", routes=1),
    }, count=1000, rounds=15, rows=beside)
    yield Race({"own": own("point", "a point that is not armed, in us")}, count=100_000, rounds=5, rows=alone(0.2, "us", 1e6))
    yield Race({"own": own("faulted", "a faulted run of 3 requests in memory, in ms")}, count=50, rounds=5, rows=alone(3, "ms", 1e3))


def plugin() -> Iterator[Race]:
    """What the plugin adds to a pytest run that uses none of it."""
    if not entry_points(group="pytest11", name="sessionmock"):
        raise servers.Missing("needs the plugin installed: run it by `make bench`")

    def rows(found: Found) -> Iterator[Row]:
        own, alone = found["own"]["wall"], found["alone"]["wall"]
        yield Row(found["own"].called, f"{own * 1e3:.0f} ms", f"without {alone * 1e3:.0f} ms", (own - alone) * 1e3, 20, most=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_one.py").write_text("def test_one(): pass\n")
        yield Race({
            "own": own("plugin", "what the plugin adds to a run, in ms", folder=folder),
            "alone": peer("pytest_alone", "without", folder=folder),
        }, count=1, rounds=15, rows=rows)


BENCHMARKS: dict[str, Callable[[], Iterator[Race]]] = {
    function.__name__: function
    for function in (get, computing, concurrent, http2, script, cassette, shuffled, loading, recording, download, upload, session, stores, faults,
                     plugin)
}
