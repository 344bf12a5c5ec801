"""The one list of options: what pytest is told of them, what the ini file and the mark may say, and what follows for a test."""
from __future__ import annotations

import inspect

import pytest
from pytest_sessionmock import settings
from pytest_sessionmock.settings import MARKER, OPTIONS, Option, of_ini, options_of, settings_of

from sessionmock import CassetteDefaults, CassetteOptions, CassetteRoute
from sessionmock.routes.cassette import Order

from .conftest import Inner

WITH_CHOICES = [option for option in OPTIONS if option.choices]


def ids(option: object) -> str | None:
    return option.name if isinstance(option, Option) else None


def test_names_are_there_once() -> None:
    """Each option has a name of its own and a place where it can be said."""
    assert len(OPTIONS) == len({option.name for option in OPTIONS})
    assert [] == [option.name for option in OPTIONS if not (option.in_mark or option.in_ini)]


@pytest.mark.parametrize("option", WITH_CHOICES, ids=ids)
def test_what_is_taken_without_a_word_is_a_choice(option: Option) -> None:
    """A default is one of the choices, and its help says so; an option without a default names none."""
    assert option.default in ("", *option.choices)
    assert (option.default != "") == ("(default)" in option.help)
    assert [] == [choice for choice in option.choices if choice not in option.help]


def test_the_help_of_pytest_is_the_lists(inner: Inner) -> None:
    """`--help` shows each name of the ini file with its help, and `--markers` the mark with its arguments."""
    text = " ".join(inner.run("--help").stdout.str().split())
    assert [] == [option.name for option in of_ini() if f"{option.ini_name} " not in text or option.help.split()[-1] not in text]
    assert MARKER.split()[-1] in inner.run("--markers").stdout.str()
    assert [] == [option.name for option in OPTIONS if option.in_mark and f"{option.name} is {option.help};" not in MARKER]


@pytest.mark.parametrize("option", [option for option in WITH_CHOICES if option.in_ini], ids=ids)
def test_the_ini_file_takes_the_choices_and_no_others(inner: Inner, option: Option) -> None:
    """Each choice is taken; another word is misuse that names them."""
    inner.write("", test_it="def test_it(): pass")
    for choice in option.choices:
        assert 0 == inner.run("-o", f"{option.ini_name}={choice}").ret
    result = inner.run("-o", f"{option.ini_name}=perhaps")
    assert 4 == result.ret
    result.stderr.fnmatch_lines([f"*{option.ini_name} = 'perhaps' in the ini file: choose from {', '.join(option.choices)}"])


@pytest.mark.parametrize("words", ["httpx=perhaps", "max_age=soon", "max_age=1.5h"])
def test_the_ini_file_takes_no_value_that_is_none(inner: Inner, words: str) -> None:
    """What is no truth value and no age is misuse."""
    assert 4 == inner.run("-o", f"sessionmock_{words}").ret


@pytest.mark.parametrize(("age", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("5s", 5), ("3600", 3_600)])
def test_ages(inner: Inner, age: str, seconds: int) -> None:
    """An age is a number of seconds, minutes, hours or days."""
    config = inner.config("-o", f"sessionmock_max_age={age}")
    assert {"max_age": seconds} == settings.cassette_options(config)


MODULE = """
import pytest

pytestmark = pytest.mark.sessionmock(route="cassette", leaks="allow")

@pytest.mark.sessionmock(mode="once", leaks="fail")
def test_near(): pass

@pytest.mark.sessionmock(route="script")
def test_script(): pass

@pytest.mark.sessionmock(cassette="a.yaml")
def test_far(): pass
"""


def test_an_option_that_nothing_obeys_is_misuse(inner: Inner) -> None:
    """What says how to record, where nothing records."""
    inner.write("", test_it="def test_it(): pass")
    result = inner.run("--sessionmock-record-all")
    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*--sessionmock-record-all says what --sessionmock=record does: give both"])


IN_CI = """
import pytest

@pytest.mark.sessionmock(mode="once")
def test_once(sessionmock):
    with sessionmock.cassette("block", mode="new_episodes") as route: print("block:", route.mode.value)

@pytest.mark.sessionmock(route="record")
def test_record(): pass

def test_unmarked(): pass
"""


