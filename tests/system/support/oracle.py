"""
Who may do what, once more and naively: a table of rules, written from docs/permissions.md and not from the program, and a
generator of random Businesses to compare the two. Everything here is plain data: ids, names and levels.
"""

import itertools

LEVELS = ("none", "my", "all")
# Kind of thing -> verb -> the levels that can be granted.
KINDS = {
    "activities": {"view": LEVELS, "log": ("none", "all"), "delete": LEVELS},
    "scheduled": {verb: LEVELS for verb in ("view", "log", "create", "edit", "delete")},
    "records": {verb: LEVELS for verb in ("view", "create", "edit", "delete")},
    "objects": {verb: ("none", "all") for verb in ("view", "create", "edit", "delete")},
    "webhooks": {"view": ("none", "all")},
    "people": {verb: ("none", "all") for verb in ("view", "create", "edit", "delete")},
    "audit": {"view": ("none", "all")},
}
PERMISSIONS = [(kind, verb) for kind, verbs in KINDS.items() for verb in verbs]

OK, UNKNOWN = "ok", "unknown"


def denied(kind, verb, level):
    return f"{kind}: {verb} ({level})"


class Model:
    """A Business as the rules see it."""

    def __init__(self, owner):
        self.owner = owner
        self.employees = [owner]
        self.grants = {}  # group -> {(kind, verb): level}
        self.group_members = {}  # group -> set of employees
        self.role_members = {}  # role -> set of employees
        self.role_groups = {}  # role -> set of groups
        self.shared = {}  # activity object -> None (everyone) or a set of roles and employees
        self.records = {}  # record -> owner or None
        self.logged = {}  # id -> (activity object, who logged it, [records])
        self.scheduled = {}  # id -> (activity object, employee or None, role or None, [records])

    # ── facts ──

    def roles_of(self, who):
        return {role for role, members in self.role_members.items() if who in members}

    def groups_of(self, who):
        own = {group for group, members in self.group_members.items() if who in members}
        by_role = itertools.chain.from_iterable(self.role_groups.get(role, ()) for role in self.roles_of(who))
        return own | set(by_role)

    def level(self, who, kind, verb):
        if who == self.owner:
            return "all"
        levels = [self.grants[group].get((kind, verb), "none") for group in self.groups_of(who)]
        return max(levels, key=LEVELS.index, default="none")

    def shares(self, activity_object, who):
        subjects = self.shared[activity_object]
        return subjects is None or who in subjects or bool(subjects & self.roles_of(who))

    # ── rules ──

    def _granted(self, who, kind, verb, mine):
        level = self.level(who, kind, verb)
        if level == "all" or (level == "my" and mine):
            return OK
        needed = "my" if mine and "my" in KINDS[kind][verb] else "all"
        return denied(kind, verb, needed)

    def view_logged(self, who, thing):
        activity_object, by, _ = self.logged[thing]
        if not self.shares(activity_object, who):
            return UNKNOWN
        return self._granted(who, "activities", "view", by == who)

    def delete_logged(self, who, thing):
        seen = self.view_logged(who, thing)
        return seen if seen != OK else self._granted(who, "activities", "delete", self.logged[thing][1] == who)

    def log(self, who, activity_object):
        if self.level(who, "activities", "log") == "none":
            return denied("activities", "log", "all")
        return OK if self.shares(activity_object, who) else UNKNOWN

    def assigned(self, who, thing):
        _, employee, role, _ = self.scheduled[thing]
        return employee == who or (role is not None and role in self.roles_of(who))

    def view_scheduled(self, who, thing):
        if self.assigned(who, thing):
            return OK
        if not self.shares(self.scheduled[thing][0], who):
            return UNKNOWN
        return self._granted(who, "scheduled", "view", False)

    def _change_scheduled(self, who, thing, verb):
        seen = self.view_scheduled(who, thing)
        if seen != OK:
            return seen
        if not self.shares(self.scheduled[thing][0], who):
            return UNKNOWN
        return self._granted(who, "scheduled", verb, self.assigned(who, thing))

    def edit_scheduled(self, who, thing):
        return self._change_scheduled(who, thing, "edit")

    def delete_scheduled(self, who, thing):
        return self._change_scheduled(who, thing, "delete")

    def complete(self, who, thing):
        if self.assigned(who, thing):
            return OK
        seen = self.view_scheduled(who, thing)
        if seen != OK or self.edit_scheduled(who, thing) == OK:
            return seen
        return self._change_scheduled(who, thing, "log")

    def view_record(self, who, thing):
        level = self.level(who, "records", "view")
        mine = self.records[thing] == who
        if level == "my" and not mine:
            return UNKNOWN
        return self._granted(who, "records", "view", mine)

    def _change_record(self, who, thing, verb):
        seen = self.view_record(who, thing)
        return seen if seen != OK else self._granted(who, "records", verb, self.records[thing] == who)

    def edit_record(self, who, thing):
        return self._change_record(who, thing, "edit")

    def delete_record(self, who, thing):
        return self._change_record(who, thing, "delete")

    def view_object(self, who, thing):
        if not self.shares(thing, who) and self.level(who, "objects", "edit") == "none":
            return UNKNOWN
        return self._granted(who, "objects", "view", False)

    def edit_object(self, who, _thing):
        return self._granted(who, "objects", "edit", False)

    def view_deliveries(self, who, _thing):
        return self._granted(who, "webhooks", "view", False)

    def view_people(self, who, _thing):
        return self._granted(who, "people", "view", False)

    def view_audit(self, who, _thing):
        return self._granted(who, "audit", "view", False)

    # ── what lists have ──

    def visible(self, rule, things, who):
        return {thing for thing in things if rule(who, thing) == OK}

    def timeline(self, who, record):
        logged = {thing for thing, (_, _, records) in self.logged.items() if record in records}
        scheduled = {thing for thing, (_, _, _, records) in self.scheduled.items() if record in records}
        return self.visible(self.view_logged, logged, who) | self.visible(self.view_scheduled, scheduled, who)


# ── random ones ──────────────────────────────────────────────────────────────────────────────────────────────────


def random_grants(rng):
    """Some permissions of some kinds: seldom all, seldom none."""
    generous = rng.random()
    return {(kind, verb): rng.choice(KINDS[kind][verb]) if rng.random() < 0.3 + 0.6 * generous else "none"
            for kind, verb in PERMISSIONS}


def as_json(grants):
    """As the API takes them."""
    permissions = {}
    for (kind, verb), level in grants.items():
        permissions.setdefault(kind, {})[verb] = level
    return permissions
