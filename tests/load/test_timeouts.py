"""Time-outs: what counts, what does not, and whether the engine counts the load."""
from __future__ import annotations

from typing import Any

import pytest

from sessionmock.clock import SECOND
from sessionmock.core.machine import ASKING, Event, Phase
from sessionmock.errors import Code
from sessionmock.load.timeouts import Timeouts
from sessionmock.models.request import URLRequest

from .doubles import URL, Parts

WEEK = 7 * 24 * 3600


class Timed:
    """A load that is timed: its parts, and its time-outs, which adjust themselves after each turn."""

    def __init__(self, phase: Phase = Phase.LOADING, *, eager: bool = True, limit: float | None = None, opened: bool = True,
                 begins: float = 0, **settings: Any) -> None:
        request = URLRequest(URL) if limit is None else URLRequest(URL, timeout_interval=limit)
        self.parts = parts = Parts(request=request, **settings)
        self.timeouts = Timeouts(parts.context, parts.inbox, parts.transfer, eager)
        self.timeouts.begins_at = int(begins * SECOND)
        parts.owner.on["adjust"] = self.timeouts.adjust
        parts.owner.on["FAIL"] = lambda error: parts.inbox.settle()
        self.engine, self.machine, self.inbox = parts.engine, parts.machine, parts.inbox
        parts.runs(phase)
        if opened:
            parts.sink()
        if phase not in (Phase.DELAYED, Phase.BEGINNING):
            self.timeouts.started_at = 0
        self.turn()

    def turn(self) -> None:
        self.inbox.nudge()
        self.engine.run()

    def let_pass(self, seconds: float) -> Timed:
        self.engine.let_pass(seconds)
        return self

    @property
    def over(self) -> float | None:
        """The second in which it timed out; None while it has not."""
        found = [note for note in self.parts.owner.notes if note[0] in ("FAIL", "SUCCEED")]
        if not found:
            return None
        assert found[0][1] is None or Code.TIMED_OUT is found[0][1].code
        return self.engine.clock.now() / SECOND


def ends_after(timed: Timed, seconds: float) -> bool:
    """Whether it goes on for nearly `seconds` and ends with them."""
    return (timed.let_pass(seconds - 0.001).over, timed.let_pass(0.001).over is not None) == (None, True)


# limits ------------------------------------------------------------------------------------------------------------------
def test_the_idle_limit() -> None:
    """A minute without a move ends a load with -1001 (I16), and the timer is gone with it."""
    timed = Timed()
    assert ends_after(timed, 60)
    assert ([], 60 * SECOND) == (timed.engine.enlisted, timed.engine.clock.now())
    assert timed.let_pass(WEEK).parts.owner.names().count("FAIL") == 1


def test_each_move_starts_the_idle_limit_again() -> None:
    """It is counted from the last move, however often there is one."""
    timed = Timed()
    for _ in range(5):
        assert timed.let_pass(50).over is None
        timed.inbox.moved()
    assert ends_after(timed, 60)


def test_the_configurations_limit_and_the_requests_own() -> None:
    """The request's own limit goes before the configuration's, whether it is longer or shorter."""
    assert ends_after(Timed(timeout_interval_for_request=7), 7)
    assert ends_after(Timed(limit=90), 90)
    assert ends_after(Timed(limit=5, timeout_interval_for_request=7), 5)


def test_the_limit_for_the_whole() -> None:
    """A load that moves for ever ends with its resource limit, counted from its first request."""
    timed = Timed(timeout_interval_for_resource=100)
    for _ in range(9):
        timed.let_pass(11)
        timed.inbox.moved()
    assert (None, 99 * SECOND) == (timed.over, timed.engine.clock.now())
    assert timed.let_pass(1).over is not None


def test_waiting_for_a_network_ends_with_the_limit_for_the_whole_alone() -> None:
    """No idle limit runs while there is no network."""
    assert ends_after(Timed(Phase.WAITING, opened=False, timeout_interval_for_resource=200), 200)


# what does not count -------------------------------------------------------------------------------------------------------
def test_suspended_time_does_not_count() -> None:
    """The idle limit stands still meanwhile, and goes on where it stood (I2)."""
    timed = Timed()
    timed.let_pass(20)
    timed.inbox.suspend()
    timed.let_pass(1000)
    timed.inbox.suspend()
    timed.let_pass(1000)
    timed.inbox.resume()
    assert timed.let_pass(1000).over is None
    timed.inbox.resume()
    assert ends_after(timed, 40)


