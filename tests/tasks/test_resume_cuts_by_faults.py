"""The cuts of `test_resume_cuts`, by a plan: an honest answer in memory is cut at every byte, and the next is by kind: 1,032 cases."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.faults.plan import FaultPlan
from sessionmock.routes.faults.route import FaultRoute
from tests.tasks.ranges import CHANGED, FILE, SIZE

Answers = Callable[[int, str], sm.Answer]     # from the offset that is asked for and If-Range


def whole(body: bytes, tag: str) -> sm.Answer:
    return sm.Answer(200, [("ETag", f'"{tag}"'), ("Accept-Ranges", "bytes"), ("Content-Length", str(len(body)))], body)


def part(body: bytes, tag: str, given: str | None, status: int = 206, *more: tuple[str, str]) -> sm.Answer:
    shown = [] if given is None else [("Content-Range", given)]
    return sm.Answer(status, [("ETag", f'"{tag}"'), *shown, ("Content-Length", str(len(body))), *more], body)


def rest(body: bytes, offset: int, tag: str = "v1", *more: tuple[str, str]) -> sm.Answer:
    return part(body[offset:], tag, f"bytes {offset}-{len(body) - 1}/{len(body)}", 206, *more)


BREAKS: tuple[Callable[[int], sm.Answer], ...] = (
    lambda k: part(FILE[k - 1:], "v1", f"bytes {k - 1}-{SIZE - 1}/{SIZE}"),          # begins too early
    lambda k: part(FILE[k + 1:], "v1", f"bytes {k + 1}-{SIZE - 1}/{SIZE}"),          # begins too late
    lambda k: part(FILE[k:-1], "v1", f"bytes {k}-{SIZE - 2}/{SIZE}"),                # ends too early
    lambda k: rest(CHANGED + b"more", k),                                            # longer than it was
    lambda k: rest(CHANGED, k, "v2"),                                                # of another version
    lambda k: part(CHANGED[k:], "v1", None),                                         # of no range
    lambda k: part(CHANGED[k:], "v1", "bytes what-ever"),
    lambda k: part(FILE, "v1", f"bytes {k}-{SIZE - 1}/{SIZE}"),                      # the whole as a part
    lambda k: part(b"no", "v1", f"bytes */{SIZE}", 416),
    lambda k: part(b"no", "v1", None, 412),
    lambda k: part(b"later", "v1", None, 503),
    lambda k: rest(CHANGED, k, "v1", ("Content-Type", "multipart/byteranges; boundary=x")),
    lambda k: rest(CHANGED, k, "v1", ("Content-Encoding", "gzip")),
)
KINDS: dict[str, Answers] = {
    "honours": lambda offset, tag: rest(FILE, offset) if tag == '"v1"' else whole(FILE, "v1"),
    "ignores": lambda offset, tag: whole(FILE, "v1"),
    "changes": lambda offset, tag: rest(CHANGED, offset, "v2") if tag == '"v2"' else whole(CHANGED, "v2"),
    "breaks": lambda offset, tag: BREAKS[offset % len(BREAKS)](offset),
}


class Server:
    """Answers with the whole, and with what its kind says where a range is asked for: a broken one once."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.asked: list[str | None] = []

    def __call__(self, request: Any) -> sm.Answer:
        fields = {name.lower(): value for name, value in request.headers}
        wanted = fields.get("range")
        self.asked.append(wanted)
        if wanted is None:
            return whole(CHANGED if self.kind == "changes" and len(self.asked) > 1 else FILE, "v2" if len(self.asked) > 1 else "v1")
        return KINDS[self.kind](int(wanted.removeprefix("bytes=").removesuffix("-")), fields.get("if-range", ""))


def outcomes(cut: FaultPlan, server: Server) -> Iterator[bytes | sm.URLError]:
    """What a download comes to, and each that goes on with what the last one left."""
    route = FaultRoute(sm.ScriptRoute().answer(server), cut)
    with sm.virtual_time(), sm.use_route(route), sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        loading = session.download("http://a.test/file")
        for _ in range(4):
            try:
                file, _response = loading.result()
            except sm.URLError as error:
                yield error
                if (data := error.download_task_resume_data) is None:
                    break
                loading = session.download(resume_from=data)
            else:
                yield file.read_bytes()
                file.unlink()
                break
    assert not route.faults.unfired


def left(downloads: Path) -> list[bytes]:
    return [file.read_bytes() for file in downloads.iterdir()] if downloads.exists() else []


at = FaultPlan().at


THIRDS = [pytest.param(range(0, SIZE + 1, 3), id="one third"),
          *(pytest.param(range(start, SIZE + 1, 3), id="another third", marks=pytest.mark.soak) for start in (1, 2))]


@pytest.mark.parametrize("cuts", THIRDS)
@pytest.mark.parametrize("kind", KINDS)
def test_file_is_byte_exact_wherever_a_fault_cut_it(kind: str, cuts: range, downloads: Path) -> None:
    """A FIN and a RST by turns; every cut in `make soak`. A server that honours the range, ignores it or has another file by now: the
    file is the server's, byte for byte. One that breaks ranges: it is that, or an error, and never put together wrongly."""
    for size in cuts:
        server = Server(kind)
        place = at("body", first=1, byte=size, optional=size == SIZE)
        first, *later = outcomes(place.reset() if size % 2 else place.end(), server)
        if size == SIZE:
            assert (FILE, []) == (first, later)
            continue
        assert isinstance(first, sm.URLError), size
        assert sm.URLError.Code.NETWORK_CONNECTION_LOST == first.code
        assert (size > 0) == (first.download_task_resume_data is not None), size
        if size == 0:
            assert [] == later
        elif kind == "breaks":
            assert FILE == later[-1] or (isinstance(later[-1], sm.URLError) and all(map(FILE.startswith, left(downloads)))), size
        else:
            assert [CHANGED if kind == "changes" else FILE] == later, size
            assert f"bytes={size}-" == server.asked[-1]
        del first, later
        assert kind == "breaks" or [] == left(downloads), size


@pytest.mark.parametrize("second", range(0, SIZE, 32))
def test_a_second_cut_goes_on_from_the_first(second: int, downloads: Path) -> None:
    """What came before either cut is kept, wherever in the rest the second is."""
    for size in (1, 100, 256):
        cut = at("body", nth=1, byte=size).end().at("body", nth=2, byte=second, optional=True).reset()
        *errors, file = outcomes(cut, Server("honours"))
        assert FILE == file, (size, second)
        assert (2 if second < SIZE - size else 1) == len(errors), (size, second)
