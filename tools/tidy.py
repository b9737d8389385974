"""clang-tidy over all C files of a build: tidy.py BUILD. In parallel; a file that was clean is looked at again only
when it, a header that it includes, the compiler's flags or the settings have changed."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "tools" / "analyzer.h"
FOLDERS = ("src", "bench", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def commands(build):
    with open(build / "compile_commands.json", encoding="utf-8") as file:
        for entry in json.load(file):
            path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
            if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FOLDERS:
                yield path, entry["command"]


def with_headers(path, seen):
    """The file and all headers of ours that it reaches."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        for base in (path.parent, ROOT / "src"):
            with_headers((base / name).resolve(), seen)


def fingerprint(path, command):
    seen = {ROOT / ".clang-tidy", MODEL, ROOT / "src" / "base" / "banned.h"}
    seen.update(p for p in [path.parent / ".clang-tidy"] if p.exists())
    with_headers(path, seen)
    digest = hashlib.sha256(command.encode())
    for file in sorted(seen):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def tidy(build, path):
    command = ["clang-tidy", "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", str(path)]
    if path.name != "error.c":
        command.insert(1, f"--extra-arg=-include{MODEL}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "PLEASE submit a bug report" in done.stderr:
        # clang 14's analyzer crashes on some sound code; the other checks still look at it.
        done = subprocess.run([*command, "--checks=-clang-analyzer-*"], capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + (done.stderr if done.returncode else "")


def errors_of(output):
    """The errors with the lines that they point at, without the analyzer's long way to them."""
    lines = output.splitlines()
    at = [i for i, line in enumerate(lines) if ": error: " in line]
    return "\n".join("\n".join(lines[i:i + 3]) for i in at) or output


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    waiting = {}
    for path, command in sorted(commands(build)):
        stamp = stamps / str(path.relative_to(ROOT)).replace("/", "_")
        mark = fingerprint(path, command)
        if not stamp.exists() or stamp.read_text() != mark:
            waiting[path] = (stamp, mark)
    broken = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (clean, output) in zip(waiting, pool.map(lambda p: tidy(build, p), waiting)):
            stamp, mark = waiting[path]
            if clean:
                stamp.write_text(mark)
            else:
                print(errors_of(output))
                broken += 1
    print(f"{len(waiting)} files looked at, {broken} with complaints")
    sys.exit(1 if broken else 0)


main()
