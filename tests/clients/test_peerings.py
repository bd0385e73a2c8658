"""Two VPCs of a stack that are peered: their instances reach each other by private addresses, where routes lead."""
import json
import subprocess

from conftest import wait_until
from machines import Place

SERVER = """#!/bin/sh
mkdir -p /srv/www && cd /srv/www && echo words-from-the-other-side > index.html
exec python3 -m http.server 80
"""


def network(name, block):
    """A VPC with one subnet, its route table and a group that lets web requests in from everywhere."""
    reference = lambda what: {"Ref": name + what}
    return {
        f"{name}Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": f"{block}.0.0/16"}},
        f"{name}Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {
            "VpcId": reference("Vpc"), "CidrBlock": f"{block}.1.0/24", "AvailabilityZone": "us-east-1a"}},
        f"{name}Table": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": reference("Vpc")}},
        f"{name}Association": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": {
            "SubnetId": reference("Subnet"), "RouteTableId": reference("Table")}},
        f"{name}Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
            "GroupDescription": "web", "VpcId": reference("Vpc"), "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "0.0.0.0/0"}]}}}


def route(name, block):
    return {f"{name}Route": {"Type": "AWS::EC2::Route", "Properties": {
        "RouteTableId": {"Ref": f"{name}Table"}, "DestinationCidrBlock": f"{block}.0.0/16",
        "VpcPeeringConnectionId": {"Ref": "Peering"}}}}


def test_instances_of_peered_networks_reach_each_other(region, tmp_path):
    place = Place(region)
    resources = {**network("First", "10.81"), **network("Second", "10.82"), **route("First", "10.82"),
                 **route("Second", "10.81"), "Peering": {"Type": "AWS::EC2::VPCPeeringConnection", "Properties": {
                     "VpcId": {"Ref": "FirstVpc"}, "PeerVpcId": {"Ref": "SecondVpc"}}}}
    outputs = {name: {"Value": {"Ref": name}} for name in
               ("FirstSubnet", "SecondSubnet", "FirstGroup", "SecondGroup", "Peering")}
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="peered", TemplateBody=json.dumps(
        {"Resources": resources, "Outputs": outputs}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="peered", WaiterConfig={"Delay": 1})
    told = cloudformation.describe_stacks(StackName="peered")["Stacks"][0]["Outputs"]
    made = {each["OutputKey"]: each["OutputValue"] for each in told}

    def launch(name, script):
        instance = place.ec2.run_instances(
            ImageId=place.image, InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData=script,
            SubnetId=made[f"{name}Subnet"], SecurityGroupIds=[made[f"{name}Group"]])["Instances"][0]
        wait_until(lambda: place.state(instance["InstanceId"]) == "running", what=f"{name} running")
        return instance["InstanceId"], instance["PrivateIpAddress"]
    server, address = launch("Second", SERVER)
    asking = f"#!/bin/sh\nuntil curl -s --max-time 2 http://{address}/; do sleep 0.5; done\n"
    client, _ = launch("First", asking)
    place.says(client, "words-from-the-other-side")
    # The peering ends: what was reached is not any more.
    place.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=made["Peering"])

    def is_cut():
        done = subprocess.run(region.command("exec", client, "--", "curl", "-s", "--max-time", "1",
                                             f"http://{address}/"), capture_output=True, timeout=30)
        return done.returncode != 0
    wait_until(is_cut, what="the end of the peering")
    for instance in (client, server):
        place.end(instance)
    cloudformation.delete_stack(StackName="peered")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="peered", WaiterConfig={"Delay": 1})
