"""Advanced Activity Rules: what may be saved, and who decides. M20; I9."""

import json
import pathlib
import random
import re
import threading
import urllib.parse

import pytest

from support.api import new_id
from support.world import World

pytestmark = pytest.mark.core

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "rules.md"
OPTIONS = [{"name": "Won"}, {"name": "Lost"}, {"name": "Open"}]


class Rules:
    """One Activity Object, its fields, its rules and its form."""

    def __init__(self, world, name="Visit"):
        self.world, self.api = world, world.api
        self.id = world.api.ok("POST", "/api/activities/objects", {"name": name})["id"]
        self.path = f"/api/activities/objects/{self.id}"
        self.fields = {}

    def etag(self):
        return self.api.get(self.path).headers["ETag"]

    def field(self, name, kind="text", **more):
        if kind in ("single_select", "multi_select", "status"):
            more.setdefault("options", OPTIONS)
        if kind == "money":
            more.setdefault("limits", {"currency": "EUR"})
        made = self.api.request("POST", self.path + "/fields", {
            "name": name, "display_name": name.title(), "field_type": kind, **more}, headers={"If-Match": self.etag()})
        assert made.status == 201, made
        self.fields[name] = made.json
        return made.json

    def archive(self, name):
        return self.api.request("DELETE", f"{self.path}/fields/{self.fields[name]['id']}",
                                headers={"If-Match": self.etag()})

    def put(self, *rules, etag=None):
        return self.api.request("PUT", self.path + "/rules", {"rules": list(rules)},
                                headers={"If-Match": etag or self.etag()})

    def set(self, *rules):
        answer = self.put(*rules)
        assert answer.status == 200, answer
        return answer.json["rules"]

    def get(self):
        return self.api.ok("GET", self.path + "/rules")["rules"]

    def form(self, **values):
        """name -> what the form says of it."""
        query = "?values=" + urllib.parse.quote(json.dumps(values))
        return {f["name"]: f for f in self.api.ok("GET", self.path + "/form" + query)["fields"]}

    def shown(self, **values):
        return {name for name, field in self.form(**values).items() if field["visible"]}

    def post(self, **values):
        return self.api.post("/api/activities/logged", self.world.body(self.id, fields=[
            {"name": name, "value": value} for name, value in values.items()]))

    def stored(self, **values):
        """Logs an activity; name -> value of its record."""
        answer = self.post(**values)
        assert answer.status == 201, answer
        record = self.api.ok("GET", f"/api/activities/logged/{answer.json['id']}")
        return {f["name"]: f["value"] for f in record.get("fields", [])}


def rule(conditions, *targets, match="all", **more):
    """rule([("outcome", "equals", "Won")], "amount")"""
    members = ("field", "operator", "value")
    return {"match": match, "conditions": [dict(zip(members, c)) for c in conditions], "targets": list(targets), **more}


@pytest.fixture
def rules(world):
    return Rules(world)


# ── saving ──────────────────────────────────────────────────────────────────────────────────────


def test_m20_what_was_saved_is_what_is_read(rules):
    for name, kind in (("outcome", "single_select"), ("budget", "money"), ("note", "long_text"), ("tags", "tags")):
        rules.field(name, kind)
    rules.field("next_step", required=True)
    before = rules.etag()
    answer = rules.put(
        rule([("outcome", "is_one_of", ["Won", "Open"]), ("budget", "at_least", "10000")], "next_step", "note",
             name="Follow-up"),
        rule([(rules.fields["budget"]["id"], "between", ["-1", "20.5"]), ("budget", "is_empty")],
             rules.fields["tags"]["id"], match="any"))
    assert answer.status == 200, answer
    assert answer.headers["ETag"] not in (before, None) and answer.headers["ETag"] == rules.etag()
    first, second = answer.json["rules"]
    options = {o["name"]: o["id"] for o in rules.fields["outcome"]["options"]}
    assert first["name"] == "Follow-up" and first["match"] == "all" and first["targets"] == ["next_step", "note"]
    assert first["conditions"] == [
        {"field": "outcome", "operator": "is_one_of", "value": [options["Won"], options["Open"]]},
        {"field": "budget", "operator": "at_least", "value": "10000.00"}]
    assert second["name"] is None and second["match"] == "any" and second["targets"] == ["tags"]
    assert second["conditions"] == [{"field": "budget", "operator": "between", "value": ["-1.00", "20.50"]},
                                    {"field": "budget", "operator": "is_empty"}]
    assert rules.get() == [first, second]

    # What GET answers, PUT takes: the rules stay what they are, in the order that is given.
    assert rules.set(second, first) == [second, first] == rules.get()
    # One that is left out is gone, and its id with it.
    assert rules.set(first) == [first]
    assert rules.put(second).pointers == ["/rules/0/id"]
    assert rules.set() == [] == rules.get()


