"""The audit log: every change of settings, permissions and credentials, with who, when, from where, before and after."""

import csv
import io
import json
import re
import threading
import uuid

import pytest

from support.api import Api
from support.audit import Grown, entries
from support.database import psql
from support.examples import ExampleWorld, operations
from support.person import PASSWORD, Person, set_password, signed_in
from support.server import run
from support.sql import execute
from support.wait import wait_for
from support.world import World

SECRET = "s3cret-in-a-query"


def add_employee(world, first, *words):
    """An employee with a key; `words`: more for `herald admin employee add`."""
    made = world.server.admin("employee", "add", "--business", world.business, "--first-name", first, "--last-name",
                              "Lee", "--email", f"{first.lower()}@acme.test", *words)
    made["key"] = world.server.admin("key", "add", "--user", made["user_id"], "--name", "tests")["api_key"]
    made["api"] = Api(world.server, made["key"], world.business, made["user_id"])
    return made


def changed(world, method, path, body=None, ok=(200, 201, 204)):
    """A change of what has an ETag."""
    versioned = re.sub(r"/order$", "", path)
    answer = world.api.request(method, path, body, headers={"If-Match": world.api.get(versioned).headers["ETag"]})
    assert answer.status in ok, answer
    return answer


def became(**members):
    """Of something new."""
    return {name: {"before": None, "after": value} for name, value in members.items()}


# ── each kind of thing: what is said ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.core
def test_an_activity_object_from_first_to_last(world):
    with Grown(world.api) as log:
        made = world.api.ok("POST", "/api/activities/objects", {"name": "Site Visit"})
    entry = log.one
    assert entry["action"] == "activity_object.created"
    assert entry["subject"] == {"kind": "activity_object", "id": made["id"], "name": "Site Visit"}
    assert entry["changes"] == {
        **became(name="Site Visit", api_name="site_visit", association_mode="one_or_more",
                 default_submission_action="redirect")}

    path = f"/api/activities/objects/{made['id']}"
    with Grown(world.api) as log:
        changed(world, "PATCH", path, {"name": "Visit", "color": "#123456", "default_submission_action": "trigger_webhook",
                                       "webhook_url": f"https://hooks.test/a/b?token={SECRET}&x&y=1"})
    entry = log.one
    assert entry["action"] == "activity_object.changed" and entry["subject"]["name"] == "Visit"
    assert entry["changes"] == {
        "name": {"before": "Site Visit", "after": "Visit"},
        "color": {"before": None, "after": "#123456"},
        "default_submission_action": {"before": "redirect", "after": "trigger_webhook"},
        "webhook_url": {"before": None, "after": "https://hooks.test/a/b?token=***&***&y=***"}}

    with Grown(world.api) as log:
        changed(world, "PATCH", path, {"webhook_url": f"https://hooks.test/a/b?token={SECRET}2&x&y=1"})
    assert log.one["changes"] == {"webhook_url": {"before": "https://hooks.test/a/b?token=***&***&y=***",
                                                  "after": "https://hooks.test/a/b?token=***&***&y=***"}}

    with Grown(world.api) as log:
        changed(world, "DELETE", path)
        changed(world, "PATCH", path, {"archived": False})
    assert [e["changes"] for e in log.entries] == [{"archived": {"before": False, "after": True}},
                                                   {"archived": {"before": True, "after": False}}]


def test_the_association_of_an_activity_object(world):
    contacts = world.api.ok("GET", "/api/records/objects/contacts")["id"]
    with Grown(world.api) as log:
        changed(world, "PATCH", f"/api/activities/objects/{world.object}", {"association_objects": [contacts]})
    assert log.one["changes"] == {"association_objects": {"before": [], "after": [contacts]}}


