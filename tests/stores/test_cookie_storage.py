"""HTTPCookieStorage: what it keeps, what it sends, in which order, and its file."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sessionmock.engine.current import virtual_time
from sessionmock.errors import InvalidArgumentException
from sessionmock.models.cookie import HTTPCookie
from sessionmock.models.enums import CookieAcceptPolicy
from sessionmock.models.request import URLRequest
from sessionmock.models.url import split_url
from sessionmock.stores import cookie_storage
from sessionmock.stores.cookie_storage import HTTPCookieStorage

from .hand import Hand

START = datetime(2026, 1, 1, tzinfo=UTC)
SITE = "https://example.com/"


@pytest.fixture
def jar(clock: Hand) -> HTTPCookieStorage:
    return HTTPCookieStorage(is_public_suffix=lambda domain: "." not in domain)


def receive(
    jar: HTTPCookieStorage, url: str, *lines: str, policy: CookieAcceptPolicy | None = None, main: str | None = None,
) -> None:
    jar.store_from_headers(url, [("Set-Cookie", line) for line in lines], policy, main)


def cookie(name: str = "a", value: str = "b", domain: str = "example.com", path: str = "/", **more: object) -> HTTPCookie:
    return HTTPCookie(name=name, value=value, domain=domain, path=path, **more)


SENT = [  # the URL that set, its lines, the URL that is asked for, and the Cookie field
    ("http://example.com/", ["a=1"], "http://example.com/", "a=1"),
    ("http://example.com/", ["a=1"], "http://EXAMPLE.com/x?y#z", "a=1"),
    ("http://example.com/", ["a=1"], "https://example.com/", "a=1"),
    ("http://example.com:8080/", ["a=1"], "http://example.com:9090/", "a=1"),
    ("http://example.com/", ["a=1"], "http://www.example.com/", None),
    ("http://example.com/", ["a=1; Domain=example.com"], "http://www.example.com/", "a=1"),
    ("http://www.example.com/", ["a=1; Domain=example.com"], "http://example.com/", "a=1"),
    ("http://www.example.com/", ["a=1; Domain=example.com"], "http://a.b.example.com/", "a=1"),
    ("http://www.example.com/", ["a=1; Domain=example.com"], "http://superexample.com/", None),
    ("http://www.example.com/", ["a=1"], "http://example.com/", None),
    ("http://example.com/", ["a=1; Domain=other.com"], "http://other.com/", None),
    ("http://example.com/", ["a=1; Domain=com"], "http://other.com/", None),
    ("https://example.com/", ["a=1; Secure"], "http://example.com/", None),
    ("https://example.com/", ["a=1; Secure"], "https://example.com/", "a=1"),
    ("https://example.com/", ["a=1; Secure"], "wss://example.com/", "a=1"),
    ("https://example.com/", ["a=1; Secure"], "ws://example.com/", None),
    ("http://example.com/", ["a=1; Secure"], "https://example.com/", None),
    ("http://example.com/", ["a=1; HttpOnly"], "http://example.com/", "a=1"),
    ("http://example.com/", ["a=1; SameSite=Strict"], "http://example.com/", "a=1"),
    ("http://example.com/", ["a=1; Path=/x"], "http://example.com/", None),
    ("http://example.com/", ["a=1; Path=/x"], "http://example.com/x", "a=1"),
    ("http://example.com/", ["a=1; Path=/x"], "http://example.com/x/y", "a=1"),
    ("http://example.com/", ["a=1; Path=/x"], "http://example.com/xy", None),
    ("http://example.com/x/y", ["a=1"], "http://example.com/x/z", "a=1"),
    ("http://example.com/x/y", ["a=1"], "http://example.com/", None),
    ("http://example.com/x/y", ["a=1"], "http://example.com/x", "a=1"),
    ("http://example.com/", ["a=1", "b=2"], "http://example.com/", "a=1; b=2"),
    ("http://example.com/", ["b=2", "a=1"], "http://example.com/", "b=2; a=1"),
    ("http://example.com/", ["a=1", "b=2; Path=/x", "c=3; Path=/x/"], "http://example.com/x/", "c=3; b=2; a=1"),
    ("http://example.com/", ["a=1", "a=2"], "http://example.com/", "a=2"),
    ("http://example.com/", ["a=1", "b=2", "a=3"], "http://example.com/", "a=3; b=2"),
    ("http://example.com/", ["a=1", "A=2"], "http://example.com/", "a=1; A=2"),
    ("http://example.com/", ["a=1", "a=2; Domain=example.com"], "http://example.com/", "a=1; a=2"),
    ("http://example.com/", ["a=1", "a=2; Path=/x"], "http://example.com/x", "a=2; a=1"),
    ("http://example.com/", ["a=1", "a=1; Max-Age=0"], "http://example.com/", None),
    ("http://example.com/", ["a=1", "a=2; Max-Age=0; Domain=example.com"], "http://example.com/", "a=1"),
    ("http://example.com/", ["a=1", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "http://example.com/", None),
    ("http://example.com/", ["v"], "http://example.com/", "v"),
    ("http://example.com/", ["a="], "http://example.com/", "a="),
    ("http://example.com/", ["v", "=w"], "http://example.com/", "w"),
    ("http://example.com/", ['a="b c"'], "http://example.com/", 'a="b c"'),
    ("http://127.0.0.1:81/", ["a=1"], "http://127.0.0.1:82/", "a=1"),
    ("http://127.0.0.1/", ["a=1"], "http://127.0.0.2/", None),
    ("http://127.0.0.1/", ["a=1; Domain=127.0.0.1"], "http://127.0.0.1/", "a=1"),
    ("http://[::1]/", ["a=1"], "http://[::1]/", "a=1"),
    ("http://bücher.example.com/", ["a=1"], "http://xn--bcher-kva.example.com/", "a=1"),
    ("https://example.com/", ["__Host-a=1; Secure; Path=/"], "https://example.com/x", "__Host-a=1"),
    ("https://example.com/", ["__Host-a=1; Secure"], "https://example.com/", None),
    ("https://example.com/", ["a=1\x01"], "https://example.com/", None),
]


@pytest.mark.parametrize(("url", "lines", "wanted", "expected"), SENT)
def test_cookies_go_where_they_belong(
    jar: HTTPCookieStorage, url: str, lines: list[str], wanted: str, expected: str | None,
) -> None:
    """RFC 6265bis, sections 5.7 and 5.8.3, end to end; the header, the list and the parts of a URL agree."""
    receive(jar, url, *lines)
    assert expected == jar.header_for(wanted)
    assert expected == jar.header_for(split_url(wanted), lambda: START)
    assert expected == HTTPCookie.request_header_fields(jar.cookies_for(wanted)).get("Cookie")


def test_fields_of_any_case_are_read_and_no_others(jar: HTTPCookieStorage) -> None:
    """Names of fields are compared without case; what is not Set-Cookie sets nothing."""
    jar.store_from_headers(SITE, [("sEt-CoOkIe", "a=1"), ("Set-Cookie2", "b=2"), ("Cookie", "c=3")])
    assert "a=1" == jar.header_for(SITE)


def test_a_cookie_goes_when_its_time_has_come(jar: HTTPCookieStorage, clock: Hand) -> None:
    """At its date a cookie is neither sent nor listed."""
    receive(jar, SITE, "a=1; Max-Age=60", "b=2")
    clock.today += timedelta(seconds=59)
    assert "a=1; b=2" == jar.header_for(SITE)
    clock.today += timedelta(seconds=1)
    assert "b=2" == jar.header_for(SITE)
    assert ["b"] == [kept.name for kept in jar.cookies]


def test_the_date_is_that_of_who_asks() -> None:
    """A date that is said counts; without, it is today's, and in a block in virtual time the date of its clock."""
    jar = HTTPCookieStorage()
    lines = [("Set-Cookie", "a=1; Max-Age=60")]
    jar.store_from_headers(SITE, lines, date=lambda: START)
    assert "a=1" == jar.header_for(SITE, lambda: START + timedelta(seconds=59))
    assert jar.header_for(SITE, lambda: START + timedelta(seconds=60)) is None
    assert (None, []) == (jar.header_for(SITE), jar.cookies)        # today is later
    with virtual_time(Hand()):
        assert ("a=1", ["a"]) == (jar.header_for(SITE), [kept.name for kept in jar.cookies])
    jar.store_from_headers(SITE, lines)
    assert ("a=1", ["a"]) == (jar.header_for(SITE), [kept.name for kept in jar.cookies])


