"""M13: permissions that are taken away while something is under way: a write, a page, a stream; on one node and on two."""

import contextlib
import os
import sqlite3
import subprocess
import threading
import uuid

import pytest

from support.api import Api
from support.events import Stream
from support.oracle import KINDS, as_json
from support.wait import wait_for
from support.world import World

DUE = {"due_datetime": "2031-05-04T10:00:00Z"}
EVERYTHING = {(kind, verb): levels[-1] for kind, verbs in KINDS.items() for verb, levels in verbs.items() if kind != "people"}
NOTHING = {permission: "none" for permission in EVERYTHING}


class Staff:
    """An owner, and Sam, who may do what one group says."""

    def __init__(self, server):
        self.world = World(server, webhook="http://127.0.0.1:9/none")
        self.api = self.world.api
        made = server.admin("employee", "add", "--business", self.world.business, "--first-name", "Sam", "--last-name", "Lee",
                            "--email", "sam@acme.test")
        self.who, self.user = made["employee_id"], made["user_id"]
        self.key = server.admin("key", "add", "--user", self.user, "--name", "tests")["api_key"]
        self.group = self.api.ok("POST", "/api/permission-groups",
                                 {"name": "Agents", "permissions": as_json(EVERYTHING)})["id"]
        for group, member in ((self.world.business, self.world.employee), (self.group, self.who)):
            self.api.ok("PUT", f"/api/permission-groups/{group}/members", {"members": [member]})

    def sam(self, server):
        return Api(server, self.key, self.world.business, self.user)

    def owner(self, server):
        return Api(server, self.world.key, self.world.business, self.world.user)

    def grant(self, grants, api=None):
        path = f"/api/permission-groups/{self.group}"
        api = api or self.api
        api.ok("PATCH", path, {"permissions": as_json(grants)}, headers={"If-Match": api.get(path).headers["ETag"]})


# ── a write that waits ───────────────────────────────────────────────────────────────────────────────────────────────


class Holding:
    """A transaction past the server, which keeps its writer waiting until it is committed."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        if not self.server.database:
            self.db = sqlite3.connect(self.server.data / "herald.db", isolation_level=None, timeout=30)
            self.db.execute("BEGIN IMMEDIATE")
        else:
            self.db = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", self.server.database], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.run("BEGIN", "SELECT 1 FROM lane FOR UPDATE")
        return self

    def __exit__(self, *_):
        if self.server.database:
            self.db.stdin.close()
            self.db.wait(30)
            self.db.stdout.close()
        else:
            self.db.close()

    def run(self, *statements):
        if not self.server.database:
            for statement in statements:
                self.db.execute(statement)
            return
        self.db.stdin.write(";\n".join([*statements, "SELECT 'done'"]) + ";\n")
        self.db.stdin.flush()
        while self.db.stdout.readline().strip() != "done":
            pass

    def id(self, text):
        return f"'{text}'" if self.server.database else f"x'{uuid.UUID(text).hex}'"

    def revoke(self, staff):
        """All at once, as another node would."""
        self.run("UPDATE permission_group SET activities = 0, scheduled = 0, records = 0, objects = 0, webhooks = 0 "
                 f"WHERE id = {self.id(staff.group)}", "UPDATE business SET settings_version = settings_version + 1", "COMMIT")


def writer_sleeps(server):
    """How often the writer's thread has gone to sleep: while it waits for the database, again and again."""
    pid = server.process.process.pid
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
            if lines["Name"].strip() == "writer":
                return int(lines["voluntary_ctxt_switches"])
    raise AssertionError("there is no thread of this name")


def wait_until_it_waits(server):
    if server.database:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        look = lambda: subprocess.run(["psql", "-X", "-A", "-t", "-d", server.database, "-c", waiting],  # noqa: E731
                                      capture_output=True, text=True, check=True).stdout.strip() != "0"
    else:
        before = writer_sleeps(server)
        look = lambda: writer_sleeps(server) > before + 5  # noqa: E731
    wait_for(look, "the writer to wait")


