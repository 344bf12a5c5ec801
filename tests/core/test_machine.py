"""The table of a task's states, and the value that goes through it."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.core.machine import ASKING, PARKED, ROWS, TRANSITIONS, Effect, Event, Machine, Phase
from sessionmock.models.enums import TaskState

TERMINAL = {Effect.FAIL, Effect.SUCCEED}
PAIRS = [(phase, event) for phase in Phase for event in Event]
CITES = re.compile(r"^(I\d+(, I\d+)*|RFC \d+, section [\d.]+|Apple|corelibs|[a-z]+(-[a-z]+)+): \S")


def test_every_pair_of_phase_and_event_has_a_row() -> None:
    """No event can come in a phase that the table does not know an answer for."""
    assert set(PAIRS) == {(phase, event) for phase, rows in TRANSITIONS.items() for event in rows}


def test_a_row_cites_the_rule_it_follows() -> None:
    """Each row names an invariant, an RFC, Apple, the open-source URLSession or a scenario, and says what it asks."""
    assert [] == [(phase, event, row.rule) for phase, event in PAIRS if not CITES.match((row := TRANSITIONS[phase][event]).rule)]


@pytest.mark.parametrize("event", list(Event))
def test_a_completed_task_absorbs_everything(event: Event) -> None:
    """After the terminal message nothing changes and nothing is done."""
    assert (None, ()) == TRANSITIONS[Phase.COMPLETED][event][:2]


@pytest.mark.parametrize("event", [event for event in Event if event is not Event.DELIVERED])
def test_a_fixed_outcome_stays(event: Event) -> None:
    """While the terminal message is on its way only its delivery counts: no second one, no other outcome."""
    assert (None, ()) == TRANSITIONS[Phase.COMPLETING][event][:2]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase < Phase.COMPLETING])
@pytest.mark.parametrize("event", [Event.CANCELLED, Event.FAILED])
def test_a_task_can_end_in_every_phase(phase: Phase, event: Event) -> None:
    """Cancel and failure end a task wherever it is, aborting its exchange first."""
    row = TRANSITIONS[phase][event]
    assert Phase.COMPLETING is row.to
    assert Effect.ABORT in row.effects[:-1] and row.effects[-1] in TERMINAL


def test_a_task_times_out_where_its_limits_run() -> None:
    """Before the first resume no limit runs, and before its earliest begin date a task waits as long as that takes; everywhere
    else a time-out ends it (I16)."""
    for phase in Phase:
        row = TRANSITIONS[phase][Event.TIMED_OUT]
        if phase in (Phase.CREATED, Phase.DELAYED, Phase.COMPLETING, Phase.COMPLETED):
            assert (None, ()) == row[:2]
        else:
            assert (Phase.COMPLETING, True) == (row.to, Effect.ABORT in row.effects[:-1] and row.effects[-1] in TERMINAL)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CREATED])
def test_only_a_new_task_is_started_by_resume(phase: Phase) -> None:
    """A surplus resume does nothing (I2)."""
    assert (None, ()) == TRANSITIONS[phase][Event.RESUMED][:2]


def test_the_outcome_is_fixed_exactly_where_completing_begins() -> None:
    """A row fixes the outcome if and only if it leads to COMPLETING, and its last effect does it."""
    for phase, event in PAIRS:
        row = TRANSITIONS[phase][event]
        fixes = [effect for effect in row.effects if effect in TERMINAL]
        assert ([row.effects[-1]] if row.to is Phase.COMPLETING else []) == fixes, (phase, event)


def test_a_task_is_asking_where_its_last_effect_asks() -> None:
    """The phases in which the exchange's events wait are those that an asking effect leads to."""
    asked = {row.to for rows in TRANSITIONS.values() for row in rows.values() if row.effects and row.effects[-1].name.startswith("ASK_")}
    assert ASKING == asked


def test_every_phase_and_every_effect_can_happen() -> None:
    """The table has no dead entry: each phase is reachable, each effect is used by some row."""
    reached, before = {Phase.CREATED}, set()
    while reached != before:
        before = set(reached)
        reached |= {row.to for phase in before for row in TRANSITIONS[phase].values() if row.to is not None}
    assert set(Phase) == reached
    assert set(Effect) == {effect for rows in TRANSITIONS.values() for row in rows.values() for effect in row.effects}


def test_a_pair_without_a_row_changes_nothing() -> None:
    """What the rows do not name is ignored, and stays where it is."""
    unnamed = [TRANSITIONS[phase][event] for phase, event in PAIRS if event not in ROWS[phase]]
    assert unnamed
    assert {(None, ())} == {row[:2] for row in unnamed}


@given(st.lists(st.sampled_from(list(Event)), max_size=40))
def test_any_sequence_of_events_fixes_at_most_one_outcome(events: list[Event]) -> None:
    """Whatever comes, in whatever order, there is one terminal message and nothing after it (I4)."""
    phase, outcomes, after = Phase.CREATED, 0, 0
    for event in [*events, Event.CANCELLED, Event.DELIVERED]:
        to, effects, _ = TRANSITIONS[phase][event]
        after += len(effects) if outcomes else 0
        outcomes += sum(effect in TERMINAL for effect in effects)
        phase = phase if to is None else to
    assert (1, 0, Phase.COMPLETED) == (outcomes, after, phase)


