"""Emails through a real SMTP server: invitations, password resets; none lost, none twice, nothing given away."""

import concurrent.futures
import socket

import pytest

from support.api import Api, new_id
from support.database import psql
from support.mailbox import PASSWORD, Mailbox
from support.person import PASSWORD as PERSONS, Person, set_password, signed_in
from support.server import run
from support.sql import execute
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core


@pytest.fixture
def place(mailing_server):
    return World(mailing_server)


def add_person(world, first="Sam", last="Lee", email="sam.lee@acme.test"):
    return world.server.admin("employee", "add", "--business", world.business, "--first-name", first, "--last-name",
                              last, "--email", email)


def invite(world, employee):
    answer = world.api.post(f"/api/employees/{employee}/invitation")
    assert answer.status == 202, answer
    return answer.json


def waiting(server):
    return server.admin("mail", "list")["results"]


def all_settled(server):
    wait_for(lambda: not [m for m in waiting(server) if m["state"] == "pending"], "the last pending email")


def test_an_invitation_arrives(place, mailbox):
    sam = add_person(place)
    assert invite(place, sam["employee_id"]) == {"employee_id": sam["employee_id"], "email": "sam.lee@acme.test"}
    [mail] = mailbox.wait(1)
    message = mail.message
    assert mail.sender == "herald@acme.test" and mail.recipients == ["sam.lee@acme.test"]
    assert str(message["To"]) == "Sam Lee <sam.lee@acme.test>"
    assert str(message["From"]) == "Herald <herald@acme.test>"
    assert message["Subject"] == "Alex Rivera invites you to Acme Field Services"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@acme.test>") and message["Date"].datetime
    assert message.get_content_type() == "text/plain"
    assert mail.link.startswith("http://herald.test:8080/invitation#") and len(mail.token) == 43
    all_settled(place.server)
    assert waiting(place.server) == []
    assert place.server.metrics()["mails_sent_total"] == 1
    place.server.secrets |= {mail.token}


# ── the SMTP server ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_tls_and_a_password(make_server, tmp_path, tls):
    mailbox = Mailbox(tmp_path, tls=tls, login=True)
    world = World(make_server(flags=mailbox.flags))
    world.server.secrets |= {PASSWORD}
    invite(world, add_person(world)["employee_id"])
    [mail] = mailbox.wait(1)
    assert mail.encrypted and mailbox.logins == [True]
    assert PASSWORD not in " ".join(world.server.process.words)
    mailbox.stop()


def test_a_certificate_that_nobody_vouches_for(make_server, tmp_path):
    """Nothing is sent, and nothing dies: it waits until the operator has put it right."""
    mailbox = Mailbox(tmp_path, tls="starttls")
    flags = [flag if flag != str(tmp_path / "ca.pem") else "/etc/ssl/certs/ca-certificates.crt" for flag in mailbox.flags]
    world = World(make_server(flags=flags))
    invite(world, add_person(world)["employee_id"])
    world.server.process.wait_message("the SMTP server does not take emails")
    assert not mailbox.attempts
    world.server.stop()
    world.server.flags = mailbox.flags
    world.server.start()
    mailbox.wait(1)
    mailbox.stop()


def test_no_starttls_no_email(make_server, mailbox):
    """Nobody on the way takes the encryption out."""
    flags = [flag for flag in mailbox.flags if flag != "--smtp-plain"]
    world = World(make_server(flags=flags))
    invite(world, add_person(world)["employee_id"])
    world.server.process.wait_message("the SMTP server does not take emails")
    assert not mailbox.attempts
    [found] = wait_for(lambda: [m for m in waiting(world.server) if m["reason"]], "its reason")
    assert found["state"] == "pending" and "TLS" in found["reason"]


