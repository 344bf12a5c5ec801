"""Performs what the core decides for one task: each load, the parts that it is made of, and who takes its response."""
from __future__ import annotations
