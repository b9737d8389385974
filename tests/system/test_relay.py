"""The relay: M17, M18, I10. Real processes; the source and Slack are stand-ins (relay_support.py)."""

import json
import random
import re
import socket
import sqlite3
import threading
import uuid

import pytest

from relay_support import KEY, Answer, Relay, Slack, Source, record_of
from support.server import ROOT, Process, run
from support.wait import LONG, wait_for
from support.world import World


@pytest.fixture
def source():
    source = Source()
    yield source
    source.close()


@pytest.fixture
def slack():
    slack = Slack()
    yield slack
    slack.close()


@pytest.fixture
def make_relay(tmp_path, source, slack):
    relays = []

    def make(start=True, env=None, **more):
        relay = Relay(tmp_path / f"relay{len(relays)}", source, slack, **more)
        relays.append(relay)
        return relay.start(env) if start else relay

    yield make
    source.hold.set()
    slack.hold.set()
    for relay in relays:
        relay.finish()


@pytest.fixture
def relay(make_relay):
    return make_relay()


def new_id():
    return str(uuid.uuid4())


# ── M17: the worked example ──


def test_m17_sales_call_reaches_slack(relay, source, slack):
    activity = new_id()
    source.records[activity] = record_of(activity, notes="Wants an offer & a <demo>.", associated_entities=[
        {"id": new_id(), "display_name": "Maria Thompson"}])
    relay.accept(activity)
    wait_for(slack.posts, "the message")
    sentence = "Alex Rivera logged a Sales Call with Maria Thompson."
    assert slack.posts() == [{"text": sentence, "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": sentence}},
        {"type": "context", "elements": [
            {"type": "mrkdwn", "text": "Wants an offer &amp; a &lt;demo&gt;."}]}]}]
    request = slack.requests[0]
    assert request["method"] == "POST" and request["headers"]["content-type"] == "application/json"
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(source.fetches(activity)) == 1


class Address:
    """Where a running Herald is, as a source for the relay."""

    def __init__(self, server):
        self.url = f"http://{server.address}"


@pytest.mark.core
def test_m17_worked_example_with_herald_itself(server, slack, tmp_path):
    world = World(server)
    relay = Relay(tmp_path / "relay", Address(server), slack, credentials=(world.key, world.business, world.user))
    relay.start()
    sales_call = world.add_object("Sales Call", webhook=f"http://{relay.address}/hooks/sales-calls")
    inspection = world.add_object("Inspection")
    world.log(inspection)
    activity = world.log(sales_call)["id"]
    post = wait_for(slack.posts, "the message")[0]
    assert post["text"] == "Alex Rivera logged a Sales Call with Maria Thompson."
    assert post["blocks"][1]["elements"][0]["text"] == world.notes
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert world.finished(activity)["state"] == "delivered"
    assert len(slack.posts()) == 1
    relay.stop()
    assert world.notes not in relay.process.errors and world.key not in relay.process.errors


def test_m17_without_notes_there_is_no_context_block(relay, source, slack):
    activity = new_id()
    source.records[activity] = record_of(activity, notes=" \n", logged_by={"display_name": "A <!channel> & B"})
    relay.accept(activity)
    post = wait_for(slack.posts, "the message")[0]
    assert [b["type"] for b in post["blocks"]] == ["section"]
    assert post["text"].startswith("A &lt;!channel&gt; &amp; B logged a Sales Call with Maria ")


def test_m18_http_action_posts_the_record_as_fetched(make_relay, source, slack):
    activity = new_id()
    relay = make_relay(actions=f"      - http:\n          url: {slack.url}/in\n"
                               "          headers: {X-Foo: bar, Authorization: Bearer abc}\n")
    source.records[activity] = record_of(activity, big=12345678901234567890123)
    relay.accept(activity)
    wait_for(slack.posts, "the record")
    request = slack.requests[0]
    assert request["body"] == json.dumps(source.records[activity]).encode()
    assert request["headers"]["x-foo"] == "bar" and request["headers"]["authorization"] == "Bearer abc"
    relay.stop()
    assert "Maria" not in relay.process.errors and KEY not in relay.process.errors