def test_a_wrong_password_kills_no_email(make_server, tmp_path):
    mailbox = Mailbox(tmp_path, tls="starttls", login=True)
    flags = mailbox.flags
    (tmp_path / "smtp-password").write_text("wrong", encoding="ascii")
    world = World(make_server(flags=flags))
    invite(world, add_person(world)["employee_id"])
    wait_for(lambda: len(mailbox.logins) >= 2, "two tries")
    assert not any(mailbox.logins)
    [found] = wait_for(lambda: [m for m in waiting(world.server) if m["reason"]], "its reason")
    assert found["state"] == "pending"
    (tmp_path / "smtp-password").write_text(PASSWORD, encoding="ascii")
    world.server.restart()
    mailbox.wait(1)
    mailbox.stop()


def test_a_server_that_is_down_loses_nothing(place, mailbox):
    people = [add_person(place, first=f"P{i}", email=f"p{i}@acme.test") for i in range(8)]
    mailbox.stop()
    for person in people:
        invite(place, person["employee_id"])
    place.server.process.wait_message("the SMTP server does not take emails")
    assert len(waiting(place.server)) == 8
    mailbox.start()
    mailbox.wait(8)
    all_settled(place.server)
    assert sorted(mail.to for mail in mailbox.mails) == [f"p{i}@acme.test" for i in range(8)]
    assert place.server.metrics()["mails_dead_total"] == 0


def test_4xx_is_tried_again(place, mailbox):
    mailbox.rcpt_answers = ["450 4.2.1 greylisted", "451 later", None]
    mailbox.data_answers = ["452 no room"]
    other = add_person(place, first="Tim", email="tim@acme.test")
    invite(place, add_person(place)["employee_id"])
    [mail] = mailbox.wait(1)
    assert mail.to == "sam.lee@acme.test"
    invite(place, other["employee_id"])
    mailbox.wait(1, to="tim@acme.test")
    all_settled(place.server)
    assert len(mailbox.mails) == 2 and mailbox.attempts == 5
    assert place.server.metrics()["mails_retried_total"] == 3


def test_5xx_is_dead_and_says_why(place, mailbox):
    mailbox.rcpt_answers = ["550 5.1.1 No such user here"]
    invite(place, add_person(place)["employee_id"])
    [dead] = wait_for(lambda: [m for m in waiting(place.server) if m["state"] == "dead"], "a dead email")
    assert dead["email"] == "sam.lee@acme.test" and dead["kind"] == "invitation" and dead["attempts"] == 1
    assert dead["reason"] == "The server said: 550 5.1.1 No such user here"
    assert dead["next_attempt_at"] is None and dead["business_id"] == place.business
    assert place.server.metrics()["mails_dead_total"] == 1
    assert "No such user" not in place.server.process.errors, "the server's words may hold an address"
    assert not mailbox.mails


# ── kills, and several nodes ────────────────────────────────────────────────────────────────────────────────


def test_e1_killed_between_commit_and_sending(place, mailbox):
    mailbox.stop()
    invite(place, add_person(place)["employee_id"])
    place.server.process.wait_message("the SMTP server does not take emails")
    place.server.kill()
    mailbox.start()
    place.server.start()
    mailbox.wait(1)
    all_settled(place.server)
    assert len(mailbox.mails) == 1


def test_e2_killed_between_sending_and_its_record(make_server, mailbox):
    """It is sent again, at once and once; the two are the same email, and the link of either works until one is used."""
    world = World(make_server(flags=mailbox.flags, env={"HERALD_FAULTS": "after_mail=1"}))
    invite(world, add_person(world)["employee_id"])
    mailbox.wait(1)
    world.server.process.wait()
    world.server.start(env={"HERALD_FAULTS": ""})
    first, second = mailbox.wait(2)
    all_settled(world.server)
    assert len(mailbox.mails) == 2
    assert first.message["Message-ID"] == second.message["Message-ID"] and first.token != second.token


