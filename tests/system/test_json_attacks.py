"""JSON that nobody should send: a 400 with a sentence of Herald's own, before any work, and nothing changed."""

import json
import urllib.parse

import pytest

from support.api import new_id

LOG = "/api/activities/logged"
OBJECTS = "/api/activities/objects"

# What is sent as the value of `notes` or `name`, and how the answer begins.
IN_A_TEXT = {
    "a raw nul": (b'"a\x00b"', "A text must not contain the character U+0000"),
    "an escaped nul": (b'"a\\u0000b"', "A text must not contain the character U+0000"),
    "a raw line break": (b'"a\nb"', "A control character in a text must be escaped"),
    "a high surrogate alone": (b'"\\ud83d"', "An escape is half of a surrogate pair"),
    "a low surrogate alone": (b'"\\udc19"', "An escape is half of a surrogate pair"),
    "surrogates in the wrong order": (b'"\\udc19\\ud83d"', "An escape is half of a surrogate pair"),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "The JSON is not well-formed UTF-8"),
    "latin-1": (b'"caf\xe9"', "The JSON is not well-formed UTF-8"),
    "an overlong slash": (b'"\xc0\xaf"', "The JSON is not well-formed UTF-8"),
    "beyond U+10FFFF": (b'"\xf4\x90\x80\x80"', "The JSON is not well-formed UTF-8"),
    "cut within a character": (b'"\xc3"', "The JSON is not well-formed UTF-8"),
    "an unknown escape": (b'"\\x41"', "This is not JSON"),
    "no end": (b'"abc', "The JSON ends too early"),
    "a number that no double holds": (b"1e999", "A number is too large"),
    "a whole number that no double holds": (b"9" * 400, "A number is too large"),
    "no number": (b"NaN", "This is not JSON"),
    "infinity": (b"-Infinity", "This is not JSON"),
    "a leading zero": (b"007", "This is not JSON"),
    "a hexadecimal number": (b"0x10", "This is not JSON"),
    "too deep": (b"[" * 33 + b"]" * 33, "The JSON is nested more than 32 deep"),
    "far too deep": (b"[" * 500_000 + b"]" * 500_000, "The JSON is nested more than 32 deep"),
    "never closed": (b'{"a":' * 100_000, "The JSON is nested more than 32 deep"),
    "too many elements": (b"[" + b"1," * 20_000 + b"1]", "The JSON has more than 20000 values"),
    "too many members": (json.dumps({f"m{i}": i for i in range(20_001)}).encode(), "The JSON has more than 20000 values"),
    "too many empty objects": (b"[" + b"{}," * 300_000 + b"{}]", "The JSON has more than 20000 values"),
    "a member twice, deep inside": (b'{"a":[{"b":1,"b":2}]}', "An object has the same member twice"),
    "a member twice, once escaped": (b'{"a":1,"\\u0061":2}', "An object has the same member twice"),
    "a nul in a member's name": (b'{"a\\u0000b":1}', "A text must not contain the character U+0000"),
}

WHOLE = {
    "nothing": (b"", "There is no JSON here."),
    "blanks": (b" \r\n\t ", "The JSON ends too early"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "The JSON begins with a byte order mark"),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "The JSON is not well-formed UTF-8"),
    "two values": (b"{} {}", "There is more after the end of the JSON"),
    "a semicolon after it": (b"{};", "There is more after the end of the JSON"),
    "a nul after it": (b"{}\x00", "A NUL byte is not part of JSON"),
    "only nul": (b"\x00" * 64, "A NUL byte is not part of JSON"),
    "a comment": (b"{} // empty", "There is more after the end of the JSON"),
    "a comma too many": (b'{"name": "a",}', "This is not JSON"),
    "single quotes": (b"{'name': 'a'}", "This is not JSON"),
    "a form": (b"name=a", "This is not JSON"),
    "an array": (b"[]", "The body must be a JSON object."),
    "a text": (b'"name"', "The body must be a JSON object."),
    "null": (b"null", "The body must be a JSON object."),
    "the same member twice": (b'{"name": "a", "name": "b"}', "An object has the same member twice"),
}


