"""Activity Objects: M1, M2; settings under an ETag, names, association, archive."""

import random
import threading

import pytest

from support.api import new_id
from support.receiver import HANG, OK
from support.world import World

OBJECTS = "/api/activities/objects"
SCHEDULE = "/api/activities/scheduled-activity"
NOBODY = "0193a1b2-0000-7000-8000-000000000000"


def make(world, name, **members):
    answer = world.api.post(OBJECTS, {"name": name, **members})
    assert answer.status == 201, answer
    return answer.json


def path_of(made):
    return f"{OBJECTS}/{made['id']}"


def etag_of(made):
    return {"If-Match": f'"{made["version"]}"'}


def change(world, made, **members):
    """PATCH under the version of `made`; the object then."""
    answer = world.api.patch(path_of(made), members, headers=etag_of(made))
    assert answer.status == 200, answer
    assert answer.headers["ETag"] == f'"{answer.json["version"]}"'
    return answer.json


def archive(world, made):
    answer = world.api.request("DELETE", path_of(made), headers=etag_of(made))
    assert answer.status == 200, answer
    assert answer.json["archived_at"] and answer.headers["ETag"] == f'"{made["version"] + 1}"'
    return answer.json


def names(world, query=""):
    return [o["name"] for o in world.api.pages(OBJECTS + query)]


def contact_object(world):
    return world.log()["associated_entities"][0]["object_id"]


# ── Making and reading ──────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_m1_all_of_an_object_is_kept(world, receiver):
    contacts = contact_object(world)
    given = {"api_name": "inspection_v2", "description": "Größe und Zustand; \u202bمعاينة\u202c 🏠", "color": "#1F6feb",
             "icon": "clipboard-check", "association_mode": "one_or_more", "association_objects": [contacts],
             "default_submission_action": "trigger_webhook", "webhook_url": receiver.url("/inspections"),
             "redirect_url": "https://example.test/done"}
    made = make(world, "Inspection", **given)
    assert {name: made[name] for name in given} == given
    assert made["version"] == 1 and made["webhooks_enabled"] and made["archived_at"] is None
    assert world.api.ok("GET", path_of(made)) == made
    assert made in world.api.pages(OBJECTS)


def test_m2_a_new_object_has_the_defaults(world):
    made = make(world, "Plain")
    expected = {"api_name": "plain", "description": "", "color": None, "icon": None, "association_mode": "one_or_more",
                "association_objects": [], "default_submission_action": "redirect", "redirect_url": None,
                "webhook_url": None, "webhooks_enabled": False, "version": 1, "archived_at": None}
    assert {name: made[name] for name in expected} == expected


@pytest.mark.core
def test_m2_a_webhook_url_means_that_the_webhook_is_triggered(world, receiver):
    url = {"webhook_url": receiver.url("/calls")}
    assert make(world, "Plain", **url)["default_submission_action"] == "trigger_webhook"
    asked = make(world, "Asked", **url, default_submission_action="redirect")
    assert asked["default_submission_action"] == "redirect" and not asked["webhooks_enabled"]
    changed = change(world, make(world, "Changed"), **url)
    assert changed["default_submission_action"] == "redirect", "a change infers nothing"


@pytest.mark.parametrize("sent", ["1", "*", 'W/"1"', '"1', "x"])
def test_an_if_match_that_is_no_etag_is_told_how_one_looks(world, sent):
    made = make(world, "Demo")
    answer = world.api.patch(path_of(made), {"name": "New"}, headers={"If-Match": sent})
    assert answer.status == 412 and 'quotation marks, e.g. If-Match: "3"' in answer.json["detail"], answer
    assert world.api.ok("GET", path_of(made)) == made


@pytest.mark.core
def test_a_change_that_changes_nothing_keeps_the_version(world):
    made = make(world, "Demo", association_objects=[contact_object(world)], redirect_url="https://example.test/done")
    for members in ({}, {"name": "Demo", "archived": False, "color": None, "redirect_url": made["redirect_url"]},
                    {"association_objects": made["association_objects"], "association_mode": "one_or_more"}):
        assert change(world, made, **members) == made
    assert change(world, made, association_objects=[])["version"] == made["version"] + 1
    records = world.api.ok("POST", "/api/records/objects", {"name": "Site"})
    path = f"/api/records/objects/{records['id']}"
    for members in ({}, {"name": "Site", "description": "", "archived": False}):
        answer = world.api.patch(path, members, headers=etag_of(records))
        assert answer.status == 200 and answer.json == records and answer.headers["ETag"] == '"1"', answer
    assert world.api.ok("PATCH", path, {"name": "Sites"}, headers=etag_of(records))["version"] == 2


