"""The inbox of a load: what it takes, when, in which order and on whose thread."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sessionmock.core.machine import Event, Phase
from sessionmock.errors import Code, URLError
from sessionmock.load import inbox as inbox_module

from .doubles import URL, Parts


@pytest.fixture
def parts() -> Parts:
    made = Parts()
    made.runs()
    return made


def taken(parts: Parts) -> list[Any]:
    """What the owner was given, instructions too."""
    return [note[1:] if note[0] == "take" else note[0] for note in parts.owner.notes if note[0] != "adjust"]


# what holds events back ------------------------------------------------------------------------------------------------
def test_events_come_at_once_and_in_order(parts: Parts) -> None:
    """Where nothing holds them back each is taken where it is brought, and the owner adjusts itself after each turn."""
    sink = parts.sink()
    for number in range(3):
        parts.inbox.bring(sink, Event.SENT, number)
    assert [("take", Event.SENT, 0), ("adjust",), ("take", Event.SENT, 1), ("adjust",), ("take", Event.SENT, 2), ("adjust",)] == parts.owner.notes


def test_events_wait_for_a_question(parts: Parts) -> None:
    """While a callback is out the exchange's events wait, and come in order after it."""
    sink = parts.sink()
    question = parts.machine.ask("data_task_did_receive_response")
    parts.inbox.bring(sink, Event.DATA, b"one")
    parts.inbox.bring(sink, Event.END, [])
    assert [] == parts.owner.names()
    parts.machine.answer(question)
    parts.inbox.pump()
    assert [(Event.DATA, b"one"), (Event.END, [])] == taken(parts)


def test_events_wait_while_suspended(parts: Parts) -> None:
    """Of a suspended task nothing is taken until as many resumes; the surplus one changes nothing (I2)."""
    sink = parts.sink()
    parts.inbox.suspend()
    parts.inbox.suspend()
    parts.inbox.bring(sink, Event.DATA, b"one")
    parts.inbox.resume()
    assert [] == parts.owner.names()
    parts.inbox.resume()
    parts.inbox.resume()
    assert [(Event.DATA, b"one")] == taken(parts)


def test_the_owner_adjusts_itself_when_the_task_is_stopped() -> None:
    """At once, though nothing comes; and the first resume is met, which starts the load (I1)."""
    parts = Parts()
    parts.inbox.suspend()
    assert [("adjust",)] == parts.owner.notes
    parts.inbox.resume()
    assert [("adjust",)] == parts.owner.notes
    parts.inbox.resume()
    assert [("adjust",), ("OPEN", None), ("adjust",)] == parts.owner.notes


def test_a_question_that_an_event_raises_holds_the_next_one_back(parts: Parts) -> None:
    """What is asked in a turn holds back what was brought before it was asked."""
    sink = parts.sink()
    sink.corked = True
    parts.owner.on["take"] = lambda event, payload: parts.machine.ask("task_did_send_body_data")
    parts.inbox.bring(sink, Event.SENT, 1)
    parts.inbox.bring(sink, Event.SENT, 2)
    parts.inbox.pump()
    assert [(Event.SENT, 1)] == taken(parts)


def test_instructions_go_before_events(parts: Parts) -> None:
    """An instruction that was given while events waited is followed first, and while a question is out too."""
    sink = parts.sink()
    question = parts.machine.ask("data_task_did_receive_response")
    parts.inbox.bring(sink, Event.DATA, b"one")
    parts.inbox.instruct(lambda: parts.owner.note("instruction"))
    assert ["instruction"] == taken(parts)

    def answer() -> None:
        parts.machine.answer(question)
        parts.inbox.instruct(lambda: parts.owner.note("later instruction"))

    parts.inbox.instruct(answer)
    assert ["instruction", "later instruction", (Event.DATA, b"one")] == taken(parts)


def test_instructions_are_followed_while_suspended(parts: Parts) -> None:
    """What is asked of a suspended task itself, as its cancellation, does not wait."""
    parts.inbox.suspend()
    parts.inbox.instruct(lambda: parts.owner.note("instruction"))
    assert ["instruction"] == taken(parts)


# which events count ----------------------------------------------------------------------------------------------------
def test_events_of_an_exchange_that_was_given_up_are_passed_over(parts: Parts) -> None:
    """Only the present exchange counts, however late the others are."""
    old, new = parts.sink(), parts.sink()
    parts.inbox.bring(old, Event.DATA, b"old")
    parts.inbox.bring(new, Event.DATA, b"new")
    assert [(Event.DATA, b"new")] == taken(parts)


def test_what_was_handed_out_is_consumed_as_the_load_goes_on(parts: Parts) -> None:
    """A piece counts as held until the next event is taken."""
    sink = parts.sink()
    sink.taken = 7
    parts.inbox.bring(sink, Event.SENT, 1)
    assert (7, 0) == (sink.consumed, sink.taken)


