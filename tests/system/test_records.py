"""Record objects and records (the words of the mission's table), through the API."""

import threading
import uuid

import pytest

from support.sql import execute
from support.world import World

OBJECTS = "/api/records/objects"
CONTACTS = "/api/records/contacts"


def etag(answer):
    return {"If-Match": answer.headers["ETag"]}


# ── record objects ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_business_has_contacts(world):
    [contacts] = world.api.ok("GET", OBJECTS)["results"]
    assert (contacts["name"], contacts["api_name"], contacts["kind"]) == ("Contact", "contacts", "contact")
    assert world.api.ok("GET", f"{OBJECTS}/contacts") == contacts
    assert world.api.ok("GET", f"{OBJECTS}/{contacts['id']}") == contacts
    answer = world.api.get(f"{OBJECTS}/contacts")
    assert world.api.request("DELETE", f"{OBJECTS}/contacts", headers=etag(answer)).status == 409
    assert world.api.patch(f"{OBJECTS}/contacts", {"archived": True}, headers=etag(answer)).status == 409
    assert world.api.ok("GET", f"{OBJECTS}/contacts") == contacts


def test_a_custom_object_is_defined_changed_archived_and_restored(world):
    made = world.api.post(OBJECTS, {"name": "Wind Farm", "description": "Turbines"})
    assert made.status == 201 and made.json["api_name"] == "wind_farm" and made.json["kind"] == "custom"
    path = f"{OBJECTS}/wind_farm"
    assert world.api.ok("GET", path) == made.json
    changed = world.api.patch(path, {"name": "Wind Park"}, headers=etag(made))
    assert changed.status == 200 and changed.json["name"] == "Wind Park"
    assert changed.json["description"] == "Turbines" and changed.json["api_name"] == "wind_farm"
    assert changed.json["version"] == made.json["version"] + 1

    assert world.api.patch(path, {"name": "X"}, headers=etag(made)).status == 412
    assert world.api.patch(path, {"name": "X"}).status == 428
    assert world.api.request("DELETE", path).status == 428
    assert world.api.request("DELETE", path, headers=etag(made)).status == 412

    record = world.api.ok("POST", "/api/records/wind_farm", {"name": "North"})
    archived = world.api.request("DELETE", path, headers=etag(changed))
    assert archived.status == 200 and archived.json["archived_at"]
    assert [o["api_name"] for o in world.api.ok("GET", OBJECTS)["results"]] == ["contacts"]
    assert [o["api_name"] for o in world.api.ok("GET", OBJECTS + "?archived=true")["results"]] == ["wind_farm"]
    assert world.api.post("/api/records/wind_farm", {"name": "South"}).status == 409
    assert world.api.ok("GET", f"/api/records/wind_farm/{record['id']}") == record
    assert world.api.post(OBJECTS, {"name": "Wind Farm"}).status == 409, "it keeps its api_name"
    assert world.api.request("DELETE", path, headers=etag(archived)).status == 409
    restored = world.api.patch(path, {"archived": False}, headers=etag(archived))
    assert restored.status == 200 and restored.json["archived_at"] is None
    assert world.api.post("/api/records/wind_farm", {"name": "South"}).status == 201


@pytest.mark.parametrize("body, pointers", [
    ({}, ["/name"]),
    ({"name": ""}, ["/name"]),
    ({"name": "  "}, ["/name"]),
    ({"name": "x" * 101}, ["/name"]),
    ({"name": "😀"}, ["/api_name"]),
    ({"name": "Objects"}, ["/api_name"]),
    ({"name": "A", "api_name": "Big Letters"}, ["/api_name"]),
    ({"name": "A", "api_name": "x" * 64}, ["/api_name"]),
    ({"name": "A", "description": "x" * 1001}, ["/description"]),
    ({"name": 5, "api_name": [], "description": {}, "kind": "contact"},
     ["/name", "/api_name", "/description", "/kind"]),
])
def test_a_bad_object_is_refused_member_by_member(world, body, pointers):
    answer = world.api.post(OBJECTS, body)
    assert answer.status == 422 and sorted(answer.pointers) == sorted(pointers), answer
    assert len(world.api.ok("GET", OBJECTS)["results"]) == 1


def test_objects_at_the_limits(world):
    assert world.api.post(OBJECTS, {"name": "я" * 99 + "x", "description": "ä" * 1000}).status == 201
    assert world.api.post(OBJECTS, {"name": "A", "api_name": "x" * 63}).status == 201


