"""The loop closes: load raises a measured metric, its alarm calls a policy, the group grows; an idle one shrinks."""
import json
import subprocess

import pytest
from conftest import wait_until
from web import Web

NAME, IDLE = "loop", "idle"
# Two minutes of metrics, the alarm's evaluation and the instance's start.
LOOP_SECONDS = 240


@pytest.fixture(scope="module")
def web(region):
    made = Web(region, 86)
    data = {"ImageId": made.image(), "InstanceType": "t3.micro", "Monitoring": {"Enabled": True}}
    made.ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=data)
    for name, wanted in ((NAME, 1), (IDLE, 2)):
        made.scaling.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=1, MaxSize=3, DesiredCapacity=wanted, DefaultInstanceWarmup=30,
            LaunchTemplate={"LaunchTemplateName": NAME, "Version": "$Latest"}, DefaultCooldown=10,
            VPCZoneIdentifier=",".join(made.subnets))
    yield made
    for name in (NAME, IDLE):
        made.scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    wait_until(lambda: not made.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME, IDLE])[
        "AutoScalingGroups"], what="the end of the groups")


def serving(web, name):
    group = web.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return [each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == "InService"]


def causes(web, name):
    return [each["Cause"] for each in web.scaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]]


def alarm(web, name, group, comparison, threshold, policy):
    web.region.client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", Period=60,
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": group}], EvaluationPeriods=1, Threshold=threshold,
        ComparisonOperator=comparison, AlarmActions=[policy])


def test_load_makes_a_group_grow_and_idleness_makes_one_shrink(web):
    """Both at once: each takes a minute of what is measured."""
    grow = web.scaling.put_scaling_policy(
        AutoScalingGroupName=NAME, PolicyName="grow", PolicyType="StepScaling", AdjustmentType="ChangeInCapacity",
        StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}])["PolicyARN"]
    shrink = web.scaling.put_scaling_policy(AutoScalingGroupName=IDLE, PolicyName="shrink",
                                            AdjustmentType="ChangeInCapacity", ScalingAdjustment=-1)["PolicyARN"]
    wait_until(lambda: len(serving(web, NAME)) == 1 and len(serving(web, IDLE)) == 2, what="the first instances")
    alarm(web, "busy", NAME, "GreaterThanThreshold", 5, grow)
    described = web.scaling.describe_policies(AutoScalingGroupName=NAME, PolicyNames=["grow"])["ScalingPolicies"]
    assert [each["AlarmName"] for each in described[0]["Alarms"]] == ["busy"]
    alarm(web, "idle", IDLE, "LessThanThreshold", 3, shrink)
    load = [subprocess.Popen(web.region.command("exec", serving(web, NAME)[0], "--", "timeout", "400", "sh", "-c",
                                                "while :; do :; done")) for _ in range(2)]
    try:
        wait_until(lambda: len(serving(web, NAME)) > 1, seconds=LOOP_SECONDS, what="a second instance")
        wait_until(lambda: len(serving(web, IDLE)) == 1, seconds=LOOP_SECONDS, what="one instance")
    finally:
        for each in load:
            each.kill()
            each.wait()
        subprocess.run(web.region.command("exec", serving(web, NAME)[0], "--", "pkill", "timeout"), timeout=30)
    web.region.client("cloudwatch").delete_alarms(AlarmNames=["busy", "idle"])
    assert any("a monitor alarm busy in state ALARM triggered policy grow changing the desired capacity from 1 to 2." in
               each for each in causes(web, NAME))
    assert any("a monitor alarm idle in state ALARM triggered policy shrink" in each for each in causes(web, IDLE))


def test_target_tracking_has_alarms_that_anyone_can_see(web):
    cloudwatch = web.region.client("cloudwatch")
    made = web.scaling.put_scaling_policy(
        AutoScalingGroupName=NAME, PolicyName="cpu", PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                                     "TargetValue": 50})
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"TargetTracking-{NAME}-Alarm")["MetricAlarms"]
    assert {(each["ComparisonOperator"], each["Threshold"], each["EvaluationPeriods"]) for each in alarms} == \
        {("GreaterThanThreshold", 50, 3), ("LessThanThreshold", 45, 15)}
    assert {each["AlarmName"] for each in alarms} == {each["AlarmName"] for each in made["Alarms"]}
    assert all(each["AlarmActions"] == [made["PolicyARN"]] for each in alarms)
    web.scaling.delete_policy(AutoScalingGroupName=NAME, PolicyName="cpu")
    assert not cloudwatch.describe_alarms(AlarmNamePrefix=f"TargetTracking-{NAME}-Alarm")["MetricAlarms"]


def test_a_group_in_a_stack_waits_for_signals_and_brings_its_policy(web):
    cloudformation = web.region.client("cloudformation")
    template = {"Resources": {
        "Web": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                "CreationPolicy": {"ResourceSignal": {"Count": 2, "Timeout": "PT5M"}},
                "Properties": {"MinSize": 0, "MaxSize": 2, "VPCZoneIdentifier": web.subnets,
                               "LaunchTemplate": {"LaunchTemplateName": NAME, "Version": "1"}}},
        "Cpu": {"Type": "AWS::AutoScaling::ScalingPolicy",
                "Properties": {"AutoScalingGroupName": {"Ref": "Web"}, "PolicyType": "TargetTrackingScaling",
                               "TargetTrackingConfiguration": {
                                   "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                                   "TargetValue": 50}}},
        "Hook": {"Type": "AWS::AutoScaling::LifecycleHook",
                 "Properties": {"AutoScalingGroupName": {"Ref": "Web"}, "HeartbeatTimeout": 60,
                                "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}}}}
    cloudformation.create_stack(StackName="signals", TemplateBody=json.dumps(template))

    def status():
        return cloudformation.describe_stacks(StackName="signals")["Stacks"][0]["StackStatus"]

    def resource(name):
        found = cloudformation.describe_stack_resources(StackName="signals")["StackResources"]
        return next((each for each in found if each["LogicalResourceId"] == name), {})

    wait_until(lambda: resource("Web").get("PhysicalResourceId"), what="the group")
    for number in range(2):
        assert resource("Web")["ResourceStatus"] == "CREATE_IN_PROGRESS"
        cloudformation.signal_resource(StackName="signals", LogicalResourceId="Web", UniqueId=f"i-{number}",
                                       Status="SUCCESS")
    wait_until(lambda: status() == "CREATE_COMPLETE", what="the stack")
    policies = web.scaling.describe_policies(AutoScalingGroupName=resource("Web")["PhysicalResourceId"])
    assert policies["ScalingPolicies"][0]["PolicyARN"] == resource("Cpu")["PhysicalResourceId"]
    cloudformation.delete_stack(StackName="signals")
    cloudwatch = web.region.client("cloudwatch")
    wait_until(lambda: not cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-signals")["MetricAlarms"],
               what="the end of the alarms")