def writes(staff):
    """Name -> (method, path, body, headers) of what Sam may do at first."""
    world, api = staff.world, staff.api
    logged = api.ok("POST", "/api/activities/logged", world.body())["id"]
    due = [api.ok("POST", "/api/activities/scheduled-activity", {"activity_object_id": world.object, **DUE})["id"]
           for _ in range(3)]
    contact, kind = f"/api/records/contacts/{world.contact}", f"/api/activities/objects/{world.object}"
    of = lambda path: {"If-Match": api.get(path).headers["ETag"]}  # noqa: E731
    scheduled = "/api/activities/scheduled-activity"
    return {
        "log": ("POST", "/api/activities/logged", world.body(), {}),
        "log by a key": ("POST", "/api/activities/logged", world.body(), {"Idempotency-Key": "one"}),
        "delete what was logged": ("DELETE", f"/api/activities/logged/{logged}", None, {}),
        "schedule": ("POST", scheduled, {"activity_object_id": world.object, **DUE}, {}),
        "complete": ("POST", f"{scheduled}/{due[0]}/complete", {}, {}),
        "edit what is scheduled": ("PATCH", f"{scheduled}/{due[1]}", {"note": "x"}, {}),
        "delete what is scheduled": ("DELETE", f"{scheduled}/{due[2]}", None, {}),
        "add a record": ("POST", "/api/records/contacts", {"first_name": "A", "last_name": "B"}, {}),
        "edit a record": ("PATCH", contact, {"first_name": "A"}, of(contact)),
        "change settings": ("PATCH", kind, {"name": "X"}, of(kind)),
        "share": ("PUT", kind + "/sharing", {"everyone": False, "roles": [], "employees": []}, of(kind + "/sharing")),
    }


def state(staff):
    lists = ("activities/logged", "activities/scheduled-activity", "records/contacts", "activities/objects")
    return [staff.api.pages(f"/api/{name}") for name in lists]


@pytest.mark.parametrize("what", ["log", "log by a key", "delete what was logged", "schedule", "complete", "edit what is scheduled",
                                  "delete what is scheduled", "add a record", "edit a record", "change settings", "share"])
def test_m13_a_write_that_waits_while_its_permission_is_taken_away(server, what):
    """It was permitted when it was asked for; when its turn comes it is not, and nothing is changed."""
    staff = Staff(server)
    method, path, body, headers = writes(staff)[what]
    before, answers = state(staff), []
    sam = staff.sam(server)
    sam.ok("POST", "/api/activities/logged", {"activity_object_id": staff.world.object})  # who it is is remembered
    before = state(staff)
    with Holding(server) as holding:
        thread = threading.Thread(target=lambda: answers.append(sam.request(method, path, body, headers=headers)))
        thread.start()
        wait_until_it_waits(server)
        holding.revoke(staff)
        thread.join(60)
    assert answers[0].status == 403, answers[0]
    assert state(staff) == before


def test_m13_work_that_is_given_away_while_it_is_being_completed(server):
    """Who has no permission but that it is theirs: when it is not any more they do not complete it."""
    staff = Staff(server)
    staff.grant(NOTHING)
    path = "/api/activities/scheduled-activity"
    due = [staff.api.ok("POST", path, {"activity_object_id": staff.world.object, **DUE, "employee_id": staff.who})["id"]
           for _ in range(2)]
    sam, answers = staff.sam(server), []
    sam.ok("POST", f"{path}/{due[0]}/complete", {})
    with Holding(server) as holding:
        thread = threading.Thread(target=lambda: answers.append(sam.post(f"{path}/{due[1]}/complete", {})))
        thread.start()
        wait_until_it_waits(server)
        holding.run(f"UPDATE scheduled_activity SET employee_id = {holding.id(staff.world.employee)} "
                    f"WHERE id = {holding.id(due[1])}", "COMMIT")
        thread.join(60)
    assert answers[0].status == 403, answers[0]
    assert staff.api.ok("GET", f"{path}/{due[1]}")["logged_activity_id"] is None
    staff.api.ok("POST", f"{path}/{due[1]}/complete", {})


