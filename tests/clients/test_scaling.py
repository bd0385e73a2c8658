"""Groups keep their instances: as many as wanted, well, spread over the zones, and with a history that says why."""
import collections
import time

import pytest
from conftest import wait_until
from web import ZONES, Web, ask, timed, watch

NAME = "web"


class Group(Web):
    number = 82

    def __init__(self, region):
        super().__init__(region, self.number)
        self.balancer, self.name = self.load_balancer("group")
        self.targets = self.target_group("group")
        self.elb.modify_target_group_attributes(TargetGroupArn=self.targets, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "5"}])
        self.listener(self.balancer, {"Type": "forward", "TargetGroupArn": self.targets})
        self.template = self.launch_template("web")

    def describe(self):
        return self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0]

    def serving(self):
        """Those in service and well, in the eyes of the group and of the load balancer."""
        health = self.health(self.targets)
        return sorted(each["InstanceId"] for each in self.describe()["Instances"]
                      if each["LifecycleState"] == "InService" and health.get(each["InstanceId"], ("",))[0] == "healthy")

    def rests_with(self, count):
        return len(self.describe()["Instances"]) == count == len(self.serving())

    def zones(self):
        return collections.Counter(each["AvailabilityZone"] for each in self.describe()["Instances"]
                                   if each["LifecycleState"] != "Terminating")

    def activities(self):
        found = self.scaling.describe_scaling_activities(AutoScalingGroupName=NAME)["Activities"]
        return found

    def activity(self, verb, instance):
        words = {"launch": "Launching a new EC2 instance: ", "terminate": "Terminating EC2 instance: "}[verb]
        return next(each for each in self.activities() if each["Description"] == words + instance)

    def successor_of(self, before, victim, seconds=60):
        """The one instance that came for `victim`, once it serves."""
        settled = lambda: len(self.serving()) == len(before) and victim not in self.serving()
        wait_until(settled, seconds=seconds, what=f"the successor of {victim}")
        new = set(self.serving()) - set(before)
        assert len(new) == 1
        return new.pop()


@pytest.fixture(scope="module")
def group(region):
    made = Group(region)
    made.scaling.create_auto_scaling_group(
        AutoScalingGroupName=NAME, MinSize=1, MaxSize=5, DesiredCapacity=2, VPCZoneIdentifier=",".join(made.subnets),
        LaunchTemplate={"LaunchTemplateId": made.template, "Version": "$Latest"}, TargetGroupARNs=[made.targets],
        HealthCheckType="ELB", HealthCheckGracePeriod=15,
        Tags=[{"Key": "Name", "Value": "web server", "PropagateAtLaunch": True},
              {"Key": "inner", "Value": "yes", "PropagateAtLaunch": False}])
    yield made
    found = made.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
    if found:
        made.scaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)


def test_a_new_group_launches_over_its_zones_behind_its_target_group(group):
    def states():
        return sorted(each["LifecycleState"] for each in group.describe()["Instances"])

    watch(states, lambda now: now == ["InService"] * 2, what="two instances in service")
    wait_until(lambda: group.rests_with(2), what="two healthy targets")
    assert len(group.zones()) == 2
    assert {ask(group.region, group.name).json()["host"] for _ in range(8)} == \
        {group.private_name(each) for each in group.serving()}
    for each in group.serving():
        launched = group.activity("launch", each)
        assert (launched["StatusCode"], launched["Progress"]) == ("Successful", 100)
        assert "a user request created an AutoScalingGroup changing the desired capacity from 0 to 2." in launched["Cause"]
        assert launched["Cause"].endswith("increasing the capacity from 0 to 2.")
        tags = group.ec2.describe_instances(InstanceIds=[each])["Reservations"][0]["Instances"][0]["Tags"]
        tags = {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:ec2launchtemplate:")}
        assert tags == {"Name": "web server", "aws:autoscaling:groupName": NAME}


def test_an_instance_whose_program_dies_is_replaced(group):
    before = group.serving()
    victim = before[0]
    group.kill_server(victim)
    took = timed(lambda: group.health(group.targets).get(victim, ("gone",))[0] != "healthy", what="the victim is out")
    successor = group.successor_of(before, victim)
    print(f"out after {took:.1f} s")
    wait_until(lambda: group.rests_with(2), what="the end of the victim")
    assert group.activity("terminate", victim)["Cause"].endswith(
        "an instance was taken out of service in response to an ELB system health check failure.")
    assert group.activity("launch", successor)["Cause"].endswith(
        "an instance was launched in response to an unhealthy instance needing to be replaced.")
    assert len(group.zones()) == 2


def test_an_instance_that_is_terminated_by_hand_is_replaced(group):
    before = group.serving()
    begun = time.monotonic()
    group.ec2.terminate_instances(InstanceIds=[before[0]])
    successor = group.successor_of(before, before[0])
    print(f"replaced after {time.monotonic() - begun:.1f} s")
    assert "EC2 health check indicating it has been terminated or stopped" in \
        group.activity("terminate", before[0])["Cause"]
    assert "unhealthy instance needing to be replaced" in group.activity("launch", successor)["Cause"]


def test_terminating_an_instance_of_the_group_can_shrink_it_or_not(group):
    before = group.serving()
    answer = group.scaling.terminate_instance_in_auto_scaling_group(InstanceId=before[0],
                                                                    ShouldDecrementDesiredCapacity=False)
    assert answer["Activity"]["StatusCode"] == "InProgress"
    assert answer["Activity"]["Cause"].endswith(f"instance {before[0]} was taken out of service in response to a user request.")
    group.successor_of(before, before[0])
    wait_until(lambda: group.rests_with(2), what="the end of the old one")


def test_capacity_goes_up_and_down_in_balance(group):
    group.scaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=4)
    wait_until(lambda: group.rests_with(4), what="four instances")
    assert sorted(group.zones().values()) == [1, 1, 2]
    newest = group.activities()[0]
    assert "explicitly set group desired capacity changing the desired capacity from 2 to 4." in newest["Cause"]
    assert newest["Cause"].endswith("increasing the capacity from 2 to 4.")
    crowded = max(group.zones(), key=group.zones().get)

    group.scaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=3)
    wait_until(lambda: group.rests_with(3), what="three instances")
    assert group.zones() == collections.Counter(ZONES), f"one left {crowded}"

    group.scaling.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxSize=1)
    wait_until(lambda: group.rests_with(1), what="one instance")
    cause = group.activities()[0]["Cause"]
    assert "constraints to min: 1, max: 1, desired: 1 changing the desired capacity from 3 to 1." in cause
    assert "shrinking the capacity from 3 to 1." in cause and cause.count("was selected for termination.") == 2
    assert ask(group.region, group.name).status == 200


