"""M12, issue 5: API keys. Who has which, what limits one, and that a key which has ended works on no node."""

import datetime
import threading

import pytest

from support.api import Api, new_id
from support.contract import contract
from support.load import Load
from support.people import add_employee, api_with
from support.sql import execute
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core

READS = {"/api/records/{object}/search", "/api/activities/objects/{id}/form"}
FAR = "2031-01-01T00:00:00.000000Z"
FARTHER = "2032-01-01T00:00:00Z"


def make_key(world, api=None, **more):
    answer = (api or world.api).post("/api/keys", {"name": "laptop", **more})
    assert answer.status == 201, answer
    world.server.secrets.add(answer.json["key"])
    return answer.json


def keys(api):
    return {key["id"]: key for key in api.pages("/api/keys")}


def lasting(api):
    """What does not change by itself."""
    return {key: {**members, "last_used_at": None} for key, members in keys(api).items()}


def second_business(world):
    """Another Business in which the world's User works, too."""
    server = world.server
    business = server.admin("business", "add", "--name", "Second")["business_id"]
    made = server.admin("employee", "add", "--business", business, "--first-name", "Alex", "--last-name", "Rivera",
                        "--email", "alex@acme.test")
    assert made["user_id"] == world.user
    return business, made["employee_id"]


def refusal(answer):
    """A problem document without what is of this one request."""
    assert answer.status == 401, answer
    return {name: value for name, value in answer.json.items() if name != "request_id"}


# ── listing, making, changing ──


def test_m12_a_key_is_shown_once_and_listed_without_it(world):
    made = make_key(world)
    secret = made.pop("key")
    assert secret.startswith(made["prefix"]) and len(made["prefix"]) == 8 and len(secret) > 40
    assert (made["read_only"], made["business_id"], made["expires_at"], made["last_used_at"]) == (False, None, None, None)
    answer = world.api.get("/api/keys")
    assert secret not in answer.text and world.key not in answer.text
    assert [key["id"] for key in answer.json["results"]][0] == made["id"], "the newest first"
    assert keys(world.api)[made["id"]] == made
    assert [key["name"] for key in keys(world.api).values() if key["current"]] == ["tests"]
    assert api_with(world, secret).get("/api/session").status == 200


def test_m12_a_key_is_renamed_and_revoked(world):
    made = make_key(world)
    secret = made.pop("key")
    path = f"/api/keys/{made['id']}"
    renamed = world.api.ok("PATCH", path, {"name": "old laptop"})
    assert renamed == {**made, "name": "old laptop"}
    assert world.api.request("DELETE", path).status == 204
    assert api_with(world, secret).get("/api/session").status == 401
    assert made["id"] not in keys(world.api)
    assert world.api.request("DELETE", path).status == world.api.patch(path, {"name": "x"}).status == 404


def test_i8_nobody_reaches_another_users_keys(world):
    other = add_employee(world, "Sam", people={"view": "all", "create": "all", "edit": "all", "delete": "all"})
    own = make_key(world)["id"]
    assert own not in keys(other["api"])
    assert other["api"].patch(f"/api/keys/{own}", {"name": "mine"}).status == 404
    assert other["api"].request("DELETE", f"/api/keys/{own}").status == 404
    assert keys(world.api)[own]["name"] == "laptop"


def test_pages_of_keys(world):
    made = [make_key(world)["id"] for _ in range(5)]
    page = world.api.ok("GET", "/api/keys?limit=2")
    assert [key["id"] for key in page["results"]] == made[:2:-1]
    after = world.api.ok("GET", f"/api/keys?limit=2&cursor={page['next']}")
    assert [key["id"] for key in after["results"]] == made[2:0:-1]
    assert world.api.ok("GET", f"/api/keys?limit=2&cursor={after['previous']}")["results"] == page["results"]


def test_a_user_has_a_hundred_keys_at_most(world):
    had = len(keys(world.api))
    world.api.judged = False
    for _ in range(100 - had):
        last = make_key(world)
    assert world.api.post("/api/keys", {"name": "one more"}).status == 409
    assert len(keys(world.api)) == 100
    assert world.api.request("DELETE", f"/api/keys/{last['id']}").status == 204
    make_key(world)


