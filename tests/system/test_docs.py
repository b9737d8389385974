"""What the documents say is so: the README's way by hand runs as written, and nothing is named that is not there."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest

from support.ports import free_port
from support.server import REPORT, ROOT, program, run
from support.wait import PATIENCE, wait_for

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SENTENCE = "Alex Rivera logged a Sales Call with Maria Thompson."


def section(document, title):
    """The text under '## title'."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    assert found, f"there is no '{title}'"
    return found.group(1)


def steps(text):
    """[(prose before, commands, prose after)] of the blocks marked sh."""
    parts = re.split(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [(parts[i - 1], parts[i], parts[i + 1]) for i in range(1, len(parts), 2)]


# What a person does who follows the documents: reads what was printed, and looks until it is as they say.
PRELUDE = r"""
set -eu -o pipefail
trap 'jobs=$(jobs -p); [[ -z $jobs ]] || { kill $jobs; wait $jobs || true; }' EXIT
exec >printed 2>&1
printed() { awk -v name="$1" '$1 == name { value = $2 } END { print value }' printed; }
patiently() {
    local deadline=$((SECONDS + PATIENCE))
    until "$@"; do
        ((SECONDS < deadline)) || { echo "in vain: $*"; cat shown terminal-*; exit 1; }
        sleep 0.1
    done
}
has() { (($(grep -c -F -e "$2" "$1" || true) >= ${3:-1})); }
shows() {
    "$1" >shown 2>&1
    local words
    for words in "${@:2}"; do has shown "$words" || return 1; done
    cat shown
}
"""


def promised(after):
    """The prose that belongs to a block ends with the paragraph after it that begins the next step."""
    return re.split(r"\n(?=\*\*|#)", after)[0]


def script(text):
    """
    The blocks as one bash script. "In a terminal of its own" is a job in the background, with the log terminal-N,
    which "logs `words`"; what "shows `words`" is looked at until it does; "Slack's terminal" is the first one.
    """
    lines = [PRELUDE]
    terminals = 0
    messages = []
    for number, (before, commands, after) in enumerate(steps(text)):
        commands = re.sub(r"<([a-z_]+)>$", r"$(printed \1)", commands, flags=re.MULTILINE)
        words = " ".join(shlex.quote(w) for w in re.findall(r"shows\s+`([^`]+)`", promised(after)))
        if re.search(r"terminal\s+of\s+its\s+own", re.split(r"\n\n", before.strip())[-1]):
            terminals += 1
            lines.append(f"{{\n{commands}}} >terminal-{terminals} 2>&1 &")
            for what in re.findall(r"logs\s+`([^`]+)`", promised(after)):
                lines.append(f"patiently has terminal-{terminals} {shlex.quote(what)}")
        elif words:
            lines.append(f"step_{number}() {{\n{commands}}}\npatiently shows step_{number} {words}")
        else:
            lines.append(commands)
        for what in re.findall(r"Slack's terminal: `([^`]+)`", promised(after)):
            messages.append(what)
            lines.append(f"patiently has terminal-1 {shlex.quote(what)} {messages.count(what)}")
    return "\n".join(lines)


def other_ports(text):
    """The README's ports are a person's; tests run side by side."""
    for written in ("8080", "8090", "9000"):
        text, count = re.subn(rf'(127\.0\.0\.1(?::|", )){written}\b', rf"\g<1>{free_port()}", text)
        assert count, f"port {written} is not in the README"
    return text


def end_all(shell):
    """Closes the terminals: what runs in them is not always the job that the shell itself knows."""
    def gone():
        shell.poll()
        try:
            os.killpg(shell.pid, 0)
        except ProcessLookupError:
            return True
        return False

    if gone():
        return
    os.killpg(shell.pid, signal.SIGTERM)
    try:
        wait_for(gone, "the end of what the text has started")
    except AssertionError:
        os.killpg(shell.pid, signal.SIGKILL)
        raise


def follow(tmp_path, text):
    """Does what the text says; gives back what was printed, and the log of each terminal."""
    (tmp_path / "script").write_text(script(text), encoding="utf-8")
    environment = {**os.environ, "PATH": f"{pathlib.Path(program()).parent}:{os.environ['PATH']}",
                   "PATIENCE": str(int(PATIENCE))}
    shell = subprocess.Popen(["bash", "script"], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
                             start_new_session=True)
    try:
        status = shell.wait(PATIENCE * 8)
    finally:
        end_all(shell)
    printed = (tmp_path / "printed").read_text(encoding="utf-8")
    logs = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("terminal-*"))]
    assert status == 0, printed + "".join(logs)
    assert not REPORT.search(printed + "".join(logs)), logs
    return printed, logs


