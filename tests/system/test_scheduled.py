"""Scheduled Activities: created as the wire table says, read, listed, changed, deleted, completed once. M3, M4, M19."""

import concurrent.futures
import random
import threading

import pytest

from support.api import Api, new_id
from support.world import World

pytestmark = pytest.mark.core

PATH = "/api/activities/scheduled-activity"
DUE = "2031-05-04T10:00:00.000000Z"
STRANGER = "0193b3a0-5c1e-7d3a-9c70-2f3f9a1d7b55"  # an id that nothing has


def schedule(world, **more):
    """Schedules a Sales Call; the answer, which must be a 201."""
    body = {"activity_object_id": world.object, "due_datetime": DUE, **more}
    answer = world.api.post(PATH, {name: value for name, value in body.items() if value is not ...})
    assert answer.status == 201, answer
    return answer.json


def add_employee(world, first_name, last_name="Kim", email=None):
    return world.server.admin("employee", "add", "--business", world.business, "--first-name", first_name,
                              "--last-name", last_name, "--email", email or f"{first_name.lower()}@acme.test")


def add_role(world, name="Inspectors", members=()):
    role = world.api.ok("POST", "/api/roles", {"name": name})
    if members:
        world.api.ok("PUT", f"/api/roles/{role['id']}/members", {"members": list(members)})
    return role["id"]


def ids(world, query=""):
    return [found["id"] for found in world.api.pages(f"{PATH}{query}")]


def read(world, scheduled):
    return world.api.ok("GET", f"{PATH}/{scheduled['id']}")


# ── creating ────────────────────────────────────────────────────────────────────────────────────────────────


def test_wire_every_member(world):
    sam = add_employee(world, "Sam")["employee_id"]
    answer = world.api.post(PATH, {
        "activity_object_id": world.object, "activity_object_name": None, "due_datetime": "2031-05-04T12:00:00+02:00",
        "original_due_datetime": "2031-05-01T10:00:00Z", "employee_id": sam, "role_id": None, "note": world.notes,
        "mentions": [world.employee], "notify_mentioned": True, "associated_entities": [{"id": world.contact}]})
    assert answer.status == 201, answer
    made = answer.json
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    assert made["activity_object_id"] == world.object and made["activity_object_name"] == "Sales Call"
    assert made["activity_object_api_name"] == "sales_call"
    assert made["due_datetime"] == DUE and made["original_due_datetime"] == "2031-05-01T10:00:00.000000Z"
    assert made["employee_id"] == sam and made["employee"]["display_name"] == "Sam Kim"
    assert made["role_id"] is None and made["role"] is None
    assert made["note"] == world.notes and made["mentions"] == [world.employee] and made["notify_mentioned"]
    assert made["scheduled_by"]["display_name"] == "Alex Rivera"
    assert made["completed_at"] is None and made["logged_activity_id"] is None
    [entity] = made["associated_entities"]
    assert entity["id"] == world.contact and entity["display_name"] == "Maria Thompson"
    assert read(world, made) == made


def test_wire_what_is_left_out_or_null(world):
    for nothing in (..., None):
        made = schedule(world, activity_object_name=nothing, original_due_datetime=nothing, employee_id=nothing,
                        role_id=nothing, note=nothing, mentions=nothing, notify_mentioned=nothing)
        assert made["original_due_datetime"] == made["due_datetime"] == DUE
        assert made["employee"] is None and made["role"] is None and made["note"] == ""
        assert made["mentions"] == [] and made["notify_mentioned"] is False and made["associated_entities"] == []
        assert read(world, made) == made


def test_wire_object_by_name(world):
    for name in ("Sales Call", "sales_call"):
        made = schedule(world, activity_object_id=..., activity_object_name=name)
        assert made["activity_object_id"] == world.object
    # The id counts when both are there.
    other = world.add_object("Inspection")
    assert schedule(world, activity_object_id=other, activity_object_name="Sales Call")["activity_object_id"] == other


def test_wire_object_by_the_name_that_it_has_now(world):
    path = f"/api/activities/objects/{world.object}"
    etag = world.api.get(path).headers["ETag"]
    assert world.api.patch(path, {"name": "Client Call"}, headers={"If-Match": etag}).status == 200
    assert schedule(world, activity_object_id=..., activity_object_name="Client Call")["activity_object_id"] \
        == world.object


