"""A Business with a history: many contacts, activities and deliveries, put straight into the tables."""

import contextlib
import itertools
import os
import sqlite3
import subprocess
import uuid

LONG = bool(os.environ.get("HERALD_LONG"))
ACTIVITIES = 1_000_000 if LONG else 50_000
CONTACTS = 100_000 if LONG else 10_000
EMPLOYEES = 2_000
BEGIN_MS = 1_700_000_000_000
FIRST = ["Maria", "José", "Anna", "Bob", "Chen", "Dora", "Emil", "Farid", "Gül", "Hana"]
LAST = ["Thompson", "Okafor", "Núñez", "Schmidt", "Wang", "Rossi", "İnan", "Smith", "O'Brien"]
KINDS = {name: i for i, name in enumerate(
    ("contact", "activity", "delivery", "scheduled", "notification", "employee", "user", "entry",
     "audit", "subject"))}


def made_id(kind, i):
    """A UUID of version 7 of the past; those of a kind grow with i."""
    high = (BEGIN_MS + i) << 16 | 0x7000 | KINDS[kind]
    return uuid.UUID(int=high << 64 | 0x8000_0000_0000_0000 | i).bytes


def made_at(i):
    return (BEGIN_MS + i) * 1000


def as_bytes(text):
    return uuid.UUID(text).bytes


