"""Several nodes on one PostgreSQL: lanes, take-overs, pauses, restarts, a copied data folder. I11, I3."""

import collections
import os
import random
import shutil
import signal
import threading
import time

import pytest

from support.api import Api
from support.database import psql
from support.load import Load
from support.receiver import Reply
from support.server import run
from support.wait import PATIENCE, SANITIZER, wait_for
from support.world import World

pytestmark = [pytest.mark.engine("postgres"), pytest.mark.core]

LEASE = 2.0
FLAGS = ("--lease", "2s", "--delivery-timeout", "500ms")
# A receiver that is slow enough for a backlog, and answers long before the time limit.
SLOW = Reply(delay=0.2)
# What one endpoint may have under way, and the outcomes that were not yet recorded.
IN_FLIGHT_MOST = 32 + 32


def on(world, server):
    """The same Business, seen through another node."""
    twin = World.__new__(World)
    twin.__dict__.update(world.__dict__)
    twin.server, twin.api = server, Api(server, world.key, world.business, world.user)
    server.secrets |= {world.key, world.notes}
    return twin


@pytest.fixture
def node(make_server):
    """node(name): a server of this test's database."""
    return lambda name, **more: make_server(name=name, flags=more.pop("flags", FLAGS), **more)


def pending(database):
    return int(psql(database, "SELECT count(*) FROM delivery WHERE state = 0")[0])


def log_many(world, count):
    with Load(world, clients=8, most=count) as load:
        wait_for(lambda: load.count + len(load.refused) == count, "all answers")
    assert not load.refused
    return load.acknowledged


def adopted(server):
    return len(server.process.messages("lane of another node taken over"))


def taken(server):
    return len(server.process.messages("lane taken"))


def pause(server):
    os.kill(server.process.process.pid, signal.SIGSTOP)


def go_on(server):
    os.kill(server.process.process.pid, signal.SIGCONT)


