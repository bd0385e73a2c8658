"""Classic Load Balancers carry requests and connections: to whom, with which headers and cookies, and for how long."""
import json
import shlex
import socket
import ssl
import subprocess
import threading
import time

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import SERVER, Web, ask

# Besides the pages of SERVER: /login sets the application's cookie; 9090 says what it was sent first.
LOGIN = """if self.path == "/login":
            self.send_header("Set-Cookie", "session=1; Path=/; HttpOnly")
"""
RAW = """
import socketserver, threading

class Raw(socketserver.StreamRequestHandler):
    def handle(self):
        while received := self.connection.recv(65536):
            host = socket.gethostname()
            body = json.dumps({"host": host, "first": received.decode("latin-1")}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)

socketserver.ThreadingTCPServer.allow_reuse_address = True
raw = socketserver.ThreadingTCPServer(("", 9090), Raw)
threading.Thread(target=raw.serve_forever, daemon=True).start()
"""
SCRIPT = SERVER.replace('self.send_header("Content-Type"', f'{LOGIN}        self.send_header("Content-Type"').replace(
    "http.server.Threading", f"{RAW}http.server.Threading")

CHECK = {"Target": "HTTP:8080/health", "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 2, "HealthyThreshold": 2}
IN_SERVICE = ("InService", "N/A", "N/A")
FAILED = ("OutOfService", "Instance",
          "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")


def listener(protocol, port, instance_protocol, instance_port, certificate=None):
    made = {"Protocol": protocol, "LoadBalancerPort": port, "InstanceProtocol": instance_protocol,
            "InstancePort": instance_port}
    return {**made, "SSLCertificateId": certificate} if certificate else made


class Place(Web):
    """Two servers in two zones behind a Classic Load Balancer."""

    def __init__(self, region, folder):
        super().__init__(region, 88)
        self.classic = region.client("elb")
        self.folder = folder
        self.ec2.authorize_security_group_ingress(GroupId=self.server_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 9090, "ToPort": 9090,
             "UserIdGroupPairs": [{"GroupId": self.balancer_group}]}])
        self.servers = [self.run_server(subnet, SCRIPT) for subnet in self.subnets[:2]]
        self.dns = self.classic.create_load_balancer(
            LoadBalancerName="classic", Listeners=[listener("http", 80, "http", 8080)], Subnets=self.subnets[:2],
            SecurityGroups=[self.balancer_group], Tags=[{"Key": "team", "Value": "web"}])["DNSName"]
        self.classic.configure_health_check(LoadBalancerName="classic", HealthCheck=CHECK)

    def described(self):
        return self.classic.describe_load_balancers(LoadBalancerNames=["classic"])["LoadBalancerDescriptions"][0]

    def health(self, *instances):
        found = self.classic.describe_instance_health(
            LoadBalancerName="classic", Instances=[{"InstanceId": each} for each in instances])["InstanceStates"]
        return {each["InstanceId"]: (each["State"], each["ReasonCode"], each["Description"]) for each in found}

    def register(self, *instances):
        return self.classic.register_instances_with_load_balancer(
            LoadBalancerName="classic", Instances=[{"InstanceId": each} for each in instances])["Instances"]

    def deregister(self, *instances):
        return self.classic.deregister_instances_from_load_balancer(
            LoadBalancerName="classic", Instances=[{"InstanceId": each} for each in instances])["Instances"]

    def listen(self, *words):
        self.classic.create_load_balancer_listeners(LoadBalancerName="classic", Listeners=[listener(*words)])

    def policies(self, *names, port=80):
        self.classic.set_load_balancer_policies_of_listener(LoadBalancerName="classic", LoadBalancerPort=port,
                                                            PolicyNames=list(names))

    def ask(self, path="/", headers=()):
        return ask(self.region, self.dns, path, headers=headers)

    def host(self, path="/", headers=()):
        answer = self.ask(path, headers)
        return answer.json()["host"] if answer.status == 200 else answer.status

    def hosts(self, count=12):
        return {self.host() for _ in range(count)}

    def raw(self, port, secure=None):
        """What the raw server says to a connection of its own; nothing when there is no answer."""
        edge = int(self.region.environment["HOLM_SECURE_SITE_PORT"]) if secure else self.region.edge_port
        try:
            with socket.create_connection(("127.0.0.1", edge), timeout=20) as plain:
                used = secure.wrap_socket(plain, server_hostname="classic.test") if secure else plain
                used.sendall(f"GET / HTTP/1.1\r\nHost: {self.dns}:{port}\r\n\r\n".encode())
                text = used.recv(65536).decode("latin-1")
                return json.loads(text.partition("\r\n\r\n")[2]) if text else None
        except OSError:
            return None

    def names(self):
        return {self.private_name(each) for each in self.servers}