def test_suspended_time_counts_for_the_whole() -> None:
    """The limit for the whole is one from the start, whatever happens in between (I16)."""
    timed = Timed(timeout_interval_for_resource=100)
    timed.let_pass(20)
    timed.inbox.suspend()
    assert ends_after(timed, 80)


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.DECIDING, Phase.RECEIVING, Phase.CACHING, Phase.BEGINNING])
def test_a_delegate_at_work_does_not_count(phase: Phase) -> None:
    """Nor does one that has a callback before it in its queue: the limit begins with the answer."""
    timed = Timed(phase, opened=phase in (Phase.LOADING, Phase.DECIDING, Phase.RECEIVING))
    question = timed.machine.ask("data_task_did_receive_data")
    timed.turn()
    assert timed.let_pass(1000).over is None
    timed.parts.callbacks.leave_to_delegate(question)
    assert timed.let_pass(59).over is None


@pytest.mark.parametrize("phase", sorted(ASKING))
def test_a_delegate_that_has_left_its_answer_for_later_counts(phase: Phase) -> None:
    """From the moment that it left: whoever is asked keeps the load waiting, and perhaps a peer."""
    timed = Timed(phase, opened=False)
    question = timed.machine.ask("task_did_receive_challenge")
    timed.turn()
    timed.let_pass(30)
    timed.parts.callbacks.leave_to_delegate(question)
    assert ends_after(timed, 60)


def test_a_coroutine_that_is_no_answer_does_not_count() -> None:
    """Who takes a piece of the body may take as long as it likes."""
    timed = Timed(Phase.RECEIVING)
    question = timed.machine.ask("data_task_did_receive_data")
    question.left = True
    assert timed.let_pass(1000).over is None
    timed.parts.callbacks.go_on(question)
    assert ends_after(timed, 60)


def test_a_reader_that_does_not_read_does_not_count() -> None:
    """A hold is nobody's question."""
    timed = Timed(Phase.RECEIVING)
    question = timed.parts.callbacks.hold()
    assert timed.let_pass(1000).over is None
    timed.parts.callbacks.go_on(question)
    assert ends_after(timed, 60)


# delayed tasks ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("asks", [False, True])
def test_a_delayed_task_is_due_at_its_time(asks: bool) -> None:
    """However far that is; no limit runs before it, and from then on the delegate that is asked has the idle limit."""
    timed = Timed(Phase.DELAYED, opened=False, begins=2 * WEEK, timeout_interval_for_resource=1)
    if asks:
        timed.parts.owner.on["ASK_DELAYED"] = lambda _: timed.parts.callbacks.leave_to_delegate(timed.machine.ask("task_will_begin_delayed_request"))
    assert (Phase.DELAYED, [True]) == (timed.let_pass(2 * WEEK - 0.001).machine.phase, timed.engine.enlisted)
    assert (Phase.BEGINNING, [True] if asks else []) == (timed.let_pass(0.001).machine.phase, timed.engine.enlisted)
    assert timed.let_pass(59).over is None
    assert (timed.let_pass(1).over is not None) is asks


# the engine's count ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("phase", "opened", "postponed", "question", "counted"), [
    (Phase.CREATED, False, False, False, False),
    (Phase.DELAYED, False, False, False, True),
    (Phase.WAITING, False, False, False, True),
    (Phase.LOADING, True, False, False, True),
    (Phase.LOADING, False, True, False, True),       # suspended before its request was sent
    (Phase.LOADING, False, False, False, False),
    (Phase.DECIDING, False, False, True, True),
    (Phase.CACHING, False, False, True, True),
    (Phase.CACHING, False, False, False, False),
    (Phase.COMPLETING, True, False, True, False),
])
def test_which_loads_are_counted(phase: Phase, opened: bool, postponed: bool, question: bool, counted: bool) -> None:
    """One that an exchange, a question, a date or a network keeps waiting is, and no other."""
    timed = Timed(phase, opened=opened)
    if postponed:
        timed.inbox.postpone(timed.turn)
        timed.machine.suspensions = 1
    if question:
        timed.machine.ask("task_did_receive_challenge")
    timed.turn()
    assert ([True] if counted else []) == timed.engine.enlisted


def test_an_exchange_that_has_ended_needs_no_engine() -> None:
    """What it brought waits for a delegate, or for nobody."""
    timed = Timed(Phase.RECEIVING)
    assert [True] == timed.engine.enlisted
    assert timed.inbox.sink is not None
    timed.inbox.sink.ended = True
    timed.turn()
    assert [] == timed.engine.enlisted


def test_a_load_is_counted_once() -> None:
    """However many turns it has, and no longer when it has ended."""
    timed = Timed()
    for _ in range(3):
        timed.turn()
    assert [True] == timed.engine.enlisted
    timed.machine.phase = Phase.COMPLETING
    timed.turn()
    timed.turn()
    assert [] == timed.engine.enlisted


