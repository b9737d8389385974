"""The edge: who may ask how often, who a client is behind a proxy, which hosts are answered for, and hostile requests."""

import contextlib
import http.client
import re
import secrets
import socket

import pytest

from relay_support import Relay, Slack
from support import instructions
from support.api import Api, new_id, raw
from support.contract import contract
from support.examples import ExampleWorld, operations
from support.wait import wait_for
from support.world import World

LOG = "/api/activities/logged"
ME = "/api/session"


def client(server, address, credentials=None):
    """A caller at another address of this machine."""
    api = Api(server)
    api.source = (address, 0)
    api.credentials = dict(credentials or {})
    return api


def forged(world, **more):
    return {**world.api.credentials, "X-API-KEY": "hk_" + secrets.token_urlsafe(32), **more}


def until_limited(ask):
    """The statuses of as many requests as it takes to be refused; the last is that 429."""
    statuses = []
    while not statuses or statuses[-1] != 429:
        assert len(statuses) < 1000, "never limited"
        answer = ask()
        statuses.append(answer.status)
    assert_limited(answer)
    return statuses


def assert_limited(answer):
    assert answer.status == 429, answer
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Content-Type"] == "application/problem+json"


# ── How often ───────────────────────────────────────────────────────────────────────────────────────────────

def test_rate_of_a_key(make_server):
    """Its burst, and then no more until it has rested; another key of the same address is not touched."""
    server = make_server(flags=("--key-rate", "1", "--key-burst", "5"))
    world = World(server)
    other = World(server, name="Other", email="sam@other.test")
    statuses = until_limited(lambda: world.api.get(ME))
    assert statuses[:5] == [200] * 5
    assert server.metrics()["requests_limited_total"] == 1
    assert other.api.get(ME).status == 200


def test_a_limited_write_changes_nothing(make_server):
    server = make_server(flags=("--key-rate", "1", "--key-burst", "3"))
    world = World(server)
    world.object = world.add_object("Visit")
    statuses = until_limited(lambda: world.api.post(LOG, world.body()))
    assert server.metrics()["activities_logged_total"] == statuses.count(201) == len(statuses) - 1


def test_rate_of_an_address(make_server):
    """All that it asks, pages and unauthenticated requests included, before a body is read; its neighbour is not touched."""
    server = make_server(flags=("--address-rate", "1", "--address-burst", "5"))
    crowd = client(server, "127.0.0.2")
    assert len(until_limited(lambda: crowd.get("/"))) > 5
    until_limited(lambda: crowd.post(LOG, b"x" * 100_000))
    assert client(server, "127.0.0.3").get("/healthz").status == 200
    assert server.metrics()["requests_limited_total"] >= 2


def test_by_default_a_key_is_not_limited(world):
    assert {world.api.get(ME).status for _ in range(300)} == {200}
    assert world.server.metrics()["requests_limited_total"] == 0


# ── Wrong credentials ───────────────────────────────────────────────────────────────────────────────────────

def test_wrong_credentials_throttle_their_address(world):
    """Sixty in a minute; then nothing is looked up for it, whatever it presents, be it right."""
    guesser = client(world.server, "127.0.0.2")
    statuses = until_limited(lambda: guesser.get(ME, headers=forged(world)))
    assert len(statuses) > 60
    # Neither a session's cookie nor another way of using the key is a way around it.
    cookie = {"Cookie": "herald_session=" + secrets.token_urlsafe(32)}
    statuses += until_limited(lambda: guesser.get(ME, headers=cookie))
    statuses += until_limited(lambda: guesser.post(LOG, world.body(), headers=forged(world)))
    assert statuses.count(401) < 70
    metrics = world.server.metrics()
    assert metrics["credentials_wrong_total"] == statuses.count(401)
    assert metrics["credentials_throttled_total"] == statuses.count(429) == 3
    # The neighbour is not touched.
    assert client(world.server, "127.0.0.3", world.api.credentials).get(ME).status == 200


