"""herald admin apply and export: a Business as a file, all of it or nothing (issue 5, item 8)."""

import copy
import json
import os
import random
import re
import subprocess
import threading

import pytest
import yaml

from support.api import Api
from support.dump import dump
from support.load import Load
from support.server import ROOT, program, run
from support.world import World

EXAMPLE = ROOT / "examples" / "business.yaml"


class Files:
    """Applies texts to one server's data, whether it runs or not."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder

    def run(self, text, *words, check=True):
        path = self.folder / "business.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return run("admin", *self.server.place, "apply", "-f", str(path), *words, check=check, env=self.server.env)

    def apply(self, text, *words):
        return self.run(text, *words).stdout.splitlines()

    def refused(self, text):
        """The complaints, as (line, rest): every one names the file and a line. Nothing of the file is there."""
        before = dump(self.server) if (self.server.data / "node-id").exists() else None
        done = self.run(text, check=False)
        assert done.returncode == 2 and not done.stdout, (done.returncode, done.stdout, done.stderr)
        if before is not None:
            assert dump(self.server) == before
        *complaints, last = done.stderr.splitlines()
        found = []
        for complaint in complaints:
            match = re.fullmatch(re.escape(str(self.folder / "business.yaml")) + r":(\d+): (.*)", complaint)
            assert match, complaint
            found.append((int(match.group(1)), match.group(2)))
        assert found or re.search(r"business\.yaml(:\d+)?: ", last), done.stderr
        return found or [(0, last)]

    def export(self, *words):
        return run("admin", *self.server.place, "export", *words, env=self.server.env).stdout


@pytest.fixture
def files(make_server, tmp_path):
    """Data that no server has opened yet, and none does."""
    return Files(make_server(start=False), tmp_path)


@pytest.fixture
def served(make_server, tmp_path):
    return Files(make_server(), tmp_path)


def business(**parts):
    return yaml.safe_dump({"businesses": [{"name": "Acme", **parts}]}, sort_keys=False, allow_unicode=True)


OWNER = {"email": "alex@acme.test", "first_name": "Alex", "last_name": "Rivera", "groups": ["Owners"]}


def call(**more):
    return {"api_name": "sales_call", "name": "Sales Call", **more}


# ── the example ──────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
@pytest.mark.parametrize("running", [False, True])
def test_the_example_from_empty_and_twice(make_server, tmp_path, running):
    files = Files(make_server(start=running), tmp_path)
    text = EXAMPLE.read_text(encoding="utf-8")
    first = files.apply(text)
    assert first[-1] == "= 0 unchanged" and all(line.startswith("+ ") for line in first[:-1]) and len(first) == 19
    assert "+ activity object sales_call" in first and "+ field sales_call.outcome" in first
    before = dump(files.server)
    second = files.apply(text)
    assert second == ["nothing to change: 18 things are as the file says"]
    assert dump(files.server) == before


def test_what_the_example_makes_works(served, receiver):
    """Alex logs a Sales Call, the webhook goes out, and Sam sees what the role gives: not a word but the file was said."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("https://hooks.example.com/sales-calls", receiver.url())
    served.apply(text)
    server = served.server
    listed = server.admin("business", "list")["results"]
    assert [b["name"] for b in listed] == ["Acme Field Services"]
    employees = {e["email"]: e for e in server.admin("employee", "list", "--business", listed[0]["id"])["results"]}

    def api(email):
        user = employees[email]["user_id"]
        key = server.admin("key", "add", "--user", user, "--name", "t")["api_key"]
        return Api(server, key, listed[0]["id"], user)

    alex, sam = api("alex.rivera@example.com"), api("sam.okafor@example.com")
    objects = {o["api_name"]: o for o in alex.pages("/api/activities/objects")}
    logged = alex.ok("POST", "/api/activities/logged", {
        "activity_object_id": objects["sales_call"]["id"],
        "fields": [{"name": "outcome", "value": "Reached"}, {"name": "budget", "value": "20000"},
                   {"name": "next_step", "value": "Send the quote"}]})
    assert receiver.wait_for_activity(logged["id"])
    record = alex.ok("GET", f"/api/activities/logged/{logged['id']}")
    assert {f["name"]: f["value"] for f in record["fields"]}["next_step"] == "Send the quote"
    assert sam.get("/api/activities/objects").status == 403 and sam.get("/api/employees").status == 200
    assert sam.get(f"/api/activities/objects/{objects['inspection']['id']}/form").status == 200


def test_from_standard_input(files):
    done = subprocess.run([program(), "admin", *files.server.place, "apply", "--file", "-"], capture_output=True, text=True,
                          input=business(), timeout=60, check=True, env={**os.environ, **files.server.env})
    assert done.stdout.splitlines() == ["+ business Acme", "= 0 unchanged"]


