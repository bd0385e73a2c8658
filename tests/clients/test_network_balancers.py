"""Network load balancers carry connections and datagrams: to whom, with what before them, with TLS, and to others."""
import json
import socket
import ssl
import struct
import subprocess

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import HEALTHY, Web

# Says who it is and what it was sent first, in hexadecimal, for each request on a connection; ends it after /end.
SERVER = """#!/bin/bash
cat > /root/server.py <<'END'
import json, socket, socketserver

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        first = b""
        while True:
            received = b""
            while not received.endswith(b"\\r\\n\\r\\n"):
                piece = self.connection.recv(65536)
                if not piece:
                    return
                received += piece
            first = first or received
            body = json.dumps({"host": socket.gethostname(), "first": first.hex(), "now": received.decode("latin-1"),
                               "peer": self.client_address[0]}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
            if b" /end " in received:
                return

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer(("", 8080), Handler).serve_forever()
END
exec python3 /root/server.py
"""
CHECKS = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "HealthyThresholdCount": 2,
          "UnhealthyThresholdCount": 2}


class Place(Web):
    def __init__(self, region, folder):
        super().__init__(region, 90)
        # Without security groups of its own, it is by its address that targets know it.
        self.ec2.authorize_security_group_ingress(GroupId=self.server_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.90.0.0/16"}]}])
        self.servers = [self.run_server(subnet, SERVER) for subnet in self.subnets[:2]]
        made = self.elb.create_load_balancer(Name="net", Type="network", Subnets=self.subnets[:2])["LoadBalancers"][0]
        self.made, self.balancer, self.name = made, made["LoadBalancerArn"], made["DNSName"]
        self.group = self.tcp_group("servers")
        self.folder = folder

    def tcp_group(self, name, **more):
        options = {"Protocol": "TCP", "Port": 8080, "VpcId": self.vpc, **CHECKS, **more}
        return self.elb.create_target_group(Name=name, **options)["TargetGroups"][0]["TargetGroupArn"]

    def listen(self, port=80, protocol="TCP", group=None, **more):
        forward = {"Type": "forward", "TargetGroupArn": group or self.group}
        return self.elb.create_listener(LoadBalancerArn=self.balancer, Protocol=protocol, Port=port,
                                        DefaultActions=[forward], **more)["Listeners"][0]["ListenerArn"]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.region.edge_port), timeout=20)

    def ask(self, connection=None, path="/", port=80):
        """What a server says, on a connection of one's own or a new one; nothing when there is no answer."""
        with connection or self.connect() as used:
            return exchange(used, self.name, path, port)

    def hosts(self, count=24):
        return {told["host"] for told in (self.ask() for _ in range(count)) if told}

    def names(self):
        return {self.private_name(each) for each in self.servers}

    def set_group(self, **attributes):
        self.elb.modify_target_group_attributes(TargetGroupArn=self.group, Attributes=[
            {"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()])


def exchange(connection, name, path="/", port=80):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nX-Raw:  as it is\r\n\r\n".encode())
    received = b""
    try:
        while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < length_of(received):
            piece = connection.recv(65536)
            if not piece:
                return None
            received += piece
    except ConnectionResetError:
        return None
    return json.loads(received.partition(b"\r\n\r\n")[2])


def length_of(received):
    return int(received.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])


@pytest.fixture(scope="module")
def place(region, tmp_path_factory):
    made = Place(region, tmp_path_factory.mktemp("net"))
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.ec2.terminate_instances(InstanceIds=made.servers)


def test_it_is_described_as_what_it_is(place):
    assert place.made["Type"] == "network" and "/net/net/" in place.balancer and place.made["SecurityGroups"] == []
    group = place.elb.describe_target_groups(TargetGroupArns=[place.group])["TargetGroups"][0]
    assert (group["HealthCheckProtocol"], group["HealthCheckPort"]) == ("TCP", "traffic-port")
    assert not {"Matcher", "HealthCheckPath", "ProtocolVersion"} & group.keys()
    attributes = lambda found: {each["Key"]: each["Value"] for each in found["Attributes"]}
    own = attributes(place.elb.describe_load_balancer_attributes(LoadBalancerArn=place.balancer))
    assert own["load_balancing.cross_zone.enabled"] == "false" and "idle_timeout.timeout_seconds" not in own
    of_group = attributes(place.elb.describe_target_group_attributes(TargetGroupArn=place.group))
    assert of_group["stickiness.type"] == "source_ip" and of_group["proxy_protocol_v2.enabled"] == "false"
    assert not any(key.startswith("load_balancing.algorithm") for key in of_group)


def test_what_does_not_go_together_is_refused(place):
    http = place.target_group("http")
    with pytest.raises(ClientError, match="IncompatibleProtocols"):
        place.listen(81, group=http)
    with pytest.raises(ClientError, match="ValidationError"):
        place.listen(81, "HTTP", http)
    with pytest.raises(ClientError, match="IncompatibleProtocols"):
        place.listen(81, "UDP")
    with pytest.raises(ClientError, match="NotImplemented"):
        place.listen(81, "QUIC")
    with pytest.raises(ClientError, match="InvalidLoadBalancerAction"):
        place.elb.create_listener(LoadBalancerArn=place.balancer, Protocol="TCP", Port=81, DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}])
    with pytest.raises(ClientError, match="NotImplemented.*preserve_client_ip"):
        place.set_group(preserve_client_ip__enabled="true")
    with pytest.raises(ClientError, match="InvalidConfigurationRequest"):
        place.set_group(slow_start__duration_seconds="30")
    place.elb.delete_target_group(TargetGroupArn=http)


