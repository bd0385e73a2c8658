#!/usr/bin/env python3
"""Measures the balancer beside HAProxy and nginx before the same backend in the same run; ratios on the last line.

Usage: bench/balancer.py PROGRAM [SECONDS [ROUNDS]]. PROGRAM is bench_balancer. Needs nginx, wrk and h2load; HAProxy is
left out when there is none (NGINX_PROGRAM, HAPROXY_PROGRAM, H2LOAD_PROGRAM). ONLY=ratios leaves out all else. The figure is processor seconds of the proxy
per 100,000 requests: each proxy is one thread on a core of its own, backend and load share another, and the proxies
take turns in every round. Counts of system calls (strace) and of instructions (valgrind) do not depend on the machine's
mood."""
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "clients"))
from conftest import free_port, wait_until  # noqa: E402

PROGRAM = sys.argv[1]
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 2
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
NGINX = os.environ.get("NGINX_PROGRAM", shutil.which("nginx") or "")
HAPROXY = os.environ.get("HAPROXY_PROGRAM", shutil.which("haproxy") or "")
H2LOAD = os.environ.get("H2LOAD_PROGRAM", shutil.which("h2load") or "")
RULES = range(1, 21)
IDLE = 2000
# What browsers send.
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9,de;q=0.8", "Accept-Encoding": "gzip, deflate, br",
    "Cookie": "session=0123456789abcdef0123456789abcdef; theme=dark"}
# Name, which listener, path, connections, goal beside HAProxy. h2: sixteen connections of eight streams.
CASES = [("plain 1 KiB", "plain", "/1k", 64, 1.0), ("20 rules, headers, log", "rules", "/1k", 64, 0.6),
         ("plain 100 KiB", "plain", "/100k", 64, 0.8), ("HTTPS 1 KiB", "tls", "/1k", 64, 0.9),
         ("HTTP/2 over TLS 1 KiB", "h2", "/1k", 16, 1.0)]

BACKEND = """
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/temporary; proxy_temp_path {folder}/temporary; sendfile on;
  fastcgi_temp_path {folder}/temporary; uwsgi_temp_path {folder}/temporary; scgi_temp_path {folder}/temporary;
  tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10; root {folder}/files;
  server {{ listen 127.0.0.1:{backend} backlog=4096; }}
}}
"""

NGINX_PROXY = """
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  log_format balancer 'http $time_iso8601 bench $remote_addr:$remote_port $upstream_addr $request_time '
    '$upstream_response_time $status $upstream_status $request_length $bytes_sent "$request" "$http_user_agent" '
    '$ssl_cipher $ssl_protocol "$request_id" "$host"';
  access_log off; client_body_temp_path {folder}/temporary; proxy_temp_path {folder}/temporary;
  fastcgi_temp_path {folder}/temporary; uwsgi_temp_path {folder}/temporary; scgi_temp_path {folder}/temporary;
  keepalive_requests 100000000; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_max_temp_file_size 0;
  upstream servers {{ server 127.0.0.1:{backend}; keepalive 256; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{plain}; location / {{ proxy_pass http://servers; }} }}
  server {{
    listen 127.0.0.1:{rules}; access_log {folder}/access.log balancer buffer=64k flush=1s;
    {locations}
    location / {{
      proxy_pass http://servers; proxy_set_header Host $host; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Amzn-Trace-Id Root=1-$request_id;
    }}
  }}
  server {{
    listen 127.0.0.1:{tls} ssl http2; ssl_certificate {folder}/both.pem; ssl_certificate_key {folder}/both.pem;
    location / {{ proxy_pass http://servers; }}
  }}
}}
"""

HAPROXY_PROXY = """
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend plain
  bind 127.0.0.1:{plain}
  default_backend servers
frontend rules
  bind 127.0.0.1:{rules}
  log {folder}/log local0
  log-format "http %t bench %ci:%cp %si:%sp %Tq %Tw %Tr %ST %U %B %{{+Q}}r %{{+Q}}[capture.req.hdr(0)] %ID"
  declare capture request len 200
  http-request capture req.hdr(user-agent) id 0
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {rules}
  unique-id-format "Root=1-%[date,hex]-%[rand,hex]%[rand,hex]"
  unique-id-header X-Amzn-Trace-Id
  {locations}
  default_backend servers
frontend tls
  bind 127.0.0.1:{tls} ssl crt {folder}/both.pem alpn h2,http/1.1
  default_backend servers
backend servers
  server one 127.0.0.1:{backend}
backend none
  http-request return status 404
"""