def test_objects_are_listed_by_name_in_pages(world):
    for name in ("Delta", "Alpha", "Charlie", "Bravo"):
        world.api.ok("POST", OBJECTS, {"name": name})
    page = world.api.ok("GET", OBJECTS + "?limit=2")
    assert [o["name"] for o in page["results"]] == ["Alpha", "Bravo"] and page["previous"] is None
    page = world.api.ok("GET", OBJECTS + f"?limit=2&cursor={page['next']}")
    assert [o["name"] for o in page["results"]] == ["Charlie", "Contact"]
    last = world.api.ok("GET", OBJECTS + f"?limit=2&cursor={page['next']}")
    assert [o["name"] for o in last["results"]] == ["Delta"] and last["next"] is None
    page = world.api.ok("GET", OBJECTS + f"?limit=2&cursor={page['previous']}")
    assert [o["name"] for o in page["results"]] == ["Alpha", "Bravo"] and page["previous"] is None


def test_an_api_name_is_taken_once_whoever_is_first(world):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(world.api.post(OBJECTS, {"name": "Same"}).status))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7


# ── records ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_contact_is_made_read_changed_archived_and_restored(world):
    made = world.api.post(CONTACTS, {"first_name": "Sam", "last_name": "Okafor", "email": "Sam.Okafor@Example.TEST",
                                     "owner_id": world.employee})
    assert made.status == 201
    record, path = made.json, f"{CONTACTS}/{made.json['id']}"
    assert record["display_name"] == "Sam Okafor" and record["email"] == "sam.okafor@example.test"
    assert record["object"]["api_name"] == "contacts" and record["object"]["name"] == "Contact"
    assert record["owner"]["id"] == world.employee and record["owner"]["display_name"] == "Alex Rivera"
    assert record["archived_at"] is None and record["created_at"] == record["updated_at"]
    assert world.api.ok("GET", path) == record
    assert world.api.ok("GET", f"/api/records/{record['object']['id']}/{record['id']}") == record

    changed = world.api.patch(path, {"last_name": None, "owner_id": None}, headers=etag(made))
    assert changed.status == 200
    assert changed.json == {**record, "last_name": "", "display_name": "Sam", "owner": None, "version": 2,
                            "fields": changed.json["fields"], "updated_at": changed.json["updated_at"]}
    assert world.api.patch(path, {"first_name": "X"}, headers=etag(made)).status == 412
    assert world.api.ok("PATCH", path, {"email": None})["email"] is None, "If-Match may be left out"
    assert world.api.ok("PATCH", path, {})["version"] == 4

    assert world.api.request("DELETE", path, headers=etag(made)).status == 412
    archived = world.api.request("DELETE", path)
    assert archived.status == 200 and archived.json["archived_at"]
    assert world.api.ok("GET", path) == archived.json
    assert record["id"] not in [r["id"] for r in world.api.pages(CONTACTS)]
    assert [r["id"] for r in world.api.pages(CONTACTS + "?archived=true")] == [record["id"]]
    assert world.api.request("DELETE", path).status == 409
    assert world.api.patch(path, {"first_name": "X"}).status == 409
    restored = world.api.ok("PATCH", path, {"archived": False, "first_name": "Samuel"})
    assert restored["archived_at"] is None and restored["first_name"] == "Samuel"
    assert record["id"] in [r["id"] for r in world.api.pages(CONTACTS)]


def test_an_email_belongs_to_one_contact(world):
    """Whatever its case, and also while its contact is archived."""
    same = {"first_name": "Other", "email": "MARIA@thompson.TEST"}
    refused = world.api.post(CONTACTS, same)
    assert refused.status == 409 and refused.pointers == ["/email"]
    world.api.ok("DELETE", f"{CONTACTS}/{world.contact}")
    refused = world.api.post(CONTACTS, same)
    assert refused.status == 409 and "archived" in refused.json["detail"]
    other = world.api.ok("POST", CONTACTS, {"first_name": "Other", "email": "other@thompson.test"})
    assert world.api.patch(f"{CONTACTS}/{other['id']}", {"email": "maria@thompson.test"}).status == 409
    world.api.ok("PATCH", f"{CONTACTS}/{other['id']}", {"email": "Other@Thompson.test"})
    assert world.api.post(CONTACTS, {"first_name": "None"}).status == 201
    assert world.api.post(CONTACTS, {"first_name": "None"}).status == 201, "two without an email"
    stranger = World(world.server, name="Other", email="sam@other.test")
    assert stranger.api.ok("GET", CONTACTS)["results"][0]["email"] == "maria@thompson.test", "in another Business"


