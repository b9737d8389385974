"""Fields of Activity Objects and of records: definitions, every type of value, limits on both sides, binding."""

import pytest

from support.api import new_id
from support.world import World

OBJECTS = "/api/activities/objects"
CONTACTS = "/api/records/objects/contacts"
INT64_MAX = 2**63 - 1


class Fields:
    """The fields of one object; knows its version."""

    def __init__(self, api, path):
        self.api, self.path = api, path
        self.version = None

    @classmethod
    def of_contacts(cls, world):
        return cls(world.api, CONTACTS)

    @classmethod
    def of_activity(cls, world, object_id=None):
        return cls(world.api, f"{OBJECTS}/{object_id or world.object}")

    @property
    def etag(self):
        if self.version is None:
            self.version = self.api.get(self.path + "/fields").headers["ETag"]
        return {"If-Match": self.version}

    def request(self, method, path="", body=None):
        answer = self.api.request(method, self.path + "/fields" + path, body, headers=self.etag)
        if answer.status < 300:
            self.version = answer.headers["ETag"]
        return answer

    def add(self, display_name, field_type=None, **members):
        """The new field; it must be accepted."""
        if field_type:
            members["field_type"] = field_type
        answer = self.request("POST", "", {"display_name": display_name, **members})
        assert answer.status == 201, answer
        return answer.json

    def refused(self, status=422, **members):
        """The pointers of a field that must not be accepted."""
        before = self.list("?archived=all")
        answer = self.request("POST", "", {"display_name": "Refused", **members})
        assert answer.status == status, answer
        assert self.list("?archived=all") == before
        return answer.pointers

    def change(self, field, **members):
        answer = self.request("PATCH", "/" + field["id"], members)
        assert answer.status == 200, answer
        return answer.json

    def cannot_change(self, field, status=422, **members):
        before = self.get(field)
        answer = self.request("PATCH", "/" + field["id"], members)
        assert answer.status == status, answer
        assert self.get(field) == before
        return answer.pointers

    def archive(self, field):
        answer = self.request("DELETE", "/" + field["id"])
        assert answer.status == 200, answer
        return answer.json

    def get(self, field):
        return self.api.ok("GET", f"{self.path}/fields/{field['id']}")

    def list(self, query=""):
        return self.api.ok("GET", self.path + "/fields" + query)["results"]

    def names(self, query=""):
        return [field["name"] for field in self.list(query)]


@pytest.fixture
def fields(world):
    return Fields.of_activity(world)


# ── Definitions ─────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_m1_all_of_a_field_is_kept(fields):
    assert fields.list() == []
    made = fields.add("Next Step — weiter", "text", description="Was kommt \u202bالخطوة\u202c 🪜", required=True,
                      default="call back", limits={"min_length": 2, "max_length": 9})
    assert made["name"] == "next_step_weiter"
    assert (made["field_type"], made["custom_field_type"]) == ("text", None)
    assert made["limits"] == {"min_length": 2, "max_length": 9}
    assert made["default"] == "call back" and made["required"] is True
    assert made["options"] == [] and made["archived_at"] is None and made["standard"] is False
    assert fields.get(made) == made
    assert fields.list() == [made]
    changed = fields.change(made, display_name="Then", description="", required=False, default=None)
    assert changed == {**made, "display_name": "Then", "description": "", "required": False, "default": None}
    assert fields.list() == [changed]


@pytest.mark.parametrize("name", ["日本語", "звонок", "!!!"])
def test_m1_a_field_from_whose_name_none_can_be_derived_needs_one(fields, name):
    answer = fields.request("POST", "", {"display_name": name, "field_type": "text"})
    assert answer.status == 422 and answer.pointers == ["/name"], answer
    assert "can be derived from this name: give a name" in answer.json["detail"], answer
    assert fields.add(name, "text", name="given")["display_name"] == name


def test_m1_a_wrong_type_is_answered_with_the_types(fields):
    answer = fields.request("POST", "", {"display_name": "Outcome", "field_type": "dropdown"})
    assert answer.status == 422 and answer.pointers == ["/field_type"], answer
    assert "one of text, long_text," in answer.json["detail"] and "record, tags." in answer.json["detail"]


def test_m1_a_change_that_changes_nothing_keeps_the_version(fields):
    made = fields.add("Outcome", "single_select", options=[{"name": "Good"}, {"name": "Bad"}], required=True)
    before = fields.version
    for members in ({}, {"display_name": "Outcome", "required": True, "archived": False, "default": None},
                    {"options": made["options"]}, {"limits": {}}):
        assert fields.change(made, **members) == made
        assert fields.version == before, members
    fields.change(made, options=made["options"][::-1])
    assert fields.version != before


def test_m1_what_never_changes_says_so(fields):
    made = fields.add("Outcome", "text")
    answer = fields.request("PATCH", f"/{made['id']}", {"name": "other", "field_type": "integer"})
    assert answer.status == 422, answer
    assert answer.json["errors"] == [{"pointer": "/name", "detail": "A field's name never changes."},
                                     {"pointer": "/field_type", "detail": "A field's field_type never changes."}]


def test_m1_a_name_is_derived_and_stays_taken(fields):
    assert fields.add("Outcome", "text")["name"] == "outcome"
    second = fields.add("Outcome!", "text")
    assert second["name"] == "outcome_2"
    fields.archive(second)
    assert fields.add("outcome", "text")["name"] == "outcome_3"
    assert fields.add("Größe (m²)", "text")["name"] == "grosse_m2"
    assert fields.add("2nd call", "text")["name"] == "field_2nd_call"
    assert fields.add("x" * 100, "text")["name"] == "x" * 59
    assert fields.add("x" * 100, "text")["name"] == "x" * 59 + "_2"
    assert fields.add("Given", "text", name="a" * 63)["name"] == "a" * 63
    assert fields.refused(name="a" * 64, field_type="text") == ["/name"]
    assert fields.refused(name="1st", field_type="text") == ["/name"]
    assert fields.refused(name="Big", field_type="text") == ["/name"]
    assert fields.refused(409, name="outcome_2", field_type="text") == ["/name"]
    assert fields.cannot_change(second, 409, name="other") == [], "it is archived, whatever is wrong besides"
    assert fields.cannot_change(fields.list()[0], 422, name="other") == ["/name"]