def test_a_clock_of_the_storage_counts_whoever_asks() -> None:
    """A storage that stands at a day of the past keeps and sends what was live on that day."""
    clock = Hand()
    jar = HTTPCookieStorage(clock=clock)
    receive(jar, SITE, "a=1; Max-Age=60")
    assert ("a=1", ["a"]) == (jar.header_for(SITE, lambda: START + timedelta(days=9)), [kept.name for kept in jar.cookies])
    clock.today += timedelta(seconds=60)
    assert (None, []) == (jar.header_for(SITE, lambda: START), jar.cookies)


def test_a_new_value_keeps_the_place_of_the_old(jar: HTTPCookieStorage, clock: Hand) -> None:
    """Section 5.7, step 23: the creation time of the replaced cookie is kept."""
    receive(jar, SITE, "a=1")
    clock.today += timedelta(seconds=1)
    receive(jar, SITE, "b=2")
    clock.today += timedelta(seconds=1)
    receive(jar, SITE, "a=3")
    assert "a=3; b=2" == jar.header_for(SITE)
    jar.remove_cookies_since(START)
    assert "a=3" == jar.header_for(SITE)


def test_a_cookie_in_the_clear_does_not_cover_a_secure_one(jar: HTTPCookieStorage) -> None:
    """Section 5.7, step 16, for the site and for those above it."""
    receive(jar, "https://example.com/", "a=safe; Secure; Domain=example.com")
    for line in ("a=1", "a=2; Domain=example.com", "a=3; Path=/x", "a=; Max-Age=0; Domain=example.com"):
        receive(jar, "http://example.com/", line)
        receive(jar, "http://www.example.com/", line)
    receive(jar, "http://example.com/", "b=4")
    assert "a=safe; b=4" == jar.header_for("https://example.com/x")
    receive(jar, "https://example.com/", "a=new; Domain=example.com")
    assert "a=new; b=4" == jar.header_for("https://example.com/x")
    receive(jar, "http://example.com/", "a=clear")
    assert "a=new; b=4; a=clear" == jar.header_for("https://example.com/")


