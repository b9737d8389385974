#!/usr/bin/python3
"""Measures Herald end to end, next to what the same machine can do at most, in one run.

    bench/bench.py --herald PATH --bench PATH [--engine postgres] [--json FILE] [--quick]

Rounds of all measurements are interleaved and medians are shown, since machines are noisy; a ratio is the
median of the ratios within a round, and beside it the best of all rounds against the best, which other programs
on the machine disturb least. Nothing is asserted about time. The exit status is 1 when a count is wrong: an
activity refused, a webhook missing or sent twice.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import measure
from server import Server, free_port

WARM_UP = 2000

FULL = {"rounds": 5, "activities": 30000, "single": 3000, "paced": 500, "answers": 100000, "requests": 60000,
        "commits": {1: 4000, 8: 16000, 32: 40000, 128: 60000}, "idle": 10000}
QUICK = {"rounds": 1, "activities": 2000, "single": 200, "paced": 50, "answers": 5000, "requests": 5000,
         "commits": {1: 200, 8: 800, 32: 3200, 128: 6400}, "idle": 1000}


class Bench:
    """Runs commands of herald-bench against one server and its ceilings."""

    def __init__(self, program, sizes, work, engine):
        self.program = program
        self.sizes = sizes
        self.work = work
        self.engine = engine
        self.wrong = []
        self.counts = dict.fromkeys(("acks", "missing", "duplicates", "refused or lost"), 0)

    def run(self, command, *options):
        """The JSON of one command. A count that is wrong is remembered, not raised: the table still helps."""
        run = subprocess.run([self.program, command, *map(str, options)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=900, check=False)
        if not run.stdout.strip():
            raise SystemExit(f"herald-bench {command}: {run.stderr.strip()}")
        seen = json.loads(run.stdout)
        if run.returncode or seen.get("duplicates"):
            self.wrong.append({"command": " ".join([command, *map(str, options)]), "seen": seen})
        return seen

    def load(self, server, connections, count, *options):
        """POSTs `count` activities and waits for their webhooks."""
        headers = []
        for name, value in server.headers.items():
            headers += ["--header", f"{name}: {value}"]
        seen = self.run("load", "--target", server.address, "--path", "/api/activities/logged", *headers,
                        "--body", server.body, "--connections", connections, "--count", count,
                        "--receive", server.webhook_port, *options)
        for name in ("acks", "missing", "duplicates"):
            self.counts[name] += seen[name]
        self.counts["refused or lost"] += sum(seen["errors"].values())
        return seen

    def herald(self, server, connections, count, *options):
        """A load with what it cost: processor time of everybody, and how many commits it took."""
        counted = server.counters()
        before = measure.snapshot(server.pid, server.database_pid)
        seen = self.load(server, connections, count, *options)
        seen["cost"] = measure.cost(before, measure.snapshot(server.pid, server.database_pid), seen)
        commits = server.counters()["batches_committed_total"] - counted["batches_committed_total"]
        seen["activities_a_commit"] = seen["acks"] / max(commits, 1)
        return seen

    def ceiling_mhd(self):
        """The same load on an empty handler."""
        port = free_port()
        with measure.running([self.program, "mhd", "--port", str(port)], port):
            return self.run("load", "--target", f"127.0.0.1:{port}", "--path", "/api/activities/logged",
                            "--body", '{"activity_object_name": "sales_call", "notes": "Discussed pricing"}',
                            "--connections", 32, "--count", self.sizes["answers"])

    def ceiling_curl(self):
        """Webhook requests from libcurl multi to the same receiver, in a process of its own."""
        port = free_port()
        with measure.running([self.program, "receive", "--receive", str(port)], port):
            return self.run("curl", "--url", f"http://127.0.0.1:{port}/hooks/sales-call", "--connections", 32,
                            "--count", self.sizes["requests"])

    def ceiling_sqlite(self, batch):
        """Bare commits of the same rows, on the same file system as the data directory."""
        return self.run("sqlite", "--file", os.path.join(self.work, "ceiling.db"), "--batch", batch,
                        "--count", self.sizes["commits"][batch])

    def one_round(self, server):
        """Everything once; the ceiling that matters most on both sides of what is compared with it."""
        before = self.ceiling_sqlite(32)
        herald_32 = self.herald(server, 32, self.sizes["activities"])
        after = self.ceiling_sqlite(32)
        return {
            "herald_32": herald_32,
            "sqlite_32": {"rate": (before["rate"] + after["rate"]) / 2, "before": before, "after": after},
            "mhd": self.ceiling_mhd(),
            "curl": self.ceiling_curl(),
            "herald_1": self.herald(server, 1, self.sizes["single"]),
            "sqlite_1": self.ceiling_sqlite(1),
            "sqlite_8": self.ceiling_sqlite(8),
            "sqlite_128": self.ceiling_sqlite(128),
            "herald_paced": self.herald(server, 8, self.sizes["paced"], "--rate", 100),
        }


def memory_of_idle(server, connections):
    """Resident memory with so many keep-alive connections that did one request each and wait."""
    with measure.idle_connections(server.address, connections, "/healthz") as opened:
        seen = measure.memory(server.pid)
        seen["connections"] = opened
        return seen


def measure_all(options, bench, work):
    """Starts the server twice: for the load, and for the idle connections. Returns rounds and memory."""
    sizes = bench.sizes
    memory = {}
    with Server(options.herald, options.engine, os.path.join(work, "data")) as server:
        memory["started"] = measure.memory(server.pid)
        time.sleep(1)
        memory["at_rest"] = measure.memory(server.pid)
        server.prepare()
        bench.load(server, 32, min(WARM_UP, sizes["activities"]))
        rounds = []
        for number in range(sizes["rounds"]):
            print(f"round {number + 1} of {sizes['rounds']}", file=sys.stderr, flush=True)
            rounds.append(bench.one_round(server))
        memory["under_load"] = measure.memory(server.pid)
    with Server(options.herald, options.engine, os.path.join(work, "idle")) as server:
        memory["idle"] = memory_of_idle(server, sizes["idle"])
    return rounds, memory


def values(rounds, measurement, *path):
    """One figure of all rounds: values(rounds, "herald_32", "ack_ms", "p50")."""
    found = []
    for one in rounds:
        value = one[measurement]
        for name in path:
            value = value[name]
        found.append(value)
    return found


def figure(name, unit, found, **ratios):
    """A row of the table. A ratio is given as the figures of the ceiling, round by round."""
    compared = {}
    for ceiling, other in ratios.items():
        compared[ceiling] = {"median": statistics.median(a / b for a, b in zip(found, other) if b),
                             "best": max(found) / max(other)}
    return {"name": name, "unit": unit, "median": statistics.median(found), "min": min(found), "max": max(found),
            "values": found, "ratios": compared}


def figures(rounds, memory, engine):
    """All rows of the table."""
    def rate(measurement):
        return values(rounds, measurement, "rate")

    sqlite_32 = {"SQLite 32": rate("sqlite_32")} if engine == "sqlite" else {}
    sqlite_1 = {"SQLite 1": rate("sqlite_1")} if engine == "sqlite" else {}
    rows = [
        figure("end to end, 32 connections", "activities/s", rate("herald_32"), **sqlite_32,
               **{"libmicrohttpd": rate("mhd"), "libcurl": rate("curl")}),
        figure("answers 201, 32 connections", "acks/s", values(rounds, "herald_32", "acks_per_second"),
               **{"libmicrohttpd": rate("mhd")}),
        figure("end to end, 1 connection", "activities/s", rate("herald_1"), **sqlite_1),
    ]
    for measurement, title in (("herald_32", "32 connections"), ("herald_1", "1 connection"),
                               ("herald_paced", "at 100 a second")):
        for kind, words in (("ack_ms", "POST to 201"), ("arrival_ms", "201 to webhook")):
            for quantile in ("p50", "p99"):
                rows.append(figure(f"{words} {quantile}, {title}", "ms",
                                   values(rounds, measurement, kind, quantile)))
    rows += [
        figure("webhooks ahead of their 201, 32 connections", "%",
               [100 * one["herald_32"]["before_ack"] / max(one["herald_32"]["acks"], 1) for one in rounds]),
        figure("activities a commit, 32 connections", "", values(rounds, "herald_32", "activities_a_commit")),
        figure("activities a commit, 1 connection", "", values(rounds, "herald_1", "activities_a_commit")),
        figure("server's processor time, 32 connections", "ms/activity",
               values(rounds, "herald_32", "cost", "server_ms_each")),
        figure("server's processor time, 1 connection", "ms/activity",
               values(rounds, "herald_1", "cost", "server_ms_each")),
        figure("generator's processor time, 32 connections", "ms/activity",
               values(rounds, "herald_32", "cost", "load_ms_each")),
        figure("memory when started", "MB", [memory["started"]["rss_mb"]]),
        figure("memory at rest (after 1 s)", "MB", [memory["at_rest"]["rss_mb"]]),
        figure("memory at rest, proportional", "MB", [memory["at_rest"]["pss_mb"]]),
        figure("memory under load, peak", "MB", [memory["under_load"]["peak_mb"]]),
        figure(f"memory with {memory['idle']['connections']:,} idle connections", "MB",
               [memory["idle"]["rss_mb"]]),
        figure("ceiling: libmicrohttpd, empty handler", "answers/s", rate("mhd")),
        figure("ceiling: libcurl multi, one thread", "requests/s", rate("curl")),
    ]
    for batch in (1, 8, 32, 128):
        rows.append(figure(f"ceiling: SQLite, same rows, {batch} a commit", "activities/s",
                           rate(f"sqlite_{batch}")))
    return rows


def number(value):
    """Three significant digits or so, with separators."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def print_table(rows):
    """The figures for people."""
    print(f"{'figure':<46} {'median':>9} {'min':>9} {'max':>9}  {'unit':<13} "
          "of the ceiling: median of rounds (best to best)")
    for row in rows:
        ratios = ", ".join(f"{100 * ratio['median']:.0f} % ({100 * ratio['best']:.0f} %) of {name}"
                           for name, ratio in row["ratios"].items())
        spread = " ".join(f"{number(row[name]):>9}" for name in ("median", "min", "max"))
        print(f"{row['name']:<46} {spread}  {row['unit']:<13} {ratios}".rstrip())


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--herald", required=True, help="the herald program, of a release build")
    parser.add_argument("--bench", required=True, help="the herald-bench program of the same build")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", metavar="FILE", help="write all figures, round by round, there too")
    parser.add_argument("--quick", action="store_true", help="small counts, to see that it works")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    return parser.parse_args()


