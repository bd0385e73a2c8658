"""What is put into CloudWatch is what comes out; what the region measures is what happened."""
import datetime
import gzip
import http.client
import io
import json
import subprocess
import urllib.parse
import xml.etree.ElementTree
import zipfile

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

UTC = datetime.timezone.utc


def now():
    return datetime.datetime.now(UTC).replace(microsecond=0)


def error_of(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def statistics(cloudwatch, name, seconds=600, period=60, **more):
    request = {"Namespace": "Shop", "MetricName": name, "Period": period,
               "StartTime": now() - datetime.timedelta(seconds=seconds),
               "EndTime": now() + datetime.timedelta(seconds=60),
               "Statistics": ["SampleCount", "Average", "Sum", "Minimum", "Maximum"], **more}
    return sorted(cloudwatch.get_metric_statistics(**request)["Datapoints"], key=lambda point: point["Timestamp"])


@pytest.fixture(scope="module")
def cloudwatch(region):
    return region.client("cloudwatch")


def test_values_statistics_and_distributions_add_up(cloudwatch):
    minute = now().replace(second=0) - datetime.timedelta(minutes=3)
    dimensions = [{"Name": "Kind", "Value": "book"}]
    common = {"MetricName": "Orders", "Dimensions": dimensions, "Timestamp": minute, "Unit": "Count"}
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
        {**common, "Value": 4}, {**common, "Values": [1, 2, 3], "Counts": [1, 1, 2]}])
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
        {**common, "Timestamp": minute + datetime.timedelta(seconds=59), "Value": 10},
        {**common, "Timestamp": minute + datetime.timedelta(seconds=60), "StatisticValues": {
            "SampleCount": 5, "Sum": 20, "Minimum": 1, "Maximum": 9}}])
    first, second = statistics(cloudwatch, "Orders", Dimensions=dimensions)
    assert first.pop("Timestamp") == minute
    assert first == {"SampleCount": 6, "Sum": 23, "Average": 23 / 6, "Minimum": 1, "Maximum": 10, "Unit": "Count"}
    assert second["Average"] == 4
    whole = statistics(cloudwatch, "Orders", period=600, Dimensions=dimensions)
    assert sum(point["SampleCount"] for point in whole) == 11

    extended = statistics(cloudwatch, "Orders", Dimensions=dimensions, Statistics=[],
                          ExtendedStatistics=["p50", "p100", "TM(2:4)", "PR(:3)"])
    assert [point["ExtendedStatistics"] for point in extended] == \
        [{"p50": 3, "p100": 10, "TM(2:4)": 3, "PR(:3)": pytest.approx(400 / 6)}], "of statistics handed in nothing is known"
    assert statistics(cloudwatch, "Orders") == [], "without dimensions it is another metric"


def test_protocols_old_and_new(region):
    """boto3 speaks CBOR; older clients JSON and forms, the latter compressed as well."""
    def send(body, headers):
        keys = Credentials(region.environment["AWS_ACCESS_KEY_ID"], region.environment["AWS_SECRET_ACCESS_KEY"])
        request = AWSRequest("POST", f"http://127.0.0.1:{region.port}/", data=body, headers=headers)
        SigV4Auth(keys, "monitoring", "us-east-1").add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=30)
        connection.request("POST", "/", body, dict(request.headers))
        response = connection.getresponse()
        return response.status, response.read().decode()

    form = urllib.parse.urlencode({"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "Shop",
                                   "MetricData.member.1.MetricName": "Old", "MetricData.member.1.Value": "7"})
    form_type = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert send(form, form_type)[0] == 200
    assert send(gzip.compress(form.encode()), {**form_type, "Content-Encoding": "gzip"})[0] == 200
    document = json.dumps({"Namespace": "Shop", "MetricData": [{"MetricName": "Old", "Value": 7}]})
    json_type = {"Content-Type": "application/x-amz-json-1.0",
                 "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"}
    assert send(document, json_type)[0] == 200
    assert send(gzip.compress(document.encode()), {**json_type, "Content-Encoding": "gzip"})[0] == 200
    status, told = send(b"no gzip at all", {**json_type, "Content-Encoding": "gzip"})
    assert status == 400 and "gzip" in told
    _, listed = send(urllib.parse.urlencode({"Action": "ListMetrics", "Version": "2010-08-01", "Namespace": "Shop",
                                          "MetricName": "Old"}), form_type)
    assert "<ListMetricsResult><Metrics><member>" in listed.replace("\n", "")
    assert sum(point["Sum"] for point in statistics(region.client("cloudwatch"), "Old")) == 28


