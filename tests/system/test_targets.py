"""I5: nothing is sent to an address that the target guard refuses, however it is written and whatever DNS says."""

import itertools
import socket

import pytest

from support.dns import Dns, possible
from support.receiver import Receiver, Reply
from support.world import World

# Each leads to this machine, into a private network, or to what only a machine inside one should reach.
HOSTILE = {
    "loopback": ["127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "localhost", "LOCALHOST"],
    "loopback in other digits": ["2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "017700000001",
                                 "0177.0.1", "127.0x1", "%31%32%37.0.0.1", "１２７.0.0.1", "127。0。0。1"],
    "unspecified": ["0.0.0.0", "0", "0x0", "00", "0.1.2.3", "[::]"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "0xa000001", "167772161",
                "3232235777", "0300.0250.1.1", "[fc00::1]", "[fdff::1]", "[fec0::1]"],
    "link-local": ["169.254.0.1", "[fe80::1]", "[febf::1]"],
    "cloud metadata": ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]",
                       "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
    "carrier NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast and broadcast": ["224.0.0.1", "239.255.255.255", "255.255.255.255", "[ff02::1]", "[ff0e::1]"],
    "benchmark, documentation, reserved": ["198.18.0.1", "198.19.255.255", "192.0.2.1", "198.51.100.1", "203.0.113.1",
                                           "192.88.99.1", "240.0.0.1", "[2001:db8::1]", "[100::1]", "[4000::1]"],
    "IPv4 within IPv6": ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]",
                         "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::1]",
                         "[2002:c0a8:101::1]", "[2001::1]", "[::1]", "[0:0:0:0:0:0:0:1]"],
}
TARGETS = [host for hosts in HOSTILE.values() for host in hosts]


def failed(world, object_id):
    delivery = world.finished(world.log(object_id)["id"])
    assert delivery["state"] == "failed"
    return delivery["attempts"][0]


@pytest.mark.core
def test_i5_hostile_targets(make_server, receiver):
    """Each is refused when it is configured, or blocked when it is to be connected to; nothing arrives anywhere."""
    assert len(set(TARGETS)) >= 60
    world = World(make_server(allow=()), webhook=receiver.url())
    seen = Receiver("::1", family=socket.AF_INET6)
    configured = {}
    for i, host in enumerate(TARGETS):
        body = {"name": f"Target {i}", "default_submission_action": "trigger_webhook",
                "webhook_url": f"http://{host}:{receiver.port}/hook"}
        answer = world.api.post("/api/activities/objects", body)
        if answer.status == 422:
            assert set(answer.pointers) == {"/webhook_url"}
        else:
            assert answer.status == 201, (host, answer)
            configured[host] = answer.json["id"]
    assert {"127.0.0.1", "localhost", "2130706433", "[::1]", "169.254.169.254"} <= set(configured)
    logged = {host: world.log(object_id)["id"] for host, object_id in configured.items()}
    classes = {host: world.finished(activity)["attempts"][0]["error_class"] for host, activity in logged.items()}
    assert {host: found for host, found in classes.items() if found != "blocked_target"} == {}
    assert receiver.connections == seen.connections == 0
    seen.close()


def test_i5_no_redirect_leads_to_one(make_server, receiver):
    """What a permitted receiver redirects to is not asked for: it is the answer, and a failure."""
    inside = Receiver("127.0.0.2")
    world = World(make_server(allow=("127.0.0.1",)), webhook=receiver.url())
    for status in (301, 302, 303, 307, 308):
        for host in (f"127.0.0.2:{inside.port}", f"localhost:{inside.port}", "169.254.169.254"):
            receiver.replies["/hook"] = Reply(status=status, headers=(("Location", f"http://{host}/"),))
            attempt = failed(world, world.object)
            assert attempt["status"] == status
    assert inside.connections == 0
    inside.close()


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────

needs_dns = pytest.mark.skipif(not possible(), reason=possible.__doc__)


@pytest.fixture
def dns():
    made = Dns()
    yield made
    made.close()


def hook(world, name, port):
    return world.add_object(f"At {name}", webhook=f"http://{name}:{port}/hook")