def test_a_definition_names_all_that_is_wrong_with_it(fields):
    assert set(fields.refused(field_type="rating", display_name=" ", description="x" * 1001, limits={"max": 11, "min": 1},
                              options=["a"], default=0)) == {
        "/display_name", "/description", "/limits/max", "/limits/min", "/options"}
    assert fields.refused(field_type="nothing") == ["/field_type"]
    assert fields.refused() == ["/field_type"]
    assert set(fields.refused(field_type="text", colour="red", required="yes")) == {"/colour", "/required"}
    assert fields.refused(field_type="text", target_object_id=new_id()) == ["/target_object_id"]
    assert fields.refused(field_type="record", target_object_id=new_id()) == ["/target_object_id"]
    assert fields.refused(field_type="text", bound_field_id=new_id()) == ["/bound_field_id"]
    assert fields.refused(field_type="text", limits=[]) == ["/limits"]
    fields.add("x" * 100, "text", description="y" * 1000)
    assert fields.refused(field_type="text", display_name="x" * 101) == ["/display_name"]


def test_i8_fields_of_another_business_are_not_there(server, world, fields):
    other = World(server, name="Other", email="other@other.test")
    mine = fields.add("Mine", "text")
    theirs = other.add_object("Theirs")
    for answer in (
            other.api.get(f"{fields.path}/fields"),
            other.api.get(f"{fields.path}/fields/{mine['id']}"),
            other.api.get(f"{OBJECTS}/{theirs}/fields/{mine['id']}"),
            other.api.post(f"{fields.path}/fields", {"display_name": "X", "field_type": "text"},
                           headers=fields.etag),
            other.api.patch(f"{OBJECTS}/{theirs}/fields/{mine['id']}", {"required": True},
                            headers={"If-Match": '"1"'}),
            other.api.request("DELETE", f"{fields.path}/fields/{mine['id']}", headers=fields.etag)):
        assert answer.status == 404, answer
    assert fields.list() == [mine]
    assert Fields.of_activity(other, theirs).refused(
        field_type="record", target_object_id=contact_object(world)) == ["/target_object_id"]


def contact_object(world):
    """The id of the object Contact: standard fields have no row, but their owner has."""
    return world.log()["associated_entities"][0]["object_id"]


@pytest.mark.core
def test_settings_of_fields_are_under_the_etag_of_their_object(world, fields):
    path = f"{fields.path}/fields"
    body = {"display_name": "A", "field_type": "text"}
    assert world.api.post(path, body).status == 428
    first = world.api.get(fields.path).headers["ETag"]
    made = world.api.post(path, body, headers={"If-Match": first})
    assert made.status == 201 and made.headers["ETag"] != first
    assert world.api.get(fields.path).headers["ETag"] == made.headers["ETag"]
    assert world.api.get(path).headers["ETag"] == made.headers["ETag"]
    field = f"{path}/{made.json['id']}"
    for method, target, sent in (("POST", path, body), ("PATCH", field, {"required": True}), ("DELETE", field, None),
                                 ("PUT", path + "/order", {"fields": [made.json["id"]]})):
        answer = world.api.request(method, target, sent, headers={"If-Match": first})
        assert answer.status == 412, answer
        assert world.api.request(method, target, sent).status == 428
    assert world.api.get(path).json["results"] == [made.json]


def test_fields_are_put_in_order(fields):
    a, b, c = (fields.add(name, "text") for name in "abc")
    gone = fields.add("d", "text")
    fields.archive(gone)
    answer = fields.request("PUT", "/order", {"fields": [c["id"], a["id"], b["id"]]})
    assert [f["name"] for f in answer.json["results"]] == ["c", "a", "b"]
    assert fields.names() == ["c", "a", "b"] and fields.names("?archived=all") == ["c", "a", "b", "d"]
    e = fields.add("e", "text")
    assert fields.names() == ["c", "a", "b", "e"]
    for wrong, pointers in (([c, a, b], ["/fields"]), ([c, a, b, e, gone], ["/fields/4"]), ([c, a, b, e, c], ["/fields/4"]),
                            ([c, a, {"id": new_id()}, e], ["/fields/2"]), ([], ["/fields"])):
        answer = fields.request("PUT", "/order", {"fields": [f["id"] for f in wrong]})
        assert answer.status == 422 and answer.pointers == pointers, answer
    assert fields.request("PUT", "/order", {}).pointers == ["/fields"]
    assert fields.names() == ["c", "a", "b", "e"]


@pytest.mark.core
def test_a_field_is_archived_and_restored(fields):
    made = fields.add("Outcome", "text")
    gone = fields.archive(made)
    assert gone["archived_at"] and fields.list() == [] and fields.list("?archived=true") == [gone]
    assert fields.request("DELETE", "/" + made["id"]).status == 409
    assert fields.cannot_change(made, 409, required=True) == []
    assert fields.change(made, archived=False, required=True) == {**made, "required": True}
    assert fields.names() == ["outcome"]


def test_an_archived_object_keeps_its_fields(world, fields):
    made = fields.add("Outcome", "text")
    answer = world.api.request("DELETE", fields.path, headers=fields.etag)
    fields.version = answer.headers["ETag"]
    assert fields.refused(409, field_type="text") == []
    assert fields.cannot_change(made, 409, required=True) == []
    assert fields.request("DELETE", "/" + made["id"]).status == 409
    assert fields.list() == [made]


# ── Options ─────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_options_keep_their_ids(fields):
    made = fields.add("Outcome", "single_select", options=["Reached", {"name": "Voicemail", "color": "#00ff7F"}])
    reached, voicemail = made["options"]
    assert reached == {"id": reached["id"], "name": "Reached", "color": None, "archived": False}
    assert voicemail["color"] == "#00ff7F"
    renamed = fields.change(made, options=[{"id": voicemail["id"], "name": "Mailbox"}, "Reached", "No answer"])
    assert [o["name"] for o in renamed["options"]] == ["Mailbox", "Reached", "No answer"]
    assert [o["id"] for o in renamed["options"][:2]] == [voicemail["id"], reached["id"]]
    assert renamed["options"][0]["color"] == "#00ff7F"
    fewer = fields.change(made, options=["Reached"])
    assert [(o["name"], o["archived"]) for o in fewer["options"]] == [
        ("Reached", False), ("Mailbox", True), ("No answer", True)]
    back = fields.change(made, options=[*fewer["options"][:1], {"id": voicemail["id"]}])
    assert [(o["id"], o["archived"]) for o in back["options"]][:2] == [(reached["id"], False), (voicemail["id"], False)]
    assert fields.change(made, options=back["options"])["options"] == back["options"]
    assert fields.get(made)["options"] == back["options"]


