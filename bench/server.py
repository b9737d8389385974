"""The server that is measured: `herald serve` on a fresh data directory, and what it needs to log an activity."""

import http.client
import json
import os
import socket
import subprocess
import time


def free_port():
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A context: started and ready inside, stopped after. `prepare` makes what `headers` and `body` need."""

    def __init__(self, program, engine, directory):
        self.program = program
        self.engine = engine
        self.directory = directory
        self.address = f"127.0.0.1:{free_port()}"
        self.webhook_port = free_port()
        self.headers = {}
        self.body = "{}"
        self._process = None

    @property
    def pid(self):
        """Of the server's process."""
        return self._process.pid

    def __enter__(self):
        os.makedirs(self.directory, mode=0o700)
        with open(os.path.join(self.directory, "serve.log"), "wb") as log:
            self._process = subprocess.Popen([self.program, "serve", *self._options()], stdout=log, stderr=log)
        self._wait_ready()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _options(self):
        return ["--data-dir", self.directory, "--listen", self.address, "--allow-targets", "127.0.0.0/8"]

    def _wait_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                connection = http.client.HTTPConnection(self.address, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        with open(os.path.join(self.directory, "serve.log"), encoding="utf-8", errors="replace") as log:
            raise SystemExit(f"herald serve did not become ready:\n{log.read()}")

    def _admin(self, *words):
        run = subprocess.run([self.program, "admin", *words, "--data-dir", self.directory, "--json"],
                             stdout=subprocess.PIPE, timeout=60, check=True)
        return json.loads(run.stdout)

    def prepare(self):
        """The worked example: a Business, an employee with a key, a contact, an object with a webhook."""
        business = self._admin("business", "add", "--name", "Bench")
        employee = self._admin("employee", "add", "--business", business["id"], "--first-name", "Alex",
                               "--last-name", "Rivera", "--email", "alex@example.com")
        key = self._admin("key", "add", "--user", employee["user_id"], "--name", "bench")
        contact = self._admin("contact", "add", "--business", business["id"], "--first-name", "Maria",
                              "--last-name", "Thompson")
        activity_object = self._admin("object", "add", "--business", business["id"], "--name", "Sales Call",
                                      "--webhook-url", f"http://127.0.0.1:{self.webhook_port}/hooks/sales-call")
        self.headers = {"X-API-KEY": key["key"], "X-BUSINESS-ID": business["id"], "X-USER-ID": employee["user_id"]}
        self.body = json.dumps({"activity_object_id": activity_object["id"], "notes": "Discussed pricing and next steps",
                                "associated_entities": [{"id": contact["id"]}]})
