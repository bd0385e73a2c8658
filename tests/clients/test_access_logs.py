"""Load balancers' logs in S3, and what becomes of requests that are read in two ways."""
import gzip
import json
import shlex
import socket

import pytest
from botocore.exceptions import ClientError
from conftest import new_region, wait_until
from web import Web, ask

FIELDS = ("type time elb client target request_time target_time response_time status target_status received sent request "
          "agent cipher protocol group trace domain certificate priority created actions redirect error targets statuses "
          "classification reason connection host uri transform").split()

REASONS = {("Severe", "MultipleContentLength", "400"), ("Severe", "MultipleContentLength", "200"),
           ("Acceptable", "NonCompliantHeader", "200"), ("Acceptable", "NonCompliantHeader", "400")}


def lines_of(text):
    """The last may not be whole yet."""
    return [dict(zip(FIELDS, shlex.split(line), strict=True)) for line in text.split("\n")[:-1]]


def reasons_of(lines):
    return {(line["classification"], line["reason"], line["status"]) for line in lines}


@pytest.fixture(scope="module")
def shop():
    with new_region() as region:
        region.start()
        web = Web(region, 96)
        web.balancer, web.name = web.load_balancer("shop")
        web.listener(web.balancer, {"Type": "fixed-response", "FixedResponseConfig": {
            "StatusCode": "200", "ContentType": "text/plain", "MessageBody": "here"}})
        wait_until(lambda: ask(region, web.name, "/").status == 200, what="the load balancer")
        web.s3 = region.client("s3")
        web.s3.create_bucket(Bucket="logs-of-shop")
        yield web


def set_attributes(shop, **attributes):
    shop.elb.modify_load_balancer_attributes(LoadBalancerArn=shop.balancer, Attributes=[
        {"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()])


def enable(shop):
    set_attributes(shop, access_logs__s3__enabled="true", access_logs__s3__bucket="logs-of-shop",
                   access_logs__s3__prefix="web")


def let_in(shop, principal):
    shop.s3.put_bucket_policy(Bucket="logs-of-shop", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": principal, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs-of-shop/web/AWSLogs/*"}]}))


def keys(shop):
    return [each["Key"] for each in shop.s3.list_objects_v2(Bucket="logs-of-shop").get("Contents", [])]


def send_raw(shop, text):
    """The whole answer to bytes that no library would send."""
    with socket.create_connection(("127.0.0.1", shop.region.edge_port), timeout=10) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()


def two_lengths(shop):
    return send_raw(shop, f"POST / HTTP/1.1\nHost: {shop.name}\nContent-Length: 1\nContent-Length: 2\n\nx")


def test_a_bucket_has_to_let_logs_in(shop):
    with pytest.raises(ClientError) as refused:
        enable(shop)
    assert refused.value.response["Error"]["Code"] == "InvalidConfigurationRequest"
    assert "Access Denied for bucket: logs-of-shop. Please check S3bucket permission" in str(refused.value)
    attributes = shop.elb.describe_load_balancer_attributes(LoadBalancerArn=shop.balancer)["Attributes"]
    assert {"Key": "access_logs.s3.enabled", "Value": "false"} in attributes
    assert keys(shop) == []


