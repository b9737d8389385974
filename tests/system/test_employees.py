"""M13, issue 5: the life of an employee. Added, given groups and roles, renamed, deactivated, and active again."""

import threading

import pytest

from support.api import Api, new_id
from support.events import Stream
from support.people import add_employee, add_owner, api_with
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core

ALL_VERBS = ("view", "create", "edit", "delete")


def person(**more):
    return {"first_name": "Jo", "last_name": "Park", "email": "jo@acme.test", **more}


def employee(world, who):
    return world.api.ok("GET", f"/api/employees/{who}")


def deactivate(world, who):
    return world.api.request("DELETE", f"/api/employees/{who}")


def set_active(world, who, active, api=None):
    return (api or world.api).patch(f"/api/employees/{who}", {"active": active})


def group(world, name, **permissions):
    return world.api.ok("POST", "/api/permission-groups", {"name": name, "permissions": permissions})["id"]


def names(world, query=""):
    return [one["display_name"] for one in world.api.pages("/api/employees" + query)]


# ── making ──


def test_an_employee_is_made_with_groups_and_roles(world):
    readers = group(world, "Readers", activities={"view": "all"})
    role = world.api.ok("POST", "/api/roles", {"name": "Inspectors"})["id"]
    answer = world.api.post("/api/employees", person(group_ids=[readers, readers], role_ids=[role]))
    assert answer.status == 201, answer
    made = answer.json
    assert (made["display_name"], made["email"], made["active"]) == ("Jo Park", "jo@acme.test", True)
    assert made["groups"] == [{"id": readers, "name": "Readers"}] and made["roles"] == [{"id": role, "name": "Inspectors"}]
    assert employee(world, made["id"]) == made
    assert [one["id"] for one in world.api.ok("GET", f"/api/roles/{role}")["members"]] == [made["id"]]
    assert names(world) == ["Alex Rivera", "Jo Park"]


def test_who_is_given_nothing_may_do_nothing(world):
    jo = add_employee(world, "Jo")
    assert (jo["groups"], jo["roles"]) == ([], [])
    assert jo["api"].get("/api/session").status == 200
    for path in ("/api/activities/logged", "/api/employees", f"/api/employees/{jo['id']}", "/api/permission-groups"):
        assert jo["api"].get(path).status == 403
    assert jo["api"].post("/api/employees", person()).status == 403


@pytest.mark.parametrize("body, pointers", [
    ({}, ["/email", "/first_name"]), (person(first_name=" "), ["/first_name"]), (person(last_name="x" * 101), ["/last_name"]),
    (person(email="jo"), ["/email"]), (person(email="j o@acme.test"), ["/email"]), (person(email="x" * 255), ["/email"]),
    (person(group_ids=[7]), ["/group_ids/0"]), (person(role_ids="all"), ["/role_ids"]),
    (person(group_ids=[new_id()], role_ids=[new_id()]), ["/group_ids/0", "/role_ids/0"]),
    (person(first_name=7, group_ids=[7, new_id()], shape=1), ["/first_name", "/group_ids/0", "/group_ids/1", "/shape"]),
    (person(first_name=" ", email="jo", group_ids=[new_id()]), ["/email", "/first_name", "/group_ids/0"]),
])
def test_what_is_wrong_with_a_new_employee_is_named(world, body, pointers):
    answer = world.api.post("/api/employees", body)
    assert answer.status == 422 and sorted(answer.pointers) == pointers, answer
    assert names(world) == ["Alex Rivera"]


def test_mass_assignment_of_what_a_caller_may_not_set(world):
    jo = add_employee(world, "Jo")
    before = employee(world, jo["id"])
    theirs = {"id": new_id(), "user_id": world.user, "business_id": new_id(), "created_at": "2020-01-01T00:00:00Z",
              "display_name": "The boss", "groups": [world.business], "roles": [], "owner": True, "password": "x"}
    for name, value in {**theirs, "active": False}.items():
        answer = world.api.post("/api/employees", person(email="mo@acme.test", **{name: value}))
        assert answer.status == 422 and answer.pointers == [f"/{name}"]
    for name, value in {**theirs, "email": "mo@acme.test", "group_ids": [world.business], "role_ids": []}.items():
        answer = world.api.patch(f"/api/employees/{jo['id']}", {"first_name": "Mo", name: value})
        assert answer.status == 422 and answer.pointers == [f"/{name}"]
    assert employee(world, jo["id"]) == before and len(names(world)) == 2