@pytest.mark.parametrize("nodes", [1, 2])
def test_m13_nothing_is_written_after_a_revocation_was_answered(make_server, engine, nodes):
    """Under load: whoever took a permission away and was told so finds nothing more that was done by it."""
    if nodes == 2 and engine == "sqlite":
        pytest.skip("one node only")
    servers = [make_server(name=f"node{i}") for i in range(nodes)]
    staff = Staff(servers[0])
    there = staff.owner(servers[-1])
    lists = {"activities/logged": "logged", "activities/scheduled-activity": "scheduled", "records/contacts": "records"}
    requests = [("/api/activities/logged", {"activity_object_id": staff.world.object}),
                ("/api/activities/scheduled-activity", {"activity_object_id": staff.world.object, **DUE}),
                ("/api/records/contacts", {"first_name": "A", "last_name": "B"})]
    stop, odd, done = threading.Event(), [], [0] * 6

    def flood(i):
        api = staff.sam(servers[0])
        while not stop.is_set():
            answer = api.post(*requests[i % 3])
            done[i] += answer.status == 201
            if answer.status not in (201, 403):
                odd.append(answer)
                return

    def count():
        return [len(there.pages(f"/api/{name}")) for name in lists]

    threads = [threading.Thread(target=flood, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        begun = list(done)
        wait_for(lambda begun=begun: odd or all(a > b for a, b in zip(done, begun)), "all to write")
        staff.grant(NOTHING, there)
        after = count()
        assert count() == after and count() == after
        staff.grant(EVERYTHING, there)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not odd, odd[0]


# ── a page, a stream ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("nodes", [1, 2])
def test_m13_pages_after_a_revocation_have_what_may_be_seen_now(make_server, engine, nodes):
    """A cursor carries no permission."""
    if nodes == 2 and engine == "sqlite":
        pytest.skip("one node only")
    servers = [make_server(name=f"node{i}") for i in range(nodes)]
    staff = Staff(servers[0])
    sam, there = staff.sam(servers[0]), staff.owner(servers[-1])
    for i in range(12):
        (sam if i % 2 else staff.api).ok("POST", "/api/activities/logged", staff.world.body())
        staff.api.ok("POST", "/api/records/contacts", {"first_name": f"C{i}", "last_name": "X",
                                                       "owner_id": staff.who if i % 2 else None})
    contact = staff.world.contact
    staff.api.ok("PATCH", f"/api/records/contacts/{contact}", {"owner_id": staff.who},
                 headers={"If-Match": staff.api.get(f"/api/records/contacts/{contact}").headers["ETag"]})
    mine = {"logged_by": {each["id"] for each in staff.api.pages(f"/api/activities/logged?employee_id={staff.who}")}}
    for path, of in (("/api/activities/logged?", "logged_by"), (f"/api/records/contacts/{contact}/timeline?", "logged_by"),
                     ("/api/records/contacts?", "owner")):
        first = sam.ok("GET", path + "limit=3")
        assert len(first["results"]) == 3 and first["next"]
        staff.grant({("activities", "view"): "my", ("records", "view"): "my"}, there)
        second = sam.ok("GET", f"{path}limit=3&cursor={first['next']}")
        assert len(second["results"]) == 3
        assert all(each[of] and each[of]["id"] == staff.who for each in second["results"]), path
        assert of == "owner" or {each["id"] for each in second["results"]} <= mine[of]
        staff.grant({("activities", "view"): "none", ("records", "view"): "none"}, there)
        assert sam.get(f"{path}limit=3&cursor={first['next']}").status == 403
        staff.grant(EVERYTHING, there)


@pytest.mark.parametrize("nodes", [1, 2])
def test_m13_a_stream_goes_by_what_may_be_seen_now(make_server, engine, nodes):
    """Also when it was taken away on another node; and it ends when the record may not be seen any more."""
    if nodes == 2 and engine == "sqlite":
        pytest.skip("one node only")
    servers = [make_server(name=f"node{i}") for i in range(nodes)]
    staff = Staff(servers[0])
    there = staff.owner(servers[-1])
    stream = Stream(servers[0], f"/api/records/contacts/{staff.world.contact}/timeline/stream",
                    staff.sam(servers[0]).credentials)
    stream.until("ready")
    seen = there.ok("POST", "/api/activities/logged", staff.world.body())["id"]
    stream.until("logged", seen)
    staff.grant({("activities", "view"): "my"}, there)
    there.ok("POST", "/api/activities/logged", staff.world.body())
    own = staff.sam(servers[-1]).ok("POST", "/api/activities/logged", staff.world.body())["id"]
    assert [(event.name, event.data["id"]) for event in stream.until("logged", own)] == [("logged", own)]
    staff.grant({("records", "view"): "none"}, there)
    there.ok("POST", "/api/activities/logged", staff.world.body())
    assert [event.name for event in stream.rest()] == ["end"]
    stream.close()
