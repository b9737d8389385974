"""The command line: the README's way by hand, and what an operator looks at."""

import json
import os
import re
import subprocess

import pytest

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
        (["business", "add", "--name", "x", "--colour", "red"], "'--colour' is not an option of business add"),
        (["business", "add", "--name", "--json"], "--name needs a value"),
        (["key", "add", "--user", "nobody", "--name", "x"], "'nobody' must be a UUID"),
        (["object", "add", "--business", world.business, "--name", "Both", "--webhook-url", receiver.url(),
          "--redirect-url", "https://example.com/"], "only one of them"),
    ]
    for words, word in cases:
        done = run("admin", *server.place, *words, check=False)
        assert done.returncode in (1, 2) and done.stderr, words
        assert word in done.stderr, (words, done.stderr)
    assert len(world.api.pages("/api/activities/objects")) == 1


def test_the_longest_names_come_back_whole(make_server, receiver):
    """A hundred characters of four bytes each, twice: the display name is neither cut nor broken."""
    world = World(make_server(), webhook=receiver.url())
    name = "\U0001f600" * 100
    contact = world.server.admin("contact", "add", "--business", world.business, "--first-name", name, "--last-name",
                                 name)["contact_id"]
    found = world.api.post("/api/records/contacts/search", {"search": name[:5]}).json["results"]
    assert [(c["id"], c["display_name"]) for c in found] == [(contact, f"{name} {name}")]


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


def test_deliveries_of_a_business_that_is_not_there(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    done = run("deliveries", *server.place, "--business", world.user, check=False)
    assert done.returncode == 1 and "There is no such Business." in done.stderr


def test_next_of_an_object(make_server):
    """The receiver comes first where there is one."""
    server = make_server()
    business = server.admin("business", "add", "--name", "Acme")["business_id"]

    def next_of(name, *url):
        done = run("admin", *server.place, "object", "add", "--business", business, "--name", name, *url)
        return done.stdout.splitlines()[-1]

    assert next_of("Call", "--webhook-url", "http://127.0.0.1:1/").startswith("Next: start the receiver (docs/relay.md)")
    assert next_of("Visit", "--redirect-url", "https://example.com/").startswith("Next: curl ")


@pytest.mark.parametrize("words", [["deliveries"], ["admin", "sign-in-link", "--user", "x", "--business", "x"]])
def test_wrong_folder(tmp_path, words):
    """What only looks, or needs what was made before, makes no data folder."""
    done = run(*words, check=False, cwd=tmp_path)
    assert done.returncode == 1 and "there is no Herald data in ./herald-data: is this the right folder?" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_data_folder_belongs_to_one_engine(make_server):
    server = make_server()
    server.stop()
    kind = (server.data / "engine").read_text(encoding="ascii").strip()
    assert kind == ("postgres" if server.database else "sqlite")
    other = [] if server.database else ["--database", "postgresql:///herald"]
    for words in (["serve", "--listen", "127.0.0.1:0"], ["admin", "business", "add", "--name", "Astray"], ["deliveries"]):
        done = run(*words, "--data", str(server.data), *other, check=False, seconds=30)
        assert done.returncode == 2 and "--database" in done.stderr, done.stderr
    if server.database:
        assert not (server.data / "herald.db").exists()


def test_a_folder_from_before_is_told_by_its_file(make_server):
    server = make_server()
    server.stop()
    (server.data / "engine").unlink()
    server.start()
    server.stop()
    assert (server.data / "engine").exists()


@pytest.mark.parametrize("words, there, absent", [
    (["admin", "business", "add", "--help"], ["--name TEXT  (required)", "--data DIR", "--public-url"], "employee"),
    (["admin", "business", "--help"], ["business add"], "employee"),
    (["deliveries", "--help"], ["herald deliveries", "--state", "from 1 to 1000", "--database"], "employee"),
    (["admin", "--help"], ["business add", "employee add", "--data DIR"], "--hook"),
    (["relay", "list", "--help"], ["--state"], "--business"),
])
def test_help_one_level_down(tmp_path, words, there, absent):
    done = run(*words, cwd=tmp_path)
    assert all(text in done.stdout for text in there) and absent not in done.stdout, done.stdout
    assert not list(tmp_path.iterdir())


def test_relay_with_an_unknown_option():
    done = run("relay", "--foo", check=False)
    assert done.returncode == 2 and "'--foo' is not an option" in done.stderr


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
    assert server.address in other.errors and "; choose another with --listen" in other.errors