def test_m13_nobody_gives_more_than_they_have(world):
    world.api.ok("POST", "/api/roles", {"name": "Plain"})
    strong, weak = group(world, "Strong", webhooks={"view": "all"}), group(world, "Weak", people={"view": "all"})
    role = world.api.ok("POST", "/api/roles", {"name": "Strong by role"})["id"]
    world.api.ok("PUT", f"/api/roles/{role}/groups", {"groups": [strong]})
    clerk = add_employee(world, "Pat", people={"view": "all", "create": "all", "edit": "all"})["api"]
    people = names(world)
    for more in ({"group_ids": [strong]}, {"group_ids": [weak, world.business]}, {"role_ids": [role]}):
        answer = clerk.post("/api/employees", person(**more))
        assert answer.status == 403, answer
    assert names(world) == people
    assert clerk.post("/api/employees", person(group_ids=[weak])).status == 201
    adder = add_employee(world, "Lee", people={"view": "all", "create": "all"})["api"]
    assert adder.post("/api/employees", person(email="a@acme.test", group_ids=[weak])).status == 403, "who is in it is edit"
    assert adder.post("/api/employees", person(email="a@acme.test")).status == 201


def test_i8_groups_and_roles_of_another_business(world, receiver):
    other = World(world.server, webhook=receiver.url(), name="Other", email="kim@other.test")
    theirs = group(other, "Theirs", people={"view": "all"})
    role = other.api.ok("POST", "/api/roles", {"name": "Theirs"})["id"]
    answer = world.api.post("/api/employees", person(group_ids=[theirs, other.business], role_ids=[role]))
    assert answer.status == 422 and answer.pointers == ["/group_ids/0", "/group_ids/1", "/role_ids/0"]
    path = f"/api/employees/{other.employee}"
    assert world.api.get(path).status == world.api.patch(path, {"first_name": "X"}).status == 404
    assert world.api.request("DELETE", path).status == 404
    assert other.api.ok("GET", path)["first_name"] == "Alex"


# ── addresses ──


def test_email_addresses_compare_without_case(world):
    """The same person, in whatever Business and spelling; nobody twice in one."""
    assert world.api.post("/api/employees", person(email="ALEX@Acme.test")).status == 409
    business = world.server.admin("business", "add", "--name", "Second")["business_id"]
    made = world.server.admin("employee", "add", "--business", business, "--first-name", "Alex", "--last-name", "R",
                              "--email", "Alex@ACME.TEST")
    assert made["user_id"] == world.user
    answer = api_with(world, world.key, business).get("/api/session")
    assert answer.json["user"]["email"] == "Alex@ACME.TEST", "shown as it was written"


def test_who_is_made_in_two_businesses_at_once_is_one_user(world, receiver):
    other = World(world.server, webhook=receiver.url(), name="Other", email="kim@other.test")
    answers = []
    threads = [threading.Thread(target=lambda api=api, n=n: answers.append(api.post("/api/employees", person(
        email=f"{'J' if api is world.api else 'j'}o{n}@acme.test")))) for n in range(5) for api in (world.api, other.api)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in answers] == [201] * 10


# ── changing ──


def test_names_change_wherever_they_are_shown(world):
    jo = add_employee(world, "Jo", activities={"view": "all", "log": "all"}, objects={"view": "all"}, records={"view": "all"})
    logged = jo["api"].ok("POST", "/api/activities/logged", world.body())
    changed = world.api.ok("PATCH", f"/api/employees/{jo['id']}", {"first_name": "Joanna", "last_name": ""})
    assert changed["display_name"] == "Joanna"
    assert world.api.ok("GET", f"/api/activities/logged/{logged['id']}")["logged_by"]["display_name"] == "Joanna"
    again = jo["api"].ok("POST", "/api/activities/logged", world.body())
    assert world.api.ok("GET", f"/api/activities/logged/{again['id']}")["logged_by"]["display_name"] == "Joanna"
    refused = world.api.patch(f"/api/employees/{jo['id']}", {"first_name": "", "last_name": "x" * 101, "active": "no"})
    assert refused.status == 422 and sorted(refused.pointers) == ["/active", "/first_name", "/last_name"]
    assert employee(world, jo["id"]) == changed
    assert world.api.ok("PATCH", f"/api/employees/{jo['id']}", {}) == changed


def test_m13_each_change_needs_its_permission(world):
    jo = add_employee(world, "Jo")
    path = f"/api/employees/{jo['id']}"
    for verb in ALL_VERBS:
        api = add_employee(world, f"With {verb}", email=f"{verb}@acme.test",
                           people={"view": "all", verb: "all"})["api"]
        assert api.patch(path, {"first_name": "Mo"}).status == (200 if verb == "edit" else 403)
        assert api.patch(path, {"active": False}).status == (200 if verb == "delete" else 403)
        set_active(world, jo["id"], True)
        assert api.request("DELETE", path).status == (204 if verb == "delete" else 403)
        deactivate(world, jo["id"])
        assert set_active(world, jo["id"], True, api).status == (200 if verb == "create" else 403)
        set_active(world, jo["id"], True)
        assert api.get(path).status == 200


