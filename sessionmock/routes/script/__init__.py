"""Answers that a test writes down: in order, or by respx routers attached unchanged.

Importing this package imports neither respx nor httpx; the first use of a respx router does.
"""
from __future__ import annotations

from .answer import Answer
from .route import ScriptRoute

__all__ = ["Answer", "ScriptRoute"]
