"""
Every refused write names each offending member, in one answer, and writes nothing: what cannot be read (by the schema)
and what the domain refuses (by the table below), mixed by a seeded random, for each operation of api/openapi.yaml.
"""

import json
import random
import urllib.parse

import pytest

from support.contract import contract
from support.examples import ExampleWorld, operations
from support.api import Api, new_id

BLANK = " \t "
LONG = "x" * 5000

# What can be read and is refused all the same: for each member one value, or several.
NAME = [BLANK, "x" * 101, "\u00a0\u3000"]
OBJECT = {"name": NAME, "api_name": ["Two Words", "9"], "description": [LONG], "color": ["red", "#12345"],
          "icon": ["A b"], "association_mode": ["many"], "association_objects": [[new_id()]],
          "default_submission_action": ["call"], "redirect_url": ["ftp://x.test/"], "webhook_url": ["nowhere"]}
FIELD = {"display_name": NAME, "description": [LONG], "options": [["A"], [7]], "limits": [{"odd": 1}]}
NEW_FIELD = {**FIELD, "name": ["Two Words", "9"], "field_type": ["number"], "target_object_id": [new_id()]}
RECORD = {"email": ["nobody"], "fields": [[{"name": "odd", "value": 1}]], "owner_id": [new_id()]}
SCHEDULED = {"employee_id": [new_id()], "role_id": [new_id()], "mentions": [[new_id()]], "note": ["x" * 10_001],
             "associated_entities": [[{"id": new_id()}]]}
REFUSED = {
    "logActivity": {"activity_object_id": [new_id()], "notes": ["x" * 10_001], "mentions": [[new_id()]],
                    "associated_entities": [[{"id": new_id()}]]},
    "completeScheduledActivity": {"notes": ["x" * 10_001], "mentions": [[new_id()]],
                                  "associated_entities": [[{"id": new_id()}]],
                                  "fields": [[{"name": "odd", "value": 1}]]},
    "scheduleActivity": {**SCHEDULED, "activity_object_id": [new_id()]},
    "changeScheduledActivity": SCHEDULED,
    "createActivityObject": OBJECT,
    "changeActivityObject": OBJECT,
    "createRecordObject": {"name": NAME, "api_name": ["Two Words", "contacts", "objects"], "description": [LONG]},
    "changeRecordObject": {"name": NAME, "description": [LONG]},
    "createRecord": RECORD,
    "changeRecord": RECORD,
    "createActivityField": {**NEW_FIELD, "name": ["Two Words", "outcome"]},
    "createRecordField": {**NEW_FIELD, "name": ["Two Words", "name"]},
    "changeActivityField": FIELD,
    "changeRecordField": FIELD,
    "orderActivityFields": {"fields": [[new_id()]]},
    "orderRecordFields": {"fields": [[new_id()]]},
    "replaceActivityRules": {"rules": [[{"match": "all", "conditions": [], "targets": []}], [7]]},
    "setActivitySharing": {"roles": [[new_id()]], "employees": [[new_id()]]},
    "createPermissionGroup": {"name": NAME, "permissions": [{"odd": {}}, {"records": {"fly": "all"}}]},
    "changePermissionGroup": {"name": NAME, "permissions": [{"odd": {}}]},
    "setPermissionGroupMembers": {"members": [[new_id()]]},
    "createRole": {"name": NAME},
    "renameRole": {"name": NAME},
    "setRoleMembers": {"members": [[new_id()]]},
    "setRoleGroups": {"groups": [[new_id()]]},
    "createEmployee": {"first_name": NAME, "email": ["nobody", "sam.lee"], "group_ids": [[new_id()]],
                       "role_ids": [[new_id()]]},
    "updateEmployee": {"first_name": NAME},
    "createKey": {"name": NAME, "expires_at": ["2001-01-01T00:00:00Z"], "business_id": [new_id()]},
    "renameKey": {"name": NAME},
}
# Whether the domain takes it cannot be said unless those can be read and are right.
DEPENDS = {
    "options": ("field_type", "bound_field_id"), "limits": ("field_type", "bound_field_id"),
    "target_object_id": ("field_type", "bound_field_id"), "fields": ("activity_object_id", "scheduled_activity_id"),
    "employees": (), "default": ("field_type", "bound_field_id"),
}
# They only ask. What needs a browser, or no credentials at all, has tests of its own.
NO_WRITES = {"searchRecords", "postActivityForm"}
# Whatever stands there is a value of a type that only the domain knows.
ANY = {"default"}


