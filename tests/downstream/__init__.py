"""A small project that uses sessionmock, and the demo that runs its tests (`python -m tests.downstream`)."""
