"""Collects a task's metrics: plain numbers while it runs, dates when somebody wants them."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ..clock import Clock
from ..models.enums import ResourceFetchType
from ..models.metrics import DateInterval, URLSessionTaskMetrics, URLSessionTaskTransactionMetrics
from .transfer import Transaction, Transfer

# The dates of a transaction between its start and its end, in the order of time, as a route measures them.
_STAGES = (
    "domain_lookup_start", "domain_lookup_end", "connect_start", "secure_connection_start", "secure_connection_end", "connect_end",
    "request_start", "request_end", "response_start",
)


def metrics(transfer: Transfer, clock: Clock) -> URLSessionTaskMetrics:
    """The metrics of the task of `transfer`, whose last callback is about to be made."""
    now, today = clock.now(), clock.date()

    def date(when: int | None) -> datetime | None:
        return None if when is None else today - timedelta(microseconds=(now - when) / 1000)

    interval = DateInterval(today - timedelta(microseconds=(now - transfer.created) / 1000), today)
    return URLSessionTaskMetrics(interval, transfer.redirects, [_measured(one, date) for one in transfer.transactions])


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
