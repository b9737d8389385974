"""Every example of api/openapi.yaml is sent, and works; an operation that has none that can be sent fails here."""

import http.client
import re
import urllib.parse

import pytest

from support.examples import ExampleWorld, operations
from support.person import Person

TAGS = sorted({operation.tag for operation in operations()})


@pytest.fixture
def server(mailing_server):
    """Some operations send an email."""
    return mailing_server


def send(world, operation, target, body=None):
    if operation.streams:
        return first_of_stream(world, operation, target)
    answer = world.api.request(operation.method, target, body, headers=world.headers(operation, target))
    assert answer.status == operation.success, f"{operation.method} {target}: {answer}"
    return answer


def first_of_stream(world, operation, target):
    """The head of an answer that does not end by itself."""
    host, port = world.server.address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request(operation.method, target, headers=world.api.credentials)
    answer = connection.getresponse()
    assert answer.status == operation.success, f"{operation.method} {target}: {answer.status} {answer.read(500)}"
    assert answer.headers["Content-Type"].split(";")[0] == "text/event-stream"
    connection.close()
    return answer


def sign_in(world, operation):
    """What is in the examples works once, or is somebody else's."""
    for body in operation.examples.values():
        if "token" in body:
            link = world.server.admin("sign-in-link", "--user", world.user, "--business", world.ids["business"])["link"]
            body = {**body, "token": link.replace("#", "=").rsplit("=", 1)[-1]}
        else:
            world.person(body["password"])
            body = {**body, "email": world.email("Alex", "Rivera", world.ids["business"])}
        answer = Person(world.server).post(operation.path, body)
        assert answer.status == operation.success, answer


def follow_link(world, operation):
    """The token in the example works once, and came by email."""
    for body in operation.examples.values():
        token = world.invitation_token() if "/invitations/" in operation.path else world.reset_token()
        answer = Person(world.server).post(operation.path, {**body, "token": token})
        assert answer.status == operation.success, answer


BY_A_PERSON = {"signIn": sign_in, "acceptInvitation": follow_link, "checkInvitation": follow_link,
               "checkPasswordReset": follow_link, "confirmPasswordReset": follow_link}


def is_found_at_its_location(world, operation, target, answer):
    """What was made and can be read by itself is where the answer says."""
    readable = any(o.method == "GET" and re.fullmatch(re.escape(operation.path) + r"/{\w+}", o.path) for o in operations())
    if operation.success == 201 and readable:
        assert answer.headers["Location"] == f"{target}/{answer.json['id']}", operation
        assert world.api.ok("GET", answer.headers["Location"])["id"] == answer.json["id"]


def replay(server, operation):
    if operation.name in BY_A_PERSON:
        BY_A_PERSON[operation.name](ExampleWorld(server), operation)
        return
    for body in operation.examples.values():
        world = ExampleWorld(server)
        if operation.for_people:
            world.api = world.person()
        target = world.target(operation)
        answer = send(world, operation, target, world.replaced(body))
        is_found_at_its_location(world, operation, target, answer)
    if operation.method == "GET":
        every_parameter(ExampleWorld(server), operation)


def every_parameter(world, operation):
    """Each alone, and all that are needed with it."""
    target = world.target(operation)
    for parameter in operation.in_query():
        if parameter["name"] == "cursor":
            continue  # taken from an answer: the tests of lists
        query = {p["name"]: world.query_value(p) for p in operation.in_query() if p.get("required")}
        query[parameter["name"]] = world.query_value(parameter)
        send(world, operation, f"{target}?{urllib.parse.urlencode(query)}")


@pytest.mark.core
@pytest.mark.parametrize("tag", TAGS)
def test_every_example_works(server, tag):
    broken = []
    for operation in operations():
        if operation.tag != tag:
            continue
        try:
            replay(server, operation)
        except AssertionError as error:
            broken.append(f"{operation}: {error}")
    assert not broken, "\n\n".join(broken)
