"""Patterns that name hosts."""
from __future__ import annotations

import pytest

from sessionmock.models.host_patterns import named


@pytest.mark.parametrize(("pattern", "hosts", "others"), [
    ("*", ["a.example", "::1", "10.0.0.1"], []),
    ("Example.com", ["example.com", "www.example.com", "example.com."], ["myexample.com", "example.com.org"]),
    (".example.com", ["example.com", "www.example.com"], ["myexample.com"]),
    ("*.example.com", ["www.example.com", "a.b.example.com"], ["example.com", "myexample.com"]),
    ("bücher.example", ["xn--bcher-kva.example", "www.xn--bcher-kva.example"], ["bucher.example"]),
    ("*.bücher.example", ["www.xn--bcher-kva.example"], ["xn--bcher-kva.example"]),
    ("10.*", ["10.0.0.1"], ["110.0.0.1", "1.10.0.1"]),
    ("127.0.0.1", ["127.0.0.1"], ["1.127.0.0.1", "127.0.0.2"]),
    ("127.0.0.0/8", ["127.0.0.1", "127.255.0.1", "::ffff:7f00:1"], ["128.0.0.1", "::1", "127.example"]),
    ("169.254/16", ["169.254.1.1"], ["169.255.1.1"]),
    ("10.1.2.3/8", ["10.200.0.1"], ["11.0.0.1"]),
    ("fd00::/8", ["fd12::1"], ["fe80::1", "10.0.0.1"]),
    ("::ffff:0:0/96", ["::ffff:7f00:1"], ["127.0.0.1", "::1"]),
    ("[fe80::]/10", ["fe80::1%eth0"], ["fd00::1"]),
    ("::1", ["::1"], ["::2"]),
    ("[0:0::1]", ["::1"], ["::2"]),
    ("fe80::1%eth0", ["fe80::1%eth1"], ["fe80::2"]),
])
def test_hosts_that_a_pattern_names(pattern: str, hosts: list[str], others: list[str]) -> None:
    """Names with what lies below them, wildcards, networks and addresses, each in any spelling."""
    assert [host for host in [*hosts, *others] if named((pattern,), host, 80)] == hosts


@pytest.mark.parametrize(("pattern", "host"), [("a.example:8080", "www.a.example"), ("[::1]:8080", "::1"), ("10.0.0.1:8080", "10.0.0.1"),
                                               ("*:8080", "b.example")])
def test_a_port_in_a_pattern_is_that_port_alone(pattern: str, host: str) -> None:
    assert named((pattern,), host, 8080)
    assert not named((pattern,), host, 80)


@pytest.mark.parametrize("pattern", ["", ".", "10.0.0.0/33", "http://a.example/", "a b", "a.example:http", "1.2.3.4.5/8", "/8"])
def test_what_is_no_pattern_names_nothing(pattern: str) -> None:
    """Environments hold all kinds of things."""
    assert not any(named((pattern,), host, 80) for host in ("a.example", "10.0.0.1", "::1"))


def test_any_of_several_patterns_will_do() -> None:
    assert named(("a.example", "10.0.0.0/8"), "10.0.0.1", 80)
    assert not named((), "10.0.0.1", 80)
