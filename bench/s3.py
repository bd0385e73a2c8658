#!/usr/bin/env python3
"""Measures S3 on a region of its own, nginx's files, Ceph and the machine by itself in the same run, on the same disk;
ratios on the last line.

Usage: bench/s3.py [SECONDS]. Needs wrk; nginx is `nginx`, or what NGINX_PROGRAM names, and left out when there is none, as
is Ceph (bench/ceph.py) where tools/install_ceph.sh has not been.
HOLM_S3_ALONE=build/release/s3_alone measures that program instead of a whole region.
Every request is signed, and every PUT is durable before it is answered; nginx checks no signature and syncs nothing."""
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "clients"))
from ceph import FOLDER, Ceph, CephFailed  # noqa: E402
from conftest import Region, free_port, wait_until  # noqa: E402
from region import cpu_seconds, resident_mib  # noqa: E402
from signed_requests import Signer, send  # noqa: E402

SECONDS = 5
SMALL, LARGE, PART, PARTS = 4096, 1 << 20, 8 << 20, 8
KEYS, LARGE_KEYS, LISTED = 8000, 16, 3_000
LOGGED = 4600  # Bytes that a PUT of 4 KiB adds to the log.
DISCARDED = bytearray(LARGE)
NGINX = os.environ.get("NGINX_PROGRAM", shutil.which("nginx") or "")
ALONE = os.environ.get("HOLM_S3_ALONE", "")
CONFIGURATION = """
daemon off; user root; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/temporary; client_max_body_size 1g;
  proxy_temp_path {folder}/temporary; fastcgi_temp_path {folder}/temporary; uwsgi_temp_path {folder}/temporary;
  scgi_temp_path {folder}/temporary; sendfile on; tcp_nopush off;
  keepalive_requests 100000000;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; dav_methods PUT DELETE; create_full_put_path on; }}
}}
"""


@dataclasses.dataclass
class Figure:
    rate: float
    p50: float = 0.0  # Milliseconds.
    p99: float = 0.0
    cpu: float = 0.0  # Microseconds of the server's a request.

    def __str__(self):
        return f"{self.rate:.0f}/s, p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms, {self.cpu:.0f} us of CPU each"


class Alone(Region):
    """S3 and IAM behind the gateway without the rest of a region: bench/s3/alone.cc."""

    def start(self):
        self.process = subprocess.Popen([ALONE, str(self.data), str(self.port)], stdout=subprocess.PIPE, text=True)
        key, secret = self.process.stdout.readline().split()
        self.environment = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)


class S3:
    """A region or Ceph, its requests signed beforehand; a signature is good for a quarter of an hour."""

    def __init__(self, region, pids):
        self.region = region
        try:
            region.start()
            self.pids = pids()
            self.port = region.port
            region.client("s3").create_bucket(Bucket="bench")
        except BaseException:
            region.end()
            raise

    def prepared(self, method, target, body=b""):
        signer = Signer(self.region)
        return signer.headers(method, target, hashlib.sha256(body).hexdigest(), {})

    def end(self):
        self.region.end()


def holm():
    region = (Alone if ALONE else Region)(tempfile.mkdtemp(prefix="holm-bench-"))
    return S3(region, lambda: [region.process.pid])


def ceph():
    region = Ceph(tempfile.mkdtemp(prefix="holm-bench-"))
    return S3(region, region.pids)


class Nginx:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holm-bench-"))
        self.port = free_port()
        for name in "files", "temporary":
            (self.folder / name).mkdir()
            (self.folder / name).chmod(0o777)
        self.folder.chmod(0o755)
        (self.folder / "conf").write_text(CONFIGURATION.format(folder=self.folder, port=self.port))
        self.process = subprocess.Popen([NGINX, "-p", str(self.folder), "-c", str(self.folder / "conf"),
                                         "-e", str(self.folder / "error.log")])
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.pids = wait_until(lambda: [int(each) for each in children.read_text().split()][:2])

    def prepared(self, method, target, body=b""):
        return {"host": f"127.0.0.1:{self.port}"}

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def write_requests(path, server, method, targets, body):
    """For wrk: one after the other, each whole."""
    lines = ["local requests = {}"]
    if body:
        (path.parent / "body").write_bytes(body)
        lines.append(f'local file = io.open("{path.parent}/body", "rb"); local body = file:read("*a"); file:close()')
    for target in targets:
        headers = server.prepared(method, target, body)
        headers["Host"] = headers.pop("host")  # As wrk spells it, which would add its own otherwise.
        fields = ", ".join(f'["{name}"]="{value}"' for name, value in headers.items())
        lines.append(f'requests[#requests + 1] = {{"{target}", {{{fields}}}}}')
    lines.append(f"""
local whole, at = {{}}, 0
function init(arguments)
  for number, each in ipairs(requests) do
    whole[number] = wrk.format("{method}", each[1], each[2]{', body' if body else ''})
  end
end
function request()
  at = at % #whole + 1
  return whole[at]
end""")
    path.write_text("\n".join(lines))


