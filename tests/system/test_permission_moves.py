"""M13: every single change of a permission moves exactly the answers that it should (support/oracle.py says which)."""

import os
import random

import pytest

from support.oracle import OK
from support.staff import CHANGES, Asker, Crowd
from support.wait import LONG

MOVES = int(os.environ.get("HERALD_MOVES", "2000" if LONG else "150"))
OF_ONE = 50  # moves in one Business
TRIES = 4  # changes that are thought of until one moves something


def a_business(server, seed):
    """Small, so that all can be asked of everybody."""
    rng = random.Random(seed)
    crowd = Crowd(server, rng, employees=3, sizes=(3, 4, 6, 6), spares=12, webhook="http://127.0.0.1:9/none",
                  name=f"Business {seed}")
    crowd.wait_for_failures()
    crowd.begin()
    for api in crowd.apis.values():
        api.judged = False
    return crowd


def choose(crowd, what, before):
    """A change of this sort, one that moves something if that is found soon; and what it moves."""
    for _ in range(TRIES):
        change = crowd.a_change(what)
        after = crowd.model.after(change).answers()
        moved = {question for question in after if before.get(question) != after[question]}
        if moved:
            break
    return change, after, moved


def compare(asked, wanted, change):
    wrong = {question: (answer, wanted[question]) for question, answer in asked.items() if answer != wanted[question]}
    assert not wrong, f"after {change}, (said, should be):\n" + "\n".join(f"{q}: {a}" for q, a in list(wrong.items())[:20])


@pytest.mark.slow
@pytest.mark.timeout(7200 if LONG else 900)
def test_m13_each_change_moves_exactly_what_it_should(server):
    """One grant, membership, role's group, sharing, assignment or owner at a time; all is asked before and after."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    moving = {what: 0 for what in CHANGES}
    order = random.Random(seed)
    sorts = []
    for done in range(MOVES):
        if done % OF_ONE == 0:
            crowd = a_business(server, seed + done)
            asker = Asker(crowd)
            expected = crowd.model.answers()
            before = asker.ask_all()
            compare(before, expected, "the beginning")
        sorts = sorts or order.sample(CHANGES, len(CHANGES))
        what = sorts.pop()
        change, expected, should_move = choose(crowd, what, expected)
        crowd.change(*change)
        after = asker.ask_all(should_move)
        compare(after, expected, change)
        # What was not asked, before or after, is asked of the oracle: it might have been deleted (support/staff.py).
        moved = {question for question in after if question in before and after[question] != before[question]}
        asked = {question for question in should_move if question in before and question in after}
        assert moved == asked, f"{change} moved {moved ^ asked}"
        moving[what] += bool(moved)
        before = {**{question: OK for question in expected if expected[question] == OK}, **after}
    still = [what for what, count in moving.items() if not count]
    assert not still or MOVES < 40 * len(CHANGES), f"no change of {still} has moved anything"
