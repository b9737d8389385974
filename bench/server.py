"""The server that is measured: `herald serve` on a fresh data directory, and what it takes to log an activity."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

POSTGRES = pathlib.Path(__file__).resolve().parents[1] / "tests" / "postgres.sh"


def free_port():
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A PostgreSQL of the benchmark's own, durable, in a folder below one that its user can reach."""

    def __init__(self, folder):
        self.folder = folder
        self.url = self._run("start", str(free_port()))

    def _run(self, verb, *words):
        options = {"PGTEST_OPTIONS": "-c shared_buffers=128MB"}
        run = subprocess.run(["sh", str(POSTGRES), verb, self.folder, *words], stdout=subprocess.PIPE, text=True,
                             env={**os.environ, **options}, timeout=120, check=True)
        return run.stdout.strip()

    @property
    def pid(self):
        """Of its first process."""
        with open(os.path.join(self.folder, "data", "postmaster.pid"), encoding="ascii") as file:
            return int(file.readline())

    def stop(self):
        """Cleanly."""
        self._run("stop")


class Server:
    """A context: started and ready inside, stopped after. `prepare` makes what `headers` and `body` need."""

    def __init__(self, program, engine, folder):
        self.program = program
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.metrics_address = f"127.0.0.1:{free_port()}"
        self.webhook_port = free_port()
        self.headers = {}
        self.body = "{}"
        self._process = None
        self._engine = engine
        self._postgres = None

    @property
    def pid(self):
        """Of the server's process."""
        return self._process.pid

    @property
    def database_pid(self):
        """Of the database's first process, or None when it is inside the server."""
        return self._postgres.pid if self._postgres else None

    def __enter__(self):
        os.makedirs(self.folder, mode=0o711)
        if self._engine == "postgres":
            self._postgres = Postgres(os.path.join(self.folder, "postgres"))
        with open(self._log, "wb") as log:
            command = [self.program, "serve", *self._place, "--listen", self.address, "--metrics-listen",
                       self.metrics_address, "--allow-target", "127.0.0.0/8"]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_ready()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._postgres:
            self._postgres.stop()

    @property
    def _log(self):
        return os.path.join(self.folder, "serve.log")

    @property
    def _place(self):
        database = ["--database", self._postgres.url] if self._postgres else []
        return ["--data", os.path.join(self.folder, "data"), *database]

    def _is_ready(self):
        connection = http.client.HTTPConnection(self.address, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _wait_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._is_ready():
                return
            time.sleep(0.01)
        with open(self._log, encoding="utf-8", errors="replace") as log:
            raise SystemExit(f"herald serve did not become ready:\n{log.read()}")

    def _admin(self, *words):
        run = subprocess.run([self.program, "admin", *self._place, *words, "--json"], stdout=subprocess.PIPE,
                             stdin=subprocess.DEVNULL, timeout=60, check=True)
        return json.loads(run.stdout)

    def counters(self):
        """The server's own counters by name, without the prefix that all have."""
        connection = http.client.HTTPConnection(self.metrics_address, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        lines = (line.split() for line in text.splitlines() if line.startswith("herald_") and "{" not in line)
        return {name.removeprefix("herald_"): float(value) for name, value in lines}

    def prepare(self):
        """The worked example: a Business, an employee with a key, a contact, an object with a webhook."""
        business = self._admin("business", "add", "--name", "Bench")["business_id"]
        user = self._admin("employee", "add", "--business", business, "--first-name", "Alex", "--last-name",
                           "Rivera", "--email", "alex@example.com")["user_id"]
        key = self._admin("key", "add", "--user", user, "--name", "bench")["api_key"]
        contact = self._admin("contact", "add", "--business", business, "--first-name", "Maria", "--last-name",
                              "Thompson", "--email", "maria@example.com")["contact_id"]
        hook = f"http://127.0.0.1:{self.webhook_port}/hooks/sales-call"
        activity_object = self._admin("object", "add", "--business", business, "--name", "Sales Call",
                                      "--webhook-url", hook)["activity_object_id"]
        self.headers = {"X-API-KEY": key, "X-BUSINESS-ID": business, "X-USER-ID": user}
        self.body = json.dumps({"activity_object_id": activity_object,
                                "notes": "Discussed pricing and next steps",
                                "associated_entities": [{"id": contact}]})
