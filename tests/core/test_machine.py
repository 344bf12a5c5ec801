"""The table of a task's states."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.core.machine import ASKING, TRANSITIONS, Effect, Event, Machine, Phase
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
@pytest.mark.parametrize("event", [Event.CANCELLED, Event.FAILED, Event.TIMED_OUT])
def test_a_task_can_end_in_every_phase(phase: Phase, event: Event) -> None:
    """Cancel, failure and time-out end a task wherever it is, aborting its exchange first."""
    row = TRANSITIONS[phase][event]
    assert Phase.COMPLETING is row.to
    assert Effect.ABORT in row.effects[:-1] and row.effects[-1] in TERMINAL


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