def test_the_docs_name_every_member(files):
    """And no other: the table of docs/automation.md against what a file is told that has an unknown one."""
    text = (ROOT / "docs" / "automation.md").read_text(encoding="utf-8").split("## Members")[1]
    documented = {}
    for row in re.findall(r"^\| .* \|$", text, re.MULTILINE):
        _, thing, members, _ = row.split("|")
        documented[thing.strip().strip("`")] = set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", members))) - {"Owners", "contacts"}
    unknown = {"x": 1}
    text = yaml.safe_dump({"businesses": [{
        "name": "A", **unknown, "permission_groups": [{"name": "a", **unknown}], "roles": [{"name": "a", **unknown}],
        "employees": [{"email": "a", **unknown}], "record_objects": [{"api_name": "a", **unknown}],
        "activity_objects": [{"api_name": "a", **unknown, "fields": [{"name": "a", **unknown}], "sharing": unknown}]}]})
    known = {}
    for _, complaint in files.refused(text):
        place = re.sub(r"/\d+", "", complaint.split(":")[0])
        known[place] = set(complaint.split("known are ")[1].rstrip(".").split(", "))
    places = {"a Business": "", "a permission group": "/permission_groups", "a role": "/roles", "an employee": "/employees",
              "a record object": "/record_objects", "an Activity Object": "/activity_objects",
              "sharing": "/activity_objects/sharing", "a field": "/activity_objects/fields"}
    for thing, place in places.items():
        assert documented[thing] == known[f"/businesses{place}/x"], thing


# ── one change at a time ─────────────────────────────────────────────────────────────────────────

BASE = business(
    permission_groups=[{"name": "Staff", "permissions": {"activities": {"view": "my", "log": "all"}}}],
    roles=[{"name": "Sales", "groups": ["Staff"]}],
    employees=[OWNER, {"email": "sam@acme.test", "first_name": "Sam", "groups": ["Staff"], "roles": ["Sales"]}],
    record_objects=[{"api_name": "sites", "name": "Site", "fields": [
        {"name": "address", "display_name": "Address", "field_type": "text"}]}],
    activity_objects=[call(webhook_url="https://hooks.example.com/a", association_objects=["sites", "contacts"], fields=[
        {"name": "outcome", "display_name": "Outcome", "field_type": "single_select", "options": ["Reached", "Voicemail"]},
        {"name": "next_step", "display_name": "Next step", "field_type": "text"},
        {"name": "where", "display_name": "Where", "bound_to": "sites.address"}])])

CHANGES = [
    ("view: my", "view: all", ['~ permission group Staff: permissions.activities.view "my" → "all"']),
    ("groups:\n    - Staff\n  employees", "groups: []\n  employees", ['~ role Sales: groups ["Staff"] → []']),
    ("first_name: Sam", "first_name: Samuel", ['~ employee sam@acme.test: first_name "Sam" → "Samuel"']),
    ("    roles:\n    - Sales\n", "    roles: []\n", ['~ employee sam@acme.test: roles ["Sales"] → []']),
    ("    groups:\n    - Staff\n    roles", "    groups:\n    - Owners\n    roles",
     ['~ employee sam@acme.test: groups ["Staff"] → ["Owners"]']),
    ("    first_name: Sam\n", "    first_name: Sam\n    active: false\n", ["~ employee sam@acme.test: active none → false"]),
    ("name: Site\n", "name: Place\n", ['~ record object sites: name "Site" → "Place"']),
    ("display_name: Address", "display_name: Street", ['~ field sites.address: display_name "Address" → "Street"']),
    ("https://hooks.example.com/a", "https://hooks.example.com/b",
     ['~ activity object sales_call: webhook_url "https://hooks.example.com/a" → "https://hooks.example.com/b"']),
    ("webhook_url: https://hooks.example.com/a", "default_submission_action: redirect\n    webhook_url: null",
     ['~ activity object sales_call: default_submission_action "trigger_webhook" → "redirect"',
      '~ activity object sales_call: webhook_url "https://hooks.example.com/a" → none']),
    ("- sites\n    - contacts", "- contacts\n    - sites",
     ['~ activity object sales_call: association_objects ["sites","contacts"] → ["contacts","sites"]']),
    ("      - Voicemail\n", "", ['~ field sales_call.outcome: options ["Reached","Voicemail"] → '
                                 '["Reached",{"archived":true,"name":"Voicemail"}]']),
    ("    - name: next_step\n      display_name: Next step\n      field_type: text\n",
     "    - name: next_step\n      limits:\n        max_length: 9\n",
     ["~ field sales_call.next_step: limits.max_length 1000 → 9"]),
    ("    - name: next_step\n", "    - name: next_step\n      archived: true\n",
     ["~ field sales_call.next_step: archived none → true"]),
    ("    - name: next_step\n", "    - name: extra\n      display_name: Extra\n      field_type: date\n    - name: next_step\n",
     ["+ field sales_call.extra"]),
    ("    fields:\n    - name: outcome", "    sharing:\n      everyone: false\n      roles:\n      - Sales\n    fields:\n    - name: outcome",
     ["~ activity object sales_call: sharing.everyone true → false",
      "~ activity object sales_call: sharing.roles none → [\"Sales\"]",
      "~ activity object sales_call: sharing.employees none → []"]),
    ("    fields:\n    - name: outcome", "    rules:\n    - match: any\n      conditions:\n      - field: outcome\n"
     "        operator: equals\n        value: Reached\n      targets:\n      - next_step\n    fields:\n    - name: outcome",
     ["~ activity object sales_call: rules none → "]),
]


