"""The search of records: one table of answers, which both engines must give."""

import contextlib
import sqlite3
import uuid

import pytest

from support.database import psql
from support.world import World

CONTACTS = {  # first name, last name, email
    "maria": ("Maria", "Thompson", "maria@thompson.test"),
    "mariano": ("Mariano", "O'Brien-Smith", "m.obrien+crm@acme.test"),
    "jose": ("José", "Núñez", "jose@nunez.test"),
    "istanbul": ("İbrahim", "Işık", "ibrahim@isik.test"),
    "strasse": ("Jörg", "Großmann", "joerg@grossmann.test"),
    "hebrew": ("שרה", "לוי", None),
    "arabic": ("فاطمة", "الزهراء", None),
    "chinese": ("小明", "王", None),
    "emoji": ("👩‍🚀 Zoë", "🚀🚀🚀 Rocket", None),
    "percent": ("100%", "Natural_Foods", None),
    "quotes": ('"Quo"ted', "back\\slash", None),
    "syntax": ("NOT AND OR", "NEAR(a* b) ^c:d", None),
    "long": ("A" * 100, "Ω" * 100, None),
    "one": ("X", "", None),
}

ALL = sorted(CONTACTS)

# What is searched, and who is found.
ANSWERS = [
    ("", ALL),
    ("   ", ALL),
    ("maria", ["maria", "mariano"]),
    ("MARIA", ["maria", "mariano"]),
    ("ari", ["maria", "mariano"]),
    ("riano", ["mariano"]),
    ("maria thompson", ["maria"]),
    ("thompson maria", ["maria"]),
    ("Maria\tThompson", ["maria"]),
    ("thompson mariano", []),
    ("mariathompson", []),
    ("maria@thompson.test", ["maria"]),
    ("@thompson", ["maria"]),
    ("acme.test", ["mariano"]),
    ("+crm", ["mariano"]),
    # Shorter than three characters: where a word begins, also one inside a word.
    ("m", ["maria", "mariano"]),
    ("ma", ["maria", "mariano"]),
    ("ar", []),
    ("t", ["istanbul", "jose", "maria", "mariano", "quotes", "strasse"]),  # emails end in .test
    ("ted", ["quotes"]),
    ("th", ["maria"]),
    ("br", ["mariano"]),
    ("sm", ["mariano"]),
    ("o'", ["mariano"]),
    ("o'brien", ["mariano"]),
    ("ob", ["mariano"]),  # of the email
    ("x", ["one"]),
    ("m t", ["maria", "mariano"]),
    ("ma th", ["maria"]),
    # Accents count; case does not, in any script.
    ("josé", ["jose"]),
    ("JOSÉ", ["jose"]),
    ("jose\u0301", ["jose"]),
    ("núñ", ["jose"]),
    ("jose", ["jose"]),  # by the email
    ("nunez", ["jose"]),
    ("ωωω", ["long"]),
    ("zoë", ["emoji"]),
    # One letter i.
    ("ibrahim", ["istanbul"]),
    ("IBRAHIM", ["istanbul"]),
    ("İBRAHİM", ["istanbul"]),
    ("ışık", ["istanbul"]),
    ("işik", ["istanbul"]),
    ("IŞIK", ["istanbul"]),
    ("grossmann", ["strasse"]),
    ("GROSSMANN", ["strasse"]),
    ("großmann", ["strasse"]),
    ("jörg", ["strasse"]),
    # Other directions, other scripts.
    ("שרה", ["hebrew"]),
    ("שר", ["hebrew"]),
    ("רה", []),
    ("לוי שרה", ["hebrew"]),
    ("\u200fשרה", ["hebrew"]),
    ("فاطمة", ["arabic"]),
    ("زهراء", ["arabic"]),
    ("小明", ["chinese"]),
    ("王", ["chinese"]),
    ("明", []),
    ("王 小", ["chinese"]),
    ("🚀🚀🚀", ["emoji"]),
    ("🚀", ["emoji"]),
    ("🚀🚀🚀🚀", []),
    ("👩‍🚀", ["emoji"]),
    # Characters that mean something to LIKE, to FTS5 or to a shell are characters.
    ("100%", ["percent"]),
    ("%", []),
    ("0%", []),
    ("00%", ["percent"]),
    ("mar%", []),
    ("%ari%", []),
    ("_", []),
    ("l_f", ["percent"]),
    ("mar_a", []),
    ('"', ["quotes"]),
    ('"quo"', ["quotes"]),
    ('o"t', ["quotes"]),
    ("'", []),
    ("k\\s", ["quotes"]),
    ("\\", []),
    ("\\\\\\", []),
    ("not", ["syntax"]),
    ("maria AND thompson", []),
    ("maria OR jose", []),
    ("NEAR(a*", ["syntax"]),
    ("b)", ["syntax"]),
    ("c:d", ["syntax"]),
    ("^c:", ["syntax"]),
    ("folded:", []),
    ("mari*", []),
    ("- maria", []),
    ("(", []),
    ("a" * 100, ["long"]),
    ("a" * 101, []),
    ("; DROP TABLE record; --", []),
    ("a b c d e f g h i j", []),
]


