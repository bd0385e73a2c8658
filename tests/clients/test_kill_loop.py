"""The daemon is killed fifty times under load. What was acknowledged is there after every start, the instance never
notices, and nobody who connects while no daemon lives is refused. HOLM_SEED=… repeats the moments of a run."""
import hashlib
import http.client
import json
import os
import random
import socket
import threading
import time

import botocore.exceptions
import pytest
from botocore.config import Config

from conftest import new_region, wait_until

KILLS = int(os.environ.get("HOLM_KILLS", "50"))
SEED = int(os.environ.get("HOLM_SEED", time.time_ns() % 1_000_000))
WRITERS = 2  # Of each kind.
PAUSE = 0.06  # Seconds between writes: no quota is reached, and reading back does not take longer than all else.

# Answers with what changes when the machine or the server is started again. From /visit/NAME on it connects to what
# the region has inside of the VPC, by name, all the time; /visits tells how that went.
SERVER = """#!/usr/bin/python3
import collections, http.server, json, os, socket, threading, time, uuid
boot = f"boot {uuid.uuid4()}, process {os.getpid()}"
visits, failures = collections.Counter(), []
def visit(host, port):
    while True:
        try:
            socket.create_connection((host, port), timeout=30).close()
            visits[host] += 1
        except OSError as error:
            failures.append(f"{host}: {error}")
        time.sleep(0.01)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = boot
        if self.path.startswith("/visit/"):
            for place in ("holm.internal", 4566), ("169.254.169.254", 80), (self.path.split("/")[2], 80):
                threading.Thread(target=visit, args=place, daemon=True).start()
        elif self.path == "/visits":
            text = json.dumps({"visits": visits, "failures": failures[:20]})
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("", 80), Page).serve_forever()
"""


class Writer(threading.Thread):
    """Writes one thing after the other without ever trying one again, and remembers what was acknowledged."""

    def __init__(self, region, number):
        super().__init__(daemon=True)
        self.client = region.client(self.service, config=Config(
            retries={"max_attempts": 0}, connect_timeout=30, read_timeout=30, parameter_validation=False))
        self.name = f"{self.service}-{number}"
        self.acknowledged = {}
        self.verified = 0
        self.tried = 0
        self.unknown = 0
        self.errors = []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(PAUSE):
            self.tried += 1
            name, value = f"{self.name}-{self.tried}", f"{self.tried}-{random.getrandbits(64):x}"
            try:
                self.write(name, value)
            except botocore.exceptions.ClientError as error:
                self.errors.append(f"{name}: {error}")
            except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
                self.unknown += 1  # The daemon died with the request: either outcome is right.
            else:
                self.acknowledged[name] = value

    def missing(self, names):
        """Those of `names` that are not there as they were acknowledged."""
        return [name for name in names if self.read(name) != self.acknowledged[name]]

    def differences(self, found):
        return [name for name, value in self.acknowledged.items() if found.get(name) != value]


class ObjectWriter(Writer):
    service = "s3"

    def write(self, name, value):
        self.client.put_object(Bucket="kill-loop", Key=name, Body=value)

    def read(self, name):
        return self.client.get_object(Bucket="kill-loop", Key=name)["Body"].read().decode()

    def lost(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket="kill-loop")
        tags = {each["Key"]: each["ETag"].strip('"') for page in pages for each in page.get("Contents", [])}
        expected = {name: hashlib.md5(value.encode()).hexdigest() for name, value in self.acknowledged.items()}
        return [name for name in expected if tags.get(name) != expected[name]]


class ParameterWriter(Writer):
    """Overwrites its one parameter again and again as well: an acknowledged value may only give way to later ones."""
    service = "ssm"

    def write(self, name, value):
        self.client.put_parameter(Name=f"/loop/{name}", Value=value, Type="String")
        self.client.put_parameter(Name=f"/newest/{self.name}", Value=value, Type="String", Overwrite=True)

    def read(self, name):
        return self.client.get_parameter(Name=f"/loop/{name}")["Parameter"]["Value"]

    def missing(self, names):
        lost = super().missing(names)
        if self.acknowledged:
            last = int(list(self.acknowledged.values())[-1].split("-")[0])
            newest = self.client.get_parameter(Name=f"/newest/{self.name}")["Parameter"]["Value"]
            lost += [f"{self.name}: {newest} after {last}"] if int(newest.split("-")[0]) < last else []
        return lost

    def lost(self):
        pages = self.client.get_paginator("get_parameters_by_path").paginate(Path="/loop")
        return self.differences({each["Name"].removeprefix("/loop/"): each["Value"]
                                 for page in pages for each in page["Parameters"]})


class UserWriter(Writer):
    service = "iam"

    def write(self, name, value):
        self.client.create_user(UserName=name, Path=f"/{value}/")

    def read(self, name):
        return self.client.get_user(UserName=name)["User"]["Path"].strip("/")

    def lost(self):
        pages = self.client.get_paginator("list_users").paginate()
        return self.differences({each["UserName"]: each["Path"].strip("/") for page in pages for each in page["Users"]})


class GroupWriter(Writer):
    service = "ec2"

    def write(self, name, value):
        self.client.create_security_group(GroupName=name, Description=value)

    def read(self, name):
        found = self.client.describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])
        return found["SecurityGroups"][0]["Description"] if found["SecurityGroups"] else None

    def lost(self):
        groups = self.client.describe_security_groups()["SecurityGroups"]
        return self.differences({each["GroupName"]: each["Description"] for each in groups})