@pytest.mark.parametrize("old, new, lines", CHANGES, ids=[c[2][0][2:50] for c in CHANGES])
def test_one_change(files, old, new, lines):
    """It and nothing else: told by the dry run, which changes nothing; done by the run, which tells the same; then done."""
    files.apply(BASE)
    assert BASE.count(old) == 1, BASE
    text = BASE.replace(old, new)
    before = dump(files.server)
    told = files.apply(text, "--dry-run")
    assert dump(files.server) == before
    assert len(told) == len(lines) + 1, told
    for line, expected in zip(told, lines):
        assert line.startswith(expected), told
    assert files.apply(text) == told
    assert dump(files.server) != before
    assert files.apply(text)[0].startswith("nothing to change")
    files.apply(BASE)
    assert files.apply(BASE)[0].startswith("nothing to change")


def test_what_the_file_does_not_mention_stays(files):
    files.apply(BASE)
    before = files.export()
    lines = files.apply(business(activity_objects=[{"api_name": "sales_call", "fields": [{"name": "outcome"}]}],
                                 employees=[{"email": "SAM@acme.test"}], roles=[{"name": "Sales"}],
                                 permission_groups=[{"name": "Staff", "permissions": {}}]))
    assert lines == ["nothing to change: 6 things are as the file says"]
    assert files.export() == before


def test_fields_of_the_file_keep_to_their_places_among_others(files):
    def fields(*names):
        return business(activity_objects=[call(fields=[
            {"name": n, "display_name": n, "field_type": "text"} for n in names])])

    def order():
        [found] = yaml.safe_load(files.export())["businesses"]
        return [f["name"] for f in found["activity_objects"][0]["fields"]]

    files.apply(fields("a", "b", "c", "d"))
    assert files.apply(fields("d", "b"))[0].startswith("~ activity object sales_call: order of fields")
    assert order() == ["a", "d", "c", "b"]
    assert files.apply(fields("d", "b"))[0].startswith("nothing to change")


def test_archived_things_come_back_only_when_the_file_says_so(files):
    files.apply(BASE)
    gone = BASE.replace("    name: Sales Call\n", "    name: Sales Call\n    archived: true\n")
    assert files.apply(gone) == ["~ activity object sales_call: archived none → true", "= 10 unchanged"]
    assert files.apply(gone)[0].startswith("nothing to change")
    assert files.apply(BASE)[0].startswith("nothing to change")
    back = gone.replace("archived: true", "archived: false")
    assert files.apply(back)[0] == "~ activity object sales_call: archived true → none"


def test_what_is_needed_no_longer_goes_in_the_same_run(files):
    """A bound field, the object that it writes into, and the rule that shows it, whatever stands first in the file."""
    rules = BASE + """    rules:
    - match: all
      conditions:
      - {field: outcome, operator: equals, value: Reached}
      targets: [where]
"""
    files.apply(rules)
    text = BASE.replace("    name: Site\n", "    name: Site\n    archived: true\n").replace(
        "    - name: where\n", "    - name: where\n      archived: true\n")
    assert "writes into" in files.refused(text)[0][1]
    text += "    rules: []\n"
    assert files.apply(text)[:-1] == [
        "~ record object sites: archived none → true",
        '~ activity object sales_call: rules [{"conditions":[{"field":"outcome","operator":"equals","value":"Reached"}],'
        '"match":"all","targets":["where"]}] → none', "~ field sales_call.where: archived none → true"]
    assert files.apply(text)[0].startswith("nothing to change")
    back = rules.replace("name: Site", "name: Site\n    archived: false").replace(
        "- name: where", "- name: where\n      archived: false")
    files.apply(back)
    assert files.apply(rules)[0].startswith("nothing to change")
    # What is bound goes before the association that it needs, unless a rule still asks for it.
    assert "is not among these" in files.refused(BASE.replace("    - sites\n", ""))[0][1]
    apart = text.replace("    name: Site\n    archived: true\n", "    name: Site\n").replace("    - sites\n", "")
    files.apply(BASE + "    rules: []\n")
    assert files.apply(apart)[:-1] == [
        '~ activity object sales_call: association_objects ["sites","contacts"] → ["contacts"]',
        "~ field sales_call.where: archived none → true"]


def test_the_owners_change_places_and_are_never_none(files):
    files.apply(BASE)
    swapped = BASE.replace("    groups:\n    - Owners\n", "    groups: []\n").replace(
        "    groups:\n    - Staff\n    roles", "    groups:\n    - Owners\n    roles")
    assert files.apply(swapped)[:2] == ['~ employee alex@acme.test: groups ["Owners"] → []',
                                        '~ employee sam@acme.test: groups ["Staff"] → ["Owners"]']
    lost = BASE.replace("    groups:\n    - Owners\n", "    groups: []\n")
    [(line, complaint)] = files.refused(lost)
    assert "/businesses/0/employees/1/groups: " in complaint and "always has a member" in complaint
    assert lost.splitlines()[line - 1].strip() in ("groups:", "- Staff")
    away = swapped.replace("    first_name: Sam\n", "    first_name: Sam\n    active: false\n")
    assert "last active owner" in files.refused(away)[0][1]
    assert "Nobody would be an owner" in files.refused(
        "businesses: [{name: New, employees: [{email: a@b.test, first_name: A, groups: []}]}]")[0][1]


