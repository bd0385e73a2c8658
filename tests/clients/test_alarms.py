"""Alarms follow what was measured, on time, and have done what they are told."""
import datetime
import json

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from test_metrics import error_of, now, package
from test_stacks import settled

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                                 "Action": "sts:AssumeRole"}]}


@pytest.fixture(scope="module")
def cloudwatch(region):
    return region.client("cloudwatch")


def alarm(name, **more):
    return {"AlarmName": name, "Namespace": "Alarms", "MetricName": name, "Statistic": "Sum", "Period": 10,
            "EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", **more}


def state_of(cloudwatch, name):
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


def measure(cloudwatch, name, value):
    """In every second of this period and the next ones: some period will have ended soon."""
    cloudwatch.put_metric_data(Namespace="Alarms", MetricData=[
        {"MetricName": name, "Value": value, "StorageResolution": 1,
         "Timestamp": now() + datetime.timedelta(seconds=i)} for i in range(-10, 60)])


@pytest.fixture(scope="module")
def function(region):
    """Writes what it is told into its log."""
    role = region.client("iam").create_role(RoleName="alarmed", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    functions = region.client("lambda")
    made = functions.create_function(
        FunctionName="alarmed", Runtime="python3.11", Role=role, Handler="index.handler",
        Code={"ZipFile": package("import json\ndef handler(event, context):\n    print(json.dumps(event))\n")})
    functions.get_waiter("function_active_v2").wait(FunctionName="alarmed")
    functions.add_permission(FunctionName="alarmed", StatementId="alarms", Action="lambda:InvokeFunction",
                             Principal="lambda.alarms.cloudwatch.amazonaws.com",
                             SourceArn=f"arn:aws:cloudwatch:us-east-1:{made['FunctionArn'].split(':')[4]}:alarm:loud")
    return made["FunctionArn"]


def test_an_alarm_invokes_a_function_once(region, cloudwatch, function):
    cloudwatch.put_metric_alarm(**alarm("loud", AlarmActions=[function], AlarmDescription="too many"))
    assert state_of(cloudwatch, "loud") == "INSUFFICIENT_DATA"
    measure(cloudwatch, "loud", 1)
    wait_until(lambda: state_of(cloudwatch, "loud") == "ALARM", what="the alarm")

    def messages():
        try:
            events = region.client("logs").filter_log_events(logGroupName="/aws/lambda/alarmed")["events"]
        except ClientError:
            return []
        return [json.loads(event["message"]) for event in events if event["message"].startswith("{")]

    told = wait_until(messages, what="the function's invocation")
    assert len(told) == 1
    data = told[0]["alarmData"]
    assert (data["alarmName"], data["state"]["value"], data["previousState"]["value"]) == \
        ("loud", "ALARM", "INSUFFICIENT_DATA")
    assert data["configuration"]["description"] == "too many"
    assert "greater than the threshold (5.0)" in data["state"]["reason"]
    history = wait_until(lambda: cloudwatch.describe_alarm_history(
        AlarmName="loud", HistoryItemType="Action")["AlarmHistoryItems"], what="the action's history")
    assert history[0]["HistorySummary"] == f"Successfully executed action {function}"


def test_who_was_not_permitted_is_in_the_history(cloudwatch, function):
    cloudwatch.put_metric_alarm(**alarm("stranger", AlarmActions=[function]))
    cloudwatch.set_alarm_state(AlarmName="stranger", StateValue="ALARM", StateReason="to try")
    history = wait_until(lambda: cloudwatch.describe_alarm_history(
        AlarmName="stranger", HistoryItemType="Action")["AlarmHistoryItems"], what="the action's history")
    assert history[0]["HistorySummary"].startswith(f"Failed to execute action {function}. Received error: \"AccessDenied")


def test_alarms_are_evaluated_after_the_daemon_died(region):
    cloudwatch = region.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("patient"))
    region.kill()
    region.start()
    cloudwatch = region.client("cloudwatch")
    measure(cloudwatch, "patient", 9)
    wait_until(lambda: state_of(cloudwatch, "patient") == "ALARM", what="the alarm")
    cloudwatch.delete_alarms(AlarmNames=["patient"])


