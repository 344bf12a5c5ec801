"""Leaks: sessions that were never invalidated and tasks that never ended, found by who owns them.

`scopes` own, `kinds` tell what was left, `report` says it.
"""
