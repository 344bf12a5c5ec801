"""Which requests a line is about, by what a respx pattern takes for its URL."""
from __future__ import annotations

import re
from typing import Any

import httpx
import httpx2
import pytest
import respx
from respx.patterns import M, parse_url_patterns
from respx.patterns import combine as combined

from sessionmock import InvalidArgumentException
from sessionmock.faults.matching import check_task, given_url, is_about, is_of

URLS = (
    "https://api.test/a", "https://api.test/a?x=1", "https://api.test/a?x=1&y=2", "https://api.test/a?y=2&x=1", "https://api.test/", "https://api.test",
    "http://api.test/a", "https://api.test:8443/a", "https://www.api.test/a", "https://other.test/a", "https://api.test/a%20b", "https://api.test/a/b",
    "https://user:pass@api.test/a",
)
PATTERNS = ("", "all", "https://api.test/a", "https://api.test/a?x=1", "https://api.test/a?x=1&y=2", "https://api.test", "https://api.test/",
            "/a", "a", "//api.test/a", "https:", "https://api.test:8443/a", "https://API.test/a", "https://api.test/a b", "?x=1",
            "all://api.test/a", "https://*.api.test/a", "https://*.api.test")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_url_means_what_it_means_to_respx(pattern: str) -> None:
    """What it does not say is not compared."""
    theirs = combined(tuple(parse_url_patterns(pattern).values()))
    expected = [url for url in URLS if theirs.match(httpx.Request("GET", url))]
    assert expected == [url for url in URLS if is_about(given_url(pattern), "GET", url)]


@pytest.mark.parametrize(("pattern", "matching"), [
    ("*", set(URLS)),
    ("*/a", {url for url in URLS if url.partition("?")[0].endswith("/a")}),
    ("*/a?x=*", {"https://api.test/a?x=1", "https://api.test/a?x=1&y=2"}),
    ("https://api.test/*", {url for url in URLS if url.startswith("https://api.test/")}),
    ("https://*/a/b", {"https://api.test/a/b"}),
    ("http*://api.test/a", {url for url in URLS if re.match(r"https?://api.test/a(\?|$)", url)}),
    (re.compile("/a/b$"), {"https://api.test/a/b"}),
    (re.compile("OTHER", re.IGNORECASE), {"https://other.test/a"}),
    (httpx.URL("https://api.test/a/b"), {"https://api.test/a/b"}),
    (httpx2.URL("https://api.test/a/b"), {"https://api.test/a/b"}),
    ((b"https", b"api.test", None, b"/a/b"), {"https://api.test/a/b"}),
    ((b"https", b"api.test", 8443, b"/a"), {"https://api.test:8443/a"}),
    (M(host="other.test"), {"https://other.test/a"}),
    (M(path="/a/b") | M(scheme="http"), {"https://api.test/a/b", "http://api.test/a"}),
    (M(url__startswith="https://api.test/a/"), {"https://api.test/a/b"}),
    (M(method="POST"), set()),
])
def test_a_star_a_pattern_or_a_url_names_urls(pattern: Any, matching: set[str]) -> None:
    """`*` stands for any part, a compiled pattern is searched for, a pattern of respx is asked."""
    assert matching - {"https://api.test"} == {url for url in URLS if is_about(given_url(pattern), "GET", url)} - {"https://api.test"}


@pytest.mark.parametrize("wrong", [3, b"https://api.test/", re.compile(b"a"), ("a", "b"), object(), M(headers={"a": "b"}), respx.Router])
def test_what_is_no_url_is_refused(wrong: Any) -> None:
    """And a pattern of respx that looks at more than a line knows."""
    with pytest.raises(InvalidArgumentException, match="url"):
        given_url(wrong)


class Task:
    """What matching knows of a task."""

    def __init__(self, task_description: str | None = None) -> None:
        self.task_description = task_description


def test_a_task_is_itself_its_description_or_what_a_function_says() -> None:
    """A plain client's request is no task."""
    task, other = Task("upload"), Task()
    assert [is_of(wanted, task) for wanted in (None, task, other, "upload", "other", lambda one: one is task, lambda one: False)] == [
        True, True, False, True, False, True, False]
    assert [is_of(wanted, None) for wanted in (None, task, "upload", lambda one: True)] == [True, False, False, False]
    for wrong in (3, b"upload", [], dict, object()):
        with pytest.raises(InvalidArgumentException, match="task_description"):
            check_task(wrong)
