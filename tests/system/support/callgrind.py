"""herald serve under valgrind's callgrind: instructions and calls, which no machine's speed changes."""

import re

PREFIX = ("valgrind", "--tool=callgrind", "--quiet")
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"}


class Counts:
    """Of one run, from start to end: instructions of all threads, and how often each function was called."""

    def __init__(self, path):
        self.names = {}
        self.calls = {}
        self.instructions = 0
        callee = None
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("summary:"):
                    self.instructions = int(line.split()[1])
                elif line.startswith(("fn=", "cfn=")):
                    name = self._name(line.partition("=")[2].strip())
                    callee = name if line.startswith("cfn") else callee
                elif line.startswith("calls="):
                    count = int(re.match(r"calls=(\d+)", line).group(1))
                    self.calls[callee] = self.calls.get(callee, 0) + count

    def _name(self, text):
        """"(12) malloc" the first time, "(12)" afterwards; "malloc'2" is a recursion of it."""
        number, _, name = text.partition(" ")
        if name:
            self.names[number] = re.sub(r"'\d+$", "", name)
        return self.names[number]

    @property
    def allocations(self):
        return sum(count for name, count in self.calls.items() if name in ALLOCATORS)


def run(make_server, folder, work):
    """What a server does from its start, over work(server), to its end."""
    out = folder / f"callgrind-{len(list(folder.glob('callgrind-*')))}"
    server = make_server(prefix=(*PREFIX, f"--callgrind-out-file={out}"))
    work(server)
    server.stop()
    return Counts(out)
