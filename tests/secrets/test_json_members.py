"""Members of JSON within text."""
from __future__ import annotations

from sessionmock.secrets.json_members import unescaped, values


def found(text: str) -> list[tuple[str, str, str]]:
    return [(one[0], name, here.under) for one, name, here in values(text, {"token", "secrets"}.__contains__)]


def test_values_come_with_their_names() -> None:
    """With that of the secret that they stand in, in whatever stands around the JSON, and of lists with the list's."""
    assert [('"x"', "a", ""), ("12345", "n", ""), ('"y"', "b", "token"), ('"z"', "secrets", "secrets"), ('"w"', "c", "")] == found(
        'data: {"a": "x", "n": 12345, "token": {"b": "y"}, "secrets": [["z"]], "c": "w"}')


def test_json_that_is_cut_off_or_no_json_is_read_as_far_as_it_goes() -> None:
    """A name without an object around it names its value too."""
    assert [('"x"', "a", ""), ('"y"', "b", "")] == found('"a": "x"]}} "b": "y"')
    assert [('"y', "b", "token")] == found('{"token": [{"b": "y')


def test_what_stands_beside_a_value_is_complete_in_the_end() -> None:
    """Texts as they are meant."""
    (_, _, here), *_ = values('{"a": "x", "b": "\\u00e2", "c": {"d": "e"}}', bool)
    assert {"a": "x", "b": "â", "c": None} == here.said


def test_what_is_no_string_of_json_is_read_as_it_is() -> None:
    """Escapes that do not exist."""
    assert ("a\nb", "a\\xb", "ab") == (unescaped("a\\nb"), unescaped("a\\xb"), unescaped("ab"))
