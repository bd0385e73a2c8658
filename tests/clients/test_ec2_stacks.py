"""Stacks of EC2's smaller parts: an interface and a key pair that wait for their instance, name servers, access keys,
launch configurations."""
import json
import subprocess

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from machines import Place

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJm1pZP2WZ3ubjvSxRPkVyW3Z5WYbLGdCNRHbBbyP0Bv someone"
MACHINE = {
    "Parameters": {"Image": {"Type": "String"}},
    "Resources": {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.83.0.0/16"}},
        "Options": {"Type": "AWS::EC2::DHCPOptions", "Properties": {
            "DomainName": "corp.example", "DomainNameServers": ["10.83.0.53", "AmazonProvidedDNS"]}},
        "HasOptions": {"Type": "AWS::EC2::VPCDHCPOptionsAssociation", "Properties": {
            "VpcId": {"Ref": "Vpc"}, "DhcpOptionsId": {"Ref": "Options"}}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.83.1.0/24"}},
        "Interface": {"Type": "AWS::EC2::NetworkInterface", "Properties": {
            "SubnetId": {"Ref": "Subnet"}, "PrivateIpAddress": "10.83.1.77", "Description": "kept"}},
        "Key": {"Type": "AWS::EC2::KeyPair", "Properties": {"KeyName": "stack-key", "PublicKeyMaterial": KEY}},
        "Machine": {"Type": "AWS::EC2::Instance", "DependsOn": "HasOptions", "Properties": {
            "ImageId": {"Ref": "Image"}, "InstanceType": "t3.nano", "KeyName": {"Ref": "Key"},
            "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": {"Ref": "Interface"}}]}},
        "User": {"Type": "AWS::IAM::User"},
        "AccessKey": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}}}},
    "Outputs": {"Machine": {"Value": {"Ref": "Machine"}}, "Interface": {"Value": {"Ref": "Interface"}},
                "Address": {"Value": {"Fn::GetAtt": ["Interface", "PrimaryPrivateIpAddress"]}},
                "User": {"Value": {"Ref": "User"}},
                "AccessKey": {"Value": {"Ref": "AccessKey"}},
                "Secret": {"Value": {"Fn::GetAtt": ["AccessKey", "SecretAccessKey"]}}}}


@pytest.fixture(scope="module")
def place(region):
    return Place(region)


def wait_for(region, stack, what):
    waiter = region.client("cloudformation").get_waiter(f"stack_{what}_complete")
    waiter.wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def outputs(region, stack):
    told = region.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return {each["OutputKey"]: each["OutputValue"] for each in told}


def inside(region, instance, *words):
    return subprocess.run(region.command("exec", instance, "--", *words), capture_output=True, text=True,
                          timeout=30).stdout


def test_an_instance_has_the_interface_the_key_and_the_name_servers_of_its_stack(region, place):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="machine", TemplateBody=json.dumps(MACHINE), Capabilities=["CAPABILITY_IAM"],
                                Parameters=[{"ParameterKey": "Image", "ParameterValue": place.image}])
    wait_for(region, "machine", "create")
    made = outputs(region, "machine")
    instance = made["Machine"]
    told = place.describe(instance)
    assert made["Address"] == told["PrivateIpAddress"] == "10.83.1.77"
    interface = told["NetworkInterfaces"][0]
    assert interface["NetworkInterfaceId"] == made["Interface"]
    assert interface["Attachment"]["DeleteOnTermination"] is False
    resolver = inside(region, instance, "cat", "/etc/resolv.conf")
    assert "nameserver 10.83.0.53" in resolver and "search corp.example" in resolver
    assert inside(region, instance, "cat", "/root/.ssh/authorized_keys").strip() == KEY
    theirs = region.client("sts", aws_access_key_id=made["AccessKey"], aws_secret_access_key=made["Secret"])
    assert theirs.get_caller_identity()["Arn"].endswith("user/" + made["User"])
    with pytest.raises(ClientError, match="InvalidNetworkInterface.InUse"):
        place.ec2.run_instances(ImageId=place.image, InstanceType="t3.nano", MinCount=1, MaxCount=1,
                                NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": made["Interface"]}])
    # The interface outlives its instance.
    place.end(instance)
    kept = place.ec2.describe_network_interfaces(NetworkInterfaceIds=[made["Interface"]])["NetworkInterfaces"][0]
    assert (kept["Status"], kept["PrivateIpAddress"]) == ("available", "10.83.1.77")
    cloudformation.delete_stack(StackName="machine")
    wait_for(region, "machine", "delete")
    assert place.ec2.describe_key_pairs()["KeyPairs"] == []
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        theirs.get_caller_identity()


def changing(image, **properties):
    """A template with one instance, a role for it, and what is said here."""
    return json.dumps({"Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                    "Principal": {"Service": "ec2.amazonaws.com"}}]}}},
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "another"}},
        "Machine": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": image, **properties}}},
        "Outputs": {"Machine": {"Value": {"Ref": "Machine"}}, "Group": {"Value": {"Fn::GetAtt": ["Group", "GroupId"]}},
                    "Role": {"Value": {"Ref": "Role"}}}})