def test_m20_saving_needs_the_current_settings(rules):
    rules.field("a")
    rules.field("b")
    old = rules.etag()
    saved = rule([("a", "is_empty")], "b")
    refused = rules.api.request("PUT", rules.path + "/rules", {"rules": [saved]})
    assert refused.status == 428
    assert rules.api.get(rules.path + "/rules").headers["ETag"] == old
    rules.field("c")
    assert rules.put(saved, etag=old).status == 412
    assert rules.put(saved).status == 200
    # The rules belong to the settings of the object: whoever read those before is told.
    assert rules.api.patch(rules.path, {"name": "New"}, headers={"If-Match": old}).status == 412
    assert rules.get()[0]["targets"] == ["b"]


def test_m20_each_mistake_is_named_and_nothing_is_saved(rules):
    for name in ("a", "b", "c", "d", "gone"):
        rules.field(name)
    rules.field("number", "integer", limits={"min": 0, "max": 10})
    rules.field("outcome", "single_select")
    assert rules.archive("gone").status == 200
    kept = rules.set(rule([("a", "is_empty")], "b"))
    etag = rules.etag()
    mistakes = [
        (rule([("nobody", "is_empty")], "b"), ["/rules/0/conditions/0/field"]),
        (rule([("gone", "is_empty")], "b"), ["/rules/0/conditions/0/field"]),
        (rule([(new_id(), "is_empty")], "b"), ["/rules/0/conditions/0/field"]),
        (rule([(5, "is_empty")], "b"), ["/rules/0/conditions/0/field"]),
        (rule([("a", "is_empty")], "nobody"), ["/rules/0/targets/0"]),
        (rule([("a", "is_empty")], "b", "gone"), ["/rules/0/targets/1"]),
        (rule([("a", "is_true")], "b"), ["/rules/0/conditions/0/operator"]),
        (rule([("a", "resembles", "x")], "b"), ["/rules/0/conditions/0/operator"]),
        (rule([("a", None)], "b"), ["/rules/0/conditions/0/operator"]),
        (rule([("a", "equals")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "equals", None)], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "equals", "")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "equals", 5)], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "contains", "")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "contains", ["x"])], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "is_one_of", "x")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "is_one_of", [])], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("a", "is_one_of", ["x", 1, None])], "b"),
         ["/rules/0/conditions/0/value/1", "/rules/0/conditions/0/value/2"]),
        (rule([("a", "is_empty", "x")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("number", "at_least", "many")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("number", "between", [1])], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("number", "between", [1, 2, 3])], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("number", "between", [2, 1])], "b"), ["/rules/0/conditions/0/value"]),
        (rule([("outcome", "equals", "Perhaps")], "b"), ["/rules/0/conditions/0/value"]),
        (rule([], "b"), ["/rules/0/conditions"]),
        (rule([("a", "is_empty")]), ["/rules/0/targets"]),
        ({"match": "all"}, ["/rules/0/conditions", "/rules/0/targets"]),
        (rule([("a", "is_empty")], "b", match="some"), ["/rules/0/match"]),
        (rule([("a", "is_empty")], "b", match=None), ["/rules/0/match"]),
        (rule([("a", "is_empty")], "b", name=5), ["/rules/0/name"]),
        (rule([("a", "is_empty")], "b", id=new_id()), ["/rules/0/id"]),
        (rule([("a", "is_empty")], "b", id="x"), ["/rules/0/id"]),
        (rule([("a", "is_empty")], "b", colour="red"), ["/rules/0/colour"]),
        (rule([("a", "is_empty")], "b", **{"a/b~": 1}), ["/rules/0/a~1b~0"]),
        ({**rule([], "b"), "conditions": [{"field": "a", "operator": "is_empty", "or": 1}]},
         ["/rules/0/conditions/0/or"]),
        ({**rule([], "b"), "conditions": ["a"]}, ["/rules/0/conditions/0"]),
        ("a rule", ["/rules/0"]),
        (None, ["/rules/0"]),
        (rule([("a", "is_empty")], "b", "b"), ["/rules/0/targets/1"]),
        (rule([("a", "is_empty")], "a"), ["/rules/0/conditions/0/field"]),
    ]
    for saved, pointers in mistakes:
        answer = rules.put(saved, etag=etag)
        assert (answer.status, answer.pointers) == (422, pointers), (saved, answer)
    for saved in (None, {}, "x", 5):
        answer = rules.api.request("PUT", rules.path + "/rules", {"rules": saved}, headers={"If-Match": etag})
        assert (answer.status, answer.pointers) == (422, ["/rules"]), (saved, answer)
    # All of them at once, over several rules.
    answer = rules.put(
        rule([("a", "is_true"), ("nobody", "is_empty")], "b"),
        rule([("b", "equals", "x")], "b", "c", id=kept[0]["id"]),
        rule([("a", "is_empty")], "nothing", id=kept[0]["id"]), etag=etag)
    assert answer.status == 422
    assert set(answer.pointers) == {
        "/rules/0/conditions/0/operator", "/rules/0/conditions/1/field", "/rules/1/targets/0", "/rules/2/id",
        "/rules/2/targets/0", "/rules/1/conditions/0/field"}
    assert rules.etag() == etag and rules.get() == kept


