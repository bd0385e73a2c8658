"""Spot instances are told that they end, and end; a mixed group has others in their place."""
import json
import subprocess

import pytest
from conftest import wait_until
from machines import Place

# Says whether it was told, until it is gone.
WATCHER = """#!/bin/sh
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 600' 169.254.169.254/latest/api/token)
ask() { curl -s -f -H "X-aws-ec2-metadata-token: $token" 169.254.169.254/latest/meta-data/$1; }
echo life $(ask instance-life-cycle)
until ask spot/instance-action > /srv/action; do sleep 0.2; done
echo told $(cat /srv/action)
"""


@pytest.fixture(scope="module")
def place(region):
    return Place(region)


def fault(region, *words):
    return subprocess.run(region.command("fault", *words), capture_output=True, text=True, timeout=30)


def test_a_spot_instance_is_told_before_it_is_taken_away(region, place):
    made = place.ec2.run_instances(ImageId=place.image, InstanceType="t3.nano", MinCount=1, MaxCount=1,
                                   UserData=WATCHER, InstanceMarketOptions={"MarketType": "spot"})["Instances"][0]
    instance, request = made["InstanceId"], made["SpotInstanceRequestId"]
    place.says(instance, "life spot")
    told = fault(region, "spot", instance, "4")
    assert told.returncode == 0 and f"{instance} was told that it ends at " in told.stdout
    place.says(instance, '"action":"terminate"')
    wait_until(lambda: place.state(instance) == "terminated", what="its end")
    assert place.describe(instance)["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    status = place.ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request])["SpotInstanceRequests"][0]
    assert (status["State"], status["Status"]["Code"]) == ("closed", "instance-terminated-no-capacity")
    again = fault(region, "spot", instance)
    assert again.returncode != 0 and "has ended" in again.stderr


def test_only_spot_instances_are_taken_away(region, place):
    made = place.ec2.run_instances(ImageId=place.image, InstanceType="t3.nano", MinCount=1, MaxCount=1)["Instances"][0]
    refused = fault(region, "spot", made["InstanceId"])
    assert refused.returncode != 0 and "is no Spot Instance" in refused.stderr
    place.end(made["InstanceId"])


def mixed(image):
    return json.dumps({"Resources": {
        "Template": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {
            "LaunchTemplateData": {"ImageId": image, "InstanceType": "t3.nano"}}},
        "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": {
            "MinSize": "3", "MaxSize": "4", "AvailabilityZones": ["us-east-1a", "us-east-1b"],
            "MixedInstancesPolicy": {
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": {
                        "LaunchTemplateId": {"Ref": "Template"},
                        "Version": {"Fn::GetAtt": ["Template", "LatestVersionNumber"]}},
                    "Overrides": [{"InstanceType": "t3.micro"}, {"InstanceType": "t3.small"}]},
                "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0}}}}},
        "Outputs": {"Group": {"Value": {"Ref": "Group"}}}})


def test_a_mixed_group_replaces_the_spot_instance_that_was_taken_away(region, place):
    cloudformation, scaling = region.client("cloudformation"), region.client("autoscaling")
    cloudformation.create_stack(StackName="mixed", TemplateBody=mixed(place.image))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="mixed", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    name = cloudformation.describe_stacks(StackName="mixed")["Stacks"][0]["Outputs"][0]["OutputValue"]

    def members():
        group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        assert "LaunchTemplate" not in group and group["MixedInstancesPolicy"]
        serving = [each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == "InService"]
        return {each: place.describe(each) for each in serving}

    def kinds():
        return sorted((told.get("InstanceLifecycle", "on-demand"), told["InstanceType"]) for told in members().values())
    expected = [("on-demand", "t3.micro"), ("spot", "t3.micro"), ("spot", "t3.small")]
    assert kinds() == expected
    taken = next(each for each, told in members().items() if told["InstanceType"] == "t3.small")
    assert fault(region, "spot", taken, "0").returncode == 0
    wait_until(lambda: taken not in members() and kinds() == expected, what="another one")
    cloudformation.delete_stack(StackName="mixed")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="mixed", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
