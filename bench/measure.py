"""What the operating system knows of processes: memory, processor time by thread; and helpers around them."""

import contextlib
import os
import selectors
import socket
import statistics
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Megabytes: resident now, its highest so far, and the proportional share (shared pages divided)."""
    seen = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                seen[{"VmRSS": "rss_mb", "VmHWM": "peak_mb"}[name]] = int(value.split()[0]) / 1024
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                seen["pss_mb"] = int(line.split()[1]) / 1024
    return seen


def _cpu_of(stat_path):
    """Name and processor seconds from a stat file; the name may hold spaces and parentheses."""
    with open(stat_path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    name = text[text.index("(") + 1:text.rindex(")")]
    fields = text[text.rindex(")") + 2:].split()
    return name, (int(fields[11]) + int(fields[12])) / TICK


def _family(pid):
    """Processor seconds of a process and its children."""
    total = _cpu_of(f"/proc/{pid}/stat")[1]
    with contextlib.suppress(FileNotFoundError):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            for child in file.read().split():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    total += _cpu_of(f"/proc/{child}/stat")[1]
    return total


def snapshot(pid, database_pid=None):
    """Processor time so far: of the server, each of its threads, its database, and the whole machine."""
    threads = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            threads[thread] = _cpu_of(f"/proc/{pid}/task/{thread}/stat")
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return {"at": time.monotonic(), "process": _cpu_of(f"/proc/{pid}/stat")[1], "threads": threads,
            "database": _family(database_pid) if database_pid else 0.0,
            "machine": (user + nice + system + irq + softirq) / TICK, "steal": steal / TICK}


def cost(before, after, seen):
    """What a load took between two snapshots; `seen` is what the generator reported."""
    server = after["process"] - before["process"]
    machine = after["machine"] - before["machine"]
    database = after["database"] - before["database"]
    load = seen["cpu_seconds"]
    threads = {}
    for thread, (name, seconds) in after["threads"].items():
        threads[f"{name} ({thread})"] = seconds - before["threads"].get(thread, (name, 0))[1]
    activities = max(seen["acks"], 1)
    # The snapshots are a little further apart than the load took; what others use is spread over all of that.
    scale = seen["seconds"] / (after["at"] - before["at"])
    return {"seconds": seen["seconds"], "server_cpu": server, "database_cpu": database, "load_cpu": load,
            "other_cpu": scale * max(machine - server - database - load, 0),
            "steal": scale * (after["steal"] - before["steal"]),
            "server_ms_each": 1000 * (server + database) / activities,
            "load_ms_each": 1000 * load / activities,
            "threads": threads}


def limit(costs):
    """One sentence: what was used up during these loads, medians of all rounds."""
    def share(name):
        return statistics.median(one[name] / one["seconds"] for one in costs if one["seconds"])

    cores = os.cpu_count()
    parts = {"the server": share("server_cpu"), "its database": share("database_cpu"),
             "the load generator with the receiver": share("load_cpu"), "everything else": share("other_cpu")}
    busiest, busy = max(((name, seconds / one["seconds"]) for one in costs if one["seconds"]
                         for name, seconds in one["threads"].items()), key=lambda pair: pair[1])
    used = f"of {cores} cores " + ", ".join(f"{name} used {part:.2f}" for name, part in parts.items() if part)
    used += f"; stolen by the host {share('steal'):.2f}; the server's busiest thread, {busiest}, used {busy:.2f}"
    if parts["everything else"] > 0.1 * cores:
        used += ". Other programs disturbed this run"
    if sum(parts.values()) > 0.9 * cores:
        largest = max(parts, key=parts.get)
        return f"processor time, most of it in {largest}: {used}"
    if busy > 0.9:
        return f"one thread, {busiest}: {used}"
    return f"waiting, mostly for commits to reach the disk; neither the cores nor a thread are used up: {used}"


def wait_for_port(port, process=None, limit_s=10):
    """Returns when something accepts connections there."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if process and process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.01)
    raise SystemExit(f"nothing listens on port {port}")


@contextlib.contextmanager
def running(command, port, stdout=subprocess.DEVNULL):
    """A helper process that listens on `port` while the block runs."""
    process = subprocess.Popen(command, stdout=stdout)
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def idle_connections(address, count, path):
    """Opens keep-alive connections, does one request on each, and holds them; yields how many answered."""
    host, port = address.rsplit(":", 1)
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        answered = 0
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=10))
            connection.sendall(request)
            answered += connection.recv(4096).startswith(b"HTTP/1.1 200")
            selector.register(connection, selectors.EVENT_READ)
        closed = len(selector.select(timeout=0))
        yield answered - closed
