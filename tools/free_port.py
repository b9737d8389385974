"""Prints a free loopback port, below those that the system gives to others, so that it stays free for its owner."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))
from support.ports import free_port  # noqa: E402

print(free_port())