def test_much_is_compressed_by_clients(cloudwatch):
    data = [{"MetricName": "Many", "Dimensions": [{"Name": "Number", "Value": str(i)}], "Value": i} for i in range(1000)]
    cloudwatch.put_metric_data(Namespace="Large", MetricData=data)
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace="Large"))
    assert [len(page["Metrics"]) for page in pages] == [500, 500]
    names = {metric["Dimensions"][0]["Value"] for page in pages for metric in page["Metrics"]}
    assert len(names) == 1000
    only = cloudwatch.list_metrics(Namespace="Large", Dimensions=[{"Name": "Number", "Value": "17"}])["Metrics"]
    assert [metric["Dimensions"][0]["Value"] for metric in only] == ["17"]
    assert cloudwatch.list_metrics(Namespace="Nothing", RecentlyActive="PT3H")["Metrics"] == []


def test_queries_and_expressions(cloudwatch):
    start = now().replace(second=0) - datetime.timedelta(minutes=5)
    for name, values in (("a", [1, 2, 3, 4]), ("b", [10, 20, None, 40])):
        cloudwatch.put_metric_data(Namespace="Math", MetricData=[
            {"MetricName": name, "Value": value, "Timestamp": start + datetime.timedelta(minutes=i)}
            for i, value in enumerate(values) if value is not None])

    def metric(name, stat="Sum", **more):
        return {"Id": name, "MetricStat": {"Metric": {"Namespace": "Math", "MetricName": name}, "Period": 60,
                                           "Stat": stat}, **more}

    def ask(*queries, **more):
        return cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=start,
                                          EndTime=start + datetime.timedelta(minutes=4), **more)

    answer = ask(metric("a"), metric("b", ReturnData=False), {"Id": "sum", "Expression": "SUM(METRICS())"},
                 {"Id": "rate", "Expression": "100 * a / FILL(b, REPEAT)", "Label": "Rate"},
                 ScanBy="TimestampAscending")["MetricDataResults"]
    assert [(each["Id"], each["Label"], each["Values"]) for each in answer] == [
        ("a", "a", [1, 2, 3, 4]), ("sum", "sum", [11, 22, 3, 44]), ("rate", "Rate", [10, 10, 15, 10])]
    assert answer[0]["Timestamps"] == [start + datetime.timedelta(minutes=i) for i in range(4)]
    assert ask(metric("a"))["MetricDataResults"][0]["Values"] == [4, 3, 2, 1]

    pages, token = [], {}
    while True:
        page = ask(metric("a"), metric("b"), MaxDatapoints=3, ScanBy="TimestampAscending", **token)
        pages.append([(each["Id"], each["Values"], each["StatusCode"]) for each in page["MetricDataResults"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [[("a", [1, 2, 3], "PartialData")], [("a", [4], "Complete"), ("b", [10, 20], "PartialData")],
                     [("b", [40], "Complete")]]

    for wrong in ({"Id": "x", "Expression": "a +"}, {"Id": "x", "Expression": "nothing"},
                  {"Id": "x", "Expression": "x + 1"}, {"Id": "x", "Expression": "SUM(a)"}, {"Id": "X", "Expression": "a"}):
        assert error_of(ask_for_error(cloudwatch, start), queries=[metric("a"), wrong]) == "ValidationError", wrong
    assert error_of(ask_for_error(cloudwatch, start),
                    queries=[{"Id": "x", "Expression": "SEARCH('{Math}', 'Sum', 60)"}]) == "NotImplemented"


def ask_for_error(cloudwatch, start):
    return lambda queries: cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=now())


def test_seconds_are_kept_when_they_are_asked_for(cloudwatch):
    second = now() - datetime.timedelta(seconds=20)
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
        {"MetricName": "Fine", "Value": i, "StorageResolution": 1, "Timestamp": second + datetime.timedelta(seconds=i)}
        for i in range(3)])
    assert [point["Sum"] for point in statistics(cloudwatch, "Fine", seconds=60, period=1)] == [0, 1, 2]
    assert sum(point["Sum"] for point in statistics(cloudwatch, "Fine")) == 3


