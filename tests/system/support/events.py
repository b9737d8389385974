"""A client of server-sent events that believes nothing: raw sockets, so that a test can stop reading, or leave."""

import contextlib
import json
import queue
import socket
import threading

from .wait import PATIENCE


class Event:
    def __init__(self, name, data, cursor):
        self.name, self.data, self.cursor = name, data, cursor

    @property
    def subject(self):
        """What happened, and to which entry."""
        return self.name, self.data.get("id")

    def __repr__(self):
        return f"<{self.name} {self.data.get('id')}>"


class Stream:
    """One live stream. Events are read in the background, unless `reading` is off."""

    def __init__(self, server, target, credentials, headers=None, reading=True, receive_buffer=None):
        host, port = server.address.rsplit(":", 1)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, int(port)))
        if server.tls:
            self.socket = server.tls.client.wrap_socket(self.socket, server_hostname=host)
        lines = {**credentials, "Host": server.address, "Accept": "text/event-stream", **(headers or {})}
        # HTTP/1.0: the body comes as it is, and its end is the end of the connection.
        self.socket.sendall(f"GET {target} HTTP/1.0\r\n".encode()
                            + "".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode() + b"\r\n")
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while (line := self.file.readline().decode().strip()):
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.cursor = None
        self.comments = 0
        self.retry = None
        self.events = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        if self.status == 200 and reading:
            self.reader.start()

    def start_reading(self):
        self.reader.start()

    def _read(self):
        fields = {}
        try:
            for line in self.file:
                line = line.decode("utf-8").rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, value = line.split(": ", 1)
                    fields[name] = value
                else:
                    self._take(fields)
                    fields = {}
        except (OSError, ValueError):
            pass
        self.events.put(None)

    def _take(self, fields):
        self.retry = fields.get("retry", self.retry)
        self.cursor = fields.get("id", self.cursor)
        if "event" in fields:
            self.events.put(Event(fields["event"], json.loads(fields["data"]), self.cursor))

    def next(self):
        """The next event; None at the end of the stream."""
        try:
            return self.events.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"no event came; comments so far: {self.comments}") from None

    def until(self, name, entry=None):
        """All events up to the first of that name (and about that entry)."""
        seen = []
        while True:
            event = self.next()
            assert event is not None, f"the stream ended before {name} came: {seen}"
            seen.append(event)
            if event.name == name and (entry is None or event.data.get("id") == entry):
                return seen

    def rest(self):
        """All that comes until the end."""
        seen = []
        while (event := self.next()) is not None:
            seen.append(event)
        return seen

    @property
    def body(self):
        return self.file.read()

    def close(self):
        """Leaves. The reader has to be let out first: it holds the file."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self.reader.is_alive():
            self.reader.join(PATIENCE)
        self.file.close()
        self.socket.close()
