"""What a task measured: one transaction for each request that it sent or answered from the cache (Apple's `URLSessionTaskMetrics`)."""
from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from . import enums
from .enums import DomainResolutionProtocol, ResourceFetchType
from .request import URLRequest
from .response import URLResponse


@dataclass(slots=True)
class URLSessionTaskTransactionMetrics:
    """One `request` and its `response`. Dates are aware, None where nothing happened; counts are bytes, 0 at first.

    - `fetch_start_date` <= `domain_lookup_start_date`, `domain_lookup_end_date` <= `connect_start_date` <=
      `secure_connection_start_date`, `secure_connection_end_date` <= `connect_end_date` <= `request_start_date`,
      `request_end_date` <= `response_start_date`, `response_end_date`: a stage that did not finish leaves its end and all
      later dates None; a reused connection has no dates of its making.
    - `count_of_request_header_bytes_sent`, `count_of_request_body_bytes_sent`, `count_of_request_body_bytes_before_encoding`,
      `count_of_response_header_bytes_received`, `count_of_response_body_bytes_received` (as they came) and
      `count_of_response_body_bytes_after_decoding`.
    - `network_protocol_name` is the ALPN name, as "http/1.1" or "h2"; `resource_fetch_type` says where the response came from,
      `is_reused_connection` and `is_proxy_connection` over what.
    - `local_address`, `local_port`, `remote_address`, `remote_port`; `negotiated_tls_protocol_version` and
      `negotiated_tls_cipher_suite` are the numbers of RFC 8446. All are None where there was no connection, or no TLS.
    - `is_cellular`, `is_expensive` and `is_constrained` are as the session's path monitor has it; `is_multipath` is False, and
      `domain_resolution_protocol` unknown: the system does not tell.

    Wide because Apple's has these fields.
    """

    request: URLRequest
    response: URLResponse | None = None
    fetch_start_date: datetime | None = None
    domain_lookup_start_date: datetime | None = None
    domain_lookup_end_date: datetime | None = None
    connect_start_date: datetime | None = None
    secure_connection_start_date: datetime | None = None
    secure_connection_end_date: datetime | None = None
    connect_end_date: datetime | None = None
    request_start_date: datetime | None = None
    request_end_date: datetime | None = None
    response_start_date: datetime | None = None
    response_end_date: datetime | None = None
    network_protocol_name: str | None = None
    is_proxy_connection: bool = False
    is_reused_connection: bool = False
    resource_fetch_type: ResourceFetchType = ResourceFetchType.UNKNOWN
    count_of_request_header_bytes_sent: int = 0
    count_of_request_body_bytes_sent: int = 0
    count_of_request_body_bytes_before_encoding: int = 0
    count_of_response_header_bytes_received: int = 0
    count_of_response_body_bytes_received: int = 0
    count_of_response_body_bytes_after_decoding: int = 0
    local_address: str | None = None
    local_port: int | None = None
    remote_address: str | None = None
    remote_port: int | None = None
    negotiated_tls_protocol_version: int | None = None
    negotiated_tls_cipher_suite: int | None = None
    is_cellular: bool = False
    is_expensive: bool = False
    is_constrained: bool = False
    is_multipath: bool = False
    domain_resolution_protocol: DomainResolutionProtocol = DomainResolutionProtocol.UNKNOWN


@dataclass(slots=True)
class DateInterval:
    """From `start` to `end`, both aware."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        """How long it was."""
        return self.end - self.start


class _Nested:
    """What Swift nests in `URLSessionTaskMetrics`: apart from it, for a dataclass takes every annotation for a field."""

    __slots__ = ()
    ResourceFetchType: TypeAlias = enums.ResourceFetchType
    DomainResolutionProtocol: TypeAlias = enums.DomainResolutionProtocol


@dataclass(slots=True)
class URLSessionTaskMetrics(_Nested):
    """The whole of a task: `transaction_metrics` are its transactions in order, `task_interval` is the time from its creation to
    its end, `redirect_count` how many redirects it followed."""

    task_interval: DateInterval
    redirect_count: int = 0
    transaction_metrics: list[URLSessionTaskTransactionMetrics] = field(default_factory=list)
