"""What is kept for a time only goes, a little at a time, and nobody takes what is left for the whole."""

import pytest

from support.events import Stream
from support.person import Person
from support.sql import execute, number
from support.wait import wait_for
from support.world import World

OFTEN = ("--housekeeping", "20ms")
CHANGES = "SELECT count(*) FROM timeline_change"


@pytest.fixture
def world(make_server):
    world = World(make_server(flags=OFTEN))
    world.object = world.add_object("Sales Call")
    return world


def timeline(world):
    return f"/api/records/contacts/{world.contact}/timeline"


def cursor(world):
    return world.api.ok("GET", timeline(world))["live_cursor"]


def schedule(world):
    return world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": "2027-01-01T09:00:00Z",
        "associated_entities": [{"id": world.contact}]})["id"]


def resumed(world, place):
    """What a stream gets that comes back with that cursor."""
    stream = Stream(world.server, timeline(world) + "/stream?cursor=" + place, world.api.credentials)
    try:
        return stream.until("ready"), stream.cursor
    finally:
        stream.close()


def names(events):
    return [event.name for event in events]


def age(world, statement="UPDATE timeline_change SET created_at = 0"):
    execute(world.server, statement)


def wait_until_gone(world, left=0):
    wait_for(lambda: number(world.server, CHANGES) == left, "old changes to be removed")


@pytest.mark.core
def test_changes_of_timelines_are_kept_for_a_time(world, engine):
    """Whoever comes back with a cursor from before what was removed is told to read anew; whoever has seen it is not."""
    before = cursor(world)
    plan = schedule(world)
    after = cursor(world)
    age(world)
    wait_until_gone(world)
    events, place = resumed(world, before)
    assert names(events) == ["reset", "ready"]
    assert names(resumed(world, after)[0]) == ["ready"]
    assert names(resumed(world, place)[0]) == ["ready"], "the cursor that came with the reset is good"
    assert names(resumed(world, cursor(world))[0]) == ["ready"], "although nothing is left that it could be made of"
    assert [e["id"] for e in world.api.ok("GET", timeline(world))["results"]] == [plan], "the timeline has all of it"


def test_what_is_young_stays(world, engine):
    """Only what is old goes, and only from the beginning of a lane on."""
    schedule(world)
    place = cursor(world)
    age(world)
    wait_until_gone(world)
    second, third = schedule(world), schedule(world)
    events, _ = resumed(world, place)
    assert [e.subject for e in events[:2]] == [("scheduled", second), ("scheduled", third)] and len(events) == 3
    before_third = events[0].cursor
    age(world, "UPDATE timeline_change SET created_at = 0 WHERE seq = (SELECT min(seq) FROM timeline_change)")
    wait_until_gone(world, left=1)
    assert names(resumed(world, place)[0]) == ["reset", "ready"]
    events, _ = resumed(world, before_third)
    assert [e.subject for e in events[:1]] == [("scheduled", third)] and len(events) == 2


def test_logged_activities_are_no_changes_that_go(world, engine):
    """A cursor from before them is good for ever."""
    place = cursor(world)
    logged = world.log()["id"]
    assert [e.subject for e in resumed(world, place)[0][:1]] == [("logged", logged)]
    schedule(world)
    latest = cursor(world)
    age(world)
    wait_until_gone(world)
    last = world.log()["id"]
    assert [e.subject for e in resumed(world, latest)[0][:1]] == [("logged", last)]


def test_many_go_a_little_at_a_time(world, engine):
    """More than one unit removes; what is under way meanwhile is answered."""
    plan = schedule(world)
    lane = number(world.server, "SELECT min(id) FROM lane")
    old = "abs(n)" if engine == "sqlite" else "n"
    execute(world.server, f"INSERT INTO timeline_change (lane, seq, record_id, business_id, kind, entry_id, created_at) "
            f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000) "
            f"SELECT {lane}, {old}, record_id, business_id, 2, entry_id, 0 FROM s, timeline_change")
    wait_until_gone(world, left=1)
    place = cursor(world)
    assert schedule(world) != plan
    assert names(resumed(world, place)[0]) == ["scheduled", "ready"]


@pytest.mark.core
def test_a_stream_that_goes_on_loses_nothing(world, engine):
    """What is removed within the second in which it was given, which only a test does, may be a reset."""
    stream = Stream(world.server, timeline(world) + "/stream", world.api.credentials)
    assert names(stream.until("ready")) == ["ready"]

    def next_subject():
        event = stream.next()
        return event.subject if event.name != "reset" else next_subject()

    for _ in range(3):
        plan = schedule(world)
        assert next_subject() == ("scheduled", plan)
        age(world)
        wait_until_gone(world)
    logged = world.log()["id"]
    assert next_subject() == ("logged", logged)
    stream.close()


def test_idempotency_keys_go_without_new_ones(world, engine):
    answer = world.api.post("/api/activities/logged", world.body(), headers={"Idempotency-Key": "once"})
    assert answer.status == 201
    count = "SELECT count(*) FROM idempotency"
    assert number(world.server, count) == 1
    age(world, "UPDATE idempotency SET created_at = 0")
    wait_for(lambda: number(world.server, count) == 0, "an old key to be removed")


@pytest.mark.parametrize("table, end", [("session", "expires_at"), ("sign_in_token", "expires_at"),
                                        ("password_token", "expires_at")])
def test_what_people_sign_in_with_goes_when_it_is_over(world, engine, table, end):
    """Also when nobody signs in any more."""
    link = world.server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
    if table == "session":
        token = link.replace("#", "=").rsplit("=", 1)[-1]
        assert Person(world.server).post("/api/session", {"token": token}).status == 201
    if table == "password_token":
        world.server.admin("invitation", "--business", world.business, "--employee", world.employee)
    count = f"SELECT count(*) FROM {table}"
    assert number(world.server, count) == 1
    age(world, f"UPDATE {table} SET {end} = 1")
    wait_for(lambda: number(world.server, count) == 0, "it to be removed")