@pytest.mark.parametrize("body, pointers", [
    ({}, ["/name"]), ({"name": ""}, ["/name"]), ({"name": "  "}, ["/name"]), ({"name": "x" * 101}, ["/name"]),
    ({"name": "a", "expires_at": "tomorrow"}, ["/expires_at"]), ({"name": "a", "expires_at": "2020-01-01T00:00:00Z"}, ["/expires_at"]),
    ({"name": "a", "expires_at": "1970-01-01T00:00:00Z"}, ["/expires_at"]), ({"name": "a", "read_only": "no"}, ["/read_only"]),
    ({"name": "a", "business_id": new_id()}, ["/business_id"]), ({"name": "a", "business_id": 7}, ["/business_id"]),
    ({"name": " ", "expires_at": "2020-01-01T00:00:00Z", "business_id": new_id()}, ["/business_id", "/expires_at", "/name"]),
])
def test_what_is_wrong_with_a_new_key_is_named(world, body, pointers):
    before = lasting(world.api)
    answer = world.api.post("/api/keys", body)
    assert answer.status == 422 and sorted(answer.pointers) == pointers, answer
    assert lasting(world.api) == before


def test_mass_assignment_of_what_a_caller_may_not_set(world):
    own, other = make_key(world), add_employee(world, "Sam")
    theirs = {"id": new_id(), "user_id": other["user"], "prefix": "hk_", "key": "hk_mine", "hash": "00", "created_at": FAR,
              "last_used_at": FAR, "revoked_at": None, "blocked": False, "current": True}
    before = lasting(world.api)
    for name, value in theirs.items():
        answer = world.api.post("/api/keys", {"name": "a", name: value})
        assert answer.status == 422 and answer.pointers == [f"/{name}"]
    for name, value in {**theirs, "read_only": False, "expires_at": None, "business_id": None}.items():
        answer = world.api.patch(f"/api/keys/{own['id']}", {"name": "a", name: value})
        assert answer.status == 422 and answer.pointers == [f"/{name}"]
    assert lasting(world.api) == before


def test_the_last_use_is_written_down_once_a_minute(world):
    made = make_key(world)
    api = api_with(world, made["key"])
    assert api.get("/api/session").status == 200

    def used():
        return keys(world.api)[made["id"]]["last_used_at"]

    first = wait_for(used, "the last use of a key")
    before = world.server.metrics()["statements_total"]
    for _ in range(20):
        api.get("/api/session")
    assert used() == first
    assert world.server.metrics()["statements_total"] - before < 20, "reading writes nothing"


def test_logging_alone_tells_of_the_use(world):
    """The hot path, on which a caller is remembered."""
    made = make_key(world)
    api = api_with(world, made["key"])
    for _ in range(3):
        assert api.post("/api/activities/logged", world.body()).status == 201
    wait_for(lambda: keys(world.api)[made["id"]]["last_used_at"], "the last use of a key")


# ── limits ──


def test_a_key_that_only_reads(world):
    made = make_key(world, read_only=True)
    api = api_with(world, made["key"])
    logged = world.log()
    assert api.get(f"/api/activities/logged/{logged['id']}").json["notes"] == world.notes
    assert api.post("/api/records/contacts/search", {"search": "maria"}).json["results"]
    assert api.post(f"/api/activities/objects/{world.object}/form", {"values": {}}).status == 200
    api.judged = False
    asked = 0
    for path, item in contract().document["paths"].items():
        for method in set(item) & {"post", "put", "patch", "delete"}:
            if path in READS or item[method].get("security") == []:
                continue
            target = path
            for hole in ("{id}", "{field_id}", "{key_id}"):
                target = target.replace(hole, new_id())
            answer = api.request(method.upper(), target.replace("{object}", "contacts"), {})
            assert answer.status == 403 and "only reads" in answer.json["detail"], f"{method} {path}: {answer}"
            asked += 1
    assert asked > 20
    assert len(world.api.pages("/api/activities/logged")) == 1 and made["id"] in keys(world.api)