def test_a_right_key_survives_a_bad_neighbour_at_its_address(world):
    """Behind one address of an office or a proxy one forger must not shut out who is known to be right."""
    office = client(world.server, "127.0.0.2")
    assert office.get(ME, headers=world.api.credentials).status == 200
    while office.get(ME, headers=forged(world)).status == 401:
        pass
    assert office.get(ME, headers=world.api.credentials).status == 200
    assert_limited(office.get(ME, headers=forged(world)))


def test_missing_credentials_throttle_nobody(world):
    """They cost nothing, and a page asks who is signed in before anybody is."""
    visitor = client(world.server, "127.0.0.2")
    assert {visitor.get(ME).status for _ in range(100)} == {401}
    assert visitor.get(ME, headers=world.api.credentials).status == 200


def test_throttling_can_be_switched_off(make_server):
    world = World(make_server(flags=("--credential-failures", "0")))
    guesser = client(world.server, "127.0.0.2")
    assert {guesser.get(ME, headers=forged(world)).status for _ in range(100)} == {401}


# ── Behind a proxy ──────────────────────────────────────────────────────────────────────────────────────────

def test_a_proxy_speaks_for_its_clients(make_server):
    """Limits go by what the proxy says who they are; what the client itself has written into the list is not believed."""
    world = World(make_server(flags=("--behind-proxy", "127.0.0.0/30")))
    proxy = client(world.server, "127.0.0.2")

    def guess(forwarded, via=proxy):
        return via.get(ME, headers=forged(world, **{"X-Forwarded-For": forwarded})).status

    while guess("192.0.2.1") == 401:
        pass
    for invented in ("10.0.0.1, 192.0.2.1", "192.0.2.9, 192.0.2.1, 127.0.0.1"):
        assert guess(invented) == 429
    assert guess("192.0.2.2") == 401
    # An IPv6 client is its /64.
    while guess("2001:db8:1:1::1") == 401:
        pass
    assert guess("2001:db8:1:1:ffff::7") == 429
    assert guess("2001:db8:1:2::1") == 401
    # Who is no proxy speaks for itself alone.
    assert guess("192.0.2.1", via=client(world.server, "127.0.0.9")) == 401
    wait_for(lambda: {"192.0.2.1", "2001:db8:1:1::1", "127.0.0.9"} <= {
        entry["address"] for entry in world.server.process.messages("request refused")}, "the lines of the log")


def test_off_loopback_without_tls_only_the_proxy_is_answered(make_server):
    """Whoever else speaks there has sent its credentials in the clear, and could say anything of itself."""
    for network, status in (("10.255.0.0/16", 403), ("127.0.0.0/8", 200)):
        server = make_server(start=False)
        server.start(flags=["--listen", "0.0.0.0:0", "--host", "127.0.0.1", "--behind-proxy", network])
        port = server.address.rsplit(":", 1)[1]
        assert answer_of(tcp(f"127.0.0.1:{port}"), asking_for("127.0.0.1"))[0] == status
        # The operators' listener has no credentials to lose: what scrapes it is no proxy.
        assert server.metrics()["http_requests_total"] >= 1


# ── Which hosts are answered for ────────────────────────────────────────────────────────────────────────────

def answer_of(connection, data):
    """The status of the first answer, 0 without one, and whether the connection was closed after it."""
    with connection:
        connection.settimeout(60)
        connection.sendall(data)
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            body = response.read()
        except (http.client.HTTPException, ConnectionError):
            return 0, b""
        return response.status, body


def unix(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def tcp(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)))


def asking_for(host, target="/healthz"):
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest.mark.engine("sqlite")
def test_every_listener_has_a_list_of_hosts(server, tmp_path):
    """The API, the operators' listener, the administration socket, the relay and its metrics."""
    slack = Slack()
    relay = Relay(tmp_path / "relay", slack, slack).start()
    listeners = {
        "api": lambda: tcp(server.address), "metrics": lambda: tcp(server.metrics_address),
        "admin": lambda: unix(server.data / "admin.sock"), "relay": lambda: tcp(relay.address),
        "relay metrics": lambda: tcp(relay.process.wait_message("metrics listening")["address"])}
    for name, dial in listeners.items():
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", "192.168.0.1"):
            status, body = answer_of(dial(), asking_for(host))
            assert status == 421, (name, host, status)
            assert b"host" in body
        assert answer_of(dial(), asking_for("localhost"))[0] != 421, name
        assert answer_of(dial(), b"GET /healthz HTTP/1.1\r\n\r\n")[0] == 400, name
    relay.finish()
    slack.close()


