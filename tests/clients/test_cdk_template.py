"""What the CDK makes of a small site is deployed, updated and taken down, unchanged."""
import pathlib

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from sites import instances, page

TEMPLATE = pathlib.Path(__file__).with_name("cdk_template.yaml").read_text()
VERSION = "/cdk-bootstrap/hnb659fds/version"
PASSWORD = [{"ParameterKey": "LogPassword", "ParameterValue": "Long-John-Silver-1"}]


def settled(cloudformation, stack):
    status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    return None if status.endswith("IN_PROGRESS") else status


def reasons(cloudformation, stack):
    return [(each["LogicalResourceId"], each["ResourceStatus"], each.get("ResourceStatusReason"))
            for each in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            if each["ResourceStatus"].endswith("FAILED")]


@pytest.fixture(scope="module")
def harbour(region):
    """The stack's outputs."""
    cloudformation = region.client("cloudformation")
    region.client("ssm").put_parameter(Name=VERSION, Value="21", Type="String", Overwrite=True)
    cloudformation.create_stack(StackName="Harbour", TemplateBody=TEMPLATE, Parameters=PASSWORD,
                                Capabilities=["CAPABILITY_IAM"], Tags=[{"Key": "owner", "Value": "cdk"}])
    status = wait_until(lambda: settled(cloudformation, "Harbour"), 180, "the stack")
    assert status == "CREATE_COMPLETE", reasons(cloudformation, "Harbour")
    outputs = cloudformation.describe_stacks(StackName="Harbour")["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def test_an_old_bootstrap_is_refused_before_anything_is_made(region):
    cloudformation = region.client("cloudformation")
    with pytest.raises(ClientError, match="Unable to fetch parameters .*hnb659fds/version"):
        cloudformation.create_stack(StackName="Early", TemplateBody=TEMPLATE, Parameters=PASSWORD, Capabilities=["CAPABILITY_IAM"])
    region.client("ssm").put_parameter(Name=VERSION, Value="5", Type="String", Overwrite=True)
    with pytest.raises(ClientError, match="CDK bootstrap stack version 6 required"):
        cloudformation.create_stack(StackName="Early", TemplateBody=TEMPLATE, Parameters=PASSWORD, Capabilities=["CAPABILITY_IAM"])
    assert "Early" not in [each["StackName"] for each in cloudformation.list_stacks()["StackSummaries"]]


def test_the_page_comes_through_the_balancer(region, harbour):
    wait_until(lambda: page(region, harbour["Address"]) == "ahoy", 60, "the page")


def test_the_template_is_told_as_it_was_given(region, harbour):
    ec2 = region.client("ec2")
    vpc = ec2.describe_vpcs(VpcIds=[harbour["Vpc"]])["Vpcs"][0]
    assert vpc["InstanceTenancy"] == "default"
    address = ec2.describe_addresses(PublicIps=[harbour["NatAddress"]])["Addresses"][0]
    gateway = ec2.describe_nat_gateways(NatGatewayIds=[harbour["NatGateway"]])["NatGateways"][0]
    assert gateway["State"] == "available"
    told = gateway["NatGatewayAddresses"][0]
    assert (told["AllocationId"], told["PublicIp"]) == (address["AllocationId"], harbour["NatAddress"])
    assert address["NetworkInterfaceId"] == told["NetworkInterfaceId"]
    instance = instances(region, harbour["Group"])[0]
    assert instance["Monitoring"]["State"] == "disabled"
    assert "PublicIpAddress" not in instance
    mapping = instance["BlockDeviceMappings"][0]
    volume = ec2.describe_volumes(VolumeIds=[mapping["Ebs"]["VolumeId"]])["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"], volume["State"]) == (9, "gp3", "in-use")
    assert {"Key": "Name", "Value": "Harbour/PierLaunchTemplate"} in volume["Tags"]
    cluster = region.client("rds").describe_db_clusters(DBClusterIdentifier=harbour["Cluster"])["DBClusters"][0]
    assert (cluster["Status"], [each["IsClusterWriter"] for each in cluster["DBClusterMembers"]]) == ("available", [True])
    assert region.client("s3").get_bucket_versioning(Bucket=harbour["Bucket"])["Status"] == "Enabled"


def test_an_update_replaces_the_instances_and_leaves_sizes_alone(region, harbour):
    cloudformation = region.client("cloudformation")
    scaling = region.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName=harbour["Group"], MaxSize=3)
    before = {each["InstanceId"] for each in instances(region, harbour["Group"])}
    cloudformation.update_stack(StackName="Harbour", UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM"],
                                Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "moin"},
                                            {"ParameterKey": "LogPassword", "UsePreviousValue": True}])
    status = wait_until(lambda: settled(cloudformation, "Harbour"), 180, "the update")
    assert status == "UPDATE_COMPLETE", reasons(cloudformation, "Harbour")
    wait_until(lambda: page(region, harbour["Address"]) == "moin", 60, "the new page")
    assert not before & {each["InstanceId"] for each in instances(region, harbour["Group"])}
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[harbour["Group"]])["AutoScalingGroups"]
    assert found[0]["MaxSize"] == 3


def test_nothing_is_left_of_it(region, harbour):
    cloudformation = region.client("cloudformation")
    ec2 = region.client("ec2")
    stack = cloudformation.describe_stacks(StackName="Harbour")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName="Harbour")
    status = wait_until(lambda: settled(cloudformation, stack), 120, "the end of the stack")
    assert status == "DELETE_COMPLETE", reasons(cloudformation, stack)
    in_vpc = [{"Name": "vpc-id", "Values": [harbour["Vpc"]]}]
    assert not ec2.describe_vpcs(Filters=in_vpc)["Vpcs"]
    assert not ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"]
    assert not ec2.describe_addresses()["Addresses"]
    assert not ec2.describe_volumes(Filters=[{"Name": "size", "Values": ["9"]}])["Volumes"]
    assert not region.client("rds").describe_db_clusters()["DBClusters"]
    assert harbour["Bucket"] not in [each["Name"] for each in region.client("s3").list_buckets()["Buckets"]]
    assert not instances(region, harbour["Group"])
    assert not ec2.describe_launch_templates()["LaunchTemplates"]
    elb = region.client("elbv2")
    assert not elb.describe_load_balancers()["LoadBalancers"]
    assert not elb.describe_target_groups()["TargetGroups"]
    assert not region.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert not [each for each in region.client("iam").list_roles()["Roles"] if each["RoleName"].startswith("Harbour")]
    states = {each["State"] for each in ec2.describe_nat_gateways()["NatGateways"]}
    assert states <= {"deleted"}
