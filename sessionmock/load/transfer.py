"""What a task sends and receives: its requests, one after the other, and what came of each."""
from __future__ import annotations

from ..models.enums import ResourceFetchType
from ..models.message import BodyStream, Headers, Request, ResponseHead, Urgency, body_length
from ..models.request import URLRequest
from ..models.response import URLResponse
from ..path_monitor import NetworkPath
from ..routes.base import Exchange


class Transaction:
    """One request of a task and what came of it."""

    __slots__ = ("answered", "decoded", "ended", "exchange", "fetch_type", "head", "path", "received", "request", "response", "sent", "source",
                 "started")

    def __init__(self, request: URLRequest, started: int) -> None:
        self.request = request
        self.started = started
        self.fetch_type = ResourceFetchType.NETWORK_LOAD
        self.source = ""                    # the word for where the answer comes from
        self.exchange: Exchange | None = None
        self.path: NetworkPath | None = None    # that the request took, where the session is told
        self.head: ResponseHead | None = None
        self.answered: int | None = None    # when the head came
        self.response: URLResponse | None = None
        self.ended: int | None = None
        self.sent = self.received = self.decoded = 0

    @property
    def connection(self) -> tuple[int, int] | None:
        """The connection that it went over (`Timing.connection`), where it is known."""
        timing = None if self.exchange is None else self.exchange.timing
        return None if timing is None else timing.connection


class Transfer:
    """What one task sends and has received."""

    __slots__ = ("body", "created", "message", "original_request", "received", "redirects", "request", "response", "sent", "total",
                 "trailers", "transactions", "urgency")

    def __init__(self, request: URLRequest, original: URLRequest, body: bytes | BodyStream | None, created: int) -> None:
        self.created = created                 # when the task was made
        self.request = request                 # as it stands now: another one after a redirect (I22)
        self.original_request = original
        self.message: Request | None = None    # as it was sent last, with every field
        self.urgency = Urgency()
        self.body = body
        self.total = body_length(body)         # bytes of the body, -1 where nobody knows
        self.sent = 0                          # those of them that have left
        self.transactions: list[Transaction] = []     # each request that was made
        self.redirects = 0
        self.response: URLResponse | None = None      # the final one
        self.received = 0                      # bytes of its body, before content decoding
        self.trailers: Headers = []

    def begin(self, request: URLRequest, now: int) -> Transaction:
        """Another request is made."""
        transaction = Transaction(request, now)
        self.transactions.append(transaction)
        return transaction

    @property
    def last(self) -> Transaction:
        return self.transactions[-1]

    @property
    def is_body_left(self) -> bool:
        """Whether nobody has been given the body as it is now."""
        return not self.transactions or not self.last.source

    @property
    def expected(self) -> int:
        """Bytes of the response's body as it announces them, -1 where it does not."""
        return -1 if self.response is None else self.response.expected_content_length

    def let_go(self) -> None:
        """The task has ended: nothing is held that knows it."""
        if self.message is not None:
            self.message.faults = None
        for transaction in self.transactions:
            transaction.exchange = None
