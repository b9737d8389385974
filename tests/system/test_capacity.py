"""Many connections cost little memory and no threads."""

import contextlib
import json
import resource

import pytest

from support.api import Api
from support.load import Load
from support.receiver import HANG
from support.server import PATIENT
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.engine("sqlite")  # nothing of this depends on the database

IDLE = 10_000
QUEUE_MOST = 1024  # deliveries of one endpoint in memory; the rest stays in the table


def connect(server, data):
    connection = server.dial(30)
    connection.sendall(data)
    return connection



@pytest.mark.plain
@pytest.mark.slow
def test_ten_thousand_idle_connections(server):
    """Kept-alive, each after one request; together under 120 MB, and a newcomer is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 1000:
        pytest.skip(f"the limit on open files is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    request = f"GET /healthz HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode()
    threads = server.process.threads()
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        idle = []
        for _ in range(IDLE // 500):
            batch = [stack.enter_context(connect(server, request)) for _ in range(500)]
            for connection in batch:
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            idle += batch
        assert server.metrics()["http_connections"] >= IDLE
        assert server.process.memory() < 120e6
        assert server.process.threads() == threads
        assert Api(server).get("/healthz").status == 200
        # They are kept: the first and the last still work.
        for connection in (idle[0], idle[-1]):
            connection.sendall(request)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    wait_for(lambda: server.metrics()["http_connections"] < 100, "the connections to be gone")


def test_slow_senders_hold_no_thread(server, receiver):
    """Hundreds send half a request and stop; everybody else is served as before."""
    world = World(server, webhook=receiver.url())
    threads = server.process.threads()
    half = f"POST /api/activities/logged HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n"
    with contextlib.ExitStack() as stack:
        for i in range(300):
            rest = "" if i % 2 else "Content-Length: 1000\r\n\r\n{"
            stack.enter_context(connect(server, (half + rest).encode()))
        for _ in range(20):
            world.log()
        assert server.process.threads() == threads
    receiver.wait(20)


def test_half_a_request_is_closed_in_the_end(make_server):
    server = make_server(flags=("--idle-timeout", "1s"))
    with connect(server, b"GET /healthz HTTP/1.1\r\nHost: ") as connection:
        data = b""
        while piece := connection.recv(4096):
            data += piece
        assert b" 200 " not in data


def test_clients_that_leave_while_they_wait(server, receiver):
    """A client that goes away in the middle of its request hurts nobody, and what was committed is sent."""
    world = World(server, webhook=receiver.url())
    body = json.dumps(world.body()).encode()
    credentials = "".join(f"{name}: {value}\r\n" for name, value in world.api.credentials.items())
    head = (f"POST /api/activities/logged HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n"
            f"{credentials}Content-Length: {len(body)}\r\n\r\n").encode()
    for _ in range(100):
        connect(server, head + body).close()
    follower = world.log()
    receiver.wait_for_activity(follower["id"])
    world.quiet()
    assert set(receiver.counts()) == {d["logged_activity_id"] for d in world.deliveries()}


def queued_within_window(server):
    """The deliveries of one endpoint that are held in memory: never more than its window."""
    queued = server.metrics()["deliveries_queued"]
    assert queued <= QUEUE_MOST
    return queued


@pytest.mark.plain
def test_memory_does_not_grow_with_the_backlog(make_server, receiver):
    """I7: pending work lives in the database."""
    server = make_server(flags=PATIENT)
    world = World(server, webhook=receiver.url())
    receiver.default = HANG
    with Load(world, clients=16, most=500) as load:
        wait_for(lambda: load.count == 500, "the first part")
    before = server.process.memory()
    with Load(world, clients=16, most=4000) as load:
        wait_for(lambda: queued_within_window(server) and load.count == 4000, "the second part", 120)
    assert queued_within_window(server) > QUEUE_MOST // 2, "the window is not used"
    assert server.process.memory() - before < 16e6
    receiver.let_go()
    world.quiet(120)
    assert len(receiver.counts()) == 4500
