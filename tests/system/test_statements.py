"""What an activity costs, in counts: statements and commits, which no machine's speed changes."""

import pytest

from support.load import Load
from support.receiver import HANG
from support.server import PATIENT
from support.wait import wait_for
from support.world import World

# Statements of the writer for one activity alone, its outcome with it: two transactions, each with its lane check.
ALONE_MOST = 12
BACKLOG = 1200  # more than the deliveries of one endpoint that are held in memory


def cost(world, work):
    """Statements and commits for each activity that `work` logs; it waits for their deliveries' outcomes, too."""
    before = world.server.metrics()
    work()
    after = world.server.metrics()
    count = after["activities_logged_total"] - before["activities_logged_total"]
    return ((after["statements_total"] - before["statements_total"]) / count,
            (after["batches_committed_total"] - before["batches_committed_total"]) / count)


def test_statements_of_one_activity(world, receiver):
    world.log()  # the first prepares

    def one_by_one():
        for _ in range(20):
            receiver.wait_for_activity(world.log()["id"])
            world.quiet()

    statements, commits = cost(world, one_by_one)
    assert statements <= ALONE_MOST
    assert commits <= 2.5, "one to log it, one to record its outcome"


def test_statements_fall_with_the_load(world, receiver):
    """Those who wait are written together."""
    def together():
        with Load(world, clients=32, most=640) as load:
            wait_for(lambda: load.count == 640, "all answers")
        world.quiet()

    world.log()
    statements, commits = cost(world, together)
    assert commits < 1.5
    assert statements < ALONE_MOST


@pytest.mark.parametrize("entities", [0, 1])
def test_statements_do_not_depend_on_the_backlog(make_server, receiver, entities):
    """With more than a thousand pending, one costs what it costs with none."""
    world = World(make_server(flags=PATIENT), webhook=receiver.url())
    receiver.replies["/hang"] = HANG
    hanging = world.add_object("Support Call", webhook=receiver.url("/hang"))
    body = {"associated_entities": [{"id": world.contact}] * entities}

    def some():
        for _ in range(10):
            world.finished(world.log(**body)["id"])

    world.log()
    world.quiet()
    first, _ = cost(world, some)
    answering, world.object = world.object, hanging
    with Load(world, clients=16, most=BACKLOG) as load:
        wait_for(lambda: load.count == BACKLOG, "a backlog", 120)
    world.object = answering
    receiver.wait(1, "/hang")
    last, _ = cost(world, some)
    assert len(world.deliveries(state="pending")) == BACKLOG, "it was there all the time"
    assert last <= first + 1
    receiver.let_go()
    world.quiet(120)
