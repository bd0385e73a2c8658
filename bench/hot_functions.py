#!/usr/bin/env python3
"""Writes cmake/hot_functions.txt: the functions that small requests to S3 run, callers beside those whom they call.

Usage: HOLM_S3_ALONE=build/release/s3_alone bench/hot_functions.py. Needs valgrind. The release build is linked in this
order (cmake/compiler.cmake): otherwise what a request runs is spread over twice as many pages of the program;
bench/s3/README.md has what that costs. A list that is older than the program is worth less, and does no harm."""
import collections
import hashlib
import http.client
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import s3
from signed_requests import Signer

REQUESTS, OBJECTS = 200, 50
LIST = pathlib.Path(__file__).resolve().parents[1] / "cmake" / "hot_functions.txt"


class Watched(s3.Alone):
    """Under callgrind, which counts when it is told to."""

    def __init__(self, data):
        super().__init__(data)
        self.counts = pathlib.Path(data) / "counts"

    def start(self):
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--demangle=no",
                   f"--callgrind-out-file={self.counts}", s3.ALONE, str(self.data), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        key, secret = self.process.stdout.readline().split()
        self.environment = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

    def control(self, *words):
        subprocess.run(["callgrind_control", *words, str(self.process.pid)], stdout=subprocess.DEVNULL, check=True)


def ask(region, connection, method, target, body=b""):
    connection.request(method, target, body or None, Signer(region).headers(method, target, hashlib.sha256(body).hexdigest(), {}))
    response = connection.getresponse()
    response.read()
    assert response.status == 200, response.status


def count_calls(folder):
    """Instructions of each function, and of each one's callees, while objects of 4 KiB are stored and read."""
    region = Watched(folder)
    region.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=100)
        ask(region, connection, "PUT", "/bench")
        body, targets = os.urandom(s3.SMALL), [f"/bench/small/{number:06}" for number in range(OBJECTS)]
        for target in targets:
            ask(region, connection, "PUT", target, body)
        region.control("-i", "on")
        for number in range(REQUESTS):
            ask(region, connection, "PUT", targets[number % OBJECTS], body)
            for _ in range(2):
                ask(region, connection, "GET", targets[number % OBJECTS])
        region.control("-d")
        return next(read_calls(path) for path in sorted(region.counts.parent.glob("counts.*")))
    finally:
        region.kill()


def read_calls(path):
    """callgrind's file: {caller: {callee: instructions}}."""
    names, calls, caller, callee, is_cost = {}, collections.defaultdict(collections.Counter), "", "", False

    def name(text):
        number, said = re.fullmatch(r"\((\d+)\)(?: (.*))?", text).groups()
        names.setdefault(number, said)
        return re.sub(r"'\d+$", "", names[number])  # The second of one that calls itself.

    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("fn="):
            caller = name(line[3:])
        elif line.startswith("cfn="):
            callee = name(line[4:])
        elif line.startswith("calls="):
            is_cost = int(line[6:].split()[0]) >= REQUESTS // 2
        elif is_cost:
            calls[caller][callee] += int(line.split()[-1])
            is_cost = False
    return calls


def in_order(calls):
    """Each function before those it calls, the most expensive first."""
    cost = collections.Counter({caller: sum(callees.values()) for caller, callees in calls.items()})
    seen = {}
    for start, _ in cost.most_common():
        waiting = [start]
        while waiting:
            function = waiting.pop()
            if function in seen:
                continue
            seen[function] = True
            waiting += [callee for callee, _ in reversed(calls[function].most_common()) if callee not in seen]
    return [function for function in seen if function.startswith("_Z") or function.startswith("sqlite3")]


def main():
    if not s3.ALONE:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="holm-bench-") as folder:
        LIST.write_text("\n".join(in_order(count_calls(folder))) + "\n")


if __name__ == "__main__":
    main()