def test_connections_go_to_well_targets_untouched(place):
    for server in place.servers:
        wait_until(lambda: place.ec2.describe_instances(InstanceIds=[server])["Reservations"][0]["Instances"][0]["State"][
            "Name"] == "running", what="running")
    place.elb.register_targets(TargetGroupArn=place.group, Targets=[{"Id": each} for each in place.servers])
    listener = place.listen()
    wait_until(lambda: place.states(place.group) == ["healthy"] * 2, what="two well targets")
    assert place.hosts() == place.names()
    told = place.ask()
    assert told["now"] == f"GET / HTTP/1.1\r\nHost: {place.name}:80\r\nX-Raw: as it is\r\n\r\n"
    with pytest.raises(ClientError, match="UnsupportedProtocol"):
        place.elb.create_rule(ListenerArn=listener, Priority=1, Conditions=[{"Field": "path-pattern", "Values": ["/a"]}],
                              Actions=[{"Type": "forward", "TargetGroupArn": place.group}])


def test_a_connection_stays_with_its_target_and_ends_with_it(place):
    with place.connect() as connection:
        hosts = {exchange(connection, place.name)["host"] for _ in range(10)}
        assert len(hosts) == 1
        assert exchange(connection, place.name, "/end")["host"] in hosts
        assert connection.recv(1) == b"", "the target has ended it"


def test_inside_the_vpc_it_has_addresses_of_its_own(place):
    script = ("import socket, sys; s = socket.create_connection((sys.argv[1], 80), 5);"
              "s.sendall(b'GET /inside HTTP/1.1\\r\\n\\r\\n'); print(s.recv(65536).decode().partition('\\r\\n\\r\\n')[2])")
    told = json.loads(place.execute(place.servers[0], "python3", "-c", script, place.name).stdout)
    assert "/inside" in told["now"] and told["peer"].startswith("10.90.")


def test_clients_stay_with_a_target_where_that_is_wanted(place):
    place.set_group(stickiness__enabled="true")
    wait_until(lambda: len(place.hosts(12)) == 1, what="one target for one client")
    place.set_group(stickiness__enabled="false")
    wait_until(lambda: len(place.hosts(24)) == 2, what="all targets")


def test_the_proxy_protocol_tells_who_is_there(place):
    place.set_group(proxy_protocol_v2__enabled="true")
    signature = "0d0a0d0a000d0a515549540a"
    told = wait_until(lambda: (lambda got: got and got["first"].startswith(signature) and got)(place.ask()),
                      what="the header")
    header = bytes.fromhex(told["first"])[12:28]
    assert header[:2] == b"\x21\x11" and struct.unpack(">H", header[2:4]) == (12,)
    assert socket.inet_ntoa(header[4:8]) == "127.0.0.1"
    place.set_group(proxy_protocol_v2__enabled="false")
    wait_until(lambda: place.ask()["first"].startswith("474554"), what="no header")


def test_who_does_not_take_connections_is_out(place):
    victim, other = place.servers
    place.kill_server(victim)
    wait_until(lambda: place.health(place.group)[victim][0] == "unhealthy", what="the dead target is out")
    assert place.hosts() == {place.private_name(other)}
    place.execute(victim, "sh", "-c", "setsid python3 /root/server.py > /dev/null 2>&1 < /dev/null &")
    wait_until(lambda: place.health(place.group)[victim] == HEALTHY, what="it is back")


