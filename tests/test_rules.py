"""What comments cite is there: the rules of docs/rules.md, the conformance scenarios, the files."""
from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from fnmatch import filter as matching
from functools import cache
from pathlib import Path

import pytest

from sessionmock.core.machine import TRANSITIONS
from sessionmock.errors import Code

from .conformance.runner import load

ROOT = Path(__file__).resolve().parents[1]
RULES = (ROOT / "docs" / "rules.md").read_text()
HEADINGS = set(re.findall(r"^#+ (.+)$", RULES, re.MULTILINE))
INVARIANTS = set(re.findall(r"^\| (I\d+) \|", RULES, re.MULTILINE))
SCENARIOS = set(load())
FILES = sorted(file for folder in ("sessionmock", "plugins", "tests") for file in (ROOT / folder).rglob("*.py") if file != Path(__file__))

INVARIANT = re.compile(r"\bI\d+\b")
SECTION = re.compile(r"docs/rules\.md, ([A-Z][^.,;:()\"`]*)")
NAMES = r"[a-z0-9]+(?:-[a-z0-9*]+)+"
SCENARIO = re.compile(rf"\bscenarios? ({NAMES}(?:(?:, | and ){NAMES})*)")
DOCUMENT = re.compile(r"[\w./-]*\w\.md\b")


@cache
def words(file: Path) -> tuple[tuple[int, str], ...]:
    """The comments and docstrings of a file, each in one line, by line."""
    module = ast.parse(file.read_text())
    told = [(node.body[0].lineno, ast.get_docstring(node) or "") for node in ast.walk(module)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node)]
    with tokenize.open(file) as text:
        told += [(token.start[0], token.string) for token in tokenize.generate_tokens(text.readline) if token.type == tokenize.COMMENT]
    return tuple((line, " ".join(said.split())) for line, said in told)


def cited(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What `pattern` finds in what is said, and where."""
    for file in FILES:
        for line, said in words(file):
            for found in pattern.findall(said):
                yield f"{file.relative_to(ROOT)}:{line}", found


def test_invariants_are_numbered_without_a_gap() -> None:
    """I1 to the last one, each once."""
    assert [f"I{number}" for number in range(1, len(INVARIANTS) + 1)] == re.findall(r"^\| (I\d+) \|", RULES, re.MULTILINE)


def test_cited_invariants_are_there() -> None:
    """Each I-number that a comment or docstring names."""
    found = list(cited(INVARIANT))
    assert found
    assert [] == [(place, name) for place, name in found if name not in INVARIANTS]


def test_cited_sections_are_there() -> None:
    """Each section of docs/rules.md that a comment or docstring names."""
    found = list(cited(SECTION))
    assert found
    assert [] == [(place, name) for place, name in found if not any(name.startswith(heading) for heading in HEADINGS)]


def test_cited_scenarios_are_there() -> None:
    """Each scenario that a comment or docstring names; `*` stands for any end."""
    found = [(place, name) for place, names in cited(SCENARIO) for name in re.findall(NAMES, names)]
    assert found
    assert [] == [(place, name) for place, name in found if not matching(SCENARIOS, name)]


def test_cited_documents_are_there() -> None:
    """Each document that a comment or docstring names, from the root of the repository or beside it."""
    documents = {file.relative_to(ROOT).as_posix() for folder in (ROOT / "docs", ROOT / "tests") for file in folder.rglob("*.md")} | {"README.md"}
    found = list(cited(DOCUMENT))
    assert found
    assert [] == [(place, name) for place, name in found
                  if name not in documents and f"{place.rpartition('/')[0]}/{name}" not in documents]


@pytest.mark.parametrize("rule", sorted({row.rule for rows in TRANSITIONS.values() for row in rows.values()}))
def test_rules_of_the_table_of_states_are_there(rule: str) -> None:
    """A row cites invariants, a scenario, an RFC, Apple's documentation or the open-source URLSession."""
    cites = rule.partition(": ")[0]
    assert INVARIANT.match(cites) or cites in SCENARIOS | {"Apple", "corelibs"} or cites.startswith("RFC "), rule
    assert {*INVARIANT.findall(rule)} <= INVARIANTS
    assert {*SECTION.findall(rule)} <= HEADINGS


def test_every_code_is_explained() -> None:
    """The table of error codes has each of `URLError.Code`, by its number and name, and says when it comes."""
    rows = re.findall(r"^\| (-\d+) \| ([A-Z_]+) \| (.+) \|$", RULES, re.MULTILINE)
    assert {int(code): code.name for code in Code} == {int(number): name for number, name, _ in rows}


def test_links_within_the_rules_lead_somewhere() -> None:
    """Each `#anchor` is a heading's."""
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in HEADINGS}
    assert set(re.findall(r"\]\(#([\w-]+)\)", RULES)) <= anchors