def test_wire_a_name_that_two_have_is_refused(world):
    world.api.ok("POST", "/api/activities/objects", {"name": "Visit", "api_name": "visit_1"})
    world.api.ok("POST", "/api/activities/objects", {"name": "Visit", "api_name": "visit_2"})
    refused = world.api.post(PATH, {"activity_object_name": "Visit", "due_datetime": DUE})
    assert refused.status == 422 and refused.pointers == ["/activity_object_name"]


def test_m19_unknown_members_are_ignored_and_counted(world):
    before = world.server.metrics()["unknown_members_total"]
    schedule(world, colour="red", nested={"a": [1]})
    assert world.server.metrics()["unknown_members_total"] == before + 2


def test_the_first_moment_of_1970_is_a_moment(world):
    """Zero is a time like any other, not one that is missing."""
    epoch = "1970-01-01T00:00:00.000000Z"
    made = schedule(world, due_datetime="1970-01-01T00:00:00Z")
    assert made["due_datetime"] == made["original_due_datetime"] == epoch
    early = schedule(world, due_datetime=DUE, original_due_datetime="1970-01-01T01:00:00+01:00")
    assert early["due_datetime"] == DUE and early["original_due_datetime"] == epoch
    assert read(world, made) == made and read(world, early) == early
    assert ids(world, "?due_before=1970-01-01T00:00:00.000001Z") == [made["id"]]
    assert ids(world, "?state=overdue") == [made["id"]]
    changed = world.api.ok("PATCH", f"{PATH}/{early['id']}", {
        "due_datetime": epoch, "associated_entities": [{"id": world.contact}]})
    assert changed["due_datetime"] == epoch
    [entry] = world.api.pages(f"/api/records/contacts/{world.contact}/timeline")
    assert entry["due_datetime"] == epoch


BAD_INPUT = [
    ({"due_datetime": ...}, ["/due_datetime"]),
    ({"due_datetime": None}, ["/due_datetime"]),
    ({"due_datetime": "2031-02-30T10:00:00Z"}, ["/due_datetime"]),
    ({"due_datetime": "9999-12-31T23:59:59-01:00"}, ["/due_datetime"]),  # the year 10000 of UTC
    ({"due_datetime": "0001-01-01T00:59:59+01:00"}, ["/due_datetime"]),
    ({"due_datetime": 0}, ["/due_datetime"]),
    ({"original_due_datetime": "soon"}, ["/original_due_datetime"]),
    ({"activity_object_id": ...}, ["/activity_object_id"]),
    ({"activity_object_id": STRANGER}, ["/activity_object_id"]),
    ({"activity_object_id": ..., "activity_object_name": "Nothing"}, ["/activity_object_name"]),
    ({"employee_id": STRANGER}, ["/employee_id"]),
    ({"employee_id": "me"}, ["/employee_id"]),
    ({"role_id": STRANGER}, ["/role_id"]),
    ({"note": "x" * 10_001}, ["/note"]),
    ({"note": 7}, ["/note"]),
    ({"mentions": [STRANGER]}, ["/mentions/0"]),
    ({"mentions": {}}, ["/mentions"]),
    ({"notify_mentioned": "yes"}, ["/notify_mentioned"]),
    ({"associated_entities": [{"id": STRANGER}]}, ["/associated_entities/0/id"]),
    ({"associated_entities": [{}]}, ["/associated_entities/0/id"]),
    ({"due_datetime": ..., "employee_id": STRANGER, "note": 7}, ["/due_datetime", "/employee_id", "/note"]),
]


def test_bad_input_changes_nothing(world):
    for wrong, pointers in BAD_INPUT:
        body = {"activity_object_id": world.object, "due_datetime": DUE, **wrong}
        refused = world.api.post(PATH, {name: value for name, value in body.items() if value is not ...})
        assert refused.status == 422, (wrong, refused)
        assert sorted(refused.pointers) == pointers, wrong
    assert ids(world) == []


NIL = "00000000-0000-0000-0000-000000000000"


