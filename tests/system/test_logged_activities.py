"""Logged Activities as a whole: lists and their filters, completing what was scheduled, deleting. M3, M4, M16; I8."""

import datetime
import itertools
import threading
import unicodedata

import pytest

from support.api import Api, new_id
from support.receiver import HANG
from support.world import World

pytestmark = pytest.mark.core
LOGGED = "/api/activities/logged"
DUE = "2031-05-04T10:00:00.000000Z"


def record_of(answer):
    """The record in an answer to logging."""
    return {name: value for name, value in answer.items() if name != "submission_action"}


def add_colleague(world):
    words = ["--first-name", "Sam", "--last-name", "Stone", "--email", "sam@acme.test"]
    sam = world.server.admin("employee", "add", "--business", world.business, *words)
    key = world.server.admin("key", "add", "--user", sam["user_id"], "--name", "tests")["api_key"]
    return sam["employee_id"], Api(world.server, key, world.business, sam["user_id"])


def add_contact(world, first, last):
    return world.server.admin("contact", "add", "--business", world.business, "--first-name", first, "--last-name", last,
                              "--email", f"{first}@{last}.test".lower())["contact_id"]


# ── lists ───────────────────────────────────────────────────────────────────────────────────────────


class Crowd:
    """Activities of two types, by two people, about none to two of three contacts, and those of another Business."""

    def __init__(self, world, receiver):
        self.world = world
        self.sam, self.sams_api = add_colleague(world)
        self.objects = [world.object, world.add_object("Visit"), world.add_object("Rare")]
        self.contacts = [world.contact, add_contact(world, "Kim", "Lee"), add_contact(world, "Ada", "Byron")]
        self.other = World(world.server, webhook=receiver.url("/other"), name="Other", email="kim@other.test")
        self.records = []  # newest first
        abouts = [[], [0], [1], [0, 1], [2, 0]]
        for number in range(40):
            api = self.sams_api if number % 3 == 0 else world.api
            object_id = self.objects[2 if number in (5, 30) else number % 2]
            entities = [{"id": self.contacts[i]} for i in abouts[number % len(abouts)]]
            body = world.body(object_id, associated_entities=entities, mentions=[self.sam][:number % 2])
            self.records.insert(0, record_of(api.ok("POST", LOGGED, body)))
            self.other.log()

    def expected(self, **filters):
        """The same by brute force."""
        tests = {
            "activity_object_id": lambda a, v: a["activity_object"]["id"] == v,
            "employee_id": lambda a, v: a["logged_by"]["id"] == v,
            "record_id": lambda a, v: v in [e["id"] for e in a["associated_entities"]],
            "logged_after": lambda a, v: a["logged_at"] >= v,
            "logged_before": lambda a, v: a["logged_at"] < v,
        }
        return [a for a in self.records if all(tests[n](a, v) for n, v in filters.items())]


def query(filters):
    return LOGGED + "?" + "&".join(f"{name}={value}" for name, value in filters.items())