def test_logging_with_a_name_that_is_no_api_name_says_what_it_must_be(world):
    answer = world.api.post("/api/activities/logged", {"activity_object_name": "Sales Call", "notes": ""})
    assert answer.status == 422 and "/activity_object_name" in answer.pointers, answer
    [told] = [e["detail"] for e in answer.json["errors"] if e["pointer"] == "/activity_object_name"]
    assert told.startswith("There is no such Activity Object") and "activity_object_name is its api_name here" in told


def test_a_name_where_an_id_is_needed_is_told_so(world):
    for path in ("/api/activities/objects/sales_call", "/api/activities/objects/sales_call/fields",
                 "/api/activities/logged/sales_call", "/api/records/contacts/sales_call"):
        answer = world.api.get(path)
        assert answer.status == 404 and "an id, a UUID, is needed where 'sales_call' stands" in answer.json["detail"]
    answer = world.api.get("/api/activities/sales_call")
    assert answer.status == 404 and answer.json["detail"] == "There is nothing at this address."
    assert world.api.request("PUT", f"{OBJECTS}/{world.object}").status == 405


@pytest.mark.parametrize("name, derived", [
    ("Site Visit", "site_visit"), ("  Ask -- again!  ", "ask_again"), ("Décision déjà prise?", "decision_deja_prise"), ("Größe (m²)", "grosse_m2"), ("A" * 63, "a" * 63)])
def test_api_name_is_derived(world, name, derived):
    assert make(world, name)["api_name"] == derived


@pytest.mark.parametrize("name", ["звонок", "42 questions", "!!!", "A" * 64])
def test_a_name_from_which_none_can_be_derived_needs_an_api_name(world, name):
    answer = world.api.post(OBJECTS, {"name": name})
    assert answer.status == 422 and answer.pointers == ["/api_name"], answer
    assert "can be derived from this name: give an api_name" in answer.json["detail"], answer
    records = world.api.post("/api/records/objects", {"name": name})
    assert (records.status, records.json["errors"]) == (422, answer.json["errors"]), records
    assert make(world, name, api_name="given")["name"] == name


@pytest.mark.core
def test_api_name_is_unique_in_its_business(world):
    made = make(world, "Demo")
    for body in ({"name": "Demo"}, {"name": "Other", "api_name": "demo"}):
        answer = world.api.post(OBJECTS, body)
        assert answer.status == 409 and answer.pointers == ["/api_name"], answer
    other = make(world, "Other")
    answer = world.api.patch(path_of(other), {"api_name": "demo"}, headers=etag_of(other))
    assert answer.status == 409 and answer.pointers == ["/api_name"], answer
    assert world.api.ok("GET", path_of(other)) == other
    archive(world, made)
    assert world.api.post(OBJECTS, {"name": "Demo"}).status == 409, "an archived one keeps its api_name"
    elsewhere = World(world.server, name="Elsewhere", email="alex@elsewhere.test")
    assert make(elsewhere, "Demo")["api_name"] == "demo"


def test_of_many_who_take_one_api_name_one_gets_it(world):
    statuses = []

    def take():
        statuses.append(world.api.post(OBJECTS, {"name": "Demo"}).status)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 7
    assert names(world).count("Demo") == 1


# ── Changing ────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_each_member_changes_alone(world, receiver):
    contacts = contact_object(world)
    made = make(world, "Before", color="#000000", icon="circle", description="Old")
    for member, value in {
            "name": "After", "api_name": "after", "description": "New", "color": "#ffffff", "icon": "square",
            "redirect_url": "https://example.test/", "webhook_url": receiver.url("/x"),
            "default_submission_action": "trigger_webhook", "association_objects": [contacts],
            "association_mode": "all"}.items():
        changed = change(world, made, **{member: value})
        more = {"webhooks_enabled": True} if member == "default_submission_action" else {}
        assert changed == {**made, member: value, "version": made["version"] + 1, **more}
        assert world.api.ok("GET", path_of(made)) == changed
        made = changed
    emptied = {"description": "", "color": None, "icon": None, "redirect_url": None}
    for nothing in (None, ""):
        changed = change(world, made, **dict.fromkeys(emptied, nothing))
        assert {name: changed[name] for name in emptied} == emptied
        made = change(world, changed, description="Old", color="#000000", icon="circle", redirect_url="http://a.test/")


