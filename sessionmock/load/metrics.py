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


class Hop:
    """One request of a task."""

    __slots__ = ("answered", "decoded", "ended", "exchange", "fetch_type", "head", "path", "received", "request", "response", "sent", "started")

    def __init__(self, request: URLRequest, started: int, fetch_type: ResourceFetchType) -> None:
        self.request = request
        self.started = started
        self.fetch_type = fetch_type
        self.exchange: Exchange | None = None
        self.path: NetworkPath | None = None    # that the request took, where the session is told
        self.head: ResponseHead | None = None
        self.answered: int | None = None    # when the head came
        self.response: URLResponse | None = None
        self.ended: int | None = None
        self.sent = self.received = self.decoded = 0


def metrics(hops: list[Hop], created: int, redirects: int, clock: Clock) -> URLSessionTaskMetrics:
    """The metrics of a task whose last callback is about to be made."""
    now, today = clock.now(), clock.date()

    def date(when: int | None) -> datetime | None:
        return None if when is None else today - timedelta(microseconds=(now - when) / 1000)

    interval = DateInterval(today - timedelta(microseconds=(now - created) / 1000), today)
    return URLSessionTaskMetrics(interval, redirects, [_transaction(hop, date) for hop in hops])


def _transaction(hop: Hop, date: Callable[[int | None], datetime | None]) -> URLSessionTaskTransactionMetrics:
    timing = hop.exchange.timing if hop.exchange is not None else None
    found = URLSessionTaskTransactionMetrics(
        request=hop.request, response=hop.response, fetch_start_date=date(hop.started), response_end_date=date(hop.ended),
        is_reused_connection=timing is not None and timing.reused, resource_fetch_type=hop.fetch_type,
        count_of_request_body_bytes_sent=hop.sent, count_of_request_body_bytes_before_encoding=hop.sent,
        count_of_response_body_bytes_received=hop.received, count_of_response_body_bytes_after_decoding=hop.decoded,
    )
    if hop.fetch_type is ResourceFetchType.NETWORK_LOAD and hop.head is not None:
        found.network_protocol_name = hop.head.http_version.lower() if hop.head.http_version != "HTTP/2" else "h2"
    if timing is not None:
        for stage in _STAGES:
            setattr(found, f"{stage}_date", date(getattr(timing, stage)))
        found.count_of_request_header_bytes_sent = timing.request_header_bytes
        found.count_of_response_header_bytes_received = timing.response_header_bytes
    elif hop.answered is not None:       # not off the wire: asked for at once and whole (Apple: "or from local resources")
        found.request_start_date = found.request_end_date = date(hop.started)
        found.response_start_date = date(hop.answered)
    if timing is not None and (facts := timing.facts) is not None:
        if facts.local_address is not None:
            found.local_address, found.local_port = facts.local_address[:2]
        if facts.remote_address is not None:
            found.remote_address, found.remote_port = facts.remote_address[:2]
        found.is_proxy_connection = facts.proxy is not None
        if facts.tls is not None:
            found.negotiated_tls_protocol_version, found.negotiated_tls_cipher_suite = facts.tls
    if hop.path is not None:
        found.is_cellular, found.is_expensive, found.is_constrained = hop.path.is_cellular, hop.path.is_expensive, hop.path.is_constrained
    return found
