import pytest

from sessionmock.models.progress import Progress


@pytest.mark.parametrize(("total", "completed", "fraction", "indeterminate", "finished"), [
    (-1, 0, 0.0, True, False), (-1, 5, 0.0, True, False), (0, 0, 0.0, True, False), (10, 0, 0.0, False, False),
    (10, 5, 0.5, False, False), (10, 10, 1.0, False, True), (10, 12, 1.0, False, True), (0, 3, 1.0, False, True),
])
def test_fraction(total, completed, fraction, indeterminate, finished):
    """The fraction is what is done of the total, 0 while the total is unknown, never more than 1."""
    progress = Progress(total)
    progress.update(completed)
    assert (fraction, indeterminate, finished) == (progress.fraction_completed, progress.is_indeterminate, progress.is_finished)


def test_calls_go_to_the_handlers_once():
    """Cancel, pause and resume call their handler when they change something, and only then."""
    calls = []
    progress = Progress(cancellation_handler=lambda: calls.append("cancel"), pausing_handler=lambda: calls.append("pause"),
                        resuming_handler=lambda: calls.append("resume"))
    progress.resume()
    for _ in "ab":
        progress.pause()
    assert progress.is_paused
    for _ in "ab":
        progress.resume()
    assert not progress.is_paused
    for _ in "ab":
        progress.cancel()
    assert progress.is_cancelled
    assert ["pause", "resume", "cancel"] == calls


def test_handlers_are_optional():
    """Without handlers the calls change the progress alone."""
    progress = Progress()
    progress.pause()
    progress.cancel()
    assert (True, True) == (progress.is_paused, progress.is_cancelled)


def test_observers():
    """Observers see every update until they are stopped; the same one may observe twice."""
    seen = []
    progress = Progress(4)

    def note(progress):
        seen.append((progress.completed_unit_count, progress.total_unit_count))
    first, second = progress.observe(note), progress.observe(note)
    progress.update(1)
    first()
    first()
    progress.update(2, total=8)
    second()
    progress.update(3)
    assert [(1, 4), (1, 4), (2, 8)] == seen
    assert "Progress(3 of 8)" == repr(progress)
