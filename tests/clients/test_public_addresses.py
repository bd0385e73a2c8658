"""Public addresses lead to instances: from this machine, from other VPCs, and as long as they are theirs."""
import urllib.error
import urllib.request

import pytest
from conftest import wait_until

PAGE = """#!/bin/sh
mkdir -p /var/lib/cloud/scripts/per-boot && cat > /var/lib/cloud/scripts/per-boot/page <<'END'
#!/bin/sh
mkdir -p /srv/page && cd /srv/page && hostname > index.html && exec python3 -u -m http.server 80 2>&1
END
chmod 755 /var/lib/cloud/scripts/per-boot/page && exec /var/lib/cloud/scripts/per-boot/page
"""


def page(address):
    """What the address shows; nothing when it does not answer. Other programs may answer for any address."""
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(f"http://{address}/", timeout=1).read().decode().strip()
    except (urllib.error.URLError, OSError):
        return ""


class Place:
    """A VPC with a public and a private subnet, and instances that serve their names."""

    def __init__(self, region, network):
        self.ec2 = region.client("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock=f"{network}.0.0/16")["Vpc"]["VpcId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public = self.subnet(f"{network}.1.0/24", GatewayId=self.gateway)
        self.ec2.modify_subnet_attribute(SubnetId=self.public, MapPublicIpOnLaunch={"Value": True})
        self.group = self.ec2.create_security_group(VpcId=self.vpc, GroupName="web", Description="web")["GroupId"]
        self.ec2.authorize_security_group_ingress(
            GroupId=self.group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                                                "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        self.image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def subnet(self, cidr, **target):
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(SubnetId=subnet, RouteTableId=table)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        return subnet

    def launch(self, subnet, user_data=PAGE):
        made = self.ec2.run_instances(ImageId=self.image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                      UserData=user_data, SubnetId=subnet, SecurityGroupIds=[self.group])
        instance = made["Instances"][0]["InstanceId"]
        wait_until(lambda: self.describe(instance)["State"]["Name"] == "running", what=f"{instance} running")
        return instance

    def describe(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def name_of(self, instance):
        return self.describe(instance)["PrivateDnsName"].partition(".")[0]

    def log_of(self, instance):
        return self.ec2.get_console_output(InstanceId=instance).get("Output", "")


@pytest.fixture(scope="module")
def place(region):
    return Place(region, "10.41")


def test_an_instance_shows_its_page_at_its_public_address(place):
    instance = place.launch(place.public)
    address = place.describe(instance)["PublicIpAddress"]
    wait_until(lambda: page(address) == place.name_of(instance), what="the page at the public address")

    place.ec2.stop_instances(InstanceIds=[instance])
    wait_until(lambda: place.describe(instance)["State"]["Name"] == "stopped", what="the stop")
    assert "PublicIpAddress" not in place.describe(instance)
    place.ec2.start_instances(InstanceIds=[instance])
    wait_until(lambda: place.describe(instance)["State"]["Name"] == "running", what="the start")
    again = place.describe(instance)["PublicIpAddress"]
    assert again != address
    wait_until(lambda: page(again) == place.name_of(instance), what="the page at the new address")
    assert page(address) == ""
    place.ec2.terminate_instances(InstanceIds=[instance])


def test_an_elastic_address_moves_between_instances_and_outlives_them(place):
    first, second = place.launch(place.public), place.launch(place.public)
    own = place.describe(first)["PublicIpAddress"]
    elastic = place.ec2.allocate_address(Domain="vpc")
    given = place.ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=first)
    assert place.describe(first)["PublicIpAddress"] == elastic["PublicIp"] != own
    wait_until(lambda: page(elastic["PublicIp"]) == place.name_of(first), what="the first instance's page")

    moved = place.ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=second)
    assert moved["AssociationId"] != given["AssociationId"]
    wait_until(lambda: page(elastic["PublicIp"]) == place.name_of(second), what="the second instance's page")
    own = place.describe(first)["PublicIpAddress"]
    wait_until(lambda: page(own) == place.name_of(first), what="the first instance at an address of its own again")

    place.ec2.stop_instances(InstanceIds=[second])
    wait_until(lambda: place.describe(second)["State"]["Name"] == "stopped", what="the stop")
    assert place.describe(second)["PublicIpAddress"] == elastic["PublicIp"]
    place.ec2.terminate_instances(InstanceIds=[first, second])
    wait_until(lambda: place.describe(second)["State"]["Name"] == "terminated", what="the end")
    address = place.ec2.describe_addresses(AllocationIds=[elastic["AllocationId"]])["Addresses"][0]
    assert "AssociationId" not in address and "InstanceId" not in address
    place.ec2.release_address(AllocationId=elastic["AllocationId"])


def test_a_nat_gateway_is_what_others_see_of_a_private_subnet(region, place):
    server = place.launch(place.public)
    address = place.describe(server)["PublicIpAddress"]
    wait_until(lambda: page(address), what="the page")

    other = Place(region, "10.42")
    elastic = other.ec2.allocate_address(Domain="vpc")
    gateway = other.ec2.create_nat_gateway(SubnetId=other.public, AllocationId=elastic["AllocationId"])["NatGateway"]
    private = other.subnet("10.42.2.0/24", NatGatewayId=gateway["NatGatewayId"])
    client = other.launch(private, "#!/bin/sh\nwhile sleep 0.2; do python3 -c "
                                   f"\"import urllib.request; urllib.request.urlopen('http://{address}/hello', "
                                   "timeout=1)\" || true; done > /dev/null 2>&1\n")
    assert "PublicIpAddress" not in other.describe(client)
    wait_until(lambda: f'{elastic["PublicIp"]} - - ' in place.log_of(server), what="a request by the gateway")
    assert "10.42.2." not in place.log_of(server)
    other.ec2.terminate_instances(InstanceIds=[client])
    place.ec2.terminate_instances(InstanceIds=[server])
    other.ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    other.ec2.release_address(AllocationId=elastic["AllocationId"])
    assert not other.ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["Interface for NAT Gateway *"]}])["NetworkInterfaces"]


