"""The engine's asyncio loop, and operations on somebody else's."""
from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from sessionmock.engine.event_loop import EngineLoop, SystemOuting


def test_what_a_callback_raises_goes_to_the_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a note of where it was raised; what has only a message becomes a RuntimeError. No logger is called."""
    reports: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", reports.append)
    loop = EngineLoop()
    loop.call_soon(int, "no number")
    loop.call_soon(loop.call_exception_handler, {"message": "something odd"})
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert [ValueError, RuntimeError] == [report.exc_type for report in reports]
    assert "something odd" == str(reports[1].exc_value)
    assert all(report.exc_value.__notes__[0].startswith("raised in the engine: ") for report in reports)


def test_an_operation_is_a_task_on_its_loop() -> None:
    """It runs there, and nothing has to be told when it is back."""
    async def main() -> bool:
        loop = asyncio.get_running_loop()
        outing = SystemOuting(loop)

        async def operation() -> bool:
            return asyncio.get_running_loop() is loop

        ran = await outing.run(operation())
        outing.back()
        return ran

    assert asyncio.run(main())