@pytest.mark.engine("sqlite")
def test_hosts_that_were_named_are_answered_for(make_server):
    server = make_server(flags=("--host", "crm.example.test"))
    assert answer_of(tcp(server.address), asking_for("CRM.example.test:443"))[0] == 200
    assert answer_of(tcp(server.metrics_address), asking_for("crm.example.test"))[0] == 200
    assert answer_of(tcp(server.address), asking_for("other.example.test"))[0] == 421


# ── Requests that mean one thing to us and another to somebody in front ─────────────────────────────────────

HOST = "Host: 127.0.0.1\r\n"
CHUNKED = f"POST /api/session HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n"
TORN = {
    "bare LF everywhere": f"GET /healthz HTTP/1.1\n{HOST}\n".replace("\r\n", "\n"),
    "bare LF after the first line": f"GET /healthz HTTP/1.1\n{HOST}\r\n",
    "bare LF after a header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\nX-B: c\r\n\r\n",
    "bare LF after the last header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\n\r\n",
    "bare LF as the empty line": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\r\n\n",
    "bare CR in a value": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\rX-B: c\r\n\r\n",
    "bare CR everywhere": f"GET /healthz HTTP/1.1\r{HOST}\r".replace("\r\n", "\r"),
    "NUL in a value": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\0c\r\n\r\n",
    "NULs at the end of the last value": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\0\0\0\0\r\n\r\n",
    "NULs in the last value": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\0\0\0\0c\r\n\r\n",
    "NUL in a name": f"GET /healthz HTTP/1.1\r\n{HOST}X-\0A: b\r\n\r\n",
    "NUL in the target": f"GET /healthz\0x HTTP/1.1\r\n{HOST}\r\n",
    "NUL in the method": f"GET\0 /healthz HTTP/1.1\r\n{HOST}\r\n",
    "NUL in Host": "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\0.evil.example\r\n\r\n",
    "a folded header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\r\n c\r\n\r\n",
    "a folded header, by a tab": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: b\r\n\tc\r\n\r\n",
    "a header that is folded to nothing": f"GET /healthz HTTP/1.1\r\n{HOST}X-A:\r\n \r\n\r\n",
    "a folded Host": "GET /healthz HTTP/1.1\r\nHost:\r\n 127.0.0.1\r\n\r\n",
    "a fold before the first header": f"GET /healthz HTTP/1.1\r\n X-A: b\r\n{HOST}\r\n",
    "absolute-form, this host": f"GET http://127.0.0.1/healthz HTTP/1.1\r\n{HOST}\r\n",
    "absolute-form, another host": f"GET http://evil.example/healthz HTTP/1.1\r\n{HOST}\r\n",
    "authority-form": f"CONNECT 127.0.0.1:80 HTTP/1.1\r\n{HOST}\r\n",
    "asterisk-form": f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n",
    "two blanks": f"GET  /healthz HTTP/1.1\r\n{HOST}\r\n",
    "tabs for blanks": f"GET\t/healthz\tHTTP/1.1\r\n{HOST}\r\n",
    "a blank in the target": f"GET /heal thz HTTP/1.1\r\n{HOST}\r\n",
    "a blank after the version": f"GET /healthz HTTP/1.1 \r\n{HOST}\r\n",
    "no version": f"GET /healthz\r\n{HOST}\r\n",
    "another version": f"GET /healthz HTTP/1.2\r\n{HOST}\r\n",
    "HTTP/2's beginning": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a blank before the colon": "GET /healthz HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
    "no colon": f"GET /healthz HTTP/1.1\r\n{HOST}X-A\r\n\r\n",
    "no name": f"GET /healthz HTTP/1.1\r\n{HOST}: x\r\n\r\n",
    "a name that is no token": f"GET /healthz HTTP/1.1\r\n{HOST}X(A): b\r\n\r\n",
    "three hundred headers": f"GET /healthz HTTP/1.1\r\n{HOST}" + "A:b\r\n" * 300 + "\r\n",
    "ten thousand headers": f"GET /healthz HTTP/1.1\r\n{HOST}" + "A:b\r\n" * 10_000 + "\r\n",
    "user and host": "GET /healthz HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n",
    "two hosts in one": "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1, evil.example\r\n\r\n",
    "an empty host": "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
    "the same coding twice": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "an almost known coding": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding with a vertical tab": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
    "a coding with a tab": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    "an empty coding": f"POST / HTTP/1.1\r\n{HOST}Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "a coding in HTTP/1.0": f"POST / HTTP/1.0\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length with a plus": f"POST / HTTP/1.1\r\n{HOST}Content-Length: +3\r\n\r\nabc",
    "two lengths in one": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 3, 3\r\n\r\nabc",
    "an empty length": f"POST / HTTP/1.1\r\n{HOST}Content-Length:\r\n\r\nabc",
    "a length with a blank": f"POST / HTTP/1.1\r\n{HOST}Content-Length: 3 4\r\n\r\nabc",
    "a length beyond all": f"POST / HTTP/1.1\r\n{HOST}Content-Length: {'9' * 30}\r\n\r\nabc",
    "a chunk with 0x": CHUNKED + "0x3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a plus": CHUNKED + "+3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a minus": CHUNKED + "-3\r\nabc\r\n0\r\n\r\n",
    "a chunk with a blank": CHUNKED + "3 \r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all": CHUNKED + "10000000000000003\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer": CHUNKED + "3\r\nabcX\r\n0\r\n\r\n",
    "a chunk without an end": CHUNKED + "3\r\nabc0\r\n\r\n",
}
SMUGGLED = f"GET /api/smuggled HTTP/1.1\r\n{HOST}\r\n"