@pytest.fixture
def contacts(server):
    """A Business with CONTACTS, and one beside it with the same ones."""
    worlds = [World(server), World(server, name="Other", email="sam@other.test")]
    for world in worlds:
        world.api.ok("PATCH", f"/api/records/contacts/{world.contact}", {"email": None, "archived": True})
        world.names = {}
        for name, (first, last, email) in CONTACTS.items():
            made = world.api.ok("POST", "/api/records/contacts",
                                {"first_name": first, "last_name": last, "email": email})
            world.names[made["id"]] = name
    return worlds[0]


def found(world, search, **more):
    results = world.api.ok("POST", "/api/records/contacts/search", {"search": search, "page_size": 200, **more})["results"]
    return [world.names[record["id"]] for record in results]


def test_search_gives_the_same_answers_on_both_engines(contacts):
    wrong = []
    for search, expected in ANSWERS:
        answer = sorted(found(contacts, search))
        if answer != sorted(expected):
            wrong.append(f"{search!r}: {answer}, expected {sorted(expected)}")
    assert not wrong, "\n".join(wrong)


def test_search_has_at_most_ten_words(world):
    assert world.api.post("/api/records/contacts/search", {"search": "a b c d e f g h i j"}).status == 200
    refused = world.api.post("/api/records/contacts/search", {"search": "a b c d e f g h i j k", "ordering": "size"})
    assert refused.status == 422 and sorted(refused.pointers) == ["/ordering", "/search"]
    assert world.api.post("/api/records/contacts/search", {"search": "x" * 200}).status == 200
    assert world.api.post("/api/records/contacts/search", {"search": "x" * 201}).pointers == ["/search"]


def make(world, *people):
    return [world.api.ok("POST", "/api/records/contacts", {"first_name": first, "last_name": last, "email": email})["id"]
            for first, last, email in people]


def emails(world, **body):
    page = world.api.ok("POST", "/api/records/contacts/search", body)
    return [record["email"] or record["display_name"] for record in page["results"]], page["next"], page["previous"]


@pytest.mark.parametrize("search", ["", "zzz"])
def test_search_ordering_and_pages(world, search):
    world.api.ok("DELETE", f"/api/records/contacts/{world.contact}")
    make(world, ("bob", "zzz", "c@x.test"), ("Ann", "zzz", "B@x.test"), ("CARL", "zzz", None), ("dora", "ZZZ", "a@x.test"))
    by = {
        "display_name": ["b@x.test", "c@x.test", "CARL zzz", "a@x.test"],
        "created_at": ["c@x.test", "b@x.test", "CARL zzz", "a@x.test"],
        "email": ["a@x.test", "b@x.test", "c@x.test", "CARL zzz"],
    }
    for ordering, expected in by.items():
        assert emails(world, search=search, ordering=ordering)[0] == expected
        assert emails(world, search=search, ordering="-" + ordering)[0] == expected[::-1]
    assert emails(world, search=search)[0] == by["display_name"]
    assert emails(world, search=search, page_size=3) == (by["display_name"][:3], 2, None)
    assert emails(world, search=search, page_size=3, page=2) == (by["display_name"][3:], None, 1)
    assert emails(world, search=search, page_size=2, page=2) == (by["display_name"][2:], None, 1)
    assert emails(world, search=search, page=99) == ([], None, 98)


