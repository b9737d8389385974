"""M13, M11: who may do what. A random Business, an independent oracle (support/oracle.py), and what both say."""

import os
import random
import re

import pytest

from support.api import Api, new_id
from support.events import Stream
from support.oracle import OK, as_json
from support.staff import CHANGES, DONE, Asker, Crowd
from support.server import run
from support.wait import LONG
from support.world import World

# How many (employee, action, thing) questions are asked on each engine.
QUESTIONS = int(os.environ.get("HERALD_QUESTIONS", "1000000" if LONG else "100000"))


class Questions(Asker):
    """Asks at random, and compares."""

    def __init__(self, crowd):
        super().__init__(crowd)
        self.count = 0

    def point(self, who, questions):
        """One question about one thing."""
        rule, thing = self.rng.choice(questions)
        if rule in DONE and self.model.answer(who, rule, thing) == OK and self.rng.random() < 0.8:
            return  # what is made is more and more to read
        said, wanted = self.ask(who, rule, thing), self.model.answer(who, rule, thing)
        self.count += said is not None
        assert said in (None, wanted), f"{rule} {thing} by {who}: {said}, but the rules say {wanted}"

    def listed(self, who, path, things, visible, may_list):
        answer = self.crowd.apis[who].get(path)
        self.count += len(things)
        if may_list:
            assert answer.status == 200, (path, answer)
            found = {result["id"] for result in answer.json["results"]}
            assert found == visible, f"{path}: {found - visible} too many, {visible - found} missing"
            self.in_pages(who, path, visible)
        else:
            assert answer.status in (403, 404), (path, answer)

    def in_pages(self, who, path, visible):
        """Now and then: each page but the last is full, so that it was filtered before it was cut."""
        if self.rng.random() > 0.1:
            return
        limit, cursor, found = self.rng.randint(1, 7), "", []
        while True:
            page = self.crowd.apis[who].ok("GET", path.replace("limit=200", f"limit={limit}") + cursor)
            found += [result["id"] for result in page["results"]]
            if not page["next"]:
                break
            assert len(page["results"]) == limit, path
            cursor = f"&cursor={page['next']}"
        assert len(found) == len(visible) and set(found) == visible, path

    def lists(self, who):
        model = self.model
        level = lambda kind: model.level(who, kind, "view") != "none"  # noqa: E731
        record, kind = self.rng.choice(sorted(model.records)), self.rng.choice(sorted(model.shared))
        visible = model.visible(model.view_logged, model.logged, who)
        logged = lambda where: {i for i in visible if where(model.logged[i])}  # noqa: E731
        sees = model.view_record(who, record) == OK
        path = "/api/activities/logged?limit=200"
        self.listed(who, path, model.logged, visible, level("activities"))
        self.listed(who, f"{path}&activity_object_id={kind}", model.logged, logged(lambda a: a[0] == kind),
                    level("activities"))
        other = self.rng.choice(model.employees)
        self.listed(who, f"{path}&employee_id={other}", model.logged, logged(lambda a: a[1] == other),
                    level("activities"))
        self.listed(who, f"{path}&record_id={record}", model.logged,
                    logged(lambda a: sees and record in a[2]), level("activities"))
        due = model.visible(model.view_scheduled, model.scheduled, who)
        path = "/api/activities/scheduled-activity?limit=200"
        self.listed(who, path, model.scheduled, due, True)
        self.listed(who, f"{path}&activity_object_id={kind}", model.scheduled,
                    {i for i in due if model.scheduled[i][0] == kind}, True)
        self.listed(who, f"{path}&record_id={record}", model.scheduled,
                    {i for i in due if sees and record in model.scheduled[i][3]}, True)
        self.listed(who, "/api/records/contacts?limit=200", model.records,
                    model.visible(model.view_record, model.records, who), level("records"))
        if level("records"):
            archived = {each["id"] for each in self.crowd.apis[who].pages("/api/records/contacts?archived=true")}
            assert archived & set(model.archived) == model.visible(model.view_archived, model.archived, who)
        self.listed(who, f"/api/records/contacts/{record}/timeline?limit=200", [*model.logged, *model.scheduled],
                    model.timeline(who, record), sees)
        self.listed(who, "/api/activities/objects?limit=200", model.shared,
                    model.visible(model.view_object, model.shared, who), level("objects"))

    def about(self, who):
        """What an activity says of records and people that the caller may not see: nothing."""
        model, api = self.model, self.crowd.apis[who]
        visible = sorted(model.visible(model.view_logged, model.logged, who))
        for thing in self.rng.sample(visible, min(3, len(visible))):
            told = api.ok("GET", f"/api/activities/logged/{thing}")
            wanted = model.visible(model.view_record, model.logged[thing][2], who)
            assert {entity["id"] for entity in told["associated_entities"]} == wanted
            self.count += len(model.logged[thing][2])
            if model.view_people(who, None) != OK:
                assert set(told["mentions"]) <= {who}

    def ask_some(self, points):
        questions = self.model.questions()
        for who in self.model.employees:
            self.lists(who)
            self.about(who)
            for _ in range(points):
                self.point(who, questions)