def test_a_key_of_one_business_works_in_no_other(world):
    business, _ = second_business(world)
    everywhere, here = make_key(world), make_key(world, business_id=world.business)
    assert here["business_id"] == world.business
    assert api_with(world, everywhere["key"], business).get("/api/session").status == 200
    assert api_with(world, here["key"]).get("/api/session").status == 200
    assert api_with(world, here["key"], business).get("/api/session").status == 401
    there = make_key(world, api_with(world, everywhere["key"], business), business_id=business)
    assert api_with(world, there["key"]).get("/api/session").status == 401
    # What it sees and ends is what is limited as it is.
    limited = api_with(world, here["key"])
    places = {name: {place["id"] for place in api.ok("GET", "/api/session")["businesses"]}
              for name, api in (("limited", limited), ("everywhere", world.api))}
    assert places == {"limited": {world.business}, "everywhere": {world.business, business}}
    assert set(keys(limited)) == {here["id"]}
    for other in (everywhere, there):
        assert limited.request("DELETE", f"/api/keys/{other['id']}").status == 404
        assert limited.patch(f"/api/keys/{other['id']}", {"name": "x"}).status == 404
    assert limited.request("DELETE", f"/api/keys/{here['id']}").status == 204
    assert limited.get("/api/session").status == 401


def test_a_key_makes_none_that_is_stronger(world):
    business, _ = second_business(world)
    api = api_with(world, make_key(world, business_id=world.business, expires_at=FAR)["key"])
    inherited = make_key(world, api)
    assert (inherited["business_id"], inherited["expires_at"]) == (world.business, FAR)
    weaker = make_key(world, api, read_only=True, expires_at="2030-01-01T00:00:00Z")
    assert weaker["read_only"] and weaker["expires_at"] == "2030-01-01T00:00:00.000000Z"
    before = lasting(world.api)
    for more in ({"business_id": business}, {"business_id": new_id()}, {"expires_at": FARTHER}):
        assert api.post("/api/keys", {"name": "stronger", **more}).status == 403
    assert api_with(world, weaker["key"]).post("/api/keys", {"name": "a", "read_only": True}).status == 403
    assert lasting(world.api) == before


def test_a_key_that_has_expired(world, database):
    made = make_key(world, expires_at=FAR)
    api = api_with(world, made["key"])
    assert api.post("/api/activities/logged", world.body()).status == 201
    execute(world.server, "UPDATE api_key SET expires_at = 1000000 WHERE id = {id}", id=made["id"])
    for _ in range(3):
        assert api.get("/api/session").status == 401
    listed = keys(world.api)[made["id"]]
    assert listed["expires_at"] == "1970-01-01T00:00:01.000000Z", "it is listed until somebody deletes it"


def test_a_key_expires_while_it_is_remembered(make_server, receiver):
    """By the clock alone, under the worker that has just logged with it. test_key.c says when, exactly."""
    world = World(make_server(flags=["--workers", "1"]), webhook=receiver.url())
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    api = api_with(world, make_key(world, expires_at=soon.isoformat())["key"])
    first = api.post("/api/activities/logged", world.body())
    assert first.status == 201
    wait_for(lambda: api.post("/api/activities/logged", world.body()).status == 401, "the end of the key", every=0.05)
    assert api.post("/api/activities/logged", world.body()).status == 401


# ── one 401 for all ──


