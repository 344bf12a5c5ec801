import pytest

from sessionmock.errors import InvalidArgumentException
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


def test_children_are_so_many_units_of_their_parent():
    """What they have done so far counts in the fraction, and in the count once they have finished."""
    whole, photo, caption = Progress(100), Progress(1000), Progress()
    whole.add_child(photo, with_pending_unit_count=80)
    whole.add_child(caption, with_pending_unit_count=10)
    photo.update(500)
    assert (0, 0.4) == (whole.completed_unit_count, whole.fraction_completed)
    photo.update(1000)
    whole.completed_unit_count += 10
    assert (90, 0.9, False) == (whole.completed_unit_count, whole.fraction_completed, whole.is_finished)
    caption.update(7, 7)
    assert (100, 1.0, True) == (whole.completed_unit_count, whole.fraction_completed, whole.is_finished)


def test_a_parent_s_observers_hear_of_its_children():
    """However far below they are."""
    whole, half, part = Progress(2), Progress(1), Progress(10)
    whole.add_child(half, 1)
    half.add_child(part, 1)
    seen = []
    whole.observe(lambda progress: seen.append((progress, progress.fraction_completed)))
    part.update(5)
    assert [(whole, 0.25)] == seen


def test_children_are_cancelled_paused_and_resumed_with_their_parent():
    """Those that come later too."""
    whole, early, late = Progress(2), Progress(1), Progress(1)
    whole.add_child(early, 1)
    whole.pause()
    assert (True, True) == (whole.is_paused, early.is_paused)
    whole.add_child(late, 1)
    assert late.is_paused
    whole.resume()
    whole.cancel()
    assert [(True, False)] * 2 == [(child.is_cancelled, child.is_paused) for child in (early, late)]
    whole.add_child(last := Progress(1), 1)
    assert last.is_cancelled


def test_a_child_has_one_parent_and_is_none_of_its_own():
    """Another one, and a circle, are refused with what is wrong."""
    whole, part = Progress(1), Progress(1)
    whole.add_child(part, 1)
    for parent, child in ((Progress(1), part), (whole, whole), (part, whole)):
        with pytest.raises(InvalidArgumentException):
            parent.add_child(child, 1)
