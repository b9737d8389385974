"""Fixtures of the system tests. Each test has its own server, data, ports and database; both engines run all."""

import pytest

from support.database import Database, shared_cluster
from support.mailbox import Mailbox
from support.receiver import Receiver
from support.server import Server
from support.wait import SANITIZER
from support.world import World


def pytest_addoption(parser):
    parser.addoption("--engines", default="sqlite,postgres", help="which database engines to run on")
    parser.addoption("--postgres-core", action="store_true", help="on PostgreSQL only the tests marked core")


def pytest_configure(config):
    config.addinivalue_line("markers", "core: runs on PostgreSQL under sanitizers, too")
    config.addinivalue_line("markers", "engine(name): runs on this engine only")
    config.addinivalue_line("markers", "slow: left out of ./dev test --quick")
    config.addinivalue_line("markers", "plain: measures the process; not under sanitizers")


def engines(config):
    wanted = config.getoption("--engines").split(",")
    return [e for e in wanted if e == "sqlite" or shared_cluster()]


def pytest_generate_tests(metafunc):
    if "engine" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("engine")
        names = [e for e in engines(metafunc.config) if not only or e in only.args]
        metafunc.parametrize("engine", names, indirect=True)


def pytest_collection_modifyitems(config, items):
    kept, dropped = [], []
    for item in items:
        on_postgres = getattr(item, "callspec", None) and item.callspec.params.get("engine") == "postgres"
        out = (SANITIZER and item.get_closest_marker("plain")) or (
            config.getoption("--postgres-core") and on_postgres and not item.get_closest_marker("core"))
        (dropped if out else kept).append(item)
    # The long ones first, so that no worker is left alone with one at the end.
    kept.sort(key=lambda item: item.get_closest_marker("slow") is None)
    items[:] = kept
    config.hook.pytest_deselected(items=dropped)


@pytest.fixture
def engine(request):
    return request.param


@pytest.fixture
def database(engine):
    """The value of --database, or None for the file in the data directory."""
    if engine == "sqlite":
        yield None
        return
    database = Database(shared_cluster())
    yield database.url
    database.drop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


def tell_log(server):
    """The end of each process's log, for whoever reads of the failure."""
    errors = server.logs + ([server.process.errors] if server.process and server.running else [])
    for i, log in enumerate(errors):
        print(f"── log of {server.folder.name}, process {i + 1} ──\n{log[-6000:]}")


@pytest.fixture
def make_server(tmp_path, database, request):
    """make_server(flags=…, env=…, …): a server of this test's engine; ends, and must end well, with the test."""
    servers = []

    def make(start=True, name=None, **more):
        more.setdefault("database", database)
        server = Server(tmp_path / (name or f"server{len(servers)}"), **more)
        servers.append(server)
        return server.start() if start else server

    yield make
    if getattr(request.node, "failed", False):
        for server in servers:
            tell_log(server)
    broken = []
    for server in servers:
        try:
            server.finish()
        except AssertionError as error:
            broken.append(str(error))
    assert not broken, "\n".join(broken)


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture
def mailbox(tmp_path):
    """An SMTP server; herald serve uses it with the flags mailbox.flags."""
    mailbox = Mailbox(tmp_path)
    yield mailbox
    mailbox.stop()


@pytest.fixture
def mailing_server(make_server, mailbox):
    server = make_server(flags=mailbox.flags)
    server.mailbox = mailbox
    return server


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def world(server, receiver):
    """A Sales Call whose webhook goes to the receiver's /hook."""
    return World(server, webhook=receiver.url())
