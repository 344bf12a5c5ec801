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
    HTTPURLResponse,
    NetworkPath,
    ResourceFetchType,
    URLError,
    URLRequest,
    URLResponse,
    URLSession,
    URLSessionConfiguration,
    URLSessionTaskMetrics,
    URLSessionTaskTransactionMetrics,
)
from sessionmock.clock import SECOND, JumpingClock
from sessionmock.load.metrics import metrics
from sessionmock.load.transfer import Transfer
from sessionmock.models.message import ResponseHead
from sessionmock.models.timing import TLS, ConnectionFacts, ProxyAddress, Timing
from tests.routes.doubles import NotingExchange

BODY = b"measured " * 1000
ZIPPED = gzip.compress(BODY, mtime=0)
GZIP = ("Content-Encoding", "gzip")
FIELDS = {"/from": [("Location", "/to")], "/half": [], "/kept": [GZIP, ("Cache-Control", "max-age=60")],
          "/tagged": [GZIP, ("Cache-Control", "max-age=0"), ("ETag", '"1"')]}
STAGES = ("fetch_start", "domain_lookup_start", "domain_lookup_end", "connect_start", "connect_end", "request_start", "request_end",
          "response_start", "response_end")
CLOCKS = timedelta(milliseconds=2)      # between the wall clock that the server reads and the one that dates are reckoned from


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log: list[tuple[datetime, datetime]]

    def do_GET(self) -> None:
        arrived = datetime.now(UTC)
        threading.Event().wait(0.05)        # so that answering takes a time that can be told from none
        self.log.append((arrived, datetime.now(UTC)))
        status = 302 if self.path == "/from" else 304 if "If-None-Match" in self.headers else 200
        body = b"" if status != 200 else BODY if self.path == "/half" else ZIPPED
        if self.path == "/nothing":
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in FIELDS.get(self.path, [GZIP]):
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:100] if self.path == "/half" else body)
        if self.path == "/half":
            self.rfile.read(1)              # until the client is gone

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    Handler.log = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
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


def test_a_redirect_goes_on_over_the_connection_that_brought_it(url: str) -> None:
    """The answer that redirects is complete, so its connection is free for the next hop."""
    [metrics] = measured(f"{url}/from")

    assert [False, True] == [transaction.is_reused_connection for transaction in metrics.transaction_metrics]


def test_bytes_are_counted_before_and_after_decoding(url: str) -> None:
    """A gzip body counts as it came and as it was delivered."""
    [metrics] = measured(f"{url}/to")

    transaction = metrics.transaction_metrics[0]
    assert (len(ZIPPED), len(BODY)) == (
        transaction.count_of_response_body_bytes_received, transaction.count_of_response_body_bytes_after_decoding)
    assert (ResourceFetchType.NETWORK_LOAD, "http/1.1") == (transaction.resource_fetch_type, transaction.network_protocol_name)


def test_what_came_from_the_cache_has_its_response_and_no_connection(url: str) -> None:
    """A hit tells the response that was stored and when it was asked for and came; of a connection it knows nothing."""
    _, hit = (metrics.transaction_metrics[0] for metrics in measured(f"{url}/kept", f"{url}/kept"))

    assert isinstance(hit.response, HTTPURLResponse)
    assert (200, ResourceFetchType.LOCAL_CACHE, None) == (hit.response.status_code, hit.resource_fetch_type, hit.network_protocol_name)
    assert (None, None, None) == (hit.connect_start_date, hit.connect_end_date, hit.remote_address)
    assert 5 == len(dates(hit))


def test_a_revalidation_is_told_from_what_it_confirmed(url: str) -> None:
    """The 304 is a transaction of the network, complete with its end; what the cache then gives is one of its own."""
    _, metrics = measured(f"{url}/tagged", f"{url}/tagged")

    asked, given = metrics.transaction_metrics
    assert isinstance(asked.response, HTTPURLResponse)
    assert isinstance(given.response, HTTPURLResponse)
    assert [(304, ResourceFetchType.NETWORK_LOAD), (200, ResourceFetchType.LOCAL_CACHE)] == [
        (asked.response.status_code, asked.resource_fetch_type), (given.response.status_code, given.resource_fetch_type)]
    assert asked.response_end_date is not None
    assert dates(asked)[-1] <= dates(given)[0]


def test_what_needs_no_network_says_so() -> None:
    """A data: URL has a response, a fetch type that is no network load, and no protocol."""
    [metrics] = measured("data:,hello")

    transaction = metrics.transaction_metrics[0]
    assert isinstance(transaction.response, URLResponse)
    assert (ResourceFetchType.UNKNOWN, None) == (transaction.resource_fetch_type, transaction.network_protocol_name)


def test_a_request_that_nobody_answers_tells_its_connection(url: str) -> None:
    """Addresses are those of the connection that the request went out on, though no response came."""
    delegate = Delegate()
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session, pytest.raises(URLError):
        session.data(f"{url}/nothing").result()

    transaction = delegate.collected[0].transaction_metrics[0]
    assert ("127.0.0.1", int(url.rpartition(":")[2])) == (transaction.remote_address, transaction.remote_port)
    assert (None, None) == (transaction.response_start_date, transaction.response_end_date)


