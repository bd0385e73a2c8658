"""gRPC through a load balancer, by gRPC's own client and server: calls of every kind, their ends, and health."""
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import Web

# Debian's, which instances have, too.
sys.path.append("/usr/lib/python3/dist-packages")
import grpc  # noqa: E402

SERVER = """#!/bin/sh
cat > /root/server.py <<'END'
import concurrent.futures
import grpc

def upper(request, context):
    context.set_trailing_metadata((("length", str(len(request))),))
    return request.upper()

def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()

def collect(requests, context):
    return b" ".join(requests)

def echo(requests, context):
    for each in requests:
        yield each.upper()

def fail(request, context):
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not so")

class Methods(grpc.GenericRpcHandler):
    known = {"/test.Service/Upper": grpc.unary_unary_rpc_method_handler(upper),
             "/test.Service/Count": grpc.unary_stream_rpc_method_handler(count),
             "/test.Service/Collect": grpc.stream_unary_rpc_method_handler(collect),
             "/test.Service/Echo": grpc.stream_stream_rpc_method_handler(echo),
             "/test.Service/Fail": grpc.unary_unary_rpc_method_handler(fail)}

    def service(self, details):
        return self.known.get(details.method)

server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), (Methods(),))
server.add_insecure_port("0.0.0.0:8080")
server.start()
server.wait_for_termination()
END
exec /usr/bin/python3 /root/server.py
"""


class Site(Web):
    def __init__(self, region, folder):
        super().__init__(region, 97)
        self.authority = folder / "authority.pem"
        self.authority.write_text(subprocess.run(region.command("env", "--ca"), check=True, capture_output=True,
                                                 text=True).stdout)
        self.port = int(region.environment["HOLM_SECURE_SITE_PORT"])
        certificate = region.client("acm").request_certificate(
            DomainName="calls.test", KeyAlgorithm="EC_prime256v1")["CertificateArn"]
        self.balancer, self.name = self.load_balancer("calls")
        self.group = self.elb.create_target_group(
            Name="calls", Protocol="HTTP", ProtocolVersion="GRPC", Port=8080, VpcId=self.vpc,
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
            UnhealthyThresholdCount=2)["TargetGroups"][0]["TargetGroupArn"]
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}],
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}])["Listeners"][0]["ListenerArn"]
        self.server = self.run_server(self.subnets[0], SERVER)
        wait_until(lambda: self.has_address(), what="the server's address")
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": self.server}])

    def has_address(self):
        found = self.ec2.describe_instances(InstanceIds=[self.server])["Reservations"][0]["Instances"][0]
        return found["State"]["Name"] == "running"

    def channel(self):
        return grpc.secure_channel(
            f"127.0.0.1:{self.port}", grpc.ssl_channel_credentials(self.authority.read_bytes()),
            [("grpc.ssl_target_name_override", "calls.test"), ("grpc.default_authority", "calls.test")])


@pytest.fixture(scope="module")
def site(region, tmp_path_factory):
    made = Site(region, tmp_path_factory.mktemp("calls"))
    wait_until(lambda: made.states(made.group) == ["healthy"], what="a server that says UNIMPLEMENTED, as asked for")
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.elb.delete_target_group(TargetGroupArn=made.group)
    made.ec2.terminate_instances(InstanceIds=[made.server])


def test_calls_of_every_kind_are_answered(site):
    with site.channel() as channel:
        answer, call = channel.unary_unary("/test.Service/Upper").with_call(b"hello", timeout=20)
        assert answer == b"HELLO"
        assert ("length", "5") in [tuple(each) for each in call.trailing_metadata()]
        assert list(channel.unary_stream("/test.Service/Count")(b"5", timeout=20)) == [b"0", b"1", b"2", b"3", b"4"]
        assert channel.stream_unary("/test.Service/Collect")(iter([b"a", b"b", b"c"]), timeout=20) == b"a b c"
        large = b"x" * 3000000
        assert channel.unary_unary("/test.Service/Upper")(large, timeout=30) == large.upper()


def test_both_sides_speak_in_turns(site):
    answers = []

    def questions():
        # Each depends on the answer before.
        yield b"first"
        for number in range(3):
            wait_until(lambda: len(answers) > number, what="an answer in the middle of the call")
            yield answers[-1] + str(number).encode()

    with site.channel() as channel:
        for answer in channel.stream_stream("/test.Service/Echo")(questions(), timeout=30):
            answers.append(answer)
    assert answers == [b"FIRST", b"FIRST0", b"FIRST01", b"FIRST012"]


def test_errors_are_the_servers_own(site):
    with site.channel() as channel:
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary("/test.Service/Fail")(b"", timeout=20)
        assert failed.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert failed.value.details() == "not so"
        with pytest.raises(grpc.RpcError) as unknown:
            channel.unary_unary("/test.Service/None")(b"", timeout=20)
        assert unknown.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_other_requests_do_not_reach_it(site):
    def status(*words):
        return subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", site.authority,
                               "--resolve", f"calls.test:{site.port}:127.0.0.1", *words,
                               f"https://calls.test:{site.port}/test.Service/Upper"],
                              capture_output=True, text=True, timeout=20).stdout

    assert status("--http1.1") == "464"
    assert status("--http2") == "464"


def test_groups_of_calls_have_their_own_defaults_and_rules(site):
    group = site.elb.describe_target_groups(TargetGroupArns=[site.group])["TargetGroups"][0]
    assert group["ProtocolVersion"] == "GRPC"
    assert group["HealthCheckPath"] == "/AWS.ALB/healthcheck"
    assert group["Matcher"] == {"GrpcCode": "12"}
    with pytest.raises(ClientError, match="protocol-version 'GRPC'"):
        site.elb.create_listener(LoadBalancerArn=site.balancer, Protocol="HTTP", Port=80,
                                 DefaultActions=[{"Type": "forward", "TargetGroupArn": site.group}])
    for wrong in {"HttpCode": "200"}, {"GrpcCode": "100"}:
        with pytest.raises(ClientError, match="ValidationError"):
            site.elb.modify_target_group(TargetGroupArn=site.group, Matcher=wrong)


def test_health_is_what_a_call_says(site):
    site.elb.modify_target_group(TargetGroupArn=site.group, Matcher={"GrpcCode": "0"})
    wait_until(lambda: site.states(site.group) == ["unhealthy"], what="a server that should say OK")
    told = site.elb.describe_target_health(TargetGroupArn=site.group)["TargetHealthDescriptions"][0]["TargetHealth"]
    assert told["Reason"] == "Target.ResponseCodeMismatch"
    assert told["Description"] == "Health checks failed with these codes: [12]"