@pytest.mark.parametrize(("arguments", "once", "record", "unmarked"), [
    ((), ("cassette", "none"), ("cassette", "none"), ("live", "none")),
    (("--sessionmock=record",), ("record", "all"), ("record", "all"), ("live", "all")),
    (("--sessionmock=record", "--sessionmock-record-all"), ("record", "all"), ("record", "all"), ("record", "all")),
    (("-o", "sessionmock_route=record"), ("cassette", "none"), ("record", "all"), ("record", "all")),
    (("-o", "sessionmock_mode=once"), ("cassette", "once"), ("cassette", "once"), ("live", "once")),
    (("-c", "record.ini"), ("cassette", "none"), ("cassette", "none"), ("cassette", "none")),
])
def test_in_ci_nothing_records_but_by_the_command_line(
        inner: Inner, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], once: object, record: object, unmarked: object) -> None:
    """A mark's mode or route, and the ini file's, replay alone there; `--sessionmock` and `-o` are a person's word."""
    monkeypatch.setenv("CI", "true")
    inner.write("", test_it=IN_CI)
    (inner.path / "record.ini").write_text("[pytest]\nsessionmock_route = record\n")
    items = inner.items(*arguments)
    found = [(item, settings_of(item)) for item in items]
    assert [once, record, unmarked] == [(one.route, options_of(item, one.mark, one.route)["mode"]) for item, one in found]
    result = inner.run("-s", "-k", "once", *arguments)
    result.stdout.fnmatch_lines([f"*block: {'all' if '--sessionmock=record' in arguments else 'none'}"])


@pytest.mark.parametrize(("arguments", "near", "script", "far"), [
    ((), ("cassette", "once"), ("script", "none"), ("cassette", "none")),
    (("--sessionmock=record",), ("record", "all"), ("script", "all"), ("record", "all")),
    (("--sessionmock=verify",), ("verify", "verify"), ("script", "verify"), ("verify", "verify")),
    (("--sessionmock=cassette",), ("cassette", "none"), ("script", "none"), ("cassette", "none")),
])
def test_what_applies_to_a_test(inner: Inner, arguments: tuple[str, ...], near: object, script: object, far: object) -> None:
    """The command line goes before marks, the nearest mark before others, these before the ini file; a script stays one."""
    inner.write("", test_it=MODULE)
    items = inner.items(*arguments)
    found = [settings_of(item) for item in items]
    modes = [options_of(item, one.mark, one.route)["mode"] for item, one in zip(items, found, strict=True)]
    assert [near, script, far] == list(zip([one.route for one in found], modes, strict=True))
    assert [None, None, "a.yaml"] == [one.mark.get("cassette") for one in found]
    assert ["fail", "allow", "allow"] == [one.leaks for one in found]
    assert all(one.chosen for one in found)