@pytest.mark.parametrize(("eager", "how"), [(True, "post_eager"), (False, "post")])
def test_who_is_about_to_wait_is_not_hurried(eager: bool, how: str) -> None:
    """The engine is told of a load that nobody is about to wait for at once; the end of either is."""
    timed = Timed(Phase.CREATED, eager=eager, opened=False)
    timed.machine.phase = Phase.WAITING
    timed.inbox.nudge()
    assert [how] == timed.engine.given()
    timed.engine.run()
    assert [eager] == timed.engine.enlisted
    timed.machine.phase = Phase.COMPLETING
    timed.inbox.nudge()
    assert ["post_eager"] == timed.engine.given()


def test_on_the_engine_it_is_counted_at_once() -> None:
    """No call is given where the engine runs the turn."""
    timed = Timed(Phase.CREATED, opened=False)
    timed.machine.phase, timed.engine.here = Phase.WAITING, True
    timed.inbox.nudge()
    assert ([], [True]) == (timed.engine.given(), timed.engine.enlisted)


def test_a_load_becomes_eager_once() -> None:
    """Before it is counted, it is counted so; after that the engine is told; one that is eager already is left alone."""
    early, late, eager = (Timed(Phase.CREATED, eager=each, opened=False) for each in (False, False, True))
    early.timeouts.hasten()
    for timed in (early, late, eager):
        timed.machine.phase = Phase.WAITING
        timed.turn()
    assert ([True], 0) == (early.engine.enlisted, early.engine.hastened)
    for timed in (early, late, eager):
        timed.timeouts.hasten()
        timed.timeouts.hasten()
        timed.engine.run()
    assert [([True], 0), ([True], 1), ([True], 0)] == [(each.engine.enlisted, each.engine.hastened) for each in (early, late, eager)]
    late.machine.phase = Phase.COMPLETING
    late.turn()
    assert [] == late.engine.enlisted


def test_what_is_over_before_the_engine_came_to_it_is_not_counted() -> None:
    """The engine looks at where the load is when it comes to it, and not at where it was."""
    timed = Timed(Phase.CREATED, opened=False)
    timed.machine.phase = Phase.WAITING
    timed.inbox.nudge()
    timed.machine.phase = Phase.COMPLETING
    timed.inbox.nudge()
    assert 2 == len(timed.engine.calls)
    timed.engine.run()
    assert [] == timed.engine.enlisted


def test_the_engine_may_come_late_several_times() -> None:
    """A load that was parked, went on and was parked again before the engine looked is counted once."""
    timed = Timed(Phase.CREATED, opened=False)
    for phase in (Phase.WAITING, Phase.LOADING, Phase.WAITING):
        timed.machine.phase = phase
        timed.inbox.nudge()
    timed.engine.run()
    assert [True] == timed.engine.enlisted


def test_a_load_that_has_ended_leaves_no_timer_behind() -> None:
    """Not the one that was set when it last looked, either."""
    timed = Timed()
    timed.let_pass(50)
    timed.inbox.moved()
    timed.let_pass(50)
    timed.machine.phase = Phase.COMPLETING
    timed.turn()
    assert [] == [timer for _, _, timer in timed.engine.clock._timers if timer.call is not None]


def test_a_timer_that_rings_after_the_end_does_nothing() -> None:
    """The load was ended on another thread, and the engine has not heard of it yet."""
    timed = Timed()
    timed.machine.phase = Phase.COMPLETING
    timed.inbox.nudge()
    timed.engine.calls, calls = type(timed.engine.calls)(), timed.engine.calls
    assert timed.let_pass(1000).over is None
    timed.engine.calls = calls
    timed.engine.run()
    assert [] == timed.engine.enlisted


def test_a_forked_child_has_no_timer() -> None:
    """It is the parent's, on the parent's engine."""
    timed = Timed(eager=False)
    timed.timeouts.orphan()
    assert timed.let_pass(1000).over is None
    timed.timeouts.hasten()
    timed.engine.run()
    assert 0 == timed.engine.hastened


def test_a_time_out_is_met_once_and_in_a_turn() -> None:
    """Where somebody is inside the inbox, it is left to them."""
    timed = Timed()
    with timed.inbox._door:
        timed.let_pass(60)
        assert timed.over is None
    timed.inbox.pump()
    assert timed.over == 60.0
    assert Event.TIMED_OUT not in [note[1] for note in timed.parts.owner.notes if note[0] == "take"]