def wait(seconds):
    """Only where time itself is what is tested: a lease that runs out."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > end, "time to pass")


def repeats(receiver, since=0):
    counts = collections.Counter(r.activity for r in receiver.all()[since:])
    return sum(n - 1 for n in counts.values())


def test_i11_each_delivery_once(node, receiver, engine):
    first, second = node("first"), node("second")
    receiver.default = Reply(delay=0.005)
    world = World(first, webhook=receiver.url())
    twin = on(world, second)
    with Load(world, clients=4, most=200) as one, Load(twin, clients=4, most=200) as two:
        wait_for(lambda: one.count + two.count == 400, "all answers")
    world.quiet()
    counts = receiver.counts()
    assert set(counts) == set(one.acknowledged + two.acknowledged)
    assert all(n == 1 for n in counts.values())
    assert not adopted(first) and not adopted(second)


def test_i11_the_other_sends_what_a_killed_node_left(node, receiver, database, engine):
    first, second = node("first"), node("second")
    receiver.default = SLOW
    world = World(first, webhook=receiver.url())
    ids = log_many(world, 300)
    first.kill()
    assert pending(database) > 0, "nothing was left: the test shows nothing"
    on(world, second).quiet()
    assert adopted(second) == 1
    assert set(receiver.counts()) == set(ids)
    assert repeats(receiver) <= IN_FLIGHT_MOST
    assert all(r.header("X-Herald-Recovered") == "1" for r in receiver.all() if r.at > receiver.all()[0].at + LEASE)


def test_i11_a_paused_node_does_not_go_on(node, receiver, database, engine):
    """Stopped for longer than its lease, with hundreds in memory; the other sends them; then it wakes up."""
    first, second = node("first"), node("second")
    receiver.default = SLOW
    world = World(first, webhook=receiver.url())
    twin = on(world, second)
    ids = log_many(world, 300)
    pause(first)
    try:
        left = pending(database)
        assert left > IN_FLIGHT_MOST, "nothing was left: the test shows nothing"
        twin.quiet()
    finally:
        go_on(first)
    wait_for(lambda: taken(first) == 2, "a lane of its own again")
    ids += log_many(world, 20)
    twin.quiet()
    assert set(receiver.counts()) == set(ids)
    assert repeats(receiver) <= IN_FLIGHT_MOST
    states = collections.Counter(d["state"] for d in twin.deliveries())
    assert states == {"delivered": len(ids)}


def test_i11_a_node_paused_under_load_loses_nothing(node, receiver, engine):
    """Its clients wait meanwhile; what it was about to commit goes to its new lane."""
    first, second = node("first"), node("second")
    receiver.default = Reply(delay=0.01)
    world = World(first, webhook=receiver.url())
    twin = on(world, second)
    with Load(world, clients=4) as load:
        wait_for(lambda: load.count > 30, "some load")
        pause(first)
        try:
            wait_for(lambda: adopted(second), "the take-over")
            twin.quiet()
        finally:
            go_on(first)
        count = load.count
        wait_for(lambda: load.count > count + 30, "answers from the node that woke")
    world.quiet()
    counts = receiver.counts()
    assert set(load.acknowledged) <= set(counts)
    assert set(counts) == {d["logged_activity_id"] for d in twin.deliveries()}
    assert repeats(receiver) <= IN_FLIGHT_MOST
    assert all(any(r.header("X-Herald-Recovered") == "1" for r in receiver.of(a)) for a, n in counts.items() if n > 1)


def test_i11_a_node_that_comes_back_after_a_take_over_starts_anew(node, receiver, engine):
    first, second = node("first"), node("second")
    receiver.default = SLOW
    world = World(first, webhook=receiver.url())
    ids = log_many(world, 100)
    first.kill()
    on(world, second).quiet()
    assert adopted(second) == 1
    before = len(receiver.all())
    first.start()
    ids += log_many(world, 5)
    world.quiet()
    assert len(receiver.all()) == before + 5
    assert set(receiver.counts()) == set(ids)


def test_i11_a_paused_node_learns_that_an_adopted_lane_is_gone(node, receiver, database, engine):
    """It has its own lane still, but not the one that it had adopted: what it holds of that is not sent."""
    first, second, third = node("first"), node("second", flags=("--lease", "60s")), node("third")
    receiver.default = SLOW
    world = World(third, webhook=receiver.url())
    ids = log_many(world, 300)
    third.kill()
    wait_for(lambda: adopted(first) == 1, "the first to take the third's lane over")
    count = len(receiver.all())
    receiver.wait(count + 1)
    mine = (first.data / "node-id").read_text().strip()
    other = (second.data / "node-id").read_text().strip()
    [lane] = psql(database, f"SELECT id FROM lane WHERE dispatch_node = '{mine}' AND writer_node IS NULL")
    pause(first)
    try:
        # What the second does at its next look, done now, and for this lane alone.
        psql(database, f"UPDATE lane SET dispatch_node = '{other}', dispatch_epoch = dispatch_epoch + 1, "
                       f"expires_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + 60000000 "
                       f"WHERE id = {lane}")
        psql(database, f"UPDATE lane SET expires_at = expires_at + 60000000 WHERE dispatch_node = '{mine}'")
        wait(LEASE)
    finally:
        go_on(first)
    wait_for(lambda: first.process.messages("lane lost to another node"), "the first to notice")
    # Those under way come to their end; then nothing of the lane is sent by the first.
    fresh = log_many(on(world, first), 5)
    wait_for(lambda: set(fresh) <= set(receiver.counts()), "the first's own webhooks")
    still = pending(database)
    assert still > 0, "nothing was left: the test shows nothing"
    assert taken(first) == 1
    second.restart()  # it finds what was given to it
    on(world, second).quiet()
    assert set(receiver.counts()) == set(ids + fresh)
    assert repeats(receiver) <= 2 * IN_FLIGHT_MOST


def test_i11_a_restart_with_an_adopted_lane_repeats_nothing(node, receiver, database, engine):
    first, gone = node("first"), node("gone")
    receiver.default = SLOW
    world = World(first, webhook=receiver.url())
    ids = log_many(on(world, gone), 1000)
    gone.kill()
    wait_for(lambda: adopted(first) == 1, "the first to take the lane over")
    second = node("second")
    wait(LEASE)  # from then on it may adopt
    first.stop()
    assert pending(database) > 100, "nothing was left: the test shows nothing"
    before = len(receiver.all())
    first.start()
    world.quiet()
    again = [r.activity for r in receiver.all()[before:]]
    assert len(again) == len(set(again)), "sent twice"
    assert set(receiver.counts()) == set(ids)
    assert second.running


def test_i11_a_copied_data_folder_is_refused(node, make_server, receiver, engine):
    first = node("first")
    world = World(first, webhook=receiver.url())
    copy = make_server(name="copy", start=False)
    copy.data.mkdir(parents=True)
    shutil.copy(first.data / "node-id", copy.data / "node-id")
    refused = run("serve", *copy.place, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", check=False)
    assert refused.returncode == 1
    assert "node-id" in refused.stderr and "copied" in refused.stderr
    ids = log_many(world, 10)
    world.quiet()
    assert receiver.counts() == {activity: 1 for activity in ids}
    assert taken(first) == 1
    first.kill()
    copy.start()  # nobody else has the id now
    assert copy.running


def test_i11_a_node_that_was_killed_comes_back_at_once(node, receiver, engine):
    """Its old session is gone within moments: it neither waits for its lease nor is refused."""
    first = node("first", flags=("--lease", "60s", "--delivery-timeout", "500ms"))
    receiver.default = SLOW
    world = World(first, webhook=receiver.url())
    for _ in range(3):
        ids = log_many(world, 40)
        first.kill()
        before = len(receiver.all())
        first.start()
        receiver.wait(before + 1)
        if not SANITIZER:
            assert receiver.all()[before].at - first.listening_at < 1.0
        world.quiet()
        assert set(ids) <= set(receiver.counts())


def test_i11_lost_sessions_are_claimed_again(node, receiver, database, engine):
    first = node("first")
    world = World(first, webhook=receiver.url())
    acknowledged = []
    for _ in range(3):
        with Load(world, clients=4) as load:
            wait_for(lambda: load.count > 20, "some load")
            psql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                           "AND pid <> pg_backend_pid()")
            count = load.count
            wait_for(lambda: load.count > count + 20, "answers after it")
        acknowledged += load.acknowledged
        assert all(answer.status == 503 for answer in load.refused), load.refused[:1]
    world.quiet()
    assert set(acknowledged) <= set(receiver.counts())
    assert taken(first) == 1
    assert psql(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
                          "(SELECT oid FROM pg_database WHERE datname = current_database())") == ["1"]


def test_i3_a_database_that_may_forget_is_refused_after_a_failover_too(node, receiver, database, engine):
    first = node("first")
    world = World(first, webhook=receiver.url())
    name = psql(database, "SELECT current_database()")[0]
    psql(database, f"ALTER DATABASE {name} SET synchronous_commit = off")
    psql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND pid <> pg_backend_pid()")
    for _ in range(5):
        answer = world.api.post("/api/activities/logged", world.body())
        assert answer.status == 503, answer
    wait_for(lambda: "synchronous_commit" in first.process.errors, "the reason in the log")
    psql(database, f"ALTER DATABASE {name} RESET synchronous_commit")
    wait_for(lambda: world.api.post("/api/activities/logged", world.body()).status == 201, "an activity logged",
             PATIENCE)
    world.quiet()


def test_nodes_that_start_at_once(make_server, receiver, engine):
    """On an empty database: one migrates, each gets a lane."""
    nodes = [make_server(name=f"node{i}", start=False, flags=FLAGS) for i in range(4)]
    for each in nodes:
        each.start(wait=False)
    for each in nodes:
        each.wait_listening()
    world = World(nodes[0], webhook=receiver.url())
    ids = [on(world, each).log()["id"] for each in nodes]
    world.quiet()
    assert receiver.counts() == {activity: 1 for activity in ids}


def test_settings_and_logging_of_two_nodes_do_not_block_each_other(node, receiver, engine):
    """Who changes settings has the Business's lock before others of the batch share it: no deadlock, no batch run again."""
    first, second = node("first"), node("second")
    world = World(first, webhook=receiver.url())
    twin = on(world, second)
    path = f"/api/activities/objects/{world.object}"
    statuses = collections.Counter()

    def change(one):
        for i in range(20):
            etag = one.api.get(path).headers["ETag"]
            answer = one.api.patch(path, {"description": f"{i} by {threading.get_ident()}"},
                                   headers={"If-Match": etag})
            statuses[answer.status] += 1

    with Load(world, clients=2) as one, Load(twin, clients=2) as two:
        threads = [threading.Thread(target=change, args=(who,)) for who in (world, twin, world, twin)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(statuses) <= {200, 412} and world.api.ok("GET", path)["version"] == 1 + statuses[200]
    assert all(answer.status == 503 for answer in one.refused + two.refused)
    assert one.count + two.count > 0
    for server in (first, second):
        assert server.metrics()["batches_retried_total"] == 0
        assert not server.process.messages("transaction failed")


@pytest.mark.parametrize("what", ["records", "keys", "completions", "settings"])
def test_batches_of_two_nodes_that_touch_the_same_rows_do_not_deadlock(node, receiver, what):
    """In whatever order their units came: a batch that failed over a deadlock would be run again in halves."""
    first = node("first")
    world = World(first, webhook=receiver.url())
    nodes = [world, on(world, node("second"))]
    contacts = [world.contact] + [world.api.ok("POST", "/api/records/contacts", {"first_name": f"C{i}"})["id"]
                                  for i in range(4)]
    others = [World(first, webhook=receiver.url(), name=f"B{i}", email=f"b{i}@b.test") for i in range(3)]
    planned = [world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": "2031-01-01T00:00:00Z"})["id"] for _ in range(60)]
    rng = random.Random(11)
    plans = [[rng.randrange(60) for _ in range(60)] for _ in range(24)]

    def act(world, n):
        if what == "records":
            return world.api.patch(f"/api/records/contacts/{contacts[n % 5]}", {"last_name": str(n)})
        if what == "keys":
            return world.api.post("/api/activities/logged", {"activity_object_id": world.object},
                                  headers={"Idempotency-Key": f"key-{n}"})
        if what == "completions":
            return world.api.post(f"/api/activities/scheduled-activity/{planned[n]}/complete", {})
        api, path = Api(world.server, others[n % 3].key, others[n % 3].business, others[n % 3].user), \
            f"/api/activities/objects/{others[n % 3].object}"
        if n % 2:
            return api.post("/api/activities/logged", {"activity_object_id": others[n % 3].object})
        return api.patch(path, {"description": str(n)}, headers={"If-Match": api.get(path).headers["ETag"]})

    answers = collections.Counter()

    def run(i):
        for n in plans[i]:
            answers[act(nodes[i % 2], n).status] += 1

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(plans))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answers.values()) == 24 * 60 and answers[200] + answers[201] > 0, answers
    for server in (world.server, nodes[1].server):
        assert server.metrics()["batches_retried_total"] == 0
