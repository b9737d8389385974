"""Several nodes on one PostgreSQL: each delivery once while nothing fails, at least once whatever dies or pauses. I11."""

import signal

import pytest

from support.api import Api
from support.load import Load
from support.receiver import HANG, OK, Reply
from support.wait import wait_for
from support.world import World

pytestmark = [pytest.mark.engine("postgres"), pytest.mark.core]

# A lease so short that a test can wait for its end; no request may outlive it.
SHORT = ("--lease", "3s", "--delivery-timeout", "1500ms")


def seen_from(world, server):
    """The same Business and caller, at another node."""
    twin = World.__new__(World)
    twin.__dict__.update(world.__dict__)
    twin.server, twin.api = server, Api(server, world.key, world.business, world.user)
    return twin


@pytest.mark.slow
def test_i11_two_nodes_send_each_once(make_server, receiver):
    """Each node dispatches what it committed; none touches the other's."""
    first, second = make_server(name="first"), make_server(name="second")
    world = World(first, webhook=receiver.url())
    twin = seen_from(world, second)
    with Load(world, clients=4, most=150) as one, Load(twin, clients=4, most=150) as two:
        wait_for(lambda: one.count + two.count == 300, "all answers")
    world.quiet()
    counts = receiver.counts()
    assert set(counts) == set(one.acknowledged + two.acknowledged)
    assert all(n == 1 for n in counts.values())


@pytest.mark.slow
def test_i11_a_dead_nodes_lane_is_taken_over(make_server, receiver):
    """A node dies with deliveries pending and does not come back: another sends them when the lease has run out."""
    first, second = make_server(name="first", flags=SHORT), make_server(name="second", flags=SHORT)
    world = World(first, webhook=receiver.url())
    receiver.default = HANG
    ids = [world.log()["id"] for _ in range(20)]
    receiver.wait(1)
    first.kill()
    receiver.default = OK
    receiver.let_go()
    receiver.moment()
    before = len(receiver.all())
    twin = seen_from(world, second)
    twin.quiet()
    again = receiver.all()[before:]
    failed = {d["logged_activity_id"] for d in twin.deliveries(state="failed")}  # timed out before the kill
    assert {r.activity for r in again} == set(ids) - failed
    assert len(again) == len(ids) - len(failed)
    assert all(r.header("X-Herald-Recovered") == "1" for r in again)
    # The dead node comes back after all: its lane is closed for good, it works with another, and nothing is repeated.
    first.start()
    fresh = world.log()
    receiver.wait_for_activity(fresh["id"])
    world.quiet()
    assert len(receiver.all()) == before + len(again) + 1


@pytest.mark.slow
def test_i11_a_paused_node_is_fenced_off(make_server, receiver):
    """A node stands still under load for longer than its lease, loses its lane, and wakes: nothing acknowledged is lost."""
    first, second = make_server(name="first", flags=SHORT), make_server(name="second", flags=SHORT)
    world = World(first, webhook=receiver.url())
    twin = seen_from(world, second)
    receiver.default = Reply(delay=0.01)
    with Load(world, clients=4) as load:
        wait_for(lambda: load.count > 30, "some load")
        first.process.process.send_signal(signal.SIGSTOP)
        try:
            wait_for(lambda: second.process.messages("lane of another node taken over"), "the take-over")
            # Once the lane is taken over, what was pending in it is sent by the other node.
            twin.quiet()
        finally:
            first.process.process.send_signal(signal.SIGCONT)
        count = load.count
        wait_for(lambda: load.count > count + 30, "answers from the node that woke")
    world.quiet()
    counts = receiver.counts()
    assert set(load.acknowledged) <= set(counts)
    assert set(counts) == {d["logged_activity_id"] for d in twin.deliveries()}
    for activity, n in counts.items():
        if n > 1:
            assert any(r.header("X-Herald-Recovered") == "1" for r in receiver.of(activity))