def test_an_email_is_taken_once_whoever_is_first(world):
    answers = []

    def make(i):
        answers.append(world.api.post(CONTACTS, {"first_name": f"N{i}", "email": "same@x.test"}).status)

    threads = [threading.Thread(target=make, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7


@pytest.mark.parametrize("body, pointers", [
    ({}, ["/first_name"]),
    ({"first_name": " "}, ["/first_name"]),
    ({"first_name": "x" * 101, "last_name": "x" * 101, "email": "x" * 255}, ["/first_name", "/last_name", "/email"]),
    ({"first_name": "A", "email": "nobody"}, ["/email"]),
    ({"first_name": "A", "email": "a b@x.test", "owner_id": "NOBODY"}, ["/email", "/owner_id"]),
    ({"first_name": "A", "name": "B"}, ["/name"]),
    ({"first_name": 1, "last_name": [], "email": {}, "owner_id": 5, "colour": "red"},
     ["/first_name", "/last_name", "/email", "/owner_id", "/colour"]),
    ({"first_name": "A", "archived": True}, ["/archived"]),
])
def test_a_bad_contact_is_refused_member_by_member(world, body, pointers):
    body = {name: str(uuid.uuid4()) if value == "NOBODY" else value for name, value in body.items()}
    before = world.api.pages(CONTACTS)
    answer = world.api.post(CONTACTS, body)
    assert answer.status == 422 and set(pointers) <= set(answer.pointers), answer
    assert world.api.pages(CONTACTS) == before
    assert world.api.get(f"{CONTACTS}/{world.contact}").json == before[0]


def test_a_refused_change_changes_nothing(world):
    path = f"{CONTACTS}/{world.contact}"
    before = world.api.ok("GET", path)
    answer = world.api.patch(path, {"first_name": "", "email": "nobody", "owner_id": str(uuid.uuid4())})
    assert answer.status == 422 and sorted(answer.pointers) == ["/email", "/first_name", "/owner_id"]
    assert world.api.ok("GET", path) == before


def test_a_record_of_a_custom_object(world):
    world.api.ok("POST", OBJECTS, {"name": "Project"})
    made = world.api.ok("POST", "/api/records/project", {"name": "Bridge", "owner_id": world.employee})
    assert made["display_name"] == "Bridge" and made["owner"]["id"] == world.employee
    assert "email" not in made and "first_name" not in made
    assert world.api.post("/api/records/project", {}).pointers == ["/name"]
    refused = world.api.post("/api/records/project", {"name": "B", "first_name": "A", "email": "a@b.test"})
    assert sorted(refused.pointers) == ["/email", "/first_name"]
    assert world.api.ok("PATCH", f"/api/records/project/{made['id']}", {"name": "Tower"})["display_name"] == "Tower"
    assert world.api.get(f"{CONTACTS}/{made['id']}").status == 404, "it is no contact"
    assert world.api.patch(f"{CONTACTS}/{made['id']}", {"first_name": "X"}).status == 404


def test_i8_records_of_another_business_are_not_there(world):
    stranger = World(world.server, name="Other", email="sam@other.test")
    project = stranger.api.post(OBJECTS, {"name": "Project"})
    theirs = stranger.api.ok("POST", "/api/records/project", {"name": "Secret"})
    headers = etag(project)
    for method, path, body in [
            ("GET", f"{CONTACTS}/{stranger.contact}", None), ("PATCH", f"{CONTACTS}/{stranger.contact}", {}),
            ("DELETE", f"{CONTACTS}/{stranger.contact}", None), ("GET", "/api/records/project", None),
            ("POST", "/api/records/project", {"name": "X"}), ("GET", f"/api/records/project/{theirs['id']}", None),
            ("GET", f"/api/records/{project.json['id']}/{theirs['id']}", None),
            ("GET", f"{OBJECTS}/{project.json['id']}", None), ("GET", f"{OBJECTS}/project", None),
            ("POST", "/api/records/project/search", {})]:
        assert world.api.request(method, path, body).status == 404, path
    for method, path, body in [("PATCH", f"{OBJECTS}/project", {"name": "X"}),
                               ("DELETE", f"{OBJECTS}/{project.json['id']}", None)]:
        assert world.api.request(method, path, body, headers=headers).status == 404, path
    refused = world.api.post(CONTACTS, {"first_name": "A", "owner_id": stranger.employee})
    assert refused.pointers == ["/owner_id"]
    assert len(stranger.api.pages(CONTACTS)) == 1


def test_records_are_listed_by_name_in_pages_both_ways(world):
    world.api.ok("DELETE", f"{CONTACTS}/{world.contact}")
    names = ["bea", "Änne", "ada", "Bob", "ÄNNE", "cy", "bea"]
    made = [world.api.ok("POST", CONTACTS, {"first_name": name})["id"] for name in names]
    ordered = [r["display_name"] for r in world.api.pages(CONTACTS)]
    assert ordered == ["ada", "bea", "bea", "Bob", "cy", "Änne", "ÄNNE"]

    forth, cursor = [], None
    while True:
        page = world.api.ok("GET", CONTACTS + "?limit=3" + (f"&cursor={cursor}" if cursor else ""))
        forth.append([r["id"] for r in page["results"]])
        assert (page["previous"] is None) == (len(forth) == 1)
        cursor = page["next"]
        if not cursor:
            break
    assert [len(ids) for ids in forth] == [3, 3, 1] and sorted(sum(forth, [])) == sorted(made)
    back = []
    while page["previous"]:
        page = world.api.ok("GET", CONTACTS + f"?limit=3&cursor={page['previous']}")
        back.append([r["id"] for r in page["results"]])
    assert back == [forth[1], forth[0]]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "archived=maybe", "archived=", "colour=red"])
