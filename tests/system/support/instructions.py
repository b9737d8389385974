"""Instructions, counted: herald under valgrind's callgrind, and who of its functions took how many."""

import pathlib
import re
import subprocess

from .wait import wait_for


class Callgrind:
    """
    `prefix` starts a program under it, which counts nothing until `begin`. Functions that the compiler has put into others
    are counted as those.
    """

    def __init__(self, folder):
        self.out, self.dumps = pathlib.Path(folder) / "callgrind", 0
        self.prefix = ("valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={self.out}.%p",
                       f"--vgdb-prefix={self.out}.vgdb", "--separate-threads=no", "--compress-strings=no", "--compress-pos=no")

    def _control(self, server, word):
        done = subprocess.run(["vgdb", f"--vgdb-prefix={self.out}.vgdb", f"--pid={server.process.process.pid}", *word.split()],
                              capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def begin(self, server):
        self._control(server, "zero")

    def end(self, server):
        """{(caller, called): (calls, instructions with all that they call)}."""
        self._control(server, "dump")
        self.dumps += 1
        file = pathlib.Path(f"{self.out}.{server.process.process.pid}.{self.dumps}")
        return read(wait_for(lambda: file.exists() and file.read_text(encoding="utf-8"), "what callgrind has counted"))


def read(text):
    """A dump's calls. After `calls=` comes a line with the position and the cost."""
    costs, caller, called, calls = {}, None, None, 0
    for line in text.splitlines():
        if line.startswith("fn="):
            caller = name(line)
        elif line.startswith("cfn="):
            called = name(line)
        elif line.startswith("calls="):
            calls = int(line[len("calls="):].split()[0])
        elif calls:
            count, cost = costs.get((caller, called), (0, 0))
            costs[caller, called] = (count + calls, cost + int(line.split()[1]))
            calls = 0
    return costs


def name(line):
    """Without what tells apart several of one name ('2)."""
    return re.sub(r"'\d+$", "", line.split("=", 1)[1])


def of(costs, functions):
    """What these took together, each other's calls counted once."""
    return sum(cost for (caller, called), (_, cost) in costs.items() if called in functions and caller not in functions)


def calls_of(costs, function):
    return sum(calls for (_, called), (calls, _) in costs.items() if called == function)
