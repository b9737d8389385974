"""Values of what is logged: under fields and rules, and into the record if a field is bound to it. M20; I9."""

import threading

import pytest

from support.load import Load
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core
LOGGED = "/api/activities/logged"
CONTACTS = "/api/records/contacts"
OBJECTS = "/api/records/objects"


def etag_of(api, path):
    return {"If-Match": api.get(path).headers["ETag"]}


def add_field(world, owner, name, kind="text", **more):
    """A field of an Activity Object or a record object, by the path of that."""
    made = world.api.post(f"{owner}/fields", {"name": name, "display_name": name.title(), "field_type": kind, **more},
                          headers=etag_of(world.api, owner))
    assert made.status == 201, made
    return made.json


def objects_path(world, object_id=None):
    return f"/api/activities/objects/{object_id or world.object}"


def field_of(world, owner, name):
    [field] = [f for f in world.api.ok("GET", f"{owner}/fields")["results"] if f["name"] == name]
    return field


def bind(world, name, target, object_id=None, **more):
    """A field of the Activity Object that is bound to the record's field `target`."""
    return add_field(world, objects_path(world, object_id), name, target["field_type"], bound_field_id=target["id"], **more)


def values(record):
    return {f["name"]: f["value"] for f in record["fields"]}


def log(world, object_id=None, **given):
    """Logs with these values; None: empties."""
    body = world.body(object_id, fields=[{"name": name, "value": value} for name, value in given.items()])
    return world.api.post(LOGGED, body)


def contact(world, record_id=None):
    return world.api.ok("GET", f"{CONTACTS}/{record_id or world.contact}")


# ── values ──────────────────────────────────────────────────────────────────────────────────────────


def test_values_are_kept_and_shown_as_the_wire_table_has_them(world):
    path = objects_path(world)
    outcome = add_field(world, path, "outcome", "single_select", options=["Won", "Lost"], required=True)
    add_field(world, path, "amount", "money", limits={"currency": "EUR"})
    add_field(world, path, "source", default="web")
    assert log(world).pointers == ["/fields"]
    assert log(world, outcome="Maybe").pointers == ["/fields/0/value"]
    assert log(world, outcome="Won", colour="red").pointers == ["/fields/1/name"]
    logged = log(world, outcome="Won", amount="12.5")
    assert logged.status == 201, logged
    record = world.api.ok("GET", f"{LOGGED}/{logged.json['id']}")
    assert record["fields"] == logged.json["fields"] == world.api.pages(LOGGED)[0]["fields"]
    won = [o for o in outcome["options"] if o["name"] == "Won"][0]
    expected = {"id": outcome["id"], "name": "outcome", "display_name": "Outcome", "field_type": "single_select",
                "custom_field_type": None, "value": {"id": won["id"], "name": "Won"}}
    assert {name: record["fields"][0][name] for name in expected} == expected
    assert values(record) == {"outcome": expected["value"], "amount": "12.50", "source": "web"}
    # What was read can be sent back.
    again = world.api.ok("POST", LOGGED, world.body(fields=record["fields"]))
    assert again["fields"] == record["fields"]


def test_a_type_without_fields_shows_none_until_it_has_some(world):
    logged = world.log()
    assert logged["fields"] == []
    add_field(world, objects_path(world), "outcome")
    [field] = world.api.ok("GET", f"{LOGGED}/{logged['id']}")["fields"]
    assert field["name"] == "outcome" and field["value"] is None


def test_an_archived_field_is_shown_where_it_has_a_value(world):
    path = objects_path(world)
    field = add_field(world, path, "outcome")
    with_value, without = log(world, outcome="good").json, log(world).json
    gone = world.api.request("DELETE", f"{path}/fields/{field['id']}", headers=etag_of(world.api, path))
    assert gone.status == 200, gone
    assert values(world.api.ok("GET", f"{LOGGED}/{with_value['id']}")) == {"outcome": "good"}
    assert values(world.api.ok("GET", f"{LOGGED}/{without['id']}")) == {}
    assert log(world, outcome="good").status == 422


def test_i9_hidden_fields_are_neither_required_nor_stored(world):
    path = objects_path(world)
    add_field(world, path, "outcome", "single_select", options=["Won", "Lost"])
    add_field(world, path, "reason", required=True)
    rules = {"rules": [{"match": "all", "conditions": [{"field": "outcome", "operator": "equals", "value": "Lost"}],
                        "targets": ["reason"]}]}
    put = world.api.request("PUT", f"{path}/rules", rules, headers=etag_of(world.api, path))
    assert put.status == 200, put
    won = log(world, outcome="Won", reason="none of your business")
    assert won.status == 201 and values(won.json)["reason"] is None
    assert "none of your business" not in world.api.get(f"{LOGGED}/{won.json['id']}").text
    assert log(world, outcome="Lost").pointers == ["/fields"]
    lost = log(world, outcome="Lost", reason="price")
    assert lost.status == 201 and values(lost.json)["reason"] == "price"