def test_options_that_are_refused(fields):
    made = fields.add("Outcome", "status", options=["Open", "Done"])
    assert all(o["color"] == "#868e96" for o in made["options"])
    cases = {
        "/options": [[], [{"id": made["options"][0]["id"], "archived": True},
                                       {"id": made["options"][1]["id"], "archived": True}]],
        "/options/1": [["a", "a"], ["a", 5], ["a", ""], ["a", " "], ["a", "x" * 101], ["Open", {"id": made["options"][0]["id"]}]],
        "/options/1/id": [["a", {"id": new_id(), "name": "b"}], ["a", {"id": "b", "name": "b"}]],
        "/options/0/color": [[{"name": "a", "color": "red"}], [{"name": "a", "color": "#12345"}]],
        "/options/0/name": [[{}], [{"name": 7}]],
        "/options/0/archived": [[{"name": "a", "archived": "no"}]],
        "/options/0/order": [[{"name": "a", "order": 1}]],
    }
    for pointer, wrong in cases.items():
        for options in wrong:
            assert fields.cannot_change(made, options=options) == [pointer], options
    for kind in ("single_select", "multi_select", "status"):
        assert fields.refused(field_type=kind) == ["/options"]
    assert fields.refused(field_type="text", options=["a"]) == ["/options"]
    assert fields.refused(field_type="single_select", options="a") == ["/options"]


def test_a_default_is_an_option_that_can_be_chosen(fields):
    made = fields.add("Outcome", "single_select", options=["Open", "Done"], default="Done")
    assert made["default"] == made["options"][1]["id"]
    assert fields.cannot_change(made, options=["Open"]) == ["/default"]
    assert fields.cannot_change(made, default="Nothing") == ["/default"]
    assert fields.change(made, options=["Open"], default=None)["default"] is None


# ── Values, by way of defaults ──────────────────────────────────────────────────────────────────────────────

SELECT = {"options": ["Red", "Blue"]}
EUR = {"limits": {"currency": "EUR"}}

# type, more of the definition, what is given, what it becomes
TAKEN = [
    ("text", {}, "Bruecke Brücke 🌉", "Bruecke Brücke 🌉"),
    ("text", {}, "u\u0308ber", "über"),
    ("text", {}, "\u202bمرحبا\u202c\n\t\"x\\y\"", "\u202bمرحبا\u202c\n\t\"x\\y\""),
    ("text", {}, "", None),
    ("text", {}, "x" * 1000, "x" * 1000),
    ("text", {}, "🌉" * 1000, "🌉" * 1000),
    ("text", {"limits": {"min_length": 2, "max_length": 3}}, "ab", "ab"),
    ("text", {"limits": {"min_length": 2, "max_length": 3}}, "abc", "abc"),
    ("long_text", {}, "x" * 20000, "x" * 20000),
    ("integer", {}, 0, 0),
    ("integer", {}, INT64_MAX, INT64_MAX),
    ("integer", {}, -INT64_MAX - 1, -INT64_MAX - 1),
    ("integer", {"limits": {"min": -2, "max": 3}}, -2, -2),
    ("integer", {"limits": {"min": -2, "max": 3}}, 3, 3),
    ("decimal", {}, "12.5", "12.50"),
    ("decimal", {}, "-0", "0.00"),
    ("decimal", {}, "007.100000", "7.10"),
    ("decimal", {}, 3, "3.00"),
    ("decimal", {}, "92233720368547758.07", "92233720368547758.07"),
    ("decimal", {}, "-92233720368547758.08", "-92233720368547758.08"),
    ("decimal", {"limits": {"scale": 0}}, "9223372036854775807", "9223372036854775807"),
    ("decimal", {"limits": {"scale": 9}}, "0.000000001", "0.000000001"),
    ("decimal", {"limits": {"min": "-0.5", "max": "0.30"}}, "-0.50", "-0.50"),
    ("decimal", {"limits": {"min": "-0.5", "max": "0.30"}}, "0.3", "0.30"),
    ("money", EUR, "0.1", "0.10"),
    ("money", {"limits": {"currency": "JPY"}}, "1200", "1200"),
    ("money", {"limits": {"currency": "KWD"}}, "1.5", "1.500"),
    ("money", {"limits": {"currency": "USD", "scale": 4}}, "1.2345", "1.2345"),
    ("yes_no", {}, True, True),
    ("yes_no", {}, False, False),
    ("date", {}, "2024-02-29", "2024-02-29"),
    ("date", {}, "0001-01-01", "0001-01-01"),
    ("date", {}, "9999-12-31", "9999-12-31"),
    ("date", {"limits": {"min": "2026-01-01", "max": "2026-01-31"}}, "2026-01-01", "2026-01-01"),
    ("date", {"limits": {"min": "2026-01-01", "max": "2026-01-31"}}, "2026-01-31", "2026-01-31"),
    ("datetime", {}, "2026-11-24T10:00:00+01:00", "2026-11-24T09:00:00.000000Z"),
    ("datetime", {}, "2026-11-24T09:00:00.1234567Z", "2026-11-24T09:00:00.123456Z"),
    ("datetime", {"limits": {"max": "2026-01-01T00:00:00Z"}}, "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000000Z"),
    ("rating", {}, 1, 1),
    ("rating", {}, 5, 5),
    ("rating", {"limits": {"max": 10}}, 10, 10),
    ("rating", {"limits": {"max": 1}}, 1, 1),
    ("email", {}, "maria@thompson.test", "maria@thompson.test"),
    ("phone", {}, "+1 (555) 010-0199", "+15550100199"),
    ("phone", {}, "030/12.34-56", "030123456"),
    ("phone", {}, "112", "112"),
    ("phone", {}, "+123456789012345", "+123456789012345"),
    ("url", {}, "https://example.com/a%20b?c=d", "https://example.com/a%20b?c=d"),
    ("tags", {}, ["vip", "u\u0308", "vip", "ü"], ["vip", "ü"]),
    ("tags", {}, [], None),
    ("tags", {}, [f"t{i}" for i in range(100)], [f"t{i}" for i in range(100)]),
    ("tags", {"limits": {"max_items": 2}}, ["a", "b", "a"], ["a", "b"]),
    ("tags", {}, ["x" * 100], ["x" * 100]),
]

