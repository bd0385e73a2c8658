"""Encrypted volumes: what an instance writes cannot be read on the machine, nor anywhere without the key of KMS."""
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from machines import Place

SECRET = "the-words-of-the-guest"


@pytest.fixture(scope="module")
def place(region):
    return Place(region)


@pytest.fixture(scope="module")
def key(region):
    return region.client("kms").create_key(Description="disks")["KeyMetadata"]


def root_of(place, instance):
    return place.describe(instance)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


def is_on_machine(region, name, words):
    """Whether a file below the data directory holds the words."""
    content = next(Path(region.data).rglob(name)).read_bytes()
    return words.encode() in content


def stop(place, instance):
    place.ec2.stop_instances(InstanceIds=[instance])
    wait_until(lambda: place.state(instance) == "stopped", what="the stop")


def snapshot(place, volume):
    made = place.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    completed(place, made)
    return made


def completed(place, snapshot):
    def is_done():
        return place.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == "completed"
    wait_until(is_done, what="the snapshot")


@pytest.fixture(scope="module")
def sealed(region, place, key):
    """A stopped instance with an encrypted root that it has written to."""
    instance = place.launch(f"#!/bin/sh\necho {SECRET} > /root/{SECRET}; sync; echo written\n", BlockDeviceMappings=[
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1, "Encrypted": True, "KmsKeyId": key["KeyId"]}}])
    place.says(instance, "written")
    stop(place, instance)
    return instance


def test_an_encrypted_root_tells_nothing_on_the_machine(region, place, key, sealed):
    volume = place.volume(root_of(place, sealed))
    assert (volume["Encrypted"], volume["KmsKeyId"]) == (True, key["Arn"])
    assert not is_on_machine(region, volume["VolumeId"], SECRET)


def test_an_instance_does_not_start_without_its_key(region, place, key, sealed):
    kms = region.client("kms")
    kms.disable_key(KeyId=key["KeyId"])
    with pytest.raises(ClientError, match="InvalidKMSKey.InvalidState"):
        place.ec2.start_instances(InstanceIds=[sealed])
    assert place.state(sealed) == "stopped"
    kms.enable_key(KeyId=key["KeyId"])


def test_a_snapshot_is_encrypted_and_an_instance_boots_from_it(region, place, key, sealed):
    made = snapshot(place, root_of(place, sealed))
    told = place.ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]
    assert (told["Encrypted"], told["KmsKeyId"]) == (True, key["Arn"])
    copied = place.ec2.copy_snapshot(SourceSnapshotId=made, SourceRegion="us-east-1")["SnapshotId"]
    completed(place, copied)
    told = place.ec2.describe_snapshots(SnapshotIds=[copied])["Snapshots"][0]
    assert told["Encrypted"] and told["KmsKeyId"] != key["Arn"]
    image = place.ec2.register_image(Name="sealed", RootDeviceName="/dev/xvda", BlockDeviceMappings=[
        {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": copied}}])["ImageId"]
    wait_until(lambda: place.ec2.describe_images(ImageIds=[image])["Images"][0]["State"] == "available", what="image")
    second = place.ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                     UserData=f"#!/bin/sh\ncat /root/{SECRET}\n")["Instances"][0]["InstanceId"]
    place.says(second, SECRET)
    place.end(second)


def test_a_copy_of_a_plain_snapshot_can_be_encrypted(region, place):
    writer = place.launch(f"#!/bin/sh\necho {SECRET} > /root/note; sync; echo written\n", BlockDeviceMappings=[
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}])
    place.says(writer, "written")
    stop(place, writer)
    plain = snapshot(place, root_of(place, writer))
    assert is_on_machine(region, plain, SECRET)
    copied = place.ec2.copy_snapshot(SourceSnapshotId=plain, SourceRegion="us-east-1", Encrypted=True)["SnapshotId"]
    completed(place, copied)
    assert not is_on_machine(region, copied, SECRET)
    # And so can a volume of it.
    reader = place.launch("#!/bin/sh\nuntil mountpoint -q /mnt/sdf; do sleep 0.05; done; find /mnt/sdf -name note"
                          " -exec cat {} +\n", BlockDeviceMappings=[
                              {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": plain, "Encrypted": True}}])
    place.says(reader, SECRET)
    place.end(reader)
    place.end(writer)


def test_a_user_without_the_right_to_the_key_attaches_nothing(region, place, key):
    volume = place.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True,
                                     KmsKeyId=key["KeyId"])["VolumeId"]
    wait_until(lambda: place.volume(volume)["State"] == "available", what="the volume")
    instance = place.launch()
    iam = region.client("iam")
    iam.create_user(UserName="operator")
    iam.put_user_policy(UserName="operator", PolicyName="ec2", PolicyDocument=(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}'))
    made = iam.create_access_key(UserName="operator")["AccessKey"]
    theirs = region.client("ec2", aws_access_key_id=made["AccessKeyId"],
                           aws_secret_access_key=made["SecretAccessKey"])
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        theirs.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    place.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    wait_until(lambda: place.volume(volume)["Attachments"][0]["State"] == "attached", what="the attachment")
    place.end(instance)
    place.ec2.delete_volume(VolumeId=volume)
