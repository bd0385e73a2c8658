"""Ceph on one machine, for bench/s3.py: a monitor, an OSD whose BlueStore is a file, and the gateway that speaks S3.

The programs are those of tools/install_ceph.sh, or of the folder that CEPH_FOLDER names. There is no manager: none of what
is measured asks one (it counts, balances and serves a dashboard), so Ceph's figures are those of fewer processes than its
users run. What is not told here is as Ceph has it by default: what is synced, cephx between the processes, caches, logs."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "clients"))
import botocore.exceptions  # noqa: E402
from conftest import ROOT, Region, free_port  # noqa: E402

FOLDER = pathlib.Path(os.environ.get("CEPH_FOLDER", ROOT / "build" / "peers" / "ceph"))
START_SECONDS = 60  # For each step: the longest, making the pools, took six.
CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{monitor_port}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
ms_bind_port_min = {first_port}
ms_bind_port_max = {last_port}

run_dir = {data}
crash_dir = {data}
admin_socket = {data}/$name.socket
log_file = {data}/$name.log
mon_cluster_log_file = {data}/cluster.log
keyring = {data}/keyring
mon_data = {data}/mon
osd_data = {data}/osd
rgw_data = {data}/rgw
osd_class_dir = {folder}/lib/rados-classes
erasure_code_dir = {folder}/lib/ceph/erasure-code
plugin_dir = {folder}/lib/ceph

# One copy of everything, on one disk.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
osd_pool_default_pg_autoscale_mode = off
bluestore_block_size = 8589934592
osd_memory_target = 2147483648
# The monitor waits this long before each change of what it knows: not in a request's way, only a start's.
paxos_propose_interval = 0.05
"""
CAPABILITIES = {
    "mon.": {"mon": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
    "client.rgw": {"mon": "allow rw", "osd": "allow rwx"},
}


class CephFailed(Exception):
    """A sentence with the last that the program said."""


class Ceph(Region):
    """One of its own in a folder of its own, with a user of S3."""

    def __init__(self, folder):
        super().__init__(folder)
        self.daemons = {}

    def start(self):
        self.configure()
        self.serve("ceph-mon", "-i", "a")
        self.run("ceph-osd", "--mkfs", "-i", "0")
        self.serve("ceph-osd", "-i", "0")
        user = json.loads(self.run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "bench",
                                   "--display-name", "bench"))
        self.environment = {"AWS_ACCESS_KEY_ID": user["keys"][0]["access_key"],
                            "AWS_SECRET_ACCESS_KEY": user["keys"][0]["secret_key"]}
        # Without tcp_nodelay a small object waits for the client's delayed acknowledgement, 40 ms, as it comes in two pieces.
        self.serve("radosgw", "-n", "client.rgw", "--rgw-frontends", f"beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1")
        self.wait("radosgw", self.answers)  # Which it does when its pools are there.

    def configure(self):
        fsid, monitor_port, first_port = str(uuid.uuid4()), free_port(), free_port()
        (self.data / "conf").write_text(CONFIGURATION.format(
            fsid=fsid, monitor_port=monitor_port, first_port=first_port, last_port=first_port + 50, data=self.data,
            folder=FOLDER))
        for name in "mon", "osd", "rgw":
            (self.data / name).mkdir()
        keyring, monitors = self.data / "keyring", self.data / "monitors"
        keyring.touch(0o600)
        for name, capabilities in CAPABILITIES.items():
            words = [word for service, what in capabilities.items() for word in ("--cap", service, what)]
            self.run("ceph-authtool", str(keyring), "--gen-key", "-n", name, *words)
        self.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor_port}/0]", str(monitors))
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(monitors))

    def begin(self, program, words):
        with (self.data / f"{program}.told").open("w") as told, (self.data / f"{program}.errors").open("w") as errors:
            return subprocess.Popen([FOLDER / "bin" / program, "-c", self.data / "conf", *words], stdin=subprocess.DEVNULL,
                                    stdout=told, stderr=errors)

    def serve(self, program, *words):
        self.daemons[program] = self.begin(program, ["-f", *words])

    def run(self, program, *words):
        """What it prints."""
        process = self.begin(program, words)
        try:
            self.wait(program, lambda: process.poll() is not None)
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise CephFailed(f"{program} ended with {process.returncode}. {self.last_words(program)}")
        return (self.data / f"{program}.told").read_text()

    def wait(self, program, condition):
        end = time.monotonic() + START_SECONDS
        while not condition():
            for name, process in self.daemons.items():
                if process.poll() is not None:
                    raise CephFailed(f"{name} ended with {process.returncode} at the start. {self.last_words(name)}")
            if time.monotonic() > end:
                raise CephFailed(f"{program} was not ready after {START_SECONDS} s. {self.last_words(program)}")
            time.sleep(0.05)

    def last_words(self, program):
        """The folder is removed, and its logs with it."""
        kinds = {"ceph-mon": "mon.a.log", "ceph-osd": "osd.0.log"}
        for name in f"{program}.errors", kinds.get(program, "client.rgw.log"):
            path = self.data / name
            lines = path.read_text(errors="replace").splitlines()[-10:] if path.exists() else []
            if lines:
                return f"The last lines of {path}, which is removed:\n" + "\n".join(lines)
        return "It said nothing."

    def answers(self):
        try:
            self.client("s3").list_buckets()
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return False
        return True

    def pids(self):
        return [process.pid for process in self.daemons.values()]

    def end(self):
        """Killed, as nothing of it is kept."""
        for process in self.daemons.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.data)
