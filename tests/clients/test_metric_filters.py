"""Events that match a metric filter become values in CloudWatch."""
import datetime
import time

import pytest
from conftest import wait_until
from test_metrics import error_of, now
from test_stacks import settled

GROUP = "/shop/web"


@pytest.fixture(scope="module")
def logs(region):
    client = region.client("logs")
    client.create_log_group(logGroupName=GROUP)
    client.create_log_stream(logGroupName=GROUP, logStreamName="one")
    return client


def put(logs, *messages, group=GROUP):
    at = int(time.time() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName="one",
                        logEvents=[{"timestamp": at, "message": message} for message in messages])


def metric_filter(logs, name, pattern, group=GROUP, **transformation):
    logs.put_metric_filter(logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[
        {"metricNamespace": "Shop", "metricName": name, "metricValue": "1", **transformation}])


def measured(region, name, dimensions=(), stats=("Sum", "SampleCount")):
    queries = [{"Id": stat.lower(), "MetricStat": {"Metric": {
        "Namespace": "Shop", "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dict(dimensions).items()]},
        "Period": 60, "Stat": stat}} for stat in stats]
    found = region.client("cloudwatch").get_metric_data(
        StartTime=now() - datetime.timedelta(minutes=10), EndTime=now() + datetime.timedelta(minutes=1),
        MetricDataQueries=queries)["MetricDataResults"]
    return tuple(sum(each["Values"]) for each in found)


def test_events_that_match_are_counted(region, logs):
    metric_filter(logs, "errors", "ERROR -expected", unit="Count")
    metric_filter(logs, "none", "never", defaultValue=0)
    put(logs, "ERROR one", "fine", "ERROR expected", "ERROR two")
    wait_until(lambda: measured(region, "errors") == (2, 2), what="two errors")
    assert measured(region, "none") == (0, 1), "the minute's default"
    groups = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert groups[0]["metricFilterCount"] == 2


def test_values_and_dimensions_are_found_in_json(region, logs):
    metric_filter(logs, "took", '{ $.kind = "request" && $.took >= 10 }', metricValue="$.took",
                  dimensions={"Page": "$.page"}, unit="Milliseconds")
    put(logs, '{"kind": "request", "took": 12.5, "page": "/a"}', '{"kind": "request", "took": 30, "page": "/a"}',
        '{"kind": "request", "took": 40, "page": "/b"}', '{"kind": "request", "took": 5, "page": "/a"}',
        '{"kind": "request", "took": 50}', "no JSON")
    wait_until(lambda: measured(region, "took", {"Page": "/a"}) == (42.5, 2), what="the page's times")
    assert measured(region, "took", {"Page": "/b"}) == (40, 1)
    found = logs.filter_log_events(logGroupName=GROUP, filterPattern="{ $.took > 35 }")["events"]
    assert len(found) == 2


def test_patterns_are_tried_out(logs):
    answer = logs.test_metric_filter(filterPattern="{ $.a.b = x* }", logEventMessages=[
        '{"a": {"b": "xyz"}}', '{"a": 1}', "x"])["matches"]
    assert answer == [{"eventNumber": 1, "eventMessage": '{"a": {"b": "xyz"}}', "extractedValues": {"$.a.b": "xyz"}}]


def test_filters_are_listed_changed_and_deleted(region, logs):
    metric_filter(logs, "listed", "a")
    metric_filter(logs, "listed", "b")
    named = logs.describe_metric_filters(logGroupName=GROUP, filterNamePrefix="lis")["metricFilters"]
    assert [(each["filterName"], each["filterPattern"]) for each in named] == [("listed", "b")]
    by_metric = logs.describe_metric_filters(metricName="listed", metricNamespace="Shop")["metricFilters"]
    assert [each["logGroupName"] for each in by_metric] == [GROUP]
    first = logs.describe_metric_filters(limit=1)
    rest = logs.describe_metric_filters(nextToken=first["nextToken"])["metricFilters"]
    assert first["metricFilters"][0]["filterName"] not in [each["filterName"] for each in rest]
    logs.delete_metric_filter(logGroupName=GROUP, filterName="listed")
    assert error_of(logs.delete_metric_filter, logGroupName=GROUP, filterName="listed") == "ResourceNotFoundException"

    def refused(pattern="a", **transformation):
        return error_of(lambda: metric_filter(logs, "wrong", pattern, **transformation))

    assert refused(metricValue="$.a") == "InvalidParameterException", "a selector needs a pattern on JSON"
    assert refused(metricValue="x") == "InvalidParameterException"
    assert refused("{ $.a = 1 }", dimensions={"A": "$.a"}, defaultValue=0) == "InvalidParameterException"
    assert refused("{ $.a = ") == "InvalidParameterException"
    assert refused("[ip, user]") == "NotImplemented"
    assert refused(metricNamespace="AWS/Shop") == "InvalidParameterException"


TEMPLATE = """
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /stack/web}}
  Filter:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: %s
      MetricTransformations: [{MetricNamespace: Stack, MetricName: errors, MetricValue: "1", DefaultValue: 0}]
"""


def test_a_stack_has_metric_filters(region, logs):
    stacks = region.client("cloudformation")
    stacks.create_stack(StackName="filters", TemplateBody=TEMPLATE % "ERROR")
    assert wait_until(lambda: settled(stacks, "filters"), what="the stack") == "CREATE_COMPLETE"
    listed = lambda: logs.describe_metric_filters(logGroupName="/stack/web")["metricFilters"]
    assert [each["filterPattern"] for each in listed()] == ["ERROR"]
    stacks.update_stack(StackName="filters", TemplateBody=TEMPLATE % "WARNING")
    assert wait_until(lambda: settled(stacks, "filters"), what="the update") == "UPDATE_COMPLETE"
    assert [each["filterPattern"] for each in listed()] == ["WARNING"]
    stacks.delete_stack(StackName="filters")
    stacks.get_waiter("stack_delete_complete").wait(StackName="filters", WaiterConfig={"Delay": 1})
    assert logs.describe_metric_filters(metricName="errors", metricNamespace="Stack")["metricFilters"] == []