@needs_dns
def test_i5_a_name_with_several_addresses_leads_only_to_the_permitted(make_server, receiver, dns, tmp_path):
    inside = Receiver("127.0.0.2", port=receiver.port)
    dns.answers = {"some.test": lambda: ["127.0.0.2", "10.0.0.1", "127.0.0.1", "::1"], "none.test": lambda: [
        "127.0.0.2", "10.0.0.1", "169.254.169.254", "::1", "fe80::1"]}
    world = World(make_server(allow=("127.0.0.1",), prefix=dns.prefix(tmp_path)), webhook=receiver.url())
    some, none = hook(world, "some.test", receiver.port), hook(world, "none.test", receiver.port)
    assert world.finished(world.log(some)["id"])["state"] == "delivered"
    assert failed(world, none)["error_class"] == "blocked_target"
    assert inside.connections == 0
    inside.close()


@needs_dns
def test_i5_a_name_that_changes_its_address_gains_nothing(make_server, receiver, dns, tmp_path):
    """Public when it is configured and looked at first, inside when it is connected to."""
    inside = Receiver("127.0.0.2", port=receiver.port)
    turns = itertools.cycle(["127.0.0.1"] * 2 + ["127.0.0.2"] * 2)  # each look-up asks twice, for A and AAAA
    dns.answers = {f"turn{i}.test": lambda: [next(turns)] for i in range(11)}
    world = World(make_server(allow=("127.0.0.1",), prefix=dns.prefix(tmp_path)), webhook=receiver.url())
    ids = [world.log(hook(world, name, receiver.port))["id"] for name in dns.answers]
    states = [world.finished(activity)["state"] for activity in ids]
    assert {"delivered", "failed"} == set(states)
    assert len(receiver.all()) == states.count("delivered")
    assert inside.connections == 0
    inside.close()


@needs_dns
def test_i5_names_that_the_operator_allows_and_denies(make_server, receiver, dns, tmp_path):
    dns.answers = dict.fromkeys(("hooks.inside.test", "bad.inside.test", "inside.test", "any.test"),
                                lambda: ["127.0.0.1"])
    server = make_server(allow=("*.inside.test",), flags=("--deny-target", "bad.inside.test"),
                         prefix=dns.prefix(tmp_path))
    world = World(server, webhook=receiver.url())
    allowed = hook(world, "hooks.inside.test", receiver.port)
    assert world.finished(world.log(allowed)["id"])["state"] == "delivered"
    for name in ("bad.inside.test", "inside.test", "any.test", "127.0.0.1"):
        assert failed(world, hook(world, name, receiver.port))["error_class"] == "blocked_target"
    assert len(receiver.all()) == 1


def test_i5_what_is_denied_is_not_reached_although_it_is_allowed(make_server, receiver):
    server = make_server(allow=("127.0.0.0/8",), flags=("--deny-target", "127.0.0.2/32"))
    inside = Receiver("127.0.0.2")
    world = World(server, webhook=receiver.url())
    denied = world.add_object("Denied", webhook=inside.url())
    attempt = failed(world, denied)
    assert attempt["error_class"] == "blocked_target"
    assert "127.0.0.2" in attempt["detail"]
    assert world.finished(world.log()["id"])["state"] == "delivered"
    assert inside.connections == 0
    inside.close()


def test_i5_only_what_is_allowed_where_everything_is_denied(make_server, receiver):
    server = make_server(allow=("127.0.0.1",), flags=("--deny-target", "*"))
    world = World(server, webhook=receiver.url())
    assert world.finished(world.log()["id"])["state"] == "delivered"
    assert failed(world, world.add_object("Public", webhook="http://192.0.2.7/"))["error_class"] == "blocked_target"


def test_i5_no_proxy_leads_around_the_guard(make_server, receiver):
    proxy = Receiver()
    names = ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")
    server = make_server(allow=(), env={name: f"http://{proxy.host}" for name in names} | {"no_proxy": ""})
    world = World(server, webhook=receiver.url())
    assert failed(world, world.object)["error_class"] == "blocked_target"
    assert proxy.connections == receiver.connections == 0
    proxy.close()
