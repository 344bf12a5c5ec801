"""Metrics of real loads, held against the server's own log."""
from __future__ import annotations

import gzip
import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessionmock import (
    ResourceFetchType,
    URLSession,
    URLSessionConfiguration,
    URLSessionTaskMetrics,
    URLSessionTaskTransactionMetrics,
)

BODY = b"measured " * 1000
STAGES = ("fetch_start", "domain_lookup_start", "domain_lookup_end", "connect_start", "connect_end", "request_start", "request_end",
          "response_start", "response_end")
CLOCKS = timedelta(milliseconds=2)      # between the wall clock that the server reads and the one that dates are reckoned from


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log: list[tuple[datetime, datetime]]

    def do_GET(self) -> None:
        arrived = datetime.now(UTC)
        if self.path == "/from":
            body, status = b"", 302
        else:
            body, status = gzip.compress(BODY, mtime=0), 200
        threading.Event().wait(0.05)        # so that answering takes a time that can be told from none
        self.log.append((arrived, datetime.now(UTC)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location" if status == 302 else "Content-Encoding", "/to" if status == 302 else "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    Handler.log = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Delegate:
    def __init__(self) -> None:
        self.collected: list[URLSessionTaskMetrics] = []

    def task_did_finish_collecting_metrics(self, session: Any, task: Any, metrics: URLSessionTaskMetrics) -> None:
        self.collected.append(metrics)


def measured(*urls: str) -> list[URLSessionTaskMetrics]:
    """The metrics of loads of `urls`, one after the other in one session."""
    delegate = Delegate()
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        for each in urls:
            session.data(each).result()
    return delegate.collected


def dates(transaction: URLSessionTaskTransactionMetrics) -> list[datetime]:
    found = (getattr(transaction, f"{stage}_date") for stage in STAGES)
    return [date for date in found if date is not None]


def test_dates_bracket_what_the_server_saw(url: str) -> None:
    """A request starts before the server has it, and the response starts after the server begins to answer."""
    [metrics] = measured(f"{url}/to")

    [transaction], [(arrived, answered)] = metrics.transaction_metrics, Handler.log
    assert transaction.request_start_date is not None
    assert transaction.response_start_date is not None
    assert transaction.request_start_date <= arrived + CLOCKS
    assert transaction.response_start_date >= answered - CLOCKS


def test_dates_are_in_order_and_within_the_task(url: str) -> None:
    """Every date that there is follows the one before it, and all lie between the task's start and end."""
    [metrics] = measured(f"{url}/to")

    found = dates(metrics.transaction_metrics[0])
    assert sorted(found) == found
    assert metrics.task_interval.start <= found[0] <= found[-1] <= metrics.task_interval.end


def test_each_hop_is_a_transaction(url: str) -> None:
    """A redirect is counted, and its hop has a transaction of its own, before the next one's."""
    [metrics] = measured(f"{url}/from")

    paths = [transaction.request.url for transaction in metrics.transaction_metrics]
    assert ([f"{url}/from", f"{url}/to"], 1) == (paths, metrics.redirect_count)
    assert dates(metrics.transaction_metrics[0])[0] <= dates(metrics.transaction_metrics[1])[0]


def test_a_reused_connection_has_no_making(url: str) -> None:
    """The second request on a connection says so, and has no dates of a connection that it did not make."""
    first, second = (metrics.transaction_metrics[0] for metrics in measured(f"{url}/to", f"{url}/to?again"))

    assert (False, True) == (first.is_reused_connection, second.is_reused_connection)
    assert first.connect_start_date is not None
    assert (None, None, None) == (second.domain_lookup_start_date, second.connect_start_date, second.connect_end_date)


def test_bytes_are_counted_before_and_after_decoding(url: str) -> None:
    """A gzip body counts as it came and as it was delivered."""
    [metrics] = measured(f"{url}/to")

    transaction = metrics.transaction_metrics[0]
    assert (len(gzip.compress(BODY, mtime=0)), len(BODY)) == (
        transaction.count_of_response_body_bytes_received, transaction.count_of_response_body_bytes_after_decoding)
    assert (ResourceFetchType.NETWORK_LOAD, "http/1.1") == (transaction.resource_fetch_type, transaction.network_protocol_name)
