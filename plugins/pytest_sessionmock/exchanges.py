"""The exchanges of a test as a failure shows them."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

KEPT = 200     # the last so many are shown


def lines_of(exchanges: Iterable[Any]) -> str:
    """What was asked and answered, a line each; "" where nothing was."""
    rows = [(record.method, record.shown_url, str(record.status or "-"), record.source, f"{record.milliseconds:.1f} ms", record.error)
            for record in list(exchanges)[-KEPT:]]
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{method:<{widths[0]}}  {url:<{widths[1]}}  {status:>{widths[2]}}  {source:<{widths[3]}}  {spent:>{widths[4]}}"
        + (f"  {error.partition(chr(10))[0].partition(f' for {method} ')[0]}" if error else "")
        for method, url, status, source, spent, error in rows)