def test_an_unreadable_query_is_refused(world, query):
    assert world.api.get(f"{CONTACTS}?{query}").status == 400
    assert world.api.get(f"{OBJECTS}?{query}").status == 400


def test_text_of_any_script_comes_back(world):
    """NFC-normalised, and otherwise byte by byte."""
    for given, kept in [("Zoe\u0308", "Zoë"), ("👩‍🚀", "👩‍🚀"), ("שָׁרָה", None), ("a\u202eb", "a\u202eb")]:
        made = world.api.ok("POST", CONTACTS, {"first_name": given, "last_name": "%_\"'\\"})
        read = world.api.ok("GET", f"{CONTACTS}/{made['id']}")
        assert read["first_name"] == made["first_name"] and read["last_name"] == "%_\"'\\"
        assert kept is None or read["first_name"] == kept


def test_an_activity_cannot_be_about_an_archived_record(world):
    world.log()
    world.api.ok("DELETE", f"{CONTACTS}/{world.contact}")
    refused = world.api.post("/api/activities/logged", world.body())
    assert refused.status == 422 and refused.pointers == ["/associated_entities/0/id"]


def test_an_activity_about_a_custom_record_names_its_object(world):
    world.api.ok("POST", OBJECTS, {"name": "Project"})
    bridge = world.api.ok("POST", "/api/records/project", {"name": "Bridge"})
    logged = world.log(associated_entities=[{"id": bridge["id"]}, {"id": world.contact}])
    first, second = world.api.ok("GET", f"/api/activities/logged/{logged['id']}")["associated_entities"]
    assert (first["id"], first["display_name"]) == (bridge["id"], "Bridge")
    assert (second["id"], second["display_name"]) == (world.contact, "Maria Thompson")
    assert first["object_id"] == bridge["object"]["id"] and first["object_name"] == "Project"
    assert second["object_name"] == "Contact"


# ── fields ───────────────────────────────────────────────────────────────────────────────────────────────────


def values_of(record):
    return {field["name"]: field["value"] for field in record["fields"]}


def add_field(world, object_name, body):
    path = f"{OBJECTS}/{object_name}"
    answer = world.api.post(path + "/fields", body, headers=etag(world.api.get(path)))
    assert answer.status == 201, answer
    return answer.json