@pytest.mark.core
def test_fields_and_their_order(world):
    fields = f"/api/activities/objects/{world.object}/fields"
    with Grown(world.api) as log:
        made = changed(world, "POST", fields, {"display_name": "Outcome", "field_type": "single_select",
                                               "options": [{"name": "Won"}]}).json
    entry, option = log.one, made["options"][0]
    assert entry["action"] == "field.created"
    assert entry["subject"] == {"kind": "field", "id": made["id"], "name": "Sales Call: Outcome"}
    assert entry["changes"] == became(
        object_id=world.object, name="outcome", field_type="single_select", display_name="Outcome", limits={},
        options=[{"id": option["id"], "name": "Won", "color": None, "archived": False}])

    with Grown(world.api) as log:
        changed(world, "PATCH", f"{fields}/{made['id']}", {"required": True, "options": [{"name": "Won", "color": "#00ff00"}]})
    entry = log.one
    assert entry["action"] == "field.changed" and set(entry["changes"]) == {"required", "options"}
    assert entry["changes"]["required"] == {"before": False, "after": True}
    assert entry["changes"]["options"]["after"][0] == {**option, "color": "#00ff00"}

    second = changed(world, "POST", fields, {"display_name": "Next", "field_type": "text"}).json["id"]
    with Grown(world.api) as log:
        changed(world, "PUT", f"{fields}/order", {"fields": [second, made["id"]]})
    assert log.one["action"] == "activity_object.fields_reordered" and log.one["subject"]["id"] == world.object
    assert log.one["changes"] == {"fields": {"before": [made["id"], second], "after": [second, made["id"]]}}

    with Grown(world.api) as log:
        changed(world, "DELETE", f"{fields}/{second}")
    assert log.one["action"] == "field.changed"
    assert log.one["changes"] == {"archived": {"before": False, "after": True}}


def test_rules(world):
    fields, rules = (f"/api/activities/objects/{world.object}/{part}" for part in ("fields", "rules"))
    shown, asked = (changed(world, "POST", fields, {"display_name": name, "field_type": "yes_no"}).json["id"]
                    for name in ("Shown", "Asked"))
    rule = {"name": "R", "match": "all", "targets": ["shown"],
            "conditions": [{"field": "asked", "operator": "is_true"}]}
    with Grown(world.api) as log:
        made = changed(world, "PUT", rules, {"rules": [rule]}).json["rules"][0]
    entry = log.one
    assert entry["action"] == "activity_object.rules_changed" and entry["subject"]["id"] == world.object
    assert entry["changes"] == {"rules": {"before": [], "after": [
        {"id": made["id"], "name": "R", "match": "all", "targets": [shown],
         "conditions": [{"field": asked, "operator": "is_true", "operands": []}]}]}}
    with Grown(world.api) as log:
        changed(world, "PUT", rules, {"rules": []})
    assert log.one["changes"]["rules"]["after"] == []


@pytest.mark.core
def test_sharing(world):
    sam = add_employee(world, "Sam")
    role = world.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
    path = f"/api/activities/objects/{world.object}/sharing"
    with Grown(world.api) as log:
        changed(world, "PUT", path, {"everyone": False, "roles": [role], "employees": [sam["employee_id"]]})
    entry = log.one
    assert entry["action"] == "activity_object.sharing_changed"
    assert entry["subject"] == {"kind": "activity_object", "id": world.object, "name": "Sales Call"}
    assert entry["changes"] == {"everyone": {"before": True, "after": False}, "roles": {"before": [], "after": [role]},
                                "employees": {"before": [], "after": [sam["employee_id"]]}}


def test_record_objects(world):
    with Grown(world.api) as log:
        made = world.api.ok("POST", "/api/records/objects", {"name": "Vehicle"})
        path = f"/api/records/objects/{made['id']}"
        changed(world, "PATCH", path, {"name": "Van", "description": "What we drive"})
        changed(world, "DELETE", path)
    assert log.actions == ["record_object.created", "record_object.changed", "record_object.changed"]
    assert [e["changes"] for e in log.entries] == [
        became(name="Vehicle", api_name="vehicle"),
        {"name": {"before": "Vehicle", "after": "Van"}, "description": {"before": None, "after": "What we drive"}},
        {"archived": {"before": False, "after": True}}]
    assert {e["subject"]["id"] for e in log.entries} == {made["id"]}


@pytest.mark.core
def test_roles_and_their_groups(world):
    sam = add_employee(world, "Sam")
    group = world.api.ok("POST", "/api/permission-groups", {"name": "Agents"})["id"]
    with Grown(world.api) as log:
        role = world.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
        world.api.ok("PATCH", f"/api/roles/{role}", {"name": "Field Sales"})
        world.api.ok("PUT", f"/api/roles/{role}/members", {"members": [sam["employee_id"]]})
        world.api.ok("PUT", f"/api/roles/{role}/groups", {"groups": [group]})
    assert log.actions == ["role.created", "role.changed", "role.members_changed", "role.groups_changed"]
    assert [e["changes"] for e in log.entries] == [
        became(name="Sales"), {"name": {"before": "Sales", "after": "Field Sales"}},
        {"members": {"before": [], "after": [sam["employee_id"]]}}, {"groups": {"before": [], "after": [group]}}]
    assert [e["subject"]["name"] for e in log.entries] == ["Sales"] + ["Field Sales"] * 3


