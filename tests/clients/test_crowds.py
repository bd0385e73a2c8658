"""More visitors than the daemon has files for: whoever comes is answered, and everything else goes on."""
import os
import pathlib
import socket
import tempfile

import pytest
from conftest import Region, wait_until

OPEN_FILES = 1024
VISITORS = 900
# Three eighths are for visitors.
VISITORS_AT_A_TIME = OPEN_FILES // 8 * 3


class Small(Region):
    """Its daemon begins with few files, and may have a few more."""

    def command(self, verb, *words):
        return ["prlimit", f"--nofile=128:{OPEN_FILES}", *super().command(verb, *words)]


@pytest.fixture(scope="module")
def region():
    made = Small(tempfile.mkdtemp(prefix="holm-test-"))
    try:
        made.start()
        yield made
    finally:
        made.end()


def ask(connection):
    connection.sendall(b"GET / HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n")
    return connection.recv(4096).partition(b"\r\n")[0]


def open_files(region):
    return len(os.listdir(f"/proc/{region.process.pid}/fd"))


def test_visitors_who_idle_make_room_for_others(region):
    limits = pathlib.Path(f"/proc/{region.process.pid}/limits").read_text()
    assert [line.split()[3] for line in limits.splitlines() if line.startswith("Max open files")] == [str(OPEN_FILES)]
    before = open_files(region)
    visitors = []
    for number in range(VISITORS):
        visitors.append(socket.create_connection(("127.0.0.1", region.edge_port), timeout=30))
        assert ask(visitors[-1]) == b"HTTP/1.1 404 Not Found", number
    # One more of each reactor is accepted before it looks.
    assert open_files(region) <= before + VISITORS_AT_A_TIME + os.cpu_count() + 20
    assert region.client("sts").get_caller_identity()["Account"]
    assert visitors[0].recv(100) == b"", "the first was closed long ago"
    assert ask(visitors[-1]) == b"HTTP/1.1 404 Not Found", "the last is not"
    for each in visitors:
        each.close()
    assert b"no connection can be accepted" not in (region.data / "daemon.log").read_bytes()


def test_visitors_who_say_nothing_keep_nobody_out(region):
    silent = [socket.create_connection(("127.0.0.1", region.edge_port), timeout=30) for _ in range(VISITORS)]
    with socket.create_connection(("127.0.0.1", region.edge_port), timeout=30) as visitor:
        assert ask(visitor) == b"HTTP/1.1 404 Not Found"
    for each in silent:
        each.close()
    wait_until(lambda: open_files(region) < VISITORS_AT_A_TIME, what="files that are closed again")