def test_an_event_that_is_put_comes_after_those_before_it(parts: Parts) -> None:
    """`put` is for within a turn: it waits its turn, and what is put back comes before all others."""
    sink = parts.sink()

    def take(event: Event, payload: Any) -> None:
        if payload == 1:
            parts.inbox.put(sink, Event.SENT, 3)
            parts.inbox.put_back(Event.SENT, 2)

    parts.owner.on["take"] = take
    parts.inbox.bring(sink, Event.SENT, 1)
    assert [1, 2, 3] == [payload for _, payload in taken(parts)]


def test_a_corked_sink_brings_all_in_one_turn(parts: Parts) -> None:
    """What comes between cork and uncork is taken by one turn, at the uncorking."""
    sink = parts.sink()
    sink.cork()
    parts.inbox.bring(sink, Event.DATA, b"one")
    parts.inbox.bring(sink, Event.END, [])
    assert [] == parts.owner.notes
    sink.uncork()
    assert ["take", "take", "adjust"] == [note[0] for note in parts.owner.notes]


def test_pieces_that_lie_ahead_come_before_further_events(parts: Parts) -> None:
    """The decoded pieces of one event are handed out before the next event, and stand still with the task."""
    sink = parts.sink()

    def take(event: Event, payload: Any) -> None:
        if event is Event.DATA:
            parts.inbox.ahead = iter([b"a", b"b"])

    parts.owner.on["take"] = take
    parts.owner.on["piece"] = lambda piece: parts.inbox.suspend() if piece == b"a" else None
    sink.corked = True
    parts.inbox.bring(sink, Event.DATA, b"ab")
    parts.inbox.bring(sink, Event.END, [])
    parts.inbox.pump()
    assert ["take", "piece"] == parts.owner.names()
    parts.inbox.resume()
    assert ["take", "piece", "piece", "take"] == parts.owner.names()


def test_a_postponed_request_is_sent_first(parts: Parts) -> None:
    """What a suspension kept from being sent goes out at the resume, before anything else (I2)."""
    sink = parts.sink()
    parts.inbox.suspend()
    parts.inbox.postpone(lambda: parts.owner.note("send"))
    parts.inbox.bring(sink, Event.SENT, 1)
    assert [] == parts.owner.names()
    parts.inbox.resume()
    assert ["send", "take"] == parts.owner.names()


# time --------------------------------------------------------------------------------------------------------------------
def test_each_event_is_a_move(parts: Parts) -> None:
    """The idle time begins anew with what comes, though it brings no event (I16)."""
    sink = parts.sink()
    parts.engine.let_pass(3)
    parts.inbox.bring(sink, Event.SENT, 1)
    assert 3_000_000_000 == parts.inbox.moved_at
    parts.engine.let_pass(4)
    parts.inbox.moved()
    assert 7_000_000_000 == parts.inbox.moved_at


# how it ends -------------------------------------------------------------------------------------------------------------
def test_a_failure_ends_the_load(parts: Parts) -> None:
    """It is met in a turn, whatever question is out, and only the first counts."""
    parts.machine.ask("data_task_did_receive_response")
    error = URLError(Code.TIMED_OUT)
    parts.inbox.fail(Event.TIMED_OUT, error)
    parts.inbox.fail(Event.FAILED, URLError(Code.UNKNOWN))
    assert [("ABORT", error), ("FAIL", error)] == [note for note in parts.owner.notes if note[0] != "adjust"]


def test_a_cancellation_shows_at_once(parts: Parts) -> None:
    """The task is canceling before anybody takes the instruction, which may be on another thread (I3)."""
    with parts.inbox._door:
        parts.inbox.fail(Event.CANCELLED, URLError(Code.CANCELLED))
        assert (True, Phase.LOADING) == (parts.machine.cancelled, parts.machine.phase)
    parts.inbox.pump()
    assert Phase.COMPLETING is parts.machine.phase


def test_a_delegate_that_cancels_ends_the_load(parts: Parts) -> None:
    """Within a turn: -999 with the URL of the request."""
    parts.inbox.instruct(parts.inbox.call_off)
    [error] = {id(note[1]): note[1] for note in parts.owner.notes if note[0] in ("ABORT", "FAIL")}.values()
    assert (True, Code.CANCELLED, URL) == (parts.machine.cancelled, error.code, error.failing_url)


def raises(problem: BaseException) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise problem
    return fail


