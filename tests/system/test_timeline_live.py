"""GET /api/records/{object}/{id}/timeline/stream: a timeline live. M16, I8; nothing is lost, whatever overtakes what."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from support.api import Api
from support.database import psql
from support.events import Stream
from support.load import Load
from support.sql import execute
from support.wait import PATIENCE, wait_for
from support.world import World


@pytest.fixture
def make_world(make_server):
    def make(*flags, **more):
        world = World(make_server(flags=flags, **more))
        world.object = world.add_object("Sales Call")
        return world

    return make


@pytest.fixture
def watch():
    """watch(world, …): a live stream of the contact's timeline, closed with the test."""
    with contextlib.ExitStack() as stack:
        def make(world, record=None, query="", last=None, server=None, credentials=None, **more):
            headers = {"Last-Event-ID": last} if last else {}
            headers |= more.pop("headers", {})
            stream = Stream(server or world.server, path(record or world.contact) + "/stream" + query,
                            world.api.credentials if credentials is None else credentials, headers, **more)
            stack.callback(stream.close)
            return stream

        yield make


def path(record):
    return f"/api/records/contacts/{record}/timeline"


def page(world, record=None):
    return world.api.ok("GET", path(record or world.contact))


def on(world, server):
    """The same Business, seen through another node."""
    twin = World.__new__(World)
    twin.__dict__.update(world.__dict__)
    twin.server, twin.api = server, Api(server, world.key, world.business, world.user)
    server.secrets |= {world.key, world.notes}
    return twin


def schedule(world, *records):
    return world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": "2027-01-01T09:00:00Z",
        "associated_entities": [{"id": record} for record in records or [world.contact]]})["id"]


def scheduled(identity, verb=""):
    return f"/api/activities/scheduled-activity/{identity}{verb}"


def logged_in(events):
    return [event.data["id"] for event in events if event.name == "logged"]


def logged_or_none(world):
    """The activity, or None while the database is away."""
    answer = world.api.post("/api/activities/logged", world.body())
    assert answer.status in (201, 503), answer
    return answer.json if answer.status == 201 else None


# ── What comes ──────────────────────────────────────────────────────────────────────────────────────────────

def test_m16_everything_that_happens_comes(make_world, watch, engine):
    world = make_world()
    stream = watch(world)
    assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
    assert [e.name for e in stream.until("ready")] == ["ready"]

    call = world.log()["id"]
    assert stream.next().subject == ("logged", call)
    plan = schedule(world)
    assert stream.next().subject == ("scheduled", plan)
    world.api.ok("PATCH", scheduled(plan), {"due_datetime": "2027-02-02T10:00:00Z"})
    event = stream.next()
    assert event.subject == ("scheduled_changed", plan)
    assert event.data["due_datetime"] == "2027-02-02T10:00:00.000000Z"
    done = world.api.ok("POST", scheduled(plan, "/complete"), {})["id"]
    completed, logged = stream.next(), stream.next()
    assert completed.subject == ("completed", plan)
    assert completed.data == {"kind": "scheduled", "id": plan, "logged_activity_id": done}
    assert logged.subject == ("logged", done)
    assert logged.data["scheduled_activity_id"] == plan
    assert world.api.request("DELETE", f"/api/activities/logged/{call}").status == 204
    event = stream.next()
    assert event.subject == ("deleted", call) and event.data == {"kind": "logged", "id": call}
    other = schedule(world)
    assert stream.next().subject == ("scheduled", other)
    assert world.api.request("DELETE", scheduled(other)).status == 204
    assert stream.next().data == {"kind": "scheduled", "id": other}
    assert world.server.metrics()["streams"] == 1


def test_m16_an_event_says_what_the_page_says(make_world, watch, engine):
    world = make_world()
    stream = watch(world)
    stream.until("ready")
    world.log()
    schedule(world)
    events = [stream.next().data, stream.next().data]
    assert sorted(events, key=lambda e: e["id"], reverse=True) == page(world)["results"]