def test_finding_alarms(cloudwatch):
    names = [f"page-{i}" for i in range(5)]
    for name in names:
        cloudwatch.put_metric_alarm(**alarm(name, MetricName="Paged", Period=60,
                                            Dimensions=[{"Name": "Kind", "Value": name[-1]}]))
    pages = list(cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="page-", PaginationConfig={"PageSize": 2}))
    assert [[each["AlarmName"] for each in page["MetricAlarms"]] for page in pages] == \
        [names[:2], names[2:4], names[4:]]
    found = cloudwatch.describe_alarms_for_metric(Namespace="Alarms", MetricName="Paged",
                                                  Dimensions=[{"Name": "Kind", "Value": "3"}])["MetricAlarms"]
    assert [each["AlarmName"] for each in found] == ["page-3"]
    assert cloudwatch.describe_alarms(AlarmNamePrefix="page-", StateValue="ALARM")["MetricAlarms"] == []
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["MetricAlarms"] == []
    arn = found[0]["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "a"}])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []
    cloudwatch.delete_alarms(AlarmNames=names)
    assert cloudwatch.describe_alarms(AlarmNamePrefix="page-")["MetricAlarms"] == []
    history = list(cloudwatch.get_paginator("describe_alarm_history").paginate(
        AlarmName="page-3", ScanBy="TimestampAscending", PaginationConfig={"PageSize": 1}))
    assert [item["HistorySummary"] for page in history for item in page["AlarmHistoryItems"]] == \
        ['Alarm "page-3" created', 'Alarm "page-3" deleted']


def test_what_is_not_built_is_refused_by_name(cloudwatch):
    topic = "arn:aws:swf:us-east-1:123456789012:action/actions/AWS_EC2.InstanceId.Stop/1.0"
    with pytest.raises(ClientError) as refused:
        cloudwatch.put_metric_alarm(**alarm("told", AlarmActions=[topic]))
    assert refused.value.response["Error"]["Code"] == "NotImplemented" and topic in str(refused.value)
    assert error_of(cloudwatch.put_metric_alarm, **alarm("told", AlarmActions=["nonsense"])) == "ValidationError"
    assert error_of(cloudwatch.put_metric_alarm, **alarm("told", Period=15)) == "ValidationError"
    assert error_of(cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x") == "ResourceNotFound"


def test_an_instance_is_terminated_by_its_alarm(region, cloudwatch):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameters_by_path(
        Path="/aws/service/ami-amazon-linux-latest")["Parameters"][0]["Value"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    cloudwatch.put_metric_alarm(**alarm("deadly", Dimensions=[{"Name": "InstanceId", "Value": made}],
                                        AlarmActions=["arn:aws:automate:us-east-1:ec2:terminate"]))
    cloudwatch.set_alarm_state(AlarmName="deadly", StateValue="ALARM", StateReason="to try")
    wait_until(lambda: ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]["State"]["Name"]
               == "terminated", what="the instance's end")


# A program of each boot, which counts on the disk how often there was one.
BOOTS = """#!/bin/sh
mkdir -p /var/lib/cloud/scripts/per-boot
cat > /var/lib/cloud/scripts/per-boot/count <<'END'
#!/bin/sh
echo boot >> /root/boots
echo "boot $(wc -l < /root/boots)"
END
chmod 755 /var/lib/cloud/scripts/per-boot/count
/var/lib/cloud/scripts/per-boot/count
"""


def test_an_instance_is_recovered_with_its_disk_and_address(region, cloudwatch):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameters_by_path(
        Path="/aws/service/ami-amazon-linux-latest")["Parameters"][0]["Value"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData=BOOTS)["Instances"][0]
    log = region.data / "logs" / "instances" / f"{made['InstanceId']}.log"
    wait_until(lambda: log.exists() and "boot 1" in log.read_text(), what="the first boot")
    cloudwatch.put_metric_alarm(**alarm("saving", Namespace="AWS/EC2", MetricName="StatusCheckFailed_System",
                                        Dimensions=[{"Name": "InstanceId", "Value": made["InstanceId"]}],
                                        AlarmActions=["arn:aws:automate:us-east-1:ec2:recover"]))
    cloudwatch.set_alarm_state(AlarmName="saving", StateValue="ALARM", StateReason="to try")
    wait_until(lambda: "boot 2" in log.read_text(), what="the second boot, on the same disk")

    def found():
        return ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]["Instances"][0]

    wait_until(lambda: found()["State"]["Name"] == "running", what="the instance runs again")
    assert found()["PrivateIpAddress"] == made["PrivateIpAddress"]
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])