# type, more of the definition, what is refused
REFUSED = [
    ("text", {}, 5), ("text", {}, ["a"]), ("text", {}, True), ("text", {}, {"text": "a"}),
    ("text", {}, "x" * 1001), ("text", {}, "🌉" * 1001),
    ("text", {"limits": {"min_length": 2, "max_length": 3}}, "a"),
    ("text", {"limits": {"min_length": 2, "max_length": 3}}, "abcd"),
    ("long_text", {}, "x" * 20001),
    ("integer", {}, 2**63), ("integer", {}, -2**63 - 1), ("integer", {}, 1e300), ("decimal", {}, 2**70),
    ("integer", {}, 1.0), ("integer", {}, "1"), ("integer", {}, True), ("integer", {}, 1.5),
    ("integer", {"limits": {"min": -2, "max": 3}}, -3), ("integer", {"limits": {"min": -2, "max": 3}}, 4),
    ("decimal", {}, 12.5), ("decimal", {}, "1e3"), ("decimal", {}, "1."), ("decimal", {}, ".5"), ("decimal", {}, "+1"),
    ("decimal", {}, " 1"), ("decimal", {}, "1,5"), ("decimal", {}, "NaN"), ("decimal", {}, "--1"), ("decimal", {}, "1.2.3"),
    ("decimal", {}, "0.001"), ("decimal", {}, "92233720368547758.08"), ("decimal", {}, "-92233720368547758.09"),
    ("decimal", {}, INT64_MAX), ("decimal", {"limits": {"scale": 0}}, "0.5"),
    ("decimal", {"limits": {"scale": 9}}, "0.0000000001"), ("decimal", {}, "9" * 400), ("decimal", {}, True),
    ("decimal", {"limits": {"min": "-0.5", "max": "0.30"}}, "-0.51"),
    ("decimal", {"limits": {"min": "-0.5", "max": "0.30"}}, "0.31"),
    ("money", EUR, "0.123"), ("money", {"limits": {"currency": "JPY"}}, "0.5"), ("money", EUR, 0.1),
    ("yes_no", {}, "yes"), ("yes_no", {}, 1), ("yes_no", {}, 0),
    ("date", {}, "2023-02-29"), ("date", {}, "2026-1-1"), ("date", {}, "24.11.2026"), ("date", {}, 20261124),
    ("date", {}, "2026-11-24T00:00:00Z"), ("date", {}, "0000-01-01"), ("date", {}, "2026-13-01"), ("date", {}, "2026-11-2é"),
    ("date", {"limits": {"min": "2026-01-01", "max": "2026-01-31"}}, "2025-12-31"),
    ("date", {"limits": {"min": "2026-01-01", "max": "2026-01-31"}}, "2026-02-01"),
    ("datetime", {}, "2026-11-24"), ("datetime", {}, "2026-11-24T09:00:00"), ("datetime", {}, 1764000000),
    ("datetime", {}, "9999-12-31T23:59:59-01:00"), ("datetime", {}, "0001-01-01T00:00:00+01:00"),
    ("datetime", {"limits": {"max": "2026-01-01T00:00:00Z"}}, "2026-01-01T00:00:00.000001Z"),
    ("single_select", SELECT, "Green"), ("single_select", SELECT, ["Red"]), ("single_select", SELECT, 1),
    ("single_select", SELECT, new_id()), ("single_select", SELECT, {"name": "Red"}),
    ("multi_select", SELECT, "Red"), ("multi_select", SELECT, ["Red", "Green"]), ("multi_select", SELECT, [None]),
    ("multi_select", {**SELECT, "limits": {"max_items": 1}}, ["Red", "Blue"]),
    ("status", SELECT, "red"),
    ("rating", {}, 0), ("rating", {}, 6), ("rating", {}, "3"), ("rating", {}, 2.5),
    ("rating", {"limits": {"max": 10}}, 11), ("rating", {"limits": {"max": 1}}, 2),
    ("email", {}, "maria"), ("email", {}, "a@b@c"), ("email", {}, "a b@c.test"), ("email", {}, 5),
    ("email", {}, "a@" + "b" * 253),
    ("phone", {}, "12"), ("phone", {}, "1234567890123456"), ("phone", {}, "call me"), ("phone", {}, "+0301234"),
    ("phone", {}, "1+2345"), ("phone", {}, 112), ("phone", {}, "555-0100 x12"),
    ("url", {}, "example.com"), ("url", {}, "ftp://example.com/"), ("url", {}, "javascript:alert(1)"),
    ("url", {}, "https://user:pass@example.com/"), ("url", {}, "https://example.com/ü"), ("url", {}, 5),
    ("url", {}, "https://example.com/" + "x" * 2048),
    ("team_member", {}, "Alex"), ("team_member", {}, new_id()), ("team_member", {}, 5),
    ("record", {}, "Maria"), ("record", {}, new_id()), ("record", {}, [new_id()]),
    ("tags", {}, "vip"), ("tags", {}, [""]), ("tags", {}, [" "]), ("tags", {}, [1]), ("tags", {}, ["x" * 101]),
    ("tags", {}, [f"t{i}" for i in range(101)]), ("tags", {"limits": {"max_items": 2}}, ["a", "b", "c"]),
]


def test_every_type_takes_its_values_in_normal_form(fields):
    for kind, more, given, becomes in TAKEN:
        made = fields.add(kind, kind, default=given, **more)
        assert made["default"] == becomes, (kind, given)
        assert fields.get(made)["default"] == becomes
        assert fields.change(made, description="again")["default"] == becomes


def test_every_type_refuses_what_is_not_its_own(fields):
    wrong = [(kind, given) for kind, more, given in REFUSED
             if fields.refused(field_type=kind, default=given, **more) != ["/default"]]
    assert not wrong


def test_selects_take_ids_and_names(fields):
    one = fields.add("One", "single_select", options=["Red", "Blue"])
    red, blue = (o["id"] for o in one["options"])
    assert fields.change(one, default="Blue")["default"] == blue
    assert fields.change(one, default=red)["default"] == red
    assert fields.change(one, default=red.upper())["default"] == red
    assert fields.change(one, default={"id": blue, "name": "whatever"})["default"] == blue
    assert fields.change(one, default="")["default"] is None
    many = fields.add("Many", "multi_select", options=["Red", "Blue", "\u0041\u030a"], default=["Blue", "Red", "Blue", "Å"])
    red, blue, ring = (o["id"] for o in many["options"])
    assert many["default"] == [blue, red, ring]
    assert fields.change(many, default=[])["default"] is None
    assert fields.change(many, limits={"max_items": 3}, default=[red, blue, ring])["default"] == [red, blue, ring]