@pytest.mark.parametrize(("policy", "main", "expected"), [
    (CookieAcceptPolicy.ALWAYS, "http://other.com/", "a=1"),
    (CookieAcceptPolicy.NEVER, None, None),
    (CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, None, "a=1"),
    (CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, "http://www.example.com/x", "a=1"),
    (CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN, "http://other.com/", None),
])
def test_the_policy_decides_what_is_kept(
    jar: HTTPCookieStorage, policy: CookieAcceptPolicy, main: str | None, expected: str | None,
) -> None:
    """A policy that is handed over beats the storage's; the storage's holds for `set_cookies`."""
    receive(jar, SITE, "a=1", policy=policy, main=main)
    assert expected == jar.header_for(SITE)
    jar.remove_all_cookies()
    jar.cookie_accept_policy = policy
    jar.set_cookies(HTTPCookie.cookies({"Set-Cookie": "a=1"}, SITE), SITE, main)
    assert expected == jar.header_for(SITE)


def test_never_keeps_no_single_cookie_either(jar: HTTPCookieStorage) -> None:
    """`set_cookie` obeys the policy never."""
    jar.cookie_accept_policy = CookieAcceptPolicy.NEVER
    jar.set_cookie(cookie())
    assert [] == jar.cookies


def test_the_main_documents_example_of_the_open_source_tests(jar: HTTPCookieStorage) -> None:
    """A cookie of swift.org comes from swift.org under ci.swift.org, and not from dt.swift.org."""
    jar.cookie_accept_policy = CookieAcceptPolicy.ONLY_FROM_MAIN_DOCUMENT_DOMAIN
    jar.set_cookies([cookie("x", domain="swift.org")], "https://swift.org/downloads", "http://ci.swift.org")
    jar.set_cookies([cookie("y", domain="swift.org")], "https://dt.swift.org/downloads", "http://ci.swift.org")
    assert ["x"] == [kept.name for kept in jar.cookies_for("https://swift.org/downloads")]
    assert [] == jar.cookies_for("https://dt.swift.org/downloads")