def test_what_a_cassette_route_takes_is_an_option_everywhere() -> None:
    """A keyword of CassetteRoute is one of CassetteOptions, and the mark, the ini file and the fixture take it."""
    taken = {name for name, parameter in inspect.signature(CassetteRoute).parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
    assert taken - {"live"} == set(CassetteOptions.__annotations__)
    assert taken - {"live"} | {"mode"} == set(CassetteDefaults.__annotations__) == {option.name for option in OPTIONS if option.of_cassettes}
    assert all(option.in_mark for option in OPTIONS if option.of_cassettes)


@pytest.mark.parametrize(("said", "ini", "value"), [
    ({"match_on": ["method", "uri"]}, "match_on=method uri", ["method", "uri"]),
    ({"order": Order.STRICT}, "order=strict", "strict"),
    ({"allow_playback_repeats": True}, "allow_playback_repeats=true", True),
    ({"speed": 2}, "speed=2", 2.0),
    ({"filter": ["x-a", "x-b"]}, "filter=x-a x-b", ["x-a", "x-b"]),
    ({"filter": False}, "filter=false", False),
    ({"max_age": 2_592_000}, "max_age=30d", 2_592_000),
    ({"max_age": "30d"}, "max_age=30d", 2_592_000),
    ({"on_expiry": "fail"}, "on_expiry=fail", "fail"),
    ({"trim": "true"}, "trim=true", True),
    ({"ignore": ("headers.x-*",)}, "ignore=headers.x-*", ["headers.x-*"]),
    ({"refresh": True}, "refresh=true", True),
    ({"match": "aws"}, "match=aws", "aws"),
    ({"pass_through": ["localhost", "*.internal"]}, "pass_through=localhost *.internal", ["localhost", "*.internal"]),
    ({"mode": "once"}, "mode=once", "once"),
], ids=str)
def test_an_option_of_cassettes_is_read_alike_wherever_it_stands(inner: Inner, said: dict[str, object], ini: str, value: object) -> None:
    """A value in a mark, a fixture or a call is the same as text, and as text in the ini file."""
    name, = said
    assert {name: value} == settings.cassette_options(inner.config("-o", f"sessionmock_{ini}"))
    assert {name: value} == settings.read_cassette_options(said, "here")


def test_the_nearest_word_counts(inner: Inner) -> None:
    """A call goes before the mark, the mark before the fixture, that of the class before that of conftest.py, and all before the ini
    file; wherever the fixture is defined, and of whatever scope, it is there before anything is sent."""
    inner.pytester.makeini("[pytest]\nsessionmock_speed = 1\nsessionmock_order = strict\nsessionmock_trim = true\nsessionmock_max_age = 1d")
    inner.pytester.makeconftest("""
import pytest
from sessionmock import CassetteDefaults

@pytest.fixture(scope="session")
def sessionmock_options(sessionmock_options) -> CassetteDefaults:
    return {**sessionmock_options, "speed": 2, "mode": "once", "max_age": 60}
""")
    inner.write(test_it="""
pytestmark = pytest.mark.sessionmock(route="cassette")

def said(route):
    return route.speed, route.trim, route.max_age, route.mode.value, route.allow_playback_repeats

def test_conftest(sessionmock):
    assert (2, True, 60, "once", False) == said(sessionmock.route)

@pytest.mark.sessionmock(mode="none", max_age="2h")
class TestClass:
    @pytest.fixture
    def sessionmock_options(self, sessionmock_options):
        return {**sessionmock_options, "speed": 3, "allow_playback_repeats": True}

    def test_class(self, sessionmock):
        assert (3, True, 7200, "none", True) == said(sessionmock.route)
        with sessionmock.cassette("other", "new_episodes", speed=4) as route:
            assert (4, True, 7200, "new_episodes", True) == said(route)

    def test_at_run_time(self, request):
        assert (3, True, 7200, "none", True) == said(request.getfixturevalue("sessionmock").route)

@pytest.mark.parametrize("sessionmock_options", [{"speed": 5}])
@pytest.mark.sessionmock(mode="none", max_age=None)
def test_parametrized(sessionmock, sessionmock_options):
    assert (5, True, None, "none", False) == said(sessionmock.route)

@pytest.fixture(scope="module")
def wide():
    with URLSession(URLSessionConfiguration.ephemeral()) as session, pytest.raises(URLError, match="cannot connect"):     # and not a miss
        session.data("http://127.0.0.1:9/").result()

def test_wide(wide): pass
""")
    result = inner.run("-p", "no:randomly")
    result.assert_outcomes(passed=5, failed=0)


def test_a_name_of_the_ini_file_that_is_none_is_refused(inner: Inner) -> None:
    """In the file and by -o, with the nearest name."""
    inner.write("", test_it="def test_it(): pass")
    for arguments in (("-o", "sessionmock_leak=1"), ()):
        result = inner.run(*arguments)
        assert 4 == result.ret
        result.stderr.fnmatch_lines(["*sessionmock_leak in the ini file is no option of sessionmock: did you mean 'sessionmock_leaks'?"])
        inner.pytester.makeini("[pytest]\nsessionmock_leak = 1")


def test_a_typo_in_a_test_is_refused(inner: Inner) -> None:
    """In a mark, a fixture and a call alike, with the nearest name; a value that is none says what is."""
    inner.write(test_it="""
@pytest.mark.sessionmock(route="cassette", mach_on=["uri"])
def test_mark(): pass

@pytest.mark.sessionmock(route="cassette", speed="fast")
def test_value(): pass

@pytest.mark.sessionmock(route="cassette")
@pytest.mark.parametrize("sessionmock_options", [{"alow_playback_repeats": True}, {"order": "any how"}, ["order"]])
def test_fixture(sessionmock_options): pass

def test_call(sessionmock):
    with sessionmock.cassette("a", max_ages=3): pass
""")
    result = inner.run("-p", "no:randomly")
    result.assert_outcomes(errors=2, failed=4)
    result.stdout.fnmatch_lines([
        "*@pytest.mark.sessionmock has no option 'mach_on': did you mean 'match_on'?",
        "*@pytest.mark.sessionmock(speed='fast'): give a number*",
        "*the fixture sessionmock_options has no option 'alow_playback_repeats': did you mean 'allow_playback_repeats'?",
        "*the fixture sessionmock_options: order='any how': choose from any, per_url, strict",
        "*the fixture sessionmock_options is *order*: give a dict of options",
        "*sessionmock.cassette() has no option 'max_ages': did you mean 'max_age'?",
    ])