@pytest.mark.core
def test_references_are_of_this_business(server, world, fields):
    other = World(server, name="Other", email="other@other.test")
    member = fields.add("Who", "team_member", default=world.employee)
    assert member["default"] == world.employee
    for theirs in (other.employee, world.contact, world.user):
        assert fields.cannot_change(member, default=theirs) == ["/default"]


@pytest.mark.core
def test_references_are_to_records_of_the_object(server, world, fields):
    other = World(server, name="Other", email="other@other.test")
    contacts = contact_object(world)
    record = fields.add("Whom", "record", target_object_id=contacts, default={"id": world.contact, "display_name": "x"})
    assert record["default"] == world.contact and record["target_object_id"] == contacts
    assert fields.add("Any", "record", default=world.contact)["target_object_id"] is None
    for theirs in (other.contact, world.employee):
        assert fields.cannot_change(record, default=theirs) == ["/default"]


# ── Values of what is logged ────────────────────────────────────────────────────────────────────────────────

def log_with(world, *values, **more):
    """The answer to logging with these (name, value) pairs."""
    return world.api.post("/api/activities/logged", world.body(
        fields=[{"name": name, "value": value} for name, value in values], **more))


def value_of(activity, field):
    [found] = [shown for shown in activity["fields"] if shown["id"] == field["id"]]
    assert found["name"] == field["name"] and found["field_type"] == field["field_type"]
    return found["value"]


def read(world, activity):
    return world.api.ok("GET", f"/api/activities/logged/{activity['id']}")


@pytest.mark.core
def test_m11_values_of_every_type_are_logged_and_read(world, fields):
    """One field for each value there is in the table, all logged at once."""
    made = [(fields.add(kind, kind, **more), given, becomes) for kind, more, given, becomes in TAKEN]
    answer = log_with(world, *[(field["name"], given) for field, given, _ in made])
    assert answer.status == 201, answer
    for activity in (answer.json, read(world, answer.json)):
        assert [shown["id"] for shown in activity["fields"]] == [field["id"] for field, _, _ in made]
        for field, given, becomes in made:
            assert value_of(activity, field) == becomes, (field["field_type"], given)
            assert type(value_of(activity, field)) is type(becomes)


def test_values_that_are_refused_are_named_and_nothing_is_logged(world, fields):
    made = [(fields.add(kind, kind, **more), given) for kind, more, given in REFUSED]
    before = world.api.ok("GET", "/api/activities/logged?limit=200")["results"]
    for at in range(0, len(made), 10):  # an answer names sixteen at most
        some = made[at:at + 10]
        answer = log_with(world, *[(field["name"], given) for field, given in some])
        assert answer.status == 422, answer
        assert set(answer.pointers) == {f"/fields/{i}/value" for i in range(len(some))}, (answer, some)
    assert world.api.ok("GET", "/api/activities/logged?limit=200")["results"] == before


@pytest.mark.core
def test_m11_choices_and_references_are_shown_with_their_names(world, fields):
    one = fields.add("One", "single_select", options=["Red", "Blue"])
    many = fields.add("Many", "multi_select", options=["S", "M", "L"])
    who = fields.add("Who", "team_member")
    red, small, large = one["options"][0]["id"], many["options"][0]["id"], many["options"][2]["id"]
    answer = log_with(world, ("one", "Red"), ("many", [large, "S"]), ("who", world.employee))
    assert answer.status == 201, answer
    for activity in (answer.json, read(world, answer.json)):
        assert value_of(activity, one) == {"id": red, "name": "Red"}
        assert value_of(activity, many) == [{"id": large, "name": "L"}, {"id": small, "name": "S"}]
        assert value_of(activity, who) == {"id": world.employee, "display_name": "Alex Rivera"}
    # What was read can be given again.
    again = log_with(world, *[(shown["name"], shown["value"]) for shown in answer.json["fields"]])
    assert again.status == 201 and again.json["fields"] == answer.json["fields"]
    # Names are those of now; what is archived is still shown, and cannot be chosen.
    fields.change(one, display_name="Colour", options=[{"id": red, "name": "Crimson"}])
    fields.change(many, options=["M"])
    fields.archive(who)
    activity = read(world, answer.json)
    assert activity["fields"][0]["display_name"] == "Colour"
    assert value_of(activity, one) == {"id": red, "name": "Crimson"}
    assert value_of(activity, many) == [{"id": large, "name": "L"}, {"id": small, "name": "S"}]
    assert value_of(activity, who) == {"id": world.employee, "display_name": "Alex Rivera"}
    refused = log_with(world, ("one", "Red"), ("many", ["L"]), ("who", world.employee))
    assert refused.pointers == ["/fields/0/value", "/fields/1/value", "/fields/2/name"]
    plain = log_with(world).json
    assert [shown["name"] for shown in plain["fields"]] == ["one", "many"]
    fields.archive(one)
    fields.archive(many)
    assert log_with(world).json["fields"] == []
    assert value_of(read(world, answer.json), one) == {"id": red, "name": "Crimson"}


@pytest.mark.core
def test_required_and_default(world, fields):
    must = fields.add("Must", "text", required=True)
    preset = fields.add("Preset", "integer", default=7)
    answer = log_with(world)
    assert answer.status == 422 and answer.pointers == ["/fields"] and "Must" in answer.json["errors"][0]["detail"]
    for nothing in (None, ""):
        assert log_with(world, ("preset", 1), ("must", nothing)).pointers == ["/fields/1/value"]
    activity = log_with(world, ("must", "x")).json
    assert value_of(activity, must) == "x" and value_of(activity, preset) == 7
    assert value_of(log_with(world, ("must", "x"), ("preset", None)).json, preset) is None
    assert value_of(log_with(world, ("must", "x"), ("preset", 0)).json, preset) == 0
    fields.archive(must)
    assert value_of(log_with(world).json, preset) == 7


