"""Bad input: a problem document that names the member, the right status, and nothing changed."""

import json

import pytest

from support.api import Api, new_id, raw
from support.receiver import Receiver
from support.world import World

LOG = "/api/activities/logged"


@pytest.fixture
def unchanged(world, receiver):
    """Whatever the test sends: nothing is logged, nothing is configured, nothing is sent."""
    def state():
        return (world.server.metrics()["activities_logged_total"], world.deliveries(),
                world.api.pages("/api/activities/objects"), world.notifications())

    before = state()
    yield
    assert state() == before
    assert receiver.all() == []


def log_head(world, *lines):
    """The head of a hand-written request that logs an activity."""
    credentials = [f"{name}: {value}" for name, value in world.api.credentials.items()]
    return "\r\n".join([f"POST {LOG} HTTP/1.1", *lines, *credentials, "", ""]).encode()


# ── Bodies ──────────────────────────────────────────────────────────────────────────────────────────────────

MALFORMED = {
    "empty": b"",
    "cut off": b'{"notes": "abc',
    "text after it": b'{} {}',
    "not json": b"notes=abc",
    "single quotes": b"{'notes': 'a'}",
    "a number too large": b'{"notes": 1e999}',
    "duplicate member": b'{"notes": "a", "notes": "b"}',
    "not utf-8": b'{"notes": "\xff\xfe"}',
    "overlong utf-8": b'{"notes": "\xc0\xaf"}',
    "surrogate in utf-8": b'{"notes": "\xed\xa0\x80"}',
    "lone surrogate escape": b'{"notes": "\\ud800"}',
    "byte order mark": b'\xef\xbb\xbf{}',
    "too deep": b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a nul byte": b'{"notes": "a\x00b"}',
    "a nul character": b'{"notes": "a\\u0000b"}',
}


@pytest.mark.core
@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_body(world, unchanged, what):
    assert world.api.post(LOG, MALFORMED[what]).status == 400


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_body_is_no_object(world, unchanged, body):
    assert world.api.post(LOG, json.dumps(body).encode()).status in (400, 422)


INVALID = {
    "no object named": ({"activity_object_id": None}, "/activity_object_id"),
    "unknown object": ({"activity_object_id": "0193a1b2-0000-7000-8000-000000000000"}, "/activity_object_id"),
    "no uuid": ({"activity_object_id": "sales"}, "/activity_object_id"),
    "object of a wrong type": ({"activity_object_id": 5}, "/activity_object_id"),
    "notes of a wrong type": ({"notes": 5}, "/notes"),
    "notes too long": ({"notes": "x" * 10_001}, "/notes"),
    "mentions no list": ({"mentions": "x"}, "/mentions"),
    "mention no uuid": ({"mentions": ["x"]}, "/mentions/0"),
    "mention of nobody": ({"mentions": ["0193a1b2-0000-7000-8000-000000000000"]}, "/mentions/0"),
    "too many mentions": ({"mentions": ["0193a1b2-0000-7000-8000-000000000000"] * 101}, "/mentions"),
    "entities no list": ({"associated_entities": {}}, "/associated_entities"),
    "entity no object": ({"associated_entities": ["x"]}, "/associated_entities/0/id"),
    "entity without id": ({"associated_entities": [{}]}, "/associated_entities/0/id"),
    "unknown entity": ({"associated_entities": [{"id": "0193a1b2-0000-7000-8000-000000000000"}]},
                       "/associated_entities/0/id"),
}


@pytest.mark.core
@pytest.mark.parametrize("what", INVALID)
def test_invalid_member_is_named(world, unchanged, what):
    change, pointer = INVALID[what]
    body = {name: value for name, value in world.body(**change).items() if value is not None}
    answer = world.api.post(LOG, body)
    assert answer.status == 422, answer
    assert pointer in answer.pointers


def test_several_wrong_members_are_all_named(world, unchanged):
    answer = world.api.post(LOG, world.body(notes=5, mentions=["x"]))
    assert answer.status == 422 and set(answer.pointers) == {"/notes", "/mentions/0"}


def test_notes_of_the_longest_length_are_taken(world):
    assert world.log(notes="ü" * 10_000)["notes"] == "ü" * 10_000


