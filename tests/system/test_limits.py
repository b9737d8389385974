"""Each limit of what a request may hold is configuration, and is where it says: the greatest is taken, one more is not."""

import json

import pytest

from support.examples import ExampleWorld

LOG = "/api/activities/logged"
OBJECTS = "/api/activities/objects"
SCHEDULE = "/api/activities/scheduled-activity"
FLAGS = {
    "--name-limit": 20, "--text-limit": 20, "--long-text-limit": 30, "--notes-limit": 25, "--list-limit": 3,
    "--field-limit": 5, "--option-limit": 4, "--rule-limit": 2, "--condition-limit": 2, "--json-depth": 8,
    "--json-values": 150, "--body-limit": 4096,
}


@pytest.fixture
def small(make_server):
    """A Business on a server on which everything is small."""
    return ExampleWorld(make_server(flags=[word for flag, most in FLAGS.items() for word in (flag, str(most))]))


def text(flag, more=0):
    """As long as it may be, in characters of several bytes, or longer."""
    return "ü" * (FLAGS[flag] + more)


def taken(answer):
    assert answer.status in (200, 201), answer


def refused(answer, pointer):
    assert answer.status == 422 and any(p.startswith(pointer) for p in answer.pointers), answer


def log(world, **more):
    return world.api.post(LOG, {"activity_object_id": world.id("sales_call"),
                                "associated_entities": [{"id": world.id("maria")}], **more})


def field(world, owner=OBJECTS, thing="sales_call", **more):
    path = f"{owner}/{world.id(thing)}/fields"
    return world.api.post(path, {"name": "note", "display_name": "Note", "field_type": "text", **more},
                          headers=world.if_match(path))


def rules(world, some):
    path = f"{OBJECTS}/{world.id('sales_call')}/rules"
    return world.api.request("PUT", path, {"rules": some}, headers=world.if_match(path))


def rule(target, conditions=1, **more):
    return {"name": "R", "match": "any", "targets": [target], "conditions":
            [{"field": "outcome", "operator": "equals", "value": "Won"}] * conditions, **more}


@pytest.mark.core
def test_names(small):
    taken(small.api.post(OBJECTS, {"name": text("--name-limit"), "api_name": "long"}))
    refused(small.api.post(OBJECTS, {"name": text("--name-limit", 1)}), "/name")
    taken(small.api.post("/api/records/objects", {"name": text("--name-limit"), "api_name": "longs"}))
    refused(small.api.post("/api/records/objects", {"name": text("--name-limit", 1)}), "/name")
    taken(small.api.post("/api/roles", {"name": text("--name-limit")}))
    refused(small.api.post("/api/roles", {"name": text("--name-limit", 1)}), "/name")
    contact = {"first_name": text("--name-limit"), "last_name": text("--name-limit"), "email": "a@b.test"}
    taken(small.api.post("/api/records/contacts", contact))
    for name in ("first_name", "last_name"):
        contact = {"first_name": "Ann", "last_name": "Lee", "email": "c@d.test", name: text("--name-limit", 1)}
        refused(small.api.post("/api/records/contacts", contact), "/" + name)
    taken(field(small, display_name=text("--name-limit")))
    refused(field(small, name="other", display_name=text("--name-limit", 1)), "/display_name")


@pytest.mark.core
def test_texts(small):
    taken(small.api.post(OBJECTS, {"name": "A", "description": text("--text-limit")}))
    refused(small.api.post(OBJECTS, {"name": "B", "description": text("--text-limit", 1)}), "/description")
    for flag, kind in (("--text-limit", "text"), ("--long-text-limit", "long_text")):
        taken(field(small, name=kind, field_type=kind))
        taken(log(small, fields=[{"name": kind, "value": text(flag)}]))
        refused(log(small, fields=[{"name": kind, "value": text(flag, 1)}]), "/fields/0/value")


@pytest.mark.core
def test_notes(small):
    taken(log(small, notes=text("--notes-limit")))
    refused(log(small, notes=text("--notes-limit", 1)), "/notes")
    scheduled = {"activity_object_id": small.id("sales_call"), "due_datetime": "2031-05-04T10:00:00Z"}
    taken(small.api.post(SCHEDULE, {**scheduled, "note": text("--notes-limit")}))
    refused(small.api.post(SCHEDULE, {**scheduled, "note": text("--notes-limit", 1)}), "/note")


@pytest.mark.core
def test_lists(small):
    records = [{"id": small.api.ok("POST", "/api/records/contacts", {
        "first_name": "A", "last_name": str(i), "email": f"a{i}@b.test"})["id"]} for i in range(4)]
    taken(log(small, associated_entities=records[:3]))
    refused(log(small, associated_entities=records), "/associated_entities")
    people = [small._employee(small.ids["business"], "E", str(i))["employee_id"] for i in range(4)]
    taken(log(small, mentions=people[:3]))
    refused(log(small, mentions=people), "/mentions")
    objects = [small.api.ok("POST", "/api/records/objects", {"name": f"O{i}"})["id"] for i in range(4)]
    about = {"association_mode": "one_or_more"}
    taken(small.api.post(OBJECTS, {"name": "A", **about, "association_objects": objects[:3]}))
    refused(small.api.post(OBJECTS, {"name": "B", **about, "association_objects": objects}), "/association_objects")


@pytest.mark.core
def test_fields_and_options(small):
    for i in range(FLAGS["--field-limit"] - 2):  # two are there
        taken(field(small, name=f"f{i}"))
    answer = field(small, name="one_more")
    assert answer.status in (409, 422), answer
    options = [{"name": f"o{i}"} for i in range(5)]
    taken(field(small, "/api/records/objects", "vehicles", name="a", field_type="single_select", options=options[:4]))
    refused(field(small, "/api/records/objects", "vehicles", name="b", field_type="single_select", options=options), "/options")


@pytest.mark.core
def test_rules_and_conditions(small):
    for i in range(3):
        taken(field(small, name=f"f{i}"))
    taken(rules(small, [rule("f0", conditions=2), rule("f1")]))
    refused(rules(small, [rule("f0", conditions=3)]), "/rules/0/conditions")
    refused(rules(small, [rule("f0"), rule("f1"), rule("f2")]), "/rules")
    taken(rules(small, [rule("f0", targets=["f0", "f1"])]))
    refused(rules(small, [rule("f0", targets=["f0", "f1", "f2"])]), "/rules/0/targets")


@pytest.mark.core
def test_json_and_body(small):
    """On a wire operation, which ignores the member that it does not know."""
    plain = {"activity_object_id": small.id("inspection")}
    inner = {"association_mode": "none"}
    made = small.api.post(OBJECTS, {"name": "Alone", **inner})
    taken(made)
    plain = {"activity_object_id": made.json["id"]}
    for deep, wide, status in ((7, 0, 201), (8, 0, 400), (1, 147, 201), (1, 148, 400)):
        value = "[" * deep + ",".join("1" * wide) + "]" * deep
        # Three values are there besides: the body, the id and the member; and a level.
        body = json.dumps(plain)[:-1] + f', "odd": {value}}}'
        answer = small.api.post(LOG, body.encode())
        assert answer.status == status, (deep, wide, answer)
    body = json.dumps(plain).encode()
    taken(small.api.post(LOG, body + b" " * (4096 - len(body))))
    assert small.api.post(LOG, body + b" " * (4097 - len(body))).status == 413