def test_instances_of_one_vpc_meet_by_their_public_addresses(place):
    server = place.launch(place.public)
    address = place.describe(server)["PublicIpAddress"]
    wait_until(lambda: page(address), what="the page")
    client = place.launch(place.public, "#!/bin/sh\nwhile sleep 0.2; do python3 -c "
                                        f"\"import urllib.request; urllib.request.urlopen('http://{address}/hello', "
                                        "timeout=1)\" || true; done > /dev/null 2>&1\n")
    seen = place.describe(client)["PublicIpAddress"]
    wait_until(lambda: f"{seen} - - " in place.log_of(server), what="a request from the client's public address")
    place.ec2.terminate_instances(InstanceIds=[client, server])


def test_the_metadata_service_tells_the_public_address(place):
    instance = place.launch(place.public, "#!/bin/sh\ntoken=$(curl -s -X PUT -H "
                            "'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)\n"
                            "echo it is $(curl -s -H \"X-aws-ec2-metadata-token: $token\" "
                            "http://169.254.169.254/latest/meta-data/public-ipv4).\n")
    wait_until(lambda: f"it is {place.describe(instance)['PublicIpAddress']}." in place.log_of(instance),
               what="the address in the log")
    place.ec2.terminate_instances(InstanceIds=[instance])


STACK = """
Parameters:
  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
          Default: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}
  Subnet: {Type: AWS::EC2::Subnet::Id}
Resources:
  First: {Type: AWS::EC2::Instance, Properties: {ImageId: !Ref Image, InstanceType: t3.micro, SubnetId: !Ref Subnet}}
  Second: {Type: AWS::EC2::Instance, Properties: {ImageId: !Ref Image, InstanceType: t3.micro, SubnetId: !Ref Subnet}}
  Fixed: {Type: AWS::EC2::EIP, Properties: {InstanceId: !Ref First, Tags: [{Key: Name, Value: fixed}]}}
  Loose: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Knot:
    Type: AWS::EC2::EIPAssociation
    Properties: {AllocationId: !GetAtt Loose.AllocationId, InstanceId: !Ref Second}
Outputs:
  First: {Value: !Ref First}
  Second: {Value: !Ref Second}
  Fixed: {Value: !Ref Fixed}
  Loose: {Value: !GetAtt Loose.PublicIp}
  Own: {Value: !GetAtt Second.PublicIp}
"""


def test_a_stack_gives_addresses_and_takes_them_along(region, place):
    cloudformation = region.client("cloudformation")

    def settled(stack):
        status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    stack = cloudformation.create_stack(StackName="addresses", TemplateBody=STACK, Parameters=[
        {"ParameterKey": "Subnet", "ParameterValue": place.public}])["StackId"]
    assert wait_until(lambda: settled(stack), 60, "the stack") == "CREATE_COMPLETE"
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found}
    assert place.describe(outputs["First"])["PublicIpAddress"] == outputs["Fixed"]
    assert place.describe(outputs["Second"])["PublicIpAddress"] == outputs["Loose"] != outputs["Own"]

    moved = STACK.replace("InstanceId: !Ref First, ", "").replace("fixed", "free")
    cloudformation.update_stack(StackName=stack, TemplateBody=moved, Parameters=[
        {"ParameterKey": "Subnet", "UsePreviousValue": True}])
    assert wait_until(lambda: settled(stack), 60, "the update") == "UPDATE_COMPLETE"
    address = place.ec2.describe_addresses(PublicIps=[outputs["Fixed"]])["Addresses"][0]
    assert "AssociationId" not in address and {"Key": "Name", "Value": "free"} in address["Tags"]

    cloudformation.delete_stack(StackName=stack)
    assert wait_until(lambda: settled(stack), 60, "the end") == "DELETE_COMPLETE"
    assert not place.ec2.describe_addresses(Filters=[{"Name": "public-ip",
                                                      "Values": [outputs["Fixed"], outputs["Loose"]]}])["Addresses"]
