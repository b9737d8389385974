#!/usr/bin/python3
"""Shows that the ceilings do all of the work that they claim to measure.

HERALD_BENCH is the path of herald-bench.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import measure  # noqa: E402
from server import free_port  # noqa: E402

BENCH = os.environ.get("HERALD_BENCH", "build/bench/herald-bench")


def run(*words):
    done = subprocess.run([BENCH, *map(str, words)], stdout=subprocess.PIPE, timeout=120, check=True)
    return json.loads(done.stdout)


class CeilingTest(unittest.TestCase):
    def test_sqlite_commits_the_rows_of_the_present_schema(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "ceiling.db")
            for batch, count, expected in ((1, 20, 20), (32, 100, 128), (128, 128, 128)):
                seen = run("sqlite", "--file", path, "--batch", batch, "--count", count)
                self.assertEqual((seen["batch"], seen["count"]), (batch, expected))
            self.assertEqual(os.listdir(directory), [])

    def test_the_empty_handler_answers_every_post(self):
        port = free_port()
        with measure.running([BENCH, "mhd", "--port", str(port)], port):
            seen = run("load", "--target", f"127.0.0.1:{port}", "--body", '{"a": 1}', "--connections", 8,
                       "--count", 400)
        self.assertEqual((seen["acks"], seen["errors"]), (400, {}))

    def test_libcurl_sends_every_request_to_the_receiver(self):
        port = free_port()
        command = [BENCH, "receive", "--receive", str(port)]
        with measure.running(command, port, stdout=subprocess.PIPE) as receiver:
            seen = run("curl", "--url", f"http://127.0.0.1:{port}/hook", "--connections", 8, "--count", 400)
            receiver.terminate()
            received = json.loads(receiver.communicate(timeout=30)[0])
        self.assertEqual((seen["count"], seen["failed"]), (400, 0))
        self.assertEqual((received["received"], received["malformed"]), (400, 0))

    def test_idle_connections_that_are_closed_are_not_counted(self):
        port = free_port()
        with measure.running([BENCH, "receive", "--receive", str(port)], port):
            path = "/hook?logged_activity_id=018f4e2a-0000-7000-8000-000000000000"
            with measure.idle_connections(f"127.0.0.1:{port}", 20, path) as held:
                self.assertEqual(held, 20)
            with measure.idle_connections(f"127.0.0.1:{port}", 20, "/hook") as held:
                self.assertEqual(held, 0)


if __name__ == "__main__":
    unittest.main()
