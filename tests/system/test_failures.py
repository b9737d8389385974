"""Every way to fail is one failed delivery, one notification, and no further request. M7, M8; I4, I5."""

import socket
import ssl
import subprocess

import pytest

from support.ports import free_port
from support.receiver import CLOSE, HANG, RESET, Receiver, Reply
from support.wait import wait_for
from support.world import World

pytestmark = pytest.mark.core

LIMIT = ("--delivery-timeout", "300ms")


def check_failed(world, logged, error_class, status=None, sends=None, receiver=None, path="/hook"):
    """One failed delivery with one attempt, one notification about it, and `sends` requests in all."""
    delivery = world.finished(logged["id"])
    assert delivery["state"] == "failed", delivery
    [attempt] = delivery["attempts"]
    assert not attempt["succeeded"] and attempt["error_class"] == error_class, attempt
    assert attempt["status"] == status
    assert attempt["detail"], "a person must learn what went wrong"
    notes = [n for n in world.notifications() if n["logged_activity_id"] == logged["id"]]
    assert len(notes) == 1
    assert notes[0]["delivery_id"] == delivery["id"] and notes[0]["kind"] == "delivery_failed"
    assert notes[0]["error_class"] == error_class and notes[0]["status"] == status
    assert notes[0]["detail"] == attempt["detail"] and notes[0]["url"] == delivery["url"]
    assert notes[0]["activity_object"] == delivery["activity_object"]
    if receiver is not None:
        follow(world, receiver)
        assert len(receiver.of(logged["id"])) == sends
    return attempt


def follow(world, receiver):
    """Another activity all the way: what would have been sent again has had its chance."""
    other = world.add_object(f"Follower {len(receiver.all())}", webhook=receiver.url("/follower"))
    for _ in range(3):
        assert world.finished(world.log(other)["id"])["state"] == "delivered"