def test_the_nil_uuid_names_nothing(world):
    """It is not a member that is left out, nor a filter that is not there."""
    made = schedule(world, employee_id=world.employee, mentions=[world.employee],
                    associated_entities=[{"id": world.contact}])
    for wrong, pointer in (({"employee_id": NIL}, "/employee_id"), ({"role_id": NIL}, "/role_id"),
                           ({"mentions": [world.employee, NIL]}, "/mentions/1"),
                           ({"associated_entities": [{"id": NIL}]}, "/associated_entities/0/id")):
        refused = world.api.post(PATH, {"activity_object_id": world.object, "due_datetime": DUE, **wrong})
        assert refused.status == 422 and refused.pointers == [pointer], (wrong, refused)
        refused = world.api.patch(f"{PATH}/{made['id']}", wrong)
        assert refused.status == 422 and refused.pointers == [pointer], (wrong, refused)
    refused = world.api.post(PATH, {"activity_object_id": NIL, "activity_object_name": "Sales Call", "due_datetime": DUE})
    assert refused.status == 422 and refused.pointers == ["/activity_object_id"]
    assert read(world, made) == made and ids(world) == [made["id"]]
    for name in ("employee_id", "role_id", "activity_object_id", "record_id"):
        assert world.api.get(f"{PATH}?{name}={NIL}").status == 400


def test_an_employee_and_a_role_at_once_are_refused(world):
    role = add_role(world)
    refused = world.api.post(PATH, {"activity_object_id": world.object, "due_datetime": DUE,
                                    "employee_id": world.employee, "role_id": role})
    assert refused.status == 422 and refused.pointers == ["/role_id"]
    made = schedule(world, employee_id=world.employee)
    refused = world.api.patch(f"{PATH}/{made['id']}", {"employee_id": world.employee, "role_id": role})
    assert refused.status == 422 and refused.pointers == ["/role_id"]
    assert read(world, made) == made and ids(world) == [made["id"]]


def test_role_assignment(world):
    role = add_role(world, members=[world.employee])
    made = schedule(world, role_id=role)
    assert made["role_id"] == role and made["role"] == {"id": role, "name": "Inspectors"} and made["employee"] is None
    assert ids(world, f"?role_id={role}") == [made["id"]]
    assert ids(world, f"?role_id={new_id()}") == []


def test_many_that_schedule_at_once_are_written_together(world):
    """Each is written with what belongs to it, whoever it shares the transaction with."""
    wanted = [{"note": f"number {i}", "associated_entities": [{"id": world.contact}] * (i % 2)} for i in range(120)]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        made = list(pool.map(lambda more: schedule(world, **more), wanted))
    for more, scheduled in zip(wanted, made):
        assert scheduled["note"] == more["note"]
        assert [{"id": e["id"]} for e in scheduled["associated_entities"]] == more["associated_entities"]
    assert sorted(world.api.pages(PATH), key=lambda found: found["id"]) == sorted(made, key=lambda found: found["id"])
    assert len(ids(world, f"?record_id={world.contact}")) == 60


def test_a_record_named_twice_is_there_once(world):
    made = schedule(world, associated_entities=[{"id": world.contact}, {"id": world.contact}])
    assert [entity["id"] for entity in made["associated_entities"]] == [world.contact]
    assert read(world, made) == made


def contacts_object(world):
    made = schedule(world, associated_entities=[{"id": world.contact}])
    world.api.request("DELETE", f"{PATH}/{made['id']}")
    return made["associated_entities"][0]["object_id"]


def test_a_type_that_is_about_no_records(world):
    made = world.api.ok("POST", "/api/activities/objects", {"name": "Break", "association_mode": "none"})
    assert schedule(world, activity_object_id=made["id"], associated_entities=[])["associated_entities"] == []
    refused = world.api.post(PATH, {"activity_object_id": made["id"], "due_datetime": DUE,
                                    "associated_entities": [{"id": world.contact}]})
    assert refused.status == 422 and refused.pointers == ["/associated_entities"]