# ── M18: what is taken in ──


@pytest.mark.parametrize("query, why", [
    ("", "missing"), ("?logged_activity_id=", "not a UUID"), ("?logged_activity_id=12", "not a UUID"),
    ("?LOGGED_ACTIVITY_ID={id}", "missing"), ("?logged_activity_id={id}x", "not a UUID"),
    ("?logged_activity_id={id}&logged_activity_id={id}", "more than once"),
    ("?logged_activity_id=..%2F..%2Fetc", "not a UUID")])
def test_m18_malformed_webhook_is_refused(relay, source, query, why):
    status, headers, body = relay.request("/hooks/sales-calls" + query.replace("{id}", new_id()))
    assert status == 400 and why in body["detail"], body
    assert headers["Content-Type"].startswith("application/problem+json")
    assert relay.list() == {} and not source.requests


def test_m18_unknown_path_and_method(relay):
    activity = new_id()
    assert relay.hook(activity, hook="/hooks/other")[0] == 404
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        status, headers, _ = relay.request(f"/hooks/sales-calls?logged_activity_id={activity}", method=method)
        assert (status, headers["Allow"]) == (405, "GET"), method
    assert relay.request("/healthz")[0] == 200
    assert relay.request("/readyz")[0] == 200
    assert relay.list() == {}
    assert relay.cli("list").stdout == "The inbox is empty.\n"
    warned = relay.process.wait_message("a webhook to a path that no hook has, or with a wrong token")
    assert warned["path"] == "/hooks/other" and warned["level"] == "warn"


def test_m18_secret(make_relay, slack):
    relay = make_relay(hook="    secret: s3cret-of-this-hook\n")
    activity = new_id()
    unknown = relay.hook(activity, hook="/hooks/other")
    for wrong in ({}, {"token": ""}, {"token": "s3cret-of-this-hooK"}, {"token": "s3cret-of-this-hook2"}):
        status, _, body = relay.hook(activity, **wrong)
        assert (status, body["detail"]) == (404, unknown[2]["detail"])
    path = f"/hooks/sales-calls?token=s3cret-of-this-hook&token=x&logged_activity_id={activity}"
    assert relay.request(path)[0] == 404
    assert relay.hook(activity, token="s3cret-of-this-hook")[0] == 200
    wait_for(lambda: slack.posts(activity), "the message")
    relay.stop()
    assert "s3cret" not in relay.process.errors


def test_m18_unknown_parameters_and_odd_headers_are_ignored(relay, slack):
    activity = new_id()
    headers = {"X-Herald-Delivery": "not an id", "X-Herald-Attempt": "-1"}
    assert relay.hook(activity.upper(), headers=headers, more="1")[0] == 200
    wait_for(lambda: slack.posts(activity), "the message")


def test_m18_duplicates_are_posted_once(relay, source, slack):
    activity = new_id()
    relay.accept(activity)
    wait_for(lambda: slack.posts(activity), "the message")
    for _ in range(5):
        status, _, body = relay.hook(activity)
        assert (status, body) == (200, {"status": "duplicate"})
    last = new_id()
    relay.accept(last)
    wait_for(lambda: slack.posts(last), "the message")
    assert len(slack.posts(activity)) == 1 and len(source.fetches(activity)) == 1


