#!/usr/bin/env python3
"""Embeds files into the program: writes a C file with a table of (path, bytes, length).

usage: embed.py OUTPUT.c TABLE_NAME ROOT FILE...   (files are named relative to ROOT in the table, sorted;
                                                    by their last name alone if ROOT is "-")
"""
import os
import sys


def main() -> None:
    output, table, root, *files = sys.argv[1:]
    named = {os.path.basename(f) if root == "-" else os.path.relpath(f, root): os.path.abspath(f) for f in files}
    lines = ['#include "base/embed.h"', ""]
    for i, name in enumerate(sorted(named)):
        path = named[name].replace("\\", "\\\\").replace('"', '\\"')
        lines += [
            f'__asm__(".section .rodata\\n.global {table}_{i}\\n{table}_{i}:\\n.incbin \\"{path}\\"\\n"',
            f'        ".global {table}_{i}_end\\n{table}_{i}_end:\\n.byte 0\\n.previous\\n");',
            f"extern const char {table}_{i}[], {table}_{i}_end[];",
        ]
    lines += ["", f"const struct embedded_file {table}[] = {{"]
    lines += [f'    {{"{name}", {table}_{i}, {table}_{i}_end}},' for i, name in enumerate(sorted(named))]
    lines += ["    {0},", "};", ""]
    with open(output, "w", encoding="utf-8") as out:
        out.write("\n".join(lines))


main()
