"""What a spawned process runs."""
from __future__ import annotations

import sessionmock as sm


def load(url: str) -> None:
    with sm.URLSession(sm.URLSessionConfiguration.ephemeral()) as session:
        response = session.data(url).result(10)[1]
        assert isinstance(response, sm.HTTPURLResponse)
        print("child", response.status_code, flush=True)
