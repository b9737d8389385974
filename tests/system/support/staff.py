"""A Business with employees of whom each may something else, its model (support/oracle.py), and what both are asked."""

import re

from .api import Api, new_id
from .oracle import GIVES, KINDS, LEVELS, NOBODY, OK, PERMISSIONS, REFUSED, UNKNOWN, Model, as_json, random_grants
from .wait import wait_for
from .world import World

STALE = {"If-Match": '"999999"'}
DUE = "2031-05-04T10:00:00Z"


class Crowd:
    """All are owners until `begin`. `spares`: so many of each Logged Activity, to be deleted by whoever may."""

    def __init__(self, server, rng, employees=6, name="Acme Field Services", sizes=(4, 12, 50, 25), spares=0, webhook=None):
        self.server, self.rng, self.webhook = server, rng, webhook
        self.world = World(server, name=name, email=f"alex@{len(name)}-{rng.randrange(1 << 30)}.test")
        self.api = self.world.api
        self.apis = {self.world.employee: self.world.api}
        self.model = Model(self.world.employee)
        self.spare = {}  # id -> whose twin it is
        for i in range(employees):
            self._add_employee(i)
        self.model.employees = list(self.apis)
        types, records, logged, scheduled = sizes
        self._settings(types)
        self._records(records)
        self._logged(logged, spares)
        self._scheduled(scheduled)

    def _add_employee(self, i):
        made = self.server.admin("employee", "add", "--business", self.world.business, "--first-name", f"E{i}",
                                 "--last-name", "Test", "--email", f"e{i}@{self.world.business}.test")
        key = self.server.admin("key", "add", "--user", made["user_id"], "--name", "tests")["api_key"]
        self.apis[made["employee_id"]] = Api(self.server, key, self.world.business, made["user_id"])

    def some(self, things, most):
        things = sorted(things)
        return self.rng.sample(things, self.rng.randint(0, min(most, len(things))))

    def _settings(self, types):
        model = self.model
        for i in range(types):
            webhook = {"webhook_url": self.webhook} if self.webhook and i == 0 else {}
            model.shared[self.api.ok("POST", "/api/activities/objects",
                                     {"name": f"Type {i}", "api_name": f"type_{i}", **webhook})["id"]] = None
        for i in range(3):
            role = self.api.ok("POST", "/api/roles", {"name": f"Role {i}"})["id"]
            model.role_members[role], model.role_groups[role] = set(), set()
            self.set_role(role, self.some(self.apis, 3))
        for i in range(5):
            group = self.api.ok("POST", "/api/permission-groups", {"name": f"Group {i}"})["id"]
            model.grants[group], model.group_members[group] = {}, set()
            self.set_grants(group, random_grants(self.rng))
            self.set_members(group, self.some(self.apis, 4))

    def _records(self, count):
        owners = [None, *self.apis]
        for i in range(count):
            record = self.api.ok("POST", "/api/records/contacts", {
                "first_name": f"C{i}", "last_name": "X", "owner_id": self.rng.choice(owners)})
            self.model.records[record["id"]] = record["owner"] and record["owner"]["id"]
        self.model.records[self.world.contact] = None
        for owner in owners:
            record = self.api.ok("POST", "/api/records/contacts", {"first_name": "Gone", "last_name": "X", "owner_id": owner})
            path = f"/api/records/contacts/{record['id']}"
            assert self.api.request("DELETE", path, headers=self.if_match(path)).status == 200
            self.model.archived[record["id"]] = owner

    def _logged(self, count, spares):
        model, rng = self.model, self.rng
        for _ in range(count):
            who, kind, records = rng.choice(list(self.apis)), rng.choice(list(model.shared)), self.some(model.records, 3)
            body = {"activity_object_id": kind, "notes": "n", "mentions": self.some(self.apis, 2),
                    "associated_entities": [{"id": record} for record in records]}
            made = [self.apis[who].ok("POST", "/api/activities/logged", body) for _ in range(1 + spares)]
            model.logged[made[0]["id"]] = (kind, who, records)
            self.spare.update({twin["id"]: made[0]["id"] for twin in made[1:]})
            delivery = made[0]["submission_action"]["delivery_id"]
            if delivery:
                model.deliveries[delivery] = (kind,)

    def _scheduled(self, count):
        model, rng = self.model, self.rng
        for _ in range(count):
            kind, records = rng.choice(list(model.shared)), self.some(model.records, 3)
            employee = rng.choice([None, *self.apis])
            role = None if employee else rng.choice([None, *model.role_members])
            made = self.schedule(self.api, kind, employee, role, records)
            model.scheduled[made.json["id"]] = (kind, employee, role, records)

    @staticmethod
    def schedule(api, kind, employee, role, records=()):
        return api.post("/api/activities/scheduled-activity", {
            "activity_object_id": kind, "due_datetime": DUE, "employee_id": employee, "role_id": role,
            "associated_entities": [{"id": record} for record in records]})

    def wait_for_failures(self):
        """Each delivery has its notification: nobody listens there."""
        kind = next(iter(self.model.shared))
        twins = [of for of in self.spare.values() if self.model.logged[of][0] == kind]
        wanted = len(self.model.deliveries) + len(twins)
        wait_for(lambda: len(self.api.pages("/api/notifications")) == wanted, "all failures")

    def begin(self):
        """From now on only the first is an owner."""
        self.api.ok("PUT", f"/api/permission-groups/{self.world.business}/members", {"members": [self.world.employee]})

    def is_owners(self, kind):
        """Sharing binds owners, too: what they may not see they cannot put right here."""
        return self.model.shares(kind, self.world.employee)

    # ── changes, here and there ──

    def change(self, what, about, value):
        """What Model.apply does, told to the program, too."""
        {"members": self.set_members, "role": self.set_role, "role_groups": self.set_role_groups,
         "grants": self.set_grants, "sharing": self.share, "assignment": self.assign, "owner": self.give}[what](about, value)

    def set_members(self, group, members):
        self.api.ok("PUT", f"/api/permission-groups/{group}/members", {"members": sorted(members)})
        self.model.apply("members", group, set(members))

    def set_role(self, role, members):
        self.api.ok("PUT", f"/api/roles/{role}/members", {"members": sorted(members)})
        self.model.apply("role", role, set(members))

    def set_role_groups(self, role, groups):
        self.api.ok("PUT", f"/api/roles/{role}/groups", {"groups": sorted(groups)})
        self.model.apply("role_groups", role, set(groups))

    def if_match(self, path):
        return {"If-Match": self.api.get(path).headers["ETag"]}

    def set_grants(self, group, grants):
        path = f"/api/permission-groups/{group}"
        self.api.ok("PATCH", path, {"permissions": as_json(grants)}, headers=self.if_match(path))
        self.model.apply("grants", group, grants)

    def share(self, kind, subjects):
        path = f"/api/activities/objects/{kind}/sharing"
        roles = sorted(subject for subject in subjects or () if subject in self.model.role_members)
        employees = sorted(set(subjects or ()) - set(roles))
        self.api.ok("PUT", path, {"everyone": subjects is None, "roles": roles, "employees": employees},
                    headers=self.if_match(path))
        self.model.apply("sharing", kind, None if subjects is None else set(subjects))

    def assign(self, thing, to):
        self.api.ok("PATCH", f"/api/activities/scheduled-activity/{thing}", {"employee_id": to[0], "role_id": to[1]})
        self.model.apply("assignment", thing, to)

    def give(self, record, owner):
        path = f"/api/records/contacts/{record}"
        self.api.ok("PATCH", path, {"owner_id": owner}, headers=self.if_match(path))
        self.model.apply("owner", record, owner)

    def a_change(self, what):
        """One single change of that sort, at random: of one grant, one membership, one role's group, and so on."""
        rng, model = self.rng, self.model
        group, role, who = rng.choice(sorted(model.grants)), rng.choice(sorted(model.role_members)), rng.choice(list(self.apis))
        kind = rng.choice(sorted(model.shared))
        open_to_owner = [thing for thing, of in sorted(model.scheduled.items()) if self.is_owners(of[0])]
        record = rng.choice(sorted(model.records))
        if isinstance(what, tuple):
            now = model.grants[group].get(what, "none")
            return "grants", group, {what: rng.choice([level for level in KINDS[what[0]][what[1]] if level != now])}
        if what == "members":
            return what, group, model.group_members[group] ^ {who}
        if what == "role":
            return what, role, model.role_members[role] ^ {who}
        if what == "role_groups":
            return what, role, model.role_groups[role] ^ {group}
        if what == "assignment" and open_to_owner:
            return what, rng.choice(open_to_owner), rng.choice([(who, None), (None, role), (None, None)])
        if what == "owner":
            return what, record, rng.choice([None, who])
        subjects = model.shared[kind]
        return "sharing", kind, set() if subjects is None else rng.choice([None, subjects ^ {rng.choice([who, role])}])


