"""A zone fails and comes back: what is in it is really cut off, its work goes elsewhere, and it is filled again."""
import subprocess
import time

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from load import Load
from test_scaling import NAME, Group
from web import ZONES

RATE = 30


class Zoned(Group):
    """A group over three zones, and an instance of no group in the first two."""

    number = 87

    def __init__(self, region):
        super().__init__(region)
        self.ec2.authorize_security_group_ingress(GroupId=self.server_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        self.near, self.far = [self.run_server(each) for each in self.subnets[:2]]

    def fault(self, *words):
        return subprocess.run(self.region.command("fault", *words), capture_output=True, text=True, timeout=30)

    def address(self, instance):
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return found["PrivateIpAddress"]

    def reaches(self, one, other):
        ask = f"import socket; socket.create_connection(('{self.address(other)}', 8080), 1)"
        return self.execute(one, "/usr/bin/python3", "-c", ask).returncode == 0

    def status(self, instance):
        found = self.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        return found["SystemStatus"]["Status"], found["SystemStatus"]["Details"][0]["Status"]

    def in_zone(self, zone):
        return {each["InstanceId"] for each in self.describe()["Instances"] if each["AvailabilityZone"] == zone}


@pytest.fixture(scope="module")
def zoned(region):
    made = Zoned(region)
    made.scaling.create_auto_scaling_group(
        AutoScalingGroupName=NAME, MinSize=3, MaxSize=3, VPCZoneIdentifier=",".join(made.subnets),
        LaunchTemplate={"LaunchTemplateId": made.template, "Version": "$Latest"}, TargetGroupARNs=[made.targets],
        HealthCheckType="ELB", HealthCheckGracePeriod=10)
    wait_until(lambda: made.rests_with(3), what="three healthy instances")
    wait_until(lambda: made.reaches(made.far, made.near), what="a server")
    yield made
    made.fault("az", ZONES[0], "up")
    made.scaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    made.ec2.terminate_instances(InstanceIds=[made.near, made.far])
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    wait_until(lambda: not made.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"],
               what="the end of the group")


def test_a_zone_that_fails_is_cut_off_and_its_work_goes_elsewhere(zoned):
    lost = zoned.in_zone(ZONES[0])
    assert len(lost) == 1
    with Load(zoned.region, zoned.name, "/", RATE) as load:
        wait_until(lambda: load.answered() > RATE, what="a load")
        assert zoned.fault("az", ZONES[0], "down").stdout == f"{ZONES[0]} is unavailable.\n"
        wait_until(lambda: not lost & set(zoned.health(zoned.targets)), what="the lost one is no target")
        out = time.monotonic()
        wait_until(lambda: zoned.zones() == {ZONES[1]: 2, ZONES[2]: 1} or zoned.zones() == {ZONES[1]: 1, ZONES[2]: 2},
                   what="the other zones take its place")
        wait_until(lambda: zoned.rests_with(3), what="three healthy instances elsewhere")
        before = load.answered()
        wait_until(lambda: load.answered() > before + RATE, what="more of the load")
    assert load.failures(since=out) == []
    causes = [each["Cause"] for each in zoned.activities()]
    assert any("in response to an EC2 instance status checks failure." in each for each in causes)
    assert not zoned.reaches(zoned.far, zoned.near), "into the zone"
    assert not zoned.reaches(zoned.near, zoned.far), "out of it"
    assert zoned.status(zoned.near) == ("impaired", "failed")
    assert zoned.status(zoned.far) == ("ok", "passed")


def test_everybody_is_told_that_the_zone_is_down(zoned):
    states = {each["ZoneName"]: each["State"] for each in zoned.ec2.describe_availability_zones()["AvailabilityZones"]}
    assert states == {ZONES[0]: "unavailable", ZONES[1]: "available", ZONES[2]: "available"}
    assert zoned.fault().stdout.startswith(f"az {ZONES[0]}  down  Cut off since ")
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity.*choosing us-east-1b, us-east-1c"):
        zoned.run_server(zoned.subnets[0])
    elsewhere = zoned.ec2.run_instances(ImageId=zoned.image(), InstanceType="t3.nano", MinCount=1, MaxCount=1)
    zone = elsewhere["Instances"][0]["Placement"]["AvailabilityZone"]
    zoned.ec2.terminate_instances(InstanceIds=[elsewhere["Instances"][0]["InstanceId"]])
    assert zone != ZONES[0], "who asks for no zone gets one that is up"
    assert "usage" in zoned.fault("az", ZONES[0]).stderr
    assert "us-east-1x" in zoned.fault("az", "us-east-1x", "down").stderr


def test_a_daemon_that_is_killed_leaves_the_zone_cut_off(zoned):
    zoned.region.kill()
    zoned.region.start_only()
    assert not zoned.reaches(zoned.far, zoned.near)
    assert zoned.fault().stdout.startswith(f"az {ZONES[0]}  down ")
    assert zoned.status(zoned.near) == ("impaired", "failed")


def test_the_zone_is_filled_again_once_it_is_back(zoned):
    before = set(zoned.serving())
    assert zoned.fault("az", ZONES[0], "up").stdout == f"{ZONES[0]} is available.\n"
    assert zoned.fault().stdout == "Nothing is cut off in us-east-1.\n"
    wait_until(lambda: zoned.reaches(zoned.far, zoned.near), what="the instance can be reached")
    assert zoned.status(zoned.near) == ("ok", "passed")
    wait_until(lambda: zoned.zones() == dict.fromkeys(ZONES, 1) and zoned.rests_with(3), what="one in each zone")
    new = set(zoned.serving()) - before
    launched = zoned.activity("launch", new.pop())
    assert "was launched to aid in balancing the group's zones." in launched["Cause"]
    ended = zoned.activity("terminate", (before - set(zoned.serving())).pop())
    assert launched["StartTime"] <= ended["StartTime"], "the new one comes first"


def test_the_right_to_all_of_ec2_is_not_the_right_to_cut_a_zone_off(zoned):
    iam = zoned.region.client("iam")
    iam.create_user(UserName="operator")
    iam.put_user_policy(UserName="operator", PolicyName="ec2", PolicyDocument=(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'))
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    ec2 = zoned.region.client("ec2", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    ec2.describe_availability_zones()
    # The client knows no such operation, so another one's request is sent under its name.
    ec2.meta.events.register("before-sign.ec2.DescribeAvailabilityZones",
                             lambda request, **_: request.data.update(Action="CutAvailabilityZone", ZoneName=ZONES[1]))
    with pytest.raises(ClientError, match="UnauthorizedOperation.*holm:CutAvailabilityZone"):
        ec2.describe_availability_zones()
    iam.delete_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="operator", PolicyName="ec2")
    iam.delete_user(UserName="operator")