@pytest.mark.engine("postgres")
def test_e2_two_nodes_send_each_email_once(make_server, mailbox):
    one = make_server(flags=mailbox.flags)
    world = World(one)
    other = make_server(flags=mailbox.flags)
    people = [add_person(world, first=f"P{i}", email=f"p{i}@acme.test") for i in range(20)]
    for person in people:
        invite(world, person["employee_id"])
    mailbox.wait(20)
    all_settled(one)
    assert sorted(mail.to for mail in mailbox.mails) == sorted(f"p{i}@acme.test" for i in range(20))
    assert one.metrics()["mails_sent_total"] + other.metrics()["mails_sent_total"] == 20


@pytest.mark.engine("postgres")
def test_e2_what_a_dead_node_was_sending_another_one_sends(make_server, mailbox, database):
    """When the lease is over, which the test makes so."""
    one = make_server(flags=mailbox.flags, env={"HERALD_FAULTS": "after_mail=1"})
    world = World(one)
    sam = add_person(world)
    invite(world, sam["employee_id"])
    mailbox.wait(1)
    one.process.wait()
    other = make_server(flags=mailbox.flags)
    [found] = waiting(other)
    assert found["state"] == "pending" and found["attempts"] == 1
    psql(database, "UPDATE mail SET due_at = 0")
    mailbox.wait(2)
    all_settled(other)
    assert len(mailbox.mails) == 2


# ── invitations ─────────────────────────────────────────────────────────────────────────────────────────────


def test_who_can_be_invited(place, mailbox):
    """Active employees of the Business, by those who may make employees."""
    api = place.api
    stranger = World(place.server, name="Other", email="kim@other.test")
    assert api.post(f"/api/employees/{new_id()}/invitation").status == 404
    assert api.post(f"/api/employees/{stranger.employee}/invitation").status == 404
    sam = add_person(place)
    assert api.request("DELETE", f"/api/employees/{sam['employee_id']}").status in (200, 204)
    answer = api.post(f"/api/employees/{sam['employee_id']}/invitation")
    assert answer.status == 409 and "no active employee" in answer.json["detail"]
    viewers = api.ok("POST", "/api/permission-groups", {"name": "Viewers", "permissions": {"people": {"view": "all"}}})
    tim = place.server.admin("employee", "add", "--business", place.business, "--first-name", "Tim", "--last-name", "Hill",
                             "--email", "tim@acme.test", "--group", viewers["id"])
    key = place.server.admin("key", "add", "--user", tim["user_id"], "--name", "tests")["api_key"]
    answer = Api(place.server, key, place.business, tim["user_id"]).post(f"/api/employees/{tim['employee_id']}/invitation")
    assert answer.status == 403 and "'people: create (all)'" in answer.json["detail"]
    assert not mailbox.mails and not waiting(place.server)


def test_an_invitation_comes_with_the_employee(place, mailbox):
    """In one transaction: if no email can go there, there is no employee, either."""
    made = place.api.ok("POST", "/api/employees", {"first_name": "Sam", "email": "sam@acme.test", "invite": True})
    [mail] = mailbox.wait(1)
    assert mail.to == "sam@acme.test"
    refused = place.api.post("/api/employees", {"first_name": "Zoë", "email": "zoë@acme.test", "invite": True})
    assert refused.status == 422 and refused.pointers == ["/email"]
    assert {e["id"] for e in place.api.pages("/api/employees")} == {place.employee, made["id"]}


def test_a_server_without_email_says_what_to_do(world):
    sam = add_person(world)
    for answer in (world.api.post(f"/api/employees/{sam['employee_id']}/invitation"),
                   world.api.post("/api/employees", {"first_name": "Tim", "email": "t@acme.test", "invite": True}),
                   Api(world.server).post("/api/password-resets", {"email": "sam.lee@acme.test"})):
        assert answer.status == 409 and "herald admin invitation" in answer.json["detail"]
    assert len(world.api.pages("/api/employees")) == 2
    link = world.server.admin("invitation", "--business", world.business, "--employee", sam["employee_id"])["link"]
    assert "/invitation#" in link and len(link.rsplit("#", 1)[1]) == 43


