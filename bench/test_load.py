#!/usr/bin/python3
"""Shows that the load generator reports what a small scripted server really does.

HERALD_BENCH is the path of herald-bench. Runs under meson, unittest and pytest.
"""

import http.client
import json
import os
import socket
import subprocess
import threading
import unittest
import uuid

BENCH = os.environ.get("HERALD_BENCH", "build/bench/herald-bench")
CREATED = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(body):
    return (CREATED % (len(body), body)).encode()


def created(activity_id):
    return answer(json.dumps({"notes": "x", "id": activity_id}))


class Call:
    """One POST as the server got it, and what the script may do about it."""

    def __init__(self, number, request, connection, webhook_port):
        self.number = number
        self.request = request
        self.id = str(uuid.uuid4())
        self._connection = connection
        self._webhook_port = webhook_port

    def send(self, data):
        self._connection.sendall(data)

    def acknowledge(self):
        self.send(created(self.id))

    def webhook(self, activity_id=None, target="/hook?a=b&logged_activity_id=%s"):
        hook = http.client.HTTPConnection("127.0.0.1", self._webhook_port, timeout=10)
        hook.request("GET", target.replace("%s", activity_id or self.id))
        status = hook.getresponse().status
        hook.close()
        return status

    def hang_up(self):
        self._connection.close()


class ScriptedServer:
    """Calls `script(call)` for each POST; the calls of all connections come one at a time."""

    def __init__(self, script):
        self.script = script
        self.calls = []
        self.connections = 0
        self.webhook_port = free_port()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            self._take_requests(connection)

    def _take_requests(self, connection):
        data = b""
        while True:
            try:
                data += connection.recv(65536)
            except OSError:
                return
            head, separator, body = data.partition(b"\r\n\r\n")
            if not data:
                return
            if not separator or len(body) < int(head.lower().split(b"content-length: ")[1].split()[0]):
                continue
            with self._lock:
                call = Call(len(self.calls), data, connection, self.webhook_port)
                self.calls.append(call)
                self.script(call)
            data = b""