class LogReader:
    """Takes HAProxy's datagrams, as the system's log does where Debian configures HAProxy."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.socket.recv(8192)


class Backend:
    def __init__(self, folder):
        self.port = free_port()
        for name in "files", "temporary":
            (folder / name).mkdir()
            (folder / name).chmod(0o777)
        (folder / "files" / "1k").write_bytes(b"x" * 1024)
        (folder / "files" / "100k").write_bytes(b"x" * 102400)
        (folder / "conf").write_text(BACKEND.format(folder=folder, backend=self.port))
        self.process = start([NGINX, "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")], 0)
        wait_until(lambda: answers(self.port), what="the backend")


class Proxy:
    """One of the three, with the same ports' names."""

    def __init__(self, name, folder, backend, template="", locations="", before=()):
        self.name, self.folder = name, folder
        self.ports = {each: free_port() for each in ("plain", "rules", "tls", "many")}
        self.ports["h2"] = self.ports["tls"]
        folder.mkdir()
        (folder / "temporary").mkdir()
        certify(folder)
        if name == "haproxy":
            self.log = LogReader(folder / "log")
        if template:
            (folder / "conf").write_text(template.format(folder=folder, backend=backend, locations=locations, **self.ports))
        numbers = [f"{each}={self.ports[each]}" for each in ("plain", "rules", "tls", "many")]
        words = {"holm": [PROGRAM, str(folder), f"target={backend}", *numbers],
                 "haproxy": [HAPROXY, "-db", "-q", "-f", str(folder / "conf")],
                 "nginx": [NGINX, "-p", str(folder), "-c", str(folder / "conf"), "-e", str(folder / "error.log")]}[name]
        self.process = start([*before, *words], 1, folder / "output")
        wait_until(lambda: answers(self.ports["plain"]), what=name)

    def pids(self):
        """The program and its workers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def cpu(self):
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def resident(self):
        """Bytes that are its own."""
        return sum(int(line.split()[1]) * 1024 for pid in self.pids()
                   for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                   if line.startswith("Pss:"))


def start(words, core, output=None):
    out = open(output, "wb") if output else subprocess.DEVNULL
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT if output else None,
                            preexec_fn=lambda: os.sched_setaffinity(0, {core % os.cpu_count()}))


def certify(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    folder / "key.pem", "-out", folder / "certificate.pem", "-days", "2", "-subj", "/CN=bench.test"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(b"GET /1k HTTP/1.1\r\nHost: bench.test\r\nConnection: close\r\n\r\n")
            return b"200 OK" in connection.recv(100)
    except OSError:
        return False


def load(proxy, listener, path, connections, seconds, requests=0):
    """How many requests were answered, and what a hundred thousand of them cost the proxy."""
    secure = listener in ("tls", "h2")
    url = f"{'https' if secure else 'http'}://127.0.0.1:{proxy.ports[listener]}{path}"
    headers = [word for name, value in BROWSER.items() for word in ("-H", f"{name}: {value}")]
    before = proxy.cpu()
    if listener == "h2":
        bound = ["-n", str(requests)] if requests else ["-D", str(max(1, round(seconds)))]
        words = [H2LOAD, "-t1", f"-c{connections}", "-m8", *bound, *headers, url]
    else:
        words = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", *headers, url]
    done = subprocess.run(words, capture_output=True, text=True, check=True,
                          preexec_fn=lambda: os.sched_setaffinity(0, {0}))
    used = proxy.cpu() - before
    told = re.search(r"(\d+) requests in", done.stdout) or re.search(r"(\d+) succeeded", done.stdout)
    assert told and "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    count = int(told[1])
    assert count > 0, f"{proxy.name}: {done.stdout}"
    return count, used / count * 1e5


def measure(proxies):
    """Case → proxy → median of the rounds."""
    figures = {case[0]: {proxy.name: [] for proxy in proxies} for case in CASES}
    for number in range(ROUNDS + 1):
        for name, listener, path, connections, _ in CASES:
            for proxy in proxies:
                # The first round warms up.
                figure = load(proxy, listener, path, connections, SECONDS if number else 1)[1]
                if number:
                    figures[name][proxy.name].append(figure)
    return {name: {proxy: statistics.median(each) for proxy, each in of.items()} for name, of in figures.items()}


def rules_cost(holm):
    """A hundred rules beside none."""
    rounds = [(load(holm, "many", "/1k", 64, SECONDS)[1], load(holm, "plain", "/1k", 64, SECONDS)[1])
              for _ in range(ROUNDS)]
    return statistics.median(many for many, _ in rounds) / statistics.median(one for _, one in rounds)


def system_calls(proxy, listener, path="/1k"):
    """A request's share, under load."""
    with tempfile.NamedTemporaryFile("r") as told:
        pid = proxy.pids()[-1]
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", told.name, "-p", str(pid)], stderr=subprocess.DEVNULL)
        time.sleep(1)
        count, _ = load(proxy, listener, path, 16 if listener == "h2" else 64, 2)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        calls = sum(int(fields[3]) for fields in (line.split() for line in told.read().splitlines())
                    if len(fields) in (5, 6) and fields[3].isdigit() and fields[-1] != "total")
        return calls / count