def test_m16_only_what_is_about_the_record(make_world, watch, engine):
    world = make_world()
    omar = world.api.ok("POST", "/api/records/contacts", {"first_name": "Omar", "last_name": "Haddad"})["id"]
    marias, omars = watch(world), watch(world, omar)
    marias.until("ready")
    omars.until("ready")
    world.log()
    plan = schedule(world, world.contact, omar)
    assert omars.next().subject == ("scheduled", plan)
    # It leaves one of the two.
    world.api.ok("PATCH", scheduled(plan), {"associated_entities": [{"id": omar}]})
    assert omars.next().subject == ("scheduled_changed", plan)
    assert [e.subject for e in marias.until("deleted")][1:] == [("scheduled", plan), ("deleted", plan)]


def test_m16_what_is_about_all_records_comes_to_each(make_world, watch, engine):
    world = make_world()
    contacts = next(o["id"] for o in world.api.pages("/api/records/objects") if o["api_name"] == "contacts")
    letter = world.api.ok("POST", "/api/activities/objects", {
        "name": "Newsletter", "association_mode": "all", "association_objects": [contacts]})["id"]
    stream = watch(world)
    stream.until("ready")
    entry = world.log(letter, associated_entities=[])["id"]
    assert stream.next().subject == ("logged", entry)


# ── Nothing is lost ─────────────────────────────────────────────────────────────────────────────────────────

def test_nothing_falls_between_the_page_and_the_stream(make_world, watch, engine):
    world = make_world()
    with Load(world, clients=4, most=300) as load:
        wait_for(lambda: load.count > 50, "a beginning")
        first = world.api.ok("GET", path(world.contact) + "?limit=200")
        stream = watch(world, query="?cursor=" + first["live_cursor"])
        wait_for(lambda: load.count == 300, "all answers")
    last = world.log()["id"]
    came = logged_in(stream.until("logged", last))
    seen = [entry["id"] for entry in world.api.pages(path(world.contact))]
    # What was on the pages when the cursor was read, and what came since.
    older = {entry["id"] for entry in first["results"]}
    assert len(came) == len(set(came)), "on one stream nothing comes twice"
    missing = set(seen) - set(came)
    assert missing <= older or first["next"], "neither on the page nor in the stream"
    assert set(load.acknowledged) - older - set(came) <= set(seen) - set(came)


def test_nothing_is_lost_to_a_kill(make_world, watch, engine):
    """kill -9 under load, again and again; the reader comes back with the last id that it has."""
    world = make_world()
    stream = watch(world)
    stream.until("ready")
    came, cursor, acknowledged = [], stream.cursor, []
    for _ in range(3):
        with Load(world, clients=4) as load:
            wait_for(lambda load=load, seen=len(acknowledged): load.count >= 60, "some activities")
            world.server.kill()
        acknowledged += load.acknowledged
        events = stream.rest()
        came += logged_in(events)
        cursor = stream.cursor or cursor
        world.server.start()
        stream = watch(world, last=cursor)
    last = world.log()["id"]
    came += logged_in(stream.until("logged", last))
    there = {entry["id"] for entry in world.api.pages(path(world.contact))}
    assert set(acknowledged) <= there
    assert set(came) == there, "all that is there came"
    assert len(came) == len(set(came)), "and no reader that kept its last id got anything twice"


def test_nothing_is_lost_to_a_commit_of_unknown_outcome(make_world, watch, tmp_path, engine):
    """COMMIT works, its answer is lost: the caller hears 503, and whoever watches hears of the activity."""
    switch = tmp_path / "answers-are-lost"
    world = make_world(env={"HERALD_FAULTS": f"commit_answer=@{switch}"})
    stream = watch(world)
    stream.until("ready")
    switch.touch()
    refused = [world.api.post("/api/activities/logged", world.body()).status for _ in range(3)]
    switch.unlink()
    assert refused == [503] * 3
    last = world.log()["id"]
    came = logged_in(stream.until("logged", last))
    assert set(came) == {entry["id"] for entry in page(world)["results"]} and len(came) == 4


