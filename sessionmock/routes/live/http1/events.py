"""What reading an answer brings, whoever reads it, and how much of an answer is read."""
from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ....models.message import Headers, ResponseHead

HEAD_LIMIT = 262_144           # bytes of one head, or of the trailers: as much as browsers read
CHUNK_LINE_LIMIT = 16_384      # bytes of the line before a chunk
INFORMATIONAL_LIMIT = 100      # 1xx heads before a final one


class AnswerError(Exception):
    """Why an answer cannot be read to its end."""


class Lost(AnswerError):
    """The peer closed the connection before or within its answer."""


class Garbage(AnswerError):
    """What the peer sent is not HTTP/1."""


class End(NamedTuple):
    """The answer is complete."""

    trailers: Headers


# What an Answer brings, in this order: informational heads, the final head, pieces of the body, End; an AnswerError
# stands last wherever it comes, after everything that was good.
Event: TypeAlias = ResponseHead | bytes | End | AnswerError
