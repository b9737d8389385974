"""
Thousands of requests that are made from api/openapi.yaml, valid and invalid, to every operation: never a 5xx, never an
answer that the description does not know, nothing accepted that it does not allow, and what was refused changed nothing.

HERALD_GENERATED: how many on each engine (1500; 50000 with HERALD_LONG); HERALD_SEED: the seed, printed on failure.
"""

import http.client
import json
import os
import random
import re

import pytest

from support.api import Answer
from support.contract import contract
from support.examples import ExampleWorld, operations
from support.generate import GeneratedWorld, Generator, names_a_place

LONG = bool(os.environ.get("HERALD_LONG"))
COUNT = int(os.environ.get("HERALD_GENERATED", 50_000 if LONG else 1500))
SEED = int(os.environ.get("HERALD_SEED", random.SystemRandom().randrange(10**6) if LONG else 1))
SHARDS = 4
WORLD_LASTS = 200  # requests; then a fresh Business, because many of them use things up
KINDS_SHOWN = 12
ENOUGH = 8  # tries, of which one should work


@pytest.fixture
def server(mailing_server):
    """Some operations send an email."""
    return mailing_server


def covered():
    """All but those that sign their caller out or in, and those that have neither a caller nor anything to get wrong."""
    return [o for o in operations() if o.tag not in ("session", "health")]


def weighted(some):
    return [operation for operation in some for _ in range(4 if operation.content else 1)]


class Run:
    """One seeded run over some operations; complaints by what they have in common, each with its first request."""

    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.foreign = ExampleWorld(server)
        for name in ("sales_call", "maria", "logged"):
            self.foreign.id(name)
        self.complaints = {}
        self.statuses = {}
        self.successes = {}  # of each operation: how often it was tried, and how often it worked
        self.renew()

    def renew(self):
        self.world = GeneratedWorld(self.server)
        self.generator = Generator(self.rng, self.world, self.foreign)
        self.age = 0

    def complain(self, request, kind, detail):
        self.complaints.setdefault(f"{request.operation} {kind}", f"{detail}\n    {request}")

    def one(self, operation):
        self.age += 1
        if self.age > WORLD_LASTS:
            self.renew()
        request = self.request(operation)
        looked = self.rng.random() < 0.05
        before = self.everything() if looked else None
        try:
            answer = self.send(request)
        except (BrokenPipeError, ConnectionResetError):
            if len(request.body or b"") <= 1 << 20:
                self.complain(request, "is not answered", "")
            return  # else refused so early that we were still writing
        except AssertionError as error:
            self.complain(request, f"is answered against its description: {str(error)[:120]}", "")
            return
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        tried, done = self.successes.get(str(operation), (0, 0))
        self.successes[str(operation)] = (tried + 1, done + (answer.status < 300))
        self.judge(request, answer)
        if looked and answer.status >= 400 and self.everything() != before:
            self.complain(request, f"has changed something although it was refused with {answer.status}", answer)
        if answer.status < 300 and uses_up(operation):
            self.renew()

    def request(self, operation):
        try:
            return self.generator.request(operation)
        except AssertionError:  # what it needs cannot be made any more: a field may be required now
            self.renew()
            return self.generator.request(operation)

    def send(self, request):
        if request.operation.streams:
            return begin_stream(self.world.api, request)
        return self.world.api.request(request.method, request.target, request.body, headers=request.headers)

    def judge(self, request, answer):
        if answer.status >= 500:
            self.complain(request, f"is answered with {answer.status}", answer)
        if request.wrong and answer.status < 400:
            self.complain(request, f"is accepted in spite of {request.wrong}", answer)
        if request.readable and answer.status in (400, 415):
            self.complain(request, f"is answered with {answer.status} although it can be read", answer)
        if answer.status == 422 and request.value is not None and "used for another" not in answer.json["detail"]:
            named = [p for p in answer.pointers if p]  # the last may only say that there are more
            if not named or not all(names_a_place(p, request.value) for p in named):
                self.complain(request, "is refused without naming the place", answer)

    def everything(self):
        """What can be read of what the world has, but for deliveries, which go on by themselves, and when keys were used."""
        found = {}
        for operation in covered():
            if operation.method != "GET" or operation.streams or operation.tag == "webhooks" or any(
                    p.get("required") for p in operation.in_query()):
                continue
            names = [operation.place(p["name"]) for p in operation.parameters if p["in"] == "path"]
            if all(name in self.world.ids for name in names):
                answer = self.world.api.get(self.world.target(operation))
                if not answer.headers["Content-Type"].endswith("json"):
                    found[operation.path] = answer.text
                    continue
                found[operation.path] = {k: v for k, v in answer.json.items() if k not in ("request_id", "live_cursor")}
        return re.sub(r'"last_used_at": ("[^"]*"|null)', "", json.dumps(found, sort_keys=True))


def begin_stream(api, request):
    """The answer, without what it goes on to say if it is a stream."""
    host, port = api.server.address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request(request.method, request.target, headers={**api.credentials, **request.headers})
    response = connection.getresponse()
    streams = response.headers.get("Content-Type") == "text/event-stream"
    answer = Answer(response.status, response.headers, b"" if streams else response.read())
    connection.close()
    contract().judge(request.method, request.target, answer)
    return answer


def uses_up(operation):
    return operation.method == "DELETE" or operation.path.endswith("/complete")


@pytest.mark.parametrize("shard", range(SHARDS))
def test_generated_requests(server, shard):
    some = weighted(covered()[shard::SHARDS])
    run = Run(server, random.Random(SEED * SHARDS + shard))
    for i in range(COUNT // SHARDS):
        run.one(some[i % len(some)])
    told = [f"{kind}: {detail}" for kind, detail in list(run.complaints.items())[:KINDS_SHOWN]]
    assert not run.complaints, (f"{len(run.complaints)} kinds of complaints, HERALD_SEED={SEED} "
                                f"HERALD_GENERATED={COUNT}, answers {run.statuses}\n" + "\n".join(told))
    vain = [name for name, (tried, done) in run.successes.items() if tried >= ENOUGH and not done]
    assert not vain, f"these never worked, so that little of them is tested: {vain}"
