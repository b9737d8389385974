"""Coming back: after a crash, a full disk, a lost database, a stop under load. M8; I1, I2, I3."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pytest

from support.api import Api
from support.database import Cluster, Database, psql
from support.load import Load
from support.ports import free_port
from support.receiver import HANG, OK, Reply
from support.server import PATIENT, run
from support.wait import SANITIZER, wait_for
from support.world import World


@pytest.mark.core
def test_m8_restart_sends_what_was_left_within_a_second(make_server, receiver):
    server = make_server(flags=PATIENT)
    world = World(server, webhook=receiver.url())
    receiver.default = HANG
    ids = [world.log()["id"] for _ in range(100)]
    under_way = receiver.wait(1)
    server.kill()
    before = len(receiver.all())
    receiver.default = OK
    server.start()
    world.quiet()
    again = receiver.all()[before:]
    assert {r.activity for r in again} == set(ids)
    assert len(again) == len(ids), "each left-over once"
    assert all(r.header("X-Herald-Recovered") == "1" for r in again)
    assert under_way[0].header("X-Herald-Recovered") is None
    if not SANITIZER:
        assert min(r.at for r in again) - server.listening_at < 1.0
    for delivery in world.deliveries():
        [attempt] = delivery["attempts"]
        assert attempt["recovered"] and attempt["number"] == 1
    assert server.metrics()["deliveries_recovered_total"] == len(ids)
    # What is logged from now on is not called recovered.
    fresh = world.log()
    assert receiver.wait_for_activity(fresh["id"]).header("X-Herald-Recovered") is None


@pytest.mark.core
def test_restart_after_a_clean_stop_repeats_nothing(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    ids = [world.log()["id"] for _ in range(20)]
    world.quiet()
    for _ in range(3):
        server.restart()
    world.log()
    world.quiet()
    counts = receiver.counts()
    assert all(counts[activity] == 1 for activity in ids) and len(counts) == 21


@pytest.mark.core
def test_full_disk(make_server, receiver, tmp_path):
    """COMMIT fails: 503 with Retry-After, no 201, nothing half there; it goes on by itself when there is room."""
    full = tmp_path / "full"
    server = make_server(env={"HERALD_FAULTS": f"commit=@{full}"})
    world = World(server, webhook=receiver.url())
    kept = world.log()
    full.touch()
    for _ in range(5):
        answer = world.api.post("/api/activities/logged", world.body())
        assert answer.status == 503, answer
        assert int(answer.headers["Retry-After"]) > 0
    assert Api(server).get("/readyz").status == 503
    assert Api(server).get("/healthz").status == 200
    assert world.api.get(f"/api/activities/logged/{kept['id']}").status == 200
    full.unlink()
    after = wait_for(lambda: (a := world.api.post("/api/activities/logged", world.body())).status == 201 and a,
                     "an activity logged with room again").json
    wait_for(lambda: Api(server).get("/readyz").status == 200, "readiness")
    receiver.wait_for_activity(after["id"])
    world.quiet()
    assert set(receiver.counts()) == {kept["id"], after["id"]}
    assert len(world.deliveries()) == 2


@pytest.mark.core
def test_full_disk_when_an_outcome_is_recorded(make_server, receiver, tmp_path):
    """The webhook was answered but that cannot be written: the outcome waits, and nothing is sent twice."""
    full = tmp_path / "full"
    server = make_server(env={"HERALD_FAULTS": f"commit=@{full}"}, flags=PATIENT)
    world = World(server, webhook=receiver.url())
    receiver.default = HANG
    logged = world.log()
    receiver.wait(1)
    full.touch()
    receiver.let_go()
    wait_for(lambda: server.metrics()["unknown_outcomes_held"] == 1, "an outcome that waits")
    full.unlink()
    assert world.finished(logged["id"])["state"] == "delivered"
    assert len(receiver.of(logged["id"])) == 1
    assert server.metrics()["unknown_outcomes_held"] == 0


@pytest.mark.engine("sqlite")
def test_no_memory_for_what_a_peer_makes_large(make_server, receiver, tmp_path):
    """Allocations of a size that a peer chose fail: that peer gets a 503, and it goes on when there is memory again."""
    flag = tmp_path / "no-memory"
    server = make_server(env={"HERALD_FAULTS": f"alloc=@{flag}"})
    world = World(server, webhook=receiver.url())
    world.api.tolerate = (503,)  # its document needs memory, too
    kept = world.log()
    for padding in ("", "x" * 200_000):
        flag.touch()
        answer = world.api.post("/api/activities/logged", world.body(padding=padding))
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
        flag.unlink()
    after = world.log(padding="x" * 200_000)
    receiver.wait_for_activity(after["id"])
    world.quiet()
    assert set(receiver.counts()) == {kept["id"], after["id"]}
    assert len(world.deliveries()) == 2


@pytest.mark.core
@pytest.mark.parametrize("fault", ["statement", "db_lost"])
def test_one_statement_fails(make_server, receiver, fault, tmp_path):
    """Wherever the statement that fails stands: what was acknowledged is delivered, what was not is whole or not there."""
    flag = tmp_path / "fault"
    server = make_server(env={"HERALD_FAULTS": f"{fault}=@{flag}"})
    world = World(server, webhook=receiver.url())
    world.api.tolerate = (500,)
    acknowledged = []
    for _ in range(10):
        with Load(world, clients=4, most=20) as load:
            flag.touch()
            time.sleep(0.01)
            flag.unlink()
            wait_for(lambda: load.count + len(load.refused) >= 20, "all answers")
        acknowledged += load.acknowledged
        assert all(answer.status in (500, 503) for answer in load.refused), load.refused[:1]
    wait_for(lambda: world.api.post("/api/activities/logged", world.body()).status == 201, "an activity logged")
    server.restart()  # an outcome that could not be written leaves its delivery pending until then
    world.quiet()
    assert set(acknowledged) <= set(receiver.counts())
    assert set(receiver.counts()) == {d["logged_activity_id"] for d in world.deliveries()}


@pytest.mark.core
def test_m8_stop_under_load_loses_nothing(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    receiver.default = Reply(delay=0.005)
    acknowledged = []
    for _ in range(3):
        with Load(world) as load:
            wait_for(lambda: load.count > 50, "some load")
            server.stop()
        acknowledged += load.acknowledged
        assert all(answer.status == 503 for answer in load.refused), load.refused[:1]
        server.start()
    world.quiet()
    counts = receiver.counts()
    assert set(acknowledged) <= set(counts)
    assert set(counts) == {d["logged_activity_id"] for d in world.deliveries()}


def test_stop_finishes_what_is_under_way(make_server, receiver):
    server = make_server(flags=("--drain-timeout", "20s"))
    world = World(server, webhook=receiver.url())
    receiver.default = Reply(delay=0.5)
    logged = world.log()
    receiver.wait(1)
    server.stop()
    server.start()
    delivery = world.finished(logged["id"])
    assert delivery["state"] == "delivered" and not delivery["attempts"][0]["recovered"]
    assert len(receiver.all()) == 1


def test_second_server_on_one_directory_names_the_holder(make_server):
    server = make_server()
    second = run("serve", *server.place, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", check=False)
    assert second.returncode not in (0, None) and second.returncode > 0
    assert str(server.process.process.pid) in second.stderr
    assert Api(server).get("/healthz").status == 200


def test_data_directory_is_free_after_a_kill(make_server):
    server = make_server()
    for _ in range(5):
        server.kill()
        server.start()


def test_api_keys_are_not_in_the_data(make_server, receiver):
    """Only a hash is stored: the key is in no file."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    world.log()
    server.stop()
    for file in server.folder.rglob("*"):
        if file.is_file():
            assert world.key.encode() not in file.read_bytes()
    server.start()