def deploy_page(region):
    """An instance with a page behind a load balancer; gives the instance's id and the balancer's name."""
    ec2, elb = region.client("ec2"), region.client("elbv2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    instance = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1,
                                 UserData=SERVER)["Instances"][0]["InstanceId"]
    balancer = elb.create_load_balancer(Name="kill-loop", Subnets=subnets,
                                        SecurityGroups=[groups[0]["GroupId"]])["LoadBalancers"][0]
    ec2.authorize_security_group_ingress(GroupId=groups[0]["GroupId"], IpProtocol="tcp", FromPort=80, ToPort=80,
                                         CidrIp="0.0.0.0/0")
    target = elb.create_target_group(Name="kill-loop", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"],
                                     HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2)["TargetGroups"][0]
    wait_until(lambda: ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"], what="running")
    elb.register_targets(TargetGroupArn=target["TargetGroupArn"], Targets=[{"Id": instance}])
    elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[
        {"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}])
    return instance, balancer["DNSName"]


def ask_for_page(region, name, path="/"):
    """Connects and asks; the answer may come when there is a daemon again."""
    connection = http.client.HTTPConnection("127.0.0.1", region.edge_port, timeout=30)
    connection.request("GET", path, headers={"Host": name})
    return connection


def page(region, name, path="/"):
    answer = ask_for_page(region, name, path).getresponse()
    return answer.read().decode() if answer.status == 200 else None


class Loop:
    """One region, its writers, and what was measured."""

    def __init__(self, region):
        self.region = region
        self.random = random.Random(SEED)
        self.instance, self.balancer = deploy_page(region)
        self.page = wait_until(lambda: page(region, self.balancer), what="the page")
        self.launched = self.launch_time()
        page(region, self.balancer, f"/visit/{self.balancer}")
        region.client("s3").create_bucket(Bucket="kill-loop")
        kinds = (ObjectWriter, ParameterWriter, UserWriter, GroupWriter)
        self.writers = [kind(region, number) for kind in kinds for number in range(WRITERS)]
        self.starts, self.answers, self.pages = [], [], []

    def launch_time(self):
        made = self.region.client("ec2").describe_instances(InstanceIds=[self.instance])["Reservations"][0]
        assert made["Instances"][0]["State"]["Name"] == "running"
        return made["Instances"][0]["LaunchTime"]

    def kill_and_start(self):
        time.sleep(self.random.uniform(0.02, 0.6))
        self.region.kill()
        # Nobody is refused: the anchor listens, and what is asked now is answered by the next daemon.
        waiting = ask_for_page(self.region, self.balancer)
        socket.create_connection(("127.0.0.1", self.region.port), timeout=5).close()
        begin = time.monotonic()
        self.region.start_only()
        self.starts.append(time.monotonic() - begin)
        self.region.client("sts").get_caller_identity()
        self.answers.append(time.monotonic() - begin)
        answer = waiting.getresponse()
        assert (answer.status, answer.read().decode()) == (200, self.page)
        self.pages.append(time.monotonic() - begin)

    def verify_new(self):
        for writer in self.writers:
            names = list(writer.acknowledged)
            new = names[writer.verified:]
            picked = new[-5:] + self.random.sample(new, min(5, len(new))) + names[:1]
            assert writer.missing(dict.fromkeys(picked)) == []
            writer.verified = len(names)

    def verify_all(self):
        for writer in self.writers:
            assert writer.errors == []
            assert len(writer.acknowledged) > KILLS, f"{writer.name} wrote next to nothing"
            assert writer.lost() == []
        assert self.launch_time() == self.launched
        assert page(self.region, self.balancer) == self.page

    def verify_inside(self):
        """In the VPC, too, nobody was refused and every name was found."""
        told = json.loads(page(self.region, self.balancer, "/visits"))
        assert told["failures"] == []
        assert set(told["visits"]) == {"holm.internal", "169.254.169.254", self.balancer}
        assert min(told["visits"].values()) > KILLS
        return sum(told["visits"].values())

    def report(self):
        def shown(times):
            return f"median {sorted(times)[len(times) // 2] * 1000:.0f} ms, worst {max(times) * 1000:.0f} ms"
        acknowledged = sum(len(each.acknowledged) for each in self.writers)
        print(f"\n{KILLS} kills, seed {SEED}: {acknowledged} writes acknowledged and found, "
              f"{sum(each.unknown for each in self.writers)} cut off; from exec to ready {shown(self.starts)}, to the "
              f"API's first answer {shown(self.answers)}, to the page {shown(self.pages)}; {self.visits} connections "
              "inside of the VPC, none refused")


@pytest.mark.parametrize("seed", [SEED])
def test_fifty_kills_lose_nothing_that_was_acknowledged(seed, capsys):
    with new_region() as region:
        region.start()
        loop = Loop(region)
        for writer in loop.writers:
            writer.start()
        for _ in range(KILLS):
            loop.kill_and_start()
            loop.verify_new()
        for writer in loop.writers:
            writer.stopping.set()
        for writer in loop.writers:
            writer.join()
        loop.verify_all()
        loop.visits = loop.verify_inside()
        with capsys.disabled():
            loop.report()