def instructions(folder, backend):
    """What the balancer's own code runs for a request."""
    told = folder / "callgrind"
    words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={told}", "--instr-atstart=no"]
    holm = Proxy("holm", folder / "counted", backend.port, before=words)
    try:
        load(holm, "plain", "/1k", 64, 1)
        subprocess.run(["callgrind_control", "-i", "on", str(holm.process.pid)], check=True, capture_output=True)
        count, _ = load(holm, "plain", "/1k", 64, 3)
        subprocess.run(["callgrind_control", "-i", "off", str(holm.process.pid)], check=True, capture_output=True)
    finally:
        holm.process.stdin.close()
        holm.process.wait()
    return max(map(int, re.findall(r"^(?:totals|summary): (\d+)", told.read_text(), re.MULTILINE))) / count


def rate(proxy):
    """Requests a second that it has for 64 connections that want all it has."""
    return load(proxy, "plain", "/1k", 64, SECONDS)[0] / SECONDS


def slowest_percent(proxy, requests_a_second):
    """Milliseconds that 99 of 100 requests stay below, at that rate."""
    with tempfile.NamedTemporaryFile("r") as log:
        words = [H2LOAD, "--h1", "-t1", "-c64", f"--rps={max(1, round(requests_a_second / 64))}", "-D4", f"--log-file={log.name}",
                 f"http://127.0.0.1:{proxy.ports['plain']}/1k"]
        subprocess.run(words, check=True, capture_output=True, preexec_fn=lambda: os.sched_setaffinity(0, {0}))
        times = sorted(int(line.split("\t")[2]) for line in log.read().splitlines())
    return times[len(times) * 99 // 100] / 1000


def change_under_load(holm):
    """The longest of five changes of the configuration, in milliseconds, until requests meet it; all others are answered."""
    words = ["wrk", "-t1", "-c32", "-d5s", f"http://127.0.0.1:{holm.ports['many']}/1k"]
    loading = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {0}))
    longest, status = 0, 404
    with socket.create_connection(("127.0.0.1", holm.ports["many"]), timeout=5) as connection:
        for _ in range(5):
            time.sleep(0.5)
            status = 410 if status == 404 else 404
            begun = time.monotonic()
            holm.process.stdin.write(b"change\n")
            holm.process.stdin.flush()
            answer = b""
            while b" %d " % status not in answer:
                connection.sendall(b"GET /service1/ HTTP/1.1\r\nHost: bench.test\r\n\r\n")
                answer = connection.recv(4096)
            longest = max(longest, time.monotonic() - begun)
    told = loading.communicate()[0]
    assert "Non-2xx" not in told and "Socket errors" not in told, told
    return longest * 1000


def counting_share(holm, cost):
    """The part of a request's processor time, in percent, that counting for metrics takes."""
    output = holm.folder / "output"
    before = len(output.read_text().splitlines())
    holm.process.stdin.write(b"count\n")
    holm.process.stdin.flush()
    wait_until(lambda: len(output.read_text().splitlines()) > before, what="the count")
    return float(output.read_text().splitlines()[before]) / (cost / 1e5 * 1e9) * 100


