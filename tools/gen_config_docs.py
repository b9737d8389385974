"""Makes docs/configuration.md from the table of options in src/cli/settings.c; --check only compares."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "src" / "cli" / "settings.c"
PATH = ROOT / "docs" / "configuration.md"

INTRODUCTION = """\
<!-- Made by tools/gen_config_docs.py from the table in src/cli/settings.c. -->
# Configuration of herald serve

    herald serve [--config FILE] [--OPTION VALUE …]

An option is a flag, or a key in the YAML file that `--config` names. A flag wins over the file. In the file a name has
`_` where the flag has `-`:

    listen: 127.0.0.1:8080
    allow_target: [10.0.0.0/8]

| type | is written |
|---|---|
| text | as it is |
| number | `512` |
| time | `250ms`, `5s`, `10m`, `2h` |
| size | `512`, `64KiB`, `1MiB`, `2GiB` |
| list | in the file `[one, two]`; on the command line the flag, once for each |
| yes or no | in the file `yes` or `no`; on the command line the flag alone means yes |

An unknown name, a value of the wrong type or out of its range, or options that contradict each other are refused at
start with the reason, and with the line if it is in the file; the exit status is 2. Options are read once, at start.

`herald admin` and `herald deliveries` take `--data`, `--database` and `--public-url`. The relay has a file of its own:
[relay.md](relay.md).

## Options

| flag | key in the file | type | default | range | meaning |
|---|---|---|---|---|---|
"""

TYPES = {"TEXT": "text", "INT": "number", "BOOL": "yes or no", "DURATION": "time", "SIZE": "size", "LIST": "list"}
UNITS = {
    "TIME": ((3600 * 10**6, "h"), (60 * 10**6, "m"), (10**6, "s"), (1000, "ms")),
    "SIZE": ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")),
}
NAMES = {"US_PER_MS": "1000", "US_PER_S": "1000000"}

OPTION = re.compile(
    r'\{\s*"(\w+)",\s*OPTION_(\w+),\s*AT\([\w.]+\),\s*(NULL|"[^"]*"),\s*((?:"[^"]*"\s*)+)(?:,([^{}",]+),([^{}",]+))?\}'
)


def number(expression):
    """The value of a constant such as 10 * US_PER_MS."""
    text = re.sub(r"US_PER_\w+", lambda m: NAMES[m.group()], expression)
    if not re.fullmatch(r"[0-9\s*<]+", text):
        sys.exit(f"gen_config_docs.py: cannot read '{expression}'")
    return eval(text.strip())  # digits, * and << only


def shown(value, kind):
    for size, unit in UNITS.get({"DURATION": "TIME"}.get(kind, kind), ()):
        if value and value % size == 0:
            return f"{value // size}{unit}"
    return str(value)


def line(name, kind, preset, meaning, least, most):
    default = "none" if preset == "NULL" else f"`{preset[1:-1]}`"
    span = f"{shown(number(least), kind)} to {shown(number(most), kind)}" if least else ""
    flag = name.replace("_", "-")
    meaning = "".join(re.findall(r'"([^"]*)"', meaning))  # the compiler joins them, too
    return f"| `--{flag}` | `{name}` | {TYPES[kind]} | {default} | {span} | {meaning} |\n"


def main():
    text = TABLE.read_text(encoding="utf-8")
    found = OPTION.findall(text)
    if not found or len(found) != text.count("OPTION_"):
        sys.exit(f"gen_config_docs.py: there are options in {TABLE.name} that it cannot read")
    document = INTRODUCTION + "".join(line(*option) for option in found)
    if "--check" not in sys.argv:
        PATH.write_text(document, encoding="utf-8")
    elif PATH.read_text(encoding="utf-8") != document:
        sys.exit("docs/configuration.md is not what the options are; run tools/gen_config_docs.py")


main()