@pytest.mark.parametrize("status", [304, 400, 404, 410, 429, 500, 503])
def test_m7_other_statuses(world, receiver, status):
    receiver.replies["/hook"] = Reply(status=status, headers=(("Retry-After", "0"),), body=b"no, thanks")
    logged = world.log()
    attempt = check_failed(world, logged, "status", status, 1, receiver)
    assert attempt["response_body"] == ("" if status == 304 else "no, thanks")
    assert str(status) in attempt["detail"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_m7_any_2xx_is_a_success(world, receiver, status):
    receiver.replies["/hook"] = Reply(status=status, body=b"" if status == 204 else b"ok")
    delivery = world.finished(world.log()["id"])
    assert delivery["state"] == "delivered" and delivery["attempts"][0]["status"] == status
    assert world.notifications() == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_i5_no_redirect_is_followed(world, receiver, status):
    receiver.replies["/hook"] = Reply(status=status, headers=(("Location", receiver.url("/elsewhere")),))
    check_failed(world, world.log(), "status", status, 1, receiver)
    assert receiver.all("/elsewhere") == []


def test_m7_refused(world, receiver):
    object_id = world.add_object("Nobody there", webhook=f"http://127.0.0.1:{free_port()}/hook")
    check_failed(world, world.log(object_id), "connection_refused")


def test_m7_no_answer_in_time(make_server, receiver):
    world = World(make_server(flags=LIMIT), webhook=receiver.url())
    receiver.replies["/hook"] = HANG
    check_failed(world, world.log(), "timeout", None, 1, receiver)


def test_m7_an_answer_that_trickles(make_server, receiver):
    """The limit is on the whole request: a header now and then does not help."""
    world = World(make_server(flags=LIMIT), webhook=receiver.url())
    receiver.replies["/hook"] = Reply(headers=(("Content-Length", "1000"),), body=b"", raw=None, delay=30)
    check_failed(world, world.log(), "timeout", None, 1, receiver)


def test_m7_nobody_accepts(make_server, receiver):
    """Connecting has its limit, too."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):  # fill the queue of connections that nobody accepts
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        world = World(make_server(flags=LIMIT), webhook=f"http://127.0.0.1:{port}/hook")
        check_failed(world, world.log(), "timeout")
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_m7_connection_is_broken(world, receiver, how):
    receiver.replies["/hook"] = RESET if how == "reset" else CLOSE
    check_failed(world, world.log(), "protocol", None, 1, receiver)


@pytest.mark.parametrize("answer", [
    b"this is no HTTP\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000,
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
], ids=["text", "status", "cut", "chunk", "header", "length"])
def test_m7_answer_is_no_http(world, receiver, answer):
    receiver.replies["/hook"] = Reply(raw=answer)
    logged = world.log()
    delivery = world.finished(logged["id"])
    assert delivery["state"] == "failed" and len(delivery["attempts"]) == 1
    assert len(world.notifications()) == 1
    follow(world, receiver)
    assert len(receiver.of(logged["id"])) == 1


def test_m7_tls_where_there_is_none(world, receiver):
    object_id = world.add_object("Secure", webhook=f"https://{receiver.host}/hook")
    check_failed(world, world.log(object_id), "tls")


def test_m7_certificate_that_nobody_vouches_for(world, tmp_path):
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure = Receiver(tls=context)
    object_id = world.add_object("Self-signed", webhook=secure.url())
    check_failed(world, world.log(object_id), "tls")
    assert secure.all() == []
    secure.close()


def test_m7_name_that_does_not_exist(world):
    object_id = world.add_object("No such name", webhook="http://no-such-name.invalid/hook")
    check_failed(world, world.log(object_id), "dns")


def test_i5_what_is_allowed_is_only_that(make_server, receiver):
    other = Receiver("127.0.0.2")
    world = World(make_server(allow=("127.0.0.2",)), webhook=receiver.url())
    check_failed(world, world.log(), "blocked_target")
    allowed = world.add_object("Allowed", webhook=other.url())
    assert world.finished(world.log(allowed)["id"])["state"] == "delivered"
    other.close()


def test_no_proxy_from_the_environment(make_server, receiver):
    proxy = Receiver()
    names = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
    world = World(make_server(env={name: f"http://{proxy.host}" for name in names}), webhook=receiver.url())
    assert world.finished(world.log()["id"])["state"] == "delivered"
    assert proxy.connections == 0
    proxy.close()


def test_m8_a_dead_kept_connection_is_no_failure(world, receiver):
    """The receiver closes a connection that Herald means to use again: it is sent on a new one, and that shows."""
    receiver.replies["/hook"] = Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    for _ in range(20):
        delivery = world.finished(world.log()["id"])
        assert delivery["state"] == "delivered"
        sends = len(receiver.of(delivery["logged_activity_id"]))
        assert sends == delivery["attempts"][0]["wire_sends"] == 1


def test_i4_a_failure_that_is_recorded_is_not_sent_again_after_a_restart(make_server, receiver):
    server = make_server()
    world = World(server, webhook=receiver.url())
    receiver.replies["/hook"] = Reply(status=500)
    logged = world.log()
    world.finished(logged["id"])
    server.restart()
    follow(world, receiver)
    server.kill()
    server.start()
    follow(world, receiver)
    assert len(receiver.of(logged["id"])) == 1
    assert len(world.notifications()) == 1


def test_i4_many_failures_are_as_many_notifications(world, receiver):
    receiver.replies["/hook"] = Reply(status=500)
    ids = {world.log()["id"] for _ in range(30)}
    world.quiet()
    assert sorted(n["logged_activity_id"] for n in world.notifications()) == sorted(ids)
    assert all(n == 1 for n in receiver.counts().values())


def test_m7_a_machine_without_sockets_fails_nobodys_delivery(make_server, receiver, tmp_path):
    """No socket to be had: that is not the receiver's failure. The delivery waits, and goes out once there is one."""
    switch = tmp_path / "no-sockets"
    switch.touch()
    world = World(make_server(env={"HERALD_FAULTS": f"net_connect=@{switch}"}), webhook=receiver.url())
    logged = world.log()["id"]
    world.server.process.wait_message("a webhook could not be sent yet")
    assert world.deliveries()[0]["state"] == "pending" and not world.notifications()
    switch.unlink()
    delivery = world.finished(logged)
    assert delivery["state"] == "delivered" and len(delivery["attempts"]) == 1 and not world.notifications()
    wait_for(lambda: world.server.metrics()["deliveries_in_flight"] == 0, "no transfer under way")
