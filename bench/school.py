#!/usr/bin/env python3
"""Measures the school on a region of its own: up, a portrait's way into the yearbook, ten at once, down.

Beside each stands what the machine itself takes: the same picture compressed by libvips alone, and ten of them on all
processors at once."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "clients"))
from school import School, take_portrait  # noqa: E402

AT_ONCE = 10
ROUNDS = 5


class Visitor:
    """Somebody who has signed in."""

    def __init__(self, school, login):
        self.school = school
        self.cookie = ""
        self.token = ""
        self.call("POST", "/api/v1/sessions", {"login": login, "password": school.password})
        self.token = self.call("GET", "/api/v1/me")["csrf_token"]

    def call(self, method, path, document=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.school.region.edge_port, timeout=30)
        headers = {"Host": self.school.url.removeprefix("http://"), "Cookie": self.cookie, "X-CSRF-Token": self.token,
                   "Origin": self.school.url, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(document) if document is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text[:300]}")
        if answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        connection.close()
        return json.loads(text)

    def upload(self, entry, picture):
        """Seconds from the start of the upload until the yearbook has the copy."""
        start = time.monotonic()
        permit = self.call("POST", f"{entry}/photo", {"content_type": "image/jpeg", "content_length": len(picture)})
        where = urllib.parse.urlsplit(permit["upload_url"])
        connection = http.client.HTTPConnection("127.0.0.1", where.port, timeout=30)
        connection.request("PUT", f"{where.path}?{where.query}", picture,
                           {"Host": where.netloc, "Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"PUT: {answer.status} {answer.read()[:300]}")
        self.call("POST", f"{entry}/photo/uploaded", {"key": permit["key"]})
        while True:
            state = self.call("GET", entry)
            if state["state"] in ("ready", "approved", "failed"):
                break
            time.sleep(0.02)
        if state["state"] == "failed":
            sys.exit(f"the portrait was refused: {state['reason']}")
        return time.monotonic() - start


def alone(photo, count):
    """Seconds that libvips takes for as many copies, on all processors."""
    start = time.monotonic()
    runs = [subprocess.Popen(["vipsthumbnail", str(photo), "--size", "1600x", "-o", f"{photo}.{i}.copy.jpg[Q=82]"])
            for i in range(count)]
    for run in runs:
        run.wait()
    return time.monotonic() - start


def concurrency(school):
    """The most invocations at once that CloudWatch saw."""
    end = time.time()
    found = school.region.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="ConcurrentExecutions", StartTime=end - 3600, EndTime=end + 60, Period=60,
        Statistics=["Maximum"])
    return max((point["Maximum"] for point in found["Datapoints"]), default=None)


def main():
    folder = tempfile.mkdtemp(prefix="holm-bench-")
    school = School(folder)
    try:
        start = time.monotonic()
        school.up()
        up = time.monotonic() - start
        photo = take_portrait(pathlib.Path(folder) / "portrait.jpg")
        picture = photo.read_bytes()
        editor = Visitor(school, "editor")
        menu = editor.call("GET", "/api/v1/me")["menu"]
        year = next(each["path"].split("/")[2] for each in menu if each["path"].startswith("/yearbook/"))
        entries = [f"/api/v1/yearbook/{year}/entries/{each['student']}"
                   for each in editor.call("GET", f"/api/v1/yearbook/{year}/entries")]
        editor.upload(entries[0], picture)
        one = statistics.median(editor.upload(entry, picture) for entry in entries[1:1 + ROUNDS])
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda entry: editor.upload(entry, picture), entries[20:20 + AT_ONCE]))  # Warms as many.
            start = time.monotonic()
            list(pool.map(lambda entry: editor.upload(entry, picture), entries[40:40 + AT_ONCE]))
            ten = time.monotonic() - start
        bare_one, bare_ten = alone(photo, 1), alone(photo, AT_ONCE)
        at_once = concurrency(school)
    finally:
        start = time.monotonic()
        school.region.down()
        down = time.monotonic() - start
        shutil.rmtree(folder, ignore_errors=True)
    print(f"processors: {os.cpu_count()}; the picture has {len(picture)} bytes")
    print(f"up to a page that answers {up:.1f} s; down {down:.1f} s")
    print(f"a portrait: {one:.2f} s (libvips alone {bare_one:.2f} s); {AT_ONCE} at once: {ten:.2f} s "
          f"(libvips alone {bare_ten:.2f} s); ConcurrentExecutions reached {at_once}")
    print(f"bench-school: ten/one {ten / one:.2f}, one/libvips {one / bare_one:.2f}, ten/libvips {ten / bare_ten:.2f}")


if __name__ == "__main__":
    main()
