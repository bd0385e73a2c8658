"""Instances and their volumes, for tests of both."""
from conftest import wait_until


class Place:
    """Instances in one zone, and what they say."""

    def __init__(self, region):
        self.ec2 = region.client("ec2")
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def launch(self, user_data="#!/bin/sh\n", **options):
        made = self.ec2.run_instances(ImageId=self.image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                      UserData=user_data, Placement={"AvailabilityZone": "us-east-1a"}, **options)
        instance = made["Instances"][0]["InstanceId"]
        wait_until(lambda: self.state(instance) == "running", what=f"{instance} running")
        return instance

    def describe(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def state(self, instance):
        return self.describe(instance)["State"]["Name"]

    def volume(self, volume):
        return self.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]

    def says(self, instance, text, seconds=60):
        def said():
            return text in self.ec2.get_console_output(InstanceId=instance).get("Output", "")
        wait_until(said, seconds, f"{text!r} from {instance}")

    def end(self, instance):
        self.ec2.terminate_instances(InstanceIds=[instance])
        wait_until(lambda: self.state(instance) == "terminated", what=f"{instance} terminated")
