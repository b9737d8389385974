"""Ports for servers that are not asked to choose their own."""

import random
import socket


def free_port():
    """A loopback port below those that the system gives to others, so that it stays free while its owner restarts."""
    for _ in range(100):
        port = random.randint(15_000, 29_999)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port")