# ── round trip ───────────────────────────────────────────────────────────────────────────────────

AWKWARD = ["yes", "No", "null", "~", "1", "1e3", "0x1f", "a: b", "- a", "# a", "a #b", "'", '"', "\\", "{a}", "[a]", "&a", "*a",
           "!a", "|", ">", "%", "@a", "`", "é", "日本語", "\U0001f600", "tab\there", "line\nbreak", "a ", " a", "\x7f", "\u0085x",
           "\u2028x", "\ufeffx", "a" * 100, "true", "2026-11-24", "=", "<<", "? a", "a, b", "…"]


def whole_business(texts):
    """Every member that a file can have, with the given texts in turn."""
    names = iter(texts * 3)
    every = [{"name": f"f_{kind}", "display_name": next(names), "description": next(names), "field_type": kind}
             for kind in ("text", "long_text", "integer", "decimal", "yes_no", "date", "datetime", "rating", "email",
                          "phone", "url", "team_member", "record", "tags")]
    by_name = {field["name"]: field for field in every}
    for name, default, limits in (
            ("f_text", "true", {"min_length": 2, "max_length": 50}), ("f_long_text", "1", {}), ("f_integer", 7, {"min": 1, "max": 9}),
            ("f_decimal", "1.50", {"scale": 3, "min": "-1"}), ("f_yes_no", False, {}), ("f_date", "2026-11-24", {"min": "2020-01-01"}),
            ("f_datetime", "2026-11-24T09:00:00Z", {}), ("f_rating", 3, {"max": 7}), ("f_email", "a@b.test", {}),
            ("f_phone", "+15550100199", {}), ("f_url", "https://example.com/?a=b#", {}), ("f_team_member", "sam@acme.test", {}),
            ("f_tags", ["yes", "1", "a, b"], {"max_items": 5})):
        by_name[name]["default"] = default if name != "f_url" else "https://example.com/?a=b"
        if limits:
            by_name[name]["limits"] = limits
    by_name["f_record"]["target_object"] = "sites"
    every += [{"name": "f_money", "display_name": "Money", "field_type": "money", "limits": {"currency": "JPY"}},
              {"name": "f_one", "display_name": "One", "field_type": "single_select", "required": True, "default": texts[0],
               "options": [{"name": t} for t in texts[:20]] + [{"name": "gone", "archived": True}]},
              {"name": "f_many", "display_name": "Many", "field_type": "multi_select", "default": texts[:2],
               "options": texts[:5], "limits": {"max_items": 3}},
              {"name": "f_status", "display_name": "Status", "field_type": "status",
               "options": [{"name": "Open", "color": "#112233"}, "Closed"]},
              {"name": "f_old", "display_name": "Old", "field_type": "text", "archived": True},
              {"name": "mobile", "display_name": "Mobile", "bound_to": "contacts.mobile_phone"},
              {"name": "risk", "display_name": "Risk", "bound_to": "sites.risk", "default": "High"}]
    return {
        "name": "Acme: a Business", "permission_groups": [
            {"name": texts[0], "permissions": {"activities": {"view": "all"}, "objects": {"edit": "all"}}}, {"name": "Plain"}],
        "roles": [{"name": texts[1], "groups": [texts[0], "Plain"]}, {"name": "Empty"}],
        "employees": [OWNER, {"email": "sam@acme.test", "first_name": texts[2], "last_name": texts[3], "groups": [texts[0]],
                              "roles": ["Empty", texts[1]]},
                      {"email": "left@acme.test", "first_name": "Left", "groups": ["Plain"], "active": False}],
        "record_objects": [
            {"api_name": "contacts", "fields": [{"name": "vip", "display_name": "VIP", "field_type": "yes_no"}]},
            {"api_name": "sites", "name": texts[4], "description": texts[5], "fields": [
                {"name": "risk", "display_name": "Risk", "field_type": "single_select", "options": ["Low", "High"]}]},
            {"api_name": "old_things", "name": "Old", "archived": True,
             "fields": [{"name": "x", "display_name": "X", "field_type": "text"}]}],
        "activity_objects": [
            {"api_name": "everything", "name": texts[6], "description": texts[7], "color": "#aabbcc", "icon": "phone-call",
             "association_mode": "one_or_more", "association_objects": ["sites", "contacts"],
             "default_submission_action": "trigger_webhook", "webhook_url": "https://example.com/?a=1&b=%20x",
             "redirect_url": "https://example.com/", "fields": every, "rules": [
                 {"name": texts[8], "match": "any", "targets": ["f_text", "f_one"], "conditions": [
                     {"field": "f_many", "operator": "has_any", "value": texts[:2]},
                     {"field": "f_integer", "operator": "between", "value": [1, 9]},
                     {"field": "f_long_text", "operator": "contains", "value": "no"},
                     {"field": "f_team_member", "operator": "is_one_of", "value": ["sam@acme.test", "alex@acme.test"]},
                     {"field": "f_yes_no", "operator": "is_true"}, {"field": "f_decimal", "operator": "at_least", "value": "1.5"}]},
                 {"match": "all", "targets": ["f_date"], "conditions": [{"field": "f_money", "operator": "is_not_empty"}]}],
             "sharing": {"everyone": False, "roles": [texts[1]], "employees": ["alex@acme.test"]}},
            {"api_name": "of_all", "name": "All", "association_mode": "all", "association_objects": ["sites"]},
            {"api_name": "of_none", "name": "None", "association_mode": "none", "archived": True}]}