HOSTILE = ["Sam\r\nBcc: eve@evil.test", "Sam\nSubject: free money", "Sam <eve@evil.test>,", "\"Sam\"", "=?UTF-8?Q?=0ABcc:?=",
           "Žoë " + "長" * 60, "\r\n.\r\nRCPT TO:<eve@evil.test>", "\u202eevil"]


def test_no_name_gets_into_a_header(place, mailbox):
    """Neither that of the person, nor that of the Business."""
    for i, name in enumerate(HOSTILE):
        invite(place, add_person(place, first=name, last="Lee", email=f"p{i}@acme.test")["employee_id"])
    for mail in mailbox.wait(len(HOSTILE)):
        names = [name.lower() for name in mail.message.keys()]
        assert sorted(names) == sorted(set(names)) and "bcc" not in names, names
        assert mail.recipients == [mail.to] and mail.to.endswith("@acme.test")
        [to] = mail.message["To"].addresses
        wanted = HOSTILE[int(mail.to[1:-len("@acme.test")])]
        # Python's parser leaves a blank between the encoded words of one name.
        assert "".join(to.display_name.split()) == "".join(f"{wanted} Lee".split())
        assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))
        assert mail.link


def test_hostile_businesses(place, mailbox):
    other = World(place.server, name="Acme\r\nBcc: eve@evil.test\r\n\r\nHello", email="kim@other.test")
    invite(other, add_person(other, email="sam@other.test")["employee_id"])
    [mail] = mailbox.wait(1)
    assert mail.message["Bcc"] is None and mail.recipients == ["sam@other.test"]
    assert mail.message["Subject"].startswith("Alex Rivera invites you to Acme")
    assert "\nBcc" not in mail.text and "\nHello\n" not in mail.text, "a name writes no lines of its own"


@pytest.mark.parametrize("email", ["a@b,c@d", "a@b\tc", "\"a b\"@c", "a@[127.0.0.1]", "zoë@acme.test", "a;b@c", "a@-b"])
def test_no_address_is_two(place, mailbox, email):
    answer = Api(place.server).post("/api/password-resets", {"email": email})
    assert answer.status == 422 and answer.pointers == ["/email"]
    assert not waiting(place.server)


# ── a new password ──────────────────────────────────────────────────────────────────────────────────────────


def ask_reset(server, email):
    answer = Api(server).post("/api/password-resets", {"email": email})
    assert answer.status == 202, answer
    return answer


def test_asking_says_nothing_of_accounts(place, mailbox):
    """Known or not, the answer is one and the same; what is stored, too, until the mailer has looked."""
    add_person(place)
    mailbox.stop()
    known, unknown = ask_reset(place.server, "Sam.Lee@ACME.test"), ask_reset(place.server, "nobody@acme.test")
    def told(answer):
        return {k: v for k, v in answer.headers.items() if k.lower() not in ("date", "x-request-id")}, answer.body
    assert told(known) == told(unknown)
    mailbox.start()
    [mail] = mailbox.wait(1)
    assert mail.to == "sam.lee@acme.test" and "Acme Field Services" in mail.text
    assert mail.link.startswith("http://herald.test:8080/reset#")
    all_settled(place.server)
    assert len(mailbox.mails) == 1 and not waiting(place.server)


def test_whoever_works_nowhere_gets_no_link(place, mailbox):
    sam = add_person(place)
    place.api.request("DELETE", f"/api/employees/{sam['employee_id']}")
    ask_reset(place.server, "sam.lee@acme.test")
    ask_reset(place.server, "alex@acme.test")
    mailbox.wait(1, to="alex@acme.test")
    all_settled(place.server)
    assert len(mailbox.mails) == 1


def test_asking_too_often_sends_nothing(place, mailbox):
    for _ in range(5):
        ask_reset(place.server, "alex@acme.test")
    ask_reset(place.server, "ALEX@acme.test")
    sam = add_person(place)
    invite(place, sam["employee_id"])
    mailbox.wait(1, to="sam.lee@acme.test")
    all_settled(place.server)
    assert len([m for m in mailbox.mails if m.to == "alex@acme.test"]) == 3
    execute(place.server, "UPDATE reset_request SET since = since - 3600000001")
    ask_reset(place.server, "alex@acme.test")
    mailbox.wait(4, to="alex@acme.test")