def test_m12_whatever_is_wrong_is_the_same_401(world):
    """Nor does the work tell: it is the one statement (crm/actor.c) for a key that is none and for one that is over."""
    business, _ = second_business(world)
    sam = add_employee(world, "Sam")
    revoked, expired, elsewhere = make_key(world), make_key(world), make_key(world)
    blocked, limited = make_key(world), make_key(world, business_id=world.business)
    world.api.request("DELETE", f"/api/keys/{revoked['id']}")
    execute(world.server, "UPDATE api_key SET expires_at = 1 WHERE id = {id}", id=expired["id"])
    assert world.api.request("DELETE", f"/api/employees/{world.employee}/keys/{blocked['id']}").status == 204
    assert world.api.request("DELETE", f"/api/employees/{sam['id']}").status == 204
    wrong = [api_with(world, "hk_" + "A" * 43), api_with(world, "x"), api_with(world, revoked["key"]),
             api_with(world, expired["key"]), api_with(world, blocked["key"]), api_with(world, limited["key"], business),
             api_with(world, elsewhere["key"], new_id()), api_with(world, elsewhere["key"], user=new_id()),
             api_with(world, elsewhere["key"], user=sam["user"]), sam["api"], api_with(world, elsewhere["key"], "x"),
             Api(world.server)]
    told = [refusal(api.get("/api/session")) for api in wrong]
    told += [refusal(api.post("/api/activities/logged", world.body())) for api in wrong]
    assert all(one == told[0] for one in told), told


# ── those of others ──


def manager_of(world, name="Pat", **levels):
    return add_employee(world, name, people={"view": "all", "edit": "all", **levels})


def test_those_who_may_edit_people_end_keys_in_their_business_only(world):
    """A key that is valid in several Businesses works in this one no longer; what it does elsewhere is not theirs to end."""
    business, _ = second_business(world)
    made = add_employee(world, "Sam", activities={"view": "all", "log": "all"}, objects={"view": "all"})
    world.server.admin("employee", "add", "--business", business, "--first-name", "Sam", "--last-name", "Kim", "--email",
                       "sam@acme.test")
    sam, manager = made["api"], manager_of(world)["api"]
    here = make_key(world, sam, business_id=world.business)
    there = make_key(world, api_with(world, made["key"], business, made["user"]), business_id=business)
    path = f"/api/employees/{made['id']}/keys"
    listed = {key["id"]: key for key in manager.pages(path)}
    assert set(listed) == {made["key_id"], here["id"]}, "not what works elsewhere only"
    assert all("key" not in key and not key["current"] for key in listed.values())
    assert manager.request("DELETE", f"{path}/{there['id']}").status == 404
    for key in (made["key_id"], here["id"]):
        assert manager.request("DELETE", f"{path}/{key}").status == 204
        assert manager.request("DELETE", f"{path}/{key}").status == 404
    assert manager.pages(path) == []
    for key in (made["key"], here["key"]):
        assert api_with(world, key, user=made["user"]).get("/api/session").status == 401
    elsewhere = api_with(world, made["key"], business, made["user"])
    assert elsewhere.get("/api/session").status == 200
    assert api_with(world, there["key"], business, made["user"]).get("/api/session").status == 200
    assert made["key_id"] in keys(elsewhere) and here["id"] not in keys(elsewhere)


def test_what_was_ended_here_does_not_come_back_as_another_key(world):
    """Whoever has stolen a key that was ended in one Business makes another one in the next: it does not work here."""
    made, business = add_employee(world, "Sam"), world.server.admin("business", "add", "--name", "Second")["business_id"]
    world.server.admin("employee", "add", "--business", business, "--first-name", "Sam", "--last-name", "Kim", "--email",
                       "sam@acme.test")
    assert manager_of(world)["api"].request("DELETE", f"/api/employees/{made['id']}/keys/{made['key_id']}").status == 204
    there = api_with(world, made["key"], business, made["user"])
    other = there.ok("POST", "/api/keys", {"name": "Other"})["key"]
    assert api_with(world, other, business, made["user"]).get("/api/session").status == 200
    assert api_with(world, other, user=made["user"]).get("/api/session").status == 401


def test_the_owner_of_a_blocked_key_sees_that_it_is(world):
    made = make_key(world)
    assert world.api.request("DELETE", f"/api/employees/{world.employee}/keys/{made['id']}").status == 204
    assert keys(world.api)[made["id"]]["blocked"]
    assert world.api.request("DELETE", f"/api/keys/{made['id']}").status == 204


