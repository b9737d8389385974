"""Signing in with email and password, sessions, and what guards them. Names: issue 5, item 5."""

import contextlib
import sqlite3
import subprocess
import threading
import time
import uuid

import pytest

from support.api import Api, new_id
from support.clock import Clock
from support.database import psql
from support.events import Stream
from support.person import PASSWORD, Person, set_password, signed_in
from support.sql import execute
from support.wait import wait_for
from support.world import World

OTHER = "nine violet umbrellas"
MINUTE = 60
HOUR = 3600
# PASSWORD under the lowest cost there is: made once by libsodium, with the salt "saltsaltsaltsalt".
CHEAP = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$uxWTSOnvlCJwDdrvGjf7x3xvw771mTCJHUN5gdfCrTw"


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def home(make_server, clock):
    """A Business whose Alex has a password."""
    world = World(make_server(env=clock.env))
    set_password(world.server, world.user)
    return world


def add_person(world, first, email, password=PASSWORD):
    employee = world.server.admin("employee", "add", "--business", world.business, "--first-name", first,
                                  "--last-name", "Lee", "--email", email)
    set_password(world.server, employee["user_id"], password)
    return employee


def stored(server):
    """The hash of the only password."""
    if server.database:
        return psql(server.database, "SELECT hash FROM password")[0]
    with contextlib.closing(sqlite3.connect(server.data / "herald.db", timeout=30)) as db:
        return db.execute("SELECT hash FROM password").fetchone()[0]


# ── Signing in ──────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_sign_in_with_a_password(home):
    person = Person(home.server)
    answer = person.sign_in()
    assert answer.status == 201, answer
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie
    assert "Max-Age=43200" in cookie or "Max-Age=43199" in cookie
    assert answer.json["user"]["id"] == home.user and answer.json["employee_id"] == home.employee
    assert answer.json["has_password"] is True
    assert answer.json["businesses"] == [{"id": home.business, "name": "Acme Field Services"}]
    assert person.ok("GET", "/api/session") == answer.json


def test_the_email_may_be_in_another_case(home):
    assert Person(home.server).sign_in("Alex@ACME.test").status == 201


def test_secure_cookie_where_the_pages_are_reached_by_https(make_server):
    server = make_server(flags=["--public-url", "https://herald.example", "--host", "herald.example"])
    world = World(server)
    set_password(server, world.user)
    assert "; Secure" in Person(server).sign_in().headers["Set-Cookie"]


def test_wrong_password_and_unknown_email_are_one_answer(home):
    """Not told apart by status, text or headers; nor is somebody who has no password."""
    home.server.admin("employee", "add", "--business", home.business, "--first-name", "Sam", "--last-name", "Lee",
                      "--email", "sam@acme.test")
    answers = [Person(home.server).sign_in(email, "wrong " + PASSWORD)
               for email in ("alex@acme.test", "nobody@acme.test", "sam@acme.test")]
    seen = {(a.status, a.json["detail"], a.json["title"], a.headers.get("Set-Cookie"), a.headers["Content-Length"])
            for a in answers}
    assert len(seen) == 1, seen
    assert answers[0].status == 401
    assert home.server.metrics()["sign_ins_failed_total"] == 3
    refused = wait_for(lambda: (found := home.server.process.messages("sign-in refused"))[2:] and found, "three log lines")
    assert len(refused) == 3 and all(entry["address"] == "127.0.0.1" for entry in refused)
    assert "nobody@acme.test" not in home.server.process.errors


@pytest.mark.parametrize("body", [
    {}, {"email": "alex@acme.test"}, {"password": PASSWORD}, {"token": "x", "email": "alex@acme.test"},
    {"token": "x", "email": "alex@acme.test", "password": PASSWORD},
    {"email": "alex@acme.test", "password": PASSWORD, "is_owner": True},
    {"email": "alex@acme.test", "password": "x" * 201}, {"email": "a" * 255, "password": PASSWORD},
    {"email": ["alex@acme.test"], "password": PASSWORD}])
