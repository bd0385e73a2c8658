#!/usr/bin/env python3
"""Writes docs/coverage.md: which operations of each service's model are served.

Usage: coverage.py [--models BOTOCORE/data] [--check]. With --check nothing is written; it fails when the page is stale
or when a service serves fewer operations than the committed page says."""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "codegen"))
import generate  # noqa: E402

PAGE = ROOT / "docs" / "coverage.md"
ROW = re.compile(r"^\| (\w+) \| (\d+) \| \d+ \|", re.MULTILINE)


def default_models():
    found = sorted((ROOT / "build" / "venv").glob("lib/python3*/site-packages/botocore/data"))
    if not found:
        sys.exit("coverage: botocore is missing; run `make deps` or pass --models")
    return found[0]


def page(models):
    """The text of the page."""
    rows, lists = [], []
    services = ROOT / "src" / "services"
    for path in sorted(services.glob("*/operations.list")):
        service = path.parent.name
        model = generate.load(service, services, models, ROOT / "models" / "patches")
        # Operations that a patch adds are holm's own and no part of AWS's API.
        of_aws = {name for name, operation in model.all_operations.items() if not operation.get("ours")}
        served = sorted(entry.name for entry in model.listed.entries if entry.name in of_aws)
        total = len(of_aws)
        rows.append(f"| {service} | {len(served)} | {total} | {100 * len(served) // total} % |")
        lists += [f"## {service}", "", ", ".join(served) + ".", ""]
    return "\n".join([
        "# Coverage of the AWS API", "",
        "Written by `make docs` from each service's operations.list and AWS's model. What is not here is refused by",
        "name with HTTP status 501.", "", "| service | operations served | in the model | |", "|---|---:|---:|---:|",
        *rows, "", *lists]).rstrip() + "\n"


def committed():
    """The page as the last commit has it, or nothing (a new page, or no repository)."""
    result = subprocess.run(["git", "-C", str(ROOT), "show", "HEAD:docs/coverage.md"], capture_output=True, text=True)
    return result.stdout if result.returncode == 0 else ""


def served_counts(text):
    return {name: int(count) for name, count in ROW.findall(text)}


def check(text):
    """What is wrong with the page in the work tree, as sentences."""
    now = served_counts(text)
    for name, before in served_counts(committed()).items():
        if now.get(name, 0) < before:
            yield f"{name} serves {now.get(name, 0)} operations; it served {before}"
    if not PAGE.exists() or PAGE.read_text() != text:
        yield "docs/coverage.md is stale; run `make docs`"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    text = page(options.models or default_models())
    if options.check:
        problems = list(check(text))
        for problem in problems:
            print(f"coverage: {problem}")
        return 1 if problems else 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
