"""I6: a slow, hanging or dead receiver, or its DNS, delays only its own deliveries."""

import pytest

from support.dns import Dns, possible
from support.receiver import HANG, Receiver
from support.server import PATIENT
from support.wait import wait_for
from support.world import World


def healthy_stream(world, receiver, count=40):
    """Logs to the healthy object, each after the other's webhook has arrived: no hanging one holds them up."""
    healthy = world.add_object("Healthy", webhook=receiver.url("/healthy"))
    for _ in range(count):
        receiver.wait_for_activity(world.log(healthy)["id"])


@pytest.mark.core
def test_i6_hanging_receiver(make_server, receiver):
    """Far more deliveries hang than one endpoint may have under way; the healthy one's arrive all the same."""
    world = World(make_server(flags=PATIENT), webhook=receiver.url())
    receiver.replies["/hook"] = HANG
    hanging = [world.log()["id"] for _ in range(150)]
    receiver.wait(1, "/hook")
    healthy_stream(world, receiver)
    pending = {d["logged_activity_id"] for d in world.deliveries(state="pending")}
    assert set(hanging) <= pending
    receiver.let_go()
    world.quiet()
    assert {a: n for a, n in receiver.counts().items() if a in hanging} == {a: 1 for a in hanging}


def test_i6_many_hanging_receivers(make_server, receiver):
    """Many dead endpoints at once: a share is kept for those that answer."""
    world = World(make_server(flags=PATIENT), webhook=receiver.url())
    dead = []
    for i in range(60):
        stuck = Receiver()
        stuck.default = HANG
        object_id = world.add_object(f"Dead {i}", webhook=stuck.url())
        dead.append(stuck)
        for _ in range(5):
            world.log(object_id)
    healthy_stream(world, receiver)
    for stuck in dead:
        stuck.let_go()
    world.quiet()
    for stuck in dead:
        assert len(stuck.all()) == 5
        stuck.close()


@pytest.mark.core
@pytest.mark.skipif(not possible(), reason=possible.__doc__)
def test_i6_dns_that_never_answers(make_server, receiver, tmp_path):
    """Look-ups hang for many names; what needs none, and names that the hosts file knows, go out at once."""
    dns = Dns(silent=True)
    world = World(make_server(prefix=dns.prefix(tmp_path)), webhook=receiver.url())
    lost = []
    for i in range(40):
        object_id = world.add_object(f"Lost {i}", webhook=f"http://lost{i}.silent.test/hook")
        lost += [world.log(object_id)["id"] for _ in range(2)]
    wait_for(lambda: dns.asked, "a look-up at the silent name server")
    healthy_stream(world, receiver)
    named = world.add_object("Named", webhook=f"http://localhost:{receiver.port}/named")
    receiver.wait_for_activity(world.log(named)["id"])
    # And in the end each of the lost ones has its outcome, by the limit on the whole request.
    for activity in lost[:2]:
        delivery = world.finished(activity)
        assert delivery["state"] == "failed"
        assert delivery["attempts"][0]["error_class"] in ("dns", "timeout")


def test_i6_stop_does_not_wait_for_dns_or_receivers(make_server, receiver):
    """SIGTERM with everything hanging: out within the limit, and what was left goes out after the restart."""
    server = make_server(flags=("--drain-timeout", "1s"))
    world = World(server, webhook=receiver.url())
    receiver.default = HANG
    ids = [world.log()["id"] for _ in range(10)]
    receiver.wait(1)
    server.stop()
    receiver.let_go()
    server.start()
    world.quiet()
    assert set(receiver.counts()) == set(ids)
