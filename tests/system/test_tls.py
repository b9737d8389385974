"""TLS of Herald's own: the API, the operators' listener and the relay, with clients that are not ours: curl, openssl, Python."""

import contextlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import ssl
import subprocess

import pytest

from relay_support import Relay, Slack
from support.api import Api
from support.events import Stream
from support.server import run
from support.tls import shared
from support.wait import wait_for
from support.world import World

LOG = "/api/activities/logged"


@pytest.fixture
def server(make_server):
    return make_server(tls=shared())


def curl(server, *words, path="/healthz"):
    return subprocess.run(["curl", "-sS", "-i", "--max-time", "30", "--cacert", str(shared().root), *words,
                           f"https://{server.address}{path}"], capture_output=True, text=True, check=False)


def s_client(address, *words, ask=b""):
    return subprocess.run(["openssl", "s_client", "-connect", address, "-CAfile", str(shared().root), *words],
                          input=ask, capture_output=True, check=False, timeout=30)


def handshake(server, version, ciphers="DEFAULT:@SECLEVEL=0"):
    """One with this version only, which even an old one may be; the version that it came to."""
    context = shared().context()
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=host) as connection:
            return connection.version()


def ask(server, connection):
    """GET /healthz on a connection that is kept."""
    connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
    response = http.client.HTTPResponse(connection, method="GET")
    response.begin()
    assert response.status == 200 and response.read()


# ── What is spoken ──────────────────────────────────────────────────────────────────────────────────────────

def test_the_worked_example_over_tls(server, receiver):
    world = World(server, webhook=receiver.url())
    logged = world.log()
    receiver.wait_for_activity(logged["id"])
    assert world.finished(logged["id"])["state"] == "delivered"
    assert world.api.get(f"{LOG}/{logged['id']}").json["notes"] == world.notes


@pytest.mark.engine("sqlite")
def test_curl_and_openssl(server):
    for version, flags in (("1.3", ("--tlsv1.3",)), ("1.2", ("--tlsv1.2", "--tls-max", "1.2"))):
        done = curl(server, *flags)
        assert done.returncode == 0 and " 200 " in done.stdout.split("\n")[0], (version, done)
    ask = f"GET /healthz HTTP/1.1\r\nHost: {server.address}\r\nConnection: close\r\n\r\n".encode()
    for flag in ("-tls1_2", "-tls1_3"):
        done = s_client(server.address, flag, "-verify_return_error", "-quiet", ask=ask)
        assert b"HTTP/1.1 200" in done.stdout, done
    shown = s_client(server.address, "-showcerts", "-no_ign_eof").stdout.decode()
    assert shown.count("BEGIN CERTIFICATE") == 2, "the one that leads to the root is shown, too"
    assert "Compression: NONE" in shown
    # Nobody who does not trust the authority is fooled.
    done = subprocess.run(["curl", "-sS", f"https://{server.address}/healthz"], capture_output=True, check=False)
    assert done.returncode == 60, done


