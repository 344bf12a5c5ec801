"""Faults on the way of a request, on any route: names, connections, TLS, proxies and bytes."""
