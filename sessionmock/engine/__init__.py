"""The concurrency kit: the engine that runs callbacks and timers, in real time or virtual, and the queues that callbacks run on."""