def test_fields_that_are_not_there_are_named(world, fields):
    made = fields.add("There", "text")
    cases = {
        "/fields/0/name": [{"name": "nowhere", "value": 1}, {"name": 5, "value": 1},
                           {"id": made["id"], "name": "other", "value": "x"}],
        "/fields/0/id": [{"id": new_id(), "value": 1}, {"id": "there", "value": 1}, {"id": 5, "value": 1}],
        "/fields/0/value": [{"name": "there"}],
        "/fields/0": [{"value": 1}, 5, None, "there", []],
    }
    for pointer, elements in cases.items():
        for element in elements:
            answer = world.api.post("/api/activities/logged", world.body(fields=[element]))
            assert answer.status == 422 and answer.pointers == [pointer], (element, answer)
    twice = log_with(world, ("there", "a"), ("there", "b"))
    assert twice.pointers == ["/fields/1/name"]
    for given in (5, {}, "there", True):
        assert world.api.post("/api/activities/logged", world.body(fields=given)).pointers == ["/fields"], given
    assert world.api.post("/api/activities/logged", world.body(fields=[{"value": "x", **made}])).status == 201
    assert world.api.post("/api/activities/logged", world.body(fields=None)).status == 201


def test_an_activity_keeps_the_values_of_its_own_type(world, fields):
    other = world.add_object("Inspection")
    Fields.of_activity(world, other).add("Grade", "rating")
    fields.add("Outcome", "text")
    assert log_with(world, ("grade", 3)).pointers == ["/fields/0/name"]
    answer = log_with(world, ("grade", 3), object_id=other)
    assert [(shown["name"], shown["value"]) for shown in answer.json["fields"]] == [("grade", 3)]


# ── Fields of records, and binding ──────────────────────────────────────────────────────────────────────────

STANDARD = [
    ("first_name", "text"), ("last_name", "text"), ("email", "email"), ("home_phone", "phone"), ("mobile_phone", "phone"),
    ("business_phone", "phone"), ("titles", "tags"), ("tags", "tags"), ("birthday", "date")]


@pytest.mark.core
def test_contacts_have_standard_fields(server, world):
    contacts = Fields.of_contacts(world)
    standard = contacts.list()
    assert [(f["name"], f["field_type"]) for f in standard] == STANDARD
    assert all(f["standard"] and not f["read_only"] for f in standard)
    assert [f["name"] for f in standard if f["required"]] == ["first_name"]
    assert contacts.list() == standard and contacts.get(standard[3]) == standard[3]
    theirs = Fields.of_contacts(World(server, name="Other", email="other@other.test")).list()
    assert not {f["id"] for f in standard} & {f["id"] for f in theirs}
    for field in standard:
        assert contacts.cannot_change(field, 409, display_name="Other") == []
        assert contacts.request("DELETE", "/" + field["id"]).status == 409
    size = contacts.add("Shoe size", "integer")
    assert contacts.add("Birthday", "date")["name"] == "birthday_2"
    assert contacts.refused(409, name="email", field_type="email") == ["/name"]
    assert contacts.names() == [name for name, _ in STANDARD] + ["shoe_size", "birthday_2"]
    answer = contacts.request("PUT", "/order", {"fields": [standard[0]["id"], size["id"]]})
    assert answer.pointers == ["/fields/0"]
    by_id = Fields(world.api, f"/api/records/objects/{contact_object(world)}")
    assert by_id.list() == contacts.list()
    assert world.api.get("/api/records/objects/nothing/fields").status == 404


@pytest.mark.core
def test_a_bound_field_is_as_the_records_field_is(world, fields):
    contacts = Fields.of_contacts(world)
    stage = contacts.add("Stage", "status", options=["Lead", "Customer"], description="of a contact")
    bound = fields.add("Stage then", bound_field_id=stage["id"], required=True, default="Lead")
    assert bound["field_type"] == bound["custom_field_type"] == "status"
    assert bound["options"] == stage["options"] and bound["bound_field_id"] == stage["id"]
    assert bound["default"] == stage["options"][0]["id"] and bound["description"] == ""
    changed = contacts.change(stage, options=["Customer", "Former"])
    assert fields.get(bound)["options"] == changed["options"]
    assert fields.get(bound)["default"] is None  # that option is archived
    assert fields.cannot_change(bound, options=["Own"]) == ["/options"]
    assert fields.cannot_change(bound, limits={}) == ["/limits"]
    amount = contacts.add("Worth", "money", limits={"currency": "EUR", "max": "10"})
    worth = fields.add("Worth", "money", bound_field_id=amount["id"])
    assert worth["limits"] == amount["limits"]
    contacts.change(amount, limits={"max": "20"})
    assert fields.get(worth)["limits"]["max"] == "20.00"
    assert fields.cannot_change(worth, default="20.01") == ["/default"]


def test_bindings_that_are_refused(server, world, fields):
    contacts = Fields.of_contacts(world)
    size = contacts.add("Size", "integer")
    gone = contacts.add("Gone", "integer")
    contacts.archive(gone)
    theirs = Fields.of_contacts(World(server, name="Other", email="other@other.test")).list()[3]
    own = fields.add("Own", "integer")
    about_nothing = Fields(world.api, f"{OBJECTS}/" + world.api.ok("POST", OBJECTS, {
        "name": "Note", "association_mode": "none"})["id"])
    for who, wrong in ((fields, {"bound_field_id": new_id()}), (fields, {"bound_field_id": theirs["id"]}),
                       (fields, {"bound_field_id": own["id"]}), (fields, {"bound_field_id": gone["id"]}),
                       (fields, {"bound_field_id": size["id"], "field_type": "decimal"}),
                       (about_nothing, {"bound_field_id": size["id"]}),
                       (contacts, {"bound_field_id": size["id"], "field_type": "integer"})):
        assert who.refused(**wrong) == ["/bound_field_id"], wrong
    assert fields.refused(bound_field_id=size["id"], limits={"max": 5}) == ["/limits"]
    fields.add("Size", bound_field_id=size["id"])
    assert fields.refused(bound_field_id=size["id"]) == ["/bound_field_id"]


@pytest.mark.core
def test_what_a_field_is_bound_to_is_not_archived(world, fields):
    contacts = Fields.of_contacts(world)
    size = contacts.add("Size", "integer")
    bound = fields.add("Size", bound_field_id=size["id"])
    answer = contacts.request("DELETE", "/" + size["id"])
    assert answer.status == 409 and "Sales Call" in answer.json["detail"], answer
    fields.archive(bound)
    contacts.archive(size)
    assert fields.cannot_change(bound, 409, archived=False) == []
    contacts.change(size, archived=False)
    other = fields.add("Size again", bound_field_id=size["id"])
    assert fields.cannot_change(bound, 409, archived=False) == []
    fields.archive(other)
    assert fields.change(bound, archived=False)["bound_field_id"] == size["id"]


