"""Who puts challenges to the delegates, for whatever part of a load meets one."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
        callbacks, name = self._callbacks, "session_did_receive_challenge"
        arguments: tuple[Any, ...] = (challenge,)
        method = self._context.methods.get(name) if challenge.protection_space.authentication_method in CONNECTION_LEVEL else None
        if method is None:
            name, arguments = "task_did_receive_challenge", (callbacks.task, challenge)
            method = callbacks.method(name)
        callbacks.put("challenge", name, method, arguments, answered, AuthChallengeDisposition.PERFORM_DEFAULT_HANDLING)

    def stored(self, space: URLProtectionSpace) -> URLCredential | None:
        """What default handling uses."""
        return self._context.stored_credential(space, self._callbacks.task)

    def look_up(self, space: URLProtectionSpace, then: Callable[[URLCredential | None], None]) -> None:
        """`stored`, for a challenge that was met: `then` takes it."""
        faults = self._callbacks.faults
        if faults is not None and self._context.credential_storage is not None:
            faults.on_store("credentials.get", partial(self.stored, space), then)
        else:
            then(self.stored(space))

    def keep(self, credentials: list[tuple[URLProtectionSpace, URLCredential]], then: Callable[[], None]) -> bool:
        """Store `credentials`. Whether that is done later, and `then` called."""
        context, callbacks = self._context, self._callbacks
        keep = partial(context.keep_credentials, credentials, callbacks.task)
        if callbacks.faults is None or context.credential_storage is None:
            keep()
            return False
        callbacks.faults.on_store("credentials.set", keep, lambda _: then())
        return True
