"""Whether what stands under the name of a secret is one: what it says of itself, and what stands beside it, count.

A name alone makes no secret (docs/rules.md, Secrets). In a request it nearly does, for nobody reads a request from a cassette; an answer
is read, and one that is changed where it is no secret makes a test green that would be red.
"""
from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .values import is_label, is_made, is_word, says_place, says_something


class Kind(Enum):
    """What a name says of its value."""

    NONE = "no secret"
    GIVEN = "a secret, as the user said"
    CLEAR = "a key that a machine made: access_token, api_key"
    CHOSEN = "what a person chose or was told: password, pin"
    LOOSE = "a key, or something else: token, secret, signature, sid"


Beside = Mapping[str, str | None]
_NOTHING: Beside = {}

# Beside a piece of text, as language models, tokenizers and analysers of text have it.
_OF_TEXTS = frozenset({
    "logprob", "logprobs", "toplogprobs", "tokenlogprob", "logprobability", "prob", "probability", "score", "special", "lstrip", "startoffset",
    "endoffset", "position", "tokenid", "tokenstr", "pos", "tag", "lemma",
})
# Beside a signature that lets somebody in; all others are of content, which everybody may check.
_OF_PERMITS = ("policy", "credential", "accesskeyid", "apikey", "api_key", "expires", "keypairid", "key-pair-id", "x-amz-credential")
_OF_ACCOUNTS = ("username", "user", "login", "email", "user_name", "account")
_TABLE = 4      # as many others of one kind make a table: of words in a translation, of counts


def signs_content(beside: Beside) -> bool:
    """Whether a signature beside these members is one of content."""
    names = [name.lower() for name in beside]
    return not any(name.endswith(_OF_PERMITS) for name in names)


def is_piece_of_text(beside: Beside) -> bool:
    """Whether a token beside these members is a piece of text."""
    return not _OF_TEXTS.isdisjoint(name.replace("_", "").lower() for name in beside)


def is_secret(kind: Kind, value: str, beside: Beside = _NOTHING) -> bool:
    """Whether `value`, of an answer, is a secret under a name of that `kind`."""
    if kind is Kind.GIVEN:
        return True
    if not value.strip() or is_word(value) or says_place(value):
        return False
    if kind is Kind.CHOSEN:
        return len(value) > 2 and (not is_label(value) or _is_of_account(value, beside)) and not _is_table(value, beside)
    if kind is Kind.CLEAR:
        return len(value) > 3 and not is_label(value)
    scheme, _, credentials = value.partition(" ")      # of an Authorization
    return kind is Kind.LOOSE and is_made(credentials if scheme.isalpha() and credentials else value)


def is_secret_number(kind: Kind, beside: Beside = _NOTHING) -> bool:
    """The same for a number: those of tables and of machines are none."""
    if kind is Kind.CHOSEN:
        return sum(value is not None and value.isdecimal() for value in beside.values()) <= _TABLE
    return kind is Kind.GIVEN


def _is_of_account(value: str, beside: Beside) -> bool:
    """Whether a word stands beside the name of somebody, and not beside the label "User name"."""
    names = [said for name, said in beside.items() if said and name.lower() in _OF_ACCOUNTS]
    return " " not in value and any(not is_label(name) and not is_word(name) for name in names)


def _is_table(value: str, beside: Beside) -> bool:
    texts = [said for said in beside.values() if said]
    words = sum(not any(map(str.isdigit, said)) and not says_something(said) for said in texts)
    return not any(map(str.isdigit, value)) and words > _TABLE and words == len(texts)