def test_a_proof_is_one_thing_or_the_other(home, body):
    answer = Person(home.server).post("/api/session", body)
    assert answer.status == 422 and answer.json["errors"], answer


def test_sign_in_needs_origin_and_header(home):
    for headers in ({"Origin": None}, {"X-Herald-Session": None}, {"Origin": "http://evil.example"}):
        answer = Person(home.server).sign_in(headers=headers)
        assert answer.status == 403 and not answer.headers.get("Set-Cookie")


def test_no_fixation(home):
    """A cookie that was there before is not the session that is signed in to."""
    first = signed_in(home.server)
    planted = first.cookie
    second = Person(home.server)
    second.credentials["Cookie"] = planted
    assert second.sign_in().status == 201
    assert second.cookie != planted
    made_up = "herald_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    third = Person(home.server)
    third.credentials["Cookie"] = made_up
    assert third.sign_in().status == 201 and third.cookie != made_up
    assert Api(home.server).get("/api/session", headers={"Cookie": made_up}).status == 401


def test_a_deactivated_employee_is_out(home):
    person = signed_in(home.server)
    execute(home.server, "UPDATE employee SET active = 0 WHERE id = {employee}", employee=home.employee)
    assert not person.signed_in
    refused = Person(home.server).sign_in()
    assert refused.status == 403 and "not an active employee" in refused.json["detail"]


def test_a_password_is_hashed_anew_under_a_higher_cost(home):
    """Stored is argon2id; one of a lower cost is made anew with the next sign-in, and only then."""
    execute(home.server, f"UPDATE password SET hash = '{CHEAP}' WHERE user_id = {{user}}", user=home.user)
    assert Person(home.server).sign_in(password="wrong " + PASSWORD).status == 401
    assert stored(home.server) == CHEAP
    person = signed_in(home.server)
    assert stored(home.server).startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    renewed = stored(home.server)
    assert signed_in(home.server).signed_in and person.signed_in
    assert stored(home.server) == renewed


def test_capacity_of_sign_ins(make_server, tmp_path):
    """32 may wait for the thread that hashes; beyond it 503 with Retry-After. Meanwhile no worker is held."""
    hold = tmp_path / "hold"
    hold.touch()
    world = World(make_server(env={"HERALD_FAULTS": f"aside=@{hold}"}, flags=[
        "--behind-proxy", "127.0.0.0/8", "--request-timeout", "120s"]))
    answers = []

    def go(i):
        answers.append(Person(world.server).sign_in(f"nobody{i}@acme.test", headers={"X-Forwarded-For": f"192.0.2.{i}"}))

    threads = [threading.Thread(target=go, args=(i,)) for i in range(40)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(answers) >= 5, "those that are too many")
    assert {(a.status, a.headers["Retry-After"]) for a in answers} == {(503, "1")}
    assert world.api.get("/api/session").status == 200
    assert world.add_object("Call"), "the writer is not held, either"
    hold.unlink()
    for thread in threads:
        thread.join()
    refused = [a for a in answers if a.status == 503]
    assert 5 <= len(refused) <= 8 and {a.status for a in answers} == {401, 503}


def test_a_write_that_waited_is_not_done_for_a_session_that_ended(make_server, tmp_path):
    """A thief's new password waits to be hashed; its owner signs out everywhere: it is refused, and nothing has changed."""
    hold = tmp_path / "hold"
    world = World(make_server(env={"HERALD_FAULTS": f"aside=@{hold}"}))
    set_password(world.server, world.user)
    thief, owner = Person(world.server), Person(world.server)
    assert thief.sign_in().status == owner.sign_in().status == 201
    hold.touch()
    answers = []
    body = {"current_password": PASSWORD, "password": "another " + PASSWORD}
    waiting = threading.Thread(target=lambda: answers.append(thief.request("PUT", "/api/password", body)))
    before = world.server.metrics()["statements_total"]
    waiting.start()
    wait_for(lambda: world.server.metrics()["statements_total"] > before, "who calls to be looked up")
    assert owner.request("DELETE", "/api/sessions").status == 204
    hold.unlink()
    waiting.join()
    assert answers[0].status == 401
    assert Person(world.server).sign_in().status == 201, "with the password as it was"


