#!/usr/bin/env python3
"""Checks the habits a tool can check: sizes, banned words with their replacement, openings of files.

Usage: tidy.py [ROOT]. Prints one line a finding and exits with 1 when there are any."""
import pathlib
import re
import sys

LINE_MAX, FUNCTION_MAX, FILE_MAX = 115, 70, 600
FOLDERS = ("src", "tests", "apps", "bench", "codegen", "tools")

# pattern, what to do instead, files (relative prefixes or suffixes) where it is allowed
BANNED = [
    (r"system_clock::now|\bgettimeofday\(|[^_\w]time\((nullptr|NULL|0)\)", "take a Clock",
     ("src/base/system_clock.cc", "apps/", "tests/", "bench/")),
    (r"steady_clock::now", "take a Clock", ("src/base/system_clock.cc", "apps/", "tests/", "bench/", "src/async/", "_test.cc",
      "test_place.h")),
    (r"std::c(out|err)\b", "base/log.h, or fmt::print in the command line", ("bench/", "tests/", "apps/")),
    (r"\bFIXME\b", "mend it before merging", ()),
    (r"(?<![\w_])new [A-Z]\w*[({]", "std::make_unique", ("apps/",)),
    (r"\bcatch \(", "let the gateway, the job or the task's top catch it",
     ("src/gateway/", "src/jobs/", "src/async/", "src/cli/", "src/http/", "apps/", "bench/", "tests/", "_test.cc",
      "src/aws/schema/validate.cc", "src/stacks/engine", "test_place.h", "_place_test.h", "src/services/autoscaling/attempt.cc", "src/aws/service/attempt.cc",
      "src/services/s3/changes.cc")),
    (r"\bstd::thread\b(?!::)", "Workers, Jobs or a Reactor",
     ("src/async/", "src/jobs/", "src/objects/store.cc", "src/sandbox/", "src/sql/", "_test.cc", "apps/", "bench/", "tests/")),
    (r"\bsleep_for\(|\busleep\(|[^_\w:]sleep\(\d", "a timer; tests wait for a condition",
     ("src/async/", "apps/", "bench/", "_test.cc", "test_place.h", "_place_test.h")),
]
CO_AWAIT = re.compile(r"co_await\s")
FUNCTION_START = re.compile(r"^(?!namespace|struct|class|enum|union|extern|#|//|\}|using|template|typedef)\S.*[)\w]\s*(const|noexcept|override|->.*)*\s*\{$")


def function_lengths(lines):
    """(line number, length) of each function that starts in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and FUNCTION_START.match(line) and "= {" not in line and "=" not in line.split("(")[0]:
            start = number
        elif start is not None and line.startswith("}"):
            yield start, number - start + 1
            start = None


def check_cpp(name, lines, text):
    path_is_test = name.endswith(("_test.cc", "test_place.h"))
    if not text.startswith("//"):
        yield 1, "a file starts with a comment that says what it is about"
    if name.endswith(".h") and "#pragma once" not in text:
        yield 1, "a header has #pragma once"
    for start, length in function_lengths(lines):
        if length > FUNCTION_MAX:
            yield start, f"a function of {length} lines; at most {FUNCTION_MAX}"
    for match in CO_AWAIT.finditer(text):
        expression = text[match.end():text.find(";", match.end())]
        if "{" in expression.split("co_return")[0] and not path_is_test:
            yield text.count("\n", 0, match.start()) + 1, "name what a co_await waits for: no braces inside"


def check_file(root, path):
    name = path.relative_to(root).as_posix()
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > FILE_MAX:
        yield name, 1, f"{len(lines)} lines; at most {FILE_MAX}: split by noun"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and "http" not in line and path.suffix in (".cc", ".h"):
            yield name, number, f"{len(line)} characters; at most {LINE_MAX}"
    if path.suffix not in (".cc", ".h"):
        return
    for pattern, instead, allowed in BANNED:
        if any(name.startswith(part) or name.endswith(part) for part in allowed):
            continue
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line.split("//")[0]) or (pattern == r"\bFIXME\b" and "FIXME" in line):
                yield name, number, f"{pattern!r} is not used here; instead: {instead}"
    for number, message in check_cpp(name, lines, text):
        yield name, number, message


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = []
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cc", ".h", ".py") and path.is_file() and "golden" not in path.parts \
                    and "node_modules" not in path.parts and path.name != "tidy.py":
                found.extend(check_file(root, path))
    for folder in sorted((root / "src" / "services").glob("*/")):
        if not (folder / "README.md").exists():
            found.append((folder.relative_to(root).as_posix(), 1, "a service has a README.md"))
    for name, number, message in found:
        print(f"{name}:{number}: {message}")
    print(f"tidy: {len(found)} findings" if found else "tidy: nothing to mend")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