@given(st.lists(st.sampled_from(list(Event)), max_size=40))
def test_phases_of_data_come_after_the_response(events: list[Event]) -> None:
    """No body reaches anybody before the delegate was asked about the response (I14, I15)."""
    phase, asked = Phase.CREATED, False
    for event in events:
        to, effects, _ = TRANSITIONS[phase][event]
        asked |= Effect.ASK_RESPONSE in effects
        assert asked or Effect.CONSUME not in effects
        phase = phase if to is None else to


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("suspensions", [0, 1, 3])
@pytest.mark.parametrize("cancelled", [False, True])
def test_the_public_state_is_derived(phase: Phase, suspensions: int, cancelled: bool) -> None:
    """Completed comes first, then canceling, then suspended while a suspension is left, else running (I2, I3)."""
    expected = (TaskState.COMPLETED if phase is Phase.COMPLETED else TaskState.CANCELING if cancelled
                else TaskState.SUSPENDED if suspensions else TaskState.RUNNING)
    machine = Machine()
    machine.phase, machine.suspensions, machine.cancelled = phase, suspensions, cancelled
    assert expected is machine.state


# the machine -------------------------------------------------------------------------------------------------------
def test_a_machine_is_born_suspended() -> None:
    """Nothing comes in before the first resume (I1), and nobody is asked anything."""
    machine = Machine()
    assert (Phase.CREATED, TaskState.SUSPENDED, False, None) == (machine.phase, machine.state, machine.gate_is_open, machine.asked)


def test_a_machine_goes_where_the_table_says() -> None:
    """`meet` makes the transition and gives the effects in their order; what the table ignores changes nothing."""
    machine = Machine()
    assert (Effect.OPEN,) == machine.meet(Event.RESUMED)
    assert ((), Phase.LOADING) == (machine.meet(Event.DATA), machine.phase)
    assert ((Effect.DROP, Effect.ASK_STREAM), Phase.NEEDING_STREAM) == (machine.meet(Event.NEEDS_STREAM), machine.phase)
    assert ((Effect.ABORT, Effect.FAIL), Phase.COMPLETING) == (machine.meet(Event.CANCELLED), machine.phase)
    assert ((), Phase.COMPLETED, TaskState.COMPLETED) == (machine.meet(Event.DELIVERED), machine.phase, machine.state)


def test_suspensions_are_counted() -> None:
    """As many resumes as suspensions open the gate; more do nothing (I2)."""
    machine = Machine()
    machine.suspend()
    assert [False, True, True] == [machine.resume() for _ in range(3)]
    assert machine.gate_is_open
    machine.suspend()
    assert (False, TaskState.SUSPENDED) == (machine.gate_is_open, machine.state)
    assert machine.resume() and machine.gate_is_open


def test_the_gate_is_shut_while_a_question_is_out() -> None:
    """A callback that is out lets nothing in before it is over, a reader's hold neither."""
    machine = Machine()
    machine.resume()
    for name in ("data_task_did_receive_data", ""):
        question = machine.ask(name)
        assert not machine.gate_is_open
        assert machine.answer(question) and machine.gate_is_open


def test_a_question_is_over_once() -> None:
    """A late or second answer, or one to a question that another has followed, is told apart and changes nothing."""
    machine = Machine()
    first = machine.ask("task_did_receive_challenge")
    second = machine.ask("task_did_receive_challenge")
    assert (False, second) == (machine.answer(first), machine.question)
    assert [True, False] == [machine.answer(second), machine.answer(second)]


@pytest.mark.parametrize("phase", list(Phase))
def test_who_is_asked_is_told_where_the_task_waits_for_the_answer(phase: Phase) -> None:
    """In a phase that asks it is the method that was called; elsewhere a callback is out that is no question."""
    machine = Machine()
    machine.phase = phase
    assert machine.asked is None
    machine.ask("data_task_will_cache_response")
    assert ("data_task_will_cache_response" if phase in ASKING else None) == machine.asked


def test_nobody_is_asked_where_a_task_is_parked() -> None:
    """A phase waits for a delegate, or for time and the network alone."""
    assert not ASKING & PARKED


@pytest.mark.parametrize("phase", list(Phase))
def test_cancelling_counts_until_the_outcome_is_fixed(phase: Phase) -> None:
    """A task that is being cancelled says so, whatever was on its way; one whose outcome is fixed ends as it would have (I3)."""
    machine = Machine()
    machine.phase = phase
    machine.cancel()
    assert (phase < Phase.COMPLETING) is machine.cancelled
    assert (machine.state is TaskState.CANCELING) is (phase < Phase.COMPLETING)


@given(st.lists(st.sampled_from(["resume", "suspend", "ask", "answer", "cancel"]), max_size=30))
def test_the_gate_is_open_when_nothing_holds_it(steps: list[str]) -> None:
    """Whatever the order: it is open exactly while no suspension and no question is left."""
    machine, suspensions, question = Machine(), 1, None
    for step in steps:
        if step == "resume":
            suspensions = max(0, suspensions - 1)
            assert machine.resume() is (suspensions == 0)
        elif step == "suspend":
            suspensions += 1
            machine.suspend()
        elif step == "ask":
            question = machine.ask("task_did_receive_challenge")
        elif step == "answer" and question is not None:
            assert machine.answer(question)
            question = None
        elif step == "cancel":
            machine.cancel()
        assert machine.gate_is_open is (question is None and suspensions == 0)