@pytest.mark.engine("sqlite")
def test_what_can_be_read_in_two_ways_is_refused_and_closed(server):
    """Nothing behind it is believed; each is counted, and those that came as far as a first line are logged."""
    for what, data in TORN.items():
        before = server.metrics()["http_refused_total"]
        got = b""
        with tcp(server.address) as connection, contextlib.suppress(ConnectionError):
            connection.settimeout(60)
            connection.sendall((data + SMUGGLED).encode("latin-1"))
            while piece := connection.recv(65536):
                got += piece
        statuses = [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:] if part[:3].isdigit()]
        assert all(400 <= status < 600 for status in statuses[:1]), (what, got)
        assert len(statuses) <= 1 or b"HTTP/1.1" in got.split(b"\r\n\r\n", 1)[1], (what, statuses)
        assert b"There is nothing at this address" not in got, f"{what}: what was smuggled was answered"
        if what not in QUIET:
            wait_for(lambda: server.metrics()["http_refused_total"] > before, f"it to be counted: {what}")
        assert server.metrics()["http_refused_total"] <= before + 1, what
    server.process.wait_message("request refused")
    entries = server.process.messages("request refused")
    assert all(e["address"] == "127.0.0.1" and e["request"] and e["reason"] for e in entries)


# What is no HTTP in its first line, or goes wrong in the middle of a body, is not counted as a refused request.
QUIET = {"bare CR everywhere", "a blank after the version", "no version", "NUL in the method", "tabs for blanks", "a blank in the target", "HTTP/2's beginning",
         "a chunk with 0x", "a chunk with a plus", "a chunk with a minus", "a chunk with a blank", "a chunk beyond all",
         "a chunk that is longer", "a chunk without an end"}