def test_an_attempt_that_comes_to_no_result_is_no_failure(make_server, tmp_path):
    """It waited too long for its turn: 503, and the account is not nearer to being made to wait."""
    hold = tmp_path / "hold"
    world = World(make_server(env={"HERALD_FAULTS": f"aside=@{hold}"}, flags=["--request-timeout", "5s"]))
    set_password(world.server, world.user)
    hold.touch()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(Person(world.server).sign_in())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hold.unlink()
    assert [a.status for a in answers] == [503] * 5
    wait_for(lambda: Person(world.server).sign_in().status == 201, "the account to be as it was")


# ── Throttling ──────────────────────────────────────────────────────────────────────────────────────────────

def fail(server, count, email="alex@acme.test"):
    return [Person(server).sign_in(email, "wrong " + PASSWORD).status for _ in range(count)]


@pytest.mark.parametrize("email", ["alex@acme.test", "nobody@acme.test"])
def test_throttle_by_account(home, clock, email):
    """Five free, then a minute, doubled with each failure up to fifteen; known and unknown alike."""
    assert fail(home.server, 5, email) == [401] * 5
    for minutes in (1, 2, 4, 8, 15, 15):
        answer = Person(home.server).sign_in(email)
        assert answer.status == 429, answer
        assert (minutes - 1) * MINUTE < int(answer.headers["Retry-After"]) <= minutes * MINUTE
        clock.advance(minutes * MINUTE - 20)
        assert Person(home.server).sign_in(email).status == 429
        clock.advance(25)
        assert fail(home.server, 1, email) == [401]
    clock.advance(16 * MINUTE)
    assert Person(home.server).sign_in(email).status == (201 if email.startswith("alex") else 401)
    assert home.server.metrics()["sign_ins_throttled_total"] == 12


def test_throttle_starts_anew_after_a_good_one_and_after_an_hour(home, clock):
    assert fail(home.server, 4) == [401] * 4
    signed_in(home.server)
    assert fail(home.server, 4) == [401] * 4
    clock.advance(HOUR + 1)
    assert fail(home.server, 5) == [401] * 5


def test_throttle_by_address(home, clock):
    """Many accounts, one address: 20 failures."""
    assert [fail(home.server, 1, f"person{i}@acme.test")[0] for i in range(20)] == [401] * 20
    answer = Person(home.server).sign_in("somebody-else@acme.test")
    assert answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= MINUTE
    clock.advance(MINUTE + 1)
    assert fail(home.server, 1, "somebody-else@acme.test") == [401]


def test_throttle_does_not_lock_out_an_address_that_signed_in_before(make_server, clock):
    """Whoever guesses from elsewhere makes others wait, but not the owner at their usual place."""
    server = make_server(env=clock.env, flags=["--behind-proxy", "127.0.0.0/8"])
    world = World(server)
    set_password(server, world.user)
    at = {"home": {"X-Forwarded-For": "192.0.2.1"}, "attacker": {"X-Forwarded-For": "198.51.100.7"},
          "hotel": {"X-Forwarded-For": "203.0.113.5"}}
    assert Person(server).sign_in(headers=at["home"]).status == 201
    for _ in range(5):
        assert Person(server).sign_in(password="wrong " + PASSWORD, headers=at["attacker"]).status == 401
    assert Person(server).sign_in(headers=at["attacker"]).status == 429
    assert Person(server).sign_in(headers=at["hotel"]).status == 429
    assert Person(server).sign_in(headers=at["home"]).status == 201
    clock.advance(MINUTE + 1)
    assert Person(server).sign_in(headers=at["hotel"]).status == 201