def test_search_follows_changes(world):
    """What is found is what is there: after a change, when archived, when restored."""
    path = f"/api/records/contacts/{world.contact}"

    def names(search):
        return emails(world, search=search)[0]

    assert names("thompson") == ["maria@thompson.test"]
    world.api.ok("PATCH", path, {"last_name": "Rossi", "email": "maria@rossi.test"})
    assert names("thompson") == [] and names("th") == []
    assert names("rossi maria") == ["maria@rossi.test"]
    world.api.ok("DELETE", path)
    assert names("rossi") == [] and names("") == []
    world.api.ok("PATCH", path, {"last_name": "Bianchi", "archived": False})
    assert names("rossi") == ["maria@rossi.test"], "by the email"
    assert names("bianchi") == ["maria@rossi.test"]


def test_search_of_a_custom_object_is_by_name(world):
    world.api.ok("POST", "/api/records/objects", {"name": "Project"})
    for name in ("Bridge 2026-11", "Tower"):
        world.api.ok("POST", "/api/records/project", {"name": name, "owner_id": world.employee})

    def names(search, **more):
        results = world.api.ok("POST", "/api/records/project/search", {"search": search, **more})["results"]
        return [record["display_name"] for record in results]

    assert names("") == ["Bridge 2026-11", "Tower"]
    assert names("ridge") == names("2026-11") == names("br") == ["Bridge 2026-11"]
    assert names("202611") == [], "there are no phone numbers here"
    assert names("rivera") == [], "the owner is not searched"
    assert names("", ordering="-display_name") == ["Tower", "Bridge 2026-11"]
    assert world.api.post("/api/records/project/search", {"ordering": "email"}).pointers == ["/ordering"]
    assert world.api.post("/api/records/nothing/search", {}).status == 404
    assert world.api.post(f"/api/records/{uuid.uuid4()}/search", {}).status == 404


def forget_search(server, database):
    """As in a database of an older version, whose contacts the search does not know."""
    forget = ["UPDATE record SET searched = 0", "DELETE FROM record_search"]
    if database:
        for statement in forget:
            psql(database, statement)
        return
    with contextlib.closing(sqlite3.connect(server.data / "herald.db", isolation_level=None)) as db:
        for statement in [*forget, "DELETE FROM record_text"]:
            db.execute(statement)


def test_records_of_an_older_version_are_found(world, database):
    archived = make(world, ("Gone", "Thompson", None))[0]
    world.api.ok("DELETE", f"/api/records/contacts/{archived}")
    world.server.stop()
    forget_search(world.server, database)
    world.server.start()
    assert world.server.process.wait_message("records are searched now")["records"] == 2
    assert emails(world, search="thomp")[0] == ["maria@thompson.test"]
    world.server.restart()
    assert emails(world, search="")[0] == ["maria@thompson.test"]

@pytest.mark.engine("sqlite")
def test_a_page_that_would_be_too_large_is_to_be_asked_for_smaller(world):
    """Its pages have numbers, so none may be shorter than the others: a 422 that says so, never a 503."""
    path = "/api/records/objects/contacts"
    for i in range(4):
        etag = {"If-Match": world.api.get(path).headers["ETag"]}
        assert world.api.post(f"{path}/fields", {"display_name": f"Text {i}", "field_type": "long_text"},
                              headers=etag).status == 201
    fields = [{"name": f"text_{i}", "value": "\U0001f600" * 20000} for i in range(4)]
    for i in range(60):
        world.api.ok("POST", "/api/records/contacts", {"first_name": f"Big {i:02}", "fields": fields})
    search = "/api/records/contacts/search"
    answer = world.api.post(search, {"search": "big", "page_size": 60})
    assert answer.status == 422 and answer.pointers == ["/page_size"] and "60 records" in answer.json["detail"]
    found = []
    for page in (1, 2, 3):
        found += [r["display_name"] for r in world.api.ok("POST", search, {
            "search": "big", "page": page, "page_size": 20})["results"]]
    assert found == [f"Big {i:02}" for i in range(60)]