def test_m20_a_field_is_the_target_of_one_rule(rules):
    for name in "abc":
        rules.field(name)
    answer = rules.put(rule([("a", "is_empty")], "c"), rule([("b", "is_empty")], "c"))
    assert (answer.status, answer.pointers) == (422, ["/rules/1/targets/0"])
    assert "rule 1" in answer.json["errors"][0]["detail"]


def test_m20_a_cycle_is_told_with_its_way(rules):
    for name in "abcd":
        rules.field(name)
    steps = [rule([("a", "is_empty")], "b"), rule([("d", "is_empty"), ("b", "is_empty")], "c"),
             rule([("c", "is_empty")], "a")]
    answer = rules.put(*steps)
    assert answer.status == 422
    assert answer.pointers == ["/rules/0/conditions/0/field", "/rules/1/conditions/1/field",
                               "/rules/2/conditions/0/field"]
    assert "a -> b -> c -> a" in answer.json["errors"][0]["detail"]
    assert rules.put(*steps[:2]).status == 200


def test_m20_limits_on_both_sides(rules):
    for name in ("a", *(f"t{i}" for i in range(101))):
        rules.field(name, "integer")
    condition, targets = ("a", "at_least", 1), [f"t{i}" for i in range(101)]
    each = [rule([condition], t) for t in targets]
    assert rules.put(*each).pointers == ["/rules"]
    assert rules.put(*each[:100]).status == 200
    assert rules.put(rule([condition] * 51, "t0")).pointers == ["/rules/0/conditions"]
    assert rules.put(rule([condition] * 50, "t0")).status == 200
    assert rules.put(rule([condition], *targets[:51])).pointers == ["/rules/0/targets"]
    assert rules.put(rule([condition], *targets[:50])).status == 200
    assert rules.put(rule([condition], "t0", name="é" * 101)).pointers == ["/rules/0/name"]
    assert rules.put(rule([condition], "t0", name="é" * 100)).status == 200
    assert rules.put(rule([("a", "is_one_of", list(range(101)))], "t0")).pointers == ["/rules/0/conditions/0/value"]
    assert rules.put(rule([("a", "is_one_of", list(range(100)))], "t0")).status == 200
    many = [("a", "is_one_of", list(range(100)))] * 20  # 2,000 values
    assert rules.put(rule(many, "t0")).status == 200
    assert rules.put(rule(many, "t0"), rule([condition], "t1")).pointers == ["/rules/1/conditions/0/value"]


def test_m20_limits_are_configuration(make_server):
    server = make_server(flags=["--rule-limit", "2", "--condition-limit", "1"])
    rules = Rules(World(server))
    for name in "abcd":
        rules.field(name)
    each = [rule([("a", "is_empty")], name) for name in "bcd"]
    assert rules.put(*each).pointers == ["/rules"]
    assert rules.put(*each[:2]).status == 200
    assert rules.put(rule([("a", "is_empty"), ("b", "is_empty")], "c", "d")).pointers == [
        "/rules/0/conditions", "/rules/0/targets"]


