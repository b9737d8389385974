"""herald demo: the worked example (M17) on throwaway data, and nothing left of it."""

import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import urllib.request

import pytest

from support.server import REPORT, program, run
from support.wait import PATIENCE, wait_for

SENTENCE = "Alex Rivera logged a Sales Call with Maria Thompson."
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
def folder():
    """Where the demo makes its own folder. Short, because a unix socket's path is limited."""
    with tempfile.TemporaryDirectory(prefix="hd-") as path:
        yield pathlib.Path(path)


def tell(folder, *words, check=True, faults=""):
    env = {"TMPDIR": str(folder)}
    if faults:
        env["HERALD_FAULTS"] = faults
    done = run("demo", "--exit", "--port", "0", *words, check=check, env=env)
    assert not list(folder.iterdir()), "something is left"
    return done


def descendants(pid):
    """The processes that a process has started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def is_gone(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"  # ended, and its new parent has not looked yet


class Demo:
    """herald demo that stays up."""

    def __init__(self, folder, faults=""):
        self.own = folder / "own"
        self.own.mkdir()
        env = {**os.environ, "TMPDIR": str(self.own)}
        if faults:
            env["HERALD_FAULTS"] = faults
        self.out, self.err = folder / "out", folder / "err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([program(), "demo", "--port", "0"], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env=env)

    @property
    def text(self):
        return self.out.read_text(encoding="utf-8")

    def wait_text(self, wanted):
        def look():
            assert wanted in self.text or self.process.poll() is None, self.err.read_text(encoding="utf-8")
            return wanted in self.text

        wait_for(look, f"{wanted!r} from the demo")
        return self

    def curl(self):
        """Does what the printed command says."""
        words = shlex.split(self.text[self.text.index("curl "):].split("\n\n")[0])
        url = next(word for word in words if word.startswith("http"))
        headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
        body = words[words.index("-d") + 1].encode()
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=PATIENCE) as answer:
            assert answer.status == 201
            return json.load(answer)

    def end(self, number):
        """Sends a signal; the exit status. All that it started must have ended, too."""
        children = descendants(self.process.pid)
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        wait_for(lambda: all(map(is_gone, children)), "the end of what it started")
        errors = self.err.read_text(encoding="utf-8")
        assert not REPORT.search(errors), errors
        return status

    def finish(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)


@pytest.fixture
def start(folder):
    demos = []

    def make(**more):
        demos.append(Demo(folder, **more))
        return demos[-1]

    yield make
    for demo in demos:
        demo.finish()


def test_m17_the_worked_example_happens(folder):
    text = tell(folder).stdout
    assert SENTENCE in text
    request = re.search(rf"^   GET /sales\?logged_activity_id=({UUID}) HTTP/1\.1$", text, re.MULTILINE)
    assert request, text
    for header in ("Content-Type: application/json", "X-Herald-Event: activity.logged", "X-Herald-Attempt: 1"):
        assert f"\n   {header}\n" in text
    assert f"\n   GET /api/activities/logged/{request.group(1)} HTTP/1.1\n" in text
    assert len(re.findall("→ none$", text, re.MULTILINE)) == 2, "redirect, and scheduling"
    assert [int(n) for n in re.findall(r"^(\d)  ", text, re.MULTILINE)] == [1, 2, 3, 4, 5, 6, 7]


def test_demo_is_readable(folder):
    text = tell(folder).stdout
    assert "\033" not in text, "colours without a terminal"
    assert not re.search(r"hk_[\w-]{5}", text), "the story shows a whole API key"
    story = text[text.index("\n1  "):]
    assert max(map(len, story.splitlines())) <= 80


def test_demo_stays_until_ctrl_c(start):
    demo = start().wait_text('"Called again."')
    assert re.search(r"http://127\.0\.0\.1:\d+/sign-in#token=[\w-]{20,}", demo.text)
    assert re.search(r"X-API-KEY +hk_[\w-]{43}\n", demo.text)
    demo.curl()
    demo.wait_text(f"Slack: {SENTENCE}")
    assert demo.end(signal.SIGINT) == 0
    assert not list(demo.own.iterdir()), "something is left"


def test_demo_stopped_within_the_story(start):
    demo = start(faults="net_connect=1+").wait_text("committed")
    assert demo.end(signal.SIGTERM) == 1
    assert "told to stop" in demo.err.read_text(encoding="utf-8")
    assert not list(demo.own.iterdir()), "something is left"


def test_demo_killed_leaves_no_process(start):
    demo = start().wait_text('"Called again."')
    assert len(descendants(demo.process.pid)) == 2
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL


@pytest.mark.parametrize("name", ["serve", "relay"])
def test_demo_says_which_child_ended(start, name):
    demo = start().wait_text('"Called again."')
    child = next(pid for pid in descendants(demo.process.pid)
                 if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1] == name.encode())
    os.kill(child, signal.SIGKILL)
    assert demo.process.wait(PATIENCE) == 1
    assert f"herald {name} was killed by signal 9" in demo.err.read_text(encoding="utf-8")
    assert not list(demo.own.iterdir()), "something is left"


@pytest.mark.parametrize("faults, reason", [
    ("db_lost=1+", "herald serve ended with status 1: the database is gone"),
    ("commit=1+", "the disk is full"),
    pytest.param("net_connect=1+", "the webhook did not come within 10 s; its delivery is pending", marks=pytest.mark.slow)])
def test_demo_says_what_did_not_happen(folder, faults, reason):
    done = tell(folder, check=False, faults=faults)
    assert done.returncode == 1 and reason in done.stderr, done.stderr
    assert SENTENCE not in done.stdout


def test_demo_port_that_is_taken(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = tell(folder, "--port", str(taken.getsockname()[1]), check=False)
    assert done.returncode == 1 and "Address already in use" in done.stderr, done.stderr


def test_demo_bad_usage():
    assert run("demo", "--port", "many", check=False).returncode == 2
    assert run("demo", "--forever", check=False).returncode == 2
    assert "usage: herald demo" in run("demo", "--help").stdout