# ── the links ───────────────────────────────────────────────────────────────────────────────────────────────

NEW = "nine violet umbrellas"


def invited(world, mailbox, email="sam.lee@acme.test", **more):
    """An employee who has just been invited: their ids, and the token in the email."""
    sam = add_person(world, email=email, **more)
    invite(world, sam["employee_id"])
    token = mailbox.wait(1, to=email)[-1].token
    world.server.secrets |= {token, NEW}
    return sam, token


def reset_token(server, mailbox, email="alex@acme.test"):
    count = len([m for m in mailbox.mails if m.to == email])
    ask_reset(server, email)
    token = mailbox.wait(count + 1, to=email)[-1].token
    server.secrets |= {token}
    return token


def told(world):
    """What the audit log has, the newest first: what, by whom."""
    return [(entry["action"], entry["actor"]["kind"]) for entry in world.api.pages("/api/audit-log")]


def accept(server, token, password=NEW):
    person = Person(server)
    return person, person.post("/api/invitations/accept", {"token": token, "password": password})


def confirm(server, token, password=NEW):
    return Person(server).post("/api/password-resets/confirm", {"token": token, "password": password})


def test_an_invitation_is_accepted(place, mailbox):
    sam, token = invited(place, mailbox)
    whose = Api(place.server).post("/api/invitations/check", {"token": token}).json
    assert whose["email"] == "sam.lee@acme.test" and whose["business_name"] == "Acme Field Services"
    person, answer = accept(place.server, token)
    assert answer.status == 201 and answer.json["employee_id"] == sam["employee_id"] and answer.json["has_password"]
    assert person.signed_in
    assert Person(place.server).sign_in("sam.lee@acme.test", NEW).status == 201
    _, again = accept(place.server, token)
    assert again.status == 401 and "used or replaced" in again.json["detail"]
    assert Api(place.server).post("/api/invitations/check", {"token": token}).status == 401
    answer = place.api.post(f"/api/employees/{sam['employee_id']}/invitation")
    assert answer.status == 409 and "password already" in answer.json["detail"]
    all_settled(place.server)
    assert len(mailbox.mails) == 1, "no notice of the first password"
    assert told(place)[:4] == [("employee.signed_in", "employee"), ("employee.signed_in", "employee"),
                               ("employee.password_set", "nobody"), ("employee.invited", "employee")]


def test_an_operators_link_is_accepted(world):
    sam = add_person(world)
    link = world.server.admin("invitation", "--business", world.business, "--employee", sam["employee_id"])["link"]
    person, answer = accept(world.server, link.rsplit("#", 1)[1])
    assert answer.status == 201 and person.signed_in


def test_another_invitation_replaces_the_first(place, mailbox):
    sam, first = invited(place, mailbox)
    invite(place, sam["employee_id"])
    second = mailbox.wait(2)[-1].token
    assert accept(place.server, first)[1].status == 401
    assert accept(place.server, second)[1].status == 201


def test_what_a_token_is_not_good_for(place, mailbox):
    """Neither for the other purpose, nor after its owner stopped working there."""
    sam, token = invited(place, mailbox)
    assert confirm(place.server, token).status == 401
    reset = reset_token(place.server, mailbox)
    assert accept(place.server, reset)[1].status == 401
    place.api.request("DELETE", f"/api/employees/{sam['employee_id']}")
    assert accept(place.server, token)[1].status == 401
    for nonsense in ("x", "a" * 200, "0" * 43):
        assert accept(place.server, nonsense)[1].status == 401 and confirm(place.server, nonsense).status == 401