def test_the_current_password_is_throttled_too(home, clock):
    person = signed_in(home.server)
    for _ in range(5):
        answer = person.request("PUT", "/api/password", {"current_password": "wrong " + PASSWORD, "password": OTHER})
        assert answer.status == 422 and answer.pointers == ["/current_password"], answer
    assert person.request("PUT", "/api/password", {"current_password": PASSWORD, "password": OTHER}).status == 429
    clock.advance(MINUTE + 1)
    assert person.request("PUT", "/api/password", {"current_password": PASSWORD, "password": OTHER}).status == 200


# ── Passwords ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.core
def test_a_changed_password_ends_all_other_sessions(home):
    here, there = signed_in(home.server), signed_in(home.server)
    before = here.cookie
    answer = here.request("PUT", "/api/password", {"current_password": PASSWORD, "password": OTHER})
    assert answer.status == 200, answer
    home.server.secrets.add(OTHER)
    assert here.cookie != before and here.signed_in and not there.signed_in
    assert Api(home.server).get("/api/session", headers={"Cookie": before}).status == 401
    assert Person(home.server).sign_in().status == 401
    assert Person(home.server).sign_in(password=OTHER).status == 201
    assert len(here.ok("GET", "/api/sessions")["results"]) == 2


def test_a_changed_password_ends_sign_in_links(home):
    link = home.server.admin("sign-in-link", "--user", home.user, "--business", home.business)["link"]
    set_password(home.server, home.user, OTHER)
    token = link.replace("#", "=").rsplit("=", 1)[-1]
    assert Person(home.server).post("/api/session", {"token": token}).status == 401


@pytest.mark.parametrize("password", [
    "short", "x" * 9, "x" * 201, "ALEX@acme.test", "alex rivera", "AlexRivera", "", None, 12345678901])
def test_a_password_that_is_refused_changes_nothing(home, password):
    person = signed_in(home.server)
    answer = person.request("PUT", "/api/password", {"current_password": PASSWORD, "password": password})
    assert answer.status == 422 and answer.pointers == ["/password"], answer
    assert person.signed_in and Person(home.server).sign_in().status == 201


def test_a_password_is_compared_in_nfc(home):
    person = signed_in(home.server)
    composed, decomposed = "caf\u00e9 au lait \u00e0 deux", "cafe\u0301 au lait a\u0300 deux"
    assert person.request("PUT", "/api/password", {"current_password": PASSWORD, "password": decomposed}).status == 200
    assert Person(home.server).sign_in(password=composed).status == 201
    assert Person(home.server).sign_in(password=decomposed).status == 201


def test_the_first_password_needs_no_other(make_server, clock):
    world = World(make_server(env=clock.env))
    person = Person(world.server)
    link = world.server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
    assert person.post("/api/session", {"token": link.replace("#", "=").rsplit("=", 1)[-1]}).status == 201
    assert person.ok("GET", "/api/session")["has_password"] is False
    assert person.request("PUT", "/api/password", {"password": PASSWORD}).status == 200
    assert person.ok("GET", "/api/session")["has_password"] is True
    needs = person.request("PUT", "/api/password", {"password": OTHER})
    assert needs.status == 422 and needs.pointers == ["/current_password"]
    assert Person(world.server).sign_in().status == 201


def test_a_key_changes_no_password_and_no_business(home):
    for target, body in (("/api/password", {"current_password": PASSWORD, "password": OTHER}),
                         ("/api/session", {"business_id": home.business})):
        answer = home.api.request("PUT", target, body)
        assert answer.status == 403 and "signed in" in answer.json["detail"], answer
    assert Person(home.server).sign_in().status == 201


def test_operators_set_passwords(home):
    """From the standard input only; the rules hold for them, too; sessions end."""
    person = signed_in(home.server)
    refused = set_password(home.server, home.user, "short", check=False)
    assert refused.returncode == 2 and "10 to 200" in refused.stderr, refused
    assert set_password(home.server, new_id(), OTHER, check=False).returncode != 0
    assert person.signed_in
    set_password(home.server, home.user, OTHER)
    assert not person.signed_in
    assert Person(home.server).sign_in(password=OTHER).status == 201


# ── Sessions ────────────────────────────────────────────────────────────────────────────────────────────────

