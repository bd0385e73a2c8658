"""Volumes: a root as large as it was asked for, disks that move between instances while they run, and what is kept."""
import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from machines import Place

REPORT = """#!/bin/sh
df -m / | tail -1 | awk '{print "root", $2}'
(head -c 1100M /dev/zero > /var/more) 2>/dev/null && echo fits || echo full
rm -f /var/more; echo done
"""


@pytest.fixture(scope="module")
def place(region):
    return Place(region)


@pytest.fixture(scope="module")
def shared(place):
    """A volume of two GiB."""
    volume = place.ec2.create_volume(AvailabilityZone="us-east-1a", Size=2, VolumeType="gp3")["VolumeId"]
    wait_until(lambda: place.volume(volume)["State"] == "available", what="the volume")
    return volume


def writer(folder, text):
    return f"""#!/bin/sh
until mountpoint -q {folder}; do sleep 0.05; done
echo {text} >> {folder}/log; cat {folder}/log; echo done
"""


def test_a_root_volume_is_as_large_as_it_was_asked_for(place):
    instance = place.launch(REPORT, BlockDeviceMappings=[
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1, "VolumeType": "gp3"}}])
    place.says(instance, "done")
    output = place.ec2.get_console_output(InstanceId=instance)["Output"]
    assert "full" in output and "fits" not in output
    mapping = place.describe(instance)["BlockDeviceMappings"]
    assert [each["DeviceName"] for each in mapping] == ["/dev/xvda"]
    volume = mapping[0]["Ebs"]["VolumeId"]
    assert (place.volume(volume)["Size"], place.volume(volume)["State"]) == (1, "in-use")
    place.end(instance)
    with pytest.raises(ClientError, match="InvalidVolume.NotFound"):
        place.volume(volume)


def test_a_root_volume_keeps_what_is_on_it_over_a_stop(place):
    instance = place.launch("#!/bin/sh\necho kept > /root/note; echo noted\n", BlockDeviceMappings=[
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}}])
    place.says(instance, "noted")
    volume = place.describe(instance)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    place.ec2.stop_instances(InstanceIds=[instance])
    wait_until(lambda: place.state(instance) == "stopped", what="the stop")
    place.ec2.start_instances(InstanceIds=[instance])
    wait_until(lambda: place.state(instance) == "running", what="the start")
    place.end(instance)
    assert place.volume(volume)["State"] == "available"
    place.ec2.delete_volume(VolumeId=volume)


def test_a_volume_moves_from_one_instance_to_another(place, shared):
    first = place.launch(writer("/mnt/sdf", "first"))
    told = place.ec2.attach_volume(VolumeId=shared, InstanceId=first, Device="/dev/sdf")
    assert told["State"] == "attaching"
    place.says(first, "done")
    wait_until(lambda: place.volume(shared)["Attachments"][0]["State"] == "attached", what="the attachment")
    with pytest.raises(ClientError, match="VolumeInUse"):
        place.ec2.delete_volume(VolumeId=shared)
    with pytest.raises(ClientError, match="VolumeInUse"):
        place.ec2.attach_volume(VolumeId=shared, InstanceId=first, Device="/dev/sdg")
    place.ec2.detach_volume(VolumeId=shared)
    wait_until(lambda: place.volume(shared)["State"] == "available", what="the detachment")
    second = place.launch(writer("/mnt/sdh", "second"))
    place.ec2.attach_volume(VolumeId=shared, InstanceId=second, Device="/dev/sdh")
    place.says(second, "second")
    assert "first" in place.ec2.get_console_output(InstanceId=second)["Output"]
    place.end(first)
    place.end(second)
    # It was attached later, so it outlives the instance.
    assert place.volume(shared)["State"] == "available"


def test_an_attached_volume_is_there_before_the_user_data_at_every_boot(place):
    instance = place.launch("#!/bin/sh\nmountpoint /mnt/sdf && echo there || echo missing\n", BlockDeviceMappings=[
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}])
    place.says(instance, "there")
    devices = [each["DeviceName"] for each in place.describe(instance)["BlockDeviceMappings"]]
    assert devices == ["/dev/xvda", "/dev/sdf"]
    place.end(instance)


def test_a_volume_in_another_zone_is_refused(place, shared):
    subnet = place.ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1b"]},
                                                 {"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
    made = place.ec2.run_instances(ImageId=place.image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                   SubnetId=subnet["SubnetId"])["Instances"][0]["InstanceId"]
    wait_until(lambda: place.state(made) == "running", what="running")
    with pytest.raises(ClientError, match="InvalidVolume.ZoneMismatch"):
        place.ec2.attach_volume(VolumeId=shared, InstanceId=made, Device="/dev/sdf")
    place.end(made)
    place.ec2.delete_volume(VolumeId=shared)


def test_a_volume_grows_with_its_file_system(place):
    volume = place.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, VolumeType="gp2")["VolumeId"]
    wait_until(lambda: place.volume(volume)["State"] == "available", what="the volume")
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        place.ec2.modify_volume(VolumeId=volume, Size=0)
    asked = place.ec2.modify_volume(VolumeId=volume, Size=2, VolumeType="gp3")["VolumeModification"]
    assert (asked["OriginalSize"], asked["TargetSize"], asked["TargetVolumeType"]) == (1, 2, "gp3")

    def modification():
        return place.ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][0]
    wait_until(lambda: modification()["ModificationState"] == "completed", what="the modification")
    assert modification()["Progress"] == 100
    now = place.volume(volume)
    assert (now["Size"], now["VolumeType"], now["Iops"]) == (2, "gp3", 3000)
    status = place.ec2.describe_volume_status(VolumeIds=[volume])["VolumeStatuses"][0]
    assert status["VolumeStatus"]["Status"] == "ok"
    instance = place.launch("#!/bin/sh\nuntil mountpoint -q /mnt/sdf; do sleep 0.05; done\n"
                            "head -c 1500M /dev/zero > /mnt/sdf/more && echo fits\n")
    place.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    place.says(instance, "fits")
    place.end(instance)
    place.ec2.delete_volume(VolumeId=volume)