def test_m20_limits_of_a_field_do_not_bind_conditions(rules):
    """A rule stays what it is when a limit changes, so it must not depend on one."""
    rules.field("number", "integer", limits={"min": 0, "max": 10})
    rules.field("code", limits={"min_length": 5, "max_length": 6})
    rules.field("shown")
    for condition in (("number", "greater_than", 99), ("code", "equals", "x"), ("code", "starts_with", "x")):
        assert rules.put(rule([condition], "shown")).status == 200, condition


def test_m20_what_is_stored_may_stay(rules):
    """An archived option, or an employee who left, does not stand in the way of changing another rule."""
    made = rules.field("outcome", "single_select")
    rules.field("a")
    rules.field("b")
    won = next(o for o in made["options"] if o["name"] == "Won")
    kept = rules.set(rule([("outcome", "equals", "Won")], "a"))
    options = [{"id": o["id"], "name": o["name"], "archived": o["id"] == won["id"]} for o in made["options"]]
    changed = rules.api.patch(f"{rules.path}/fields/{made['id']}", {"options": options},
                              headers={"If-Match": rules.etag()})
    assert changed.status == 200, changed
    assert rules.set(*kept, rule([("outcome", "is_empty")], "b"))[0] == kept[0]
    assert rules.put(rule([("outcome", "not_equals", "Won")], "b")).pointers == ["/rules/0/conditions/0/value"]


def test_m20_a_field_that_a_rule_uses_is_not_archived(rules):
    for name in "abcd":
        rules.field(name)
    rules.set(rule([("a", "is_empty")], "b", name="Follow-up"), rule([("c", "is_empty")], "d"))
    for name, title in (("a", "Follow-up"), ("b", "Follow-up"), ("c", "Rule 2"), ("d", "Rule 2")):
        refused = rules.archive(name)
        assert refused.status == 409 and title in refused.json["detail"], refused
    rules.set()
    assert rules.archive("a").status == 200


def test_m20_rules_of_another_business_are_not_there(rules, server):
    other = World(server, name="Other", email="other@other.test")
    for path in ("/rules", "/form"):
        assert other.api.get(rules.path + path).status == 404
    put = other.api.request("PUT", rules.path + "/rules", {"rules": []}, headers={"If-Match": rules.etag()})
    assert put.status == 404
    assert rules.api.get(f"/api/activities/objects/{new_id()}/rules").status == 404


# ── operators ───────────────────────────────────────────────────────────────────────────────────


def documented():
    """docs/rules.md: {operator: types that have it}, and {operator: what its value is}."""
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")]
            for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    head = next(i for i, row in enumerate(rows) if row[0] == "operator")
    groups = [re.findall(r"`(\w+)`", cell) for cell in rows[head][1:-1]]
    table, operands = {}, {}
    for row in rows[head + 1:]:
        name = re.fullmatch(r"`(\w+)`", row[0])
        if not name or len(row) != len(rows[head]):
            break
        table[name[1]] = {kind for cell, group in zip(row[1:-1], groups) if cell == "●" for kind in group}
        operands[name[1]] = row[-1]
    return table, operands, {kind for group in groups for kind in group}


def samples(world):
    """Two values of each type, the lower first."""
    people = [world.employee, world.employee]
    return {
        "text": ("a", "b"), "long_text": ("a", "b"), "email": ("a@a.test", "b@b.test"),
        "phone": ("+49301234567", "+49301234568"), "url": ("https://a.test/", "https://b.test/"),
        "integer": (1, 2), "decimal": ("1.5", "2"), "money": ("1.50", "2"), "rating": (1, 2),
        "date": ("2026-11-24", "2026-11-25"), "datetime": ("2026-11-24T09:00:00Z", "2026-11-24T12:00:00+01:00"),
        "single_select": ("Won", "Lost"), "status": ("Won", "Lost"), "multi_select": ("Won", "Lost"),
        "team_member": people, "record": (world.contact, world.contact), "tags": ("a", "b"), "yes_no": (True, False)}


def test_m20_operators_are_those_of_the_table(rules):
    table, operands, kinds = documented()
    values = samples(rules.world)
    assert kinds == set(values) and len(table) > 20
    rules.field("shown")
    for kind in kinds:
        rules.field(kind, kind)
    for operator, has in table.items():
        for kind in sorted(kinds):
            given = {"none": [], "one": [values[kind][0]], "text": ["part"], "array": [list(values[kind])],
                     "array of two": [list(values[kind])]}[operands[operator]]
            answer = rules.put(rule([(kind, operator, *given)], "shown"))
            if kind in has:
                assert answer.status == 200, (kind, operator, answer)
                rules.form(**{kind: values[kind][0] if kind not in ("multi_select", "tags") else list(values[kind])})
            else:
                assert (answer.status, answer.pointers) == (422, ["/rules/0/conditions/0/operator"]), (kind, operator)
                assert f"type {kind}" in answer.json["errors"][0]["detail"]


