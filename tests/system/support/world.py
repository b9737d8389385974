"""The mission's worked example as test data: Alex Rivera, Maria Thompson, and a Sales Call with a webhook."""

import uuid

from .api import Api
from .wait import PATIENCE, wait_for


class World:
    """One Business with one employee, one contact and one Activity Object."""

    def __init__(self, server, webhook=None, name="Acme Field Services", email="alex@acme.test"):
        self.server = server
        self.business = server.admin("business", "add", "--name", name)["business_id"]
        employee = server.admin("employee", "add", "--business", self.business, "--first-name", "Alex",
                                "--last-name", "Rivera", "--email", email)
        self.user, self.employee = employee["user_id"], employee["employee_id"]
        self.key = server.admin("key", "add", "--user", self.user, "--name", "tests")["api_key"]
        self.contact = server.admin("contact", "add", "--business", self.business, "--first-name", "Maria",
                                    "--last-name", "Thompson", "--email", "maria@thompson.test")["contact_id"]
        self.object = self.add_object("Sales Call", webhook=webhook) if webhook else None
        # What nobody but its reader may see again: it must not reach the receiver, nor the log.
        self.notes = f"field data {uuid.uuid4().hex}"
        server.secrets |= {self.key, self.notes}
        self.api = Api(server, self.key, self.business, self.user)

    def add_object(self, name, webhook=None, redirect=None):
        words = ["object", "add", "--business", self.business, "--name", name]
        if webhook:
            words += ["--webhook-url", webhook]
        if redirect:
            words += ["--redirect-url", redirect]
        return self.server.admin(*words)["activity_object_id"]

    def body(self, object_id=None, **more):
        return {"activity_object_id": object_id or self.object, "notes": self.notes,
                "associated_entities": [{"id": self.contact}], **more}

    def log(self, object_id=None, **more):
        """Logs an activity; the answer, which must be a 201."""
        answer = self.api.post("/api/activities/logged", self.body(object_id, **more))
        assert answer.status == 201, answer
        return answer.json

    def deliveries(self, activity_id=None, state=None):
        query = [f"logged_activity_id={activity_id}"] if activity_id else []
        query += [f"state={state}"] if state else []
        return self.api.pages("/api/webhooks/deliveries" + ("?" + "&".join(query) if query else ""))

    def notifications(self):
        return self.api.pages("/api/notifications")

    def finished(self, activity_id, seconds=PATIENCE):
        """The one delivery of an activity, once it has its outcome."""
        def look():
            found = self.deliveries(activity_id)
            assert len(found) == 1, f"{len(found)} deliveries of one activity"
            return found[0] if found[0]["state"] != "pending" else None

        return wait_for(look, f"the outcome of {activity_id}", seconds, every=0.02)

    def quiet(self, seconds=PATIENCE * 2):
        """Nothing is pending any more."""
        def look():
            answer = self.api.get("/api/webhooks/deliveries?state=pending&limit=1")
            return answer.status == 200 and not answer.json["results"]

        wait_for(look, "the last pending delivery", seconds, every=0.05)