@pytest.mark.parametrize("shift", range(0, len(AWKWARD), 9))
def test_round_trip(make_server, tmp_path, shift):
    """What is exported is applied to itself without a change, and makes the same on an empty server."""
    texts = AWKWARD[shift:] + AWKWARD[:shift]
    texts = [t for t in texts if t.strip(" \t\r\n")]
    first = Files(make_server(start=False), tmp_path)
    text = yaml.safe_dump({"businesses": [whole_business(texts)]}, sort_keys=False, allow_unicode=True)
    first.apply(text)
    assert first.apply(text)[0].startswith("nothing to change")
    exported = first.export()
    assert first.apply(exported)[0].startswith("nothing to change")
    assert first.export("--business", "Acme: a Business") == exported
    # Another Business, for PostgreSQL has one database in this test.
    copy = yaml.safe_load(exported)
    copy["businesses"][0]["name"] = "Copy"
    first.apply(yaml.safe_dump(copy, sort_keys=False, allow_unicode=True))
    again = yaml.safe_load(first.export("--business", "Copy"))
    assert again == copy


def test_what_could_not_be_made_any_more_is_exported_and_stays(files):
    """A default and a condition that name somebody who left, and an association with what is archived."""
    text = business(employees=[OWNER, {"email": "sam@acme.test", "first_name": "Sam", "groups": []}], activity_objects=[call(
        association_objects=["sites"], fields=[
            {"name": "who", "display_name": "Who", "field_type": "team_member", "default": "sam@acme.test"},
            {"name": "kind", "display_name": "Kind", "field_type": "status", "options": ["A", "B"]},
            {"name": "more", "display_name": "More", "field_type": "text"}],
        rules=[{"match": "any", "targets": ["more"], "conditions": [
            {"field": "who", "operator": "equals", "value": "sam@acme.test"},
            {"field": "kind", "operator": "is_one_of", "value": ["A", "B"]}]}])],
        record_objects=[{"api_name": "sites", "name": "Site"}])
    files.apply(text)
    files.apply(text.replace("first_name: Sam\n", "first_name: Sam\n    active: false\n").replace("      - B\n      ", "      ")
                .replace("name: Site\n", "name: Site\n    archived: true\n"))
    exported = files.export()
    assert "sam@acme.test" in exported and "archived: true" in exported
    assert files.apply(exported)[0].startswith("nothing to change")


# ── whatever a file says ─────────────────────────────────────────────────────────────────────────

KEYS = {"name", "api_name", "email", "businesses"}
VALUES = ["", "x", "yes", True, False, None, 0, -1, 10 ** 20, "1.5", [], ["a"], {}, {"a": 1}, "2026-11-24", "sites", "contacts",
          "a@b.test", "text", "all", "none", "A" * 200, "\u0000".join("ab").replace("\0", "\t"), ["Owners"], "#112233"]


def shaken(rng, tree, most=0.03):
    """The tree with a few members left out, put elsewhere, or of another value."""
    if isinstance(tree, dict):
        return {name: rng.choice(VALUES) if name not in KEYS and rng.random() < most / 3 else shaken(rng, value, most)
                for name, value in tree.items() if name in KEYS or rng.random() > most}
    if isinstance(tree, list):
        items = [shaken(rng, value, most) for value in tree if rng.random() > most]
        if rng.random() < most:
            rng.shuffle(items)
        return items
    return tree