@pytest.fixture(scope="module")
def place(region, tmp_path_factory):
    made = Place(region, tmp_path_factory.mktemp("classic"))
    yield made
    made.classic.delete_load_balancer(LoadBalancerName="classic")
    made.classic.delete_load_balancer(LoadBalancerName="classic")
    made.ec2.terminate_instances(InstanceIds=made.servers)


def test_it_is_described_as_it_was_made(place):
    told = place.described()
    assert told["DNSName"] == place.dns == told["CanonicalHostedZoneName"] and place.dns.startswith("classic-")
    assert told["ListenerDescriptions"] == [{"Listener": listener("HTTP", 80, "HTTP", 8080), "PolicyNames": []}]
    assert told["HealthCheck"] == CHECK and told["Scheme"] == "internet-facing" and told["VPCId"] == place.vpc
    assert sorted(told["AvailabilityZones"]) == ["us-east-1a", "us-east-1b"]
    account = place.region.client("sts").get_caller_identity()["Account"]
    assert told["SourceSecurityGroup"] == {"OwnerAlias": account, "GroupName": "balancer"}
    again = place.classic.create_load_balancer(
        LoadBalancerName="classic", Listeners=[listener("HTTP", 80, "HTTP", 8080)], Subnets=place.subnets[:2])
    assert again["DNSName"] == place.dns
    assert place.ask().status == 503, "there are no instances"


def test_requests_go_to_instances_that_are_well(place):
    for server in place.servers:
        wait_until(lambda: place.ec2.describe_instances(InstanceIds=[server])["Reservations"][0]["Instances"][0][
            "State"]["Name"] == "running", what="running")
    assert [each["InstanceId"] for each in place.register(*place.servers)] == place.servers
    seen = place.health()
    assert set(seen.values()) <= {("OutOfService", "ELB", "Instance registration is still in progress."), IN_SERVICE}
    wait_until(lambda: set(place.health().values()) == {IN_SERVICE}, what="both in service")
    assert place.hosts() == place.names()
    headers = place.ask("/", [("X-Forwarded-For", "192.0.2.9"), ("X-Amzn-Trace-Id", "mine")]).json()["headers"]
    assert headers["X-Forwarded-For"] == "192.0.2.9, 127.0.0.1" and headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Port"] == "80" and headers["X-Amzn-Trace-Id"] == "mine"
    assert "X-Amzn-Trace-Id" not in place.ask().json()["headers"], "Classic Load Balancers trace nothing"


def cookies_of(answer):
    return {each.partition("=")[0]: each for each in answer.headers.get_all("Set-Cookie") or []}


def test_clients_stay_with_an_instance_by_the_load_balancers_cookie(place):
    place.classic.create_lb_cookie_stickiness_policy(LoadBalancerName="classic", PolicyName="minute",
                                                     CookieExpirationPeriod=60)
    place.policies("minute")
    answer = wait_until(lambda: (lambda got: got if cookies_of(got) else None)(place.ask()), what="a cookie")
    cookie = cookies_of(answer)["AWSELB"]
    assert cookie.endswith(";PATH=/;MAX-AGE=60") and "AWSELBCORS" in cookies_of(answer)
    kept = [("Cookie", cookie.partition(";")[0])]
    assert {place.host("/", kept) for _ in range(12)} == {answer.json()["host"]}
    assert not cookies_of(place.ask("/", kept)), "who has a cookie gets no other"
    assert cookies_of(place.ask("/", [("Cookie", "AWSELB=forged")]))
    with pytest.raises(ClientError, match="InvalidConfigurationRequest"):
        place.classic.delete_load_balancer_policy(LoadBalancerName="classic", PolicyName="minute")