def test_a_type_that_is_about_every_record_of_an_object(world):
    contacts = contacts_object(world)
    made = world.api.ok("POST", "/api/activities/objects", {
        "name": "Newsletter", "association_mode": "all", "association_objects": [contacts]})
    want = [{"id": contacts, "object_id": contacts, "display_name": "Contact", "object_name": "Contact",
             "all_records": True}]
    for asked in (..., [], [{"id": contacts}]):
        scheduled = schedule(world, activity_object_id=made["id"], associated_entities=asked)
        assert scheduled["associated_entities"] == want
        assert read(world, scheduled) == scheduled
        # A client may send back what it has read.
        changed = world.api.ok("PATCH", f"{PATH}/{scheduled['id']}", {"associated_entities": [{"id": contacts}]})
        assert changed["associated_entities"] == want
        # It is about each of them.
        assert ids(world, f"?record_id={world.contact}") == ids(world, f"?record_id={contacts}") == [scheduled["id"]]
        assert ids(world, f"?record_id={world.contact}&state=open") == [scheduled["id"]]
        assert world.api.request("DELETE", f"{PATH}/{scheduled['id']}").status == 204
    refused = world.api.post(PATH, {"activity_object_id": made["id"], "due_datetime": DUE,
                                    "associated_entities": [{"id": world.contact}]})
    assert refused.status == 422 and refused.pointers == ["/associated_entities/0/id"]


def test_records_of_custom_objects(world):
    """Only of the objects that the type is about; and every record of one is found with each of them."""
    vehicles = world.api.ok("POST", "/api/records/objects", {"name": "Vehicle", "api_name": "vehicles"})["id"]
    van, car = (world.api.ok("POST", "/api/records/vehicles", {"name": name})["id"] for name in ("Van 12", "Car 7"))
    service = world.api.ok("POST", "/api/activities/objects", {
        "name": "Service", "association_objects": [vehicles]})["id"]
    recall = world.api.ok("POST", "/api/activities/objects", {
        "name": "Recall", "association_mode": "all", "association_objects": [vehicles]})["id"]
    one = schedule(world, activity_object_id=service, associated_entities=[{"id": van}])
    assert one["associated_entities"] == [{"id": van, "display_name": "Van 12", "object_id": vehicles,
                                           "object_name": "Vehicle", "all_records": False}]
    every = schedule(world, activity_object_id=recall)
    both = schedule(world, associated_entities=[{"id": world.contact}, {"id": van}])
    assert ids(world, f"?record_id={van}") == [one["id"], every["id"], both["id"]]
    assert ids(world, f"?record_id={car}") == ids(world, f"?record_id={vehicles}") == [every["id"]]
    assert ids(world, f"?record_id={world.contact}") == [both["id"]]
    refused = world.api.post(PATH, {"activity_object_id": service, "due_datetime": DUE,
                                    "associated_entities": [{"id": van}, {"id": world.contact}]})
    assert refused.status == 422 and refused.pointers == ["/associated_entities/1/id"]
    # What is archived takes part in nothing new, and stays where it is.
    assert world.api.request("DELETE", f"/api/records/vehicles/{van}").status in (200, 204)
    refused = world.api.post(PATH, {"activity_object_id": service, "due_datetime": DUE,
                                    "associated_entities": [{"id": van}]})
    assert refused.status == 422 and refused.pointers == ["/associated_entities/0/id"]
    assert read(world, one)["associated_entities"] == one["associated_entities"]
    assert ids(world, f"?record_id={van}") == [one["id"], every["id"], both["id"]]


def test_an_archived_type_takes_nothing_new(world):
    made = schedule(world)
    path = f"/api/activities/objects/{world.object}"
    archived = world.api.patch(path, {"archived": True}, headers={"If-Match": world.api.get(path).headers["ETag"]})
    assert archived.status == 200, archived
    for name in ({"activity_object_id": world.object}, {"activity_object_name": "Sales Call"},
                 {"activity_object_name": "sales_call"}):
        refused = world.api.post(PATH, {"due_datetime": DUE, **name})
        assert refused.status == 422 and refused.pointers == [f"/{[*name][0]}"]
    # What is planned already can still be seen, moved and deleted.
    assert read(world, made) == made
    assert world.api.patch(f"{PATH}/{made['id']}", {"note": "later"}).status == 200
    assert world.api.request("DELETE", f"{PATH}/{made['id']}").status == 204


