"""Idempotency-Key: a request to log that is repeated logs nothing again and gets the first one's answer. M8; I1, I3."""

import http.client
import itertools
import json
import socket
import threading

import pytest

from support.api import Api, raw
from support.sql import number
from support.wait import wait_for
from support.world import World
from test_nodes import on

KEY = "3f0c1c2e-order/77#1"
pytestmark = pytest.mark.core


def post(world, key=KEY, body=None, **more):
    return world.api.post("/api/activities/logged", body or world.body(**more), headers={"Idempotency-Key": key})


def logged(world):
    return world.api.pages("/api/activities/logged")


def is_repeat_of(again, first):
    assert again.status == first.status == 201, (again, first)
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"]
    assert first.headers["Idempotent-Replayed"] is None and again.headers["Idempotent-Replayed"] == "true"
    return True


def test_a_repeat_gets_the_first_answer(world, receiver):
    first = post(world)
    receiver.wait_for_activity(first.json["id"])
    assert is_repeat_of(post(world), first)
    assert is_repeat_of(post(world), first)
    other = post(world, key=KEY + "x")
    assert other.json["id"] != first.json["id"]
    world.quiet()
    assert receiver.counts() == {first.json["id"]: 1, other.json["id"]: 1}
    assert len(logged(world)) == 2


def test_the_same_members_in_another_order_are_the_same_request(world):
    body = world.body()
    first = post(world, body=json.dumps(body).encode())
    turned = json.dumps(dict(reversed(body.items())), indent=3).encode()
    assert turned != json.dumps(body).encode()
    assert is_repeat_of(post(world, body=turned), first)


def test_another_body_under_the_key_is_refused(world, receiver):
    first = post(world)
    refused = post(world, notes="something else")
    assert refused.status == 422 and "Idempotency-Key" in refused.json["detail"]
    assert is_repeat_of(post(world), first)
    assert len(logged(world)) == 1


def test_a_refused_request_is_not_remembered(world):
    assert post(world, mentions=["nobody"]).status == 422
    assert post(world).status == 201


@pytest.mark.parametrize("key,status", [
    ("x" * 255, 201), ("x" * 256, 400), ("", 400), ("two words", 400), ("!~", 201), ("tab\tkey", 400), ("gr\xfcn", 400)])
def test_keys_are_visible_ascii_of_limited_length(world, key, status):
    assert post(world, key=key).status == status


def test_a_repeated_header_is_refused(world, server):
    lines = [f"{n}: {v}" for n, v in world.api.credentials.items()]
    body = json.dumps(world.body()).encode()
    head = ["POST /api/activities/logged HTTP/1.1", f"Host: {server.address}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", "Idempotency-Key: a", "idempotency-key: a", *lines, "", ""]
    [answer], _ = raw(server, "\r\n".join(head).encode() + body, "POST", "/api/activities/logged")
    assert answer.status == 400 and logged(world) == []


def test_keys_are_each_employees_own(world, server, receiver):
    sam = server.admin("employee", "add", "--business", world.business, "--first-name", "Sam", "--last-name", "Stone",
                       "--email", "sam@acme.test")["user_id"]
    key = server.admin("key", "add", "--user", sam, "--name", "tests")["api_key"]
    colleague = Api(server, key, world.business, sam)
    other = World(server, webhook=receiver.url("/other"), name="Other", email="kim@other.test")
    mine = post(world)
    theirs = colleague.post("/api/activities/logged", world.body(), headers={"Idempotency-Key": KEY})
    elsewhere = post(other)
    assert mine.status == theirs.status == elsewhere.status == 201
    assert len({a.json["id"] for a in (mine, theirs, elsewhere)}) == 3
    assert all(a.headers["Idempotent-Replayed"] is None for a in (mine, theirs, elsewhere))


def test_a_repeat_is_answered_whatever_has_changed_since(world, receiver):
    """What was answered once stays true, although the same request would be refused, or answered otherwise, today."""
    first = post(world)
    path = f"/api/activities/objects/{world.object}"
    change = {"name": "Client Call", "webhook_url": receiver.url("/elsewhere")}
    assert world.api.patch(path, change, headers={"If-Match": world.api.get(path).headers["ETag"]}).status == 200
    assert is_repeat_of(post(world), first)
    world.quiet()
    assert [r.path for r in receiver.all()] == ["/hook"]


def test_what_was_deleted_is_not_told_again(world):
    first = post(world)
    assert world.api.request("DELETE", f"/api/activities/logged/{first.json['id']}").status == 204
    refused = post(world)
    assert refused.status == 409 and "deleted" in refused.json["detail"]
    assert world.notes.encode() not in refused.body
    assert logged(world) == []


