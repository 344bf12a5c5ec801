"""Delegates that tests of tasks build upon."""
from __future__ import annotations

import queue
from typing import Any

import sessionmock as sm

PATIENCE = 20.0
Disposition = sm.AuthChallengeDisposition


class Ending:
    """Tells how tasks end."""

    def __init__(self) -> None:
        self.ended: queue.Queue[tuple[sm.URLSessionTask, sm.URLError | None]] = queue.Queue()

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None:
        self.ended.put((task, error))

    def wait(self) -> sm.URLError | None:
        """The error of the task that ends next."""
        return self.ended.get(timeout=PATIENCE)[1]

    def code(self) -> int | None:
        error = self.wait()
        return None if error is None else int(error.code)


class Collecting(Ending):
    """Also keeps what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = b""

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.body += data


class Answering(Collecting):
    """Answers challenges by a list of credentials, and remembers them."""

    def __init__(self, *credentials: sm.URLCredential) -> None:
        super().__init__()
        self.credentials = list(credentials)
        self.challenges: list[sm.URLAuthenticationChallenge] = []

    def task_did_receive_challenge(self, session: Any, task: Any, challenge: Any) -> Any:
        self.challenges.append(challenge)
        if not self.credentials:
            return Disposition.PERFORM_DEFAULT_HANDLING
        credential = self.credentials[0] if len(self.credentials) == 1 else self.credentials.pop(0)
        return Disposition.USE_CREDENTIAL, credential
