"""What Terraform and its AWS provider make of a Classic Load Balancer and its policies, unmodified."""
import pathlib

import pytest
from conftest import wait_until
from sites import page
from web import IMAGE
from test_terraform import Terraform, pytestmark  # noqa: F401

SCRIPT = """#!/bin/sh
mkdir -p /srv/page && cd /srv/page && echo aboard > index.html && exec python3 -m http.server 8000
"""
CONFIGURATION = pathlib.Path(__file__).with_name("terraform") / "ferry.tf"


@pytest.fixture(scope="module")
def ferry(region, tmp_path_factory):
    ec2 = region.client("ec2")
    group = ec2.create_security_group(GroupName="boats", Description="boats")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=8000, ToPort=8000,
                                         CidrIp="0.0.0.0/0")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    boat = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SecurityGroupIds=[group],
                             Placement={"AvailabilityZone": "us-east-1a"}, UserData=SCRIPT)["Instances"][0]["InstanceId"]
    made = Terraform(region, tmp_path_factory.mktemp("ferry"), CONFIGURATION)
    made.environment["TF_VAR_boat"] = boat
    made.run("init", "-no-color", "-input=false")
    made.apply()
    yield made
    made.run("destroy", "-auto-approve", "-no-color", "-input=false", "-refresh=false")
    assert not region.client("elb").describe_load_balancers()["LoadBalancerDescriptions"]
    ec2.terminate_instances(InstanceIds=[boat])


def test_everything_is_as_it_was_written(region, ferry):
    told = region.client("elb").describe_load_balancers(LoadBalancerNames=["ferry"])["LoadBalancerDescriptions"][0]
    policies = {each["Listener"]["LoadBalancerPort"]: each["PolicyNames"] for each in told["ListenerDescriptions"]}
    assert policies == {80: ["hour"], 443: ["tls"], 8080: []}
    assert len(told["BackendServerDescriptions"]) == 1 and len(told["Instances"]) == 1
    account = region.client("sts").get_caller_identity()["Account"]
    assert ferry.outputs()["group"] == f"{account}/ferry"


def test_the_page_comes_through_the_balancer(region, ferry):
    address = ferry.outputs()["address"]
    wait_until(lambda: page(region, address) == "aboard", 60, "the page")


def test_a_change_is_made_in_place_and_nothing_else_found_to_change(ferry):
    changed = {"idle": "90", "port": "8081"}
    assert "1 changed, 0 destroyed" in ferry.apply(**changed)
    assert ferry.differences(**changed) == ""