@pytest.fixture
def unchanged(world):
    """Nothing is logged or configured, whatever the test sends."""
    def state():
        return world.server.metrics()["activities_logged_total"], world.api.pages(OBJECTS)

    before = state()
    yield
    assert state() == before


def refused(answer, words):
    assert answer.status == 400, answer
    assert answer.json["detail"].startswith(words), answer
    for foreign in ("near", "JSON_", "token", "codepoint", "unicode '", "escape '", "object key"):
        assert foreign not in answer.json["detail"], f"a library's own words: {answer}"


@pytest.mark.core
def test_what_a_text_cannot_be(world, unchanged):
    """As a known and as an unknown member, to a wire operation and to one of Herald's own."""
    for what, (value, words) in IN_A_TEXT.items():
        for target in (LOG, OBJECTS):
            for name in (b"notes", b"name", b"extra"):
                try:
                    refused(world.api.post(target, b'{"' + name + b'": ' + value + b"}"), words)
                except AssertionError as error:
                    raise AssertionError(f"{what}: {error}") from error


@pytest.mark.core
def test_what_a_body_cannot_be(world, unchanged):
    for body, words in WHOLE.values():
        for target in (LOG, OBJECTS):
            refused(world.api.post(target, body), words)


def test_the_place_is_named(world, unchanged):
    answer = world.api.post(OBJECTS, '{"name": "Zoë",\n "a": [1, "\\ud800"]}'.encode())
    refused(answer, "An escape is half of a surrogate pair, which is no character (line 2, column 12).")


def test_whole_number_beyond_int64_is_judged_by_its_field(world, unchanged):
    """A field that takes whole numbers names itself; where nobody looks, nobody minds."""
    for number in (b"9223372036854775808", b"-9223372036854775809", b"123456789012345678901234567890", b"1.0", b"1e2"):
        answer = world.api.post("/api/records/contacts/search", b'{"page": ' + number + b"}")
        assert answer.status == 422 and answer.pointers == ["/page"], answer
    for number in (b"9223372036854775807", b"-9223372036854775808"):
        answer = world.api.post("/api/records/contacts/search", b'{"page": ' + number + b"}")
        assert answer.status == 422 and answer.pointers == ["/page"], answer


def test_m19_wire_ignores_any_number_in_what_it_does_not_know(world):
    body = json.dumps(world.body()).encode()[:-1] + b', "extra": [18446744073709551616, -1e-999, 0.1]}'
    assert world.api.post(LOG, body).status == 201


def test_the_greatest_that_is_taken(world):
    """The other side of each limit, on a wire operation, where the member is unknown and ignored."""
    body = json.dumps(world.body()).encode()[:-1]
    # The body's object is a level, and 6 values besides the member: it, its own members, the entity and its id.
    for value in (b"[" * 31 + b"]" * 31, b"[" + b"1," * 19_991 + b"1]", b'"' + b"[{,:" * 10_000 + b'"'):
        answer = world.api.post(LOG, body + b', "extra": ' + value + b"}")
        assert answer.status == 201, answer


@pytest.mark.core
def test_text_that_looks_odd_comes_back(world):
    """Emoji, right-to-left, what is not composed, escapes, U+FFFF: characters like any other, normalised."""
    texts = {
        '"\\ud83d\\udc19 \U0001f469‍\U0001f52c"': "\U0001f419 \U0001f469‍\U0001f52c",
        '"שלום ‏مرحبا"': "שלום ‏مرحبا",
        '"Zoe\\u0308"': "Zoë",
        '"\\u0001\\u001f\\u007f\\u2028\\uffff\\\\\\"\\/"': "\x01\x1f\x7f\u2028\uffff\\\"/",
    }
    for sent, kept in texts.items():
        body = json.dumps(world.body(notes="NOTES")).encode().replace(b'"NOTES"', sent.encode())
        answer = world.api.post(LOG, body)
        assert answer.status == 201 and answer.json["notes"] == kept, answer
        assert world.api.get(f"{LOG}/{answer.json['id']}").json["notes"] == kept


