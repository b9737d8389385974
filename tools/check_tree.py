"""What no compiler checks: length of files, blanks, functions that need not be visible, names of a machine."""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OBJECTS = ROOT / "build" / "debug"
LINES_MOST = 600
BINARY = {".png", ".jpg", ".ico", ".woff", ".woff2", ".db"}
FOREIGN = {"LICENSE"}  # texts that are kept as they came
MACHINE = re.compile(r"(?<![\w./-])/(?:work|root|home/\w+)/")
LOCK_WITH_HOST = re.compile(r'"resolved":\s*"https?:')


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout
    for name in sorted(filter(None, listed.decode().split("\0"))):
        path = ROOT / name
        if path.is_file() and path.suffix not in BINARY and path.name not in FOREIGN:
            yield name, path


def complaints_about_text(name, text):
    lines = text.splitlines()
    if name.startswith("src/") and len(lines) > LINES_MOST:
        yield 1, f"{len(lines)} lines; {LINES_MOST} are the most: split it"
    lock = name.endswith("package-lock.json")
    for number, line in enumerate(lines, 1):
        if lock:
            if LOCK_WITH_HOST.search(line):
                yield number, "a lock file names no host (npm config: omit-lockfile-registry-resolved)"
                return
            continue
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if MACHINE.search(line):
            yield number, "names a path of one machine"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"


def symbols():
    """For each object file of the debug build: what it defines for others, and what it takes from them."""
    objects = [str(path) for path in OBJECTS.glob("**/*.o") if "meson-private" not in path.parts]
    if not objects:
        sys.exit("check_tree: build/debug has no objects; run ./dev check")
    listed = subprocess.run(["nm", "-A", *objects], check=True, capture_output=True, text=True).stdout
    defined, used = {}, collections.defaultdict(set)
    for line in listed.splitlines():
        file, rest = line.split(":", 1)
        kind, symbol = rest.split()[-2:]
        if kind == "T":
            defined[symbol] = file
        elif kind == "U":
            used[symbol].add(file)
    return defined, used


def visible_for_nobody():
    defined, used = symbols()
    for symbol, file in sorted(defined.items()):
        source = file.split(".p/")[-1].removesuffix(".o").replace("_", "/", 1)
        if symbol != "main" and not symbol.startswith("_") and not used[symbol] - {file}:
            yield f"src/{source}: {symbol}() is used by no other file: make it static or remove it"


def main():
    count = 0
    for name, path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            print(f"{name}: not UTF-8")
            count += 1
            continue
        for number, complaint in complaints_about_text(name, text):
            print(f"{name}:{number}: {complaint}")
            count += 1
    for complaint in visible_for_nobody():
        print(complaint)
        count += 1
    sys.exit(1 if count else 0)


main()
