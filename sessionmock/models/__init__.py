"""Values: what requests, responses and configurations are made of. No I/O, no threads, no clock."""