@pytest.mark.engine("sqlite")
def test_old_versions_and_weak_ciphers_are_refused(server):
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)) as refused:
            handshake(server, version)
        assert "NO_PROTOCOLS_AVAILABLE" not in str(refused.value), "this client does not even offer it"
    assert handshake(server, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert handshake(server, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    # Without forward secrecy, without authentication of the cipher, without encryption, without a certificate.
    for ciphers in ("kRSA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "eNULL", "aNULL", "DHE", "3DES"):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(server, ssl.TLSVersion.TLSv1_2, f"{ciphers}:@SECLEVEL=0")
    assert Api(server).get("/healthz").status == 200


@pytest.mark.engine("sqlite")
def test_rsa_certificates(make_server):
    authority = shared()
    chain, key = authority.issue("rsa", kind="rsa")
    server = make_server(flags=("--tls-cert", str(chain), "--tls-key", str(key)))
    server.tls = authority
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        handshake(server, version)
    assert Api(server).get("/healthz").status == 200


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("data", [
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", b"\x00" * 600, b"\x16\x03\x01\xff\xff"])
def test_what_is_no_tls_gets_nothing_useful(server, data):
    """No byte of HTTP: an alert at the most, and the connection is closed."""
    host, port = server.address.rsplit(":", 1)
    got = b""
    with socket.create_connection((host, int(port)), timeout=60) as plain:
        with contextlib.suppress(OSError):  # it may be closed already
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while piece := plain.recv(4096):
                got += piece
    assert b"HTTP" not in got and len(got) < 20, got
    assert Api(server).get("/healthz").status == 200


# ── What browsers are told ──────────────────────────────────────────────────────────────────────────────────

@pytest.mark.engine("sqlite")
def test_hsts_only_where_https_is_spoken(server, make_server):
    assert Api(server).get("/healthz").headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Strict-Transport-Security" in Api(server).get("/api/none").headers, "in refusals, too"
    plain = make_server(flags=("--behind-proxy", "127.0.0.0/30"))
    plain.tls = None
    if "--tls-cert" in plain.process.words:
        return
    proxied = {"X-Forwarded-Proto": "https"}
    assert "Strict-Transport-Security" not in Api(plain).get("/healthz").headers
    assert "Strict-Transport-Security" in Api(plain).get("/healthz", headers=proxied).headers
    stranger = Api(plain)
    stranger.source = ("127.0.0.9", 0)
    assert "Strict-Transport-Security" not in stranger.get("/healthz", headers=proxied).headers


def signed_in(server, origin, **headers):
    """The answer to signing in by a link, as a page of that origin does it."""
    world = World(server)
    link = server.admin("sign-in-link", "--user", world.user, "--business", world.business)["link"]
    return Api(server).post("/api/session", {"token": link.rsplit("=", 1)[-1]},
                            headers={"Origin": origin, "X-Herald-Session": "1", **headers})


@pytest.mark.engine("sqlite")
def test_the_cookie_is_secure_where_https_is_spoken(server, make_server):
    answer = signed_in(server, server.origin)
    assert answer.status == 201 and "; Secure" in answer.headers["Set-Cookie"], answer
    proxied = make_server(flags=("--behind-proxy", "127.0.0.0/8"))
    answer = signed_in(proxied, f"https://{proxied.address}", **{"X-Forwarded-Proto": "https"})
    assert answer.status == 201 and "; Secure" in answer.headers["Set-Cookie"], answer
    plain = make_server()
    answer = signed_in(plain, plain.origin)
    assert answer.status == 201 and ("; Secure" in answer.headers["Set-Cookie"]) == bool(plain.tls), answer


@pytest.mark.engine("sqlite")
def test_a_page_that_came_by_http_may_not_write(server):
    """It has this host in its Origin, but whoever sits in between may have made it."""
    assert signed_in(server, f"http://{server.address}").status == 403


# ── Where it is needed ──────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.engine("sqlite")
def test_off_loopback_needs_tls_or_a_proxy(tmp_path):
    for option in ("--listen", "--metrics-listen"):
        done = run("serve", "--data", str(tmp_path), option, "0.0.0.0:0", check=False)
        assert done.returncode == 2
        assert option in done.stderr and "--tls-cert" in done.stderr and "--behind-proxy" in done.stderr


@pytest.mark.engine("sqlite")
def test_off_loopback_with_tls(make_server):
    server = make_server(start=False, tls=shared())
    server.start(flags=["--listen", "0.0.0.0:0", "--metrics-listen", "0.0.0.0:0", "--host", "127.0.0.1"])
    port, metrics = (address.rsplit(":", 1)[1] for address in (server.address, server.metrics_address))
    for path, at in (("/healthz", port), ("/metrics", metrics)):
        done = subprocess.run(["curl", "-sS", "--cacert", str(shared().root), f"https://127.0.0.1:{at}{path}"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout, done
        done = subprocess.run(["curl", "-s", f"http://127.0.0.1:{at}{path}"], capture_output=True, check=False)
        assert done.returncode != 0 and not done.stdout


BAD = {
    "no such file": ("/nowhere.pem", None, "/nowhere.pem"),
    "no certificate": ("{key}", None, "key"),
    "no key": (None, "{chain}", "chain"),
    "another's key": (None, "{other}", "not the key"),
}


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("what", BAD)
def test_bad_certificates_are_refused_at_start(tmp_path, what):
    authority = shared()
    chain, key = authority.identity
    _, other = authority.issue("other")
    cert, private, reason = BAD[what]
    names = {"key": key, "chain": chain, "other": other}
    cert, private = (cert or "{chain}").format(**names), (private or "{key}").format(**names)
    done = run("serve", "--data", str(tmp_path), "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", private,
               check=False)
    assert done.returncode == 2, done
    assert reason in done.stderr, done.stderr


@pytest.mark.engine("sqlite")
def test_one_of_two_files_is_refused(tmp_path):
    for option in ("--tls-cert", "--tls-key"):
        done = run("serve", "--data", str(tmp_path), option, str(shared().root), check=False)
        assert done.returncode == 2 and "--tls-cert and --tls-key" in done.stderr


# ── Renewal ─────────────────────────────────────────────────────────────────────────────────────────────────

def serial(server):
    """Of the certificate that is shown to a new connection."""
    with server.dial() as connection:
        return connection.getpeercert()["serialNumber"]


@pytest.mark.engine("sqlite")
def test_a_renewed_certificate_is_taken_at_sighup(make_server, tmp_path):
    authority = shared()
    server = make_server(start=False, tls=authority)
    files = [tmp_path / "cert.pem", tmp_path / "key.pem"]

    def install(identity):
        for file, made in zip(files, identity):
            file.write_bytes(made.read_bytes())

    install(authority.identity)
    server.start(flags=["--tls-cert", str(files[0]), "--tls-key", str(files[1])])
    first = serial(server)
    with server.dial() as kept:
        install(authority.issue("renewed"))
        server.process.process.send_signal(signal.SIGHUP)
        server.process.wait_message("the certificate was read again")
        second = serial(server)
        assert second != first
        # Who was connected goes on.
        ask(server, kept)
    # A slip changes nothing.
    files[0].write_text("nothing\n", encoding="ascii")
    server.process.process.send_signal(signal.SIGHUP)
    assert "cert.pem" in server.process.wait_message("the certificate stays as it was")["reason"]
    assert serial(server) == second


# ── What holds without TLS holds with it ────────────────────────────────────────────────────────────────────

@pytest.mark.engine("sqlite")
def test_records_of_every_size(server):
    """What is in a record belongs to no request: byte by byte, many requests in one, and a body that goes over many."""
    world = World(server)
    world.object = world.add_object("Visit")
    body = json.dumps(world.body()).encode()
    credentials = "".join(f"{name}: {value}\r\n" for name, value in world.api.credentials.items())

    def post(size):
        content = body + b" " * (size - len(body))
        return (f"POST {LOG} HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n{credentials}"
                f"Content-Length: {len(content)}\r\n\r\n").encode() + content

    def answers(connection, count):
        got = b""
        while got.count(b"HTTP/1.1 201") < count:
            piece = connection.recv(65536)
            assert piece, got
            got += piece

    with server.dial() as connection:
        for byte in post(600):
            connection.sendall(bytes([byte]))
        answers(connection, 1)
    with server.dial() as connection:
        # One record holds all of them, and more than the server reads at once; each waits for the commit of the one
        # before, and no further byte comes that could wake the server up.
        connection.sendall(post(3000) * 4)
        answers(connection, 4)
    with server.dial() as connection:
        connection.sendall(post(1 << 20))
        answers(connection, 1)
    assert server.metrics()["activities_logged_total"] == 6


@pytest.mark.engine("sqlite")
def test_an_idle_connection_is_closed(make_server):
    server = make_server(flags=("--idle-timeout", "1s"), tls=shared())
    with server.dial() as silent, server.dial() as used:
        ask(server, used)
        for connection in (silent, used):
            with contextlib.suppress(ssl.SSLEOFError, ConnectionError):
                assert connection.recv(4096) == b""


@pytest.mark.engine("sqlite")
def test_half_a_handshake_is_closed(make_server):
    server = make_server(flags=("--idle-timeout", "1s"), tls=shared())
    host, port = server.address.rsplit(":", 1)
    for part in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
        with socket.create_connection((host, int(port)), timeout=60) as plain:
            plain.sendall(part)
            with contextlib.suppress(ConnectionError):
                while plain.recv(4096):
                    pass


@pytest.mark.engine("sqlite")
def test_a_live_stream_notices_that_its_client_has_gone(server, receiver):
    world = World(server, webhook=receiver.url())
    target = f"/api/records/contacts/{world.contact}/timeline/stream"
    streams = [Stream(server, target, world.api.credentials) for _ in range(2)]
    for stream in streams:
        assert stream.status == 200
    for stream in streams:
        stream.until("ready")
    logged = world.log()
    for stream in streams:
        assert stream.next().data["id"] == logged["id"]
    assert server.metrics()["streams"] == 2
    streams[0].close()
    wait_for(lambda: server.metrics()["streams"] == 1, "the one that has left to be noticed")
    streams[1].close()
    wait_for(lambda: server.metrics()["streams"] == 0, "the other, too")


@pytest.mark.engine("sqlite")
@pytest.mark.plain
@pytest.mark.slow
def test_ten_thousand_idle_connections_behind_tls(make_server):
    """A session costs memory of its own; it is bounded, and a newcomer is served."""
    server = make_server(flags=("--idle-timeout", "10m"), tls=shared())
    count = 10_000 if os.environ.get("HERALD_LONG") else 2_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 1000:
        pytest.skip(f"the limit on open files is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = server.process.memory()
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(count):
            connection = stack.enter_context(server.dial())
            ask(server, connection)
        assert server.metrics()["http_connections"] >= count
        each = (server.process.memory() - before) / count
        assert each < 32 << 10, f"{each / 1024:.1f} KiB a connection"
        assert Api(server).get("/healthz").status == 200
    wait_for(lambda: server.metrics()["http_connections"] < 100, "the connections to be gone")


# ── The relay ───────────────────────────────────────────────────────────────────────────────────────────────

class Origin:
    """What Relay takes for its source, when that is a real Herald."""

    def __init__(self, server):
        self.url = server.origin


@pytest.fixture
def slack():
    slack = Slack()
    yield slack
    slack.close()


def relay_of(tmp_path, server, world, slack, top):
    return Relay(tmp_path / "relay", Origin(server), slack, top=top, credentials=(world.key, world.business, world.user))


@pytest.mark.engine("sqlite")
def test_relay_fetches_from_an_https_herald(server, tmp_path, slack):
    """With the authority that it was told; its own listener speaks TLS, too."""
    authority = shared()
    world = World(server)
    world.object = world.add_object("Visit")
    logged = world.log()
    cert, key = authority.identity
    relay = relay_of(tmp_path, server, world, slack,
                     f"ca_file: {authority.root}\ntls_cert: {cert}\ntls_key: {key}\n").start()
    try:
        hook = f"https://{relay.address}/hooks/sales-calls?logged_activity_id={logged['id']}"
        done = subprocess.run(["curl", "-sS", "--cacert", str(authority.root), hook], capture_output=True, text=True,
                              check=False)
        assert json.loads(done.stdout) == {"status": "accepted"}, done
        wait_for(lambda: slack.posts(), "the message")
        plain = subprocess.run(["curl", "-s", hook.replace("https:", "http:")], capture_output=True, check=False)
        assert plain.returncode != 0 and not plain.stdout
        done = s_client(relay.address, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")
        assert b"alert protocol version" in done.stderr or done.returncode != 0
        relay.process.process.send_signal(signal.SIGHUP)
        relay.process.wait_message("the certificate was read again")
    finally:
        relay.finish()


@pytest.mark.engine("sqlite")
def test_relay_does_not_trust_an_unknown_authority(server, tmp_path, slack):
    world = World(server)
    world.object = world.add_object("Visit")
    logged = world.log()
    relay = relay_of(tmp_path, server, world, slack, "").start()
    try:
        relay.accept(logged["id"])
        wait_for(lambda: re.search("certificate|TLS", relay.cli("list").stdout), "a failed fetch")
        assert slack.posts() == []
    finally:
        relay.finish()


@pytest.mark.engine("sqlite")
def test_relay_off_loopback_needs_tls_or_a_proxy(tmp_path, slack):
    relay = Relay(tmp_path / "relay", slack, slack)
    text = relay.file.read_text(encoding="utf-8")
    for key in ("listen", "metrics_listen"):
        relay.file.write_text(text.replace(f"\n{key}: 127.0.0.1:0", f"\n{key}: 0.0.0.0:0")
                              if key != "listen" else text.replace("listen: 127.0.0.1:0", "listen: 0.0.0.0:0", 1),
                              encoding="utf-8")
        done = run("relay", str(relay.file), check=False)
        assert done.returncode == 2, done
        assert "tls_cert" in done.stderr and f"'{key}'" in done.stderr
