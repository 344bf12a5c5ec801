"""Rules: pure functions and tables. No I/O, no threads, no clock, no httpx."""