def test_what_cannot_be_is_refused(cloudwatch):
    datum = {"MetricName": "x", "Value": 1}

    def refused(**change):
        return error_of(cloudwatch.put_metric_data, Namespace="Shop", MetricData=[{**datum, **change}])

    assert refused(Value=float("nan")) == "InvalidParameterValue"
    assert refused(Value=2.0 ** 361) == "InvalidParameterValue"
    assert refused(Values=[1]) == "InvalidParameterCombination"
    assert error_of(cloudwatch.put_metric_data, Namespace="Shop", MetricData=[{"MetricName": "x"}]) == "MissingParameter"
    assert refused(Timestamp=now() - datetime.timedelta(days=15)) == "InvalidParameterValue"
    assert refused(Timestamp=now() + datetime.timedelta(hours=3)) == "InvalidParameterValue"
    assert refused(StorageResolution=30) == "InvalidParameterValue"
    assert refused(Dimensions=[{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]) == "InvalidParameterValue"
    assert refused(MetricName="caf\u00e9") == "InvalidParameterValue"
    assert error_of(cloudwatch.put_metric_data, Namespace="AWS/EC2", MetricData=[datum]) == "InvalidParameterValue"
    assert error_of(cloudwatch.put_metric_data, Namespace="Shop", MetricData=[datum] * 1001) == "InvalidParameterValue"
    asked = {"Namespace": "Shop", "MetricName": "x", "StartTime": now() - datetime.timedelta(hours=2), "EndTime": now(),
             "Period": 60, "Statistics": ["Sum"]}
    assert error_of(cloudwatch.get_metric_statistics, **{**asked, "Period": 1}) == "InvalidParameterCombination"
    assert error_of(cloudwatch.get_metric_statistics, **{**asked, "Period": 90}) == "InvalidParameterValue"
    assert error_of(cloudwatch.get_metric_statistics, **{**asked, "Statistics": []}) == "MissingParameter"
    assert error_of(cloudwatch.get_metric_statistics, **{**asked, "ExtendedStatistics": ["p101"]}) == "InvalidParameterValue"
    assert error_of(cloudwatch.get_metric_statistics, **{**asked, "EndTime": asked["StartTime"]}) == \
        "InvalidParameterValue"
    with pytest.raises(ClientError) as unbuilt:
        cloudwatch.put_dashboard(DashboardName="x", DashboardBody="{}")
    assert "PutDashboard" in str(unbuilt.value)


def test_what_was_acknowledged_survives(region):
    cloudwatch = region.client("cloudwatch")
    for i in range(5):
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Kept", "Value": i}])
        region.kill()
        region.start()
        cloudwatch = region.client("cloudwatch")
    assert sum(point["SampleCount"] for point in statistics(cloudwatch, "Kept")) == 5


def test_metrics_belong_to_their_region(region):
    region.client("cloudwatch").put_metric_data(Namespace="Place", MetricData=[{"MetricName": "x", "Value": 1}])
    assert region.client("cloudwatch", region_name="eu-west-1").list_metrics(Namespace="Place")["Metrics"] == []


def test_the_cli_reads_metrics(region):
    region.aws("cloudwatch", "put-metric-data", "--namespace", "Cli", "--metric-name", "x", "--value", "3",
               "--dimensions", "Kind=a,Place=b")
    told = region.aws("cloudwatch", "get-metric-statistics", "--namespace", "Cli", "--metric-name", "x",
                      "--dimensions", "Name=Place,Value=b", "Name=Kind,Value=a", "--period", "60", "--statistics", "Sum",
                      "--start-time", (now() - datetime.timedelta(minutes=5)).isoformat(),
                      "--end-time", (now() + datetime.timedelta(minutes=1)).isoformat())
    assert [point["Sum"] for point in json.loads(told.stdout)["Datapoints"]] == [3]


def package(code):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("index.py", code)
    return archive.getvalue()


def test_functions_are_measured(region):
    iam, functions, cloudwatch = region.client("iam"), region.client("lambda"), region.client("cloudwatch")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
                                                     "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="measured", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions.create_function(FunctionName="measured", Runtime="python3.11", Role=role, Handler="index.handler",
                              Code={"ZipFile": package("def handler(event, context):\n    return 1 / event\n")})
    functions.get_waiter("function_active_v2").wait(FunctionName="measured")
    for event in (1, 2, 0):
        functions.invoke(FunctionName="measured", Payload=json.dumps(event))

    def sums():
        found = cloudwatch.get_metric_data(
            StartTime=now() - datetime.timedelta(minutes=5), EndTime=now() + datetime.timedelta(minutes=1),
            MetricDataQueries=[{"Id": name.lower(), "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": name,
                           "Dimensions": [{"Name": "FunctionName", "Value": "measured"}]},
                "Period": 60, "Stat": stat}} for name, stat in (
                    ("Invocations", "Sum"), ("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "SampleCount"))])
        return {each["Id"]: sum(each["Values"]) for each in found["MetricDataResults"]}

    assert sums() == {"invocations": 3, "errors": 1, "throttles": 0, "duration": 3}
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Invocations")["Metrics"]
    assert sorted(sorted(each["Name"] for each in metric["Dimensions"]) for metric in listed) == \
        [[], ["FunctionName"], ["FunctionName", "Resource"]]


SITE = {"start": "-PT1H", "widgets": [
    {"type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": {
        "region": "us-east-1", "title": "Books & more", "stat": "Sum", "period": 60,
        "metrics": [["Shop", "Sold", "Kind", "book", {"id": "m1"}], ["...", "map"],
                    [{"expression": "m1 * 2", "label": "twice"}]],
        "annotations": {"horizontal": [{"value": 5, "label": "enough"}]}}},
    {"type": "alarm", "x": 12, "y": 0, "width": 6, "height": 6, "properties": {"alarms": []}}]}


def test_a_dashboard_is_kept_and_drawn(region, cloudwatch):
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[
        {"MetricName": "Sold", "Dimensions": [{"Name": "Kind", "Value": kind}], "Value": value,
         "Timestamp": now() - datetime.timedelta(minutes=minute)}
        for kind in ("book", "map") for minute, value in enumerate((3, 8, 5), start=2)])
    cloudwatch.put_metric_alarm(AlarmName="sold", Namespace="Shop", MetricName="Sold", Statistic="Sum", Period=60,
                                EvaluationPeriods=1, Threshold=1e6, ComparisonOperator="GreaterThanThreshold")
    alarm = cloudwatch.describe_alarms(AlarmNames=["sold"])["MetricAlarms"][0]["AlarmArn"]
    SITE["widgets"][1]["properties"]["alarms"] = [alarm]
    cloudwatch.put_dashboard(DashboardName="site", DashboardBody=json.dumps(SITE))
    assert json.loads(cloudwatch.get_dashboard(DashboardName="site")["DashboardBody"]) == SITE
    entry, = cloudwatch.list_dashboards()["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == ("site", len(json.dumps(SITE)))

    drawn = subprocess.run(region.command("status", "--graph"), capture_output=True, text=True, timeout=60)
    assert drawn.returncode == 0, drawn.stderr
    picture = xml.etree.ElementTree.fromstring(drawn.stdout)
    texts = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    for told in ("Books & more", "Sold book", "Sold map", "twice", "enough", "sold"):
        assert told in texts, texts
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) >= 3

    with pytest.raises(ClientError) as refused:
        cloudwatch.put_dashboard(DashboardName="site", DashboardBody='{"widgets": [{"type": "metric"}]}')
    assert refused.value.response["Error"]["Code"] == "InvalidParameterInput"
    assert "/widgets/0" in refused.value.response["Error"]["Message"]
    cloudwatch.delete_dashboards(DashboardNames=["site"])
    assert error_of(cloudwatch.get_dashboard, DashboardName="site") == "ResourceNotFound"
    gone = subprocess.run(region.command("status", "--graph", "site"), capture_output=True, text=True, timeout=60)
    assert gone.returncode == 1 and "site does not exist" in gone.stderr