def walk(api, target, limit):
    """All pages forward, then all pages back; both must tell the same."""
    pages, cursor, mark = [], None, "&" if "?" in target else "?"
    while True:
        page = api.ok("GET", f"{target}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        pages.append(page)
        cursor = page["next"]
        if not cursor:
            break
    assert pages[0]["previous"] is None
    for earlier, later in reversed(list(zip(pages, pages[1:]))):
        back = api.ok("GET", f"{target}{mark}limit={limit}&cursor={later['previous']}")
        assert back["results"] == earlier["results"]
        assert (back["previous"] is None) == (earlier["previous"] is None)
        assert back["next"] is not None
    return list(itertools.chain.from_iterable(page["results"] for page in pages))


def test_lists_are_what_was_logged_whatever_is_filtered(world, receiver):
    crowd = Crowd(world, receiver)
    times = [a["logged_at"] for a in crowd.records]
    choices = {
        "activity_object_id": [None, crowd.objects[0], crowd.objects[2]],
        "employee_id": [None, crowd.sam, world.employee],
        "record_id": [None, crowd.contacts[0], crowd.contacts[2]],
    }
    ranges = [{}, {"logged_after": times[25]}, {"logged_before": times[8]},
              {"logged_after": times[30], "logged_before": times[10]}]
    for values in itertools.product(*choices.values()):
        chosen = {name: value for name, value in zip(choices, values) if value}
        for limits in ranges:
            filters = {**chosen, **limits}
            assert walk(world.api, query(filters), 7) == crowd.expected(**filters), filters
    assert len(crowd.expected(activity_object_id=crowd.objects[2])) == 2


@pytest.mark.parametrize("limit", [1, 39, 40, 41, 200])
def test_pages_end_where_the_list_does(world, receiver, limit):
    crowd = Crowd(world, receiver)
    assert walk(world.api, LOGGED, limit) == crowd.records


def test_i8_a_list_shows_nothing_of_another_business(world, receiver):
    crowd = Crowd(world, receiver)
    other = crowd.other
    assert len(other.api.pages(LOGGED)) == 40
    for filters in ({"activity_object_id": world.object}, {"employee_id": world.employee},
                    {"record_id": world.contact}):
        assert other.api.ok("GET", query(filters))["results"] == []
        assert world.api.ok("GET", query(filters))["results"] != []


def test_times_are_from_and_before(world):
    first, second = (record_of(world.log()) for _ in range(2))
    assert world.api.pages(query({"logged_after": second["logged_at"]})) == [second]
    assert world.api.pages(query({"logged_before": second["logged_at"]})) == [first]
    both = {"logged_after": first["logged_at"], "logged_before": second["logged_at"]}
    assert world.api.pages(query(both)) == [first]
    at = datetime.datetime.fromisoformat(first["logged_at"].replace("Z", "+00:00"))
    elsewhere = at.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
    target = query({"logged_before": elsewhere.isoformat().replace("+", "%2B")})
    assert world.api.pages(target) == []
    for year in ("0001", "9999"):
        assert world.api.get(query({"logged_after": f"{year}-01-01T00:00:00Z"})).status == 200
        assert world.api.get(query({"logged_before": f"{year}-01-01T00:00:00Z"})).status == 200


@pytest.mark.parametrize("target", [
    "activity_object_id=sales_call", "record_id=", "employee_id=1", "logged_after=yesterday",
    "logged_before=2026-02-30T00:00:00Z", "limit=0", "limit=201", "cursor=x", "colour=red"])
def test_what_cannot_be_read_is_refused(world, target):
    assert world.api.get(f"{LOGGED}?{target}").status == 400


# ── what is logged ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", [
    "👩🏽‍💻 🏳️‍🌈 👨‍👩‍👧‍👦 🇩🇪", "שָׁלוֹם — مرحباً بالعالم \u202bעברית\u202c \u200f!", "e\u0301 A\u030a \u1100\u1161\u11a8 \u212b",
    "q\u0307\u0323 a\u0327\u0301", "ﬁ ½ ① \u2028 \ufeff"])
def test_text_comes_back_byte_exact_after_normalisation(world, text):
    """Composed once, and then to the byte: emoji with joiners and skin, right-to-left, combining marks."""
    normal = unicodedata.normalize("NFC", text)
    for given in (text, unicodedata.normalize("NFD", text), normal):
        logged = world.log(notes=given)
        assert logged["notes"].encode() == normal.encode()
        assert world.api.ok("GET", f"{LOGGED}/{logged['id']}")["notes"].encode() == normal.encode()


def test_a_record_is_named_once(world):
    logged = world.log(associated_entities=[{"id": world.contact}] * 3)
    assert [e["id"] for e in logged["associated_entities"]] == [world.contact]
    assert not logged["associated_entities"][0]["all_records"]


def add_typed_object(world, **settings):
    return world.api.ok("POST", "/api/activities/objects", settings)["id"]


def add_farm(world, name="North"):
    """A record of a Custom Object; its id and its object."""
    farms = world.api.ok("POST", "/api/records/objects", {"name": f"Farm {name}"})
    return world.api.ok("POST", f"/api/records/{farms['api_name']}", {"name": name})["id"], farms


