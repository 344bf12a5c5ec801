"""What responses mean to a load."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock import Answer, ScriptRoute, URLError, URLSession, URLSessionConfiguration, use_route
from sessionmock.models.message import ResponseHead
from sessionmock.routes.base import UnconnectedChannel, Unmeasured


class Delegate:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def data_task_did_receive_response(self, session: Any, task: Any, response: Any) -> None:
        self.heard.append(response.status_code)

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.heard.append(data)

    def task_did_complete(self, session: Any, task: Any, error: URLError | None) -> None:
        self.heard.append(None if error is None else int(error.code))


@pytest.mark.parametrize(("body", "heard"), [(b"data", [200, -1016]), (b"", [200, None])])
def test_an_unknown_content_coding_fails_with_its_data(body: bytes, heard: list[Any]) -> None:
    """Data in a coding that is not known is -1016 (Apple: NSURLErrorCannotDecodeContentData); the response comes first."""
    script, delegate = ScriptRoute(), Delegate()
    script.answer(Answer(headers={"Content-Encoding": "sdch"}, body=body))

    with use_route(script), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task("https://api.example/").resume()

    assert heard == delegate.heard


def test_a_piece_larger_than_what_is_held_stops_nothing() -> None:
    """A route may deliver pieces of any size: reading goes on when such a piece was consumed."""

    class Lumps(UnconnectedChannel, Unmeasured):
        """Delivers 300 KB at a time, and nothing while it is paused."""

        source = "live"
        is_live = True

        def bind(self, configuration: Any, host: Any) -> Any:
            self.host = host
            return self

        def open(self, request: Any, sink: Any) -> Any:
            self.sink, self.left, self.paused = sink, 3, False
            sink.head(ResponseHead(200, []))
            self.host.post(self.deliver)
            return self

        def deliver(self) -> None:
            if self.paused:
                return
            if not self.left:
                self.sink.end([])
                return
            self.left -= 1
            self.sink.data(b"x" * 300_000)
            self.host.post(self.deliver)

        def pause(self) -> None:
            self.paused = True

        def resume(self) -> None:
            self.paused = False
            self.host.post(self.deliver)

        def cancel(self) -> None: ...

    delegate = Delegate()
    with use_route(Lumps()), URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task("https://api.example/").resume()

    assert [200, 900_000, None] == [delegate.heard[0], sum(len(piece) for piece in delegate.heard[1:-1]), delegate.heard[-1]]
