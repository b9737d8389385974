"""What an activity costs, in counts: statements and commits, which no machine's speed changes."""

import pytest

from support.load import Load
from support.wait import wait_for
from support.world import World

# Statements of the writer for one activity alone, its outcome with it: two transactions, each with its lane check.
ALONE_MOST = 12


def cost(world, work):
    """Statements and commits for each activity that `work` logs, their deliveries' outcomes included."""
    before = world.server.metrics()
    work()
    world.quiet()
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

    world.log()
    statements, commits = cost(world, together)
    assert commits < 1.5
    assert statements < ALONE_MOST


@pytest.mark.parametrize("entities", [0, 1])
def test_statements_do_not_depend_on_the_backlog(world, receiver, entities):
    """The thousandth costs what the tenth costs."""
    world.log()
    body = {"associated_entities": [{"id": world.contact}] * entities}

    def some():
        for _ in range(10):
            receiver.wait_for_activity(world.log(**body)["id"])
        world.quiet()

    first, _ = cost(world, some)
    with Load(world, clients=8, most=300) as load:
        wait_for(lambda: load.count == 300, "a backlog")
    world.quiet()
    last, _ = cost(world, some)
    assert last <= first + 1