def template(threshold, **more):
    return json.dumps({
        "Resources": {
            "High": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
                "Namespace": "Stack", "MetricName": "Load", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 2,
                "Threshold": threshold, "ComparisonOperator": "GreaterThanThreshold",
                "Dimensions": [{"Name": "Kind", "Value": "a"}], "Tags": [{"Key": "team", "Value": "a"}], **more}},
            "Share": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
                "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "LessThanThreshold",
                "TreatMissingData": "breaching", "Metrics": [
                    {"Id": "share", "Expression": "100 * errors / calls"},
                    *({"Id": name, "ReturnData": False, "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {
                        "Namespace": "Stack", "MetricName": name}}} for name in ("errors", "calls"))]}}},
        "Outputs": {"High": {"Value": {"Ref": "High"}}, "Arn": {"Value": {"Fn::GetAtt": ["High", "Arn"]}},
                    "Share": {"Value": {"Ref": "Share"}}}})


def test_stacks_have_alarms(region, cloudwatch):
    cloudformation = region.client("cloudformation")

    def status_after(verb, wanted, body):
        verb(StackName="alarms", TemplateBody=body)
        assert wait_until(lambda: settled(cloudformation, "alarms"), what=wanted) == wanted
        stack = cloudformation.describe_stacks(StackName="alarms")["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    made = status_after(cloudformation.create_stack, "CREATE_COMPLETE", template(80))
    assert made["Arn"].endswith(":alarm:" + made["High"])
    found = cloudwatch.describe_alarms(AlarmNames=[made["High"]])["MetricAlarms"][0]
    assert (found["Threshold"], found["Dimensions"]) == (80, [{"Name": "Kind", "Value": "a"}])
    wait_until(lambda: state_of(cloudwatch, made["Share"]) == "ALARM", what="the alarm that treats nothing as breaching")

    changed = status_after(cloudformation.update_stack, "UPDATE_COMPLETE", template(90, Tags=[]))
    assert changed == made
    assert cloudwatch.describe_alarms(AlarmNames=[made["High"]])["MetricAlarms"][0]["Threshold"] == 90
    tags = cloudwatch.list_tags_for_resource(ResourceARN=made["Arn"])["Tags"]
    assert "team" not in {tag["Key"] for tag in tags} and "aws:cloudformation:stack-name" in {tag["Key"] for tag in tags}
    replaced = status_after(cloudformation.update_stack, "UPDATE_COMPLETE", template(90, AlarmName="by-name"))
    assert replaced["High"] == "by-name"
    assert cloudwatch.describe_alarms(AlarmNames=[made["High"]])["MetricAlarms"] == []

    stack = cloudformation.describe_stacks(StackName="alarms")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName="alarms")
    wait_until(lambda: settled(cloudformation, stack) == "DELETE_COMPLETE", what="the end of the stack")
    assert cloudwatch.describe_alarms(AlarmNames=["by-name", made["Share"]])["MetricAlarms"] == []
