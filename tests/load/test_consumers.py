"""Who takes the response of a load."""
from __future__ import annotations

import math
import threading
from typing import Any

import pytest

import sessionmock as sm
from sessionmock.core.machine import Phase
from sessionmock.delegates import methods
from sessionmock.errors import Code, GenericException, URLError
from sessionmock.latch import Latch
from sessionmock.load.consumer import Consumer
from sessionmock.load.consumers import ToDelegate, ToHandler, ToLoading, ToReader, completion
from sessionmock.load.download import ToFile

from .doubles import Consumed

LOST = URLError(Code.NETWORK_CONNECTION_LOST)
RESPONSE = sm.URLResponse("http://a.test/")


def load(delegate: object | None = None) -> Consumed:
    """A load that has its response, and whose body comes."""
    made = Consumed(delegate)
    made.transfer.response = RESPONSE
    made.parts.runs(Phase.RECEIVING)
    return made


@pytest.mark.parametrize("kind", [ToLoading, ToDelegate, ToReader, ToFile, lambda: ToHandler(print)])
def test_a_consumer_has_every_member(kind: Any) -> None:
    """Whatever takes a response has all that a load asks of it; only a file has what another load can go on with."""
    consumer: Consumer = kind()
    for name in (name for name in [*vars(Consumer), *Consumer.__annotations__] if not name.startswith("_")):
        assert hasattr(consumer, name), name
    made = load()
    assert consumer.resume_data(made) is None
    assert consumer.loses(made) is isinstance(consumer, ToFile)
    consumer.orphan()
    consumer.told()
    assert consumer.caches is not isinstance(consumer, ToFile)


@pytest.mark.parametrize("consumer", [ToLoading(), ToHandler(print), ToDelegate(), ToFile()])
def test_leaving_the_session_ends_nothing_that_nobody_reads(consumer: Any) -> None:
    """Such a load ends by itself."""
    made = load()
    consumer.leave(made, "somebody")
    assert [] == made.notes


# a handler ---------------------------------------------------------------------------------------------------------------
def test_a_handler_gets_the_body_whole() -> None:
    """With the response; its message is made once, by whoever delivers it."""
    made, consumer = load(), ToHandler(print)
    consumer.begin(made, RESPONSE)
    for piece in (b"da", b"ta"):
        consumer.data(made, piece)
    consumer.end(made)
    assert [("ask to store",)] == made.notes
    assert ("completion_handler", print, (b"data", RESPONSE, None)) == consumer.finished(made, None)


def test_a_handler_of_a_load_that_failed_gets_no_body() -> None:
    """But the error, and the response where there was one."""
    made, consumer = load(), ToHandler(print)
    consumer.data(made, b"da")
    assert ("completion_handler", print, (None, RESPONSE, LOST)) == consumer.finished(made, LOST)


# how much ----------------------------------------------------------------------------------------------------------------------
def collecting(consumer: Any, limit: int | None) -> Consumed:
    """What becomes of a load whose consumer gets four bytes."""
    made = load()
    made.context.body_limit = math.inf if limit is None else limit
    consumer.is_incremental = False
    for piece in (b"da", b"ta"):
        consumer.data(made, piece)
    return made


@pytest.mark.parametrize("consumer", [ToLoading, ToDelegate, lambda: ToHandler(print)])
def test_a_body_that_is_too_large_for_memory_fails(consumer: Any) -> None:
    """-1103, which says what to do; nothing of it is kept. A body of just that size is taken, and without a limit any."""
    [(_, error)] = collecting(made := consumer(), 3).notes
    assert (Code.DATA_LENGTH_EXCEEDS_MAXIMUM, True, []) == (error.code, "maximum_body_size=3" in str(error), made._pieces)
    assert [] == collecting(consumer(), 4).notes == collecting(consumer(), None).notes


# a Loading ---------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("pieces", "body"), [([], b""), ([b"data"], b"data"), ([b"da", b"ta"], b"data")])
def test_a_loading_has_the_body_whole(pieces: list[bytes], body: bytes) -> None:
    """However often it is asked; nobody is told of the end."""
    made, consumer = load(), ToLoading()
    for piece in pieces:
        consumer.data(made, piece)
    assert consumer.finished(made, None) is None
    assert [((body, RESPONSE), None)] * 2 == [consumer.outcome() for _ in range(2)]


def test_a_loading_has_the_error() -> None:
    """Instead."""
    consumer = ToLoading()
    consumer.finished(load(), LOST)
    assert LOST is consumer.outcome()[1]


# a delegate ----------------------------------------------------------------------------------------------------------------------
class Taking:
    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def data_task_did_receive_data(self, session: Any, task: Any, data: bytes) -> None:
        self.pieces.append(data)

    def task_did_complete(self, session: Any, task: Any, error: Any) -> None: ...


def test_a_delegate_gets_each_piece_as_it_comes() -> None:
    """The next one waits for it."""
    made, consumer = load(delegate := Taking()), ToDelegate()
    consumer.data(made, b"da")
    assert not made.parts.machine.gate_is_open
    made.parts.queue.run()
    consumer.data(made, b"ta")
    made.parts.queue.run()
    consumer.end(made)
    assert ([b"da", b"ta"], [("ask to store",)]) == (delegate.pieces, made.notes)


def test_a_delegate_may_want_all_at_the_end() -> None:
    """Then the cache is asked about when it has got it."""
    made, consumer = load(delegate := Taking()), ToDelegate()
    consumer.is_incremental = False
    consumer.data(made, b"da")
    consumer.data(made, b"ta")
    consumer.end(made)
    assert ([], []) == (delegate.pieces, made.notes)
    made.parts.queue.run()
    assert ([b"data"], [("ask to store",)]) == (delegate.pieces, made.notes)