def test_m20_values_are_compared_by_type(rules):
    for name, kind in (("text", "text"), ("money", "money"), ("date", "date"), ("moment", "datetime"),
                       ("outcome", "single_select"), ("tags", "tags"), ("shown", "text")):
        rules.field(name, kind)
    won = next(o["id"] for o in rules.fields["outcome"]["options"] if o["name"] == "Won")
    cases = [
        (("text", "equals", "STRASSE"), {"text": "Straße"}, True),
        (("text", "equals", "caf\u00e9"), {"text": "CAFE\u0301"}, True),
        (("text", "contains", "b c"), {"text": "A B C"}, True),
        (("text", "starts_with", "b"), {"text": "A B C"}, False),
        (("text", "not_contains", "x"), {}, True),
        (("money", "equals", "1.5"), {"money": "1.50"}, True),
        (("money", "greater_than", "9.99"), {"money": "10"}, True),
        (("money", "less_than", "0"), {}, False),
        (("date", "before", "2026-11-24"), {"date": "2026-11-23"}, True),
        (("date", "between", ["2026-11-24", "2026-11-24"]), {"date": "2026-11-24"}, True),
        (("moment", "equals", "2026-11-24T12:00:00+01:00"), {"moment": "2026-11-24T11:00:00Z"}, True),
        (("moment", "after", "2026-11-24T12:00:00+01:00"), {"moment": "2026-11-24T11:30:00.000001Z"}, True),
        (("outcome", "equals", "Won"), {"outcome": won}, True),
        (("outcome", "is_none_of", ["Lost", "Open"]), {"outcome": "Won"}, True),
        (("tags", "has_all", ["vip", "NEW"]), {"tags": ["new", "x", "VIP"]}, True),
        (("tags", "has_none", ["vip"]), {"tags": ["x"]}, True),
    ]
    for condition, values, shown in cases:
        rules.set(rule([condition], "shown"))
        assert ("shown" in rules.shown(**values)) == shown, (condition, values)


# ── the server decides ──────────────────────────────────────────────────────────────────────────


def test_i9_what_the_client_hid_or_showed_is_not_believed(rules):
    rules.field("outcome", "single_select")
    rules.field("reason", required=True)
    rules.field("amount", "integer", required=True)
    rules.set(rule([("outcome", "equals", "Lost")], "reason"), rule([("outcome", "equals", "Won")], "amount"))

    # A value for a hidden field is not stored; a required hidden field is not required.
    stored = rules.stored(outcome="Lost", reason="Price", amount=5)
    assert stored["reason"] == "Price" and not stored.get("amount")
    stored = rules.stored(outcome="Open", reason="Price", amount=5)
    assert not stored.get("reason") and not stored.get("amount")
    assert stored["outcome"]["name"] == "Open"
    # A required field that is shown is required, whatever the client did not show.
    refused = rules.post(outcome="Won")
    assert refused.status == 422 and len(refused.pointers) == 1, refused
    refused = rules.post(outcome="Lost", reason=None)
    assert (refused.status, refused.pointers) == (422, ["/fields/1/value"]), refused
    assert rules.stored(outcome="Won", amount=5)["amount"] == 5
    # Nor is the value of a hidden field let through unchecked.
    assert rules.post(outcome="Open", amount="many").pointers == ["/fields/1/value"]


def test_i9_a_hidden_field_counts_as_empty(rules):
    for name in "abcd":
        rules.field(name)
    rules.set(rule([("c", "not_equals", "x")], "d"), rule([("b", "is_not_empty")], "c"),
              rule([("a", "equals", "open")], "b"))
    everything = {"a": "open", "b": "1", "c": "x", "d": "1"}
    assert rules.shown(**everything) == {"a", "b", "c"}
    assert rules.shown(**{**everything, "c": "y"}) == {"a", "b", "c", "d"}
    # b is hidden, so it is empty; so c is hidden and empty; so c is not x.
    assert rules.shown(**{**everything, "a": "shut"}) == {"a", "d"}
    stored = rules.stored(**{**everything, "a": "shut"})
    assert {name for name, value in stored.items() if value is not None} == {"a", "d"}