def test_an_instance_keeps_its_disk_when_its_stack_changes_it(region, place):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html"""
    cloudformation = region.client("cloudformation")
    first = {"Fn::Base64": "#!/bin/sh\necho once > /root/kept\necho booted\n"}
    cloudformation.create_stack(StackName="changing", Capabilities=["CAPABILITY_IAM"],
                                TemplateBody=changing(place.image, InstanceType="t3.nano", UserData=first))
    wait_for(region, "changing", "create")
    instance = outputs(region, "changing")["Machine"]
    place.says(instance, "booted")
    booted = place.describe(instance)["LaunchTime"]

    def change(**properties):
        cloudformation.update_stack(StackName="changing", Capabilities=["CAPABILITY_IAM"],
                                    TemplateBody=changing(place.image, **properties))
        wait_for(region, "changing", "update")
        assert outputs(region, "changing")["Machine"] == instance, "it was not replaced"
        return place.describe(instance)

    # Without an interruption.
    asked = {"InstanceType": "t3.nano", "UserData": first, "IamInstanceProfile": {"Ref": "Profile"},
             "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}]}
    told = change(**asked)
    made = outputs(region, "changing")
    assert [each["GroupId"] for each in told["SecurityGroups"]] == [made["Group"]] and told["LaunchTime"] == booted
    role = inside(region, instance, "sh", "-c", "token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
                  "169.254.169.254/latest/api/token); curl -s -H \"X-aws-ec2-metadata-token: $token\" "
                  "169.254.169.254/latest/meta-data/iam/security-credentials/")
    assert role == made["Role"]
    # Stopped, changed and started.
    told = change(**{**asked, "InstanceType": "t3.micro", "EbsOptimized": True})
    assert (told["InstanceType"], told["EbsOptimized"], told["State"]["Name"]) == ("t3.micro", True, "running")
    wait_until(lambda: inside(region, instance, "cat", "/root/kept") == "once\n", what="the file on its disk")
    # One that somebody stopped stays so.
    place.ec2.stop_instances(InstanceIds=[instance])
    wait_until(lambda: place.state(instance) == "stopped", what="the stop")
    told = change(**{**asked, "InstanceType": "t3.small", "EbsOptimized": True})
    assert (told["InstanceType"], told["State"]["Name"]) == ("t3.small", "stopped")
    cloudformation.delete_stack(StackName="changing")
    wait_for(region, "changing", "delete")


def group_of(image, words):
    return json.dumps({"Resources": {
        "Launch": {"Type": "AWS::AutoScaling::LaunchConfiguration", "Properties": {
            "ImageId": image, "InstanceType": "t3.nano", "InstanceMonitoring": False,
            "UserData": {"Fn::Base64": f"#!/bin/sh\necho {words}\n"},
            "BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}]}},
        "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup",
                  "UpdatePolicy": {"AutoScalingRollingUpdate": {"MinInstancesInService": 0}},
                  "Properties": {"LaunchConfigurationName": {"Ref": "Launch"}, "MinSize": "1", "MaxSize": "1",
                                 "AvailabilityZones": ["us-east-1a"]}}},
        "Outputs": {"Launch": {"Value": {"Ref": "Launch"}}, "Group": {"Value": {"Ref": "Group"}}}})


def test_another_launch_configuration_takes_the_place_of_the_first(region, place):
    cloudformation, scaling = region.client("cloudformation"), region.client("autoscaling")

    def member(made):
        group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[made["Group"]])["AutoScalingGroups"][0]
        assert group["LaunchConfigurationName"] == made["Launch"]
        serving = [each for each in group["Instances"] if each["LifecycleState"] == "InService"]
        return serving[0]
    cloudformation.create_stack(StackName="group", TemplateBody=group_of(place.image, "first-words"))
    wait_for(region, "group", "create")
    before = outputs(region, "group")
    assert member(before)["LaunchConfigurationName"] == before["Launch"]
    place.says(member(before)["InstanceId"], "first-words")
    cloudformation.update_stack(StackName="group", TemplateBody=group_of(place.image, "second-words"))
    wait_for(region, "group", "update")
    after = outputs(region, "group")
    assert after["Launch"] != before["Launch"] and after["Group"] == before["Group"]
    place.says(member(after)["InstanceId"], "second-words")
    wait_until(lambda: len(scaling.describe_launch_configurations()["LaunchConfigurations"]) == 1,
               what="the end of the first one")
    cloudformation.delete_stack(StackName="group")
    wait_for(region, "group", "delete")
    assert scaling.describe_launch_configurations()["LaunchConfigurations"] == []