def test_i8_another_business_learns_nothing(world, server):
    other = World(server, webhook="http://127.0.0.1:9/", name="Other", email="sam@other.test")
    made = schedule(world, associated_entities=[{"id": world.contact}], employee_id=world.employee)
    role = add_role(world)
    path = f"{PATH}/{made['id']}"
    for method, body in (("GET", None), ("PATCH", {"note": "x"}), ("DELETE", None)):
        foreign = other.api.request(method, path, body)
        unknown = other.api.request(method, f"{PATH}/{new_id()}", body)
        assert foreign.status == unknown.status == 404
        assert foreign.json["detail"] == unknown.json["detail"]
    assert ids(other) == [] and ids(other, f"?employee_id={world.employee}") == []
    assert ids(other, f"?record_id={world.contact}") == [] and ids(other, f"?activity_object_id={world.object}") == []
    for foreign in ({"activity_object_id": world.object}, {"employee_id": world.employee}, {"role_id": role},
                    {"mentions": [world.employee]}, {"associated_entities": [{"id": world.contact}]}):
        refused = other.api.post(PATH, {"activity_object_id": other.object, "due_datetime": DUE, **foreign})
        assert refused.status == 422, foreign
    assert ids(other) == []
    assert read(world, made) == made


# ── listing ─────────────────────────────────────────────────────────────────────────────────────────────────


def due(day):
    return f"2031-01-{day:02}T09:00:00.000000Z"


def both_ways(world, query, limit):
    """The ids of all pages, read forwards and then back to the first."""
    forwards, cursor = [], None
    while True:
        page = world.api.ok("GET", f"{PATH}?limit={limit}{query}" + (f"&cursor={cursor}" if cursor else ""))
        forwards.append([found["id"] for found in page["results"]])
        cursor = page["next"]
        if not cursor:
            break
    backwards = [forwards[-1]]
    while page["previous"]:
        page = world.api.ok("GET", f"{PATH}?limit={limit}{query}&cursor={page['previous']}")
        backwards.insert(0, [found["id"] for found in page["results"]])
    assert backwards == forwards
    return sum(forwards, [])


def test_listed_by_due_time_in_pages_both_ways(world):
    made = [schedule(world, due_datetime=due(day))["id"] for day in (5, 1, 3, 3, 3, 2, 4)]
    want = [made[1], made[5], *sorted(made[2:5]), made[6], made[0]]
    for limit in (1, 2, 3, 7, 200):
        assert both_ways(world, "", limit) == want


def test_list_filters(world):
    sam = add_employee(world, "Sam")["employee_id"]
    role = add_role(world)
    other = world.add_object("Inspection")
    a = schedule(world, due_datetime=due(1), employee_id=world.employee)["id"]
    b = schedule(world, due_datetime=due(2), employee_id=sam, associated_entities=[{"id": world.contact}])["id"]
    c = schedule(world, due_datetime=due(3), role_id=role, activity_object_id=other)["id"]
    d = schedule(world, due_datetime=due(4), employee_id=sam, activity_object_id=other,
                 associated_entities=[{"id": world.contact}])["id"]
    assert ids(world) == [a, b, c, d]
    assert ids(world, f"?employee_id={sam}") == [b, d]
    assert ids(world, f"?employee_id={world.employee}") == [a]
    assert ids(world, f"?role_id={role}") == [c]
    assert ids(world, f"?activity_object_id={other}") == [c, d]
    assert ids(world, f"?record_id={world.contact}") == [b, d]
    assert ids(world, f"?due_after={due(2)}") == [b, c, d]
    assert ids(world, f"?due_before={due(2)}") == [a]
    assert ids(world, f"?due_after={due(2)}&due_before={due(4)}") == [b, c]
    assert ids(world, f"?record_id={world.contact}&activity_object_id={other}&employee_id={sam}") == [d]
    assert ids(world, f"?employee_id={sam}&due_after={due(3)}") == [d]
    assert ids(world, f"?employee_id={sam}&role_id={role}") == []
    for query in (f"&employee_id={sam}", f"&record_id={world.contact}", f"&activity_object_id={other}",
                  f"&due_after={due(2)}&due_before={due(4)}"):
        assert both_ways(world, query, 1) == ids(world, "?" + query[1:])


