"""The clock of servers under test (HERALD_CLOCK, src/base/fault_clock.c): it goes ahead when a test says so."""

import mmap
import struct


class Clock:
    """clock.env is for make_server(env=…); one clock may be that of several servers."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self.env = {"HERALD_CLOCK": str(path)}
        self._ahead = 0

    def advance(self, seconds):
        self._ahead += int(seconds * 1_000_000)
        self._map[:8] = struct.pack("=q", self._ahead)