@pytest.mark.engine("postgres")
@pytest.mark.core
def test_nothing_is_lost_between_nodes_that_overtake_each_other(make_world, make_server, watch, database, engine):
    """
    One node stands between making an id and committing it, while the other commits activities with later ids.
    Whoever asked for ids after the latest that it has would lose the first one.
    """
    world = make_world("--lease", "60s")
    twin = on(world, make_server(name="second", flags=("--lease", "60s")))
    streams = [watch(world), watch(twin)]
    for stream in streams:
        stream.until("ready")
    world.log()
    for stream in streams:
        stream.until("logged")
    holder = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", database], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    holder.stdin.write("BEGIN; SELECT 'held ' || id FROM lane WHERE writer_node = "
                       "(SELECT writer_node FROM lane ORDER BY id LIMIT 1) FOR UPDATE;\n")
    holder.stdin.flush()
    assert holder.stdout.readline().startswith("held"), "the first node's lane is not held"
    slow = []
    thread = threading.Thread(target=lambda: slow.append(world.log()["id"]))
    thread.start()
    waiting = ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
               "datname = current_database()")
    wait_for(lambda: psql(database, waiting) == ["1"], "the first node to stand before its commit")
    quick = [twin.log()["id"] for _ in range(3)]
    for stream in streams:
        assert logged_in(stream.until("logged", quick[-1])) == quick
    middle = [stream.cursor for stream in streams]
    holder.communicate("COMMIT;\n")
    thread.join(60)
    assert slow and slow[0] < min(quick), "the ids are not in the opposite order of the commits"
    for stream, cursor in zip(streams, middle):
        assert stream.next().subject == ("logged", slow[0])
        again = watch(twin, last=cursor)
        assert [e.subject for e in again.until("ready")][:-1] == [("logged", slow[0])]
    # A cursor that is an id, which is what is not done here: it has lost it.
    newer = [e["id"] for e in page(world)["results"] if e["id"] > quick[-1]]
    assert slow[0] not in newer and newer == []


@pytest.mark.engine("postgres")
def test_nothing_is_lost_when_the_database_is(make_world, watch, database, engine):
    """All sessions end, again and again; a reader whose stream is ended over it comes back."""
    world = make_world()
    stream = watch(world)
    stream.until("ready")
    came = []
    for _ in range(5):
        psql(database, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                       "datname = current_database() AND pid <> pg_backend_pid()")
        answer = wait_for(lambda: logged_or_none(world), "the database to be back")
        entry = answer["id"]
        while entry not in came:
            event = stream.next()
            if event is None:
                stream = watch(world, last=stream.cursor)
            elif event.name == "logged":
                came.append(event.data["id"])
    assert set(came) == {entry["id"] for entry in page(world)["results"]}
    assert len(came) == len(set(came))


@pytest.mark.engine("postgres")
def test_a_node_that_comes_later_is_followed(make_world, make_server, watch, engine):
    world = make_world()
    stream = watch(world)
    stream.until("ready")
    twin = on(world, make_server(name="second"))
    entry = twin.log()["id"]
    assert stream.next().subject == ("logged", entry)
    assert watch(twin, last=stream.cursor).until("ready")[0].name == "ready"


# ── Cursors ─────────────────────────────────────────────────────────────────────────────────────────────────

def test_the_last_id_counts_before_the_addresss_cursor(make_world, watch, engine):
    """A browser comes back with the address that it had at first."""
    world = make_world()
    start = page(world)["live_cursor"]
    first, second = world.log()["id"], world.log()["id"]
    stream = watch(world, query="?cursor=" + start)
    events = stream.until("ready")
    assert logged_in(events) == [first, second]
    again = watch(world, query="?cursor=" + start, last=events[0].cursor)
    assert logged_in(again.until("ready")) == [second]


def test_cursors_that_cannot_be_read(make_world, watch, engine):
    world = make_world()
    for query in ("?cursor=x", "?cursor=%00", "?cursor=" + "A" * 300, "?after=1"):
        assert watch(world, query=query).status == 400, query
    stream = watch(world, last="of another program")
    assert [e.name for e in stream.until("ready")] == ["reset", "ready"]
    entry = world.log()["id"]
    assert stream.next().subject == ("logged", entry)