@pytest.mark.core
def test_permission_groups(world):
    sam = add_employee(world, "Sam")
    with Grown(world.api) as log:
        group = world.api.ok("POST", "/api/permission-groups", {"name": "Agents", "permissions": {"records": {"view": "my"}}})["id"]
        path = f"/api/permission-groups/{group}"
        changed(world, "PATCH", path, {"permissions": {"records": {"view": "all"}, "audit": {"view": "all"}}})
        world.api.ok("PUT", f"{path}/members", {"members": [sam["employee_id"]]})
        changed(world, "DELETE", path)
    assert log.actions == ["permission_group." + what for what in ("created", "changed", "members_changed", "deleted")]
    made, after, members, gone = (e["changes"] for e in log.entries)
    assert made["name"] == {"before": None, "after": "Agents"}
    assert made["records.view"] == {"before": None, "after": "my"}
    assert {v["after"] for k, v in made.items() if k not in ("name", "records.view")} == {"none"}
    assert after == {"records.view": {"before": "my", "after": "all"}, "audit.view": {"before": "none", "after": "all"}}
    assert members == {"members": {"before": [], "after": [sam["employee_id"]]}}
    assert gone["name"] == {"before": "Agents", "after": None}
    assert gone["members"] == {"before": [sam["employee_id"]], "after": []}
    assert {e["subject"]["id"] for e in log.entries} == {group}


def test_who_deleted_an_activity(world, receiver):
    logged = world.log()["id"]
    with Grown(world.api) as log:
        assert world.api.request("DELETE", f"/api/activities/logged/{logged}").status == 204
    assert log.one["action"] == "logged_activity.deleted" and log.one["subject"]["id"] == logged
    assert log.one["changes"] == {} and log.one["actor"]["employee_id"] == world.employee


def test_data_is_no_setting(world, receiver):
    with Grown(world.api) as log:
        contact = world.api.ok("POST", "/api/records/contacts", {"first_name": "Tom"})["id"]
        changed(world, "PATCH", f"/api/records/contacts/{contact}", {"first_name": "Tim"})
        world.log()
        scheduled = world.api.ok("POST", "/api/activities/scheduled-activity", {
            "activity_object_id": world.object, "due_datetime": "2031-05-04T10:00:00Z", "employee_id": world.employee})["id"]
        assert world.api.request("DELETE", f"/api/activities/scheduled-activity/{scheduled}").status == 204
    assert log.entries == []


# ── people and their credentials ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.core
def test_employees(world):
    group = world.api.ok("POST", "/api/permission-groups", {"name": "Agents"})["id"]
    role = world.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
    with Grown(world.api) as log:
        sam = world.api.ok("POST", "/api/employees", {"first_name": "Sam", "last_name": "Lee", "email": "sam@acme.test",
                                                      "group_ids": [group], "role_ids": [role]})["id"]
        world.api.ok("PATCH", f"/api/employees/{sam}", {"last_name": "Li"})
        world.api.ok("PATCH", f"/api/employees/{sam}", {"last_name": "Li"})
        assert world.api.request("DELETE", f"/api/employees/{sam}").status in (200, 204)
        world.api.ok("PATCH", f"/api/employees/{sam}", {"active": True})
    assert [(e["action"], e["changes"]) for e in log.entries] == [
        ("employee.created", {**became(first_name="Sam", last_name="Lee", email="sam@acme.test"),
                              "active": {"before": False, "after": True}}),
        ("permission_group.members_changed", {"member": {"before": None, "after": sam}}),
        ("role.members_changed", {"member": {"before": None, "after": sam}}),
        ("employee.changed", {"last_name": {"before": "Lee", "after": "Li"}}),
        ("employee.changed", {"active": {"before": True, "after": False}}),
        ("employee.changed", {"active": {"before": False, "after": True}})]
    assert log.entries[3]["subject"] == {"kind": "employee", "id": sam, "name": "Sam Li"}


@pytest.mark.core
def test_keys(world):
    with Grown(world.api) as log:
        key = world.api.ok("POST", "/api/keys", {"name": "laptop", "read_only": True, "business_id": world.business,
                                                 "expires_at": "2031-01-01T00:00:00Z"})
        world.api.ok("PATCH", f"/api/keys/{key['id']}", {"name": "desktop"})
        assert world.api.request("DELETE", f"/api/keys/{key['id']}").status == 204
    assert [(e["action"], e["changes"]) for e in log.entries] == [
        ("api_key.created", {**became(name="laptop", user_id=world.user, business_id=world.business,
                                      expires_at="2031-01-01T00:00:00.000000Z"),
                             "read_only": {"before": False, "after": True}}),
        ("api_key.changed", {"name": {"before": "laptop", "after": "desktop"}}), ("api_key.revoked", {})]
    assert {e["subject"]["id"] for e in log.entries} == {key["id"]}
    assert {e["api_key_id"] for e in log.entries} == {world.api.ok("GET", "/api/keys")["results"][-1]["id"]}


