"""Logging an activity: the webhook that follows to the letter, the record that its receiver fetches, and when there
is none. M1 to M6, M11, M12; I1."""

import datetime
import json

import pytest

from support.api import Api, new_id, raw
from support.contract import FILE
from support.receiver import UUID, Reply
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core


def test_m5_request_to_the_letter(world, receiver):
    logged = world.log()
    request = receiver.wait_for_activity(logged["id"])

    assert request.line == f"GET /hook?logged_activity_id={logged['id']} HTTP/1.1"
    assert request.header("Host") == receiver.host
    assert request.header("Content-Type") == "application/json"
    assert request.header("Content-Length") is None and request.header("Transfer-Encoding") is None
    assert request.header("X-Herald-Event") == "activity.logged"
    assert request.header("X-Herald-Delivery") == logged["submission_action"]["delivery_id"]
    assert request.header("X-Herald-Attempt") == "1"
    assert request.header("X-Herald-Recovered") is None
    known = {"host", "content-type", "user-agent", "accept", "accept-encoding", "connection"}
    extra = {name for name, _ in request.headers} - known
    assert all(name.startswith("x-herald-") for name in extra), extra


def test_m5_no_field_data_and_no_credentials_in_the_request(world, receiver):
    logged = world.log()
    head = receiver.wait_for_activity(logged["id"]).head.decode("latin-1")
    for secret in (world.notes, world.key, world.contact, world.user, world.business, "Thompson", "Rivera"):
        assert secret not in head
    assert set(UUID.findall(head)) == {logged["id"], logged["submission_action"]["delivery_id"]}


def test_m5_query_string_of_the_url_is_kept(world, receiver):
    kept = world.add_object("Kept query", webhook=receiver.url("/in?token=a%20b&x="))
    logged = world.log(kept)
    request = receiver.wait_for_activity(logged["id"])
    assert request.line == f"GET /in?token=a%20b&x=&logged_activity_id={logged['id']} HTTP/1.1"


def test_m6_one_request_each(world, receiver):
    ids = [world.log()["id"] for _ in range(50)]
    receiver.wait(50)
    world.quiet()
    assert receiver.counts() == {activity: 1 for activity in ids}


def test_m6_logging_does_not_wait_for_the_receiver(world, receiver):
    receiver.default = Reply(fate="hang")
    logged = world.log()
    receiver.wait_for_activity(logged["id"])
    # The receiver still has not answered, but the activity is there, and so is the next one.
    assert world.api.get(f"/api/activities/logged/{logged['id']}").status == 200
    assert world.deliveries(logged["id"])[0]["state"] == "pending"
    world.log()
    receiver.let_go()
    assert world.finished(logged["id"])["state"] == "delivered"


def test_m1_only_the_type_that_is_configured(world, receiver):
    other = world.add_object("Inspection", webhook=receiver.url("/inspection"))
    plain = world.add_object("Site Visit")
    for object_id in (plain, other):
        world.log(object_id)
    receiver.wait(1)
    world.quiet()
    assert [r.path for r in receiver.all()] == ["/inspection"]


def test_m2_redirect_sends_no_webhook(world, receiver):
    redirected = world.add_object("Demo", redirect="https://example.test/thanks")
    logged = world.log(redirected)
    assert logged["submission_action"] == {
        "action": "redirect", "redirect_url": "https://example.test/thanks", "delivery_id": None}
    follower = world.log()
    receiver.wait_for_activity(follower["id"])
    assert world.deliveries(logged["id"]) == []
    assert receiver.of(logged["id"]) == []


def test_m2_a_new_object_is_on_redirect_without_url(world):
    made = world.api.ok("POST", "/api/activities/objects", {"name": "Fresh"})
    assert made["default_submission_action"] == "redirect"
    assert made["redirect_url"] is None and made["webhook_url"] is None and not made["webhooks_enabled"]
    logged = world.log(made["id"])
    assert logged["submission_action"] == {"action": "redirect", "redirect_url": None, "delivery_id": None}


