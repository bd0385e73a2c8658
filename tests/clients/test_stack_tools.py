"""cfn-init, cfn-signal, cfn-get-metadata and cfn-hup in an instance of a stack."""
import json
import subprocess

import pytest

from conftest import wait_until
from test_stacks import settled, status_of

IMAGE = "'{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}'"
TEMPLATE = """
Parameters:
  Greeting: {Type: String, Default: one}
  Code: {Type: Number, Default: 0}
Resources:
  Machine:
    Type: AWS::EC2::Instance
    CreationPolicy: {ResourceSignal: {Timeout: PT1M}}
    Metadata:
      AWS::CloudFormation::Init:
        configSets:
          all: [files, ConfigSet: rest]
          rest: [commands]
        files:
          groups: {readers: {gid: 4001}}
          files:
            /srv/page/index.html:
              content: !Sub "{{greeting}} of ${AWS::StackName}"
              context: {greeting: !Ref Greeting}
              mode: '000640'
              group: readers
            /srv/settings.json: {content: {size: 3}, mode: '000600'}
            /srv/link: {content: /srv/page, mode: '120644'}
            /etc/cfn/cfn-hup.conf:
              content: !Sub "[main]\\nstack=${AWS::StackId}\\nregion=${AWS::Region}\\ninterval=0.005\\n"
            /etc/cfn/hooks.d/again.conf:
              content: !Sub |
                [again]
                triggers=post.update
                path=Resources.Machine.Metadata.AWS::CloudFormation::Init
                action=/opt/aws/bin/cfn-init --stack ${AWS::StackName} --resource Machine -c all --region ${AWS::Region}
                runas=root
            /etc/systemd/system/waiter.service:
              content: "[Service]\\nExecStart=/bin/sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n"
          services:
            systemd:
              waiter: {enabled: true, ensureRunning: true, files: [/srv/page/index.html]}
              cfn-hup: {enabled: true, ensureRunning: true}
        commands:
          commands:
            02-second: {command: 'cat /srv/first >> /srv/order; echo second $WORD >> /srv/order', env: {WORD: w}}
            01-first: {command: [sh, -c, 'echo first > first'], cwd: /srv}
            03-not: {command: 'touch /srv/not', test: 'false'}
            04-fails: {command: 'false', ignoreErrors: 'true'}
    Properties:
      ImageId: %s
      InstanceType: t3.micro
      UserData:
        Fn::Base64: !Sub |
          #!/bin/sh -x
          /opt/aws/bin/cfn-init -v -s ${AWS::StackName} -r Machine -c all --region ${AWS::Region}
          test $? -eq ${Code}
          /opt/aws/bin/cfn-signal -e $? --stack ${AWS::StackName} --resource Machine --region ${AWS::Region}
Outputs:
  Machine: {Value: !Ref Machine}
  Name: {Value: !GetAtt Machine.PublicDnsName}
""" % IMAGE


def inside(region, instance, command):
    done = subprocess.run(region.command("exec", instance, "--", "sh", "-c", command), capture_output=True, text=True,
                          timeout=30)
    return done.stdout + done.stderr


def events_of(cloudformation, name):
    return [(each["LogicalResourceId"], each["ResourceStatus"], each.get("ResourceStatusReason", ""))
            for each in cloudformation.describe_stack_events(StackName=name)["StackEvents"]]


@pytest.fixture(scope="module")
def machine(region):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="tools", TemplateBody=TEMPLATE, Tags=[{"Key": "stage", "Value": "test"}])
    wait_until(lambda: settled(cloudformation, "tools"), what="the stack")
    assert status_of(cloudformation, "tools") == "CREATE_COMPLETE", events_of(cloudformation, "tools")
    return cloudformation.describe_stacks(StackName="tools")["Stacks"][0]["Outputs"][0]["OutputValue"]


def test_cfn_init_does_what_the_metadata_says(region, machine):
    assert inside(region, machine, "cat /srv/page/index.html; stat -c ' %a %G' /srv/page/index.html") \
        == "one of tools 640 readers\n"
    assert json.loads(inside(region, machine, "cat /srv/settings.json")) == {"size": 3}
    assert inside(region, machine, "cat /srv/link/index.html") == "one of tools"
    assert inside(region, machine, "cat /srv/order") == "first\nsecond w\n"
    assert "No such file" in inside(region, machine, "ls /srv/not")
    assert inside(region, machine, "systemctl is-active waiter; systemctl is-enabled waiter") == "active\nenabled\n"
    assert inside(region, machine, "cfn-get-metadata -s tools -r Machine -k "
                                   "AWS::CloudFormation::Init.configSets.rest") == '[\n    "commands"\n]\n'