def test_m18_simultaneous_duplicates_are_posted_once(relay, slack):
    activity = new_id()
    bodies = []
    threads = [threading.Thread(target=lambda: bodies.append(relay.hook(activity)[2]["status"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bodies) == ["accepted"] + ["duplicate"] * 7
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(slack.posts(activity)) == 1


def test_m18_same_activity_at_two_hooks_runs_both(make_relay, slack):
    relay = make_relay(actions=f"      - slack: {{url: {slack.url}/one}}\n  - path: /hooks/two\n    actions:\n"
                               f"      - slack: {{url: {slack.url}/two}}\n")
    activity = new_id()
    relay.accept(activity)
    assert relay.hook(activity, hook="/hooks/two")[2] == {"status": "accepted"}
    wait_for(lambda: len(slack.posts(activity)) == 2, "both messages")
    assert {r["path"] for r in slack.requests} == {"/one", "/two"}


# ── M18: work in the background ──


def test_m18_answer_does_not_wait_for_the_source(relay, source):
    source.hold.clear()
    for activity in [new_id() for _ in range(50)]:
        relay.accept(activity)
    wait_for(lambda: source.busy == 8, "as many fetches as are allowed")
    source.hold.set()
    wait_for(lambda: len(source.fetches()) == 50, "all fetches")
    assert source.busiest == 8


def test_m18_slack_500_then_200_is_done_after_a_retry(relay, slack, source):
    activity = new_id()
    slack.script = [Answer(500), Answer(503)]
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(slack.posts(activity)) == 3 and len(source.fetches(activity)) == 1
    assert len(relay.process.messages("action failed, will be tried again")) == 2
    assert relay.process.messages("action done")[0]["activity"] == activity


def test_m18_429_waits_as_told_and_does_not_count(make_relay, slack):
    relay = make_relay(actions=f"      - slack: {{url: {slack.url}/x, attempts_most: 2}}\n")
    activity = new_id()
    slack.script = [Answer(429, headers={"Retry-After": "1"})] + [Answer(429)] * 4
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(slack.posts(activity)) == 6
    told = relay.process.messages("action failed, will be tried again")
    assert told[0]["status"] == 429 and told[0]["again_in_ms"] >= 900
    assert told[1]["again_in_ms"] <= 200


def test_m18_dead_letter_is_listed_and_replayed(relay, slack, source):
    activity, fine = new_id(), new_id()
    slack.script = [Answer(400, b"invalid_\x1b[31mblocks")]
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "dead"}})
    relay.accept(fine)
    relay.wait_states({fine: {"fetch": "done", "slack": "done"}})
    assert relay.list("--state", "dead") == {activity: {"slack": "dead"}}
    shown = relay.cli("list", "--state", "dead").stdout
    assert "answered 400: invalid_ [31mblocks" in shown

    running = relay.cli("replay", activity, check=False)
    assert running.returncode == 1
    assert f"in use by process {relay.process.process.pid}" in running.stderr
    relay.stop()
    assert "1 step will be tried again" in relay.cli("replay", activity).stdout
    again = relay.cli("replay", activity, check=False)
    assert again.returncode == 1 and "nothing is dead there" in again.stderr
    relay.start()
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(slack.posts(activity)) == 2 and len(slack.posts(fine)) == 1
    assert len(source.fetches(activity)) == 1


def test_m18_attempts_run_out(make_relay, slack):
    relay = make_relay(actions=f"      - slack: {{url: {slack.url}/x, attempts_most: 3}}\n")
    slack.default = Answer(500)
    activity = new_id()
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "dead"}})
    assert len(slack.posts(activity)) == 3


def test_m18_one_dead_target_holds_up_no_other(make_relay, slack, source):
    relay = make_relay(actions=f"      - slack: {{url: {slack.url}/x}}\n"
                               f"      - http: {{url: {source.url}/nobody, name: crm}}\n")
    plain = source.answer
    source.answer = lambda request: plain(request) if request["method"] == "GET" else Answer(500)
    activities = [new_id() for _ in range(30)]
    for activity in activities:
        relay.accept(activity)
    wait_for(lambda: len(slack.counts(activities)) == 30, "all messages")


def test_m18_forged_id_costs_three_fetches(relay, source, slack):
    forged = new_id()
    source.unknown.add(forged)
    relay.accept(forged)
    relay.wait_states({forged: {"fetch": "dead"}})
    assert "knows no such activity" in relay.cli("list").stdout
    genuine = new_id()
    relay.accept(genuine)
    wait_for(lambda: slack.posts(genuine), "the message")
    assert len(source.fetches(forged)) == 3


def test_m18_early_404_is_asked_again(relay, source, slack):
    activity = new_id()
    source.script[activity] = [Answer(404), Answer(410)]
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(source.fetches(activity)) == 3 and len(slack.posts(activity)) == 1


def test_m18_one_404_after_an_outage_is_not_believed(relay, source, slack):
    activity = new_id()
    source.script[activity] = [Answer(502)] * 4 + [Answer(404)]
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(slack.posts(activity)) == 1