def test_a_bad_password_does_not_use_up_the_link(place, mailbox):
    _, token = invited(place, mailbox)
    for bad in ("short", "sam.lee@acme.test", "x" * 201):
        _, answer = accept(place.server, token, bad)
        assert answer.status == 422 and answer.pointers == ["/password"], answer
    person = Person(place.server)
    del person.credentials["X-Herald-Session"]
    assert person.post("/api/invitations/accept", {"token": token, "password": NEW}).status == 403
    assert accept(place.server, token)[1].status == 201


def test_a_reset_ends_all_that_was(place, mailbox):
    set_password(place.server, place.user)
    before = signed_in(place.server)
    _, invitation = invited(place, mailbox)
    earlier = reset_token(place.server, mailbox)
    token = reset_token(place.server, mailbox)
    whose = Api(place.server).post("/api/password-resets/check", {"token": token}).json
    assert whose["email"] == "alex@acme.test" and whose["business_name"] is None
    assert confirm(place.server, earlier).status == 401, "replaced"
    assert confirm(place.server, token).status == 204
    assert not before.signed_in
    assert Person(place.server).sign_in(password=PERSONS).status == 401
    assert Person(place.server).sign_in(password=NEW).status == 201
    assert confirm(place.server, token).status == 401, "used"
    [notice] = [m for m in mailbox.wait(4) if m.message["Subject"] == "Your password was changed"]
    assert notice.to == "alex@acme.test" and token not in notice.text
    assert ("employee.password_changed", "nobody") in told(place)
    assert accept(place.server, invitation)[1].status == 201, "of somebody else"


def test_a_change_ends_links_and_tells(place, mailbox):
    set_password(place.server, place.user)
    token = reset_token(place.server, mailbox)
    person = signed_in(place.server)
    changed = person.request("PUT", "/api/password", {"current_password": PERSONS, "password": NEW})
    assert changed.status == 200, changed
    assert confirm(place.server, token).status == 401
    notice = mailbox.wait(2)[-1]
    assert notice.message["Subject"] == "Your password was changed" and notice.to == "alex@acme.test"


def test_links_end_by_themselves(place, mailbox):
    """An hour for a new password, seven days for an invitation."""
    _, invitation = invited(place, mailbox)
    reset = reset_token(place.server, mailbox)
    execute(place.server, "UPDATE password_token SET expires_at = expires_at - 3599000000")
    assert Api(place.server).post("/api/password-resets/check", {"token": reset}).status == 200
    execute(place.server, "UPDATE password_token SET expires_at = expires_at - 1000000")
    assert confirm(place.server, reset).status == 401
    execute(place.server, f"UPDATE password_token SET expires_at = expires_at - {7 * 86400 * 10**6 - 3660 * 10**6}")
    assert Api(place.server).post("/api/invitations/check", {"token": invitation}).status == 200
    execute(place.server, "UPDATE password_token SET expires_at = expires_at - 60000000")
    assert accept(place.server, invitation)[1].status == 401


def test_one_token_two_requests_at_once(place, mailbox):
    _, token = invited(place, mailbox)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: accept(place.server, token, f"{NEW} {i}")[1].status, range(4)))
    assert sorted(answers) == [201, 401, 401, 401]


def test_a_whole_day_is_tried_and_no_longer(place, mailbox):
    """Then it is dead, with the last reason; a reset is given up with its hour."""
    mailbox.stop()
    invite(place, add_person(place)["employee_id"])
    ask_reset(place.server, "alex@acme.test")
    place.server.process.wait_message("the SMTP server does not take emails")
    execute(place.server, "UPDATE mail SET give_up_at = give_up_at - 3600000001")
    [dead] = wait_for(lambda: [m for m in waiting(place.server) if m["state"] == "dead"], "a dead email")
    assert dead["kind"] == "password_reset"
    execute(place.server, "UPDATE mail SET give_up_at = give_up_at - 82800000000")
    wait_for(lambda: all(m["state"] == "dead" for m in waiting(place.server)), "both dead")
    assert place.server.metrics()["mails_dead_total"] == 2
    mailbox.start()
    invite(place, add_person(place, email="tim@acme.test")["employee_id"])
    mailbox.wait(1, to="tim@acme.test")
    assert len(mailbox.mails) == 1