def test_list_by_state(world):
    past = schedule(world, due_datetime="2020-01-01T00:00:00Z", associated_entities=[{"id": world.contact}])
    future = schedule(world, due_datetime="2090-01-01T00:00:00Z", associated_entities=[{"id": world.contact}])
    done = schedule(world, due_datetime="2020-01-02T00:00:00Z", associated_entities=[{"id": world.contact}],
                    employee_id=world.employee)
    complete(world, done)
    for more in ("", f"&activity_object_id={world.object}", f"&record_id={world.contact}"):
        assert ids(world, f"?state=any{more}") == [past["id"], done["id"], future["id"]]
        assert ids(world, f"?state=open{more}") == [past["id"], future["id"]]
        assert ids(world, f"?state=overdue{more}") == [past["id"]]
        assert ids(world, f"?state=completed{more}") == [done["id"]]
    assert ids(world, f"?state=completed&employee_id={world.employee}") == [done["id"]]
    assert ids(world, f"?state=open&employee_id={world.employee}") == []
    assert ids(world, "?state=overdue&due_after=2020-01-01T00:00:00.000001Z") == []
    for state in ("any", "open", "completed", "overdue"):
        assert both_ways(world, f"&state={state}", 1) == ids(world, f"?state={state}")


def test_unreadable_parameters(world):
    for query in ("state=late", "employee_id=me", "due_after=now", "limit=0", "limit=201", "cursor=xyz", "shape=round"):
        assert world.api.get(f"{PATH}?{query}").status == 400, query


# ── changing ────────────────────────────────────────────────────────────────────────────────────────────────


def test_reschedule_keeps_the_original_due_time(world):
    made = schedule(world)
    changed = world.api.ok("PATCH", f"{PATH}/{made['id']}", {"due_datetime": "2031-06-01T08:00:00Z"})
    assert changed["due_datetime"] == "2031-06-01T08:00:00.000000Z" and changed["original_due_datetime"] == DUE
    assert changed["updated_at"] > made["updated_at"]
    assert {**changed, "due_datetime": DUE, "updated_at": made["updated_at"]} == made
    assert read(world, made) == changed


def test_edit_every_member(world):
    sam = add_employee(world, "Sam")["employee_id"]
    made = schedule(world, note="first", employee_id=world.employee)
    change = {"note": world.notes, "mentions": [sam], "notify_mentioned": True, "employee_id": sam,
              "associated_entities": [{"id": world.contact}]}
    changed = world.api.ok("PATCH", f"{PATH}/{made['id']}", change)
    assert changed["note"] == world.notes and changed["mentions"] == [sam] and changed["notify_mentioned"]
    assert changed["employee"]["display_name"] == "Sam Kim"
    assert [e["id"] for e in changed["associated_entities"]] == [world.contact]
    assert read(world, made) == changed
    nothing = {"note": None, "mentions": None, "notify_mentioned": None, "employee_id": None,
               "associated_entities": []}
    changed = world.api.ok("PATCH", f"{PATH}/{made['id']}", nothing)
    assert changed["note"] == "" and changed["mentions"] == [] and not changed["notify_mentioned"]
    assert changed["employee"] is None and changed["associated_entities"] == []
    assert read(world, made) == changed
    assert ids(world, f"?record_id={world.contact}") == []


def test_an_empty_change_changes_nothing_but_its_time(world):
    made = schedule(world, note="as it is", employee_id=world.employee, associated_entities=[{"id": world.contact}])
    changed = world.api.ok("PATCH", f"{PATH}/{made['id']}", {})
    assert {**changed, "updated_at": made["updated_at"]} == made


def test_reassign_between_employee_and_role(world):
    role = add_role(world)
    made = schedule(world, employee_id=world.employee)
    path = f"{PATH}/{made['id']}"
    for change, employee, holders in (
            ({"role_id": role}, None, role),
            ({"note": "still theirs"}, None, role),
            ({"employee_id": None}, None, role),
            ({"employee_id": world.employee}, world.employee, None),
            ({"employee_id": None, "role_id": role}, None, role),
            ({"employee_id": world.employee, "role_id": None}, world.employee, None),
            ({"employee_id": None}, None, None)):
        changed = world.api.ok("PATCH", path, change)
        assert (changed["employee_id"], changed["role_id"]) == (employee, holders), change
        assert read(world, made) == changed