def test_fields_of_many_types_in_one_list(world):
    """Each record of a page has the fields of its own type."""
    visit = world.add_object("Visit")
    add_field(world, objects_path(world), "outcome")
    add_field(world, objects_path(world, visit), "place", "team_member")
    given = []
    for number in range(12):
        answer = log(world, visit, place=world.employee) if number % 3 else log(world, outcome=f"number {number}")
        given.insert(0, answer.json)
    assert [a["fields"] for a in world.api.pages(LOGGED)] == [a["fields"] for a in given]
    assert values(given[0])["place"]["display_name"] == "Alex Rivera"


# ── bound fields ────────────────────────────────────────────────────────────────────────────────────


def test_a_bound_value_goes_into_the_record_too(world):
    stage = add_field(world, f"{OBJECTS}/contacts", "stage", "single_select", options=["Lead", "Customer"])
    bind(world, "stage", stage)
    bind(world, "called", field_of(world, f"{OBJECTS}/contacts", "mobile_phone"))
    before = contact(world)
    logged = log(world, stage="Customer", called="+1 555 0100 199")
    assert logged.status == 201, logged
    after = contact(world)
    assert values(after)["stage"]["name"] == "Customer" and values(after)["mobile_phone"] == "+15550100199"
    assert after["version"] > before["version"] and after["updated_at"] > before["updated_at"]
    [shown] = [f for f in logged.json["fields"] if f["name"] == "stage"]
    assert shown["custom_field_type"] == "single_select" and shown["value"]["name"] == "Customer"
    # The activity keeps what was submitted, whatever becomes of the record.
    change = {"fields": [{"name": "stage", "value": "Lead"}]}
    changed = world.api.patch(f"{CONTACTS}/{world.contact}", change, headers=etag_of(world.api, f"{CONTACTS}/{world.contact}"))
    assert changed.status == 200, changed
    assert values(world.api.ok("GET", f"{LOGGED}/{logged.json['id']}"))["stage"]["name"] == "Customer"
    assert values(contact(world))["stage"]["name"] == "Lead"


def test_an_empty_value_leaves_the_record_as_it_is(world):
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    assert log(world, note="first").status == 201
    version = contact(world)["version"]
    for answer in (log(world), log(world, note=None), log(world, note="")):
        assert answer.status == 201
    assert values(contact(world))["note"] == "first" and contact(world)["version"] == version


def test_a_hidden_bound_field_writes_nothing(world):
    path = objects_path(world)
    add_field(world, path, "done", "yes_no")
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    rules = {"rules": [{"match": "all", "conditions": [{"field": "done", "operator": "is_true"}], "targets": ["note"]}]}
    assert world.api.request("PUT", f"{path}/rules", rules, headers=etag_of(world.api, path)).status == 200
    assert log(world, note="hidden").status == 201
    assert values(contact(world))["note"] is None
    assert log(world, done=True, note="shown").status == 201
    assert values(contact(world))["note"] == "shown"


def test_the_first_record_of_its_object_is_written(world):
    farms = world.api.ok("POST", OBJECTS, {"name": "Farm"})
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    bind(world, "size", add_field(world, f"{OBJECTS}/{farms['id']}", "size", "integer"))
    second = world.api.ok("POST", CONTACTS, {"first_name": "Kim", "last_name": "Lee"})["id"]
    north, south = (world.api.ok("POST", "/api/records/farm", {"name": name})["id"] for name in ("North", "South"))
    entities = [{"id": south}, {"id": second}, {"id": world.contact}, {"id": north}]
    fields = [{"name": "note", "value": "met"}, {"name": "size", "value": 7}]
    logged = world.api.post(LOGGED, world.body(associated_entities=entities, fields=fields))
    assert logged.status == 201, logged
    assert [e["id"] for e in logged.json["associated_entities"]] == [e["id"] for e in entities]
    assert values(contact(world, second))["note"] == "met" and values(contact(world))["note"] is None
    assert values(world.api.ok("GET", f"/api/records/farm/{south}"))["size"] == 7
    assert values(world.api.ok("GET", f"/api/records/farm/{north}"))["size"] is None
    # About nothing: the activity keeps its values, and there is nothing to write them to.
    alone = world.api.post(LOGGED, world.body(associated_entities=[], fields=fields))
    assert alone.status == 201 and values(alone.json) == {"note": "met", "size": 7}


def test_what_the_record_refuses_is_logged_not_at_all(world, receiver):
    """One email a contact: the activity, its webhook and the other bound values are refused together."""
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    bind(world, "email", field_of(world, f"{OBJECTS}/contacts", "email"))
    world.api.ok("POST", CONTACTS, {"first_name": "Kim", "last_name": "Lee", "email": "kim@lee.test"})
    before = contact(world)
    refused = log(world, note="lost", email="kim@lee.test")
    assert refused.status == 409 and "kim@lee.test" in refused.json["detail"]
    assert contact(world) == before and world.api.pages(LOGGED) == [] and world.deliveries() == []
    assert log(world, note="kept", email="maria@new.test").status == 201
    assert contact(world)["email"] == "maria@new.test" and values(contact(world))["note"] == "kept"


