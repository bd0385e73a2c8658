"""The end of a region: nothing stays behind, stored data does."""
import subprocess

from conftest import new_region, wait_until
from leaks import KINDS


def launch_two(region):
    """Two instances that run programs of their own; answers with a function that tells their states."""
    ec2 = region.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=2, MaxCount=2,
                             UserData="#!/bin/sh\nsleep 7000 &\nexec sleep 8000")["Instances"]
    ids = [each["InstanceId"] for each in made]

    def states():
        groups = region.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
        return [each["State"]["Name"] for group in groups for each in group["Instances"]]
    wait_until(lambda: states() == ["running"] * 2, what="running")
    return states


def down_leaves_nothing(region):
    down = region.down()
    assert (down.returncode, down.stderr) == (0, "")
    assert region.leaks.left() == []


def test_down_leaves_nothing_behind_and_up_again_finds_everything():
    with new_region() as region:
        assert region.leaks.left() == []
        region.start()
        states = launch_two(region)
        # What the check looks at is really there while the region runs; only volumes are mounted by path.
        picture = region.leaks.picture()
        assert [kind for kind in KINDS if not picture[kind]] in ([], ["mounts"])
        down_leaves_nothing(region)
        assert region.process.wait(timeout=10) == 0
        region.start()
        wait_until(lambda: states() == ["running"] * 2, what="running after the machine was down")


def test_down_after_the_daemon_was_killed_leaves_nothing_behind():
    with new_region() as region:
        region.start()
        launch_two(region)
        region.leaks.picture()
        region.kill()
        down_leaves_nothing(region)


def test_down_ends_what_a_killed_anchor_left_running():
    with new_region() as region:
        region.start()
        launch_two(region)
        region.leaks.picture()
        region.kill()
        region.kill_anchor()
        assert region.leaks.left() != []
        down_leaves_nothing(region)


def test_the_next_start_cleans_up_after_a_killed_anchor():
    with new_region() as region:
        region.start()
        states = launch_two(region)
        before = {each for each in region.leaks.picture()["processes"] if "sleep" in each}
        region.kill()
        region.kill_anchor()
        region.start()
        wait_until(lambda: states() == ["running"] * 2, what="running on a new anchor")
        wait_until(lambda: not before & region.leaks.picture()["processes"], what="the end of the old processes")
        down_leaves_nothing(region)


def test_a_second_daemon_is_refused_in_one_sentence(region):
    second = subprocess.run(region.command("serve"), capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert "a region runs already" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_a_port_in_use_is_said_in_one_sentence(region):
    with new_region() as other:
        other.port = region.port
        result = subprocess.run(other.command("serve"), capture_output=True, text=True, timeout=30)
        assert result.returncode == 1
        assert f"cannot listen on 127.0.0.1:{region.port}" in result.stderr
        assert other.leaks.left() == []