def test_m13_an_owner_is_changed_by_owners_only(world):
    second = add_owner(world, "Sam")
    clerk = add_employee(world, "Pat", people={verb: "all" for verb in ALL_VERBS})["api"]
    path = f"/api/employees/{second['id']}"
    assert clerk.patch(path, {"first_name": "X"}).status == clerk.request("DELETE", path).status == 403
    assert deactivate(world, second["id"]).status == 204
    assert set_active(world, second["id"], True, clerk).status == 403
    assert set_active(world, second["id"], True).status == 200


def test_m13_who_is_made_active_again_is_given_what_they_may(world):
    strong = add_employee(world, "Sam", webhooks={"view": "all"})
    clerk = add_employee(world, "Pat", people={"view": "all", "create": "all", "delete": "all"})["api"]
    assert clerk.request("DELETE", f"/api/employees/{strong['id']}").status == 204
    refused = set_active(world, strong["id"], True, clerk)
    assert refused.status == 403 and "webhooks" in refused.json["detail"]
    assert not employee(world, strong["id"])["active"]


def test_m13_the_last_owner_stays(world):
    assert deactivate(world, world.employee).status == set_active(world, world.employee, False).status == 409
    second = add_owner(world, "Sam")
    assert deactivate(world, second["id"]).status == 204
    assert deactivate(world, world.employee).status == 409, "one who is not active does not count"
    set_active(world, second["id"], True)
    assert deactivate(world, world.employee).status == 204
    assert second["api"].request("DELETE", f"/api/employees/{second['id']}").status == 409


