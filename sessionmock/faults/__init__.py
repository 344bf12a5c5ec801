"""Faults: where and how the network, the peer, the disk or the delegate fails, as a plan of lines and as what of it is armed."""