def test_a_standard_field_can_be_bound(world, fields):
    birthday = next(f for f in Fields.of_contacts(world).list() if f["name"] == "birthday")
    bound = fields.add("Birthday", bound_field_id=birthday["id"])
    assert bound["field_type"] == bound["custom_field_type"] == "date"
    answer = log_with(world, ("birthday", "1990-02-03"))
    [shown] = answer.json["fields"]
    assert (shown["custom_field_type"], shown["value"]) == ("date", "1990-02-03")


# ── Values of records ───────────────────────────────────────────────────────────────────────────────────────

def custom_object(world, name="Machine"):
    """Fields of a new Custom Object, and the address of its records."""
    made = world.api.ok("POST", "/api/records/objects", {"name": name})
    return Fields(world.api, f"/api/records/objects/{made['api_name']}"), f"/api/records/{made['api_name']}"


def given(*values):
    return [{"name": name, "value": value} for name, value in values]


def change_record(world, path, record, *values):
    return world.api.patch(f"{path}/{record['id']}", {"fields": given(*values)},
                           headers={"If-Match": f'"{record["version"]}"'})


@pytest.mark.core
def test_records_keep_values_of_every_type(world):
    fields, path = custom_object(world)
    made = [(fields.add(kind, kind, **more), value, becomes) for kind, more, value, becomes in TAKEN]
    answer = world.api.post(path, {"name": "Drill", "fields": given(*[(f["name"], value) for f, value, _ in made])})
    assert answer.status == 201, answer
    for record in (answer.json, world.api.ok("GET", f"{path}/{answer.json['id']}")):
        for field, value, becomes in made:
            assert value_of(record, field) == becomes, (field["field_type"], value)
    wrong = [(fields.add(kind, kind, **more), value) for kind, more, value in REFUSED]
    for at in range(0, len(wrong), 10):
        some = wrong[at:at + 10]
        refused = change_record(world, path, answer.json, *[(f["name"], value) for f, value in some])
        assert refused.status == 422 and set(refused.pointers) == {f"/fields/{i}/value" for i in range(len(some))}
    assert [s["value"] for s in world.api.ok("GET", f"{path}/{answer.json['id']}")["fields"] if s["value"] is not None] == [
        s["value"] for s in answer.json["fields"] if s["value"] is not None]


@pytest.mark.core
def test_a_change_of_a_record_leaves_what_is_not_given(world):
    fields, path = custom_object(world)
    size = fields.add("Size", "single_select", options=["S", "M", "L"])
    note = fields.add("Note", "text", required=True)
    weight = fields.add("Weight", "decimal", default="1.5")
    assert world.api.post(path, {"name": "Drill"}).pointers == ["/fields"]
    record = world.api.ok("POST", path, {"name": "Drill", "fields": given(("size", "M"), ("note", "x"))})
    assert value_of(record, weight) == "1.50"
    changed = change_record(world, path, record, ("weight", None))
    assert changed.status == 200 and value_of(changed.json, weight) is None
    assert value_of(changed.json, size)["name"] == "M" and value_of(changed.json, note) == "x"
    assert change_record(world, path, changed.json, ("note", "")).pointers == ["/fields/0/value"]
    fields.change(size, options=["S", "L"])
    medium = value_of(record, size)
    again = change_record(world, path, changed.json, ("size", medium), ("note", "y"))
    assert again.status == 200 and value_of(again.json, size) == medium, again
    away = change_record(world, path, again.json, ("size", "S"))
    assert value_of(away.json, size)["name"] == "S"
    assert change_record(world, path, away.json, ("size", medium)).pointers == ["/fields/0/value"]
    # What became required later, and is empty, does not hold up another change.
    fields.change(weight, required=True)
    assert change_record(world, path, away.json, ("note", "z")).status == 200


def test_custom_objects_have_standard_fields(world):
    fields, path = custom_object(world)
    assert [(f["name"], f["field_type"], f["required"], f["read_only"]) for f in fields.list()] == [
        ("name", "text", True, False), ("owner", "team_member", False, False), ("created", "datetime", False, True)]
    record = world.api.ok("POST", path, {"fields": given(("name", "Drill"), ("owner", world.employee))})
    shown = {s["name"]: s["value"] for s in record["fields"]}
    assert shown["name"] == record["display_name"] == "Drill" and shown["created"] == record["created_at"]
    assert shown["owner"] == {"id": world.employee, "display_name": "Alex Rivera"}
    assert change_record(world, path, record, ("created", shown["created"])).pointers == ["/fields/0/name"]
    assert Fields.of_activity(world).refused(bound_field_id=fields.list()[2]["id"]) == ["/bound_field_id"]


@pytest.mark.core
def test_a_bound_field_writes_into_the_record_and_the_activity_keeps_it(world, fields):
    contacts = Fields.of_contacts(world)
    stage = contacts.add("Stage", "status", options=["Lead", "Customer"])
    worth = contacts.add("Worth", "money", limits={"currency": "EUR"})
    birthday = next(f for f in contacts.list() if f["name"] == "birthday")
    bound = [fields.add(name, bound_field_id=field["id"]) for name, field in (
        ("Stage then", stage), ("Offer", worth), ("Born", birthday))]
    second = world.api.ok("POST", "/api/records/contacts", {"first_name": "Tom"})

    def contact(contact_id):
        record = world.api.ok("GET", f"/api/records/contacts/{contact_id}")
        return {s["name"]: s["value"] for s in record["fields"] if s["name"] in ("stage", "worth", "birthday")}

    about = [{"id": world.contact}, {"id": second["id"]}]
    answer = log_with(world, ("stage_then", "Customer"), ("offer", "12.5"), ("born", "1990-02-03"),
                      associated_entities=about)
    assert answer.status == 201, answer
    customer = {"id": stage["options"][1]["id"], "name": "Customer"}
    assert contact(world.contact) == {"stage": customer, "worth": "12.50", "birthday": "1990-02-03"}
    assert contact(second["id"]) == {"stage": None, "worth": None, "birthday": None}
    assert [s["custom_field_type"] for s in answer.json["fields"]] == ["status", "money", "date"]
    # The record goes on, the activity does not; and what is not given is not emptied.
    assert log_with(world, ("stage_then", "Lead"), associated_entities=about).status == 201
    assert contact(world.contact)["stage"]["name"] == "Lead" and contact(world.contact)["worth"] == "12.50"
    activity = read(world, answer.json)
    assert [value_of(activity, field) for field in bound] == [customer, "12.50", "1990-02-03"]
    # Refused: neither is written.
    refused = log_with(world, ("stage_then", "Customer"), ("offer", "x"), associated_entities=about)
    assert refused.status == 422 and contact(world.contact)["stage"]["name"] == "Lead"
    assert log_with(world, ("stage_then", "Customer"), associated_entities=[]).status == 201
    assert contact(world.contact)["stage"]["name"] == "Lead"


