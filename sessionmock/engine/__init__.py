"""Performs what the core decides: the loop, the queues that callbacks run on, and each load."""
