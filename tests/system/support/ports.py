"""Ports for servers that are named beforehand, or that come back at the same one."""

import random
import socket

# Below the ports that the kernel gives to connections, so that none of those takes one between two starts.
FIRST, LAST = 15000, 30000


def free_port():
    """A port that nobody has just now."""
    for port in random.SystemRandom().sample(range(FIRST, LAST), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError(f"no free port from {FIRST} to {LAST}")
