"""Custom resources that functions look after, and stacks that wait for signals."""
import json
import urllib.error
import urllib.request

import pytest

from conftest import wait_until
from test_stacks import settled

FUNCTION = """
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
      Timeout: 20
      Code:
        ZipFile: |
"""

# As most people write it.
WITH_MODULE = """
import cfnresponse

def handler(event, context):
    print(event)
    properties = event['ResourceProperties']
    if properties['Text'] == 'bad' and event['RequestType'] != 'Delete':
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, reason='bad is no text')
        return
    data = {'Upper': properties['Text'].upper(), 'Flag': properties['Flag'], 'Request': event['RequestType']}
    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, 'text-' + properties['Text'][:1])
"""

# As libraries do it: TLS, whatever the URL says, with the names the machine trusts.
WITH_TLS = """
import http.client
import json
import ssl
import urllib.parse

def handler(event, context):
    answer = {'Status': 'SUCCESS', 'PhysicalResourceId': 'tls', 'StackId': event['StackId'],
              'RequestId': event['RequestId'], 'LogicalResourceId': event['LogicalResourceId'],
              'Data': {'Upper': 'TLS', 'Request': event['RequestType'], 'Flag': ''}}
    url = urllib.parse.urlsplit(event['ResponseURL'])
    connection = http.client.HTTPSConnection(url.hostname, context=ssl.create_default_context())
    connection.request('PUT', url.path + '?' + url.query, json.dumps(answer), {'content-type': ''})
    print(connection.getresponse().status)
"""

RESOURCE = """
  Made:
    Type: Custom::Text
    Properties: {ServiceToken: !GetAtt Function.Arn, ServiceTimeout: 25, Text: !Ref Text, Flag: true}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '/made/${Made.Upper}'}}
Outputs:
  Id: {Value: !Ref Made}
  Upper: {Value: !GetAtt Made.Upper}
  Flag: {Value: !GetAtt Made.Flag}
  Request: {Value: !GetAtt Made.Request}
"""


def template(code):
    lines = "".join(f"          {line}\n" for line in code.strip().splitlines())
    return "Parameters: {Text: {Type: String}}\nResources:" + FUNCTION + lines + RESOURCE


def given(text):
    return {"Parameters": [{"ParameterKey": "Text", "ParameterValue": text}], "Capabilities": ["CAPABILITY_IAM"]}


def outputs(cloudformation, name):
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def reasons(cloudformation, name):
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return " ".join(each.get("ResourceStatusReason", "") for each in events)


def ended(cloudformation, name):
    return wait_until(lambda: settled(cloudformation, name), seconds=60, what=name)


def test_a_function_makes_changes_replaces_and_removes(region):
    cloudformation = region.client("cloudformation")
    made = cloudformation.create_stack(StackName="custom", TemplateBody=template(WITH_MODULE), **given("abc"))
    assert ended(cloudformation, "custom") == "CREATE_COMPLETE", reasons(cloudformation, "custom")
    assert outputs(cloudformation, "custom") == {"Id": "text-a", "Upper": "ABC", "Flag": "true", "Request": "Create"}
    logs = region.client("logs")
    assert logs.describe_log_groups(logGroupNamePrefix="/made/ABC")["logGroups"]

    cloudformation.update_stack(StackName="custom", UsePreviousTemplate=True, **given("bcd"))
    assert ended(cloudformation, "custom") == "UPDATE_COMPLETE", reasons(cloudformation, "custom")
    assert outputs(cloudformation, "custom") == {"Id": "text-b", "Upper": "BCD", "Flag": "true", "Request": "Update"}
    function = cloudformation.describe_stack_resource(StackName="custom", LogicalResourceId="Function")
    group = "/aws/lambda/" + function["StackResourceDetail"]["PhysicalResourceId"]

    def removed():
        messages = [each["message"] for each in logs.filter_log_events(logGroupName=group)["events"]]
        return [each for each in messages if "'RequestType': 'Delete'" in each]

    told = wait_until(removed, what="the removal of the first")
    assert len(told) == 1 and "'PhysicalResourceId': 'text-a'" in told[0] and "'Text': 'abc'" in told[0]

    cloudformation.update_stack(StackName="custom", UsePreviousTemplate=True, **given("bad"))
    assert ended(cloudformation, "custom") == "UPDATE_ROLLBACK_COMPLETE"
    assert "Message returned: bad is no text (RequestId: " in reasons(cloudformation, "custom")
    assert outputs(cloudformation, "custom")["Upper"] == "BCD"

    cloudformation.delete_stack(StackName="custom")
    assert ended(cloudformation, made["StackId"]) == "DELETE_COMPLETE"