@pytest.mark.engine("sqlite")
def test_lines_of_every_length_are_read(server):
    """What is sound is not taken for torn, however it is cut: headers of all lengths, with blanks or without, one by one."""
    head = [HOST, "X-None:\r\n", "X-Blank:   \r\n", "X-Tab:\ta b\t\r\n", f"X-Long: {'v' * 3000}\r\n",
            "Cookie: a=b; c=\"d e\"\r\n", "Accept: */*\r\n"]
    for i in range(len(head)):
        text = ("GET /healthz HTTP/1.1\r\n" + "".join(head[i:] + head[:i]) + "\r\n").encode()
        for size in (len(text), 1000, 1):
            with tcp(server.address) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for _ in range(2):
                    for at in range(0, len(text), size):
                        connection.sendall(text[at:at + size])
                    response = http.client.HTTPResponse(connection)
                    response.begin()
                    assert response.status == 200, response.read()
                    response.read()


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("name", ["X-API-KEY", "X-BUSINESS-ID", "X-USER-ID"])
def test_credentials_with_a_nul_or_twice_are_refused(server, name):
    world = World(server)
    lines = {n: f"{n}: {v}" for n, v in world.api.credentials.items()}
    for change, expected in (("{0}\0junk", 400), ("{0}\r\n{0}", 401), ("{0}\r\n" + name + ": x", 401), ("{0}", 200)):
        changed = "\r\n".join({**lines, name: change.format(lines[name])}.values())
        data = f"GET {ME} HTTP/1.1\r\n{HOST}{changed}\r\n\r\n".encode()
        assert answer_of(tcp(server.address), data)[0] == expected, change


