"""Stacks in stacks, loops, macros and includes, as the AWS CLI packages and deploys them."""
import json

import pytest

from conftest import wait_until
from test_custom_resources import ended, outputs, reasons

CHILD = """
Parameters: {Name: {Type: String}}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '/nested/${Name}'}}
Outputs: {Arn: {Value: !GetAtt Group.Arn}}
"""
PARENT = """
Parameters: {Name: {Type: String, Default: one}, Vpc: {Type: String, Default: 10.80.0.0/16}}
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./child.yaml
      Parameters: {Name: !Ref Name}
  Network:
    Type: AWS::EC2::VPC
    DependsOn: Child
    Properties: {CidrBlock: !Ref Vpc}
Outputs: {Arn: {Value: !GetAtt Child.Outputs.Arn}}
"""


@pytest.fixture(scope="module")
def bucket(region):
    region.client("s3").create_bucket(Bucket="templates")
    return "templates"


def groups(region, prefix):
    found = region.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return sorted(each["logGroupName"] for each in found)


def test_a_packaged_template_is_deployed_changed_and_taken_back(region, bucket, tmp_path):
    (tmp_path / "child.yaml").write_text(CHILD)
    (tmp_path / "parent.yaml").write_text(PARENT)
    packed = str(tmp_path / "packed.yaml")
    region.aws("cloudformation", "package", "--template-file", str(tmp_path / "parent.yaml"), "--s3-bucket", bucket,
               "--output-template-file", packed)
    region.aws("cloudformation", "deploy", "--template-file", packed, "--stack-name", "outer")
    cloudformation = region.client("cloudformation")
    assert ":log-group:/nested/one" in outputs(cloudformation, "outer")["Arn"]
    outer = cloudformation.describe_stacks(StackName="outer")["Stacks"][0]
    child = cloudformation.describe_stack_resource(StackName="outer", LogicalResourceId="Child")
    child = child["StackResourceDetail"]["PhysicalResourceId"]
    inner = cloudformation.describe_stacks(StackName=child)["Stacks"][0]
    assert inner["ParentId"] == inner["RootId"] == outer["StackId"] and "RootId" not in outer

    region.aws("cloudformation", "deploy", "--template-file", packed, "--stack-name", "outer",
               "--parameter-overrides", "Name=two")
    assert groups(region, "/nested/") == ["/nested/two"]
    # The child is replaced well, then the parent fails: the old one was kept and comes back.
    body = open(packed).read()
    cloudformation.update_stack(StackName="outer", TemplateBody=body, Parameters=[
        {"ParameterKey": "Name", "ParameterValue": "three"}, {"ParameterKey": "Vpc", "ParameterValue": "10.0.0.0/4"}])
    assert ended(cloudformation, "outer") == "UPDATE_ROLLBACK_COMPLETE"
    wait_until(lambda: groups(region, "/nested/") == ["/nested/two"], what="the old group alone")
    assert ended(cloudformation, child) == "UPDATE_ROLLBACK_COMPLETE", reasons(cloudformation, child)

    cloudformation.delete_stack(StackName="outer")
    assert ended(cloudformation, outer["StackId"]) == "DELETE_COMPLETE"
    assert ended(cloudformation, child) == "DELETE_COMPLETE"
    assert groups(region, "/nested/") == []


LOOPS = """
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'red,blue'}}
Resources:
  Fn::ForEach::Groups:
    - Name
    - !Ref Names
    - Group${Name}:
        Type: AWS::Logs::LogGroup
        Properties: {LogGroupName: !Sub '/loop/${Name}'}
Outputs:
  Count: {Value: !Sub ['${n}', {n: {Fn::Length: !Ref Names}}]}
"""


def test_loops_are_deployed_by_the_command_line(region, tmp_path):
    (tmp_path / "loops.yaml").write_text(LOOPS)
    region.aws("cloudformation", "deploy", "--template-file", str(tmp_path / "loops.yaml"), "--stack-name", "loops")
    assert groups(region, "/loop/") == ["/loop/blue", "/loop/red"]
    cloudformation = region.client("cloudformation")
    assert outputs(cloudformation, "loops") == {"Count": "2"}
    assert "Fn::ForEach" in cloudformation.get_template(StackName="loops")["TemplateBody"]
    processed = cloudformation.get_template(StackName="loops", TemplateStage="Processed")["TemplateBody"]
    assert sorted(processed["Resources"]) == ["Groupblue", "Groupred"]
    cloudformation.delete_stack(StackName="loops")


MACRO = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          def handler(event, context):
              fragment = event['fragment']
              if 'Operation' in event['params']:
                  if event['params']['Operation'] != 'Upper':
                      return {'requestId': event['requestId'], 'status': 'failure', 'errorMessage': 'what?'}
                  fragment = event['params']['Text'].upper()
              else:
                  for resource in fragment['Resources'].values():
                      tag = {'Key': 'by', 'Value': event['templateParameterValues']['Who']}
                      resource['Properties']['Tags'] = [tag]
              return {'requestId': event['requestId'], 'status': 'success', 'fragment': fragment}
  Tagger: {Type: AWS::CloudFormation::Macro, Properties: {Name: Tagger, FunctionName: !GetAtt Function.Arn}}
"""
MADE = """
Transform: [Tagger]
Parameters: {Who: {Type: String}}
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: {Fn::Transform: {Name: Tagger, Parameters: {Operation: %s, Text: /macro/x}}}
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://templates/retention.yaml}}
"""


def test_macros_and_includes_make_the_template(region, bucket):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="macro", TemplateBody=MACRO, Capabilities=["CAPABILITY_IAM"])
    assert ended(cloudformation, "macro") == "CREATE_COMPLETE", reasons(cloudformation, "macro")
    region.client("s3").put_object(Bucket=bucket, Key="retention.yaml", Body=b"RetentionInDays: 7\n")
    given = {"Parameters": [{"ParameterKey": "Who", "ParameterValue": "me"}],
             "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    with pytest.raises(cloudformation.exceptions.ClientError, match="Transform .*::Tagger failed with: what?"):
        cloudformation.create_stack(StackName="made", TemplateBody=MADE % "Lower", **given)
    cloudformation.create_stack(StackName="made", TemplateBody=MADE % "Upper", **given)
    assert ended(cloudformation, "made") == "CREATE_COMPLETE", reasons(cloudformation, "made")
    made = region.client("logs").describe_log_groups(logGroupNamePrefix="/MACRO/X")["logGroups"][0]
    assert made["retentionInDays"] == 7
    arn = made["arn"].removesuffix(":*")
    assert region.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]["by"] == "me"
    processed = cloudformation.get_template(StackName="made", TemplateStage="Processed")["TemplateBody"]
    assert "Transform" not in json.dumps(processed)
    with pytest.raises(cloudformation.exceptions.ClientError, match="No transform named .*::Nobody found"):
        cloudformation.create_stack(StackName="none", TemplateBody=(MADE % "Upper").replace("Tagger", "Nobody"), **given)
    for name in ("made", "macro"):
        cloudformation.delete_stack(StackName=name)