@pytest.mark.core
def test_what_a_user_has_everywhere_is_in_each_business(server):
    """But where they do not work, nobody hears of it; nor does a Business hear who works in another one."""
    ours, theirs, strangers = (World(server, name=name, email=email) for name, email in
                               (("Ours", "alex@acme.test"), ("Theirs", "kim@other.test"), ("Strangers", "no@body.test")))
    there = server.admin("employee", "add", "--business", theirs.business, "--first-name", "A.", "--last-name", "Rivera",
                         "--email", "alex@acme.test")["employee_id"]
    with Grown(ours.api) as our_log, Grown(theirs.api) as their_log, Grown(strangers.api) as no_log:
        key = ours.api.ok("POST", "/api/keys", {"name": "laptop"})["id"]
        limited = ours.api.ok("POST", "/api/keys", {"name": "here", "business_id": ours.business})["id"]
        set_password(server, ours.user)
        assert theirs.api.request("DELETE", f"/api/employees/{there}/keys/{key}").status == 204
        assert ours.api.request("DELETE", f"/api/keys/{key}").status == 204
    assert [(e["action"], e["subject"]["id"]) for e in our_log.entries] == [
        ("api_key.created", key), ("api_key.created", limited), ("employee.password_set", ours.employee),
        ("api_key.revoked", key)]
    assert [(e["action"], e["subject"]["id"]) for e in their_log.entries] == [
        ("api_key.created", key), ("employee.password_set", there), ("api_key.blocked", key), ("api_key.revoked", key)]
    assert [e["actor"]["display_name"] for e in our_log.entries] == ["Alex Rivera", "Alex Rivera", None, "Alex Rivera"]
    assert [e["actor"]["display_name"] for e in their_log.entries] == ["A. Rivera", None, "Alex Rivera", "A. Rivera"]
    assert [e["actor"]["employee_id"] for e in their_log.entries] == [there, None, theirs.employee, there]
    assert not no_log.entries


@pytest.mark.core
def test_signing_in_and_out(world):
    with Grown(world.api) as log:
        set_password(world.server, world.user)
        person = signed_in(world.server)
        assert person.request("PUT", "/api/password", {"current_password": PASSWORD, "password": PASSWORD + "2"}).status == 200
        assert person.request("DELETE", "/api/session").status == 204
        link = world.server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
        assert person.post("/api/session", {"token": link.rsplit("=", 1)[-1].rsplit("#", 1)[-1]}).status == 201
        assert person.request("DELETE", "/api/sessions").status == 204
    assert [(e["action"].split(".")[1], e["via"], e["actor"]["employee_id"]) for e in log.entries] == [
        ("password_set", "admin_socket", None), ("signed_in", "nothing", world.employee),
        ("sessions_ended", "session", world.employee), ("password_changed", "session", world.employee),
        ("signed_in", "session", world.employee), ("signed_out", "session", world.employee),
        ("sign_in_link_made", "admin_socket", None), ("signed_in", "nothing", world.employee),
        ("sessions_ended", "session", world.employee)]
    assert {(e["subject"]["kind"], e["subject"]["id"]) for e in log.entries} == {("employee", world.employee)}
    assert all(e["changes"] == {} for e in log.entries)


@pytest.mark.core
def test_an_invitation_and_what_comes_of_it(world):
    sam = world.server.admin("employee", "add", "--business", world.business, "--first-name", "Sam", "--last-name", "Lee",
                             "--email", "sam@acme.test")["employee_id"]
    with Grown(world.api) as log:
        link = world.server.admin("invitation", "--business", world.business, "--employee", sam)["link"]
        body = {"token": link.rsplit("#", 1)[1], "password": PASSWORD}
        assert Person(world.server).post("/api/invitations/accept", body).status == 201
    assert [(e["action"], e["actor"]["kind"], e["via"], e["subject"]["id"]) for e in log.entries] == [
        ("employee.invitation_link_made", "operator", "admin_socket", sam),
        ("employee.password_set", "nobody", "nothing", sam), ("employee.signed_in", "employee", "nothing", sam)]


def test_signing_out_without_having_signed_in(world):
    with Grown(world.api) as log:
        assert world.api.request("DELETE", "/api/sessions").status == 204
        assert world.api.request("DELETE", "/api/session").status == 204
    assert not log.entries


