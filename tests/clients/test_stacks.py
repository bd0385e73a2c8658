"""A template becomes what it says, whole or not at all."""
import io
import json
import os

from conftest import wait_until

TEMPLATE = """
Resources:
  Vpc:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.50.0.0/16, Tags: [{Key: Name, Value: !Ref AWS::StackName}]}
  Subnet:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Vpc, CidrBlock: 10.50.1.0/24, AvailabilityZone: !Select [0, !GetAZs '']}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
  Bucket:
    Type: AWS::S3::Bucket
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          def handler(event, context):
              print('got', event)
              return {'hello': event.get('name', 'world')}
Outputs:
  Vpc: {Value: !Ref Vpc}
  Function: {Value: !Ref Function}
  Bucket: {Value: !Ref Bucket}
"""


def status_of(cloudformation, name):
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def settled(cloudformation, name):
    status = status_of(cloudformation, name)
    return None if status.endswith("IN_PROGRESS") else status


def test_a_stack_runs_and_goes(region):
    cloudformation = region.client("cloudformation")
    made = cloudformation.create_stack(StackName="mini", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"])
    assert wait_until(lambda: settled(cloudformation, "mini"), what="the stack") == "CREATE_COMPLETE", \
        cloudformation.describe_stack_events(StackName="mini")["StackEvents"]
    outputs = {each["OutputKey"]: each["OutputValue"]
               for each in cloudformation.describe_stacks(StackName="mini")["Stacks"][0]["Outputs"]}

    answer = region.client("lambda").invoke(FunctionName=outputs["Function"], Payload=json.dumps({"name": "holm"}))
    assert json.load(answer["Payload"]) == {"hello": "holm"}
    logs = region.client("logs")
    group = f"/aws/lambda/{outputs['Function']}"
    wait_until(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"], what="the log group")
    wait_until(lambda: any("got" in each["message"] for each in logs.filter_log_events(logGroupName=group)["events"]),
               what="the function's log")

    s3 = region.client("s3")
    body = os.urandom(9_000_000)
    s3.upload_fileobj(io.BytesIO(body), outputs["Bucket"], "a folder/ü.bin")
    assert s3.get_object(Bucket=outputs["Bucket"], Key="a folder/ü.bin")["Body"].read() == body
    s3.delete_object(Bucket=outputs["Bucket"], Key="a folder/ü.bin")

    cloudformation.delete_stack(StackName="mini")
    wait_until(lambda: settled(cloudformation, made["StackId"]) == "DELETE_COMPLETE", what="the end of the stack")
    assert not region.client("ec2").describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [outputs["Vpc"]]}])["Vpcs"]


def test_a_failure_in_the_middle_takes_everything_back(region):
    cloudformation = region.client("cloudformation")
    template = """
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.60.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.99.0.0/24}}
"""
    cloudformation.create_stack(StackName="torn", TemplateBody=template)
    assert wait_until(lambda: settled(cloudformation, "torn"), what="the rollback") == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="torn")["StackEvents"]
    assert any("The CIDR '10.99.0.0/24' is invalid" in each.get("ResourceStatusReason", "") for each in events)
    assert not region.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.60.0.0/16"]}])["Vpcs"]


def test_a_wrong_template_is_refused_before_anything_is_made(region):
    cloudformation = region.client("cloudformation")
    for template, words in [
        ("Resources: {A: {Type: AWS::Nothing::Here}}", "AWS::Nothing::Here"),
        ("Resources: {A: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, Colour: red}}}", "Colour"),
        ("Resources: {A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref B, CidrBlock: 10.0.0.0/24}}}", "B"),
    ]:
        try:
            cloudformation.create_stack(StackName="wrong", TemplateBody=template)
            raise AssertionError(f"{template} was accepted")
        except cloudformation.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 501)
            assert words in error.response["Error"]["Message"]
    names = [each["StackName"] for each in cloudformation.list_stacks()["StackSummaries"]]
    assert "wrong" not in names
