"""M13: what permissions cost, in instructions and statements, which no machine's speed changes."""

import pytest

from support import instructions
from support.api import Api
from support.oracle import KINDS, as_json
from support.world import World

MOST = 0.10  # of what reading a record takes
READS = 50
# Each that is there only because of permissions.
PERMISSIONS = {"facts_access", "access_load", "may", "may_see", "access_level", "access_is_hidden", "access_shared_for",
               "associated_is_hidden", "mentions_seen", "timeline_shows", "timeline_shows_entity"}


def employee(world, grants):
    """One in two groups, with a role that carries a third; an Activity Object is not shared with them."""
    made = world.server.admin("employee", "add", "--business", world.business, "--first-name", "Sam", "--last-name", "Lee",
                              "--email", "sam@acme.test")
    who, groups = made["employee_id"], []
    for i in range(3):
        groups.append(world.api.ok("POST", "/api/permission-groups", {"name": f"G{i}", "permissions": as_json(grants)})["id"])
    for group in groups[:2]:
        world.api.ok("PUT", f"/api/permission-groups/{group}/members", {"members": [who]})
    role = world.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
    world.api.ok("PUT", f"/api/roles/{role}/members", {"members": [who]})
    world.api.ok("PUT", f"/api/roles/{role}/groups", {"groups": groups[2:]})
    world.api.ok("PUT", f"/api/permission-groups/{world.business}/members", {"members": [world.employee]})
    path = f"/api/activities/objects/{world.add_object('Secret')}/sharing"
    world.api.ok("PUT", path, {"everyone": False, "roles": [], "employees": []},
                 headers={"If-Match": world.api.get(path).headers["ETag"]})
    key = world.server.admin("key", "add", "--user", made["user_id"], "--name", "tests")["api_key"]
    return who, Api(world.server, key, world.business, made["user_id"])


def records(world, count, owner):
    return [world.api.ok("POST", "/api/records/contacts", {
        "first_name": f"C{i}", "last_name": "X", "owner_id": owner if i % 2 else None})["id"] for i in range(count)]


def change(world):
    """So that what each may is read again."""
    world.api.ok("PUT", f"/api/permission-groups/{world.business}/members", {"members": [world.employee]})


ALL_BUT_PEOPLE = {(kind, verb): "my" if kind == "records" else levels[-1]
                  for kind, verbs in KINDS.items() for verb, levels in verbs.items() if kind != "people"}


@pytest.mark.plain
def test_m13_permissions_cost_little_of_reading_a_record(make_server, tmp_path):
    """
    GET logged/{id} from the route to the answer: plain, and about several records of which some are left out. The first
    read after a change of settings, which loads the facts, is told apart.
    """
    counter = instructions.Callgrind(tmp_path)
    server = make_server(prefix=counter.prefix, flags=["--workers", "1"])
    world = World(server, webhook="http://127.0.0.1:9/none")
    who, api = employee(world, ALL_BUT_PEOPLE)
    about = records(world, 6, who)
    read = {"plain": api.ok("POST", "/api/activities/logged", world.body(associated_entities=[]))["id"],
            "about records": world.log(associated_entities=[{"id": record} for record in about],
                                       mentions=[world.employee, who])["id"]}

    def share(what, activity, count):
        counter.begin(server)
        for _ in range(count):
            told = api.ok("GET", f"/api/activities/logged/{activity}")
        costs = counter.end(server)
        assert len(told["associated_entities"]) == (3 if activity == read["about records"] else 0)
        assert instructions.calls_of(costs, "logged_get") == count
        assert instructions.calls_of(costs, "may") >= count, "what is looked for has other names"
        all_of_it, theirs = instructions.of(costs, {"route_dispatch"}), instructions.of(costs, PERMISSIONS)
        print(f"{what}: {theirs // count} of {all_of_it // count} instructions, {100 * theirs / all_of_it:.1f} %")
        return theirs / all_of_it

    change(world)
    share("the first after a change", read["plain"], 1)
    shares = {name: share(name, activity, READS) for name, activity in read.items()}
    assert max(shares.values()) <= MOST, shares


@pytest.mark.plain
def test_m13_a_list_loads_the_facts_once(make_server, tmp_path):
    """However many are on the page: one query for what the caller may, the next time none, and no more for the rest."""
    counter = instructions.Callgrind(tmp_path)
    server = make_server(prefix=counter.prefix, flags=["--workers", "1"])
    world = World(server, webhook="http://127.0.0.1:9/none")
    who, api = employee(world, ALL_BUT_PEOPLE)
    about = records(world, 2, who)
    for _ in range(200):
        world.log(associated_entities=[{"id": record} for record in about], mentions=[who])

    def count(path, limit):
        counter.begin(server)
        assert len(api.ok("GET", f"{path}?limit={limit}")["results"]) == limit
        costs = counter.end(server)
        assert instructions.calls_of(costs, "may_see") + instructions.calls_of(costs, "may") >= limit
        return instructions.calls_of(costs, "access_load"), instructions.calls_of(costs, "db_query")

    for path in ("/api/activities/logged", f"/api/records/contacts/{about[1]}/timeline"):
        change(world)
        loads, _ = count(path, 200)
        assert loads == 1, path
        loads, queries = count(path, 200)
        _, few = count(path, 10)
        print(f"{path}: {queries} queries for 200, {few} for 10")
        assert loads == 0 and queries <= few + 2, "what was found is read a hundred at a time"
