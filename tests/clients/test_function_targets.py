"""Functions as targets of a load balancer: what they are told, what their answers become, who may be one."""
import base64
import http.client
import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import Web, ask

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
# Answers what the path asks for; else says what it was told.
CODE = """
import base64, json, time

ANSWERS = {
    "/page": {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>hi", "isBase64Encoded": False},
    "/picture": {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "isBase64Encoded": True,
                 "body": base64.b64encode(bytes(range(256))).decode()},
    "/gone": {"statusCode": 410, "statusDescription": "410 Gone"},
    "/several": {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}},
    "/text": "just text",
    "/nothing": None,
    "/number": {"statusCode": 200, "headers": {"X-Number": 7}},
    "/large": {"statusCode": 200, "body": "x" * (1 << 20)},
    "/nearly": {"statusCode": 200, "body": "x" * ((1 << 20) - 100)},
}

def handler(event, context):
    path = event["path"]
    if path == "/fails":
        raise ValueError("on purpose")
    if path == "/slow":
        time.sleep(60)
    if path in ANSWERS:
        return ANSWERS[path]
    if event.get("headers", {}).get("user-agent") == "ELB-HealthChecker/2.0":
        return {"statusCode": 200, "body": "well"}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}
"""
ACTIONS = {"Principal": "elasticloadbalancing.amazonaws.com", "Action": "lambda:InvokeFunction"}


def package(code):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("index.py", code)
    return archive.getvalue()


class Shop(Web):
    def __init__(self, region):
        super().__init__(region, 89)
        self.functions = region.client("lambda")
        role = region.client("iam").create_role(RoleName="shop", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.arn = self.functions.create_function(
            FunctionName="shop", Runtime="python3.11", Role=role["Role"]["Arn"], Handler="index.handler", Timeout=2,
            Code={"ZipFile": package(CODE)})["FunctionArn"]
        self.functions.get_waiter("function_active_v2").wait(FunctionName="shop")
        self.balancer, self.name = self.load_balancer("functions")
        self.group = self.elb.create_target_group(Name="functions", TargetType="lambda")["TargetGroups"][0]
        self.group_arn = self.group["TargetGroupArn"]

    def register(self):
        self.elb.register_targets(TargetGroupArn=self.group_arn, Targets=[{"Id": self.arn}])

    def ask(self, path="/", **options):
        return ask(self.region, self.name, path, timeout=30, **options)

    def send(self, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.region.edge_port, timeout=30)
        connection.request("POST", "/post", body, {"Host": self.name, **headers})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def set_several(self, on):
        self.elb.modify_target_group_attributes(TargetGroupArn=self.group_arn, Attributes=[
            {"Key": "lambda.multi_value_headers.enabled", "Value": on}])


@pytest.fixture(scope="module")
def shop(region):
    made = Shop(region)
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.elb.delete_target_group(TargetGroupArn=made.group_arn)
    made.functions.delete_function(FunctionName="shop")


def test_a_group_of_functions_has_no_port(shop):
    assert shop.group["TargetType"] == "lambda" and shop.group["HealthCheckEnabled"] is False
    assert (shop.group["HealthCheckIntervalSeconds"], shop.group["HealthCheckTimeoutSeconds"]) == (35, 30)
    assert not {"Protocol", "Port", "VpcId", "HealthCheckPort"} & shop.group.keys()
    for more in {"Port": 80}, {"Protocol": "HTTP"}, {"VpcId": shop.vpc}:
        with pytest.raises(ClientError, match="ValidationError"):
            shop.elb.create_target_group(Name="wrong", TargetType="lambda", **more)
    attributes = shop.elb.describe_target_group_attributes(TargetGroupArn=shop.group_arn)["Attributes"]
    assert {"Key": "lambda.multi_value_headers.enabled", "Value": "false"} in attributes
    with pytest.raises(ClientError, match="InvalidConfigurationRequest"):
        shop.elb.modify_target_group_attributes(TargetGroupArn=shop.group_arn, Attributes=[
            {"Key": "slow_start.duration_seconds", "Value": "30"}])


def test_a_function_lets_itself_be_registered(shop):
    with pytest.raises(ClientError, match="InvalidTarget"):
        shop.elb.register_targets(TargetGroupArn=shop.group_arn, Targets=[{"Id": "10.0.0.1"}])
    with pytest.raises(ClientError, match="AccessDenied.*does not have permission to invoke"):
        shop.register()
    shop.functions.add_permission(FunctionName="shop", StatementId="other", SourceArn=shop.group_arn + "0", **ACTIONS)
    with pytest.raises(ClientError, match="AccessDenied"):
        shop.register()
    shop.functions.add_permission(FunctionName="shop", StatementId="elb", SourceArn=shop.group_arn, **ACTIONS)
    shop.register()
    with pytest.raises(ClientError, match="TooManyTargets"):
        shop.elb.register_targets(TargetGroupArn=shop.group_arn, Targets=[{"Id": shop.arn + "-other"}])
    shop.listener(shop.balancer, {"Type": "forward", "TargetGroupArn": shop.group_arn})
    wait_until(lambda: shop.ask("/page").status == 200, what="the load balancer")
    described = shop.elb.describe_target_health(TargetGroupArn=shop.group_arn)["TargetHealthDescriptions"]
    assert described == [{"Target": {"Id": shop.arn}, "TargetHealth": {
        "State": "unavailable", "Reason": "Target.HealthCheckDisabled",
        "Description": "Health checks are not enabled for this target"}}]


def test_it_is_told_of_the_request(shop):
    event = shop.ask("/a%20b?x=1&x=2&y", headers={"X-Colour": "red"}).json()
    assert event["requestContext"] == {"elb": {"targetGroupArn": shop.group_arn}}
    assert (event["httpMethod"], event["path"], event["queryStringParameters"]) == ("GET", "/a%20b", {"x": "2", "y": ""})
    headers = event["headers"]
    assert headers["host"] == shop.name and headers["x-colour"] == "red"
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"], headers["x-forwarded-port"]) == \
        ("127.0.0.1", "http", "80")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    assert (event["body"], event["isBase64Encoded"]) == ("", False)


def test_bodies_are_text_or_base64_and_no_larger_than_a_mebibyte(shop):
    status, text = shop.send('{"a": "ä"}'.encode(), {"Content-Type": "application/json"})
    event = json.loads(text)
    assert (status, event["body"], event["isBase64Encoded"]) == (200, '{"a": "ä"}', False)
    event = json.loads(shop.send(b"\0\xff", {"Content-Type": "application/octet-stream"})[1])
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\0\xff", True)
    # Both ways: the event that comes back holds it.
    assert shop.send(b"x" * (1 << 19), {"Content-Type": "text/plain"})[0] == 200
    assert shop.send(b"x" * ((1 << 20) + 1), {"Content-Type": "text/plain"})[0] == 413


def test_answers_become_responses(shop):
    page = shop.ask("/page")
    assert (page.status, page.text, page.headers["Content-Type"]) == (200, "<p>hi", "text/html")
    connection = http.client.HTTPConnection("127.0.0.1", shop.region.edge_port, timeout=30)
    connection.request("GET", "/picture", headers={"Host": shop.name})
    assert connection.getresponse().read() == bytes(range(256))
    connection.close()
    assert shop.ask("/gone").status == 410
    assert len(shop.ask("/nearly").text) == (1 << 20) - 100


@pytest.mark.parametrize("path", ["/text", "/nothing", "/number", "/large", "/fails", "/slow"])
def test_what_is_no_answer_is_a_bad_gateway(shop, path):
    assert shop.ask(path).status == 502


def test_several_headers_of_one_name(shop):
    shop.set_several("true")
    event = wait_until(lambda: (lambda got: "multiValueHeaders" in got and got)(shop.ask("/?x=1&x=2").json()),
                       what="the attribute")
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]} and "headers" not in event
    assert shop.ask("/several").headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    shop.set_several("false")
    wait_until(lambda: "headers" in shop.ask("/").json(), what="the attribute")


