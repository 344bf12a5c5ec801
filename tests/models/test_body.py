import io
import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionmock.errors import InvalidArgumentException
from sessionmock.models.body import (
    BytesStream,
    ChainedStream,
    FileStream,
    InputStream,
    IterableStream,
    ReaderStream,
    as_body_stream,
)


def drain(stream, size=7):
    pieces = []
    while piece := stream.read(size):
        assert len(piece) <= size
        pieces.append(piece)
    stream.close()
    return b"".join(pieces)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "body.bin"
    file.write_bytes(b"0123456789" * 3)
    return file


@given(st.lists(st.binary(max_size=20), max_size=6), st.integers(1, 9))
def test_every_kind_gives_the_same_bytes(pieces, size):
    """Bytes, a file, an object with read, an iterable and a chain give the same bytes in pieces of at most the size asked."""
    whole = b"".join(pieces)
    with tempfile.TemporaryFile() as file:
        file.write(whole)
        file.seek(0)
        for stream in (BytesStream(whole), ReaderStream(file), ReaderStream(io.BytesIO(whole)), IterableStream(pieces),
                       ChainedStream(map(BytesStream, pieces)), InputStream(whole), as_body_stream(map(bytearray, pieces))):
            assert whole == drain(stream, size)


def test_bytes():
    """Bytes know their length and never block; later changes of a buffer do not show."""
    buffer = bytearray(b"abc")
    stream = BytesStream(buffer)
    buffer[0] = 0
    assert (3, False) == (stream.length, stream.may_block)
    assert b"abc" == drain(stream)


def test_file(path):
    """A file is read from the offset on and knows its length; closing twice is harmless."""
    stream = FileStream(path, 25)
    assert (5, False) == (stream.length, stream.may_block)
    assert b"56789" == drain(stream)
    stream.close()
    assert 0 == FileStream(path, 99).length
    assert b"" == drain(FileStream(path, 99))


def test_file_is_opened_at_the_first_read(path):
    """Nothing is opened by making a stream, so a file that went away fails the read."""
    stream = FileStream(str(path))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        stream.read(1)


@pytest.mark.parametrize(("name", "error"), [
    ("missing", FileNotFoundError), ("", IsADirectoryError), ("nul\0", FileNotFoundError)])
def test_what_is_no_file(tmp_path, name, error):
    """A missing file or a folder has no known length and raises its OSError from open and from read."""
    stream = FileStream(f"{tmp_path}/{name}")
    assert -1 == stream.length
    for attempt in (stream.open, lambda: stream.read(1)):
        with pytest.raises(error):
            attempt()
    stream.close()


def test_what_is_no_regular_file_is_refused(tmp_path):
    """Nobody waits for what comes out of a pipe, or reads a device to its end."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a FIFO"), ("/dev/zero", "a device")):
        stream = FileStream(path)
        assert (-1, False) == (stream.length, stream.may_block)
        for attempt in (lambda stream=stream: stream.read(1), lambda stream=stream: next(stream.pieces())):
            with pytest.raises(PermissionError, match=what):
                attempt()
        assert isinstance(stream.problem(), PermissionError)


def test_reader(path):
    """A binary file is read from where it stands, with its length from there, and stays open to its owner."""
    with path.open("rb") as file:
        file.seek(28)
        stream = as_body_stream(file)
        assert (2, True) == (stream.length, stream.may_block)
        assert b"89" == drain(stream)
        assert not file.closed


def test_reader_of_unknown_length():
    """An object that has only read has no known length."""
    class Source:
        def read(self, size):
            return b""
    assert -1 == as_body_stream(Source()).length


def test_closing_ends_a_generator():
    """A generator that is not read to its end is ended by close, so that its finally runs."""
    ended = []

    def pieces():
        try:
            yield b"abc"
        finally:
            ended.append(True)
    stream = IterableStream(pieces(), length=9)
    assert (9, b"ab") == (stream.length, stream.read(2))
    stream.close()
    assert [True] == ended


def test_chain_knows_what_its_parts_know(path):
    """A chain has a length where all parts have one, may block where one may, and closes those that were not read."""
    assert 31 == ChainedStream([BytesStream(b"x"), FileStream(path)]).length
    mixed = ChainedStream([BytesStream(b"x"), IterableStream([])])
    assert (-1, True) == (mixed.length, mixed.may_block)
    ended = []

    class Part(BytesStream):
        def close(self):
            ended.append(self.length)
    chain = ChainedStream([Part(b"a"), Part(b"bc")])
    assert b"a" == chain.read(5)
    chain.close()
    assert [1, 2] == sorted(ended)


def test_input_stream(path):
    """Apple's InputStream reads bytes or a file and announces no length, so that it goes chunked (data-body-stream)."""
    assert (-1, False) == (InputStream(data=b"x").length, InputStream(data=b"x").may_block)
    assert path.read_bytes() == drain(InputStream(path=path))
    for arguments in ({}, {"data": b"", "path": path}):
        with pytest.raises(InvalidArgumentException, match="either data="):
            InputStream(**arguments)


def test_as_body_stream_keeps_a_stream():
    """What is a stream already is taken as it is."""
    stream = InputStream(b"x")
    assert "<InputStream over 1 bytes>" == repr(stream)
    assert stream is as_body_stream(stream)


@pytest.mark.parametrize("value", ["text", 5, None, io.StringIO("text")])
def test_as_body_stream_refuses(value):
    """Text, a file in text mode and what cannot be iterated are refused with what is taken instead."""
    with pytest.raises(InvalidArgumentException, match="bytes"):
        as_body_stream(value)


@pytest.mark.parametrize("stream", [IterableStream(["text"]), IterableStream(5 for _ in "a"), ReaderStream(io.StringIO("text"))])
def test_pieces_have_to_be_bytes(stream):
    """A stream that gives anything but bytes fails the read, naming what it gave."""
    with pytest.raises(InvalidArgumentException, match=r"'text'|5"):
        stream.read(4)