def main():
    options = parse_arguments()
    sizes = dict(QUICK if options.quick else FULL)
    if options.rounds:
        sizes["rounds"] = options.rounds
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    work = tempfile.mkdtemp(prefix="herald-bench.")
    os.chmod(work, 0o711)  # PostgreSQL runs as a user of its own when this is root
    try:
        bench = Bench(options.bench, sizes, work, options.engine)
        rounds, memory = measure_all(options, bench, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)

    rows = figures(rounds, memory, options.engine)
    limit = measure.limit(values(rounds, "herald_32", "cost"))
    print(f"Herald on {options.engine}, {os.cpu_count()} processor cores, {sizes['rounds']} rounds of "
          f"{sizes['activities']:,} activities, file system of {tempfile.gettempdir()}")
    print_table(rows)
    print(f"\nThe limit at 32 connections: {limit}")
    print("Webhooks: " + ", ".join(f"{count:,} {name}" for name, count in bench.counts.items()))
    for wrong in bench.wrong:
        print(f"\nWRONG COUNTS from herald-bench {wrong['command']}:\n  {json.dumps(wrong['seen'])}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"engine": options.engine, "cores": os.cpu_count(), "kernel": os.uname().release,
                       "quick": options.quick, "sizes": sizes, "figures": rows, "limit": limit,
                       "memory": memory,
                       "rounds": rounds, "counts": bench.counts, "wrong": bench.wrong}, file, indent=1)
            file.write("\n")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