def test_who_fails_to_sign_in_writes_nothing(world):
    """It is logged and counted: whoever has no credentials cannot make this log grow."""
    set_password(world.server, world.user)
    with Grown(world.api) as log:
        assert Person(world.server).sign_in(password="not the one").status == 401
        assert Person(world.server).sign_in(email="no@body.test").status == 401
    assert not log.entries and world.server.metrics()["sign_ins_failed_total"] == 2


@pytest.mark.core
def test_another_business_in_the_same_session(server):
    ours, theirs = World(server), World(server, name="Theirs", email="kim@other.test")
    there = server.admin("employee", "add", "--business", theirs.business, "--first-name", "A.", "--last-name", "Rivera",
                         "--email", "alex@acme.test")["employee_id"]
    set_password(server, ours.user)
    person = signed_in(server, business_id=ours.business)
    with Grown(ours.api) as our_log, Grown(theirs.api) as their_log:
        assert person.request("PUT", "/api/session", {"business_id": theirs.business}).status == 200
    assert (our_log.one["action"], our_log.one["subject"]["id"]) == ("employee.signed_out", ours.employee)
    assert (their_log.one["action"], their_log.one["subject"]["id"]) == ("employee.signed_in", there)
    assert their_log.one["actor"]["employee_id"] == there


# ── who, when, from where ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.core
def test_who_and_from_where(world):
    sam = add_employee(world, "Sam")
    before = world.api.ok("GET", "/api/audit-log?limit=1")["results"][0]["at"]
    with Grown(world.api) as log:
        answer = sam["api"].post("/api/roles", {"name": "Sales"})
    entry = log.one
    assert entry["actor"] == {"kind": "employee", "employee_id": sam["employee_id"], "display_name": "Sam Lee"}
    assert entry["via"] == "api_key" and entry["address"] == "127.0.0.1" and entry["at"] > before
    assert entry["request_id"] == answer.headers.get("X-Request-Id", entry["request_id"])


def test_an_operator_with_and_without_a_server(world):
    with Grown(world.api) as log:
        world.server.admin("role", "add", "--business", world.business, "--name", "By socket")
    assert log.one["actor"] == {"kind": "operator", "employee_id": None, "display_name": None}
    assert log.one["via"] == "admin_socket" and log.one["address"] is None
    world.server.stop()
    world.server.admin("role", "add", "--business", world.business, "--name", "By command")
    world.server.start()
    assert [(e["via"], e["subject"]["name"]) for e in entries(world.api, action="role.created")] == [
        ("admin_socket", "By socket"), ("command", "By command")]


