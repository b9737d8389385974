"""
Every list, filter and search of the API goes by an index, in a Business with a long history: the test calls them all
and reads how the engine ran each statement (SQLite: EXPLAIN QUERY PLAN of each as it is prepared; PostgreSQL:
auto_explain). The short form has 50,000 activities and 10,000 contacts, the long one (HERALD_LONG) 1,000,000 and 100,000.
"""

import datetime
import http.client
import itertools
import json
import pathlib
import re
import shutil
import tempfile
import urllib.parse
import uuid

import pytest

from support.api import Api
from support.contract import contract
from support.crowd import ACTIVITIES, LONG, Crowd, made_at, made_id
from support.database import Cluster, psql
from support.ports import free_port
from support.server import Server
from support.world import World

# Tables that have few rows in any installation, or few that an index of its own leaves (their names).
SMALL = {"schema_version", "lane", "business", "role", "record_object", "activity_object", "field", "activity_rule",
         "employee", "employee_role", "user_account", "api_key", "session", "sign_in_token", "permission_group",
         "employee_group", "role_group", "activity_object_share"}
SMALL_INDEXES = {"outbox", "record_unsearched"}
# What a search for a frequent word finds, it has to read.
SEARCHED = {"record_search", "record_text"}
ROWS_MOST = ACTIVITIES // 4  # that one step reads for one page of 50

STREAMS = {"/api/records/{object}/{id}/timeline/stream"}


class Place:
    """A server with a crowd, and where its plans are told."""

    def __init__(self, engine, folder):
        self.engine, self.folder = engine, folder
        self.cluster = Cluster(folder / "pg", free_port()) if engine == "postgres" else None
        database = self.cluster.start() if self.cluster else None
        self.plans = folder / "plans.jsonl"
        env = {"HERALD_PLANS": str(self.plans)} if engine == "sqlite" else {}
        self.server = Server(folder / "server", database=database, env=env)
        self.server.start()
        self.world = World(self.server, webhook="http://127.0.0.1:9/")
        self.other = World(self.server, name="Small", email="sam@small.test", webhook="http://127.0.0.1:9/")
        self.objects = [self.world.object] + [self.world.add_object(f"Type {i}", webhook="http://127.0.0.1:9/") for i in range(7)]
        self.role, self.others_role = (world.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
                                       for world in (self.world, self.other))
        self.world.api.ok("POST", "/api/records/objects", {"name": "Project"})
        self.reader = self._add_reader()
        crowd = Crowd(self.world, self.other, self.objects, self.role)
        self.server.stop()
        crowd.put(self.server.data, database)
        if self.cluster:
            self._explain(database)
        self.server.start(wait=False)
        self.server.process.wait_message("listening", 600)  # all contacts go into the search first
        self.server.wait_listening()

    def _add_reader(self):
        """Somebody who may see only the own things, and from whom sharing takes a type away."""
        api = self.world.api
        words = ["--business", self.world.business, "--first-name", "Rae", "--last-name", "Kim", "--email", "rae@acme.test"]
        made = self.server.admin("employee", "add", *words)
        key = self.server.admin("key", "add", "--user", made["user_id"], "--name", "tests")["api_key"]
        my = {kind: {"view": "my"} for kind in ("activities", "scheduled", "records")}
        rest = {kind: {"view": "all"} for kind in ("objects", "webhooks", "people")}
        group = api.ok("POST", "/api/permission-groups", {"name": "Readers", "permissions": {**my, **rest}})["id"]
        api.ok("PUT", f"/api/permission-groups/{group}/members", {"members": [made["employee_id"]]})
        api.ok("PUT", f"/api/permission-groups/{self.world.business}/members", {"members": [self.world.employee]})
        api.ok("PUT", f"/api/roles/{self.role}/members", {"members": [made["employee_id"]]})
        path = f"/api/activities/objects/{self.objects[3]}/sharing"
        api.ok("PUT", path, {"everyone": False, "employees": [self.world.employee]}, headers={"If-Match": api.get(path).headers["ETag"]})
        return Api(self.server, key, self.world.business, made["user_id"])

    def _explain(self, database):
        psql(database, "ANALYZE")
        for name, value in [("session_preload_libraries", "auto_explain"), ("auto_explain.log_min_duration", "0"),
                            ("auto_explain.log_analyze", "on"), ("auto_explain.log_timing", "off"),
                            ("auto_explain.log_format", "json")]:
            psql(database, f"ALTER DATABASE postgres SET {name} = '{value}'")

    def close(self):
        if self.server.running:
            self.server.stop()
        if self.cluster:
            self.cluster.stop()