def test_e3_no_secret_is_stored(place, mailbox, database):
    """Nothing in the database is a token, or a password, while the email waits and afterwards."""
    mailbox.rcpt_answers = ["451 later"]
    _, token = invited(place, mailbox)
    reset = reset_token(place.server, mailbox)
    place.server.stop()
    if database:
        for table in ("mail", "password_token", "audit_entry", "reset_request"):
            stored = "\n".join(psql(database, f"SELECT t::text FROM {table} t"))
            assert token not in stored and reset not in stored, table
    else:
        for file in place.server.data.glob("herald.db*"):
            data = file.read_bytes()
            assert token.encode() not in data and reset.encode() not in data, file


def test_asking_from_one_place(place):
    """Whatever the addresses are: nobody writes to the whole world through this server."""
    answers = [Api(place.server).post("/api/password-resets", {"email": f"p{i}@acme.test"}) for i in range(21)]
    assert [answer.status for answer in answers] == [202] * 20 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 180


# ── what a server is told ───────────────────────────────────────────────────────────────────────────────────

GOOD = ["--smtp-url", "smtp://mail.test", "--smtp-from", "h@acme.test", "--public-url", "https://crm.test"]


@pytest.mark.parametrize("flags, why", [
    (["--smtp-url", "http://mail.test", *GOOD[2:]], "--smtp-url: it must be smtp://HOST or smtps://HOST"),
    (["--smtp-url", "smtp://u:p@mail.test", *GOOD[2:]], "without user or password"),
    (["--smtp-url", "smtp://mail.test/x", *GOOD[2:]], "--smtp-url"),
    (GOOD[:2], "--smtp-from"),
    ([*GOOD[:2], "--smtp-from", "Acme <h@acme.test>, <x@y.test>", *GOOD[4:]], "--smtp-from"),
    (GOOD[:4], "--public-url"),
    ([*GOOD, "--smtp-user", "u"], "needed together"),
    ([*GOOD, "--smtp-password-file", "/dev/null"], "needed together"),
    ([*GOOD, "--smtp-user", "u", "--smtp-password-file", "/dev/null"], "holds no password"),
    ([*GOOD, "--smtp-user", "u", "--smtp-password-file", "nowhere"], "cannot read nowhere"),
    ([*GOOD, "--smtp-user", "u", "--smtp-password-file", "/dev/null", "--smtp-plain"], "--smtp-plain would send"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_what_does_not_fit_together_is_refused(tmp_path, flags, why):
    done = run("serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", *flags, check=False)
    assert done.returncode == 2 and why in done.stderr, done.stderr


def test_a_server_that_says_nothing_holds_up_nobody(make_server, mailbox):
    """Neither those who ask, nor the end of the program."""
    mailbox.stop()
    with socket.create_server(("127.0.0.1", mailbox.port)) as silent:
        world = World(make_server(flags=[*mailbox.flags, "--drain-timeout", "200ms"]))
        invite(world, add_person(world)["employee_id"])
        connection, _ = silent.accept()
        assert world.api.get("/api/session").status == 200
        ask_reset(world.server, "alex@acme.test")
        world.server.stop()
        connection.close()
    mailbox.start()
    world.server.start()
    assert {mail.to for mail in mailbox.wait(2)} == {"sam.lee@acme.test", "alex@acme.test"}
    all_settled(world.server)
    assert len(mailbox.mails) == 2


def test_what_an_operator_sees(place, mailbox):
    assert run("admin", *place.server.place, "mail", "list").stdout == "No emails wait, and none is dead.\n"
    mailbox.rcpt_answers = ["550 No such user"]
    invite(place, add_person(place)["employee_id"])
    wait_for(lambda: [m for m in waiting(place.server) if m["state"] == "dead"], "a dead email")
    shown = run("admin", *place.server.place, "mail", "list").stdout
    assert "dead" in shown and "invitation" in shown and "to sam.lee@acme.test" in shown and "550 No such user" in shown
