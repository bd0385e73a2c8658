"""Machine images: what an instance became is launched again, changed, copied, shared, and forgotten."""
import json

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from test_volumes import Place

# Says whose first boot it is, and leaves something in the image.
FIRST = "#!/bin/sh\necho made > /opt/made; rm -r /usr/share/misc; sync; echo first\n"
SECOND = "#!/bin/sh\ncat /opt/made; test -e /usr/share/misc || echo removed; echo second\n"


class Imager(Place):
    def image_state(self, image):
        return self.ec2.describe_images(ImageIds=[image])["Images"][0]["State"]

    def wait_for(self, image):
        wait_until(lambda: self.image_state(image) == "available", 60, f"{image} available")
        return image

    def make(self, instance, name, **options):
        return self.wait_for(self.ec2.create_image(InstanceId=instance, Name=name, **options)["ImageId"])

    def launch_from(self, image, user_data, **options):
        self.image, host = image, self.image
        try:
            return self.launch(user_data, **options)
        finally:
            self.image = host

    def console(self, instance):
        return self.ec2.get_console_output(InstanceId=instance).get("Output", "")


@pytest.fixture(scope="module")
def place(region):
    return Imager(region)


@pytest.fixture(scope="module")
def original(place):
    instance = place.launch(FIRST)
    place.says(instance, "first")
    yield instance
    place.end(instance)


def test_an_image_of_a_running_instance_boots_as_another_one(place, original):
    before = place.console(original).count("first")
    image = place.make(original, "plain", Description="as it is", TagSpecifications=[
        {"ResourceType": "image", "Tags": [{"Key": "stage", "Value": "test"}]},
        {"ResourceType": "snapshot", "Tags": [{"Key": "stage", "Value": "kept"}]}])
    # The instance was taken down for it and is up again; its user data has run once.
    wait_until(lambda: place.state(original) == "running", what="the instance again")
    assert place.console(original).count("first") == before
    found = place.ec2.describe_images(Owners=["self"], Filters=[{"Name": "tag:stage", "Values": ["test"]}])["Images"][0]
    assert (found["ImageId"], found["Description"], found["Public"]) == (image, "as it is", False)
    assert found["SourceInstanceId"] == original
    mapping = found["BlockDeviceMappings"][0]
    assert mapping["DeviceName"] == found["RootDeviceName"] == "/dev/xvda"
    snapshot = place.ec2.describe_snapshots(SnapshotIds=[mapping["Ebs"]["SnapshotId"]])["Snapshots"][0]
    assert snapshot["State"] == "completed" and snapshot["Tags"] == [{"Key": "stage", "Value": "kept"}]

    second = place.launch_from(image, SECOND)
    place.says(second, "second")
    assert "made" in place.console(second) and "removed" in place.console(second)
    assert place.describe(second)["ImageId"] == image
    # An image of that one has what both did; what lies below stays when its own image is forgotten.
    place.ec2.create_tags(Resources=[image], Tags=[{"Key": "more", "Value": "yes"}])
    nested = place.make(second, "nested", NoReboot=True)
    with pytest.raises(ClientError, match="InvalidSnapshot.InUse"):
        place.ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
    place.ec2.deregister_image(ImageId=image)
    place.ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
    with pytest.raises(ClientError, match="InvalidAMIID.NotFound"):
        place.launch_from(image, SECOND)
    place.end(second)
    # No user data: that of the one before does not run again.
    third = place.launch_from(nested, "#!/bin/sh\ncat /opt/made; echo third\n")
    place.says(third, "third")
    assert "made" in place.console(third) and "second" not in place.console(third)
    place.ec2.stop_instances(InstanceIds=[third])
    wait_until(lambda: place.state(third) == "stopped", what="the stop")
    assert place.ec2.deregister_image(ImageId=nested, DeleteAssociatedSnapshots=True)["DeleteSnapshotResults"]
    place.ec2.start_instances(InstanceIds=[third])
    wait_until(lambda: place.state(third) == "running", what="the start without its image")
    place.end(third)