@pytest.mark.parametrize("seed", range(int(os.environ.get("HERALD_LONG", 0)) * 40 or 4))
def test_random_files(files, seed):
    """One after the other on the same data: the dry run changes nothing and tells what the run does, a second run does nothing."""
    rng = random.Random(seed)
    texts = [t for t in AWKWARD if t.strip(" \t\r\n")]
    whole = {"businesses": [whole_business(texts)]}
    applied = 0
    for step in range(8):
        text = yaml.safe_dump(shaken(rng, whole, rng.choice([0, 0.003, 0.02])), sort_keys=False, allow_unicode=True)
        before = dump(files.server) if step else None
        told = files.run(text, "--dry-run", check=False)
        assert told.returncode in (0, 2), told.stderr
        assert before is None or dump(files.server) == before
        done = files.run(text, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (told.returncode, told.stdout, told.stderr), text
        if done.returncode:
            assert "wrong; nothing is changed" in done.stderr and dump(files.server) == (before or dump(files.server))
            continue
        applied += 1
        assert files.apply(text)[0].startswith("nothing to change"), text
        assert files.apply(files.export())[0].startswith("nothing to change"), text
    assert applied


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────

WRONG = """\
businesses:
  - name: Acme
    colour: red
    permission_groups:
      - name: Staff
        permissions:
          activities: {view: some, fly: all}
          objects: {view: my}
          planets: {view: all}
      - permissions: {}
    roles:
      - name: Sales
        groups: [Nobody, Staff]
      - name: Sales
    employees:
      - email: alex@acme.test
        first_name: ""
        groups: [Owners]
      - email: nobody
        first_name: Sam
        groups: Owners
    activity_objects:
      - api_name: sales_call
        name: [a]
        archived: maybe
        sharing: true
      - just text
"""


def test_a_file_that_cannot_be_understood_is_told_whole(files):
    found = files.refused(WRONG)
    lines = [line for line, _ in found]
    assert lines == sorted(lines) == [3, 10, 14, 21, 24, 25, 26, 27], found
    texts = dict(found)
    assert texts[3].startswith("/businesses/0/colour: This member is not known here; known are name, permission_groups,")
    assert "first in line 12" in texts[14] and "true or false" in texts[25]
    assert texts[24].startswith("/businesses/0/activity_objects/0/name: ")


SENSELESS = """\
businesses:
  - name: Acme
    permission_groups:
      - name: Staff
        permissions:
          activities: {view: some, fly: all}
          objects: {view: my}
          planets: {view: all}
    roles:
      - name: Sales
        groups: [Nobody, Staff]
    employees:
      - email: alex@acme.test
        first_name: Alex
        groups: [Owners]
        roles: [Pilots]
      - email: nobody
        first_name: ""
        groups: []
      - email: sam@acme.test
        first_name: Sam
    record_objects:
      - api_name: Sites
        name: Sites
      - api_name: contacts
        fields:
          - name: email
            display_name: Post
          - name: new
            display_name: New
            field_type: magic
    activity_objects:
      - api_name: sales_call
        name: Sales Call
        color: red
        default_submission_action: trigger_webhook
        webhook_url: "ftp://x/?logged_activity_id=1"
      - api_name: visit
        name: Visit
        association_objects: [contacts, sites, planets]
      - api_name: chat
        name: Chat
        association_mode: some
      - api_name: talk
        name: Talk
        fields:
          - name: outcome
            display_name: Outcome
            field_type: single_select
            options:
              - Good
              - {name: Good, colour: red}
          - name: mobile
            display_name: Mobile
            bound_to: contacts.nothing
          - name: ref
            display_name: Ref
            field_type: record
            target_object: planets
          - name: amount
            display_name: Amount
            field_type: money
            limits:
              currency: XXXX
              wings: 2
          - name: who
            display_name: Who
            field_type: team_member
            default: nobody@acme.test
        sharing:
          everyone: false
          roles: [Sales, Pilots]
          employees: [nobody@acme.test]
      - api_name: ruled
        name: Ruled
        fields:
          - {name: a, display_name: A, field_type: text}
          - {name: b, display_name: B, field_type: text}
        rules:
          - match: any
            conditions:
              - {field: a, operator: is_true}
              - {field: z, operator: is_empty}
            targets: [b]
"""


def test_all_that_is_wrong_is_told_at_once_by_line(files):
    """And by path; what only follows from something that is told already is not."""
    found = files.refused(SENSELESS)
    told = {}
    for line, text in found:
        told.setdefault(line, []).append(text)
    expected = {6: "activities", 7: "objects/view", 8: "planets", 11: "groups/0", 16: "roles/0", 17: "employees/1",
                18: "first_name", 20: "employees/2", 23: "api_name", 27: "fields/0", 31: "field_type", 35: "color",
                37: "webhook_url", 40: "association_objects/2", 43: "association_mode", 52: "options/1/colour",
                55: "bound_to", 59: "target_object", 64: "currency", 65: "wings", 69: "default",
                72: "roles/1", 73: "employees/0", 82: "conditions/0/operator", 83: "conditions/1/field"}
    missing = {line: part for line, part in expected.items() if not any(part in t for t in told.get(line, []))}
    assert not missing, (missing, found)
    assert all(text.startswith("/businesses/0/") for _, text in found)
    assert set(told) == set(expected), set(told) - set(expected)


@pytest.mark.parametrize("text, line, word", [
    (b"businesses:\n  - name: \xff\n", 2, "not UTF-8"),
    (b"businesses:\n\n  - name: a\x00b\n", 3, "NUL"),
    (b"\xff\xfeb\x00", 1, "not UTF-8"),
    ("businesses:\n  - name: a\n name: b\n", 3, ""),
    ("businesses: [\n", 2, ""),
    ("a: &x 1\nb: *x\n", 0, "alias"),
    ("businesses: !!set {a}\n", 1, "tag"),
    ("businesses:\n- name: a\n  name: b\n", 3, "second time"),
    ("businesses: []\n---\nbusinesses: []\n", 0, "second document"),
    ("[" * 10000, 0, ""),
    ("businesses: " + "[" * 100 + "]" * 100, 0, "deep"),
    ("x" * (1 << 20) + "y", 0, "longer than"),
    ("", 1, "no list 'businesses'"),
    ("- a\n", 1, "must be a map"),
    ("businesses: x\n", 1, "must be a list"),
    ("businesses: [{name: ''}]\n", 1, "required"),
    ("businesses:\n  - name: a\n    record_objects: [{api_name: contacts, archived: true}]\n", 3, "cannot be archived"),
    ("businesses:\n  - name: a\n  - name: b\n  - name: a\n", 4, "first in line 2"),
    ("businesses: [{name: '" + "n" * 101 + "'}]\n", 1, "1 to 100 characters"),
    ("businesses:\n  - name: \"\\a\"\n    roles: [\x07]\n", 3, "control characters"),
], ids=lambda value: repr(value)[:30])
def test_files_that_are_none(files, text, line, word):
    found = files.refused(text)
    place, complaint = found[0]
    if not place:
        place = int((re.search(r"business\.yaml:(\d+)", complaint) or re.search("()0", "0"))[1] or 0)
    assert word in complaint and (not line or place == line), found


def test_the_longest_file(served):
    """Through the server: what the JSON between them makes of it is longer still."""
    text = business(roles=[{"name": f"role {i} of \\ and \" and …"} for i in range(200)])
    filler = '# \\"\\"\t\\"é\n'
    text += filler * ((2 ** 20 - len(text.encode())) // len(filler.encode()))
    assert 2 ** 20 - 20 < len(text.encode()) <= 2 ** 20
    assert served.apply(text)[-1] == "= 0 unchanged"
    assert served.apply(text) == ["nothing to change: 201 things are as the file says"]
    assert "longer than" in served.refused(text + filler * 2)[0][1]


def test_no_such_file(files):
    for words, word in [(["-f", "/nonexistent/b.yaml"], "/nonexistent/b.yaml: No such file"), ([], "needs --file"),
                        (["-f", str(files.folder)], "directory"), (["--file"], "needs a value")]:
        done = run("admin", *files.server.place, "apply", *words, check=False)
        assert done.returncode == 2 and word in done.stderr, done.stderr
    assert not (files.server.data / "node-id").exists()


def test_what_never_changes(files):
    files.apply(BASE)
    for old, new, word in [
            ("field_type: single_select\n      options:\n      - Reached\n      - Voicemail", "field_type: text",
             "field_type never changes; it is single_select"),
            ("bound_to: sites.address", "bound_to: contacts.mobile_phone", "bound_to never changes; it is sites.address"),
            ("    - name: next_step\n", "    - name: next_step\n      target_object: sites\n", "target_object never changes; it is none")]:
        assert BASE.count(old) == 1
        [(_, complaint)] = files.refused(BASE.replace(old, new))
        assert word in complaint
    assert "may do everything" in files.refused(business(
        permission_groups=[{"name": "Owners", "permissions": {"activities": {"view": "none"}}}]))[0][1]


def test_two_businesses_of_one_name_are_not_guessed_at(files):
    for _ in range(2):
        files.server.admin("business", "add", "--name", "Acme")
    assert "Several Businesses" in files.refused(business())[0][1]
    assert "several Businesses" in run("admin", *files.server.place, "export", "--business", "Acme", check=False).stderr


def test_several_businesses_are_all_or_nothing(files):
    both = yaml.safe_dump({"businesses": [
        {"name": "One", "roles": [{"name": "Sales"}]}, {"name": "Two", "roles": [{"name": "Sales"}]}]})
    assert files.apply(both) == ["+ business One", "+ role Sales (One)", "+ business Two", "+ role Sales (Two)",
                                 "= 0 unchanged"]
    [(_, complaint)] = files.refused(both.replace("name: One", "name: Three", 1).replace(
        "name: Two", "name: Two\n  permission_groups:\n  - name: Owners\n    permissions: {people: {view: none}}"))
    assert complaint.startswith("/businesses/1/")


def test_as_json(files):
    files.apply(BASE)
    text = BASE.replace("first_name: Sam", "first_name: Samuel")
    told = json.loads("\n".join(files.apply(text, "--json", "--dry-run")))
    assert told == {"changes": [{"change": "changed", "thing": "employee sam@acme.test", "member": "first_name",
                                 "before": "Sam", "after": "Samuel"}], "changed": 1, "unchanged": 10}
    assert json.loads("\n".join(files.apply(text, "--json"))) == told


# ── others at the same time ──────────────────────────────────────────────────────────────────────

def together(*commands):
    started = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                stdin=subprocess.DEVNULL) for words in commands]
    return [(p.communicate(timeout=120), p.returncode) for p in started]