def test_foreign_cookies_are_not_set_for_a_url(jar: HTTPCookieStorage) -> None:
    """`set_cookies` judges as a response would be judged; `set_cookie` keeps what it is given."""
    jar.set_cookies([cookie(domain="other.com"), cookie()], SITE)
    assert ["example.com"] == [kept.domain for kept in jar.cookies]
    jar.set_cookie(cookie(domain="other.com"))
    assert ["example.com", "other.com"] == [kept.domain for kept in jar.cookies]


def test_a_dot_before_the_domain_covers_the_names_below(jar: HTTPCookieStorage) -> None:
    """Without a dot a cookie is the host's alone (the open-source URLSession's own cases)."""
    for number, domain in enumerate(("swift.org", ".SWIFT.org", "bugs.swift.org"), 1):
        jar.set_cookie(cookie(f"c{number}", domain=domain))
    asked = {"https://swift.ORG": "c1 c2", "https://CI.swift.ORG": "c2", "https://BUGS.swift.org": "c2 c3",
             "http://example.com": "", "https://superswift.org": ""}
    assert asked == {url: " ".join(kept.name for kept in jar.cookies_for(url)) for url in asked}


def test_one_identity_holds_one_cookie(jar: HTTPCookieStorage) -> None:
    """Name, domain and path replace; an expired cookie removes; deleting asks for the identity alone."""
    jar.set_cookie(cookie(value="1"))
    jar.set_cookie(cookie(value="2", secure=True))
    assert ["2"] == [kept.value for kept in jar.cookies]
    jar.set_cookie(cookie(expires=START))
    assert [] == jar.cookies
    jar.set_cookie(cookie(value="3", secure=True))
    jar.delete_cookie(cookie(value="other"))
    jar.delete_cookie(cookie(value="other"))
    assert [] == jar.cookies
    assert jar.header_for(SITE) is None


def test_a_script_neither_sets_nor_replaces_what_is_for_http_only(jar: HTTPCookieStorage) -> None:
    """Section 5.7, cookies from a "non-HTTP" API: one is ignored where it, or the one it would replace, is for HTTP only."""
    least = {"domain": "example.com", "path": "/"}
    jar.set_cookie(HTTPCookie(least, name="own", value="server", http_only=True))
    jar.set_cookie(HTTPCookie(least, name="own", value="script", set_by_javascript=True))
    jar.set_cookie(HTTPCookie(least, name="new", value="script", set_by_javascript=True, http_only=True))
    jar.set_cookie(HTTPCookie(least, name="plain", value="script", set_by_javascript=True))
    assert [("own", "server"), ("plain", "script")] == [(cookie.name, cookie.value) for cookie in jar.cookies]
    jar.delete_cookie(HTTPCookie(least, name="own", value="", set_by_javascript=True))
    assert ["plain"] == [cookie.name for cookie in jar.cookies]


def test_removing_since_compares_the_time_of_making(jar: HTTPCookieStorage, clock: Hand) -> None:
    """Cookies made after the date go, others stay."""
    jar.set_cookie(cookie("old"))
    clock.today += timedelta(minutes=2)
    jar.set_cookie(cookie("new"))
    jar.remove_cookies_since(START + timedelta(minutes=3))
    assert ["old", "new"] == [kept.name for kept in jar.cookies]
    jar.remove_cookies_since(START + timedelta(minutes=1))
    assert ["old"] == [kept.name for kept in jar.cookies]


def test_a_cookie_with_ports_goes_to_those_alone(jar: HTTPCookieStorage) -> None:
    """Apple's port list."""
    jar.set_cookie(cookie(port="443,8443"))
    asked = {SITE: "a=b", "https://example.com:8443/": "a=b", "https://example.com:8444/": None}
    assert asked == {url: jar.header_for(url) for url in asked}