def test_m16_about_every_record_of_an_object(world):
    """One association for the whole object: on each record's list, made before or after."""
    north, farms = add_farm(world)
    flood = add_typed_object(world, name="Flood", association_mode="all", association_objects=[farms["id"]])
    body = {"activity_object_id": flood, "notes": world.notes}
    logged = world.api.ok("POST", LOGGED, body)
    assert logged["associated_entities"] == [{
        "id": farms["id"], "display_name": farms["name"], "object_id": farms["id"], "object_name": farms["name"],
        "all_records": True}]
    assert world.api.ok("GET", f"{LOGGED}/{logged['id']}") == record_of(logged)
    south = world.api.ok("POST", f"/api/records/{farms['api_name']}", {"name": "South"})["id"]
    for record in (north, south):
        assert world.api.pages(query({"record_id": record})) == [record_of(logged)]
        assert world.api.pages(query({"record_id": record, "activity_object_id": world.object})) == []
    assert world.api.pages(query({"record_id": world.contact})) == []
    refused = world.api.post(LOGGED, {**body, "associated_entities": [{"id": farms["id"]}, {"id": north}]})
    assert refused.status == 422 and refused.pointers == ["/associated_entities/1/id"]


def test_about_records_of_chosen_objects_only(world):
    north, farms = add_farm(world)
    check = add_typed_object(world, name="Check", association_mode="one_or_more", association_objects=[farms["id"]])
    nothing = add_typed_object(world, name="Pause", association_mode="none")
    body = {"activity_object_id": check, "associated_entities": [{"id": north}]}
    [entity] = world.api.ok("POST", LOGGED, body)["associated_entities"]
    assert (entity["display_name"], entity["object_name"]) == ("North", "Farm North") and not entity["all_records"]
    refused = world.api.post(LOGGED, {**body, "associated_entities": [{"id": north}, {"id": world.contact}]})
    assert refused.status == 422 and refused.pointers == ["/associated_entities/1/id"]
    refused = world.api.post(LOGGED, {**body, "activity_object_id": nothing})
    assert refused.status == 422 and refused.pointers == ["/associated_entities"]
    assert world.api.ok("POST", LOGGED, {"activity_object_id": nothing})["associated_entities"] == []


def test_an_archived_type_and_an_archived_record_take_nothing(world):
    path = f"/api/activities/objects/{world.object}"
    archived = world.api.request("DELETE", path, headers={"If-Match": world.api.get(path).headers["ETag"]})
    assert archived.status == 200, archived
    refused = world.api.post(LOGGED, world.body())
    assert refused.status == 422 and refused.pointers == ["/activity_object_id"]
    back = world.api.patch(path, {"archived": False}, headers={"If-Match": archived.headers["ETag"]})
    assert back.status == 200, back
    logged = world.log()
    record = f"/api/records/contacts/{world.contact}"
    gone = world.api.request("DELETE", record, headers={"If-Match": world.api.get(record).headers["ETag"]})
    assert gone.status == 200, gone
    assert world.api.post(LOGGED, world.body()).pointers == ["/associated_entities/0/id"]
    assert world.api.ok("GET", f"{LOGGED}/{logged['id']}") == record_of(logged)


def test_all_that_is_wrong_is_told_at_once(world):
    body = {"activity_object_id": new_id(), "notes": 7, "mentions": [world.employee, "x", new_id()],
            "associated_entities": [{"id": world.contact}, {}, {"id": new_id()}],
            "scheduled_activity_id": new_id()}
    refused = world.api.post(LOGGED, body)
    assert refused.status == 422
    assert sorted(refused.pointers) == sorted([
        "/activity_object_id", "/notes", "/mentions/1", "/mentions/2", "/associated_entities/1/id",
        "/associated_entities/2/id", "/scheduled_activity_id"])
    assert world.api.pages(LOGGED) == []


# ── completing ──────────────────────────────────────────────────────────────────────────────────────


def schedule(world, object_id=None, **more):
    return world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": object_id or world.object, "due_datetime": DUE, **more})


def complete(world, scheduled, body=None, api=None, **more):
    return (api or world.api).post(f"/api/activities/scheduled-activity/{scheduled['id']}/complete", body or {}, **more)


def log_it(world, scheduled, body=None, api=None, **more):
    """The other way to complete."""
    return (api or world.api).post(LOGGED, {"scheduled_activity_id": scheduled["id"], **(body or {})}, **more)