def test_upgrades_are_refused(shop):
    assert shop.ask("/", headers={"Connection": "Upgrade", "Upgrade": "websocket"}).status == 400


def test_health_is_checked_where_that_is_wanted(shop):
    def check(path):
        shop.elb.modify_target_group(TargetGroupArn=shop.group_arn, HealthCheckEnabled=True, HealthCheckPath=path,
                                     HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2,
                                     UnhealthyThresholdCount=2, HealthyThresholdCount=2)

    check("/well")
    wait_until(lambda: shop.health(shop.group_arn)[shop.arn] == ("healthy", ""), what="a well function")
    check("/gone")
    wait_until(lambda: shop.health(shop.group_arn)[shop.arn] == ("unhealthy", "Target.ResponseCodeMismatch"),
               what="an unwell function")
    shop.elb.modify_target_group(TargetGroupArn=shop.group_arn, HealthCheckEnabled=False)
    assert shop.health(shop.group_arn)[shop.arn] == ("unavailable", "Target.HealthCheckDisabled")


def test_the_reason_is_in_the_access_log(shop):
    s3 = shop.region.client("s3")
    s3.create_bucket(Bucket="function-logs")
    s3.put_bucket_policy(Bucket="function-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
         "Action": "s3:PutObject", "Resource": "arn:aws:s3:::function-logs/*"}]}))
    shop.elb.modify_load_balancer_attributes(LoadBalancerArn=shop.balancer, Attributes=[
        {"Key": "access_logs.s3.enabled", "Value": "true"},
        {"Key": "access_logs.s3.bucket", "Value": "function-logs"}])
    reasons = {"/text": "LambdaInvalidResponse", "/large": "LambdaResponseTooLarge", "/fails": "LambdaUnhandled"}

    def lines():
        for path in [*reasons, "/page"]:
            shop.ask(path)
        text = "".join(each.read_text() for each in (shop.region.data / "access-logs").glob("*"))
        return {path: line for path in [*reasons, "/page"] for line in text.splitlines() if f"{path} " in line}

    found = wait_until(lambda: (lambda got: len(got) == 4 and got)(lines()), what="lines in the log")
    for path, reason in reasons.items():
        assert f'"forward" "-" "{reason}" "-" "-"' in found[path], found[path]
    assert '"forward" "-" "-" "-" "200"' in found["/page"]
    shop.elb.modify_load_balancer_attributes(LoadBalancerArn=shop.balancer, Attributes=[
        {"Key": "access_logs.s3.enabled", "Value": "false"}])


def test_one_that_may_no_longer_be_called_is_a_bad_gateway(shop):
    shop.functions.remove_permission(FunctionName="shop", StatementId="elb")
    assert shop.ask("/page").status == 502
    shop.elb.deregister_targets(TargetGroupArn=shop.group_arn, Targets=[{"Id": shop.arn}])
    assert shop.health(shop.group_arn) == {}
    wait_until(lambda: shop.ask("/page").status == 503, what="nobody to ask")
