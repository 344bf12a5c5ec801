"""Answers from recorded traffic: vcrpy's files, read and written without vcrpy."""
from __future__ import annotations

from .interaction import Extra, Interaction, RecordedRequest, RecordedResponse, Tape
from .route import CassetteRoute, Mode

__all__ = ["CassetteRoute", "Extra", "Interaction", "Mode", "RecordedRequest", "RecordedResponse", "Tape"]