def test_a_contact_has_its_standard_fields(world):
    made = world.api.ok("POST", CONTACTS, {"first_name": "Sam", "fields": [
        {"name": "last_name", "value": "Okafor"}, {"name": "email", "value": "Sam@Okafor.test"},
        {"name": "mobile_phone", "value": "+1 (555) 010-9999"}, {"name": "birthday", "value": "1990-02-28"},
        {"name": "tags", "value": ["vip", "north"]}, {"name": "titles", "value": ["Dr."]}]})
    assert (made["first_name"], made["last_name"], made["email"]) == ("Sam", "Okafor", "sam@okafor.test")
    values = values_of(made)
    assert list(values) == ["first_name", "last_name", "email", "home_phone", "mobile_phone", "business_phone",
                            "titles", "tags", "birthday"]
    assert values["first_name"] == "Sam" and values["email"] == "sam@okafor.test" and values["home_phone"] is None
    assert values["birthday"] == "1990-02-28" and values["titles"] == ["Dr."] and values["tags"] == ["vip", "north"]
    assert made["fields"][0]["field_type"] == "text" and made["fields"][0]["custom_field_type"] is None
    path = f"{CONTACTS}/{made['id']}"
    assert world.api.ok("GET", path) == made
    assert made in world.api.ok("POST", CONTACTS + "/search", {"search": "okafor"})["results"]
    assert made in world.api.pages(CONTACTS)

    changed = world.api.ok("PATCH", path, {"fields": [{"name": "birthday", "value": None}, {"name": "last_name", "value": ""},
                                                      {"id": made["fields"][0]["id"], "value": "Samuel"}]})
    assert changed["display_name"] == "Samuel"
    assert values_of(changed) == {**values, "birthday": None, "last_name": None, "first_name": "Samuel"}
    assert world.api.ok("GET", path) == changed


def test_phone_numbers_are_found_by_their_digits(world):
    for field, number in [("home_phone", "+1 (555) 010-9999"), ("mobile_phone", "0171.234567"),
                          ("business_phone", "+44 20 7946 0018")]:
        world.api.ok("POST", CONTACTS, {"first_name": field, "fields": [{"name": field, "value": number}]})

    def names(search):
        return [r["first_name"] for r in world.api.ok("POST", CONTACTS + "/search", {"search": search})["results"]]

    for search in ("555", "0109999", "010-9999", "+1 (555) 010-9999", "5550109999", "(555)", "1-555-010.9999", "15"):
        assert names(search) == ["home_phone"], search
    assert names("0171234567") == names("71/23") == ["mobile_phone"]
    assert names("442079460018") == names("7946 0018") == ["business_phone"]
    assert names("5559") == []
    [found] = world.api.ok("POST", CONTACTS + "/search", {"search": "7946"})["results"]
    world.api.ok("PATCH", f"{CONTACTS}/{found['id']}", {"fields": [{"name": "business_phone", "value": "+44 20 7946 0099"}]})
    assert names("0018") == [] and names("0099") == ["business_phone"]


def test_a_record_keeps_values_of_custom_fields(world):
    world.api.ok("POST", OBJECTS, {"name": "Project"})
    stage = add_field(world, "project", {"display_name": "Stage", "field_type": "status", "required": True,
                                         "options": [{"name": "Open"}, {"name": "Won"}]})
    add_field(world, "project", {"display_name": "Budget", "field_type": "decimal", "default": "10.50"})
    refused = world.api.post("/api/records/project", {"name": "Bridge"})
    assert refused.status == 422 and refused.pointers == ["/fields"]
    made = world.api.ok("POST", "/api/records/project", {"name": "Bridge", "fields": [{"name": "stage", "value": "Open"}]})
    values = values_of(made)
    assert values["stage"] == {"id": stage["options"][0]["id"], "name": "Open"}
    assert values["name"] == "Bridge" and values["created"] == made["created_at"] and values["owner"] is None
    path = f"/api/records/project/{made['id']}"
    assert world.api.ok("GET", path) == made

    changed = world.api.ok("PATCH", path, {"fields": [{"name": "stage", "value": stage["options"][1]["id"]},
                                                      {"name": "owner", "value": world.employee}]})
    assert values_of(changed)["stage"]["name"] == "Won"
    assert changed["owner"]["id"] == world.employee == values_of(changed)["owner"]["id"]
    assert world.api.ok("GET", path) == changed
    assert world.api.ok("PATCH", path, {"owner_id": None})["owner"] is None
    assert values_of(world.api.ok("GET", path))["owner"] is None
    assert world.api.patch(path, {"fields": [{"name": "stage", "value": None}]}).status == 422, "it is required"