# ── PostgreSQL alone ────────────────────────────────────────────────────────────────────────────────────────

@pytest.fixture
def cluster():
    # Not under pytest's own folder, which the unprivileged user that PostgreSQL runs as cannot enter.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="herald-cluster-"))
    cluster = Cluster(folder, free_port())
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(folder)


@pytest.fixture
def on_cluster(make_server, cluster):
    return make_server(database=Database(cluster.url).url)


@pytest.mark.slow
@pytest.mark.core
@pytest.mark.engine("postgres")
def test_m8_lost_database(on_cluster, cluster, receiver, engine):
    """The database is killed under load and comes back: no acknowledged activity is lost, and no restart is needed."""
    world = World(on_cluster, webhook=receiver.url())
    acknowledged = []
    for _ in range(3):
        with Load(world) as load:
            wait_for(lambda: load.count > 50, "some load")
            cluster.kill()
            wait_for(lambda: load.refused, "a refusal")
            count = load.count
            cluster.start()
            wait_for(lambda: load.count > count + 20, "answers with the database back")
        acknowledged += load.acknowledged
        assert all(answer.status in (401, 503) for answer in load.refused), load.refused[:1]
        assert all(answer.status == 503 for answer in load.refused), "a lost database is no wrong credential"
    world.quiet()
    missing = set(acknowledged) - set(receiver.counts())
    assert not missing
    assert set(receiver.counts()) <= {d["logged_activity_id"] for d in world.deliveries()}


