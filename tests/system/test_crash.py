"""Kills and power cuts under load. M8; I1, I2, I3. The short form runs always; HERALD_LONG=1 is the long one."""

import collections
import random
import time

import pytest

from support.load import Load
from support.receiver import Reply
from support.wait import LONG, SANITIZER, wait_for
from support.world import World

KILLS = 30 if LONG else 3 if SANITIZER else 6
POWER_CUTS = 100 if LONG else 5 if SANITIZER else 15

# What may be under way at the moment of a kill: transfers to one endpoint, and outcomes that wait for their commit.
TRANSFERS_MOST = 32
UNRECORDED_MOST = 512


def check_everything(world, receiver, acknowledged):
    """After quiescence: what was acknowledged has arrived, and what has arrived is stored."""
    world.quiet()
    arrived = receiver.counts()
    missing = set(acknowledged) - set(arrived)
    assert not missing, f"{len(missing)} of {len(acknowledged)} acknowledged activities never reached the receiver"
    deliveries = {d["logged_activity_id"]: d for d in world.deliveries()}
    unknown = set(arrived) - set(deliveries)
    assert not unknown, f"{len(unknown)} activities reached the receiver that are not stored"
    for activity in set(acknowledged) | set(arrived):
        assert world.api.get(f"/api/activities/logged/{activity}").status == 200, activity
    for activity, delivery in deliveries.items():
        assert delivery["state"] == "delivered", delivery
        assert activity in arrived


def check_repeats(receiver, kills):
    """
    A request that is not its activity's first says so, comes after a kill, and there are few of them. `kills`: when it
    was killed, and when it was started again; what comes in between was sent before.
    """
    requests = collections.defaultdict(list)
    for request in receiver.all():
        requests[request.activity].append(request)
    per_kill = collections.Counter()
    for several in requests.values():
        for earlier, later in zip(several, several[1:]):
            assert later.header("X-Herald-Recovered") == "1", "sent again without a crash in between"
            between = [i for i, (killed, again) in enumerate(kills) if earlier.at <= again and killed <= later.at]
            assert between, "sent again without a kill in between"
            per_kill[between[-1]] += 1
    assert all(n <= TRANSFERS_MOST + UNRECORDED_MOST for n in per_kill.values()), per_kill
    return per_kill


@pytest.mark.slow
@pytest.mark.core
def test_m8_kills_under_load(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    rng = random.Random(20261124)
    receiver.default = Reply(delay=0.002)
    acknowledged, kills = [], []
    for _ in range(KILLS):
        with Load(world) as load:
            wait_for(lambda: load.count > 0, "the first answer")
            time.sleep(rng.uniform(0.0, 0.4))
            server.kill()
            killed = receiver.moment()
        acknowledged += load.acknowledged
        kills.append((killed, receiver.moment()))
        server.start()
    assert len(acknowledged) > KILLS
    check_everything(world, receiver, acknowledged)
    check_repeats(receiver, kills)


POSITIONS = ("before_commit", "after_commit", "after_send")


@pytest.mark.core
@pytest.mark.parametrize("position", POSITIONS)
def test_i1_i2_killed_at(make_server, receiver, position):
    """Killed at the worst moments, each by its fault switch."""
    server = make_server(start=False)
    server.start()
    world = World(server, webhook=receiver.url())
    server.stop()
    acknowledged, kills = [], []
    for at in (1, 2, 5):
        server.start(env={"HERALD_FAULTS": f"{position}={at}"}, wait=False)
        try:
            server.wait_listening()
        except AssertionError:
            assert not server.running  # killed before it listened: nothing was promised
        else:
            with Load(world, clients=4) as load:
                wait_for(lambda: not server.running, f"the kill at {position}")
            acknowledged += load.acknowledged
        server.kill()
        kills.append((receiver.moment(),) * 2)
    server.start()
    acknowledged += [world.log()["id"]]
    check_everything(world, receiver, acknowledged)
    repeats = check_repeats(receiver, kills)
    if position == "after_send":
        assert repeats, "the receiver had it, the outcome was not recorded: it must come again"


def power_cuts(make_server, receiver, seeds, flags=()):
    """One life after another, each ended by a power cut. Yields, for each, what was acknowledged and has gone."""
    for seed in seeds:
        # The schema and the world are made under normal power.
        server = make_server(name=f"power{seed}", flags=flags)
        world = World(server, webhook=receiver.url())
        server.stop()
        server.start(env={"HERALD_POWERCUT": "1", "HERALD_POWERCUT_SEED": str(seed)})
        with Load(world, clients=4) as load:
            wait_for(lambda: load.count > seed % 7 * 5, "some answers")
            server.kill()
        server.start()
        gone = [a for a in load.acknowledged if world.api.get(f"/api/activities/logged/{a}").status != 200]
        yield world, load.acknowledged, gone
        server.stop()


@pytest.mark.slow
@pytest.mark.engine("sqlite")
def test_i3_power_cuts(make_server, receiver, engine):
    total = 0
    for world, acknowledged, gone in power_cuts(make_server, receiver, range(1, POWER_CUTS + 1)):
        assert not gone, f"{len(gone)} of {len(acknowledged)} acknowledged activities did not survive the power cut"
        world.quiet()
        assert set(acknowledged) <= set(receiver.counts())
        total += len(acknowledged)
    assert total > POWER_CUTS


@pytest.mark.slow
@pytest.mark.engine("sqlite")
def test_i3_the_power_cut_test_can_fail(make_server, receiver, engine):
    """The same without syncing: something must be lost, or the test above proves nothing."""
    lost = 0
    for _, _, gone in power_cuts(make_server, receiver, range(1, 6), flags=("--unsafe-no-sync",)):
        lost += len(gone)
    assert lost > 0
