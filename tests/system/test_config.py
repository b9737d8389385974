"""Configuration: a mistake is answered with the file, the line and the reason, and exit status 2."""

import pytest

from support.server import run

pytestmark = pytest.mark.engine("sqlite")

WRONG = {
    "unknown key": ("listen: 127.0.0.1:0\nlisen: 127.0.0.1:0\n", 2, "lisen"),
    "ill-typed number": ("listen: 127.0.0.1:0\n\nworkers: many\n", 3, "workers"),
    "ill-typed time": ("delivery_timeout: soon\n", 1, "delivery_timeout"),
    "a time without a unit": ("# comment\ndelivery_timeout: 10 parsecs\n", 2, "delivery_timeout"),
    "a list for a value": ("listen:\n  - a\n  - b\n", 2, "listen"),
    "a map for a value": ("listen:\n  host: a\n", 2, "listen"),
    "twice the same key": ("listen: a\nlisten: b\n", 2, "listen"),
    "broken yaml": ("listen: [a\n", 2, ""),
    "a tab": ("\tlisten: a\n", 1, ""),
    "no map": ("- listen\n", 1, ""),
    "a bad network": ("allow_target: [10.0.0.0/99]\n", 1, "10.0.0.0/99"),
    "a bad address": ("listen: nowhere\n", 1, "nowhere"),
}


def serve(tmp_path, text=None, *flags):
    words = ["serve", "--data", str(tmp_path / "data")]
    if text is not None:
        (tmp_path / "herald.yaml").write_text(text)
        words += ["--config", str(tmp_path / "herald.yaml")]
    return run(*words, *flags, check=False, seconds=30)


@pytest.mark.parametrize("what", WRONG)
def test_wrong_file(tmp_path, what):
    text, line, word = WRONG[what]
    done = serve(tmp_path, text)
    assert done.returncode == 2, (done.returncode, done.stderr)
    if what not in ("a bad network", "a bad address"):
        assert f"herald.yaml:{line}:" in done.stderr
    assert word in done.stderr
    assert not (tmp_path / "data").exists(), "a refused start leaves nothing behind"


def test_missing_file(tmp_path):
    done = run("serve", "--config", str(tmp_path / "none.yaml"), check=False)
    assert done.returncode == 2 and "none.yaml" in done.stderr


@pytest.mark.parametrize("flags, word", [
    (["--lisen", "x"], "lisen"), (["--delivery-timeout", "soon"], "delivery-timeout"), (["--delivery-timeout"],
     "delivery-timeout"), (["extra"], "extra"), (["--allow-target", "300.0.0.0/8"], "300.0.0.0/8"),
    (["--listen", "0.0.0.0:0"], "--listen: 0.0.0.0"), (["--listen", "8080"], "--listen: '8080' must be"),
    (["--listen", "127.0.0.1:99999"], "--listen: '127.0.0.1:99999'"), (["--listen", "a.invalid:1"], "--listen: "),
    (["--listen", "0.0.0.0:0", "--metrics-listen", "9"], "--metrics-listen: '9'"),
    (["--metrics-listen", "0.0.0.0:0"], "--metrics-listen: 0.0.0.0"), (["--allow-target", "10.0.0.1/8"], "--allow-target"),
    (["--behind-proxy", "x"], "--behind-proxy: "), (["--workers", "0"], "--workers: '0' must be from 1 to 256"),
    (["--lease", "2h"], "--lease: '2h' must be from 1s to 1h"), (["--data", "--listen"], "--data needs a value"),
    (["--public-url", "herald.test"], "--public-url: "), (["--public-url", "https://a.test/?x"], "--public-url: "),
    (["--unsafe-no-sync=maybe"], "yes or no"),
])
def test_wrong_flag(tmp_path, flags, word):
    done = serve(tmp_path, None, *flags)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert word in done.stderr
    assert not (tmp_path / "data").exists(), "a refused start leaves nothing behind"


def test_unknown_command():
    done = run("sevre", check=False)
    assert done.returncode == 2 and "sevre" in done.stderr


def test_file_and_flags_together(make_server, tmp_path):
    """What the file says holds; a flag says it louder."""
    file = tmp_path / "herald.yaml"
    file.write_text("listen: 127.0.0.1:1\ndelivery_timeout: 300ms\n")
    server = make_server(flags=("--config", str(file)))
    assert not server.address.endswith(":1")




@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["admin", "--help"], ["relay", "--help"],
                                   ["deliveries", "--help"], ["--version"]])
def test_help(words):
    done = run(*words)
    assert done.stdout and not done.stderr
