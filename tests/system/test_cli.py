"""The command line: the README's way by hand, and what an operator looks at."""

import json
import os
import re
import subprocess

from support.api import Api
from support.receiver import Reply
from support.server import Process, program, run
from support.wait import wait_for
from support.world import World



def test_readme_by_hand(make_server, receiver):
    """serve, admin, curl: every value that a step needs is printed by the step before."""
    server = make_server()
    business = server.admin("business", "add", "--name", "Acme Field Services")
    employee = server.admin("employee", "add", "--business", business["business_id"], "--first-name", "Alex",
                            "--last-name", "Rivera", "--email", "alex@acme.test")
    key = server.admin("key", "add", "--user", employee["user_id"], "--name", "curl")
    contact = server.admin("contact", "add", "--business", business["business_id"], "--first-name", "Maria",
                           "--last-name", "Thompson", "--email", "maria@thompson.test")
    sales_call = server.admin("object", "add", "--business", business["business_id"], "--name", "Sales Call",
                              "--webhook-url", receiver.url("/webhook"))
    caller = Api(server, key["api_key"], business["business_id"], employee["user_id"])
    logged = caller.ok("POST", "/api/activities/logged", {
        "activity_object_id": sales_call["activity_object_id"], "notes": "Follow up next week",
        "associated_entities": [{"id": contact["contact_id"]}]})
    assert receiver.wait_for_activity(logged["id"]).path == "/webhook"
    record = caller.ok("GET", f"/api/activities/logged/{logged['id']}")
    assert record["logged_by"]["display_name"] == "Alex Rivera"
    assert record["associated_entities"][0]["display_name"] == "Maria Thompson"


def test_admin_prints_for_people_what_it_prints_as_json(make_server):
    server = make_server()
    done = run("admin", *server.place, "business", "add", "--name", "Readable")
    assert re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-", done.stdout)


def test_admin_without_a_server(make_server, receiver):
    """The whole world is made before the first start."""
    server = make_server(start=False)
    world = World(server, webhook=receiver.url())
    server.start()
    receiver.wait_for_activity(world.log()["id"])


def test_admin_refuses_bad_input(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    cases = [
        (["business", "add"], "name"),
        (["business", "add", "--name", ""], "name"),
        (["employee", "add", "--business", "x", "--first-name", "A", "--last-name", "B", "--email", "a@b.test"], "business"),
        (["employee", "add", "--business", world.user, "--first-name", "A", "--last-name", "B", "--email", "a@b.test"], ""),
        (["employee", "add", "--business", world.business, "--first-name", "A", "--last-name", "B", "--email", "nobody"],
         "email"),
        (["contact", "add", "--business", world.business, "--first-name", "A", "--last-name", "B", "--email",
          "maria@thompson.test"], "email"),
        (["object", "add", "--business", world.business, "--name", "Sales Call"], ""),
        (["object", "add", "--business", world.business, "--name", "Bad", "--webhook-url", "ftp://x/"], "http"),
        (["key", "add", "--user", world.business, "--name", "x"], "user"),
        (["key", "remove-all"], ""),
        (["nonsense"], "nonsense"),
        ([], ""),
        (["business", "add", "--name", "x", "--colour", "red"], "colour"),
    ]
    for words, word in cases:
        done = run("admin", *server.place, *words, check=False)
        assert done.returncode in (1, 2) and done.stderr, words
        assert word in done.stderr, (words, done.stderr)
    assert len(world.api.pages("/api/activities/objects")) == 1


def test_deliveries_command(make_server, receiver):
    """herald deliveries shows each delivery with its attempts, with and without a server."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    good = world.log()
    world.finished(good["id"])
    receiver.default = Reply(status=503)
    bad = world.log()
    world.finished(bad["id"])

    def listed():
        place = [*server.place, "--business", world.business]
        as_json = json.loads(run("deliveries", *place, "--json").stdout)
        text = run("deliveries", *place).stdout
        assert good["id"] in text and bad["id"] in text and "503" in text
        return {d["logged_activity_id"]: d for d in (as_json["results"] if isinstance(as_json, dict) else as_json)}

    for running in (True, False):
        if not running:
            server.stop()
        found = listed()
        assert found[good["id"]]["state"] == "delivered" and found[bad["id"]]["state"] == "failed"
        assert found[bad["id"]]["attempts"][0]["status"] == 503


def test_key_is_shown_once_and_strong(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    keys = {server.admin("key", "add", "--user", world.user, "--name", f"k{i}")["api_key"] for i in range(5)}
    assert len(keys) == 5 and all(len(key) >= 43 for key in keys)
    for key in keys:
        assert Api(server, key, world.business, world.user).get("/api/session").status == 200


def test_log_is_json_lines_with_ids(make_server, receiver):
    """Each line about a delivery or a request has its id; the harness checks that each is JSON and holds no secret."""
    server = make_server()
    world = World(server, webhook=receiver.url())
    receiver.default = Reply(status=500)
    delivery = world.finished(world.log()["id"])
    lines = wait_for(lambda: [e for e in server.process.log if e.get("delivery") == delivery["id"]], "the delivery's log line")
    assert lines[0]["level"] in ("warn", "info", "error")
    assert {"time", "level", "message"} <= set(lines[0])


def test_log_is_readable_on_a_terminal(tmp_path):
    master, slave = os.openpty()
    process = subprocess.Popen([program(), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0",
                                "--metrics-listen", "127.0.0.1:0"], stderr=slave, stdout=slave, stdin=subprocess.DEVNULL)
    os.close(slave)
    text = b""
    while b"listening" not in text:
        text += os.read(master, 4096)
    process.terminate()
    assert process.wait(30) == 0
    os.close(master)
    assert b"{" not in text.split(b"listening")[0] and b"address=127.0.0.1:" in text + b""


def test_serve_refuses_to_run_twice_on_a_port(make_server):
    server = make_server()
    other = Process("serve", "--data", str(server.folder / "other"), "--listen", server.address, "--metrics-listen",
                    "127.0.0.1:0")
    assert other.wait() != 0
    assert server.address in other.errors
