"""What a worker remembers between requests that log (src/crm/facts.h): never told to anybody who may not know it now."""

import contextlib
import sqlite3

import pytest

from support.api import Api, new_id
from support.database import psql
from support.world import World


def execute(server, database, *statements):
    """By another connection than the server's, as another node would."""
    if database:
        for statement in statements:
            psql(database, statement)
        return
    with contextlib.closing(sqlite3.connect(server.data / "herald.db", timeout=30)) as db, db:
        for statement in statements:
            db.execute(statement)


DISMISSED = "UPDATE employee SET active = 0"
NOTED = "UPDATE business SET settings_version = settings_version + 1"


@pytest.fixture
def remembered(make_server, receiver):
    """A world whose one worker has logged a moment ago."""
    world = World(make_server(flags=["--workers", "1"]), webhook=receiver.url())
    world.log()
    return world


def test_an_employee_who_left_logs_nothing_more(remembered, database):
    """The writer's transaction proves the settings_version, and it is asked again."""
    execute(remembered.server, database, DISMISSED, NOTED)
    answer = remembered.api.post("/api/activities/logged", remembered.body())
    assert answer.status == 401


@pytest.mark.parametrize("change", [{"notes": 7}, {"associated_entities": [{"id": new_id()}]}, {"mentions": [new_id()]},
                                    {"activity_object_id": new_id()}])
def test_what_is_refused_is_refused_to_somebody_who_is_known_now(remembered, database, change):
    """No commit proves a refusal, so it rests on nothing remembered, not even when nobody noted the change."""
    execute(remembered.server, database, DISMISSED)
    answer = remembered.api.post("/api/activities/logged", remembered.body() | change)
    assert answer.status == 401


def test_a_repeat_is_given_to_somebody_who_is_known_now(remembered, database):
    headers = {"Idempotency-Key": "one"}
    first = remembered.api.post("/api/activities/logged", remembered.body(), headers=headers)
    assert first.status == 201
    execute(remembered.server, database, DISMISSED)
    assert remembered.api.post("/api/activities/logged", remembered.body(), headers=headers).status == 401


def test_another_key_is_not_taken_for_the_one_that_is_remembered(remembered):
    for key in (remembered.key[:-1] + ("A" if remembered.key[-1] != "A" else "B"), remembered.key + "A", "hk_"):
        other = Api(remembered.server, key, remembered.business, remembered.user)
        assert other.post("/api/activities/logged", remembered.body()).status == 401
    for business, user in ((new_id(), remembered.user), (remembered.business, new_id())):
        other = Api(remembered.server, remembered.key, business, user)
        assert other.post("/api/activities/logged", remembered.body()).status == 401


def test_settings_are_those_of_the_moment(remembered, receiver):
    """A new Webhook URL, by the same worker that remembers the old one, is in force at once."""
    path = f"/api/activities/objects/{remembered.object}"
    etag = remembered.api.get(path).headers["ETag"]
    changed = remembered.api.request("PATCH", path, {"webhook_url": receiver.url("/other")}, headers={"If-Match": etag})
    assert changed.status == 200
    logged = remembered.log()
    assert remembered.finished(logged["id"])["url"] == receiver.url("/other")