def test_a_bound_field_writes_into_the_first_record_of_its_object(world, fields):
    machine, path = custom_object(world)
    hours = machine.add("Hours", "integer")
    bound = fields.add("Hours", bound_field_id=hours["id"])
    drills = [world.api.ok("POST", path, {"name": f"Drill {i}"})["id"] for i in range(2)]
    answer = log_with(world, ("hours", 7), associated_entities=[{"id": world.contact}, *({"id": d} for d in drills)])
    assert answer.status == 201 and value_of(answer.json, bound) == 7
    assert [value_of(world.api.ok("GET", f"{path}/{d}"), hours) for d in drills] == [7, None]


def test_references_are_looked_up_together(world):
    """Eight employees and eight records cost as many statements as one of each; nine of each, two more."""
    fields, path = custom_object(world)
    people = [world.employee, *(world.server.admin(
        "employee", "add", "--business", world.business, "--first-name", "P", "--last-name", str(i),
        "--email", f"p{i}@acme.test")["employee_id"] for i in range(8))]
    contacts = [world.contact, *(world.api.ok("POST", "/api/records/contacts", {"first_name": f"C{i}"})["id"]
                                 for i in range(8))]
    for i in range(9):
        fields.add(f"who{i}", "team_member")
        fields.add(f"whom{i}", "record")

    def once(n):
        """The writer's statements for a record that is refused in the end."""
        values = [(f"{name}{i}", ids[i]) for i in range(n) for name, ids in (("who", people), ("whom", contacts))]
        before = world.server.metrics()["statements_total"]
        assert world.api.post(path, {"name": "X", "fields": given(*values, ("nothing", 1))}).status == 422
        return world.server.metrics()["statements_total"] - before

    def statements(n):
        return min(once(n) for _ in range(5))  # the lane's renewal comes in between now and then

    assert 0 < statements(1) == statements(8) == statements(9) - 2


# ── Limits ──────────────────────────────────────────────────────────────────────────────────────────────────

LIMITS_TAKEN = [
    ("text", {"max_length": 1}), ("text", {"max_length": 1000}), ("text", {"min_length": 1000}),
    ("long_text", {"max_length": 20000}), ("integer", {"min": 5, "max": 5}), ("integer", {"min": None, "max": None}),
    ("decimal", {"scale": 0}), ("decimal", {"scale": 9}), ("money", {"currency": "CHF", "scale": 9}),
    ("rating", {"max": 1}), ("rating", {"max": 10}), ("tags", {"max_items": 1}), ("tags", {"max_items": 100}),
    ("datetime", {"min": "2026-01-01T00:00:00+01:00"}),
]
LIMITS_REFUSED = [
    ("text", {"max_length": 0}, "max_length"), ("text", {"max_length": 1001}, "max_length"),
    ("text", {"min_length": -1}, "min_length"), ("text", {"min_length": 5, "max_length": 4}, "min_length"),
    ("text", {"max_length": "5"}, "max_length"), ("text", {"pattern": "a*"}, "pattern"), ("text", {"min": 1}, "min"),
    ("long_text", {"max_length": 20001}, "max_length"), ("integer", {"min": 6, "max": 5}, "min"),
    ("integer", {"min": "1"}, "min"), ("integer", {"max": 1.5}, "max"), ("integer", {"scale": 2}, "scale"),
    ("decimal", {"scale": 10}, "scale"), ("decimal", {"scale": -1}, "scale"), ("decimal", {"min": "0.001"}, "min"),
    ("decimal", {"currency": "EUR"}, "currency"), ("money", {"currency": "eur"}, "currency"),
    ("money", {"currency": "XXX"}, "currency"), ("money", {}, "currency"), ("money", {"currency": 978}, "currency"),
    ("rating", {"max": 0}, "max"), ("rating", {"max": 11}, "max"), ("tags", {"max_items": 0}, "max_items"),
    ("tags", {"max_items": 101}, "max_items"), ("date", {"min": "soon"}, "min"), ("yes_no", {"min": 0}, "min"),
    ("email", {"max_length": 5}, "max_length"),
]


def test_limits_on_both_sides(fields):
    for kind, limits in LIMITS_TAKEN:
        made = fields.add(kind, kind, limits=limits)
        for name, value in limits.items():
            assert made["limits"][name] == value or name == "min", (kind, limits, made["limits"])
    for kind, limits, name in LIMITS_REFUSED:
        assert fields.refused(field_type=kind, limits=limits) == [f"/limits/{name}"], (kind, limits)


def test_what_is_stored_stays_exact_when_limits_change(fields):
    money = fields.add("Quoted", "money", limits={"currency": "EUR"}, default="1.25")
    assert money["limits"] == {"min": None, "max": None, "scale": 2, "currency": "EUR"}
    assert fields.cannot_change(money, limits={"currency": "USD"}) == ["/limits/currency"]
    assert fields.cannot_change(money, limits={"scale": 1}) == ["/limits/scale"]
    assert fields.change(money, limits={"scale": 3, "currency": "EUR", "min": "1.25"})["limits"]["min"] == "1.250"
    assert fields.get(money)["default"] == "1.250"
    assert fields.cannot_change(money, limits={"min": "1.251"}) == ["/default"]
    text = fields.add("Text", "text", default="abc")
    assert fields.cannot_change(text, limits={"max_length": 2}) == ["/default"]


def test_an_object_has_so_many_fields(make_server, receiver):
    server = make_server(flags=("--field-limit", "3", "--option-limit", "2"))
    fields = Fields.of_activity(World(server, webhook=receiver.url()))
    for name in "abc":
        last = fields.add(name, "text")
    assert fields.refused(field_type="text") == [""]
    fields.archive(last)
    assert fields.refused(field_type="text") == [""]
    fields = Fields.of_activity(World(server, webhook=receiver.url(), email="b@acme.test"))
    made = fields.add("d", "single_select", options=["a", "b"])
    assert fields.refused(field_type="single_select", options=["a", "b", "c"]) == ["/options"]
    assert fields.cannot_change(made, options=["a", "c"]) == ["/options"]
    assert fields.change(made, options=["a"])["options"][1]["archived"] is True