README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")


def test_m17_readme_by_hand_runs_as_written(tmp_path):
    text = section(README, "By hand")
    assert f"In Slack's terminal: `{SENTENCE}`" in text
    printed, logs = follow(tmp_path, other_ports(text))
    assert len(logs) == 3 and SENTENCE in logs[0].splitlines()
    assert re.search(r"delivered +Sales Call", printed) and re.search(r" done +slack ", printed), printed
    assert re.search(r"link +http://127\.0\.0\.1:\d+/sign-in#token=\S+", printed), printed


def test_guide_runs_as_written(tmp_path):
    """It goes on where the README's way by hand ends."""
    printed, logs = follow(tmp_path, other_ports(section(README, "By hand") + GUIDE))
    messages = [line for line in logs[0].splitlines() if line.startswith("Alex")]
    assert messages == [SENTENCE, SENTENCE, "Alex Rivera logged a Site Visit.", SENTENCE], logs[0]
    assert len(logs) == 4, "the server was started twice"


# ── what is named is there ──────────────────────────────────────────────────────────────────────────────────


def options_of(*words):
    """The flags that --help prints."""
    found = re.findall(r"^  --([a-z-]+)", run(*words, "--help").stdout, re.MULTILINE)
    assert len(found) > 10
    return found


def test_configuration_names_every_option():
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name in options_of("serve"):
        assert f"`--{name}`" in text, f"docs/configuration.md does not name --{name}"
        assert f"`{name.replace('-', '_')}`" in text, f"docs/configuration.md does not name the key of --{name}"


def test_configuration_is_what_the_generator_makes():
    done = subprocess.run([sys.executable, str(ROOT / "tools" / "gen_config_docs.py"), "--check"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path):
    """`src/db/lane.h`, `src/base`, `api/openapi.yaml` …; and `writer.c` in the section of a folder is not checked."""
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:src|api|docs|tests|tools|examples|bench|ui)/[\w./-]*\w)`", text):
        assert (ROOT / name).exists() or name == "docs/configuration.md", f"{path.name} names {name}"


def test_architecture_names_every_table_and_folder():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    schema = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src/db/migrations").glob("*.sql"))
    tables = set(re.findall(r"^(?:{\w+} )?CREATE (?:VIRTUAL )?TABLE (\w+)", schema, re.MULTILINE))
    tables -= set(re.findall(r"^DROP TABLE (\w+)", schema, re.MULTILINE))
    assert len(tables) > 10
    for table in tables:
        assert f"`{table}`" in text, f"docs/architecture.md does not name the table {table}"
    for folder in (ROOT / "src").iterdir():
        assert not folder.is_dir() or f"`{folder.name}`" in text, f"docs/architecture.md does not name src/{folder.name}"


def test_options_that_are_named_exist():
    """Each --flag in the documents belongs to a command."""
    known = set()
    for words in (["serve"], ["admin"], ["relay"]):
        known |= set(re.findall(r"--([a-z][a-z-]+)", run(*words, "--help").stdout))
    known |= {"help", "config", "version", "exit"}
    dev = (ROOT / "dev").read_text(encoding="utf-8")
    for path in DOCS:
        text = re.sub(r"```sh.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for line in text.splitlines():
            if "./dev" in line or "herald-bench" in line:
                continue
            for name in re.findall(r"`[^`]*?--([a-z][a-z-]+)", line):
                assert name in known or f"--{name}" in dev, f"{path.name} names --{name}"


def test_architecture_names_every_thread(server, tmp_path):
    """The threads that /proc shows are those of the document."""
    text = section((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), "Threads")
    tasks = pathlib.Path(f"/proc/{server.process.process.pid}/task")

    def threads():
        """Once all of them have given themselves their names."""
        seen = {(task / "comm").read_text(encoding="ascii").strip() for task in tasks.iterdir()}
        return seen if {"http", "worker", "writer", "dispatcher", "feeder"} <= seen else None

    names = wait_for(threads, "the threads of the server")
    for name in names:
        assert f"`{name}`" in text, f"docs/architecture.md does not name the thread {name}"