@pytest.mark.core
def test_the_same_file_by_two_processes(served):
    """Through one server: one of them makes everything, the other finds nothing to change."""
    words = [program(), "admin", *served.server.place, "apply", "-f", str(EXAMPLE)]
    done = together(words, words, words)
    assert [code for _, code in done] == [0, 0, 0], done
    ends = sorted(out.splitlines()[-1] for (out, _), _ in done)
    assert ends == ["= 0 unchanged"] + ["nothing to change: 18 things are as the file says"] * 2


@pytest.mark.engine("postgres")
def test_the_same_file_by_two_nodes(make_server):
    """Two servers on one PostgreSQL."""
    nodes = [make_server(name="a"), make_server(name="b")]
    done = together(*([program(), "admin", *n.place, "apply", "-f", str(EXAMPLE)] for n in nodes for _ in range(2)))
    assert [code for _, code in done] == [0] * 4, done
    ends = sorted(out.splitlines()[-1] for (out, _), _ in done)
    assert ends == ["= 0 unchanged"] + ["nothing to change: 18 things are as the file says"] * 3


def test_under_load(served, receiver):
    """Settings change again and again while activities are logged: none is lost, none is refused, and all see the new URL."""
    world = World(served.server, webhook=receiver.url("/0"))
    name = "Acme Field Services"

    def text(n, fields):
        return yaml.safe_dump({"businesses": [{"name": name, "activity_objects": [
            {"api_name": "sales_call", "webhook_url": receiver.url(f"/{n}"), "fields": fields}]}]})

    with Load(world, clients=4) as load:
        for n in range(1, 6):
            fields = [{"name": f"f{i}", "display_name": f"F{i}", "field_type": "text"} for i in range(n)]
            told = served.apply(text(n, fields), "--dry-run")
            assert served.apply(text(n, fields)) == told
            assert len(told) == 3 and told[-1].startswith("= "), told
    assert load.count and not load.refused, load.refused[:3]
    last = world.log()["id"]
    assert receiver.wait_for_activity(last).path == "/5"
    world.quiet()
    assert not world.deliveries(state="failed")


