"""The end of a region: nothing stays behind, stored data does."""
import shutil
import subprocess
import tempfile

from conftest import Region, wait_until


def test_down_leaves_nothing_behind_and_up_again_finds_everything():
    folder = tempfile.mkdtemp(prefix="holm-test-")
    region = Region(folder)
    try:
        region.start()
        ec2 = region.client("ec2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=2, MaxCount=2)["Instances"]
        ids = [each["InstanceId"] for each in made]
        states = lambda: [each["State"]["Name"] for group in ec2.describe_instances(InstanceIds=ids)["Reservations"]
                          for each in group["Instances"]]
        wait_until(lambda: states() == ["running"] * 2, what="running")
        down = region.down()
        assert (down.returncode, down.stderr) == (0, "")
        assert region.process.wait(timeout=10) == 0
        mounts = open("/proc/mounts").read()
        assert folder not in mounts
        assert subprocess.run(["pgrep", "-f", folder], capture_output=True).returncode == 1
        region.start()
        ec2 = region.client("ec2")
        wait_until(lambda: states() == ["running"] * 2, what="running after the machine was down")
    finally:
        region.down()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_second_daemon_is_refused_in_one_sentence(region):
    second = subprocess.run(region.command("serve"), capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert "a region runs already" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1


def test_a_port_in_use_is_said_in_one_sentence(region):
    folder = tempfile.mkdtemp(prefix="holm-test-")
    other = Region(folder)
    other.port = region.port
    try:
        result = subprocess.run(other.command("serve"), capture_output=True, text=True, timeout=30)
        assert result.returncode == 1
        assert f"cannot listen on 127.0.0.1:{region.port}" in result.stderr
    finally:
        other.down()
        shutil.rmtree(folder, ignore_errors=True)