def test_history_and_groups_are_there_for_the_command_line(group):
    aws = lambda *words: group.region.aws("autoscaling", *words, "--output", "text").stdout.split()
    assert aws("describe-auto-scaling-groups", "--auto-scaling-group-names", NAME, "--query",
               "AutoScalingGroups[].[MinSize,MaxSize,DesiredCapacity,HealthCheckType]") == ["1", "1", "1", "ELB"]
    assert aws("describe-auto-scaling-instances", "--query", "AutoScalingInstances[].[InstanceId,LifecycleState,HealthStatus]") \
        == [group.serving()[0], "InService", "HEALTHY"]
    assert set(aws("describe-scaling-activities", "--auto-scaling-group-name", NAME, "--query",
                   "Activities[].StatusCode")) == {"Successful"}
    assert aws("describe-load-balancer-target-groups", "--auto-scaling-group-name", NAME, "--query",
               "LoadBalancerTargetGroups[].State") == ["InService"]


def test_a_template_that_cannot_start_says_so_in_the_history(group):
    scaling, name = group.scaling, "hopeless"
    template = group.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={
        "ImageId": group.image(), "InstanceType": "t3.micro", "SecurityGroupIds": ["sg-00000000000000000"]})
    scaling.create_auto_scaling_group(AutoScalingGroupName=name, MinSize=1, MaxSize=1, VPCZoneIdentifier=group.subnets[0],
                                      LaunchTemplate={"LaunchTemplateName": name})
    read = lambda: scaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]
    failed = wait_until(read, what="the activity")[0]
    assert failed["StatusCode"] == "Failed"
    assert "sg-00000000000000000" in failed["StatusMessage"]
    assert failed["StatusMessage"].endswith("Launching EC2 instance failed.")
    scaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    group.ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplate"]["LaunchTemplateId"])


def test_a_killed_daemon_finishes_what_it_began(group):
    group.scaling.update_auto_scaling_group(AutoScalingGroupName=NAME, MaxSize=3, DesiredCapacity=3)
    group.region.kill()
    group.region.start()
    wait_until(lambda: group.rests_with(3), what="three instances")
    assert group.zones() == collections.Counter(ZONES)
    running = group.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]},
                                                    {"Name": "tag:aws:autoscaling:groupName", "Values": [NAME]}])
    assert len([each for one in running["Reservations"] for each in one["Instances"]]) == 3


def test_a_group_that_is_deleted_by_force_takes_its_instances_along(group):
    instances = group.serving()
    group.scaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    gone = lambda: not group.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"]
    wait_until(gone, what="the end of the group")
    found = group.ec2.describe_instances(InstanceIds=instances)["Reservations"]
    assert {each["State"]["Name"] for one in found for each in one["Instances"]} == {"terminated"}
    assert group.health(group.targets) == {}
    history = group.scaling.describe_scaling_activities(AutoScalingGroupName=NAME, IncludeDeletedGroups=True)["Activities"]
    assert history[0]["AutoScalingGroupState"] == "Deleted"
    assert ask(group.region, group.name).status == 503
