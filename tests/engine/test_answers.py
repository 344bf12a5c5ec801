"""What responses mean to a load."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock import Answer, ScriptRoute, URLError, URLSession, URLSessionConfiguration, use_route


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