def writes():
    return [op for op in operations() if op.content and op.name not in NO_WRITES and op.operation.get("security") is None]


def members(schema):
    """The members that a body may have, by name."""
    schema = contract()._follow(schema)
    known = {}
    for part in schema.get("allOf", []):
        known.update(members(part))
    known.update(schema.get("properties", {}))
    return known


def of_wrong_type(rng, schema):
    """A value of a JSON type that the schema does not have."""
    schema = contract()._follow(schema)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    values = {"string": "x", "integer": 7, "boolean": True, "array": [], "object": {}}
    return rng.choice([value for kind, value in values.items() if kind not in kinds])


def mixed(rng, operation, base):
    """A body with members wrong in both ways, and those that are (name → how)."""
    known = members(operation.content["schema"])
    refused = REFUSED.get(operation.name, {})
    body, wrong = dict(base), {}
    for name in known:
        how = rng.choice(["read", "domain", None])
        if how == "read" and name not in ANY:
            body[name], wrong[name] = of_wrong_type(rng, known[name]), how
        elif how == "domain" and name in refused:
            body[name], wrong[name] = rng.choice(refused[name]), how
    if wrong.get("activity_object_id") == "domain" and "activity_object_name" not in wrong:
        body.pop("activity_object_name", None)  # one of the two names it
    for name, others in DEPENDS.items():
        if wrong.get(name) == "domain" and any(other in wrong for other in others):
            body.pop(name), wrong.pop(name)
    if not operation.wire and rng.random() < 0.3:
        body["shoe_size"], wrong["shoe_size"] = 44, "unknown"
    return body, wrong


def named(pointers, name):
    return any(p == "/" + name or p.startswith(f"/{name}/") for p in pointers)


def state(api, target):
    """What a write could change there."""
    answer = api.request("GET", target)
    return answer.body if answer.status == 200 else None


def short(body):
    return json.dumps({name: value if len(str(value)) < 200 else "…" for name, value in body.items()})


def check(world, operation, target, body, wrong):
    headers = world.headers(operation, target)
    answer = world.api.request(operation.method, target, body, headers=headers)
    what = f"{operation} {short(body)}\n{answer.text[:4000]}"
    assert answer.status in (409, 422), what
    pointers = answer.pointers
    missing = [name for name in wrong if not named(pointers, name)]
    assert not missing, f"{missing} not named: {what}"
    for name, how in wrong.items():
        told = [p for p in pointers if p == "/" + name or p.startswith(f"/{name}/")]
        assert how != "read" or len(told) == 1, f"{name} could not be read and is told {told}: {what}"


@pytest.mark.core
def test_each_offending_member_is_named_in_one_answer(server):
    world = ExampleWorld(server)
    rng = random.Random(4)
    both = {}
    for operation in writes():
        target = world.target(operation)
        bases = [world.replaced(example) for example in operation.examples.values()]
        before = state(world.api, target)
        for round in range(30):
            body, wrong = mixed(rng, operation, rng.choice(bases))
            if wrong:
                check(world, operation, target, body, wrong)
                both.setdefault(operation.name, set()).add(frozenset(wrong.values()) - {"unknown"})
        assert state(world.api, target) == before, f"{operation}: something was written"
    # The test itself: both kinds at once wherever there are two members to get wrong.
    for name, kinds in both.items():
        if len(REFUSED.get(name, ())) > 1:
            assert {"read", "domain"} in kinds, name


def test_all_members_wrong_at_once(server):
    """Every member of an Activity Object, half of them unreadable: in both halves."""
    world = ExampleWorld(server)
    known = {name: schema for name, schema in members(
        next(op for op in writes() if op.name == "createActivityObject").content["schema"]).items()}
    for half in (0, 1):
        body = {name: {"no": 1} if i % 2 == half else OBJECT[name][0] for i, name in enumerate(known)}
        answer = world.api.post("/api/activities/objects", body)
        assert answer.status == 422 and sorted({"/" + p.split("/")[1] for p in answer.pointers}) == sorted(
            "/" + name for name in known), answer