@pytest.mark.parametrize("clients", [2, 12])
def test_at_the_same_moment_one_is_logged(world, receiver, clients):
    for number in range(8):
        answers, barrier = [], threading.Barrier(clients)

        def run(key):
            barrier.wait()
            answers.append(post(world, key=key))

        threads = [threading.Thread(target=run, args=(f"round-{number}",)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [a.status for a in answers] == [201] * clients, answers
        assert len({a.body for a in answers}) == 1
        assert sum(a.headers["Idempotent-Replayed"] is None for a in answers) == 1
    world.quiet()
    assert len(logged(world)) == 8 and sorted(receiver.counts().values()) == [1] * 8


def test_a_lost_answer(world, server, receiver):
    """The client is gone before the answer comes; its repeat gets it."""
    body = json.dumps(world.body()).encode()
    lines = [f"{n}: {v}" for n, v in world.api.credentials.items()]
    head = ["POST /api/activities/logged HTTP/1.1", f"Host: {server.address}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", f"Idempotency-Key: {KEY}", *lines, "", ""]
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall("\r\n".join(head).encode() + body)
    [request] = receiver.wait(1)[:1]
    again = post(world)
    assert again.status == 201 and again.json["id"] == request.activity
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(logged(world)) == 1


def start_and_kill(world, position):
    """Starts the server so that it dies at this position in the next request, and sends that."""
    server, at = world.server, 1
    for _ in range(12):
        server.start(env={"HERALD_FAULTS": f"{position}={at}"}, wait=False)
        try:
            server.wait_listening()
        except AssertionError:
            assert not server.running  # it passed there before it listened
            server.kill()
            at += 1
            continue
        with pytest.raises((OSError, http.client.HTTPException)):
            post(world)
        wait_for(lambda: not server.running, f"the kill at {position}")
        server.kill()
        if position == "before_commit" or number(server, "SELECT count(*) FROM logged_activity"):
            return
        # It was the commit that notes the key's use, which went first: once more.
    raise AssertionError("it never dies in the request")


@pytest.mark.parametrize("position,kept", [("before_commit", False), ("after_commit", True)])
def test_m8_killed_before_the_answer(make_server, receiver, position, kept):
    """The repeat logs it if it was not committed, and gets the answer that nobody heard if it was."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    server.stop()
    start_and_kill(world, position)
    server.start()
    again = post(world)
    assert again.status == 201
    assert (again.headers["Idempotent-Replayed"] == "true") == kept
    record = {name: value for name, value in again.json.items() if name != "submission_action"}
    assert logged(world) == [record]
    world.finished(again.json["id"])
    assert receiver.counts() == {again.json["id"]: 1}
    # The one that was answered for the first time now is remembered just so.
    assert post(world).body == again.body and len(logged(world)) == 1


@pytest.mark.engine("postgres")
def test_i11_on_two_nodes_one_is_logged(make_server, receiver, engine):
    """The same request, and the same completion, at two nodes at the same moment."""
    first = World(make_server(name="one"), webhook=receiver.url())
    second = on(first, make_server(name="two"))
    for number in range(12):
        scheduled = first.api.ok("POST", "/api/activities/scheduled-activity", {
            "activity_object_id": first.object, "due_datetime": "2031-05-04T10:00:00Z"})
        repeats, completions, barrier = [], [], threading.Barrier(8)

        def run(world, completes):
            barrier.wait()
            if completes:
                completions.append(world.api.post(f"/api/activities/scheduled-activity/{scheduled['id']}/complete", {}))
            else:
                repeats.append(post(world, key=f"round-{number}"))

        threads = [threading.Thread(target=run, args=args) for args in
                   itertools.product((first, second), (True, False, True, False))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [a.status for a in repeats] == [201] * 4 and len({a.body for a in repeats}) == 1, repeats
        [won] = [a.json["id"] for a in completions if a.status == 201]
        assert [a.json["logged_activity_id"] for a in completions if a.status == 409] == [won] * 3, completions
    first.quiet()
    assert len(logged(second)) == 24 and sorted(receiver.counts().values()) == [1] * 24


@pytest.mark.slow
def test_m8_kills_under_load_with_keys(make_server, receiver):
    """Each client repeats its request until it is answered, over several kills: one activity a key."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    answers, broken, stop = {}, [], threading.Event()

    def client(number):
        for i in range(10000):
            key = f"client-{number}-{i}"
            while key not in answers:
                if stop.is_set():
                    return
                try:
                    answer = post(world, key=key)
                except (OSError, http.client.HTTPException):
                    stop.wait(0.01)
                    continue
                if answer.status == 201:
                    answers[key] = answer.json["id"]
                elif answer.status != 503:
                    broken.append(answer)
                    return

    threads = [threading.Thread(target=client, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        before = len(answers)
        wait_for(lambda: broken or len(answers) > before + 20, "some answers")
        server.kill()
        server.start()
    wait_for(lambda: broken or len(answers) > before + 40, "answers after the last kill")
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not broken, broken[0]
    world.quiet()
    assert len(set(answers.values())) == len(answers)
    stored = {a["id"] for a in logged(world)}
    assert set(answers.values()) <= stored
    # What is stored beyond that had no time to be answered: one for each client at most.
    assert len(stored) <= len(answers) + len(threads)