def test_m2_settings_in_force_when_it_was_logged(world, receiver):
    """A delivery keeps its URL; a change affects what is logged after it."""
    receiver.default = Reply(fate="hang")
    before = world.log()
    receiver.wait_for_activity(before["id"])
    path = f"/api/activities/objects/{world.object}"
    etag = world.api.get(path).headers["ETag"]
    changed = world.api.patch(path, {"webhook_url": receiver.url("/new")}, headers={"If-Match": etag})
    assert changed.status == 200, changed
    after = world.log()
    receiver.let_go()
    assert receiver.wait_for_activity(after["id"]).path == "/new"
    assert world.finished(before["id"])["url"] == receiver.url()
    assert world.finished(after["id"])["url"] == receiver.url("/new")
    assert world.finished(after["id"])["settings_version"] == changed.json["version"]


def test_m4_scheduling_fires_nothing(world, receiver):
    due = "2031-05-04T10:00:00.000000Z"
    scheduled = world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": due, "note": world.notes, "employee_id": world.employee})
    assert scheduled["due_datetime"] == due and scheduled["original_due_datetime"] == due
    assert scheduled["completed_at"] is None and scheduled["logged_activity_id"] is None
    assert scheduled["activity_object_id"] == world.object and scheduled["note"] == world.notes
    assert not scheduled["notify_mentioned"] and scheduled["mentions"] == []
    follower = world.log()
    receiver.wait_for_activity(follower["id"])
    world.quiet()
    assert [r.activity for r in receiver.all()] == [follower["id"]]
    assert len(world.deliveries()) == 1


def test_m11_full_record(world):
    before = datetime.datetime.now(datetime.timezone.utc)
    logged = world.log(mentions=[world.employee])
    record = world.api.ok("GET", f"/api/activities/logged/{logged['id']}")
    after = datetime.datetime.now(datetime.timezone.utc)

    assert record["id"] == logged["id"]
    assert record["activity_object"] == {"id": world.object, "name": "Sales Call", "api_name": "sales_call",
                                         "association_mode": record["activity_object"]["association_mode"]}
    [entity] = record["associated_entities"]
    assert entity["id"] == world.contact and entity["display_name"] == "Maria Thompson"
    assert record["logged_by"]["display_name"] == "Alex Rivera"
    assert record["logged_by"]["first_name"] == "Alex" and record["logged_by"]["last_name"] == "Rivera"
    assert record["logged_by"]["email"] == "alex@acme.test"
    assert record["completed_at"] is None and record["completed_by"] is None
    assert record["scheduled_activity_id"] is None
    assert record["mentions"] == [world.employee]
    assert record["notes"] == world.notes
    at = datetime.datetime.fromisoformat(record["logged_at"].replace("Z", "+00:00"))
    slack = datetime.timedelta(seconds=1)
    assert before - slack <= at <= after + slack
    # What logging answered is the same record and what follows from it.
    answer = {name: value for name, value in logged.items() if name != "submission_action"}
    assert answer == record


def test_m11_the_record_is_there_before_the_webhook(world, receiver):
    """Whoever gets the webhook can fetch at once."""
    for _ in range(20):
        logged = world.log()
        request = receiver.wait_for_activity(logged["id"])
        assert world.api.get(f"/api/activities/logged/{request.activity}").status == 200


def test_m11_text_survives_to_the_character(world):
    notes = "Grüße, 世界 🎉 \\ \" / \u2028 tab\there\nline \u0001?"
    logged = world.log(notes=notes)
    assert world.api.ok("GET", f"/api/activities/logged/{logged['id']}")["notes"] == notes


