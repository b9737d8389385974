"""M13, I8: generated from api/openapi.yaml, so that no operation is forgotten: who may do nothing, and ids of elsewhere."""

import http.client
import json
import urllib.parse
import uuid

import pytest

from support.api import Answer, Api, new_id
from support.examples import QUERY, ExampleWorld, operations

TAGS = sorted({operation.tag for operation in operations()})
# What an employee does with what is their own needs no permission: these paths, and what is below them.
OWN = ("/api/session", "/api/sessions", "/api/keys", "/api/password", "/api/profile")
# They say what is theirs, which for whoever has nothing is nothing (MISSION.md: assigned work is always theirs).
SHOWS_NOTHING = {"listScheduledActivities"}


def needs_permission(operation):
    return operation.operation.get("security") != [] and not any(
        operation.path == own or operation.path.startswith(own + "/") for own in OWN)


def ask(api, operation, target, body, headers):
    """The answer; of a stream that begins the head."""
    if not operation.streams:
        return api.request(operation.method, target, body, headers=headers)
    host, port = api.server.address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request(operation.method, target, headers={**api.credentials, **headers})
    answer = connection.getresponse()
    text = b"" if answer.status == 200 else answer.read()
    connection.close()
    return Answer(answer.status, answer.headers, text)


def newcomer(world, group):
    made = world.server.admin("employee", "add", "--business", world.ids["business"], "--first-name", "Nova", "--last-name",
                              "Bare", "--email", f"nova@{world.ids['business']}.test", "--group", group)
    key = world.server.admin("key", "add", "--user", made["user_id"], "--name", "tests")["api_key"]
    return Api(world.server, key, world.ids["business"], made["user_id"])


# ── who may do nothing ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tag", TAGS)
def test_m13_who_may_do_nothing_can_do_nothing(server, tag):
    """Each operation with each example that works for an owner; only what everybody may do with their own is left out."""
    world = ExampleWorld(server)
    nobody = newcomer(world, world.api.ok("POST", "/api/permission-groups", {"name": "Nothing"})["id"])
    wrong = []
    for operation in operations():
        if operation.tag != tag or not needs_permission(operation):
            continue
        for name, body in operation.examples.items():
            target, body = world.target(operation), world.replaced(body)
            answer = ask(nobody, operation, target, body, world.headers(operation, target))
            if operation.name in SHOWS_NOTHING:
                fine = answer.status == 200 and answer.json["results"] == []
            else:
                named = answer.status == 403 and "lack the permission" in answer.json["detail"]
                fine = named or answer.status == 404
            if not fine:
                wrong.append(f"{operation} {name}: {answer}")
    assert not wrong, "\n".join(wrong)


# ── ids of another Business ──────────────────────────────────────────────────────────────────────────────────────────


class OtherWorld(ExampleWorld):
    """With names of its own, that they can be told from those of the first one."""

    def _make_vehicles(self):
        return self.api.ok("POST", "/api/records/objects", {"name": "Vessel", "api_name": "vessels"})["id"]

    def _object(self, name, **more):
        return super()._object(name + " elsewhere", **more)


# api_names of the first world, and what they are in the other one.
NAMES = {"vehicles": "vessels", "sales_call": "sales_call_elsewhere", "Sales Call": "Sales Call elsewhere"}


def leaves(value, at=()):
    """(where, text) of each text in a body."""
    if isinstance(value, str):
        yield at, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(inner, (*at, key))


def put(value, at, new):
    if not at:
        return new
    copy = value.copy()
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