@pytest.mark.slow
@pytest.mark.timeout(7200 if LONG else 900)
def test_m13_the_rules_decide(server):
    """A random Business, one change after the other; after each, all answers are the oracle's."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    crowd = Crowd(server, random.Random(seed), webhook="http://127.0.0.1:9/none")
    crowd.wait_for_failures()
    crowd.begin()
    questions = Questions(crowd)
    questions.ask_some(points=30)
    for api in crowd.apis.values():
        api.judged = False
    while questions.count < QUESTIONS:
        crowd.change(*crowd.a_change(crowd.rng.choice(CHANGES)))
        questions.ask_some(points=60)


def test_m13_what_may_be_deleted_is(server):
    """The oracle says who may delete what; whoever may does."""
    crowd = Crowd(server, random.Random(7))
    crowd.begin()
    model = crowd.model
    done = 0
    for who, api in crowd.apis.items():
        for things, rule, path in ((model.logged, model.delete_logged, "/api/activities/logged"),
                                   (model.scheduled, model.delete_scheduled, "/api/activities/scheduled-activity")):
            mine = sorted(model.visible(rule, things, who))[:3]
            for thing in mine:
                assert api.request("DELETE", f"{path}/{thing}").status == 204
                del things[thing]
                done += 1
    assert done > 3


def agent(crowd, grants):
    """An employee with these permissions alone."""
    who = [employee for employee in crowd.apis if employee != crowd.world.employee][0]
    for group in crowd.model.grants:
        crowd.set_members(group, [])
    for role in crowd.model.role_members:
        crowd.set_role(role, [])
    group = crowd.api.ok("POST", "/api/permission-groups", {"name": "Alone", "permissions": as_json(grants)})["id"]
    crowd.model.grants[group] = dict(grants)
    crowd.set_members(group, [who])
    return who, crowd.apis[who], group


def test_m11_401_404_403(server):
    crowd = Crowd(server, random.Random(1), employees=1)
    other = World(server, name="Other", email="sam@other.test")
    crowd.begin()
    who, api, _ = agent(crowd, {("activities", "view"): "my"})
    mine = next(i for i, (_, by, _) in crowd.model.logged.items() if by == who)
    theirs = next(i for i, (_, by, _) in crowd.model.logged.items() if by != who)
    path = "/api/activities/logged/"
    assert Api(server).get(path + mine).status == 401
    assert other.api.get(path + mine).status == 404
    assert api.get(path + new_id()).status == 404
    assert api.get(path + mine).status == 200
    refused = api.get(path + theirs)
    assert refused.status == 403
    assert refused.json["detail"] == "You lack the permission 'activities: view (all)'."
    assert not re.search(r"notes|logged_by", refused.text)
    crowd.share(crowd.model.logged[mine][0], set())
    assert api.get(path + mine).status == 404, "what is not shared is not there"
    assert api.get(path + mine).json["detail"] == api.get(path + new_id()).json["detail"]


def test_m13_the_owner_group_keeps_a_member(server):
    world = World(server)
    owners = f"/api/permission-groups/{world.business}"
    group = world.api.ok("GET", owners)
    assert group["is_owner_group"] and [member["id"] for member in group["members"]] == [world.employee]
    assert world.api.request("PUT", owners + "/members", {"members": []}).status == 409
    etag = {"If-Match": world.api.get(owners).headers["ETag"]}
    assert world.api.patch(owners, {"name": "Bosses"}, headers=etag).status == 409
    assert world.api.request("DELETE", owners, headers=etag).status == 409
    assert world.api.ok("GET", owners) == group


def test_m13_nobody_gives_what_they_lack(server):
    """Neither by a group, nor by joining one, nor by a role."""
    crowd = Crowd(server, random.Random(2), employees=1)
    crowd.begin()
    who, api, mine = agent(crowd, {("people", verb): "all" for verb in ("view", "create", "edit", "delete")})
    owners = f"/api/permission-groups/{crowd.world.business}/members"
    assert api.request("PUT", owners, {"members": [who]}).status == 403
    path = f"/api/permission-groups/{mine}"
    etag = {"If-Match": api.get(path).headers["ETag"]}
    more = {"permissions": {"activities": {"view": "my"}}}
    refused = api.patch(path, more, headers=etag)
    assert refused.status == 403 and "'activities: view (my)'" in refused.json["detail"]
    assert api.post("/api/permission-groups", {"name": "More", **more}).status == 403
    strong = crowd.api.ok("POST", "/api/permission-groups", {"name": "Strong", **more})["id"]
    assert api.request("PUT", f"/api/permission-groups/{strong}/members", {"members": [who]}).status == 403
    role = sorted(crowd.model.role_members)[0]
    assert api.request("PUT", f"/api/roles/{role}/groups", {"groups": [strong]}).status == 403
    crowd.api.ok("PUT", f"/api/roles/{role}/groups", {"groups": [strong]})
    assert api.request("PUT", f"/api/roles/{role}/members", {"members": [who]}).status == 403
    crowd.api.ok("PUT", f"/api/roles/{role}/members", {"members": [who]})
    assert api.get("/api/activities/logged").status == 200


def test_m13_a_change_holds_at_once(server):
    """Also for whoever logged a moment ago, whom the worker remembers."""
    crowd = Crowd(server, random.Random(3), employees=1)
    crowd.begin()
    _, api, group = agent(crowd, {("activities", "log"): "all"})
    kind = sorted(crowd.model.shared)[0]
    body = {"activity_object_id": kind, "notes": "n"}
    for _ in range(5):
        assert api.post("/api/activities/logged", body).status == 201
        crowd.set_grants(group, {("activities", "log"): "none"})
        assert api.post("/api/activities/logged", body).status == 403
        crowd.set_grants(group, {("activities", "log"): "all"})
        assert api.post("/api/activities/logged", body).status == 201
        crowd.share(kind, set())
        refused = api.post("/api/activities/logged", body)
        assert refused.status == 422 and refused.pointers == ["/activity_object_id"]
        crowd.share(kind, None)


def test_m13_assigned_work_is_always_theirs(server):
    crowd = Crowd(server, random.Random(4), employees=1)
    crowd.begin()
    who, api, _ = agent(crowd, {})
    kind = sorted(crowd.model.shared)[0]
    crowd.share(kind, {crowd.world.employee})
    made = crowd.api.ok("POST", "/api/activities/scheduled-activity", {
        "activity_object_id": kind, "due_datetime": "2031-05-04T10:00:00Z", "employee_id": who,
        "associated_entities": [{"id": crowd.world.contact}]})
    path = f"/api/activities/scheduled-activity/{made['id']}"
    seen = api.ok("GET", path)
    assert seen["associated_entities"] == [], "but not the record that it is about"
    assert api.patch(path, {"note": "x"}).status in (403, 404)
    assert api.request("DELETE", path).status in (403, 404)
    assert api.post("/api/activities/scheduled-activity", {
        "activity_object_id": kind, "due_datetime": "2031-05-04T10:00:00Z", "employee_id": who}).status == 403
    done = api.post(path + "/complete", {"notes": "done"})
    assert done.status == 201 and done.json["associated_entities"] == []
    told = crowd.api.ok("GET", f"/api/activities/logged/{done.json['id']}")
    assert [entity["id"] for entity in told["associated_entities"]] == [crowd.world.contact]


def test_m13_a_live_stream_tells_what_its_reader_may_see(server):
    """Asked anew for each event: what is theirs comes, what is not does not, and then all of it does."""
    crowd = Crowd(server, random.Random(5), employees=1)
    crowd.begin()
    mine = {("activities", "view"): "my", ("activities", "log"): "all", ("records", "view"): "all"}
    _, api, group = agent(crowd, mine)
    kind, contact = sorted(crowd.model.shared)[0], crowd.world.contact
    body = {"activity_object_id": kind, "notes": "n", "associated_entities": [{"id": contact}]}
    stream = Stream(server, f"/api/records/contacts/{contact}/timeline/stream", api.credentials)
    stream.until("ready")
    theirs = crowd.api.ok("POST", "/api/activities/logged", body)["id"]
    own = api.ok("POST", "/api/activities/logged", body)["id"]
    assert theirs not in [event.data["id"] for event in stream.until("logged", own) if event.name == "logged"]
    crowd.set_grants(group, {("activities", "view"): "all"})
    seen = crowd.api.ok("POST", "/api/activities/logged", body)["id"]
    stream.until("logged", seen)
    crowd.set_grants(group, {("records", "view"): "none"})
    crowd.api.ok("POST", "/api/activities/logged", body)
    assert [event.name for event in stream.rest()] == ["end"], "who may not see the record sees nothing of it"
    stream.close()


def test_m13_a_live_stream_tells_of_an_end_only_whoever_could_see_the_thing(server):
    """Not even an id of the rest: neither of what is deleted, nor of what is given to somebody else."""
    crowd = Crowd(server, random.Random(8), employees=1)
    crowd.begin()
    who, api, _ = agent(crowd, {("activities", "view"): "my", ("activities", "log"): "all", ("records", "view"): "all"})
    kind, hidden, contact = *sorted(crowd.model.shared)[:2], crowd.world.contact
    owner, about = crowd.world.employee, {"associated_entities": [{"id": contact}]}
    of_type = {"notes": "n", **about}
    logged = [each.ok("POST", "/api/activities/logged", {"activity_object_id": of, **of_type})["id"]
              for each, of in ((crowd.api, kind), (api, hidden), (api, kind))]
    crowd.share(hidden, {owner})
    due = [crowd.schedule(crowd.api, kind, to, None, [contact]).json["id"] for to in (owner, who, who)]
    stream = Stream(server, f"/api/records/contacts/{contact}/timeline/stream", api.credentials)
    stream.until("ready")
    for thing in logged:
        assert crowd.api.request("DELETE", f"/api/activities/logged/{thing}").status == 204
    crowd.api.ok("PATCH", f"/api/activities/scheduled-activity/{due[0]}", {"note": "x"})
    for thing in due[:2]:
        assert crowd.api.request("DELETE", f"/api/activities/scheduled-activity/{thing}").status == 204
    crowd.api.ok("PATCH", f"/api/activities/scheduled-activity/{due[2]}", {"employee_id": owner})
    events = [(event.name, event.data["id"]) for event in stream.until("deleted", due[2])]
    assert events == [("deleted", thing) for thing in (logged[2], due[1], due[2])]
    stream.close()


def test_m13_what_is_not_shared_is_not_named_either(server):
    """An archived type, in what is said to whoever wants to log or schedule it: as one that nobody has."""
    crowd = Crowd(server, random.Random(10), employees=1)
    crowd.begin()
    _, api, _ = agent(crowd, {("activities", "log"): "all", ("scheduled", "create"): "all"})
    kind = sorted(crowd.model.shared)[0]
    path = f"/api/activities/objects/{kind}"
    crowd.share(kind, {crowd.world.employee})
    assert crowd.api.request("DELETE", path, headers=crowd.if_match(path)).status == 200

    def said(of):
        asked = [api.post("/api/activities/logged", of), api.get(path.replace(kind, of["activity_object_id"]) + "/form"),
                 api.post("/api/activities/scheduled-activity", {**of, "due_datetime": "2031-05-04T10:00:00Z"})]
        return [(answer.status, answer.json["detail"]) for answer in asked]

    assert said({"activity_object_id": kind}) == said({"activity_object_id": new_id()})


def test_m13_completed_work_names_what_completed_it_to_whoever_sees_it(server):
    """Scheduling data: also to whoever may not view the Logged Activity, and to nobody who does not see the other one."""
    crowd = Crowd(server, random.Random(11), employees=2)
    crowd.begin()
    who, api, _ = agent(crowd, {})
    stranger = crowd.apis[sorted(set(crowd.apis) - {who, crowd.world.employee})[0]]
    kind = sorted(crowd.model.shared)[0]
    path = "/api/activities/scheduled-activity/" + crowd.schedule(crowd.api, kind, who, None).json["id"]
    done = crowd.api.ok("POST", path + "/complete", {})["id"]
    assert api.ok("GET", path)["logged_activity_id"] == done
    again = api.post(path + "/complete", {})
    assert again.status == 409 and again.json["logged_activity_id"] == done
    assert api.get(f"/api/activities/logged/{done}").status == 403
    refused = stranger.post(path + "/complete", {})
    assert refused.status == 403 and done not in refused.text


def test_m13_a_repeat_is_told_what_may_be_known_now(server):
    """Idempotency-Key: the first answer without what may not be seen any more; nothing to whoever may not even log."""
    crowd = Crowd(server, random.Random(9), employees=1)
    crowd.begin()
    grants = {("activities", "log"): "all", ("records", "view"): "all", ("people", "view"): "all"}
    who, api, group = agent(crowd, grants)
    kind, contact, owner = sorted(crowd.model.shared)[0], crowd.world.contact, crowd.world.employee
    own = crowd.api.ok("POST", "/api/records/contacts", {"first_name": "O", "last_name": "X", "owner_id": who})["id"]
    fields = f"/api/activities/objects/{kind}/fields"
    for name, of in (("place", "record"), ("by", "team_member"), ("text", "text")):
        crowd.api.ok("POST", fields, {"name": name, "display_name": name, "field_type": of}, headers=crowd.if_match(fields))
    body = {"activity_object_id": kind, "notes": "ünï", "mentions": [owner, who],
            "associated_entities": [{"id": contact}, {"id": own}],
            "fields": [{"name": "place", "value": contact}, {"name": "by", "value": owner}, {"name": "text", "value": "t"}]}
    due = crowd.schedule(crowd.api, kind, None, None).json["id"]
    crowd.set_grants(group, {("scheduled", "log"): "all", ("scheduled", "view"): "all"})
    for path, sent in (("/api/activities/logged", body),
                       (f"/api/activities/scheduled-activity/{due}/complete", {**body, "activity_object_id": kind})):
        repeat = lambda: api.post(path, sent, headers={"Idempotency-Key": "one" + path[-4:]})  # noqa: E731
        first = repeat()
        assert first.status == 201 and repeat().body == first.body
        crowd.set_grants(group, {("records", "view"): "my", ("people", "view"): "none"})
        seen = repeat()
        wanted = {**first.json, "mentions": [who], "associated_entities": first.json["associated_entities"][1:]}
        wanted["fields"] = [{**field, "value": field["value"] if field["name"] == "text" else None}
                            for field in first.json["fields"]]
        assert seen.status == 201 and seen.json == wanted
        crowd.set_grants(group, {("activities", "log"): "none", ("scheduled", "log"): "none", ("activities", "view"): "my"})
        assert repeat().json == wanted, "who may view it may be told"
        crowd.set_grants(group, {("activities", "view"): "none"})
        assert repeat().status == 403
        crowd.set_grants(group, {**grants, ("scheduled", "log"): "all"})
        crowd.share(kind, {owner})
        assert repeat().status in (404, 422)
        crowd.share(kind, None)
        assert repeat().body == first.body


def test_m13_values_that_refer_to_what_is_hidden_are_empty(server):
    crowd = Crowd(server, random.Random(6), employees=1)
    crowd.begin()
    who, api, _ = agent(crowd, {("activities", "view"): "all", ("records", "view"): "my"})
    kind = sorted(crowd.model.shared)[0]
    fields = f"/api/activities/objects/{kind}/fields"
    for name, of in (("place", "record"), ("by", "team_member")):
        crowd.api.ok("POST", fields, {"name": name, "display_name": name, "field_type": of},
                     headers={"If-Match": crowd.api.get(fields).headers["ETag"]})
    own = crowd.api.ok("POST", "/api/records/contacts", {"first_name": "O", "last_name": "X", "owner_id": who})["id"]
    for record, person, wanted in ((crowd.world.contact, crowd.world.employee, [None, None]), (own, who, [own, who])):
        made = crowd.api.ok("POST", "/api/activities/logged", {
            "activity_object_id": kind, "notes": "n", "mentions": [crowd.world.employee, who],
            "fields": [{"name": "place", "value": record}, {"name": "by", "value": person}]})
        told = api.ok("GET", f"/api/activities/logged/{made['id']}")
        assert [field["value"] and field["value"]["id"] for field in told["fields"]] == wanted
        assert told["mentions"] == [who]
        listed = {a["id"]: a for a in api.pages("/api/activities/logged")}[made["id"]]
        assert listed["fields"] == told["fields"] and listed["mentions"] == told["mentions"]


def test_herald_admin_groups(server):
    world = World(server)
    words = ["--business", world.business]
    group = server.admin("group", "add", *words, "--name", "Agents", "--grant", "activities.view=my,records.view=all")["group_id"]
    told = world.api.ok("GET", f"/api/permission-groups/{group}")["permissions"]
    assert told["activities"]["view"] == "my" and told["records"]["view"] == "all" and told["people"]["view"] == "none"
    made = server.admin("employee", "add", *words, "--first-name", "Sam", "--last-name", "Lee", "--email", "sam@acme.test",
                        "--group", group)["employee_id"]
    members = [member["id"] for member in world.api.ok("GET", f"/api/permission-groups/{group}")["members"]]
    assert members == [made]
    assert server.admin("group", "remove", *words, "--group", group, "--employee", made)["member_count"] == "0"
    assert server.admin("group", "assign", *words, "--group", group, "--employee", made)["member_count"] == "1"
    for words_, told in ((["remove", *words, "--group", world.business, "--employee", world.employee], "always has a member"),
                         (["add", *words, "--name", "X", "--grant", "activities.fly=all"], "is no permission"),
                         (["add", *words, "--name", "X", "--grant", "records.view=all", "--grant=objects.view=all"],
                          "--grant is given twice")):
        done = run("admin", "group", *words_, "--data", str(server.data), check=False)
        assert done.returncode != 0 and told in done.stderr, done.stderr