def race(world, first, second):
    """Two owners who deactivate each other; the statuses."""
    answers = {}

    def run(name, api, other):
        answers[name] = api.request("DELETE", f"/api/employees/{other}").status

    threads = [threading.Thread(target=run, args=("first", *first)), threading.Thread(target=run, args=("second", *second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(answers.values())


@pytest.mark.engine("postgres")
def test_m13_two_owners_who_deactivate_each_other_on_two_nodes(make_server, receiver, engine):
    first, second = make_server(name="first"), make_server(name="second")
    world = World(first, webhook=receiver.url())
    for i in range(5):
        sam = add_owner(world, f"Sam {i}".replace(" ", ""))
        there = Api(second, sam["key"], world.business, sam["user"])
        second.secrets |= first.secrets
        statuses = race(world, (world.api, sam["id"]), (there, world.employee))
        assert statuses in ([204, 401], [204, 409], [204, 403]), statuses
        owner = there if world.api.get("/api/session").status == 401 else world.api
        assert owner.get("/api/session").status == 200, "there is one left"
        for who in (world.employee, sam["id"]):
            owner.patch(f"/api/employees/{who}", {"active": True})
        assert deactivate(world, sam["id"]).status == 204


# ── who has left ──


def sign_in(world, user):
    link = world.server.admin("sign-in-link", "--user", user, "--business", world.business)["link"]
    token = link.replace("#", "=").rsplit("=", 1)[-1]
    world.server.secrets.add(token)
    visitor = Api(world.server)
    origin = {"Origin": f"http://{world.server.address}", "X-Herald-Session": "1"}
    return visitor, token, origin


def test_who_is_away_is_in_their_groups_and_roles_again_when_they_come_back(world):
    """Lists of members are of those who are active; setting such a list takes nothing from who is not on it for that."""
    sam, jo = add_employee(world, "Sam"), add_employee(world, "Jo")
    group = world.api.ok("POST", "/api/permission-groups", {"name": "Agents", "permissions": {"activities": {"view": "all"}}})
    role = world.api.ok("POST", "/api/roles", {"name": "Sales Team"})
    places = (f"/api/permission-groups/{group['id']}/members", "members"), (f"/api/roles/{role['id']}/members", "members")
    for path, member in places:
        world.api.ok("PUT", path, {member: [sam["id"]]})
    deactivate(world, sam["id"])
    for path, member in places:
        world.api.ok("PUT", path, {member: [jo["id"]]})
    assert set_active(world, sam["id"], True).status == 200
    for path in (f"/api/permission-groups/{group['id']}", f"/api/roles/{role['id']}"):
        assert {p["id"] for p in world.api.ok("GET", path)["members"]} == {sam["id"], jo["id"]}


def test_a_deactivated_employee_is_let_in_by_nothing(world):
    """A key of a deleted employee, a session, a sign-in link; and the Idempotency-Key that they used."""
    jo = add_employee(world, "Jo", activities={"view": "all", "log": "all"}, objects={"view": "all"}, records={"view": "all"})
    visitor, token, origin = sign_in(world, jo["user"])
    answer = visitor.post("/api/session", {"token": token}, headers=origin)
    cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
    assert visitor.get("/api/session", headers=cookie).status == 200
    once = {"Idempotency-Key": "once"}
    assert jo["api"].post("/api/activities/logged", world.body(), headers=once).status == 201
    visitor, unused, origin = sign_in(world, jo["user"])
    assert deactivate(world, jo["id"]).status == 204
    assert jo["api"].get("/api/session").status == 401
    assert jo["api"].post("/api/activities/logged", world.body(), headers=once).status == 401
    assert jo["api"].post("/api/keys", {"name": "x"}).status == 401
    assert visitor.get("/api/session", headers=cookie).status == 401
    assert visitor.post("/api/session", {"token": unused}, headers=origin).status == 401
    assert names(world) == ["Alex Rivera"] and names(world, "?active=false") == ["Jo Kim"]
    assert not employee(world, jo["id"])["active"]
    # Active again: keys work, sessions and links do not come back.
    assert set_active(world, jo["id"], True).status == 200
    assert jo["api"].get("/api/session").status == 200
    assert visitor.get("/api/session", headers=cookie).status == 401
    assert visitor.post("/api/session", {"token": unused}, headers=origin).status == 401


def test_who_has_left_goes_on_elsewhere(world):
    jo = add_employee(world, "Jo")
    business = world.server.admin("business", "add", "--name", "Second")["business_id"]
    world.server.admin("employee", "add", "--business", business, "--first-name", "Jo", "--last-name", "Kim", "--email",
                       jo["email"])
    assert deactivate(world, jo["id"]).status == 204
    assert jo["api"].get("/api/session").status == 401
    assert api_with(world, jo["key"], business, jo["user"]).get("/api/session").status == 200


def test_what_is_assigned_to_one_who_has_left_stays(world):
    jo = add_employee(world, "Jo", scheduled={"view": "my", "log": "my"})
    body = {"activity_object_id": world.object, "due_datetime": "2031-05-04T10:00:00Z", "employee_id": jo["id"],
            "associated_entities": [{"id": world.contact}]}
    made = world.api.ok("POST", "/api/activities/scheduled-activity", body)
    assert deactivate(world, jo["id"]).status == 204
    path = f"/api/activities/scheduled-activity/{made['id']}"
    assert world.api.ok("GET", path) == made
    assert [one["id"] for one in world.api.pages(f"/api/activities/scheduled-activity?employee_id={jo['id']}")] == [made["id"]]
    timeline = world.api.ok("GET", f"/api/records/contacts/{world.contact}/timeline")["results"]
    assert made["id"] in [entry["id"] for entry in timeline]
    assert world.api.post("/api/activities/scheduled-activity", body).status == 422, "but nothing new goes to them"
    etag = world.api.get(path).headers.get("ETag")
    changed = world.api.patch(path, {"employee_id": world.employee}, headers={"If-Match": etag} if etag else {})
    assert changed.status == 200 and changed.json["employee"]["id"] == world.employee


def test_a_live_stream_gives_nothing_to_one_who_has_left(world):
    jo = add_employee(world, "Jo", activities={"view": "all"}, records={"view": "all"}, scheduled={"view": "all"})
    target = f"/api/records/contacts/{world.contact}/timeline/stream"
    stream = Stream(world.server, target, jo["api"].credentials)
    assert stream.next().name == "ready"
    first = world.log()
    assert stream.next().subject == ("logged", first["id"])
    assert deactivate(world, jo["id"]).status == 204
    world.log()
    assert stream.next().name == "end"


def test_an_employee_leaves_while_they_log(world):
    """Every answer 201 was given before they left."""
    jo = add_employee(world, "Jo", activities={"view": "all", "log": "all"}, objects={"view": "all"}, records={"view": "all"})
    left, wrong, logged, refused = threading.Event(), [], [], threading.Event()

    def work():
        while not refused.is_set():
            after = left.is_set()
            answer = jo["api"].post("/api/activities/logged", world.body())
            if answer.status == 201:
                (wrong if after else logged).append(answer.json["id"])
            elif after:
                refused.set()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(logged) > 10, "some activities")
    assert deactivate(world, jo["id"]).status == 204
    left.set()
    for thread in threads:
        thread.join(60)
    assert refused.is_set() and not wrong


# ── herald admin ──


def test_herald_admin_deactivates_and_activates(world):
    jo = add_employee(world, "Jo")
    admin = world.server.admin
    words = ["--business", world.business, "--employee", jo["id"]]

    def listed(*more):
        return [one["employee_id"] for one in admin("employee", "list", "--business", world.business, *more)["results"]]

    assert listed() == [world.employee, jo["id"]] and listed("--inactive") == []
    admin("employee", "deactivate", *words)
    assert jo["api"].get("/api/session").status == 401
    assert listed() == [world.employee] and listed("--inactive") == [jo["id"]]
    admin("employee", "activate", *words)
    assert jo["api"].get("/api/session").status == 200