def test_sessions_are_listed(home, clock):
    old = Person(home.server)
    assert old.sign_in(headers={"User-Agent": "Firefox/140 " + "\u00e9".encode().decode("latin-1") * 300}).status == 201
    clock.advance(5)
    person = Person(home.server)
    assert person.sign_in(headers={"User-Agent": "Chromium/142"}).status == 201
    listed = person.ok("GET", "/api/sessions")["results"]
    assert [s["current"] for s in listed] == [True, False]
    assert listed[0]["user_agent"] == "Chromium/142" and len(listed[1]["user_agent"]) == 200
    assert {s["address"] for s in listed} == {"127.0.0.1"}
    assert {s["business_name"] for s in listed} == {"Acme Field Services"}
    assert listed[0]["created_at"] > listed[1]["created_at"]
    by_key = home.api.ok("GET", "/api/sessions")["results"]
    assert [s["current"] for s in by_key] == [False, False]
    sam = add_person(home, "Sam", "sam@acme.test")
    assert len(signed_in(home.server, email="sam@acme.test").ok("GET", "/api/sessions")["results"]) == 1
    assert sam["user_id"] not in str(listed)


def test_one_session_is_ended(home):
    here, there = signed_in(home.server), signed_in(home.server)
    ids = {s["current"]: s["id"] for s in here.ok("GET", "/api/sessions")["results"]}
    assert here.request("DELETE", f"/api/sessions/{ids[False]}").status == 204
    assert here.signed_in and not there.signed_in
    assert here.request("DELETE", f"/api/sessions/{ids[False]}").status == 404
    assert here.request("DELETE", f"/api/sessions/{ids[True]}").status == 204
    assert here.cookie is None
    assert here.get("/api/session").status == 401


def test_i8_sessions_of_others_cannot_be_ended(home):
    add_person(home, "Sam", "sam@acme.test")
    alex, sam = signed_in(home.server), signed_in(home.server, email="sam@acme.test")
    [session] = alex.ok("GET", "/api/sessions")["results"]
    assert sam.request("DELETE", f"/api/sessions/{session['id']}").status == 404
    assert sam.request("DELETE", "/api/sessions").status == 204
    assert alex.signed_in and not sam.signed_in


def test_a_limited_key_neither_sees_nor_ends_sessions(home):
    person = signed_in(home.server)
    [session] = person.ok("GET", "/api/sessions")["results"]
    limits = {"one Business": {"business_id": home.business}, "only reading": {"read_only": True}}
    for name, limit in limits.items():
        key = home.api.ok("POST", "/api/keys", {"name": name, **limit})["key"]
        limited = Api(home.server, key, home.business, home.user)
        assert limited.get("/api/sessions").status == (403 if "business_id" in limit else 200)
        assert limited.request("DELETE", f"/api/sessions/{session['id']}").status == 403
        assert limited.request("DELETE", "/api/sessions").status == 403
    assert person.signed_in


@pytest.mark.core
def test_sign_out_everywhere_ends_a_live_stream(make_server, clock):
    world = World(make_server(env=clock.env, flags=["--stream-heartbeat", "100ms"]))
    set_password(world.server, world.user)
    here, there = signed_in(world.server), signed_in(world.server)
    stream = Stream(world.server, f"/api/records/contacts/{world.contact}/timeline/stream", {"Cookie": there.cookie})
    assert stream.status == 200
    try:
        stream.until("ready")
        assert here.request("DELETE", "/api/sessions").status == 204
        assert [e.name for e in stream.rest()] == ["end"]
    finally:
        stream.close()
    assert here.cookie is None and not there.signed_in
    assert home_is_empty(world)


def home_is_empty(world):
    return world.api.ok("GET", "/api/sessions")["results"] == []