def test_m18_redelivered_webhook_revives_a_dead_fetch(relay, source, slack):
    activity = new_id()
    source.unknown.add(activity)
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "dead"}})
    source.unknown.clear()
    relay.accept(activity)
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert relay.hook(activity)[2] == {"status": "duplicate"}
    assert len(slack.posts(activity)) == 1


def test_m18_forged_ids_are_limited(make_relay, source, slack):
    relay = make_relay(fetch="fetch: {failures_per_minute: 5}\n")
    genuine = [new_id() for _ in range(20)]
    for activity in genuine:
        relay.accept(activity)
    wait_for(lambda: len(slack.counts(genuine)) == 20, "what is genuine, without a limit")
    forged = [new_id() for _ in range(20)]
    source.unknown.update(forged)
    for activity in forged:
        relay.accept(activity)
    wait_for(lambda: len(source.fetches()) >= 25, "the failures that are allowed")
    pending = [a for a, s in relay.list("--state", "pending").items() if a in forged]
    assert len(pending) >= 14 and len(source.fetches()) <= 26


def test_m18_genuine_webhook_is_not_starved_by_forged_ids(make_relay, source, slack):
    relay = make_relay(fetch="fetch: {failures_per_minute: 60}\n")
    forged = [new_id() for _ in range(300)]
    source.unknown.update(forged)
    for activity in forged:
        relay.accept(activity)
    wait_for(lambda: len(source.fetches()) >= 60, "the failures that are allowed")
    genuine = new_id()
    relay.accept(genuine)
    wait_for(lambda: slack.posts(genuine), "the message")
    waiting = relay.list("--state", "pending")
    assert len([a for a in forged if a in waiting]) > 200


def test_m18_backlog_of_forged_ids_is_worked_off(make_relay, source):
    relay = make_relay(fetch="fetch: {failures_per_minute: 3000}\n")
    forged = [new_id() for _ in range(60)]
    source.unknown.update(forged)
    source.hold.clear()
    for activity in forged:
        relay.accept(activity)
    source.hold.set()
    wait_for(lambda: relay.steps("fetch", 2) == set(forged), "all to be dead")
    assert len(source.fetches()) == 3 * 60


def test_m18_open_hook_on_another_address_is_warned_of(make_relay):
    warning = "a hook without a secret can be reached by other machines: anybody may send it forged ids"
    quiet, loud = make_relay(), make_relay(start=False)
    loud.file.write_text(loud.file.read_text().replace(
        "listen: 127.0.0.1:0", "listen: 0.0.0.0:0\nbehind_proxy: [10.0.0.0/8]", 1))
    loud.start()
    assert loud.process.wait_message(warning)["hook"] == "/hooks/sales-calls"
    quiet.stop()
    assert not quiet.process.messages(warning)


def test_m18_clock_set_back_strands_nothing(make_relay, slack):
    relay = make_relay()
    slack.default = Answer(500)
    activity = new_id()
    relay.accept(activity)
    wait_for(lambda: slack.posts(activity), "the first attempt")
    relay.stop()
    with sqlite3.connect(relay.data / "inbox.db") as db:
        db.execute("UPDATE relay_action SET next_at = next_at + 1000000 * 3600 * 24 WHERE state = 0")
    slack.default = Answer(200)
    relay.start()
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})


def test_m18_wrong_key_is_said_clearly_and_mended(make_relay, source, slack):
    source.key = "another"
    relay = make_relay(fetch="fetch: {attempts_most: 2}\n")
    activity = new_id()
    relay.accept(activity)
    said = relay.process.wait_message(
        "the source refuses the relay's credentials: check api_key, business_id and user_id under 'source', "
        "and that this user may see the activity; what waits is fetched as soon as they are right")
    assert said["level"] == "error" and said["status"] == 401
    wait_for(lambda: len(source.fetches(activity)) >= 4, "more refused fetches than may fail")
    source.key = KEY
    wait_for(lambda: slack.posts(activity), "the message")
    relay.stop()
    assert KEY not in relay.process.errors