def test_what_a_key_is_for_elsewhere_is_not_told(world):
    """Whoever makes a stranger an employee learns neither what their keys are called nor when they use them."""
    sam, manager = add_employee(world, "Sam"), manager_of(world)["api"]
    path = f"/api/employees/{sam['id']}/keys"
    sam["api"].get("/api/session")
    wait_for(lambda: manager.pages(path)[0]["last_used_at"], "the last use")
    business = world.server.admin("business", "add", "--name", "Second")["business_id"]
    world.server.admin("employee", "add", "--business", business, "--first-name", "Sam", "--last-name", "Kim", "--email",
                       "sam@acme.test")
    [seen] = manager.pages(path)
    assert (seen["last_used_at"], seen["name"], seen["prefix"]) == (None, "", sam["key"][:8])
    [own] = sam["api"].pages("/api/keys")
    assert own["last_used_at"] and own["name"] == "tests", "but to whom it belongs"


def test_who_may_see_and_end_the_keys_of_others(world):
    sam = add_employee(world, "Sam")
    path = f"/api/employees/{sam['id']}/keys"
    for name, permissions in {"None": {}, "View": {"people": {"view": "all", "create": "all", "delete": "all"}}}.items():
        api = add_employee(world, name, **permissions)["api"]
        assert api.get(path).status == api.request("DELETE", f"{path}/{sam['key_id']}").status == 403
    manager = manager_of(world)["api"]
    owners = f"/api/employees/{world.employee}/keys"
    [key] = [key["id"] for key in manager.pages(owners)]
    assert manager.request("DELETE", f"{owners}/{key}").status == 403, "owners are for owners"
    assert manager.get(f"/api/employees/{new_id()}/keys").status == 404
    assert manager.request("DELETE", f"{path}/{new_id()}").status == 404
    assert manager.request("DELETE", f"{path}/{key}").status == 404, "a key of somebody else"
    assert sam["api"].get("/api/session").status == world.api.get("/api/session").status == 200


def test_i8_keys_of_another_business(world, receiver):
    other = World(world.server, webhook=receiver.url(), name="Other", email="kim@other.test")
    [key] = keys(other.api)
    assert world.api.get(f"/api/employees/{other.employee}/keys").status == 404
    assert world.api.request("DELETE", f"/api/employees/{other.employee}/keys/{key}").status == 404
    assert world.api.request("DELETE", f"/api/employees/{world.employee}/keys/{key}").status == 404
    assert world.api.request("DELETE", f"/api/keys/{key}").status == 404
    assert other.api.get("/api/session").status == 200


# ── a key that ends is ended on all nodes ──


class Callers:
    """Threads that log with one key, on several nodes, and know whether they began after the key was ended."""

    def __init__(self, world, apis, each=2):
        self.world, self.ended, self.stopped = world, threading.Event(), threading.Event()
        self.before, self.refused, self.wrong = [], [], []
        self.threads = [threading.Thread(target=self.run, args=(api,), daemon=True) for api in apis for _ in range(each)]
        for thread in self.threads:
            thread.start()

    def run(self, api):
        while not self.stopped.is_set():
            began_after = self.ended.is_set()
            answer = api.post("/api/activities/logged", self.world.body())
            if answer.status == 201 and not began_after:
                self.before.append(answer.json["id"])
            elif answer.status == 401 and began_after:
                self.refused.append(api)
            elif answer.status == 201 or (answer.status == 401 and not self.ended.is_set() and not self.ending):
                self.wrong.append(answer)

    ending = False

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads)


def end_own(world, sam):
    assert world.at(sam).request("DELETE", f"/api/keys/{sam['used']['id']}").status == 204


def end_by_manager(world, sam):
    assert world.api.request("DELETE", f"/api/employees/{sam['id']}/keys/{sam['used']['id']}").status == 204


def end_by_operator(world, sam):
    world.server.admin("key", "revoke", "--key", sam["used"]["id"])


def end_with_employee(world, sam):
    assert world.api.request("DELETE", f"/api/employees/{sam['id']}").status == 204


