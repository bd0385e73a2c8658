"""Filters and pages of EC2's Describe operations: those that AWS documents, and no others."""
import html
import re

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until

OPERATIONS = ["addresses", "availability_zones", "images", "instance_status", "instance_types", "instances",
              "internet_gateways", "key_pairs", "launch_templates", "launch_template_versions", "nat_gateways",
              "network_acls", "network_interfaces", "regions", "route_tables", "security_group_rules",
              "security_groups", "snapshots", "subnets", "tags", "volumes", "vpcs"]
NEEDED = {"launch_template_versions": {"LaunchTemplateName": "filtered"}}


@pytest.fixture(scope="module")
def ec2(region):
    """One of most things."""
    client = region.client("ec2")
    image = client.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = client.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, Monitoring={"Enabled": True},
                                Placement={"AvailabilityZone": "us-east-1b"}, TagSpecifications=[
                                    {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a*b"}]}])
    instance = made["Instances"][0]["InstanceId"]
    client.create_launch_template(LaunchTemplateName="filtered", LaunchTemplateData={
        "ImageId": image, "InstanceType": "t3.small", "MetadataOptions": {"HttpTokens": "optional"}})
    client.allocate_address()
    wait_until(lambda: client.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"][
        "Name"] == "running", what="running")
    yield client
    client.terminate_instances(InstanceIds=[instance])


def filter_member(ec2, operation):
    shape = ec2.meta.service_model.operation_model(
        "Describe" + "".join(word.capitalize() for word in operation.split("_"))).input_shape
    return next(name for name in ("Filters", "Filter") if name in shape.members), shape


def ask(ec2, operation, name, *values):
    member, _ = filter_member(ec2, operation)
    answer = getattr(ec2, "describe_" + operation)(
        **{member: [{"Name": name, "Values": list(values)}]}, **NEEDED.get(operation, {}))
    return next(each for each in answer.values() if isinstance(each, list))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_documented_filters_are_understood_and_others_refused(ec2, operation):
    member, shape = filter_member(ec2, operation)
    names = re.findall(r"<li>\s*<p>\s*<code>([^<]+)</code>", shape.members[member].documentation)
    assert names
    for name in {html.unescape(each).replace("<key>", "Name") for each in names} | {"tag:Name", "tag-key"}:
        ask(ec2, operation, "tag-key" if name == "tag" else name, "nothing has this value")
    with pytest.raises(ClientError, match="InvalidParameterValue.*The filter 'colour' is invalid"):
        ask(ec2, operation, "colour", "red")


@pytest.mark.parametrize("operation, name, value", [
    ("instances", "network-interface.attachment.status", "attached"),
    ("instances", "network-interface.addresses.primary", "true"),
    ("instances", "availability-zone-id", "use1-az2"),
    ("instances", "metadata-options.http-endpoint", "enabled"),
    ("instances", "block-device-mapping.delete-on-termination", "true"),
    ("instances", "instance.group-name", "def*"),
    ("instances", "tag:Name", "a\\*b"),
    ("instances", "tag:Name", "a?b"),
    ("instance_status", "instance-status.reachability", "passed"),
    ("instance_types", "memory-info.size-in-mib", "2048"),
    ("images", "root-device-type", "ebs"),
    ("launch_template_versions", "http-tokens", "optional"),
    ("launch_template_versions", "instance-type", "t3.small"),
    ("launch_template_versions", "is-default-version", "true"),
    ("network_acls", "entry.cidr", "0.0.0.0/0"),
    ("network_acls", "default", "true"),
    ("network_interfaces", "addresses.association.owner-id", "amazon"),
    ("network_interfaces", "group-name", "default"),
    ("network_interfaces", "attachment.device-index", "0"),
    ("network_interfaces", "source-dest-check", "true"),
    ("route_tables", "association.main", "true"),
    ("route_tables", "route.destination-cidr-block", "0.0.0.0/0"),
    ("route_tables", "route.gateway-id", "igw-*"),
    ("security_groups", "egress.ip-permission.cidr", "0.0.0.0/0"),
    ("security_groups", "ip-permission.group-id", "sg-*"),
    ("subnets", "availabilityZone", "us-east-1b"),
    ("subnets", "map-public-ip-on-launch", "true"),
    ("volumes", "attachment.device", "/dev/xvda"),
    ("volumes", "attachment.status", "attached"),
    ("vpcs", "cidr-block-association.cidr-block", "172.31.*"),
    ("vpcs", "isDefault", "true"),
    ("vpcs", "cidr-block-association.state", "associated")])
def test_filters_find_what_they_name(ec2, operation, name, value):
    assert ask(ec2, operation, name, value)
    assert not ask(ec2, operation, name, "nothing has this value")


def test_a_filter_has_at_most_two_hundred_values(ec2):
    with pytest.raises(ClientError, match="FilterLimitExceeded"):
        ask(ec2, "vpcs", "vpc-id", *(f"vpc-{number}" for number in range(201)))


def test_pages_are_bounded_and_lead_to_each_other(ec2):
    for options in ({"MaxResults": 4}, {"MaxResults": 1001}):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.describe_instances(**options)
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.describe_subnets(**options)
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        ec2.describe_instances(InstanceIds=[instance], MaxResults=5)
    with pytest.raises(ClientError, match="InvalidNextToken"):
        ec2.describe_instances(NextToken="nonsense")
    whole = [each["InstanceType"] for each in ec2.describe_instance_types()["InstanceTypes"]]
    pages = ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 7})
    assert [each["InstanceType"] for page in pages for each in page["InstanceTypes"]] == whole