def load(server, method, targets, connections, body=b""):
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "requests.lua"
        write_requests(script, server, method, targets, body)
        before, start = sum(map(cpu_seconds, server.pids)), time.monotonic()
        output = subprocess.run(["wrk", "--latency", "--timeout", "30s", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script,
                                 f"http://127.0.0.1:{server.port}/"], capture_output=True, text=True, check=True).stdout
        used, elapsed = sum(map(cpu_seconds, server.pids)) - before, time.monotonic() - start
    assert "Non-2xx" not in output and "Socket errors" not in output, output
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    assert rate > 0, output
    return Figure(rate, milliseconds(re.search(r"(?m)^ +50% +(\S+)", output)[1]),
                  milliseconds(re.search(r"(?m)^ +99% +(\S+)", output)[1]), used / (rate * elapsed) * 1e6)


def take_whole(connection, request):
    """Sends it and throws away what comes, which the kernel does not copy then: wrk copies 8 KiB at a time, which is
    slower than what it would measure."""
    connection.sendall(request)
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1024)
    head, _, begun = head.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    left = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(begun)
    while left > 0:
        count = connection.recv_into(DISCARDED, left, socket.MSG_TRUNC)
        assert count > 0
        left -= count


def load_large(server, targets, connections):
    """GETs of large objects by so many clients at a time."""
    requests, times, end = [], [], time.monotonic() + SECONDS
    for target in targets:
        headers = server.prepared("GET", target)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())

    def client(number):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            while time.monotonic() < end:
                begin = time.monotonic()
                take_whole(connection, requests[number % len(requests)])
                times.append(time.monotonic() - begin)
                number += 1

    before, start = sum(map(cpu_seconds, server.pids)), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(connections) as clients:
        list(clients.map(client, range(connections)))
    used, elapsed = sum(map(cpu_seconds, server.pids)) - before, time.monotonic() - start
    times.sort()
    return Figure(len(times) / elapsed, times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3,
                  used / len(times) * 1e6)


def store(server, target, body):
    status, told = send(server.port, "PUT", target, server.prepared("PUT", target, body), body)
    assert status in (200, 201, 204), told


def upload(server):
    """64 MiB in parts of 8, four at a time, whose hashes are not signed: bytes a second."""
    s3 = server.region.client("s3")
    body, name = os.urandom(PART), {"Bucket": "bench", "Key": "parts"}
    name["UploadId"] = s3.create_multipart_upload(**name)["UploadId"]

    def send_part(number):
        target = f"/bench/parts?partNumber={number}&uploadId={name['UploadId']}"
        status, told = send(server.port, "PUT", target, Signer(server.region).headers("PUT", target, "UNSIGNED-PAYLOAD", {}), body)
        assert status == 200, told

    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as senders:
        list(senders.map(send_part, range(1, PARTS + 1)))
    parts = [{"PartNumber": each["PartNumber"], "ETag": each["ETag"]} for each in s3.list_parts(**name)["Parts"]]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **name)
    return PART * PARTS / (time.monotonic() - begin)


def upload_file(nginx):
    body = os.urandom(PART * PARTS)
    begin = time.monotonic()
    store(nginx, "/bench/parts", body)
    return PART * PARTS / (time.monotonic() - begin)


def measure_files(server):
    """What nginx can do, too."""
    body, figures = os.urandom(SMALL), {}
    keys = [f"/bench/small/{number:06}" for number in range(KEYS)]
    for key in keys[:100]:  # What a server makes at the first is not measured.
        store(server, key, body)
    figures["PUT 4 KiB, 64 clients"] = load(server, "PUT", keys, 64, body)
    figures["PUT 4 KiB, one client"] = load(server, "PUT", keys, 1, body)
    for key in keys[:500]:
        store(server, key, body)
    figures["GET 4 KiB, 64 clients"] = load(server, "GET", keys[:500], 64)
    figures["GET 4 KiB, one client"] = load(server, "GET", keys[:500], 1)
    large = [f"/bench/large/{number}" for number in range(LARGE_KEYS)]
    for key in large:
        store(server, key, os.urandom(LARGE))
    for clients in 1, 8:
        figures[f"GET 1 MiB, {clients} client{'s' * (clients > 1)}"] = load_large(server, large, clients)
    return figures


def measure_lists(server):
    """Of 1,000 keys each."""
    def create(number):
        store(server, f"/bench/list/{number:08}", b"")

    with concurrent.futures.ThreadPoolExecutor(8) as writers:
        list(writers.map(create, range(LISTED)))
    return load(server, "GET", ["/bench?list-type=2&prefix=list%2F"], 1)