def test_m11_another_business_learns_nothing(world, server, receiver):
    other = World(server, webhook=receiver.url("/other"), name="Other", email="sam@other.test")
    logged = world.log()
    foreign = other.api.get(f"/api/activities/logged/{logged['id']}")
    unknown = other.api.get(f"/api/activities/logged/{new_id()}")
    assert foreign.status == unknown.status == 404
    assert foreign.json["detail"] == unknown.json["detail"]
    assert other.deliveries() == [] and other.deliveries(logged["id"]) == []
    delivery = logged["submission_action"]["delivery_id"]
    assert other.api.get(f"/api/webhooks/deliveries/{delivery}").status == 404
    assert other.api.get(f"/api/activities/objects/{world.object}").status == 404
    # Nor can it log with what is not its own.
    assert other.api.post("/api/activities/logged", other.body(world.object)).status == 422
    refused = other.api.post("/api/activities/logged", other.body(associated_entities=[{"id": world.contact}]))
    assert refused.status == 422 and refused.pointers[0].startswith("/associated_entities/0")


def test_m12_header_names_in_any_case(world):
    for change in (str.lower, str.upper, str.title):
        headers = {change(name): value for name, value in world.api.credentials.items()}
        caller = Api(world.server)
        assert caller.get("/api/activities/objects", headers=headers).status == 200


@pytest.mark.parametrize("name", ["X-API-KEY", "X-BUSINESS-ID", "X-USER-ID"])
def test_m12_all_three_are_required_and_must_agree(world, server, receiver, name):
    other = World(server, webhook=receiver.url("/other"), name="Other", email="sam@other.test")
    right = world.api.credentials[name]
    wrong = [None, "", "nonsense", new_id(), other.api.credentials[name], right + "x", right[:-1], right + " , " + right]
    documents = set()
    for value in wrong:
        answer = world.api.get("/api/activities/objects", headers={name: value})
        assert answer.status == 401, (value, answer)
        document = answer.json
        document.pop("request_id")
        documents.add(json.dumps(document, sort_keys=True))
        posted = world.api.post("/api/activities/logged", world.body(), headers={name: value})
        assert posted.status == 401, (value, posted)
    assert len(documents) == 1, "the refusals tell what was wrong"
    assert world.deliveries() == []


@pytest.mark.parametrize("name", ["X-API-KEY", "X-BUSINESS-ID", "X-USER-ID"])
def test_m12_a_repeated_credential_is_none(world, server, name):
    lines = [f"{n}: {v}" for n, v in world.api.credentials.items()]
    lines.append(f"{name.lower()}: {world.api.credentials[name]}")
    data = "\r\n".join(["GET /api/activities/objects HTTP/1.1", f"Host: {server.address}", *lines, "", ""]).encode()
    [answer], _ = raw(server, data, target="/api/activities/objects")
    assert answer.status == 401


def test_m12_a_key_works_in_every_business_of_its_user(world, server):
    second = server.admin("business", "add", "--name", "Second")["business_id"]
    caller = Api(server, world.key, second, world.user)
    assert caller.get("/api/activities/objects").status == 401
    words = ["employee", "add", "--business", second, "--first-name", "Alex", "--last-name", "Rivera",
             "--email", "alex@acme.test"]
    assert server.admin(*words)["user_id"] == world.user
    assert caller.get("/api/activities/objects").status == 200


def test_m19_unknown_members_are_ignored_and_counted_on_wire_endpoints(world, receiver):
    before = world.server.metrics()["unknown_members_total"]
    logged = world.log(shoe_size=44, nested={"a": [1]}, notes="with more")
    receiver.wait_for_activity(logged["id"])
    answer = world.api.post("/api/activities/scheduled-activity", {
        "activity_object_id": world.object, "due_datetime": "2031-05-04T10:00:00Z", "colour": "red"})
    assert answer.status == 201, answer
    assert world.server.metrics()["unknown_members_total"] == before + 3


def test_object_by_api_name(world, receiver):
    body = world.body()
    del body["activity_object_id"]
    logged = world.api.ok("POST", "/api/activities/logged", {**body, "activity_object_name": "sales_call"})
    assert logged["activity_object"]["id"] == world.object
    receiver.wait_for_activity(logged["id"])


def test_location_leads_to_the_record(world):
    answer = world.api.post("/api/activities/logged", world.body())
    assert answer.headers["Location"] == f"/api/activities/logged/{answer.json['id']}"
    assert world.api.get(answer.headers["Location"]).status == 200


