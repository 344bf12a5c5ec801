"""Answers from recorded traffic: vcrpy's files, read and written without vcrpy, and those of other recorders."""
from __future__ import annotations

from .files import read_tape, write_tape
from .interaction import Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .route import CassetteRoute, Mode

__all__ = [
    "CassetteRoute", "Extra", "Format", "Interaction", "Mode", "RecordedRequest", "RecordedResponse", "Tape", "read_tape", "write_tape",
]