# Questions that do what they ask, if it is permitted.
DONE = ("deactivate", "delete_logged", "delete_scheduled", "schedule", "add_record")
CHANGES = [*PERMISSIONS, "members", "role", "role_groups", "sharing", "assignment", "owner"]


class Asker:
    """
    Asks the program what the model is asked. Each question is a request that says whether it is permitted, and, but for
    a few, is wrong in something else, so that it changes nothing.
    """

    def __init__(self, crowd):
        self.crowd, self.model, self.rng = crowd, crowd.model, crowd.rng

    def ask(self, who, rule, thing):
        """What Model.answer says, from the program; None: it would take something away that is still needed."""
        api = self.crowd.apis[who]
        if rule.startswith("list:"):
            return self._listed(api, rule[5:], thing)
        found = getattr(self, "_ask_" + rule)(api, who, thing)
        return found and self._word(*found)

    @staticmethod
    def _word(answer, allowed):
        """The answer in the oracle's words. `allowed`: the status of what is permitted."""
        if answer.status == allowed and (allowed != 422 or answer.pointers in (["/mentions/0"], ["/members/0"], ["/first_name"])):
            return OK
        if answer.status == 404 or (answer.status == 422 and "/activity_object_id" in answer.pointers):
            return UNKNOWN
        if answer.status == 403:
            lacking = re.search(r"lack the permission '(.*)'", answer.json["detail"])
            given = re.search(r"which you lack yourself|Only owners may", answer.json["detail"])
            return lacking.group(1) if lacking else GIVES if given else answer.json["detail"]
        return repr(answer)

    # ── things ──

    def _ask_view_logged(self, api, _who, thing):
        return api.get(f"/api/activities/logged/{thing}"), 200

    def _ask_delete_logged(self, api, who, thing):
        """Of what may be deleted a twin is, while there are some."""
        if self.model.delete_logged(who, thing) == OK:
            thing = next((spare for spare, of in self.crowd.spare.items() if of == thing), None)
            if not thing:
                return None
        answer = api.request("DELETE", f"/api/activities/logged/{thing}")
        if answer.status == 204:
            self.crowd.spare.pop(thing)
        return answer, 204

    def _ask_log(self, api, _who, kind):
        return api.post("/api/activities/logged", {"activity_object_id": kind, "mentions": [new_id()]}), 422

    def _ask_form(self, api, _who, kind):
        return api.get(f"/api/activities/objects/{kind}/form"), 200

    def _ask_view_scheduled(self, api, _who, thing):
        return api.get(f"/api/activities/scheduled-activity/{thing}"), 200

    def _ask_edit_scheduled(self, api, _who, thing):
        return api.patch(f"/api/activities/scheduled-activity/{thing}", {"mentions": [new_id()]}), 422

    def _ask_assign(self, api, _who, question):
        thing, employee, role = question
        return api.patch(f"/api/activities/scheduled-activity/{thing}",
                         {"employee_id": employee, "role_id": role, "mentions": [new_id()]}), 422

    def _ask_complete(self, api, _who, thing):
        return api.post(f"/api/activities/scheduled-activity/{thing}/complete", {"mentions": [new_id()]}), 422

    def _ask_delete_scheduled(self, api, who, thing):
        if self.model.delete_scheduled(who, thing) == OK:
            if not self.crowd.is_owners(self.model.scheduled[thing][0]):
                return None
            twin = self.crowd.schedule(self.crowd.api, *self.model.scheduled[thing])
            thing = twin.json["id"]
        return api.request("DELETE", f"/api/activities/scheduled-activity/{thing}"), 204

    def _ask_schedule(self, api, who, question):
        """What is scheduled is deleted by an owner at once."""
        if self.model.schedule(who, question) == OK and not self.crowd.is_owners(question[0]):
            return None
        answer = self.crowd.schedule(api, *question)
        if answer.status == 201:
            assert self.crowd.api.request("DELETE", f"/api/activities/scheduled-activity/{answer.json['id']}").status == 204
        return answer, 201

    def _ask_view_record(self, api, _who, record):
        return api.get(f"/api/records/contacts/{record}"), 200

    def _ask_edit_record(self, api, _who, record):
        return api.patch(f"/api/records/contacts/{record}", {}, headers=STALE), 412

    def _ask_delete_record(self, api, _who, record):
        return api.request("DELETE", f"/api/records/contacts/{record}", headers=STALE), 412

    def _ask_add_record(self, api, _who, owner):
        body = {"first_name": "New", "last_name": "X", **({} if owner is None else
                                                          {"owner_id": None if owner == NOBODY else owner})}
        answer = api.post("/api/records/contacts", body)
        if answer.status == 201:
            path = f"/api/records/contacts/{answer.json['id']}"
            gone = self.crowd.api.request("DELETE", path, headers=self.crowd.if_match(path))
            assert gone.status == 200, gone
        return answer, 201

    def _ask_view_delivery(self, api, _who, thing):
        return api.get(f"/api/webhooks/deliveries/{thing}"), 200

    # ── settings ──

    def _ask_view_object(self, api, _who, kind):
        part = self.rng.choice(["", "/fields", "/rules", "/sharing"])
        return api.get(f"/api/activities/objects/{kind}{part}"), 200

    def _ask_edit_object(self, api, _who, kind):
        path = f"/api/activities/objects/{kind}"
        return self.rng.choice([
            lambda: api.patch(path, {}, headers=STALE),
            lambda: api.request("PUT", path + "/sharing", {"everyone": True}, headers=STALE),
            lambda: api.request("PUT", path + "/rules", {"rules": []}, headers=STALE),
            lambda: api.post(path + "/fields", {"name": "f", "display_name": "F", "field_type": "text"}, headers=STALE),
        ])(), 412

    def _ask_delete_object(self, api, _who, kind):
        return api.request("DELETE", f"/api/activities/objects/{kind}", headers=STALE), 412

    def _ask_add_object(self, api, _who, _thing):
        return self.rng.choice([
            lambda: api.post("/api/activities/objects", {"name": "Type 0", "api_name": "type_0"}),
            lambda: api.post("/api/records/objects", {"name": "Contacts", "api_name": "contacts"}),
        ])(), 409

    def _ask_view_record_object(self, api, _who, _thing):
        return api.get("/api/records/objects/contacts" + self.rng.choice(["", "/fields"])), 200

    def _ask_edit_record_object(self, api, _who, _thing):
        path = "/api/records/objects/contacts"
        return self.rng.choice([
            lambda: api.patch(path, {}, headers=STALE),
            lambda: api.post(path + "/fields", {"name": "f", "display_name": "F", "field_type": "text"}, headers=STALE),
        ])(), 412

    def _ask_delete_record_object(self, api, _who, _thing):
        return api.request("DELETE", "/api/records/objects/contacts", headers=STALE), 412

    # ── people ──

    def _ask_view_deliveries(self, api, _who, _thing):
        return api.get("/api/webhooks/deliveries?limit=1"), 200

    def _ask_view_people(self, api, _who, _thing):
        group, role = next(iter(self.model.grants)), next(iter(self.model.role_members))
        return api.get(self.rng.choice([f"/api/permission-groups/{group}", f"/api/employees/{self.rng.choice(self.model.employees)}", f"/api/roles/{role}",
                                        f"/api/roles/{role}/groups"])), 200

    def _ask_add_people(self, api, _who, _thing):
        employee = {"first_name": "E", "last_name": "T", "email": f"e0@{self.crowd.world.business}.test"}
        return self.rng.choice([lambda: api.post("/api/roles", {"name": "Role 0"}),
                                lambda: api.post("/api/employees", employee),
                                lambda: api.post("/api/permission-groups", {"name": "Group 0"})])(), 409

    def _ask_edit_people(self, api, _who, _thing):
        group = next(iter(self.model.grants))
        whom = self.rng.choice(self.model.employees)
        return self.rng.choice([lambda: (api.patch(f"/api/permission-groups/{group}", {}, headers=STALE), 412),
                                lambda: (api.get(f"/api/employees/{whom}/keys"), 200)])()

    def _ask_edit_employee(self, api, _who, whom):
        return api.patch(f"/api/employees/{whom}", {"first_name": " "}), 422

    def _ask_deactivate(self, api, who, whom):
        """Who is deactivated is made active again by an owner at once."""
        path = f"/api/employees/{whom}"
        if who == whom == self.crowd.world.employee:
            return None
        answer = api.request("DELETE", path)
        if answer.status < 300:
            self.crowd.api.ok("PATCH", path, {"active": True})
        return answer, answer.status if answer.status in (200, 204) else 204

    def _ask_view_audit(self, api, _who, _thing):
        return api.get("/api/audit-log?limit=1"), 200

    def _ask_delete_people(self, api, _who, _thing):
        group = next(iter(self.model.grants))
        return api.request("DELETE", f"/api/permission-groups/{group}", headers=STALE), 412

    def _ask_give_group(self, api, _who, group):
        return api.request("PUT", f"/api/permission-groups/{group}/members", {"members": [new_id()]}), 422

    def _ask_give_role(self, api, _who, role):
        return api.request("PUT", f"/api/roles/{role}/members", {"members": [new_id()]}), 422

    def _ask_make_owners(self, api, _who, _thing):
        group = self.crowd.world.business
        return api.request("PUT", f"/api/permission-groups/{group}/members", {"members": [new_id()]}), 422

    # ── lists ──

    def _listed(self, api, name, about):
        """Ids of what the model knows; OK of lists that show all or nothing."""
        if name == "search":
            answer = api.post("/api/records/contacts/search", {"page_size": 200})
        else:
            path = {"logged": "activities/logged", "scheduled": "activities/scheduled-activity", "objects": "activities/objects",
                    "records": "records/contacts", "timeline": f"records/contacts/{about}/timeline",
                    "record_objects": "records/objects", "deliveries": "webhooks/deliveries",
                    "groups": "permission-groups", "audit": "audit-log"}.get(name, name)
            answer = api.get(f"/api/{path}?limit=200")
        if answer.status in (403, 404):
            return REFUSED
        assert answer.status == 200 and (name == "audit" or not answer.json.get("next")), (name, answer)
        found = [result["delivery_id" if name == "notifications" else "id"] for result in answer.json["results"]]
        if name in ("record_objects", "employees", "roles", "groups", "audit"):
            assert found, name
            return OK
        known = {"logged": self.model.logged, "scheduled": self.model.scheduled, "objects": self.model.shared,
                 "timeline": {**self.model.logged, **self.model.scheduled}, "deliveries": self.model.deliveries,
                 "notifications": self.model.deliveries}.get(name, self.model.records)
        return frozenset(set(found) & set(known))

    def ask_all(self, moved=()):
        """{question: answer}. What is permitted and would be done is asked if it has `moved`, else now and then."""
        asked = {}
        for who in self.model.employees:
            for rule, thing in self.model.questions():
                done = rule in DONE and self.model.answer(who, rule, thing) == OK
                if not done or (who, rule, thing) in moved or self.rng.random() < 0.05:
                    asked[(who, rule, thing)] = self.ask(who, rule, thing)
        return {question: answer for question, answer in asked.items() if answer is not None}