def test_cookies_are_sorted_by_a_key(jar: HTTPCookieStorage) -> None:
    """`sorted_cookies` takes what `sorted` takes."""
    for name, path in (("A", "/1"), ("B", "/2"), ("C", "/2")):
        jar.set_cookie(cookie(name, path=path))
    assert ["A", "C", "B"] == [kept.name for kept in jar.sorted_cookies(lambda kept: (kept.path, -ord(kept.name)))]
    assert ["C", "B", "A"] == [kept.name for kept in jar.sorted_cookies(lambda kept: kept.name, reverse=True)]


def test_tasks_stand_for_their_requests(jar: HTTPCookieStorage) -> None:
    """The variants for tasks use the current request's URL, main document and partition."""
    task = types.SimpleNamespace(current_request=URLRequest(SITE))
    jar.store_cookies([cookie(), cookie(domain="other.com")], task)
    got: list[list[HTTPCookie]] = []
    jar.get_cookies_for(task, got.append)
    assert [[cookie()]] == got
    task.current_request.cookie_partition_identifier = "https://shop.example"
    jar.store_cookies([cookie(value="c")], task)
    jar.get_cookies_for(task, got.append)
    assert [[cookie()], [cookie(value="c", partition_identifier="https://shop.example")]] == got


def test_every_change_is_told_once(jar: HTTPCookieStorage) -> None:
    """`cookies_changed` is called after a change and not where nothing changed."""
    told: list[int] = []
    jar.cookies_changed.append(lambda storage: told.append(len(storage.cookies)))
    receive(jar, SITE, "a=1", "b=2")
    jar.delete_cookie(cookie("unknown"))
    receive(jar, SITE, "c=3; Secure; Domain=other.com")
    jar.remove_all_cookies()
    assert [2, 0] == told
    assert "<HTTPCookieStorage cookies count:0>" == repr(jar)