def test_a_cancelled_load_tells_what_had_come(url: str) -> None:
    """The bytes that came before the cancellation count."""

    class Impatient(Delegate):
        def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
            task.cancel()

    delegate = Impatient()
    with URLSession(URLSessionConfiguration.ephemeral(), delegate) as session:
        session.data_task(f"{url}/half").resume()

    transaction = delegate.collected[0].transaction_metrics[0]
    assert (100, None) == (transaction.count_of_response_body_bytes_received, transaction.response_end_date)


# alone ---------------------------------------------------------------------------------------------------------------------
NOW = 100 * SECOND


def collected(transfer: Transfer) -> URLSessionTaskMetrics:
    """The metrics at 100 s of a clock that starts with 2026."""
    clock = JumpingClock()
    clock.advance(NOW)
    return metrics(transfer, clock)


def transfer_of(created: int) -> Transfer:
    """What a task that was made then sends and receives."""
    request = URLRequest("http://a.test/")
    return Transfer(request, request, None, created)


def second(number: float) -> datetime:
    """The date at that second of the clock."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)


def test_dates_are_reckoned_from_the_clock_when_they_are_asked_for() -> None:
    """While a task runs there are nanoseconds alone."""
    transfer = transfer_of(10 * SECOND)
    transfer.redirects = 2
    made = transfer.begin(URLRequest("http://a.test/"), 20 * SECOND)
    made.answered, made.ended = 30 * SECOND, 40 * SECOND
    whole = collected(transfer)

    [found] = whole.transaction_metrics
    assert (second(10), second(100), 2) == (whole.task_interval.start, whole.task_interval.end, whole.redirect_count)
    assert [second(20), second(20), second(20), second(30), second(40)] == dates(found)
    assert transfer.last is made


def test_a_request_that_was_not_answered() -> None:
    """It has its start, and nothing else."""
    transfer = transfer_of(0)
    transfer.begin(URLRequest("http://a.test/"), 20 * SECOND)
    [found] = collected(transfer).transaction_metrics
    assert ([second(20)], None, False, None) == (dates(found), found.network_protocol_name, found.is_reused_connection, found.remote_address)


@pytest.mark.parametrize(("version", "name"), [("HTTP/1.1", "http/1.1"), ("HTTP/2", "h2"), ("HTTP/1.0", "http/1.0")])
def test_what_a_route_has_measured(version: str, name: str) -> None:
    """Each step, the connection, and what went over it besides bodies."""
    timing = Timing(
        connect_start=21 * SECOND, connect_end=22 * SECOND, request_start=23 * SECOND, request_end=24 * SECOND, response_start=25 * SECOND,
        request_header_bytes=11, response_header_bytes=22, reused=True,
        facts=ConnectionFacts(("10.0.0.1", 1), ("10.0.0.2", 2, 0, 0), TLS(0x0304, 0x1301), ProxyAddress("proxy", 3, "http")))
    transfer = transfer_of(0)
    made = transfer.begin(URLRequest("http://a.test/"), 20 * SECOND)
    made.exchange, made.head = NotingExchange(timing), ResponseHead(200, [], http_version=version)
    made.sent, made.received, made.decoded = 5, 6, 7
    [found] = collected(transfer).transaction_metrics

    assert [second(20), second(21), second(22), second(23), second(24), second(25)] == dates(found)
    assert (name, True, 11, 22) == (found.network_protocol_name, found.is_reused_connection, found.count_of_request_header_bytes_sent,
                                    found.count_of_response_header_bytes_received)
    assert (("10.0.0.1", 1), ("10.0.0.2", 2)) == ((found.local_address, found.local_port), (found.remote_address, found.remote_port))
    assert (0x0304, 0x1301, True) == (found.negotiated_tls_protocol_version, found.negotiated_tls_cipher_suite, found.is_proxy_connection)
    assert (5, 5, 6, 7) == (found.count_of_request_body_bytes_sent, found.count_of_request_body_bytes_before_encoding,
                            found.count_of_response_body_bytes_received, found.count_of_response_body_bytes_after_decoding)


def test_a_connection_that_tells_nothing() -> None:
    """No addresses, no TLS and no proxy; one that does not stand yet has no facts."""
    for facts in (ConnectionFacts(None, None, None, None), None):
        transfer = transfer_of(0)
        transfer.begin(URLRequest("http://a.test/"), 0).exchange = NotingExchange(Timing(facts=facts))
        [found] = collected(transfer).transaction_metrics
        assert (None, None, None, False) == (
            found.local_address, found.remote_address, found.negotiated_tls_protocol_version, found.is_proxy_connection)


def test_the_network_that_a_request_took() -> None:
    """Where the session is told of one."""
    transfer = transfer_of(0)
    transfer.begin(URLRequest("http://a.test/"), 0).path = NetworkPath(is_cellular=True, is_constrained=True)
    [found] = collected(transfer).transaction_metrics
    assert (True, False, True) == (found.is_cellular, found.is_expensive, found.is_constrained)


def test_what_has_ended_holds_no_exchange() -> None:
    """Metrics that are asked for later are those of what is left."""
    transfer = transfer_of(0)
    made = transfer.begin(URLRequest("http://a.test/"), 0)
    made.exchange = NotingExchange()
    transfer.let_go()
    assert made.exchange is None