class Crowd:
    """The rows, table by table, of a world whose Business gets them all; `other` gets its few oldest ones."""

    def __init__(self, world, other, objects, role):
        self.world, self.other, self.objects, self.role = world, other, [as_bytes(o) for o in objects], as_bytes(role)
        self.business = as_bytes(world.business)
        self.contacts = as_bytes(world.api.ok("GET", "/api/records/objects/contacts")["id"])
        self.others_contacts = as_bytes(other.api.ok("GET", "/api/records/objects/contacts")["id"])

    def contact_of(self, i):
        """One contact has many more than the others."""
        return made_id("contact", 0 if i % 165 == 0 else i % CONTACTS)

    def employee_of(self, i):
        return made_id("employee", i % EMPLOYEES) if i % 3 else as_bytes(self.world.employee)

    def users(self):
        for i in range(EMPLOYEES):
            yield made_id("user", i), FIRST[i % 10], LAST[i % 9], f"user{i}@crowd.test", f"user{i}@crowd.test", made_at(i)

    def employees(self):
        for i in range(EMPLOYEES):
            first, last = FIRST[i % 10], f"{LAST[i % 9]} {i}"
            yield (made_id("employee", i), self.business, made_id("user", i), first, last, f"{first} {last}",
                   f"user{i}@crowd.test", 1, made_at(i))

    def records(self):
        for i in range(CONTACTS):
            first, last = FIRST[i % 10], f"{LAST[i % 9]} {i}"
            yield (made_id("contact", i), self.business, self.contacts, first, last, f"{first} {last}",
                   f"contact{i}@crowd.test", None if i % 4 else as_bytes(self.world.employee),
                   f'{{"mobile_phone": "+1 (555) {i:07}"}}', 1, made_at(i), made_at(i), made_at(i) if i % 97 == 1 else None)

    def _activity(self, i):
        """Of the small Business: its Activity Object, its contact. None: this one is of the large one."""
        if i % 2 == 0 and i < 40:
            other = self.other
            return as_bytes(other.business), as_bytes(other.object), as_bytes(other.employee), as_bytes(other.contact)
        return self.business, self.objects[i % len(self.objects)], self.employee_of(i), self.contact_of(i)

    def activities(self):
        for i in range(ACTIVITIES):
            business, object_id, employee, _ = self._activity(i)
            done = i % 10 == 0
            yield (made_id("activity", i), business, 1, i, object_id, employee, made_at(i), made_at(i) if done else None,
                   employee if done else None, made_id("scheduled", i) if done else None, "[]", f"Note {i}",
                   made_id("delivery", i))

    def associations(self):
        for i in range(ACTIVITIES):
            business, _, _, contact = self._activity(i)
            yield (made_id("activity", i), business, 0,
                   self.contacts if business == self.business else self.others_contacts, contact)

    def deliveries(self):
        for i in range(ACTIVITIES):
            business, object_id, _, _ = self._activity(i)
            yield (made_id("delivery", i), business, 1, i, made_id("activity", i), object_id, 1, "http://127.0.0.1:9/",
                   2 if self.failed(i) else 1, 1, made_at(i), made_at(i))

    @staticmethod
    def failed(i):
        return i < 40 or i % 1000 == 0

    def attempts(self):
        for i in range(ACTIVITIES):
            if self.failed(i) or i % 10 == 0:
                yield (made_id("delivery", i), self._activity(i)[0], 1, made_at(i), 0 if self.failed(i) else 1, 500, None,
                       "", 0, 1, 0, 0, 0, 0, 0, "", "", 0)

    def notifications(self):
        for i in filter(self.failed, range(ACTIVITIES)):
            business, object_id, _, _ = self._activity(i)
            yield (made_id("notification", i), business, 1, made_at(i), made_id("delivery", i), 1, made_id("activity", i),
                   object_id, "http://127.0.0.1:9/", 500, "status", "It answered 500.")

    def scheduled(self):
        for i in range(0, ACTIVITIES, 5):
            business, object_id, employee, _ = self._activity(i)
            done = i % 10 == 0
            yield (made_id("scheduled", i), business, object_id, employee, made_at(i), made_at(i + 7), made_at(i + 7),
                   None if i % 15 == 0 else employee, "", "[]", 0, made_at(i) if done else None,
                   made_id("activity", i) if done else None, self.role if i % 15 == 0 else None, made_at(i))

    def scheduled_associations(self):
        for i in range(0, ACTIVITIES, 5):
            business, _, _, contact = self._activity(i)
            yield (made_id("scheduled", i), business, 0,
                   self.contacts if business == self.business else self.others_contacts, contact, 0 if i % 10 == 0 else 1)

    def changes(self):
        for i in range(0, ACTIVITIES, 10):
            business, _, _, contact = self._activity(i)
            yield 1, i, contact, business, 1, made_id("scheduled", i), made_at(i)

    def keys(self):
        for i in range(0, ACTIVITIES, 10):
            yield (made_id("entry", i) * 2, self.business, made_id("entry", i) * 2, made_id("activity", i), "{}", made_at(i))

    def audit(self):
        for i in range(0, ACTIVITIES, 5):
            business, _, employee, _ = self._activity(i)
            kind = ("role", "field", "activity_object")[i % 3]
            yield (made_id("audit", i), business, made_at(i), f"{kind}.{'created' if i % 10 else 'changed'}", kind,
                   made_id("subject", i % 500), f"Thing {i % 500}", 1, employee, "Somebody", 2, None, "192.0.2.1", None, "{}")

    def tables(self):
        yield "user_account", "id first_name last_name email email_key created_at", self.users()
        yield ("employee", "id business_id user_id first_name last_name display_name email active created_at",
               self.employees())
        yield ("record", "id business_id object_id first_name last_name display_name email owner_id field_values version "
               "created_at updated_at archived_at", self.records())
        yield ("logged_activity", "id business_id lane seq activity_object_id logged_by logged_at completed_at "
               "completed_by scheduled_activity_id mentions notes delivery_id", self.activities())
        yield "activity_association", "activity_id business_id position object_id record_id", self.associations()
        yield ("delivery", "id business_id lane seq activity_id activity_object_id settings_version url state attempts "
               "created_at finished_at", self.deliveries())
        yield ("delivery_attempt", "delivery_id business_id number started_at succeeded status error_class detail "
               "recovered wire_sends dns_us connect_us tls_us first_byte_us total_us response_headers response_body "
               "response_body_cut", self.attempts())
        yield ("notification", "id business_id kind created_at delivery_id attempt activity_id activity_object_id url "
               "status error_class detail", self.notifications())
        yield ("scheduled_activity", "id business_id activity_object_id scheduled_by created_at due_at original_due_at "
               "employee_id note mentions notify_mentioned completed_at logged_activity_id role_id updated_at",
               self.scheduled())
        yield ("scheduled_association", "scheduled_id business_id position object_id record_id open",
               self.scheduled_associations())
        yield "timeline_change", "lane seq record_id business_id kind entry_id created_at", self.changes()
        yield ("audit_entry", "id business_id at action subject_kind subject_id subject_name actor_kind employee_id "
               "actor_name via key_id address request_id changes", self.audit())
        yield "idempotency", "key_hash business_id request_hash activity_id answer created_at", self.keys()

    def put(self, data, database):
        """While no server runs."""
        for table, columns, rows in self.tables():
            if database:
                copy(database, table, columns.split(), rows)
            else:
                insert(data / "herald.db", table, columns.split(), rows)


def insert(path, table, columns, rows):
    marks = ", ".join("?" * len(columns))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def copied(value):
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value)) if len(value) == 16 else "\\\\x" + value.hex()
    return str(value).replace("\\", "\\\\")


def copy(database, table, columns, rows):
    with subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c",
                           f"COPY {table} ({', '.join(columns)}) FROM STDIN"], stdin=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        rows = iter(rows)
        while some := list(itertools.islice(rows, 5000)):
            process.stdin.write("".join("\t".join(map(copied, row)) + "\n" for row in some).encode())
        process.stdin.close()
        process.stdin = None
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors.decode()