@pytest.fixture
def place(engine):
    # Not under pytest's own folder, which the unprivileged user that PostgreSQL runs as cannot enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="herald-plans-"))
    folder.chmod(0o711)
    place = Place(engine, folder)
    yield place
    place.close()
    shutil.rmtree(folder)


# ── all that can be asked ────────────────────────────────────────────────────────────────────────────────────


def described():
    """Each operation that reads: method, path, its query parameters."""
    document = contract().document
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "get" and not (method == "post" and path.endswith("/search")):
                continue
            listed = [contract().resolver.resolve(p["$ref"])[1] if "$ref" in p else p
                      for p in item.get("parameters", []) + operation.get("parameters", [])]
            yield method, path, [p["name"] for p in listed if p["in"] == "query"]


def time_text(i):
    return datetime.datetime.fromtimestamp(made_at(i) // 1_000_000, datetime.timezone.utc).isoformat()


def id_text(kind, i):
    return str(uuid.UUID(bytes=made_id(kind, i)))


class Questions:
    """What to put into each hole of a path and each parameter; a new one must be given here."""

    def __init__(self, place, small, reader=None):
        world = place.other if small else place.world
        self.refuses = reader is not None
        self.api, self.world = world.api, world
        contact = world.contact if small else id_text("contact", 0)
        activity = 2 if small else 10_000
        role = place.others_role if small else place.role
        object_id = world.object
        self.values = {
            "activity_object_id": [object_id], "record_id": [contact], "employee_id": [world.employee],
            "role_id": [role], "logged_activity_id": [id_text("activity", activity)],
            "logged_after": [time_text(5000)], "logged_before": [time_text(40_000)], "due_after": [time_text(5000)],
            "due_before": [time_text(40_000)], "kind": ["logged", "scheduled"], "action": ["role.created"], "subject_kind": ["role"],
            "subject_id": [id_text("subject", 0)], "after": [time_text(5000)], "before": [time_text(40_000)],
            "format": ["jsonl", "csv"], "archived": ["true", "false"],
            "search": ["maria", "th", "o'b ma"], "values": ["{}"], "active": ["true", "false"],
        }
        self.states = {"/api/webhooks/deliveries": ["pending", "delivered", "failed"],
                       "/api/activities/scheduled-activity": ["open", "completed", "overdue"]}
        fields = f"/api/activities/objects/{object_id}/fields"
        version = self.api.get(fields).headers["ETag"]
        name = "Result" if reader else "Outcome"
        self.api.ok("POST", fields, {"display_name": name, "field_type": "text"}, headers={"If-Match": version})
        self.holes = {
            "/api/activities/objects/{id}/fields/{field_id}":
                f"{fields}/{self.api.ok('GET', fields)['results'][0]['id']}",
            "/api/records/objects/{object}/fields/{field_id}": "/api/records/objects/contacts/fields/" +
                self.api.ok("GET", "/api/records/objects/contacts/fields")["results"][0]["id"],
            "/api/activities/logged/{id}": id_text("activity", activity),
            "/api/activities/scheduled-activity/{id}": id_text("scheduled", activity - 2 if small else activity),
            "/api/webhooks/deliveries/{id}": id_text("delivery", activity), "/api/roles/{id}": role,
            "/api/permission-groups/{id}": world.business, "/api/employees/{id}": world.employee,
            "/api/activities/objects/{id}": object_id, "/api/records/{object}/{id}": contact,
        }

        self.api = reader or self.api

    def address(self, path):
        for pattern, value in self.holes.items():
            if path.startswith(pattern):
                path = (value if value.startswith("/") else pattern.replace("{id}", value)) + path[len(pattern):]
        path = path.replace("{object}", "contacts")
        assert "{" not in path, f"test_plans.py has nothing for {path}"
        return path

    def choices(self, path, names):
        """Each pair of filters (in the long form each three), with each of their values."""
        names = [name for name in names if name not in ("limit", "cursor")]
        options = {name: self.states[path] if name == "state" else self.values.get(name) for name in names}
        for name, values in options.items():
            assert values, f"test_plans.py has no value for the parameter {name} of {path}"
        for count in range(min(len(names), 3 if LONG else 2) + 1):
            for some in itertools.combinations(names, count):
                for values in itertools.product(*(options[name] for name in some)):
                    yield dict(zip(some, values))

    def ask_list(self, address, query):
        """A page in the middle, the next one, and back."""
        answer = self.api.get(f"{address}?{urllib.parse.urlencode(query)}")
        assert answer.status == 200 or (self.refuses and answer.status in (403, 404)), answer
        if answer.status == 200 and answer.json.get("next"):
            cursor = urllib.parse.urlencode({**query, "cursor": answer.json["next"]})
            page = self.api.ok("GET", f"{address}?{cursor}")
            if not page["results"]:  # nothing among the entries that one page looks at
                assert query, "without a filter a page is never empty"
                return
            cursor = urllib.parse.urlencode({**query, "cursor": page["previous"]})
            assert self.api.ok("GET", f"{address}?{cursor}")["results"] == answer.json["results"]

    def ask_stream(self, address):
        connection = http.client.HTTPConnection(self.world.server.address, timeout=30)
        connection.request("GET", address, headers=self.api.credentials)
        assert connection.getresponse().status == 200 or self.refuses
        connection.close()

    def ask_search(self, address):
        for search in ("", "maria", "rare 12345", "ma", "555", "m t 7", "+1 (555) 0004321", "zzzzz", "%"):
            for ordering in ("display_name", "-display_name", "created_at", "-created_at", "email", "-email"):
                for page in (1, 2):
                    self.api.ok("POST", address, {"search": search, "ordering": ordering, "page": page})

    def ask_all(self):
        for method, path, names in described():
            address = self.address(path)
            if path in STREAMS:
                self.ask_stream(address)
            elif method == "post":
                self.ask_search(address)
            elif path.endswith("/export"):
                for query in self.choices(path, names):
                    answer = self.api.get(f"{address}?{urllib.parse.urlencode(query)}")
                    assert answer.status == 200 or (self.refuses and answer.status == 403), answer
            elif names:
                for query in self.choices(path, names):
                    self.ask_list(address, query)
            else:
                answer = self.api.get(address)
                assert answer.status == 200 or (self.refuses and answer.status in (403, 404)) or (path == "/readyz" and answer.status == 503), answer


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────────────────────


def wrong_step(step, inner):
    """Whether a step of a plan reads a whole table, or what other Businesses have. `inner`: names of subqueries in the same plan."""
    if re.match(r"SEARCH \S+ USING PRIMARY KEY \(id[<>]", step):
        return True  # along the ids of all Businesses
    found = re.fullmatch(r"SCAN (\S+)(.*)", step)
    if not found:
        return False
    name, how = found.groups()
    index = re.search(r"USING (?:COVERING )?INDEX (\S+)", how)
    virtual = re.search(r"VIRTUAL TABLE INDEX \d+:(.*)", how)
    return not (name in inner or (index and index.group(1) in SMALL_INDEXES) or (virtual and virtual.group(1)))


def aliases(sql):
    """The tables by the names that a statement gives them."""
    found = {}
    for table, alias in re.findall(r"(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: (?:AS )?(\w+))?", sql):
        found[table] = found[alias] = table
    return found


def complaints_of_sqlite(place):
    wrong = []
    lines = [json.loads(line) for line in place.plans.read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 50, "the plans are told"
    for sql, steps in {(line["sql"], tuple(line["plan"])) for line in lines}:
        names = aliases(sql)
        inner = {re.split(r"[ (]", step)[1] for step in steps if step.startswith(("CO-ROUTINE", "MATERIALIZE"))}
        inner |= {"CONSTANT", "2", "3", "n"} | {name for name, table in names.items() if table in SMALL}
        for step in steps:
            if wrong_step(step, inner):
                wrong.append(f"{step}: {sql}")
    return wrong


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────


def plans_of_postgres(place):
    """Statement and plan, as auto_explain writes them into the server's log."""
    entry = None
    for line in (place.folder / "pg" / "server.log").read_text(encoding="utf-8").splitlines() + ["end"]:
        if entry is not None and line.startswith("\t"):
            entry.append(line)
            continue
        if entry:
            yield json.loads("\n".join(entry))
        entry = [] if line.endswith("plan:") else None


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def complaints_of_postgres(place):
    wrong, seen, count = [], set(), 0
    for told in plans_of_postgres(place):
        count += 1
        for node in nodes(told["Plan"]):
            table = node.get("Relation Name")
            if not table or table in SMALL or table.startswith("pg_"):
                continue
            loops = node.get("Actual Loops", 1)
            removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
            read = (node.get("Actual Rows", 0) + removed) * loops
            what = f"{node['Node Type']} of {table} by {node.get('Index Name')}"
            whole = node["Node Type"].startswith("Index") and "Index Cond" not in node
            if node["Node Type"] == "Seq Scan" or (whole and node["Index Name"] not in SMALL_INDEXES):
                complaint = what
            elif LONG and read > ROWS_MOST and table not in SEARCHED \
                    and node.get("Index Name") not in SMALL_INDEXES:
                complaint = f"{what} reads many rows"
            else:
                continue
            if (complaint, told["Query Text"]) not in seen:
                seen.add((complaint, told["Query Text"]))
                wrong.append(f"{complaint} ({read}): {told['Query Text']}")
    assert count > 1000, "the plans are told"
    return wrong


@pytest.mark.slow
@pytest.mark.plain
@pytest.mark.timeout(3600 if LONG else 600)
def test_every_query_goes_by_an_index(place):
    for small in (False, True):
        Questions(place, small).ask_all()
    if place.engine == "sqlite":
        # Of what is about one record, PostgreSQL reads all for whoever may not see all of it.
        Questions(place, False, place.reader).ask_all()
    place.server.stop()
    wrong = complaints_of_sqlite(place) if place.engine == "sqlite" else complaints_of_postgres(place)
    assert not wrong, f"{len(wrong)} statements:\n" + "\n\n".join(sorted(wrong))


@pytest.mark.parametrize("step, inner, wrong", [
    ("SCAN record", set(), True),
    ("SCAN record USING INDEX record_email", set(), True),
    ("SCAN d USING COVERING INDEX outbox", set(), False),
    ("SCAN t VIRTUAL TABLE INDEX 0:M2", set(), False),
    ("SCAN t VIRTUAL TABLE INDEX 0:", set(), True),
    ("SCAN s", {"s"}, False),
    ("SEARCH r USING PRIMARY KEY (id=? AND business_id=?)", set(), False),
    ("SEARCH d USING PRIMARY KEY (id<?)", set(), True),
])
def test_a_plan_that_reads_a_whole_table_is_seen(step, inner, wrong):
    assert bool(wrong_step(step, inner)) == wrong