def test_a_complaint_that_is_cut_is_still_json(world, unchanged):
    """A member's name of many bytes is cut to fit into the complaint: at a whole character, or replaced."""
    for shift in range(4):
        start = "x" * shift + "\U0001f600"
        answer = world.api.post(OBJECTS, {"name": "Inspection", start + "\U0001f600" * 60: 1})
        assert answer.status == 422 and answer.pointers[0].startswith("/" + start), answer


def test_a_pointer_to_an_odd_name_is_a_pointer(world, unchanged):
    answer = world.api.post(OBJECTS, {"name": "Inspection", "a/b~c": 1, "": 2})
    assert answer.status == 422 and set(answer.pointers) == {"/a~1b~0c", "/"}, answer


def test_all_that_is_wrong_is_named_at_once(world, unchanged):
    """As far as an answer has room; then it says how much there is."""
    answer = world.api.post(OBJECTS, {"name": "A", **{f"odd{i}": 1 for i in range(64)}})
    assert answer.status == 422 and answer.pointers == [f"/odd{i}" for i in range(64)], answer
    answer = world.api.post(OBJECTS, {"name": 1, **{f"odd{i}" + "\x01" * 90: 1 for i in range(99)}})
    assert answer.status == 422 and len(answer.pointers) == 65, answer
    assert "36 more" in answer.json["errors"][-1]["detail"]


def test_a_parameter_that_is_no_text(world):
    for text in ("%00", "a%00b", "%FF", "%C0%AF", "%ED%A0%80", "%F4%90%80%80"):
        assert world.api.get(f"/api/webhooks/deliveries?cursor={text}").status == 400
        assert world.api.get(f"/api/webhooks/deliveries?{text}=1").status == 400


def test_json_in_a_parameter_is_judged_likewise(world):
    """The current values of a form, which go by a GET as long as they fit."""
    form = f"/api/activities/objects/{world.object}/form?values="
    assert world.api.get(form + "%7B%7D").status == 200
    for text, words in (("", "There is no JSON here."), ("{", "The JSON ends too early"), ("{}{}", "There is more after"),
                        ('{"a":"\\u0000"}', "A text must not contain"), ('{"a":"\\ud800"}', "An escape is half"),
                        ('{"a":1,"a":1}', "An object has the same member twice"), ('{"a":1e999}', "A number is too large"),
                        ('{"a":' + "[" * 32 + "]" * 32 + "}", "The JSON is nested more than 32 deep")):
        refused(world.api.get(form + urllib.parse.quote(text)), words)
    assert world.api.get(form + "[]").status in (400, 422)


def test_a_limit_is_a_number_from_1_to_200(world):
    for text in ("1", "200", "007"):
        assert world.api.get(f"/api/activities/objects?limit={text}").status == 200
    for text in ("", "0", "201", "-1", "%2B5", "%205", "5%20", "5x", "0x5", "1e1", "5.0", "18446744073709551617", "٥"):
        target = f"/api/activities/objects?limit={urllib.parse.quote(text, safe='%')}"
        assert world.api.get(target).status == 400, text


def test_a_parameter_twice(world):
    answer = world.api.get("/api/webhooks/deliveries?limit=1&limit=2")
    assert answer.status == 400, answer


def test_a_path_that_names_nothing(world):
    for path in ("%00", "..%2f", "%FF", new_id() + "%00", new_id().upper() + "x", "a" * 3000):
        assert world.api.get(f"{LOG}/{path}").status in (400, 404, 414), path
