"""What load balancers may have: how much of it, and of whom."""
import pytest
from botocore.exceptions import ClientError
from web import Web

NONE = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


class Place(Web):
    def __init__(self, region):
        super().__init__(region, 93)
        self.balancer, _ = self.load_balancer("limits")

    def listen(self, port, action=NONE, balancer=None):
        return self.listener(balancer or self.balancer, action, port)

    def rule(self, listener, priority, action=NONE):
        return self.elb.create_rule(ListenerArn=listener, Priority=priority, Actions=[action], Conditions=[
            {"Field": "path-pattern", "Values": [f"/{priority}"]}])["Rules"][0]["RuleArn"]


def forward(*groups):
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": each} for each in groups]}}


@pytest.fixture(scope="module")
def place(region):
    made = Place(region)
    yield made
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)


def test_a_target_group_is_one_load_balancers_in_its_vpc(place):
    group = place.target_group("mine")
    other, _ = place.load_balancer("other")
    listener = place.listen(80, forward(group), other)
    place.rule(listener, 1, forward(group))
    sentence = f"cannot be associated with more than one load balancer: {group}"
    with pytest.raises(ClientError, match=f"TargetGroupAssociationLimit.*{sentence}"):
        place.listen(80, forward(group))
    own = place.listen(81)
    with pytest.raises(ClientError, match="TargetGroupAssociationLimit"):
        place.rule(own, 1, forward(group))
    with pytest.raises(ClientError, match="TargetGroupAssociationLimit"):
        place.elb.modify_listener(ListenerArn=own, DefaultActions=[forward(group)])
    rule = place.rule(own, 1)
    with pytest.raises(ClientError, match="TargetGroupAssociationLimit"):
        place.elb.modify_rule(RuleArn=rule, Actions=[forward(group)])
    # The group is free once the load balancer is gone.
    place.elb.delete_load_balancer(LoadBalancerArn=other)
    place.elb.modify_rule(RuleArn=rule, Actions=[forward(group)])
    place.elb.delete_listener(ListenerArn=own)
    elsewhere = place.ec2.create_vpc(CidrBlock="10.94.0.0/16")["Vpc"]["VpcId"]
    foreign = place.target_group("foreign", VpcId=elsewhere)
    with pytest.raises(ClientError, match=f"InvalidConfigurationRequest.*'{foreign}' is in a different VPC than"):
        place.listen(80, forward(foreign))
    for each in group, foreign:
        place.elb.delete_target_group(TargetGroupArn=each)


def test_a_load_balancer_has_so_many_listeners_rules_and_groups(place):
    limits = {each["Name"]: int(each["Max"]) for each in place.elb.describe_account_limits()["Limits"]}
    listeners = [place.listen(1000 + i) for i in range(limits["listeners-per-application-load-balancer"])]
    with pytest.raises(ClientError, match=f"TooManyListeners.*{place.balancer}"):
        place.listen(999)
    per_action = limits["target-groups-per-action-on-application-load-balancer"]
    groups = [place.target_group(f"g{i}") for i in range(limits["target-groups-per-application-load-balancer"] + 1)]
    with pytest.raises(ClientError, match="ValidationError"):
        place.rule(listeners[0], 1, forward(*groups[:per_action + 1]))
    begun = range(0, len(groups) - 1, per_action)
    for priority, first in enumerate(begun, start=1):
        place.rule(listeners[priority % 2], priority, forward(*groups[first:first + per_action]))
    with pytest.raises(ClientError, match=r"TooManyUniqueTargetGroupsPerLoadBalancer.*'application': \[100\]"):
        place.rule(listeners[0], 1000, forward(groups[-1]))
    # Whichever listeners they are of; the defaults do not count.
    for priority in range(len(begun) + 1, limits["rules-per-application-load-balancer"] + 1):
        last = place.rule(listeners[priority % 3], priority, forward(groups[0]))
    with pytest.raises(ClientError, match="TooManyRules"):
        place.rule(listeners[4], 1000)
    place.elb.delete_rule(RuleArn=last)
    place.rule(listeners[4], 1000)
    for each in listeners:
        place.elb.delete_listener(ListenerArn=each)
    for each in groups:
        place.elb.delete_target_group(TargetGroupArn=each)


def test_a_target_group_has_so_many_targets(place):
    group = place.target_group("many", TargetType="ip")
    register = lambda first, count: place.elb.register_targets(TargetGroupArn=group, Targets=[
        {"Id": "10.93.0.10", "Port": 1000 + first + i} for i in range(count)])
    for first in range(0, 1000, 250):
        register(first, 250)
    with pytest.raises(ClientError, match="TooManyTargets.*'1000' has been reached"):
        register(1000, 1)
    register(0, 10)
    assert len(place.health(group)) == 1
    assert len(place.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]) == 1000
    place.elb.delete_target_group(TargetGroupArn=group)
