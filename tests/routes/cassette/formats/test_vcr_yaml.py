"""YAML as trees: what plain text means, and what aliases may cost."""
from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionmock.routes.cassette.formats import vcr_yaml
from sessionmock.routes.cassette.formats.vcr_yaml import Plain, YAMLError, read, typed

TEXT = st.text("0123456789+-._eExotTrRuUfFyYnNlLaA~", min_size=1, max_size=6)


@settings(max_examples=500, deadline=None)
@given(TEXT | st.sampled_from(["true", "No", "NULL", "12:30:45", "2020-01-01", "0x1f", "1_000", "-0", "1e5", "1.5e+3"]))
def test_plain_text_means_what_it_means_to_the_library(text: str) -> None:
    """Whether that is found without it or not; what cannot be read is the text."""
    node = read(f"- {text}".encode())
    try:
        expected = yaml.safe_load(f"- {text}")
    except (yaml.YAMLError, ValueError):
        expected = [text]
    found = typed(node)
    assert (repr(expected), list(map(type, expected))) == (repr(found), list(map(type, found)))
    assert "yes" == Plain("yes")


@pytest.mark.parametrize("text", [
    "x: &x '" + "y" * 1000 + "'\nitems: [" + "*x, " * 200 + "]",
    "x: &x {a: '" + "y" * 1000 + "'}\nitems: [" + "*x, " * 200 + "]",
    "a: &a '" + "y" * 100 + "'\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nitems: [" + "*b, " * 200 + "]",
])
def test_aliases_have_a_limit_in_characters(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What they stand for counts each time, however it is wrapped."""
    assert isinstance(read(text.encode()), dict)
    monkeypatch.setattr(vcr_yaml, "MAX_ALIASED_TEXT", 100_000)
    with pytest.raises(YAMLError, match="aliases that multiply"):
        read(text.encode())


def test_aliases_have_a_limit_in_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no alias does not count."""
    monkeypatch.setattr(vcr_yaml, "MAX_ALIASED", 100)
    assert 300 == len(read(b"[" + b"a, " * 300 + b"]"))
    with pytest.raises(YAMLError, match="aliases that multiply"):
        read(b"a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]")