def test_tls_ends_at_the_load_balancer(place):
    acm = place.region.client("acm")
    arn = acm.request_certificate(DomainName="net.test", ValidationMethod="DNS")["CertificateArn"]
    wait_until(lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED", what="issued")
    with pytest.raises(ClientError, match="ALPNPolicyNotFound"):
        place.listen(443, "TLS", Certificates=[{"CertificateArn": arn}], AlpnPolicy=["HTTP9"])
    listener = place.listen(443, "TLS", Certificates=[{"CertificateArn": arn}], AlpnPolicy=["HTTP1Only"])
    authority = place.folder / "authority.pem"
    authority.write_text(subprocess.run(place.region.command("env", "--ca"), check=True, capture_output=True,
                                        text=True).stdout)
    context = ssl.create_default_context(cafile=authority)

    def told():
        try:
            plain = socket.create_connection(("127.0.0.1", int(place.region.environment["HOLM_SECURE_SITE_PORT"])), 20)
            with context.wrap_socket(plain, server_hostname="net.test") as secure:
                return exchange(secure, "net.test", "/safe", 443)
        except (ssl.SSLError, OSError):
            return None

    assert "GET /safe" in wait_until(told, what="an answer by TLS")["now"]
    place.elb.delete_listener(ListenerArn=listener)


ECHO = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 9053))
while True:
    asked, client = server.recvfrom(65536)
    server.sendto(socket.gethostname().encode() + b" " + asked, client)
"""
# Asks as resolvers do: from as many ports as are wanted, on each as often, and again when nothing comes.
ASK = """
import json, socket, sys
name, port, ports, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
told = []
for _ in range(ports):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(0.5)
    client.connect((socket.gethostbyname(name), port))
    answers = []
    for attempt in range(times * 4):
        if len(answers) == times:
            break
        client.send(b"question %d" % attempt)
        try:
            answer = client.recv(65536)
        except OSError:
            continue
        host, _, rest = answer.partition(b" ")
        assert rest.startswith(b"question "), answer
        answers.append(host.decode())
    told.append(answers)
print(json.dumps(told))
"""


def ask_datagrams(place, port, ports=1, times=1):
    """For each port of a client's, who has answered."""
    return json.loads(place.execute(place.servers[0], "python3", "-c", ASK, place.name, str(port), str(ports),
                                    str(times)).stdout)


def test_datagrams_go_to_targets_and_answers_come_back(place):
    place.ec2.authorize_security_group_ingress(GroupId=place.server_group, IpPermissions=[
        {"IpProtocol": "udp", "FromPort": 9053, "ToPort": 9053, "IpRanges": [{"CidrIp": "10.90.0.0/16"}]}])
    for server in place.servers:
        place.execute(server, "sh", "-c", 'setsid python3 -c "$0" > /dev/null 2>&1 < /dev/null &', ECHO)
    group = place.tcp_group("datagrams", Protocol="TCP_UDP", HealthCheckPort="8080")
    place.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": each, "Port": 9053} for each in place.servers])
    cross = lambda value: place.elb.modify_load_balancer_attributes(LoadBalancerArn=place.balancer, Attributes=[
        {"Key": "load_balancing.cross_zone.enabled", "Value": value}])
    cross("true")
    listener = place.listen(53, "TCP_UDP", group)
    with pytest.raises(ClientError, match="DuplicateListener"):
        place.listen(53, "UDP", group)
    wait_until(lambda: place.states(group) == ["healthy"] * 2, what="two well targets")
    flow = wait_until(lambda: ask_datagrams(place, 53, 1, 5)[0], what="answers")
    assert len(set(flow)) == 1 and len(flow) == 5, "what comes from one port has one target"
    wait_until(lambda: {each[0] for each in ask_datagrams(place, 53, 12) if each} == place.names(),
               what="answers of both")
    place.region.kill()
    place.region.start()
    assert ask_datagrams(place, 53, 1, 5)[0], "the next daemon takes what comes at the same sockets"
    place.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": place.servers[0], "Port": 9053}])
    other = [place.private_name(place.servers[1])]
    wait_until(lambda: ask_datagrams(place, 53, 8) == [other] * 8, what="answers of the one that is left")
    place.elb.modify_listener(ListenerArn=listener, Protocol="UDP")
    wait_until(lambda: ask_datagrams(place, 53) == [other], what="answers by UDP alone")
    with pytest.raises(ClientError, match="ResourceInUse"):
        place.elb.delete_target_group(TargetGroupArn=group)
    place.elb.delete_listener(ListenerArn=listener)
    wait_until(lambda: ask_datagrams(place, 53) == [[]], what="silence")
    place.elb.delete_target_group(TargetGroupArn=group)
    cross("false")


