"""The order in which a task is told what happens to it."""
from __future__ import annotations

METRICS, COMPLETION = 6, 7

RANKS = {
    "session_did_create_task": 0,
    **dict.fromkeys((
        "task_will_begin_delayed_request", "task_is_waiting_for_connectivity", "task_will_perform_http_redirection",
        "task_did_receive_challenge", "session_did_receive_challenge", "task_need_new_body_stream",
        "task_need_new_body_stream_from_offset", "task_did_receive_informational_response"), 1),
    **dict.fromkeys(("data_task_did_receive_response", "download_task_did_resume_at_offset"), 2),
    "data_task_did_become_download_task": 3,
    **dict.fromkeys(("data_task_did_receive_data", "download_task_did_write_data"), 4),
    **dict.fromkeys(("data_task_will_cache_response", "download_task_did_finish_downloading"), 5),
    "task_did_finish_collecting_metrics": METRICS,
    **dict.fromkeys(("task_did_complete", "completion_handler"), COMPLETION),
}
"""None has a lower number than the one before it. What is not here may come at any time before the metrics."""

ONCE = frozenset(name for name, rank in RANKS.items() if rank in (2, 3, 5, METRICS))
"""Those that come once."""

TERMINAL = frozenset(name for name, rank in RANKS.items() if rank == COMPLETION)
"""The terminal messages."""

UNRESUMED = frozenset(name for name, rank in RANKS.items() if rank in (0, METRICS, COMPLETION))
"""What a task may be told that was never resumed."""
