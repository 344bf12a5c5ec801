"""Damaged cassettes: each of 20,000 loads, or fails with the error that names file and line, and soon."""
from __future__ import annotations

import random
import re
import tracemalloc
from pathlib import Path

import pytest

from sessionmock.errors import CassetteError
from sessionmock.models.message import ResponseHead
from sessionmock.routes.cassette import Extra, Tape, read_tape, write_tape
from sessionmock.routes.cassette.formats import yaml_index
from tests.benchmarks.worker import peak_memory

from .test_cassette_files import ALL_BYTES, interaction

SAMPLES = Path(__file__).parent / "cassettes"
NAMED = re.compile(r".*, line [1-9][0-9]*: .+", re.DOTALL)
SPLICES = [b"&a ", b"*a", b"!!binary ", b"!!python/object/apply:os.system ", b"[" * 300, b"{" * 300, b"- ", b": ", b"'", b'"', b"\n", b"\r\n", b"\t",
           b"\x00", b"\xff", b"\xc2\x85", b"\xef\xbb\xbf", b"null", b"9" * 5000, b"\\ud800", b"\\", b"|\n", b">-\n", b"#", b" ", b"    ", b"---\n",
           b"...\n", b"%TAG ! x\n", b"NaN", b"1e999", b"true", b"[]", b"{}", b"<<: *a\n", b"? "]


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> list[bytes]:
    """Every layout that is read, among them what this package writes."""
    folder = tmp_path_factory.mktemp("originals")
    extra = Extra("HTTP/2", [ResponseHead(103, [("Link", "<x>")])], [("X-Sum", "1")], [(0, 0), (3, 250)], {"key": [1, {"a": None}]})
    tape = Tape([interaction(b'{\n  "a": [1, 2],\n  "b": "x"\n}\n', headers=[("A", "1"), ("B", "2"), ("A", "3")], extra=extra),
                 interaction("caf\xe9 ".encode() * 30, asked=b"a: 'b'")], {"seed": 7})
    for name in ("a.yaml", "a.json", "a.har"):
        write_tape(folder / name, tape)
    write_tape(folder / "b.yaml", Tape([interaction(ALL_BYTES, asked=ALL_BYTES)]))
    return [path.read_bytes() for path in sorted([*folder.iterdir(), *SAMPLES.glob("*.*")]) if path.suffix != ".txt"]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` with one to four places changed: bytes put in, taken out, doubled, moved, swapped or flipped."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((1, 1, 2, 8, 60)))
        kind = chance.randrange(6)
        if kind == 0:
            data = data[:at] + chance.choice(SPLICES) + data[at:]
        elif kind == 1:
            data = data[:at] + data[to:]
        elif kind == 2:
            data = data[:to] + data[at:]
        elif kind == 3:
            data = data[:at] + bytes((chance.randrange(256),)) + data[at + 1:]
        elif kind == 4:
            lines = data.split(b"\n")
            one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            data = b"\n".join(lines)
        else:
            data = data[:at]
    return data


def rewrite(path: Path, data: bytes) -> None:
    """Make `data` the content of the file at `path`, in place: a file that is made empty first is written to the disk at once, which takes longer
    than to read it."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(data)
        file.truncate()


def attempt(path: Path) -> bool:
    """Read all of the file at `path`: whether that works; any failure is a CassetteError with a line."""
    try:
        for found in read_tape(path).interactions:
            assert isinstance(found.body, bytes | None)
            assert isinstance(found.response.body, bytes)
    except CassetteError as error:
        assert NAMED.fullmatch(str(error)) or "nothing in it" in str(error), error
        return False
    return True


def storm(path: Path, originals: list[bytes], seed: int, count: int) -> int:
    """How many of `count` damaged files load."""
    chance = random.Random(seed)
    loaded = 0
    for number in range(count):
        data = mutated(chance.choice(originals), chance)
        rewrite(path, data)
        try:
            loaded += attempt(path)
        except Exception as error:
            raise AssertionError(f"seed {seed}, number {number}: {data!r}") from error
    return loaded


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_file_loads_or_names_its_line(tmp_path: Path, originals: list[bytes], seed: int):
    """Of 2,000 damaged files a seed, some load, and all others fail with CassetteError, file and line."""
    assert 0 < storm(tmp_path / "damaged", originals, seed, 2_000) < 2_000


def outcome(tape: Tape) -> object:
    """All that is on the tape, or that something on it cannot be read."""
    try:
        return [(found.method, found.uri, found.body, found.request, found.response, found.extra) for found in tape.interactions], tape.metadata
    except CassetteError:
        return CassetteError


def agree(path: Path, originals: list[bytes], seed: int, count: int) -> int:
    """How many of `count` damaged YAML files the quick reader takes; for those, the full reader says the same."""
    chance = random.Random(seed)
    quickly = [data for data in originals if yaml_index.read(path, data)]
    taken = 0
    for number in range(count):
        data = mutated(chance.choice(quickly), chance)
        tape = yaml_index.read(path, data)
        if tape is None:
            continue
        taken += 1
        rewrite(path, b"# a comment, which is not for the quick reader\n" + data)
        try:
            expected = outcome(read_tape(path))
        except CassetteError:
            expected = CassetteError
        assert expected == outcome(tape), f"seed {seed}, number {number}: {data!r}"
    return taken


@pytest.mark.parametrize("seed", range(2))
def test_both_readers_agree_on_damaged_files(tmp_path: Path, originals: list[bytes], seed: int):
    """What the quick reader of YAML takes, the full one reads alike: the same tape, or something that cannot be read."""
    assert 100 < agree(tmp_path / "damaged.yaml", originals, seed, 1_500)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_both_readers_agree_on_many_damaged_files(tmp_path: Path, originals: list[bytes], seed: int):
    """The same over 100,000 files."""
    assert 1_000 < agree(tmp_path / "damaged.yaml", originals, seed, 10_000)


def test_no_damaged_file_costs_much_memory(tmp_path: Path, originals: list[bytes]):
    """Damaged files of some kilobytes are read, or refused, in 20 MB."""
    tracemalloc.start()
    try:
        storm(tmp_path / "damaged", originals, 99, 200)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140))
def test_very_many_damaged_files(tmp_path: Path, originals: list[bytes], seed: int):
    """The same over 200,000 files, with the process at most 200 MB larger at its peak."""
    before = peak_memory()
    assert 0 < storm(tmp_path / "damaged", originals, seed, 5_000) < 5_000
    assert peak_memory() - before < 200_000_000