@pytest.mark.parametrize("answer", [
    Answer(500), Answer(302, headers={"Location": "http://127.0.0.1:1/"}), Answer(200, b"<html>busy</html>"),
    Answer(200, json.dumps(record_of(str(uuid.uuid4()))).encode()), Answer(200, b"{" + b" " * (1 << 20) + b"}")])
def test_m18_odd_answers_of_the_source_are_tried_again(relay, source, slack, answer):
    activity = new_id()
    source.script[activity] = [answer]
    relay.accept(activity)
    wait_for(lambda: slack.posts(activity), "the message")
    assert len(source.fetches(activity)) == 2
    failure = relay.process.messages("fetch failed, will be tried again")
    assert len(failure) == 1 and failure[0]["activity"] == activity and failure[0]["reason"]


def test_i7_idle_connections_leave_descriptors_for_the_work(make_relay, source, slack):
    relay = make_relay(start=False)
    relay.process = Process("relay", str(relay.file), prefix=("prlimit", "--nofile=120:120"))
    assert relay.try_listening()
    warned = relay.process.wait_message("fewer connections than usual: the limit of open files is low")
    assert warned["connections"] < 90
    activity = new_id()
    host, port = relay.address.rsplit(":", 1)
    source.hold.clear()
    relay.accept(activity)
    wait_for(lambda: source.busy == 1, "the fetch")
    idle = [socket.create_connection((host, int(port))) for _ in range(150)]
    source.hold.set()
    wait_for(lambda: slack.posts(activity), "the message")
    for connection in idle:
        connection.close()
    assert not relay.process.messages("fetch failed, will be tried again")
    assert not relay.process.messages("action failed, will be tried again")


def test_m18_metrics(relay, slack):
    activity = new_id()
    relay.accept(activity)
    relay.hook(activity)
    relay.request("/hooks/sales-calls")
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    host, port = relay.process.wait_message("metrics listening")["address"].rsplit(":", 1)
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    for line in ("relay_received_total 1", "relay_duplicates_total 1", "relay_refused_total 1",
                 "relay_actions_done_total 1"):
        assert f"herald_{line}\n" in text, text


# ── I10 ──


def test_i10_full_disk_is_a_503_and_mends_by_itself(make_relay, slack, tmp_path):
    full = tmp_path / "full"
    relay = make_relay(env={"HERALD_FAULTS": f"commit=@{full}"})
    full.touch()
    activity = new_id()
    status, headers, _ = relay.hook(activity)
    assert status == 503 and int(headers["Retry-After"]) > 0
    wait_for(lambda: relay.request("/readyz")[0] == 503, "/readyz to say so")
    full.unlink()
    relay.accept(activity)
    wait_for(lambda: slack.posts(activity), "the message")
    assert relay.request("/readyz")[0] == 200


def test_i10_success_on_a_full_disk_is_recorded_later_not_run_again(make_relay, slack, tmp_path):
    full = tmp_path / "full"
    relay = make_relay(env={"HERALD_FAULTS": f"commit=@{full}"})
    slack.hold.clear()
    activity = new_id()
    relay.accept(activity)
    wait_for(lambda: slack.posts(activity), "the message on its way")
    full.touch()
    slack.hold.set()
    relay.process.wait_message("transaction failed")
    full.unlink()
    relay.wait_states({activity: {"fetch": "done", "slack": "done"}})
    assert len(slack.posts(activity)) == 1


@pytest.mark.slow
def test_i10_any_failing_statement_is_survived(make_relay, slack):
    """Each statement fails once, in turn: the relay says so at start or goes on; nothing is lost or done twice."""
    relay = make_relay(start=False)
    started = 0
    for position in range(1, 46):
        relay.process = Process("relay", str(relay.file), env={"HERALD_FAULTS": f"statement={position}"})
        if not relay.try_listening():
            assert relay.process.wait() == 1
            continue
        started += 1
        activity = new_id()
        wait_for(lambda a=activity: relay.hook(a)[0] == 200, "an acknowledgement")
        wait_for(lambda a=activity: a in relay.steps("slack", 1), f"the end, with statement={position}")
        assert len(slack.posts(activity)) == 1
        relay.stop()
    assert started > 10