def test_one_bad_record_hinders_nobody_else(world):
    """Among many that are committed together only the one that its record refuses fails."""
    bind(world, "email", field_of(world, f"{OBJECTS}/contacts", "email"))
    world.api.ok("POST", CONTACTS, {"first_name": "Kim", "last_name": "Lee", "email": "kim@lee.test"})
    answers, barrier = [], threading.Barrier(12)

    def run(number):
        barrier.wait()
        answers.append((number, log(world, email="kim@lee.test" if number % 4 == 0 else f"maria{number}@new.test")))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {number: answer.status for number, answer in answers} == {
        number: 409 if number % 4 == 0 else 201 for number in range(12)}
    assert len(world.api.pages(LOGGED)) == 9


def test_completing_writes_bound_values_as_well(world):
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    scheduled = world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": "2031-05-04T10:00:00Z",
        "associated_entities": [{"id": world.contact}]})
    answer = world.api.post(f"/api/activities/scheduled-activity/{scheduled['id']}/complete",
                            {"fields": [{"name": "note", "value": "done"}]})
    assert answer.status == 201, answer
    assert [e["id"] for e in answer.json["associated_entities"]] == [world.contact]
    assert values(contact(world))["note"] == "done"


def test_the_loser_of_a_completion_writes_nothing(world):
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    scheduled = world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": "2031-05-04T10:00:00Z",
        "associated_entities": [{"id": world.contact}]})
    answers, barrier = [], threading.Barrier(6)

    def run(number):
        barrier.wait()
        body = {"scheduled_activity_id": scheduled["id"], "fields": [{"name": "note", "value": f"by {number}"}]}
        answers.append((number, world.api.post(LOGGED, body)))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    [winner] = [number for number, answer in answers if answer.status == 201]
    assert values(contact(world))["note"] == f"by {winner}"
    assert contact(world)["version"] == 2


@pytest.mark.parametrize("position", ["before_commit", "after_commit"])
def test_m8_record_and_activity_are_written_together(make_server, receiver, position):
    """Killed around the commit: both are there, or neither."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    bind(world, "note", add_field(world, f"{OBJECTS}/contacts", "note"))
    server.stop()
    for at in range(1, 6):
        server.start(env={"HERALD_FAULTS": f"{position}={at}"}, wait=False)
        try:
            server.wait_listening()
        except AssertionError:
            assert not server.running  # it passed there before it listened
            server.kill()
            continue
        with pytest.raises(OSError):
            log(world, note="written")
        wait_for(lambda: not server.running, f"the kill at {position}")
        server.kill()
        break
    server.start()
    logged = world.api.pages(LOGGED)
    assert len(logged) == (position == "after_commit")
    assert values(contact(world))["note"] == ("written" if logged else None)
    assert all(values(activity)["note"] == "written" for activity in logged)


@pytest.mark.parametrize("text", [" ", "\t", "\n \r"])
def test_the_name_of_a_record_does_not_become_blank_by_logging(world, text):
    """Else nobody could change the record any more: its name would be refused each time."""
    target = field_of(world, f"{OBJECTS}/contacts", "first_name")
    bind(world, "called", target)
    answer = log(world, called=text)
    assert answer.status == 422 and answer.pointers == ["/fields/0/value"], answer
    assert contact(world)["first_name"] == "Maria"
    assert log(world, called="Mary").status == 201
    assert contact(world)["first_name"] == "Mary"


def test_w4_an_email_that_is_taken_is_refused_alone(world):
    """Whoever logs it again and again does not make the others' batches run again in halves."""
    world.api.ok("POST", CONTACTS, {"first_name": "Joan", "email": "joan@thompson.test"})
    bind(world, "mail", field_of(world, f"{OBJECTS}/contacts", "email"))
    statuses = []

    def refuse():
        for _ in range(10):
            statuses.append(log(world, mail="Joan@Thompson.test").status)

    with Load(world, clients=4) as load:
        wait_for(lambda: load.count > 20, "some load")
        threads = [threading.Thread(target=refuse) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [409] * 40 and not load.refused
    assert world.server.metrics()["batches_retried_total"] == 0
    assert contact(world)["email"] == "maria@thompson.test"


def test_a_record_object_that_a_field_writes_into_is_not_archived(world):
    sites = world.api.ok("POST", "/api/records/objects", {"name": "Site"})
    path = f"/api/records/objects/{sites['id']}"
    state = add_field(world, path, "state")
    made = world.api.ok("POST", "/api/activities/objects", {"name": "Visit", "association_objects": [sites["id"]]})
    bound = bind(world, "seen", state, made["id"])
    before = world.api.get(path)
    answer = world.api.request("DELETE", path, headers=etag_of(world.api, path))
    assert answer.status == 409, answer
    assert answer.json["detail"] == "The field 'Seen' of the Activity Object 'Visit' writes into it."
    assert world.api.get(path).json == before.json
    activity = objects_path(world, made["id"])
    world.api.ok("DELETE", f"{activity}/fields/{bound['id']}", headers=etag_of(world.api, activity))
    assert world.api.ok("DELETE", path, headers=etag_of(world.api, path))["archived_at"]