def test_i9_a_default_decides_like_a_value_and_is_not_stored_where_hidden(rules):
    rules.field("kind", default="site")
    rules.field("address", default="Main Street")
    rules.set(rule([("kind", "equals", "site")], "address"))
    assert rules.shown() == {"kind", "address"}
    assert rules.form()["address"]["value"] == "Main Street"
    assert rules.shown(kind=None) == {"kind"}
    assert rules.form(kind="call")["address"]["value"] is None
    stored = rules.stored()
    assert stored["kind"] == "site" and stored["address"] == "Main Street"
    assert not rules.stored(kind="call").get("address")
    assert not rules.stored(kind=None).get("address")


def test_i9_completing_is_decided_likewise(rules):
    rules.field("outcome", "single_select")
    rules.field("reason", required=True)
    rules.set(rule([("outcome", "equals", "Lost")], "reason"))
    scheduled = rules.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": rules.id, "due_datetime": "2031-05-04T10:00:00Z", "employee_id": rules.world.employee,
        "associated_entities": [{"id": rules.world.contact}]})
    path = f"/api/activities/scheduled-activity/{scheduled['id']}/complete"
    fields = [{"name": "outcome", "value": "Lost"}]
    assert rules.api.post(path, {"fields": fields}).status == 422
    fields = [{"name": "outcome", "value": "Won"}, {"name": "reason", "value": "Price"}]
    done = rules.api.post(path, {"fields": fields})
    assert done.status == 201, done
    record = rules.api.ok("GET", f"/api/activities/logged/{done.json['id']}")
    assert {f["name"]: f["value"] for f in record["fields"]}["reason"] is None


def test_i9_a_hidden_bound_field_leaves_the_record_as_it_is(rules):
    def phone():
        record = rules.api.ok("GET", f"/api/records/contacts/{rules.world.contact}")
        return {f["name"]: f["value"] for f in record["fields"]}["home_phone"]

    standard = rules.api.ok("GET", "/api/records/objects/contacts/fields")["results"]
    rules.field("ask", "yes_no")
    rules.field("phone", "phone", bound_field_id=next(f["id"] for f in standard if f["name"] == "home_phone"))
    rules.set(rule([("ask", "is_true")], "phone"))
    rules.stored(ask=True, phone="+49 30 1234567")
    assert phone() == "+49301234567"
    rules.stored(ask=False, phone="+49 30 7654321")
    rules.stored(phone="+49 30 7654321")
    assert phone() == "+49301234567"


def random_rules(rng, names):
    """Rules without a cycle, over fields that are whole numbers."""
    free, saved = list(names), []
    rng.shuffle(free)
    border = rng.randrange(1, len(free))
    while border < len(free):
        conditions = [(name, op, rng.randrange(4)) if op.startswith(("equals", "not_", "at_")) else (name, op)
                      for name in rng.sample(free[:border], min(border, rng.randrange(1, 4)))
                      for op in [rng.choice(["equals", "not_equals", "at_least", "at_most", "is_empty"])]]
        count = rng.randrange(1, 3)
        saved.append(rule(conditions, *free[border:border + count], match=rng.choice(["any", "all"])))
        border += count
    rng.shuffle(saved)
    return saved


def test_i9_the_form_shows_what_logging_stores(rules):
    names = [f"n{i}" for i in range(8)]
    rng = random.Random(20)
    for name in names:
        rules.field(name, "integer")
    for _ in range(15):
        rules.set(*random_rules(rng, names))
        for _ in range(3):
            values = {name: rng.randrange(4) for name in names if rng.random() < 0.8}
            shown = rules.shown(**values)
            stored = rules.stored(**values)
            assert {name: value for name, value in stored.items() if value is not None} == \
                {name: value for name, value in values.items() if name in shown}, (rules.get(), values)