def test_there_is_one_shared_storage_and_one_for_each_group() -> None:
    """Threads that ask at once get the same storage."""
    found: list[HTTPCookieStorage] = []
    threads = [threading.Thread(target=lambda: found.append(HTTPCookieStorage.shared)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(HTTPCookieStorage.shared)} == {id(storage) for storage in found}
    group = HTTPCookieStorage.shared_cookie_storage("group")
    assert group is HTTPCookieStorage.shared_cookie_storage("group")
    assert group is not HTTPCookieStorage.shared


def test_ten_thousand_cookies_elsewhere_leave_a_request_its_own(jar: HTTPCookieStorage, clock: Hand) -> None:
    """A request looks at the cookies of its own domains and paths: nothing else in the jar is touched."""
    for number in range(5000):
        jar.set_cookie(cookie(domain=f"host{number}.example.org", expires=START + timedelta(days=1)))
        jar.set_cookie(cookie(path=f"/p{number}", expires=START + timedelta(days=1)))
    looked: list[str] = []
    spied = cookie_storage.is_sent
    try:
        cookie_storage.is_sent = lambda kept, parts: looked.append(kept.path) or spied(kept, parts)
        assert "a=b" == jar.header_for("https://example.com/p7/deep?x")
    finally:
        cookie_storage.is_sent = spied
    assert ["/p7"] == looked


def test_threads_share_a_jar(jar: HTTPCookieStorage) -> None:
    """Storing, sending, listing and removing at once lose nothing and raise nothing."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(100):
                receive(jar, SITE, f"n{number}-{turn}=1", f"gone{number}=1")
                jar.header_for(SITE)
                jar.delete_cookie(cookie(f"gone{number}"))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failures
    assert 400 == len(jar.cookies)


# Public suffixes -----------------------------------------------------------------------------------

def test_the_public_suffix_list_is_asked_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra's list judges domains; without it a name with no dot is a public suffix."""
    class PublicSuffixList:
        def is_public(self, domain: str) -> bool:
            return domain == "co.uk"

    module = types.ModuleType("publicsuffixlist")
    module.PublicSuffixList = PublicSuffixList  # type: ignore[attr-defined]
    kept = []
    for installed in (module, None):
        monkeypatch.setitem(sys.modules, "publicsuffixlist", installed)
        cookie_storage._public_suffix_list.cache_clear()
        jar = HTTPCookieStorage()
        receive(jar, "http://www.example.co.uk/", "a=1; Domain=co.uk", "b=2; Domain=uk", "c=3; Domain=example.co.uk")
        kept.append([c.name for c in jar.cookies])
    cookie_storage._public_suffix_list.cache_clear()
    assert [["b", "c"], ["a", "c"]] == kept


# The file ------------------------------------------------------------------------------------------

def test_lasting_cookies_are_in_the_file_and_no_others(tmp_path: Path, clock: Hand) -> None:
    """A second storage on the file has every member of the lasting cookies; the session's stay in memory."""
    path = tmp_path / "deep" / "cookies.json"
    jar = HTTPCookieStorage(path)
    receive(jar, SITE, "a=1; Max-Age=60; Secure; HttpOnly; SameSite=Lax; Path=/x; Domain=example.com")
    receive(jar, SITE, "s=session", "v; Max-Age=60")
    jar.set_cookie(cookie("p", port="80,81", comment="c", expires=START + timedelta(days=1)))
    again = HTTPCookieStorage(path)
    assert [kept for kept in jar.cookies if kept.name != "s"] == again.cookies
    assert "a=1; v" == again.header_for("https://example.com/x")
    assert "a=1; s=session; v" == jar.header_for("https://example.com/x")
    assert 0o600 == os.stat(path).st_mode & 0o777


def test_storages_of_one_file_see_each_others_changes(tmp_path: Path, clock: Hand) -> None:
    """Changes merge: what one adds, removes or replaces the other sees at its next call, and neither loses its own."""
    one, two = (HTTPCookieStorage(tmp_path / "cookies.json") for _ in range(2))
    receive(one, SITE, "a=1; Max-Age=60", "mine=session")
    receive(two, SITE, "b=2; Max-Age=60")
    assert {"mine=session", "a=1", "b=2"} == set((one.header_for(SITE) or "").split("; "))
    assert "a=1; b=2" == two.header_for(SITE)
    two.delete_cookie(cookie("a"))
    assert {"mine", "b"} == {kept.name for kept in one.cookies}
    clock.today += timedelta(minutes=2)
    receive(one, SITE, "c=3; Max-Age=60")
    assert ["c"] == [kept["Name"] for kept in json.loads((tmp_path / "cookies.json").read_text())["cookies"]]


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three processes set 25 cookies each in one file; all 75 are there."""
    path = tmp_path / "cookies.json"
    program = (
        "import sys; from sessionmock.stores.cookie_storage import HTTPCookieStorage as S; jar = S(sys.argv[1])\n"
        "for n in range(25): jar.store_from_headers('http://example.com/', [('Set-Cookie', f'{sys.argv[2]}{n}=1; Max-Age=600')])"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "abc"]
    assert [0, 0, 0] == [process.wait() for process in running]
    assert {f"{name}{n}" for name in "abc" for n in range(25)} == {kept.name for kept in HTTPCookieStorage(path).cookies}
    assert {"cookies.json", "cookies.json.lock"} == set(os.listdir(tmp_path))


@pytest.mark.parametrize("content", [
    "", "no json", "[]", "{}", '{"format": "other", "cookies": []}', '{"format": "sessionmock cookies 1", "cookies": [{}]}',
    '{"format": "sessionmock cookies 1", "cookies": [5]}', '{"format": "sessionmock cookies 1"}', "[" * 100_000, "\x00",
])
def test_a_file_that_is_no_cookie_file_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    """Opening names the file; nothing is written over it."""
    path = tmp_path / "other.json"
    path.write_text(content)
    with pytest.raises(InvalidArgumentException, match=r"other\.json is no cookie file"):
        HTTPCookieStorage(path)
    assert content == path.read_text()


@pytest.mark.parametrize("damage", [
    lambda path: path.write_text("broken"), lambda path: path.write_text(path.read_text()[:-20]), lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(bytes(1000)), lambda path: path.unlink(),
    lambda path: (path.unlink(), path.mkdir()), lambda path: (path.unlink(), os.mkfifo(path)),
], ids=["other", "cut", "empty", "zeros", "gone", "folder", "FIFO"])
def test_a_file_that_is_damaged_under_an_open_storage_empties_nothing(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """That it is so is said once; requests go on with the cookies that were known."""
    path = tmp_path / "cookies.json"
    jar = HTTPCookieStorage(path)
    receive(jar, SITE, "a=1; Max-Age=60", "s=2")
    damage(path)
    with pytest.warns(RuntimeWarning, match=r"cookies\.json is no cookie file any more"):
        assert "a=1; s=2" == jar.header_for(SITE)
    assert "a=1; s=2" == jar.header_for(SITE)


def test_the_next_change_writes_what_was_known_over_a_damaged_file(tmp_path: Path) -> None:
    """The change may be what meets the damage."""
    path = tmp_path / "cookies.json"
    jar = HTTPCookieStorage(path)
    receive(jar, SITE, "a=1; Max-Age=60")
    path.write_text("broken")
    with pytest.warns(RuntimeWarning, match="no cookie file any more"):
        receive(jar, SITE, "b=3; Max-Age=60")
    assert ["a", "b"] == [kept.name for kept in HTTPCookieStorage(path).cookies]


def test_a_file_of_another_kind_is_refused_at_once(tmp_path: Path) -> None:
    """Nobody waits for what comes out of a FIFO."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a FIFO"), (Path(os.devnull), "a device"), (tmp_path, "a folder")):
        with pytest.raises(InvalidArgumentException, match=what):
            HTTPCookieStorage(path)


