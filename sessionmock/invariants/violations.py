"""The invariants in plain words, and what is said where one does not hold."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..shown import counted

INVARIANTS = {
    "V1": "each task that was resumed completes exactly once, by its completion handler or its delegate",
    "V2": "a task that was never resumed sends nothing and asks nothing, and completes once where it is cancelled or its session ends",
    "V3": "what a task is told comes in order: redirects, challenges and informational responses, the response, data, the file, metrics, "
          "the completion; nothing follows that",
    "V4": "every callback runs on the delegate queue, one at a time, and none on the thread of a caller",
    "V5": "a delegate is told once that its session became invalid, and of nothing after that",
    "V6": "an invalidated session makes no task, and lets go of its delegate when it is invalid",
    "V7": "the shared session cannot be invalidated",
    "V8": "the bytes that are delivered are the beginning of the true body, and all of it where the task succeeds, resumed or not",
    "V9": "counts only go up, none passes what was announced, and no progress passes 1",
    "V10": "each file that was made for a download was moved by the user or removed by sessionmock",
    "V11": "sockets, threads, timers and connections are gone when a session is invalid",
    "V12": "a connection on which an exchange failed is not used again",
    "V13": "the error of a task is a URLError with a code, the URL that failed and the error that lies under it",
    "V14": "nothing hangs: whatever is waited for comes, or a time-out does",
    "V15": "nothing that a peer sends raises in sessionmock itself",
    "V16": "the same seed gives the same history",
}
"""What holds in every run, by its name."""

OURS = "This is a bug of sessionmock: please report it, with these lines."


class Violation(NamedTuple):
    """An invariant that did not hold.

    `invariant` is its name, a key of `INVARIANTS`; `what` happened, `subject` says to whom (the repr of a task or session, "" where it
    was neither), `events` are the last records about it, a line each. `misuse` says which code of the user's did it and the way out; ""
    where it is sessionmock's own fault.
    """

    invariant: str
    what: str
    subject: str
    events: tuple[str, ...]
    misuse: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether it is a bug of sessionmock."""
        return not self.misuse

    def __str__(self) -> str:
        lines = [f"INVARIANT {self.invariant} does not hold: {INVARIANTS[self.invariant]}", f"   what: {self.what}"]
        if self.subject:
            lines.append(f"  about: {self.subject}")
        lines += [f"{'   last: ' if number == 0 else '         '}{event}" for number, event in enumerate(self.events)]
        lines.append(f"    why: {self.misuse or OURS}")
        return "\n".join(lines)


class BrokenInvariants(AssertionError):
    """Some invariants did not hold: `violations`, in the order in which they were found."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("\n\n".join((f"{counted(len(self.violations), 'violation')} of invariants", *map(str, self.violations))))