def test_i10_no_memory_is_waited_for(make_relay, slack, source, tmp_path):
    none = tmp_path / "none"
    relay = make_relay(env={"HERALD_FAULTS": f"alloc=@{none}"})
    first, more = new_id(), [new_id() for _ in range(10)]
    relay.accept(first)
    wait_for(lambda: relay.steps("slack", 1) == {first}, "the first")
    source.hold.clear()
    for activity in more:
        relay.accept(activity)
    wait_for(lambda: source.busy == 8, "fetches under way")
    none.touch()
    source.hold.set()
    wait_for(lambda: len(source.fetches()) > 11 + 8, "fetches to be tried again for want of memory")
    assert relay.steps("fetch", 1) == {first}
    none.unlink()
    wait_for(lambda: relay.steps("slack", 1) == {first, *more}, "all to be done")
    assert set(slack.counts([first, *more]).values()) == {1}


def test_i10_lost_database_is_waited_for(make_relay, slack, tmp_path):
    lost = tmp_path / "lost"
    relay = make_relay(env={"HERALD_FAULTS": f"db_lost=@{lost}"})
    activities = [new_id() for _ in range(60)]
    for activity in activities[:30]:
        relay.accept(activity)
    lost.touch()
    assert {relay.hook(a)[0] for a in activities[30:]} == {503}
    lost.unlink()
    for activity in activities[30:]:
        relay.accept(activity)
    wait_for(lambda: relay.steps("slack", 1) == set(activities), "all to be done")
    assert set(slack.counts(activities).values()) == {1}


def test_i10_stop_and_start_resumes(make_relay, slack, source):
    relay = make_relay(top="drain: 50ms\n")
    source.hold.clear()
    activities = [new_id() for _ in range(40)]
    for activity in activities:
        relay.accept(activity)
    wait_for(lambda: source.busy == 8, "fetches under way")
    relay.stop()
    source.hold.set()
    assert relay.steps("fetch", 0) == set(activities)
    relay.start()
    wait_for(lambda: len(slack.counts(activities)) == 40, "all messages")
    assert set(slack.counts(activities).values()) == {1}


def test_i10_stop_lets_what_is_in_flight_end(relay, slack):
    activity = new_id()
    slack.hold.clear()
    relay.accept(activity)
    wait_for(lambda: slack.posts(activity), "the message on its way")
    ended = threading.Thread(target=relay.stop)
    ended.start()
    relay.process.wait_message("relay stopping")
    slack.hold.set()
    ended.join()
    assert relay.steps("slack", 1) == {activity}


def test_i10_killed_between_answer_and_record_repeats_only_that(make_relay, slack):
    relay = make_relay(env={"HERALD_FAULTS": "after_relay_post=3"},
                       actions=f"      - slack: {{url: {slack.url}/x, concurrency: 1}}\n")
    activities = [new_id() for _ in range(6)]
    slack.hold.clear()
    for activity in activities:
        relay.accept(activity)
    slack.hold.set()
    wait_for(lambda: not relay.process.running, "the kill")
    assert len(slack.posts()) == 3
    relay.start()
    relay.wait_states({a: {"fetch": "done", "slack": "done"} for a in activities})
    assert sorted(slack.counts(activities).values()) == [1, 1, 1, 1, 1, 2]