# Partitions ----------------------------------------------------------------------------------------

SHOP, NEWS = "https://shop.example", "https://news.example"


def test_a_partition_has_cookies_of_its_own(jar: HTTPCookieStorage) -> None:
    """Requests of one partition get what requests of it have set, and requests of none likewise (CHIPS)."""
    for partition, value in ((SHOP, "1"), (NEWS, "2"), (None, "3")):
        jar.store_from_headers(SITE, [("Set-Cookie", f"a={value}")], partition_identifier=partition)
    assert ["a=1", "a=2", "a=3", None] == [jar.header_for(SITE, partition_identifier=each) for each in (SHOP, NEWS, None, "other")]
    assert [SHOP] == [kept.partition_identifier for kept in jar.cookies_for(SITE, SHOP)]
    jar.delete_cookie(jar.cookies_for(SITE, NEWS)[0])
    assert [(SHOP, "1"), (None, "3")] == [(kept.partition_identifier, kept.value) for kept in jar.cookies]


def test_a_secure_cookie_of_another_partition_covers_nothing(jar: HTTPCookieStorage) -> None:
    """They never go with the same request (5.7, step 16)."""
    jar.store_from_headers(SITE, [("Set-Cookie", "a=1; Secure")], partition_identifier=SHOP)
    for partition in (SHOP, NEWS):
        jar.store_from_headers("http://example.com/", [("Set-Cookie", "a=2")], partition_identifier=partition)
    assert ["a=1", "a=2"] == [jar.header_for(SITE, partition_identifier=each) for each in (SHOP, NEWS)]


def test_partitions_are_in_the_file(tmp_path: Path) -> None:
    """A second storage on it tells them apart."""
    jar = HTTPCookieStorage(tmp_path / "cookies.json")
    for partition in (SHOP, None):
        jar.store_from_headers(SITE, [("Set-Cookie", f"a={partition is None}; Max-Age=60")], partition_identifier=partition)
    again = HTTPCookieStorage(tmp_path / "cookies.json")
    assert ["a=False", "a=True"] == [again.header_for(SITE, partition_identifier=each) for each in (SHOP, None)]
    assert jar.cookies == again.cookies


def test_a_folder_that_goes_away_costs_the_file_alone(tmp_path: Path) -> None:
    """Cookies are then kept in memory."""
    path = tmp_path / "folder" / "cookies.json"
    jar = HTTPCookieStorage(path)
    os.rmdir(path.parent)
    receive(jar, SITE, "a=1; Max-Age=60")
    assert "a=1" == jar.header_for(SITE)
    assert not path.parent.exists()