def test_an_answer_over_tls_is_trusted_and_taken(region):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="tls", TemplateBody=template(WITH_TLS), **given("x"))
    assert ended(cloudformation, "tls") == "CREATE_COMPLETE", reasons(cloudformation, "tls")
    assert outputs(cloudformation, "tls")["Upper"] == "TLS"
    cloudformation.delete_stack(StackName="tls")


# A topic is asked; whoever subscribes to it answers.
BY_TOPIC = """
import json
import cfnresponse

def handler(event, context):
    asked = json.loads(event['Records'][0]['Sns']['Message'])
    cfnresponse.send(asked, context, cfnresponse.SUCCESS, {'Upper': 'TOPIC', 'Flag': '', 'Request': ''}, 'by-topic')
"""
TOPIC = """
  Topic: {Type: AWS::SNS::Topic}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Function
      Action: lambda:InvokeFunction
      Principal: sns.amazonaws.com
      SourceArn: !Ref Topic
  Subscription:
    Type: AWS::SNS::Subscription
    DependsOn: Permission
    Properties: {TopicArn: !Ref Topic, Protocol: lambda, Endpoint: !GetAtt Function.Arn}
  Made:
    Type: AWS::CloudFormation::CustomResource
    DependsOn: Subscription
    Version: '1.0'
    Properties: {ServiceToken: !Ref Topic, ServiceTimeout: 25}
Outputs:
  Id: {Value: !Ref Made}
  Upper: {Value: !GetAtt Made.Upper}
"""


def test_a_topics_subscriber_answers(region):
    cloudformation = region.client("cloudformation")
    body = template(BY_TOPIC).replace(RESOURCE, TOPIC)
    made = cloudformation.create_stack(StackName="topic", TemplateBody=body, **given("x"))
    assert ended(cloudformation, "topic") == "CREATE_COMPLETE", reasons(cloudformation, "topic")
    assert outputs(cloudformation, "topic") == {"Id": "by-topic", "Upper": "TOPIC"}
    cloudformation.delete_stack(StackName="topic")
    assert ended(cloudformation, made["StackId"]) == "DELETE_COMPLETE"


def test_a_wait_condition_is_done_when_told_so(region):
    cloudformation = region.client("cloudformation")
    body = """
Resources:
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
  Wait: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: '120'}}
Outputs: {Data: {Value: !GetAtt Wait.Data}}
"""
    cloudformation.create_stack(StackName="waits", TemplateBody=body)

    def handle():
        found = cloudformation.describe_stack_resources(StackName="waits")["StackResources"]
        return [each["PhysicalResourceId"] for each in found
                if each["LogicalResourceId"] == "Handle" and each.get("PhysicalResourceId")]

    url = wait_until(handle, what="the handle")[0].replace("http://holm.internal:4566", f"http://127.0.0.1:{region.port}")
    signal = json.dumps({"Status": "SUCCESS", "UniqueId": "one", "Reason": "done", "Data": "ready"}).encode()
    forged = urllib.request.Request(url[:-1] + ("A" if url[-1] != "A" else "B"), data=signal, method="PUT")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(forged)
    assert settled(cloudformation, "waits") is None
    with urllib.request.urlopen(urllib.request.Request(url, data=signal, method="PUT")) as response:
        assert response.status == 200
    assert ended(cloudformation, "waits") == "CREATE_COMPLETE", reasons(cloudformation, "waits")
    assert json.loads(outputs(cloudformation, "waits")["Data"]) == {"one": "ready"}
    cloudformation.delete_stack(StackName="waits")