@pytest.mark.engine("postgres")
def test_under_load_on_two_nodes(make_server, receiver, tmp_path):
    """Both log into the Business whose settings both change: neither waits for the other in a circle."""
    nodes = [make_server(name="a"), make_server(name="b")]
    world = World(nodes[0], webhook=receiver.url())
    other = copy.copy(world)
    other.server, other.api = nodes[1], Api(nodes[1], world.key, world.business, world.user)
    with Load(world, clients=2) as load, Load(other, clients=2) as others:
        for n in range(8):
            text = yaml.safe_dump({"businesses": [{"name": "Acme Field Services", "roles": [{"name": f"Role {n}"}],
                                                   "activity_objects": [{"api_name": "sales_call", "description": f"{n}"}]}]})
            assert len(Files(nodes[n % 2], tmp_path).apply(text)) == 3
    assert load.count and others.count and not load.refused + others.refused
    world.quiet()


def test_a_dry_run_disturbs_nobody(served, receiver):
    """It shares a transaction with what is logged meanwhile, and is undone alone."""
    world = World(served.server, webhook=receiver.url())
    text = yaml.safe_dump({"businesses": [{"name": "Acme Field Services", "roles": [{"name": "R"}], "activity_objects": [
        {"api_name": "sales_call", "webhook_url": "https://elsewhere.example.com/"}]}]})
    with Load(world, clients=4) as load:
        told = [served.apply(text, "--dry-run") for _ in range(5)]
    assert all(t == told[0] for t in told) and len(told[0]) == 3
    assert load.count and not load.refused
    world.quiet()
    assert {r.path for r in receiver.requests} == {"/hook"}
    assert world.api.pages("/api/roles") == []


def test_a_change_by_a_file_ends_what_was_permitted(served, receiver):
    """Remembered callers, too: it raises the settings' version as the API does."""
    served.apply(BASE)
    server = served.server
    [business_id] = [b["id"] for b in server.admin("business", "list")["results"]]
    [sam] = [e for e in server.admin("employee", "list", "--business", business_id)["results"] if e["email"].startswith("sam")]
    key = server.admin("key", "add", "--user", sam["user_id"], "--name", "t")["api_key"]
    api = Api(server, key, business_id, sam["user_id"])
    [call_id] = [o["id"] for o in server.admin("object", "list", "--business", business_id)["results"]]
    body = {"activity_object_id": call_id, "notes": "x"}
    assert api.post("/api/activities/logged", body).status == 201
    served.apply(BASE.replace("log: all", "log: none"))
    assert api.post("/api/activities/logged", body).status == 403


def test_each_change_is_in_the_audit_log(files):
    files.apply(BASE)
    files.apply(BASE.replace("first_name: Sam", "first_name: Samuel"))
    rows = dump(files.server)["audit_entry"]
    files.apply(BASE.replace("first_name: Sam", "first_name: Samuel"))
    assert dump(files.server)["audit_entry"] == rows
    assert any("activity_object.created" in row for row in rows)