class Places:
    """Where in a request something of a Business is named."""

    def __init__(self, world, other):
        self.world, self.other = world, other

    def elsewhere(self, text):
        """What stands for the same in the other Business, and what stands for nothing; None: it names nothing."""
        if text in NAMES:
            return NAMES[text], "no_such_name"
        try:
            uuid.UUID(text)
        except ValueError:
            return None
        name = next((name for name, known in self.world.ids.items() if known == text), None)
        return (self.other.id(name), new_id()) if name else None

    def of(self, operation, target, body):
        """(what, target, body) twice: with what is of the other Business, and with what is nowhere."""
        path = target.split("/")
        for i, part in enumerate(path):
            for found in filter(None, [self.elsewhere(part)] +
                                [("vessels", "no_such_name")] * (operation.path.split("/")[i] == "{object}")):
                yield "path", *(("/".join(path[:i] + [new] + path[i + 1:]), body) for new in found)
        for parameter in operation.in_query():
            if parameter["name"] in QUERY:
                new = self.elsewhere(self.world.id(QUERY[parameter["name"]]))
                yield parameter["name"], *((f"{target}?{urllib.parse.urlencode({parameter['name']: n})}", body) for n in new)
        for at, text in leaves(body) if body is not None else ():
            new = self.elsewhere(text)
            if new:
                yield "/".join(map(str, at)), *((target, put(body, at, n)) for n in new)


def shape(answer, *ids):
    """An answer without what may differ: ids that were sent, and the request's own."""
    text = answer.text
    for sent in ids:
        text = text.replace(sent, "SENT")
    if answer.body and answer.headers.get_content_type().endswith("json"):
        text = json.loads(text)
        text.pop("request_id", None)
    return answer.status, sorted(name for name in answer.headers.keys() if name not in ("Date", "Content-Length")), text


LISTS = ("activities/logged", "activities/scheduled-activity", "activities/objects", "records/objects", "records/contacts",
         "webhooks/deliveries", "notifications", "employees", "roles", "permission-groups")


def everything(world):
    """What can be seen of a Business, but for what becomes of its deliveries by itself."""
    seen = {name: world.api.pages(f"/api/{name}") for name in LISTS if name not in ("webhooks/deliveries", "notifications")}
    for name in ("roles", "permission-groups"):
        seen[name] = [world.api.ok("GET", f"/api/{name}/{each['id']}") for each in seen[name]]
    for each in seen["activities/objects"]:
        each["fields"] = world.api.ok("GET", f"/api/activities/objects/{each['id']}/fields")
        each["rules"] = world.api.ok("GET", f"/api/activities/objects/{each['id']}/rules")
        each["sharing"] = world.api.ok("GET", f"/api/activities/objects/{each['id']}/sharing")
    return seen


@pytest.mark.parametrize("tag", TAGS)
def test_i8_ids_of_another_business_are_ids_of_nothing(server, tag):
    """Wherever an id or an api_name can stand: the answer is the one to an id that nothing has, and nothing is changed."""
    world, other = ExampleWorld(server), OtherWorld(server)
    for each in (world, other):
        for name in world.placeholders:
            each.id(name)
    before = everything(world), everything(other)
    wrong, count = [], 0
    for operation in operations():
        if operation.tag != tag or not needs_permission(operation):
            continue
        target, headers = world.target(operation), world.headers(operation, world.target(operation))
        for body in operation.examples.values():
            for what, there, nowhere in Places(world, other).of(operation, target, world.replaced(body)):
                answers = [ask(world.api, operation, *request, headers) for request in (there, nowhere)]
                sent = [[text for _, text in leaves([request[0].split("/"), request[0].split("=", 1), request[1]])]
                        for request in (there, nowhere)]
                differ = [[a for a, b in zip(*pair) if a != b] for pair in (sent, sent[::-1])]
                said = [shape(answer, *ids) for answer, ids in zip(answers, differ)]
                count += 1
                if said[0] != said[1]:
                    wrong.append(f"{operation} {what}: {answers[0]}, but of nothing: {answers[1]}")
    assert not wrong, "\n".join(wrong)
    assert (everything(world), everything(other)) == before
    named = [operation for operation in operations() if operation.tag == tag and "{" in operation.path]
    assert count >= len([operation for operation in named if needs_permission(operation)])