def idle_bytes(proxy, listener):
    """What a connection that has had its answer and waits costs."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    open_ones, before = [], proxy.resident()
    for _ in range(IDLE):
        connection = socket.create_connection(("127.0.0.1", proxy.ports[listener]), timeout=10)
        if listener == "tls":
            connection = context.wrap_socket(connection)
        connection.sendall(b"GET /1k HTTP/1.1\r\nHost: bench.test\r\n\r\n")
        received = b""
        while b"x" * 1024 not in received:
            received += connection.recv(4096)
        open_ones.append(connection)
    taken = (proxy.resident() - before) / IDLE
    for each in open_ones:
        each.close()
    return taken


def proxies_in(folder, backend):
    made = [Proxy("holm", folder / "holm", backend.port)]
    nginx_rules = "\n    ".join(f"location /service{each}/ {{ return 404; }}" for each in RULES)
    made.append(Proxy("nginx", folder / "nginx", backend.port, NGINX_PROXY, nginx_rules))
    if HAPROXY:
        haproxy_rules = "\n  ".join(f"use_backend none if {{ path_beg /service{each}/ }}" for each in RULES)
        made.append(Proxy("haproxy", folder / "haproxy", backend.port, HAPROXY_PROXY, haproxy_rules))
    return made


def report(proxies, folder, backend):
    figures = measure(proxies)
    holm = proxies[0]
    print("processor seconds per 100,000 requests")
    for name, of in figures.items():
        print(f"  {name}: " + ", ".join(f"{proxy} {figure:.2f}" for proxy, figure in of.items()))
    told = [f"{name} {figures[name]['holm'] / figures[name]['haproxy']:.2f} ({goal})" for name, _, _, _, goal in CASES if HAPROXY]
    if os.environ.get("ONLY") != "ratios":
        told += others(proxies, figures, folder, backend)
    print("holm, and beside haproxy where there is one (goal): " + ", ".join(told), flush=True)


def others(proxies, figures, folder, backend):
    """Everything but the ratios, in the same words."""
    holm = proxies[0]
    told = [f"hundred rules {rules_cost(holm):.3f} (1.03)"]
    calls = {proxy.name: system_calls(proxy, "plain") for proxy in proxies}
    print("system calls a request, 64 connections: " + ", ".join(f"{name} {each:.2f}" for name, each in calls.items()))
    told.append(f"system calls {calls['holm']:.2f} (4.3)")
    told.append(f"instructions {instructions(folder, backend):.0f} (15000)")
    for listener, goal in ("plain", 4096), ("tls", 20480):
        taken = {proxy.name: idle_bytes(proxy, listener) for proxy in proxies}
        print(f"bytes of an idle connection, {listener}: " + ", ".join(f"{name} {each:.0f}" for name, each in taken.items()))
        told.append(f"idle {listener} {taken['holm']:.0f} ({goal})")
    half = min(rate(proxy) for proxy in proxies) / 2
    slow = {proxy.name: statistics.median(slowest_percent(proxy, half) for _ in range(3)) for proxy in proxies}
    print(f"p99 in ms at {half:.0f} requests/s: " + ", ".join(f"{name} {each:.2f}" for name, each in slow.items()))
    if HAPROXY:
        told.append(f"p99 {slow['holm'] / slow['haproxy']:.2f} (1.0)")
    told.append(f"change {change_under_load(holm):.1f} ms (50)")
    told.append(f"metrics {counting_share(holm, figures['plain 1 KiB']['holm']):.2f} % (2)")
    return told


def main():
    if not NGINX or not H2LOAD:
        sys.exit("nginx and h2load are needed: NGINX_PROGRAM, H2LOAD_PROGRAM")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holm-bench-"))
    folder.chmod(0o755)
    started = []
    try:
        (folder / "backend").mkdir()
        backend = Backend(folder / "backend")
        started.append(backend)
        proxies = proxies_in(folder, backend)
        started += proxies
        report(proxies, folder, backend)
    finally:
        for each in started:
            each.process.terminate()
            each.process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