@pytest.mark.parametrize("change, pointer", [
    ({"due_datetime": None}, "/due_datetime"),
    ({"due_datetime": "tomorrow"}, "/due_datetime"),
    ({"due_datetime": "2031-02-30T10:00:00Z"}, "/due_datetime"),
    ({"due_datetime": "2031-02-20T10:00:00"}, "/due_datetime"),
    ({"employee_id": "0193a1b2-0000-7000-8000-000000000000"}, "/employee_id"),
    ({"activity_object_id": "0193a1b2-0000-7000-8000-000000000000"}, "/activity_object_id"),
    ({"notify_mentioned": "yes"}, "/notify_mentioned"),
    ({"note": ["x"]}, "/note"),
])
def test_invalid_schedule_is_named(world, unchanged, change, pointer):
    body = {"activity_object_id": world.object, "due_datetime": "2031-05-04T10:00:00Z", **change}
    answer = world.api.post("/api/activities/scheduled-activity",
                            {name: value for name, value in body.items() if value is not None})
    assert answer.status == 422, answer
    assert pointer in answer.pointers


@pytest.mark.parametrize("body, pointer", [
    ({}, "/name"),
    ({"name": ""}, "/name"),
    ({"name": "x" * 101}, "/name"),
    ({"name": "A", "api_name": "No Spaces"}, "/api_name"),
    ({"name": "A", "association_mode": "many"}, "/association_mode"),
    ({"name": "A", "default_submission_action": "call"}, "/default_submission_action"),
    ({"name": "A", "default_submission_action": "trigger_webhook"}, "/webhook_url"),
    ({"name": "A", "default_submission_action": "trigger_webhook", "webhook_url": None}, "/webhook_url"),
    ({"name": "A", "redirect_url": "javascript:alert(1)"}, "/redirect_url"),
    ({"name": "A", "shoe_size": 44}, "/shoe_size"),
])
def test_invalid_object_is_named(world, unchanged, body, pointer):
    answer = world.api.post("/api/activities/objects", body)
    assert answer.status == 422, answer
    assert pointer in answer.pointers


def test_a_name_that_is_taken(world, unchanged):
    assert world.api.post("/api/activities/objects", {"name": "Other", "api_name": "sales_call"}).status == 409


@pytest.mark.parametrize("body, pointer", [
    ({"page": 0}, "/page"), ({"page": 1.5}, "/page"), ({"page_size": 201}, "/page_size"),
    ({"page": "1"}, "/page"), ({"search": 5}, "/search"), ({"ordering": "x", "serch": "x"}, "/serch"),
    ({"page": 10 ** 30}, "/page"),
])
def test_invalid_search_is_named(world, body, pointer):
    answer = world.api.post("/api/records/contacts/search", body)
    assert answer.status in (400, 422), answer
    if answer.status == 422:
        assert pointer in answer.pointers


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1.5", "limit=", "cursor=nonsense",
                                   "state=lost", "logged_activity_id=x", "limit=99999999999999999999"])
def test_invalid_query(world, query):
    assert world.api.get(f"/api/webhooks/deliveries?{query}").status == 400


def test_ids_that_are_none(world):
    for path in ("/api/activities/logged/", "/api/activities/objects/", "/api/webhooks/deliveries/"):
        for word in (new_id(), "x", "0", "%00", "..%2f", "'"):
            assert world.api.get(path + word).status in (400, 404), path + word


def test_paths_and_methods_that_are_none(world, unchanged):
    assert world.api.get("/api/none").status == 404
    assert world.api.get("/api/activities/logged/" + new_id() + "/more").status == 404
    answer = world.api.request("DELETE", LOG)
    assert answer.status == 405 and "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("media", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_other_media_types(world, unchanged, media):
    assert world.api.post(LOG, world.body(), headers={"Content-Type": media}).status == 415


def test_media_type_with_its_charset_is_taken(world):
    answer = world.api.post(LOG, world.body(), headers={"Content-Type": "Application/JSON; charset=UTF-8"})
    assert answer.status == 201


