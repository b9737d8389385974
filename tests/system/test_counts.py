"""What an activity costs the server, in instructions and allocations: counted, so that no machine's speed changes it."""

import pytest

from support import callgrind
from support.world import World

FEW, MANY = 20, 120

# One activity alone, from its request over its commit, its webhook and the outcome's commit, libraries included. What
# it was when last looked at, plus a tenth: whoever needs more says why, in a commit that raises these.
INSTRUCTIONS_MOST = 480_000
ALLOCATIONS_MOST = 185


def logging(receiver, count):
    def work(server):
        world = World(server, webhook=receiver.url())
        for _ in range(count):
            receiver.wait_for_activity(world.log()["id"])
        world.quiet()

    return work


@pytest.mark.plain
@pytest.mark.slow
@pytest.mark.engine("sqlite")
def test_instructions_and_allocations_of_one_activity(make_server, receiver, tmp_path):
    few = callgrind.run(make_server, tmp_path, logging(receiver, FEW))
    many = callgrind.run(make_server, tmp_path, logging(receiver, MANY))
    instructions = (many.instructions - few.instructions) / (MANY - FEW)
    allocations = (many.allocations - few.allocations) / (MANY - FEW)
    print(f"{instructions:,.0f} instructions and {allocations:.1f} allocations an activity")
    assert instructions <= INSTRUCTIONS_MOST
    assert allocations <= ALLOCATIONS_MOST