@pytest.mark.parametrize("problem", [LookupError("no such page"), KeyboardInterrupt(), SystemExit(1)], ids=lambda each: type(each).__name__)
def test_what_goes_wrong_in_a_turn_ends_the_load_and_nothing_else(parts: Parts, problem: BaseException) -> None:
    """The owner hears of it; whoever brought the event has no part in it, and goes on."""
    parts.owner.on["take"] = raises(problem)
    parts.inbox.bring(parts.sink(), Event.SENT, 1)
    error = next(note[1] for note in parts.owner.notes if note[0] == "FAIL")
    assert ["take", "crash", "ABORT", "FAIL"] == parts.owner.names()
    assert (Phase.COMPLETING, Code.UNKNOWN, problem) == (parts.machine.phase, error.code, error.underlying_error)


@pytest.mark.parametrize("effect", ["ABORT", "STORE"])
def test_what_goes_wrong_on_the_way_to_the_outcome_is_the_outcome(parts: Parts, effect: str) -> None:
    """The phase says that the outcome is fixed, and the effect that fixes it was not reached: it is made up for."""
    parts.runs(Phase.CACHING)
    problem = LookupError("no such page")
    parts.owner.on[effect] = raises(problem)
    if effect == "ABORT":
        parts.inbox.fail(Event.CANCELLED, URLError(Code.CANCELLED))
    else:
        parts.inbox.instruct(lambda: parts.inbox.meet(Event.STORED))
    assert [effect, "crash", "FAIL"] == parts.owner.names()
    assert problem is parts.owner.notes[-2][1].underlying_error


def test_when_the_outcome_is_fixed_nothing_of_the_exchange_counts(parts: Parts) -> None:
    """Events that wait are dropped, the question that is out is nobody's any more, and no request is sent."""
    sink = parts.sink()
    question = parts.machine.ask("data_task_did_receive_response")
    parts.inbox.bring(sink, Event.DATA, b"one")
    parts.inbox.postpone(lambda: parts.owner.note("send"))
    parts.inbox.settle()
    parts.inbox.pump()
    assert ([], False) == (parts.owner.names(), parts.machine.answer(question))
    assert (None, None) == (parts.inbox.sink, parts.inbox.postponed)


def test_when_the_load_has_ended_nobody_hears_of_what_comes(parts: Parts) -> None:
    """The owner is let go of; instructions, failures and what was still on its way are taken by nobody, and raise nothing."""
    sink = parts.sink()
    parts.inbox.ahead = iter([b"a"])
    parts.inbox.settle()
    parts.inbox.leave()
    parts.inbox.bring(sink, Event.DATA, b"late")
    parts.inbox.suspend()
    parts.inbox.resume()
    parts.inbox.fail(Event.CANCELLED, URLError(Code.CANCELLED))
    assert ([], Code.CANCELLED) == (parts.owner.notes, parts.inbox.owner.failure(Code.CANCELLED).code)


# threads -------------------------------------------------------------------------------------------------------------------
def test_who_is_inside_takes_what_others_bring(parts: Parts) -> None:
    """One thread at a time is inside; another leaves its event and goes on, and the first takes it when it is done."""
    sink, threads = parts.sink(), []
    inside, brought = threading.Event(), threading.Event()

    def take(event: Event, payload: Any) -> None:
        threads.append(threading.current_thread())
        if payload == 1:
            inside.set()
            assert brought.wait(20)

    parts.owner.on["take"] = take
    other = threading.Thread(target=parts.inbox.bring, args=(sink, Event.SENT, 1))
    other.start()
    assert inside.wait(20)
    parts.inbox.bring(sink, Event.SENT, 2)       # comes back at once: somebody is inside
    assert 1 == len(threads)
    brought.set()
    other.join()
    assert ([other, other], [1, 2]) == (threads, [payload for _, payload in taken(parts)])


def test_what_comes_between_the_last_look_and_the_door_is_taken(parts: Parts) -> None:
    """Whoever leaves looks again: what was brought while the door was shut, after the last event was taken, is not lost."""
    sink = parts.sink()
    parts.owner.on["adjust"] = lambda: parts.inbox.bring(sink, Event.SENT, 2) if len(parts.owner.names()) == 1 else None
    parts.inbox.bring(sink, Event.SENT, 1)
    assert [1, 2] == [payload for _, payload in taken(parts)]


def test_a_forked_child_opens_the_door(parts: Parts) -> None:
    """Whoever was inside in the parent is not there in the child."""
    parts.inbox._door.acquire()
    parts.inbox.orphan()
    parts.inbox.bring(parts.sink(), Event.SENT, 1)
    assert [(Event.SENT, 1)] == taken(parts)


def test_a_forked_child_has_a_lock_of_its_own_for_suspensions(parts: Parts) -> None:
    """A thread of the parent that held the lock of the suspend counts holds no child up."""
    with inbox_module._count:
        inbox_module._forked()
        parts.inbox.suspend()
    assert 1 == parts.machine.suspensions
