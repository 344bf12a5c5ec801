"""Who puts challenges to the delegates, for whatever part of a load meets one."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models.credential import (
    NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodNegotiate,
    NSURLAuthenticationMethodNTLM,
    NSURLAuthenticationMethodServerTrust,
    URLAuthenticationChallenge,
    URLCredential,
    URLProtectionSpace,
)
from ..models.enums import AuthChallengeDisposition
from .callbacks import Callbacks
from .context import Context
from .inbox import Inbox

# The session is asked first, because the answer is about the connection (Apple: URLSession:didReceiveChallenge:).
CONNECTION_LEVEL = frozenset({
    NSURLAuthenticationMethodNTLM, NSURLAuthenticationMethodNegotiate, NSURLAuthenticationMethodClientCertificate,
    NSURLAuthenticationMethodServerTrust,
})

Answered = Callable[..., None]      # takes a disposition and, where there is one, a credential


class Challenger:
    """Asks about challenges of one load."""

    __slots__ = ("_callbacks", "_context", "_inbox")

    def __init__(self, context: Context, inbox: Inbox, callbacks: Callbacks) -> None:
        self._context, self._inbox, self._callbacks = context, inbox, callbacks

    @property
    def task(self) -> Any:
        """Whose challenges they are."""
        return self._callbacks.task

    @property
    def answers(self) -> bool:
        """Whether there is a delegate to ask about a connection."""
        return "session_did_receive_challenge" in self._context.methods or self._callbacks.method("task_did_receive_challenge") is not None

    def put(self, challenge: URLAuthenticationChallenge, answered: Answered) -> None:
        """Ask about `challenge`; without anybody to ask, default handling is the answer."""
        method = None
        if challenge.protection_space.authentication_method in CONNECTION_LEVEL:
            method = self._context.methods.get("session_did_receive_challenge")
        if method is not None:
            self._callbacks.post(method, (challenge,), answered)
        elif not self._callbacks.call("task_did_receive_challenge", challenge, answered=answered):
            answered(AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING)

    def stored(self, space: URLProtectionSpace) -> URLCredential | None:
        """What default handling uses."""
        return self._context.stored_credential(space, self._callbacks.task)
