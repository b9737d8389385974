"""Writes of settings hold no worker while a commit is under way: what needs no writer goes on, the rest ends in time."""

import contextlib
import http.client
import json
import os
import signal
import sqlite3

import pytest

from support.api import Api
from support.database import psql
from support.load import Load
from support.wait import wait_for
from support.world import World

WORKERS = 2
PENDING = 8 * WORKERS


@contextlib.contextmanager
def frozen_for_writing(server, database):
    """The writer's session of PostgreSQL stands still, or somebody else has SQLite's write lock; reads go on."""
    if not database:
        with contextlib.closing(sqlite3.connect(server.data / "herald.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
        return
    # The writer's is the session that claims the node's id (db_claim).
    [pid] = psql(database, "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                           "WHERE l.locktype = 'advisory' AND d.datname = current_database()")
    os.kill(int(pid), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(int(pid), signal.SIGCONT)


def send(server, method, target, headers, body):
    """Sends a request; its connection, with the answer still to be read."""
    host, port = server.address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request(method, target, json.dumps(body), {"Content-Type": "application/json", **headers})
    return connection


def status_of(connection):
    with contextlib.closing(connection):
        return connection.getresponse().status


@pytest.mark.core
def test_settings_that_wait_for_the_writer_hold_no_worker(make_server, database, receiver):
    server = make_server(flags=("--workers", str(WORKERS), "--request-timeout", "3s"))
    world = World(server, webhook=receiver.url())
    path = f"/api/activities/objects/{world.object}"
    visitor = Api(server)
    link = server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
    browser = {"Origin": f"http://{server.address}", "X-Herald-Session": "1"}
    with frozen_for_writing(server, database):
        waiting = [send(server, "PATCH", path, {**world.api.credentials, "If-Match": '"1"'}, {"name": f"Call {i}"})
                   for i in range(PENDING)]
        waiting += [send(server, "POST", "/api/activities/objects", world.api.credentials, {"name": f"New {i}"})
                    for i in range(PENDING)]
        waiting += [send(server, "POST", "/api/session", browser, {"token": link.rsplit("=", 1)[-1]})]
        for _ in range(3):
            assert world.api.ok("GET", path)["version"] == 1
            assert len(world.api.pages("/api/activities/objects")) == 1
            assert visitor.get("/api/openapi.yaml").status == 200
            assert visitor.get("/healthz").status == 200
        answer = world.api.post("/api/activities/logged", world.body())
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
        assert {status_of(connection) for connection in waiting} == {503}
    fresh = wait_for(lambda: (a := world.api.post("/api/activities/logged", world.body())).status == 201 and a,
                     "an activity logged again").json
    receiver.wait_for_activity(fresh["id"])
    # What nobody was told of is whole or not there: of all changes under one version one at most was made.
    assert world.api.ok("GET", path)["version"] in (1, 2)
    world.quiet()
    assert set(receiver.counts()) == {d["logged_activity_id"] for d in world.deliveries()}


@pytest.mark.core
def test_w4_a_refused_setting_is_refused_alone(world):
    """What is refused before it has written anything does not make the others of its batch run again."""
    path = f"/api/activities/objects/{world.object}"
    nobody = "0193a1b2-0000-7000-8000-000000000000"
    refused = [("PATCH", path, {"If-Match": '"7"'}, {"name": "Late"}, 412),
               ("PATCH", path.replace(world.object, nobody), {"If-Match": '"1"'}, {"name": "Nobody"}, 404),
               ("POST", "/api/activities/objects", {}, {"name": "Sales Call"}, 409),
               ("POST", "/api/activities/objects", {}, {"name": "A", "association_objects": [nobody]}, 422)]
    with Load(world, clients=4) as load:
        wait_for(lambda: load.count > 20, "some load")
        for _ in range(5):
            waiting = [(send(world.server, method, target, {**world.api.credentials, **headers}, body), status)
                       for method, target, headers, body, status in refused]
            for connection, status in waiting:
                assert status_of(connection) == status
    assert not load.refused
    assert world.server.metrics()["batches_retried_total"] == 0
    assert len(world.api.pages("/api/activities/objects?archived=all")) == 1


@pytest.mark.core
@pytest.mark.engine("postgres")
def test_a_database_that_stands_still_is_answered_in_time(make_server, database, receiver):
    """All of its sessions: whoever needs it gets a 503 by the time limit, whoever does not gets an answer."""
    server = make_server(flags=("--workers", str(WORKERS), "--request-timeout", "2s"))
    world = World(server, webhook=receiver.url())
    path = f"/api/activities/objects/{world.object}"
    world.api.ok("GET", path)
    pids = [int(pid) for pid in psql(database, "SELECT pid FROM pg_stat_activity WHERE application_name = 'herald' "
                                               "AND datname = current_database()")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        waiting = [send(server, "PATCH", path, {**world.api.credentials, "If-Match": '"1"'}, {"name": f"Call {i}"})
                   for i in range(PENDING)]
        answer = world.api.post("/api/activities/logged", world.body())
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
        for target in ("/healthz", "/api/openapi.yaml", "/reference"):
            assert Api(server).get(target).status == 200
        assert {status_of(connection) for connection in waiting} == {503}
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    fresh = wait_for(lambda: (a := world.api.post("/api/activities/logged", world.body())).status == 201 and a,
                     "an activity logged again").json
    receiver.wait_for_activity(fresh["id"])
