"""Emails through a real SMTP server: invitations, password resets; none lost, none twice, nothing given away."""

import pytest

from support.mailbox import PASSWORD, Mailbox
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core


@pytest.fixture
def mailbox(tmp_path):
    mailbox = Mailbox(tmp_path)
    yield mailbox
    mailbox.stop()


@pytest.fixture
def place(make_server, mailbox):
    return World(make_server(flags=mailbox.flags))


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