def test_the_test_file_shows_that_it_does(shop):
    let_in(shop, {"AWS": "arn:aws:iam::127311923021:root"})
    enable(shop)
    account = shop.balancer.split(":")[4]
    wait_until(lambda: keys(shop) == [f"web/AWSLogs/{account}/ELBAccessLogTestFile"], what="the test file")
    let_in(shop, {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"})
    enable(shop)


def test_connections_are_logged_in_files_of_their_own(shop):
    with pytest.raises(ClientError) as refused:
        set_attributes(shop, connection_logs__s3__enabled="true")
    assert "connection_logs.s3.bucket" in str(refused.value)
    set_attributes(shop, connection_logs__s3__enabled="true", connection_logs__s3__bucket="logs-of-shop",
                   connection_logs__s3__prefix="web")
    wait_until(lambda: any(key.endswith("/ELBConnectionLogTestFile") for key in keys(shop)), what="the test file")
    folder = shop.region.data / "access-logs"

    def connections():
        """Number of the connection → what its line says before."""
        lines = [line for each in folder.iterdir() for line in each.read_text().splitlines() if " 80 - - - " in line]
        return {line.split(" ")[-1]: line.split(" ")[1:-1] for line in lines}

    def are_known():
        """Of a request after the change: its connection is in both logs."""
        assert ask(shop.region, shop.name, "/connected").status == 200
        written = "".join(each.read_text() for each in folder.iterdir())
        lines = lines_of("".join(line for line in written.splitlines(True) if line.startswith("http ")))
        asked = {line["connection"]: line["client"] for line in lines if "/connected" in line["request"]}
        told = connections()
        return any(number in told and told[number][:2] == client.rsplit(":", 1) for number, client in asked.items())

    wait_until(are_known, what="a connection in both logs")
    [fields] = {tuple(each[2:]) for each in connections().values()}
    assert fields == ("80", "-", "-", "-", '"-"', "-", "-", "-")


def test_dangerous_requests_are_stopped_as_the_mode_says(shop):
    assert two_lengths(shop).startswith("HTTP/1.1 400 ")
    spaced = f"GET / HTTP/1.1\nHost: {shop.name}\nX-Odd : 1\n\n"
    assert send_raw(shop, spaced).startswith("HTTP/1.1 200 ")
    set_attributes(shop, routing__http__desync_mitigation_mode="strictest")
    wait_until(lambda: send_raw(shop, spaced).startswith("HTTP/1.1 400 "), what="the strictest mode")
    set_attributes(shop, routing__http__desync_mitigation_mode="monitor")
    wait_until(lambda: two_lengths(shop).startswith("HTTP/1.1 200 "), what="the mode that only looks")


def test_every_request_is_in_the_log_even_if_the_daemon_is_killed(shop):
    wait_until(lambda: ask(shop.region, shop.name, "/told?a=b", headers={"User-Agent": "a \"b\""}).status == 200)
    folder = shop.region.data / "access-logs"

    # Each thread writes its own lines within a second or so; what is in a file outlives the daemon.
    def is_written():
        written = "".join(each.read_text() for each in folder.iterdir())
        lines = lines_of("".join(line for line in written.splitlines(True) if line.startswith("http ")))
        return any("/told" in line["request"] for line in lines) and REASONS <= reasons_of(lines)

    wait_until(is_written, what="lines in a file")
    shop.region.kill()
    shop.region.start()
    wait_until(lambda: any(key.endswith(".log.gz") for key in keys(shop)), what="a log in the bucket")
    wait_until(lambda: not list(folder.glob("*.log")), what="all logs in the bucket")
    logs = [key for key in keys(shop) if key.endswith(".log.gz")]
    [key] = [key for key in logs if "/conn_log_" not in key]
    assert len(logs) == 2
    resource = shop.balancer.split("loadbalancer/")[1].replace("/", ".")
    account = shop.balancer.split(":")[4]
    assert key.startswith(f"web/AWSLogs/{account}/elasticloadbalancing/us-east-1/")
    assert f"/{account}_elasticloadbalancing_us-east-1_{resource}_" in key

    text = gzip.decompress(shop.s3.get_object(Bucket="logs-of-shop", Key=key)["Body"].read()).decode()
    lines = lines_of(text)
    [told] = [line for line in lines if "/told" in line["request"]]
    assert told["request"] == f"GET http://{shop.name}:80/told?a=b HTTP/1.1"
    assert (told["type"], told["status"], told["actions"], told["priority"]) == ("http", "200", "fixed-response", "0")
    assert (told["target"], told["target_status"], told["classification"]) == ("-", "-", "-")
    assert told["trace"].startswith("Root=1-") and int(told["received"]) > 40 and int(told["sent"]) > 100
    assert REASONS <= reasons_of(lines)