def test_clients_stay_with_an_instance_by_the_applications_cookie(place):
    place.classic.create_app_cookie_stickiness_policy(LoadBalancerName="classic", PolicyName="session",
                                                      CookieName="session")
    place.policies("session")
    wait_until(lambda: not cookies_of(place.ask()), what="no cookie of ours")
    answer = place.ask("/login")
    cookies = cookies_of(answer)
    assert cookies["AWSELB"].endswith("; Path=/; HttpOnly"), "it is like the application's"
    ours = cookies["AWSELB"].partition(";")[0]
    assert {place.host("/", [("Cookie", f"session=1; {ours}")]) for _ in range(12)} == {answer.json()["host"]}
    assert {place.host("/", [("Cookie", ours)]) for _ in range(12)} == place.names(), "the session is over"
    place.policies()
    place.classic.delete_load_balancer_policy(LoadBalancerName="classic", PolicyName="session")
    told = place.described()["Policies"]
    assert told == {"AppCookieStickinessPolicies": [], "OtherPolicies": [], "LBCookieStickinessPolicies": [
        {"PolicyName": "minute", "CookieExpirationPeriod": 60}]}


def test_connections_are_carried_in_turn(place):
    place.listen("TCP", 9000, "TCP", 9090)
    place.classic.create_load_balancer_policy(
        LoadBalancerName="classic", PolicyName="proxy", PolicyTypeName="ProxyProtocolPolicyType",
        PolicyAttributes=[{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}])
    wait_until(lambda: place.raw(9000), what="an answer")
    hosts = [place.raw(9000)["host"] for _ in range(6)]
    assert set(hosts[:2]) == place.names() and hosts[:2] * 3 == hosts
    assert place.raw(9000)["first"].startswith("GET / HTTP/1.1\r\n")
    place.classic.set_load_balancer_policies_for_backend_server(LoadBalancerName="classic", InstancePort=9090,
                                                                PolicyNames=["proxy"])
    told = wait_until(lambda: (lambda got: got and got["first"].startswith("PROXY") and got)(place.raw(9000)),
                      what="the line of the proxy protocol")
    words = told["first"].partition("\r\n")[0].split(" ")
    assert words[:4] == ["PROXY", "TCP4", "127.0.0.1", "127.0.0.1"] and len(words) == 6
    assert place.described()["BackendServerDescriptions"] == [{"InstancePort": 9090, "PolicyNames": ["proxy"]}]
    place.classic.set_load_balancer_policies_for_backend_server(LoadBalancerName="classic", InstancePort=9090,
                                                                PolicyNames=[])


def test_tls_ends_at_the_load_balancer(place):
    acm = place.region.client("acm")
    arn = acm.request_certificate(DomainName="classic.test", ValidationMethod="DNS")["CertificateArn"]
    wait_until(lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED", what="issued")
    place.listen("HTTPS", 443, "HTTP", 8080, arn)
    secure = next(each for each in place.described()["ListenerDescriptions"] if each["Listener"]["Protocol"] == "HTTPS")
    assert secure["PolicyNames"] == ["ELBSecurityPolicy-2016-08"]
    authority = place.folder / "authority.pem"
    authority.write_text(subprocess.run(place.region.command("env", "--ca"), check=True, capture_output=True,
                                        text=True).stdout)

    def context(**settings):
        made = ssl.create_default_context(cafile=authority)
        for key, value in settings.items():
            setattr(made, key, value)
        return made

    told = wait_until(lambda: place.raw(443, context()), what="an answer by TLS")
    assert told["headers"]["X-Forwarded-Proto"] == "https" and told["headers"]["X-Forwarded-Port"] == "443"
    old = {"minimum_version": ssl.TLSVersion.TLSv1_1, "maximum_version": ssl.TLSVersion.TLSv1_1}
    place.classic.create_load_balancer_policy(
        LoadBalancerName="classic", PolicyName="new", PolicyTypeName="SSLNegotiationPolicyType", PolicyAttributes=[
            {"AttributeName": "Reference-Security-Policy", "AttributeValue": "ELBSecurityPolicy-TLS-1-2-2017-01"}])
    place.policies("new", port=443)
    wait_until(lambda: not place.raw(443, context(**old)), what="the old version is refused")
    assert place.raw(443, context())
    assert place.region.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"]
    place.classic.delete_load_balancer_listeners(LoadBalancerName="classic", LoadBalancerPorts=[443])


def test_who_fails_the_checks_is_out_of_service(place):
    victim, other = place.servers
    place.execute(victim, "sh", "-c", "echo 500 > /root/health")
    wait_until(lambda: place.health()[victim] == FAILED, what="the instance is out")
    assert place.hosts() == {place.private_name(other)}
    place.execute(victim, "rm", "/root/health")
    wait_until(lambda: place.health()[victim] == IN_SERVICE, what="it is back")


def test_requests_in_progress_end_before_an_instance_is_gone(place):
    place.classic.modify_load_balancer_attributes(LoadBalancerName="classic", LoadBalancerAttributes={
        "ConnectionDraining": {"Enabled": True, "Timeout": 60}, "CrossZoneLoadBalancing": {"Enabled": True}})
    told = []
    asking = [threading.Thread(target=lambda: told.append(place.host("/slow=4"))) for _ in range(4)]
    for each in asking:
        each.start()
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() - begun > 1, what="the requests are under way")
    assert place.deregister(place.servers[0]) == [{"InstanceId": place.servers[1]}]
    assert place.health(place.servers[0])[place.servers[0]] == (
        "InService", "N/A", "Instance deregistration currently in progress.")
    wait_until(lambda: place.hosts() == {place.private_name(place.servers[1])}, what="nothing new goes there")
    for each in asking:
        each.join()
    assert set(told) == place.names()
    gone = ("OutOfService", "Instance", "Instance is not currently registered with the LoadBalancer.")
    wait_until(lambda: place.health(place.servers[0])[place.servers[0]] == gone, what="it is gone")