def test_an_address_behind_a_proxy(make_server):
    world = World(make_server(flags=["--behind-proxy", "127.0.0.0/8"]))
    with Grown(world.api) as log:
        world.api.ok("POST", "/api/roles", {"name": "Sales"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert log.one["address"] == "203.0.113.9"


def test_nobody_else_says_where_they_are(world):
    with Grown(world.api) as log:
        world.api.ok("POST", "/api/roles", {"name": "Sales"}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert log.one["address"] == "127.0.0.1"


# ── no change without its entry, no entry without its change ─────────────────────────────────────────────────────


@pytest.mark.core
def test_what_changes_nothing_is_no_entry(world):
    sam = add_employee(world, "Sam")
    role = world.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
    members = {"members": [sam["employee_id"]]}
    world.api.ok("PUT", f"/api/roles/{role}/members", members)
    with Grown(world.api) as log:
        world.api.ok("PUT", f"/api/roles/{role}/members", members)
        world.api.ok("PATCH", f"/api/roles/{role}", {"name": "Sales"})
        changed(world, "PATCH", f"/api/activities/objects/{world.object}", {"name": "Sales Call"})
        changed(world, "PUT", f"/api/activities/objects/{world.object}/sharing", {"everyone": True})
    assert log.entries == []


def test_what_is_refused_is_no_entry(world):
    world.api.ok("POST", "/api/roles", {"name": "Sales"})
    path = f"/api/activities/objects/{world.object}"
    with Grown(world.api) as log:
        assert world.api.post("/api/roles", {"name": "Sales"}).status == 409
        assert world.api.patch(path, {"name": ""}, headers={"If-Match": world.api.get(path).headers["ETag"]}).status == 422
        assert world.api.patch(path, {"name": "X"}, headers={"If-Match": '"77"'}).status == 412
        assert world.api.request("PUT", f"/api/permission-groups/{world.business}/members", {"members": []}).status == 409
        assert world.api.request("DELETE", f"/api/activities/logged/{uuid.uuid4()}").status == 404
    assert log.entries == []


@pytest.mark.core
def test_a_kill_leaves_both_or_neither(make_server):
    world = World(make_server())
    stop = threading.Event()

    def make_roles(number):
        api = Api(world.server, world.key, world.business, world.user)
        for i in range(10_000):
            if stop.is_set():
                return
            try:
                api.post("/api/roles", {"name": f"Role {number} {i}"})
            except (OSError, AssertionError):
                return

    for round_ in range(3):
        stop.clear()
        threads = [threading.Thread(target=make_roles, args=(f"{round_} {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        known = len(world.api.pages("/api/roles"))
        wait_for(lambda: len(world.api.pages("/api/roles")) > known + 20, "some roles")
        world.server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        world.server.start()
        roles = {role["id"] for role in world.api.pages("/api/roles")}
        told = [entry["subject"]["id"] for entry in entries(world.api, action="role.created")]
        assert len(told) == len(set(told)) and set(told) == roles


# ── what must never be in it ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.core
def test_no_secret_is_in_it(world):
    sam = add_employee(world, "Sam")
    link = world.server.admin("sign-in-link", "--user", sam["user_id"], "--business", world.business)["link"]
    path = f"/api/activities/objects/{world.object}"
    for member in ("webhook_url", "redirect_url"):
        changed(world, "PATCH", path, {member: f"https://hooks.test/?a={SECRET}&{SECRET}&b={SECRET}"})
    text = world.api.get("/api/audit-log/export").text + world.api.get("/api/audit-log/export?format=csv").text
    assert "hooks.test" in text
    for secret in (SECRET, world.key, sam["key"], link.rsplit("=", 1)[-1], world.key[3:20]):
        assert secret not in text


@pytest.mark.core
def test_i8_only_the_own_business(server):
    ours, theirs = World(server), World(server, name="Other", email="sam@other.test")
    role = theirs.api.ok("POST", "/api/roles", {"name": "Theirs"})["id"]
    assert theirs.business not in json.dumps(entries(ours.api)) and role not in json.dumps(entries(ours.api))
    for query in (f"subject_id={role}", f"employee_id={theirs.employee}", "subject_kind=role"):
        assert ours.api.ok("GET", f"/api/audit-log?{query}")["results"] == []
        assert ours.api.get(f"/api/audit-log/export?{query}").text == ""
    mine = {e["id"] for e in entries(ours.api)}
    assert mine and not mine & {e["id"] for e in entries(theirs.api)}


# ── append-only ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.core
@pytest.mark.parametrize("statement", [
    "UPDATE audit_entry SET changes = 'x'", "UPDATE audit_entry SET at = at + 1 WHERE action = 'business.created'",
    "DELETE FROM audit_entry", "DELETE FROM audit_entry WHERE action = 'business.created'"])
def test_nothing_is_updated_or_deleted(world, statement):
    before = entries(world.api)
    with pytest.raises(Exception, match="append-only"):
        execute(world.server, statement)
    assert entries(world.api) == before


@pytest.mark.engine("postgres")
def test_nothing_is_truncated(world):
    with pytest.raises(AssertionError, match="append-only"):
        psql(world.server.database, "TRUNCATE audit_entry")


# ── reading it ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def busy(world):
    """Ten roles by Alex and ten by Sam."""
    world.sam = add_employee(world, "Sam")
    world.roles = [api.ok("POST", "/api/roles", {"name": f"Role {i}"})["id"]
                   for i, api in enumerate([world.api, world.sam["api"]] * 10)]
    return world


@pytest.mark.core
def test_filters(busy):
    roles = busy.roles
    found = {
        "action=role.created": roles, "subject_kind=role": roles,
        f"employee_id={busy.employee}&action=role.created": roles[::2],
        f"employee_id={busy.sam['employee_id']}": roles[1::2],
        f"employee_id={busy.sam['employee_id']}&subject_kind=role": roles[1::2],
        f"subject_id={roles[3]}": roles[3:4], f"subject_id={roles[3]}&employee_id={busy.employee}": [],
        f"subject_id={roles[3]}&subject_kind=role&action=role.created": roles[3:4],
        f"subject_id={roles[3]}&subject_kind=field": [], "action=role.created&subject_kind=field": [],
        "action=role.created&subject_kind=rol": [], "action=role": [], "subject_kind=role.created": [],
    }
    for query, expected in found.items():
        assert [e["subject"]["id"] for e in busy.api.pages(f"/api/audit-log?{query}")] == expected[::-1], query
        lines = busy.api.get(f"/api/audit-log/export?{query}").text.splitlines()
        assert [json.loads(line)["subject"]["id"] for line in lines] == expected, query
    at = [e["at"] for e in entries(busy.api, action="role.created")]
    assert at == sorted(at)
    for query, expected in ((f"after={at[5]}", roles[5:]), (f"before={at[5]}", roles[:5]),
                            (f"after={at[5]}&before={at[8]}", roles[5:8])):
        found = [e["subject"]["id"] for e in busy.api.pages(f"/api/audit-log?{query}&action=role.created")]
        assert found == expected[::-1], query


@pytest.mark.core
def test_pages_there_and_back(busy):
    whole = busy.api.pages("/api/audit-log")
    pages, cursor = [], ""
    while cursor is not None:
        page = busy.api.ok("GET", f"/api/audit-log?limit=7{cursor}")
        pages.append(page)
        cursor = page["next"] and f"&cursor={page['next']}"
    assert [e for page in pages for e in page["results"]] == whole
    back = busy.api.ok("GET", f"/api/audit-log?limit=7&cursor={pages[2]['previous']}")
    assert back["results"] == pages[1]["results"]
    assert [(e["at"], e["id"]) for e in whole] == sorted(((e["at"], e["id"]) for e in whole), reverse=True)


@pytest.mark.parametrize("query", ["action=Role", "subject_kind=", "subject_kind=%ff", "action=" + "a" * 81,
                                   "employee_id=x", "after=yesterday", "format=csv", "odd=1", "cursor=x"])
def test_a_query_that_cannot_be_read(world, query):
    assert world.api.get(f"/api/audit-log?{query}").status == 400
    assert world.api.get(f"/api/audit-log/export?{query}").status == (200 if query.startswith("format") else 400)


@pytest.mark.core
def test_the_export_is_the_list(busy):
    answer = busy.api.get("/api/audit-log/export")
    assert answer.headers["Content-Type"] == "application/jsonl" and "X-Next-Cursor" not in answer.headers
    whole = entries(busy.api)
    assert [json.loads(line) for line in answer.text.splitlines()] == whole
    answer = busy.api.get("/api/audit-log/export?format=csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    for row, entry in zip(rows, whole, strict=True):
        assert row == {
            "id": entry["id"], "at": entry["at"], "action": entry["action"], "subject_kind": entry["subject"]["kind"],
            "subject_id": entry["subject"]["id"] or "", "subject_name": entry["subject"]["name"] or "",
            "actor_kind": entry["actor"]["kind"], "employee_id": entry["actor"]["employee_id"] or "",
            "actor": entry["actor"]["display_name"] or "", "via": entry["via"], "api_key_id": entry["api_key_id"] or "",
            "address": entry["address"] or "", "request_id": entry["request_id"] or "", "changes": row["changes"]}
        assert json.loads(row["changes"]) == entry["changes"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", 'a "quoted", name', "two\nlines"])
def test_a_spreadsheet_runs_nothing(world, name):
    world.api.ok("POST", "/api/roles", {"name": name})
    text = world.api.get("/api/audit-log/export?format=csv&action=role.created").text
    shown = next(csv.DictReader(io.StringIO(text, newline="")))["subject_name"]
    assert shown == ("'" + name if name[0] in "=+-@" else name)


def test_a_long_export_goes_on_where_it_ended(world):
    """More than one answer holds."""
    count = 12_000
    some_id = "gen_random_uuid()" if world.server.database else "randomblob(16)"
    execute(world.server, f"""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO audit_entry (id, business_id, at, action, subject_kind, actor_kind, via, changes)
        SELECT {some_id}, {{business}}, i / 3, 'test.made', 'test', 0, 0, '{{{{}}}}' FROM n""", business=world.business)
    seen, cursor = [], ""
    while True:
        answer = world.api.get(f"/api/audit-log/export?action=test.made{cursor}")
        lines = answer.text.splitlines()
        assert 0 < len(lines) <= 5000
        seen += [(entry["at"] or "", entry["id"]) for entry in map(json.loads, lines)]
        if "X-Next-Cursor" not in answer.headers:
            break
        cursor = f"&cursor={answer.headers['X-Next-Cursor']}"
    assert len(seen) == count and len(set(seen)) == count and seen == sorted(seen)
    told = run("admin", *world.server.place, "audit", "export", "--business", world.business, "--action", "test.made",
               "--after-entry", seen[9999][1], env=world.server.env).stdout
    assert [json.loads(line)["id"] for line in told.splitlines()] == [id_ for _, id_ in seen[10_000:]]


def test_herald_admin_audit(busy):
    words = ("audit", "list", "--business", busy.business, "--action", "role.created")
    listed = busy.server.admin(*words, "--limit", "200")["results"]
    assert listed == busy.api.pages("/api/audit-log?action=role.created")
    shown = run("admin", *busy.server.place, *words, env=busy.server.env).stdout
    assert "role.created  Role 19" in shown and "by Sam Lee, via api_key from 127.0.0.1" in shown
    exported = run("admin", *busy.server.place, "audit", "export", "--business", busy.business, "--format", "csv",
                   env=busy.server.env).stdout
    assert exported.replace("\r\n", "\n") == busy.api.get("/api/audit-log/export?format=csv").text.replace("\r\n", "\n")
    for wrong in (("--format", "xml"), ("--after", "then"), ("--employee", "x"), ("--after-entry", str(uuid.uuid4()))):
        done = run("admin", *busy.server.place, "audit", "export", "--business", busy.business, *wrong, check=False,
                   env=busy.server.env)
        assert done.returncode and not done.stdout


@pytest.mark.core
def test_m13_whoever_may_read_it(world):
    group = world.api.ok("POST", "/api/permission-groups", {"name": "Auditors", "permissions": {
        "people": {"view": "all"}, "objects": {"view": "all", "edit": "all"}}})["id"]
    sam = add_employee(world, "Sam", "--group", group)
    for path in ("/api/audit-log", "/api/audit-log/export"):
        refused = sam["api"].get(path)
        assert refused.status == 403
        assert refused.json["detail"] == "You lack the permission 'audit: view (all)'."
        assert Api(world.server).get(path).status == 401
    changed(world, "PATCH", f"/api/permission-groups/{group}", {"permissions": {"audit": {"view": "all"}}})
    assert entries(sam["api"]) == entries(world.api)
    assert sam["api"].get("/api/audit-log/export").status == 200


# ── nothing that the API can change is forgotten ─────────────────────────────────────────────────────────────────

# What is data, or changes nothing. Every other operation that is no GET must write down what it did: a new one, too.
DATA = {
    "logActivity", "completeScheduledActivity", "scheduleActivity", "changeScheduledActivity", "deleteScheduledActivity",
    "createRecord", "changeRecord", "archiveRecord", "searchRecords", "postActivityForm",
    "requestPasswordReset",  # it only sends an email; what comes of that is a change of the password
    "checkInvitation", "checkPasswordReset",
}
# Take what is in an email: they have a test of their own here.
LINKS = {"acceptInvitation", "confirmPasswordReset"}


def changing():
    return [o for o in operations() if o.method != "GET" and o.name not in DATA | LINKS]


def prepare(world, operation, target):
    """A body that changes something, where the example's does not."""
    if operation.name == "signIn":
        world.person(PASSWORD)
        return {"email": world.email("Alex", "Rivera", world.ids["business"]), "password": PASSWORD}
    if operation.name.startswith("order"):
        fields = target.removesuffix("/order")
        world._add(fields, {"name": "second", "display_name": "Second", "field_type": "text"})
        own = [field["id"] for field in world.api.ok("GET", fields)["results"] if not field["standard"]]
        return {"fields": own[::-1]}
    return None


@pytest.mark.core
@pytest.mark.parametrize("operation", changing(), ids=str)
def test_every_operation_that_changes_settings_writes_it_down(mailing_server, operation):
    """At least one of its examples changes something."""
    told, person = [], operation.for_people or operation.name.startswith("signOut")
    via = "nothing" if operation.name == "signIn" else "session" if person else "api_key"
    for body in operation.examples.values():
        world = ExampleWorld(mailing_server)
        caller = {"session": world.person, "nothing": lambda: Person(mailing_server), "api_key": lambda: world.api}[via]()
        target, body = world.target(operation), world.replaced(body)
        body = prepare(world, operation, target) or body
        headers = world.headers(operation, target)
        with Grown(world.api) as log:
            answer = caller.request(operation.method, target, body, headers=headers)
            assert answer.status == operation.success, answer
        told += log.entries
        about = {entry["subject"]["id"] for entry in log.entries}
        made = {answer.json.get("id")} if answer.body else set()
        made |= {world.ids["alex"]} if operation.tag == "session" else set()
        assert not about or about & (made | set(re.findall(r"[0-9a-f-]{36}", target))), log.entries
        for entry in log.entries:
            assert entry["actor"] == {"kind": "employee", "employee_id": world.ids["alex"], "display_name": "Alex Rivera"}
            assert entry["via"] == via and entry["address"] and (via == "api_key") == bool(entry["api_key_id"])
    assert told, f"{operation} has left nothing in the audit log"
