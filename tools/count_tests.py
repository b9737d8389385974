"""Prints "PASSED FAILED", added up over what test runners left: Meson's testlog.json with cmocka's output in it,
pytest's JUnit XML, Node's TAP. Skipped tests are neither."""

import json
import re
import sys
import xml.etree.ElementTree


def of_meson(text):
    passed = failed = 0
    for line in text.splitlines():
        run = json.loads(line)
        output = run.get("stdout", "") + run.get("stderr", "")
        p = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", output))
        f = sum(int(n) for n in re.findall(r"\[  FAILED  \] .*?(\d+) test", output))
        if run["result"] not in ("OK", "SKIP"):
            f = max(f, 1)  # it crashed, or a sanitizer ended it
        elif p == 0:
            p = 1
        passed += p
        failed += f
    return passed, failed


def of_junit(text):
    total = failed = 0
    for suite in xml.etree.ElementTree.fromstring(text).iter("testsuite"):
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        total += int(suite.get("tests", 0)) - int(suite.get("skipped", 0))
    return total - failed, failed


def of_tap(text):
    def number(word):
        return sum(int(n) for n in re.findall(rf"^# {word} (\d+)", text, re.MULTILINE))

    return number("pass"), number("fail") + number("cancelled")


def main():
    passed = failed = 0
    readers = {".json": of_meson, ".xml": of_junit, ".tap": of_tap}
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", errors="replace") as file:
            p, f = readers[name[name.rindex("."):]](file.read())
        passed += p
        failed += f
    print(passed, failed)


main()