@pytest.mark.core
def test_oversized_body(world, unchanged):
    body = json.dumps(world.body(padding="x" * (1 << 20))).encode()
    try:
        answer = world.api.post(LOG, body)
    except (BrokenPipeError, ConnectionResetError):
        return  # refused so early that we were still writing
    assert answer.status == 413


def test_oversized_body_that_is_only_announced(world, server, unchanged):
    """Refused before it is sent, to a client that asks first."""
    head = log_head(world, f"Host: {server.address}", "Content-Type: application/json", "Content-Length: 999999999999",
                    "Expect: 100-continue")
    [answer], closed = raw(server, head, "POST", LOG)
    assert answer.status == 413 and closed


def test_oversized_body_in_chunks(world, server, unchanged):
    head = log_head(world, f"Host: {server.address}", "Content-Type: application/json", "Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    try:
        answers, closed = raw(server, head + chunk * 17 + b"0\r\n\r\n", "POST", LOG)
    except (BrokenPipeError, ConnectionResetError):
        return
    assert closed and [a.status for a in answers] in ([413], [])


def test_body_of_the_largest_size_is_taken(world):
    body = json.dumps(world.body()).encode()
    assert world.api.post(LOG, body + b" " * ((1 << 20) - len(body))).status == 201


def test_chunked_body_is_taken(world, server):
    body = json.dumps(world.body()).encode()
    head = log_head(world, f"Host: {server.address}", "Content-Type: application/json", "Transfer-Encoding: chunked")
    [answer], _ = raw(server, head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), "POST", LOG)
    assert answer.status == 201


# ── Requests that could be read two ways ────────────────────────────────────────────────────────────────────