def test_too_far_back_is_a_reset(make_world, watch, engine):
    world = make_world("--stream-resume", "5")
    start = page(world)["live_cursor"]
    for _ in range(5):
        world.log()
    assert len(logged_in(watch(world, query="?cursor=" + start).until("ready"))) == 5
    world.log()
    stream = watch(world, query="?cursor=" + start)
    names = [e.name for e in stream.until("ready")]
    assert names[-2:] == ["reset", "ready"]
    entry = world.log()["id"]
    assert stream.next().subject == ("logged", entry)


# ── Limits ──────────────────────────────────────────────────────────────────────────────────────────────────

def test_no_more_streams_than_configured(make_world, watch, engine):
    world = make_world("--streams", "2")
    streams = [watch(world), watch(world)]
    for stream in streams:
        stream.until("ready")
    refused = watch(world, reading=False)
    assert refused.status == 503 and int(refused.headers["retry-after"]) >= 1
    assert b'"status":503' in refused.body
    world.log()  # nothing else is refused
    assert world.server.metrics()["streams_refused_total"] == 1
    streams[0].close()
    wait_for(lambda: world.server.metrics()["streams"] == 1, "the place to be free")
    assert [e.name for e in watch(world).until("ready")] == ["ready"]


def test_heartbeats(make_world, watch, engine):
    world = make_world("--stream-heartbeat", "50ms")
    stream = watch(world)
    stream.until("ready")
    wait_for(lambda: stream.comments >= 3, "heartbeats")
    entry = world.log()["id"]
    assert stream.next().subject == ("logged", entry)


@pytest.mark.engine("sqlite")  # nothing of this depends on the database
def test_a_slow_reader_is_cut_off_and_may_come_back(make_world, watch, engine):
    world = make_world("--stream-buffer", "64KiB", "--stream-resume", "100000")
    slow, quick = watch(world, reading=False, receive_buffer=4096), watch(world)
    quick.until("ready")
    made, came = [], []
    notes = "x" * 1000

    def cut_off():
        """No more at once than the buffer holds: on a busy machine the quick one is slow, too."""
        made.extend(world.log(notes=notes)["id"] for _ in range(20))
        came.extend(logged_in(quick.until("logged", made[-1])))
        return world.server.metrics()["streams_cut_total"] >= 1

    wait_for(cut_off, "the slow reader to be cut off", 120)
    assert came == made, "others get everything"
    slow.start_reading()
    came, cursor = logged_in(slow.rest()), slow.cursor
    assert came == made[:len(came)] and len(came) < len(made)
    again = watch(world, last=cursor)
    rest = again.until("ready")
    if rest[-2:-1] and rest[-2].name == "reset":
        return  # so much that it is to read the timeline again
    assert logged_in(rest) == made[len(came):]


@pytest.mark.plain
@pytest.mark.engine("sqlite")
def test_memory_of_many_streams(make_world, watch, engine):
    world = make_world("--streams", "500")
    watch(world).until("ready")
    before = world.server.process.memory()
    streams = [watch(world) for _ in range(400)]
    for stream in streams:
        stream.until("ready")
    each = (world.server.process.memory() - before) / 400
    assert each < 40e3, f"{each:.0f} bytes a stream"
    entry = world.log()["id"]
    for stream in streams:
        assert stream.next().subject == ("logged", entry)


def test_stopping_ends_streams_at_once(make_world, watch, engine):
    world = make_world("--drain-timeout", "60s")
    stream = watch(world)
    stream.until("ready")
    entry = world.log()["id"]
    assert stream.next().subject == ("logged", entry)
    world.server.stop()
    assert stream.rest() == [] and stream.retry == "1000"
    world.server.start()
    assert [e.name for e in watch(world, last=stream.cursor).until("ready")] == ["ready"]


# ── Who may ─────────────────────────────────────────────────────────────────────────────────────────────────

def test_head_says_what_get_would(make_world, engine):
    world = make_world()
    answer = world.api.request("HEAD", path(world.contact) + "/stream")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream" and not answer.body
    assert world.server.metrics()["streams"] == 0


def test_a_stream_needs_credentials(make_world, watch, engine):
    world = make_world()
    assert watch(world, credentials={}).status == 401
    assert watch(world, credentials={**world.api.credentials, "X-API-KEY": "hk_wrong"}).status == 401


