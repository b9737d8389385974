"""PostgreSQL for the tests: a database of its own for each test, in a cluster that ./dev or the test started."""

import os
import pathlib
import subprocess
import urllib.parse
import uuid

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "postgres.sh"


def psql(url, statement):
    """Runs one statement; what it returns, as lines of tab-separated values."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement],
        capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"psql: {done.stderr}"
    return done.stdout.splitlines()


def shared_cluster():
    return os.environ.get("HERALD_TEST_POSTGRES")


class Database:
    """A fresh database in a cluster; its URL is what herald gets as --database."""

    def __init__(self, cluster_url):
        self.cluster_url = cluster_url
        self.name = "t" + uuid.uuid4().hex[:16]
        psql(cluster_url, f"CREATE DATABASE {self.name}")
        parts = urllib.parse.urlsplit(cluster_url)
        self.url = urllib.parse.urlunsplit(parts._replace(path="/" + self.name))

    def drop(self):
        psql(self.cluster_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


class Cluster:
    """A PostgreSQL of the test's own, for tests that stop it, kill it or set it badly."""

    def __init__(self, folder, port):
        self.folder, self.port = str(folder), str(port)
        self.url = None

    def _run(self, verb, *words):
        done = subprocess.run(["bash", str(SCRIPT), verb, self.folder, *words], capture_output=True, text=True,
                              check=False, timeout=120)
        assert done.returncode == 0, f"postgres.sh {verb}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def start(self):
        self.url = self._run("start", self.port).splitlines()[-1]
        return self.url

    def stop(self):
        self._run("stop")

    def kill(self):
        self._run("kill")