@pytest.mark.parametrize("body, pointers", [
    ({"first_name": "A", "fields": [{"name": "first_name", "value": "B"}]}, ["/first_name"]),
    ({"first_name": "A", "fields": [{"name": "nothing", "value": "B"}, {"name": "birthday", "value": "1990-02-30"}]},
     ["/fields/0/name", "/fields/1/value"]),
    ({"fields": [{"name": "email", "value": "nobody"}]}, ["/fields/0/value", "/first_name"]),
    ({"first_name": "A", "fields": {}}, ["/fields"]),
    ({"first_name": "A", "fields": [{"name": "home_phone", "value": 5}], "email": "x", "owner_id": "NOBODY"},
     ["/fields/0/value", "/email", "/owner_id"]),
])
def test_bad_values_are_refused_one_by_one(world, body, pointers):
    body = {name: str(uuid.uuid4()) if value == "NOBODY" else value for name, value in body.items()}
    answer = world.api.post(CONTACTS, body)
    assert answer.status == 422 and sorted(answer.pointers) == sorted(pointers), answer
    answer = world.api.patch(f"{CONTACTS}/{world.contact}", {"first_name": "A", **body})
    assert answer.status == 422
    assert world.api.ok("GET", f"{CONTACTS}/{world.contact}")["first_name"] == "Maria"


def test_logging_writes_bound_fields_into_the_record(world):
    """In the same transaction; the activity keeps what was submitted."""
    [birthday] = [f for f in world.api.ok("GET", f"{OBJECTS}/contacts/fields")["results"] if f["name"] == "birthday"]
    [email] = [f for f in world.api.ok("GET", f"{OBJECTS}/contacts/fields")["results"] if f["name"] == "email"]
    path = f"/api/activities/objects/{world.object}"
    for name, field in (("Born", birthday), ("Mail", email)):
        answer = world.api.post(path + "/fields", {"display_name": name, "field_type": field["field_type"],
                                                   "bound_field_id": field["id"]}, headers=etag(world.api.get(path)))
        assert answer.status == 201, answer
    contact = f"{CONTACTS}/{world.contact}"
    before = world.api.ok("GET", contact)
    second = world.api.ok("POST", CONTACTS, {"first_name": "Second", "email": "second@x.test"})
    logged = world.log(associated_entities=[{"id": world.contact}, {"id": second["id"]}],
                       fields=[{"name": "born", "value": "1980-05-06"}, {"name": "mail", "value": "Maria@New.test"}])
    after = world.api.ok("GET", contact)
    assert values_of(after)["birthday"] == "1980-05-06" and after["email"] == "maria@new.test"
    assert after["version"] == before["version"] + 1 and after["updated_at"] > before["updated_at"]
    assert world.api.ok("GET", f"{CONTACTS}/{second['id']}") == second, "the first record only"
    found = world.api.ok("POST", CONTACTS + "/search", {"search": "new.test"})["results"]
    assert [record["id"] for record in found] == [world.contact]
    world.api.ok("PATCH", contact, {"fields": [{"name": "birthday", "value": None}]})
    kept = {f["name"]: f for f in world.api.ok("GET", f"/api/activities/logged/{logged['id']}")["fields"]}
    assert kept["born"]["value"] == "1980-05-06" and kept["born"]["custom_field_type"] == "date"
    assert kept["mail"]["value"] == "Maria@New.test"

    count = len(world.deliveries())
    refused = world.api.post("/api/activities/logged", world.body(fields=[{"name": "mail", "value": "second@x.test"}]))
    assert refused.status == 409, "another contact has it"
    world.quiet()
    assert len(world.deliveries()) == count, "nothing was logged"
    world.log(fields=[{"name": "born", "value": None}])
    assert world.api.ok("GET", contact)["email"] == "maria@new.test", "what is not given is left"


def test_a_contact_of_version_1_whose_email_only_another_letter_case_makes_unique_can_be_changed(world):
    """The migration keeps such emails as they were: who changes something else is not to pay for it."""
    twin = world.api.ok("POST", CONTACTS, {"first_name": "Mary", "email": "twin@thompson.test"})
    execute(world.server, "UPDATE record SET email = 'Maria@thompson.test' WHERE id = {id}", id=twin["id"])
    changed = world.api.patch(f"{CONTACTS}/{twin['id']}", {"last_name": "Thompson"})
    assert changed.status == 200 and changed.json["email"] == "Maria@thompson.test", changed
    same = world.api.patch(f"{CONTACTS}/{twin['id']}", {"email": "Maria@thompson.test"})
    assert same.status == 200 and same.json["email"] == "Maria@thompson.test"
    assert world.api.patch(f"{CONTACTS}/{twin['id']}", {"email": "maria@thompson.test"}).status == 409
    freed = world.api.patch(f"{CONTACTS}/{twin['id']}", {"email": "Mary@thompson.test"})
    assert freed.status == 200 and freed.json["email"] == "mary@thompson.test"