REVOCATIONS = {
    "the key is revoked": "UPDATE api_key SET revoked_at = 1 WHERE user_id = {user}",
    "the employee is inactive": "UPDATE employee SET active = 0 WHERE id = {employee}",
}


@pytest.mark.parametrize("what", REVOCATIONS)
def test_i8_a_stream_ends_on_revocation(make_world, watch, what, engine):
    """What is committed after the revocation does not come."""
    world = make_world("--stream-heartbeat", "1h")  # it is not asked without an event
    sam = world.server.admin("employee", "add", "--business", world.business, "--first-name", "Sam",
                             "--last-name", "Okafor", "--email", "sam@acme.test")
    key = world.server.admin("key", "add", "--user", sam["user_id"], "--name", "tests")["api_key"]
    sams = {"X-API-KEY": key, "X-BUSINESS-ID": world.business, "X-USER-ID": sam["user_id"]}
    stream, other = watch(world, credentials=sams), watch(world)
    stream.until("ready")
    other.until("ready")
    before = world.log()["id"]
    assert stream.next().subject == ("logged", before)
    execute(world.server, REVOCATIONS[what], user=sam["user_id"], employee=sam["employee_id"])
    after = world.log()["id"]
    other.until("logged", after)
    rest = stream.rest()
    assert [e.name for e in rest] == ["end"], "something came after the revocation"
    assert rest[0].data["detail"]
    assert watch(world, credentials=sams, last=stream.cursor).status == 401


def test_i8_an_idle_stream_ends_on_revocation(make_world, watch, engine):
    world = make_world("--stream-heartbeat", "100ms")
    stream = watch(world)
    stream.until("ready")
    execute(world.server, REVOCATIONS["the key is revoked"], user=world.user)
    assert [e.name for e in stream.rest()] == ["end"]


def test_i8_a_browsers_stream_ends_with_its_session(make_world, watch, engine):
    world = make_world()
    link = world.server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
    origin = {"Origin": f"http://{world.server.address}", "X-Herald-Session": "1"}
    visitor = Api(world.server)
    answer = visitor.post("/api/session", {"token": link.replace("#", "=").rsplit("=", 1)[-1]}, headers=origin)
    cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
    stream = watch(world, credentials=cookie)
    assert stream.status == 200
    stream.until("ready")
    entry = world.log()["id"]
    assert stream.next().subject == ("logged", entry)
    assert visitor.request("DELETE", "/api/session", headers={**cookie, **origin}).status == 204
    world.log()
    assert [e.name for e in stream.rest()] == ["end"]


# ── The example ─────────────────────────────────────────────────────────────────────────────────────────────

def test_the_example_in_shell(make_world, engine):
    world = make_world()
    script = pathlib.Path(__file__).resolve().parents[2] / "examples" / "watch-timeline.sh"
    env = {**os.environ, "HERALD": f"http://{world.server.address}", "KEY": world.key, "BUSINESS": world.business,
           "USER_ID": world.user}
    with subprocess.Popen([str(script), "contacts", world.contact], env=env, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as watcher:
        try:
            assert json.loads(watcher.stdout.readline()) == {"event": "ready", "data": {}}
            entry = world.log()["id"]
            event = json.loads(watcher.stdout.readline())
            assert (event["event"], event["data"]["id"]) == ("logged", entry)
        finally:
            os.killpg(watcher.pid, signal.SIGKILL)


MISSING = "01a20ceb-2003-7000-9a31-803b6af9d4e8"


@pytest.mark.parametrize("arguments, key, status, words", [
    ([], None, 2, "usage: watch-timeline.sh OBJECT RECORD"),
    (["contacts", MISSING], None, 1, "There is no such record in this Business."),
    (["contacts", MISSING], "wrong", 1, "The credentials are missing or not valid"),
])
def test_the_example_says_why_it_stops(make_world, arguments, key, status, words):
    world = make_world()
    script = pathlib.Path(__file__).resolve().parents[2] / "examples" / "watch-timeline.sh"
    env = {**os.environ, "HERALD": f"http://{world.server.address}", "KEY": key or world.key, "BUSINESS": world.business,
           "USER_ID": world.user}
    done = subprocess.run([str(script), *arguments], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == status and done.stderr.startswith(words), done