class Senders:
    """Eight threads that send webhooks as fast as they are answered, through kills, until all are acknowledged."""

    def __init__(self, relay, activities):
        self.relay = relay
        self.todo = list(activities)
        self.acknowledged = set()
        self.lock = threading.Lock()
        self.up = threading.Event()
        self.up.set()
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(8)]
        for thread in self.threads:
            thread.start()

    def send(self):
        while True:
            with self.lock:
                if not self.todo:
                    return
                activity = self.todo.pop()
            self.up.wait()
            try:
                status = self.relay.hook(activity)[0]
            except OSError:  # killed: a sender would see a failed delivery, and its operator redeliver
                status = 0
            except Exception as error:  # pylint: disable=broad-except
                status = 0 if "http.client" in type(error).__module__ else error
            with self.lock:
                if status == 200:
                    self.acknowledged.add(activity)
                else:
                    self.todo.append(activity)

    def join(self):
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("round_", range(30 if LONG else 5))
def test_i10_sigkill_under_load_loses_nothing_acknowledged(make_relay, slack, round_):
    chance = random.Random(f"relay kill {round_}")
    relay = make_relay()
    activities = [new_id() for _ in range(300)]
    senders = Senders(relay, activities)
    for kill in range(1, 4):
        at = kill * 70 + chance.randrange(60)
        wait_for(lambda at=at: len(senders.acknowledged) >= at, f"{at} acknowledged webhooks")
        senders.up.clear()
        acknowledged = set(senders.acknowledged)
        relay.kill()
        slack_saw = slack.counts(activities)
        stored = relay.steps("fetch", 0) | relay.steps("fetch", 1)
        assert acknowledged <= stored, "acknowledged, but not stored"
        recorded = relay.steps("slack", 1)
        unrecorded = sum(slack_saw.values()) - len(recorded)  # of this kill, and repeated after earlier ones
        assert unrecorded <= 4 * kill, "more posts in flight than the action's concurrency"
        relay.start()
        senders.up.set()
    senders.join()
    relay.wait_states({a: {"fetch": "done", "slack": "done"} for a in activities})
    counts = slack.counts(activities)
    assert set(counts) == set(activities)
    assert sum(counts.values()) - len(activities) <= 3 * 4, "repeats: at most the concurrency for each kill"


# ── the command line ──


@pytest.mark.parametrize("old, new, line, why", [
    ("retry_base: 20ms", "retry_bass: 20ms", 4, "unknown key 'retry_bass'"),
    ("retry_base: 20ms", "retry_base: soon", 4, "'retry_base' must be a time"),
    ("  user_id:", "  user:", 10, "unknown key 'user'"),
    ("path: /hooks", "path: hooks", 12, "must begin with '/'"),
    ("- slack:", "- teams:", 14, "unknown action 'teams'; there are: slack, http"),
    ("url: http://127.0.0.1", "url: ftp://127.0.0.1", 7, "'url'")])
def test_m18_bad_config_names_file_line_and_reason(make_relay, old, new, line, why):
    relay = make_relay(start=False)
    relay.file.write_text(relay.file.read_text().replace(old, new, 1))
    done = run("relay", str(relay.file), check=False)
    assert done.returncode == 2
    assert f"{relay.file}:{line}: " in done.stderr and why in done.stderr, done.stderr
    assert not relay.data.exists()


def test_i10_second_relay_says_who_holds_the_inbox(relay):
    done = run("relay", str(relay.file), check=False)
    assert done.returncode == 1
    assert f"in use by process {relay.process.process.pid}" in done.stderr


def test_m18_bad_usage(relay):
    assert run("relay", check=False).returncode == 2
    assert run("relay", "--help").stdout.startswith("Usage:")
    assert run("relay", "/nowhere.yaml", check=False).returncode == 2
    assert relay.cli("list", "--state", "lost", check=False).returncode == 2
    assert relay.cli("replay", "not-an-id", check=False).returncode == 2


def test_m18_example_is_accepted(tmp_path):
    (tmp_path / "herald-api-key").write_text(KEY + "\n")
    done = run("relay", "list", str(ROOT / "examples" / "relay.yaml"), check=False, cwd=tmp_path)
    assert done.returncode == 1 and "there is no inbox at ./herald-relay/inbox.db" in done.stderr


def test_m18_every_key_is_documented():
    source = (ROOT / "src" / "relay" / "config.c").read_text(encoding="utf-8")
    document = (ROOT / "docs" / "relay.md").read_text(encoding="utf-8")
    keys = re.findall(r'OPTION_[A-Z]+, "(\w+)"', source)
    assert len(keys) > 20 and [k for k in keys if f"| `{k}` |" not in document] == []


def test_m18_address_in_use_is_said(make_relay, source):
    relay = make_relay(start=False)
    taken = source.url.removeprefix("http://")
    relay.file.write_text(relay.file.read_text().replace("listen: 127.0.0.1:0", f"listen: {taken}", 1))
    done = run("relay", str(relay.file), check=False)
    assert done.returncode == 1 and taken in done.stderr, done.stderr
