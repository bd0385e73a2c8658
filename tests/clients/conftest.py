"""Starts a region of its own for the tests: the release binary, a fresh data directory, ports of its own."""
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import boto3
import pytest
from botocore.config import Config

from leaks import Leaks, own_processes

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOLM = pathlib.Path(os.environ.get("HOLM_BINARY", ROOT / "build" / "release" / "holm"))


# Below those that the kernel gives to outgoing connections, which would take one while a region is down; each process
# of tests has two hundred of its own, and gives none twice before all were given.
PORTS = itertools.cycle(range(12000 + os.getpid() % 100 * 200, 12200 + os.getpid() % 100 * 200))


def free_port():
    for port in itertools.islice(PORTS, 200):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("none of this process's ports is free")


class Region:
    """A daemon and what clients need to reach it."""

    def __init__(self, folder):
        self.data = pathlib.Path(folder)
        self.port = free_port()
        self.edge_port = free_port()
        self.process = None
        self.exports = ""
        self.environment = {}
        self.more_environment = {}  # Of the daemon.
        self.leaks = Leaks(self.data)

    def command(self, verb, *words):
        return [str(HOLM), verb, "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}",
                "--edge", f"127.0.0.1:{self.edge_port}", *words]

    def start_only(self):
        """Until the daemon says it is ready."""
        read, write = os.pipe()
        environment = dict(os.environ, HOLM_READY_DESCRIPTOR=str(write), **self.more_environment)
        log = open(self.data / "daemon.log", "ab")
        self.process = subprocess.Popen(self.command("serve"), env=environment, pass_fds=[write],
                                        stdout=log, stderr=log)
        os.close(write)
        with os.fdopen(read) as told:
            text = told.read()
        if text != "ready":
            raise RuntimeError(f"the daemon did not start: {text or (self.data / 'daemon.log').read_text()}")

    def start(self):
        self.start_only()
        self.read_environment()

    def read_environment(self):
        lines = subprocess.run(self.command("env"), check=True, capture_output=True, text=True).stdout
        self.exports = lines
        self.environment = dict(line.removeprefix("export ").split("=", 1)
                                for line in lines.splitlines() if line.startswith("export "))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def kill_anchor(self):
        """What the machine's own out-of-memory killer might do."""
        pids = [each.pid for each in own_processes(self.data) if "anchor" in each.words]
        assert len(pids) == 1, pids
        os.kill(pids[0], signal.SIGKILL)
        wait_until(lambda: not [each for each in own_processes(self.data) if each.pid == pids[0]])

    def down(self):
        self.leaks.picture()
        return subprocess.run(self.command("down"), capture_output=True, text=True, timeout=60)

    def end(self):
        """Down, the folder removed, and nothing of the region left in the machine."""
        self.down()
        if self.process and self.process.poll() is None:
            self.kill()
        left = self.leaks.left()
        shutil.rmtree(self.data, ignore_errors=True)
        assert left == [], "holm down left this behind: " + "; ".join(left)

    def client(self, service, **options):
        region = options.pop("region_name", "us-east-1")
        keys = {"aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"]}
        more = options.pop("config", Config())
        keys.update(options)
        config = Config(retries={"max_attempts": 0}, parameter_validation=False).merge(more)
        return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{self.port}",
                            config=config, **keys)

    def aws(self, *words, check=True, **options):
        """The unmodified AWS CLI, in a shell that has evaluated what `holm env` printed."""
        path = f"{ROOT}/build/venv/bin:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(self.data), "AWS_PAGER": ""}
        shell = ["bash", "-c", 'eval "$0"; aws "$@"', self.exports, *words]
        result = subprocess.run(shell, env=environment, capture_output=True, text=True, timeout=60,
                                **options)
        if check:
            assert result.returncode == 0, result.stderr
        return result


@contextlib.contextmanager
def new_region_at(folder):
    """A region that is not started yet, of the caller's own, in that folder, which is made where it is missing."""
    pathlib.Path(folder).mkdir(mode=0o700, exist_ok=True)
    made = Region(folder)
    try:
        yield made
    finally:
        made.end()


@contextlib.contextmanager
def new_region():
    """The same in a new folder."""
    with new_region_at(tempfile.mkdtemp(prefix="holm-test-")) as made:
        yield made


@pytest.fixture(scope="session")
def region():
    with new_region() as made:
        made.start()
        yield made


def wait_until(condition, seconds=30, what="it"):
    """Polls; the bound only ends a test that has failed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")