def test_writes_by_cookie_need_origin_and_header(home):
    """All of the operations that a session may write with."""
    person = signed_in(home.server)
    [session] = person.ok("GET", "/api/sessions")["results"]
    writes = [("PUT", "/api/session", {"business_id": home.business}), ("DELETE", "/api/session", None),
              ("DELETE", "/api/sessions", None), ("DELETE", f"/api/sessions/{session['id']}", None),
              ("PUT", "/api/password", {"current_password": PASSWORD, "password": OTHER})]
    for method, target, body in writes:
        for headers in ({"Origin": None}, {"X-Herald-Session": None}, {"Origin": "http://evil.example"},
                        {"Origin": "null"}):
            assert person.request(method, target, body, headers=headers).status == 403, (method, target, headers)
    assert person.signed_in and Person(home.server).sign_in().status == 201


def last_seen(person):
    return [s for s in person.ok("GET", "/api/sessions")["results"] if s["current"]][0]["last_seen_at"]


def use(person, before):
    """That it was used is noted by a write that nobody waits for."""
    wait_for(lambda: last_seen(person) > before, "the session's last_seen_at")
    return last_seen(person)


def test_a_session_lasts_twelve_hours(home, clock):
    person = signed_in(home.server)
    seen = last_seen(person)
    for _ in range(11):
        clock.advance(HOUR)
        seen = use(person, seen)
    clock.advance(HOUR + 1)
    assert not person.signed_in, "however much it was used"


def test_a_session_that_nobody_uses_ends(home, clock):
    used, unused = signed_in(home.server), signed_in(home.server)
    seen = last_seen(used)
    clock.advance(HOUR)
    use(used, seen)
    clock.advance(HOUR + 5 * MINUTE)
    assert used.signed_in and not unused.signed_in
    assert len(used.ok("GET", "/api/sessions")["results"]) == 1


def test_lives_are_configured(make_server, clock):
    world = World(make_server(env=clock.env, flags=["--session", "20m", "--session-idle", "5m"]))
    set_password(world.server, world.user)
    person = Person(world.server)
    assert "Max-Age=1200" in person.sign_in().headers["Set-Cookie"].replace("1199", "1200")
    clock.advance(5 * MINUTE + 1)
    assert not person.signed_in


def test_sessions_of_a_user_are_bounded(home):
    """100; a new one ends the oldest, of this user only."""
    add_person(home, "Sam", "sam@acme.test")
    sam, first = signed_in(home.server, email="sam@acme.test"), signed_in(home.server)
    columns = "user_id, business_id, created_at, expires_at, last_seen_at, address, user_agent"
    ids = {f"id{i}": later_id(i) for i in range(98)} | {f"hash{i}": new_id() for i in range(98)}
    copies = [f"INSERT INTO session (id, hash, {columns}) SELECT {{id{i}}}, {{hash{i}}}, {columns} FROM session "
              "WHERE user_id = {user} LIMIT 1" for i in range(98)]
    for statements in ["; ".join(copies)] if home.server.database else copies:
        execute(home.server, statements, user=home.user, **ids)
    signed_in(home.server)
    assert first.signed_in
    assert len(home.api.ok("GET", "/api/sessions")["results"]) == 100
    signed_in(home.server)
    assert not first.signed_in, "the oldest makes room"
    assert len(home.api.ok("GET", "/api/sessions")["results"]) == 100
    assert sam.signed_in


def later_id(i):
    """A UUIDv7 of a moment from now on."""
    ms = int(time.time() * 1000) + i
    return str(uuid.UUID(int=ms << 80 | 0x7 << 76 | 0b10 << 62 | i))


# ── Several Businesses ──────────────────────────────────────────────────────────────────────────────────────

@pytest.fixture
def branch(home):
    """A second Business in which Alex works."""
    business = home.server.admin("business", "add", "--name", "Branch")["business_id"]
    employee = home.server.admin("employee", "add", "--business", business, "--first-name", "Alex", "--last-name",
                                 "Rivera", "--email", "alex@acme.test")
    assert employee["user_id"] == home.user
    return business


