"""Launch templates: what one is given it tells, and instances are made of it."""
import base64

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import Web

SCRIPT = "#!/bin/sh\necho from version one\n"
TOKEN = "http://169.254.169.254/latest/api/token"


class Templates(Web):
    def __init__(self, region):
        super().__init__(region, 84)
        self.data = {
            "ImageId": self.image(),
            "InstanceType": "t3.nano",
            "SecurityGroupIds": [self.server_group, self.balancer_group],
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
            "UserData": base64.b64encode(SCRIPT.encode()).decode(),
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "from a template"}]}],
        }
        self.made = []

    def version(self, name, version):
        found = self.ec2.describe_launch_template_versions(LaunchTemplateName=name, Versions=[version])
        return found["LaunchTemplateVersions"][0]

    def run(self, **template):
        made = self.ec2.run_instances(MinCount=1, MaxCount=1, SubnetId=self.subnets[0], LaunchTemplate=template)
        self.made.append(made["Instances"][0]["InstanceId"])
        return self.ec2.describe_instances(InstanceIds=self.made[-1:])["Reservations"][0]["Instances"][0]


@pytest.fixture(scope="module")
def templates(region):
    made = Templates(region)
    yield made
    if made.made:
        made.ec2.terminate_instances(InstanceIds=made.made)


def instance_template(templates, name):
    return templates.ec2.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"][0]["LaunchTemplateId"]


def test_a_template_tells_what_it_was_given(templates):
    ec2 = templates.ec2
    made = ec2.create_launch_template(
        LaunchTemplateName="shop", VersionDescription="the first", LaunchTemplateData=templates.data,
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "stage", "Value": "test"}]}])
    made = made["LaunchTemplate"]
    assert (made["DefaultVersionNumber"], made["LatestVersionNumber"]) == (1, 1)
    assert made["Tags"] == [{"Key": "stage", "Value": "test"}]

    version = templates.version("shop", "1")
    assert (version["VersionNumber"], version["VersionDescription"], version["DefaultVersion"]) == (1, "the first", True)
    # The protocol of EC2 cannot tell a list that was not given from an empty one.
    told = {key: value for key, value in version["LaunchTemplateData"].items() if value != []}
    metadata = told.pop("MetadataOptions")
    assert told == {key: value for key, value in templates.data.items() if key != "MetadataOptions"}
    assert metadata.items() >= templates.data["MetadataOptions"].items()
    told = templates.region.aws("ec2", "describe-launch-template-versions", "--launch-template-name", "shop", "--query",
                                "LaunchTemplateVersions[].LaunchTemplateData.SecurityGroupIds[]", "--output", "text")
    assert told.stdout.split() == templates.data["SecurityGroupIds"]
    with pytest.raises(ClientError, match="AlreadyExists"):
        ec2.create_launch_template(LaunchTemplateName="shop", LaunchTemplateData=templates.data)


def test_an_instance_is_what_its_template_says(templates):
    instance = templates.run(LaunchTemplateName="shop")
    assert {each["GroupId"] for each in instance["SecurityGroups"]} == set(templates.data["SecurityGroupIds"])
    assert instance["InstanceType"] == "t3.nano"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    tags = {each["Key"]: each["Value"] for each in instance["Tags"]}
    assert tags["Name"] == "from a template"
    # As Terraform and others find out what it was made of.
    assert tags["aws:ec2launchtemplate:id"] == instance_template(templates, "shop")
    assert tags["aws:ec2launchtemplate:version"].isdigit()
    console = lambda: templates.ec2.get_console_output(InstanceId=instance["InstanceId"]).get("Output", "")
    wait_until(lambda: "from version one" in console(), what="its user data")
    answer = templates.execute(instance["InstanceId"], "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT",
                               "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60", TOKEN)
    assert answer.stdout == "200"


def test_what_the_request_says_comes_before_the_template(templates):
    made = templates.ec2.run_instances(MinCount=1, MaxCount=1, SubnetId=templates.subnets[1], InstanceType="t3.micro",
                                       SecurityGroupIds=[templates.server_group],
                                       LaunchTemplate={"LaunchTemplateName": "shop"})["Instances"][0]
    templates.made.append(made["InstanceId"])
    assert made["InstanceType"] == "t3.micro"
    assert [each["GroupId"] for each in made["SecurityGroups"]] == [templates.server_group]


