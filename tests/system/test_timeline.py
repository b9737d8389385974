"""GET /api/records/{object}/{id}/timeline: what was logged and is scheduled about a record. M16."""

import pytest

from support.api import new_id
from support.load import Load
from support.wait import wait_for
from support.world import World

EMOJI = "🧰"


@pytest.fixture
def world(server):
    world = World(server)
    world.object = world.add_object("Sales Call")
    return world


def contact(world, first="Omar"):
    return world.api.ok("POST", "/api/records/contacts", {"first_name": first, "last_name": "Haddad"})["id"]


def path(record, what="contacts"):
    return f"/api/records/{what}/{record}/timeline"


def about(*records):
    return [{"id": record} for record in records]


def log(world, *records, **more):
    return world.log(associated_entities=about(*records), **more)["id"]


def schedule(world, *records, object_id=None, **more):
    return world.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": object_id or world.object, "due_datetime": "2027-01-01T09:00:00Z",
        "associated_entities": about(*records), **more})["id"]


def entries(world, record, query=""):
    return world.api.pages(path(record) + query)


def ids(world, record, query=""):
    return [entry["id"] for entry in entries(world, record, query)]


def newest(*made):
    """As a timeline has them: by ids. Two that are made in one millisecond may be in either order."""
    return sorted(made, reverse=True)


def all_contacts(world):
    """An Activity Object whose activities are about all contacts."""
    contacts = next(o["id"] for o in world.api.pages("/api/records/objects") if o["api_name"] == "contacts")
    return world.api.ok("POST", "/api/activities/objects", {
        "name": "Newsletter", "association_mode": "all", "association_objects": [contacts]})["id"]


def test_m16_on_the_timeline_of_every_associated_record(world):
    omar, lena = contact(world), contact(world, "Lena")
    both = log(world, world.contact, omar)
    planned = schedule(world, omar)
    assert ids(world, world.contact) == [both]
    assert ids(world, omar) == newest(planned, both)
    assert ids(world, lena) == []


def test_m16_what_an_entry_says(world):
    logged = log(world, world.contact)
    planned = schedule(world, world.contact, employee_id=world.employee, note="Bring the drawings.")
    first, second = sorted(entries(world, world.contact), key=lambda entry: entry["kind"])
    assert (first["kind"], first["id"]) == ("logged", logged)
    assert first["notes"] == world.notes and not first["notes_cut"]
    assert first["logged_by"]["display_name"] == "Alex Rivera" and first["logged_at"]
    assert first["activity_object"]["api_name"] == "sales_call"
    assert [e["display_name"] for e in first["associated_entities"]] == ["Maria Thompson"]
    assert first["due_datetime"] is first["employee"] is first["completed_at"] is None
    assert (second["kind"], second["id"]) == ("scheduled", planned)
    assert second["notes"] == "Bring the drawings."
    assert second["employee"]["id"] == world.employee and second["role"] is None
    assert second["due_datetime"] == "2027-01-01T09:00:00.000000Z" and second["scheduled_at"]
    assert second["logged_at"] is second["logged_by"] is None


def test_m16_newest_first_and_paged_both_ways(world):
    made = []
    for i in range(11):
        made.append(schedule(world, world.contact) if i % 3 == 0 else log(world, world.contact))
    pages, cursor = [], None
    while True:
        page = world.api.ok("GET", path(world.contact) + "?limit=4" + (f"&cursor={cursor}" if cursor else ""))
        pages.append([entry["id"] for entry in page["results"]])
        if not page["next"]:
            break
        cursor = page["next"]
    assert [len(page) for page in pages] == [4, 4, 3]
    assert sum(pages, []) == newest(*made)
    back = []
    while page["previous"]:
        page = world.api.ok("GET", f"{path(world.contact)}?limit=4&cursor={page['previous']}")
        back.append([entry["id"] for entry in page["results"]])
    assert back == [pages[1], pages[0]]


def test_m16_more_than_one_read_takes(world):
    """A page is put together of several reads; all of it comes, in order."""
    made = [log(world, world.contact) for _ in range(130)]
    assert ids(world, world.contact) == newest(*made)


def test_m16_about_all_records_of_an_object(world):
    before = log(world, world.contact)
    everyone = all_contacts(world)
    letter = world.log(everyone, associated_entities=[])["id"]
    planned = schedule(world, object_id=everyone)
    late = contact(world)
    assert ids(world, world.contact) == newest(planned, letter, before)
    assert ids(world, late) == newest(planned, letter), "a record that came later is one of all"
    place = world.api.ok("POST", "/api/records/objects", {"name": "Site"})["api_name"]
    site = world.api.ok("POST", f"/api/records/{place}", {"name": "North yard"})["id"]
    assert world.api.pages(path(site, place)) == []