BAD_CHANGES = [
    ({"due_datetime": None}, ["/due_datetime"]),
    ({"due_datetime": "tomorrow"}, ["/due_datetime"]),
    ({"original_due_datetime": DUE}, ["/original_due_datetime"]),
    ({"activity_object_id": STRANGER}, ["/activity_object_id"]),
    ({"completed_at": DUE}, ["/completed_at"]),
    ({"employee_id": STRANGER}, ["/employee_id"]),
    ({"role_id": STRANGER}, ["/role_id"]),
    ({"mentions": [STRANGER], "associated_entities": [{"id": STRANGER}]},
     ["/associated_entities/0/id", "/mentions/0"]),
]


def test_a_bad_change_changes_nothing(world):
    made = schedule(world, note="as it was", employee_id=world.employee,
                    associated_entities=[{"id": world.contact}])
    for wrong, pointers in BAD_CHANGES:
        refused = world.api.patch(f"{PATH}/{made['id']}", {"note": "changed", **wrong})
        assert refused.status == 422, (wrong, refused)
        assert sorted(refused.pointers) == pointers, wrong
        assert read(world, made) == made


# ── deleting ────────────────────────────────────────────────────────────────────────────────────────────────


def test_delete(world):
    made = schedule(world, associated_entities=[{"id": world.contact}])
    kept = schedule(world, associated_entities=[{"id": world.contact}])
    path = f"{PATH}/{made['id']}"
    answer = world.api.request("DELETE", path)
    assert answer.status == 204 and not answer.body
    assert world.api.get(path).status == 404
    assert world.api.patch(path, {"note": "x"}).status == 404
    assert world.api.request("DELETE", path).status == 404
    assert ids(world) == ids(world, f"?record_id={world.contact}") == [kept["id"]]


# ── completing: the rest is with logging, in test_logged_activities.py ──────────────────────────────────────


def complete(world, scheduled, **body):
    return world.api.ok("POST", f"{PATH}/{scheduled['id']}/complete", body)


def test_m3_what_is_read_once_it_is_completed(world):
    made = schedule(world, employee_id=world.employee, note="Ask about the quote.",
                    associated_entities=[{"id": world.contact}])
    logged = complete(world, made, notes="She said yes.")
    done = read(world, made)
    assert done["logged_activity_id"] == logged["id"] and done["completed_at"] == logged["completed_at"]
    assert done["updated_at"] >= made["updated_at"]
    assert {**done, "completed_at": None, "logged_activity_id": None, "updated_at": made["updated_at"]} == made
    assert logged["associated_entities"] == made["associated_entities"]
    assert ids(world, f"?record_id={world.contact}&state=open") == []


def test_m3_about_every_record_of_an_object(world):
    contacts = contacts_object(world)
    made = world.api.ok("POST", "/api/activities/objects", {
        "name": "Newsletter", "association_mode": "all", "association_objects": [contacts]})
    scheduled = schedule(world, activity_object_id=made["id"])
    logged = complete(world, scheduled)
    assert logged["associated_entities"] == scheduled["associated_entities"]
    assert [entity["id"] for entity in logged["associated_entities"]] == [contacts]


def test_a_completed_one_is_not_changed_any_more(world):
    made = schedule(world)
    logged = complete(world, made)
    done = read(world, made)
    for change in ({"note": "too late"}, {"due_datetime": DUE}, {"employee_id": new_id()}, {}):
        refused = world.api.patch(f"{PATH}/{made['id']}", change)
        assert refused.status == 409 and refused.json["logged_activity_id"] == logged["id"], change
    assert read(world, made) == done


def test_deleting_a_completed_one_leaves_the_logged_activity(world):
    made = schedule(world, associated_entities=[{"id": world.contact}])
    logged = complete(world, made)
    path = f"{PATH}/{made['id']}"
    assert world.api.request("DELETE", path).status == 204
    assert world.api.get(path).status == 404
    assert world.api.post(f"{path}/complete", {}).status == 404
    record = world.api.ok("GET", f"/api/activities/logged/{logged['id']}")
    assert record["scheduled_activity_id"] == made["id"] and record["completed_at"] == logged["completed_at"]