def test_the_instance_knows_the_stack_by_its_tags(region, machine):
    tags = {each["Key"]: each["Value"] for each in region.client("ec2").describe_tags(
        Filters=[{"Name": "resource-id", "Values": [machine]}])["Tags"]}
    assert tags["aws:cloudformation:stack-name"] == "tools"
    assert tags["aws:cloudformation:logical-id"] == "Machine"
    assert tags["stage"] == "test"


def test_an_instance_may_ask_of_its_own_stack_only(region, machine):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="other", TemplateBody="Resources: {B: {Type: 'AWS::S3::Bucket'}}")
    wait_until(lambda: settled(cloudformation, "other"), what="the other stack")
    said = inside(region, machine, "cfn-get-metadata -s other -r B; echo code $?")
    assert "not authorized to perform: cloudformation:DescribeStackResource" in said and "code 1" in said
    cloudformation.delete_stack(StackName="other")


def test_cfn_hup_acts_on_a_change_of_the_metadata(region, machine):
    before = inside(region, machine, "systemctl show -p MainPID waiter")
    region.client("cloudformation").update_stack(
        StackName="tools", TemplateBody=TEMPLATE, Tags=[{"Key": "stage", "Value": "test"}],
        Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "two"}])
    wait_until(lambda: inside(region, machine, "cat /srv/page/index.html") == "two of tools", what="the new page")
    wait_until(lambda: inside(region, machine, "systemctl show -p MainPID waiter") != before, what="the restart")


def test_a_signal_of_failure_rolls_the_stack_back(region):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="bad", TemplateBody=TEMPLATE,
                                Parameters=[{"ParameterKey": "Code", "ParameterValue": "7"}])
    wait_until(lambda: settled(cloudformation, "bad"), what="the stack")
    events = events_of(cloudformation, "bad")
    assert status_of(cloudformation, "bad") == "ROLLBACK_COMPLETE", events
    assert any(name == "Machine" and status == "CREATE_FAILED" and "FAILURE signal" in reason
               for name, status, reason in events), events


GROUP = """
Parameters:
  Word: {Type: String, Default: one}
  Code: {Type: Number, Default: 0}
Resources:
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        ImageId: %s
        InstanceType: t3.nano
        UserData:
          Fn::Base64: !Sub |
            #!/bin/sh
            echo word ${Word} > /srv/word
            /opt/aws/bin/cfn-signal -e ${Code} --stack ${AWS::StackName} --resource Group --region ${AWS::Region}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    CreationPolicy:
      ResourceSignal: {Count: 2, Timeout: PT1M}
      AutoScalingCreationPolicy: {MinSuccessfulInstancesPercent: 100}
    UpdatePolicy:
      AutoScalingRollingUpdate: {MinInstancesInService: 1, WaitOnResourceSignals: true, PauseTime: PT1M}
    Properties:
      LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}
      MinSize: '2'
      MaxSize: '3'
      AvailabilityZones: [us-east-1a, us-east-1b]
Outputs:
  Group: {Value: !Ref Group}
""" % IMAGE


def test_a_rolling_update_goes_on_when_its_instances_have_signalled(region):
    cloudformation, scaling = region.client("cloudformation"), region.client("autoscaling")

    def words():
        name = cloudformation.describe_stacks(StackName="rolling")["Stacks"][0]["Outputs"][0]["OutputValue"]
        group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
        return [inside(region, each["InstanceId"], "cat /srv/word").strip() for each in group["Instances"]]

    def update(word, code):
        given = [{"ParameterKey": "Word", "ParameterValue": word}, {"ParameterKey": "Code", "ParameterValue": code}]
        cloudformation.update_stack(StackName="rolling", TemplateBody=GROUP, Parameters=given)
        wait_until(lambda: settled(cloudformation, "rolling"), seconds=120, what="the update")
        return status_of(cloudformation, "rolling")
    cloudformation.create_stack(StackName="rolling", TemplateBody=GROUP)
    wait_until(lambda: settled(cloudformation, "rolling"), what="the stack")
    assert status_of(cloudformation, "rolling") == "CREATE_COMPLETE", events_of(cloudformation, "rolling")
    assert words() == ["word one"] * 2
    assert update("two", "0") == "UPDATE_COMPLETE", events_of(cloudformation, "rolling")
    assert words() == ["word two"] * 2
    # The instances of the template before signal, too, when they come back.
    assert update("three", "1") == "UPDATE_ROLLBACK_COMPLETE"
    events = events_of(cloudformation, "rolling")
    assert any(status == "UPDATE_FAILED" and "Unable to satisfy 100% MinSuccessfulInstancesPercent" in reason
               for _, status, reason in events), events
    assert words() == ["word two"] * 2