def test_an_application_load_balancer_can_be_a_target(place):
    application, _ = place.load_balancer("behind")
    group = place.tcp_group("behind", TargetType="alb", Port=80, HealthCheckPath="/health")
    with pytest.raises(ClientError, match="InvalidTarget"):
        place.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": application}])
    place.listener(application, {"Type": "fixed-response", "FixedResponseConfig": {
        "StatusCode": "200", "ContentType": "application/json", "MessageBody": '{"host": "the application"}'}})
    place.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": application}])
    listener = place.listen(8000, group=group)
    wait_until(lambda: place.health(group)[application] == HEALTHY, what="a well load balancer")
    assert place.ask(port=8000)["host"] == "the application"
    place.elb.delete_listener(ListenerArn=listener)
    place.elb.delete_load_balancer(LoadBalancerArn=application)
    place.elb.delete_target_group(TargetGroupArn=group)


def test_subnets_come_and_go(place):
    with place.connect() as connection:
        assert exchange(connection, place.name)
        answer = place.elb.set_subnets(LoadBalancerArn=place.balancer, Subnets=place.subnets)
        assert len(answer["AvailabilityZones"]) == 3
        addresses = lambda: place.execute(place.servers[0], "getent", "ahostsv4", place.name).stdout
        wait_until(lambda: len({line.split()[0] for line in addresses().splitlines()}) == 3, what="three addresses")
        place.elb.set_subnets(LoadBalancerArn=place.balancer, Subnets=place.subnets[:2])
        wait_until(lambda: len({line.split()[0] for line in addresses().splitlines()}) == 2, what="two addresses")
        assert exchange(connection, place.name), "what was open stays open"
    with pytest.raises(ClientError, match="NotImplemented"):
        place.elb.set_ip_address_type(LoadBalancerArn=place.balancer, IpAddressType="dualstack")
    assert place.elb.set_ip_address_type(LoadBalancerArn=place.balancer, IpAddressType="ipv4")["IpAddressType"] == "ipv4"


TEMPLATE = """
Parameters:
  Vpc: {Type: "AWS::EC2::VPC::Id"}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Server: {Type: String}
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Type: network
      Scheme: internal
      Subnets: !Ref Subnets
      LoadBalancerAttributes: [{Key: load_balancing.cross_zone.enabled, Value: "true"}]
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      Protocol: TCP
      Port: 8080
      VpcId: !Ref Vpc
      TargetType: instance
      HealthCheckProtocol: TCP
      Targets: [{Id: !Ref Server}]
      TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: "5"}]
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: TCP
      Port: 5000
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
Outputs:
  Name: {Value: !GetAtt Balancer.DNSName}
"""


def test_a_template_makes_one(place):
    stacks = place.region.client("cloudformation")
    given = {"Vpc": place.vpc, "Subnets": ",".join(place.subnets[:2]), "Server": place.servers[1]}
    stacks.create_stack(StackName="net", TemplateBody=TEMPLATE, Parameters=[
        {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()])
    stacks.get_waiter("stack_create_complete").wait(StackName="net", WaiterConfig={"Delay": 1})
    name = stacks.describe_stacks(StackName="net")["Stacks"][0]["Outputs"][0]["OutputValue"]

    def told():
        with place.connect() as connection:
            return exchange(connection, name, port=5000)

    assert wait_until(told, what="an answer")["host"] == place.private_name(place.servers[1])
    # The same listener once more is a resource too many.
    twice = TEMPLATE.replace("Outputs:", """  Again:
    Type: AWS::ElasticLoadBalancingV2::Listener
    DependsOn: Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: TCP
      Port: 5000
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
Outputs:""")
    stacks.update_stack(StackName="net", TemplateBody=twice, Parameters=[
        {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()])
    wait_until(lambda: stacks.describe_stacks(StackName="net")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE",
               what="the end of the update")
    events = stacks.describe_stack_events(StackName="net")["StackEvents"]
    assert any(each["LogicalResourceId"] == "Again" and "A listener already exists on this port"
               in each.get("ResourceStatusReason", "") for each in events)
    assert told()["host"] == place.private_name(place.servers[1])
    stacks.delete_stack(StackName="net")
    stacks.get_waiter("stack_delete_complete").wait(StackName="net", WaiterConfig={"Delay": 1})