def test_disks_of_an_image_are_copies_that_may_be_larger(place):
    first = place.launch("#!/bin/sh\necho on-disk > /root/note; echo data > /mnt/sdf/file; sync; echo wrote\n",
                         BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}},
                                              {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}])
    place.says(first, "wrote")
    image = place.make(first, "disks", NoReboot=True)
    place.end(first)
    second = place.launch_from(
        image, "#!/bin/sh\ncat /root/note /mnt/sdf/file; df -m / | tail -1 | awk '{print \"root\", ($2 > 1500)}'; echo read\n",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 2}}])
    place.says(second, "read")
    output = place.console(second)
    assert "on-disk" in output and "data" in output and "root 1" in output
    sizes = {each["DeviceName"]: place.volume(each["Ebs"]["VolumeId"])["Size"]
             for each in place.describe(second)["BlockDeviceMappings"]}
    assert sizes == {"/dev/xvda": 2, "/dev/sdf": 1}
    with pytest.raises(ClientError, match="InvalidBlockDeviceMapping.*smaller than snapshot"):
        place.launch_from(image, SECOND, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 0}}])
    place.end(second)
    bare = place.launch_from(image, SECOND, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}])
    assert [each["DeviceName"] for each in place.describe(bare)["BlockDeviceMappings"]] == ["/dev/xvda"]
    # Registered again from its snapshot, under another name.
    snapshot = place.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    registered = place.ec2.register_image(Name="registered", RootDeviceName="/dev/xvda", VirtualizationType="hvm",
                                          Architecture="x86_64", EnaSupport=True, BlockDeviceMappings=[
                                              {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}])["ImageId"]
    again = place.launch_from(registered, "#!/bin/sh\ncat /root/note; echo again\n")
    place.says(again, "on-disk")
    place.end(bare)
    place.end(again)


def test_an_image_is_copied_to_another_region_and_shared(place, region):
    elsewhere = Imager.__new__(Imager)
    elsewhere.ec2 = region.client("ec2", region_name="us-west-2")
    source = place.ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["disks"]}])["Images"][0]
    copied = elsewhere.wait_for(elsewhere.ec2.copy_image(Name="disks", SourceImageId=source["ImageId"],
                                                         SourceRegion="us-east-1")["ImageId"])
    with pytest.raises(ClientError, match="InvalidAMIName.Duplicate"):
        elsewhere.ec2.copy_image(Name="disks", SourceImageId=source["ImageId"], SourceRegion="us-east-1")
    for each in elsewhere.ec2.describe_images(ImageIds=[copied])["Images"][0]["BlockDeviceMappings"]:
        assert each["Ebs"]["SnapshotId"] not in json.dumps(source["BlockDeviceMappings"])
    place.ec2.modify_image_attribute(ImageId=source["ImageId"], LaunchPermission={
        "Add": [{"UserId": "111122223333"}, {"Group": "all"}]})
    told = place.ec2.describe_image_attribute(ImageId=source["ImageId"], Attribute="launchPermission")
    assert told["LaunchPermissions"] == [{"UserId": "111122223333"}, {"Group": "all"}]
    assert place.ec2.describe_images(ImageIds=[source["ImageId"]])["Images"][0]["Public"]
    place.ec2.reset_image_attribute(ImageId=source["ImageId"], Attribute="launchPermission")
    assert not place.ec2.describe_images(ImageIds=[source["ImageId"]])["Images"][0]["Public"]


def test_a_volume_of_a_stack_is_attached_and_leaves_a_snapshot(place, region):
    instance = place.launch("#!/bin/sh\nuntil mountpoint -q /mnt/sdf; do sleep 0.1; done; echo there\n")
    template = {"Resources": {
        "Disk": {"Type": "AWS::EC2::Volume", "DeletionPolicy": "Snapshot",
                 "Properties": {"AvailabilityZone": "us-east-1a", "Size": 1,
                                "Tags": [{"Key": "Name", "Value": "of a stack"}]}},
        "Attachment": {"Type": "AWS::EC2::VolumeAttachment",
                       "Properties": {"Device": "/dev/sdf", "InstanceId": instance, "VolumeId": {"Ref": "Disk"}}}}}
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="disk", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="disk", WaiterConfig={"Delay": 1})
    place.says(instance, "there")
    volume = cloudformation.describe_stack_resource(StackName="disk", LogicalResourceId="Disk")[
        "StackResourceDetail"]["PhysicalResourceId"]
    assert place.volume(volume)["State"] == "in-use"
    cloudformation.delete_stack(StackName="disk")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="disk", WaiterConfig={"Delay": 1})
    found = place.ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": [volume]}])
    assert len(found["Snapshots"]) == 1
    with pytest.raises(ClientError, match="InvalidVolume.NotFound"):
        place.volume(volume)
    place.end(instance)