def test_m16_a_scheduled_one_until_it_is_completed(world):
    planned = schedule(world, world.contact)
    logged = world.api.ok("POST", f"/api/activities/scheduled-activity/{planned}/complete", {})["id"]
    entry, = entries(world, world.contact)
    assert (entry["kind"], entry["id"], entry["scheduled_activity_id"]) == ("logged", logged, planned)
    assert entry["completed_at"]


def test_m16_what_was_deleted_is_gone(world):
    logged, kept = log(world, world.contact), log(world, world.contact)
    planned = schedule(world, world.contact)
    assert world.api.request("DELETE", f"/api/activities/logged/{logged}").status == 204
    assert world.api.request("DELETE", f"/api/activities/scheduled-activity/{planned}").status == 204
    assert ids(world, world.contact) == [kept]


def test_m16_a_scheduled_one_that_is_about_another_record_now(world):
    omar = contact(world)
    planned = schedule(world, world.contact)
    world.api.ok("PATCH", f"/api/activities/scheduled-activity/{planned}", {"associated_entities": about(omar)})
    assert ids(world, world.contact) == []
    assert ids(world, omar) == [planned]


def test_filters(world):
    visit = world.add_object("Visit")
    call, seen = log(world, world.contact), log(world, world.contact, object_id=visit)
    planned = schedule(world, world.contact)
    assert ids(world, world.contact, "?kind=logged") == newest(seen, call)
    assert ids(world, world.contact, "?kind=scheduled") == [planned]
    assert ids(world, world.contact, f"?activity_object_id={world.object}") == newest(planned, call)
    assert ids(world, world.contact, f"?activity_object_id={visit}&kind=logged") == [seen]
    assert ids(world, world.contact, f"?activity_object_id={visit}&kind=scheduled") == []
    for query in ("?kind=open", "?activity_object_id=7", "?limit=0", "?limit=201", "?cursor=x", "?since=1"):
        assert world.api.get(path(world.contact) + query).status == 400, query


def test_notes_are_cut_at_a_thousand_characters(world):
    for notes, cut in ((EMOJI * 1000, False), (EMOJI * 1001, True), ("", False)):
        made = log(world, world.contact, notes=notes)
        entry = next(e for e in entries(world, world.contact) if e["id"] == made)
        assert (entry["notes"], entry["notes_cut"]) == (notes[:1000], cut)


def test_i8_only_ones_own_records(world, server):
    stranger = World(server, name="Another Business", email="sam@other.test")
    log(world, world.contact)
    objects = {o["api_name"]: o["id"] for o in world.api.pages("/api/records/objects")}
    assert [e["id"] for e in world.api.pages(path(world.contact, objects["contacts"]))] == ids(world, world.contact)
    for target in (path(new_id()), path(world.contact, "contact"), path(world.contact, new_id())):
        assert world.api.get(target).status == 404, target
    assert stranger.api.get(path(world.contact)).status == 404
    assert stranger.api.get(path(world.contact, objects["contacts"])).status == 404
    assert stranger.api.get(path(world.contact) + "/stream").status == 404


def walk(world, address):
    """All of a list, page by page to its end and back again."""
    pages = [world.api.ok("GET", address)]
    while pages[-1]["next"]:
        pages.append(world.api.ok("GET", f"{address}&cursor={pages[-1]['next']}"))
    found = [entry["id"] for page in pages for entry in page["results"]]
    back, page = [], pages[-1]
    while True:
        back = [entry["id"] for entry in page["results"]] + back
        if not page["previous"]:
            break
        page = world.api.ok("GET", f"{address}&cursor={page['previous']}")
    assert back == found
    return pages, found


def test_a_filter_looks_through_a_long_history_piece_by_piece(world):
    """Two thousand entries of another type: a page ends there, says so, and nothing is left out."""
    rare = world.add_object("Rare")
    first = [world.log(rare)["id"] for _ in range(3)]
    with Load(world, clients=16, most=2300) as load:
        wait_for(lambda: load.count == 2300, "all answers", 120)
    last = [world.log(rare)["id"] for _ in range(2)]
    expected = (first + last)[::-1]
    record = world.contact
    for address in (f"/api/records/contacts/{record}/timeline?activity_object_id={rare}",
                    f"/api/activities/logged?record_id={record}&activity_object_id={rare}"):
        pages, found = walk(world, address + "&limit=50")
        assert found == expected and len(pages) == 2 and len(pages[0]["results"]) == 2
        assert walk(world, address + "&limit=1")[1] == expected
    everything = walk(world, f"/api/records/contacts/{record}/timeline?limit=200")[1]
    assert len(everything) == 2305 and [e for e in everything if e in expected] == expected
    assert walk(world, f"/api/activities/logged?record_id={record}&employee_id={new_id()}&limit=50")[1] == []
    assert len(walk(world, f"/api/activities/logged?record_id={record}&employee_id={world.employee}&limit=200")[1]) == 2305
