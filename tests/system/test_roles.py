"""Roles and employees, as far as assigning work needs them: the API and herald admin."""

import pytest

from support.api import new_id
from support.server import run
from support.world import World

pytestmark = pytest.mark.core


def add_employee(world, first_name, last_name="Kim", email=None):
    return world.server.admin("employee", "add", "--business", world.business, "--first-name", first_name,
                              "--last-name", last_name, "--email",
                              email or f"{first_name.lower()}@acme.test")["employee_id"]


def members(world, role, *people):
    return world.api.request("PUT", f"/api/roles/{role}/members", {"members": list(people)})


def names(people):
    return [person["display_name"] for person in people]


def test_a_role_and_who_holds_it(world):
    made = world.api.ok("POST", "/api/roles", {"name": "Inspectors"})
    assert made["name"] == "Inspectors" and made["members"] == [] and made["member_count"] == 0
    path = f"/api/roles/{made['id']}"
    assert world.api.ok("GET", path) == made
    sam, kim = add_employee(world, "Sam"), add_employee(world, "Kim", "Abel")
    for people, want in (([sam, world.employee, sam], ["Alex Rivera", "Sam Kim"]), ([kim, sam], ["Kim Abel", "Sam Kim"]),
                         ([], []), ([kim], ["Kim Abel"])):
        answer = members(world, made["id"], *people)
        assert answer.status == 200 and names(answer.json["members"]) == want
        assert answer.json["member_count"] == len(want)
        assert world.api.ok("GET", path) == answer.json


def test_a_refused_set_of_members_changes_nothing(world):
    role = world.api.ok("POST", "/api/roles", {"name": "Inspectors"})["id"]
    before = members(world, role, world.employee).json
    strangers = [new_id() for _ in range(2)]
    refused = members(world, role, strangers[0], world.employee, strangers[1])
    assert refused.status == 422 and refused.pointers == ["/members/0", "/members/2"]
    for body, pointer in (({}, "/members"), ({"members": None}, "/members"), ({"members": "all"}, "/members"),
                          ({"members": [7]}, "/members/0"), ({"members": [], "shape": 1}, "/shape"),
                          ({"members": [new_id()] * 1001}, "/members")):
        refused = world.api.request("PUT", f"/api/roles/{role}/members", body)
        assert refused.status == 422 and refused.pointers == [pointer], body
    assert world.api.ok("GET", f"/api/roles/{role}") == before
    assert members(world, new_id(), world.employee).status == 404


def test_as_many_members_as_a_role_may_have(world):
    role = world.api.ok("POST", "/api/roles", {"name": "All"})["id"]
    people = [add_employee(world, f"P{i:02}") for i in range(35)] + [world.employee]
    answer = members(world, role, *(people * 27)[:1000])
    assert answer.status == 200 and answer.json["member_count"] == 36
    assert {person["id"] for person in answer.json["members"]} == set(people)


def test_names(world):
    made = world.api.ok("POST", "/api/roles", {"name": "Inspectors"})
    other = world.api.ok("POST", "/api/roles", {"name": "Surveyors"})
    assert world.api.post("/api/roles", {"name": "Inspectors"}).status == 409
    path = f"/api/roles/{made['id']}"
    assert world.api.patch(path, {"name": "Surveyors"}).status == 409
    for name in ("", "   ", "x" * 101, None, 7):
        for refused in (world.api.post("/api/roles", {"name": name}), world.api.patch(path, {"name": name})):
            assert refused.status == 422 and refused.pointers == ["/name"], name
    assert world.api.ok("GET", path) == made
    members(world, made["id"], world.employee)
    renamed = world.api.ok("PATCH", path, {"name": "x" * 100})
    assert renamed["name"] == "x" * 100 and names(renamed["members"]) == ["Alex Rivera"]
    assert world.api.ok("PATCH", path, {"name": "x" * 100}) == renamed == world.api.ok("GET", path)
    assert [role["id"] for role in world.api.pages("/api/roles")] == [other["id"], made["id"]]
    assert world.api.patch(f"/api/roles/{new_id()}", {"name": "Nobody"}).status == 404


