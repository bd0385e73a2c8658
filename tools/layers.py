#!/usr/bin/env python3
"""Fails when a file includes a folder that its own folder may not depend on (rules: src/layers.txt)."""
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#include "([^"]+)"')


def read_rules(path):
    rules = {}
    for line in path.read_text().splitlines():
        if ":" in line and not line.startswith("#"):
            folder, allowed = line.split(":")
            rules[folder.strip()] = allowed.split()
    return rules


def folder_of(name, rules):
    """The longest rule that is a folder prefix of `name`."""
    return max((rule for rule in rules if name.startswith(rule + "/")), key=len, default=None)


def allows(rules, mine, theirs):
    """A rule named "aws" or "dataplane" stands for every folder below it."""
    return any(theirs == rule or theirs.startswith(rule + "/") for rule in rules[mine])


def is_test(name):
    return name.endswith(("_test.cc", "test_place.h", "_place_test.h", "_fixture.h"))


def problems(root):
    rules = read_rules(root / "layers.txt")
    for file in sorted([*root.rglob("*.h"), *root.rglob("*.cc")]):
        name = file.relative_to(root).as_posix()
        mine = folder_of(name, rules)
        if mine is None:
            yield f"{name}: its folder is not in layers.txt"
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            theirs = include and folder_of(include[1], rules)
            if not theirs:
                continue
            if theirs == mine == "services":
                # Tests may put services together, as the region does.
                if not is_test(name) and name.split("/")[1] != include[1].split("/")[1]:
                    yield f"{name}:{number}: one service may not include another: {include[1]}"
            elif theirs != mine and not allows(rules, mine, theirs):
                yield f"{name}:{number}: {mine} may not include {include[1]}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "src")
    found = list(problems(root))
    print("\n".join(found) if found else "layers: every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
