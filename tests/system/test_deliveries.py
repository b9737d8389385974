"""GET /api/webhooks/deliveries: those of all types, newest first, as far as there are any, whoever else has how many."""

import urllib.parse

import pytest

from support.load import Load
from support.receiver import Reply
from support.sql import execute
from support.wait import wait_for
from support.world import World

PATH = "/api/webhooks/deliveries"


def activities(page):
    return [delivery["logged_activity_id"] for delivery in page["results"]]


def walk(world, limit, **query):
    """All of a list, page by page to its end; and the pages back to its beginning."""
    def page(cursor=None):
        more = {"cursor": cursor} if cursor else {}
        return world.api.ok("GET", f"{PATH}?{urllib.parse.urlencode({**query, 'limit': limit, **more})}")

    pages = [page()]
    while pages[-1]["next"]:
        pages.append(page(pages[-1]["next"]))
    assert pages[0]["previous"] is None
    back = [pages[-1]]
    while back[0]["previous"]:
        back.insert(0, page(back[0]["previous"]))
    found = [activity for p in pages for activity in activities(p)]
    assert [activity for p in back for activity in activities(p)] == found
    return found


@pytest.mark.core
def test_those_of_all_types_are_listed_newest_first(world, receiver):
    types = [world.object] + [world.add_object(f"Type {i}", webhook=receiver.url()) for i in range(9)]
    plain = world.add_object("Plain")
    made = []
    for i in range(33):
        made.insert(0, world.log(types[i * 7 % 10])["id"])
        world.log(plain)
    world.quiet()
    for limit in (1, 7, 33, 200):
        assert walk(world, limit) == made
        assert walk(world, limit, state="delivered") == made
    assert walk(world, 10, state="pending") == walk(world, 10, state="failed") == []
    assert walk(world, 10, logged_activity_id=made[3]) == [made[3]]
    other = World(world.server, webhook=receiver.url(), name="Other", email="sam@other.test")
    assert walk(other, 10) == []


@pytest.mark.core
def test_what_had_a_webhook_stays_listed(world, receiver):
    """Its type redirects by now, or is archived, or the activity is deleted."""
    path = f"/api/activities/objects/{world.object}"
    first, second = world.log()["id"], world.log()["id"]
    answer = world.api.patch(path, {"default_submission_action": "redirect", "webhook_url": None},
                             headers={"If-Match": world.api.get(path).headers["ETag"]})
    assert answer.status == 200, answer
    world.log()
    assert world.api.request("DELETE", f"/api/activities/logged/{first}").status == 204
    assert world.api.request("DELETE", path, headers={"If-Match": answer.headers["ETag"]}).status == 200
    world.quiet()
    assert walk(world, 10) == [second, first]


def test_by_state(world, receiver):
    receiver.replies["/broken"] = Reply(status=500)
    broken = world.add_object("Broken", webhook=receiver.url("/broken"))
    made = [(world.log(broken if i % 3 == 0 else world.object)["id"], i % 3 == 0) for i in range(20)][::-1]
    world.quiet()
    for limit in (2, 50):
        assert walk(world, limit, state="delivered") == [activity for activity, failed in made if not failed]
        assert walk(world, limit, state="failed") == [activity for activity, failed in made if failed]
        assert walk(world, limit) == [activity for activity, _ in made]


def test_a_page_ends_when_much_was_looked_through(world, receiver):
    """Three are delivered, before two thousand that are not: the page says that there is more, and where it goes on."""
    first = [world.log()["id"] for _ in range(3)]
    with Load(world, clients=16, most=2200) as load:
        wait_for(lambda: load.count == 2200, "all answers", 120)
    world.quiet(120)
    kept = ", ".join("{a%d}" % i for i in range(3))
    execute(world.server, f"UPDATE delivery SET state = 2 WHERE activity_id NOT IN ({kept})",
            **{f"a{i}": activity for i, activity in enumerate(first)})
    page = world.api.ok("GET", PATH + "?state=delivered")
    assert page["results"] == [] and page["next"] and page["previous"] is None
    assert walk(world, 50, state="delivered") == first[::-1]
    assert len(walk(world, 200)) == 2203