@pytest.mark.engine("postgres")
def test_start_without_a_database(make_server, engine, tmp_path):
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    done = run("serve", "--data", str(tmp_path / "data"), "--database", url, "--listen", "127.0.0.1:0",
               "--metrics-listen", "127.0.0.1:0", check=False)
    assert done.returncode == 1 and done.stderr


@pytest.mark.engine("postgres")
@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_i3_refuses_a_database_that_may_forget(make_server, cluster, engine, setting):
    psql(cluster.url, f"ALTER SYSTEM SET {setting} = off")
    psql(cluster.url, "SELECT pg_reload_conf()")
    wait_for(lambda: psql(cluster.url, f"SHOW {setting}") == ["off"], f"{setting} off")
    server = make_server(start=False, database=Database(cluster.url).url)
    done = run("serve", *server.place, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", check=False)
    assert done.returncode in (1, 2)
    assert setting in done.stderr and re.search(r"durab|lose|forget|power|commit", done.stderr)


@pytest.mark.engine("postgres")
def test_a_blocked_database_is_answered_in_time(make_server, database, receiver):
    """Somebody holds a lock: callers get a 503 within the limit, and what comes of their request is whole."""
    server = make_server(flags=("--request-timeout", "1s"))
    world = World(server, webhook=receiver.url())
    with subprocess.Popen(["psql", "-X", "-q", "-d", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as holder:
        holder.stdin.write("BEGIN; LOCK TABLE logged_activity IN ACCESS EXCLUSIVE MODE; SELECT 'held';\n")
        holder.stdin.flush()
        while "held" not in holder.stdout.readline():
            pass
        answer = world.api.post("/api/activities/logged", world.body())
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0
        assert Api(server).get("/healthz").status == 200
        holder.stdin.write("ROLLBACK;\n")
        holder.stdin.close()
    fresh = wait_for(lambda: (a := world.api.post("/api/activities/logged", world.body())).status == 201 and a,
                     "an activity logged without the lock").json
    receiver.wait_for_activity(fresh["id"])
    world.quiet()
    assert set(receiver.counts()) == {d["logged_activity_id"] for d in world.deliveries()}
    assert all(n == 1 for n in receiver.counts().values())


def test_admin_and_serve_do_not_hinder_each_other(make_server, receiver):
    """The admin socket works under load; without a server, admin works on the data itself."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    with Load(world, clients=4) as load:
        added = [server.admin("contact", "add", "--business", world.business, "--first-name", f"C{i}", "--last-name",
                              "X", "--email", f"c{i}@x.test")["contact_id"] for i in range(5)]
        assert load.count >= 0
    server.stop()
    added.append(server.admin("contact", "add", "--business", world.business, "--first-name", "C5", "--last-name", "X",
                              "--email", "c5@x.test")["contact_id"])
    server.start()
    found = world.api.ok("POST", "/api/records/contacts/search", {"search": "C"})["results"]
    assert {c["id"] for c in found} == set(added)
