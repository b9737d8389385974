"""Herald as a real process, with a data directory and ports of its own."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

from . import tls as tls_of_tests
from .wait import PATIENCE, SANITIZER, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[3]
REPORT = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer|runtime error:|"
                    r"SUMMARY: \w*Sanitizer")


# A server that waits for a hanging receiver longer than any test lasts.
PATIENT = ("--delivery-timeout", "60s", "--lease", "90s")


def program():
    """The built herald: HERALD_BIN, or what ./dev test builds."""
    named = os.environ.get("HERALD_BIN")
    if named:
        return named
    found = [p for p in (ROOT / "build" / "debug" / "src").glob("**/herald") if p.is_file()]
    assert found, "no herald: run ./dev test, or set HERALD_BIN"
    return str(found[0])


def run(*words, check=True, env=None, seconds=120, cwd=None):
    """herald WORDS…, to its end."""
    done = subprocess.run([program(), *words], capture_output=True, text=True, check=False, timeout=seconds,
                          env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, cwd=cwd)
    assert not REPORT.search(done.stderr), f"a sanitizer complains about herald {words}:\n{done.stderr}"
    if check:
        assert done.returncode == 0, f"herald {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Process:
    """Any long-running herald command: its log, its end, and what a sanitizer says of it."""

    def __init__(self, *words, env=None, prefix=(), cwd=None):
        self.words = words
        self.lines = []
        self.faults = (env or {}).get("HERALD_FAULTS", "")
        self.process = subprocess.Popen([*prefix, program(), *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=cwd,
                                        env={**os.environ, **(env or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.decode("utf-8", errors="replace").rstrip("\n"))

    @property
    def log(self):
        """The log so far, as dicts."""
        return [json.loads(line) for line in list(self.lines) if line.startswith("{")]

    @property
    def errors(self):
        return "\n".join(self.lines)

    def messages(self, message):
        return [entry for entry in self.log if entry["message"] == message]

    def wait_message(self, message, seconds=PATIENCE):
        def look():
            found = self.messages(message)
            if not found and self.process.poll() is not None:
                self._reader.join(5)
                found = self.messages(message)
                assert found, f"herald {' '.join(self.words)} ended with {self.process.returncode}:\n{self.errors}"
            return found

        return wait_for(look, f"the log line {message!r}; the log:\n{self.errors}", seconds)[0]

    @property
    def running(self):
        return self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._finish()

    def terminate(self, seconds=PATIENCE):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=PATIENCE):
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT if not SANITIZER else signal.SIGKILL)
            self.process.wait(PATIENCE)
            self._finish()
            raise AssertionError(f"herald {' '.join(self.words)} does not end:\n{self.errors[-4000:]}") from None
        self._finish()
        return status

    def _finish(self):
        self._reader.join(10)
        assert not REPORT.search(self.errors), f"a sanitizer complains:\n{self.errors}"

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


class Server:
    """herald serve. Its address changes with each start; clients ask it each time."""

    def __init__(self, folder, database=None, flags=(), env=None, prefix=(), allow=("127.0.0.0/8",), tls=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.database = database
        self.flags = list(flags)
        self.env = dict(env or {})
        self.prefix = tuple(prefix)
        self.allow = allow
        self.tls = tls or (tls_of_tests.shared() if os.environ.get("HERALD_TEST_TLS") else None)  # its Authority
        self.process = None
        self.logs = []  # of processes that have ended
        self.secrets = set()  # must never be in a log

    @property
    def place(self):
        """The flags that say where the data is."""
        return ["--data", str(self.data)] + (["--database", self.database] if self.database else [])

    def start(self, flags=None, env=None, wait=True):
        assert not self.running
        words = ["serve", *self.place, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]
        for network in self.allow:
            words += ["--allow-target", network]
        if self.tls:
            words += ["--tls-cert", str(self.tls.identity[0]), "--tls-key", str(self.tls.identity[1])]
        words += self.flags + list(flags or [])
        self.process = Process(*words, env={**self.env, **(env or {})}, prefix=self.prefix)
        if wait:
            self.wait_listening()
        return self

    def wait_listening(self):
        self._listening = self.process.wait_message("listening")
        self.listening_at = time.monotonic()
        return self

    @property
    def address(self):
        return self._listening["address"]

    @property
    def origin(self):
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def dial(self, timeout=60):
        """A new connection to the API: a socket, behind TLS if it speaks that."""
        host, port = self.address.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.tls.client.wrap_socket(connection, server_hostname=host) if self.tls else connection

    @property
    def metrics_address(self):
        return self._listening["metrics"]

    @property
    def running(self):
        return self.process is not None and self.process.running

    def kill(self):
        self.process.kill()
        self._ended()

    def stop(self):
        status = self.process.terminate()
        errors = self.process.errors
        self._ended()
        assert status == 0, f"SIGTERM ended it with {status}:\n{errors[-4000:]}"

    def _ended(self):
        errors = self.process.errors
        self.logs.append(errors)
        for secret in self.secrets:
            assert secret not in errors, f"the log gives away {secret!r}"
        if "alloc=" not in self.process.faults:  # without memory a line of the log may be empty
            for line in self.process.lines:
                json.loads(line)

    def restart(self, **more):
        if self.running:
            self.stop()
        return self.start(**more)

    def finish(self):
        """At the end of a test: a server that still runs must end well."""
        if self.process is None:
            return
        if self.running:
            self.stop()

    def admin(self, *words):
        """herald admin WORDS… --json, as a dict."""
        done = run("admin", *self.place, *words, "--json", env=self.env)
        return json.loads(done.stdout)

    def metrics(self):
        """Prometheus text as {name: number}; histograms as their _count and _sum."""
        host, port = self.metrics_address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: {self.metrics_address}\r\nConnection: close\r\n\r\n"
                               .encode())
            text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        head, body = text.split("\r\n\r\n", 1)
        assert " 200 " in head.split("\r\n")[0], head
        found = {}
        for line in body.splitlines():
            match = re.fullmatch(r"herald_(\w+) (-?[0-9.e+-]+)", line)
            if match:
                found[match.group(1)] = float(match.group(2))
        return found