@pytest.mark.engine("postgres")
@pytest.mark.parametrize("end", [end_own, end_by_manager, end_by_operator, end_with_employee])
def test_m12_what_was_ended_on_one_node_logs_on_none(make_server, receiver, engine, end):
    """Under load: whoever calls after the answer to the revocation is refused, though both nodes remember them."""
    first, second = make_server(name="first"), make_server(name="second")
    world = World(first, webhook=receiver.url())
    sam = add_employee(world, "Sam", activities={"view": "all", "log": "all"}, objects={"view": "all"},
                       records={"view": "all"})
    world.at = lambda who: who["api"]
    sam["used"] = make_key(world, sam["api"])
    second.secrets |= first.secrets
    nodes = [Api(server, sam["used"]["key"], world.business, sam["user"]) for server in (first, second)]
    callers = Callers(world, nodes)
    wait_for(lambda: len(callers.before) > 40, "a load on both nodes")
    callers.ending = True
    end(world, sam)
    callers.ended.set()
    wait_for(lambda: {id(api) for api in callers.refused} == {id(api) for api in nodes}, "refusals on both nodes")
    callers.stop()
    assert not callers.wrong, callers.wrong[0]
    logged = {one["id"] for one in world.api.pages("/api/activities/logged")}
    assert set(callers.before) <= logged


@pytest.mark.engine("postgres")
def test_keys_of_several_businesses_end_on_two_nodes_at_once(make_server, receiver, engine):
    """Each raises the versions of both Businesses, in which others log: nobody waits for each other in a circle."""
    first, second = make_server(name="first"), make_server(name="second")
    world = World(first, webhook=receiver.url())
    business, _ = second_business(world)
    made = [make_key(world) for _ in range(24)]
    second.secrets |= first.secrets
    nodes = [Api(first, world.key, world.business, world.user), Api(second, world.key, business, world.user)]
    statuses = []

    def end(api, some):
        for key in some:
            statuses.append(api.request("DELETE", f"/api/keys/{key['id']}").status)

    with Load(world, clients=3) as load:
        threads = [threading.Thread(target=end, args=(api, made[i::4]), daemon=True) for i, api in enumerate(nodes * 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(90)
    assert statuses == [204] * len(made)
    assert all("settings are being changed" in answer.text for answer in load.refused), "five times in a row"
    for server in (first, second):
        assert not [line for line in server.process.lines if "deadlock" in line]


def test_m12_a_cold_write_under_way_ends_with_its_key(world, database):
    """Proven in its transaction: what was noted by another node after the request came is seen there."""
    made = make_key(world)
    api = api_with(world, made["key"])
    assert api.post("/api/roles", {"name": "Before"}).status == 201
    execute(world.server, "UPDATE api_key SET revoked_at = 1 WHERE id = {id}", id=made["id"])
    assert api.post("/api/roles", {"name": "After"}).status == 401
    assert [role["name"] for role in world.api.pages("/api/roles")] == ["Before"]


# ── herald admin ──


def test_herald_admin_lists_limits_and_revokes(world):
    admin = world.server.admin
    made = admin("key", "add", "--user", world.user, "--name", "report", "--read-only", "--expires", FAR,
                 "--business-only", world.business)
    world.server.secrets.add(made["api_key"])
    listed = {key["key_id"]: key for key in admin("key", "list", "--user", world.user)["results"]}
    key = listed[made["key_id"]]
    assert (key["name"], key["read_only"], key["expires_at"], key["business_id"]) == ("report", True, FAR, world.business)
    assert made["api_key"].startswith(key["prefix"]) and len(listed) == 2
    api = api_with(world, made["api_key"])
    assert api.get("/api/session").status == 200 and api.post("/api/roles", {"name": "x"}).status == 403
    admin("key", "revoke", "--key", made["key_id"])
    assert api.get("/api/session").status == 401
    assert made["key_id"] not in {key["key_id"] for key in admin("key", "list", "--user", world.user)["results"]}
