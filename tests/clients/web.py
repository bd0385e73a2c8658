"""A VPC over three zones with a small web server for its instances, for the tests of traffic and scaling."""
import base64
import http.client
import json
import subprocess
import time

from conftest import wait_until

IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
HEALTHY = ("healthy", "")

# Says who it is and what it was asked. /health is what /root/health says, /slow takes its time, /die ends it.
SERVER = """#!/bin/bash
cat > /root/server.py <<'END'
import http.server, json, os, socket, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status = 200
        if self.path == "/health" and os.path.exists("/root/health"):
            status = int(open("/root/health").read())
        if self.path.startswith("/slow"):
            time.sleep(float(self.path.partition("=")[2]))
        body = json.dumps({"host": socket.gethostname(), "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
END
exec python3 /root/server.py
"""


class Web:
    """What a team sets up first: network, security groups and a launch template, all by clients of AWS."""

    def __init__(self, region, number):
        self.region = region
        self.ec2 = region.client("ec2")
        self.elb = region.client("elbv2")
        self.scaling = region.client("autoscaling")
        self.prefix = f"10.{number}"
        self.vpc = self.ec2.create_vpc(CidrBlock=f"{self.prefix}.0.0/16")["Vpc"]["VpcId"]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        self.subnets = [self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"{self.prefix}.{i}.0/24",
                                               AvailabilityZone=zone)["Subnet"]["SubnetId"]
                        for i, zone in enumerate(ZONES)]
        self.balancer_group = self.security_group("balancer")
        self.ec2.authorize_security_group_ingress(GroupId=self.balancer_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        self.server_group = self.security_group("servers")
        self.allow_balancer()

    def security_group(self, name):
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]

    def server_rule(self):
        return [{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080,
                 "UserIdGroupPairs": [{"GroupId": self.balancer_group}]}]

    def allow_balancer(self):
        self.ec2.authorize_security_group_ingress(GroupId=self.server_group, IpPermissions=self.server_rule())

    def forbid_balancer(self):
        self.ec2.revoke_security_group_ingress(GroupId=self.server_group, IpPermissions=self.server_rule())

    def image(self):
        return self.region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]

    def run_server(self, subnet, script=SERVER):
        made = self.ec2.run_instances(ImageId=self.image(), InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                      SubnetId=subnet, SecurityGroupIds=[self.server_group], UserData=script)
        return made["Instances"][0]["InstanceId"]

    def launch_template(self, name, script=SERVER):
        data = {"ImageId": self.image(), "InstanceType": "t3.micro", "SecurityGroupIds": [self.server_group],
                "UserData": base64.b64encode(script.encode()).decode()}
        made = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def load_balancer(self, name):
        made = self.elb.create_load_balancer(Name=name, Subnets=self.subnets, SecurityGroups=[self.balancer_group])
        made = made["LoadBalancers"][0]
        return made["LoadBalancerArn"], made["DNSName"]

    def target_group(self, name, **more):
        options = {"Protocol": "HTTP", "Port": 8080, "VpcId": self.vpc, "HealthCheckPath": "/health",
                   "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "HealthyThresholdCount": 2,
                   "UnhealthyThresholdCount": 2, **more}
        return self.elb.create_target_group(Name=name, **options)["TargetGroups"][0]["TargetGroupArn"]

    def listener(self, balancer, action, port=80):
        made = self.elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[action])
        return made["Listeners"][0]["ListenerArn"]

    def health(self, group):
        """Target → (state, reason)."""
        found = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: (each["TargetHealth"]["State"], each["TargetHealth"].get("Reason", ""))
                for each in found}

    def states(self, group):
        return sorted(state for state, _ in self.health(group).values())

    def execute(self, instance, *command):
        return subprocess.run(self.region.command("exec", instance, "--", *command), capture_output=True, text=True,
                              timeout=30)

    def kill_server(self, instance):
        """As an operator would find and end it; returns when it is gone."""
        script = "p=$(pidof python3) && kill -9 $p && while kill -0 $p 2>/dev/null; do :; done"
        done = self.execute(instance, "sh", "-c", script)
        assert done.returncode == 0, done.stderr

    def private_name(self, instance):
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return found["PrivateDnsName"].partition(".")[0]


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    def json(self):
        return json.loads(self.text)


def ask(region, host, path="/", method="GET", timeout=10, headers=()):
    """One request through the edge. Browsers know that *.localhost is this machine; Python does not."""
    connection = http.client.HTTPConnection("127.0.0.1", region.edge_port, timeout=timeout)
    try:
        connection.request(method, path, headers={"Host": host, **dict(headers)})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def watch(read, until, seconds=60, what="it"):
    """What `read` gives, each change of it once, until `until` of the last is true."""
    seen = []

    def look():
        now = read()
        if not seen or seen[-1] != now:
            seen.append(now)
        return until(now)

    wait_until(look, seconds=seconds, what=f"{what} (seen: {seen})")
    return seen


def timed(condition, seconds=60, what="it"):
    """How long it took until the condition held."""
    begun = time.monotonic()
    wait_until(condition, seconds=seconds, what=what)
    return time.monotonic() - begun
