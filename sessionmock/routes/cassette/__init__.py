"""Answers from recorded traffic: vcrpy's files, read and written without vcrpy, and those of other recorders."""
from __future__ import annotations

from .expiry import OnExpiry
from .files import read_tape, write_tape
from .hooks import RecordedAnswer
from .interaction import Extra, Format, Interaction, RecordedRequest, RecordedResponse, Tape
from .matching import Order
from .modes import Mode
from .route import CassetteRoute
from .secrets import Secrets
from .verify import Difference

__all__ = [
    "CassetteRoute", "Difference", "Extra", "Format", "Interaction", "Mode", "OnExpiry", "Order", "RecordedAnswer", "RecordedRequest",
    "RecordedResponse", "Secrets", "Tape", "read_tape", "write_tape",
]