def test_delivery_tells_its_attempt(world, receiver):
    receiver.default = Reply(status=202, headers=(("X-Answer", "thanks"),), body=b"queued \xff here")
    logged = world.log()
    delivery = world.finished(logged["id"])
    assert delivery["state"] == "delivered" and delivery["url"] == receiver.url()
    assert delivery["id"] == logged["submission_action"]["delivery_id"]
    assert delivery["activity_object"] == {"id": world.object, "name": "Sales Call"}
    [attempt] = delivery["attempts"]
    assert attempt["number"] == 1 and attempt["succeeded"] and attempt["status"] == 202
    assert attempt["error_class"] is None and attempt["detail"] == ""
    assert not attempt["recovered"] and attempt["wire_sends"] == 1
    assert "X-Answer: thanks" in attempt["response_headers"]
    assert attempt["response_body"] == "queued \ufffd here" and not attempt["response_body_cut"]
    assert 0 < attempt["timings"]["total_us"] and attempt["timings"]["dns_us"] <= attempt["timings"]["total_us"]
    assert world.api.ok("GET", f"/api/webhooks/deliveries/{delivery['id']}") == delivery
    assert world.notifications() == []


def test_delivery_keeps_the_first_four_kib(world, receiver):
    receiver.default = Reply(body=b"x" * 100_000)
    [attempt] = world.finished(world.log()["id"])["attempts"]
    assert attempt["response_body"] == "x" * 4096 and attempt["response_body_cut"]
    assert attempt["succeeded"]


def test_lists_go_on_where_the_page_ended(world, receiver):
    ids = [world.log()["id"] for _ in range(7)]
    world.quiet()
    seen, cursor = [], None
    while True:
        page = world.api.ok("GET", "/api/webhooks/deliveries?limit=3" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["results"]) <= 3
        seen += [d["logged_activity_id"] for d in page["results"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == list(reversed(ids)), "newest first, each once"


def test_metrics_count_what_happened(world, receiver):
    for _ in range(5):
        world.log()
    world.quiet()
    receiver.replies["/hook"] = Reply(status=500)
    world.log()
    world.quiet()
    found = wait_for(lambda: (m := world.server.metrics())["deliveries_in_flight"] == 0 and m, "no transfer")
    assert found["activities_logged_total"] == 6
    assert found["deliveries_succeeded_total"] == 5 and found["deliveries_failed_total"] == 1
    assert found["deliveries_queued"] == 0 and found["delivery_request_seconds_count"] == 6


def test_m15_settings_turn_the_webhook_on(world, receiver):
    made = world.api.post("/api/activities/objects", {"name": "Turned on"})
    path = f"/api/activities/objects/{made.json['id']}"
    change = {"default_submission_action": "trigger_webhook", "webhook_url": receiver.url("/on")}
    changed = world.api.patch(path, change, headers={"If-Match": made.headers["ETag"]})
    assert changed.status == 200 and changed.json["webhooks_enabled"]
    listed = {o["id"]: o["webhooks_enabled"] for o in world.api.pages("/api/activities/objects")}
    assert listed[made.json["id"]]
    logged = world.log(made.json["id"])
    assert receiver.wait_for_activity(logged["id"]).path == "/on"


def test_settings_are_changed_only_by_who_has_read_them(world):
    path = f"/api/activities/objects/{world.object}"
    etag = world.api.get(path).headers["ETag"]
    assert world.api.patch(path, {"name": "Call"}).status == 428
    assert world.api.patch(path, {"name": "Call"}, headers={"If-Match": etag}).status == 200
    assert world.api.patch(path, {"name": "Late"}, headers={"If-Match": etag}).status == 412
    assert world.api.ok("GET", path)["name"] == "Call"


def test_health_and_description(server):
    caller = Api(server)
    assert caller.ok("GET", "/healthz") == {"status": "ok"}
    assert caller.ok("GET", "/readyz") == {"status": "ok"}
    answer = caller.get("/api/openapi.yaml")
    assert answer.status == 200
    with open(FILE, encoding="utf-8") as file:
        assert answer.text == file.read()
