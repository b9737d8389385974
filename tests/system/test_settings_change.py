"""Settings that change while activities are being logged: each activity has the action in force at its commit. M1, M2."""

import threading
import time

import pytest

from support.wait import wait_for

CLIENTS = 6
CHANGES = 24


class Logging:
    """Threads that log one after the other and note when each was asked for, and when answered."""

    def __init__(self, world):
        self.world = world
        self.done = []  # (asked, answered, what was answered)
        self.broken = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not self.broken, self.broken[0]

    def _run(self):
        while not self._stop.is_set():
            asked = time.monotonic()
            try:
                answer = self.world.api.post("/api/activities/logged", self.world.body())
                assert answer.status in (201, 503), answer
            except (OSError, AssertionError) as error:
                self.broken.append(error)
                return
            if answer.status == 201:
                self.done.append((asked, time.monotonic(), answer.json))

    def wait_for_more(self, count):
        wanted = len(self.done) + count
        wait_for(lambda: self.broken or len(self.done) >= wanted, f"{count} more activities")


class Settings:
    """One Activity Object whose action is changed again and again; what each version said, and since when."""

    def __init__(self, world, receiver):
        self.world, self.receiver = world, receiver
        self.path = f"/api/activities/objects/{world.object}"
        first = world.api.get(self.path)
        self.etag = first.headers["ETag"]
        self.versions = {first.json["version"]: (first.json["webhook_url"], None)}
        self.changes = []  # (asked, answered, version)

    def change(self, number):
        """A webhook of its own each time; each third time, a redirect of its own."""
        redirect = number % 3 == 2
        webhook_url = self.receiver.url(f"/version-{number}")
        redirect_url = f"https://example.test/version-{number}"
        change = {"default_submission_action": "redirect", "redirect_url": redirect_url} if redirect else \
            {"default_submission_action": "trigger_webhook", "webhook_url": webhook_url}
        asked = time.monotonic()
        answer = self.world.api.patch(self.path, change, headers={"If-Match": self.etag})
        assert answer.status == 200, answer
        self.etag = answer.headers["ETag"]
        version = answer.json["version"]
        self.changes.append((asked, time.monotonic(), version))
        self.versions[version] = (None, redirect_url) if redirect else (webhook_url, None)


def version_of(settings, logged, deliveries):
    """The version of the settings under which an activity was logged."""
    action = logged["submission_action"]
    if action["action"] == "redirect":
        assert logged["id"] not in deliveries
        [version] = [v for v, (_, url) in settings.versions.items() if url and url == action["redirect_url"]]
        return version
    delivery = deliveries[logged["id"]]
    assert delivery["id"] == action["delivery_id"]
    assert delivery["url"] == settings.versions[delivery["settings_version"]][0]
    return delivery["settings_version"]


@pytest.mark.core
def test_m2_the_action_in_force_when_it_was_logged(world, receiver):
    settings = Settings(world, receiver)
    with Logging(world) as logging:
        for number in range(CHANGES):
            settings.change(number)
            if number % 4:  # each fourth change is followed by the next at once
                logging.wait_for_more(CLIENTS)
    world.quiet()
    deliveries = {d["logged_activity_id"]: d for d in world.deliveries()}
    seen = set()
    for asked, answered, logged in logging.done:
        version = version_of(settings, logged, deliveries)
        seen.add(version)
        for change_asked, change_answered, changed_to in settings.changes:
            assert asked < change_answered or version >= changed_to, "logged after the change, with what was before"
            assert answered > change_asked or version < changed_to, "logged before the change, with what came after"
    assert len(seen) > CHANGES // 2, "most versions were logged under"
    # What the receiver got is what the deliveries say, each at its own address.
    for request in receiver.all():
        assert receiver.url(request.path) == deliveries[request.activity]["url"]
    assert len(receiver.all()) == len(deliveries)


def test_m2_deliveries_follow_the_order_of_commits(world, receiver):
    """In the order in which they were logged one by one, versions never go back."""
    settings = Settings(world, receiver)
    order = []
    for number in (0, 1, 3, 4, 6, 7):  # webhooks all
        order.append(world.log()["id"])
        settings.change(number)
        order.append(world.log()["id"])
    world.quiet()
    found = {d["logged_activity_id"]: d["settings_version"] for d in world.deliveries()}
    versions = [found[activity] for activity in order]
    assert versions == sorted(versions) and len(set(versions)) == 7