@pytest.mark.parametrize("way", [complete, log_it])
def test_m3_completing_logs_and_fires_once(world, receiver, way):
    scheduled = schedule(world)
    answer = way(world, scheduled, {"notes": "Signed.", "associated_entities": [{"id": world.contact}]})
    assert answer.status == 201, answer
    record = world.api.ok("GET", answer.headers["Location"])
    assert record == record_of(answer.json)
    assert record["scheduled_activity_id"] == scheduled["id"] and record["notes"] == "Signed."
    assert record["activity_object"]["id"] == world.object
    assert record["completed_at"] == record["logged_at"] and record["completed_by"] == record["logged_by"]
    assert record["completed_by"]["display_name"] == "Alex Rivera"
    receiver.wait_for_activity(record["id"])
    world.quiet()
    assert receiver.counts() == {record["id"]: 1}


@pytest.mark.parametrize("way", [complete, log_it])
def test_m3_the_second_hears_who_was_first(world, receiver, way):
    scheduled = schedule(world)
    first = complete(world, scheduled)
    for again in (complete, log_it):
        refused = again(world, scheduled, {"notes": "me too"})
        assert refused.status == 409, refused
        assert refused.json["logged_activity_id"] == first.json["id"]
    world.quiet()
    assert len(world.api.pages(LOGGED)) == 1 and receiver.counts() == {first.json["id"]: 1}


