"""Load balancers carry traffic: to those that are well, by rules, as far as security groups let them."""
import threading
import time

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import HEALTHY, ZONES, Web, ask, watch

NOT_USED = ("unused", "Target.NotInUse")
FIRST_CHECKS = ("initial", "Elb.InitialHealthChecking")
DRAINING = ("draining", "Target.DeregistrationInProgress")


class Site(Web):
    def __init__(self, region):
        super().__init__(region, 81)
        self.balancer, self.name = self.load_balancer("site")
        self.group = self.target_group("servers")
        self.elb.modify_target_group_attributes(TargetGroupArn=self.group, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "20"}])
        self.servers = [self.run_server(subnet) for subnet in self.subnets[:2]]

    def ask(self, path="/", host=None, **options):
        return ask(self.region, host or self.name, path, **options)

    def register(self, *instances):
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": each} for each in instances])

    def deregister(self, *instances):
        self.elb.deregister_targets(TargetGroupArn=self.group, Targets=[{"Id": each} for each in instances])

    def answering(self, count=12):
        """The hosts that answer."""
        answers = [self.ask() for _ in range(count)]
        assert {each.status for each in answers} == {200}
        return {each.json()["host"] for each in answers}

    def all_healthy(self):
        wait_until(lambda: self.states(self.group) == ["healthy"] * 2, what="two healthy targets")


@pytest.fixture(scope="module")
def site(region):
    made = Site(region)
    for server in made.servers:
        wait_until(lambda: "running" in state_of(made.ec2, server), what="running")
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.elb.delete_target_group(TargetGroupArn=made.group)
    made.ec2.terminate_instances(InstanceIds=made.servers)


def state_of(ec2, instance):
    return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_targets_are_unused_until_a_listener_needs_them_and_then_pass_a_check(site):
    site.register(*site.servers)
    assert site.health(site.group) == {each: NOT_USED for each in site.servers}
    active = lambda: site.elb.describe_load_balancers(Names=["site"])["LoadBalancers"][0]["State"]["Code"] == "active"
    wait_until(active, what="an active load balancer")

    site.main = site.listener(site.balancer, {"Type": "forward", "TargetGroupArn": site.group})
    seen = watch(lambda: site.health(site.group)[site.servers[0]], lambda now: now == HEALTHY, what="a healthy target")
    order = [NOT_USED, FIRST_CHECKS, HEALTHY]
    assert seen == [each for each in order if each in seen]
    site.all_healthy()


