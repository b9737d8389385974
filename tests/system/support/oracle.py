"""
Who may do what, once more and naively: a table of rules, written from docs/permissions.md and not from the program, and a
generator of random Businesses to compare the two. Everything here is plain data: ids, names and levels.
"""

import copy
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
    "audit": {"view": ("none", "all")},
}
PERMISSIONS = [(kind, verb) for kind, verbs in KINDS.items() for verb in verbs]

OK, UNKNOWN, GIVES = "ok", "unknown", "gives what they lack"
REFUSED = "refused"
NOBODY = "nobody"
LISTS = ("logged", "scheduled", "records", "search", "timeline", "objects", "record_objects", "deliveries", "notifications",
         "employees", "roles", "groups", "audit")


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
        self.archived = {}  # record -> owner or None; in no list but that of the archived ones
        self.deliveries = {}  # id -> (activity object,)

    # ── changes: the same words as Crowd's, which tells them to the program as well ──

    def after(self, change):
        """How it would be: (what, words…)."""
        model = copy.copy(self)
        for name in ("grants", "group_members", "role_members", "role_groups"):
            setattr(model, name, {key: copy.copy(value) for key, value in getattr(self, name).items()})
        for name in ("shared", "records", "scheduled"):
            setattr(model, name, dict(getattr(self, name)))
        model.apply(*change)
        return model

    def apply(self, what, about, value):
        if what == "grants":
            self.grants[about].update(value)
        elif what == "assignment":
            kind, _, _, records = self.scheduled[about]
            self.scheduled[about] = (kind, *value, records)
        else:
            table = {"members": self.group_members, "role": self.role_members, "role_groups": self.role_groups,
                     "sharing": self.shared, "owner": self.records}[what]
            table[about] = value

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

    def form(self, who, activity_object):
        """Whoever may see its settings, or may log it."""
        if self.view_object(who, activity_object) == OK:
            return OK
        if not self.shares(activity_object, who):
            return UNKNOWN
        return self.log(who, activity_object)

    def assigned(self, who, thing):
        _, employee, role, _ = self.scheduled[thing]
        return self._theirs(who, employee, role)

    def _theirs(self, who, employee, role):
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

    def assign(self, who, question):
        """Whoever may edit but their own gives it to nobody but themselves and their roles."""
        thing, employee, role = question
        edits = self.edit_scheduled(who, thing)
        if edits != OK or self._theirs(who, employee, role):
            return edits
        return self._granted(who, "scheduled", "edit", False)

    def delete_scheduled(self, who, thing):
        return self._change_scheduled(who, thing, "delete")

    def complete(self, who, thing):
        if self.assigned(who, thing):
            return OK
        seen = self.view_scheduled(who, thing)
        if seen != OK or self.edit_scheduled(who, thing) == OK:
            return seen
        return self._change_scheduled(who, thing, "log")

    def schedule(self, who, question):
        activity_object, employee, role = question
        if self.level(who, "scheduled", "create") == "none":
            return denied("scheduled", "create", "my")
        if not self.shares(activity_object, who):
            return UNKNOWN
        return self._granted(who, "scheduled", "create", self._theirs(who, employee, role))

    def view_record(self, who, thing):
        """Whoever may see but their own knows of no other."""
        level = self.level(who, "records", "view")
        if level == "none":
            return denied("records", "view", "my")
        return OK if level == "all" or self.records[thing] == who else UNKNOWN

    def view_archived(self, who, thing):
        level = self.level(who, "records", "view")
        return OK if level == "all" or (level == "my" and self.archived[thing] == who) else UNKNOWN

    def _change_record(self, who, thing, verb):
        seen = self.view_record(who, thing)
        return seen if seen != OK else self._granted(who, "records", verb, self.records[thing] == who)

    def edit_record(self, who, thing):
        return self._change_record(who, thing, "edit")

    def delete_record(self, who, thing):
        return self._change_record(who, thing, "delete")

    def add_record(self, who, owner):
        """`owner`: an employee, NOBODY, or None: it is not said, so that whoever may make but their own owns it."""
        if self.level(who, "records", "create") == "none":
            return denied("records", "create", "my")
        return self._granted(who, "records", "create", owner in (who, None))

    def view_object(self, who, thing):
        if not self.shares(thing, who) and self.level(who, "objects", "edit") == "none":
            return UNKNOWN
        return self._granted(who, "objects", "view", False)

    def _settings(self, who, verb):
        """Whoever may edit settings sees what is not shared with them, too; to whoever may not nothing is told."""
        seen = self._granted(who, "objects", "view", False)
        return seen if seen != OK else self._granted(who, "objects", verb, False)

    def edit_object(self, who, _thing):
        return self._settings(who, "edit")

    def delete_object(self, who, _thing):
        """It is archived, which is a change as well."""
        edits = self._settings(who, "edit")
        return edits if edits != OK else self._settings(who, "delete")

    delete_record_object = delete_object

    def add_object(self, who, _thing):
        return self._granted(who, "objects", "create", False)

    def view_record_object(self, who, _thing):
        """Whoever may see settings, or any record."""
        seen = self._granted(who, "objects", "view", False)
        return seen if seen == OK else self._granted(who, "records", "view", True)

    def edit_record_object(self, who, _thing):
        return self._settings(who, "edit")

    def view_deliveries(self, who, _thing):
        return self._granted(who, "webhooks", "view", False)

    def view_delivery(self, who, thing):
        """What is not shared is not there; see view_logged."""
        seen = self.view_deliveries(who, None)
        return seen if seen != OK or self.shares(self.deliveries[thing][0], who) else UNKNOWN

    def view_people(self, who, _thing):
        return self._granted(who, "people", "view", False)

    def view_audit(self, who, _thing):
        return self._granted(who, "audit", "view", False)

    def add_people(self, who, _thing):
        return self._granted(who, "people", "create", False)

    def _change_people(self, who, verb):
        seen = self.view_people(who, None)
        return seen if seen != OK else self._granted(who, "people", verb, False)

    def edit_people(self, who, _thing):
        return self._change_people(who, "edit")

    def delete_people(self, who, _thing):
        return self._change_people(who, "delete")

    def _change_employee(self, who, whom, verb):
        """Only owners change an owner."""
        changes = self._change_people(who, verb)
        return GIVES if changes == OK and whom == self.owner != who else changes

    def edit_employee(self, who, whom):
        return self._change_employee(who, whom, "edit")

    def deactivate(self, who, whom):
        return self._change_employee(who, whom, "delete")

    def view_audit(self, who, _thing):
        return self._granted(who, "audit", "view", False)

    def _may_give(self, who, groups):
        """Nobody gives what they lack."""
        for group in groups:
            for (kind, verb), level in self.grants[group].items():
                if LEVELS.index(level) > LEVELS.index(self.level(who, kind, verb)):
                    return GIVES
        return OK

    def give_group(self, who, group):
        edits = self.edit_people(who, None)
        return edits if edits != OK else self._may_give(who, [group])

    def give_role(self, who, role):
        edits = self.edit_people(who, None)
        return edits if edits != OK else self._may_give(who, self.role_groups.get(role, ()))

    def make_owners(self, who, _thing):
        edits = self.edit_people(who, None)
        return edits if edits != OK or who == self.owner else GIVES

    # ── what lists have ──

    def visible(self, rule, things, who):
        return {thing for thing in things if rule(who, thing) == OK}

    def timeline(self, who, record):
        logged = {thing for thing, (_, _, records) in self.logged.items() if record in records}
        scheduled = {thing for thing, (_, _, _, records) in self.scheduled.items() if record in records}
        return self.visible(self.view_logged, logged, who) | self.visible(self.view_scheduled, scheduled, who)

    def listed(self, who, name, about):
        """What a list has; REFUSED if there is nothing of its kind that they could see."""
        any_of = lambda kind: self.level(who, kind, "view") != "none"  # noqa: E731
        if name == "timeline":
            return self.timeline(who, about) if self.view_record(who, about) == OK else REFUSED
        if name == "scheduled":
            return self.visible(self.view_scheduled, self.scheduled, who)
        if name in ("record_objects", "employees", "roles", "groups", "audit"):
            rule = {"record_objects": self.view_record_object, "audit": self.view_audit}.get(name, self.view_people)
            return OK if rule(who, None) == OK else REFUSED
        kind, rule, things = {
            "logged": ("activities", self.view_logged, self.logged),
            "records": ("records", self.view_record, self.records),
            "search": ("records", self.view_record, self.records),
            "objects": ("objects", self.view_object, self.shared),
            "deliveries": ("webhooks", self.view_delivery, self.deliveries),
            "notifications": ("webhooks", self.view_delivery, self.deliveries)}[name]
        return self.visible(rule, things, who) if any_of(kind) else REFUSED

    # ── all of it ──

    def questions(self):
        """All that can be asked of one employee: (rule or list, about what)."""
        whom = [(employee, None) for employee in self.employees] + [(None, role) for role in self.role_members]
        about = {"view_logged": self.logged, "delete_logged": self.logged, "log": self.shared, "form": self.shared,
                 "view_scheduled": self.scheduled, "edit_scheduled": self.scheduled, "complete": self.scheduled,
                 "delete_scheduled": self.scheduled, "view_record": self.records, "edit_record": self.records,
                 "delete_record": self.records, "add_record": [None, NOBODY, *self.employees], "view_object": self.shared,
                 "edit_object": self.shared, "delete_object": self.shared, "view_delivery": self.deliveries,
                 "edit_employee": self.employees, "deactivate": self.employees, "give_group": self.grants, "give_role": self.role_members, "list:timeline": self.records,
                 "assign": [(thing, *to) for thing in list(self.scheduled)[:2] for to in [*whom, (None, None)]],
                 "schedule": [(list(self.shared)[0], *to) for to in whom] + [(kind, None, None) for kind in self.shared]}
        for rule in ("add_object", "view_record_object", "edit_record_object", "delete_record_object", "view_deliveries",
                     "view_people", "add_people", "edit_people", "delete_people", "make_owners", "view_audit"):
            about[rule] = [None]
        for name in LISTS:
            about.setdefault(f"list:{name}", [None])
        return [(rule, thing) for rule, things in about.items() for thing in things]

    def answer(self, who, rule, thing):
        if rule.startswith("list:"):
            listed = self.listed(who, rule[5:], thing)
            return frozenset(listed) if isinstance(listed, set) else listed
        return getattr(self, rule)(who, thing)

    def answers(self):
        return {(who, rule, thing): self.answer(who, rule, thing)
                for who in self.employees for rule, thing in self.questions()}


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
