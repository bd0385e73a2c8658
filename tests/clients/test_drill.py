"""What a user of the school notices while it is hurt: nothing, or a moment. Times are printed and not judged."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from conftest import wait_until
from leaks import own_processes
from load import Load
from school import School

RATE = 50


@pytest.fixture(scope="module")
def school():
    folder = tempfile.mkdtemp(prefix="holm-school-")
    made = School(folder)
    try:
        made.up()
        wait_until(lambda: whole(made), what="two healthy targets")
        yield made
    finally:
        made.region.end()
        shutil.rmtree(folder, ignore_errors=True)


def whole(school):
    return sorted(school.targets().values()) == ["healthy"] * 2


def kill_daemon(region):
    """`holm up` started it, so it is no child of the test."""
    daemon = next(each.pid for each in own_processes(region.data) if each.words[1:2] == ["serve"])
    os.kill(daemon, signal.SIGKILL)
    wait_until(lambda: daemon not in {each.pid for each in own_processes(region.data)}, what="the daemon's end")


def load_of(school):
    """A page that is made of what the database says."""
    return Load(school.region, school.url.removeprefix("http://"), "/readyz", RATE)


def test_a_killed_program_costs_no_request_and_its_instance_is_replaced(school):
    victim = sorted(school.targets())[0]
    with load_of(school) as load:
        wait_until(lambda: load.answered() > RATE, what="a load")
        kill = "systemctl stop school 2>/dev/null || pkill -9 -x school"
        assert subprocess.run(school.region.command("exec", victim, "--", "sh", "-c", kill)).returncode == 0
        killed = time.monotonic()
        wait_until(lambda: school.targets().get(victim) != "healthy", what="the victim is out")
        out = time.monotonic()
        wait_until(lambda: victim not in school.targets() and whole(school), seconds=120, what="the victim is replaced")
        replaced = time.monotonic()
        after = load.answered()
        wait_until(lambda: load.answered() > after + RATE, what="more of the load")
    print(f"out after {out - killed:.1f} s, replaced after {replaced - killed:.1f} s; {len(load.requests)} requests,"
          f" failed: {load.failures()}")
    assert load.failures(since=out) == []
    # Connections that a dead program refuses are no failures either: the load balancer asks another target.
    assert set(load.failures()) <= {"502"} and len(load.failures()) <= 2, "at most those under way when it died"


def test_a_killed_daemon_lets_visitors_wait_and_then_answers_all(school):
    with load_of(school) as load:
        wait_until(lambda: load.answered() > RATE, what="a load")
        killed = time.monotonic()
        kill_daemon(school.region)
        dead = time.monotonic()
        time.sleep(1)  # Visitors come meanwhile.
        before = load.answered()
        restarted = time.monotonic()
        school.region.start_only()
        ready = time.monotonic()
        wait_until(lambda: load.answered() > before, what="an answer")
        answered = time.monotonic()
        wait_until(lambda: load.answered() > before + 3 * RATE, what="the load goes on")
    waited = [each for each in load.requests if dead <= each.begun < restarted]
    print(f"ready {ready - restarted:.2f} s after the restart, the first answer after {answered - restarted:.2f} s;"
          f" {len(waited)} came while it was dead, failed: {load.failures()}")
    assert len(waited) > RATE / 2
    assert load.failures(since=dead) == [], "who came while nobody was there has waited and was answered"
    lost = [each for each in load.requests if each.failed()]
    assert all(each.begun <= dead and each.ended >= killed for each in lost), "only what was under way is lost"
    assert "ConnectionRefusedError" not in load.failures()
    assert whole(school), "nothing was replaced for that"
