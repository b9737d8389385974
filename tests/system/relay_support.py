"""Stand-ins for what the relay talks to: the API that has the records, and Slack. And the relay as a process."""

import collections
import http.client
import http.server
import json
import pathlib
import sqlite3
import threading
import urllib.parse
import uuid

from support.server import Process, run
from support.wait import PATIENCE, wait_for

KEY = "key-" + "k" * 43
BUSINESS = "0193b3a0-0000-7000-8000-00000000b001"
USER = "0193b3a0-0000-7000-8000-00000000a001"


def record_of(activity, **more):
    """A Logged Activity as the API gives it; the contact's name holds the id, so that each message shows whose it is."""
    return {
        "id": activity,
        "activity_object": {"id": str(uuid.uuid4()), "name": "Sales Call", "api_name": "sales_call",
                            "association_mode": "one_or_more"},
        "associated_entities": [{"id": str(uuid.uuid4()), "display_name": f"Maria {activity}"}],
        "logged_at": "2026-11-24T09:00:00Z",
        "logged_by": {"id": USER, "display_name": "Alex Rivera"},
        "completed_at": None, "completed_by": None, "scheduled_activity_id": None, "mentions": [], "notes": "",
        "fields": [], **more}


class Answer:
    def __init__(self, status=200, body=b"ok", headers=()):
        self.status, self.body, self.headers = status, body, dict(headers)


class StandIn:
    """An HTTP server on loopback; a request is noted, then answered by answer(request). Each has a thread."""

    def __init__(self):
        self.requests = []
        self.busy = 0
        self.busiest = 0
        self.hold = threading.Event()  # cleared: requests wait before they are answered
        self.hold.set()
        self.lock = threading.Lock()
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                stand_in.handle(self, self.rfile.read(length))

            do_GET = do_POST = handle_any

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):  # the relay was killed, or cut a request off
                pass

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle(self, handler, body):
        request = {"method": handler.command, "path": handler.path, "body": body,
                   "headers": {n.lower(): v for n, v in handler.headers.items()}}
        with self.lock:
            self.requests.append(request)
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        self.hold.wait(PATIENCE)
        try:
            with self.lock:
                answer = self.answer(request)
            handler.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(answer.body)
        finally:
            with self.lock:
                self.busy -= 1

    def answer(self, request):
        raise NotImplementedError

    def close(self):
        self.hold.set()
        self.listener.shutdown()
        self.listener.server_close()


class Source(StandIn):
    """The API. It knows every activity but the `unknown`; `script[id]` holds answers to be given first."""

    def __init__(self):
        super().__init__()
        self.unknown = set()
        self.records = {}
        self.script = collections.defaultdict(list)
        self.broken = None  # an Answer for everything
        self.key = KEY

    def answer(self, request):
        assert request["method"] == "GET" and request["path"].startswith("/api/activities/logged/"), request["path"]
        activity = request["path"].rsplit("/", 1)[1]
        headers = request["headers"]
        if self.broken:
            return self.broken
        if (headers.get("x-api-key"), headers.get("x-business-id"), headers.get("x-user-id")) != (
                self.key, BUSINESS, USER):
            return Answer(401, b'{"detail":"no"}')
        if self.script[activity]:
            return self.script[activity].pop(0)
        if activity in self.unknown:
            return Answer(404, b'{"detail":"no"}')
        return Answer(200, json.dumps(self.records.get(activity) or record_of(activity)).encode())

    def fetches(self, activity=None):
        with self.lock:
            return [r for r in self.requests if activity is None or r["path"].endswith(activity)]


class Slack(StandIn):
    """An incoming webhook. `script` holds answers to be given first, whoever comes."""

    def __init__(self):
        super().__init__()
        self.script = []
        self.default = Answer(200, b"ok", {"Content-Type": "text/plain"})

    def answer(self, request):
        return self.script.pop(0) if self.script else self.default

    def posts(self, activity=None):
        with self.lock:
            bodies = [r["body"].decode() for r in self.requests]
        return [json.loads(b) for b in bodies if activity is None or activity in b]

    def counts(self, activities):
        """activity -> how often it was posted."""
        with self.lock:
            text = [r["body"].decode() for r in self.requests]
        found = collections.Counter()
        for body in text:
            for word in json.loads(body)["text"].rstrip(".").split():
                if word in activities:
                    found[word] += 1
        return found


class Relay:
    """herald relay with a file and a directory of its own. Its address changes with each start."""

    def __init__(self, folder, source, slack, hook="", top="", actions=None, fetch="",
                 credentials=(KEY, BUSINESS, USER)):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "relay.yaml"
        self.data = self.folder / "inbox"
        self.process = None
        key, business, user = credentials
        actions = actions or f"      - slack: {{url: {slack.url}/services/T/B/x}}\n"
        self.file.write_text(
            f"listen: 127.0.0.1:0\nmetrics_listen: 127.0.0.1:0\ndata: {self.data}\nretry_base: 20ms\n"
            f"retry_cap: 200ms\n{top}"
            f"source:\n  url: {source.url}\n  api_key: {key}\n  business_id: {business}\n  user_id: {user}\n"
            f"{fetch}hooks:\n  - path: /hooks/sales-calls\n{hook}    actions:\n{actions}", encoding="utf-8")

    def start(self, env=None):
        self.process = Process("relay", str(self.file), env=env)
        self.address = self.process.wait_message("relay listening")["address"]
        return self

    def try_listening(self):
        """Whether it listens; False if it ends instead."""
        found = wait_for(lambda: self.process.messages("relay listening") or not self.process.running, "a start")
        if found is not True:
            self.address = found[0]["address"]
        return found is not True

    def stop(self):
        status = self.process.terminate()
        assert status == 0, self.process.errors[-4000:]

    def kill(self):
        self.process.kill()

    def finish(self):
        if self.process and self.process.running:
            self.stop()

    def request(self, path, method="GET", headers=None):
        """(status, headers, JSON)."""
        host, port = self.address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, answer.headers, json.loads(body) if body else None
        finally:
            connection.close()

    def hook(self, activity, hook="/hooks/sales-calls", headers=None, **parameters):
        query = urllib.parse.urlencode({"logged_activity_id": activity, **parameters})
        return self.request(f"{hook}?{query}", headers=headers)

    def accept(self, activity):
        status, _, body = self.hook(activity)
        assert (status, body) == (200, {"status": "accepted"}), (status, body)

    def cli(self, verb, *words, check=True):
        return run("relay", verb, str(self.file), *words, check=check)

    def list(self, *words):
        """activity -> {step: state}."""
        found = collections.defaultdict(dict)
        text = self.cli("list", *words).stdout
        if text == "The inbox is empty.\n" or text.startswith("No step is "):
            return {}
        for line in text.splitlines():
            parts = line.split()
            if len(parts) > 3 and parts[0] != "ACTIVITY":
                found[parts[0]][parts[2]] = parts[1]
        return dict(found)

    def steps(self, step, state):
        """The activities whose step is in that state, straight from the file."""
        with sqlite3.connect(self.data / "inbox.db") as db:
            rows = db.execute("SELECT i.activity FROM relay_inbox i JOIN relay_action a ON a.inbox = i.id "
                              "WHERE a.step = ? AND a.state = ?", (step, state)).fetchall()
        return {str(uuid.UUID(bytes=row[0])) for row in rows}

    def wait_states(self, expected):
        """Until `list` shows {activity: {step: state}} for these."""
        def look():
            states = self.list()
            return all(states.get(a) == s for a, s in expected.items())
        wait_for(look, f"the states {expected}", every=0.05)
