"""Employees besides the world's owner, each with the calls that they can make."""

from .api import Api
from .sql import ask


def add_employee(world, name, email=None, **permissions):
    """
    Somebody who is in no group, or (permissions: kind={verb: level}) in one that grants these. The answer to
    POST /api/employees, with `api` to call as them, `user` and `key`.
    """
    groups = []
    if permissions:
        groups = [world.api.ok("POST", "/api/permission-groups", {"name": f"As {name}", "permissions": permissions})["id"]]
    made = world.api.ok("POST", "/api/employees", {
        "first_name": name, "last_name": "Kim", "email": email or f"{name.lower()}@acme.test", "group_ids": groups})
    return with_key(world, made)


def add_owner(world, name):
    made = world.api.ok("POST", "/api/employees", {"first_name": name, "email": f"{name.lower()}@acme.test",
                                                   "group_ids": [world.business]})
    return with_key(world, made)


def user_of(world, employee):
    """Only operators tell who somebody is everywhere."""
    return ask(world.server, "SELECT user_id FROM employee WHERE id = {id}", id=employee)


def with_key(world, made):
    user = user_of(world, made["id"])
    key = world.server.admin("key", "add", "--user", user, "--name", "tests")
    world.server.secrets.add(key["api_key"])
    made.update(user=user, key=key["api_key"], key_id=key["key_id"],
                api=Api(world.server, key["api_key"], world.business, user))
    return made


def api_with(world, key, business=None, user=None):
    """The calls of whoever has this key."""
    world.server.secrets.add(key)
    return Api(world.server, key, business or world.business, user or world.user)