AMBIGUOUS = {
    "two content-lengths": ["Host: {host}", "Content-Length: {length}", "Content-Length: {length}"],
    "two different content-lengths": ["Host: {host}", "Content-Length: {length}", "Content-Length: 2"],
    "a list of content-lengths": ["Host: {host}", "Content-Length: {length}, {length}"],
    "a signed content-length": ["Host: {host}", "Content-Length: +{length}"],
    "a negative content-length": ["Host: {host}", "Content-Length: -1"],
    "a content-length in hex": ["Host: {host}", "Content-Length: 0x10"],
    "both length and coding": ["Host: {host}", "Content-Length: {length}", "Transfer-Encoding: chunked"],
    "coding before length": ["Transfer-Encoding: chunked", "Host: {host}", "Content-Length: {length}"],
    "two codings": ["Host: {host}", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    "an unknown coding": ["Host: {host}", "Transfer-Encoding: gzip, chunked"],
    "two hosts": ["Host: {host}", "Host: {host}", "Content-Length: {length}"],
    "two different hosts": ["Host: {host}", "Host: localhost", "Content-Length: {length}"],
    "no host": ["Content-Length: {length}"],
    "a folded header": ["Host: {host}", "X-Folded: a\r\n b", "Content-Length: {length}"],
    "a blank before the colon": ["Host: {host}", "Content-Length : {length}"],
    "a control character": ["Host: {host}", "X-Odd: a\x01b", "Content-Length: {length}"],
}


@pytest.mark.core
@pytest.mark.parametrize("what", AMBIGUOUS)
def test_ambiguous_request_is_refused_and_closed(world, server, unchanged, what):
    """Nothing of it, nor of what may be smuggled behind it, is believed."""
    body = json.dumps(world.body()).encode()
    lines = [line.format(host=server.address, length=len(body)) for line in AMBIGUOUS[what]]
    head = log_head(world, "Content-Type: application/json", *lines)
    smuggled = log_head(world, f"Host: {server.address}", "Content-Type: application/json",
                        f"Content-Length: {len(body)}") + body
    answers, closed = raw(server, head + body + smuggled, "POST", LOG)
    assert closed
    assert [a.status for a in answers] in ([400], [])


def test_foreign_host_is_refused(world, server, unchanged):
    """A page of somebody else's must not reach a loopback server by a DNS answer of its own."""
    head = log_head(world, "Host: evil.example", "Content-Type: application/json", "Content-Length: 2")
    [answer], _ = raw(server, head + b"{}", "POST", LOG)
    assert answer.status in (400, 403, 421)


NO_HTTP = {
    "tls": b"\x16\x03\x01\x02\x00\x01",
    "one word": b"GET\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "nul bytes": b"\x00" * 64,
    "a long target": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("what", NO_HTTP)
def test_no_http_at_all(make_server, what):
    """An answer or none; in the end the connection is closed."""
    server = make_server(flags=("--idle-timeout", "1s"))
    try:
        answers, closed = raw(server, NO_HTTP[what], half_close=True)
    except OSError:
        answers, closed = [], True
    assert closed and all(400 <= a.status < 600 for a in answers)
    assert Api(server).get("/healthz").status == 200


# ── URLs ────────────────────────────────────────────────────────────────────────────────────────────────────

# Configured URL ("HOST" is the receiver's) and the request target that it must make ("ID" is the activity's).
URLS = [
    ("http://HOST/hook", "/hook?logged_activity_id=ID"),
    ("http://HOST", "/?logged_activity_id=ID"),
    ("http://HOST/", "/?logged_activity_id=ID"),
    ("http://HOST?a=1", "/?a=1&logged_activity_id=ID"),
    ("http://HOST/hook?a=1", "/hook?a=1&logged_activity_id=ID"),
    ("http://HOST/hook?", "/hook?logged_activity_id=ID"),
    ("http://HOST/hook?a=1&", "/hook?a=1&logged_activity_id=ID"),
    ("http://HOST/hook?a", "/hook?a&logged_activity_id=ID"),
    ("http://HOST/a%20b/c%2Fd%2f", "/a%20b/c%2Fd%2f?logged_activity_id=ID"),
    ("http://HOST/hook?next=https://example.test/x?y=1", "/hook?next=https://example.test/x?y=1&logged_activity_id=ID"),
    ("http://HOST/a/../b/./c", "/a/../b/./c?logged_activity_id=ID"),
    ("http://HOST//two//slashes/", "//two//slashes/?logged_activity_id=ID"),
    ("HTTP://HOST/Upper/CASE", "/Upper/CASE?logged_activity_id=ID"),
    ("http://HOST/hook?q=%E4%BD%A0%e5%a5%bd", "/hook?q=%E4%BD%A0%e5%a5%bd&logged_activity_id=ID"),
    ("http://HOST/hook?a=b=c&a=d", "/hook?a=b=c&a=d&logged_activity_id=ID"),
    ("http://HOST/hook;v=1?x+y=z+1", "/hook;v=1?x+y=z+1&logged_activity_id=ID"),
    ("http://HOST/hook?logged_activity_idx=1&xlogged_activity_id=2",
     "/hook?logged_activity_idx=1&xlogged_activity_id=2&logged_activity_id=ID"),
    ("http://HOST/~!$'()*,:@-._", "/~!$'()*,:@-._?logged_activity_id=ID"),
    ("http://HOST/user@place?mail=a@b", "/user@place?mail=a@b&logged_activity_id=ID"),
    ("http://HOST/%", "/%?logged_activity_id=ID"),
    ("http://localhost:PORT/name", "/name?logged_activity_id=ID"),
    ("http://HOST/" + "x" * 1000, "/" + "x" * 1000 + "?logged_activity_id=ID"),
]


@pytest.mark.core
def test_m5_each_url_makes_its_request(world, receiver):
    for i, (url, target) in enumerate(URLS):
        url = url.replace("HOST", receiver.host).replace("PORT", str(receiver.port))
        made = world.api.post("/api/activities/objects", {
            "name": f"URL {i}", "default_submission_action": "trigger_webhook", "webhook_url": url})
        assert made.status == 201, (url, made)
        assert made.json["webhook_url"] == url
        logged = world.log(made.json["id"])
        request = receiver.wait_for_activity(logged["id"])
        assert request.line == f"GET {target.replace('ID', logged['id'])} HTTP/1.1", url
        assert world.finished(logged["id"])["state"] == "delivered"


REFUSED_URLS = [
    "", "hook", "/hook", "//HOST/hook", "HOST/hook", "http:", "http:/HOST/hook", "http://", "http:///hook", "http://?a",
    "http://:80/", "ftp://HOST/hook", "file:///etc/passwd", "gopher://HOST/", "javascript:alert(1)", "ws://HOST/",
    "http://user@HOST/hook", "http://user:secret@HOST/hook", "http://@HOST/hook", "http://HOST@HOST/hook",
    "http://HOST/hook#part", "http://HOST/#", "http://HOST/hook?a=1#x",
    "http://HOST/hook?logged_activity_id=1", "http://HOST/hook?logged_activity_id", "http://HOST/hook?a&logged_activity_id=",
    "http://HOST/hook?logged%5Factivity%5fid=1", "http://HOST/hook?a=1&%6c%6Fgged_activity_id=x",
    "http://HOST/hook?a=1;logged_activity_id=1",
    "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:99999999999/", "http://127.0.0.1:80x/",
    "http://127.0.0.1:/", "http://127.0.0.1:-1/", "http://[::1/", "http://[zz]/", "http://a b/",
    "http://HOST/a b", " http://HOST/", "http://HOST/ ", "http://HOST/\t", "http://HOST/a\nb", "http://HOST/\r\nX: y",
    "http://HOST/grün", "http://ex\u00e4mple.test/", "http://HOST\\@other/", "http://HOST/\\",
    "http://HOST/" + "x" * 2048, "http://ho%73t/",
]


@pytest.mark.core
def test_refused_urls(world, receiver, unchanged):
    path = f"/api/activities/objects/{world.object}"
    etag = world.api.get(path).headers["ETag"]
    for url in REFUSED_URLS:
        url = url.replace("HOST", receiver.host)
        body = {"default_submission_action": "trigger_webhook", "webhook_url": url}
        answer = world.api.post("/api/activities/objects", {"name": "Refused", **body})
        assert answer.status == 422 and "/webhook_url" in answer.pointers, (url, answer)
        answer = world.api.patch(path, body, headers={"If-Match": etag})
        assert answer.status == 422 and "/webhook_url" in answer.pointers, (url, answer)


def test_longest_url(world, receiver):
    url = receiver.url("/")
    for length, status in ((2048, 201), (2049, 422)):
        answer = world.api.post("/api/activities/objects", {
            "name": f"Length {length}", "default_submission_action": "trigger_webhook",
            "webhook_url": url + "x" * (length - len(url))})
        assert answer.status == status, answer
        if status == 201:
            logged = world.log(answer.json["id"])
            assert len(receiver.wait_for_activity(logged["id"]).path) == 2048 - len(url) + 1


# ── The browser's session ───────────────────────────────────────────────────────────────────────────────────

def sign_in(world, token, **headers):
    return Api(world.server).post("/api/session", {"token": token}, headers={
        "Origin": f"http://{world.server.address}", "X-Herald-Session": "1", **headers})


def token_of(world):
    link = world.server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
    return link.replace("#", "=").rsplit("=", 1)[-1]


def test_session_needs_origin_and_header_to_write(world, unchanged):
    token = token_of(world)
    answer = sign_in(world, token)
    assert answer.status == 201, answer
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    visitor = Api(world.server)
    crumb = {"Cookie": cookie.split(";")[0]}
    assert visitor.get("/api/session", headers=crumb).json["employee_id"] == world.employee
    origin = {"Origin": f"http://{world.server.address}"}
    for headers in ({}, {"X-Herald-Session": "1", "Origin": "http://evil.example"}, origin):
        assert visitor.post("/api/activities/objects", {"name": "By a trap"}, headers={**crumb, **headers}).status == 403
    assert sign_in(world, token).status == 401, "a link works once"
    gone = visitor.request("DELETE", "/api/session", headers={**crumb, **origin, "X-Herald-Session": "1"})
    assert gone.status == 204
    assert visitor.get("/api/session", headers=crumb).status == 401


def test_forged_sessions(world):
    for value in ("", "x", "x" * 5000, new_id(), "a; herald_session=b"):
        assert Api(world.server).get("/api/session", headers={"Cookie": f"herald_session={value}"}).status in (401, 400, 431)
    assert sign_in(world, "nonsense").status == 401


def test_other_business_is_untouched(world, server):
    """The same names in another Business are no conflict."""
    receiver = Receiver()
    other = World(server, webhook=receiver.url(), name="Other", email="sam@other.test")
    assert other.log()["activity_object"]["api_name"] == "sales_call"
    receiver.close()
