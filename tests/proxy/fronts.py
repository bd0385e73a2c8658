"""The recorder, and before it the balancer, HAProxy and nginx with configurations that do the same."""
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent

HAPROXY = """
global
  nbthread 1
  maxconn 4000
  tune.bufsize 131072
  tune.maxrewrite 8192
  tune.http.maxhdr 400
defaults
  mode http
  timeout connect 10s
  timeout client 20s
  timeout server 20s
  http-reuse always
  option forwardfor
frontend clear
  bind 127.0.0.1:{clear}
  default_backend servers
frontend secure
  bind 127.0.0.1:{secure} ssl crt {folder}/both.pem alpn h2,http/1.1
  default_backend servers
backend servers
  http-request set-header X-Forwarded-Proto http
  server one 127.0.0.1:{target}
"""

NGINX = """
daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}/temporary; proxy_temp_path {folder}/temporary;
  fastcgi_temp_path {folder}/temporary; uwsgi_temp_path {folder}/temporary; scgi_temp_path {folder}/temporary;
  underscores_in_headers on; ignore_invalid_headers off; merge_slashes off;
  client_header_buffer_size 64k; large_client_header_buffers 8 128k; client_max_body_size 0;
  proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering on; proxy_buffer_size 128k;
  proxy_buffers 8 128k; proxy_busy_buffers_size 256k; proxy_max_temp_file_size 0; keepalive_requests 100000000;
  map $http_upgrade $connection_word {{ default upgrade; '' ''; }}
  upstream servers {{ server 127.0.0.1:{target}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{clear};
    listen 127.0.0.1:{secure} ssl http2; ssl_certificate {folder}/both.pem; ssl_certificate_key {folder}/both.pem;
    location / {{
      proxy_pass http://servers; proxy_set_header Host $http_host; proxy_set_header Connection $connection_word;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


def wait_for_port(port, process, what):
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{what} did not come up")


def certify(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    folder / "key.pem", "-out", folder / "certificate.pem", "-days", "2", "-subj", "/CN=proxy.test"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "certificate.pem").read_text() + (folder / "key.pem").read_text())


class Front:
    """One proxy, and where it takes requests."""

    def __init__(self, name, words, clear, secure, folder):
        self.name, self.clear, self.secure = name, clear, secure
        with open(folder / f"{name}.output", "wb") as output:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=output, stderr=output)
        wait_for_port(clear, self.process, name)

    def stop(self):
        self.process.stdin.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Fronts:
    """All of them, for a `with`."""

    def __init__(self, balancer, folder):
        self.balancer, self.folder = balancer, pathlib.Path(folder)
        self.started = []

    def __enter__(self):
        certify(self.folder)
        (self.folder / "temporary").mkdir()
        target = free_port()
        recorder = subprocess.Popen([sys.executable, str(HERE / "recorder.py"), str(target)])
        self.started.append(recorder)
        wait_for_port(target, recorder, "the recorder")
        try:
            self.all = [self.start("holm", target), self.start("haproxy", target), self.start("nginx", target)]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for each in reversed(self.started):
            if isinstance(each, Front):
                each.stop()
            else:
                each.terminate()
                each.wait()

    def start(self, name, target):
        clear, secure = free_port(), free_port()
        ports = {"clear": clear, "secure": secure, "target": target, "folder": self.folder,
                 "user": "user root;" if os.geteuid() == 0 else ""}
        if name == "holm":
            words = [self.balancer, str(self.folder), f"target={target}", f"plain={clear}", f"tls={secure}"]
        else:
            conf = self.folder / f"{name}.conf"
            conf.write_text({"haproxy": HAPROXY, "nginx": NGINX}[name].format(**ports))
            program = shutil.which(name) or name
            words = {"haproxy": [program, "-db", "-q", "-f", str(conf)],
                     "nginx": [program, "-p", str(self.folder), "-c", str(conf), "-e", str(self.folder / "error.log")]}[name]
        front = Front(name, words, clear, secure, self.folder)
        self.started.append(front)
        return front


def trusting_context():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context
