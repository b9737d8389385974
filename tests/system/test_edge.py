"""The edge: who may ask how often, who a client is behind a proxy, which hosts are answered for, and hostile requests."""

import secrets

from support.api import Api
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
    address = [e["address"] for e in world.server.process.messages("request refused")]
    assert {"192.0.2.1", "2001:db8:1:1::1", "127.0.0.9"} <= set(address)
