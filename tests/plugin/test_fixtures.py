"""The fixtures: what the controller says, and what a factory's sessions are."""
from __future__ import annotations

from .conftest import Inner


def test_each_test_has_a_controller_of_its_own(inner: Inner) -> None:
    """Its mode, script and trace are those of this test."""
    inner.write(test_it="""
seen = []

@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.sessionmock(route="script")
def test_it(sessionmock, url_session, turn):
    assert "script" == sessionmock.mode
    assert [] == sessionmock.trace.exchanges
    assert not any(sessionmock.script is other for other in seen)
    seen.append(sessionmock.script.answer(body="hi"))
    url_session().data(URL).result()
    assert 1 == len(sessionmock.trace.exchanges)
""")
    inner.run().assert_outcomes(passed=2)


def test_a_block_may_take_another_cassette(inner: Inner) -> None:
    """A block's cassette gives way at its end to what was in force before."""
    inner.write(test_it="""
@pytest.mark.sessionmock(route="script")
def test_it(sessionmock):
    before = sessionmock.route
    with sessionmock.cassette("a.yaml", mode="once") as outer:
        with sessionmock.cassette(allow_playback_repeats=True) as inner:
            assert inner is sessionmock.route and inner.allow_playback_repeats
            assert "test_it.yaml" == inner.path.name
        assert outer is sessionmock.route and outer.mode.value == "once"
    assert before is sessionmock.route
""")
    inner.run().assert_outcomes(passed=1)


def test_under_live_a_block_is_live(inner: Inner) -> None:
    """--sessionmock=live puts no cassette in force."""
    inner.write(test_it="""
def test_it(sessionmock):
    with sessionmock.cassette("a.yaml") as route:
        assert route is sessionmock.route
        assert route.is_live
""")
    inner.run("--sessionmock=live").assert_outcomes(passed=1)
