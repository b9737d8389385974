"""M4: only logging and completing fire a webhook. Everything else that the API can do is done to a type with a webhook,
and the receiver's requests are counted."""

import pytest

from support.contract import contract
from support.examples import ExampleWorld, operations
from support.wait import wait_for
from test_openapi_examples import BY_A_PERSON, send

pytestmark = pytest.mark.core

FIRES = {
    "logActivity": "what a webhook tells of",
    "completeScheduledActivity": "logs an activity",
}
SCHEDULED = "/api/activities/scheduled-activity"


@pytest.fixture
def server(mailing_server):
    """Some operations send an email."""
    return mailing_server


class Watch:
    """All worlds of a test, and which activities they logged: a webhook about anything else is one too many."""

    def __init__(self, server, receiver):
        self.server, self.receiver = server, receiver
        self.worlds, self.logged = [], set()

    def world(self):
        self.worlds.append(ExampleWorld(self.server, webhook=self.receiver.url()))
        return self.worlds[-1]

    def note(self, world):
        """Called when what fires has been done, before anything is deleted."""
        self.logged |= {world.ids[name] for name in ("logged",) if name in world.ids}

    def deliveries(self):
        return [found for world in self.worlds for found in world.api.pages("/api/webhooks/deliveries")]

    def check(self):
        """The receiver works: one more is logged, and arrives. All that was sent was about what was logged."""
        control = self.world()
        control.id("logged")
        for world in self.worlds:
            self.note(world)
        self.receiver.wait_for_activity(control.ids["logged"])
        wait_for(lambda: all(found["state"] != "pending" for found in self.deliveries()), "the last delivery")
        assert {found["logged_activity_id"] for found in self.deliveries()} == self.logged
        assert self.receiver.counts() == {activity: 1 for activity in self.logged}


def try_operation(watch, operation):
    if operation.name in BY_A_PERSON:
        BY_A_PERSON[operation.name](watch.world(), operation)
        return
    for body in operation.examples.values():
        world = watch.world()
        world.id("sales_call")
        if operation.for_people:
            world.api = world.person()
        target = world.target(operation)
        send(world, operation, target, world.replaced(body))


def test_m4_no_operation_fires_but_logging_and_completing(server, receiver):
    """Whoever adds an operation to the API has it tried here, or says in FIRES why it may fire."""
    watch = Watch(server, receiver)
    broken = []
    for operation in operations():
        if operation.name in FIRES:
            continue
        try:
            try_operation(watch, operation)
        except AssertionError as error:
            broken.append(f"{operation}: {error}")
    assert not broken, "\n\n".join(broken)
    assert set(FIRES) <= {operation.name for operation in operations()}, "excused, but there is no such operation"
    watch.check()


# What each member of a change may become; None: it is taken away.
CHANGES = {
    "due_datetime": ["2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"],
    "employee_id": ["alex", "sam", None],
    "role_id": ["sales_team", None],
    "note": ["another note", None],
    "mentions": [["alex", "sam"], None],
    "notify_mentioned": [True, False],
    "associated_entities": [[], [{"id": "tom"}], [{"id": "maria"}, {"id": "tom"}]],
}


def real(world, value):
    """The value with the ids that names of x-example-ids stand for."""
    if isinstance(value, list):
        return [real(world, item) for item in value]
    if isinstance(value, dict):
        return {name: real(world, item) for name, item in value.items()}
    return world.id(value) if isinstance(value, str) and value in world.placeholders else value


def test_m4_no_change_of_a_scheduled_activity_fires(server, receiver):
    described = contract().document["components"]["schemas"]["ChangeScheduledActivity"]["properties"]
    assert set(described) == set(CHANGES), "a member of the change has nothing to be changed to here"
    watch = Watch(server, receiver)
    world = watch.world()
    path = f"{SCHEDULED}/{world.id('scheduled')}"
    for name, values in CHANGES.items():
        for value in values:
            answer = world.api.patch(path, {name: real(world, value)})
            assert answer.status == 200, (name, value, answer)
    assert world.api.request("DELETE", path).status == 204
    watch.check()


def test_m4_no_way_of_scheduling_fires(server, receiver):
    watch = Watch(server, receiver)
    world = watch.world()
    object_id = world.id("sales_call")
    for more in ({}, {"employee_id": "alex"}, {"role_id": "sales_team"}, {"mentions": ["sam"], "notify_mentioned": True},
                 {"associated_entities": [{"id": "maria"}]}, {"due_datetime": "2020-01-01T00:00:00Z"},
                 {"original_due_datetime": "2020-01-01T00:00:00Z"}):
        world.api.ok("POST", SCHEDULED, {
            "activity_object_id": object_id, "due_datetime": "2031-05-04T10:00:00Z", **real(world, more)})
    assert len(world.api.pages(SCHEDULED)) == 7
    watch.check()


def test_m4_deleting_fires_nothing(server, receiver):
    """All that can be deleted, around an activity that was scheduled, completed and so fired once."""
    watch = Watch(server, receiver)
    world = watch.world()
    scheduled, opened = world.id("scheduled"), world.id("logged")
    completed = world.api.ok("POST", f"{SCHEDULED}/{scheduled}/complete", {})["id"]
    watch.logged |= {opened, completed}
    receiver.wait(2)
    left = world.api.ok("POST", SCHEDULED, {"activity_object_id": world.id("sales_call"),
                                            "due_datetime": "2031-05-04T10:00:00Z"})["id"]
    for path in (f"{SCHEDULED}/{left}", f"{SCHEDULED}/{scheduled}", f"/api/activities/logged/{completed}",
                 f"/api/activities/logged/{opened}", f"/api/records/contacts/{world.id('maria')}",
                 f"/api/activities/objects/{world.id('sales_call')}"):
        answer = world.api.request("DELETE", path, headers=world.if_match(path))
        assert answer.status in (200, 204), (path, answer)
    watch.check()