def test_latest_and_default_are_two_versions(templates):
    ec2 = templates.ec2
    second = {**templates.data, "InstanceType": "t3.micro", "SecurityGroupIds": [templates.server_group]}
    made = ec2.create_launch_template_version(LaunchTemplateName="shop", LaunchTemplateData=second)
    assert made["LaunchTemplateVersion"]["VersionNumber"] == 2
    types = lambda: [templates.version("shop", each)["LaunchTemplateData"]["InstanceType"]
                     for each in ("$Latest", "$Default")]
    assert types() == ["t3.micro", "t3.nano"]
    assert templates.run(LaunchTemplateName="shop", Version="$Default")["InstanceType"] == "t3.nano"
    latest = templates.run(LaunchTemplateName="shop", Version="$Latest")
    assert latest["InstanceType"] == "t3.micro"
    assert [each["GroupId"] for each in latest["SecurityGroups"]] == [templates.server_group]

    ec2.modify_launch_template(LaunchTemplateName="shop", DefaultVersion="2")
    assert types() == ["t3.micro", "t3.micro"]
    described = ec2.describe_launch_templates(LaunchTemplateNames=["shop"])["LaunchTemplates"][0]
    assert (described["DefaultVersionNumber"], described["LatestVersionNumber"]) == (2, 2)
    versions = ec2.describe_launch_template_versions(LaunchTemplateName="shop")["LaunchTemplateVersions"]
    assert {each["VersionNumber"]: each["DefaultVersion"] for each in versions} == {1: False, 2: True}


def test_what_is_not_there_is_said_by_name(templates):
    with pytest.raises(ClientError, match="InvalidLaunchTemplateId.VersionNotFound"):
        templates.run(LaunchTemplateName="shop", Version="7")
    with pytest.raises(ClientError, match="InvalidLaunchTemplateName.NotFoundException"):
        templates.run(LaunchTemplateName="shed")
    templates.ec2.delete_launch_template(LaunchTemplateName="shop")
    with pytest.raises(ClientError, match="InvalidLaunchTemplateName.NotFoundException"):
        templates.run(LaunchTemplateName="shop")


def test_a_version_takes_what_it_is_not_given_from_another(templates):
    ec2 = templates.ec2
    ec2.create_launch_template(LaunchTemplateName="source", LaunchTemplateData=templates.data)
    made = ec2.create_launch_template_version(
        LaunchTemplateName="source", SourceVersion="1", VersionDescription="larger",
        LaunchTemplateData={"InstanceType": "t3.micro", "MetadataOptions": {"HttpTokens": "optional"}})
    data = made["LaunchTemplateVersion"]["LaunchTemplateData"]
    assert (data["InstanceType"], data["MetadataOptions"]["HttpTokens"]) == ("t3.micro", "optional")
    assert data["UserData"] == templates.data["UserData"]
    assert data["SecurityGroupIds"] == templates.data["SecurityGroupIds"]
    with pytest.raises(ClientError, match="InvalidLaunchTemplateId.VersionNotFound"):
        ec2.create_launch_template_version(LaunchTemplateName="source", SourceVersion="7",
                                           LaunchTemplateData={"InstanceType": "t3.nano"})
    ec2.delete_launch_template(LaunchTemplateName="source")


def test_nobody_gives_an_instance_a_role_that_they_may_not_pass(templates, region):
    iam = region.client("iam")
    iam.create_role(RoleName="mighty", AssumeRolePolicyDocument=(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
        ' "Principal": {"Service": "ec2.amazonaws.com"}}]}'))
    profile = iam.create_instance_profile(InstanceProfileName="mighty")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="mighty", RoleName="mighty")
    iam.create_user(UserName="runner")
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": %s, "Resource": "*"}]}'
    iam.put_user_policy(UserName="runner", PolicyName="ec2", PolicyDocument=policy % '"ec2:*"')
    keys = iam.create_access_key(UserName="runner")["AccessKey"]
    theirs = region.client("ec2", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])
    theirs.create_launch_template(LaunchTemplateName="sly", LaunchTemplateData={
        **templates.data, "IamInstanceProfile": {"Arn": profile}})
    asked = {"LaunchTemplate": {"LaunchTemplateName": "sly"}, "SubnetId": templates.subnets[0], "MinCount": 1, "MaxCount": 1}
    with pytest.raises(ClientError, match="UnauthorizedOperation.*iam:PassRole"):
        theirs.run_instances(**asked)
    iam.put_user_policy(UserName="runner", PolicyName="ec2", PolicyDocument=policy % '["ec2:*", "iam:PassRole"]')
    templates.made.append(theirs.run_instances(**asked)["Instances"][0]["InstanceId"])