def test_i9_rules_that_change_while_activities_are_logged(rules):
    """Once a change is acknowledged, nothing is stored by the rules before it; and never by halves of two."""
    for name in ("always", "left", "right"):
        rules.field(name)
    yes, no = [("always", "is_empty")], [("always", "is_not_empty")]
    states = {"left": [rule(yes, "left"), rule(no, "right")], "right": [rule(no, "left"), rule(yes, "right")]}
    rules.set(*states["left"])
    ended, logged, failures = threading.Event(), [], []

    def log_all_the_time():
        try:
            while not ended.is_set():
                stored = rules.stored(left="l", right="r")
                logged.append({name for name, value in stored.items() if value is not None})
        except BaseException as error:  # the test's thread must hear of it
            failures.append(error)

    threads = [threading.Thread(target=log_all_the_time) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for i in range(30):
            now = ("right", "left")[i % 2]
            rules.set(*states[now])
            stored = rules.stored(left="l", right="r")
            assert {name for name, value in stored.items() if value is not None} == {now}
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    assert all(kept in ({"left"}, {"right"}) for kept in logged) and logged


# ── the form ────────────────────────────────────────────────────────────────────────────────────


def test_m20_form_tells_all_that_a_page_needs(rules):
    rules.field("outcome", "single_select", required=True)
    rules.field("amount", "integer", required=True, limits={"min": 1})
    rules.field("old")
    assert rules.archive("old").status == 200
    rules.set(rule([("outcome", "equals", "Won")], "amount"))
    answer = rules.api.get(rules.path + "/form")
    assert answer.status == 200 and answer.headers["ETag"] == rules.etag()
    form = answer.json
    assert form["activity_object"]["id"] == rules.id and form["activity_object"]["api_name"] == "visit"
    assert form["default_submission_action"] == "redirect" and form["redirect_url"] is None
    assert [f["name"] for f in form["fields"]] == ["outcome", "amount"] and form["unknown"] == []
    outcome, amount = form["fields"]
    assert outcome["visible"] and outcome["required"] and outcome["trigger"]
    assert not amount["visible"] and not amount["required"] and not amount["trigger"]
    assert amount["definition"]["required"] and amount["definition"]["field_type"] == "integer"
    assert [o["name"] for o in outcome["definition"]["options"]] == ["Won", "Lost", "Open"]

    amount = rules.form(outcome="Won", amount=5)["amount"]
    assert amount["visible"] and amount["required"] and amount["value"] == 5 and amount["error"] is None


def test_m20_form_tells_what_is_wrong_and_refuses_nothing(rules):
    rules.field("outcome", "single_select")
    rules.field("amount", "integer")
    rules.field("note")
    rules.set(rule([("outcome", "is_empty")], "note"))
    target = rules.path + "/form?values=" + urllib.parse.quote(json.dumps(
        {"outcome": "Perhaps", "amount": [], "nobody": 1, "note": "x"}))
    form = rules.api.ok("GET", target)
    fields = {f["name"]: f for f in form["fields"]}
    assert "Perhaps" in fields["outcome"]["error"] and fields["outcome"]["value"] is None
    assert fields["amount"]["error"] and fields["note"]["error"] is None
    assert form["unknown"] == ["nobody"]
    # What is not valid counts as empty.
    assert fields["note"]["visible"] and fields["note"]["value"] == "x"
    for broken in ("", "{", "[]", "5", "null", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "[" * 3000):
        answer = rules.api.get(rules.path + "/form?values=" + urllib.parse.quote(broken))
        assert answer.status in (400, 414), (broken, answer)
    assert rules.api.get(rules.path + "/form?value=1").status == 400


def test_m20_form_takes_long_values_in_a_body(rules):
    rules.field("note", "long_text")
    rules.field("shown")
    rules.set(rule([("note", "contains", "the end")], "shown"))
    long = {"note": "é" * 15000 + " The End"}
    answer = rules.api.post(rules.path + "/form", {"values": long})
    assert answer.status == 200 and [f["visible"] for f in answer.json["fields"]] == [True, True]
    assert rules.api.post(rules.path + "/form", {}).json == rules.api.get(rules.path + "/form").json
    short = {"note": "the end"}
    assert rules.api.post(rules.path + "/form", {"values": short}).json["fields"] == list(rules.form(**short).values())
    assert rules.api.post(rules.path + "/form", {"values": []}).pointers == ["/values"]
    assert rules.api.post(rules.path + "/form", {"value": {}}).pointers == ["/value"]


def test_m20_form_writes_nothing(rules, receiver):
    rules.field("a", default="x")
    before = rules.api.get(rules.path)
    rules.form(a="y")
    rules.api.post(rules.path + "/form", {"values": {"a": "y"}})
    after = rules.api.get(rules.path)
    assert after.json == before.json and after.headers["ETag"] == before.headers["ETag"]
    assert rules.world.deliveries() == [] and receiver.all() == []