def test_requests_reach_all_targets_with_what_a_load_balancer_adds(site):
    assert site.answering() == {site.private_name(each) for each in site.servers}
    answer = site.ask("/a%20b?c=d")
    asked = answer.json()
    assert asked["path"] == "/a%20b?c=d"
    assert asked["headers"]["Host"] == site.name
    assert asked["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert asked["headers"]["X-Forwarded-Proto"] == "http"
    assert asked["headers"]["X-Amzn-Trace-Id"].startswith("Root=1-")


def test_a_name_that_nobody_has_is_told_so(site):
    assert site.ask(host="other.us-east-1.elb.localhost").status == 404


def test_rules_go_by_path_host_and_priority(site):
    def add(priority, conditions, action):
        made = site.elb.create_rule(ListenerArn=site.main, Priority=priority, Conditions=conditions, Actions=[action])
        return made["Rules"][0]["RuleArn"]

    def fixed(text, status="200"):
        return {"Type": "fixed-response",
                "FixedResponseConfig": {"StatusCode": status, "ContentType": "text/plain", "MessageBody": text}}

    rules = [
        add(20, [{"Field": "path-pattern", "Values": ["/api*"]}], fixed("the api")),
        add(10, [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/old/*"]}}], fixed("gone", "410")),
        add(30, [{"Field": "host-header", "HostHeaderConfig": {"Values": [site.name.upper()]}},
                 {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "moved", "Value": "*"}]}}],
            {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "Path": "/new/#{path}",
                                                    "StatusCode": "HTTP_302"}}),
        add(40, [{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["DELETE"]}}],
            fixed("no", "405")),
    ]
    try:
        # A change of rules is with the load balancer a moment after it was made, the last one at last.
        wait_until(lambda: site.ask("/", method="DELETE").status == 405, what="the rules")
        assert (site.ask("/api/x").text, site.ask("/apiX").text) == ("the api", "the api")
        assert site.ask("/API/x").json()["path"] == "/API/x", "paths are case-sensitive"
        old = site.ask("/api/old/y")
        assert (old.status, old.text, old.headers["Content-Type"]) == (410, "gone", "text/plain")
        moved = site.ask("/here?moved=yes")
        assert (moved.status, moved.headers["Location"]) == (302, f"https://{site.name}:443/new/here?moved=yes")

        site.elb.set_rule_priorities(RulePriorities=[{"RuleArn": rules[0], "Priority": 5}])
        wait_until(lambda: site.ask("/api/old/y").text == "the api", what="the new order")
        described = site.elb.describe_rules(ListenerArn=site.main)["Rules"]
        assert [each["Priority"] for each in described] == ["5", "10", "30", "40", "default"]
        with pytest.raises(ClientError, match="PriorityInUse"):
            add(30, [{"Field": "path-pattern", "Values": ["/x"]}], fixed("x"))
    finally:
        for rule in rules:
            site.elb.delete_rule(RuleArn=rule)
    wait_until(lambda: site.ask("/api/x").status == 200 and site.ask("/api/x").text != "the api", what="no rules")


def test_a_client_stays_with_its_target_while_it_is_well(site):
    def set_to(**attributes):
        site.elb.modify_target_group_attributes(TargetGroupArn=site.group, Attributes=[
            {"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()])

    assert "Set-Cookie" not in site.ask().headers
    set_to(stickiness__enabled="true", stickiness__lb_cookie__duration_seconds="60")
    begun = wait_until(lambda: (lambda answer: answer.headers["Set-Cookie"] and answer)(site.ask()), what="a cookie")
    cookies = "; ".join(each.partition(";")[0] for each in begun.headers.get_all("Set-Cookie"))
    assert cookies.startswith("AWSALB=") and "AWSALBCORS=" in cookies
    assert {site.ask(headers={"Cookie": cookies}).json()["host"] for _ in range(8)} == {begun.json()["host"]}
    assert len(site.answering()) == 2, "without the cookie they take turns"
    with pytest.raises(ClientError, match="cookie_name"):
        set_to(stickiness__type="app_cookie")
    with pytest.raises(ClientError, match="round_robin only"):
        set_to(slow_start__duration_seconds="30", load_balancing__algorithm__type="weighted_random")
    set_to(stickiness__enabled="false")
    wait_until(lambda: "Set-Cookie" not in site.ask().headers, what="no cookie")


def test_a_target_that_says_it_is_unwell_gets_nothing_unless_all_do(site):
    victim, other = site.servers
    unwell = ("unhealthy", "Target.ResponseCodeMismatch")
    site.execute(victim, "sh", "-c", "echo 503 > /root/health")
    wait_until(lambda: site.health(site.group)[victim] == unwell, what="the unwell target is out")
    described = site.elb.describe_target_health(TargetGroupArn=site.group, Targets=[{"Id": victim}])
    assert described["TargetHealthDescriptions"][0]["TargetHealth"]["Description"] == \
        "Health checks failed with these codes: [503]"
    assert site.answering() == {site.private_name(other)}

    site.execute(other, "sh", "-c", "echo 500 > /root/health")
    wait_until(lambda: site.health(site.group)[other] == unwell, what="nobody is well")
    assert len(site.answering()) == 2, "an unwell target is better than none"
    for server in site.servers:
        site.execute(server, "rm", "/root/health")
    site.all_healthy()


def test_a_target_whose_program_dies_is_out_within_its_checks_and_no_request_fails(site):
    victim, other = site.servers
    site.kill_server(victim)
    begun = time.monotonic()
    # Until then requests that no connection can be made for go to the other one.
    while site.health(site.group)[victim][0] == "healthy":
        assert site.answering(4) == {site.private_name(other)}
        assert time.monotonic() - begun < 30
    print(f"out after {time.monotonic() - begun:.1f} s")
    assert site.health(site.group)[victim] == ("unhealthy", "Target.FailedHealthChecks")
    # Its first process was the user data's: the instance runs on, and what starts again is found again.
    site.execute(victim, "sh", "-c", "setsid python3 /root/server.py > /dev/null 2>&1 < /dev/null &")
    site.all_healthy()


def test_security_groups_decide_whom_the_load_balancer_reaches(site):
    site.forbid_balancer()
    timeout = ("unhealthy", "Target.Timeout")
    wait_until(lambda: set(site.health(site.group).values()) == {timeout}, what="nobody can be reached")
    site.allow_balancer()
    site.all_healthy()
    assert len(site.answering()) == 2


def test_a_target_group_without_targets_says_so(site):
    empty = site.target_group("empty")
    none = {"Type": "forward", "TargetGroupArn": empty}
    rule = site.elb.create_rule(ListenerArn=site.main, Priority=1, Actions=[none],
                                Conditions=[{"Field": "path-pattern", "Values": ["/empty"]}])["Rules"][0]["RuleArn"]
    wait_until(lambda: site.ask("/empty").status == 503, what="nobody to ask")
    with pytest.raises(ClientError, match="ResourceInUse"):
        site.elb.delete_target_group(TargetGroupArn=empty)
    site.elb.delete_rule(RuleArn=rule)
    site.elb.delete_target_group(TargetGroupArn=empty)


def test_a_stopped_instance_is_unused_and_a_terminated_one_is_forgotten(site):
    third = site.run_server(site.subnets[2])
    wait_until(lambda: state_of(site.ec2, third) == "running", what="running")
    site.register(third)
    wait_until(lambda: site.health(site.group)[third] == HEALTHY, what="healthy")
    site.ec2.stop_instances(InstanceIds=[third])
    wait_until(lambda: site.health(site.group)[third] == ("unused", "Target.InvalidState"), what="unused")
    assert site.private_name(third) not in site.answering()
    # It is out while it still stops, and starts only from a standstill.
    wait_until(lambda: state_of(site.ec2, third) == "stopped", what="stopped")
    site.ec2.start_instances(InstanceIds=[third])
    wait_until(lambda: site.health(site.group)[third][0] == "initial", what="initial")
    site.ec2.terminate_instances(InstanceIds=[third])
    wait_until(lambda: third not in site.health(site.group), what="forgotten")
    assert len(site.answering()) == 2


def test_requests_end_before_a_deregistered_target_leaves(site):
    victim, other = site.servers
    answers = []
    callers = [threading.Thread(target=lambda: answers.append(site.ask("/slow?t=4", timeout=20))) for _ in range(4)]
    for caller in callers:
        caller.start()
    time.sleep(1)
    site.deregister(victim)
    wait_until(lambda: site.answering(4) == {site.private_name(other)}, seconds=2, what="nothing new is sent there")
    assert site.health(site.group)[victim] == DRAINING
    for caller in callers:
        caller.join()
    assert [each.status for each in answers] == [200] * 4
    assert {each.json()["host"] for each in answers} == {site.private_name(each) for each in site.servers}
    wait_until(lambda: victim not in site.health(site.group), what="the end of the deregistration")
    described = site.elb.describe_target_health(TargetGroupArn=site.group, Targets=[{"Id": victim}])
    health = described["TargetHealthDescriptions"][0]["TargetHealth"]
    assert (health["State"], health["Reason"]) == ("unused", "Target.NotRegistered")
    site.register(victim)
    site.all_healthy()


def test_the_name_leads_to_its_addresses_inside_the_vpc(site):
    inside = site.run_server(site.subnets[2], "#!/bin/sh\n")
    wait_until(lambda: state_of(site.ec2, inside) == "running", what="running")
    try:
        found = site.execute(inside, "getent", "ahostsv4", site.name).stdout
        addresses = {line.split()[0] for line in found.splitlines()}
        assert len(addresses) == len(ZONES) and all(each.startswith("10.81.") for each in addresses)
        # Not curl, for which any name under .localhost is the machine it runs on.
        page = ["python3", "-c", "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=3).status)",
                f"http://{site.name}/"]
        reaches = lambda: site.execute(inside, *page).stdout == "200\n"
        assert reaches()
        everyone = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        site.ec2.revoke_security_group_ingress(GroupId=site.balancer_group, IpPermissions=everyone)
        assert not reaches(), "its own security group holds as well"
        site.ec2.authorize_security_group_ingress(GroupId=site.balancer_group, IpPermissions=everyone)
        assert reaches()
    finally:
        site.ec2.terminate_instances(InstanceIds=[inside])


def test_the_command_line_shows_the_same(site):
    aws = lambda *words: site.region.aws("elbv2", *words, "--output", "text").stdout.split()
    assert aws("describe-load-balancers", "--query", "LoadBalancers[?LoadBalancerName=='site'].[DNSName,Scheme,State.Code]") \
        == [site.name, "internet-facing", "active"]
    assert aws("describe-target-health", "--target-group-arn", site.group, "--query",
               "TargetHealthDescriptions[].TargetHealth.State") == ["healthy"] * 2
    site.region.aws("elbv2", "wait", "target-in-service", "--target-group-arn", site.group)
    assert aws("describe-listeners", "--load-balancer-arn", site.balancer, "--query", "Listeners[].[Port,Protocol]") \
        == ["80", "HTTP"]
