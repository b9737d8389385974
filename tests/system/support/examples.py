"""
A Business in which each example of api/openapi.yaml works. What its x-example-ids name is made when it is first asked
for, so that an example needs only what it is about.
"""

import json
import re

from .api import Api
from .contract import contract
from .person import PASSWORD, set_password, signed_in

# The thing that an id in a path stands for, by the path up to it (all names of parameters as {}). An operation may
# choose another one: `x-example-path: {id: inspection}`.
PATHS = {
    "/api/activities/logged/{}": "logged",
    "/api/activities/objects/{}": "sales_call",
    "/api/activities/objects/{}/fields/{}": "amount",
    "/api/activities/objects/{}/rules/{}": "rule",
    "/api/activities/scheduled-activity/{}": "scheduled",
    "/api/employees/{}": "sam",
    "/api/employees/{}/keys/{}": "sams_key",
    "/api/keys/{}": "key",
    "/api/permission-groups/{}": "agents",
    "/api/records/contacts/{}": "maria",
    "/api/records/objects/{}": "vehicles",
    "/api/records/objects/{}/fields/{}": "plate",
    "/api/records/{}": "vehicles",
    "/api/records/{}/{}": "van",
    "/api/roles/{}": "sales_team",
    "/api/sessions/{}": "session",
    "/api/webhooks/deliveries/{}": "delivery",
}
QUERY = {
    "activity_object_id": "sales_call", "employee_id": "alex", "logged_activity_id": "logged", "record_id": "maria",
    "role_id": "sales_team",
}
# What an example needs that speaks of something by its name.
NAMES = {"sales_call": "sales_call", "Sales Call": "sales_call", "vehicles": "vehicles"}
METHODS = ("get", "post", "put", "patch", "delete")


