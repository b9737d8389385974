"""A client of the HTTP API that believes nothing: every answer is judged by api/openapi.yaml."""

import http.client
import json
import socket
import threading
import uuid

from .contract import contract

TIMEOUT = 60


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def pointers(self):
        """The members that a problem document complains about."""
        return [error["pointer"] for error in self.json.get("errors", []) if "pointer" in error]

    @property
    def parameters(self):
        """The parameters of the query that a problem document complains about."""
        return [error["parameter"] for error in self.json.get("errors", []) if "parameter" in error]

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class Api:
    """One caller. Each thread that uses it has its own kept connection; the server may restart elsewhere."""

    def __init__(self, server, key=None, business=None, user=None):
        self.server = server
        self.credentials = {}
        self.source = None  # (address, 0): where its connections come from
        self.judged = True  # False: for tests that ask so much that it would be most of the work
        self.tolerate = ()  # statuses that the test provokes although no description has them
        if key:
            self.credentials = {"X-API-KEY": key, "X-BUSINESS-ID": business, "X-USER-ID": user}
        self._local = threading.local()

    def _connection(self):
        address = self.server.address
        if getattr(self._local, "address", None) != address:
            self.disconnect()
            host, port = address.rsplit(":", 1)
            more = {"timeout": TIMEOUT, "source_address": self.source}
            self._local.connection = (
                http.client.HTTPSConnection(host, int(port), context=self.server.tls.client, **more)
                if self.server.tls else http.client.HTTPConnection(host, int(port), **more))
            self._local.connection.connect()
            self._local.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._local.address = address
        return self._local.connection

    def disconnect(self):
        if getattr(self._local, "connection", None):
            self._local.connection.close()
        self._local.connection = self._local.address = None

    def _exchange(self, method, target, body, headers):
        try:
            connection = self._connection()
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            return response, Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.disconnect()
            raise

    def request(self, method, target, body=None, headers=None):
        """body: bytes as they are, or anything else as JSON. headers: added to, or (None) taken from, the usual."""
        sent = dict(self.credentials)
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        used = getattr(self._local, "address", None) == self.server.address
        try:
            response, answer = self._exchange(method, target, body, sent)
        except (ConnectionError, http.client.RemoteDisconnected):
            if method != "GET" or not used:
                raise
            # A connection that was kept may have ended meanwhile: as every client does, once more on a new one.
            response, answer = self._exchange(method, target, body, sent)
        if response.will_close:
            self.disconnect()
        if self.judged:
            contract().judge(method, target, answer, self.tolerate)
        return answer

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def post(self, target, body=None, **more):
        return self.request("POST", target, body, **more)

    def patch(self, target, body=None, **more):
        return self.request("PATCH", target, body, **more)

    def ok(self, method, target, body=None, **more):
        """The JSON of an answer that must be a success."""
        answer = self.request(method, target, body, **more)
        assert answer.status in (200, 201), f"{method} {target}: {answer}"
        return answer.json

    def pages(self, target):
        """All results of a list, page by page."""
        results, cursor = [], None
        while True:
            page = self.ok("GET", target + ("&" if "?" in target else "?") + "limit=200"
                           + (f"&cursor={cursor}" if cursor else ""))
            results += page["results"]
            cursor = page["next"]
            if not cursor:
                return results


def raw(server, data, method="GET", target="/api/none", half_close=False):
    """
    Sends bytes as they are to the API. Returns the answers in order, each judged, and whether the server closed
    the connection after the last. No answer at all is an empty list.
    """
    with server.dial(TIMEOUT) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answers = []
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
        except (http.client.HTTPException, ConnectionError):
            return answers, True
        answer = Answer(response.status, response.headers, response.read())
        contract().judge(method, target, answer)
        answers.append(answer)
        connection.settimeout(0.5 if not response.will_close else TIMEOUT)
        try:
            closed = connection.recv(1) == b""
        except ConnectionError:
            closed = True
        except socket.timeout:
            closed = False
        return answers, closed


def new_id():
    """An id that nothing has."""
    return str(uuid.uuid4())