class LoadTest(unittest.TestCase):
    def load(self, script, *options, count=10, webhooks=True, status=0):
        server = ScriptedServer(script)
        self.addCleanup(server.close)
        command = [BENCH, "load", "--target", f"127.0.0.1:{server.port}", "--path", "/api/activities/logged",
                   "--count", str(count), *options]
        if webhooks:
            command += ["--receive", str(server.webhook_port)]
        run = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(run.returncode, status, run.stdout)
        self.server = server
        return json.loads(run.stdout)

    def test_everything_arrives(self):
        def script(call):
            call.acknowledge()
            call.webhook()

        seen = self.load(script, count=50)
        self.assertEqual((seen["acks"], seen["missing"], seen["duplicates"], seen["errors"]), (50, 0, 0, {}))
        self.assertEqual((seen["before_ack"], seen["unacknowledged"], seen["malformed"]), (0, 0, 0))
        self.assertAlmostEqual(seen["rate"] * seen["seconds"], 50, delta=0.5)

    def test_the_request_is_what_was_asked_for_on_kept_connections(self):
        body = '{"notes": "Zoë"}'
        self.load(Call.acknowledge, "--header", "X-API-KEY: k", "--header", "X-USER-ID: u", "--body", body,
                  "--connections", "3", count=30, webhooks=False)
        self.assertEqual(self.server.connections, 3)
        expected = (f"POST /api/activities/logged HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n"
                    "Content-Type: application/json\r\nContent-Length: 17\r\nX-API-KEY: k\r\nX-USER-ID: u\r\n\r\n"
                    + body).encode()
        self.assertEqual({call.request for call in self.server.calls}, {expected})

    def test_missing_webhooks_are_missing(self):
        def script(call):
            call.acknowledge()
            if call.number not in (3, 7):
                call.webhook()

        seen = self.load(script, "--limit", "1", status=1)
        self.assertEqual((seen["acks"], seen["missing"], seen["duplicates"]), (10, 2, 0))

    def test_repeated_webhooks_are_duplicates(self):
        def script(call):
            for _ in range(3 if call.number == 4 else 1):
                call.webhook()
            call.acknowledge()

        seen = self.load(script)
        self.assertEqual((seen["missing"], seen["duplicates"]), (0, 2))

    def test_a_duplicate_after_everything_has_arrived_is_seen(self):
        def script(call):
            call.acknowledge()
            call.webhook()
            call.webhook()

        seen = self.load(script, "--linger-ms", "1000", count=1)
        self.assertEqual((seen["missing"], seen["duplicates"]), (0, 1))

    def test_a_webhook_before_its_answer_counts_as_no_delay(self):
        def script(call):
            call.webhook()
            call.acknowledge()

        seen = self.load(script)
        self.assertEqual((seen["before_ack"], seen["missing"], seen["arrival_ms"]["max"]), (10, 0, 0))

    def test_webhooks_that_nobody_acknowledged_and_those_that_are_none(self):
        answers = []

        def script(call):
            if call.number == 0:
                call.webhook(activity_id=str(uuid.uuid4()))
                answers.append(call.webhook(target="/hook"))
                answers.append(call.webhook(target="/hook?logged_activity_id=17"))
                answers.append(call.webhook(target="/hook?not_logged_activity_id=%s"))
            answers.append(call.webhook())
            call.acknowledge()

        seen = self.load(script, count=2)
        self.assertEqual(answers, [400, 400, 400, 200, 200])
        self.assertEqual((seen["unacknowledged"], seen["malformed"], seen["missing"]), (1, 3, 0))

    def test_refusals_are_counted_by_status(self):
        def script(call):
            if call.number < 3:
                call.send(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}")
            elif call.number == 3:
                call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            else:
                call.acknowledge()
                call.webhook()

        seen = self.load(script, status=1)
        self.assertEqual((seen["acks"], seen["errors"]), (6, {"200": 1, "503": 3}))

    def test_lost_connections_and_answers_that_are_none(self):
        def script(call):
            if call.number == 0:
                call.hang_up()
            elif call.number == 1:
                call.send(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            elif call.number == 2:
                call.send(answer('{"activity": {"id": "%s"}}' % call.id))
            else:
                call.acknowledge()

        seen = self.load(script, webhooks=False, status=1)
        self.assertEqual((seen["acks"], seen["errors"]), (7, {"connection": 1, "broken": 1, "no_id": 1}))

    def test_a_connection_that_the_server_closes_is_opened_again(self):
        def script(call):
            call.send(created(call.id).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            call.hang_up()

        seen = self.load(script, webhooks=False, count=5)
        self.assertEqual((seen["acks"], seen["errors"], self.server.connections), (5, {}, 5))

    def test_the_same_id_twice_is_an_error(self):
        same = str(uuid.uuid4())

        def script(call):
            call.send(created(same))
            call.webhook(activity_id=same)

        seen = self.load(script, count=2, status=1)
        self.assertEqual(seen["errors"], {"repeated_ack": 1})

    def test_the_id_is_the_one_of_the_outermost_object_in_any_order_and_in_pieces(self):
        def script(call):
            other = str(uuid.uuid4())
            body = json.dumps({"activity_object": {"id": other}, "x": [{"id": other}], "notes": '{"id": "\\',
                               "named": "id", "id": call.id, "logged_by": {"id": other}})
            data = answer(body)
            for at in range(0, len(data), 40):
                call.send(data[at:at + 40])
            call.webhook()

        seen = self.load(script)
        self.assertEqual((seen["acks"], seen["missing"], seen["errors"]), (10, 0, {}))

    def test_requests_that_were_never_answered(self):
        seen = self.load(lambda call: None, "--limit", "1", "--connections", "2", status=1)
        self.assertEqual((seen["started"], seen["acks"], seen["errors"]), (2, 0, {"unanswered": 2}))

    def test_a_rate_is_not_exceeded(self):
        seen = self.load(Call.acknowledge, "--rate", "100", "--connections", "4", count=20, webhooks=False)
        self.assertGreaterEqual(seen["seconds"], 0.19)

    def test_a_delayed_receiver_answers_late_but_counts_at_once(self):
        def script(call):
            call.webhook()
            call.acknowledge()

        seen = self.load(script, "--receiver-delay-us", "20000")
        self.assertEqual((seen["missing"], seen["before_ack"]), (0, 10))
        self.assertGreaterEqual(seen["seconds"], 0.2)

    def test_bad_arguments_are_refused(self):
        for arguments in (["load"], ["load", "--target", "nowhere"], ["load", "--target", "127.0.0.1:99999"],
                          ["load", "--target", "127.0.0.1:1", "--count", "-1"], ["mhd"], ["curl"], ["receive"],
                          ["sqlite", "--batch", "x"], ["other"], []):
            run = subprocess.run([BENCH, *arguments], stderr=subprocess.PIPE, timeout=10, check=False)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertTrue(run.stderr, arguments)


if __name__ == "__main__":
    unittest.main()