def pages_both_ways(world, path, limit):
    forwards, cursor = [], None
    while True:
        page = world.api.ok("GET", f"{path}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        forwards.append([found["id"] for found in page["results"]])
        cursor = page["next"]
        if not cursor:
            break
    backwards = [forwards[-1]]
    while page["previous"]:
        page = world.api.ok("GET", f"{path}limit={limit}&cursor={page['previous']}")
        backwards.insert(0, [found["id"] for found in page["results"]])
    assert backwards == forwards
    return sum(forwards, [])


def test_roles_by_name_in_pages_both_ways(world):
    made = {name: world.api.ok("POST", "/api/roles", {"name": name})["id"] for name in ("d", "b", "a", "c", "e")}
    want = [made[name] for name in "abcde"]
    for limit in (1, 2, 5, 200):
        assert pages_both_ways(world, "/api/roles?", limit) == want


def test_employees_by_name_in_pages_both_ways(world):
    ids = {name: add_employee(world, name) for name in ("Dora", "Bo", "Carl")}
    twins = sorted(add_employee(world, "Bo", email=f"bo{i}@acme.test") for i in range(2))
    want = [world.employee, *sorted([ids["Bo"], *twins]), ids["Carl"], ids["Dora"]]
    for limit in (1, 2, 6, 200):
        assert pages_both_ways(world, "/api/employees?", limit) == want
        assert pages_both_ways(world, "/api/employees?search=k&", limit) == want[1:]
    [alex] = world.api.pages("/api/employees?search=alex")
    assert alex == {"id": world.employee, "display_name": "Alex Rivera", "first_name": "Alex", "last_name": "Rivera",
                    "email": "alex@acme.test"}


def test_employee_search(world):
    add_employee(world, "Émile", "Ångström-Weiß", "em@acme.test")
    add_employee(world, "Mary Ann", "O'Neil", "office@acme.test")
    for search, want in (("riv", ["Alex Rivera"]), ("ALEX%20R", ["Alex Rivera"]), ("era", []),
                         ("%C3%A9mil", ["Émile Ångström-Weiß"]), ("%C3%85NG", ["Émile Ångström-Weiß"]),
                         ("weiss", ["Émile Ångström-Weiß"]), ("e%CC%81mi", ["Émile Ångström-Weiß"]),
                         ("ann", ["Mary Ann O'Neil"]), ("office@", ["Mary Ann O'Neil"]), ("acme", []), ("%25", []),
                         ("", ["Alex Rivera", "Mary Ann O'Neil", "Émile Ångström-Weiß"])):
        assert names(world.api.pages(f"/api/employees?search={search}")) == want, search
    for wrong in ("%ff", "x" * 101):
        assert world.api.get(f"/api/employees?search={wrong}").status == 400
    assert world.api.get("/api/employees?search=" + "x" * 100).status == 200


def test_a_search_looks_at_all_employees(make_server):
    """More than are read at a time, and what is looked for is among the last."""
    server = make_server()
    world = World(server)
    for i in range(110):
        add_employee(world, "Aa", "Xu", f"x{i}@acme.test")
    late = add_employee(world, "Zoe", "Young")
    assert [p["id"] for p in world.api.pages("/api/employees?search=young")] == [late]


def test_i8_another_business_learns_nothing(world, server):
    other = World(server, name="Other", email="sam@other.test")
    role = world.api.ok("POST", "/api/roles", {"name": "Inspectors"})["id"]
    assert members(world, role, world.employee).status == 200
    foreign, unknown = other.api.get(f"/api/roles/{role}"), other.api.get(f"/api/roles/{new_id()}")
    assert foreign.status == unknown.status == 404 and foreign.json["detail"] == unknown.json["detail"]
    assert members(other, role, other.employee).status == 404
    assert other.api.patch(f"/api/roles/{role}", {"name": "Mine"}).status == 404
    assert other.api.pages("/api/roles") == []
    mine = other.api.ok("POST", "/api/roles", {"name": "Inspectors"})["id"]
    assert members(other, mine, world.employee).status == 422
    assert [person["id"] for person in other.api.pages("/api/employees")] == [other.employee]
    assert names(world.api.ok("GET", f"/api/roles/{role}")["members"]) == ["Alex Rivera"]


def test_herald_admin_makes_roles_and_gives_them(world, server):
    made = server.admin("role", "add", "--business", world.business, "--name", "Inspectors")["role_id"]
    sam = add_employee(world, "Sam")
    for employee, want in ((sam, ["Sam Kim"]), (world.employee, ["Alex Rivera", "Sam Kim"]),
                           (sam, ["Alex Rivera", "Sam Kim"])):
        server.admin("role", "assign", "--business", world.business, "--role", made, "--employee", employee)
        assert names(world.api.ok("GET", f"/api/roles/{made}")["members"]) == want
    for words, told in ((["role", "add", "--business", world.business, "--name", "Inspectors"], "already"),
                        (["role", "add", "--business", new_id(), "--name", "x"], "no such Business"),
                        (["role", "add", "--business", world.business, "--name", " "], "name"),
                        (["role", "assign", "--business", world.business, "--role", new_id(), "--employee", sam],
                         "no such role"),
                        (["role", "assign", "--business", world.business, "--role", made, "--employee", new_id()],
                         "no such active employee"),
                        (["role", "assign", "--business", world.business, "--role", made], "--employee")):
        done = run("admin", *words, "--data", str(server.data), check=False)
        assert done.returncode != 0 and told in done.stderr, (words, done.stderr)
