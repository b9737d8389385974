"""A receiver of webhooks that remembers each request byte by byte and answers as it is told."""

import collections
import dataclasses
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

from .wait import PATIENCE, wait_for


@dataclasses.dataclass
class Reply:
    """What to answer: a whole answer, or one of the ways not to give one."""

    status: int = 200
    headers: tuple = ()
    body: bytes = b"ok"
    delay: float = 0.0
    raw: bytes = None  # sent as it is, then the connection is closed
    fate: str = "answer"  # or "hang" (until the receiver lets go), "reset", "close"


OK = Reply()
HANG = Reply(fate="hang")
RESET = Reply(fate="reset")
CLOSE = Reply(fate="close")


@dataclasses.dataclass
class Request:
    """One request as it came in: `head` is all bytes up to and with the empty line."""

    head: bytes
    at: float
    connection: int

    @property
    def line(self):
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    @property
    def target(self):
        return self.line.split(" ")[1]

    @property
    def path(self):
        return self.target.split("?", 1)[0]

    @property
    def headers(self):
        """Pairs, in order, names in lower case."""
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return [(n.lower(), v.strip()) for n, v in (line.split(":", 1) for line in lines)]

    def header(self, name):
        """The value of a header that is there at most once."""
        values = [v for n, v in self.headers if n == name.lower()]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    @property
    def activity(self):
        query = self.target.split("?", 1)[1] if "?" in self.target else ""
        values = urllib.parse.parse_qs(query, keep_blank_values=True).get("logged_activity_id", [])
        assert len(values) == 1, f"logged_activity_id is there {len(values)} times in {self.line}"
        return values[0]


class Receiver:
    """Listens on loopback; each connection has a thread. `replies[path]` or `default` says what is answered."""

    def __init__(self, address="127.0.0.1", family=socket.AF_INET, tls=None, port=0):
        self.default = OK
        self.replies = {}
        self.requests = []
        self.connections = 0
        self._lock = threading.Lock()
        self._let_go = threading.Event()
        self._open = set()
        self._tls = tls
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(1024)
        self.port = self._listener.getsockname()[1]
        self.host = f"{address}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path="/hook"):
        return f"{'https' if self._tls else 'http'}://{self.host}{path}"

    # ── what came in ────────────────────────────────────────────────────────────────────────────────────────

    def all(self, path=None):
        with self._lock:
            return [r for r in self.requests if path is None or r.path == path]

    def of(self, activity_id):
        """All requests for one activity."""
        return [r for r in self.all() if r.activity == activity_id]

    def counts(self):
        """Activity id -> number of requests."""
        return collections.Counter(r.activity for r in self.all())

    def wait(self, count=1, path=None, seconds=PATIENCE):
        """At least `count` requests (of one path)."""
        return wait_for(lambda: len(found := self.all(path)) >= count and found,
                        f"{count} requests at {path or self.host}; there are {len(self.all(path))}", seconds)

    def wait_for_activity(self, activity_id, seconds=PATIENCE):
        return wait_for(lambda: self.of(activity_id), f"the webhook of {activity_id}", seconds)[0]

    # ── what goes out ───────────────────────────────────────────────────────────────────────────────────────

    def moment(self):
        """Now, when all that was sent by a process that has ended has been read."""
        wait_for(lambda: not self._open, "the connections of a dead process to be gone")
        return time.monotonic()

    def let_go(self):
        """Whoever hangs gets its answer (a 200) after all, and from now on nobody hangs."""
        self._let_go.set()

    def hang_again(self):
        self._let_go = threading.Event()

    def close(self):
        self._listener.close()
        self._let_go.set()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        plain = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while self._exchange(connection, number):
                pass
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self._lock:
                self._open.discard(plain)
            connection.close()

    def _exchange(self, connection, number):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return False
            head += piece
            if head[:1] == b"\x16":  # somebody speaks TLS to us
                connection.sendall(b"HTTP/1.1 400 No TLS here\r\n\r\n")
                return False
        request = Request(head, time.monotonic(), number)
        with self._lock:
            self.requests.append(request)
            reply = self.replies.get(request.path, self.default)
        return self._reply(connection, reply)

    def _reply(self, connection, reply):
        if reply.delay:
            self._let_go.wait(reply.delay)
        if reply.fate == "hang":
            self._let_go.wait()
            reply = OK
        if reply.fate == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if reply.fate == "close":
            return False
        if reply.raw is not None:
            connection.sendall(reply.raw)
            return False
        lines = [f"HTTP/1.1 {reply.status} Scripted", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body)
        return True


def header_names(request):
    return [name for name, _ in request.headers]


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