LOG = {"Enabled": True, "S3BucketName": "logs-of-classic", "S3BucketPrefix": "old", "EmitInterval": 5}


def set_log(place, **changed):
    place.classic.modify_load_balancer_attributes(LoadBalancerName="classic",
                                                  LoadBalancerAttributes={"AccessLog": {**LOG, **changed}})


def logged(place):
    """What is in the bucket: key → text."""
    found = place.s3.list_objects_v2(Bucket="logs-of-classic").get("Contents", [])
    return {each["Key"]: place.s3.get_object(Bucket="logs-of-classic", Key=each["Key"])["Body"].read().decode()
            for each in found}


def test_requests_and_connections_are_logged(place):
    place.s3 = place.region.client("s3")
    place.s3.create_bucket(Bucket="logs-of-classic")
    with pytest.raises(ClientError, match="InvalidConfigurationRequest.*Access Denied for bucket: logs-of-classic"):
        set_log(place)
    assert logged(place) == {}
    place.s3.put_bucket_policy(Bucket="logs-of-classic", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs-of-classic/old/AWSLogs/*"}]}))
    set_log(place)
    account = place.region.client("sts").get_caller_identity()["Account"]
    wait_until(lambda: list(logged(place)) == [f"old/AWSLogs/{account}/ELBAccessLogTestFile"], what="the test file")
    folder = place.region.data / "access-logs-classic"

    def are_written():
        assert place.host("/logged?a=b") in place.names() and place.raw(9000)
        lines = [line for each in folder.iterdir() for line in each.read_text().splitlines()]
        return any("/logged" in line for line in lines) and any('"- - - "' in line for line in lines)

    wait_until(are_written, what="lines of both")
    place.region.kill()
    place.region.start()
    begun = f"old/AWSLogs/{account}/elasticloadbalancing/us-east-1/"
    [(key, text)] = wait_until(lambda: [each for each in logged(place).items() if each[0].startswith(begun)],
                               what="the log")
    assert f"/{account}_elasticloadbalancing_us-east-1_classic_" in key and key.endswith(".log")
    lines = [shlex.split(line) for line in text.splitlines()]
    asked = next(line for line in lines if "/logged?a=b" in line[11])
    assert asked[1] == "classic" and asked[3].endswith(":8080") and asked[7:9] == ["200", "200"]
    assert asked[11] == f"GET http://{place.dns}:80/logged?a=b HTTP/1.1" and asked[13:] == ["-", "-"]
    carried = next(line for line in lines if line[11] == "- - - ")
    assert carried[3].endswith(":9090") and carried[7:9] == ["-", "-"] and carried[12:] == ["-", "-", "-"]
    assert all(0 < float(each) < 60 for each in [*asked[4:7], *carried[4:7]]) and int(carried[9]) > 20 < int(carried[10])
    set_log(place, Enabled=False)


def test_it_goes_on_after_the_daemon_was_killed(place):
    place.register(place.servers[0])
    wait_until(lambda: set(place.health().values()) == {IN_SERVICE}, what="both in service")
    place.region.kill()
    place.region.start()
    assert place.host() in place.names(), "the first answer is an instance's"
    assert set(place.health().values()) == {IN_SERVICE}
    assert place.raw(9000)["host"] in place.names()
