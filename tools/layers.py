"""The layer rule (docs/architecture.md): who may include whom, which folder may use which library, and that
nobody below src/cli ends the process."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

MAY_INCLUDE = {
    "base": {"base"},
    "db": {"base", "db"},
    "net": {"base", "net"},
    "crm": {"base", "db", "net", "crm"},  # of net only url.h: which URLs may be configured
    "mail": {"base", "db", "net", "crm", "mail"},
    "webhook": {"base", "db", "net", "crm", "webhook"},
    "api": {"base", "db", "net", "crm", "webhook", "api"},
    "relay": {"base", "db", "net", "relay"},
    "cli": {"base", "db", "net", "crm", "mail", "webhook", "api", "relay", "cli"},
}

# A library's header -> the folders that may include it.
LIBRARIES = {
    "microhttpd.h": {"net"},
    "gnutls/": {"net"},
    "curl/": {"net"},
    "libpq-fe.h": {"db"},
    "sqlite3.h": {"db"},
    "yaml.h": {"base"},
    "jansson.h": {"base", "crm", "webhook", "net", "api", "relay", "cli"},
}

ENDS_PROCESS = re.compile(r"(?<![\w.>])(?:exit|_exit|_Exit|quick_exit|abort)\s*\(")
MAY_END = {"base/alloc.c", "base/fault.c"}


def without_comments_and_strings(text):
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)


def included(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^">]+)[">]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def complaints_about_include(folder, own, name):
    if own:
        target = name.split("/")[0]
        if "/" not in name:
            yield f'"{name}" is included without its folder'
        elif target in MAY_INCLUDE and target not in MAY_INCLUDE[folder]:
            yield f"src/{folder} may not include src/{target} ({name})"
        return
    for library, folders in LIBRARIES.items():
        if (name.startswith(library) if library.endswith("/") else name == library) and folder not in folders:
            yield f"<{name}> may be included only in src/{', src/'.join(sorted(folders))}"


def complaints(path):
    relative = path.relative_to(SRC).as_posix()
    folder = relative.split("/")[0]
    text = path.read_text(encoding="utf-8")
    if folder not in MAY_INCLUDE:
        yield 1, f"src/{folder} has no place in the layers; add it to tools/layers.py and docs/architecture.md"
        return
    for number, own, name in included(text):
        for complaint in complaints_about_include(folder, own, name):
            yield number, complaint
    if folder != "cli" and relative not in MAY_END:
        for number, line in enumerate(without_comments_and_strings(text).splitlines(), 1):
            if ENDS_PROCESS.search(line):
                yield number, "nobody below src/cli ends the process; return an error"


def main():
    count = 0
    for path in sorted(SRC.glob("**/*.[ch]")):
        for number, complaint in complaints(path):
            print(f"{path.relative_to(ROOT)}:{number}: {complaint}")
            count += 1
    sys.exit(1 if count else 0)


main()