@pytest.mark.parametrize("incremental", [True, False])
def test_a_delegate_without_the_method_gets_nothing(incremental: bool) -> None:
    """Nor does one whose body is empty; the load goes on all the same."""
    made, consumer = load(object()), ToDelegate()
    consumer.is_incremental = incremental
    consumer.data(made, b"data")
    consumer.end(made)
    empty = load(delegate := Taking())
    consumer = ToDelegate()
    consumer.is_incremental = incremental
    consumer.end(empty)
    assert ([("ask to store",)], [("ask to store",)], []) == (made.notes, empty.notes, delegate.pieces)


def test_the_end_is_told_to_whoever_has_the_method() -> None:
    """The task's own delegate goes first; without any nobody is told."""
    made, mine = load(delegate := Taking()), Taking()
    assert ("task_did_complete", delegate.task_did_complete, (made.parts.session, made.task, LOST)) == ToDelegate().finished(made, LOST)
    made.callbacks.set_methods(methods(mine))
    message = completion(made, None)
    assert message is not None
    assert mine.task_did_complete == message[1]
    assert completion(load(), None) is None


# a reader ------------------------------------------------------------------------------------------------------------------------
class Read:
    """A load whose body is read piece by piece."""

    def __init__(self) -> None:
        self.load, self.reader = load(), ToReader()
        self.reader.begin(self.load, RESPONSE)

    def data(self, data: bytes) -> None:
        self.reader.data(self.load, data)

    @property
    def waits(self) -> bool:
        return not self.load.parts.machine.gate_is_open


def test_a_reader_takes_one_piece_after_the_other() -> None:
    """The load waits until a piece was taken; at the end there is none."""
    read = Read()
    assert (True, RESPONSE) == (read.reader.opened.done, read.reader.response)
    read.data(b"da")
    assert read.waits
    assert (b"da", False) == (read.reader.take(), read.waits)
    read.data(b"ta")
    read.reader.finished(read.load, None)
    assert [b"ta", None, None] == [read.reader.take() for _ in range(3)]


def test_a_reader_that_is_ahead_waits() -> None:
    """By a latch that the next piece sets, or the end."""
    read = Read()
    latch = read.reader.take()
    assert isinstance(latch, Latch)
    read.data(b"data")
    assert (True, b"data") == (latch.done, read.reader.take())
    latch = read.reader.take()
    assert isinstance(latch, Latch)
    read.reader.finished(read.load, None)
    assert (True, None) == (latch.done, read.reader.take())


def test_a_failure_meets_the_reader_after_what_came_before_it() -> None:
    """As often as it asks; with what lies under it."""
    read, below = Read(), OSError("reset")
    error = URLError(Code.NETWORK_CONNECTION_LOST, {"NSUnderlyingErrorKey": below})
    read.data(b"da")
    read.reader.finished(read.load, error)
    assert b"da" == read.reader.take()
    for _ in range(2):
        with pytest.raises(URLError) as caught:
            read.reader.take()
        assert (error, below) == (caught.value, caught.value.__cause__)


def test_a_load_that_fails_before_its_response_is_opened_with_the_error() -> None:
    """Whoever waits for the response hears of it."""
    reader = ToReader()
    reader.finished(load(), LOST)
    assert (True, None, LOST) == (reader.opened.done, reader.response, reader.error)


def test_what_nobody_reads_on_ends_when_the_session_is_left() -> None:
    """It would never end by itself."""
    read = Read()
    read.reader.leave(read.load, "me")
    assert [("cancel", None)] == read.load.notes


def test_what_another_reads_goes_on_until_that_is_done() -> None:
    """Then nobody is left to read it."""
    read = Read()
    with read.reader.reading("another"):
        read.reader.leave(read.load, "me")
        assert [] == read.load.notes
    assert [("cancel", None)] == read.load.notes


def test_what_the_leaver_reads_itself_ends() -> None:
    """It cannot read on while it waits."""
    read = Read()
    with read.reader.reading("me"):
        read.reader.leave(read.load, "me")
        assert [("cancel", None)] == read.load.notes


def test_a_second_reader_is_told() -> None:
    """Beside the first, and after it: what that one took would be missing without a word."""
    read = Read()
    with read.reader.reading("me"), pytest.raises(GenericException, match="read once"), read.reader.reading("me"):
        pass
    with pytest.raises(GenericException, match="read once"), read.reader.reading("another"):
        pass


def test_reading_to_the_end_of_a_session_that_nobody_leaves_cancels_nothing() -> None:
    """The end of an iteration is no end of the load; nor is one that has not begun cancelled by it."""
    read, early = Read(), ToReader()
    with read.reader.reading("me"):
        pass
    early._left = True
    with early.reading("me"):
        pass
    assert [] == read.load.notes


def test_a_response_that_somebody_waits_for_will_be_read() -> None:
    """Leaving the session does not cancel it."""
    reader, made = ToReader(), load()
    reader.opened.tell(print)
    reader.leave(made, "me")
    assert [] == made.notes


def test_a_piece_and_a_reader_that_come_at_once_meet() -> None:
    """On two threads: no piece is lost, and nobody waits for what is there."""
    read, taken = Read(), list[Any]()
    pieces = [bytes([number]) for number in range(200)]

    def run() -> None:
        while (piece := read.reader.take()) is not None:
            if isinstance(piece, Latch):
                came = threading.Event()
                piece.tell(came.set)
                assert came.wait(20)
            else:
                taken.append(piece)

    reader = threading.Thread(target=run)
    reader.start()
    for piece in pieces:
        went_on = threading.Event()
        read.load.parts.owner.on["adjust"] = went_on.set
        read.data(piece)
        assert went_on.wait(20)
    read.reader.finished(read.load, None)
    reader.join(20)
    assert pieces == taken