def test_m3_completing_against_changing_and_deleting(world, receiver):
    """Whatever comes first, nothing is half done: one is completed and fired once, or it is gone and never fired."""
    fired = set()
    for _ in range(8):
        made = schedule(world, associated_entities=[{"id": world.contact}])
        path = f"{PATH}/{made['id']}"
        requests = [("POST", f"{path}/complete", {}), ("PATCH", path, {"note": "moved"}), ("DELETE", path, None),
                    ("POST", "/api/activities/logged", {"scheduled_activity_id": made["id"]})]
        random.shuffle(requests)
        barrier = threading.Barrier(len(requests))

        def send(request):
            barrier.wait()
            return request, world.api.request(*request)

        with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
            answers = list(pool.map(send, requests))
        won = [answer.json["id"] for (method, _, _), answer in answers if method == "POST" and answer.status == 201]
        assert len(won) <= 1
        for (method, _, _), answer in answers:
            allowed = {"POST": (201, 404, 409, 422), "PATCH": (200, 404, 409), "DELETE": (204,)}[method]
            assert answer.status in allowed, (method, answer)
            if answer.status == 409:
                assert [answer.json["logged_activity_id"]] == won
        assert world.api.get(path).status == 404
        fired |= set(won)
    world.quiet()
    assert receiver.counts() == {activity: 1 for activity in fired}
    assert {activity["id"] for activity in world.api.pages("/api/activities/logged")} == fired


@pytest.mark.engine("postgres")
def test_m3_of_many_on_two_nodes_one_completes(make_server, receiver):
    """Writers of two nodes wait for each other in the database; in both orders, so that none of them goes under."""
    nodes = [make_server(name=name) for name in ("one", "two")]
    world = World(nodes[0], webhook=receiver.url())
    apis = [world.api, Api(nodes[1], world.key, world.business, world.user)]
    made = [schedule(world, associated_entities=[{"id": world.contact}])["id"] for _ in range(24)]
    requests = [request for pair in zip(((apis[0], one) for one in made), ((apis[1], one) for one in made[::-1]))
                for request in pair]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda r: (r[1], r[0].post(f"{PATH}/{r[1]}/complete", {})), requests))
    won = {scheduled: answer.json["id"] for scheduled, answer in answers if answer.status == 201}
    assert sorted(won) == sorted(made)
    lost = [(scheduled, answer) for scheduled, answer in answers if answer.status != 201]
    assert len(lost) == len(made)
    for scheduled, answer in lost:
        assert answer.status == 409 and answer.json["logged_activity_id"] == won[scheduled], answer
    world.quiet()
    assert receiver.counts() == {activity: 1 for activity in won.values()}
    assert all(read(world, {"id": scheduled})["logged_activity_id"] == won[scheduled] for scheduled in made)


# ── what live streams follow ────────────────────────────────────────────────────────────────────────────────


def timeline(world):
    return [entry["id"] for entry in world.api.pages(f"/api/records/contacts/{world.contact}/timeline")]


def test_m16_on_the_timeline_while_it_is_open(world):
    made = schedule(world, associated_entities=[{"id": world.contact}])
    assert timeline(world) == [made["id"]]
    path = f"{PATH}/{made['id']}"
    world.api.ok("PATCH", path, {"associated_entities": []})
    assert timeline(world) == []
    world.api.ok("PATCH", path, {"associated_entities": [{"id": world.contact}]})
    assert timeline(world) == [made["id"]]
    logged = complete(world, made)
    assert timeline(world) == [logged["id"]]
    assert world.api.request("DELETE", path).status == 204
    assert timeline(world) == [logged["id"]]


@pytest.mark.engine("sqlite")
def test_a_page_that_would_be_too_large_ends_earlier_and_nothing_is_left_out(make_server, receiver):
    world = World(make_server(flags=("--notes-limit", "60000")), webhook=receiver.url())
    note = "\U0001f600" * 60000
    made = [schedule(world, due_datetime=f"2031-05-04T{i // 60:02}:{i % 60:02}:00Z", note=note)["id"] for i in range(80)]
    page = world.api.ok("GET", f"{PATH}?limit=200")
    found = [s["id"] for s in page["results"]]
    assert 0 < len(found) < 80 and page["previous"] is None
    while page["next"]:
        page = world.api.ok("GET", f"{PATH}?limit=200&cursor={page['next']}")
        found += [s["id"] for s in page["results"]]
    assert found == made