def test_m3_of_many_at_the_same_moment_one_completes(world, receiver):
    _, sams_api = add_colleague(world)
    for _ in range(6):
        scheduled, answers = schedule(world), []
        barrier = threading.Barrier(8)

        def run(way, api):
            barrier.wait()
            answers.append(way(world, scheduled, api=api))

        ways = itertools.product([complete, log_it], [world.api, sams_api], range(2))
        threads = [threading.Thread(target=run, args=(way, api)) for way, api, _ in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        [won] = [a for a in answers if a.status == 201]
        lost = [a for a in answers if a is not won]
        assert [a.status for a in lost] == [409] * 7, lost
        assert {a.json["logged_activity_id"] for a in lost} == {won.json["id"]}
        assert [a["id"] for a in world.api.pages(LOGGED)][0] == won.json["id"]
    world.quiet()
    assert len(world.api.pages(LOGGED)) == 6 and sorted(receiver.counts().values()) == [1] * 6


def test_m3_completing_under_a_key(world, receiver):
    """The repeat of who was first gets its answer; who came second is told so each time."""
    scheduled = schedule(world)
    first = complete(world, scheduled, headers={"Idempotency-Key": "first"})
    second = complete(world, scheduled, headers={"Idempotency-Key": "second"})
    assert (first.status, second.status) == (201, 409)
    again = complete(world, scheduled, headers={"Idempotency-Key": "first"})
    assert again.status == 201 and again.body == first.body and again.headers["Idempotent-Replayed"] == "true"
    again = complete(world, scheduled, headers={"Idempotency-Key": "second"})
    assert again.status == 409 and again.json["logged_activity_id"] == first.json["id"]
    # The same body at another address is another request.
    assert log_it(world, scheduled, headers={"Idempotency-Key": "first"}).status == 422
    assert len(world.api.pages(LOGGED)) == 1


def test_completing_is_about_what_was_scheduled(world):
    north, _ = add_farm(world)
    scheduled = schedule(world, associated_entities=[{"id": north}, {"id": world.contact}], note="Bring a map.")
    logged = complete(world, scheduled)
    assert logged.status == 201 and [e["id"] for e in logged.json["associated_entities"]] == [north, world.contact]
    assert logged.json["notes"] == ""
    assert world.api.pages(query({"record_id": north})) == [record_of(logged.json)]
    for given in ([], [{"id": north}]):
        scheduled = schedule(world, associated_entities=[{"id": world.contact}])
        logged = complete(world, scheduled, {"associated_entities": given})
        assert [{"id": e["id"]} for e in logged.json["associated_entities"]] == given


def test_completing_what_is_not_there(world, receiver):
    other = World(world.server, webhook=receiver.url("/other"), name="Other", email="kim@other.test")
    foreign = schedule(other)
    for scheduled in (foreign, {"id": new_id()}):
        assert complete(world, scheduled).status == 404
        refused = log_it(world, scheduled)
        assert refused.status == 422 and refused.pointers == ["/scheduled_activity_id"]
    assert complete(other, foreign).status == 201


def test_completing_as_another_type_is_refused(world):
    scheduled = schedule(world)
    visit = world.add_object("Visit")
    refused = log_it(world, scheduled, {"activity_object_id": visit})
    assert refused.status == 422 and refused.pointers == ["/activity_object_id"]
    assert log_it(world, scheduled, {"activity_object_name": "visit"}).pointers == ["/activity_object_name"]
    assert log_it(world, scheduled, {"activity_object_id": world.object}).status == 201


# ── deleting ────────────────────────────────────────────────────────────────────────────────────────


def delete(world, activity_id):
    return world.api.request("DELETE", f"{LOGGED}/{activity_id}").status


def test_m4_deleting_fires_nothing_and_leaves_the_delivery(world, receiver):
    kept, gone = world.log(), world.log()
    world.quiet()
    before = world.finished(gone["id"])
    assert delete(world, gone["id"]) == 204
    assert world.api.get(f"{LOGGED}/{gone['id']}").status == 404
    for filters in ({}, {"activity_object_id": world.object}, {"record_id": world.contact},
                    {"employee_id": world.employee}):
        assert [a["id"] for a in world.api.pages(query(filters) if filters else LOGGED)] == [kept["id"]]
    assert delete(world, gone["id"]) == 404
    assert world.deliveries(gone["id"]) == [before]
    assert world.api.ok("GET", f"/api/webhooks/deliveries/{before['id']}") == before
    world.quiet()
    assert receiver.counts() == {kept["id"]: 1, gone["id"]: 1}


def test_m4_a_pending_delivery_is_still_sent(world, receiver):
    """The deleted one waits behind others of its receiver, and its request goes out all the same."""
    receiver.default = HANG
    ids = [world.log()["id"] for _ in range(4)]
    receiver.wait(1)
    last = [d for d in world.deliveries(state="pending") if d["logged_activity_id"] == ids[-1]]
    assert last and delete(world, ids[-1]) == 204
    receiver.let_go()
    assert world.finished(ids[-1])["state"] == "delivered"
    assert set(receiver.counts()) == set(ids)


def test_deleting_what_is_not_there(world, receiver):
    other = World(world.server, webhook=receiver.url("/other"), name="Other", email="kim@other.test")
    logged = world.log()
    assert delete(other, logged["id"]) == 404 and delete(world, new_id()) == 404
    assert world.api.get(f"{LOGGED}/{logged['id']}").status == 200


def test_what_people_wrote_is_erased(world, database):
    scheduled = schedule(world)
    logged = complete(world, scheduled, {"notes": world.notes, "mentions": [world.employee]}).json
    assert delete(world, logged["id"]) == 204
    # It stays completed, by an activity that is no more.
    refused = complete(world, scheduled)
    assert refused.status == 409 and refused.json["logged_activity_id"] == logged["id"]
    assert world.notes not in refused.text


@pytest.mark.engine("sqlite")
def test_a_page_that_would_be_too_large_ends_earlier_and_nothing_is_left_out(world):
    """Both ways: what an answer has no room for is on the next page."""
    path = f"/api/activities/objects/{world.object}"
    for i in range(4):
        etag = {"If-Match": world.api.get(path).headers["ETag"]}
        assert world.api.post(f"{path}/fields", {"display_name": f"Text {i}", "field_type": "long_text"},
                              headers=etag).status == 201
    text = {"value": "ö" * 20000}
    made = [world.log(fields=[{"name": f"text_{i}", **text} for i in range(4)])["id"] for _ in range(120)][::-1]
    page = world.api.ok("GET", f"{LOGGED}?limit=200")
    first = [activity["id"] for activity in page["results"]]
    assert 0 < len(first) < 120 and first == made[:len(first)] and page["previous"] is None
    rest = world.api.ok("GET", f"{LOGGED}?limit=200&cursor={page['next']}")
    assert first + [activity["id"] for activity in rest["results"]] == made and rest["next"] is None
    middle = world.api.ok("GET", f"{LOGGED}?limit=59&cursor={page['next']}")
    back = world.api.ok("GET", f"{LOGGED}?limit=1&cursor={middle['next']}")
    walked = [activity["id"] for activity in back["results"]]
    while back["previous"]:
        back = world.api.ok("GET", f"{LOGGED}?limit=200&cursor={back['previous']}")
        assert back["next"] and 0 < len(back["results"]) < 119
        walked = [activity["id"] for activity in back["results"]] + walked
    assert walked == made