def resident(server):
    return sum(map(resident_mib, server.pids))


@dataclasses.dataclass
class Measured:
    figures: dict
    parts: float  # Bytes a second.
    idle: float = 0.0  # MiB.
    after: float = 0.0


@dataclasses.dataclass
class Machine:
    sync: float  # Milliseconds.
    sync_p99: float
    write: float  # Bytes a second.
    md5: float


def measure_s3(make):
    """One server at a time lives, so none pays for what another does afterwards."""
    server = make()
    try:
        idle = resident(server)
        figures = measure_files(server)
        parts = max(upload(server) for _ in range(3))
        figures[f"LIST 1,000 of {LISTED} keys"] = measure_lists(server)
        return Measured(figures, parts, idle, resident(server))
    finally:
        server.end()


def measure_nginx():
    server = Nginx()
    try:
        return Measured(measure_files(server), upload_file(server))
    finally:
        server.end()


def measure_machine():
    """What it takes by itself: a sync of what a small PUT logs, 64 MiB written and synced, MD5 on one core; the best of
    three of the latter, as of uploads."""
    times, data = [], os.urandom(PART)
    with tempfile.NamedTemporaryFile(prefix="holm-bench-") as file:
        def write_all():
            for number in range(PARTS):
                os.pwrite(file.fileno(), data, number * PART)
            os.fdatasync(file.fileno())

        write = max(rate_of(write_all, PART * PARTS) for _ in range(3))
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            begin = time.monotonic()
            os.pwrite(file.fileno(), data[:LOGGED], len(times) * LOGGED % (PART * (PARTS - 1)))
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - begin)
    times.sort()
    md5 = max(rate_of(lambda: hashlib.md5(data).digest(), PART) for _ in range(3))
    return Machine(times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3, write, md5)


def rate_of(work, count):
    begin = time.monotonic()
    work()
    return count / (time.monotonic() - begin)


def print_figures(measured, machine):
    print(f"the machine: a sync of {LOGGED} bytes p50 {machine.sync:.2f} ms, p99 {machine.sync_p99:.2f} ms; 64 MiB written and "
          f"synced {machine.write / 1e6:.0f} MB/s; MD5 {machine.md5 / 1e6:.0f} MB/s of one core")
    for name, figure in measured["holm"].figures.items():
        print("; ".join([f"{name}: {figure}"] + [f"{peer} {each.figures[name]}" for peer, each in measured.items()
                                                 if peer != "holm" and name in each.figures]))
    print("64 MiB in parts: " + "; ".join(f"{peer}{', one file' * (peer == 'nginx')} {each.parts / 1e6:.0f} MB/s"
                                          for peer, each in measured.items()))
    print("resident: " + "; ".join(f"{peer} {each.idle:.1f} MiB idle, {each.after:.1f} MiB after all this"
                                   for peer, each in measured.items() if each.idle))


def machine_ratios(ours, machine):
    """Of a part the MD5 is told, so one core's is the limit of one upload, and all cores' that of four."""
    return (f"holm / machine: PUT 4 KiB, one client, p50 {ours.figures['PUT 4 KiB, one client'].p50 / machine.sync:.2f} syncs, "
            f"64 MiB in parts {ours.parts / machine.write:.2f} of the disk's writes, "
            f"{ours.parts / machine.md5 / os.cpu_count():.2f} of MD5 on all cores")


def ratios(name, ours, theirs):
    told = [f"{each} {ours.figures[each].rate / figure.rate:.2f} (CPU {ours.figures[each].cpu / figure.cpu:.2f})"
            for each, figure in theirs.figures.items()]
    return f"holm / {name}: " + ", ".join([*told, f"64 MiB in parts {ours.parts / theirs.parts:.2f}"])


def interrupted(number, _):
    """Everything is torn down on the way out; a second signal does not stop that."""
    for each in signal.SIGINT, signal.SIGTERM:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(f"bench/s3.py: ended by {signal.Signals(number).name}")


def main():
    global SECONDS
    SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    for each in signal.SIGINT, signal.SIGTERM:
        signal.signal(each, interrupted)
    measured, failure = {"holm": measure_s3(holm)}, None
    if NGINX:
        measured["nginx"] = measure_nginx()
    if FOLDER.exists():
        try:
            measured["ceph"] = measure_s3(ceph)
        except CephFailed as error:
            failure = f"Ceph is left out: {error}"
    machine = measure_machine()
    print_figures(measured, machine)
    if failure:
        sys.exit(failure)
    peers = [ratios(name, measured["holm"], each) for name, each in measured.items() if name != "holm"]
    print("; ".join([machine_ratios(measured["holm"], machine), *peers]))


if __name__ == "__main__":
    main()