@pytest.mark.core
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_settings_are_changed_only_under_the_version_that_was_read(world, method):
    made = make(world, "Guarded")
    body = {"name": "Changed"} if method == "PATCH" else None

    def send(headers):
        return world.api.request(method, path_of(made), body, headers=headers).status

    assert send({}) == 428
    for stale in ('"0"', '"2"', '"-1"', "1", '"1', "*", '""', 'W/"1"', '"1", "2"'):
        assert send({"If-Match": stale}) == 412, stale
    assert world.api.ok("GET", path_of(made)) == made
    assert send(etag_of(made)) == 200
    assert send(etag_of(made)) == 412


def test_of_many_changes_under_one_version_one_wins(world):
    made = make(world, "Wanted")
    answers = []

    def rename(i):
        answers.append(world.api.patch(path_of(made), {"name": f"Winner {i}"}, headers=etag_of(made)))

    threads = [threading.Thread(target=rename, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    [winner] = [answer.json for answer in answers if answer.status == 200]
    assert world.api.ok("GET", path_of(made)) == winner and winner["version"] == 2


@pytest.mark.core
def test_api_name_changes_only_until_it_is_used(world):
    made = make(world, "Draft")
    made = change(world, made, api_name="draft_two")
    assert world.log(activity_object_id=None, activity_object_name="draft_two")["activity_object"]["id"] == made["id"]
    answer = world.api.patch(path_of(made), {"api_name": "draft_three"}, headers=etag_of(made))
    assert answer.status == 409 and answer.pointers == ["/api_name"], answer
    made = change(world, made, name="Final", api_name="draft_two")  # its own again
    assert made["name"] == "Final"

    planned = make(world, "Planned")
    world.api.ok("POST", SCHEDULE, {"activity_object_id": planned["id"], "due_datetime": "2031-05-04T10:00:00Z"})
    assert world.api.patch(path_of(planned), {"api_name": "other"}, headers=etag_of(planned)).status == 409
    change(world, planned, name="Still changed otherwise")


# ── Bad input ───────────────────────────────────────────────────────────────────────────────────────────────

REFUSED = [
    ({"name": ""}, "/name"), ({"name": "   "}, "/name"), ({"name": 5}, "/name"), ({"name": "x" * 101}, "/name"),
    ({"api_name": "Call"}, "/api_name"), ({"api_name": "1st"}, "/api_name"), ({"api_name": "a-b"}, "/api_name"),
    ({"api_name": "a" * 64}, "/api_name"), ({"api_name": "_a"}, "/api_name"), ({"api_name": ["a"]}, "/api_name"),
    ({"description": "x" * 1001}, "/description"), ({"description": {}}, "/description"),
    ({"color": "red"}, "/color"), ({"color": "#12345"}, "/color"), ({"color": "#12345g"}, "/color"),
    ({"color": "#1234567"}, "/color"), ({"color": 255}, "/color"),
    ({"icon": "Phone"}, "/icon"), ({"icon": "a b"}, "/icon"), ({"icon": "x" * 41}, "/icon"), ({"icon": "../x"}, "/icon"),
    ({"association_mode": "some"}, "/association_mode"), ({"association_mode": 1}, "/association_mode"),
    ({"association_objects": "x"}, "/association_objects"), ({"association_objects": ["x"]}, "/association_objects/0"),
    ({"association_objects": [NOBODY]}, "/association_objects/0"),
    ({"association_objects": [NOBODY] * 101}, "/association_objects"),
    ({"association_mode": "all"}, "/association_objects"),
    ({"association_mode": "all", "association_objects": []}, "/association_objects"),
    ({"association_mode": "none", "association_objects": [NOBODY]}, "/association_objects"),
    ({"default_submission_action": "email"}, "/default_submission_action"),
    ({"default_submission_action": "trigger_webhook"}, "/webhook_url"),
    ({"redirect_url": "javascript:alert(1)"}, "/redirect_url"), ({"redirect_url": 5}, "/redirect_url"),
    ({"colour": "#123456"}, "/colour"), ({"version": 7}, "/version"), ({"webhooks_enabled": True}, "/webhooks_enabled"),
]


@pytest.mark.core
def test_refused_settings_are_named_and_change_nothing(world):
    made = make(world, "Whole", icon="circle")
    before = world.api.pages(OBJECTS + "?archived=all")
    for body, pointer in REFUSED:
        answer = world.api.post(OBJECTS, {"name": "Refused", **body})
        assert answer.status == 422 and pointer in answer.pointers, (body, answer)
        answer = world.api.patch(path_of(made), body, headers=etag_of(made))
        assert answer.status == 422 and pointer in answer.pointers, (body, answer)
    assert world.api.post(OBJECTS, {"name": "Refused", "archived": True}).pointers == ["/archived"]
    assert world.api.patch(path_of(made), {"archived": "no"}, headers=etag_of(made)).pointers == ["/archived"]
    assert world.api.pages(OBJECTS + "?archived=all") == before


def test_all_that_is_wrong_is_named_at_once(world):
    answer = world.api.post(OBJECTS, {"name": "Two halves", "color": "red", "icon": "A", "api_name": "B",
                                      "redirect_url": "x", "webhook_url": "y", "association_mode": "all"})
    assert answer.status == 422
    assert set(answer.pointers) == {"/color", "/icon", "/api_name", "/redirect_url", "/webhook_url",
                                    "/association_objects"}


def test_values_of_the_longest_length_are_taken(world):
    made = make(world, "ü" * 100, api_name="a" * 63, description="ü" * 1000, icon="x" * 40)
    assert len(made["name"]) == 100 and len(made["description"]) == 1000


# ── Association ─────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_association_names_objects_of_the_business(world):
    contacts = contact_object(world)
    answer = world.api.post(OBJECTS, {"name": "Twice", "association_objects": [contacts, NOBODY, contacts]})
    assert answer.status == 422 and answer.pointers == ["/association_objects/1", "/association_objects/2"], answer
    elsewhere = World(world.server, webhook="http://127.0.0.1:9/", name="Elsewhere", email="alex@elsewhere.test")
    answer = world.api.post(OBJECTS, {"name": "Theirs", "association_objects": [contact_object(elsewhere)]})
    assert answer.status == 422 and answer.pointers == ["/association_objects/0"], answer
    every = make(world, "Every contact", association_mode="all", association_objects=[contacts])
    assert every["association_mode"] == "all" and every["association_objects"] == [contacts]
    none = change(world, every, association_mode="none")
    assert none["association_objects"] == [], "with none there are no objects"
    answer = world.api.post("/api/activities/logged", world.body(none["id"]))
    assert answer.status == 422 and "/associated_entities" in answer.pointers
    change(world, none, association_mode="one_or_more")
    world.log(none["id"])


@pytest.mark.core
def test_an_association_keeps_what_bound_fields_write_into(world):
    contacts = contact_object(world)
    made = make(world, "Checkup", association_objects=[contacts])
    fields = world.api.ok("GET", "/api/records/objects/contacts/fields")["results"]
    birthday = next(field for field in fields if field["name"] == "birthday")
    answer = world.api.post(f"{path_of(made)}/fields", {"display_name": "Born", "bound_field_id": birthday["id"]},
                            headers=etag_of(made))
    assert answer.status == 201, answer
    made = world.api.ok("GET", path_of(made))
    for body in ({"association_mode": "none"}, {"association_mode": "all"}):
        answer = world.api.patch(path_of(made), body, headers=etag_of(made))
        assert answer.status == 422 and answer.pointers == ["/association_objects"] and "Born" in answer.text, answer
    made = change(world, made, association_objects=[])
    assert world.api.ok("GET", f"{path_of(made)}/fields")["results"][0]["bound_field_id"] == birthday["id"]


# ── Archive ─────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_nothing_new_with_an_archived_object(world, receiver):
    """What was logged stays, its pending delivery is still sent; nothing is logged or scheduled until it is restored."""
    receiver.default = HANG
    logged = world.log()
    receiver.wait_for_activity(logged["id"])
    waiting = [world.log()["id"] for _ in range(5)]  # behind the first, whose receiver hangs
    made = world.api.ok("GET", f"{OBJECTS}/{world.object}")
    gone = archive(world, made)
    for name, value in (("activity_object_id", world.object), ("activity_object_name", "sales_call")):
        body = {name: value, "notes": "late"}
        answer = world.api.post("/api/activities/logged", body)
        assert answer.status == 422 and answer.pointers == [f"/{name}"] and "archived" in answer.json["detail"], answer
        answer = world.api.post(SCHEDULE, {**body, "due_datetime": "2031-05-04T10:00:00Z"})
        assert answer.status == 422 and answer.pointers == [f"/{name}"] and "archived" in answer.json["detail"], answer
    receiver.default = OK
    receiver.let_go()
    world.quiet()
    assert {d["logged_activity_id"] for d in world.deliveries()} == {logged["id"], *waiting}
    assert all(receiver.of(activity) for activity in waiting)
    assert world.api.ok("GET", f"/api/activities/logged/{logged['id']}")["activity_object"]["name"] == made["name"]
    assert world.api.ok("GET", f"{OBJECTS}/{world.object}") == gone

    back = change(world, gone, archived=False)
    assert back == {**made, "version": made["version"] + 2}
    receiver.wait_for_activity(world.log()["id"])


@pytest.mark.core
def test_an_archived_object_can_only_be_restored(world):
    made = make(world, "Old")
    gone = archive(world, made)
    for body in ({"name": "New"}, {"archived": True}, {"api_name": "new"}, {}):
        answer = world.api.patch(path_of(made), body, headers=etag_of(gone))
        assert answer.status == 409 and "archived" in answer.json["detail"], answer
    assert world.api.request("DELETE", path_of(made), headers=etag_of(gone)).status == 409
    assert world.api.ok("GET", path_of(made)) == gone
    back = change(world, gone, archived=False, name="Restored")
    assert back["name"] == "Restored" and back["archived_at"] is None
    assert change(world, back, archived=True)["archived_at"]


@pytest.mark.core
def test_the_list_leaves_archived_ones_out(world):
    made = {name: make(world, name) for name in ("Alpha", "Beta", "Gamma")}
    archive(world, made["Beta"])
    assert names(world) == names(world, "?archived=false") == ["Alpha", "Gamma", "Sales Call"]
    assert names(world, "?archived=true") == ["Beta"]
    assert names(world, "?archived=all") == ["Alpha", "Beta", "Gamma", "Sales Call"]
    for query in ("?archived=yes", "?archived=", "?archive=true", "?limit=0", "?limit=201", "?cursor=x"):
        assert world.api.get(OBJECTS + query).status == 400, query


@pytest.mark.core
def test_the_list_is_paged_by_name_both_ways(world):
    for i in (3, 1, 4, 1, 5, 9, 2, 6):
        make(world, f"Type {i}", api_name=f"type_{new_id()[:8]}".replace("-", "_"))
    expected = ["Sales Call", "Type 1", "Type 1", "Type 2", "Type 3", "Type 4", "Type 5", "Type 6", "Type 9"]
    pages, cursor = [], None
    while cursor is not None or not pages:
        pages.append(world.api.ok("GET", f"{OBJECTS}?limit=2" + (f"&cursor={cursor}" if cursor else "")))
        cursor = pages[-1]["next"]
    assert [o["name"] for page in pages for o in page["results"]] == expected
    assert len({o["id"] for page in pages for o in page["results"]}) == len(expected)
    assert pages[0]["previous"] is None and [len(page["results"]) for page in pages] == [2, 2, 2, 2, 1]
    for i in range(len(pages) - 1, 0, -1):
        before = world.api.ok("GET", f"{OBJECTS}?limit=2&cursor={pages[i]['previous']}")
        assert before["results"] == pages[i - 1]["results"]
        assert (before["previous"] is None) == (i == 1) and before["next"] is not None


@pytest.mark.core
def test_the_longest_names_that_may_be_configured_are_kept_and_paged(make_server):
    """What goes into an index, and into a cursor, has room there: even of random characters of four bytes."""
    server = make_server(flags=("--name-limit", "300"))
    world = World(server)
    dice = random.Random(17)
    for i in range(3):
        first, last, name = ("".join(chr(dice.randrange(0x20000, 0x2a000)) for _ in range(300)) for _ in range(3))
        server.admin("employee", "add", "--business", world.business, "--first-name", first, "--last-name", last,
                     "--email", f"long{i}@acme.test")
        assert make(world, name, api_name=f"long_{i}")["name"] == name
    for path, member, count in ((OBJECTS, "name", 3), ("/api/employees", "display_name", 4)):
        found, cursor = [], ""
        while cursor is not None:
            page = world.api.ok("GET", f"{path}?limit=1{cursor and '&cursor='}{cursor}")
            found += [row[member] for row in page["results"]]
            cursor = page["next"]
        assert len(found) == count and found == sorted(found)
    assert world.api.post(OBJECTS, {"name": "x" * 301}).status == 422


# ── Somebody else's ─────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_i8_an_object_of_another_business_is_not_found(world):
    elsewhere = World(world.server, webhook="http://127.0.0.1:9/", name="Elsewhere", email="alex@elsewhere.test")
    theirs = elsewhere.api.ok("GET", f"{OBJECTS}/{elsewhere.object}")
    for path in (path_of(theirs), f"{OBJECTS}/{new_id()}"):
        assert world.api.get(path).status == 404
        assert world.api.patch(path, {"name": "Mine"}, headers=etag_of(theirs)).status == 404
        assert world.api.request("DELETE", path, headers=etag_of(theirs)).status == 404
    assert elsewhere.api.ok("GET", path_of(theirs)) == theirs
    assert theirs not in world.api.pages(OBJECTS + "?archived=all")