class Operation:
    """One operation of the description, with what is said of its path as well."""

    def __init__(self, path, method, item, operation):
        follow = contract()._follow
        self.path, self.method, self.operation = path, method.upper(), operation
        self.name = operation["operationId"]
        self.wire = "wire" in operation["tags"]
        self.tag = next(tag for tag in operation["tags"] if tag != "wire")
        self.parameters = [follow(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
        self.content = follow(operation.get("requestBody", {})).get("content", {}).get("application/json")
        self.chosen = {**item.get("x-example-path", {}), **operation.get("x-example-path", {})}
        self.success = min(int(s) for s in operation["responses"])
        answer = follow(operation["responses"][str(self.success)])
        self.for_people = operation.get("security") == [{"session": []}]  # not for keys
        self.streams = "text/event-stream" in answer.get("content", {})

    def place(self, name):
        """What {name} in the path stands for."""
        if name in self.chosen:
            return self.chosen[name]
        key = re.sub(r"{\w+}", "{}", self.path[:self.path.index("{" + name + "}")] + "{}")
        assert key in PATHS, f"{self.method} {self.path}: say in support/examples.py, PATHS, what {key} is"
        return PATHS[key]

    def in_query(self):
        return [p for p in self.parameters if p["in"] == "query"]

    def takes(self, header):
        return any(p["in"] == "header" and p["name"] == header for p in self.parameters)

    @property
    def examples(self):
        """Bodies by name; {"": None} for an operation without one."""
        if not self.content:
            return {"": None}
        examples = {name: contract()._follow(e)["value"] for name, e in self.content.get("examples", {}).items()}
        assert examples, f"{self.method} {self.path} has no example of its body"
        return examples

    def __str__(self):
        return f"{self.method} {self.path}"


def operations():
    return [Operation(path, method, item, item[method]) for path, item in contract().document["paths"].items()
            for method in METHODS if method in item]


class ExampleWorld:
    """Acme Field Services: Alex calls. `ids` are those that were made so far."""

    def __init__(self, server, webhook="http://127.0.0.1:9/hook"):
        self.server, self.webhook = server, webhook
        self.placeholders = contract().document["x-example-ids"]
        business = server.admin("business", "add", "--name", "Acme Field Services")["business_id"]
        alex = self._employee(business, "Alex", "Rivera")
        self.user = alex["user_id"]
        key = server.admin("key", "add", "--user", self.user, "--name", "examples")["api_key"]
        self.api = Api(server, key, business, self.user)
        self.ids = {"business": business, "alex": alex["employee_id"]}

    @staticmethod
    def email(first, last, business):
        return f"{first}.{last}.{business}@acme.test".lower()

    def _employee(self, business, first, last, of=None):
        return self.server.admin("employee", "add", "--business", business, "--first-name", first, "--last-name", last,
                                 "--email", self.email(first, last, of or business))

    def id(self, name):
        if name not in self.ids:
            make = getattr(self, "_make_" + name, None)
            assert make, f"support/examples.py does not say how to make '{name}' of x-example-ids"
            self.ids[name] = make()
        return self.ids[name]

    # ── what there is ──

    def _make_session(self):
        self.person()
        return self.api.ok("GET", "/api/sessions")["results"][0]["id"]

    def _make_branch(self):
        business = self.server.admin("business", "add", "--name", "Branch")["business_id"]
        assert self._employee(business, "Alex", "Rivera", self.ids["business"])["user_id"] == self.user
        return business

    def person(self, password=PASSWORD):
        """Alex in a browser."""
        set_password(self.server, self.user, password)
        return signed_in(self.server, email=self.email("Alex", "Rivera", self.ids["business"]), password=password)

    def invitation_token(self):
        """Of Sam."""
        self.api.post(f"/api/employees/{self.id('sam')}/invitation")
        return self._token_of_mail("Sam", "Lee")

    def reset_token(self):
        """Of Alex."""
        assert self.api.post("/api/password-resets", {"email": self._alex()}).status == 202
        return self._token_of_mail("Alex", "Rivera")

    def _alex(self):
        return self.email("Alex", "Rivera", self.ids["business"])

    def _token_of_mail(self, first, last):
        return self.server.mailbox.wait(1, to=self.email(first, last, self.ids["business"]))[-1].token

    def _make_sam(self):
        made = self._employee(self.ids["business"], "Sam", "Lee")
        self.ids["sams_key"] = self.server.admin("key", "add", "--user", made["user_id"], "--name", "tests")["key_id"]
        return made["employee_id"]

    def _make_sams_key(self):
        self.id("sam")
        return self.ids["sams_key"]

    def _make_key(self):
        return self.api.ok("POST", "/api/keys", {"name": "laptop"})["id"]

    def _make_sales_team(self):
        role = self.api.ok("POST", "/api/roles", {"name": "Sales"})["id"]
        self.api.ok("PUT", f"/api/roles/{role}/members", {"members": [self.id("alex")]})
        return role

    def _make_agents(self):
        return self.api.ok("POST", "/api/permission-groups", {"name": "Agents in the field"})["id"]

    def _make_contacts(self):
        return self.api.ok("GET", "/api/records/objects/contacts")["id"]

    def _make_vehicles(self):
        return self.api.ok("POST", "/api/records/objects", {"name": "Vehicle", "api_name": "vehicles"})["id"]

    def _record(self, api_name, body):
        return self.api.ok("POST", f"/api/records/{api_name}", body)["id"]

    def _make_maria(self):
        return self._record("contacts", {"first_name": "Maria", "last_name": "Thompson", "email": "maria@thompson.test"})

    def _make_tom(self):
        return self._record("contacts", {"first_name": "Tom", "last_name": "Becker", "email": "tom@becker.test"})

    def _make_van(self):
        return self._record(self.id("vehicles"), {"fields": [{"name": "name", "value": "Van 12"}]})

    def _object(self, name, **more):
        return self.api.ok("POST", "/api/activities/objects", {"name": name, **more})["id"]

    def _make_sales_call(self):
        made = self._object("Sales Call", default_submission_action="trigger_webhook", webhook_url=self.webhook)
        self.ids["sales_call"] = made
        fields = f"/api/activities/objects/{made}/fields"
        self.ids["outcome"] = self._add(fields, {
            "name": "outcome", "display_name": "Outcome", "field_type": "single_select",
            "options": [{"name": "Won"}, {"name": "Lost"}, {"name": "Open"}]})
        self.ids["amount"] = self._add(fields, {
            "name": "amount", "display_name": "Amount", "field_type": "money", "limits": {"currency": "USD"}})
        return made

    def _make_outcome(self):
        self.id("sales_call")
        return self.ids["outcome"]

    def _make_amount(self):
        self.id("sales_call")
        return self.ids["amount"]

    def _make_inspection(self):
        return self._object("Inspection")

    def _make_plate(self):
        return self._add(f"/api/records/objects/{self.id('vehicles')}/fields",
                         {"name": "plate", "display_name": "Plate", "field_type": "text"})

    def _add(self, path, body):
        answer = self.api.post(path, body, headers=self.if_match(path))
        assert answer.status == 201, f"POST {path}: {answer}"
        return answer.json["id"]

    def _make_rule(self):
        path = f"/api/activities/objects/{self.id('sales_call')}/rules"
        rule = {"name": "Won", "match": "all", "targets": ["amount"],
                "conditions": [{"field": "outcome", "operator": "equals", "value": "Won"}]}
        answer = self.api.request("PUT", path, {"rules": [rule]}, headers=self.if_match(path))
        assert answer.status == 200, answer
        return answer.json["rules"][0]["id"]

    def _make_logged(self):
        logged = self.api.ok("POST", "/api/activities/logged", {
            "activity_object_id": self.id("sales_call"), "notes": "Wants a quote by Friday.",
            "associated_entities": [{"id": self.id("maria")}]})
        self.ids["delivery"] = logged["submission_action"]["delivery_id"]
        return logged["id"]

    def _make_delivery(self):
        self.id("logged")
        return self.ids["delivery"]

    def _make_scheduled(self):
        return self.api.ok("POST", "/api/activities/scheduled-activity", {
            "activity_object_id": self.id("sales_call"), "due_datetime": "2031-05-04T10:00:00Z",
            "employee_id": self.id("alex"), "associated_entities": [{"id": self.id("maria")}]})["id"]

    # ── requests ──

    def replaced(self, value):
        """The value with the real ids in the place of x-example-ids; what it names is there."""
        text = json.dumps(value)
        for name, thing in NAMES.items():
            if json.dumps(name) in text:
                self.id(thing)
        for name, placeholder in self.placeholders.items():
            if placeholder in text:
                text = text.replace(placeholder, self.id(name))
        return json.loads(text)

    def target(self, operation):
        return re.sub(r"{(\w+)}", lambda match: self.id(operation.place(match.group(1))), operation.path)

    def query_value(self, parameter):
        """A value that the parameter takes, as text."""
        schema = contract()._follow(parameter["schema"])
        if parameter["name"] in QUERY:
            return self.id(QUERY[parameter["name"]])
        examples = [e["value"] for e in parameter.get("examples", {}).values()]
        examples += [parameter[key] for key in ("example",) if key in parameter] + schema.get("examples", [])
        if examples:
            return str(examples[0]) if isinstance(examples[0], str) else json.dumps(examples[0])
        for known in (schema.get("enum"), [schema["default"]] if "default" in schema else None):
            if known:
                return json.dumps(known[0]) if isinstance(known[0], (bool, int)) else str(known[0])
        kind = schema.get("format", schema.get("type"))
        known = {"date-time": "2026-11-24T09:00:00Z", "integer": "1", "boolean": "true", "string": "a"}
        assert kind in known, f"support/examples.py: an example for the parameter {parameter['name']}, please"
        return known[kind]

    def etag(self, path):
        """The ETag of what the path is about: its own, or of what it is a part of."""
        while path.count("/") > 2:
            answer = self.api.request("GET", path)
            if answer.status == 200 and "ETag" in answer.headers:
                return answer.headers["ETag"]
            path = path.rsplit("/", 1)[0]
        return None

    def if_match(self, path):
        etag = self.etag(path)
        return {"If-Match": etag} if etag else {}

    def headers(self, operation, target):
        """Those that the operation needs besides the credentials."""
        return self.if_match(target) if operation.takes("If-Match") else {}