def test_what_is_taken_is_told_with_the_rest(server):
    """Alone it is a 409 that names the member; with other members it is one of them."""
    world = ExampleWorld(server)
    world.id("sales_call"), world.id("maria"), world.id("sales_team"), world.id("agents")
    cases = [("/api/activities/objects", {"name": "S", "api_name": "sales_call"}, "/api_name", {"color": "red"}, "/color"),
             ("/api/records/objects", {"name": "C", "api_name": "contacts"}, "/api_name", {"description": 7}, "/description"),
             ("/api/records/contacts", {"first_name": "M", "email": "maria@thompson.test"}, "/email", {"owner_id": "x"},
              "/owner_id"),
             ("/api/roles", {"name": "Sales"}, "/name", {"odd": 1}, "/odd"),
             ("/api/permission-groups", {"name": "Agents in the field"}, "/name", {"permissions": 7}, "/permissions")]
    for path, body, taken, more, other in cases:
        alone = world.api.post(path, body)
        assert alone.status == 409 and alone.pointers == [taken], alone
        together = world.api.post(path, {**body, **more})
        assert together.status == 422 and sorted(together.pointers) == sorted([taken, other]), together


def test_what_cannot_be_archived_is_told_with_the_rest(server):
    """Contacts, and a field that a rule needs."""
    world = ExampleWorld(server)
    world.id("rule")
    fields = f"/api/activities/objects/{world.id('sales_call')}/fields"
    for path, wrong in (("/api/records/objects/contacts", {"name": 7}), (f"{fields}/{world.id('outcome')}", {"limits": 7})):
        alone = world.api.patch(path, {"archived": True}, headers=world.if_match(path))
        assert alone.status == 409, alone
        together = world.api.patch(path, {"archived": True, **wrong}, headers=world.if_match(path))
        assert together.status == 422 and sorted(together.pointers) == sorted(["/archived", *("/" + w for w in wrong)]), together


def test_permission_place_and_version_come_before_content(server):
    """Whoever may not, or writes about something that is not there or has changed, is told that first."""
    world = ExampleWorld(server)
    path = f"/api/activities/objects/{world.id('sales_call')}"
    wrong = {"name": 7, "color": "red"}
    assert world.api.patch(path, wrong, headers={"If-Match": '"99"'}).status == 412
    assert world.api.patch(f"/api/activities/objects/{new_id()}", wrong, headers={"If-Match": '"1"'}).status == 404
    assert world.api.patch(f"/api/activities/scheduled-activity/{new_id()}", {"due_datetime": 7}).status == 404
    answer = world.api.patch(path, wrong, headers=world.if_match(path))
    assert answer.status == 422 and sorted(answer.pointers) == ["/color", "/name"]


# What no parameter of that kind can be, by what it is called or what its schema says.
NO_VALUE = {"integer": ["x", "-1", ""], "uuid": ["x", "00000000-0000-0000-0000-000000000000"], "date-time": ["tomorrow"],
            "enum": ["never"], "cursor": ["nonsense"], "values": ["[]", "{"]}


def kind_of(parameter):
    schema = contract()._follow(parameter["schema"])
    return parameter["name"] if parameter["name"] in NO_VALUE else \
        "enum" if "enum" in schema else schema.get("format", schema.get("type"))


@pytest.mark.core
def test_each_refused_parameter_is_named(server):
    world = ExampleWorld(server)
    seen = set()
    for operation in operations():
        if operation.method != "GET" or not operation.path.startswith("/api/") or operation.path.endswith(".yaml"):
            continue
        target = world.target(operation)
        for parameter in operation.in_query():
            for value in NO_VALUE.get(kind_of(parameter), []):
                answer = world.api.get(f"{target}?{urllib.parse.urlencode({parameter['name']: value})}")
                assert answer.status == 400 and answer.parameters == [parameter["name"]], (operation, value, answer)
                assert parameter["name"] in answer.json["detail"] or kind_of(parameter) == "values", answer
                seen.add(kind_of(parameter))
        if not operation.wire:
            answer = world.api.get(target + "?shoe_size=44&limits=1")
            assert answer.status == 400 and answer.parameters == ["shoe_size", "limits"], (operation, answer)
    assert seen == set(NO_VALUE)


def test_the_reference_is_one_page(server):
    """With a slash behind its address, too."""
    api = Api(server)
    page = api.get("/reference")
    assert page.status == 200 and b"reference.css" in page.body
    answer = api.get("/reference/")
    assert answer.status == 308 and answer.headers["Location"] == "/reference"
    assert api.get("/referenced").body != page.body