# ── Verbs ───────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.engine("sqlite")
def test_unlisted_verbs(world):
    """On every path of the description: 405 with Allow for what HTTP knows, 501 for the rest; counted, and nothing happens."""
    server, before = world.server, world.server.metrics()
    asked = 0
    taken = {}
    for operation in operations():
        taken.setdefault(operation.path, set()).add(operation.method.upper())
    for path, methods in taken.items():
        target = re.sub(r"{\w+}", lambda _: new_id(), path.replace("{object}", "contacts"))
        for verb in ({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods):
            answer = world.api.request(verb, target)
            assert answer.status == 405, (verb, target, answer)
            allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
            assert methods <= allowed and verb not in allowed, (verb, target, allowed)
            asked += 1
    for verb in ("TRACE", "CONNECT", "PROPFIND", "FOO", "get"):
        [answer], closed = raw(server, f"{verb} /api/session HTTP/1.1\r\n{HOST}\r\n".encode(), verb, "/api/session")
        assert answer.status == 501 and closed
        asked += 1
    after = server.metrics()
    assert after["http_4xx_total"] + after["http_refused_total"] - before["http_4xx_total"] >= asked
    assert after["http_refused_total"] - before["http_refused_total"] == 5


# ── Members that a caller may not set ───────────────────────────────────────────────────────────────────────

OURS = {"id": "0193a1b2-0000-7000-8000-000000000001", "business_id": "0193a1b2-0000-7000-8000-000000000002",
        "user_id": "0193a1b2-0000-7000-8000-000000000003", "created_at": "2020-01-01T00:00:00Z", "archived_at": None,
        "settings_version": 1, "is_owner": True, "hash": "x", "__proto__": {"admin": True}}


@pytest.mark.engine("sqlite")
def test_members_that_callers_may_not_set_are_refused(server):
    """In each operation that is not wire, with a body that works otherwise: all of them are named, and nothing changes."""
    world = ExampleWorld(server)
    refused = 0
    for operation in operations():
        schema = operation.operation.get("requestBody")
        if not schema or operation.wire:
            continue
        for name, body in operation.examples.items():
            if not isinstance(body, dict):
                continue
            target, body = world.target(operation), world.replaced(body)
            added = {member: value for member, value in OURS.items() if member not in body}
            answer = world.api.request(operation.method, target, {**body, **added}, headers=world.headers(operation, target))
            known = set(contract()._follow(operation.content["schema"]).get("properties", {}))
            assert answer.status in (401, 403, 422), (operation.name, name, answer)
            if answer.status == 422:
                theirs = {f"/{member}" for member in added if member not in known}
                assert theirs <= set(answer.pointers), (operation.name, name, answer)
                refused += len(theirs)
    assert refused > 100
    assert server.metrics()["refused_members_total"] >= refused


@pytest.mark.engine("sqlite")
def test_members_that_wire_ignores_change_nothing(world):
    """They are counted; what the server sets, it sets."""
    world.object = world.add_object("Visit")
    before = world.server.metrics()["unknown_members_total"]
    forged_members = {**OURS, "logged_by": {"id": new_id()}, "logged_at": "2020-01-01T00:00:00Z",
                      "completed_at": "2020-01-01T00:00:00Z", "completed_by": {"id": new_id()}}
    logged = world.log(**forged_members)
    assert logged["logged_by"]["id"] == world.employee and logged["id"] != OURS["id"]
    assert logged["logged_at"] > "2021" and logged["completed_at"] is None and logged["completed_by"] is None
    assert world.server.metrics()["unknown_members_total"] - before == len(forged_members)


# ── What a refusal gives away ───────────────────────────────────────────────────────────────────────────────

@pytest.mark.plain
@pytest.mark.engine("sqlite")
def test_no_such_key_and_wrong_key_are_not_told_apart(make_server, tmp_path):
    """
    By statements and instructions, not by time: a key that nobody has, one of another Business, one with another's user,
    and one that has been revoked cost the same, give the same answer, and each is looked up by its hash, so that how much
    of a key is right shows nowhere.
    """
    counter = instructions.Callgrind(tmp_path)
    server = make_server(prefix=counter.prefix, flags=["--workers", "1", "--credential-failures", "0"])
    world, other = World(server), World(server, name="Other", email="sam@other.test")
    right = world.api.credentials
    almost = right["X-API-KEY"][:-1] + ("A" if right["X-API-KEY"][-1] != "A" else "B")
    ways = {
        "nobody's key": {**right, "X-API-KEY": "hk_" + secrets.token_urlsafe(32)},
        "all but the last letter": {**right, "X-API-KEY": almost},
        "another Business": {**right, "X-BUSINESS-ID": other.business},
        "another's key": {**right, "X-API-KEY": other.key},
        "another's user": {**right, "X-USER-ID": other.user},
        "a Business that is none": {**right, "X-BUSINESS-ID": new_id()},
    }
    count, costs, bodies = 20, {}, set()
    for way, headers in ways.items():
        Api(server).get(ME, headers=headers)
        counter.begin(server)
        for _ in range(count):
            answer = Api(server).get(ME, headers=headers)
            assert answer.status == 401
            bodies.add(answer.json["detail"])
        told = counter.end(server)
        assert instructions.calls_of(told, "db_query") == count, way
        costs[way] = instructions.of(told, {"route_dispatch"}) / count
    assert len(bodies) == 1
    print({way: round(cost) for way, cost in costs.items()})
    assert max(costs.values()) < 1.25 * min(costs.values()), costs


# ── What all of it costs ────────────────────────────────────────────────────────────────────────────────────

LIMITERS = {"limiter_take", "limiter_has", "limiter_charge"}


@pytest.mark.plain
@pytest.mark.engine("sqlite")
def test_limits_cost_little(make_server, tmp_path):
    """With every limit on: a few hundred instructions a request; no allocation and no query."""
    counter = instructions.Callgrind(tmp_path)
    server = make_server(prefix=counter.prefix, flags=[
        "--workers", "1", "--key-rate", "1000000", "--address-rate", "1000000"])
    world, count = World(server), 50
    world.api.get(ME)
    counter.begin(server)
    for _ in range(count):
        assert world.api.get(ME).status == 200
    costs = counter.end(server)
    calls = sum(instructions.calls_of(costs, name) for name in LIMITERS)
    each = instructions.of(costs, LIMITERS) / count
    print(f"{calls / count:.1f} calls and {each:.0f} instructions a request")
    assert count <= calls <= 4 * count
    assert each < 2000
    assert not [pair for pair in costs if pair[0] in LIMITERS and pair[1] in ("malloc", "mem_alloc", "db_query")]
