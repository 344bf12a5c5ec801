"""Collects a task's metrics: plain numbers while it runs, dates when somebody wants them."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ..clock import Clock
from ..models.message import ResponseHead
from ..models.metrics import DateInterval, ResourceFetchType, URLSessionTaskMetrics, URLSessionTaskTransactionMetrics
from ..models.request import URLRequest
from ..models.response import URLResponse
from ..path_monitor import NetworkPath
from ..routes.base import Exchange

# The dates of a transaction between its start and its end, in the order of time, as a route measures them.
_STAGES = (
    "domain_lookup_start", "domain_lookup_end", "connect_start", "secure_connection_start", "secure_connection_end", "connect_end",
    "request_start", "request_end", "response_start",
)


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


class Transactions:
    """The requests of one task, in order."""

    __slots__ = ("all", "created", "redirects")

    def __init__(self, created: int) -> None:
        self.created = created
        self.all: list[Transaction] = []
        self.redirects = 0

    def begin(self, request: URLRequest, now: int) -> Transaction:
        """Another request is made."""
        transaction = Transaction(request, now)
        self.all.append(transaction)
        return transaction

    @property
    def last(self) -> Transaction:
        return self.all[-1]

    def metrics(self, clock: Clock) -> URLSessionTaskMetrics:
        """The metrics of the task, whose last callback is about to be made."""
        now, today = clock.now(), clock.date()

        def date(when: int | None) -> datetime | None:
            return None if when is None else today - timedelta(microseconds=(now - when) / 1000)

        interval = DateInterval(today - timedelta(microseconds=(now - self.created) / 1000), today)
        return URLSessionTaskMetrics(interval, self.redirects, [_measured(one, date) for one in self.all])

    def let_go(self) -> None:
        """The task has ended: nothing is held that knows it."""
        for transaction in self.all:
            transaction.exchange = None


def _measured(transaction: Transaction, date: Callable[[int | None], datetime | None]) -> URLSessionTaskTransactionMetrics:
    timing = transaction.exchange.timing if transaction.exchange is not None else None
    found = URLSessionTaskTransactionMetrics(
        request=transaction.request, response=transaction.response, fetch_start_date=date(transaction.started),
        response_end_date=date(transaction.ended), is_reused_connection=timing is not None and timing.reused,
        resource_fetch_type=transaction.fetch_type, count_of_request_body_bytes_sent=transaction.sent,
        count_of_request_body_bytes_before_encoding=transaction.sent, count_of_response_body_bytes_received=transaction.received,
        count_of_response_body_bytes_after_decoding=transaction.decoded,
    )
    head = transaction.head
    if transaction.fetch_type is ResourceFetchType.NETWORK_LOAD and head is not None:
        found.network_protocol_name = head.http_version.lower() if head.http_version != "HTTP/2" else "h2"
    if timing is not None:
        for stage in _STAGES:
            setattr(found, f"{stage}_date", date(getattr(timing, stage)))
        found.count_of_request_header_bytes_sent = timing.request_header_bytes
        found.count_of_response_header_bytes_received = timing.response_header_bytes
    elif transaction.answered is not None:       # not off the wire: asked for at once and whole (Apple: "or from local resources")
        found.request_start_date = found.request_end_date = date(transaction.started)
        found.response_start_date = date(transaction.answered)
    if timing is not None and (facts := timing.facts) is not None:
        if facts.local_address is not None:
            found.local_address, found.local_port = facts.local_address[:2]
        if facts.remote_address is not None:
            found.remote_address, found.remote_port = facts.remote_address[:2]
        found.is_proxy_connection = facts.proxy is not None
        if facts.tls is not None:
            found.negotiated_tls_protocol_version, found.negotiated_tls_cipher_suite = facts.tls
    if (path := transaction.path) is not None:
        found.is_cellular, found.is_expensive, found.is_constrained = path.is_cellular, path.is_expensive, path.is_constrained
    return found