def test_switching_the_business(home, branch):
    person = signed_in(home.server)
    session = person.ok("GET", "/api/session")
    assert [b["name"] for b in session["businesses"]] == ["Acme Field Services", "Branch"]
    assert session["business"]["id"] == home.business
    before = person.cookie
    answer = person.request("PUT", "/api/session", {"business_id": branch})
    assert answer.status == 200 and answer.json["business"] == {"id": branch, "name": "Branch"}
    assert person.cookie != before, "the cookie is renewed"
    assert Api(home.server).get("/api/session", headers={"Cookie": before}).status == 401
    assert person.get(f"/api/records/contacts/{home.contact}").status == 404, "what is of the other is not there"
    [listed] = person.ok("GET", "/api/sessions")["results"]
    assert listed["business_name"] == "Branch"


def test_signing_in_to_a_business(home, branch):
    answer = Person(home.server).sign_in(business_id=branch)
    assert answer.status == 201 and answer.json["business"]["id"] == branch


def test_i8_no_session_in_a_business_of_others(home):
    other = World(home.server, name="Others", email="olga@others.test")
    person = signed_in(home.server)
    for business in (other.business, new_id()):
        assert person.request("PUT", "/api/session", {"business_id": business}).status == 403
        assert Person(home.server).sign_in(business_id=business).status == 403
    assert person.request("PUT", "/api/session", {"business_id": "x"}).status == 422
    assert person.request("PUT", "/api/session", {}).status == 422
    assert person.ok("GET", "/api/session")["business"]["id"] == home.business


def test_switching_does_not_make_a_session_longer(home, branch, clock):
    person = signed_in(home.server)
    [before] = person.ok("GET", "/api/sessions")["results"]
    clock.advance(HOUR)
    answer = person.request("PUT", "/api/session", {"business_id": branch})
    assert int(answer.headers["Set-Cookie"].split("Max-Age=")[1].split(";")[0]) <= 11 * HOUR
    [after] = person.ok("GET", "/api/sessions")["results"]
    assert after["expires_at"] == before["expires_at"] and after["id"] == before["id"]


# ── Two nodes ───────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.engine("postgres")
def test_i11_what_ends_on_one_node_ends_on_all(make_server, clock):
    flags = ["--stream-heartbeat", "100ms"]
    one, two = make_server(name="one", env=clock.env, flags=flags), make_server(name="two", env=clock.env, flags=flags)
    world = World(one)
    set_password(one, world.user)
    here, there = signed_in(one), signed_in(two)
    stream = Stream(two, f"/api/records/contacts/{world.contact}/timeline/stream", {"Cookie": there.cookie})
    try:
        stream.until("ready")
        assert here.request("PUT", "/api/password", {"current_password": PASSWORD, "password": OTHER}).status == 200
        assert not there.signed_in
        assert [e.name for e in stream.rest()] == ["end"]
    finally:
        stream.close()
    assert Person(two).sign_in().status == 401
    elsewhere = Person(two)
    assert elsewhere.sign_in(password=OTHER).status == 201
    assert elsewhere.request("DELETE", "/api/sessions").status == 204
    assert not here.signed_in


@pytest.mark.engine("postgres")
def test_i11_a_sign_in_does_not_outlive_a_change_on_another_node(home):
    """The password was right when it was looked up; the change, on another node, commits before the session does."""
    answers = []
    with other_node(home.server.database, f"UPDATE password SET hash = '{CHEAP}'; DELETE FROM session") as commit:
        thread = threading.Thread(target=lambda: answers.append(Person(home.server).sign_in()))
        thread.start()
        wait_for(lambda: psql(home.server.database, "SELECT pid FROM pg_locks WHERE NOT granted"), "the sign-in to wait")
        commit()
        thread.join()
    assert [a.status for a in answers] == [401], answers
    assert home_is_empty(home)


@contextlib.contextmanager
def other_node(database, statements):
    """A transaction that has run the statements, and commits when it is told to."""
    with subprocess.Popen(["psql", "-qX", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        def say(text):
            node.stdin.write(text)
            node.stdin.flush()

        say(f"BEGIN; {statements}; \\echo ready\n")
        assert node.stdout.readline() == "ready\n"
        yield lambda: say("COMMIT;\n")
        node.stdin.close()
        node.wait(30)
